package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/driver/runner"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/mapping"
)

// cleanupLimit bounds what is done for a target after its run: dropping its table.
const cleanupLimit = 30 * time.Second

// target runs the scenario against one target, from start of its embedded server to drop of
// its table. A manifest is returned whenever the run began.
func (s *session) target(ctx context.Context, t turn) (m *results.Manifest, err error) {
	def, err := definition(s.sc, t.Target)
	if err != nil {
		return nil, badInput(err)
	}
	env := driver.Env{Clock: clock.Real(), Scenario: s.sc, Target: t.Target, Run: filepath.Base(s.out) + "-" + t.dir}
	args, err := def.Serve(s.sc, t.Target)
	if err != nil {
		return nil, badInput(err)
	}
	if args != nil && s.options.loadOnly {
		return nil, badInput(fmt.Errorf("target %s: --load-only with at: embedded: its data end with the embedded server", t.Name))
	}
	if args != nil {
		c, err := startChild(ctx, args, s.view)
		if err != nil {
			return nil, err
		}
		defer c.stop()
		env.Address = c.address
	}
	d, err := def.Open(ctx, env)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	kind, err := s.admit(ctx, t.Target, d)
	if err != nil {
		return nil, err
	}
	if p, ok := d.(driver.Provisioner); ok && !s.options.keep && !s.options.loadOnly {
		defer func() {
			// The run's own context may have ended; what it created must go all the same. What it
			// did not create Drop leaves alone.
			cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupLimit)
			defer cancel()
			err = errors.Join(err, p.Drop(cleanup))
		}()
	}
	s.view.begin(t.dir, string(kind))
	defer s.view.finish()
	text, err := json.Marshal(mapping.New(s.sc).Describe())
	if err != nil {
		return nil, err
	}
	var command func(context.Context, string) (int, error)
	if s.options.commands {
		command = runCommand(s.view)
	}
	run := runner.Run
	if s.options.loadOnly {
		run = s.load
	}
	m, err = run(ctx, runner.Config{
		Scenario: s.sc, Driver: d, Target: t.Target, Dir: filepath.Join(s.out, t.dir), Clock: env.Clock,
		Tool: toolVersion(), Run: env.Run, Interval: s.options.interval, Mapping: text,
		Repetition: t.repetition, Order: t.order,
		Load: !s.options.noLoad, Check: s.options.noLoad, BudgetUSD: s.remaining(), PriceOf: s.priceOf(), Progress: s.view.show,
		Command: command,
		Observe: s.metrics.observer(t.Name, t.Driver, string(kind)),
	})
	if m != nil {
		s.spent += m.SpentUSD
	}
	return m, err
}

// admit returns the target's kind. It refuses to begin on a real, billed target without a
// budget, or above it.
func (s *session) admit(ctx context.Context, t workload.Target, d driver.Driver) (driver.Kind, error) {
	describer, ok := d.(driver.Describer)
	if !ok {
		return driver.Other, nil
	}
	desc, err := describer.Describe(ctx)
	if err != nil || t.Driver != "dynamodb" || desc.Kind == driver.Embedded {
		return desc.Kind, err
	}
	estimate := s.estimate()
	if s.budget == 0 {
		if desc.Kind != driver.Real {
			return desc.Kind, nil
		}
		return "", badInput(fmt.Errorf("target %s is %s: a billed run needs --budget; units for loading and running are estimated at $%.2f on demand",
			t.Name, desc.Identity, estimate))
	}
	if estimate > s.remaining() {
		return "", badInput(fmt.Errorf("target %s: %w before the start: estimated at $%.2f, $%.2f left", t.Name, driver.ErrBudget, estimate, s.remaining()))
	}
	return desc.Kind, nil
}
