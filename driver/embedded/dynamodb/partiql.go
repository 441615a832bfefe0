package dynamodb

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"crossover/costmodel/units"
	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/expression"
	"crossover/driver/embedded/dynamodb/partiql"
	"crossover/driver/embedded/dynamodb/store"
	"crossover/driver/embedded/dynamodb/wire"
)

// A statement is a PartiQL statement about a table that is there.
type statement struct {
	*partiql.Statement
	table *table
	keys  attribute.Item     // the table's key, as far as WHERE names it with =
	rest  []partiql.Conjunct // what WHERE says besides
}

// values returns a list of attribute values.
func (r *request) values(name string) (out []attribute.Value) {
	r.read(name, func(w *wire.Reader) error {
		return elements(w, func() error {
			v, err := attribute.Read(w)
			out = append(out, v)
			return err
		})
	})
	return out
}

// statement reads Statement and Parameters.
func (c *call) statement(r *request) (*statement, error) {
	r.require("Statement")
	text, parameters := r.text("Statement"), r.values("Parameters")
	if r.err == nil && r.has("Parameters") && len(parameters) == 0 {
		r.fail(unfit("[]", "parameters", "Member must have length greater than or equal to 1"))
	}
	if r.err != nil {
		return nil, r.err
	}
	parsed, err := partiql.Parse(text, parameters)
	if err != nil {
		return nil, err
	}
	t, err := c.open(parsed.Table)
	if err != nil {
		return nil, err
	}
	s := &statement{Statement: parsed, table: t, keys: attribute.Item{}}
	for _, w := range parsed.Where {
		if _, twice := s.keys[w.Attribute]; w.Op == "=" && t.schema.has(w.Attribute) && !twice {
			s.keys[w.Attribute] = w.Values[0]
		} else {
			s.rest = append(s.rest, w)
		}
	}
	return s, nil
}

// keyed reports whether WHERE names one item.
func (s *statement) keyed() bool { return len(s.keys) == len(s.table.schema) && s.Index == "" }

// condition parses a condition on the item, or returns nil for "".
func (s *statement) condition(text string) (expression.Condition, error) {
	if text == "" {
		return nil, nil
	}
	return expression.ParseCondition("ConditionExpression", text, &s.Names)
}

// named returns a placeholder of the partition key's name.
func (s *statement) named() string {
	const k = "#key"
	s.Names.Names[k] = s.table.schema.partition()
	return k
}

// write returns what a statement does to one item, as a transaction's action.
func (c *call) statementWrite(s *statement, onFailure bool) (*transactWrite, error) {
	w := &transactWrite{name: s.Table}
	w.table, w.onFailure, w.returns = s.table, onFailure, s.Returning
	text := partiql.Condition(s.rest)
	switch s.Kind {
	case partiql.Insert:
		text = "attribute_not_exists(" + s.named() + ")"
		w.put(s.Item)
	case partiql.Update, partiql.Exists:
		text = strings.TrimSuffix("attribute_exists("+s.named()+") AND "+text, " AND ")
	case partiql.Delete:
		if text != "" {
			text = "attribute_not_exists(" + s.named() + ") OR " + text
		}
	}
	var err error
	if w.condition, err = s.condition(text); err != nil {
		return nil, err
	}
	if s.Kind == partiql.Insert {
		return w, w.bad
	}
	if !s.keyed() {
		return nil, invalid("Where clause does not contain a mandatory equality on all key attributes")
	}
	w.key = s.keys
	if w.place, err = s.table.schema.ofKey(s.keys); err != nil {
		return nil, err
	}
	update := &expression.Update{}
	switch s.Kind {
	case partiql.Delete:
		w.next = func(attribute.Stored) (attribute.Stored, error) { return nil, nil }
	case partiql.Exists:
		w.check = true
		w.next = func(old attribute.Stored) (attribute.Stored, error) { return old, nil }
	case partiql.Update:
		if update, err = expression.ParseUpdate(s.Updates, &s.Names); err != nil {
			return nil, err
		}
		w.updating = true
		w.next = func(old attribute.Stored) (attribute.Stored, error) { return apply(update, old, w.key) }
	}
	w.does = update
	for _, name := range update.Tops() {
		if s.table.schema.has(name) {
			return nil, invalid("Cannot update attribute %s. This attribute is part of the key", name)
		}
	}
	return w, nil
}

// done does one statement's write by itself.
func (c *call) done(s *statement, w *transactWrite) error {
	err := c.do(&w.write, w.next)
	if err == nil || s.Kind != partiql.Insert {
		return err
	}
	return duplicate(err)
}

// duplicate returns an insertion's failed condition as what it means.
func duplicate(err error) error {
	api := asAPI(err)
	if api.name != conditionFailed {
		return err
	}
	e := failure("DuplicateItemException", "Duplicate primary key exists in table")
	e.item = api.item
	return e
}

