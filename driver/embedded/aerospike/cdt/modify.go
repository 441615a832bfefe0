package cdt

import (
	"math"
	"slices"

	"crossover/driver/embedded/aerospike/msgpack"
	"crossover/driver/embedded/aerospike/wire"
)

// Flags of a write to a list or map.
const (
	writeUnique  = 1 // a list: no value twice; a map: do not overwrite
	writeBounded = 2 // a list: not beyond its end; a map: do not create
	writeNoFail  = 4 // what is denied is no error
	writePartial = 8 // and the rest is done all the same
)

// Flags of a sort.
const (
	sortDescending = 1
	sortDropEqual  = 2
)

// apply carries a changing operation out on a list or map, nil for one that is not there, and
// returns what becomes of it, nil for no change.
func (c *Call) apply(o operation, value []byte, nested bool) ([]byte, Answer, wire.Result) {
	w := work{op: o}
	w.node.isMap = IsMap(c.Code)
	if value != nil {
		n, ok := parse(value)
		if !ok || n.isMap != w.node.isMap {
			return nil, Answer{}, wire.BinTypeError
		}
		w.node = n
	} else if !creates(c.Code) {
		switch c.Code {
		case mapReplaceItems:
			return nil, Answer{}, wire.ElementNotFound
		case listSort:
			return nil, Answer{}, wire.BinTypeError
		}
		return nil, Answer{}, wire.OK // there is nothing to be taken away
	}
	var ok bool
	if w.args, ok = c.read(o); !ok {
		return nil, Answer{}, wire.ParameterError
	}
	changed, r := w.modify(c.Code, value == nil, nested)
	switch {
	case r != wire.OK:
		return nil, Answer{}, r
	case !changed && value != nil:
		return nil, w.answer, wire.OK
	case len(w.node.values) > maxElements:
		return nil, Answer{}, wire.RecordTooBig
	}
	return w.node.encode(), w.answer, wire.OK
}

// creates reports whether an operation makes the list or map that it does not find.
func creates(code int) bool {
	switch code {
	case listSetType, listAppend, listAppendItems, listInsert, listInsertItems, listSet, listIncrement,
		mapSetType, mapAdd, mapAddItems, mapPut, mapPutItems, mapReplace, mapIncrement, mapDecrement:
		return true
	}
	return false
}

// modify changes the node; created says that there was none.
func (w *work) modify(code int, created, nested bool) (changed bool, r wire.Result) {
	a := &w.args
	switch code {
	case listSetType:
		return w.setListType(uint8(a.numbers[0]), nested)
	case listAppend, listAppendItems:
		w.createAs(created, uint8(a.numbers[1]), nested)
		return w.insert(int64(len(w.node.values)), a.payloads[0], code == listAppendItems, a.numbers[2], true)
	case listInsert, listInsertItems:
		if w.node.ordered() {
			return false, wire.NotApplicable
		}
		return w.insert(a.numbers[0], a.payloads[1], code == listInsertItems, a.numbers[2], true)
	case listSet:
		if w.node.ordered() {
			return false, wire.NotApplicable
		}
		return w.set(a.numbers[0], a.payloads[1], a.numbers[2])
	case listIncrement:
		w.createAs(created, uint8(a.numbers[2]), nested)
		return w.incrementElement()
	case listSort:
		return w.sort(a.numbers[0])
	case listClear, mapClear:
		w.node.keys, w.node.values = nil, nil
		return true, wire.OK
	case mapSetType:
		return w.setMapType(uint8(a.numbers[0]), nested)
	case mapAdd, mapPut, mapReplace, mapAddItems, mapPutItems, mapReplaceItems:
		return w.put(code, created, nested)
	case mapIncrement, mapDecrement:
		w.createAs(created, uint8(a.numbers[2]), nested)
		return w.incrementKey(code == mapDecrement)
	}
	return w.take(code)
}

// createAs gives a new list or map the flags that the operation asks for; wrong ones give none.
func (w *work) createAs(created bool, flags uint8, nested bool) {
	if !created {
		return
	}
	if flags, ok := w.allowed(flags, nested); ok {
		w.node.flags = flags
	}
}

// allowed returns the flags that a list or map may have of those that are asked for.
func (w *work) allowed(flags uint8, nested bool) (uint8, bool) {
	order := flags &^ msgpack.Persisted
	if w.node.isMap && order != 0 && order != msgpack.Ordered && order != msgpack.Ordered|msgpack.ValueOrdered ||
		!w.node.isMap && order != 0 && order != msgpack.Ordered ||
		w.node.isMap && flags == msgpack.Persisted {
		return 0, false
	}
	if nested {
		flags = order
	}
	return flags, true
}

func (w *work) setListType(flags uint8, nested bool) (bool, wire.Result) {
	flags, ok := w.allowed(flags, nested)
	if !ok {
		return false, wire.NotApplicable
	}
	if flags == w.node.flags {
		return false, wire.OK
	}
	if flags&msgpack.Ordered != 0 && !w.node.ordered() {
		slices.SortStableFunc(w.node.values, msgpack.Compare)
	}
	w.node.flags = flags
	return true, wire.OK
}

