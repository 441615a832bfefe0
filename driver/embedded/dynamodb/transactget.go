package dynamodb

import (
	"fmt"

	"crossover/costmodel/units"
	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/expression"
	"crossover/driver/embedded/dynamodb/store"
)

// A transactRead is one Get of a TransactGetItems.
type transactRead struct {
	target
	paths []expression.Path
	bad   error
	item  attribute.Stored
}

// transactGetItems answers TransactGetItems: all items as they are at one moment.
func (c *call) transactGetItems() error {
	want := c.req.returnConsumed()
	_, actions, err := c.actions("Get")
	if err != nil {
		return err
	}
	seen := map[store.Place]bool{}
	reads := make([]*transactRead, len(actions))
	for i, r := range actions {
		if reads[i], err = c.transactRead(i, r); err != nil {
			return err
		}
		at := store.Place{Store: reads[i].table.store, Key: reads[i].place}
		if reads[i].bad == nil && seen[at] {
			return invalid("Transaction request cannot include multiple operations on one item")
		}
		seen[at] = true
	}
	return c.answerReads(want, reads)
}

// answerReads reads the items of a transaction and writes them.
func (c *call) answerReads(want string, reads []*transactRead) error {
	charges, err := c.readAll(reads)
	if err != nil {
		return err
	}
	c.out = append(c.out, `,"Responses":[`...)
	for i, x := range reads {
		if i > 0 {
			c.out = append(c.out, ',')
		}
		c.out = append(c.out, '{')
		if x.item != nil {
			if c.out, err = appendItem(append(c.out, `"Item":`...), x.item, x.paths); err != nil {
				return err
			}
		}
		c.out = append(c.out, '}')
	}
	c.out = append(c.out, ']')
	c.finishMany(want, bills(charges))
	return nil
}

func (c *call) transactRead(i int, r *request) (*transactRead, error) {
	for _, member := range []string{"Key", "TableName"} {
		if !r.has(member) {
			return nil, unfit("null", fmt.Sprintf("transactItems.%d.member.get.%s", i+1, small(member)), "Member must "+
				"not be null")
		}
	}
	names := r.placeholders()
	x := &transactRead{paths: r.projection(names)}
	if r.err == nil {
		r.fail(unused(names))
	}
	if r.err != nil {
		return nil, r.err
	}
	var err error
	if x.table, err = c.openOf(r); err != nil {
		return nil, err
	}
	x.key = r.item("Key")
	if r.err == nil {
		x.place, x.bad = x.table.schema.ofKey(x.key)
	}
	return x, r.err
}

// readAll reads the items while nobody writes one of them.
func (c *call) readAll(reads []*transactRead) ([]charge, error) {
	places := make([]store.Place, len(reads))
	for i, x := range reads {
		places[i] = store.Place{Store: x.table.store, Key: x.place}
	}
	unlock := store.Lock(places)
	defer unlock()
	charges, reasons := make([]charge, len(reads)), make([]cancellation, len(reads))
	failed, bytes := false, 0
	for i, x := range reads {
		err := x.bad
		if err == nil && x.table.locked.has(x.place, c.now) {
			err = c.conflict(x.table)
		}
		if err == nil {
			x.item = x.table.store.Peek(x.place)
			if bytes += x.item.Size(); bytes > maxTransactionBytes {
				err = invalid("Transaction aggregate size exceeded the maximum allowed size of %d bytes",
					maxTransactionBytes)
			}
		}
		if err != nil {
			reasons[i], failed = reason(err), true
		}
		charges[i] = charge{
			table: x.table, hash: x.place.Hash, read: units.Read(uint64(x.item.Size()), units.Transactional),
		}
	}
	if failed || !c.admitAll(charges, reasons) {
		return nil, cancelled(reasons)
	}
	for _, x := range reads {
		c.touched(1, x.item.Size())
	}
	c.effort.strong = true
	c.took = c.drawn()
	return charges, nil
}
