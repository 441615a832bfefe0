package aerospike

import (
	"errors"

	"crossover/workload"
)

// Settings returns a target's settings, defaults filled in, and every problem with them: what
// models the target needs them as the driver reads them.
func Settings(sc *workload.Scenario, t workload.Target) (*Config, error) {
	cfg, problems := decode(sc, t)
	var errs []error
	for _, p := range problems {
		errs = append(errs, p)
	}
	return cfg, errors.Join(errs...)
}
