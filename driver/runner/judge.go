package runner

import (
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// Judge holds objectives against response times by kind, nil where a kind has none, and the
// totals of a run that something else than Run has made.
func Judge(o workload.Objectives, response [op.KindCount]*results.Merged, totals results.Totals) []results.ObjectiveResult {
	var kinds [op.KindCount]*sum
	for kind, m := range response {
		if m != nil {
			kinds[kind] = &sum{response: m}
		}
	}
	return judge(o, kinds, totals)
}
