package dynamodb

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"crossover/costmodel/units"
	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/expression"
	"crossover/driver/embedded/dynamodb/store"
)

// A pageRequest is what Query and Scan have in common.
type pageRequest struct {
	table  *table
	beside *aside
	index  *index // nil reads the table itself
	keys   schema // of the index or the table
	store  *store.Store
	names  *expression.Names
	filter expression.Condition
	paths  []expression.Path
	count  bool // only counts are wanted
	fetch  bool // items are to be fetched from the table: a local index does not have all of them
	limit  int
	strong bool
	want   string
	start  *store.Key // ExclusiveStartKey
}

// pageParameters reads them. Names are checked for being used when all expressions are read.
func (c *call) pageParameters(keyConditioned bool) (*pageRequest, error) {
	t, err := c.openNamed()
	if err != nil {
		return nil, err
	}
	r := &c.req
	r.refuse(legacy...)
	p := &pageRequest{
		table: t, keys: t.schema, store: t.store,
		names: r.placeholders(), limit: -1, strong: r.flag("ConsistentRead"), want: r.returnConsumed(),
	}
	if err := c.chooseIndex(p); err != nil {
		return nil, err
	}
	p.filter = r.condition("FilterExpression", p.names)
	p.paths = r.projection(p.names)
	if r.has("Limit") {
		n := r.integer("Limit")
		if n < 1 && r.err == nil {
			return nil, unfit(fmt.Sprint(n), "limit", "Member must have value greater than or equal to 1")
		}
		p.limit = int(min(n, math.MaxInt32))
	}
	p.selects(r)
	if keyConditioned && p.filter != nil {
		for _, k := range p.keys {
			if slices.Contains(expression.Tops(p.filter), k.name) {
				r.fail(invalid("Filter Expression can only contain non-primary key attributes: Primary key "+
					"attribute: %s", k.name))
			}
		}
	}
	if key := r.item("ExclusiveStartKey"); r.err == nil && r.has("ExclusiveStartKey") {
		place, err := p.placeOf(key)
		if err != nil {
			return nil, invalid("The provided starting key is invalid: %s", err.(*apiError).message)
		}
		p.start = &place
	}
	return p, r.err
}

// selects reads Select, which must agree with the projection.
func (p *pageRequest) selects(r *request) {
	what := r.choice("Select", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT")
	p.count = what == "COUNT"
	switch {
	case r.err != nil:
	case what == "ALL_PROJECTED_ATTRIBUTES" && p.index == nil:
		r.fail(invalid("One or more parameter values were invalid: Select type ALL_PROJECTED_ATTRIBUTES is " +
			"not supported for querying/scanning on a table without an index"))
	case what == "SPECIFIC_ATTRIBUTES" && p.paths == nil:
		r.fail(invalid("One or more parameter values were invalid: Must specify the AttributesToGet or " +
			"ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"))
	case p.paths != nil && what != "" && what != "SPECIFIC_ATTRIBUTES":
		r.fail(invalid("One or more parameter values were invalid: Cannot specify the ProjectionExpression "+
			"when choosing to get %s", what))
	default:
		r.fail(p.coverage(what))
	}
}

// A page is what one request read, before the filter.
type page struct {
	entries []store.Entry
	bytes   int
	last    attribute.Stored // what the index or table has of the last entry
	more    bool             // it ended at the limit or the page size, so that there may be more
}

// read takes entries while inside holds, up to the limit and to a page of 1 MB. The item that
// crosses the page's size still belongs to it (an eventually consistent scan page was seen to
// cost 128.5 units: 257 blocks of 4 KB).
func (p *pageRequest) read(seq iter.Seq[store.Entry], inside func(store.Key) bool) (out page) {
	for e := range seq {
		if !inside(e.Key) {
			return out
		}
		out.entries = append(out.entries, e)
		out.bytes += e.Item.Size()
		out.last = e.Item
		if len(out.entries) == p.limit || out.bytes > units.MaxPage {
			out.more = true
			return out
		}
	}
	return out
}

// answerPage charges a page and writes it. The request has been admitted with the units of an
// empty page at hash; the rest is charged to the partitions that the page's bytes came from.
func (c *call) answerPage(p *pageRequest, pg page, at store.Key) error {
	b, count, err := c.pageItems(p, &pg, at)
	if err != nil {
		return err
	}
	c.out = fmt.Appendf(c.out, `,"Count":%d,"ScannedCount":%d`, count, len(pg.entries))
	if pg.more {
		last := p.lastKey(pg.last)
		if c.out, err = last.Append(append(c.out, `,"LastEvaluatedKey":`...)); err != nil {
			return err
		}
	}
	c.finish(p.want, b)
	return nil
}

// pageItems charges a page and writes its items, and returns what it cost and how many they are.
func (c *call) pageItems(p *pageRequest, pg *page, at store.Key) (b *bill, count int, err error) {
	total := units.Page(uint64(pg.bytes), consistency(p.strong))
	b = &bill{table: p.table}
	if p.index != nil {
		b.add(p.index, total)
	} else {
		b.own = total
	}
	c.spread(p, *pg, at, total-units.Page(0, consistency(p.strong)))
	c.fetched(p, pg, b)
	c.effort.strong = p.strong
	c.touched(len(pg.entries), pg.bytes)
	if !p.count {
		c.out = append(c.out, `,"Items":[`...)
	}
	for _, e := range pg.entries {
		if !p.count && p.index == nil {
			e.Item = c.spoil(target{table: p.table, place: e.Key}, e.Item)
		}
		if p.filter != nil && !p.filter.Holds(e.Item.Item()) {
			continue
		}
		if count++; p.count {
			continue
		}
		if count > 1 {
			c.out = append(c.out, ',')
		}
		if c.out, err = appendItem(c.out, e.Item, p.paths); err != nil {
			return nil, 0, err
		}
	}
	if !p.count {
		c.out = append(c.out, ']')
	}
	c.tally(p.table).sums[returnedItems] += float64(count)
	return b, count, nil
}

// spread charges units to the partitions that a page's entries lie in, by their bytes.
func (c *call) spread(p *pageRequest, pg page, at store.Key, left float64) {
	if left <= 0 || pg.bytes == 0 {
		c.chargePage(p, at, left)
		return
	}
	bounds := p.bounds()
	for i := 0; i < len(pg.entries); {
		first := pg.entries[i].Key
		part, bytes := bounds.Find(whereOf(first)), 0
		for i < len(pg.entries) && bounds.Find(whereOf(pg.entries[i].Key)) == part {
			bytes += pg.entries[i].Item.Size()
			i++
		}
		c.chargePage(p, first, left*float64(bytes)/float64(pg.bytes))
	}
}

// query answers Query.
func (c *call) query() error {
	p, err := c.pageParameters(true)
	if err != nil {
		return err
	}
	r, keys := &c.req, p.keys
	if !r.has("KeyConditionExpression") {
		return invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in " +
			"the request.")
	}
	text := r.text("KeyConditionExpression")
	condition, err := expression.ParseKeyCondition(text, keys.partition(), keys.sort(), p.names)
	if r.err != nil {
		return r.err
	}
	if err == nil {
		err = unused(p.names)
	}
	if err != nil {
		return err
	}
	span, err := keys.spanOf(condition, p.index != nil)
	if err != nil {
		return err
	}
	descending := r.has("ScanIndexForward") && !r.flag("ScanIndexForward")
	if r.err != nil {
		return r.err
	}
	if err := span.start(p.start, descending); err != nil {
		return err
	}
	begins := span.low
	if descending {
		begins = span.high
	}
	if err := c.admitPage(p, begins); err != nil {
		return err
	}
	within := func(k store.Key) bool { return k.Hash == span.low.Hash && span.holds(k) }
	seq := p.store.Ascend(span.low, span.lowOut)
	if descending {
		seq = p.store.Descend(span.high, span.highOut)
	}
	return c.answerPage(p, p.read(seq, within), begins)
}

