package compare

import (
	"maps"
	"math"
	"slices"

	"crossover/results"
	"crossover/results/figure"
	"crossover/workload/op"
)

// The names of the metrics that are not latencies. A latency is KIND.PERCENTILE for response
// time and KIND.service.PERCENTILE for service time; Throttles also comes by reason, as
// Throttles.REASON.
const (
	Throughput     = "throughput"           // successes per second of the time over which operations were offered
	Errors         = "errors"               // share of the operations that ended, dropped ones among them
	Throttles      = "throttles_per_op"     // attempts throttled per operation answered
	ReadUnits      = "read_units_per_op"    // read units per operation answered
	WriteUnits     = "write_units_per_op"   // write units per operation answered
	CostPerMillion = "cost_per_million_ops" // USD for the units of a million operations answered
)

// Percentiles are those that a comparison knows. The maximum is not among them: it says nothing
// of the next run's.
var Percentiles = []string{"p50", "p75", "p90", "p95", "p99", "p99.9", "p99.99"}

// DefaultPercentiles are compared unless others are asked for.
var DefaultPercentiles = []string{"p50", "p90", "p99", "p99.9"}

// Prices are what one target's units cost, in USD a unit.
type Prices struct{ Read, Write figure.Figure }

// A scale is on which differences of a metric are taken.
type scale int

const (
	ratio scale = iota // of logarithms: the difference is a share of BASE
	shift              // of the values themselves
)

// A metric is a value that a set of repetitions has.
type metric struct {
	name     string
	label    string // of the row's subject: read response p99
	kind     string
	measure  string
	quantile float64
	unit     string // ns, /s, share, units, USD
	higher   bool   // more is better
	scale    scale
	zero     float64 // the margin on the shift scale, in the metric's unit

	// pool returns the value of repetitions taken together: sums over sums, and percentiles of
	// merged histograms, never means of percentiles.
	pool func([]*Repetition) float64
	// within is one repetition's standard error, on the metric's scale.
	within func(*Repetition) float64
	// inputs are what a value is derived from, and formula says how; nil for what a run counts
	// or times itself.
	inputs  func([]*Repetition) []figure.Input
	formula string
}

// metrics lists what two sides of one target are compared by, and what their samples do not
// carry.
func metrics(base, head []*Repetition, o Options) ([]metric, []Skipped) {
	all := slices.Concat(base, head)
	out, skipped := latencies(all, o)
	out = append(out, rates(all, o)...)
	if m, ok := costs(base, head, o); ok {
		out = append(out, m)
	}
	for i := range out {
		m := &out[i]
		if m.scale != ratio {
			continue
		}
		for _, r := range all {
			if !(m.pool([]*Repetition{r}) > 0) {
				m.scale, m.zero = shift, 0 // no ratio to nothing
				break
			}
		}
	}
	return out, skipped
}

func latencies(all []*Repetition, o Options) (out []metric, skipped []Skipped) {
	for kind := range op.KindCount {
		for _, measure := range []string{results.Response, results.Service} {
			t := tag{kind.String(), measure}
			some, least := false, int64(math.MaxInt64)
			for _, r := range all {
				n := r.latency(t).Histogram.total
				some, least = some || n > 0, min(least, n)
			}
			if !some {
				continue
			}
			for _, p := range Percentiles {
				if !slices.Contains(o.Percentiles, p) {
					continue
				}
				m := latencyMetric(t, p)
				if results.EnoughSamples(least, m.quantile) {
					out = append(out, m)
				} else {
					skipped = append(skipped, Skipped{m.name, m.label, least, results.NeededSamples(m.quantile)})
				}
			}
		}
	}
	return out, skipped
}

// LatencyName names the metric of a kind's percentile.
func LatencyName(kind, measure, percentile string) string {
	if measure == results.Service {
		return kind + ".service." + percentile
	}
	return kind + "." + percentile
}

func latencyMetric(t tag, p string) metric {
	q, _ := results.Quantile(p)
	return metric{
		name: LatencyName(t.kind, t.measure, p), label: t.kind + " " + t.measure + " " + p,
		kind: t.kind, measure: t.measure, quantile: q, unit: "ns",
		pool: func(reps []*Repetition) float64 {
			var sum *sparse
			for _, r := range reps {
				sum = mergeSparse(sum, &r.latency(t).Histogram.sparse)
			}
			return float64(sum.quantile(q))
		},
		within: func(r *Repetition) float64 { return r.latency(t).Within[p] },
	}
}

