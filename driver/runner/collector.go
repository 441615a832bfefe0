package runner

import (
	"context"
	"errors"
	"strconv"
	"time"

	"crossover/results"
	"crossover/workload/op"
)

// A collector takes the workers' shards once an interval, writes the interval and keeps the
// sums of the run. Everything in it belongs to one goroutine.
type collector struct {
	e        *engine
	writer   *results.Writer
	interval time.Duration
	spare    *shard // empty; exchanged for the next worker's

	last     time.Duration      // end of the last interval
	prior    [op.KindCount]*sum // what earlier parts of the run recorded
	earlier  results.Totals     // and what they left in flight or waiting
	sums     []*sum             // this interval's, by cell; nil until first needed
	run      []*sum             // the run's
	flying   []int64            // in flight by cell, at this interval's end
	before   []cellState        // at the last interval's end
	lateness *results.Merged
	all      *results.Merged // response times of all kinds in this interval
	joined   *results.Merged // of several cells, while it is written
	keys     sketch
	slowest  slowest
	totals   runTotals

	monitor *monitor
	err     error // the first that the writer returned

	drilling bool             // events of the scenario are to be judged
	moments  []results.Moment // kept for that

	observe  func([]Observation)
	spend    func(read, write float64) (usd float64)
	budget   func(usd float64)
	progress func(Progress)
}

// A cellState is what was cumulative at an interval's end.
type cellState struct {
	offered  uint64
	inFlight int64
	waiting  int64
}

// runTotals are sums over the whole run, warm-up included.
type runTotals struct {
	ended, errors, throttles uint64
	read, write              float64
}

func newCollector(e *engine, w *results.Writer, interval time.Duration) *collector {
	return &collector{
		e: e, writer: w, interval: interval, spare: e.newShard(),
		sums: make([]*sum, e.cells()), run: make([]*sum, e.cells()),
		flying: make([]int64, e.cells()), before: make([]cellState, e.cells()),
		lateness: results.NewMerged(), all: results.NewMerged(), joined: results.NewMerged(),
		monitor: newMonitor(), last: e.first.at,
		progress: func(Progress) {},
	}
}

// collect writes an interval at each multiple of the interval's length until ctx ends.
func (c *collector) collect(ctx context.Context, each func()) {
	for n := time.Duration(1); ; n++ {
		if c.e.clock.SleepUntil(ctx, c.e.start+c.e.first.at+n*c.interval) != nil {
			return
		}
		c.take()
		each()
	}
}

// take ends an interval: it exchanges the shards, and writes what they held.
func (c *collector) take() {
	clear(c.flying)
	// The order matters: what has ended is read before what was sent, and that before what
	// was offered, so that in flight and waiting are never negative.
	for _, w := range c.e.workers {
		c.exchange(w)
	}
	if c.e.pacer != nil {
		c.exchange(c.e.pacer)
	}
	now := c.e.now()
	start, length := c.last, now-c.last
	c.last = now

	recorded := false
	for i, s := range c.sums {
		active := s != nil && s.total() > 0 || c.flying[i] > 0
		recorded = recorded || active && c.e.phases[i/int(op.KindCount)].Record
	}
	limited := c.monitor.interval(length, c.lateness, recorded, length >= c.interval/2)
	lines, cells, view := c.lines(start, length, limited)
	c.keep(c.writer.Intervals(lines))
	c.show(lines, cells)
	c.keep(c.writeLatency(start, length))
	c.keep(c.writer.Heat(c.hotKeys(start, length)))
	c.keep(c.writer.Slowest(c.slowest.lines()))
	for _, event := range c.e.events.take() {
		c.keep(c.writer.Event(event))
	}
	c.remember(lines, view, start, length)
	c.account(lines, view, length, limited)
	for i, s := range c.sums {
		if s != nil && s.total() > 0 {
			if c.run[i] == nil {
				c.run[i] = newSum()
			}
			c.run[i].add(s)
			s.reset()
		}
	}
	c.lateness.Reset()
	c.keys = sketch{}
	c.slowest.reset()
}

