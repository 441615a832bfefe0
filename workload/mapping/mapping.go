// Package mapping says how one logical item and one logical operation map to DynamoDB
// (attributes, requests) and to Aerospike (records, bins, requests). Drivers, cost model and
// report use this one place, so that neither side quietly gets an easier job.
package mapping

import (
	"math"

	"crossover/costmodel/footprint"
	"crossover/costmodel/units"
	"crossover/workload"
	"crossover/workload/op"
)

// A Mapping is the mapping of one scenario.
type Mapping struct{ sc *workload.Scenario }

// New returns the mapping of a valid scenario.
func New(sc *workload.Scenario) *Mapping { return &Mapping{sc} }

// DynamoDBUnits returns the read and write units that one operation consumes on an item of
// itemBytes, as DynamoDB counts sizes, and how many requests it takes, retries apart. A query
// returns as many items as its limit and the partition key have, over as many pages of 1 MB as
// that takes, each a request; a scan page is one page, which may be cut at 1 MB.
func (m *Mapping) DynamoDBUnits(kind op.Kind, itemBytes uint64) (read, write float64, requests int) {
	c := units.Eventual
	if m.sc.Workload.Read.Consistency == "strong" {
		c = units.Strong
	}
	switch kind {
	case op.Read:
		return units.Read(itemBytes, c), 0, 1
	case op.Update, op.Insert, op.Delete:
		return 0, units.Write(itemBytes, false) + m.indexWrites(kind, itemBytes), 1
	case op.ReadModifyWrite:
		return units.Read(itemBytes, c), units.Write(itemBytes, false) + m.indexWrites(kind, itemBytes), 2
	case op.Query:
		if !m.sc.HasSort() {
			return units.Read(itemBytes, c), 0, 1
		}
		q := &m.sc.Workload.Query
		if q.Filter != nil || q.Pages > 0 {
			there := uint64(math.Max(1, math.Round(m.sc.ItemsQueried(math.MaxUint32))))
			read, requests = m.pages(there, uint64(q.Limit), q.Pages, m.sc.Matching(q.Filter), itemBytes, c)
			return read, 0, requests
		}
		left := m.itemsQueried()
		for left > 0 {
			n := m.pageItems(left, left, itemBytes)
			read += units.Page(n*itemBytes, c)
			left -= n
			requests++
		}
		return read, 0, requests
	case op.ScanPage:
		return units.Page(m.pageItems(uint64(m.sc.Workload.Scan.Limit), m.sc.Dataset.Items, itemBytes)*itemBytes, c), 0, 1
	}
	return m.moreUnits(kind, itemBytes, c)
}

// itemsQueried returns how many items a query returns: in the mean, to a whole number, where
// partition keys hold different numbers of them.
func (m *Mapping) itemsQueried() uint64 {
	return max(1, uint64(math.Round(m.sc.ItemsQueried(uint64(m.sc.Workload.Query.Limit)))))
}

// pageItems returns how many items a page holds. The item that takes a page past 1 MB is still
// in it: such a page of small items costs 128.5 units, half a unit more than 1 MB.
func (m *Mapping) pageItems(limit, there, itemBytes uint64) uint64 {
	return min(limit, there, units.MaxPage/max(1, itemBytes)+1)
}

// Record returns the Aerospike record of an item of itemBytes: a bin for each attribute, the
// keys among them; the set is named as the table is.
func (m *Mapping) Record(itemBytes uint64) footprint.Record {
	const typicalItem = 0 // names' and keys' lengths hardly depend on the item
	r := footprint.Record{Set: TableName(m.sc)}
	pk := len(m.sc.AppendPartitionKey(nil, typicalItem))
	r.Bins = append(r.Bins, footprint.Bin{Name: workload.AttrPartition, Type: footprint.String, Bytes: pk})
	if m.sc.HasSort() {
		r.Bins = append(r.Bins, footprint.Bin{Name: workload.AttrSort, Type: footprint.String, Bytes: len(m.sc.AppendSortKey(nil, 0))})
	}
	r.Bins = append(r.Bins, footprint.Bin{Name: workload.AttrVersion, Type: footprint.String, Bytes: workload.VersionLen})
	r.Expiry = m.sc.Workload.Write.TTL > 0
	if t := m.sc.Values(); t != nil {
		r.Bins = append(r.Bins, typedBins(m.sc, t, int64(itemBytes)-int64(m.sc.OverheadBytes(typicalItem)))...)
		return r
	}
	body := int(math.Max(float64(m.sc.Dataset.Attributes), float64(itemBytes)-float64(m.sc.OverheadBytes(typicalItem))))
	for i := range m.sc.Dataset.Attributes {
		from, to := m.sc.SplitBody(body, i)
		r.Bins = append(r.Bins, footprint.Bin{Name: workload.AttrBody(i), Type: footprint.String, Bytes: to - from})
	}
	return r
}

// TableName is the table and set that a scenario's items go to unless a target names one.
func TableName(sc *workload.Scenario) string { return "crossover-" + sc.Name }

// DeviceIO returns how many record reads and record writes one operation asks of the master's
// device, misses of its cache assumed: an Aerospike put that replaces a record does not read
// it; a query reads each record that it returns.
func (m *Mapping) DeviceIO(kind op.Kind, itemBytes uint64) (reads, writes float64) {
	switch kind {
	case op.Read:
		return 1, 0
	case op.Update, op.Insert:
		return 0, 1
	case op.Delete:
		return 0, 0 // without durable deletes the index entry goes, and nothing is written
	case op.ReadModifyWrite:
		return 1, 1
	case op.Query:
		if !m.sc.HasSort() {
			return 1, 0
		}
		return float64(m.itemsQueried()), 0
	case op.ScanPage:
		return float64(min(uint64(m.sc.Workload.Scan.Limit), m.sc.Dataset.Items)), 0
	}
	return m.moreIO(kind)
}
