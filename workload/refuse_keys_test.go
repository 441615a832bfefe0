package workload

import (
	"strings"
	"testing"
)

// Each case replaces one text of the plain scenario, as in TestParseRefuses.
func TestKeysAndArrivalsRefused(t *testing.T) {
	const (
		dist  = `{zipfian: {theta: 0.9}}`
		hot   = `[{key: 7, share: 10%, from: 1s, to: 2s}]`
		open  = `{open: {process: poisson}}`
		rate  = `{from: 100/s, to: 200/s}`
		key   = `{partition: "user#{id}"}`
		shape = `16:38: workload.phases[1].rate`
	)
	for name, c := range map[string]struct {
		old, new string
		want     []string
	}{
		"exponential upside down": {dist, `{exponential: {items: 50%, share: 40%}}`, []string{
			`10:23: workload.keys.exponential: found items 50%, share 40%, expected 0% < items < share < 100%, less steep than a trillionth of the items`,
		}},
		"self-similar beyond uniform": {dist, `{self_similar: {h: 51%}}`, []string{
			`10:28: workload.keys.self_similar.h: found "51%", expected 50% or less`,
		}},
		"self-similar of nothing": {dist, `{self_similar: {h: 0%}}`, []string{
			`10:24: workload.keys.self_similar.h: found 0%, expected above 0%`,
		}},
		"a moving set of everything": {dist, `{moving_hotspot: {items: 1000, share: 50%, every: 1s}}`, []string{
			`10:26: workload.keys.moving_hotspot: found a hot set of 1000 items, expected fewer than dataset.items, 1000`,
		}},
		"a moving set that does not move": {dist, `{moving_hotspot: {items: 10, share: 50%, every: 0s}}`, []string{
			`10:26: workload.keys.moving_hotspot.every: found 0s, expected 1ms or more`,
		}},
		"like nobody": {dist, `{zipfian: {like: ycbs}}`, []string{
			`10:26: workload.keys.zipfian.like: found "ycbs", expected one of ycsb; did you mean "ycsb"?`,
		}},
		"YCSB's scrambled with another theta": {dist, `{zipfian: {like: ycsb, theta: 0.8}}`, []string{
			`10:19: workload.keys.zipfian.theta: found 0.8, expected theta 0.99, the only one that YCSB's scrambled form has, or scrambled: false`,
		}},
		"YCSB's with theta 1": {dist, `{zipfian: {like: ycsb, theta: 1, scrambled: false}}`, []string{
			`10:19: workload.keys.zipfian.theta: found 1, expected theta 0 to below 1, which is what YCSB's formula is for`,
		}},
		"a histogram of nothing": {dist, `{histogram: {}}`, []string{
			`10:21: workload.keys.histogram: found file and shares both given or neither, expected exactly one of file and shares`,
		}},
		"a histogram of more than all": {dist, `{histogram: {shares: [{key: 1, share: 60%}, {key: 2, share: 50%}]}}`, []string{
			`10:21: workload.keys.histogram: found shares that sum to 110%, expected items named once at most, whose shares sum to 100% at most`,
		}},
		"a histogram beyond the items": {dist, `{histogram: {shares: [{key: 1000, share: 60%}]}}`, []string{
			`10:21: workload.keys.histogram: found item 1000, expected items below dataset.items, 1000`,
		}},
		"a histogram of no item": {dist, `{histogram: {shares: [{share: 60%}]}}`, []string{
			`10:31: workload.keys.histogram.shares[0]: found neither a key nor a range, expected key, or from and to`,
		}},
		"a histogram without a rest": {dist, `{histogram: {shares: [{from: 0, to: 999, share: 60%}]}}`, []string{
			`10:21: workload.keys.histogram: found shares below 100% of every item there is, expected 100% in all, or items that none names for the rest`,
		}},
		"a file that is not there": {dist, `{histogram: {file: heat.csv}}`, []string{
			`10:28: workload.keys.histogram.file: found "heat.csv", which cannot be read, expected a file beside the scenario`,
		}},
		"a file elsewhere": {dist, `{histogram: {file: ../heat.csv}}`, []string{
			`10:28: workload.keys.histogram.file: found "../heat.csv", expected a file in the scenario's directory or below it`,
		}},
		"a file of a run directory": {dist, `{trace: {file: events.jsonl}}`, []string{
			`10:24: workload.keys.trace.file: found "events.jsonl", expected another name: a run directory has a file of its own by that one`,
		}},
		"a trace of nothing": {dist, `{trace: {}}`, []string{
			`10:17: workload.keys.trace: found file and rows both given or neither, expected exactly one of file and rows`,
		}},
		"a trace that is none": {dist, `{trace: {rows: "time,item"}}`, []string{
			`10:17: workload.keys.trace: found rows: column "item", expected a trace: time, operation, key and size, as CSV with a header or JSON lines`,
		}},
		"a trace beyond the items": {dist, `{trace: {rows: "key\n1000"}}`, []string{
			`10:17: workload.keys.trace: found item 1000, expected items below dataset.items, 1000`,
		}},
		"a speed without times": {dist, `{trace: {rows: "key\n1", speed: 2}}`, []string{
			`10:41: workload.keys.trace.speed: found a speed, without the trace's times, expected process: trace, or no speed`,
		}},
		"operations of no trace": {`{read: 70%, update: 20%, insert: 10%}`, `trace`, []string{
			`12:15: workload.operations: found "trace", expected shares of operations; or else keys: {trace: …} to take them from`,
		}},
		"times of no trace": {open, `{open: {process: trace}}`, []string{
			`13:29: workload.arrival.open.process: found the process trace, without a trace that has times, expected keys: {trace: …} with a column time`,
			`15:38: workload.phases[0].rate: found a rate, expected none: the trace says when operations are due`,
			`16:38: workload.phases[1].rate: found a rate, expected none: the trace says when operations are due`,
		}},
		"bursts of another process": {open, `{open: {bursty: {on: 1s}}}`, []string{
			`13:28: workload.arrival.open.bursty: found bursts of the process poisson, expected process: bursty`,
		}},
		"bursts of nothing": {open, `{open: {process: bursty, bursty: {on: 0s}}}`, []string{
			`13:50: workload.arrival.open.bursty.on: found 0s, expected 1ms to 24h`,
		}},
		"a Hurst parameter of one": {open, `{open: {process: self_similar, self_similar: {hurst: 1}}}`, []string{
			`13:65: workload.arrival.open.self_similar.hurst: found "1", expected 0.51 to 0.99`,
		}},
		"too fine": {open, `{open: {process: self_similar, self_similar: {finest: 1us}}}`, []string{
			`13:66: workload.arrival.open.self_similar.finest: found 1µs, expected 1ms or more`,
		}},
		"a think time of no name": {open, `{closed: {think_time: pareto}}`, []string{
			`11:9: workload.hot[0]: found times in a closed loop, expected no from and to: a closed loop has no planned times`,
			`13:34: workload.arrival.closed.think_time: found "pareto", expected one of constant, exponential`,
		}},
		"no steps": {rate, `{steps: []}`, []string{`16:46: workload.phases[1].rate.steps: found 0 steps, expected 1 to 10000`}},
		"steps without units": {rate, `{steps: [5]}`, []string{
			`16:47: workload.phases[1].rate.steps[0]: found "5", expected a rate such as 5000/s, or {from: 100/s, to: 5000/s}`,
		}},
		"steps and a spike": {rate, `{steps: [5/s], spike: {base: 1/s, peak: 2/s, at: 1s, for: 1s}}`, []string{
			shape + `: found 2 alternatives, expected exactly one`,
		}},
		"half a spike": {rate, `{spike: {base: 1/s, peak: 2/s, at: 1s}}`, []string{
			`16:46: workload.phases[1].rate.spike: found no "for", expected "for" to be given`,
		}},
		"too high a peak": {rate, `{spike: {base: 1/s, peak: 2e9/s, at: 1s, for: 1s}}`, []string{
			shape + `: found 2e+09/s, expected at most 1e+09/s`,
		}},
		"a day of one peak": {rate, `{diurnal: {mean: 5/s, peak_to_mean: 13}}`, []string{
			`16:74: workload.phases[1].rate.diurnal.peak_to_mean: found "13", expected 1 to 12`,
		}},
		"a rate of an unknown operation": {rate, `{read: 5/s, updat: 5/s}`, []string{
			`16:50: workload.phases[1].rate.updat: found unknown operation "updat", expected rates by operation; did you mean "update"?`,
		}},
		"a rate of an operation without a share": {rate, `{read: 5/s, delete: 5/s}`, []string{
			`16:58: workload.phases[1].rate.delete: found a rate of an operation without a share, expected only operations that workload.operations gives a share`,
		}},
		"rates of no proportion": {rate, `{read: 99_991/s, update: 7/s}`, []string{
			shape + `: found rates whose proportions are too fine, expected rates that a deck of 10,000 operations holds in whole cards`,
		}},
		"rates of nothing": {rate, `{read: 0/s}`, []string{
			shape + `: found rates of nothing, expected rates that a deck of 10,000 operations holds in whole cards`,
		}},
		"a changing share without an end": {hot, `[{key: 7, share: {from: 1%, to: 2%}}]`, []string{
			`11:9: workload.hot[0]: found a share that changes, without to, expected to: when it has changed`,
		}},
		"a changing share that stays": {hot, `[{key: 7, share: {from: 2%, to: 2%}, to: 5s}]`, []string{
			`11:25: workload.hot[0].share: found a share that goes from 2% to 2%, expected two different shares below 100%`,
		}},
		"a changing flash": {hot, `[{key: 7, share: {from: 1%, to: 2%}, to: 5s, flash: {half_life: 1s}}]`, []string{
			`11:25: workload.hot[0].share: found a share that changes, of a flash crowd, expected its peak`,
		}},
		"half a change": {hot, `[{key: 7, share: {from: 1%}, to: 5s}]`, []string{
			`11:25: workload.hot[0].share: found no "to", expected "to" to be given`,
		}},
		"a crowd that never leaves": {hot, `[{key: 7, share: 5%, flash: {half_life: 0s}}]`, []string{
			`11:48: workload.hot[0].flash.half_life: found 0s, expected 1ms or more`,
		}},
		"two that meet at their peaks": {hot, `[{key: 7, share: {from: 10%, to: 70%}, from: 1s, to: 5s}, {key: 8, share: 60%, from: 1s, flash: {rise: 2s, half_life: 10s}}]`, []string{
			`11:25: workload.hot[0].share: found hot keys that take 122.23% at 5s, expected below 100% at any time`,
			`11:82: workload.hot[1].share: found hot keys that take 100% at 3s, expected below 100% at any time`,
		}},
		"partition keys upside down": {key, `{sort: {per_partition: {uniform: {min: 5, max: 4}}}}`, []string{
			`6:41: dataset.key.sort.per_partition.uniform: found min 5 above max 4, expected min at most max`,
		}},
		"partition keys of two sorts": {key, `{sort: {per_partition: {uniform: {min: 5, max: 6}, zipfian: {max: 5}}}}`, []string{
			`6:31: dataset.key.sort.per_partition: found 2 alternatives, expected exactly one`,
		}},
		"partition keys of no bound": {key, `{sort: {per_partition: {zipfian: {theta: 1}}}}`, []string{
			`6:41: dataset.key.sort.per_partition.zipfian: found no "max", expected "max" to be given`,
		}},
	} {
		t.Run(name, func(t *testing.T) { refuses(t, c.old, c.new, c.want...) })
	}
}

// What moves with time has no place in a closed loop.
func TestTimesInAClosedLoopRefused(t *testing.T) {
	const closed = `{version: 1, name: x, dataset: {items: 50, size: 100B}, workload: {%s, operations: {read: 100%%}, arrival: {closed: }, phases: [{name: a, operations: 9}]}}`
	for what, want := range map[string]string{
		"keys: {moving_hotspot: {items: 5, share: 50%, every: 1s}}":    "a hot set that moves with time in a closed loop",
		"hot: [{key: 1, share: 5%, flash: {half_life: 1s}}]":           "a share that changes in a closed loop",
		"hot: [{key: 1, share: {from: 1%, to: 5%}, from: 1s, to: 2s}]": "times in a closed loop",
	} {
		_, err := Parse("f.yaml", []byte(strings.Replace(strings.ReplaceAll(closed, "%%", "%"), "%s", what, 1)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", what, err, want)
		}
	}
}
