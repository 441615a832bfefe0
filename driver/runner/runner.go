package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// Run sends the whole stream of c.Scenario to c.Driver on its schedule, and writes the run
// directory c.Dir. Before that it makes the target ready (driver.Provisioner, which refuses
// what is not crossover's own), describes it, loads the data set if c.Load says so, and opens
// connections. It runs in real time: c.Clock is the real one, or a test's synctest bubble.
//
// The manifest is never nil once c is valid, and is what manifest.json says. The error is nil
// for a complete run. When ctx ends, the manifest's status is interrupted, the error ctx's
// cause, and everything sent until then has been drained, for InterruptDrainLimit at most,
// and written. A spent budget ends the run the same way, with driver.ErrBudget. Objectives
// not met and a limited generator are in the manifest, not errors.
func Run(ctx context.Context, c Config) (*results.Manifest, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	src := source{
		stream:       func() workload.Stream { return workload.NewStream(c.Scenario) },
		streamDigest: workload.StreamDigest(c.Scenario),
		textDigest:   workload.ScenarioDigest(c.Scenario),
	}
	if c.Scenario.Workload.Arrival.Open != nil {
		src.plan = workload.NewPlan(c.Scenario)
	}
	return execute(ctx, c.withDefaults(), src)
}

// A source is where a run's operations come from.
type source struct {
	stream       func() workload.Stream // a clone for one goroutine
	plan         schedule               // open loop; nil in a closed one
	streamDigest string
	textDigest   string
}

// A run is one call of Run.
type run struct {
	cfg      Config
	manifest results.Manifest
	warmed   bool
	joint    joint // where it begins
	// What earlier parts of the run recorded, by kind, and how many operations ended in them.
	prior       [op.KindCount]*sum
	priorTotals results.Totals
	priorEnded  uint64
}

// startLead is how long before the run's zero everything stands ready, so that creating the
// run directory delays no operation.
const startLead = 20 * time.Millisecond

// errRecording: the run directory could not be written.
var errRecording = errors.New("recording the run")

// errAbandoned: sessions did not come back from a cancelled context.
var errAbandoned = errors.New("sessions did not return after their context was cancelled")

