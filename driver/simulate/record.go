package simulate

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"time"

	"crossover/driver"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// topKeys is how many of the most popular items an interval's heat lists.
const topKeys = 10

// A cell is what is recorded of one kind in one phase in an interval.
type cell struct {
	offered, sent         uint64
	classes               [op.ClassCount]uint64
	attempts              uint64
	throttles, failures   map[string]uint64
	readUnits, writeUnits float64
	bytesOut, bytesIn     uint64
	response, service     *results.Merged // of successes
	failed                *results.Merged
	attempt               *results.Merged // of attempts that were answered
	attemptFailed         *results.Merged
}

// A tally is a cell's, with what stands at the end of an interval.
type tally struct {
	cell
	inFlight, waiting int64
	run               cell // the sums of the intervals before
}

// A recorder writes the run directory's intervals.
type recorder struct {
	run    *run
	writer *results.Writer
	cells  []*tally // by phase and kind
	at     time.Duration
	err    error

	keys   map[uint64]uint64 // this interval's accesses by item
	heat   map[string]driver.PartitionHeat
	values map[string]float64
	slow   []results.Slow

	outcomes []results.EventResult
	moments  []results.Moment
	seen     map[string]bool // errors that have been logged
	done     uint64
}

func newRecorder(r *run, w *results.Writer) *recorder {
	n := len(r.cfg.Scenario.Workload.Phases) * int(op.KindCount)
	return &recorder{
		run: r, writer: w, cells: make([]*tally, n), keys: map[uint64]uint64{},
		heat: map[string]driver.PartitionHeat{}, values: map[string]float64{}, seen: map[string]bool{},
	}
}

func newCell() cell {
	return cell{
		throttles: map[string]uint64{}, failures: map[string]uint64{}, response: results.NewMerged(), service: results.NewMerged(),
		failed: results.NewMerged(), attempt: results.NewMerged(), attemptFailed: results.NewMerged(),
	}
}

func (r *recorder) cell(phase int, kind op.Kind) *tally {
	i := phase*int(op.KindCount) + int(kind)
	if r.cells[i] == nil {
		r.cells[i] = &tally{cell: newCell(), run: newCell()}
	}
	return r.cells[i]
}

// offer counts operations that are due.
func (r *recorder) offer(phase int, kind op.Kind, n uint64) {
	c := r.cell(phase, kind)
	c.offered += n
	c.waiting += int64(n)
}

// send counts operations that begin.
func (r *recorder) send(phase int, kind op.Kind, n uint64) {
	c := r.cell(phase, kind)
	c.sent += n
	c.waiting -= int64(n)
	c.inFlight += int64(n)
}

// drop counts operations that were due and never sent.
func (r *recorder) drop(phase int, kind op.Kind, n uint64) {
	c := r.cell(phase, kind)
	c.classes[op.Dropped] += n
	c.waiting -= int64(n)
	r.done += n
}

// end counts n operations of a class that ended.
func (c *tally) end(class op.Class, response, service time.Duration, n uint64) {
	c.classes[class] += n
	c.inFlight -= int64(n)
	if class.Success() {
		c.response.Record(response, int64(n))
		c.service.Record(service, int64(n))
	} else {
		c.failed.Record(service, int64(n))
	}
}

// tried counts n attempts of a class.
func (c *tally) tried(class op.Class, reason string, took time.Duration, n uint64) {
	c.attempts += n
	if class <= op.ConditionFailed {
		c.attempt.Record(took, int64(n))
		return
	}
	c.attemptFailed.Record(took, int64(n))
	if class == op.Throttled {
		c.throttles[reason] += n
	} else {
		c.failures[class.String()+": "+reason] += n
	}
}

func (c *cell) add(o *cell) {
	c.offered += o.offered
	c.sent += o.sent
	for i, n := range o.classes {
		c.classes[i] += n
	}
	c.attempts += o.attempts
	for k, n := range o.throttles {
		c.throttles[k] += n
	}
	for k, n := range o.failures {
		c.failures[k] += n
	}
	c.readUnits += o.readUnits
	c.writeUnits += o.writeUnits
	c.bytesOut += o.bytesOut
	c.bytesIn += o.bytesIn
	c.response.Add(o.response)
	c.service.Add(o.service)
	c.failed.Add(o.failed)
	c.attempt.Add(o.attempt)
	c.attemptFailed.Add(o.attemptFailed)
}

func (c *cell) reset() {
	for _, m := range c.histograms() {
		m.Reset()
	}
	clear(c.throttles)
	clear(c.failures)
	*c = cell{
		throttles: c.throttles, failures: c.failures, response: c.response, service: c.service,
		failed: c.failed, attempt: c.attempt, attemptFailed: c.attemptFailed,
	}
}

func (c *cell) histograms() []*results.Merged {
	return []*results.Merged{c.response, c.service, c.failed, c.attempt, c.attemptFailed}
}

