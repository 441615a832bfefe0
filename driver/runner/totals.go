package runner

import (
	"crossover/results"
	"crossover/workload/op"
)

// recordedSums returns the run's sums over recorded phases, by kind; nil where there are none.
func (c *collector) recordedSums() [op.KindCount]*sum {
	var kinds [op.KindCount]*sum
	for kind, s := range c.prior {
		if s != nil {
			kinds[kind] = newSum()
			kinds[kind].add(s)
		}
	}
	for i, s := range c.run {
		if s == nil || !c.e.phases[i/int(op.KindCount)].Record {
			continue
		}
		kind := i % int(op.KindCount)
		if kinds[kind] == nil {
			kinds[kind] = newSum()
		}
		kinds[kind].add(s)
	}
	return kinds
}

// result returns the totals of the recorded phases. It must close: see results.Totals.Check.
func (c *collector) result() results.Totals {
	t := results.NewTotals()
	for _, s := range c.recordedSums() {
		if s == nil {
			continue
		}
		for class, n := range s.classes {
			if n > 0 {
				t.ByClass[op.Class(class).String()] += n
			}
		}
		for name, n := range reasons(s.throttles, false) {
			t.Throttles[name] += n
		}
		for name, n := range reasons(s.failures, true) {
			t.Failures[name] += n
		}
		t.Attempts += s.attempts
		t.ReadUnits += s.readUnits
		t.WriteUnits += s.writeUnits
		t.IndexReads += s.indexReads
		t.IndexWrites += s.indexWrites
		t.BytesOut += s.bytesOut
		t.BytesIn += s.bytesIn
		t.Verified += s.verified
		t.Stale += s.stale
		t.Corrupt += s.corrupt
		t.Overflow += s.overflow()
	}
	var offered uint64
	for i, state := range c.before {
		if c.e.phases[i/int(op.KindCount)].Record {
			offered += state.offered
			t.InFlight += uint64(state.inFlight)
			t.Waiting += uint64(state.waiting)
		}
	}
	offered += c.earlier.Offered
	t.InFlight += c.earlier.InFlight
	t.Waiting += c.earlier.Waiting
	t.Sent = t.Answered() + t.InFlight
	t.Offered = t.Sent + t.ByClass[op.Dropped.String()] + t.Waiting
	if c.e.open {
		t.Offered = offered // counted by itself, so that Check has something to check
	}
	return t
}
