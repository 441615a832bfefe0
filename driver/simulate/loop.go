package simulate

import (
	"container/heap"
	"context"
	"time"

	"crossover/results"
	"crossover/workload"
	"crossover/workload/arrival"
	"crossover/workload/op"
)

// A flight is an operation under way in a session.
type flight struct {
	op       op.Op
	due      time.Duration // when it should have been sent; -1 in a closed loop
	sent     time.Duration
	at       time.Duration // when something happens next
	ends     bool          // and that it ends then
	wakes    bool          // or that a worker has thought
	class    op.Class
	reason   string
	attempts []op.Attempt

	readUnits, writeUnits float64
	bytesOut, bytesIn     uint64

	// The system's own state of the operation.
	requests []request
	request  int // the one under way
	tries    int // attempts of it
	cost     int // of its last retry, in the quota's tokens
}

func (f *flight) tried(at, took time.Duration, class op.Class, reason string) {
	f.attempts = append(f.attempts, op.Attempt{Start: at, Latency: took, Class: class, Reason: reason})
	f.class, f.reason = class, reason
}

// flights is a heap by time.
type flights []*flight

func (h flights) Len() int           { return len(h) }
func (h flights) Less(i, j int) bool { return h[i].at < h[j].at }
func (h flights) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *flights) Push(x any)        { *h = append(*h, x.(*flight)) }
func (h *flights) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// A loop goes operation by operation.
type loop struct {
	*run
	stream workload.Stream
	plan   *arrival.Plan
	kinds  interface{ KindOf(uint64) op.Kind }
	out    flights
	idle   []*flight // sessions, or workers, that are free
	late   time.Duration

	queue []waiting // due and unsent, in order
	head  int

	events   []planned
	clock    time.Duration // virtual now
	boundary time.Duration // end of the interval under way

	// Of a closed loop.
	phase int
	next  uint64        // operation
	until uint64        // first operation that is not this phase's; 0: bounded by time
	end   time.Duration // when the phase is over; never where operations bound it
}

type waiting struct {
	index uint64
	due   time.Duration
}

// notDone is the outcome of an event that the run did not come to.
const notDone = "not done: the run ended before"

// planned is the begin, or the end, of one of the scenario's events.
type planned struct {
	at    time.Duration
	event *workload.Event
	undo  bool
	of    int // place among the outcomes, of an end
}

func newLoop(r *run) *loop {
	sc := r.cfg.Scenario
	l := &loop{run: r, stream: workload.NewStream(sc), plan: workload.NewPlan(sc), late: sc.Workload.MaxLateness, boundary: r.cfg.Interval}
	l.kinds, _ = l.stream.(interface{ KindOf(uint64) op.Kind })
	for range sessions(sc) {
		l.idle = append(l.idle, &flight{})
	}
	for _, e := range sc.EventsOf(r.cfg.Target.Name) {
		l.events = append(l.events, planned{at: e.At, event: e})
	}
	return l
}

// checkEvery is how many steps are made between two looks at the context.
const checkEvery = 1 << 12

// spin makes things happen in the order of their times until nothing is left: what operations
// wait for, what the system has to do, the scenario's events, the intervals' ends, and what due
// says is next, which arrive then does.
func (l *loop) spin(ctx context.Context, due func() time.Duration, arrive func()) error {
	system := l.cfg.System
	for n := 0; ; n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		arrival, out, event := due(), never, never
		if len(l.out) > 0 {
			out = l.out[0].at
		}
		if arrival == never && out == never {
			return nil
		}
		if len(l.events) > 0 {
			event = l.events[0].at
		}
		own := system.next()
		at := min(arrival, out, event, own)
		if l.boundary <= at {
			l.clock = l.boundary
			if err := l.record.take(l.boundary); err != nil {
				return err
			}
			l.boundary += l.cfg.Interval
			continue
		}
		switch l.clock = at; at {
		case own:
			system.advance(at)
		case event:
			l.fire()
		case out:
			l.move()
		default:
			arrive()
		}
	}
}

// do goes through the whole schedule.
func (l *loop) do(ctx context.Context) error {
	var err error
	if l.cfg.Scenario.Workload.Arrival.Open != nil {
		err = l.open(ctx)
	} else {
		err = l.closed(ctx)
	}
	taken := l.record.take(max(l.clock, l.record.at+1))
	l.judgeEvents()
	if err == nil {
		err = taken
	}
	return err
}

