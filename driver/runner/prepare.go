package runner

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"crossover/driver"
	"crossover/results"
	"crossover/workload"
)

// provision makes the target ready: described, owned, loaded and warmed, in this order.
func (r *run) provision(ctx context.Context) error {
	if p, ok := r.cfg.Driver.(driver.Provisioner); ok {
		if err := p.Provision(ctx); err != nil {
			return fmt.Errorf("preparing the target: %w", err)
		}
	}
	// Described only now: before, there may be no table to describe.
	if err := r.describe(ctx); err != nil {
		return err
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

// loadChunks is how many pieces each loading goroutine gets through: enough that they end
// together although items differ in size.
const loadChunks = 16

// load writes the data set through the driver's Loader, in disjoint ranges.
func (r *run) load(ctx context.Context) error {
	r.manifest.Dataset = "kept from before"
	if !r.cfg.Load {
		return nil
	}
	loader, ok := r.cfg.Driver.(driver.Loader)
	if !ok {
		r.warn("the driver cannot load a data set: the run used what was there")
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	items := r.cfg.Scenario.Dataset.Items
	chunk := max(items/uint64(r.cfg.LoadWorkers*loadChunks), 1)
	var next, loaded atomic.Uint64
	var wg sync.WaitGroup
	for range r.cfg.LoadWorkers {
		wg.Go(func() {
			for ctx.Err() == nil {
				from := next.Add(chunk) - chunk
				if from >= items {
					return
				}
				err := loader.Load(ctx, from, min(from+chunk, items), func(n uint64) { loaded.Add(n) })
				if err != nil {
					cancel(err)
				}
			}
		})
	}
	r.watchLoad(ctx, &wg, &loaded, cancel)
	r.manifest.Loaded = loaded.Load()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r.manifest.Dataset = "loaded afresh"
	return nil
}

// watchLoad reports progress, and holds the budget where the driver meters itself, until the
// loading goroutines have ended.
func (r *run) watchLoad(ctx context.Context, wg *sync.WaitGroup, loaded *atomic.Uint64, stop context.CancelCauseFunc) {
	done, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		wg.Wait()
		cancel()
		close(ended)
	}()
	begin := r.cfg.Clock.Now()
	p := Progress{Stage: "loading", Total: r.cfg.Scenario.Dataset.Items}
	for r.cfg.Clock.SleepUntil(done, r.cfg.Clock.Now()+r.cfg.Interval) == nil {
		items, at := loaded.Load(), r.cfg.Clock.Now()-begin
		if elapsed := (at - p.At).Seconds(); elapsed > 0 {
			p.Rate = float64(items-p.Done) / elapsed
		}
		p.Done, p.At = items, at
		p.SpentUSD = r.spent(0, 0)
		r.holdBudget(p.SpentUSD, stop)
		r.cfg.Progress(p)
	}
	<-ended
	p.Done, p.At = loaded.Load(), r.cfg.Clock.Now()-begin
	r.cfg.Progress(p)
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
