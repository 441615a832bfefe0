// Package expression compiles and evaluates the expressions that clients send: filters, and
// what an operation reads or writes. Types are checked when an expression is compiled; what
// cannot be known of a record, such as the value of a bin that it does not have, is unknown when
// it is evaluated (server source, exp.c; documentation, "Expressions").
package expression

import (
	"encoding/binary"
	"math"

	"crossover/driver/embedded/aerospike/msgpack"
	"crossover/driver/embedded/aerospike/wire"
)

// Type is what an expression yields. The numbers are the protocol's.
type Type uint8

// The types.
const (
	Nil Type = iota
	Bool
	Int
	String
	List
	Map
	Blob
	Float
	Geo
	HLL
	typeCount
	other // what is only there to be compared with: a wildcard, an infinity
)

// particles are the types of the bins that the types come from.
var particles = [typeCount]uint8{
	Nil: wire.Null, Bool: wire.Bool, Int: wire.Integer, String: wire.String, List: wire.List, Map: wire.Map,
	Blob: wire.Blob, Float: wire.Float, Geo: wire.GeoJSON, HLL: wire.HLL,
}

// A Value is what an expression came to.
type Value struct {
	Type    Type
	Unknown bool
	Int     int64   // of Int; of Bool 0 or 1
	Float   float64 // of Float
	Bytes   []byte  // of the others: a list or map as it is packed, a GeoJSON as text
}

var unknown = Value{Type: Bool, Unknown: true}

func boolean(b bool) Value {
	if b {
		return Value{Type: Bool, Int: 1}
	}
	return Value{Type: Bool}
}

func integer(v int64) Value { return Value{Type: Int, Int: v} }

// Particle returns the value as a bin holds it; ok is false when it is unknown.
func (v *Value) Particle() (kind uint8, value []byte, ok bool) {
	if v.Unknown || v.Type >= typeCount {
		return 0, nil, false
	}
	kind = particles[v.Type]
	switch v.Type {
	case Nil:
		return kind, nil, true
	case Bool:
		return kind, []byte{byte(v.Int)}, true
	case Int:
		return kind, binary.BigEndian.AppendUint64(nil, uint64(v.Int)), true
	case Float:
		return kind, binary.BigEndian.AppendUint64(nil, math.Float64bits(v.Float)), true
	case Geo:
		return kind, append([]byte{0, 0, 0}, v.Bytes...), true
	}
	return kind, v.Bytes, true
}

// fromParticle returns a bin's value as one of a type; anything else is unknown.
func fromParticle(kind uint8, value []byte, as Type) Value {
	if as >= typeCount || particles[as] != kind {
		return unknown
	}
	v := Value{Type: as}
	switch as {
	case Nil:
	case Bool:
		if len(value) != 1 {
			return unknown
		}
		v.Int = int64(value[0])
	case Int, Float:
		if len(value) != 8 {
			return unknown
		}
		bits := binary.BigEndian.Uint64(value)
		if as == Int {
			v.Int = int64(bits)
		} else {
			v.Float = math.Float64frombits(bits)
		}
	case Geo:
		text, ok := msgpack.GeoText(value)
		if !ok {
			return unknown
		}
		v.Bytes = text
	default:
		v.Bytes = value
	}
	return v
}

// appendPacked appends the value as an argument of a call.
func (v *Value) appendPacked(dst []byte) ([]byte, bool) {
	if v.Unknown {
		return dst, false
	}
	if v.Type == other {
		return append(dst, v.Bytes...), true
	}
	kind, value, ok := v.Particle()
	if !ok {
		return dst, false
	}
	return msgpack.AppendParticle(dst, kind, value)
}

// A Record is what an expression may ask about.
type Record struct {
	// Bin returns a bin; kind is wire.Null when there is none.
	Bin        func(name []byte) (kind uint8, value []byte)
	Key        []byte // as the wire has it, its type first; nil when it is not stored
	Set        string
	Digest     wire.Digest
	Bytes      int    // on a device
	LastUpdate uint64 // milliseconds since 2010-01-01 UTC
	VoidTime   uint32 // seconds since then; 0: never
	Now        uint64 // milliseconds since then
}

// epoch is 2010-01-01 UTC in seconds since 1970.
const epoch = 1262304000