// open sends operations as they fall due.
func (l *loop) open(ctx context.Context) error {
	n := uint64(0)
	next, ok := l.plan.Due(0)
	phase := -1
	due := func() time.Duration {
		if !ok {
			return never
		}
		return max(next, l.clock)
	}
	return l.spin(ctx, due, func() {
		if p := l.plan.PhaseOf(n); p != phase {
			phase = p
			l.record.event(l.plan.StartOf(p), "phase", l.cfg.Scenario.Workload.Phases[p].Name)
		}
		l.record.offer(phase, l.kinds.KindOf(n), 1)
		l.queue = append(l.queue, waiting{n, next})
		n++
		next, ok = l.plan.Due(n)
		l.start()
	})
}

// closed lets each worker send its next operation once its last one has ended, and it has
// thought.
func (l *loop) closed(ctx context.Context) error {
	phases := l.cfg.Scenario.Workload.Phases
	for i := range phases {
		l.phase, l.until, l.end = i, 0, never
		if p := &phases[i]; p.Ops > 0 {
			l.until = l.next + p.Ops
		} else {
			l.end = l.clock + p.For
		}
		l.record.event(l.clock, "phase", phases[i].Name)
		for _, f := range l.idle {
			f.at, f.wakes = l.clock, true
			heap.Push(&l.out, f)
		}
		l.idle = l.idle[:0]
		if err := l.spin(ctx, func() time.Duration { return never }, nil); err != nil {
			return err
		}
	}
	return nil
}

// wake lets a worker of a closed loop begin its next operation, unless its phase is over.
func (l *loop) wake(f *flight) {
	l.idle = append(l.idle, f)
	if l.clock >= l.end || l.until > 0 && l.next >= l.until {
		return
	}
	l.record.offer(l.phase, l.kinds.KindOf(l.next), 1)
	l.begin(l.next, -1, l.phase)
	l.next++
}

// start begins what waits, as far as sessions are free, and drops what is too late.
func (l *loop) start() {
	for l.head < len(l.queue) {
		w := l.queue[l.head]
		if l.late > 0 && l.clock-w.due > l.late {
			l.record.drop(l.plan.PhaseOf(w.index), l.kinds.KindOf(w.index), 1)
			l.head++
			continue
		}
		if len(l.idle) == 0 {
			break
		}
		l.head++
		l.begin(w.index, w.due, l.plan.PhaseOf(w.index))
	}
	if l.head > 1024 && 2*l.head > len(l.queue) {
		l.queue = l.queue[:copy(l.queue, l.queue[l.head:])]
		l.head = 0
	}
}

// begin sends an operation in a free session.
func (l *loop) begin(index uint64, due time.Duration, phase int) {
	f := l.idle[len(l.idle)-1]
	l.idle = l.idle[:len(l.idle)-1]
	l.stream.At(index, &f.op)
	f.op.Phase, f.op.Due = phase, due
	*f = flight{op: f.op, due: due, sent: l.clock, attempts: f.attempts[:0], requests: f.requests[:0]}
	l.record.send(phase, f.op.Kind, 1)
	l.record.keys[f.op.Item]++
	l.step(f)
}

func (l *loop) step(f *flight) {
	f.at, f.ends = l.cfg.System.step(l.clock, f)
	heap.Push(&l.out, f)
}

// move makes the next thing happen that an operation, or a worker, waits for.
func (l *loop) move() {
	f := heap.Pop(&l.out).(*flight)
	switch {
	case f.wakes:
		l.wake(f)
	case !f.ends:
		l.step(f)
	case f.due >= 0:
		l.finished(f)
		l.idle = append(l.idle, f)
		l.start()
	default:
		l.finished(f)
		f.at, f.wakes = l.clock, true
		if l.cfg.Scenario.Workload.Arrival.Closed.Think > 0 {
			f.at += l.cfg.Scenario.ThinkAfter(f.op.Index)
		}
		heap.Push(&l.out, f)
	}
}

