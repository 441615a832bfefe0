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

// An openTarget is a target that is connected, with its embedded server where it has one.
type openTarget struct {
	env      driver.Env
	driver   driver.Driver
	kind     driver.Kind
	embedded bool // the server is a child of this process, and its data end with it
}

// opened starts a target's embedded server where it has one, connects, and calls use; then drops
// what crossover created, and closes everything.
func (s *session) opened(ctx context.Context, t workload.Target, c clock.Clock, run string, use func(openTarget) error) (err error) {
	def, err := definition(s.sc, t)
	if err != nil {
		return badInput(err)
	}
	o := openTarget{env: driver.Env{Clock: c, Scenario: s.sc, Target: t, Run: run}}
	args, err := def.Serve(s.sc, t)
	if err != nil {
		return badInput(err)
	}
	if o.embedded = args != nil; o.embedded {
		if s.options.loadOnly || s.options.resumeLoad != "" {
			return badInput(fmt.Errorf("target %s: loading for later with at: embedded: its data end with the embedded server", t.Name))
		}
		child, err := startChild(ctx, args, s.view)
		if err != nil {
			return err
		}
		defer child.stop()
		o.env.Address = child.address
	}
	if o.driver, err = def.Open(ctx, o.env); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.driver.Close()) }()
	if o.kind, err = s.admit(ctx, t, o.driver); err != nil {
		return err
	}
	if p, ok := o.driver.(driver.Provisioner); ok && !s.options.keep && !s.options.loadOnly {
		defer func() {
			// The run's own context may have ended; what it created must go all the same. What it
			// did not create Drop leaves alone.
			cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupLimit)
			defer cancel()
			err = errors.Join(err, p.Drop(cleanup))
		}()
	}
	return use(o)
}

// target runs the scenario against one target. A manifest is returned whenever the run began.
func (s *session) target(ctx context.Context, t turn) (m *results.Manifest, err error) {
	c := clock.Real()
	err = s.opened(ctx, t.Target, c, filepath.Base(s.out)+"-"+t.dir, func(o openTarget) error {
		s.view.begin(t.dir, string(o.kind))
		defer s.view.finish()
		text, err := describeMapping(s.sc)
		if err != nil {
			return err
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
			Scenario: s.sc, Driver: o.driver, Target: t.Target, Dir: filepath.Join(s.out, t.dir), Clock: c,
			Tool: toolVersion(), Run: o.env.Run, Interval: s.options.interval, Mapping: text,
			Repetition: t.repetition, Order: t.order,
			Load: !s.options.noLoad, Check: s.options.noLoad || s.options.resumeLoad != "",
			Ledger: s.ledgerOf(t, o.embedded), ResumeLoad: s.options.resumeLoad != "",
			BudgetUSD: s.remaining(), PriceOf: s.priceOf(), Progress: s.view.show,
			Command: command, Pause: s.pauser, Continue: s.continuing,
			Observe: s.metrics.observer(t.Name, t.Driver, string(o.kind)),
		})
		if m != nil {
			s.spent += m.SpentUSD
		}
		if m != nil && !s.options.loadOnly {
			err = errors.Join(err, s.reconcile(m, filepath.Join(s.out, t.dir)))
		}
		return err
	})
	return m, err
}

// describeMapping says how a scenario's operations map to each database, for the manifest.
func describeMapping(sc *workload.Scenario) (json.RawMessage, error) {
	return json.Marshal(mapping.New(sc).Describe())
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
	estimate := s.estimate().usd()
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
	if desc.Kind == driver.Real && !s.admitted && !s.options.yes {
		return "", badInput(fmt.Errorf("target %s turns out to be %s, which is billed: give --yes to confirm that", t.Name, desc.Identity))
	}
	return desc.Kind, nil
}
