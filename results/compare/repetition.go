package compare

import (
	"fmt"
	"math"
	"slices"
	"time"

	"crossover/results"
	"crossover/workload/op"
)

// A Repetition is what a comparison needs of one run, without the run: a baseline file holds
// nothing else.
type Repetition struct {
	Run          string             `json:"run"`
	Status       results.Status     `json:"status"`
	Limited      []string           `json:"generator_limited,omitempty"` // why the generator was the limit
	Tool         string             `json:"tool"`
	Scenario     string             `json:"scenario"`
	StreamDigest string             `json:"stream_digest"`
	Shard        string             `json:"shard"`
	Arrival      string             `json:"arrival"`
	Started      time.Time          `json:"started"`
	Planned      time.Duration      `json:"planned_ns"`
	Host         map[string]string  `json:"host"`
	Target       results.TargetInfo `json:"target"` // without its raw description
	Objectives   []Objective        `json:"objectives,omitempty"`
	Warnings     []string           `json:"warnings,omitempty"` // what could not be read in full
	Counts       Counts             `json:"counts"`
	Latencies    []Latency          `json:"latencies"`
}

// An Objective is one of the scenario's, and what became of it: met, missed or not enough samples.
type Objective struct {
	Name   string `json:"name"`
	Result string `json:"result"`
}

// Counts are sums over the recorded part of a run.
type Counts struct {
	Seconds    float64            `json:"seconds"` // over which operations were offered
	Ended      float64            `json:"ended"`   // operations, dropped ones among them
	Answered   float64            `json:"answered"`
	Successes  float64            `json:"successes"`
	Errors     float64            `json:"errors"`
	Throttles  map[string]float64 `json:"throttles"` // attempts throttled, by reason
	ReadUnits  float64            `json:"read_units"`
	WriteUnits float64            `json:"write_units"`
	// Within holds, by metric, the standard error of the metric's value within this run: see
	// blockError.
	Within map[string]float64 `json:"within"`
}

// A Latency is one kind's measure over the recorded part of a run.
type Latency struct {
	Kind      string    `json:"kind"`
	Measure   string    `json:"measure"` // results.Response, results.Service
	Histogram Histogram `json:"histogram"`
	// Within holds, by percentile, the standard error of the percentile's natural logarithm
	// within this run: see blockError.
	Within map[string]float64 `json:"within"`
}

// cellsMax bounds into how many cells of equal numbers of intervals a run is cut for the
// block bootstrap. Neighbouring intervals are correlated and go into one block anyway.
const cellsMax = 120

// A cell is what one or more neighbouring intervals recorded.
type cell struct {
	phase                              string // of its first line
	seconds, offered                   float64
	ended, answered, successes, errors float64
	throttles                          map[string]float64
	readUnits, writeUnits              float64
	latency                            map[tag]*sparse
}

type tag struct{ kind, measure string }

// Summarise reads from a run what a comparison needs. It draws its bootstrap from a fixed seed:
// the same run gives the same summary.
func Summarise(r *results.Run) (*Repetition, error) {
	m := &r.Manifest
	rep := &Repetition{
		Run: m.Run, Status: m.Status, Tool: m.Tool, Scenario: m.Scenario, StreamDigest: m.StreamDigest,
		Shard: m.Shard, Arrival: m.Arrival, Started: m.Started, Planned: m.Planned, Host: m.Host, Target: m.Target,
		Warnings: r.Warnings,
	}
	rep.Target.Raw = nil
	for _, o := range m.Objectives {
		rep.Objectives = append(rep.Objectives, Objective{o.Name, o.Result})
	}
	if m.Health.Limited {
		rep.Limited = append([]string{}, m.Health.Reasons...)
		if len(rep.Limited) == 0 {
			rep.Limited = []string{"no reason given"}
		}
	}
	cells, err := cut(r)
	if err != nil {
		return nil, err
	}
	rep.Counts = count(cells)
	for _, kind := range r.Kinds() {
		for _, measure := range []string{results.Response, results.Service} {
			if l, ok := latencyOf(cells, tag{kind, measure}); ok {
				rep.Latencies = append(rep.Latencies, l)
			}
		}
	}
	return rep, nil
}

// cut sorts a run's recorded intervals into cells.
func cut(r *results.Run) ([]*cell, error) {
	// An interval is known by its start in milliseconds, give or take one: latency.hlog keeps
	// whole ones. On a busy host intervals begin late, so that their numbers do not tell them apart.
	slots := map[int]*cell{}
	at := func(seconds float64) *cell {
		n := int(math.Round(seconds * 1000))
		for _, near := range []int{n, n - 1, n + 1} {
			if slots[near] != nil {
				return slots[near]
			}
		}
		slots[n] = &cell{throttles: map[string]float64{}, latency: map[tag]*sparse{}}
		return slots[n]
	}
	for i := range r.Intervals() {
		if line := &r.Intervals()[i]; line.Recorded {
			at(line.Start).add(line)
		}
	}
	for l, err := range r.Latencies() {
		if err != nil {
			return nil, err
		}
		if !l.Recorded || l.Measure != results.Response && l.Measure != results.Service {
			continue
		}
		s, err := newSparse(l.Histogram)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Dir, err)
		}
		c := at(l.Start.Seconds())
		t := tag{l.Kind, l.Measure}
		c.latency[t] = mergeSparse(c.latency[t], s)
	}
	numbers := make([]int, 0, len(slots))
	for n := range slots {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	group := (len(numbers) + cellsMax - 1) / cellsMax
	var cells []*cell
	for i, n := range numbers {
		if i%group == 0 {
			cells = append(cells, slots[n])
		} else {
			cells[len(cells)-1].merge(slots[n])
		}
	}
	return cells, nil
}

