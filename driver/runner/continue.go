package runner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"crossover/driver"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// A joint is where a run, or a part of one, begins.
type joint struct {
	op      uint64        // the first operation that it sends
	at      time.Duration // of the run
	planned time.Duration // how much of the schedule is over
	phase   int           // the phase that goes on; -1: none has begun
	// Of that phase, in a closed loop: how long it has gone on, and how many operations it has sent.
	spent time.Duration
	done  uint64
}

// A Continuation is a run that is to go on: one that was interrupted or cut off, or one that
// was complete and is extended.
type Continuation struct {
	Run *results.Run
	// Extension is nil for a run that is resumed. The scenario has been extended by it already;
	// StreamDigest is that of the scenario before.
	Extension    *workload.Extension
	StreamDigest string
}

// Errors of runs that cannot go on.
var (
	// ErrContinue: it is another scenario or another target, or there is nothing to go on with.
	ErrContinue = errors.New("the run cannot be continued")
	errGone     = fmt.Errorf("%w: its data set is not there any more, and loading it anew was not allowed", ErrContinue)
)

// check refuses a run that cannot go on with this scenario.
func (c *Continuation) check(streamDigest, textDigest string) error {
	m := &c.Run.Manifest
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s: %s", ErrContinue, c.Run.Dir, fmt.Sprintf(format, args...))
	}
	if c.Extension != nil {
		streamDigest = c.StreamDigest
	}
	switch {
	case m.ScenarioDigest != textDigest:
		return fail("it ran the scenario %s, this is %s", m.ScenarioDigest, textDigest)
	case m.StreamDigest != streamDigest:
		return fail("it sent the stream of operations %s, this is %s", m.StreamDigest, streamDigest)
	case c.Extension == nil && m.Status == results.Complete:
		return fail("it is complete; it can be extended")
	case c.Extension != nil && m.Status != results.Complete:
		return fail("it is not complete; resume it first")
	case m.Status == results.Failed && m.Stopped == nil:
		return fail("it failed before its first operation: %s", m.Reason)
	case m.Shard != "1/1":
		return fail("it is the shard %s of a run", m.Shard)
	}
	for _, e := range c.Run.Events() {
		if e.Name == "event_begin" {
			return fail("its event at %.1f s (%s) has changed the target, which nothing brings back: run it anew", e.At, e.Detail)
		}
	}
	return nil
}

// sameTarget refuses to go on with a target that describes itself otherwise.
func (c *Continuation) sameTarget(now results.TargetInfo) error {
	was := c.Run.Manifest.Target
	differs := func(what, was, now string) error {
		return fmt.Errorf("%w: %s: the target's %s was %q, and is %q", ErrContinue, c.Run.Dir, what, was, now)
	}
	switch {
	case was.Name != now.Name:
		return differs("name", was.Name, now.Name)
	case was.Driver != now.Driver:
		return differs("driver", was.Driver, now.Driver)
	case was.Kind != now.Kind:
		return differs("kind", was.Kind, now.Kind)
	case was.Identity != now.Identity:
		return differs("identity", was.Identity, now.Identity)
	}
	for _, k := range unionOf(was.Settings, now.Settings) {
		if now.Kind == string(driver.Embedded) && (k == "host" || k == "hosts") {
			continue // an embedded server listens where the system lets it
		}
		if was.Settings[k] != now.Settings[k] {
			return differs("setting "+k, was.Settings[k], now.Settings[k])
		}
	}
	return nil
}

// joint finds where the run stopped.
func (c *Continuation) joint(phases []workload.Phase, plan schedule) joint {
	stop := c.Run.Stopped()
	end := max(c.Run.End(), stop.At)
	j := joint{
		op: stop.NextOp, phase: -1, at: inTime(end),
		planned: inTime(stop.At - results.Overlap(c.Run.Pauses(), 0, stop.At)),
	}
	if plan != nil {
		if j.op > 0 {
			j.phase = plan.PhaseOf(j.op - 1)
		}
		return j
	}
	began := 0.0
	for _, e := range c.Run.Events() {
		if e.Name == "phase" && j.phase+1 < len(phases) && e.Detail == phases[j.phase+1].Name {
			j.phase++
			began = e.At
		}
	}
	if j.phase < 0 {
		return j
	}
	j.spent = inTime(stop.At - began - results.Overlap(c.Run.Pauses(), began, stop.At))
	for _, line := range c.Run.Intervals() {
		if line.Phase == phases[j.phase].Name {
			j.done += line.Sent
		}
	}
	return j
}