// finished records an operation.
func (l *loop) finished(f *flight) {
	c := l.record.cell(f.op.Phase, f.op.Kind)
	service := l.clock - f.sent
	response := service
	if f.due >= 0 {
		response = l.clock - f.due
	}
	c.end(f.class, response, service, 1)
	for i := range f.attempts {
		a := &f.attempts[i]
		c.tried(a.Class, a.Reason, a.Latency, 1)
	}
	c.readUnits += f.readUnits
	c.writeUnits += f.writeUnits
	c.bytesOut += f.bytesOut
	c.bytesIn += f.bytesIn
	l.record.done++
	if f.class > op.ConditionFailed {
		l.record.firstError(l.clock, f.op.Kind, f.class, f.reason)
	}
	l.slow(f, response, service)
}

// slow keeps an operation among the interval's slowest.
func (l *loop) slow(f *flight, response, service time.Duration) {
	r := l.record
	if !r.slowEnough(response) {
		return
	}
	s := results.Slow{
		At: l.clock.Seconds(), Index: f.op.Index, Kind: f.op.Kind.String(), Item: f.op.Item, Class: f.class.String(),
		ResponseNs: response.Nanoseconds(), ServiceNs: service.Nanoseconds(),
	}
	for i := range f.attempts {
		a := &f.attempts[i]
		s.Attempts = append(s.Attempts, results.SlowAttempt{
			AfterNs: (a.Start - f.sent).Nanoseconds(), LatencyNs: a.Latency.Nanoseconds(), Class: a.Class.String(), Reason: a.Reason,
		})
	}
	r.keepSlow(s)
}

// fire carries out the next of the scenario's events.
func (l *loop) fire() {
	p := l.events[0]
	l.events = l.events[1:]
	r := l.record
	if p.undo {
		err := l.cfg.System.event(l.clock, p.event)
		o := &r.outcomes[p.of]
		outcome := results.EventDone
		if err != nil {
			o.UndoFail = err.Error()
			outcome = "failed: " + o.UndoFail
		} else {
			o.Undone = l.clock.Seconds()
		}
		l.log("event_end", o, outcome)
		return
	}
	o := results.EventResult{
		Name: p.event.Do, Detail: p.event.String(), Target: l.cfg.Target.Name, Planned: p.event.At.Seconds(),
		Began: l.clock.Seconds(), Outcome: results.EventDone,
	}
	if err := l.cfg.System.event(l.clock, p.event); err != nil {
		o.Outcome = "failed: " + err.Error()
	} else if p.event.For > 0 {
		l.later(planned{at: l.clock + p.event.For, event: undoOf(p.event), undo: true, of: len(r.outcomes)})
	}
	r.outcomes = append(r.outcomes, o)
	l.log("event_begin", &o, o.Outcome)
}

// later puts an end of an event where it belongs in time.
func (l *loop) later(p planned) {
	at := 0
	for at < len(l.events) && l.events[at].at <= p.at {
		at++
	}
	l.events = append(l.events, planned{})
	copy(l.events[at+1:], l.events[at:])
	l.events[at] = p
}

func (l *loop) log(name string, o *results.EventResult, outcome string) {
	l.record.keep(l.record.writer.Event(results.Event{At: l.clock.Seconds(), Name: name, Detail: o.Detail, Target: o.Target, Outcome: outcome}))
}

// judgeEvents judges the scenario's events by what was seen; those that were not begun say so.
func (l *loop) judgeEvents() {
	for _, p := range l.events {
		if !p.undo {
			l.record.outcomes = append(l.record.outcomes, results.EventResult{
				Name: p.event.Do, Detail: p.event.String(), Target: l.cfg.Target.Name, Planned: p.event.At.Seconds(), Began: -1, Outcome: notDone,
			})
		}
	}
	results.JudgeEvents(l.record.outcomes, l.record.moments, l.cfg.Interval)
}

// undoOf returns the event that takes one's effect back.
func undoOf(e *workload.Event) *workload.Event {
	undo := *e
	switch e.Do {
	case workload.KillNode:
		undo.Do = workload.AddNode
	case workload.AddNode:
		undo.Do = workload.KillNode
	case workload.SlowDevice:
		undo.Factor = 1
	case workload.SetCapacity:
		undo.Capacity = nil // as it was before
	}
	return &undo
}
