package runner

import (
	"fmt"
	"math"
	"slices"

	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// The results of an objective.
const (
	Met              = "met"
	Missed           = "missed"
	NotEnoughSamples = "not enough samples"
)

// judge holds the scenario's objectives against the recorded part of a run. Latency
// objectives are about response times of successes; a percentile is judged only with enough
// samples beyond it.
func judge(o workload.Objectives, kinds [op.KindCount]*sum, totals results.Totals) []results.ObjectiveResult {
	var out []results.ObjectiveResult
	for kind := op.Kind(0); kind < op.KindCount; kind++ {
		limits := o.Latency[kind]
		names := make([]string, 0, len(limits))
		for name := range limits {
			names = append(names, name)
		}
		slices.SortFunc(names, func(a, b string) int {
			qa, _ := results.Quantile(a)
			qb, _ := results.Quantile(b)
			return int(math.Copysign(1, qa-qb))
		})
		for _, name := range names {
			q, ok := results.Quantile(name)
			if !ok {
				continue // validation refuses other names
			}
			r := results.ObjectiveResult{
				Name: kind.String() + " " + name, Limit: float64(limits[name]), Unit: "ns",
				Result: NotEnoughSamples,
			}
			if s := kinds[kind]; s != nil {
				r.Seen = float64(s.response.Quantile(q))
				if results.EnoughSamples(s.response.Total(), q) {
					r.Result = verdictOf(r.Seen <= r.Limit)
				}
			}
			out = append(out, r)
		}
	}
	if o.Errors >= 0 { // -1: not given
		out = append(out, judgeErrors(o.Errors, totals))
	}
	return out
}

// judgeErrors holds the share of operations that failed against its limit. That it was met
// is said only where as many operations without a single error would bound the share at the
// limit, with 95% confidence: n >= 3 / limit (the rule of three).
func judgeErrors(limit float64, totals results.Totals) results.ObjectiveResult {
	r := results.ObjectiveResult{Name: "errors", Limit: limit, Unit: "share", Result: NotEnoughSamples}
	n := float64(totals.Offered)
	if n == 0 {
		return r
	}
	r.Seen = float64(totals.Errors()) / n
	if r.Seen > limit || limit == 0 || n >= 3/limit {
		r.Result = verdictOf(r.Seen <= limit)
	}
	return r
}

func verdictOf(met bool) string {
	if met {
		return Met
	}
	return Missed
}

// fewSamples returns which recorded kinds lack samples for their p99, with the count needed.
func fewSamples(kinds [op.KindCount]*sum) []string {
	var few []string
	for kind, s := range kinds {
		if s == nil || results.EnoughSamples(s.response.Total(), 0.99) {
			continue
		}
		few = append(few, fmt.Sprintf("%s has %d of the %d samples that a p99 needs",
			op.Kind(kind), s.response.Total(), results.NeededSamples(0.99)))
	}
	return few
}