// execute prepares the target, runs the whole schedule and writes the run directory.
func execute(ctx context.Context, c Config, src source) (*results.Manifest, error) {
	r := &run{cfg: c}
	r.describeRun(src)
	if err := r.beginAt(src); err != nil {
		return &r.manifest, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if err := r.provision(ctx, src); err != nil {
		return r.giveUp(ctx, err)
	}
	e := r.newEngine(src)
	if err := r.workers(ctx, e, src.stream); err != nil {
		return r.giveUp(ctx, err)
	}
	opCtx, cancelOps := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelOps()
	e.opCtx = opCtx

	sampler := newSampler(ctx, e, c.Driver)
	c.Pause.wait(ctx) // a run that is paused before it begins begins when it goes on
	e.start = c.Clock.Now() + startLead - e.first.at
	w, err := r.openDir(e)
	if err != nil {
		return &r.manifest, err
	}
	col := newCollector(e, w, c.Interval)
	col.prior, col.totals.ended, col.earlier = r.prior, r.priorEnded, r.priorTotals
	if c.monitor != nil {
		col.monitor = c.monitor()
	}
	drill := newDrill(&r.cfg, e)
	col.drilling = drill != nil
	col.progress = r.planProgress(e)
	col.observe = c.Observe
	col.spend = r.spent
	col.budget = func(usd float64) { r.holdBudget(usd, stop) }

	col.monitor.timer(clock.Wakeups(ctx, c.Clock, e.start+e.first.at-startLead/4))
	endDrill := drill.begin(ctx)
	runErr := r.conduct(ctx, e, col, sampler, cancelOps, stop, endDrill)
	r.manifest.Events = drill.results(col.moments)
	r.conclude(ctx, e, col, runErr)
	err = errors.Join(w.Manifest(r.manifest), w.Close())
	return &r.manifest, errors.Join(runErr, err)
}

// describeRun fills in what is known of the run before it begins.
func (r *run) describeRun(src source) {
	sc := r.cfg.Scenario
	r.manifest = results.Manifest{
		Format: [2]int{results.FormatMajor, results.FormatMinor},
		Status: results.Running, Tool: r.cfg.Tool, Run: r.cfg.Run,
		Scenario: sc.Name, ScenarioDigest: src.textDigest, StreamDigest: src.streamDigest,
		Seed: sc.Seed, Shard: "1/1", Repetition: r.cfg.Repetition, Order: r.cfg.Order, Mapping: r.cfg.Mapping, Host: hostFacts(r.cfg.Host),
		Interval: r.cfg.Interval, BudgetUSD: r.cfg.BudgetUSD, Totals: results.NewTotals(),
	}
	r.manifest.Adapted = sc.Adapted
	if r.cfg.Description != "" {
		r.manifest.Host["description"] = r.cfg.Description
	}
	if open := sc.Workload.Arrival.Open; open != nil {
		r.manifest.Arrival = fmt.Sprintf("open %s, %d sessions", open.Describe(), r.cfg.Sessions)
	} else {
		r.manifest.Arrival = fmt.Sprintf("closed, %d workers", r.cfg.Sessions)
		if think := sc.Workload.Arrival.Closed.Think; think > 0 {
			r.manifest.Arrival += fmt.Sprintf(", %v think time", think)
			if sc.Workload.Arrival.Closed.ThinkTime == "exponential" {
				r.manifest.Arrival += " in the mean, exponential"
			}
		}
	}
	for _, p := range sc.Workload.Phases {
		r.manifest.Planned += p.For
	}
	for _, in := range sc.Inputs {
		r.manifest.Inputs = append(r.manifest.Inputs, results.Input{Name: in.Name, Digest: in.Digest, Bytes: in.Bytes})
	}
}

func (r *run) newEngine(src source) *engine {
	wl := &r.cfg.Scenario.Workload
	e := &engine{
		clock: r.cfg.Clock, phases: wl.Phases, plan: src.plan,
		maxLateness: wl.MaxLateness, open: wl.Arrival.Open != nil,
		verifier: newVerifier(r.cfg.Scenario), first: r.joint,
	}
	e.hold.pauser = r.cfg.Pause
	e.hold.shift.Store(int64(r.joint.at - r.joint.planned))
	if e.maxLateness <= 0 {
		e.maxLateness = DefaultMaxLateness
	}
	if e.open {
		e.queue = newQueue(r.cfg.Sessions)
		e.offered = make([]atomic.Uint64, e.cells())
	} else {
		if wl.Arrival.Closed.Think > 0 {
			e.think = r.cfg.Scenario.ThinkAfter
		}
	}
	return e
}

// conduct sends, collects and samples until everything has ended or been given up.
func (r *run) conduct(ctx context.Context, e *engine, col *collector, s *sampler,
	cancelOps context.CancelFunc, stop context.CancelCauseFunc, endDrill func(),
) error {
	background := context.WithoutCancel(ctx)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		e.send(ctx)
	}()

	each := func() {
		if col.err != nil {
			stop(fmt.Errorf("%w: %w", errRecording, col.err))
		}
	}
	endSampling := func() {}
	if s != nil {
		check := each
		each = func() { check(); s.want() }
		endSampling = s.begin(background, col.writer)
	}
	collecting, endCollecting := context.WithCancel(background)
	var wg sync.WaitGroup
	wg.Go(func() { col.collect(collecting, each) })

	abandoned := r.await(ctx, e, sent, cancelOps)
	endDrill()
	endCollecting()
	wg.Wait()
	endSampling()
	col.take()

	switch {
	case col.err != nil:
		return fmt.Errorf("%w: %w", errRecording, col.err)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case abandoned:
		return errAbandoned
	}
	return nil
}

// await returns when everything sent has ended. Once the schedule is over, or ctx is, it
// waits for what is in flight only for a stated time, cancels that, and at last abandons it.
func (r *run) await(ctx context.Context, e *engine, sent <-chan struct{}, cancelOps context.CancelFunc) (abandoned bool) {
	limit := InterruptDrainLimit
	if !r.untilLastSend(ctx, e, sent) && ctx.Err() == nil {
		limit = DrainLimit
	}
	background := context.WithoutCancel(ctx)
	if r.until(background, sent, e.clock.Now()+limit) {
		return false
	}
	cancelOps()
	r.warn(fmt.Sprintf("operations still unanswered after %v were cancelled", limit))
	if r.until(background, sent, e.clock.Now()+AbandonLimit) {
		return false
	}
	r.warn(fmt.Sprintf("%v: they count as in flight", errAbandoned))
	return true
}

// lastSend returns the clock's time after which an open loop sends nothing more, and a
// closed loop bounded by time begins nothing more.
func (e *engine) lastSend() time.Duration {
	for _, p := range e.phases {
		if p.For <= 0 {
			return 1 << 62 // bounded by operations: no time is known
		}
	}
	return e.start + e.phaseStart(len(e.phases)) + e.hold.shifted() + e.maxLateness
}

// untilLastSend waits for sent, or until nothing more is sent, however often the run is paused.
func (r *run) untilLastSend(ctx context.Context, e *engine, sent <-chan struct{}) bool {
	for {
		at := e.lastSend()
		if r.until(ctx, sent, at) {
			return true
		}
		waiting, cancel := context.WithCancel(ctx)
		go func() {
			select {
			case <-sent:
				cancel()
			case <-waiting.Done():
			}
		}()
		e.hold.wait(waiting)
		cancel()
		if ctx.Err() != nil || e.lastSend() == at {
			return false
		}
	}
}

