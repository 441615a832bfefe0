package main

import (
	"strings"
	"testing"
)

// Every form of keys and arrivals is accepted by the schema and the decoder alike.
func TestSchemaAcceptsKeysAndArrivals(t *testing.T) {
	s := compiled(t)
	for _, text := range []string{
		"keys: self_similar", "keys: {self_similar: }", "keys: {self_similar: {h: 10%, scrambled: false}}",
		"keys: {exponential: {items: 10%, share: 95%}}", "keys: {zipfian: {like: ycsb}}",
		"keys: {moving_hotspot: {items: 10, share: 80%, every: 5s, scrambled: false}}",
		"keys: {histogram: {shares: [{key: 1_0, share: 10%}, {from: 20, to: 29, share: 5%}]}}",
		`keys: {trace: {rows: "time,operation,key\n0,read,5"}}`,
		"hot: [{key: 1, share: {from: 1%, to: 5%}, from: 1s, to: 2s}]", "hot: [{key: 1, share: 5%, flash: {rise: 1s, half_life: 2s}}]",
	} {
		checkBoth(t, s, true, text, strings.Replace(schemaBase, "keys: uniform", text, 1))
	}
	for _, text := range []string{
		"rate: {steps: [1/s, 2_0/s]}", "rate: {spike: {base: 1/s, peak: 20/s, at: 1s, for: 2s}}", "rate: {diurnal: {mean: 5/s}}",
		"rate: {diurnal: {mean: 5/s, peak_to_mean: 2.1}}", "rate: {read: 10/s, read_modify_write: 5/s}",
	} {
		checkBoth(t, s, true, text, strings.Replace(schemaBase, "rate: 10/s", text, 1))
	}
	for _, text := range []string{
		"{process: bursty}", "{process: bursty, bursty: {on: 1s, off: 2s, off_rate: 10%}}", "{process: self_similar}",
		"{process: self_similar, self_similar: {hurst: 0.7, finest: 1s}}",
	} {
		checkBoth(t, s, true, text, strings.Replace(schemaBase, "{process: poisson}", text, 1))
	}
	for _, text := range []string{
		"size: 1KiB\n  key: {sort: {per_partition: {zipfian: {max: 500}}}}", "size: 1KiB\n  key: {sort: {per_partition: {uniform: {min: 1, max: 5}}}}",
	} {
		checkBoth(t, s, true, text, strings.Replace(schemaBase, "size: 1KiB", text, 1))
	}
	traced := strings.NewReplacer("keys: uniform", `keys: {trace: {rows: "time,operation,key\n0,read,5", speed: 2}}`,
		"{read: 50%, read_modify_write: 50%}", "trace", "process: poisson", "process: trace", ", rate: 10/s", "").Replace(schemaBase)
	checkBoth(t, s, true, "a trace", traced)
	closed := strings.NewReplacer("{open: {process: poisson}}", "{closed: {think: 5ms, think_time: exponential}}", ", rate: 10/s", "").Replace(schemaBase)
	checkBoth(t, s, true, "a think time", closed)
}

func TestSchemaRefusesKeysAndArrivals(t *testing.T) {
	s := compiled(t)
	for _, c := range []struct{ before, after string }{
		{"keys: uniform", "keys: exponential"},
		{"keys: uniform", "keys: {exponential: {items: 10%}}"},
		{"keys: uniform", "keys: {self_similar: {skew: 10%}}"},
		{"keys: uniform", "keys: {zipfian: {like: redis}}"},
		{"keys: uniform", "keys: {moving_hotspot: {items: 10, share: 80%}}"},
		{"keys: uniform", "keys: {histogram: {shares: [{key: 1}]}}"},
		{"keys: uniform", "keys: {trace: {rows: x, speed: 0}}"},
		{"keys: uniform", "hot: [{key: 1, share: {from: 1%}, to: 2s}]"},
		{"keys: uniform", "hot: [{key: 1, share: 5%, flash: {rise: 1s}}]"},
		{"{read: 50%, read_modify_write: 50%}", "tracing"},
		{"rate: 10/s", "rate: {steps: [1]}"},
		{"rate: 10/s", "rate: {steps: [1/s], diurnal: {mean: 5/s}}"},
		{"rate: 10/s", "rate: {spike: {base: 1/s, peak: 20/s, at: 1s}}"},
		{"rate: 10/s", "rate: {diurnal: {mean: 5/s, peak_to_mean: 13}}"},
		{"rate: 10/s", "rate: {read: 5/s, updat: 5/s}"},
		{"{process: poisson}", "{process: bursty, bursty: {burst: 1s}}"},
		{"{process: poisson}", "{process: self_similar, self_similar: {hurst: 1}}"},
		{"size: 1KiB", "size: 1KiB\n  key: {sort: {per_partition: {zipfian: {theta: 1}}}}"},
		{"size: 1KiB", "size: 1KiB\n  key: {sort: {per_partition: {pareto: {max: 5}}}}"},
	} {
		checkBoth(t, s, false, c.after, strings.Replace(schemaBase, c.before, c.after, 1))
	}
}
