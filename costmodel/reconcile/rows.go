package reconcile

import (
	"math"

	"crossover/costmodel/units"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// sigmas is how many standard deviations a sample is allowed to be off.
const sigmas = 4

// An estimate makes one kind's rows.
type estimate struct {
	sc     *workload.Scenario
	kind   op.Kind
	seen   *sums
	stream *sample
	whole  bool // the sample is the whole stream
}

// rows returns the kind's rows: read units, write units, or both.
func (e *estimate) rows() []results.UnitsRow {
	switch e.kind {
	case op.Read:
		return []results.UnitsRow{e.reads(0)}
	case op.Update, op.Insert, op.ConditionalUpdate, op.PartialUpdate, op.Increment, op.Touch, op.Delete, op.BatchWrite, op.TransactWrite:
		return []results.UnitsRow{e.writes()}
	case op.ReadModifyWrite:
		// Its write may have been refused after its read was answered.
		return []results.UnitsRow{e.reads(e.seen.refused), e.writes()}
	case op.BatchRead, op.TransactRead:
		return []results.UnitsRow{e.reads(e.seen.refused)}
	case op.Query, op.ScanPage:
		if e.kind == op.Query && !e.sc.HasSort() {
			return []results.UnitsRow{e.reads(0)}
		}
		return []results.UnitsRow{e.pages()}
	case op.QueryIndex:
		return []results.UnitsRow{e.none("read", "it reads an index, whose items the run does not record")}
	case op.Append:
		return []results.UnitsRow{e.none("write", "items grow as they are appended to, and the run does not record how far")}
	}
	return []results.UnitsRow{e.none("read", "no rule is known for it")}
}

func (e *estimate) row(what string, seen float64) results.UnitsRow {
	return results.UnitsRow{Operation: e.kind.String(), Units: what, Answered: e.seen.answered, Seen: seen}
}

func (e *estimate) none(what, why string) results.UnitsRow {
	seen := e.seen.read
	if what == "write" {
		seen = e.seen.write
	}
	r := e.row(what, seen)
	r.Verdict, r.Note = results.UnitsNotComputed, why
	return r
}

// reads computes reads of items by their keys; of the operations in doubt some may have read.
func (e *estimate) reads(doubtful uint64) results.UnitsRow {
	r := e.row("read", e.seen.read)
	mean, nothing := e.stream.read.mean(e.stream.n), e.stream.readNothing.mean(e.stream.n)
	found := float64(e.seen.ok + e.seen.unwanted)
	r.Least = found*mean + float64(e.seen.missing)*nothing
	r.Most = r.Least + float64(doubtful)*mean
	if e.kind == op.BatchRead || e.kind == op.TransactRead {
		if e.mayMiss() {
			r.Least = found*nothing + float64(e.seen.missing)*nothing
			r.Note = "items that were deleted, or expired, cost the least unit, and how many were met is not on record"
		}
	}
	return e.judge(r, &e.stream.read)
}

// writes computes writes; a condition that failed is billed, and not reported.
func (e *estimate) writes() results.UnitsRow {
	r := e.row("write", e.seen.write)
	// NotFound is how a delete or an update of an item that is not there may be reported.
	done := float64(e.seen.ok)
	r.Least = done * e.stream.least.mean(e.stream.n)
	r.Most = done * e.stream.write.mean(e.stream.n)
	if e.kind != op.ReadModifyWrite { // which writes nothing where it found nothing
		r.Most += float64(e.seen.missing) * e.stream.write.mean(e.stream.n)
	}
	if e.kind == op.BatchWrite {
		r.Most += float64(e.seen.refused) * e.stream.write.mean(e.stream.n) // parts of it may have been written
	}
	if r.Least != r.Most {
		r.Note = "a delete of a missing item costs the least unit, and how many items were there is not on record"
	}
	return e.judge(r, &e.stream.write)
}

// pages computes queries and scans from the bytes that came back: each page is rounded up once,
// to between nothing and a block more.
func (e *estimate) pages() results.UnitsRow {
	if e.stream.bytesUnknown {
		return e.none("read", "a filter or projection leaves open how many bytes were read")
	}
	r := e.row("read", e.seen.read)
	factor := units.Read(0, units.Eventual)
	if e.sc.Workload.Read.Consistency == "strong" {
		factor = units.Read(0, units.Strong)
	}
	blocks := float64(e.seen.bytesIn) / units.ReadBlock
	r.Least = factor * math.Max(blocks, float64(e.seen.answered))
	r.Most = factor * (blocks + float64(max(e.seen.attempts, e.seen.answered)))
	r.Note = "from the bytes that came back; each page is rounded up by less than one block"
	return e.judge(r, new(moments))
}

// mayMiss reports whether items of the data set may be gone when they are asked for.
func (e *estimate) mayMiss() bool {
	o := e.sc.Workload.Operations
	return o[op.Delete] > 0 || o[op.Insert] > 0 || o[op.BatchWrite] > 0 || o[op.TransactWrite] > 0 || e.sc.Workload.Write.TTL > 0
}

// judge says whether the seen units lie within the bounds.
func (e *estimate) judge(r results.UnitsRow, m *moments) results.UnitsRow {
	r.Allowed = Tolerance + e.open(m)
	switch {
	case r.Seen < r.Least:
		r.Off = 1 - r.Seen/r.Least
	case r.Seen > r.Most:
		r.Off = math.Inf(1)
		if r.Most > 0 {
			r.Off = r.Seen/r.Most - 1
		}
	}
	r.Verdict = results.UnitsAgree
	if r.Off > r.Allowed {
		r.Verdict = results.UnitsDiffer
	}
	r.Off = math.Min(r.Off, 1e6) // a number that JSON can write
	return r
}

// open is the share that a sample leaves open: the stream may have been looked at in part, and
// of its operations not all may have been answered.
func (e *estimate) open(m *moments) float64 {
	mean, n, ok := m.mean(e.stream.n), float64(e.stream.n), float64(max(e.seen.ok, 1))
	if mean == 0 || n == 0 {
		return 0
	}
	share := 0.0
	deviation := m.deviation(e.stream.n) / mean
	if !e.whole {
		share += deviation / math.Sqrt(n)
	}
	// The mean without those that ended otherwise, taken as any of them.
	if other := float64(e.seen.answered+e.seen.refused) - ok; other > 0 {
		share += deviation * math.Sqrt(other/(ok+other)/ok)
	}
	return sigmas * share
}
