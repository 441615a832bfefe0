package dynamodb

import (
	"cmp"
	"encoding/base64"
	"iter"
	"math"
	"slices"

	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/expression"
	"crossover/driver/embedded/dynamodb/partiql"
	"crossover/driver/embedded/dynamodb/store"
	"crossover/driver/embedded/dynamodb/wire"
)

// maxKeysIn is how many partition keys a SELECT may name with IN (Developer Guide, "PartiQL select
// statements for DynamoDB").
const maxKeysIn = 50

// selectPage answers a SELECT: a query where WHERE names the partition key with = or IN, a scan
// otherwise.
func (c *call) selectPage(s *statement, want string) error {
	r := &c.req
	p := &pageRequest{
		table: s.table, keys: s.table.schema, store: s.table.store, limit: -1, strong: r.flag("ConsistentRead"), want: want,
	}
	limit, err := r.bounded("Limit", -1, math.MaxInt32)
	if err != nil {
		return err
	}
	p.limit = limit
	if s.Index != "" {
		r.fields = append(r.fields, wire.Field{Name: "IndexName", Raw: appendJSON(nil, s.Index)})
	}
	if err := c.chooseIndex(p); err != nil {
		return err
	}
	if s.Projection != "" {
		if p.paths, err = expression.Projection(s.Projection, &s.Names); err != nil {
			return err
		}
	}
	spans, rest, err := s.spans(p)
	if err != nil {
		return err
	}
	if text := partiql.Condition(rest); text != "" {
		if p.filter, err = expression.ParseCondition("FilterExpression", text, &s.Names); err != nil {
			return err
		}
	}
	if err := p.coverage(""); err != nil {
		return err
	}
	if err := p.token(r); err != nil {
		return err
	}
	return c.answerSelect(s, p, spans)
}

// token reads NextToken: the key that the last page ended with.
func (p *pageRequest) token(r *request) error {
	text := r.text("NextToken")
	if r.err != nil || !r.has("NextToken") {
		return r.err
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return invalid("Invalid NextToken")
	}
	key, err := attribute.ReadItem(wire.NewReader(raw))
	if err != nil {
		return invalid("Invalid NextToken")
	}
	at, err := p.placeOf(key)
	if err != nil {
		return invalid("Invalid NextToken")
	}
	p.start = &at
	return nil
}

// spans returns the keys that WHERE covers, none for all, and what it says besides.
func (s *statement) spans(p *pageRequest) (out []span, rest []partiql.Conjunct, err error) {
	var hash, sort *partiql.Conjunct
	for i := range s.Where {
		w := &s.Where[i]
		switch {
		case w.Attribute == p.keys.partition() && hash == nil && (w.Op == "=" || w.Op == "IN"):
			hash = w
		case w.Op != "" && w.Attribute == p.keys.sort() && sort == nil && w.Op != "IN":
			sort = w
		default:
			rest = append(rest, *w)
		}
	}
	for _, name := range s.Order {
		if hash == nil {
			return nil, nil, invalid("Must have WHERE clause in the statement when using ORDER BY clause.")
		}
		if !p.keys.has(name) {
			return nil, nil, invalid("Variable reference %s in ORDER BY clause must be part of the primary key", name)
		}
	}
	if hash == nil {
		return nil, s.Where, nil
	}
	if len(hash.Values) > maxKeysIn {
		return nil, nil, invalid("The IN operator on the partition key may have at most %d values", maxKeysIn)
	}
	for _, v := range hash.Values {
		k := &expression.KeyCondition{Partition: v}
		if sort != nil {
			k.Sort = &expression.SortCondition{Op: sort.Op, A: sort.Values[0]}
			if sort.Op == "BETWEEN" {
				k.Sort.B = sort.Values[1]
			}
		}
		x, err := p.keys.spanOf(k, p.index != nil)
		if err != nil {
			return nil, nil, err
		}
		if !slices.ContainsFunc(out, func(o span) bool { return o.low == x.low }) {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b span) int { return cmp.Compare(a.low.Hash, b.low.Hash) })
	return out, rest, nil
}

// answerSelect reads one page and writes it.
func (c *call) answerSelect(s *statement, p *pageRequest, spans []span) error {
	whole := len(spans) == 0
	if p.start != nil && !whole {
		i := slices.IndexFunc(spans, func(x span) bool { return x.low.Hash == p.start.Hash })
		if i < 0 {
			return invalid("Invalid NextToken")
		}
		spans = spans[i:]
		if err := spans[0].start(p.start, s.Descending); err != nil {
			return invalid("Invalid NextToken")
		}
	}
	from := store.Key{}
	switch {
	case !whole:
		from = spans[0].low
	case p.start != nil:
		from = *p.start
	}
	if err := c.admitPage(p, from); err != nil {
		return err
	}
	seq := p.store.Ascend(from, p.start != nil)
	if !whole {
		seq = p.along(spans, s.Descending)
	}
	pg := p.read(seq, func(store.Key) bool { return true })
	b, _, err := c.pageItems(p, &pg, from)
	if err != nil {
		return err
	}
	if pg.more {
		last, err := p.lastKey(pg.last).Append(nil)
		if err != nil {
			return err
		}
		c.out = appendJSON(append(c.out, `,"NextToken":`...), base64.StdEncoding.EncodeToString(last))
		c.out = append(append(c.out, `,"LastEvaluatedKey":`...), last...)
	}
	c.finish(p.want, b)
	return nil
}

// along yields the entries of spans, one span behind the other.
func (p *pageRequest) along(spans []span, descending bool) iter.Seq[store.Entry] {
	return func(yield func(store.Entry) bool) {
		for _, x := range spans {
			seq := p.store.Ascend(x.low, x.lowOut)
			if descending {
				seq = p.store.Descend(x.high, x.highOut)
			}
			for e := range seq {
				if e.Hash != x.low.Hash || !x.holds(e.Key) {
					break
				}
				if !yield(e) {
					return
				}
			}
		}
	}
}