// start moves a span's beginning behind the key that a page ended with.
func (s *span) start(k *store.Key, descending bool) error {
	switch {
	case k == nil:
		return nil
	case k.Hash != s.low.Hash:
		return invalid("The provided starting key is outside query boundaries based on provided conditions")
	case !s.holds(*k):
		return invalid("The provided starting key does not match the range key predicate")
	case descending:
		s.high, s.highOut = *k, true
	default:
		s.low, s.lowOut = *k, true
	}
	return nil
}

// maxSegments is how many segments a parallel scan may have (API Reference, Scan).
const maxSegments = 1_000_000

// scan answers Scan: items in order of their partition keys' hashes, each once.
func (c *call) scan() error {
	p, err := c.pageParameters(false)
	if err != nil {
		return err
	}
	first, last, err := c.segment()
	if err == nil {
		err = unused(p.names)
	}
	if err != nil {
		return err
	}
	from := store.Key{Hash: first}
	if p.start != nil {
		if from = *p.start; from.Hash < first || from.Hash > last {
			return invalid("The provided starting key is invalid: Invalid ExclusiveStartKey. Please use "+
				"ExclusiveStartKey with correct Segment. "+
				"TotalSegments: %d Segment: %d", c.req.integer("TotalSegments"), c.req.integer("Segment"))
		}
	}
	if err := c.admitPage(p, from); err != nil {
		return err
	}
	within := func(k store.Key) bool { return k.Hash <= last }
	return c.answerPage(p, p.read(p.store.Ascend(from, p.start != nil), within), from)
}

// segment returns the hashes that a scan covers.
func (c *call) segment() (first, last uint64, err error) {
	r := &c.req
	has, total := r.has("Segment"), int64(1)
	if r.has("TotalSegments") {
		total = r.integer("TotalSegments")
	}
	n := r.integer("Segment")
	switch {
	case r.err != nil:
		return 0, 0, r.err
	case has && !r.has("TotalSegments"):
		return 0, 0, invalid("The TotalSegments parameter is required but was not present in the request " +
			"when Segment parameter is present")
	case !has && r.has("TotalSegments"):
		return 0, 0, invalid("The Segment parameter is required but was not present in the request when " +
			"parameter TotalSegments is present")
	case total < 1:
		return 0, 0, unfit(fmt.Sprint(total), "totalSegments", "Member must have value greater than or equal to 1")
	case total > maxSegments:
		return 0, 0, unfit(fmt.Sprint(total), "totalSegments", fmt.Sprintf("Member must have value less "+
			"than or equal to %d", maxSegments))
	case n < 0:
		return 0, 0, unfit(fmt.Sprint(n), "segment", "Member must have value greater than or equal to 0")
	case n >= total:
		return 0, 0, invalid("The Segment parameter is zero-based and must be less than parameter "+
			"TotalSegments: Segment: %d is not less than TotalSegments: %d", n, total)
	}
	first, last = store.Segment(int(n), int(total))
	return first, last, nil
}