func (w *work) setMapType(flags uint8, nested bool) (bool, wire.Result) {
	flags, ok := w.allowed(flags, nested)
	if !ok {
		return false, wire.NotApplicable
	}
	w.node.flags = flags
	return true, wire.OK
}

// insert puts one value, or those of a list, into a list: at a place, or where the order wants.
func (w *work) insert(index int64, payload []byte, several bool, flags int64, answer bool) (bool, wire.Result) {
	n := &w.node
	values := [][]byte{payload}
	if several {
		var ok bool
		if values, ok = listOf(payload); !ok {
			return false, wire.ParameterError
		}
	}
	if answer {
		w.setInt(int64(len(n.values)))
	}
	if len(values) == 0 {
		return false, wire.OK
	}
	if index < 0 {
		index += int64(len(n.values))
	}
	switch {
	case index < 0 || index > math.MaxInt32:
		return false, wire.NotApplicable
	case flags&writeBounded != 0 && index > int64(len(n.values)) && !n.ordered():
		return false, denied(flags, wire.NotApplicable)
	case index > maxElements:
		return false, wire.RecordTooBig
	}
	if flags&writeUnique != 0 {
		var r wire.Result
		if values, r = w.unique(values, flags); len(values) == 0 {
			return false, r
		}
	}
	if n.ordered() {
		n.values = append(n.values, values...)
		slices.SortStableFunc(n.values, msgpack.Compare)
	} else {
		n.pad(int(index))
		n.values = slices.Insert(n.values, int(index), values...)
	}
	if answer {
		w.setInt(int64(len(n.values)))
	}
	return true, wire.OK
}

// denied is what comes of a write that its flags deny.
func denied(flags int64, r wire.Result) wire.Result {
	if flags&writeNoFail != 0 {
		return wire.OK
	}
	return r
}

// unique returns those of the values that neither the list nor the values before them have;
// none, and the result, when the flags deny the whole.
func (w *work) unique(values [][]byte, flags int64) ([][]byte, wire.Result) {
	partial := flags&(writeNoFail|writePartial) == writeNoFail|writePartial
	var kept [][]byte
	for _, v := range values {
		_, there := w.node.less(v)
		twice := slices.ContainsFunc(kept, func(k []byte) bool { return msgpack.Compare(k, v) == 0 })
		switch {
		case there < 0 && !twice:
			kept = append(kept, v)
		case partial:
		case there >= 0:
			return nil, denied(flags, wire.ElementExists)
		default:
			return nil, denied(flags, wire.NotApplicable)
		}
	}
	return kept, denied(flags, wire.ElementExists)
}

// set overwrites a list's element, or adds one beyond its end.
func (w *work) set(index int64, value []byte, flags int64) (bool, wire.Result) {
	n := &w.node
	if index >= int64(len(n.values)) {
		return w.insert(index, value, false, flags, false)
	}
	if index < 0 {
		index += int64(len(n.values))
	}
	if index < 0 {
		return false, wire.NotApplicable
	}
	if flags&writeUnique != 0 {
		for i, v := range n.values {
			if int64(i) != index && msgpack.Compare(v, value) == 0 {
				return false, denied(flags, wire.ElementExists)
			}
		}
	}
	n.values[index] = value
	return true, wire.OK
}

// incrementElement adds to a list's element; one beyond its end begins at 0.
func (w *work) incrementElement() (bool, wire.Result) {
	n, index := &w.node, w.args.numbers[0]
	if index < 0 {
		index += int64(len(n.values))
	}
	if index < 0 || index > math.MaxInt32 {
		return false, wire.NotApplicable
	}
	var old []byte
	if index < int64(len(n.values)) {
		old = n.values[index]
	}
	sum, ok := sum(old, w.args.payloads[1], false)
	if !ok {
		return false, wire.ParameterError
	}
	changed, r := false, wire.OK
	if n.ordered() {
		changed, r = w.replaceOrdered(index, sum, w.args.numbers[3])
	} else {
		changed, r = w.set(index, sum, w.args.numbers[3])
	}
	if r == wire.OK {
		w.answer.Type, w.answer.Value, _ = msgpack.Particle(sum)
	}
	return changed, r
}

// replaceOrdered puts a value in the place of an ordered list's element.
func (w *work) replaceOrdered(index int64, value []byte, flags int64) (bool, wire.Result) {
	n := &w.node
	if index > int64(len(n.values)) {
		return false, wire.NotApplicable
	}
	if _, there := n.less(value); flags&writeUnique != 0 && there >= 0 {
		if int64(there) == index {
			return false, wire.OK
		}
		return false, denied(flags, wire.ElementExists)
	}
	if index < int64(len(n.values)) {
		n.values = slices.Delete(n.values, int(index), int(index)+1)
	}
	n.add(value)
	return true, wire.OK
}

