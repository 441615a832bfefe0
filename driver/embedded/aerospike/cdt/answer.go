package cdt

import (
	"encoding/binary"

	"crossover/driver/embedded/aerospike/msgpack"
	"crossover/driver/embedded/aerospike/wire"
)

// What an operation on elements may answer (server source, proto.h).
const (
	answerNone         = 0
	answerIndex        = 1
	answerReverseIndex = 2
	answerRank         = 3
	answerReverseRank  = 4
	answerCount        = 5
	answerKey          = 6
	answerValue        = 7
	answerPairs        = 8
	answerExists       = 13
	answerUnordered    = 16 // a map without order
	answerOrdered      = 17 // a map by key

	answerMask     = 0xffff
	answerInverted = 0x10000
)

// numbers is what an answer of places or ranks is made of.
type numbers struct {
	list    []int64
	n       int // elements that there are
	reverse bool
}

// span adds a range; a reversed one counts from the end, but ascends all the same.
func (x *numbers) span(start, count int) {
	if x.reverse {
		start = x.n - start - count
	}
	for i := range count {
		x.list = append(x.list, int64(start+i))
	}
}

// outside adds what lies outside of a range.
func (x *numbers) outside(start, count int) {
	x.span(0, start)
	x.span(start+count, x.n-start-count)
}

func (x *numbers) one(i int) { x.span(i, 1) }

// respond sets the answer of an operation that chose elements; removed elements are still in
// the node.
func (w *work) respond(kind int64, c *chosen) wire.Result {
	n := &w.node
	switch kind {
	case answerNone:
		return wire.OK
	case answerCount:
		w.setInt(int64(len(c.elements)))
		return wire.OK
	case answerExists:
		w.answer = Answer{wire.Bool, []byte{0}}
		if len(c.elements) > 0 {
			w.answer.Value[0] = 1
		}
		return wire.OK
	case answerIndex, answerReverseIndex:
		x := numbers{n: len(n.values), reverse: kind == answerReverseIndex}
		w.indexes(&x, c)
		return w.setNumbers(x.list)
	case answerRank, answerReverseRank:
		x := numbers{n: len(n.values), reverse: kind == answerReverseRank}
		w.ranks(&x, c)
		return w.setNumbers(x.list)
	case answerValue:
		return w.setElements(n.values, c.elements)
	case answerKey:
		if n.isMap {
			return w.setElements(n.keys, c.elements)
		}
	case answerPairs, answerUnordered, answerOrdered:
		if n.isMap {
			w.setMap(kind, c.elements)
			return wire.OK
		}
	}
	return wire.NotApplicable
}

// indexes adds the places of the chosen elements.
func (w *work) indexes(x *numbers, c *chosen) {
	switch {
	case c.space == indexSpace && c.inverted:
		x.outside(c.start, c.count)
	case c.space == indexSpace:
		x.span(c.start, c.count)
	case c.space == itemSpace && !c.inverted && !w.node.isMap && w.node.ordered():
		for _, r := range c.items {
			for i := range r.count {
				x.one(r.start + i)
			}
		}
	default:
		elements := c.elements
		if c.space == rankSpace && !w.node.isMap {
			elements = sorted(elements)
		}
		for _, i := range elements {
			x.one(i)
		}
	}
}

func sorted(elements []int) []int {
	in := map[int]bool{}
	most := -1
	for _, i := range elements {
		in[i], most = true, max(most, i)
	}
	out := make([]int, 0, len(elements))
	for i := range most + 1 {
		if in[i] {
			out = append(out, i)
		}
	}
	return out
}

// ranks adds the ranks of the chosen elements.
func (w *work) ranks(x *numbers, c *chosen) {
	switch {
	case c.space == rankSpace || c.space == maskSpace:
		if c.inverted {
			x.outside(c.start, c.count)
		} else {
			x.span(c.start, c.count)
		}
	case c.space == itemSpace && !c.inverted && w.op.chooses == byValues:
		for _, r := range c.items {
			for i := range r.count {
				x.one(r.start + i)
			}
		}
	case w.node.isMap:
		place := w.places()
		for _, i := range c.elements {
			x.one(place[i])
		}
	case w.node.ordered() && c.inverted && c.space == indexSpace:
		x.outside(c.start, c.count)
	case w.node.ordered() && c.space == indexSpace:
		x.span(c.start, c.count)
	default: // of equal elements each has the rank of the first
		for _, i := range c.elements {
			below, _ := w.node.less(w.node.values[i])
			x.one(below)
		}
	}
}

func (w *work) setInt(v int64) {
	w.answer = Answer{wire.Integer, binary.BigEndian.AppendUint64(nil, uint64(v))}
}

// setNumbers answers with a list of numbers, or of one element with its number, -1 for none.
func (w *work) setNumbers(list []int64) wire.Result {
	if !w.op.multi {
		if len(list) == 0 {
			w.setInt(-1)
		} else {
			w.setInt(list[0])
		}
		return wire.OK
	}
	out := msgpack.AppendList(nil, len(list), 0)
	for _, v := range list {
		out = msgpack.AppendInt(out, v)
	}
	w.answer = Answer{wire.List, out}
	return wire.OK
}

// setElements answers with a list of elements, or of one element with itself.
func (w *work) setElements(from [][]byte, chosen []int) wire.Result {
	if !w.op.multi {
		if len(chosen) == 0 {
			return wire.OK
		}
		kind, value, ok := msgpack.Particle(from[chosen[0]])
		if !ok {
			return wire.ServerError
		}
		w.answer = Answer{kind, value}
		return wire.OK
	}
	out := msgpack.AppendList(nil, len(chosen), 0)
	for _, i := range chosen {
		out = append(out, from[i]...)
	}
	w.answer = Answer{wire.List, out}
	return wire.OK
}

// setMap answers with a map of the chosen pairs.
func (w *work) setMap(kind int64, chosen []int) {
	flags := map[int64]uint8{answerPairs: msgpack.PreserveOrder, answerOrdered: msgpack.Ordered}[kind]
	if kind == answerOrdered {
		chosen = sorted(chosen)
	}
	out := msgpack.AppendMap(nil, len(chosen), flags)
	for _, i := range chosen {
		out = append(append(out, w.node.keys[i]...), w.node.values[i]...)
	}
	w.answer = Answer{wire.Map, out}
}

// read carries out a reading operation.
func (w *work) read(code int) wire.Result {
	if code == listSize || code == mapSize {
		w.setInt(int64(len(w.node.values)))
		return wire.OK
	}
	kind, inverted := int64(answerValue), false
	if !w.op.plain {
		kind, inverted = w.args.numbers[0]&answerMask, w.args.numbers[0]&answerInverted != 0
	}
	c, r := w.choose(inverted)
	if r != wire.OK {
		return r
	}
	return w.respond(kind, &c)
}
