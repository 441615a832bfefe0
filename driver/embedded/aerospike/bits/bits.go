// Package bits carries out the bitwise operations on blobs: codes, arguments, flags and result
// codes are the server's (particle_blob.c; documentation, "Bitwise operations"). Bit 0 is the
// highest bit of the first byte. No value is changed in place.
package bits

import (
	"encoding/binary"
	"math/bits"

	"crossover/driver/embedded/aerospike/cdt"
	"crossover/driver/embedded/aerospike/msgpack"
	"crossover/driver/embedded/aerospike/wire"
)

// The operations' codes (proto.h).
const (
	resize     = 0
	insert     = 1
	remove     = 2
	set        = 3
	or         = 4
	xor        = 5
	and        = 6
	not        = 7
	leftShift  = 8
	rightShift = 9
	add        = 10
	subtract   = 11
	setInt     = 12
	get        = 50
	count      = 51
	leftScan   = 52
	rightScan  = 53
	getInt     = 54
)

// Flags of a change, and what a change of size or an arithmetic operation adds to them.
const (
	createOnly = 1
	updateOnly = 2
	noFail     = 4
	partial    = 8

	fromFront  = 1
	growOnly   = 2
	shrinkOnly = 4

	signed   = 1
	saturate = 2
	wrap     = 4
)

// A form is an operation's parameters: o an offset and s a size in bits, O and S in bytes, Z a
// size in bytes that may be 0, i an integer's size, b a blob, v a number, n a number of bits,
// t a truth, f flags, x further flags. least is how many must be given.
type form struct {
	params string
	least  int
	flags  int64 // that are allowed
	extra  int64 // further ones
}

var forms = map[int]form{
	resize:     {"Zfx", 1, createOnly | updateOnly | noFail, fromFront | growOnly | shrinkOnly},
	insert:     {"Obf", 2, createOnly | updateOnly | noFail, 0},
	remove:     {"OSf", 2, updateOnly | noFail | partial, 0},
	set:        {"osbf", 3, updateOnly | noFail | partial, 0},
	or:         {"osbf", 3, updateOnly | noFail | partial, 0},
	xor:        {"osbf", 3, updateOnly | noFail | partial, 0},
	and:        {"osbf", 3, updateOnly | noFail | partial, 0},
	not:        {"osf", 2, updateOnly | noFail | partial, 0},
	leftShift:  {"osnf", 3, updateOnly | noFail | partial, 0},
	rightShift: {"osnf", 3, updateOnly | noFail | partial, 0},
	add:        {"oivfx", 3, updateOnly | noFail, signed | saturate | wrap},
	subtract:   {"oivfx", 3, updateOnly | noFail, signed | saturate | wrap},
	setInt:     {"oivf", 3, updateOnly | noFail, 0},
	get:        {"os", 2, 0, 0},
	count:      {"os", 2, 0, 0},
	leftScan:   {"ost", 3, 0, 0},
	rightScan:  {"ost", 3, 0, 0},
	getInt:     {"oix", 2, 0, signed},
}

// maxBytes bounds a blob (proto.h, PROTO_SIZE_MAX).
const maxBytes = wire.MaxBody

// args are an operation's, read: offset and size in bits.
type args struct {
	code         int
	offset, size int64
	value        uint64
	flags, extra int64
	blob         []byte
}

func parse(c *cdt.Call) (args, bool) {
	f, ok := forms[c.Code]
	a := args{code: c.Code}
	if !ok || c.Context != nil || len(c.Args) < f.least || len(c.Args) > len(f.params) {
		return a, false
	}
	for i, b := range c.Args {
		item, _, ok := msgpack.Next(b)
		v, number := item.Int()
		if !ok || !a.take(f, f.params[i], &item, v, number) {
			return a, false
		}
	}
	return a, true
}

// take reads one argument.
func (a *args) take(f form, param byte, item *msgpack.Item, v int64, number bool) bool {
	switch param {
	case 'o':
		a.offset = v
		return number && max(v, -v) <= 8*maxBytes
	case 'O':
		a.offset = 8 * v
		return number && max(v, -v) <= maxBytes
	case 's':
		a.size = v
		return number && v > 0 && v <= 8*maxBytes
	case 'S', 'Z':
		a.size = 8 * v
		return number && v >= 0 && v <= maxBytes && (v > 0 || param == 'Z')
	case 'i':
		a.size = v
		return number && v > 0 && v <= 64
	case 'v', 'n':
		a.value = uint64(v)
		return number && (param == 'v' || v >= 0 && v <= 8*maxBytes)
	case 't':
		a.value = uint64(item.Kind - msgpack.False)
		return item.Kind == msgpack.False || item.Kind == msgpack.True
	case 'f':
		a.flags = v
		return number && v&^f.flags == 0 && v&(createOnly|updateOnly) != createOnly|updateOnly
	case 'x':
		a.extra = v
		either := int64(growOnly | shrinkOnly) // which are also saturate and wrap
		return number && v&^f.extra == 0 && v&either != either
	}
	a.blob = item.Data // 'b'
	if item.Kind < msgpack.String || len(a.blob) == 0 {
		return false
	}
	if a.size == 0 {
		a.size = int64(8 * len(a.blob))
	}
	return a.size <= int64(8*len(a.blob))
}

