package aerospike

import (
	"encoding/binary"
	"math"
	"slices"

	"crossover/driver/embedded/aerospike/cdt"
	"crossover/driver/embedded/aerospike/geo"
	"crossover/driver/embedded/aerospike/hll"
	"crossover/driver/embedded/aerospike/msgpack"
	"crossover/driver/embedded/aerospike/store"
	"crossover/driver/embedded/aerospike/wire"
)

// A binSet is a record's bins while operations change them. Values point into the record, the
// request or the arena, none of which changes meanwhile.
type binSet struct {
	bins  []wire.Op
	index map[string]int // name -> place in bins, once there are many
	arena []byte

	scratch wire.Op

	asker asker // of the record, for expressions
}

// maxArena bounds what one request's operations may make of a record on the way to its end.
const maxArena = 64 << 20

// manyBins is from how many bins on an index of names pays.
const manyBins = 32

func (b *binSet) reset() {
	clear(b.bins)
	b.bins, b.index, b.arena = b.bins[:0], nil, b.arena[:0]
	if cap(b.arena) > keepBuffer {
		b.arena = nil
	}
}

func (b *binSet) load(r *store.Record) {
	var op wire.Op
	for ops := r.Ops(); ops.Next(&op); {
		b.bins = append(b.bins, op)
	}
}

func (b *binSet) encode(dst []byte) []byte {
	for i := range b.bins {
		x := &b.bins[i]
		dst = wire.AppendOp(dst, wire.OpRead, x.Type, x.Name, x.Value)
	}
	return dst
}

// find returns the place of a bin, or -1.
func (b *binSet) find(name []byte) int {
	if len(b.bins) < manyBins {
		for i := range b.bins {
			if string(b.bins[i].Name) == string(name) {
				return i
			}
		}
		return -1
	}
	if b.index == nil {
		b.index = make(map[string]int, len(b.bins))
		for i := range b.bins {
			b.index[string(b.bins[i].Name)] = i
		}
	}
	if i, ok := b.index[string(name)]; ok {
		return i
	}
	return -1
}

func (b *binSet) set(name []byte, kind uint8, value []byte) {
	if i := b.find(name); i >= 0 {
		b.bins[i].Type, b.bins[i].Value = kind, value
		return
	}
	if b.index != nil {
		b.index[string(name)] = len(b.bins)
	}
	b.bins = append(b.bins, wire.Op{Type: kind, Name: name, Value: value})
}

func (b *binSet) remove(name []byte) {
	if i := b.find(name); i >= 0 {
		b.bins, b.index = slices.Delete(b.bins, i, i+1), nil
	}
}

// keep returns a copy of the parts, one after another, that lasts as long as the set does.
func (b *binSet) keep(parts ...[]byte) []byte {
	from := len(b.arena)
	for _, p := range parts {
		b.arena = append(b.arena, p...)
	}
	return b.arena[from:len(b.arena):len(b.arena)]
}

// run applies a message's operations in their order; it appends what they answer, and returns
// how many answers there are.
func (b *binSet) run(m *wire.Message, p *policies, out []byte) (answers []byte, n int, r wire.Result) {
	var op wire.Op
	for ops := m.Operations(); ops.Next(&op); {
		if op.Code == wire.OpRead {
			before := len(out)
			out = b.read(&op, p, out)
			for added := wire.NewOps(out[before:]); added.Next(&b.scratch); {
				n++
			}
			if len(out) > wire.MaxBody {
				return out, 0, wire.ServerError
			}
			continue
		}
		if op.Code == wire.OpTouch {
			continue // it answers nothing, not even when every operation is to be answered
		}
		var added int
		if out, added, r = b.runOne(&op, p, out); r != wire.OK {
			return out, 0, r
		}
		n += added
		if len(out) > wire.MaxBody {
			return out, 0, wire.ServerError
		}
	}
	return out, n, wire.OK
}

// runOne applies an operation that is not a plain read; it appends what it answers, and returns
// how many answers that is.
func (b *binSet) runOne(op *wire.Op, p *policies, out []byte) ([]byte, int, wire.Result) {
	if reads, _ := reads(op.Code); reads {
		return b.readOp(op, p, out)
	}
	var answer cdt.Answer
	var r wire.Result
	switch op.Code {
	case wire.OpCDTModify, wire.OpExpModify, wire.OpBitModify, wire.OpHLLModify:
		answer, r = b.changeInside(op)
	default:
		r = b.change(op)
	}
	switch {
	case r != wire.OK:
		return out, 0, r
	case len(b.arena) > maxArena:
		return out, 0, wire.RecordTooBig
	case answer.Type == wire.Null && !p.respondAll:
		return out, 0, wire.OK
	}
	return wire.AppendOp(out, wire.OpRead, answer.Type, op.Name, answer.Value), 1, wire.OK
}

