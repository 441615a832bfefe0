package results

import (
	"fmt"

	"crossover/workload/op"
)

// NewTotals returns empty totals with their maps made.
func NewTotals() Totals {
	return Totals{
		ByClass:   map[string]uint64{},
		Throttles: map[string]uint64{},
		Failures:  map[string]uint64{},
	}
}

// SumIntervals returns the sums over the recorded ones among lines. InFlight and Waiting are
// those of each kind's and phase's last line.
func SumIntervals(lines []Interval) Totals {
	t := NewTotals()
	type cell struct{ kind, phase string }
	last := map[cell]*Interval{}
	for i := range lines {
		line := &lines[i]
		if !line.Recorded {
			continue
		}
		t.Offered += line.Offered
		t.Sent += line.Sent
		addTo(t.ByClass, line.Done)
		addTo(t.Throttles, line.Throttles)
		addTo(t.Failures, line.Failures)
		t.Attempts += line.Attempts
		t.Overflow += line.Overflow
		t.ReadUnits += line.ReadUnits
		t.WriteUnits += line.WriteUnits
		t.IndexReads += line.IndexReads
		t.IndexWrites += line.IndexWrites
		t.BytesOut += line.BytesOut
		t.BytesIn += line.BytesIn
		t.Verified += line.Verified
		t.Stale += line.Stale
		t.Corrupt += line.Corrupt
		last[cell{line.Kind, line.Phase}] = line
	}
	for _, line := range last {
		t.InFlight += uint64(max(line.InFlight, 0))
		t.Waiting += uint64(max(line.Waiting, 0))
	}
	return t
}

func addTo(sum, from map[string]uint64) {
	for k, n := range from {
		sum[k] += n
	}
}

// Answered returns how many operations ended, dropped ones apart.
func (t Totals) Answered() uint64 {
	var n uint64
	for class, count := range t.ByClass {
		if class != op.Dropped.String() {
			n += count
		}
	}
	return n
}

// Errors returns how many operations failed: throttled, overload, timeout, failed and
// dropped. A missing item and a condition that did not hold are answers.
func (t Totals) Errors() uint64 {
	var n uint64
	for _, c := range []op.Class{op.Throttled, op.Overload, op.Timeout, op.Failed, op.Dropped} {
		n += t.ByClass[c.String()]
	}
	return n
}

// Check returns an error when the sums do not close.
func (t Totals) Check() error {
	dropped := t.ByClass[op.Dropped.String()]
	if t.Sent != t.Answered()+t.InFlight {
		return fmt.Errorf("sums do not close: %d sent, but %d answered and %d in flight",
			t.Sent, t.Answered(), t.InFlight)
	}
	if t.Offered != t.Sent+dropped+t.Waiting {
		return fmt.Errorf("sums do not close: %d offered, but %d sent, %d dropped and %d waiting",
			t.Offered, t.Sent, dropped, t.Waiting)
	}
	return nil
}