// locate turns the offset into one from the blob's beginning.
func (a *args) locate(n int) bool {
	if a.offset < 0 {
		a.offset += int64(8 * n)
	}
	return a.offset >= 0
}

// Read carries out a reading operation on a bin.
func Read(kind uint8, value []byte, c *cdt.Call) (cdt.Answer, wire.Result) {
	a, ok := parse(c)
	if !ok || c.Code < get {
		return cdt.Answer{}, wire.ParameterError
	}
	if kind != wire.Blob {
		return cdt.Answer{}, wire.BinTypeError
	}
	if !a.locate(len(value)) {
		return cdt.Answer{}, wire.ParameterError
	}
	if a.offset+a.size > int64(8*len(value)) {
		return cdt.Answer{}, wire.NotApplicable
	}
	switch c.Code {
	case get:
		out := make([]byte, (a.size+7)/8)
		for i := range a.size {
			if bit(value, a.offset+i) {
				flip(out, i)
			}
		}
		return cdt.Answer{Type: wire.Blob, Value: out}, wire.OK
	case getInt:
		v := load(value, a.offset, a.size)
		if a.extra&signed != 0 {
			v = extend(v, a.size)
		}
		return integer(int64(v)), wire.OK
	}
	return a.scan(value), wire.OK
}

// scan counts bits, or looks for one from either end.
func (a *args) scan(value []byte) cdt.Answer {
	n := int64(0)
	for i := range a.size {
		at := i
		if a.code == rightScan {
			at = a.size - 1 - i
		}
		one := bit(value, a.offset+at)
		switch {
		case a.code == count && one:
			n++
		case a.code != count && one == (a.value == 1):
			return integer(at)
		}
	}
	if a.code == count {
		return integer(n)
	}
	return integer(-1)
}

func integer(v int64) cdt.Answer {
	return cdt.Answer{Type: wire.Integer, Value: binary.BigEndian.AppendUint64(nil, uint64(v))}
}

// Modify carries out a changing operation on a bin (kind wire.Null: one that is not there) and
// returns the bin that comes of it.
func Modify(kind uint8, value []byte, c *cdt.Call) (newKind uint8, newValue []byte, r wire.Result) {
	a, ok := parse(c)
	if !ok || c.Code >= get {
		return kind, value, wire.ParameterError
	}
	if kind != wire.Null {
		if a.flags&createOnly != 0 {
			return kind, value, a.deny(wire.BinExists)
		}
		if kind != wire.Blob {
			return kind, value, wire.BinTypeError
		}
	} else if c.Code != insert && c.Code != resize || a.flags&updateOnly != 0 {
		return kind, value, a.deny(wire.BinNotFound)
	}
	if !a.locate(len(value)) {
		return kind, value, wire.ParameterError
	}
	var out []byte
	switch c.Code {
	case resize:
		out, r = a.resize(value)
	case insert:
		out, r = a.insert(value)
	case remove:
		out, r = a.remove(value)
	default:
		out, r = a.overwrite(value)
	}
	if r != wire.OK || out == nil {
		return kind, value, r
	}
	return wire.Blob, out, wire.OK
}

// deny is what comes of an operation that cannot be done, or that its flags deny.
func (a *args) deny(r wire.Result) wire.Result {
	if a.flags&noFail != 0 {
		return wire.OK
	}
	return r
}

// maxGrown bounds what one operation makes of a blob: no record is larger than a write block.
const maxGrown = 8 << 20

func (a *args) resize(value []byte) ([]byte, wire.Result) {
	n := int(a.size / 8)
	switch {
	case n < len(value) && a.extra&growOnly != 0, n > len(value) && a.extra&shrinkOnly != 0:
		return nil, a.deny(wire.ParameterError)
	case n > maxGrown:
		return nil, wire.RecordTooBig
	case n == len(value):
		return nil, wire.OK
	}
	out := make([]byte, n)
	switch {
	case a.extra&fromFront == 0:
		copy(out, value)
	case n < len(value):
		copy(out, value[len(value)-n:])
	default:
		copy(out[n-len(value):], value)
	}
	return out, wire.OK
}

