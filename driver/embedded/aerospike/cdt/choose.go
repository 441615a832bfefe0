package cdt

import (
	"slices"
	"sort"

	"crossover/driver/embedded/aerospike/msgpack"
	"crossover/driver/embedded/aerospike/wire"
)

// span turns an index, negative from the end, and a count into a range within n elements. For a
// single element ok is false when it lies outside; several are cut to what there is.
func span(index, count int64, n int, multi bool) (start, size int, ok bool) {
	total := int64(n)
	if index < 0 {
		index += total
	}
	switch {
	case index >= total:
		return n, 0, multi
	case index < 0 && !multi:
		return 0, 0, false
	case index < 0:
		return 0, int(min(max(count+index, 0), total)), true
	}
	return int(index), int(min(count, total-index)), true
}

// relative turns an index that is relative to another into an absolute one, cutting the count
// by what lies before the first element.
func relative(index, count int64, to int) (int64, int64) {
	index += int64(to)
	if index < 0 {
		return 0, max(0, count+index)
	}
	return index, count
}

// space is what a chosen range is a range of.
type space uint8

const (
	indexSpace space = iota // places
	rankSpace               // places in the order of values
	maskSpace               // single elements, of which the range of ranks is known
	itemSpace               // single elements, by the list of values or keys asked for
)

// A chosen is the elements that an operation chooses.
type chosen struct {
	space    space
	start    int   // of a range
	count    int   // of a range, before it is inverted
	inverted bool  // what is outside of it is meant
	elements []int // in the order in which they are answered
	items    []run // itemSpace: for each value or key asked for, where it is
}

// A run is a range: of ranks, or of places.
type run struct{ start, count int }

// work is one operation on one list or map.
type work struct {
	node   node
	args   arguments
	op     operation
	answer Answer
}

// choose chooses the operation's elements.
func (w *work) choose(inverted bool) (chosen, wire.Result) {
	if inverted && !w.op.multi {
		return chosen{}, wire.NotApplicable
	}
	at := 1 // where the arguments begin after the return type
	if w.op.plain {
		at = 0
	}
	count := int64(1)
	if last := len(w.op.params) - 1; w.op.params[last] == 'c' {
		count = w.args.numbers[last]
	}
	n, a := &w.node, &w.args
	value := a.payloads[at]
	switch w.op.chooses {
	case byIndex:
		return w.range_(indexSpace, a.numbers[at], count, inverted)
	case byRank:
		return w.range_(rankSpace, a.numbers[at], count, inverted)
	case byRelativeIndex:
		i, _ := n.findKey(value)
		index, count := relative(a.numbers[at+1], count, i)
		return w.range_(indexSpace, index, count, inverted)
	case byRelativeRank:
		below, _ := n.less(value)
		rank, count := relative(a.numbers[at+1], count, below)
		return w.range_(rankSpace, rank, count, inverted)
	case byKey:
		return w.keyInterval(value, inverted)
	case byValue:
		return w.valueInterval(value, inverted)
	}
	return w.listed(value, w.op.chooses == byKeys, inverted)
}

// range_ chooses a range of places or ranks.
func (w *work) range_(s space, index, count int64, inverted bool) (chosen, wire.Result) {
	n := len(w.node.values)
	start, size, ok := span(index, count, n, w.op.multi)
	if !ok {
		return chosen{}, wire.NotApplicable
	}
	if s == rankSpace && !w.node.isMap && w.node.ordered() {
		s = indexSpace
	}
	c := chosen{space: s, start: start, count: size, inverted: inverted}
	c.normalise(n)
	var order []int
	if s == rankSpace {
		order = w.node.ranks()
	}
	for i := range n {
		if (i >= c.start && i < c.start+c.count) == c.inverted {
			continue
		}
		if order != nil {
			c.elements = append(c.elements, order[i])
		} else {
			c.elements = append(c.elements, i)
		}
	}
	if c.inverted {
		slices.Sort(c.elements) // what is left over is answered as it lies
	}
	return c, wire.OK
}

