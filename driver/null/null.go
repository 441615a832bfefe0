// Package null is a driver without a database: it answers at once, or after a constant time.
// A run against it shows the load engine's own ceiling and its own share of a latency, which
// no database behind another driver can go below.
//
// Every operation is answered OK, whatever the key: nothing is stored, nothing is read,
// nothing is counted. There is no attempt log either, which says "one attempt a request, with
// the operation's class". Do allocates nothing.
package null

import (
	"context"
	"time"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/workload"
	"crossover/workload/op"
)

// Identity is what a manifest says of this target.
const Identity = "no database: crossover's null driver answers by itself"

// A Config is a target's settings.
type Config struct {
	Name    string        `yaml:"name" required:"true" doc:"names the target"`
	Driver  string        `yaml:"driver" required:"true" enum:"null" doc:"null"`
	Latency time.Duration `yaml:"latency" default:"0s" doc:"constant service time of every operation; 0s answers at once"`
}

// Definition returns the driver's entry in the list of drivers.
func Definition() driver.Definition {
	return driver.Definition{
		Name:   "null",
		Open:   openDriver,
		Check:  check,
		Serve:  func(*workload.Scenario, workload.Target) ([]string, error) { return nil, nil },
		Config: func() any { return new(Config) },
	}
}

func check(sc *workload.Scenario, t workload.Target) []error {
	var errs []error
	for _, e := range workload.Errors(workload.DecodeNode(sc.File, t.Node, new(Config))) {
		errs = append(errs, e)
	}
	for _, e := range sc.EventsOf(t.Name) {
		if e.Do != "" {
			errs = append(errs, e.Wrong(sc, "do", e.Do, "command: the null driver does no event itself"))
		}
	}
	return errs
}

func openDriver(_ context.Context, env driver.Env) (driver.Driver, error) {
	d := &Driver{clock: env.Clock}
	if err := workload.DecodeNode(env.Scenario.File, env.Target.Node, &d.cfg); err != nil {
		return nil, err
	}
	return d, nil
}

// A Driver answers by itself. It is safe for concurrent use.
type Driver struct {
	cfg   Config
	clock clock.Clock
}

// Session returns a session; sessions share nothing that changes.
func (d *Driver) Session(context.Context) (driver.Session, error) {
	return &session{clock: d.clock, latency: d.cfg.Latency}, nil
}

// Close does nothing: there is nothing to close.
func (d *Driver) Close() error { return nil }

// Describe says that there is no database.
func (d *Driver) Describe(context.Context) (driver.Description, error) {
	return driver.Description{
		Kind: driver.Other, Identity: Identity, Client: "none",
		Settings: map[string]string{"latency": d.cfg.Latency.String()},
	}, nil
}

type session struct {
	clock   clock.Clock
	latency time.Duration
}

// Do answers OK, or Timeout when ctx ends before the configured latency is over.
func (s *session) Do(ctx context.Context, o *op.Op, out *op.Outcome) {
	out.Reset()
	out.Requests = 1
	if o.Kind == op.ReadModifyWrite {
		out.Requests = 2
	}
	var err error
	if s.latency > 0 {
		err = s.clock.SleepUntil(ctx, s.clock.Now()+s.latency)
	} else {
		err = ctx.Err()
	}
	if err != nil {
		out.Class, out.Reason, out.Err = op.Timeout, reasonEnded, err
	}
}

// reasonEnded is an operation's reason when its context ended before its answer.
const reasonEnded = "ContextEnded"

var (
	_ driver.Driver    = (*Driver)(nil)
	_ driver.Describer = (*Driver)(nil)
	_ driver.Session   = (*session)(nil)
)