// sum adds a delta, 1 when it is nil, to a number, 0 when it is nil. The number's type remains.
func sum(number, delta []byte, negative bool) ([]byte, bool) {
	add := msgpack.Item{Kind: msgpack.Integer, Bits: 1}
	if delta != nil {
		item, _, ok := msgpack.Next(delta)
		if !ok {
			return nil, false
		}
		if item.Kind != msgpack.Nil {
			add = item
		}
	}
	i, whole := add.Int()
	f := add.Float()
	switch {
	case whole:
		f = float64(i)
	case add.Kind == msgpack.Float:
		i = int64(f)
	default:
		return nil, false
	}
	if negative {
		i, f = -i, -f
	}
	if number == nil {
		if whole {
			return msgpack.AppendInt(nil, i), true
		}
		return msgpack.AppendFloat(nil, math.Float64bits(f)), true
	}
	old, _, _ := msgpack.Next(number)
	if v, ok := old.Int(); ok {
		return msgpack.AppendInt(nil, v+i), true
	}
	if old.Kind != msgpack.Float {
		return nil, false
	}
	return msgpack.AppendFloat(nil, math.Float64bits(old.Float()+f)), true
}

// sort sorts a list; an ordered one stays as it is, but for what is dropped.
func (w *work) sort(flags int64) (bool, wire.Result) {
	n := &w.node
	if len(n.values) <= 1 {
		return false, wire.OK
	}
	if !n.ordered() {
		slices.SortStableFunc(n.values, func(a, b []byte) int {
			if flags&sortDescending != 0 {
				return msgpack.Compare(b, a)
			}
			return msgpack.Compare(a, b)
		})
	}
	if flags&sortDropEqual != 0 {
		n.values = slices.CompactFunc(n.values, func(a, b []byte) bool { return msgpack.Compare(a, b) == 0 })
	}
	return true, wire.OK
}

// put writes one pair, or those of a map, into a map.
func (w *work) put(code int, created, nested bool) (bool, wire.Result) {
	a := &w.args
	flags, create := int64(0), int64(0)
	var pairs []msgpack.Pair
	items := code == mapAddItems || code == mapPutItems || code == mapReplaceItems
	at := 2 // where the flags are
	if items {
		at = 1
		item, rest, _ := msgpack.Next(a.payloads[0])
		var err error
		if pairs, err = msgpack.Pairs(rest, item.Count); item.Kind != msgpack.Map || err != nil {
			return false, wire.ParameterError
		}
	} else {
		pairs = []msgpack.Pair{{Key: a.payloads[0], Value: a.payloads[1]}}
	}
	switch code {
	case mapAdd, mapAddItems:
		flags, create = writeUnique, a.numbers[at]
	case mapReplace, mapReplaceItems:
		flags = writeBounded
	default:
		create, flags = a.numbers[at], a.numbers[at+1]
	}
	w.createAs(created, uint8(create), nested)
	n := &w.node
	w.setInt(int64(len(n.keys)))
	kept := pairs[:0:0]
	for _, p := range pairs {
		_, found := n.findKey(p.Key)
		r := wire.OK
		switch {
		case found && flags&writeUnique != 0:
			r = wire.ElementExists
		case !found && flags&writeBounded != 0:
			r = wire.ElementNotFound
		}
		switch {
		case r == wire.OK:
			kept = append(kept, p)
		case flags&(writeNoFail|writePartial) == writeNoFail|writePartial:
		default:
			return false, denied(flags, r)
		}
	}
	for _, p := range kept {
		n.put(p.Key, p.Value)
	}
	w.setInt(int64(len(n.keys)))
	return len(kept) > 0, wire.OK
}

// incrementKey adds to a key's value; one that is not there begins at 0.
func (w *work) incrementKey(negative bool) (bool, wire.Result) {
	n, key := &w.node, w.args.payloads[0]
	var old []byte
	if i, found := n.findKey(key); found {
		old = n.values[i]
	}
	sum, ok := sum(old, w.args.payloads[1], negative)
	if !ok {
		return false, wire.ParameterError
	}
	n.put(key, sum)
	w.answer.Type, w.answer.Value, _ = msgpack.Particle(sum)
	return true, wire.OK
}

// take removes the chosen elements.
func (w *work) take(code int) (bool, wire.Result) {
	kind, inverted := w.args.numbers[0]&answerMask, w.args.numbers[0]&answerInverted != 0
	switch code {
	case listPop, listPopRange:
		kind, inverted = answerValue, false
	case listRemove, listRemoveRange:
		kind, inverted = answerCount, false
	case listTrim:
		kind, inverted = answerCount, true
	}
	c, r := w.choose(inverted)
	if r != wire.OK {
		return false, r
	}
	if r := w.respond(kind, &c); r != wire.OK {
		return false, r
	}
	doomed := make([]bool, len(w.node.values))
	for _, i := range c.elements {
		doomed[i] = true
	}
	w.node.remove(doomed)
	return len(c.elements) > 0, wire.OK
}