func inTime(seconds float64) time.Duration {
	return time.Duration(math.Round(seconds * float64(time.Second)))
}

// beginAt finds out where the run begins, and takes over what it has of before.
func (r *run) beginAt(src source) error {
	r.joint = joint{phase: -1}
	c := r.cfg.Continue
	if c == nil {
		return nil
	}
	if err := c.check(src.streamDigest, src.textDigest); err != nil {
		return err
	}
	was := &c.Run.Manifest
	r.joint = c.joint(r.cfg.Scenario.Workload.Phases, src.plan)
	r.prior, r.priorEnded = priorSums(c.Run)
	r.priorTotals = c.Run.Totals()
	r.manifest.Started, r.manifest.Run, r.manifest.SpentUSD = was.Started, was.Run, was.SpentUSD
	r.manifest.Repetition, r.manifest.Order, r.manifest.Loaded = was.Repetition, was.Order, was.Loaded
	r.manifest.Pauses = c.Run.Pauses()
	if stop := c.Run.Stopped(); r.joint.at.Seconds() > stop.At {
		r.manifest.Pauses = append(r.manifest.Pauses, results.Pause{From: stop.At, To: r.joint.at.Seconds()})
	}
	return nil
}

// openDir makes the run directory, or goes on with it.
func (r *run) openDir(e *engine) (*results.Writer, error) {
	now := r.cfg.Clock.Wall(e.start + e.first.at)
	if c := r.cfg.Continue; c != nil {
		r.manifest.Parts = append(c.before(r.joint), c.part(r.joint, &r.manifest, now))
		e.events.add(e.first.at, results.ContinuedEvent, fmt.Sprintf("%s with operation %d",
			r.manifest.Parts[len(r.manifest.Parts)-1].How, r.joint.op))
		return results.Append(r.cfg.Dir, r.manifest)
	}
	r.manifest.Started = now
	w, err := results.Create(r.cfg.Dir, r.manifest, r.cfg.Scenario.Text)
	if err != nil {
		return nil, err
	}
	if err := keepInputs(r.cfg.Dir, r.cfg.Scenario); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// concludePart fills in where the run stopped, its pauses and, of a run in parts, the last one.
func (r *run) concludePart(ctx context.Context, e *engine, col *collector, err error) {
	m := &r.manifest
	m.Pauses = append(m.Pauses, e.hold.all()...)
	stop := results.Stop{NextOp: e.next.Load(), At: time.Duration(e.ended.Load()).Seconds()}
	if !e.open {
		stop.NextOp = e.indices.taken()
	}
	m.Stopped = &stop
	c := r.cfg.Continue
	if c == nil {
		return
	}
	last := &m.Parts[len(m.Parts)-1]
	last.Ended, last.To, last.NextOp, last.Health = m.Ended, col.last.Seconds(), stop.NextOp, m.Health
	last.Status, last.Reason = statusOf(ctx, err)
	m.Health = joinHealth(m.Parts)
	addVerification(m.Verification, verifiedUntil(c.Run))
}

// part describes what begins now.
func (c *Continuation) part(j joint, m *results.Manifest, began time.Time) results.Part {
	how := "resumed"
	if c.Extension != nil {
		how = "extended by " + c.Extension.String()
	}
	return results.Part{
		How: how, Began: began, From: j.at.Seconds(), FirstOp: j.op, Status: results.Running,
		Tool: m.Tool, Dataset: m.Dataset, StreamDigest: m.StreamDigest,
	}
}

// before returns the parts until now, with how the last of them ended filled in.
func (c *Continuation) before(j joint) []results.Part {
	m := &c.Run.Manifest
	parts := append([]results.Part(nil), m.Parts...)
	if len(parts) == 0 {
		parts = []results.Part{{
			How: "begun", Began: m.Started, Tool: m.Tool, Dataset: m.Dataset, StreamDigest: m.StreamDigest, Health: m.Health, Ended: m.Ended,
		}}
	}
	last := &parts[len(parts)-1]
	last.Status, last.Reason, last.NextOp, last.To = m.Status, m.Reason, j.op, j.at.Seconds()
	if m.Status == results.Running {
		last.Health = healthUntil(c.Run, *last)
		last.Unsure = "what was in flight or waiting at its last interval has no outcome, and operations sent after it are in no sum and are sent again"
	}
	return parts
}

// restore brings the data set to where the operations before the joint left it. What is there
// is kept when a sample of it is right; where nothing is there, as on an embedded server that
// ended with the run, the data set is loaded and the writes are sent again, unrecorded.
func (r *run) restore(ctx context.Context, src source) error {
	found, missing, err := r.sampleKept(ctx)
	switch {
	case err != nil:
		return err
	case found == 0 && missing == 0:
		r.manifest.Dataset = "kept from before; the driver cannot check it"
		return nil
	case found > 0 && missing > 0 && !r.mayMiss():
		return fmt.Errorf("%w: %d of %d sampled items are not there, and the scenario deletes none", driver.ErrDataset, missing, found+missing)
	case found > 0:
		r.manifest.Dataset = fmt.Sprintf("kept from before; verified: %d items, %d of them deleted since", found+missing, missing)
		return nil
	case !r.cfg.Load:
		return errGone
	}
	if err := r.load(ctx); err != nil {
		return err
	}
	n, err := r.replay(ctx, src)
	if err != nil {
		return err
	}
	r.manifest.Dataset = fmt.Sprintf("loaded afresh, and the %d writes among the %d operations before sent again", n, r.joint.op)
	return nil
}

// mayMiss reports whether a loaded item may rightly be gone.
func (r *run) mayMiss() bool {
	w := &r.cfg.Scenario.Workload
	return w.Operations[op.Delete] > 0 || w.Write.TTL > 0 || w.Keys.Trace != nil
}

// replay sends the writes of the operations before the joint, each item's in their order.
func (r *run) replay(ctx context.Context, src source) (uint64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var seen, sent atomic.Uint64
	var wg sync.WaitGroup
	workers := uint64(r.cfg.LoadWorkers)
	for k := range workers {
		session, err := r.cfg.Driver.Session(ctx)
		if err != nil {
			cancel(err)
			break
		}
		wg.Go(func() {
			stream := src.stream()
			kinds, _ := stream.(kinder)
			var o op.Op
			var out op.Outcome
			for i := range r.joint.op {
				if i%1024 == 0 {
					if k == 0 {
						seen.Store(i)
					}
					if ctx.Err() != nil {
						return
					}
				}
				if kinds != nil && !kinds.KindOf(i).Writes() {
					continue
				}
				if stream.At(i, &o); !o.Kind.Writes() || o.Item%workers != k {
					continue
				}
				if err := r.again(ctx, session, &o, &out); err != nil {
					cancel(err)
					return
				}
				sent.Add(1)
			}
			if k == 0 {
				seen.Store(r.joint.op)
			}
		})
	}
	r.watchLoad(ctx, &wg, &seen, Progress{Stage: "restoring", Total: r.joint.op}, cancel)
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	return sent.Load(), nil
}

// again sends a write until it is answered.
func (r *run) again(ctx context.Context, session driver.Session, o *op.Op, out *op.Outcome) error {
	for attempt := 1; ; attempt++ {
		session.Do(ctx, o, out)
		if out.Class <= op.ConditionFailed {
			return nil
		}
		if attempt == sampleAttempts {
			return fmt.Errorf("sending operation %d again: %s %s: %w", o.Index, out.Class, out.Reason, out.Err)
		}
		if r.cfg.Clock.SleepUntil(ctx, r.cfg.Clock.Now()+r.cfg.Interval/10) != nil {
			return context.Cause(ctx)
		}
	}
}
