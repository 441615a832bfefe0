package runner

import (
	"context"
	"fmt"

	"crossover/driver"
	"crossover/results"
	"crossover/workload"
)

// provision makes the target ready: described, owned, loaded and warmed, in this order.
func (r *run) provision(ctx context.Context, src source) error {
	if p, ok := r.cfg.Driver.(driver.Provisioner); ok {
		if err := p.Provision(ctx); err != nil {
			return fmt.Errorf("preparing the target: %w", err)
		}
	}
	// Described only now: before, there may be no table to describe.
	if err := r.describe(ctx); err != nil {
		return err
	}
	if r.cfg.Continue != nil {
		if err := r.cfg.Continue.sameTarget(r.manifest.Target); err != nil {
			return err
		}
		if err := r.restore(ctx, src); err != nil {
			return fmt.Errorf("restoring the data set: %w", err)
		}
		return r.warm(ctx)
	}
	if err := r.load(ctx); err != nil {
		return fmt.Errorf("loading the data set: %w", err)
	}
	if r.cfg.Check {
		if err := r.checkDataset(ctx); err != nil {
			return fmt.Errorf("checking the data set: %w", err)
		}
	}
	return r.warm(ctx)
}

func (r *run) describe(ctx context.Context) error {
	t := &r.manifest.Target
	t.Name, t.Driver, t.Kind = r.cfg.Target.Name, r.cfg.Target.Driver, string(driver.Other)
	d, ok := r.cfg.Driver.(driver.Describer)
	if !ok {
		return nil
	}
	about, err := d.Describe(ctx)
	if err != nil {
		return fmt.Errorf("describing the target: %w", err)
	}
	t.Kind, t.Identity, t.Client = string(about.Kind), about.Identity, about.Client
	t.Settings, t.Raw = about.Settings, about.Raw
	for k, v := range t.Settings {
		t.Settings[k] = results.Scrub(v)
	}
	r.warn(about.Warnings...)
	return nil
}

// warm opens the connections that the sessions will use.
func (r *run) warm(ctx context.Context) error {
	w, ok := r.cfg.Driver.(driver.Warmer)
	if !ok {
		return nil
	}
	r.cfg.Progress(Progress{Stage: "warming"})
	if err := w.Warm(ctx, r.cfg.Sessions); err != nil {
		return fmt.Errorf("opening connections: %w", err)
	}
	r.warmed = true
	return nil
}

// workers opens the sessions, each with a stream and a shard of its own.
func (r *run) workers(ctx context.Context, e *engine, stream func() workload.Stream) error {
	e.workers = make([]*worker, r.cfg.Sessions)
	for i := range e.workers {
		session, err := r.cfg.Driver.Session(ctx)
		if err != nil {
			return fmt.Errorf("opening session %d of %d: %w", i+1, r.cfg.Sessions, err)
		}
		e.workers[i] = &worker{
			session: session, stream: stream(), shard: e.newShard(), wake: make(chan struct{}, 1),
		}
	}
	if e.open {
		e.pacer = &worker{shard: e.newShard()}
		e.pacing = stream()
	}
	return nil
}
