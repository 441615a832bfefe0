package dynamodb

// A bill is the units that a request consumed of one table, and of its indexes.
type bill struct {
	table   *table
	own     float64     // of the table itself
	indexes []indexBill // each index once, in the order in which they were met
	read    bool        // of a transaction, whose answers name the kind of units
	write   bool
}

type indexBill struct {
	index *index
	units float64
}

// add counts units of an index.
func (b *bill) add(ix *index, units float64) {
	for i := range b.indexes {
		if b.indexes[i].index == ix {
			b.indexes[i].units += units
			return
		}
	}
	b.indexes = append(b.indexes, indexBill{ix, units})
}

// addAll counts what a write did to indexes.
func (b *bill) addAll(changes []indexChange) {
	for i := range changes {
		b.add(changes[i].index, changes[i].units())
	}
}

// merge adds another bill of the same table.
func (b *bill) merge(o *bill) {
	b.own += o.own
	for _, x := range o.indexes {
		b.add(x.index, x.units)
	}
}

// billsByTable are what a request consumed of several tables, in the order in which they were met.
type billsByTable struct{ bills []*bill }

func (all *billsByTable) of(t *table) *bill {
	for _, b := range all.bills {
		if b.table == t {
			return b
		}
	}
	all.bills = append(all.bills, &bill{table: t})
	return all.bills[len(all.bills)-1]
}

func (b *bill) total() float64 {
	sum := b.own
	for _, x := range b.indexes {
		sum += x.units
	}
	return sum
}

// units appends the members of a Capacity.
func (b *bill) units(dst []byte, units float64) []byte {
	dst = number(append(dst, `"CapacityUnits":`...), units)
	if b.read {
		dst = number(append(dst, `,"ReadCapacityUnits":`...), units)
	}
	if b.write {
		dst = number(append(dst, `,"WriteCapacityUnits":`...), units)
	}
	return dst
}

// consumed appends the ConsumedCapacity of one table, as far as it was asked for (API
// Reference, ConsumedCapacity).
func consumed(dst []byte, want string, b *bill) []byte {
	dst = appendJSON(append(dst, `{"TableName":`...), b.table.name)
	dst = b.units(append(dst, ','), b.total())
	if want == "INDEXES" {
		dst = append(b.units(append(dst, `,"Table":{`...), b.own), '}')
		dst = b.ofIndexes(dst, true, "LocalSecondaryIndexes")
		dst = b.ofIndexes(dst, false, "GlobalSecondaryIndexes")
	}
	return append(dst, '}')
}

func (b *bill) ofIndexes(dst []byte, local bool, name string) []byte {
	first := true
	for _, x := range b.indexes {
		if x.index.local != local {
			continue
		}
		if first {
			dst = append(append(append(dst, `,"`...), name...), `":{`...)
		} else {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendJSON(dst, x.index.name), `:{`...)
		dst = append(b.units(dst, x.units), '}')
	}
	if !first {
		dst = append(dst, '}')
	}
	return dst
}

// finish closes an answer whose members each begin with a comma, with the consumed capacity.
func (c *call) finish(want string, b *bill) {
	if want == "TOTAL" || want == "INDEXES" {
		c.out = consumed(append(c.out, `,"ConsumedCapacity":`...), want, b)
	}
	c.close()
}

// finishMany closes an answer with a ConsumedCapacity for each of several tables.
func (c *call) finishMany(want string, bills []*bill) {
	if want == "TOTAL" || want == "INDEXES" {
		c.out = append(c.out, `,"ConsumedCapacity":[`...)
		for i, b := range bills {
			if i > 0 {
				c.out = append(c.out, ',')
			}
			c.out = consumed(c.out, want, b)
		}
		c.out = append(c.out, ']')
	}
	c.close()
}

// close makes an object of members that each begin with a comma.
func (c *call) close() {
	if len(c.out) == 0 {
		c.out = append(c.out, ',')
	}
	c.out[0] = '{'
	c.out = append(c.out, '}')
}