// executeStatement answers ExecuteStatement.
func (c *call) executeStatement() error {
	r := &c.req
	want := r.returnConsumed()
	onFailure := r.choice("ReturnValuesOnConditionCheckFailure", "ALL_OLD", "NONE") == "ALL_OLD"
	s, err := c.statement(r)
	switch {
	case err != nil:
		return err
	case s.Kind == partiql.Exists:
		return invalid("EXISTS is only supported in transactions")
	case s.Kind == partiql.Select:
		return c.selectPage(s, want)
	}
	w, err := c.statementWrite(s, onFailure)
	if err != nil {
		return err
	}
	if err := c.done(s, w); err != nil {
		return err
	}
	c.out = append(c.out, `,"Items":[`...)
	if c.out, err = c.returning(c.out, w); err != nil {
		return err
	}
	c.out = append(c.out, ']')
	c.finish(want, &w.bill)
	return nil
}

// returning appends the attributes that RETURNING asks for.
func (c *call) returning(dst []byte, w *transactWrite) ([]byte, error) {
	from := w.old
	if strings.HasSuffix(w.returns, "NEW") {
		from = w.after
	}
	switch {
	case from == nil || w.returns == "":
		return dst, nil
	case strings.HasPrefix(w.returns, "ALL"):
		return from.AppendJSON(dst), nil
	}
	return w.does.Updated(from.Item()).Append(dst)
}

// The limits of several statements (API Reference, BatchExecuteStatement).
const maxStatements = 25

// batchExecuteStatement answers BatchExecuteStatement: each statement is about one item and does
// or fails by itself.
func (c *call) batchExecuteStatement() error {
	r := &c.req
	want := r.returnConsumed()
	r.require("Statements")
	all := r.structures("Statements")
	switch {
	case r.err != nil:
		return r.err
	case len(all) < 1:
		return unfit("[]", "statements", "Member must have length greater than or equal to 1")
	case len(all) > maxStatements:
		return unfit(fmt.Sprintf("[%d statements]", len(all)), "statements", fmt.Sprintf("Member must have length "+
			"less than or equal to %d", maxStatements))
	}
	reads := 0
	for _, x := range all {
		if first := strings.Fields(x.text("Statement")); len(first) > 0 && strings.EqualFold(first[0], "SELECT") {
			reads++
		}
	}
	if reads > 0 && reads < len(all) {
		return invalid("Batch requests must contain either all read or all write statements")
	}
	sum := &billsByTable{}
	c.out = append(c.out, `,"Responses":[`...)
	for i, x := range all {
		if i > 0 {
			c.out = append(c.out, ',')
		}
		s, item, err := c.oneOfBatch(x, sum)
		c.out = append(c.out, '{')
		if err != nil {
			c.out = appendBatchError(c.out, asAPI(err))
		}
		if s != nil {
			if c.out[len(c.out)-1] != '{' {
				c.out = append(c.out, ',')
			}
			c.out = appendJSON(append(c.out, `"TableName":`...), s.table.name)
		}
		if item != nil {
			c.out = append(append(c.out, `,"Item":`...), item...)
		}
		c.out = append(c.out, '}')
	}
	c.out = append(c.out, ']')
	c.finishMany(want, sum.bills)
	return nil
}

// appendBatchError appends the Error of one statement (API Reference, BatchStatementError).
func appendBatchError(dst []byte, e *apiError) []byte {
	dst = appendJSON(append(dst, `"Error":{"Code":`...), strings.NewReplacer("ValidationException", "ValidationError",
		"ConditionalCheckFailedException", "ConditionalCheckFailed", "ResourceNotFoundException", "ResourceNotFound",
		"DuplicateItemException", "DuplicateItem", "ThrottlingException", "ThrottlingError",
		"ProvisionedThroughputExceededException", "ProvisionedThroughputExceeded",
		"ItemCollectionSizeLimitExceededException", "ItemCollectionSizeLimitExceeded",
		"TransactionConflictException", "TransactionConflict", "AccessDeniedException", "AccessDenied").Replace(e.name))
	dst = appendJSON(append(dst, `,"Message":`...), e.message)
	if e.item != nil {
		dst = e.item.AppendJSON(append(dst, `,"Item":`...))
	}
	return append(dst, '}')
}

// oneOfBatch does one statement of a batch and returns the item that it answers with.
func (c *call) oneOfBatch(x *request, sum *billsByTable) (*statement, []byte, error) {
	s, err := c.statement(x)
	if err != nil {
		return s, nil, err
	}
	onFailure := x.choice("ReturnValuesOnConditionCheckFailure", "ALL_OLD", "NONE") == "ALL_OLD"
	strong := x.flag("ConsistentRead")
	if x.err != nil {
		return s, nil, x.err
	}
	if s.Kind != partiql.Select {
		w, err := c.statementWrite(s, onFailure)
		if err == nil {
			err = c.done(s, w)
		}
		if err != nil {
			if w != nil && c.effort.items > 0 && asAPI(err).name != "ValidationException" && !asAPI(err).throttle() {
				sum.of(s.table).merge(&w.bill) // a condition that failed costs what the write would have
			}
			return s, nil, err
		}
		sum.of(s.table).merge(&w.bill)
		item, err := c.returning(nil, w)
		return s, item, err
	}
	read, err := c.statementRead(s)
	if err != nil {
		return s, nil, err
	}
	item, units, err := c.readOne(read.target, strong)
	if err != nil {
		return s, nil, err
	}
	sum.of(s.table).own += units
	if item == nil {
		return s, nil, nil
	}
	out, err := appendItem(nil, item, read.paths)
	return s, out, err
}

