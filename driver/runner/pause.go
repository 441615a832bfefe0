package runner

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"crossover/results"
)

// A Pauser pauses runs and lets them go on, from any goroutine; its zero value does not pause.
// While it pauses nothing falls due: what was due is still sent, and answers are waited for.
// Afterwards the schedule goes on where it stood, so that a pause makes no operation late. The
// loading of a data set waits between two pieces of it.
type Pauser struct {
	mu      sync.Mutex
	paused  bool
	changed chan struct{} // closed at the next change; nil until somebody waits for one
}

// Toggle pauses or lets go on, and reports whether it is paused then.
func (p *Pauser) Toggle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.set(!p.paused)
	return p.paused
}

// Pause pauses; it does nothing when paused already.
func (p *Pauser) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.set(true)
}

// Resume lets go on; it does nothing when not paused.
func (p *Pauser) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.set(false)
}

func (p *Pauser) set(paused bool) {
	if p.paused == paused {
		return
	}
	p.paused = paused
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

// state returns whether it pauses, and a channel that closes at the next change. A nil Pauser
// never pauses.
func (p *Pauser) state() (paused bool, changed <-chan struct{}) {
	if p == nil {
		return false, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p.paused, p.changed
}

// wait returns when it does not pause, or when ctx ends.
func (p *Pauser) wait(ctx context.Context) {
	for {
		paused, changed := p.state()
		if !paused {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// A hold is how far a run's schedule has shifted, by pauses and by where a part of it began.
// Its bookkeeping belongs to one goroutine, the pacer or the closed loop's keeper.
type hold struct {
	pauser *Pauser
	held   atomic.Bool  // a pause is going on
	shift  atomic.Int64 // run time minus planned time, ns; it grows when a pause ends

	mu     sync.Mutex
	over   chan struct{} // closed when the pause that is going on ends
	pauses []results.Pause
	from   time.Duration // when the pause that is going on began
}

// shifted returns by how much later than planned things fall due.
func (h *hold) shifted() time.Duration { return time.Duration(h.shift.Load()) }

// begin begins a pause.
func (h *hold) begin(now time.Duration, events *eventLog) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.from, h.over = now, make(chan struct{})
	h.pauses = append(h.pauses, results.Pause{From: now.Seconds(), To: now.Seconds()})
	h.held.Store(true)
	events.add(now, results.PausedEvent, "nothing falls due until the run goes on")
}

// end ends the pause. last says that the run ends with it.
func (h *hold) end(now time.Duration, events *eventLog, last bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.held.Load() {
		return
	}
	h.pauses[len(h.pauses)-1].To = now.Seconds()
	h.shift.Add(int64(now - h.from))
	h.held.Store(false)
	close(h.over)
	if !last {
		events.add(now, results.ResumedEvent, "after "+(now-h.from).Round(time.Millisecond).String())
	}
}

// during returns how many seconds of [start, now] the run was paused.
func (h *hold) during(start, now time.Duration) float64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	sum := results.Overlap(h.pauses, start.Seconds(), now.Seconds())
	if h.held.Load() {
		sum += max(0, (now - max(h.from, start)).Seconds())
	}
	return sum
}

// all returns the pauses so far.
func (h *hold) all() []results.Pause {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.pauses)
}

// wait returns when no pause is going on, or when ctx ends.
func (h *hold) wait(ctx context.Context) {
	h.mu.Lock()
	over := h.over
	held := h.held.Load()
	h.mu.Unlock()
	if !held {
		return
	}
	select {
	case <-over:
	case <-ctx.Done():
	}
}

// planned returns how much of the schedule is over at a time of the run.
func (h *hold) planned(now time.Duration) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held.Load() {
		now = h.from
	}
	return now - h.shifted()
}

// sleepPlanned returns when so much of the schedule is over, or when ctx ends: it waits through
// pauses.
func (e *engine) sleepPlanned(ctx context.Context, planned time.Duration) error {
	for {
		at := planned + e.hold.shifted()
		if err := e.clock.SleepUntil(ctx, e.start+at); err != nil {
			return err
		}
		e.hold.wait(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if planned+e.hold.shifted() == at {
			return nil
		}
	}
}

// keepPauses keeps a closed loop's pauses until ctx ends.
func (e *engine) keepPauses(ctx context.Context) {
	for {
		paused, changed := e.hold.pauser.state()
		switch held := e.hold.held.Load(); {
		case paused && !held:
			e.hold.begin(e.now(), &e.events)
		case !paused && held:
			e.hold.end(e.now(), &e.events, false)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			e.hold.end(e.now(), &e.events, true)
			return
		}
	}
}

// rest keeps an open loop's pause: what was due before it is sent or dropped meanwhile. It
// returns when the pause is over, by how much the schedule has shifted, or when ctx ends.
func (e *engine) rest(ctx context.Context, sleep func(context.Context, time.Duration) error) (time.Duration, error) {
	from := e.now()
	e.hold.begin(from, &e.events)
	for {
		paused, changed := e.hold.pauser.state()
		if !paused {
			break
		}
		if waiting, _ := e.queue.expire(e.now()-e.maxLateness, e.drop); waiting > 0 {
			if err := sleep(ctx, e.clock.Now()+drainPoll); err != nil {
				break
			}
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
	}
	now := e.now()
	e.hold.end(now, &e.events, ctx.Err() != nil)
	return now - from, ctx.Err()
}

// untilChange returns a context that ends when the pauser's state changes, too.
func untilChange(ctx context.Context, changed <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if changed != nil {
		go func() {
			select {
			case <-changed:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	return ctx, cancel
}
