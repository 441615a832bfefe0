package dynamodb

import (
	"fmt"
	"slices"

	"crossover/costmodel/units"
	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/expression"
	"crossover/driver/embedded/dynamodb/store"
	"crossover/driver/embedded/dynamodb/wire"
)

// The limits of batches (API Reference, BatchGetItem and BatchWriteItem).
const (
	maxBatchGet   = 100
	maxBatchWrite = 25
	maxBatchBytes = 16 * 1024 * 1024
)

// A batchRead is the keys that a BatchGetItem asks of one table.
type batchRead struct {
	table  *table
	name   string // as the request gave it
	req    *request
	raw    [][]byte // the keys' text
	keys   []store.Key
	strong bool
	paths  []expression.Path
	units  float64
	left   []int // keys that were not processed
}

// batchGetItem answers BatchGetItem: each key is a GetItem of its own.
func (c *call) batchGetItem() error {
	want := c.req.returnConsumed()
	reads, err := c.batchReads()
	if err != nil {
		return err
	}
	served, bytes := 0, 0
	var refusal error
	c.out = append(c.out, `,"Responses":{`...)
	for i, b := range reads {
		if i > 0 {
			c.out = append(c.out, ',')
		}
		c.out = append(appendJSON(c.out, b.name), `:[`...)
		first := true
		for k, key := range b.keys {
			item := b.table.store.Get(key)
			if bytes+item.Size() > maxBatchBytes {
				b.left = append(b.left, k)
				continue
			}
			read := units.Read(uint64(item.Size()), consistency(b.strong))
			if err := c.admit(b.table, key, read, 0, b.strong); err != nil {
				refusal = err
				b.left = append(b.left, k)
				continue
			}
			served++
			b.units += read
			bytes += item.Size()
			c.touched(1, item.Size())
			if item == nil {
				continue
			}
			if !first {
				c.out = append(c.out, ',')
			}
			first = false
			if c.out, err = appendItem(c.out, item, b.paths); err != nil {
				return err
			}
		}
		c.out = append(c.out, ']')
	}
	if served == 0 && refusal != nil {
		return refusal
	}
	c.out = append(c.out, `},"UnprocessedKeys":{`...)
	c.unprocessedKeys(reads)
	c.out = append(c.out, '}')
	bills := make([]*bill, len(reads))
	for i, b := range reads {
		bills[i] = &bill{table: b.table, own: b.units}
	}
	c.finishMany(want, bills)
	return nil
}

// unprocessedKeys appends the keys to be asked for again, with the table's own parameters.
func (c *call) unprocessedKeys(reads []*batchRead) {
	first := true
	for _, b := range reads {
		if len(b.left) == 0 {
			continue
		}
		if !first {
			c.out = append(c.out, ',')
		}
		first = false
		c.out = append(appendJSON(c.out, b.name), `:{"Keys":[`...)
		for i, k := range b.left {
			if i > 0 {
				c.out = append(c.out, ',')
			}
			c.out = append(c.out, b.raw[k]...)
		}
		c.out = append(c.out, ']')
		for _, f := range b.req.fields {
			if f.Name != "Keys" {
				c.out = append(appendJSON(append(c.out, ','), f.Name), ':')
				c.out = append(c.out, f.Raw...)
			}
		}
		c.out = append(c.out, '}')
	}
}

// batchReads reads a BatchGetItem's RequestItems.
func (c *call) batchReads() ([]*batchRead, error) {
	c.req.require("RequestItems")
	var out []*batchRead
	total := 0
	c.req.read("RequestItems", func(w *wire.Reader) error {
		return members(w, func(name string) error {
			r, err := structure(w)
			if err != nil {
				return err
			}
			b, err := c.batchRead(name, r)
			if err != nil {
				return err
			}
			if total += len(b.keys); total > maxBatchGet {
				return invalid("Too many items requested for the BatchGetItem call")
			}
			out = append(out, b)
			return nil
		})
	})
	if c.req.err == nil && len(out) == 0 {
		c.req.fail(unfit("{}", "requestItems", "Member must have length greater than or equal to 1"))
	}
	return out, c.req.err
}

func (c *call) batchRead(name string, r *request) (*batchRead, error) {
	r.refuse(legacy...)
	t, err := c.open(name)
	if err != nil {
		return nil, err
	}
	b := &batchRead{table: t, name: name, req: r, strong: r.flag("ConsistentRead")}
	names := r.placeholders()
	b.paths = r.projection(names)
	if r.err == nil {
		r.fail(unused(names))
	}
	c.effort.strong = c.effort.strong || b.strong
	seen := map[store.Key]bool{}
	r.read("Keys", func(w *wire.Reader) error {
		return elements(w, func() error {
			raw, err := w.Raw()
			if err != nil {
				return err
			}
			key, err := attribute.ReadItem(wire.NewReader(raw))
			if err != nil {
				return err
			}
			place, err := t.schema.ofKey(key)
			if err == nil && seen[place] {
				err = invalid("Provided list of item keys contains duplicates")
			}
			seen[place] = true
			b.raw, b.keys = append(b.raw, raw), append(b.keys, place)
			return err
		})
	})
	if r.err == nil && len(b.keys) == 0 {
		r.fail(unfit("[]", "requestItems."+name+".member.keys", "Member must have length greater than or equal to 1"))
	}
	return b, r.err
}

