package dynamodb

import (
	"errors"
	"slices"

	"crossover/costmodel/units"
	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/expression"
)

// consistency is how a read is charged.
func consistency(strong bool) units.Consistency {
	if strong {
		return units.Strong
	}
	return units.Eventual
}

// legacy are the parameters that expressions replaced (Developer Guide, "Legacy DynamoDB
// conditional parameters").
var legacy = []string{
	"AttributesToGet", "Expected", "ConditionalOperator", "AttributeUpdates", "KeyConditions", "QueryFilter", "ScanFilter",
}

// getItem answers GetItem.
func (c *call) getItem() error {
	r := &c.req
	r.refuse(legacy...)
	names := r.placeholders()
	paths := r.projection(names)
	strong, want := r.flag("ConsistentRead"), r.returnConsumed()
	if r.err == nil {
		r.fail(unused(names))
	}
	at, err := c.keyedIn(c.keyRoom())
	if err != nil {
		return err
	}
	item := at.table.store.Get(at.place)
	read := units.Read(uint64(item.Size()), consistency(strong))
	if err := c.admit(at.table, at.place, read, 0, strong); err != nil {
		return err
	}
	c.effort.strong = strong
	c.touched(1, item.Size())
	if item = c.spoil(at, item); item != nil {
		c.out, err = appendItem(append(c.out, `,"Item":`...), item, paths)
		if err != nil {
			return err
		}
	}
	c.finish(want, &bill{table: at.table, own: read})
	return nil
}

// unused is Names.Unused as an error that may be nil.
func unused(n *expression.Names) error { return n.Unused() }

// A write is what the three requests that write one item have in common.
type write struct {
	target
	condition expression.Condition
	onFailure bool   // the item is wanted when the condition fails
	returns   string // ReturnValues
	want      string // ReturnConsumedCapacity
	bill      bill
	updating  bool // it is an UpdateItem
	metrics   bool // ItemCollectionMetrics are wanted
	old       attribute.Stored
	after     attribute.Stored
}

// writeParameters reads them, but for the expressions: an update is looked at before a condition.
func (c *call) writeParameters(returns ...string) *write {
	r := &c.req
	r.refuse(legacy...)
	metrics := r.choice("ReturnItemCollectionMetrics", "SIZE", "NONE") == "SIZE"
	w := &write{metrics: metrics, want: r.returnConsumed()}
	w.onFailure = r.choice("ReturnValuesOnConditionCheckFailure", "ALL_OLD", "NONE") == "ALL_OLD"
	w.returns = r.choice("ReturnValues", "ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")
	if r.err == nil && r.has("ReturnValues") && w.returns != "NONE" && !slices.Contains(returns, w.returns) {
		r.fail(invalid("ReturnValues can only be ALL_OLD or NONE"))
	}
	return w
}

// do writes: next returns what the item becomes, nil for its removal. A condition that fails
// is charged as the write would have been (Developer Guide, "Working with items": the larger
// of the item that is there and the one that was to be).
func (c *call) do(w *write, next func(old attribute.Stored) (attribute.Stored, error)) error {
	if err := w.table.mayWrite(); err != nil {
		return err
	}
	err := w.table.store.Update(w.place, func(old attribute.Stored) (attribute.Stored, error) {
		if w.table.locked.has(w.place, c.now) {
			return nil, c.conflict(w.table)
		}
		holds := w.condition == nil || w.condition.Holds(old.Item())
		after, err := next(old)
		if err != nil && holds {
			return nil, err
		}
		size := max(old.Size(), after.Size())
		w.bill.table, w.bill.own = w.table, units.Write(uint64(size), false)
		beside := w.table.aside.Load()
		if beside == nil || !holds {
			err = c.admit(w.table, w.place, 0, w.bill.own, false)
		} else {
			err = c.doBeside(w, beside, old, after)
		}
		if err != nil {
			return nil, err
		}
		c.touched(1, size)
		if !holds {
			e := failure(conditionFailed, "The conditional request failed")
			if w.onFailure {
				e.item = old
			}
			return nil, e
		}
		w.old, w.after = old, after
		w.table.resize(c.now, w.place, after.Size()-old.Size())
		return after, nil
	})
	if err == nil {
		c.overwritten(w)
	}
	var api *apiError
	if errors.As(err, &api) && api.name == conditionFailed {
		c.tally(w.table).sums[conditionFailures]++
	}
	return err
}

// doBeside admits a write to a table that keeps more than its items, and brings the rest up to
// date.
func (c *call) doBeside(w *write, beside *aside, old, after attribute.Stored) error {
	then := beside.follow(w.place, old, after)
	if err := beside.fits(c.s, w.place, after, &then, w.updating); err != nil {
		return err
	}
	if err := c.admitIndexes(then.changes); err != nil {
		return err
	}
	if err := c.admit(w.table, w.place, 0, w.bill.own+then.localUnits, false); err != nil {
		return err
	}
	c.chargeIndexes(then.changes)
	w.bill.addAll(then.changes)
	beside.apply(c.s, c.now, change{at: w.place, old: old, after: after}, &then)
	return nil
}

