package runner

import "crossover/workload"

// keepInputs copies the files that a scenario names beside the run's scenario.yaml, so that the
// run directory is all that it takes to run it again.
func keepInputs(dir string, sc *workload.Scenario) error {
	for _, in := range sc.Inputs {
		if err := in.CopyTo(dir); err != nil {
			return err
		}
	}
	return nil
}