func (c *collector) keep(err error) { c.err = errors.Join(c.err, err) }

// exchange gives w an empty shard for its own and merges that. The worker waits at most for
// the exchange of two pointers.
func (c *collector) exchange(w *worker) {
	w.mu.Lock()
	taken := w.shard
	w.shard = c.spare
	state := w.state.Load()
	w.mu.Unlock()
	if state > 0 {
		c.flying[state-1]++
	}
	for i, from := range taken.cells {
		if from == nil {
			continue
		}
		if c.sums[i] == nil {
			c.sums[i] = newSum()
		}
		if !c.sums[i].take(from) {
			taken.cells[i] = nil // of a phase that is over, or a rare kind: give it back
		}
	}
	c.lateness.Take(&taken.lateness)
	c.keys.take(&taken.keys)
	c.slowest.take(&taken.slowest)
	c.spare = taken
}

// lines returns the interval's lines with the cell of each, and the response times of all
// kinds together, which stay until the next interval.
func (c *collector) lines(start, length time.Duration, limited bool) (lines []results.Interval, cells []int, view *results.Merged) {
	all := c.all
	all.Reset()
	paused := c.e.hold.during(start, start+length)
	for i := range c.before {
		s := c.sums[i]
		if s == nil {
			if c.flying[i] == 0 && c.offeredOf(i) == c.before[i].offered && c.before[i].inFlight == 0 {
				continue
			}
			s = newSum()
			c.sums[i] = s
		}
		line, changed := c.line(i, s)
		if !changed {
			continue
		}
		line.Start, line.Length, line.Limited, line.Paused = start.Seconds(), length.Seconds(), limited, paused
		lines = append(lines, line)
		cells = append(cells, i)
		all.Add(s.response)
	}
	return lines, cells, all
}

// show gives the interval to whoever watches the run.
func (c *collector) show(lines []results.Interval, cells []int) {
	if c.observe == nil {
		return
	}
	seen := make([]Observation, len(lines))
	for i := range lines {
		s := c.sums[cells[i]]
		seen[i] = Observation{Interval: &lines[i], Response: s.response, Service: s.service}
	}
	c.observe(seen)
}

func (c *collector) offeredOf(cell int) uint64 {
	if !c.e.open {
		return 0
	}
	return c.e.offered[cell].Load()
}

// line returns one cell's line, and whether there is anything to say.
func (c *collector) line(cell int, s *sum) (results.Interval, bool) {
	before := &c.before[cell]
	dropped := s.classes[op.Dropped]
	done := s.total() - dropped
	inFlight := c.flying[cell]
	sent := uint64(int64(done) + inFlight - before.inFlight)
	offered := sent + dropped // a closed loop offers what it sends
	if c.e.open {
		cumulative := c.offeredOf(cell)
		offered = cumulative - before.offered
		before.offered = cumulative
	}
	waiting := before.waiting + int64(offered) - int64(sent) - int64(dropped)
	changed := offered+sent+done+dropped > 0 || inFlight != 0 || waiting != 0
	before.inFlight, before.waiting = inFlight, waiting

	phase := c.e.phases[cell/int(op.KindCount)]
	line := results.Interval{
		Kind: op.Kind(cell % int(op.KindCount)).String(), Phase: phase.Name, Recorded: phase.Record,
		Offered: offered, Sent: sent, Done: map[string]uint64{},
		InFlight: inFlight, Waiting: waiting,
		Attempts: s.attempts, Overflow: s.overflow(),
		Throttles: reasons(s.throttles, false), Failures: reasons(s.failures, true),
		ReadUnits: s.readUnits, WriteUnits: s.writeUnits, IndexReads: s.indexReads, IndexWrites: s.indexWrites, BytesOut: s.bytesOut, BytesIn: s.bytesIn,
		Verified: s.verified, Stale: s.stale, Corrupt: s.corrupt,
		Response: s.response.Percentiles(), Service: s.service.Percentiles(),
	}
	for class, n := range s.classes {
		if n > 0 {
			line.Done[op.Class(class).String()] = n
		}
	}
	return line, changed
}

