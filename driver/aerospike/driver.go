package aerospike

import (
	"context"
	"errors"

	"crossover/driver"
)

const indexSuffix = "-pk"

// Open connects to the cluster.
func Open(_ context.Context, env driver.Env) (driver.Driver, error) {
	_, problems := decode(env.Scenario, env.Target)
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = p
	}
	return nil, errors.Join(errs...)
}
