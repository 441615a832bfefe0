package runner

import (
	"time"

	"crossover/results"
	"crossover/workload/op"
)

// cellOf returns the number of the cell in which an operation counts: one per phase and kind.
func cellOf(phase int, kind op.Kind) int { return phase*int(op.KindCount) + int(kind) }

// A shard is what one worker has recorded since the collector last took it. The cells are
// made when first needed, once a phase.
type shard struct {
	cells    []*cell
	lateness results.Counts // of sends, while a session was free
	keys     sketch
	slowest  slowest
}

// A cell is what a shard recorded of one kind in one phase.
type cell struct {
	classes               [op.ClassCount]uint64
	attempts              uint64
	bytesOut, bytesIn     uint64
	readUnits, writeUnits float64
	indexReads            float64 // of readUnits
	indexWrites           float64 // of writeUnits
	checked
	throttles     tally
	failures      tally
	response      results.Counts // of successes
	service       results.Counts // of successes
	failed        results.Counts // service time of what was sent and did not succeed
	attempt       results.Counts // of attempts that were answered, where the driver lists them
	attemptFailed results.Counts // of the other attempts
}

// A tally counts by class and reason. There are a handful of reasons, so that a walk beats a
// map, and nothing is allocated once each has been seen.
type tally []tallyEntry

type tallyEntry struct {
	class  op.Class
	reason string
	n      uint64
}

func (t *tally) add(class op.Class, reason string, n uint64) {
	for i := range *t {
		if e := &(*t)[i]; e.class == class && e.reason == reason {
			e.n += n
			return
		}
	}
	*t = append(*t, tallyEntry{class, reason, n})
}

func (t *tally) take(from *tally) {
	for i := range *from {
		e := &(*from)[i]
		if e.n > 0 {
			t.add(e.class, e.reason, e.n)
			e.n = 0 // the entry stays, for its storage
		}
	}
}

func (s *shard) cell(index int) *cell {
	c := s.cells[index]
	if c == nil {
		c = new(cell)
		s.cells[index] = c
	}
	return c
}

// done records an operation that was sent and ended.
func (s *shard) done(index int, o *op.Op, out *op.Outcome, response, service time.Duration) {
	c := s.cell(index)
	c.classes[out.Class]++
	c.bytesOut += out.BytesOut
	c.bytesIn += out.BytesIn
	c.readUnits += out.ReadUnits
	c.writeUnits += out.WriteUnits
	c.indexReads += out.IndexReads
	c.indexWrites += out.IndexWrites
	if out.Class.Success() {
		c.response.Record(response)
		c.service.Record(service)
	} else {
		c.failed.Record(service)
	}
	if len(out.Attempts) == 0 {
		c.attempts += uint64(max(out.Requests, 1))
		c.refused(out.Class, out.Reason)
	} else {
		c.attempts += uint64(len(out.Attempts))
		for i := range out.Attempts {
			a := &out.Attempts[i]
			if a.Class > op.ConditionFailed {
				c.attemptFailed.Record(a.Latency)
				c.refused(a.Class, a.Reason)
			} else {
				c.attempt.Record(a.Latency)
			}
		}
	}
	s.keys.add(o.Item)
}

// refused counts one failed attempt by its reason; an answer is none.
func (c *cell) refused(class op.Class, reason string) {
	switch class {
	case op.OK, op.NotFound, op.ConditionFailed:
	case op.Throttled:
		c.throttles.add(class, reason, 1)
	default:
		c.failures.add(class, reason, 1)
	}
}

// A sum is what all workers recorded of one cell: in an interval, or over the run.
type sum struct {
	classes               [op.ClassCount]uint64
	attempts              uint64
	bytesOut, bytesIn     uint64
	readUnits, writeUnits float64
	indexReads            float64 // of readUnits
	indexWrites           float64 // of writeUnits
	checked
	throttles     tally
	failures      tally
	response      *results.Merged
	service       *results.Merged
	failed        *results.Merged
	attempt       *results.Merged
	attemptFailed *results.Merged
}

func newSum() *sum {
	return &sum{
		response: results.NewMerged(), service: results.NewMerged(), failed: results.NewMerged(),
		attempt: results.NewMerged(), attemptFailed: results.NewMerged(),
	}
}

// take adds c's counts and empties c, keeping its storage. It reports whether there were any.
func (m *sum) take(c *cell) bool {
	var n uint64
	for class, count := range c.classes {
		m.classes[class] += count
		n += count
	}
	if n == 0 {
		return false
	}
	m.attempts += c.attempts
	m.bytesOut += c.bytesOut
	m.bytesIn += c.bytesIn
	m.readUnits += c.readUnits
	m.writeUnits += c.writeUnits
	m.indexReads += c.indexReads
	m.indexWrites += c.indexWrites
	m.checked.add(c.checked)
	m.throttles.take(&c.throttles)
	m.failures.take(&c.failures)
	m.response.Take(&c.response)
	m.service.Take(&c.service)
	m.failed.Take(&c.failed)
	m.attempt.Take(&c.attempt)
	m.attemptFailed.Take(&c.attemptFailed)
	c.classes = [op.ClassCount]uint64{}
	c.attempts, c.bytesOut, c.bytesIn, c.readUnits, c.writeUnits = 0, 0, 0, 0, 0
	c.indexReads, c.indexWrites = 0, 0
	c.checked = checked{}
	return true
}

// add adds an interval's sum to that of the run.
func (m *sum) add(from *sum) {
	for class, count := range from.classes {
		m.classes[class] += count
	}
	m.attempts += from.attempts
	m.bytesOut += from.bytesOut
	m.bytesIn += from.bytesIn
	m.readUnits += from.readUnits
	m.writeUnits += from.writeUnits
	m.indexReads += from.indexReads
	m.indexWrites += from.indexWrites
	m.checked.add(from.checked)
	for _, e := range from.throttles {
		m.throttles.add(e.class, e.reason, e.n)
	}
	for _, e := range from.failures {
		m.failures.add(e.class, e.reason, e.n)
	}
	m.response.Add(from.response)
	m.service.Add(from.service)
	m.failed.Add(from.failed)
	m.attempt.Add(from.attempt)
	m.attemptFailed.Add(from.attemptFailed)
}

// reset empties m and keeps its storage.
func (m *sum) reset() {
	m.response.Reset()
	m.service.Reset()
	m.failed.Reset()
	m.attempt.Reset()
	m.attemptFailed.Reset()
	*m = sum{
		throttles: m.throttles[:0], failures: m.failures[:0],
		response: m.response, service: m.service, failed: m.failed,
		attempt: m.attempt, attemptFailed: m.attemptFailed,
	}
}

func (m *sum) overflow() uint64 {
	return m.response.Overflow() + m.service.Overflow() + m.failed.Overflow() +
		m.attempt.Overflow() + m.attemptFailed.Overflow()
}

func (m *sum) total() uint64 {
	var n uint64
	for _, count := range m.classes {
		n += count
	}
	return n
}