func (a *args) insert(value []byte) ([]byte, wire.Result) {
	at := int(a.offset / 8)
	if at+len(a.blob) > maxGrown {
		return nil, wire.RecordTooBig
	}
	out := make([]byte, max(len(value), at), max(len(value), at)+len(a.blob))
	copy(out, value)
	tail := append([]byte(nil), out[at:]...)
	return append(append(out[:at], a.blob...), tail...), wire.OK
}

func (a *args) remove(value []byte) ([]byte, wire.Result) {
	from, to := int(a.offset/8), int((a.offset+a.size)/8)
	if from >= len(value) || to > len(value) && a.flags&partial == 0 {
		return nil, a.deny(wire.ParameterError)
	}
	out := make([]byte, 0, len(value))
	return append(append(out, value[:from]...), value[min(to, len(value)):]...), wire.OK
}

// overwrite changes bits in place of those that are there.
func (a *args) overwrite(value []byte) ([]byte, wire.Result) {
	end := int64(8 * len(value))
	if a.offset >= end || a.offset+a.size > end && a.flags&partial == 0 {
		return nil, a.deny(wire.NotApplicable)
	}
	a.size = min(a.size, end-a.offset)
	out := append([]byte(nil), value...)
	switch a.code {
	case add, subtract, setInt:
		v, ok := a.arithmetic(load(value, a.offset, a.size))
		if !ok {
			return nil, a.deny(wire.NotApplicable)
		}
		for i := range a.size {
			put(out, a.offset+i, v>>(a.size-1-i)&1 != 0)
		}
		return out, wire.OK
	}
	for i := range a.size {
		put(out, a.offset+i, a.bitAt(value, i))
	}
	return out, wire.OK
}

// bitAt returns what the operation makes of a region's bit.
func (a *args) bitAt(value []byte, i int64) bool {
	old := bit(value, a.offset+i)
	switch a.code {
	case set:
		return bit(a.blob, i)
	case or:
		return old || bit(a.blob, i)
	case xor:
		return old != bit(a.blob, i)
	case and:
		return old && bit(a.blob, i)
	case not:
		return !old
	case leftShift:
		from := i + int64(a.value)
		return from < a.size && bit(value, a.offset+from)
	}
	from := i - int64(a.value) // rightShift
	return from >= 0 && bit(value, a.offset+from)
}

// arithmetic adds to, subtracts from or replaces a number of the region's size; ok is false for
// an overflow that is neither to wrap nor to saturate.
func (a *args) arithmetic(old uint64) (v uint64, ok bool) {
	mask := ^uint64(0) >> (64 - a.size)
	value := a.value & mask
	if a.code == setInt {
		return value, true
	}
	sum, carry := bits.Add64(old, value, 0)
	if a.code == subtract {
		sum, carry = bits.Sub64(old, value, 0)
	}
	v = sum & mask
	if a.extra&wrap != 0 {
		return v, true
	}
	if a.extra&signed == 0 {
		over := carry != 0 || sum > mask
		if !over || a.extra&saturate == 0 {
			return v, !over
		}
		if a.code == add {
			return mask, true
		}
		return 0, true
	}
	return a.signed(int64(extend(old, a.size)), int64(extend(value, a.size)), v)
}

// signed checks a signed sum or difference v of two numbers for an overflow.
func (a *args) signed(x, y int64, v uint64) (uint64, bool) {
	result := int64(extend(v, a.size))
	over := (x >= 0) == (y >= 0) && (result >= 0) != (x >= 0)
	if a.code == subtract {
		over = (x >= 0) != (y >= 0) && (result >= 0) != (x >= 0)
	}
	if !over || a.extra&saturate == 0 {
		return v, !over
	}
	top := uint64(1) << (a.size - 1)
	if x >= 0 {
		return top - 1, true
	}
	return top, true
}

// extend extends the sign of a number of size bits.
func extend(v uint64, size int64) uint64 { return uint64(int64(v<<(64-size)) >> (64 - size)) }

func load(b []byte, offset, size int64) (v uint64) {
	for i := range size {
		v <<= 1
		if bit(b, offset+i) {
			v |= 1
		}
	}
	return v
}

func bit(b []byte, i int64) bool { return b[i>>3]&(0x80>>(i&7)) != 0 }

func flip(b []byte, i int64) { b[i>>3] ^= 0x80 >> (i & 7) }

func put(b []byte, i int64, one bool) {
	if bit(b, i) != one {
		flip(b, i)
	}
}
