package runner

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"crossover/driver/clock"
	"crossover/workload"
	"crossover/workload/op"
)

// A schedule is what the pacer walks: arrival.Plan.
type schedule interface {
	Due(i uint64) (time.Duration, bool)
	PhaseOf(i uint64) int
	Duration() time.Duration
}

// An engine is a run in progress.
type engine struct {
	clock       clock.Clock
	start       time.Duration // the clock's reading at the run's zero
	phases      []workload.Phase
	plan        schedule
	maxLateness time.Duration
	think       func(index uint64) time.Duration // closed loop: nil when workers do not pause
	open        bool

	opCtx   context.Context // given to every operation; ends when draining has taken too long
	workers []*worker
	pacer   *worker         // has no session: it only records what it drops
	pacing  workload.Stream // the pacer's own
	queue   *queue

	offered  []atomic.Uint64 // by cell, counted when due
	indices  indices         // closed loop
	events   eventLog
	verifier *verifier // nil: no read is verified
	hold     hold
	first    joint // where the run, or this part of it, begins
	// Once sending has ended: when, in ns of the run, and in an open loop the first operation that
	// was not released.
	ended atomic.Int64
	next  atomic.Uint64
}

// now returns the time since the run's zero.
func (e *engine) now() time.Duration { return e.clock.Now() - e.start }

// cells returns how many cells a shard has.
func (e *engine) cells() int { return len(e.phases) * int(op.KindCount) }

func (e *engine) newShard() *shard { return &shard{cells: make([]*cell, e.cells())} }

// A kinder is a stream that knows an operation's kind without making its body.
type kinder interface {
	KindOf(i uint64) op.Kind
}

// paceBatch bounds how many operations are released at once, so that the first sessions
// start while the rest is still being released.
const paceBatch = 256

// drainPoll is how often the pacer looks whether the queue has emptied, after the last
// operation was due.
const drainPoll = 10 * time.Millisecond

// pace releases every operation when it is due, drops what has waited too long, and closes
// the queue at the end, or when ctx ends.
func (e *engine) pace(ctx context.Context) {
	defer e.queue.close()
	sleeper := clock.NewSleeper(e.clock)
	defer sleeper.Close()

	w := walk{e: e, phase: e.first.phase, index: e.first.op, batch: make([]entry, 0, paceBatch)}
	w.kinds, _ = e.pacing.(kinder)
	w.look()
	end := e.plan.Duration() + e.hold.shifted()
	defer func() { e.endSending(w.index, w.more, end) }()
	paused, changed := e.hold.pauser.state()
	sleeping, wakeUp := untilChange(ctx, changed)
	defer func() { wakeUp() }()
	for {
		now := e.now()
		w.release(now)
		waiting, first := e.queue.expire(now-e.maxLateness, e.drop)
		if !w.more && waiting == 0 && now >= end {
			return
		}
		if w.more && w.due <= now {
			continue
		}
		if paused || sleeping.Err() != nil && ctx.Err() == nil {
			if paused, changed = e.hold.pauser.state(); paused {
				shift, err := e.rest(ctx, sleeper.SleepUntil)
				if err != nil {
					e.queue.expire(1<<62, e.drop)
					return
				}
				end += shift
				w.look()
				paused, changed = e.hold.pauser.state()
			}
			wakeUp()
			sleeping, wakeUp = untilChange(ctx, changed)
			continue
		}
		next := end
		if w.more {
			next = w.due
		} else if waiting > 0 {
			next = now + drainPoll
		}
		if waiting > 0 {
			next = min(next, first+e.maxLateness+1)
		}
		if sleeper.SleepUntil(sleeping, e.start+next) != nil && ctx.Err() != nil {
			// Interrupted: what was due and is unsent stays unsent.
			e.queue.expire(1<<62, e.drop)
			return
		}
	}
}

// endSending notes where the pacer stopped. What is still sent after the schedule's end was due
// before it.
func (e *engine) endSending(next uint64, more bool, end time.Duration) {
	at := max(e.now(), e.first.at)
	if !more {
		at = min(at, end)
	}
	e.next.Store(next)
	e.ended.Store(int64(at))
}