// reasons returns a tally by reason, or by class and reason.
func reasons(t tally, withClass bool) map[string]uint64 {
	if len(t) == 0 {
		return nil
	}
	m := make(map[string]uint64, len(t))
	for _, e := range t {
		name := e.reason
		if name == "" {
			name = "unnamed"
		}
		if withClass {
			name = e.class.String() + ": " + name
		}
		m[name] += e.n
	}
	return m
}

// writeLatency writes one histogram a tag: phases that are recorded alike share it.
func (c *collector) writeLatency(start, length time.Duration) error {
	var errs []error
	for _, recorded := range []bool{true, false} {
		for kind := op.Kind(0); kind < op.KindCount; kind++ {
			var parts []*sum
			for phase := range c.e.phases {
				s := c.sums[cellOf(phase, kind)]
				if s != nil && s.total() > 0 && c.e.phases[phase].Record == recorded {
					parts = append(parts, s)
				}
			}
			write := func(measure string, of func(*sum) *results.Merged) {
				errs = append(errs, c.writer.Latency(start, length,
					results.Tag(kind.String(), measure, recorded), c.join(parts, of)))
			}
			write(results.Response, func(s *sum) *results.Merged { return s.response })
			write(results.Service, func(s *sum) *results.Merged { return s.service })
			write(results.Failure, func(s *sum) *results.Merged { return s.failed })
			write(results.Attempt, func(s *sum) *results.Merged { return s.attempt })
			write(results.AttemptFailure, func(s *sum) *results.Merged { return s.attemptFailed })
		}
	}
	return errors.Join(errs...)
}

// join returns one measure of several cells together, valid until the next call.
func (c *collector) join(parts []*sum, of func(*sum) *results.Merged) *results.Merged {
	if len(parts) == 1 {
		return of(parts[0])
	}
	c.joined.Reset()
	for _, s := range parts {
		c.joined.Add(of(s))
	}
	return c.joined
}

// hotKeys returns the interval's most popular items.
func (c *collector) hotKeys(start, length time.Duration) []results.Heat {
	var lines []results.Heat
	for _, e := range c.keys.top(TopKeys) {
		lines = append(lines, results.Heat{
			Start: start.Seconds(), Length: length.Seconds(),
			Key: strconv.FormatUint(e.item, 10), Ops: e.count, OpsError: e.err,
		})
	}
	return lines
}

// account adds the interval to the run's totals, holds the budget, and reports progress.
func (c *collector) account(lines []results.Interval, all *results.Merged, length time.Duration, limited bool) {
	p := Progress{Stage: "running", At: c.last, Limited: limited}
	var ended, offered uint64
	for i := range lines {
		line := &lines[i]
		c.totals.read += line.ReadUnits
		c.totals.write += line.WriteUnits
		for class, n := range line.Done {
			ended += n
			switch class {
			case op.Throttled.String(), op.Overload.String(), op.Timeout.String(),
				op.Failed.String(), op.Dropped.String():
				c.totals.errors += n
			}
		}
		for _, n := range line.Throttles {
			c.totals.throttles += n
		}
		offered += line.Offered
		p.InFlight += line.InFlight
		p.Waiting += line.Waiting
		p.Phase = line.Phase
	}
	c.totals.ended += ended
	if seconds := length.Seconds(); seconds > 0 {
		p.Rate, p.Offered = float64(ended)/seconds, float64(offered)/seconds
	}
	p.Done, p.Errors, p.Throttle = c.totals.ended, c.totals.errors, c.totals.throttles
	p.P50, p.P99 = all.Quantile(0.5), all.Quantile(0.99)
	if c.spend != nil {
		p.SpentUSD = c.spend(c.totals.read, c.totals.write)
		c.budget(p.SpentUSD)
	}

	c.progress(p)
}
