package hll

import (
	"encoding/binary"
	"math"

	"crossover/driver/embedded/aerospike/cdt"
	"crossover/driver/embedded/aerospike/msgpack"
	"crossover/driver/embedded/aerospike/wire"
)

// The operations' codes (proto.h).
const (
	opInit           = 0
	opAdd            = 1
	opSetUnion       = 2
	opRefreshCount   = 3
	opFold           = 4
	opCount          = 50
	opUnion          = 51
	opUnionCount     = 52
	opIntersectCount = 53
	opSimilarity     = 54
	opDescribe       = 55
	opMayContain     = 56
)

// Flags of a change.
const (
	createOnly = 1
	updateOnly = 2
	noFail     = 4
	allowFold  = 8
)

// A form is an operation's parameters: i index bits, m minhash bits, e elements, h HyperLogLogs,
// f flags; and which flags are allowed.
type form struct {
	params string
	least  int
	flags  int64
}

var forms = map[int]form{
	opInit:           {"imf", 0, createOnly | updateOnly | noFail},
	opAdd:            {"eimf", 1, createOnly | noFail},
	opSetUnion:       {"hf", 1, createOnly | updateOnly | allowFold | noFail},
	opRefreshCount:   {"", 0, 0},
	opFold:           {"i", 1, 0},
	opCount:          {"", 0, 0},
	opUnion:          {"h", 1, 0},
	opUnionCount:     {"h", 1, 0},
	opIntersectCount: {"h", 1, 0},
	opSimilarity:     {"h", 1, 0},
	opDescribe:       {"", 0, 0},
	opMayContain:     {"e", 1, 0},
}

const unset = -1 // index or minhash bits that are not given

type args struct {
	index, minhash int
	flags          int64
	elements       [][]byte
	sketches       []sketch
}

func parse(c *cdt.Call) (args, bool) {
	f, ok := forms[c.Code]
	a := args{index: unset, minhash: unset}
	if !ok || c.Context != nil || len(c.Args) < f.least || len(c.Args) > len(f.params) {
		return a, false
	}
	for i, b := range c.Args {
		item, rest, ok := msgpack.Next(b)
		if !ok || !a.take(f, f.params[i], &item, rest) {
			return a, false
		}
	}
	both := c.Code == opIntersectCount || c.Code == opSimilarity
	return a, !both || a.sameMinhash()
}

func (a *args) take(f form, param byte, item *msgpack.Item, rest []byte) bool {
	v, number := item.Int()
	switch param {
	case 'i':
		a.index = int(v)
		return number && (v == unset || v >= 0 && v < 64 && validIndex(int(v)))
	case 'm':
		a.minhash = int(v)
		return number && (v == unset || v >= 0 && v < 64 && validMinhash(int(v)) &&
			(a.index == unset || validBits(a.index, int(v))))
	case 'f':
		a.flags = v
		return number && v&^f.flags == 0 && v&(createOnly|updateOnly) != createOnly|updateOnly
	}
	if param == 'h' && item.Kind == msgpack.Bytes { // one alone, from an expression
		a.sketches = append(a.sketches, item.Data)
		return Valid(item.Data)
	}
	list, err := msgpack.Elements(rest, item.Count)
	if item.Kind != msgpack.List || err != nil || len(list) == 0 {
		return false
	}
	for _, b := range list {
		element, _, _ := msgpack.Next(b)
		if param == 'h' {
			if element.Kind < msgpack.String || !Valid(element.Data) {
				return false
			}
			a.sketches = append(a.sketches, element.Data)
			continue
		}
		if element.Kind == msgpack.List || element.Kind == msgpack.Map {
			return false
		}
	}
	a.elements = list
	return true
}

// sameMinhash checks what intersections need of more than two sketches: the same minhash bits.
func (a *args) sameMinhash() bool {
	if len(a.sketches) <= 2 {
		return true
	}
	for _, s := range a.sketches {
		if s.minhash() == 0 || s.minhash() != a.sketches[0].minhash() {
			return false
		}
	}
	return true
}