// A walk is the pacer's place in the schedule.
type walk struct {
	e     *engine
	kinds kinder // nil: make the whole operation to learn its kind
	op    op.Op
	index uint64 // the next operation
	due   time.Duration
	more  bool
	phase int // the last one begun
	batch []entry
}

// release puts up to paceBatch operations that are due into the queue.
func (w *walk) release(now time.Duration) {
	w.batch = w.batch[:0]
	for w.more && w.due <= now && len(w.batch) < paceBatch {
		phase := w.e.plan.PhaseOf(w.index)
		for w.phase < phase {
			w.phase++
			w.e.beginPhase(w.phase, w.e.phaseStart(w.phase)+w.e.hold.shifted())
		}
		item := entry{index: w.index, due: w.due, phase: int32(phase), kind: w.kind()}
		w.e.offered[cellOf(phase, item.kind)].Add(1)
		w.batch = append(w.batch, item)
		w.index++
		w.look()
	}
	if len(w.batch) > 0 {
		w.e.queue.put(w.batch)
	}
}

// look finds out when the next operation is due.
func (w *walk) look() {
	w.due, w.more = w.e.plan.Due(w.index)
	w.due += w.e.hold.shifted()
}

func (w *walk) kind() op.Kind {
	if w.kinds != nil {
		return w.kinds.KindOf(w.index)
	}
	w.e.pacing.At(w.index, &w.op)
	return w.op.Kind
}

// drop records an operation that will not be sent.
func (e *engine) drop(item entry) {
	e.pacer.mu.Lock()
	defer e.pacer.mu.Unlock()
	e.pacer.shard.cell(cellOf(int(item.phase), item.kind)).classes[op.Dropped]++
}

// phaseStart returns when a phase is planned to begin.
func (e *engine) phaseStart(phase int) time.Duration {
	var at time.Duration
	for _, p := range e.phases[:phase] {
		at += p.For
	}
	return at
}

func (e *engine) beginPhase(phase int, at time.Duration) {
	e.events.add(at, "phase", e.phases[phase].Name)
}

// A closedPhase is how far a phase of a closed loop goes: until a time, or up to an
// operation.
type closedPhase struct {
	phase int32
	until time.Duration                    // 0: no limit
	shift time.Duration                    // when it began; until moves by how much it has grown since
	end   uint64                           // index one past the last; 0: no limit
	think func(index uint64) time.Duration // nil: no pause
}

// loop runs a closed loop's phases one after another; each begins when the last operation of
// the one before has ended.
func (e *engine) loop(ctx context.Context) {
	if e.clock.SleepUntil(ctx, e.start+e.first.at) != nil {
		return
	}
	e.indices.next.Store(e.first.op)
	for i := max(e.first.phase, 0); i < len(e.phases); i++ {
		if ctx.Err() != nil {
			return
		}
		p := closedPhase{phase: int32(i), think: e.think, shift: e.hold.shifted()}
		begun := i == e.first.phase // by a part before this one
		if e.phases[i].For > 0 {
			p.until = e.now() + e.phases[i].For
			if begun {
				p.until -= e.first.spent
			}
		}
		if e.phases[i].Ops > 0 {
			p.end = e.indices.taken() + e.phases[i].Ops
			if begun {
				p.end -= e.first.done
			}
		}
		if !begun {
			e.beginPhase(i, e.now())
		}
		e.eachWorker(func(w *worker) { e.closedLoop(ctx, w, &p) })
		if p.end > 0 {
			e.indices.settle(p.end)
		}
	}
}

// eachWorker runs f for every worker at once and waits for all.
func (e *engine) eachWorker(f func(*worker)) {
	var wg sync.WaitGroup
	for _, w := range e.workers {
		wg.Go(func() { f(w) })
	}
	wg.Wait()
}

// send sends everything: the whole open or closed loop, until the last answer.
func (e *engine) send(ctx context.Context) {
	if !e.open {
		keeping, end := context.WithCancel(ctx)
		var keeper sync.WaitGroup
		keeper.Go(func() { e.keepPauses(keeping) })
		e.loop(ctx)
		e.ended.Store(int64(max(e.now(), e.first.at)))
		end()
		keeper.Wait()
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() { e.pace(ctx) })
	e.eachWorker(e.openLoop)
	wg.Wait()
}
