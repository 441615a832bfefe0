// Package msgpack reads, orders and writes values as Aerospike packs them inside of lists, maps
// and expressions: MessagePack, with a particle type as the first byte of each string and blob,
// and an extension as the first element of a list or map that has flags. Nothing that it reads
// is trusted: no announced length allocates, and no input panics. Layout and order are facts of
// the server's source (msgpack_in.c) and documentation ("Ordering of types").
package msgpack

import (
	"encoding/binary"
	"math"

	"crossover/driver/embedded/aerospike/wire"
)

// Kind is what a value is. The constants are in the order in which the server compares values
// of different kinds.
type Kind uint8

// The kinds. Wildcard and Infinity occur only in what a request compares with.
const (
	Invalid Kind = iota
	Nil
	False
	True
	Negative // an integer below 0
	Integer  // one of 0 or above
	String
	List
	Map
	Bytes
	Float
	GeoJSON
	Extension
	Wildcard
	Infinity
)

// Flags of a list or map.
const (
	Ordered       = 0x01 // a list by value, a map by key
	ValueOrdered  = 0x02 // a map's values are indexed too; never without Ordered
	PreserveOrder = 0x08 // an answer whose pairs are to stay in their order
	Persisted     = 0x10 // an index is kept with the value; only on a bin's own list or map
)

// An Item is one value's head: a scalar whole, of a list or map what precedes its elements.
type Item struct {
	Kind  Kind
	Bits  uint64 // an integer's two's complement, a float's IEEE 754
	Data  []byte // a string, blob or extension, without its particle type
	Type  uint8  // particle type of a blob
	Count int    // elements of a list; keys and values of a map
	Flags uint8  // of a list or map
}

// compareOnly is the type of the extensions that hold Wildcard and Infinity.
const compareOnly = 0xff

// Next reads the value at the beginning of b, and returns what follows: of a list or map its
// elements. A map's or list's own extension is read with its head.
func Next(b []byte) (item Item, rest []byte, ok bool) {
	item, rest, ok = next(b)
	if !ok || item.Kind != List && item.Kind != Map || item.Count == 0 || len(rest) == 0 {
		return item, rest, ok
	}
	meta, after, ok := next(rest)
	if !ok {
		return Item{}, nil, false
	}
	if meta.Kind != Extension {
		return item, rest, true
	}
	item.Flags, item.Count = meta.Type, item.Count-1
	if item.Kind == Map { // the extension is a key; its value is nil
		if _, after, ok = next(after); !ok {
			return Item{}, nil, false
		}
		item.Count--
	}
	return item, after, true
}

// next is Next without what an extension says of its list or map.
func next(b []byte) (Item, []byte, bool) {
	if len(b) == 0 {
		return Item{}, nil, false
	}
	c, rest := b[0], b[1:]
	switch {
	case c < 0x80:
		return Item{Kind: Integer, Bits: uint64(c)}, rest, true
	case c >= 0xe0:
		return Item{Kind: Negative, Bits: uint64(int64(int8(c)))}, rest, true
	case c < 0x90:
		return container(Map, uint64(c&0x0f), rest)
	case c < 0xa0:
		return container(List, uint64(c&0x0f), rest)
	case c < 0xc0:
		return text(uint64(c&0x1f), rest)
	}
	return nextTyped(c, rest)
}

// nextTyped reads a value whose first byte says no more than its type.
func nextTyped(c uint8, rest []byte) (Item, []byte, bool) {
	take := func(size int) (uint64, bool) {
		if len(rest) < size {
			return 0, false
		}
		var full [8]byte
		copy(full[8-size:], rest[:size])
		rest = rest[size:]
		return binary.BigEndian.Uint64(full[:]), true
	}
	var v uint64
	ok := true
	switch c {
	case 0xc0:
		return Item{Kind: Nil}, rest, true
	case 0xc2:
		return Item{Kind: False}, rest, true
	case 0xc3:
		return Item{Kind: True}, rest, true
	case 0xc4, 0xc5, 0xc6, 0xd9, 0xda, 0xdb:
		if v, ok = take(1 << ((c - 0xc4) % 0x15)); ok {
			return text(v, rest)
		}
	case 0xca:
		v, ok = take(4)
		return Item{Kind: Float, Bits: math.Float64bits(float64(math.Float32frombits(uint32(v))))}, rest, ok
	case 0xcb:
		v, ok = take(8)
		return Item{Kind: Float, Bits: v}, rest, ok
	case 0xcc, 0xcd, 0xce, 0xcf:
		v, ok = take(1 << (c - 0xcc))
		return Item{Kind: Integer, Bits: v}, rest, ok
	case 0xd0, 0xd1, 0xd2, 0xd3:
		size := 1 << (c - 0xd0)
		if v, ok = take(size); !ok {
			return Item{}, nil, false
		}
		signed := int64(v<<(64-8*size)) >> (64 - 8*size)
		kind := Integer
		if signed < 0 {
			kind = Negative
		}
		return Item{Kind: kind, Bits: uint64(signed)}, rest, true
	case 0xdc, 0xdd:
		if v, ok = take(2 << (c - 0xdc)); ok {
			return container(List, v, rest)
		}
	case 0xde, 0xdf:
		if v, ok = take(2 << (c - 0xde)); ok {
			return container(Map, v, rest)
		}
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8:
		return extension(1<<(c-0xd4), rest)
	case 0xc7, 0xc8, 0xc9:
		if v, ok = take(1 << (c - 0xc7)); ok {
			return extension(v, rest)
		}
	}
	return Item{}, nil, false
}