// until waits for done, and reports whether it came before the given time and the end of ctx.
func (r *run) until(ctx context.Context, done <-chan struct{}, at time.Duration) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-done:
			cancel()
		case <-ctx.Done():
		}
	}()
	// Whatever ended the sleep, done tells.
	_ = r.cfg.Clock.SleepUntil(ctx, at)
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// conclude fills in how the run ended and what it found.
func (r *run) conclude(ctx context.Context, e *engine, col *collector, err error) {
	m := &r.manifest
	m.Ended = r.cfg.Clock.Wall(r.cfg.Clock.Now())
	m.Totals = col.result()
	m.Health = col.monitor.result()
	m.Health.ConnectionErrors = connectionErrors(m.Totals.Failures)
	m.Verification = e.verifier.result()
	r.concludePart(ctx, e, col, err)
	if err := m.Verification.Err(); err != nil {
		r.warn(err.Error())
	}
	m.SpentUSD += r.spent(col.totals.read, col.totals.write)
	if err := m.Totals.Check(); err != nil {
		r.warn(err.Error())
	}
	kinds := col.recordedSums()
	m.Objectives = judge(r.cfg.Scenario.Objectives, kinds, m.Totals)
	m.Fairness = fairness(m, e.open, r.warmed, kinds)
	m.Status, m.Reason = statusOf(ctx, err)
	if m.Totals.Overflow > 0 {
		r.warn(fmt.Sprintf("%d latencies lay outside the histograms' range (0 to %v) and are not in the percentiles",
			m.Totals.Overflow, results.LatencyMax))
	}
}

// statusOf says how a run ended: a person's interrupt and a spent budget interrupt it,
// anything else fails it.
func statusOf(ctx context.Context, err error) (results.Status, string) {
	switch {
	case err == nil:
		return results.Complete, ""
	case errors.Is(err, errRecording):
		return results.Failed, results.Scrub(err.Error())
	case errors.Is(err, driver.ErrBudget):
		return results.Interrupted, results.Scrub(err.Error())
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return results.Interrupted, "interrupted"
	case ctx.Err() != nil:
		return results.Interrupted, results.Scrub(context.Cause(ctx).Error())
	}
	return results.Failed, results.Scrub(err.Error())
}

// giveUp writes a run directory for a run that could not begin. A target that is not
// crossover's is refused before anything happens, and leaves nothing behind.
func (r *run) giveUp(ctx context.Context, cause error) (*results.Manifest, error) {
	m := &r.manifest
	if errors.Is(cause, driver.ErrNotOwned) {
		m.Status, m.Reason = results.Failed, results.Scrub(cause.Error())
		return m, cause
	}
	if r.cfg.Continue != nil {
		m.Status, m.Reason = statusOf(ctx, cause) // what the directory says stays true
		m.SpentUSD += r.spent(0, 0)
		return m, cause
	}
	m.Started = r.cfg.Clock.Wall(r.cfg.Clock.Now())
	m.Ended = m.Started
	w, err := results.Create(r.cfg.Dir, *m, r.cfg.Scenario.Text)
	m.Status, m.Reason = statusOf(ctx, cause)
	m.SpentUSD = r.spent(0, 0)
	if err != nil {
		return m, errors.Join(cause, err)
	}
	return m, errors.Join(cause, w.Manifest(*m), w.Close())
}

// spent prices what has been consumed: the driver's own meter where it has one, which knows
// of loading too, else the run's operations.
func (r *run) spent(read, write float64) float64 {
	if r.cfg.PriceOf == nil {
		return 0
	}
	if m, ok := r.cfg.Driver.(Meter); ok {
		read, write = m.Consumed()
	}
	return r.cfg.PriceOf(read, write)
}

// holdBudget stops the run when it has spent its budget.
func (r *run) holdBudget(usd float64, stop context.CancelCauseFunc) {
	if r.cfg.BudgetUSD > 0 && usd >= r.cfg.BudgetUSD {
		stop(fmt.Errorf("%w: spent %.4f USD of %.4f USD", driver.ErrBudget, usd, r.cfg.BudgetUSD))
	}
}

func (r *run) warn(texts ...string) {
	for _, text := range texts {
		r.manifest.Warnings = append(r.manifest.Warnings, results.Scrub(text))
	}
}

// planProgress adds to a progress report what is known of the plan.
func (r *run) planProgress(e *engine) func(Progress) {
	var total uint64
	for _, p := range e.phases {
		total += p.Ops
	}
	if s, ok := e.plan.(interface{ Len() uint64 }); ok {
		total = s.Len()
	}
	return func(p Progress) {
		p.Planned, p.Total = r.manifest.Planned, total
		if p.Planned > 0 {
			p.Planned += e.hold.shifted()
		}
		p.Paused = e.hold.held.Load()
		if p.Planned > 0 && p.At > p.Planned && !p.Paused {
			p.Stage = "draining"
		}
		r.cfg.Progress(p)
	}
}
