package workload

import (
	"fmt"
	"slices"

	"crossover/workload/items"
	"crossover/workload/op"
)

// Limits of requests of several items (AWS DynamoDB API Reference, BatchGetItem,
// TransactGetItems and TransactWriteItems).
const (
	maxBatchReadBytes = 16 << 20
	maxTransactBytes  = 4 << 20
)

// moreOperations checks what the scenario says of kinds besides their shares.
func (c check) moreOperations(sc *Scenario) {
	w := &sc.Workload
	for k := range op.KindCount {
		name := kindOptions[k]
		switch {
		case name == "":
		case w.Operations[k] > 0 && !w.hasOptions(k):
			c.fail(fmt.Sprintf("a share of %s without workload.%s", k, name), fmt.Sprintf("workload.%s, which says more of it", name), "workload", "operations", name)
		case w.Operations[k] == 0 && w.hasOptions(k):
			c.fail(fmt.Sprintf("%s without a share of the operation", name), fmt.Sprintf("a share of %s", name), "workload", name)
		}
	}
	if w.Operations[op.Touch] > 0 && w.Write.TTL == 0 {
		c.fail("touch without a time to live", "workload.write.ttl", "workload", "operations", "touch")
	}
	c.reads(sc)
	c.changes(sc)
	c.severals(sc)
	c.verifiable(sc)
}

// reads checks what is said of reads, queries and scans.
func (c check) reads(sc *Scenario) {
	w := &sc.Workload
	c.names(sc, w.Read.Attributes, "workload", "read", "attributes")
	c.comparison(sc, w.Query.Filter, "workload", "query", "filter")
	c.comparison(sc, w.Scan.Filter, "workload", "scan", "filter")
	q := w.QueryIndex
	if q == nil {
		return
	}
	c.comparison(sc, q.Filter, "workload", "query_index", "filter")
	var names []string
	for i := range sc.Indexes {
		x := &sc.Indexes[i]
		names = append(names, x.Name)
		if x.Name != q.Index {
			continue
		}
		if q.Filter != nil && !x.Holds(q.Filter.Attribute) {
			c.fail(fmt.Sprintf("%q, which index %s does not hold", q.Filter.Attribute, x.Name), "an attribute of its projection", "workload", "query_index", "filter", "attribute")
		}
		for i, name := range w.Read.Attributes {
			if !x.Holds(name) {
				c.fail(fmt.Sprintf("%q, which index %s does not hold", name, x.Name), "attributes of the projection of the index that is queried", "workload", "read", "attributes", i)
			}
		}
	}
	if !slices.Contains(names, q.Index) {
		c.d.fail(c.at("workload", "query_index", "index"), "workload.query_index.index", fmt.Sprintf("%q", q.Index), "the name of one of indexes", nearest(q.Index, names))
	}
}

// names checks a list of attributes: each there, and once.
func (c check) names(sc *Scenario, names []string, at ...any) {
	for i, name := range names {
		if _, ok := sc.place(name); !ok || slices.Contains(names[:i], name) {
			c.fail(fmt.Sprintf("%q", name), fmt.Sprintf("attributes of dataset.attributes (%v), each once", sc.attributeNames()), append(slices.Clone(at), i)...)
		}
	}
}

// changes checks writes that change a part of an item, and their conditions.
func (c check) changes(sc *Scenario) {
	w := &sc.Workload
	if o := w.ConditionalUpdate; o != nil {
		c.writeCondition(sc, &o.Condition, "workload", "conditional_update", "condition")
	}
	if o := w.PartialUpdate; o != nil {
		c.settable(sc, o.Attributes, "workload", "partial_update")
		c.writeCondition(sc, o.Condition, "workload", "partial_update", "condition")
	}
	if o := w.Increment; o != nil {
		c.counter(sc, o.Attribute, o.By, "workload", "increment")
		c.writeCondition(sc, o.Condition, "workload", "increment", "condition")
	}
	if o := w.Append; o != nil {
		c.writeCondition(sc, o.Condition, "workload", "append", "condition")
		i, ok := sc.attribute(o.Attribute)
		switch {
		case !ok || sc.Dataset.Typed[i].Type != items.List:
			c.fail(fmt.Sprintf("%q", o.Attribute), "an attribute of dataset.attributes of type list", "workload", "append", "attribute")
		case o.Elements > sc.Dataset.Typed[i].Count:
			c.fail(fmt.Sprintf("%d elements", o.Elements), fmt.Sprintf("at most the attribute's %d", sc.Dataset.Typed[i].Count), "workload", "append", "elements")
		}
	}
}