// A batchWrite is what a BatchWriteItem asks of one table.
type batchWrite struct {
	table  *table
	name   string
	writes []oneWrite
	bill   bill
	left   []int
}

type oneWrite struct {
	raw  []byte // the whole request's text
	key  store.Key
	of   attribute.Item   // the item, or its key
	item attribute.Stored // nil removes it
}

// batchWriteItem answers BatchWriteItem: each request is a PutItem or DeleteItem of its own.
func (c *call) batchWriteItem() error {
	want := c.req.returnConsumed()
	metrics := c.req.choice("ReturnItemCollectionMetrics", "SIZE", "NONE") == "SIZE"
	batches, err := c.batchWrites()
	if err != nil {
		return err
	}
	served := 0
	var refusal error
	for _, b := range batches {
		for i, one := range b.writes {
			w := &write{target: target{table: b.table, place: one.key}}
			if err := c.do(w, func(attribute.Stored) (attribute.Stored, error) { return one.item, nil }); err != nil {
				if api := asAPI(err); api.reasons == nil && api.name != "TransactionConflictException" {
					return err
				}
				refusal = err
				b.left = append(b.left, i)
				continue
			}
			served++
			b.bill.own += w.bill.own
			for _, x := range w.bill.indexes {
				b.bill.add(x.index, x.units)
			}
		}
	}
	if served == 0 && refusal != nil {
		return refusal
	}
	c.out = append(c.out, `,"UnprocessedItems":{`...)
	first := true
	for _, b := range batches {
		if len(b.left) == 0 {
			continue
		}
		if !first {
			c.out = append(c.out, ',')
		}
		first = false
		c.out = append(appendJSON(c.out, b.name), `:[`...)
		for i, k := range b.left {
			if i > 0 {
				c.out = append(c.out, ',')
			}
			c.out = append(c.out, b.writes[k].raw...)
		}
		c.out = append(c.out, ']')
	}
	c.out = append(c.out, '}')
	if metrics {
		c.batchMetrics(batches)
	}
	bills := make([]*bill, len(batches))
	for i, b := range batches {
		bills[i] = &b.bill
	}
	c.finishMany(want, bills)
	return nil
}

// batchWrites reads a BatchWriteItem's RequestItems.
func (c *call) batchWrites() ([]*batchWrite, error) {
	c.req.require("RequestItems")
	var out []*batchWrite
	total := 0
	c.req.read("RequestItems", func(w *wire.Reader) error {
		return members(w, func(name string) error {
			t, err := c.open(name)
			if err == nil {
				err = t.mayWrite()
			}
			if err != nil {
				return err
			}
			b := &batchWrite{table: t, name: name, bill: bill{table: t}}
			seen := map[store.Key]bool{}
			err = elements(w, func() error {
				one, err := readWrite(w, t)
				if err == nil && seen[one.key] {
					err = invalid("Provided list of item keys contains duplicates")
				}
				seen[one.key] = true
				b.writes = append(b.writes, one)
				if total++; total > maxBatchWrite && err == nil {
					err = invalid("Too many items requested for the BatchWriteItem call")
				}
				return err
			})
			out = append(out, b)
			return err
		})
	})
	if c.req.err == nil && total == 0 {
		c.req.fail(unfit("{}", "requestItems", fmt.Sprintf("Map value must satisfy constraint: [Member must "+
			"have length less than or equal to %d, "+
			"Member must have length greater than or equal to 1]", maxBatchWrite)))
	}
	return out, c.req.err
}

// readWrite reads one WriteRequest.
func readWrite(w *wire.Reader, t *table) (oneWrite, error) {
	keys := t.schema
	raw, err := w.Raw()
	if err != nil {
		return oneWrite{}, err
	}
	one := oneWrite{raw: raw}
	r, err := structure(wire.NewReader(raw))
	if err != nil {
		return one, err
	}
	put, del := r.structure("PutRequest"), r.structure("DeleteRequest")
	switch {
	case r.err != nil:
		return one, r.err
	case put == nil && del == nil:
		return one, invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	case put != nil && del != nil:
		return one, invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly " +
			"one of the supported datatypes")
	case del != nil:
		del.require("Key")
		key := del.item("Key")
		if del.err != nil {
			return one, del.err
		}
		one.of = key
		one.key, err = keys.ofKey(key)
		return one, err
	}
	put.require("Item")
	item := put.item("Item")
	if put.err != nil {
		return one, put.err
	}
	if one.key, err = keys.ofItem(item); err != nil {
		return one, err
	}
	if item.Size() > units.MaxItem {
		return one, invalid("Item size has exceeded the maximum allowed size")
	}
	one.of, one.item = item, encode(item)
	if beside := t.aside.Load(); beside != nil {
		return one, beside.misfit(one.item, false)
	}
	return one, nil
}

// batchMetrics appends the ItemCollectionMetrics of the collections that a batch wrote to.
func (c *call) batchMetrics(batches []*batchWrite) {
	var all []written
	for _, b := range batches {
		for i, one := range b.writes {
			if !slices.Contains(b.left, i) {
				all = append(all, written{b.table, b.name, one.key, one.of})
			}
		}
	}
	c.manyMetrics(all)
}
