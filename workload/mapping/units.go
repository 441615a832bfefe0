package mapping

import (
	"math"
	"slices"

	"crossover/costmodel/units"
	"crossover/workload"
	"crossover/workload/op"
)

// moreUnits is DynamoDBUnits for the kinds behind the first.
func (m *Mapping) moreUnits(kind op.Kind, itemBytes uint64, c units.Consistency) (read, write float64, requests int) {
	n := float64(m.sc.Parts(kind))
	switch kind {
	case op.ConditionalUpdate, op.PartialUpdate, op.Increment, op.Append, op.Touch:
		return 0, units.Write(itemBytes, false) + m.indexWrites(kind, itemBytes), 1
	case op.QueryIndex:
		return m.indexQuery(itemBytes, c)
	case op.BatchRead:
		return n * units.Read(itemBytes, c), 0, 1
	case op.TransactRead:
		return n * units.Read(itemBytes, units.Transactional), 0, 1
	case op.BatchWrite:
		return 0, n * (units.Write(itemBytes, false) + m.indexWrites(kind, itemBytes)), 1
	case op.TransactWrite:
		held := 1.0
		if t := m.sc.Workload.TransactWrite; t != nil {
			for i := range t.Steps {
				if c := t.Steps[i].Condition; c != nil {
					held *= m.sc.Matching(c.Compare)
				}
			}
		}
		for _, p := range m.sc.Steps() {
			write += units.Write(itemBytes, true) + held*m.stepIndexWrites(&p, itemBytes)
		}
		return 0, write, 1
	}
	return 0, 0, 0
}

// indexQuery is DynamoDBUnits of a query of an index: pages of what the index holds of items. A
// global index is never read consistently.
func (m *Mapping) indexQuery(itemBytes uint64, c units.Consistency) (read, write float64, requests int) {
	q := m.sc.Workload.QueryIndex
	if q == nil {
		return 0, 0, 0
	}
	x := &m.sc.Indexes[m.sc.Ask(op.QueryIndex).On]
	if x.Global() {
		c = units.Eventual
	}
	there := uint64(math.Max(1, math.Round(m.sc.ItemsIndexed(x, math.MaxUint32))))
	read, requests = m.pages(there, uint64(q.Limit), q.Pages, m.sc.Matching(q.Filter), m.EntryBytes(x, itemBytes), c)
	return read, 0, requests
}

// pages returns the units and requests of a query: of there items it reads as many as hold the
// limit of those that match, in pages of the limit and of 1 MB.
func (m *Mapping) pages(there, limit uint64, most uint32, matching float64, bytes uint64, c units.Consistency) (read float64, requests int) {
	wanted := float64(limit)
	if matching < 1 {
		wanted = math.Ceil(1/math.Max(matching, 1e-9)) * float64(limit) // whole pages of the limit
	}
	left := uint64(math.Min(float64(there), wanted))
	for left > 0 && (most == 0 || requests < int(most)) {
		n := m.pageItems(limit, left, bytes)
		read += units.Page(n*bytes, c)
		left -= n
		requests++
	}
	return read, requests
}

// EntryBytes returns what an index holds of an item of itemBytes, as DynamoDB counts it: the
// keys of table and index, and what is projected.
func (m *Mapping) EntryBytes(x *workload.Index, itemBytes uint64) uint64 {
	if x.Projection.All {
		return itemBytes
	}
	const typicalItem = 0
	n := uint64(len(workload.AttrPartition) + len(m.sc.AppendPartitionKey(nil, typicalItem)))
	if m.sc.HasSort() {
		n += uint64(len(workload.AttrSort) + len(m.sc.AppendSortKey(nil, 0)))
	}
	for i := range m.sc.Dataset.Attributes {
		if name := m.sc.AttributeName(i); x.Holds(name) {
			n += uint64(len(name)) + m.attributeBytes(i, itemBytes)
		}
	}
	return n
}

// attributeBytes returns what the value of an attribute counts in an item of itemBytes: that of
// the scenario's first item, of which the filler has what the size leaves.
func (m *Mapping) attributeBytes(at int, itemBytes uint64) uint64 {
	const firstItem, loaded = 0, 0
	body := int64(itemBytes) - int64(m.sc.OverheadBytes(firstItem))
	t := m.sc.Values()
	if t == nil {
		from, to := m.sc.SplitBody(int(max(body, int64(m.sc.Dataset.Attributes))), at)
		return uint64(to - from)
	}
	values, _ := t.Values(nil, t.Append(nil, m.sc.Seed, firstItem, loaded, int(max(body, int64(t.MaxOther())+1))))
	return uint64(t.Counted(at, values[at]))
}

// indexWrites returns the units that all indexes consume for one item that a kind writes. An
// index takes a write for an item that it gets or loses, two for one whose key changes, one for
// one of which it holds something that changes, and none for others (AWS DynamoDB Developer
// Guide, "Using Global Secondary Indexes in DynamoDB", "Provisioned throughput considerations";
// "Local secondary indexes" says the same of those). It is the mean: values are drawn anew with
// each version, and two may be alike.
func (m *Mapping) indexWrites(kind op.Kind, itemBytes uint64) (sum float64) {
	ask := m.sc.Ask(kind)
	deleted := 0.0
	if kind == op.BatchWrite && m.sc.Workload.BatchWrite != nil {
		deleted = m.sc.Workload.BatchWrite.Deletes
	}
	for i := range m.sc.Indexes {
		x := &m.sc.Indexes[i]
		one := units.Write(m.EntryBytes(x, itemBytes), false)
		switch kind {
		case op.Insert, op.Delete:
			sum += one
		case op.Update, op.ReadModifyWrite, op.ConditionalUpdate:
			sum += one * m.rewritten(x)
		case op.BatchWrite:
			sum += one * (deleted + (1-deleted)*m.rewritten(x))
		case op.PartialUpdate:
			sum += one * m.reset(x, ask.Attributes)
		case op.Increment, op.Append:
			sum += one * m.added(x, ask.Attribute, kind == op.Increment)
		case op.Touch:
			if x.Projection.All {
				sum += one
			}
		}
	}
	return sum * m.holding(kind)
}

