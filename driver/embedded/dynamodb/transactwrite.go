package dynamodb

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"crossover/costmodel/units"
	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/expression"
	"crossover/driver/embedded/dynamodb/store"
)

// A transactWrite is one action of a TransactWriteItems.
type transactWrite struct {
	write
	name  string // of the table, as the request gave it
	next  func(old attribute.Stored) (attribute.Stored, error)
	check bool               // it is a ConditionCheck, which changes nothing
	item  attribute.Item     // that is put
	bad   error              // why it can't be done, whatever is there
	does  *expression.Update // of a statement
	size  int                // the larger of the item's sizes before and after
}

// transactWriteItems answers TransactWriteItems.
func (c *call) transactWriteItems() error {
	r := &c.req
	want := r.returnConsumed()
	metrics := r.choice("ReturnItemCollectionMetrics", "SIZE", "NONE") == "SIZE"
	token, err := r.clientToken()
	if err != nil {
		return err
	}
	writes, sum, err := c.transactWrites()
	if err != nil {
		return err
	}
	for _, w := range writes {
		if w.check {
			continue
		}
		if err := w.table.mayWrite(); err != nil {
			return err
		}
	}
	charges, again, err := c.tokened(token, sum, writes)
	switch {
	case err != nil:
		return err
	case again:
		return c.repeated(want, writes)
	}
	if metrics {
		var all []written
		for _, w := range writes {
			if !w.check {
				all = append(all, written{w.table, w.name, w.place, w.of()})
			}
		}
		c.manyMetrics(all)
	}
	c.finishMany(want, bills(charges))
	return nil
}

// tokened does a transaction, or reports that it was done already under the same token.
func (c *call) tokened(token string, sum [sha256.Size]byte, writes []*transactWrite) ([]charge, bool, error) {
	if token == "" {
		charges, err := c.transact(writes)
		return charges, false, err
	}
	if again, err := c.s.tokens.take(token, sum, c.now); err != nil || again {
		return nil, again, err
	}
	charges, err := c.transact(writes)
	c.s.tokens.done(token, err == nil, c.now+c.took)
	return charges, false, err
}

// of returns the item, or its key.
func (w *transactWrite) of() attribute.Item {
	if w.item != nil {
		return w.item
	}
	return w.key
}

// clientToken reads ClientRequestToken.
func (r *request) clientToken() (string, error) {
	token := r.text("ClientRequestToken")
	switch {
	case r.err != nil:
		return "", r.err
	case r.has("ClientRequestToken") && token == "":
		return "", unfit(token, "clientRequestToken", "Member must have length greater than or equal to 1")
	case len(token) > 36:
		return "", unfit(token, "clientRequestToken", "Member must have length less than or equal to 36")
	}
	return token, nil
}

// actions reads TransactItems: each with exactly one of the given members.
func (c *call) actions(members ...string) (kinds []string, actions []*request, err error) {
	r := &c.req
	r.require("TransactItems")
	items := r.structures("TransactItems")
	switch {
	case r.err != nil:
		return nil, nil, r.err
	case len(items) < 1:
		return nil, nil, unfit("[]", "transactItems", "Member must have length greater than or equal to 1")
	case len(items) > maxTransaction:
		return nil, nil, unfit(fmt.Sprintf("[%d items]", len(items)), "transactItems", fmt.Sprintf("Member must have "+
			"length less than or equal to %d", maxTransaction))
	}
	for _, x := range items {
		kind := ""
		for _, name := range members {
			if !x.has(name) {
				continue
			}
			if kind != "" {
				return nil, nil, invalid("TransactItems can only contain one of Check, Put, Update or Delete")
			}
			kind = name
		}
		if kind == "" {
			return nil, nil, invalid("Invalid Request: TransactItems should contain at least one of: Check, Put, " +
				"Update or Delete")
		}
		action := x.structure(kind)
		if x.err != nil {
			return nil, nil, x.err
		}
		kinds, actions = append(kinds, kind), append(actions, action)
	}
	return kinds, actions, nil
}

// transactWrites reads the actions, and a sum of what they ask for, by which a token's request
// is known again.
func (c *call) transactWrites() (out []*transactWrite, sum [sha256.Size]byte, err error) {
	kinds, actions, err := c.actions("ConditionCheck", "Put", "Delete", "Update")
	if err != nil {
		return nil, sum, err
	}
	var text []byte
	seen := map[store.Place]bool{}
	for i, r := range actions {
		w, err := c.transactAction(kinds[i], i, r)
		if err != nil {
			return nil, sum, err
		}
		if text, err = r.canonical(append(text, kinds[i]...)); err != nil {
			return nil, sum, err
		}
		at := store.Place{Store: w.table.store, Key: w.place}
		if w.bad == nil && seen[at] {
			return nil, sum, invalid("Transaction request cannot include multiple operations on one item")
		}
		seen[at] = true
		out = append(out, w)
	}
	return out, sha256.Sum256(text), nil
}