func (b *binSet) read(op *wire.Op, p *policies, out []byte) []byte {
	if p.readAll && len(op.Name) == 0 {
		return b.encode(out)
	}
	if i := b.find(op.Name); i >= 0 {
		return wire.AppendOp(out, wire.OpRead, b.bins[i].Type, op.Name, b.bins[i].Value)
	}
	if p.respondAll {
		return wire.AppendOp(out, wire.OpRead, wire.Null, op.Name, nil)
	}
	return out
}

// change applies one operation that changes bins.
func (b *binSet) change(op *wire.Op) wire.Result {
	switch op.Code {
	case wire.OpDelete:
		b.bins, b.index = b.bins[:0], nil
		return wire.OK
	case wire.OpWrite:
		if op.Type == wire.Null {
			b.remove(op.Name)
			return wire.OK
		}
		value, ok := b.particle(op.Type, op.Value)
		if !ok {
			return wire.ParameterError
		}
		b.set(op.Name, op.Type, value)
		return wire.OK
	case wire.OpIncr:
		return b.increment(op)
	}
	return b.extend(op)
}

// particle checks a value, and brings an integer to its 8 bytes.
func (b *binSet) particle(kind uint8, value []byte) ([]byte, bool) {
	switch kind {
	case wire.Integer:
		if len(value) == 8 {
			return value, true
		}
		v, ok := store.IndexValue(wire.Integer, value)
		if !ok {
			return nil, false
		}
		return b.keep(binary.BigEndian.AppendUint64(nil, uint64(v))), true
	case wire.Float:
		return value, len(value) == 8
	case wire.Bool:
		return value, len(value) == 1 && value[0] <= 1
	case wire.String, wire.Blob:
		return value, true
	case wire.List, wire.Map:
		return b.collection(kind, value)
	case wire.HLL:
		return value, hll.Valid(value)
	case wire.GeoJSON:
		text, ok := msgpack.GeoText(value)
		if ok {
			_, ok = geo.Parse(text)
		}
		return value, ok
	}
	return nil, false
}

// collection checks a list or map, and brings it to the form in which it is kept.
func (b *binSet) collection(kind uint8, value []byte) ([]byte, bool) {
	item, _, ok := msgpack.Next(value)
	if !ok || item.Kind == msgpack.List != (kind == wire.List) || item.Kind == msgpack.Map != (kind == wire.Map) {
		return nil, false
	}
	out, err := msgpack.Normalise(nil, value, true)
	return out, err == nil
}

// create writes the value of an operation that would change a bin which is not there: whatever
// the operation is, and whatever the value (server source, particle.c).
func (b *binSet) create(op *wire.Op) wire.Result {
	value, ok := b.particle(op.Type, op.Value)
	if !ok {
		return wire.ParameterError
	}
	b.set(op.Name, op.Type, value)
	return wire.OK
}

// increment adds to an integer, which wraps, or to a float.
func (b *binSet) increment(op *wire.Op) wire.Result {
	i := b.find(op.Name)
	if i < 0 {
		return b.create(op)
	}
	if op.Type != wire.Integer && op.Type != wire.Float {
		return wire.BinTypeError
	}
	add, ok := b.particle(op.Type, op.Value)
	if !ok {
		return wire.ParameterError
	}
	if b.bins[i].Type != op.Type {
		return wire.BinTypeError
	}
	x, y := binary.BigEndian.Uint64(b.bins[i].Value), binary.BigEndian.Uint64(add)
	sum := x + y
	if op.Type == wire.Float {
		sum = math.Float64bits(math.Float64frombits(x) + math.Float64frombits(y))
	}
	var bytes [8]byte
	binary.BigEndian.PutUint64(bytes[:], sum)
	b.bins[i].Value = b.keep(bytes[:])
	return wire.OK
}

// extend appends to a string or blob, or prepends.
func (b *binSet) extend(op *wire.Op) wire.Result {
	i := b.find(op.Name)
	if i < 0 {
		return b.create(op)
	}
	if op.Type != wire.String && op.Type != wire.Blob || b.bins[i].Type != op.Type {
		return wire.BinTypeError
	}
	if op.Code == wire.OpAppend {
		b.bins[i].Value = b.keep(b.bins[i].Value, op.Value)
	} else {
		b.bins[i].Value = b.keep(op.Value, b.bins[i].Value)
	}
	return wire.OK
}