func (c *cell) overflow() (n uint64) {
	for _, m := range c.histograms() {
		n += m.Overflow()
	}
	return n
}

// take ends an interval at a time.
func (r *recorder) take(now time.Duration) error {
	start, length := r.at, now-r.at
	r.at = now
	if length <= 0 {
		return r.err
	}
	var lines []results.Interval
	for i, c := range r.cells {
		if c == nil || c.offered+c.sent+c.attempts == 0 && c.inFlight == 0 && c.waiting == 0 && c.classes == [op.ClassCount]uint64{} {
			continue
		}
		lines = append(lines, r.line(i, c, start, length))
	}
	r.keep(r.writer.Intervals(lines))
	r.latencies(start, length)
	r.sampled(start, length, now)
	r.keep(r.writer.Heat(r.top(start, length)))
	r.slowest()
	r.remember(lines, start, length)
	for _, c := range r.cells {
		if c != nil {
			c.run.add(&c.cell)
			c.reset()
		}
	}
	clear(r.keys)
	if p := r.run.cfg.Progress; p != nil {
		p(now, r.run.planned, r.done)
	}
	return r.err
}

func (r *recorder) keep(err error) { r.err = errors.Join(r.err, err) }

func (r *recorder) line(i int, c *tally, start, length time.Duration) results.Interval {
	phase := &r.run.cfg.Scenario.Workload.Phases[i/int(op.KindCount)]
	line := results.Interval{
		Start: start.Seconds(), Length: length.Seconds(), Kind: op.Kind(i % int(op.KindCount)).String(),
		Phase: phase.Name, Recorded: phase.Record, Offered: c.offered, Sent: c.sent, Done: map[string]uint64{},
		InFlight: c.inFlight, Waiting: c.waiting, Attempts: c.attempts, Overflow: c.overflow(),
		Throttles: cloned(c.throttles), Failures: cloned(c.failures), ReadUnits: c.readUnits, WriteUnits: c.writeUnits,
		BytesOut: c.bytesOut, BytesIn: c.bytesIn, Response: c.response.Percentiles(), Service: c.service.Percentiles(),
	}
	for class, n := range c.classes {
		if n > 0 {
			line.Done[op.Class(class).String()] = n
		}
	}
	return line
}

func cloned(m map[string]uint64) map[string]uint64 {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]uint64, len(m))
	for k, n := range m {
		out[k] = n
	}
	return out
}

// latencies writes the interval's histograms: phases that are recorded alike share one.
func (r *recorder) latencies(start, length time.Duration) {
	phases := r.run.cfg.Scenario.Workload.Phases
	for _, recorded := range []bool{true, false} {
		for kind := op.Kind(0); kind < op.KindCount; kind++ {
			var sums [5]*results.Merged
			for phase := range phases {
				c := r.cells[phase*int(op.KindCount)+int(kind)]
				if c == nil || phases[phase].Record != recorded {
					continue
				}
				for i, m := range c.histograms() {
					switch {
					case m.Total() == 0:
					case sums[i] == nil:
						sums[i] = m
					default:
						both := results.NewMerged()
						both.Add(sums[i])
						both.Add(m)
						sums[i] = both
					}
				}
			}
			for i, measure := range []string{results.Response, results.Service, results.Failure, results.Attempt, results.AttemptFailure} {
				if sums[i] != nil {
					r.keep(r.writer.Latency(start, length, results.Tag(kind.String(), measure, recorded), sums[i]))
				}
			}
		}
	}
}

// sampled writes what the system says of itself: the partitions' service in the interval, the
// counters that changed, and what happened.
func (r *recorder) sampled(start, length, now time.Duration) {
	s := r.run.cfg.System.sample(now)
	var lines []results.Heat
	for _, p := range s.Partitions {
		last := r.heat[p.ID]
		r.heat[p.ID] = p
		line := results.Heat{
			Start: start.Seconds(), Length: length.Seconds(), Partition: p.ID, ReadUnits: p.ReadUnits - last.ReadUnits,
			WriteUnits: p.WriteUnits - last.WriteUnits, Reads: p.Reads - last.Reads, Writes: p.Writes - last.Writes, Busy: p.Busy,
		}
		for reason, n := range p.Throttles {
			if n -= last.Throttles[reason]; n > 0 {
				if line.Throttles == nil {
					line.Throttles = map[string]uint64{}
				}
				line.Throttles[reason] = n
			}
		}
		lines = append(lines, line)
	}
	r.keep(r.writer.Heat(lines))
	changed := map[string]float64{}
	for name, v := range s.Counters {
		if last, ok := r.values[name]; !ok || last != v {
			changed[name], r.values[name] = v, v
		}
	}
	if len(changed) > 0 {
		r.keep(r.writer.Server(results.Server{At: now.Seconds(), Counters: changed}))
	}
	for _, e := range r.run.cfg.System.happened() {
		r.event(e.at, e.name, e.detail)
	}
}