// Read carries out a reading operation on a bin.
func Read(kind uint8, value []byte, c *cdt.Call) (cdt.Answer, wire.Result) {
	if kind != wire.HLL {
		return cdt.Answer{}, wire.BinTypeError
	}
	a, ok := parse(c)
	if !ok || c.Code < opCount || !Valid(value) {
		return cdt.Answer{}, wire.ParameterError
	}
	s := sketch(value)
	all := append(append([]sketch(nil), a.sketches...), s)
	if c.Code == opIntersectCount || c.Code == opSimilarity {
		if len(a.sketches) > 2 && s.minhash() != a.sketches[0].minhash() {
			return cdt.Answer{}, wire.NotApplicable
		}
	}
	switch c.Code {
	case opCount:
		return integer(s.count()), wire.OK
	case opUnion:
		return cdt.Answer{Type: wire.HLL, Value: union(all)}, wire.OK
	case opUnionCount:
		return integer(union(all).count()), wire.OK
	case opIntersectCount:
		return integer(intersection(all)), wire.OK
	case opSimilarity:
		v := binary.BigEndian.AppendUint64(nil, math.Float64bits(similarity(all)))
		return cdt.Answer{Type: wire.Float, Value: v}, wire.OK
	case opDescribe:
		out := msgpack.AppendList(nil, 2, 0)
		out = msgpack.AppendInt(out, int64(s.index()))
		return cdt.Answer{Type: wire.List, Value: msgpack.AppendInt(out, int64(s.minhash()))}, wire.OK
	}
	return integer(s.mayContain(a.elements)), wire.OK
}

// mayContain returns 1 when no element would change a register.
func (s sketch) mayContain(elements [][]byte) uint64 {
	trial := append(sketch(nil), s...)
	for _, e := range elements {
		if trial.add(e) {
			return 0
		}
	}
	return 1
}

func integer(v uint64) cdt.Answer {
	return cdt.Answer{Type: wire.Integer, Value: binary.BigEndian.AppendUint64(nil, v)}
}

// Modify carries out a changing operation on a bin (kind wire.Null: one that is not there) and
// returns the bin that comes of it.
func Modify(kind uint8, value []byte, c *cdt.Call) (newKind uint8, newValue []byte, answer cdt.Answer, r wire.Result) {
	if kind != wire.Null && kind != wire.HLL {
		return kind, value, answer, wire.BinTypeError
	}
	a, ok := parse(c)
	if !ok || c.Code >= opCount || kind == wire.HLL && !Valid(value) {
		return kind, value, answer, wire.ParameterError
	}
	var old sketch
	if kind == wire.HLL {
		old = value
	}
	switch {
	case old != nil && a.flags&createOnly != 0:
		return kind, value, answer, a.deny(wire.BinExists)
	case old == nil && a.flags&updateOnly != 0:
		return kind, value, answer, a.deny(wire.BinNotFound)
	}
	if r := a.prepare(c.Code, old); r != wire.OK {
		return kind, value, answer, r
	}
	out, answer := a.change(c.Code, old)
	return wire.HLL, out, answer, wire.OK
}

func (a *args) deny(r wire.Result) wire.Result {
	if a.flags&noFail != 0 {
		return wire.OK
	}
	return r
}

// prepare sets the bits that the new value is to have.
func (a *args) prepare(code int, old sketch) wire.Result {
	switch code {
	case opInit, opAdd:
		return a.prepareBits(code, old)
	case opSetUnion:
		return a.prepareUnion(old)
	}
	if old == nil {
		return wire.BinNotFound
	}
	if code == opFold && (old.minhash() > 0 || a.index == unset || old.index() < a.index) {
		return wire.NotApplicable
	}
	return wire.OK
}

func (a *args) prepareBits(code int, old sketch) wire.Result {
	if old == nil {
		if a.index == unset {
			return wire.NotApplicable
		}
		a.minhash = max(a.minhash, 0)
		return wire.OK
	}
	if a.index == unset || code == opAdd {
		a.index = old.index()
	}
	if a.minhash == unset || code == opAdd {
		a.minhash = old.minhash()
	}
	if !validBits(a.index, a.minhash) {
		return wire.NotApplicable
	}
	return wire.OK
}

func (a *args) prepareUnion(old sketch) wire.Result {
	index, minhash := template(a.sketches)
	if old != nil && a.flags&allowFold == 0 &&
		(old.index() > index || old.minhash() != 0 && old.minhash() != minhash) {
		return wire.NotApplicable
	}
	return wire.OK
}

// change returns the new value, and what is answered.
func (a *args) change(code int, old sketch) (sketch, cdt.Answer) {
	switch code {
	case opInit:
		return newSketch(a.index, a.minhash), cdt.Answer{}
	case opAdd:
		out := newSketch(a.index, a.minhash)
		if old != nil {
			copy(out, old)
		}
		added := uint64(0)
		for _, e := range a.elements {
			if out.add(e) {
				added++
			}
		}
		return out, integer(added)
	case opSetUnion:
		all := a.sketches
		if old != nil {
			all = append(append([]sketch(nil), all...), old)
		}
		return union(all), cdt.Answer{}
	case opRefreshCount:
		out := append(sketch(nil), old...)
		out.setCached(out.count())
		return out, integer(out.cached())
	}
	out := newSketch(a.index, 0) // opFold
	out.merge(old)
	return out, cdt.Answer{}
}
