package msgpack

import (
	"encoding/binary"
	"errors"
	"slices"

	"crossover/driver/embedded/aerospike/wire"
)

// ErrMalformed is a value that cannot be stored: it does not hold what it announces, is nested
// more deeply than MaxDepth, or holds a wildcard.
var ErrMalformed = errors.New("malformed list or map")

// MaxDepth is how deeply lists and maps may be nested here. A server names no limit but the
// record's size.
const MaxDepth = 256

// AppendInt appends an integer in its shortest form.
func AppendInt(dst []byte, v int64) []byte {
	switch {
	case v >= 0 && v < 0x80, v < 0 && v >= -32:
		return append(dst, byte(v))
	case v >= 0 && v <= 0xff:
		return append(dst, 0xcc, byte(v))
	case v >= 0 && v <= 0xffff:
		return binary.BigEndian.AppendUint16(append(dst, 0xcd), uint16(v))
	case v >= 0 && v <= 0xffffffff:
		return binary.BigEndian.AppendUint32(append(dst, 0xce), uint32(v))
	case v >= 0:
		return binary.BigEndian.AppendUint64(append(dst, 0xcf), uint64(v))
	case v >= -1<<7:
		return append(dst, 0xd0, byte(v))
	case v >= -1<<15:
		return binary.BigEndian.AppendUint16(append(dst, 0xd1), uint16(v))
	case v >= -1<<31:
		return binary.BigEndian.AppendUint32(append(dst, 0xd2), uint32(v))
	}
	return binary.BigEndian.AppendUint64(append(dst, 0xd3), uint64(v))
}

// AppendFloat appends a float, given by its bits.
func AppendFloat(dst []byte, bits uint64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, 0xcb), bits)
}

// AppendNil appends nil.
func AppendNil(dst []byte) []byte { return append(dst, 0xc0) }

// AppendBool appends a boolean.
func AppendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, 0xc3)
	}
	return append(dst, 0xc2)
}

// AppendBytes appends a string or blob with its particle type.
func AppendBytes(dst []byte, particle uint8, data []byte) []byte {
	n := len(data) + 1
	switch {
	case n < 32:
		dst = append(dst, 0xa0|byte(n))
	case n < 1<<8:
		dst = append(dst, 0xd9, byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, 0xda), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint32(append(dst, 0xdb), uint32(n))
	}
	return append(append(dst, particle), data...)
}

// AppendList appends the head of a list of n elements.
func AppendList(dst []byte, n int, flags uint8) []byte {
	if flags == 0 {
		return appendCount(dst, n, 0x90, 0xdc)
	}
	return append(appendCount(dst, n+1, 0x90, 0xdc), 0xc7, 0, flags)
}

// AppendMap appends the head of a map of n pairs.
func AppendMap(dst []byte, n int, flags uint8) []byte {
	if flags == 0 {
		return appendCount(dst, n, 0x80, 0xde)
	}
	return append(appendCount(dst, n+1, 0x80, 0xde), 0xc7, 0, flags, 0xc0)
}

func appendCount(dst []byte, n int, short, long byte) []byte {
	switch {
	case n < 16:
		return append(dst, short|byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, long), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, long+1), uint32(n))
}

// A Pair is one of a map's.
type Pair struct{ Key, Value []byte }

// Normalise appends a value as a server stores it: an ordered list and every map are sorted, a
// key that comes twice keeps its last value. Only a bin's own list or map keeps the flag
// Persisted.
func Normalise(dst, b []byte, own bool) ([]byte, error) {
	dst, rest, err := normalise(dst, b, own, 0)
	if err == nil && len(rest) != 0 {
		err = ErrMalformed
	}
	return dst, err
}

func normalise(dst, b []byte, own bool, depth int) (out, rest []byte, err error) {
	item, after, ok := Next(b)
	if !ok || item.Kind >= Extension || depth > MaxDepth {
		return dst, nil, ErrMalformed
	}
	keep := uint8(Ordered | ValueOrdered)
	if own {
		keep |= Persisted
	}
	item.Flags &= keep
	switch item.Kind {
	case List:
		item.Flags &^= ValueOrdered
		return normaliseList(dst, &item, after, depth)
	case Map:
		if item.Flags&Ordered == 0 {
			item.Flags = 0
		}
		return normaliseMap(dst, &item, after, depth)
	}
	return append(dst, b[:len(b)-len(after)]...), after, nil
}

func normaliseList(dst []byte, item *Item, b []byte, depth int) (out, rest []byte, err error) {
	dst = AppendList(dst, item.Count, item.Flags)
	from := len(dst)
	sorted, last := true, from
	for i := range item.Count {
		at := len(dst)
		if dst, b, err = normalise(dst, b, false, depth+1); err != nil {
			return dst, nil, err
		}
		sorted = sorted && (i == 0 || item.Flags&Ordered == 0 || Compare(dst[last:at], dst[at:]) <= 0)
		last = at
	}
	if sorted {
		return dst, b, nil
	}
	elements, err := Elements(slices.Clone(dst[from:]), item.Count)
	if err != nil {
		return dst, nil, err
	}
	slices.SortStableFunc(elements, Compare)
	dst = dst[:from]
	for _, e := range elements {
		dst = append(dst, e...)
	}
	return dst, b, nil
}