// latency returns a tag's latencies, empty when the run has none.
func (r *Repetition) latency(t tag) *Latency {
	for i := range r.Latencies {
		if l := &r.Latencies[i]; l.Kind == t.kind && l.Measure == t.measure {
			return l
		}
	}
	return &Latency{}
}

// rate makes a metric of two counts.
func rate(name, label, unit string, num, den func(*Counts) float64) metric {
	m := metric{name: name, label: label, unit: unit}
	m.pool = func(reps []*Repetition) float64 {
		var x, y float64
		for _, r := range reps {
			x += num(&r.Counts)
			y += den(&r.Counts)
		}
		if y == 0 {
			return 0
		}
		return x / y
	}
	m.within = func(r *Repetition) float64 { return r.Counts.Within[name] }
	return m
}

func rates(all []*Repetition, o Options) []metric {
	throughput := rate(Throughput, "throughput", "/s",
		func(c *Counts) float64 { return c.Successes }, func(c *Counts) float64 { return c.Seconds })
	throughput.higher = true
	out := []metric{
		relative(throughput),
		rate(Errors, "errors", "share", func(c *Counts) float64 { return c.Errors }, func(c *Counts) float64 { return c.Ended }),
		rate(Throttles, "throttles per operation", "share", func(c *Counts) float64 { return total(c.Throttles) }, answered),
	}
	reasons := map[string]bool{}
	for _, r := range all {
		for reason := range r.Counts.Throttles {
			reasons[reason] = true
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		out = append(out, rate(Throttles+"."+reason, "throttles per operation: "+reason, "share",
			func(c *Counts) float64 { return c.Throttles[reason] }, answered))
	}
	for i := 1; i < len(out); i++ {
		out[i].scale, out[i].zero = shift, o.ShareMargin
	}
	for _, m := range units() {
		if m.pool(all) > 0 { // a target without units has none to compare
			out = append(out, relative(m))
		}
	}
	return out
}

func answered(c *Counts) float64 { return c.Answered }

func units() []metric {
	return []metric{
		rate(ReadUnits, "read units per operation", "units", func(c *Counts) float64 { return c.ReadUnits }, answered),
		rate(WriteUnits, "write units per operation", "units", func(c *Counts) float64 { return c.WriteUnits }, answered),
	}
}

// relative puts a rate on the ratio scale.
func relative(m metric) metric {
	within := m.within
	m.scale = ratio
	m.within = func(r *Repetition) float64 {
		v := m.pool([]*Repetition{r})
		if v == 0 {
			return 0
		}
		return within(r) / v
	}
	return m
}

// costs is the price of the units of a million operations, where both sides' units have one.
func costs(base, head []*Repetition, o Options) (metric, bool) {
	if o.Prices == nil {
		return metric{}, false
	}
	prices := map[*Repetition]Prices{}
	for _, r := range slices.Concat(base, head) {
		p, ok := o.Prices(r)
		if !ok {
			return metric{}, false
		}
		prices[r] = p
	}
	const million = 1e6
	cost := func(r *Repetition, readUnits, writeUnits float64) float64 {
		p := prices[r]
		return million * (readUnits*p.Read.Value + writeUnits*p.Write.Value)
	}
	m := metric{
		name: CostPerMillion, label: "cost per million operations", unit: "USD",
		formula: "1,000,000 × (read units per operation × price + write units per operation × price)",
	}
	m.inputs = func(reps []*Repetition) []figure.Input {
		var in []figure.Input
		for _, u := range units() {
			in = append(in, figure.In(u.label, figureOf(&u, u.pool(reps), reps)))
		}
		p := prices[reps[0]]
		return append(in, figure.In("price of a read unit", p.Read), figure.In("price of a write unit", p.Write))
	}
	m.pool = func(reps []*Repetition) float64 {
		var usd, n float64
		for _, r := range reps {
			usd += cost(r, r.Counts.ReadUnits, r.Counts.WriteUnits)
			n += r.Counts.Answered
		}
		if n == 0 {
			return 0
		}
		return usd / n
	}
	// The two units' errors are added as if they went together: at least as large as it is.
	m.within = func(r *Repetition) float64 { return cost(r, r.Counts.Within[ReadUnits], r.Counts.Within[WriteUnits]) }
	return relative(m), true
}