func (r *recorder) event(at time.Duration, name, detail string) {
	r.keep(r.writer.Event(results.Event{At: at.Seconds(), Name: name, Detail: detail}))
}

// firstError logs the first failure of each class and reason.
func (r *recorder) firstError(at time.Duration, kind op.Kind, class op.Class, reason string) {
	if key := class.String() + ": " + reason; !r.seen[key] {
		r.seen[key] = true
		r.event(at, "first_error", kind.String()+" "+key)
	}
}

// top returns the interval's most popular items.
func (r *recorder) top(start, length time.Duration) []results.Heat {
	type entry struct{ item, n uint64 }
	var all []entry
	for item, n := range r.keys {
		if n >= 2 {
			all = append(all, entry{item, n})
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.item, b.item)) })
	var lines []results.Heat
	for _, e := range all[:min(topKeys, len(all))] {
		lines = append(lines, results.Heat{Start: start.Seconds(), Length: length.Seconds(), Key: strconv.FormatUint(e.item, 10), Ops: e.n})
	}
	return lines
}

// slowestKept is how many of an interval's slowest operations are written.
const slowestKept = 5

// slowEnough reports whether a response time is among the interval's longest so far.
func (r *recorder) slowEnough(response time.Duration) bool {
	return len(r.slow) < slowestKept || response.Nanoseconds() > r.slow[slowestKept-1].ResponseNs
}

// keepSlow keeps one of the interval's slowest operations, in order.
func (r *recorder) keepSlow(s results.Slow) {
	at, _ := slices.BinarySearchFunc(r.slow, s, func(a, b results.Slow) int { return cmp.Compare(b.ResponseNs, a.ResponseNs) })
	r.slow = slices.Insert(r.slow, at, s)
	r.slow = r.slow[:min(slowestKept, len(r.slow))]
}

// slowest writes the interval's slowest operations.
func (r *recorder) slowest() {
	r.keep(r.writer.Slowest(r.slow))
	r.slow = r.slow[:0]
}

// remember keeps what the scenario's events are judged by.
func (r *recorder) remember(lines []results.Interval, start, length time.Duration) {
	if len(r.run.cfg.Scenario.EventsOf(r.run.cfg.Target.Name)) == 0 {
		return
	}
	m := results.Moment{Start: start.Seconds(), Length: length.Seconds()}
	all := results.NewMerged()
	for _, c := range r.cells {
		if c != nil {
			all.Add(c.response)
		}
	}
	m.P99 = int64(all.Quantile(0.99))
	most := uint64(0)
	for i := range lines {
		line := &lines[i]
		m.Offered += line.Offered
		m.Attempts += line.Attempts
		for _, n := range line.Throttles {
			m.Bad += n
		}
		for _, n := range line.Failures {
			m.Bad += n
		}
		for class, n := range line.Done {
			m.Done += n
			switch class {
			case op.Dropped.String():
				m.Bad += n
				m.Attempts += n
			case op.NotFound.String():
				m.Missing += n
			}
		}
		if m.Phase == "" || line.Offered > most {
			m.Phase, most = line.Phase, line.Offered
		}
	}
	r.moments = append(r.moments, m)
}

// totals returns the sums of the recorded phases.
func (r *recorder) totals() results.Totals {
	t := results.NewTotals()
	for i, c := range r.cells {
		if c == nil || !r.run.cfg.Scenario.Workload.Phases[i/int(op.KindCount)].Record {
			continue
		}
		s := &c.run
		t.Offered += s.offered
		t.Sent += s.sent
		for class, n := range s.classes {
			if n > 0 {
				t.ByClass[op.Class(class).String()] += n
			}
		}
		for k, n := range s.throttles {
			t.Throttles[k] += n
		}
		for k, n := range s.failures {
			t.Failures[k] += n
		}
		t.Attempts += s.attempts
		t.Overflow += s.overflow()
		t.ReadUnits += s.readUnits
		t.WriteUnits += s.writeUnits
		t.BytesOut += s.bytesOut
		t.BytesIn += s.bytesIn
		t.InFlight += uint64(c.inFlight)
		t.Waiting += uint64(c.waiting)
	}
	return t
}

// responses returns the response times of the recorded phases by kind.
func (r *recorder) responses() (out [op.KindCount]*results.Merged) {
	for i, c := range r.cells {
		if c == nil || !r.run.cfg.Scenario.Workload.Phases[i/int(op.KindCount)].Record {
			continue
		}
		kind := i % int(op.KindCount)
		if out[kind] == nil {
			out[kind] = results.NewMerged()
		}
		out[kind].Add(c.run.response)
	}
	return out
}

// keepInputs copies the files that a scenario names beside the run's scenario.yaml.
func keepInputs(dir string, sc *workload.Scenario) error {
	for _, in := range sc.Inputs {
		if err := in.CopyTo(dir); err != nil {
			return err
		}
	}
	return nil
}