// holding returns the share of a kind's operations whose condition holds, as attributes are
// drawn: one that does not hold consumes what the item costs, and nothing of an index.
func (m *Mapping) holding(kind op.Kind) float64 {
	if own := m.sc.OwnCondition(kind); own != nil {
		return m.sc.Matching(own.Compare)
	}
	return 1
}

// stepIndexWrites returns the units that all indexes consume for one step of a transaction;
// indexes are brought up to date behind it, at the price of plain writes.
func (m *Mapping) stepIndexWrites(p *op.Part, itemBytes uint64) (sum float64) {
	ask := p.Asked()
	for i := range m.sc.Indexes {
		x := &m.sc.Indexes[i]
		one := units.Write(m.EntryBytes(x, itemBytes), false)
		switch p.Step {
		case op.StepPut:
			sum += one * m.rewritten(x)
		case op.StepDelete:
			sum += one
		case op.StepSet:
			sum += one * m.reset(x, ask.Attributes)
		case op.StepIncrement:
			sum += one * m.added(x, ask.Attribute, true)
		}
	}
	return sum
}

// rewritten returns how many writes an index takes for an item that is written whole anew.
func (m *Mapping) rewritten(x *workload.Index) float64 {
	alike := m.sc.Alike(x)
	same := 1.0
	for _, name := range x.Projection.Include {
		same *= m.sc.AlikeIn(name)
	}
	if x.Projection.All {
		same = 0 // the version is another
	}
	return 2*(1-alike) + alike*(1-same)
}

// reset returns how many writes an index takes for an item of which some attributes are set.
func (m *Mapping) reset(x *workload.Index, places []int) float64 {
	alike, same := 1.0, 1.0
	for _, i := range places {
		switch name := m.sc.AttributeName(i); {
		case x.Keyed(name):
			alike *= m.sc.AlikeIn(name)
		case x.Holds(name):
			same *= m.sc.AlikeIn(name)
		}
	}
	if x.Projection.All {
		same = 0 // the version is set too
	}
	return 2*(1-alike) + alike*(1-same)
}

// added returns how many writes an index takes for an item of which one attribute changes for
// certain.
func (m *Mapping) added(x *workload.Index, place int, number bool) float64 {
	switch name := m.sc.AttributeName(place); {
	case number && x.Keyed(name):
		return 2
	case x.Holds(name):
		return 1
	}
	return 0
}

// moreIO is DeviceIO for the kinds behind the first. Whatever changes a part of a record, or
// compares one of its bins, reads it first; a query of an index reads each record that has the
// value, since it is sorted and cut by the driver.
func (m *Mapping) moreIO(kind op.Kind) (reads, writes float64) {
	n := float64(m.sc.Parts(kind))
	switch kind {
	case op.ConditionalUpdate:
		if m.sc.Condition(kind) == op.Compares {
			return 1, 1
		}
		return 0, 1
	case op.PartialUpdate, op.Increment, op.Append, op.Touch:
		return 1, 1
	case op.QueryIndex:
		if m.sc.Workload.QueryIndex == nil {
			return 0, 0
		}
		return m.sc.ItemsIndexed(&m.sc.Indexes[m.sc.Ask(kind).On], math.MaxUint32), 0
	case op.BatchRead, op.TransactRead:
		return n, 0
	case op.BatchWrite:
		if m.sc.Workload.BatchWrite == nil {
			return 0, 0
		}
		return 0, n * (1 - m.sc.Workload.BatchWrite.Deletes)
	case op.TransactWrite:
		for _, p := range m.sc.Steps() {
			r, w := stepIO(&p)
			reads, writes = reads+r, writes+w
		}
	}
	return reads, writes
}

func stepIO(p *op.Part) (reads, writes float64) {
	if p.Condition == op.Compares || slices.Contains([]op.Step{op.StepSet, op.StepIncrement, op.StepCheck}, p.Step) {
		reads = 1
	}
	if p.Step != op.StepDelete && p.Step != op.StepCheck {
		writes = 1
	}
	return reads, writes
}

// Records returns how many records of its cluster one operation asks for by key, each by itself
// or as part of a batch; 0 for a query of an index and a scan, which ask every node.
func (m *Mapping) Records(kind op.Kind) int {
	switch kind {
	case op.ScanPage, op.QueryIndex:
		return 0
	case op.Query:
		if m.sc.HasSort() {
			return 0
		}
	case op.ReadModifyWrite:
		return 2
	}
	return m.sc.Parts(kind)
}

// IndexUnits returns those of DynamoDBUnits' write units that an operation's writes to secondary
// indexes consume.
func (m *Mapping) IndexUnits(kind op.Kind, itemBytes uint64) float64 {
	if len(m.sc.Indexes) == 0 || !kind.Writes() {
		return 0
	}
	bare := *m.sc
	bare.Indexes = nil
	_, with, _ := m.DynamoDBUnits(kind, itemBytes)
	_, without, _ := New(&bare).DynamoDBUnits(kind, itemBytes)
	return with - without
}