// settable checks the attributes that an operation sets.
func (c check) settable(sc *Scenario, names []string, at ...any) {
	if len(names) == 0 {
		c.fail("no attributes", "attributes: at least one that is set", at...)
	}
	at = append(slices.Clone(at), "attributes")
	c.names(sc, names, at...)
	for i, name := range names {
		if k, ok := sc.attribute(name); ok && sc.Dataset.Typed[k].Type == items.Null {
			c.fail(fmt.Sprintf("%q, which is always null", name), "an attribute with values", append(slices.Clone(at), i)...)
		}
	}
}

// counter checks the attribute that an operation adds to.
func (c check) counter(sc *Scenario, name string, by int64, at ...any) {
	if i, ok := sc.attribute(name); !ok || !wholeNumber(&sc.Dataset.Typed[i]) {
		c.fail(fmt.Sprintf("%q", name), "an attribute of dataset.attributes of type number whose values are integers", append(slices.Clone(at), "attribute")...)
	}
	if by == 0 {
		c.fail("an increment by 0", "by: a number other than 0", append(slices.Clone(at), "by")...)
	}
}

// severals checks operations of several items.
func (c check) severals(sc *Scenario) {
	w := &sc.Workload
	_, largest := sc.sizeBounds()
	for _, k := range []op.Kind{op.BatchRead, op.BatchWrite, op.TransactRead, op.TransactWrite} {
		n := uint64(sc.Parts(k))
		if !w.hasOptions(k) {
			continue
		}
		if n > sc.Dataset.Items {
			c.fail(fmt.Sprintf("%d different items", n), fmt.Sprintf("at most dataset.items, %d", sc.Dataset.Items), "workload", kindOptions[k])
		}
		limit := uint64(maxTransactBytes)
		switch k {
		case op.BatchRead:
			limit = maxBatchReadBytes
		case op.BatchWrite:
			continue // 25 items of 400 KiB are below its limit
		}
		if n*largest > limit {
			c.fail(fmt.Sprintf("%d items of up to %d bytes", n, largest), fmt.Sprintf("at most %d MiB in all, DynamoDB's limit", limit>>20), "workload", kindOptions[k])
		}
	}
	if w.TransactWrite == nil {
		return
	}
	if n := len(w.TransactWrite.Steps); n > 100 {
		c.fail(fmt.Sprintf("%d steps", n), "at most 100, TransactWriteItems' limit", "workload", "transact_write", "steps")
	}
	for i := range w.TransactWrite.Steps {
		c.step(sc, &w.TransactWrite.Steps[i], "workload", "transact_write", "steps", i)
	}
}

// step checks one step of a transaction.
func (c check) step(sc *Scenario, s *StepYML, at ...any) {
	c.writeCondition(sc, s.Condition, append(slices.Clone(at), "condition")...)
	set, increment := s.Do == op.StepSet.String(), s.Do == op.StepIncrement.String()
	if set {
		c.settable(sc, s.Attributes, at...)
	} else if len(s.Attributes) > 0 {
		c.fail("attributes of a step that is no set", "none", append(slices.Clone(at), "attributes")...)
	}
	if increment {
		c.counter(sc, s.Attribute, s.By, at...)
	} else if s.Attribute != "" || s.By != 0 {
		c.fail("attribute or by of a step that is no increment", "neither", at...)
	}
	if s.Do == op.StepCheck.String() && s.Condition == nil {
		c.fail("a check without a condition", "condition: what must hold", at...)
	}
}

// verifiable checks that reads which are verified find whole versions of items.
func (c check) verifiable(sc *Scenario) {
	w := &sc.Workload
	if w.Read.Verify == 0 {
		return
	}
	if len(w.Read.Attributes) > 0 {
		c.fail("verified reads of a projection", "no read.attributes: what is verified is the whole item", "workload", "read", "verify")
	}
	for _, k := range []op.Kind{op.PartialUpdate, op.Increment, op.Append, op.BatchWrite, op.TransactWrite} {
		if w.Operations[k] > 0 {
			c.fail(fmt.Sprintf("verified reads with a share of %s", k), "only writes of one whole item each: it must be known what a read has to find", "workload", "read", "verify")
			return
		}
	}
}

// deletesOtherwise reports whether other operations than delete remove items.
func (w *Workload) deletesOtherwise() bool {
	if w.BatchWrite != nil && w.BatchWrite.Deletes > 0 {
		return true
	}
	return w.TransactWrite != nil && slices.ContainsFunc(w.TransactWrite.Steps, func(s StepYML) bool { return s.Do == op.StepDelete.String() })
}
