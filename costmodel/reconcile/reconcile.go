// Package reconcile holds the capacity units that a run's target reported against those that
// DynamoDB's published rules make of the items that its operations met. In comes a run and its
// scenario; out goes a table by kind of operation, with a verdict on each line.
//
// The items are those of the stream, which says for each operation which item it meets; how
// each operation ended is known by kind only. Where that leaves something open (whether a
// delete met its item) a line has two bounds. Pages of queries and scans are computed from the
// bytes that came back.
//
// Left out are units that nobody reports: those of a write whose condition failed, and of
// attempts whose answer never came. Secondary indexes' units are taken off on the reported side.
package reconcile

import (
	"math"

	"crossover/costmodel/units"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// Tolerance is the share by which units may differ before that is reported, samples apart. The
// rules are exact; what is left is rounding of what services report.
const Tolerance = 0.005

// maxSampled bounds how many operations of the stream are looked at.
const maxSampled = 200_000

// Check compares a run's units. It returns nil for a run whose target reported none.
func Check(sc *workload.Scenario, run *results.Run) *results.UnitsCheck {
	seen, offered := sumsOf(run)
	total := 0.0
	for _, s := range seen {
		total += s.read + s.write
	}
	if run.Manifest.Target.Driver != "dynamodb" || total == 0 {
		return nil
	}
	out := &results.UnitsCheck{Kind: run.Manifest.Target.Kind, Tolerance: Tolerance, Of: offered}
	if out.Kind == "embedded" || out.Kind == "simulated" {
		out.Note = "the server counts by the same rules as these: this checks server and driver against one another, and says nothing of AWS"
	}
	var stream [op.KindCount]sample
	stream, out.Sampled = sampled(sc, offered)
	for k := range op.KindCount {
		s := &seen[k]
		if s.answered+s.refused == 0 {
			continue
		}
		e := estimate{sc: sc, kind: k, seen: s, stream: &stream[k], whole: out.Sampled == offered}
		out.Rows = append(out.Rows, e.rows()...)
	}
	return out
}

// sums are what a run's intervals say of one kind.
type sums struct {
	read, write           float64 // of the table itself
	ok, missing, unwanted uint64  // done, not found, refused by a condition
	answered, refused     uint64
	attempts, bytesIn     uint64
}

func sumsOf(run *results.Run) (list [op.KindCount]sums, offered uint64) {
	for _, line := range run.Intervals() {
		offered += line.Offered
		k, ok := op.ParseKind(line.Kind)
		if !ok {
			continue
		}
		s := &list[k]
		s.read += line.ReadUnits - line.IndexReads
		s.write += line.WriteUnits - line.IndexWrites
		s.attempts += line.Attempts
		s.bytesIn += line.BytesIn
		for class, n := range line.Done {
			switch class {
			case op.OK.String():
				s.ok += n
			case op.NotFound.String():
				s.missing += n
			case op.ConditionFailed.String():
				s.unwanted += n
			case op.Dropped.String():
			default:
				s.refused += n
			}
		}
		s.answered = s.ok + s.missing + s.unwanted
	}
	return list, offered
}

// A sample is what the rules make of one kind's operations in the stream.
type sample struct {
	n            uint64
	read, write  moments // with every item there
	least        moments // write units, with the items of deletes not there
	readNothing  moments // read units, with no item there
	bytesUnknown bool    // a filter or projection: what came back is not what was read
}

// moments are a sum and a sum of squares.
type moments struct{ sum, squares float64 }

func (m *moments) add(x float64) {
	m.sum += x
	m.squares += x * x
}

// mean and deviation are per operation.
func (m *moments) mean(n uint64) float64 { return m.sum / float64(max(n, 1)) }

func (m *moments) deviation(n uint64) float64 {
	mean := m.mean(n)
	return math.Sqrt(math.Max(0, m.squares/float64(max(n, 1))-mean*mean))
}

// sampled looks at the stream's first operations, at equal distances where they are many.
func sampled(sc *workload.Scenario, of uint64) (list [op.KindCount]sample, n uint64) {
	stream := workload.NewStream(sc)
	var o op.Op
	stride := max(1, (of+maxSampled-1)/maxSampled)
	for i := uint64(0); i < of; i += stride {
		stream.At(i, &o)
		list[o.Kind].add(sc, &o)
		n++
	}
	return list, n
}

// add computes one operation.
func (s *sample) add(sc *workload.Scenario, o *op.Op) {
	s.n++
	c := units.Eventual
	if o.Consistent {
		c = units.Strong
	}
	asked := o.Asked()
	s.bytesUnknown = s.bytesUnknown || asked.Project != nil || asked.Filter != nil
	var read, nothing, write, least float64
	switch {
	case o.Kind == op.BatchRead, o.Kind == op.TransactRead:
		if o.Kind == op.TransactRead {
			c = units.Transactional
		}
		for i := range o.Parts {
			read += units.Read(sc.ItemSize(o.Parts[i].Item), c)
			nothing += units.Read(0, c)
		}
	case o.Kind == op.BatchWrite, o.Kind == op.TransactWrite:
		for i := range o.Parts {
			p := &o.Parts[i]
			full := units.Write(sc.ItemSize(p.Item), o.Kind == op.TransactWrite)
			write += full
			if p.Step == op.StepDelete || p.Step == op.StepCheck {
				full = units.Write(0, o.Kind == op.TransactWrite)
			}
			least += full
		}
	default:
		size := sc.ItemSize(o.Item)
		read, nothing = units.Read(size, c), units.Read(0, c)
		write = units.Write(size, false)
		least = write
		if o.Kind == op.Delete {
			least = units.Write(0, false)
		}
	}
	s.read.add(read)
	s.readNothing.add(nothing)
	s.write.add(write)
	s.least.add(least)
}