// canonical appends what an action asks for: the same bytes however its JSON was written.
func (r *request) canonical(dst []byte) ([]byte, error) {
	for _, name := range []string{
		"TableName", "ConditionExpression", "UpdateExpression", "ReturnValuesOnConditionCheckFailure",
	} {
		dst = fmt.Appendf(dst, "%s=%q;", name, r.text(name))
	}
	names := r.names("ExpressionAttributeNames")
	for _, k := range keysOf(names) {
		dst = fmt.Appendf(dst, "%q=%q;", k, names[k])
	}
	var err error
	for _, name := range []string{"Key", "Item", "ExpressionAttributeValues"} {
		if dst, err = r.item(name).Append(append(dst, name...)); err != nil {
			return nil, err
		}
	}
	return dst, r.err
}

// transactAction reads one action. What is wrong with its form is an error of the whole
// request; what is wrong with its item is a reason to cancel the transaction.
func (c *call) transactAction(kind string, i int, r *request) (*transactWrite, error) {
	place := func(member string) string {
		return fmt.Sprintf("transactItems.%d.member.%s.%s", i+1, small(kind), small(member))
	}
	required := map[string][]string{
		"ConditionCheck": {"Key", "TableName", "ConditionExpression"},
		"Put":            {"Item", "TableName"},
		"Delete":         {"Key", "TableName"},
		"Update":         {"Key", "TableName", "UpdateExpression"},
	}
	for _, member := range required[kind] {
		if !r.has(member) {
			return nil, unfit("null", place(member), "Member must not be null")
		}
	}
	names := r.placeholders()
	w := &transactWrite{name: r.text("TableName"), check: kind == "ConditionCheck"}
	w.condition = r.condition("ConditionExpression", names)
	w.onFailure = r.choice("ReturnValuesOnConditionCheckFailure", "ALL_OLD", "NONE") == "ALL_OLD"
	update := &expression.Update{}
	if kind == "Update" && r.err == nil {
		u, err := expression.ParseUpdate(r.text("UpdateExpression"), names)
		if err != nil {
			return nil, err
		}
		update, w.updating = u, true
	}
	if r.err == nil {
		r.fail(unused(names))
	}
	if r.err != nil {
		return nil, r.err
	}
	var err error
	if w.table, err = c.openOf(r); err != nil {
		return nil, err
	}
	w.next = func(old attribute.Stored) (attribute.Stored, error) { return old, nil }
	switch kind {
	case "Put":
		w.put(r.item("Item"))
	case "Delete":
		w.next = func(attribute.Stored) (attribute.Stored, error) { return nil, nil }
	case "Update":
		w.next = func(old attribute.Stored) (attribute.Stored, error) { return apply(update, old, w.key) }
	}
	if kind != "Put" {
		w.key = r.item("Key")
		if r.err == nil {
			w.place, w.bad = w.table.schema.ofKey(w.key)
		}
	}
	for _, name := range update.Tops() {
		if w.bad == nil && w.table.schema.has(name) {
			w.bad = invalid("One or more parameter values were invalid: Cannot update attribute %s. This "+
				"attribute is part of the key", name)
		}
	}
	return w, r.err
}

func (w *transactWrite) put(item attribute.Item) {
	w.item = item
	if w.place, w.bad = w.table.schema.ofItem(item); w.bad == nil && item.Size() > units.MaxItem {
		w.bad = invalid("Item size has exceeded the maximum allowed size")
	}
	stored := encode(item)
	w.next = func(attribute.Stored) (attribute.Stored, error) { return stored, nil }
}

