package simulate

import (
	"crossover/driver/runner"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// judge holds the scenario's objectives against a run, as the load engine does.
func judge(o workload.Objectives, response [op.KindCount]*results.Merged, totals results.Totals) []results.ObjectiveResult {
	return runner.Judge(o, response, totals)
}
