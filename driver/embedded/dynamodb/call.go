package dynamodb

import (
	"math/rand/v2"
	"time"

	"crossover/costmodel/partition"
	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/expression"
	"crossover/driver/embedded/dynamodb/store"
)

// A call is one request while it is served.
type call struct {
	s         *Server
	operation string
	req       request
	body      []byte        // of the request
	now       time.Duration // when it was received
	rng       *rand.Rand
	fault     fault
	out       []byte // the answer, as far as it is written
	table     *table // of a request about items, once it is known
	partition int    // of a request about one partition key, once it is known; else -1
	effort    effort
	took      time.Duration // of a transaction, which draws its own service time
	tallies   []tableTally
	keys      attribute.Item // room for a key

	indexTallies []indexTally
}

// A tableTally is what a request adds to one table's meter.
type tableTally struct {
	table *table
	tally
}

// tally returns what the request has added to a table's meter so far.
func (c *call) tally(t *table) *tally {
	for i := range c.tallies {
		if c.tallies[i].table == t {
			return &c.tallies[i].tally
		}
	}
	n := len(c.tallies)
	if n == cap(c.tallies) {
		c.tallies = append(c.tallies, tableTally{})
	}
	c.tallies = c.tallies[:n+1]
	x := &c.tallies[n]
	*x = tableTally{table: t, tally: tally{parts: x.parts[:0]}} // in the room of an earlier request
	return &x.tally
}

// open returns the table of a request about items, which must be ready for them.
func (c *call) open(name string) (*table, error) {
	t := c.s.lookup(name, c.now)
	if t == nil || !t.usable() {
		return nil, notFound()
	}
	if c.table == nil {
		c.table = t
	}
	c.tally(t)
	return t, nil
}

// openNamed returns the table that TableName names.
func (c *call) openNamed() (*table, error) { return c.openOf(&c.req) }

// openOf returns the table that a request, or a structure within one, names.
func (c *call) openOf(r *request) (*table, error) {
	name := r.text("TableName")
	switch {
	case r.err != nil:
		return nil, r.err
	case !r.has("TableName"):
		return nil, invalid("The parameter 'TableName' is required but was not present in the request")
	case !named(c.s.tableName(name)):
		return nil, unfit(name, "tableName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]{3,255}")
	}
	return c.open(name)
}

// named reports whether a table may have a name, by tableNamePattern.
func named(name string) bool {
	for i := range len(name) {
		c := name[i]
		if !(c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.') {
			return false
		}
	}
	return len(name) >= 3 && len(name) <= 255
}

// admit asks the physics for units, and counts what came of it.
func (c *call) admit(t *table, at store.Key, read, write float64, strong bool) error {
	sums := c.tally(t)
	if c.fault == throttleFault {
		return c.inject(t, at.Hash, read > 0)
	}
	d := t.capacity.AdmitKey(c.now, partition.Request{Key: whereOf(at), Read: read, Write: write, Eventual: !strong})
	c.partition = d.Partition
	if t.insights.Load() != nil {
		t.noted(c, at, read+write, !d.OK)
	}
	if !d.OK {
		return c.refused(t, d)
	}
	sums.sums[consumedRead] += read
	sums.sums[consumedWrite] += write
	sums.parts = append(sums.parts, partitionTally{id: d.Partition, write: write > 0})
	return nil
}

// refused counts a throttle and returns its exception.
func (c *call) refused(t *table, d partition.Decision) error {
	sums := c.tally(t)
	if d.Side == partition.ReadSide {
		sums.sums[readThrottles]++
	} else {
		sums.sums[writeThrottles]++
	}
	sums.sums[causeMetric(d)]++
	return throttled(t, d, t.mode().provisioned)
}

// inject refuses a request that met the throttle fault.
func (c *call) inject(t *table, hash uint64, read bool) error {
	d := partition.Decision{Cause: partition.KeyRange, Side: partition.WriteSide, Partition: t.partitionOf(hash)}
	if read {
		d.Side = partition.ReadSide
	}
	c.partition = d.Partition
	sums := c.tally(t)
	sums.parts = append(sums.parts, partitionTally{id: d.Partition, injected: d.Reason(false)})
	return c.refused(t, d)
}

// charge adds units that a page consumed beyond what it was admitted with.
func (c *call) charge(t *table, at store.Key, read float64, strong bool) {
	if read > 0 {
		t.capacity.ChargeKey(c.now, partition.Request{Key: whereOf(at), Read: read, Eventual: !strong})
		c.tally(t).sums[consumedRead] += read
	}
}

// touched notes what the request's service time depends on.
func (c *call) touched(items, bytes int) {
	c.effort.items += items
	c.effort.bytes += bytes
}

// returnConsumed reads ReturnConsumedCapacity.
func (r *request) returnConsumed() string {
	return r.choice("ReturnConsumedCapacity", "INDEXES", "TOTAL", "NONE")
}

// A target is the item that a request is about.
type target struct {
	table *table
	key   attribute.Item
	place store.Key
}

// keyed reads the Key of a request about one item.
func (c *call) keyed() (target, error) { return c.keyedIn(nil) }

// keyedIn is keyed with a map to be used for the key, or nil for a new one.
func (c *call) keyedIn(room attribute.Item) (target, error) {
	t, err := c.openNamed()
	if err != nil {
		return target{}, err
	}
	c.req.require("Key")
	key := room
	if w, ok := c.req.reader("Key"); ok && room != nil {
		c.req.fail(attribute.ReadInto(key, &w))
	} else {
		key = c.req.item("Key")
	}
	if c.req.err != nil {
		return target{}, c.req.err
	}
	place, err := t.schema.ofKey(key)
	return target{t, key, place}, err
}

// keyRoom returns an empty map for a key that is not kept beyond the request.
func (c *call) keyRoom() attribute.Item {
	if c.keys == nil {
		c.keys = make(attribute.Item, 2)
	}
	clear(c.keys)
	return c.keys
}

// appendItem appends an item's JSON, or the parts of it that paths name.
func appendItem(dst []byte, s attribute.Stored, paths []expression.Path) ([]byte, error) {
	if paths == nil {
		return s.AppendJSON(dst), nil
	}
	return expression.Project(s.Item(), paths).Append(dst)
}