func normaliseMap(dst []byte, item *Item, b []byte, depth int) (out, rest []byte, err error) {
	at := len(dst)
	var body []byte
	sorted, last := true, []byte(nil)
	for i := range item.Count {
		from := len(body)
		if body, b, err = normalise(body, b, false, depth+1); err != nil {
			return dst, nil, err
		}
		if i%2 == 0 {
			sorted = sorted && (last == nil || Compare(last, body[from:]) < 0)
			last = body[from:]
		}
	}
	if sorted {
		return append(AppendMap(dst, item.Count/2, item.Flags), body...), b, nil
	}
	pairs, err := Pairs(body, item.Count)
	if err != nil {
		return dst, nil, err
	}
	pairs = SortPairs(pairs)
	dst = AppendMap(dst[:at], len(pairs), item.Flags)
	for _, p := range pairs {
		dst = append(append(dst, p.Key...), p.Value...)
	}
	return dst, b, nil
}

// SortPairs sorts pairs by their keys; of equal keys the last remains.
func SortPairs(pairs []Pair) []Pair {
	slices.SortStableFunc(pairs, func(a, b Pair) int { return Compare(a.Key, b.Key) })
	kept := pairs[:0]
	for i := range pairs {
		if i+1 < len(pairs) && Compare(pairs[i].Key, pairs[i+1].Key) == 0 {
			continue
		}
		kept = append(kept, pairs[i])
	}
	return kept
}

// Elements cuts n values apart, which must fill b.
func Elements(b []byte, n int) ([][]byte, error) {
	if n > len(b) {
		return nil, ErrMalformed
	}
	out := make([][]byte, n)
	for i := range out {
		var ok bool
		if out[i], b, ok = Split(b); !ok {
			return nil, ErrMalformed
		}
	}
	if len(b) != 0 {
		return nil, ErrMalformed
	}
	return out, nil
}

// Pairs cuts n keys and values apart, which must fill b.
func Pairs(b []byte, n int) ([]Pair, error) {
	elements, err := Elements(b, n)
	if err != nil || n%2 != 0 {
		return nil, ErrMalformed
	}
	out := make([]Pair, n/2)
	for i := range out {
		out[i] = Pair{elements[2*i], elements[2*i+1]}
	}
	return out, nil
}

// geoHead is what precedes a GeoJSON's text in a bin: flags, and a count of cells that is 0.
const geoHead = 3

// Particle returns a value as a bin holds it.
func Particle(b []byte) (particle uint8, value []byte, ok bool) {
	item, _, ok := Next(b)
	if !ok {
		return 0, nil, false
	}
	switch item.Kind {
	case Nil:
		return wire.Null, nil, true
	case False:
		return wire.Bool, []byte{0}, true
	case True:
		return wire.Bool, []byte{1}, true
	case Negative, Integer:
		return wire.Integer, binary.BigEndian.AppendUint64(nil, item.Bits), true
	case Float:
		return wire.Float, binary.BigEndian.AppendUint64(nil, item.Bits), true
	case String:
		return wire.String, item.Data, true
	case Bytes:
		if item.Type == wire.HLL {
			return wire.HLL, item.Data, true
		}
		return wire.Blob, item.Data, true
	case GeoJSON:
		return wire.GeoJSON, append(make([]byte, geoHead), item.Data...), true
	case List:
		return wire.List, b, true
	case Map:
		return wire.Map, b, true
	}
	return 0, nil, false
}

// AppendParticle appends a bin's value.
func AppendParticle(dst []byte, particle uint8, value []byte) ([]byte, bool) {
	switch particle {
	case wire.Null:
		return AppendNil(dst), true
	case wire.Bool:
		return AppendBool(dst, len(value) == 1 && value[0] != 0), true
	case wire.Integer:
		if len(value) != 8 {
			return dst, false
		}
		return AppendInt(dst, int64(binary.BigEndian.Uint64(value))), true
	case wire.Float:
		if len(value) != 8 {
			return dst, false
		}
		return AppendFloat(dst, binary.BigEndian.Uint64(value)), true
	case wire.String, wire.Blob, wire.HLL:
		return AppendBytes(dst, particle, value), true
	case wire.GeoJSON:
		text, ok := GeoText(value)
		return AppendBytes(dst, particle, text), ok
	case wire.List, wire.Map:
		return append(dst, value...), true
	}
	return dst, false
}

// GeoText returns a GeoJSON bin's text: what follows its flags and cells.
func GeoText(value []byte) ([]byte, bool) {
	if len(value) < geoHead {
		return nil, false
	}
	cells := 8 * int(binary.BigEndian.Uint16(value[1:]))
	if len(value) < geoHead+cells {
		return nil, false
	}
	return value[geoHead+cells:], true
}