// add counts one line of intervals.jsonl.
func (c *cell) add(line *results.Interval) {
	if c.phase == "" {
		c.phase = line.Phase
	}
	if line.Offered > 0 {
		c.seconds = max(c.seconds, line.Length-line.Paused)
	}
	c.offered += float64(line.Offered)
	t := results.Totals{ByClass: line.Done}
	c.answered += float64(t.Answered())
	c.ended += float64(t.Answered() + line.Done[op.Dropped.String()])
	c.successes += float64(line.Done[op.OK.String()] + line.Done[op.NotFound.String()])
	c.errors += float64(t.Errors())
	for reason, n := range line.Throttles {
		c.throttles[reason] += float64(n)
	}
	c.readUnits += line.ReadUnits
	c.writeUnits += line.WriteUnits
}

func (c *cell) merge(o *cell) {
	c.seconds += o.seconds
	c.offered += o.offered
	c.ended += o.ended
	c.answered += o.answered
	c.successes += o.successes
	c.errors += o.errors
	for reason, n := range o.throttles {
		c.throttles[reason] += n
	}
	c.readUnits += o.readUnits
	c.writeUnits += o.writeUnits
	for t, s := range o.latency {
		c.latency[t] = mergeSparse(c.latency[t], s)
	}
}

// count sums the cells and estimates the sums' standard errors.
func count(cells []*cell) Counts {
	sum := &cell{throttles: map[string]float64{}, latency: map[tag]*sparse{}}
	for _, c := range cells {
		for reason, n := range c.throttles {
			sum.throttles[reason] += n
		}
		sum.seconds += c.seconds
		sum.offered += c.offered
		sum.ended += c.ended
		sum.answered += c.answered
		sum.successes += c.successes
		sum.errors += c.errors
		sum.readUnits += c.readUnits
		sum.writeUnits += c.writeUnits
	}
	out := Counts{
		Seconds: sum.seconds, Ended: sum.ended, Answered: sum.answered, Successes: sum.successes, Errors: sum.errors,
		Throttles: sum.throttles, ReadUnits: sum.readUnits, WriteUnits: sum.writeUnits, Within: map[string]float64{},
	}
	series := func(name string, num, den func(*cell) float64) {
		x, y := make([]float64, len(cells)), make([]float64, len(cells))
		for i, c := range cells {
			x[i], y[i] = num(c), den(c)
		}
		out.Within[name] = blockError(name, x, y, segments(cells))
	}
	answered := func(c *cell) float64 { return c.answered }
	// What was offered when is the scenario's, not chance: the error is that of the successes'
	// share of it.
	series(Throughput, func(c *cell) float64 { return c.successes }, func(c *cell) float64 { return c.offered })
	if sum.seconds > 0 {
		out.Within[Throughput] *= sum.offered / sum.seconds
	}
	series(Errors, func(c *cell) float64 { return c.errors }, func(c *cell) float64 { return c.ended })
	series(ReadUnits, func(c *cell) float64 { return c.readUnits }, answered)
	series(WriteUnits, func(c *cell) float64 { return c.writeUnits }, answered)
	series(Throttles, func(c *cell) float64 { return total(c.throttles) }, answered)
	for reason := range sum.throttles {
		series(Throttles+"."+reason, func(c *cell) float64 { return c.throttles[reason] }, answered)
	}
	return out
}

// segments returns where each run of neighbouring cells of one phase ends.
func segments(cells []*cell) []int {
	var ends []int
	for i := range cells {
		if i == len(cells)-1 || cells[i+1].phase != cells[i].phase && cells[i+1].phase != "" {
			ends = append(ends, i+1)
		}
	}
	return ends
}

// total sums in the order of the keys, so that the same map always gives the same bits.
func total(m map[string]float64) float64 {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	sum := 0.0
	for _, k := range keys {
		sum += m[k]
	}
	return sum
}

// latencyOf merges a tag's histograms over the cells and estimates its percentiles' errors.
func latencyOf(cells []*cell, t tag) (Latency, bool) {
	var merged *sparse
	for _, c := range cells {
		if s := c.latency[t]; s != nil {
			merged = mergeSparse(merged, s)
		}
	}
	if merged == nil || merged.total == 0 {
		return Latency{}, false
	}
	l := Latency{Kind: t.kind, Measure: t.measure, Histogram: Histogram{*merged}, Within: map[string]float64{}}
	for _, p := range Percentiles {
		q, _ := results.Quantile(p)
		if !results.EnoughSamples(merged.total, q) {
			continue
		}
		l.Within[p] = percentileError(cells, t, merged, p, q)
	}
	return l, true
}

// percentileError is the standard error of the logarithm of a percentile within a run, by
// Woodruff's method (Confidence Intervals for Medians and Other Position Measures, JASA 47,
// 1952): the error of the share of samples above the percentile, from the block bootstrap,
// carried over to the percentile by the distribution's own quantiles one error below and above.
func percentileError(cells []*cell, t tag, merged *sparse, name string, q float64) float64 {
	at := merged.bucket(q)
	above, all := make([]float64, len(cells)), make([]float64, len(cells))
	for i, c := range cells {
		if s := c.latency[t]; s != nil {
			above[i], all[i] = float64(s.above(at)), float64(s.total)
		}
	}
	e := blockError(t.kind+"."+t.measure+"."+name, above, all, segments(cells))
	if e == 0 {
		return 0
	}
	low, high := merged.quantile(max(q-e, 0)), merged.quantile(min(q+e, 1))
	return math.Log(float64(high)/float64(low)) / 2
}
