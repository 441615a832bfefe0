package simulate

import (
	"encoding/binary"
	"fmt"

	"crossover/costmodel/partition"
	"crossover/costmodel/units"
	"crossover/workload"
	"crossover/workload/keys"
	"crossover/workload/mapping"
	"crossover/workload/op"
)

// A request is one that an operation makes of DynamoDB, retries apart.
type request struct {
	operation string // of the API
	parts     []partition.Request
	items     int
	bytes     int
	strong    bool
	out, in   uint64 // item bytes sent and received
	missing   bool   // it finds no item
	fails     bool   // its condition does not hold
}

// A mapper turns operations into requests. Existence is kept of items that were inserted or
// deleted; a comparison of an attribute, and an unchanged version, are taken to hold.
type mapper struct {
	sc      *workload.Scenario
	m       *mapping.Mapping
	sizes   *workload.Loader
	strong  bool
	sort    bool
	changed map[uint64]bool // item → it is there
}

func newMapper(sc *workload.Scenario) *mapper {
	return &mapper{
		sc: sc, m: mapping.New(sc), sizes: workload.NewLoader(sc), strong: sc.Workload.Read.Consistency == "strong",
		sort: sc.HasSort(), changed: map[uint64]bool{},
	}
}

// unsupported says what of a scenario DynamoDB's simulation does not have yet.
func unsupported(sc *workload.Scenario) error {
	if len(sc.Indexes) > 0 {
		return fmt.Errorf("%s: indexes: secondary indexes are not simulated yet: run the scenario on the embedded server", sc.File)
	}
	return nil
}

// there reports whether an item exists.
func (m *mapper) there(item uint64) bool {
	if x, ok := m.changed[item]; ok {
		return x
	}
	return item < m.sc.Dataset.Items
}

// key returns where an item lies. Partition keys are spread over the hashes as any good hash
// does it; the service's own is not published.
func (m *mapper) key(pk, sort uint64) partition.Key {
	k := partition.Key{Hash: keys.Mix(pk + 1)}
	if m.sort {
		k.Sort = string(binary.BigEndian.AppendUint64(nil, sort))
	}
	return k
}

// requests appends an operation's requests, in order.
func (m *mapper) requests(dst []request, o *op.Op) []request {
	size := m.sizes.Size(o.Item)
	k := m.key(o.Partition, o.Sort)
	switch o.Kind {
	case op.Read:
		return append(dst, m.get(o.Item, k, size))
	case op.ReadModifyWrite:
		read := m.get(o.Item, k, size)
		return append(dst, read, m.write("PutItem", o.Item, k, size, o.Condition))
	case op.Update, op.Insert, op.ConditionalUpdate:
		return append(dst, m.write("PutItem", o.Item, k, size, o.Condition))
	case op.PartialUpdate, op.Increment, op.Append, op.Touch:
		return append(dst, m.write("UpdateItem", o.Item, k, size, o.Condition))
	case op.Delete:
		return append(dst, m.write("DeleteItem", o.Item, k, size, o.Condition))
	case op.BatchRead, op.BatchWrite, op.TransactRead, op.TransactWrite:
		return append(dst, m.many(o))
	}
	read, write, n := m.m.DynamoDBUnits(o.Kind, size)
	name := "Query"
	if o.Kind == op.ScanPage {
		// A page begins somewhere in the table; which items it finds does not depend on its key.
		name, k = "Scan", partition.Key{Hash: keys.Mix(o.Index)}
	} else {
		k.Sort = "" // from the partition key's first item on
	}
	n = max(n, 1)
	for range n {
		r := request{operation: name, strong: m.strong, items: int(o.Limit), missing: false}
		r.bytes = int(read / float64(n) * 8192)
		r.in = uint64(r.bytes)
		r.parts = []partition.Request{{Key: k, Read: read / float64(n), Write: write / float64(n), Eventual: !m.strong}}
		dst = append(dst, r)
	}
	return dst
}

func (m *mapper) get(item uint64, k partition.Key, size uint64) request {
	c := units.Eventual
	if m.strong {
		c = units.Strong
	}
	r := request{operation: "GetItem", items: 1, strong: m.strong}
	if m.there(item) {
		r.bytes, r.in = int(size), size
	} else {
		size, r.missing = 0, true
	}
	r.parts = []partition.Request{{Key: k, Read: units.Read(size, c), Eventual: !m.strong}}
	return r
}

// write is a request that changes one item.
func (m *mapper) write(name string, item uint64, k partition.Key, size uint64, c op.Condition) request {
	r := request{operation: name, items: 1, bytes: int(size), out: size}
	there := m.there(item)
	switch c {
	case op.MustExist, op.VersionUnchanged, op.Compares:
		r.fails = !there
	case op.MustNotExist:
		r.fails = there
	}
	if name == "DeleteItem" {
		if r.out = 0; !there {
			size = 0
		}
	}
	r.parts = []partition.Request{{Key: k, Write: units.Write(size, false)}}
	return r
}

// many is a request of several items: each is charged by itself, and a transaction doubly.
func (m *mapper) many(o *op.Op) request {
	reads := o.Kind == op.BatchRead || o.Kind == op.TransactRead
	transaction := o.Kind == op.TransactRead || o.Kind == op.TransactWrite
	r := request{operation: map[op.Kind]string{
		op.BatchRead: "BatchGetItem", op.BatchWrite: "BatchWriteItem", op.TransactRead: "TransactGetItems", op.TransactWrite: "TransactWriteItems",
	}[o.Kind], items: len(o.Parts), strong: m.strong}
	c := units.Eventual
	switch {
	case transaction:
		c = units.Transactional
	case m.strong:
		c = units.Strong
	}
	for i := range o.Parts {
		p := &o.Parts[i]
		size := m.sizes.Size(p.Item)
		part := partition.Request{Key: m.key(p.Partition, p.Sort), Eventual: c == units.Eventual}
		if !m.there(p.Item) && p.Step != op.StepPut {
			size = 0
		}
		if reads {
			part.Read = units.Read(size, c)
			r.in += size
		} else {
			part.Write = units.Write(size, transaction)
			r.out += size
			r.fails = r.fails || p.Condition == op.MustExist && !m.there(p.Item) || p.Condition == op.MustNotExist && m.there(p.Item)
		}
		r.bytes += int(size)
		r.parts = append(r.parts, part)
	}
	return r
}

// done notes what an operation that was carried out has changed.
func (m *mapper) done(o *op.Op) {
	switch o.Kind {
	case op.Insert, op.Update, op.ReadModifyWrite, op.ConditionalUpdate, op.PartialUpdate, op.Increment, op.Append, op.Touch:
		if !m.there(o.Item) {
			m.changed[o.Item] = true
		}
	case op.Delete:
		if m.there(o.Item) {
			m.changed[o.Item] = false
		}
	case op.BatchWrite, op.TransactWrite:
		for i := range o.Parts {
			switch p := &o.Parts[i]; p.Step {
			case op.StepDelete:
				m.changed[p.Item] = false
			case op.StepPut, op.StepSet, op.StepIncrement:
				if !m.there(p.Item) {
					m.changed[p.Item] = true
				}
			}
		}
	}
}
