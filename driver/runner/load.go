package runner

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"crossover/driver"
)

const (
	// loadChunks is how many pieces each loading goroutine gets through: enough that they end
	// together although items differ in size.
	loadChunks = 16
	// loadChunkMost bounds a piece: an interrupted load begins its unfinished pieces anew.
	loadChunkMost = 20_000
)

// load writes the data set through the driver's Loader, in disjoint ranges; those that a ledger
// says are there already are left out.
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
	items := r.cfg.Scenario.Dataset.Items
	book, err := r.openLedger()
	if err != nil {
		return err
	}
	defer book.close()
	if k, ok := r.cfg.Driver.(driver.Keeper); ok && r.cfg.ResumeLoad {
		k.Keep()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	missing := book.missing(items)
	before := items - total(missing)
	pieces := cut(missing, min(max(items/uint64(r.cfg.LoadWorkers*loadChunks), 1), loadChunkMost))
	var loaded atomic.Uint64
	loaded.Store(before)
	var wg sync.WaitGroup
	for range r.cfg.LoadWorkers {
		wg.Go(func() {
			for ctx.Err() == nil {
				r.cfg.Pause.wait(ctx)
				piece, ok := pieces()
				if !ok {
					return
				}
				err := loader.Load(ctx, piece.From, piece.To, func(n uint64) { loaded.Add(n) })
				if err == nil {
					err = book.done(piece)
				}
				if err != nil {
					cancel(err)
				}
			}
		})
	}
	r.watchLoad(ctx, &wg, &loaded, Progress{Stage: "loading", Total: items}, cancel)
	r.manifest.Loaded = loaded.Load()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r.manifest.Dataset = "loaded afresh"
	if before > 0 {
		r.manifest.Dataset = fmt.Sprintf("loaded, %d of %d items by a load that was interrupted", before, items)
	}
	return nil
}

// watchLoad reports progress, and holds the budget where the driver meters itself, until the
// loading goroutines have ended.
func (r *run) watchLoad(ctx context.Context, wg *sync.WaitGroup, loaded *atomic.Uint64, p Progress, stop context.CancelCauseFunc) {
	done, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		wg.Wait()
		cancel()
		close(ended)
	}()
	begin := r.cfg.Clock.Now()
	p.Done = loaded.Load()
	for r.cfg.Clock.SleepUntil(done, r.cfg.Clock.Now()+r.cfg.Interval) == nil {
		items, at := loaded.Load(), r.cfg.Clock.Now()-begin
		if elapsed := (at - p.At).Seconds(); elapsed > 0 {
			p.Rate = float64(items-p.Done) / elapsed
		}
		p.Done, p.At = items, at
		p.Paused, _ = r.cfg.Pause.state()
		p.SpentUSD = r.spent(0, 0)
		r.holdBudget(p.SpentUSD, stop)
		r.cfg.Progress(p)
	}
	<-ended
	p.Done, p.At = loaded.Load(), r.cfg.Clock.Now()-begin
	r.cfg.Progress(p)
}