// putItem answers PutItem.
func (c *call) putItem() error {
	r := &c.req
	names := r.placeholders()
	w := c.writeParameters("ALL_OLD")
	w.condition = r.condition("ConditionExpression", names)
	if r.err == nil {
		r.fail(unused(names))
	}
	t, err := c.openNamed()
	if err != nil {
		return err
	}
	r.require("Item")
	item := r.item("Item")
	if r.err != nil {
		return r.err
	}
	if w.place, err = t.schema.ofItem(item); err != nil {
		return err
	}
	if item.Size() > units.MaxItem {
		return invalid("Item size has exceeded the maximum allowed size")
	}
	w.table = t
	stored := encode(item)
	if err := c.do(w, func(attribute.Stored) (attribute.Stored, error) { return stored, nil }); err != nil {
		return err
	}
	if w.returns == "ALL_OLD" && w.old != nil {
		c.out = w.old.AppendJSON(append(c.out, `,"Attributes":`...))
	}
	c.finishWrite(w, item)
	return nil
}

// encode returns an item as it is stored, in no more memory than it needs.
func encode(it attribute.Item) attribute.Stored {
	var room [2048]byte
	return slices.Clone(it.Encode(room[:0]))
}

// deleteItem answers DeleteItem.
func (c *call) deleteItem() error {
	r := &c.req
	names := r.placeholders()
	w := c.writeParameters("ALL_OLD")
	w.condition = r.condition("ConditionExpression", names)
	if r.err == nil {
		r.fail(unused(names))
	}
	var err error
	if w.target, err = c.keyed(); err != nil {
		return err
	}
	if err := c.do(w, func(attribute.Stored) (attribute.Stored, error) { return nil, nil }); err != nil {
		return err
	}
	if w.returns == "ALL_OLD" && w.old != nil {
		c.out = w.old.AppendJSON(append(c.out, `,"Attributes":`...))
	}
	c.finishWrite(w, w.key)
	return nil
}

// updateItem answers UpdateItem, which makes the item when it is not there.
func (c *call) updateItem() error {
	r := &c.req
	names := r.placeholders()
	w := c.writeParameters("ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")
	w.updating = true
	update := &expression.Update{}
	if text := r.text("UpdateExpression"); r.err == nil && r.has("UpdateExpression") {
		u, err := expression.ParseUpdate(text, names)
		if err == nil {
			update = u
		}
		r.fail(err)
	}
	w.condition = r.condition("ConditionExpression", names)
	if r.err == nil {
		r.fail(unused(names))
	}
	var err error
	if w.target, err = c.keyed(); err != nil {
		return err
	}
	for _, name := range update.Tops() {
		if w.table.schema.has(name) {
			return invalid("One or more parameter values were invalid: Cannot update attribute %s. This "+
				"attribute is part of the key", name)
		}
	}
	next := func(old attribute.Stored) (attribute.Stored, error) { return apply(update, old, w.key) }
	if err := c.do(w, next); err != nil {
		return err
	}
	if err := c.returnUpdated(w, update); err != nil {
		return err
	}
	c.finishWrite(w, w.key)
	return nil
}

// apply returns what an update makes of an item, or of its key when it is not there.
func apply(u *expression.Update, old attribute.Stored, key attribute.Item) (attribute.Stored, error) {
	before := old.Item()
	if old == nil {
		before = key
	}
	after, err := u.Apply(before)
	if err != nil {
		return nil, err
	}
	if after.Size() > units.MaxItem {
		return nil, invalid("Item size to update has exceeded the maximum allowed size")
	}
	for _, v := range after {
		if v.Depth() > attribute.MaxDepth {
			return nil, invalid("Nesting Levels have exceeded supported limits: Attributes in the item have " +
				"nested levels beyond supported limit")
		}
	}
	return encode(after), nil
}

// returnUpdated writes the attributes that ReturnValues asks for. UPDATED_OLD and UPDATED_NEW
// return what is at the places that the update names.
func (c *call) returnUpdated(w *write, update *expression.Update) error {
	from := w.old
	if w.returns == "ALL_NEW" || w.returns == "UPDATED_NEW" {
		from = w.after
	}
	switch {
	case from == nil || w.returns == "" || w.returns == "NONE":
		return nil
	case w.returns == "ALL_OLD" || w.returns == "ALL_NEW":
		c.out = from.AppendJSON(append(c.out, `,"Attributes":`...))
		return nil
	}
	var err error
	c.out, err = update.Updated(from.Item()).Append(append(c.out, `,"Attributes":`...))
	return err
}
