// Package store holds a namespace's records: 4096 partitions, each its records in order of
// their digests, with generations, times, sets, user keys and bins of every type, and the
// secondary indexes on them. It knows no node and no copy: a record is here once, however many
// nodes own its partition. It reads no clock: times are arguments.
package store

import (
	"crossover/costmodel/footprint"
	"crossover/driver/embedded/aerospike/wire"
)

// A Record is one record. What it points to is never written again after it was stored, so
// that a reader may keep it without a lock.
type Record struct {
	LastUpdate uint64 // milliseconds since 2010-01-01 UTC, as the server counts them
	data       []byte // user key, then bins as the wire has them
	Digest     wire.Digest
	VoidTime   uint32 // seconds since 2010-01-01 UTC; 0: never
	Written    uint32 // where on the master's device, in units that the caller chooses
	Device     uint32 // bytes on a device
	key        uint32 // length of the user key, its type's byte included; 0: not stored
	Generation uint16 // 1 to 65535
	Bins       uint16
	set        uint16 // index into the namespace's sets; 0: none
}

// Key returns the user key as the wire has it, a type's byte first; nil when it is not stored.
func (r *Record) Key() []byte {
	if r.key == 0 {
		return nil
	}
	return r.data[:r.key:r.key]
}

// BinBytes returns all bins as operations that the wire can take as they are.
func (r *Record) BinBytes() []byte { return r.data[r.key:] }

// Ops returns the bins one by one.
func (r *Record) Ops() wire.Ops { return wire.NewOps(r.BinBytes()) }

// Expired reports whether the record's time has passed (server source, record.h).
func (r *Record) Expired(now uint32) bool { return r.VoidTime != 0 && r.VoidTime < now }

// find returns one bin.
func (r *Record) find(name string) (op wire.Op, ok bool) {
	for ops := r.Ops(); ops.Next(&op); {
		if string(op.Name) == name {
			return op, true
		}
	}
	return wire.Op{}, false
}

// names stands in for a name where only its length matters.
const names = "###############"

// deviceBytes returns what the record takes on a device. A boolean counts as a number: it is a
// few bytes less, within the rounding.
func (r *Record) deviceBytes(set string, key int, scratch []footprint.Bin) (bytes int, bins []footprint.Bin) {
	bins = scratch[:0]
	var op wire.Op
	for ops := r.Ops(); ops.Next(&op); {
		b := footprint.Bin{Name: names[:min(len(op.Name), len(names))], Bytes: len(op.Value)}
		switch op.Type {
		case wire.Integer, wire.Bool:
			b.Type = footprint.Integer
		case wire.Float:
			b.Type = footprint.Float
		case wire.String:
			b.Type = footprint.String
		default:
			b.Type = footprint.Blob
		}
		bins = append(bins, b)
	}
	f := footprint.Record{Set: set, Bins: bins, Key: key, Expiry: r.VoidTime != 0}
	return f.DeviceBytes(), bins
}