// transact does all of the writes or none. A transaction that a condition cancels is charged as
// if it had been done, by assumption: a failed conditional write is, and AWS says no more of
// transactions than that each item is written twice, to prepare and to commit.
func (c *call) transact(writes []*transactWrite) ([]charge, error) {
	places := make([]store.Place, len(writes))
	for i, w := range writes {
		places[i] = store.Place{Store: w.table.store, Key: w.place}
	}
	unlock := store.Lock(places)
	defer unlock()
	charges, reasons := make([]charge, len(writes)), make([]cancellation, len(writes))
	then := make([]consequence, len(writes))
	stop, failed, bytes := false, false, 0
	for i, w := range writes {
		err := c.prepare(w, &then[i])
		bytes += w.size
		charges[i] = charge{
			table: w.table, hash: w.place.Hash, indexes: then[i].changes,
			write: units.Write(uint64(w.size), true) + then[i].localUnits,
		}
		if err == nil && bytes > maxTransactionBytes {
			err = invalid("Transaction aggregate size exceeded the maximum allowed size of %d bytes",
				maxTransactionBytes)
		}
		if err != nil {
			reasons[i] = reason(err)
			failed = failed || reasons[i].code == "ConditionalCheckFailed"
			stop = stop || reasons[i].code != "ConditionalCheckFailed"
		}
	}
	if failed && !stop {
		for i := range charges {
			charges[i].indexes, charges[i].write = nil, units.Write(uint64(writes[i].size), true)
			if reasons[i].code != "" {
				c.tally(writes[i].table).sums[conditionFailures]++
			}
		}
	}
	if stop || !c.admitAll(charges, reasons) || failed {
		return nil, cancelled(reasons)
	}
	for _, w := range writes {
		c.touched(1, w.size)
	}
	c.took = c.drawn()
	for i, w := range writes {
		w.table.locked.hold(w.place, c.now, c.now+c.took)
		if w.check {
			continue
		}
		if beside := w.table.aside.Load(); beside != nil {
			beside.apply(c.s, c.now, change{at: w.place, old: w.old, after: w.after}, &then[i])
		}
		w.table.store.Put(w.place, w.after)
		w.table.resize(c.now, w.place, w.after.Size()-w.old.Size())
		c.overwritten(&w.write)
	}
	return charges, nil
}

// prepare looks at one item: whether it can be written, and what that does beside it. The
// item is locked.
func (c *call) prepare(w *transactWrite, then *consequence) error {
	if w.bad != nil {
		return w.bad
	}
	if w.table.locked.has(w.place, c.now) {
		return c.conflict(w.table)
	}
	old := w.table.store.Peek(w.place)
	w.size = old.Size()
	if w.condition != nil && !w.condition.Holds(old.Item()) {
		if after, err := w.next(old); err == nil {
			w.size = max(w.size, after.Size())
		}
		e := failure(conditionFailed, "The conditional request failed")
		if w.onFailure {
			e.item = old
		}
		return e
	}
	after, err := w.next(old)
	if err != nil {
		return err
	}
	w.old, w.after, w.size = old, after, max(w.size, after.Size())
	beside := w.table.aside.Load()
	if beside == nil || w.check {
		return nil
	}
	*then = beside.follow(w.place, old, after)
	then.transactional()
	return beside.fits(c.s, w.place, after, then, w.updating)
}

// transactional doubles what the local indexes cost: they are written with the table. Global
// ones follow later, by ordinary writes. AWS does not say so; it is this model's assumption.
func (x *consequence) transactional() {
	x.localUnits *= 2
	for i := range x.changes {
		if x.changes[i].index.local {
			x.changes[i].goneUnits *= 2
			x.changes[i].putUnits *= 2
		}
	}
}

// repeated answers a transaction that was done already under the same token: with the units of
// reading its items (Developer Guide, "Amazon DynamoDB Transactions: How it works",
// "Idempotency").
func (c *call) repeated(want string, writes []*transactWrite) error {
	charges, reasons := make([]charge, len(writes)), make([]cancellation, len(writes))
	for i, w := range writes {
		size := w.table.store.Get(w.place).Size()
		charges[i] = charge{
			table: w.table, hash: w.place.Hash, read: units.Read(uint64(size), units.Transactional),
		}
	}
	if !c.admitAll(charges, reasons) {
		return cancelled(reasons)
	}
	c.finishMany(want, bills(charges))
	return nil
}

// Tokens are the ClientRequestTokens of the last minutes.
type tokens struct {
	mu    sync.Mutex
	known map[string]*token
	order []string // as they were done
}

type token struct {
	sum   [sha256.Size]byte
	done  bool
	until time.Duration // it is under way until then
}

// take begins a request under a token, or reports that it was done already.
func (t *tokens) take(name string, sum [sha256.Size]byte, now time.Duration) (again bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil {
		t.known = map[string]*token{}
	}
	for len(t.order) > 0 {
		if x := t.known[t.order[0]]; x != nil && now < x.until+tokenFor {
			break
		}
		delete(t.known, t.order[0])
		t.order = t.order[1:]
	}
	x := t.known[name]
	switch {
	case x == nil:
		t.known[name] = &token{sum: sum}
		return false, nil
	case x.sum != sum:
		return false, failure("IdempotentParameterMismatchException", "The provided client token is already in use "+
			"with different request parameters.")
	case !x.done || now < x.until:
		return false, failure("TransactionInProgressException", "The transaction with the given request token is "+
			"already in progress.")
	}
	return true, nil
}

// done ends a request under a token. One that failed may be sent again under the same.
func (t *tokens) done(name string, ok bool, until time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !ok {
		delete(t.known, name)
		return
	}
	t.known[name].done, t.known[name].until = true, until
	t.order = append(t.order, name)
}
