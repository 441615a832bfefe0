package cdt

import (
	"slices"
	"sort"

	"crossover/driver/embedded/aerospike/msgpack"
	"crossover/driver/embedded/aerospike/wire"
)

// A node is a list or map whose elements are cut apart, but not read. A map's are in the order
// of its keys, whatever its flags are, as a server of release 8.1 keeps them.
type node struct {
	isMap  bool
	flags  uint8
	keys   [][]byte // of a map
	values [][]byte
}

func parse(b []byte) (node, bool) {
	item, rest, ok := msgpack.Next(b)
	if !ok || item.Kind != msgpack.List && item.Kind != msgpack.Map {
		return node{}, false
	}
	elements, err := msgpack.Elements(rest, item.Count)
	if err != nil {
		return node{}, false
	}
	n := node{isMap: item.Kind == msgpack.Map, flags: item.Flags, values: elements}
	if n.isMap {
		pairs := len(elements) / 2
		n.keys, n.values = make([][]byte, pairs), make([][]byte, pairs)
		for i := range n.keys {
			n.keys[i], n.values[i] = elements[2*i], elements[2*i+1]
		}
	}
	return n, true
}

func (n *node) ordered() bool { return n.flags&msgpack.Ordered != 0 }

func (n *node) encode() []byte {
	size := 16
	for i := range n.values {
		size += len(n.values[i])
		if n.isMap {
			size += len(n.keys[i])
		}
	}
	out := make([]byte, 0, size)
	if !n.isMap {
		out = msgpack.AppendList(out, len(n.values), n.flags)
		for _, v := range n.values {
			out = append(out, v...)
		}
		return out
	}
	out = msgpack.AppendMap(out, len(n.values), n.flags)
	for i := range n.values {
		out = append(append(out, n.keys[i]...), n.values[i]...)
	}
	return out
}

// findKey returns the place of a key, or where it would be.
func (n *node) findKey(key []byte) (int, bool) {
	return sort.Find(len(n.keys), func(i int) int { return msgpack.Compare(key, n.keys[i]) })
}

// put sets a key's value.
func (n *node) put(key, value []byte) {
	i, found := n.findKey(key)
	if found {
		n.keys[i], n.values[i] = key, value
		return
	}
	n.keys = slices.Insert(n.keys, i, key)
	n.values = slices.Insert(n.values, i, value)
}

// add puts a value where it belongs in an ordered list: after those that are equal.
func (n *node) add(value []byte) {
	i := sort.Search(len(n.values), func(i int) bool { return msgpack.Compare(n.values[i], value) > 0 })
	n.values = slices.Insert(n.values, i, value)
}

// less returns how many values are below a value, and the place of the first that is equal, -1
// for none.
func (n *node) less(value []byte) (below, first int) {
	first = -1
	for i, v := range n.values {
		switch c := msgpack.Compare(v, value); {
		case c < 0:
			below++
		case c == 0 && first < 0:
			first = i
		}
	}
	return below, first
}

// ranks returns the places of all elements in the order of their values; of equal ones the
// first, or that with the lower key, comes first.
func (n *node) ranks() []int {
	order := make([]int, len(n.values))
	for i := range order {
		order[i] = i
	}
	if !n.isMap && n.ordered() {
		return order
	}
	slices.SortStableFunc(order, func(a, b int) int { return msgpack.Compare(n.values[a], n.values[b]) })
	return order
}

// remove takes elements out.
func (n *node) remove(doomed []bool) {
	kept := 0
	for i := range n.values {
		if doomed[i] {
			continue
		}
		n.values[kept] = n.values[i]
		if n.isMap {
			n.keys[kept] = n.keys[i]
		}
		kept++
	}
	n.values = n.values[:kept]
	if n.isMap {
		n.keys = n.keys[:kept]
	}
}

// A context's step: what of a list or map is meant, and which of both is to be created when
// there is none.
const (
	stepIndex = 0
	stepRank  = 1
	stepKey   = 2
	stepValue = 3

	stepKind   = 0x0f
	stepList   = 0x10
	stepMap    = 0x20
	stepCreate = 0xc0

	createUnbounded = 0x80 // a list, with nils before the new element
	createOrdered   = 0xc0 // a list; a map by key and value
	createKeyOrder  = 0x80 // a map
)

type step struct {
	kind     uint8
	of       uint8 // stepList, stepMap or 0
	create   uint8
	argument []byte
}

func (c *Call) step(i int) (step, wire.Result) {
	kind, ok := unsigned(c.Context[2*i])
	if !ok {
		return step{}, wire.ParameterError
	}
	s := step{
		kind: uint8(kind) & stepKind, of: uint8(kind) & (stepList | stepMap),
		create: uint8(kind) & stepCreate, argument: c.Context[2*i+1],
	}
	if kind > 0xff || s.kind > stepValue || s.of == stepList|stepMap || s.of == 0 && s.create != 0 {
		return step{}, wire.NotApplicable
	}
	return s, wire.OK
}

// find returns the place of the element that a step names, -1 when there is none.
func (n *node) find(s step) (int, wire.Result) {
	if n.isMap && s.of == stepList || !n.isMap && (s.of == stepMap || s.kind == stepKey) {
		return -1, wire.NotApplicable
	}
	switch s.kind {
	case stepKey:
		if i, found := n.findKey(s.argument); found {
			return i, wire.OK
		}
		return -1, wire.OK
	case stepValue:
		_, first := n.less(s.argument)
		return first, wire.OK
	}
	at, ok := integer(s.argument)
	if !ok {
		return -1, wire.NotApplicable
	}
	i, _, ok := span(at, 1, len(n.values), false)
	switch {
	case !ok:
		return -1, wire.OK
	case s.kind == stepRank:
		return n.ranks()[i], wire.OK
	}
	return i, wire.OK
}

