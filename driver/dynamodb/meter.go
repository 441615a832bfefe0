package dynamodb

import (
	"math"
	"sync/atomic"

	"crossover/workload/op"
)

// A meter sums consumed units. Its owner alone adds; anyone may read.
type meter struct{ read, write atomic.Uint64 } // bits of float64

func (m *meter) add(read, write float64) {
	if read > 0 {
		m.read.Store(math.Float64bits(math.Float64frombits(m.read.Load()) + read))
	}
	if write > 0 {
		m.write.Store(math.Float64bits(math.Float64frombits(m.write.Load()) + write))
	}
}

func (m *meter) sums() (read, write float64) {
	return math.Float64frombits(m.read.Load()), math.Float64frombits(m.write.Load())
}

// unseen reports whether an attempt may have consumed units that nothing reported: a condition
// that failed, and an attempt whose answer never came.
func unseen(class op.Class, reason string) bool {
	switch reason {
	case reasonReset, reasonClosed, reasonNetwork, reasonAnswer:
		return true
	}
	return class == op.ConditionFailed || class == op.Timeout
}

// estimate adds what a request on an item consumes by DynamoDB's rules.
func (m *meter) estimate(d *Driver, request op.Kind, item uint64) {
	read, write, _ := d.rules.DynamoDBUnits(request, d.sc.ItemSize(item))
	m.add(read, write)
}

// Consumed returns the units consumed so far by loading and by operations, at least as many as
// were reported (see the package's documentation). It is runner.Meter.
func (d *Driver) Consumed() (readUnits, writeUnits float64) {
	d.load.mu.Lock()
	readUnits, writeUnits = d.load.meter.sums()
	d.load.mu.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.sessions {
		r, w := s.meter.sums()
		readUnits += r
		writeUnits += w
	}
	return readUnits, writeUnits
}