// normalise turns an inverted range at either end into a plain one.
func (c *chosen) normalise(n int) {
	if !c.inverted {
		return
	}
	switch {
	case c.count == 0:
		c.start, c.count, c.inverted = 0, n, false
	case c.start == 0:
		c.start, c.count, c.inverted = c.count, n-c.count, false
	case c.start+c.count >= n:
		c.start, c.count, c.inverted = 0, c.start, false
	}
}

// interval returns the second of an interval's ends, and whether it is one value.
func (w *work) interval() (end []byte, single bool) {
	last := len(w.op.params) - 1
	if w.op.params[last] != 'p' || last == 1 {
		return nil, true
	}
	return w.args.payloads[last], false
}

// keyInterval chooses the keys from one, itself included, to another, that one not.
func (w *work) keyInterval(begin []byte, inverted bool) (chosen, wire.Result) {
	end, single := w.interval()
	start, found := w.node.findKey(begin)
	stop := len(w.node.keys)
	switch {
	case single && found:
		stop = start + 1
	case single:
		return chosen{space: indexSpace}, wire.OK
	case end != nil:
		stop, _ = w.node.findKey(end)
	}
	return w.range_(indexSpace, int64(start), int64(max(0, stop-start)), inverted)
}

// valueInterval chooses the values from one, itself included, to another, that one not; or
// those that equal one.
func (w *work) valueInterval(begin []byte, inverted bool) (chosen, wire.Result) {
	end, single := w.interval()
	c := chosen{space: maskSpace, inverted: inverted}
	for i, v := range w.node.values {
		low := msgpack.Compare(v, begin)
		if low < 0 {
			c.start++
		}
		in := low == 0
		if !single {
			in = low >= 0 && (end == nil || msgpack.Compare(v, end) < 0)
		}
		if in && !w.op.multi && c.count > 0 {
			continue
		}
		if in {
			c.count++
		}
		if in != inverted {
			c.elements = append(c.elements, i)
		}
	}
	if !w.node.isMap && w.node.ordered() {
		if c.count == 0 && !w.op.multi {
			return chosen{space: indexSpace}, wire.OK
		}
		return w.range_(indexSpace, int64(c.start), int64(c.count), inverted)
	}
	if w.node.flags&msgpack.ValueOrdered != 0 && !inverted {
		w.sortByRank(c.elements)
	}
	return c, wire.OK
}

// sortByRank puts elements into the order of their values.
func (w *work) sortByRank(elements []int) {
	place := w.places()
	slices.SortFunc(elements, func(a, b int) int { return place[a] - place[b] })
}

// places returns each element's place in the order of values.
func (w *work) places() []int {
	place := make([]int, len(w.node.values))
	for rank, i := range w.node.ranks() {
		place[i] = rank
	}
	return place
}

// listed chooses the elements whose value, or key, is one of a list.
func (w *work) listed(list []byte, keys, inverted bool) (chosen, wire.Result) {
	items, ok := listOf(list)
	if !ok {
		return chosen{}, wire.ParameterError
	}
	n := &w.node
	c := chosen{space: itemSpace, inverted: inverted}
	in := make([]bool, len(n.values))
	var order []int
	if !keys {
		order = n.ranks()
	}
	for _, item := range items {
		r := run{}
		if keys {
			i, found := n.findKey(item)
			r.start = i
			if found {
				in[i], r.count = true, 1
			}
			c.items = append(c.items, r)
			continue
		}
		r.start = sort.Search(len(order), func(i int) bool { return msgpack.Compare(n.values[order[i]], item) >= 0 })
		for i := r.start; i < len(order) && msgpack.Compare(n.values[order[i]], item) == 0; i++ {
			in[order[i]] = true
			r.count++
		}
		c.items = append(c.items, r)
	}
	for i := range in {
		if in[i] != inverted {
			c.elements = append(c.elements, i)
		}
	}
	return c, wire.OK
}
