package dynamodb

import (
	"slices"
	"strings"

	"crossover/costmodel/partition"
	"crossover/costmodel/units"
	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/expression"
	"crossover/driver/embedded/dynamodb/store"
)

// chooseIndex reads IndexName.
func (c *call) chooseIndex(p *pageRequest) error {
	r := &c.req
	name := r.text("IndexName")
	if r.err != nil || !r.has("IndexName") {
		return r.err
	}
	p.beside = p.table.aside.Load()
	ix := p.beside.find(name)
	if ix == nil {
		return invalid("The table does not have the specified index: %s", name)
	}
	ready, filling := ix.readable()
	switch {
	case filling:
		return invalid("Cannot read from backfilling global secondary index: %s", name)
	case !ready:
		return invalid("The table does not have the specified index: %s", name)
	case p.strong && !ix.local:
		return invalid("Consistent reads are not supported on global secondary indexes")
	}
	ix.settle(c.now)
	p.index, p.keys, p.store = ix, ix.keys, ix.store
	return nil
}

// coverage holds what a request may ask of an index that does not have all attributes: a
// global one gives what it has, a local one fetches the rest from the table (Developer Guide,
// "Local Secondary Indexes", "Attribute projections").
func (p *pageRequest) coverage(what string) error {
	ix := p.index
	if ix == nil || ix.kept == nil {
		return nil
	}
	missing := func(names []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return ix.kept[n] })
	}
	var paths, filtered []string
	for _, x := range p.paths {
		if !slices.Contains(paths, x.Top()) {
			paths = append(paths, x.Top())
		}
	}
	if p.filter != nil {
		filtered = expression.Tops(p.filter)
	}
	paths, filtered = missing(paths), missing(filtered)
	switch {
	case ix.local:
		p.fetch = what == "ALL_ATTRIBUTES" || len(paths)+len(filtered) > 0
	case what == "ALL_ATTRIBUTES":
		return invalid("One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for "+
			"global secondary index %s because its projection type is not ALL", ix.name)
	case len(paths) > 0:
		return invalid("One or more parameter values were invalid: Global secondary index %s does not project "+
			"[%s]", ix.name, strings.Join(paths, ", "))
	case len(filtered) > 0:
		return invalid("One or more parameter values were invalid: Global secondary index %s does not project one or "+
			"more filter attributes: [%s]", ix.name, strings.Join(filtered, ", "))
	}
	return nil
}

// placeOf returns where an ExclusiveStartKey points: of an index it has the table's key, too.
func (p *pageRequest) placeOf(key attribute.Item) (store.Key, error) {
	if p.index == nil {
		return p.keys.ofKey(key)
	}
	mismatch := invalid("The provided key element does not match the schema")
	all := slices.Clone(p.table.schema)
	for _, k := range p.keys {
		if !all.has(k.name) {
			all = append(all, k)
		}
	}
	for _, k := range all {
		if v, ok := key[k.name]; !ok || v.Type != k.kind {
			return store.Key{}, mismatch
		}
	}
	if len(key) != len(all) {
		return store.Key{}, mismatch
	}
	at, err := p.table.schema.place(key)
	if err != nil {
		return store.Key{}, err
	}
	sort := attribute.Value{}
	if len(p.keys) > 1 {
		sort = key[p.keys[1].name]
	}
	return store.NewKey(sortable(key[p.keys[0].name]), p.keys.below(sort)+at.Text), nil
}

// lastKey returns the LastEvaluatedKey that an entry gives.
func (p *pageRequest) lastKey(entry attribute.Stored) attribute.Item {
	out := attribute.Item{}
	for _, keys := range []schema{p.table.schema, p.keys} {
		for _, k := range keys {
			if v, ok := entry.Lookup(k.name); ok {
				out[k.name] = v
			}
		}
	}
	return out
}

// admitPage asks for the units of an empty page.
func (c *call) admitPage(p *pageRequest, at store.Key) error {
	read := units.Page(0, consistency(p.strong))
	if p.index == nil || p.index.local {
		return c.admit(p.table, at, read, 0, p.strong)
	}
	if c.fault == throttleFault {
		return c.inject(p.table, at.Hash, true)
	}
	d := p.index.capacity.AdmitKey(c.now, partition.Request{Key: whereOf(at), Read: read, Eventual: true})
	if !d.OK {
		return c.refusedByIndex(p.index, d)
	}
	sums := c.indexTally(p.index)
	sums.sums[consumedRead] += read
	sums.parts = append(sums.parts, partitionTally{id: d.Partition})
	return nil
}

// chargePage adds units that a page consumed beyond what it was admitted with.
func (c *call) chargePage(p *pageRequest, at store.Key, read float64) {
	switch {
	case p.index == nil || p.index.local:
		c.charge(p.table, at, read, p.strong)
	case read > 0:
		p.index.capacity.ChargeKey(c.now, partition.Request{Key: whereOf(at), Read: read, Eventual: true})
		c.indexTally(p.index).sums[consumedRead] += read
	}
}

// fetched replaces a local index's entries by the table's items where those are wanted. Each
// is read by itself: its size is rounded up alone (Developer Guide, "Local Secondary Indexes",
// "Read capacity units").
func (c *call) fetched(p *pageRequest, pg *page, b *bill) {
	if !p.fetch {
		return
	}
	for i, e := range pg.entries {
		at, err := p.table.schema.place(p.table.schema.of(e.Item.Item()))
		if err != nil {
			continue // no entry has a key that is none
		}
		item := p.table.store.Get(at)
		read := units.Read(uint64(item.Size()), consistency(p.strong))
		c.charge(p.table, at, read, p.strong)
		b.own += read
		if item != nil {
			pg.entries[i].Item = item
		}
	}
}
