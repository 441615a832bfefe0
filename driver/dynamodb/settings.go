package dynamodb

import (
	"errors"

	"crossover/workload"
)

// Settings returns a target's settings, defaults filled in, and every problem with them: what
// models the target needs them as the driver reads them.
func Settings(sc *workload.Scenario, t workload.Target) (*Config, error) {
	cfg, errs := decode(sc, t)
	return &cfg, errors.Join(errs...)
}