// statementRead returns a SELECT of one item, as a transaction's.
func (c *call) statementRead(s *statement) (*transactRead, error) {
	if !s.keyed() || len(s.rest) > 0 {
		return nil, invalid("Select statements within BatchExecuteStatement and ExecuteTransaction must specify the " +
			"primary key in the where clause")
	}
	at, err := s.table.schema.ofKey(s.keys)
	if err != nil {
		return nil, err
	}
	x := &transactRead{target: target{s.table, s.keys, at}}
	if s.Projection != "" {
		x.paths, err = expression.Projection(s.Projection, &s.Names)
	}
	return x, err
}

// executeTransaction answers ExecuteTransaction.
func (c *call) executeTransaction() error {
	r := &c.req
	want := r.returnConsumed()
	token, err := r.clientToken()
	if err != nil {
		return err
	}
	r.require("TransactStatements")
	all := r.structures("TransactStatements")
	switch {
	case r.err != nil:
		return r.err
	case len(all) < 1 || len(all) > maxTransaction:
		return unfit(fmt.Sprintf("[%d statements]", len(all)), "transactStatements", fmt.Sprintf("Member must have "+
			"length less than or equal to %d and greater than or equal to 1", maxTransaction))
	}
	var writes []*transactWrite
	var reads []*transactRead
	var text []byte
	for _, x := range all {
		s, err := c.statement(x)
		if err != nil {
			return err
		}
		if s.Kind == partiql.Select {
			read, err := c.statementRead(s)
			if err != nil {
				return err
			}
			reads = append(reads, read)
			continue
		}
		onFailure := x.choice("ReturnValuesOnConditionCheckFailure", "ALL_OLD", "NONE") == "ALL_OLD"
		if x.err != nil {
			return x.err
		}
		w, err := c.statementWrite(s, onFailure)
		if err != nil {
			return err
		}
		if text, err = statementText(text, x); err != nil {
			return err
		}
		writes = append(writes, w)
	}
	switch {
	case len(reads) > 0 && len(writes) > 0:
		return invalid("Transaction request must contain either all read or all write statements")
	case len(reads) > 0:
		return c.answerReads(want, reads)
	}
	return c.answerWrites(want, token, writes, text)
}

// statementText appends what a statement asks for, by which a token's request is known again.
func statementText(dst []byte, x *request) ([]byte, error) {
	dst = fmt.Appendf(dst, "%q", x.text("Statement"))
	var err error
	for _, v := range x.values("Parameters") {
		if dst, err = v.Append(dst); err != nil {
			return nil, err
		}
	}
	return append(dst, ';'), x.err
}

// answerWrites does a transaction of statements. Two statements about one item are refused.
func (c *call) answerWrites(want, token string, writes []*transactWrite, text []byte) error {
	seen := map[store.Place]bool{}
	for _, w := range writes {
		at := store.Place{Store: w.table.store, Key: w.place}
		if seen[at] {
			return invalid("Transaction request cannot include multiple operations on one item")
		}
		seen[at] = true
		if w.check {
			continue
		}
		if err := w.table.mayWrite(); err != nil {
			return err
		}
	}
	charges, again, err := c.tokened(token, sha256.Sum256(text), writes)
	switch {
	case err != nil:
		return err
	case again:
		return c.repeated(want, writes)
	}
	c.out = append(c.out, `,"Responses":[`...)
	for i, w := range writes {
		if i > 0 {
			c.out = append(c.out, ',')
		}
		item, err := c.returning(nil, w)
		if err != nil {
			return err
		}
		if c.out = append(c.out, '{'); len(item) > 0 {
			c.out = append(append(c.out, `"Item":`...), item...)
		}
		c.out = append(c.out, '}')
	}
	c.out = append(c.out, ']')
	c.finishMany(want, bills(charges))
	return nil
}

// readOne reads one item by itself, and returns its units.
func (c *call) readOne(at target, strong bool) (attribute.Stored, float64, error) {
	item := at.table.store.Get(at.place)
	read := units.Read(uint64(item.Size()), consistency(strong))
	if err := c.admit(at.table, at.place, read, 0, strong); err != nil {
		return nil, 0, err
	}
	c.effort.strong = c.effort.strong || strong
	c.touched(1, item.Size())
	return item, read, nil
}