// container is a list or map of n elements or pairs, each of which takes at least a byte.
func container(kind Kind, n uint64, rest []byte) (Item, []byte, bool) {
	if kind == Map {
		n *= 2
	}
	if n > uint64(len(rest)) {
		return Item{}, nil, false
	}
	return Item{Kind: kind, Count: int(n)}, rest, true
}

// text is a string or blob of n bytes, its particle type the first.
func text(n uint64, rest []byte) (Item, []byte, bool) {
	if n > uint64(len(rest)) {
		return Item{}, nil, false
	}
	data, rest := rest[:n:n], rest[n:]
	if n == 0 {
		return Item{Kind: Bytes, Type: wire.Blob}, rest, true
	}
	item := Item{Kind: Bytes, Type: data[0], Data: data[1:]}
	switch data[0] {
	case wire.String:
		item.Kind = String
	case wire.GeoJSON:
		item.Kind = GeoJSON
	}
	return item, rest, true
}

func extension(n uint64, rest []byte) (Item, []byte, bool) {
	if len(rest) == 0 || n > uint64(len(rest)-1) {
		return Item{}, nil, false
	}
	item := Item{Kind: Extension, Type: rest[0], Data: rest[1 : 1+n : 1+n]}
	if item.Type == compareOnly && n == 1 {
		switch item.Data[0] {
		case 0:
			item.Kind = Wildcard
		case 1:
			item.Kind = Infinity
		}
	}
	return item, rest[1+n:], true
}

// Int returns an integer's value.
func (i *Item) Int() (int64, bool) {
	if i.Kind != Integer && i.Kind != Negative {
		return 0, false
	}
	return int64(i.Bits), true
}

// Float returns a float's value.
func (i *Item) Float() float64 { return math.Float64frombits(i.Bits) }

// Size returns how many bytes the value at the beginning of b takes, 0 when it is malformed.
func Size(b []byte) int {
	rest := b
	for left := 1; left > 0; left-- {
		item, after, ok := Next(rest)
		if !ok || item.Count > len(after) {
			return 0
		}
		left += item.Count
		rest = after
	}
	return len(b) - len(rest)
}

// Split cuts the value at the beginning of b off.
func Split(b []byte) (value, rest []byte, ok bool) {
	n := Size(b)
	if n == 0 {
		return nil, nil, false
	}
	return b[:n:n], b[n:], true
}

// Compare orders two well-formed values as the server does: by kind, then by content; lists by
// their elements and then by length, maps by length first. A wildcard equals whatever it meets,
// and ends the comparison. Malformed values are equal.
func Compare(a, b []byte) int {
	verdict := 0
	for left := 1; left > 0; left-- {
		x, restA, okA := Next(a)
		y, restB, okB := Next(b)
		if !okA || !okB || x.Kind == Wildcard || y.Kind == Wildcard {
			return 0
		}
		if x.Kind != y.Kind {
			return sign(x.Kind < y.Kind)
		}
		if c := compareItems(&x, &y); c != 0 {
			return c
		}
		switch {
		case x.Kind != List && x.Kind != Map:
		case x.Count == y.Count:
			left += x.Count
		default: // of the elements that both lists have, any may decide; else the length does
			left, verdict = 1+min(x.Count, y.Count), sign(x.Count < y.Count)
		}
		a, b = restA, restB
	}
	return verdict
}

func sign(less bool) int {
	if less {
		return -1
	}
	return 1
}

// compareItems compares two heads of the same kind.
func compareItems(x, y *Item) int {
	switch x.Kind {
	case Negative, Integer:
		if x.Bits != y.Bits {
			return sign(x.Bits < y.Bits)
		}
	case Float:
		if f, g := x.Float(), y.Float(); f < g || f > g {
			return sign(f < g)
		}
	case Map:
		if x.Count != y.Count {
			return sign(x.Count < y.Count)
		}
	case Bytes:
		if x.Type != y.Type {
			return sign(x.Type < y.Type)
		}
		return compareData(x.Data, y.Data)
	case String, GeoJSON, Extension:
		return compareData(x.Data, y.Data)
	}
	return 0
}

func compareData(a, b []byte) int {
	switch {
	case string(a) == string(b):
		return 0
	default:
		return sign(string(a) < string(b))
	}
}
