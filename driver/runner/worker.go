package runner

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"crossover/driver"
	"crossover/workload"
	"crossover/workload/op"
)

// A worker drives one session. Its operation, outcome, stream and shard are its own, so that
// it shares nothing with other workers but the queue.
type worker struct {
	session driver.Session
	stream  workload.Stream
	op      op.Op
	out     op.Outcome
	freeAt  time.Duration // when its last operation ended
	seen    tally         // error reasons already reported

	wake  chan struct{} // the queue has given it something, or has closed
	given entry

	mu    sync.Mutex // held for the time of one recording, and of the collector's exchange
	shard *shard
	// state is the cell of the operation in flight + 1, or 0. It changes to 0 together with
	// the recording, under mu, so that the collector sees each operation exactly once: in
	// flight or done.
	state atomic.Uint32

	_ [64]byte // the next worker's lock lies on another cache line
}

// perform sends operation e.index and records what came of it. base is when the operation
// could first have been sent: it was due and this session, or another, was free; negative
// in a closed loop, where a send cannot be late.
func (e *engine) perform(w *worker, item entry, base time.Duration) {
	o := &w.op
	w.stream.At(item.index, o)
	o.Due, o.Phase = item.due, int(item.phase)
	o.Record = e.phases[item.phase].Record
	index := cellOf(o.Phase, o.Kind)

	w.state.Store(uint32(index) + 1)
	sent := e.now()
	e.verifier.before(o, sent)
	w.session.Do(e.opCtx, o, &w.out)
	end := e.now()
	found := e.verifier.after(o, &w.out, sent, end, &e.events)

	service := end - sent
	response := service
	if item.due >= 0 {
		response = end - item.due
	}
	w.mu.Lock()
	w.shard.done(index, o, &w.out, response, service)
	w.shard.cells[index].checked.add(found)
	if w.shard.slowest.admits(response) {
		w.shard.slowest.add(o, &w.out, sent+e.start, end, response, service)
	}
	if base >= 0 {
		w.shard.lateness.Record(max(sent-base, 0))
	}
	w.state.Store(0)
	w.mu.Unlock()
	w.freeAt = end
	if w.out.Class > op.ConditionFailed || w.out.Err != nil {
		e.reportError(w, end)
	}
}

// openLoop takes operations as they fall due until the queue closes.
func (e *engine) openLoop(w *worker) {
	for {
		item, base, ok := e.queue.next(w)
		if !ok {
			return
		}
		e.perform(w, item, base)
	}
}

// closedLoop takes the next operation as soon as the last one has ended, and thought, until
// the phase's time or operations are used up.
func (e *engine) closedLoop(ctx context.Context, w *worker, p *closedPhase) {
	w.freeAt = e.now()
	var next, end uint64 // operations that are this worker's to send
	n, since := uint64(1), w.freeAt
	for {
		if next == end || w.freeAt-since > batchAge {
			if e.hold.held.Load() {
				e.hold.wait(ctx)
				w.freeAt = e.now()
			}
			if ctx.Err() != nil || p.until > 0 && w.freeAt >= p.until && w.freeAt >= p.until+e.hold.shifted()-p.shift {
				return
			}
		}
		if next == end {
			n = batchSize(n, w.freeAt-since)
			if next, end = e.indices.take(n, p.end); next == end {
				return
			}
			since = w.freeAt
		}
		e.perform(w, entry{index: next, due: -1, phase: p.phase}, -1)
		next++
		if p.think != nil {
			// An error is the end of ctx, which the loop sees by itself.
			_ = e.clock.SleepUntil(ctx, e.start+w.freeAt+p.think(next-1))
			w.freeAt = e.now()
		}
	}
}