// dig returns the list or map that a context leads to, without creating any.
func (c *Call) dig(value []byte) ([]byte, wire.Result) {
	for i := range len(c.Context) / 2 {
		s, r := c.step(i)
		if r != wire.OK {
			return nil, r
		}
		n, ok := parse(value)
		if !ok {
			return nil, wire.NotApplicable
		}
		at, r := n.find(s)
		if r != wire.OK {
			return nil, r
		}
		if at < 0 {
			return nil, wire.NotApplicable
		}
		value = n.values[at]
	}
	return value, wire.OK
}

// IsContext reports whether a packed value is a context: steps, at least one.
func IsContext(packed []byte) bool {
	steps, ok := listOf(packed)
	if !ok || len(steps) == 0 || len(steps)%2 != 0 {
		return false
	}
	c := Call{Context: steps}
	for i := range len(steps) / 2 {
		if s, r := c.step(i); r != wire.OK || s.create != 0 {
			return false
		}
	}
	return true
}

// Dig returns what a context, a packed list of steps, leads to in a bin's value.
func Dig(value, context []byte) ([]byte, bool) {
	steps, ok := listOf(context)
	if !ok || len(steps)%2 != 0 {
		return nil, false
	}
	out, r := (&Call{Context: steps}).dig(value)
	return out, r == wire.OK
}

// descend carries a changing operation out on what the rest of the context leads to from
// value, nil for nothing, and returns what becomes of value, nil for no change. creating says
// that an earlier step created the way here.
func (c *Call) descend(o operation, value []byte, depth int, creating bool) ([]byte, Answer, wire.Result) {
	if 2*depth == len(c.Context) {
		return c.apply(o, value, depth > 0)
	}
	s, r := c.step(depth)
	if r != wire.OK {
		return nil, Answer{}, r
	}
	n, r := c.level(s, value, creating)
	if r != wire.OK {
		return nil, Answer{}, r
	}
	at := -1
	if value != nil {
		if at, r = n.find(s); r != wire.OK {
			return nil, Answer{}, r
		}
	}
	if at >= 0 {
		out, answer, r := c.descend(o, n.values[at], depth+1, false)
		if r != wire.OK || out == nil {
			return nil, answer, r
		}
		if !n.isMap && n.ordered() {
			n.values = slices.Delete(n.values, at, at+1)
			n.add(out)
		} else {
			n.values[at] = out
		}
		return n.encode(), answer, wire.OK
	}
	if s.create == 0 && !creating {
		return nil, Answer{}, wire.NotApplicable
	}
	out, answer, r := c.descend(o, nil, depth+1, true)
	if r != wire.OK || out == nil {
		return nil, answer, r
	}
	if r := n.insertAt(s, out); r != wire.OK {
		return nil, Answer{}, r
	}
	return n.encode(), answer, wire.OK
}

// level returns the list or map that a step looks into: the one that is there, or a new one.
func (c *Call) level(s step, value []byte, creating bool) (node, wire.Result) {
	if value != nil {
		n, ok := parse(value)
		if !ok {
			return node{}, wire.NotApplicable
		}
		return n, wire.OK
	}
	if s.create == 0 && !creating {
		return node{}, wire.NotApplicable
	}
	var flags uint8
	switch {
	case s.of == stepMap && s.kind == stepKey:
		switch s.create {
		case createKeyOrder:
			flags = msgpack.Ordered
		case createOrdered:
			flags = msgpack.Ordered | msgpack.ValueOrdered
		}
	case s.of == stepList && s.kind == stepIndex:
		if s.create == createOrdered {
			flags = msgpack.Ordered
		}
	default:
		return node{}, wire.NotApplicable
	}
	return node{isMap: s.of == stepMap, flags: flags}, wire.OK
}

// insertAt puts a new element where a step that found none wants it.
func (n *node) insertAt(s step, value []byte) wire.Result {
	if n.isMap {
		key, ok := storable(s.argument)
		if s.kind != stepKey || !ok {
			return wire.NotApplicable
		}
		n.put(key, value)
		return wire.OK
	}
	at, ok := integer(s.argument)
	if s.kind != stepIndex || !ok {
		return wire.NotApplicable
	}
	if n.ordered() {
		n.add(value)
		return wire.OK
	}
	if at == -1 && len(n.values) == 0 {
		at = 0
	}
	switch {
	case at < int64(len(n.values)), at > int64(len(n.values)) && s.create != createUnbounded:
		return wire.NotApplicable
	case at > maxElements:
		return wire.RecordTooBig
	}
	n.pad(int(at))
	n.values = append(n.values, value)
	return wire.OK
}

// maxElements is how many nils may precede an element that is put beyond a list's end: each
// takes a byte, and a record is 1 MiB at most unless configured otherwise (max-record-size).
const maxElements = 1 << 20

var packedNil = []byte{0xc0}

// pad appends nils until the list has count elements.
func (n *node) pad(count int) {
	for len(n.values) < count {
		n.values = append(n.values, packedNil)
	}
}
