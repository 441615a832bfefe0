// Package footprint holds how many bytes an Aerospike record takes on a device and in memory.
// The layout's sizes are facts read from the server's source, release 8.1.2.0
// (as/include/storage/flat.h, as/src/storage/flat.c, as/src/base/particle_*.c).
package footprint

// What a record's parts take on the device, in bytes.
const (
	RoundTo     = 16 // records begin at multiples of it (flat.h, RBLOCK_SIZE)
	fixedHeader = 35 // magic, size and flags, generation, last-update time, tree id, digest (flat.h, as_flat_record)
	endMark     = 4  // a checksum that ends every record (flat.h)
	voidTime    = 4  // when the record expires
	binCount    = 1  // up to 127 bins; two bytes from 128 on
	setLength   = 1  // before the set's name
	binHeader   = 1  // length of the bin's name, before it
	numberSize  = 9  // of an integer or float: type and 8 bytes (an integer at its largest)
	flexHeader  = 5  // of a string or blob: type and 4 bytes of length
)

// IndexBytes is what the primary index takes in memory for each record and copy (Aerospike
// documentation, "Capacity planning": 64 bytes).
const IndexBytes = 64

// A Type is a bin's particle type, as far as its size goes.
type Type uint8

// The types.
const (
	Integer Type = iota // 64 bits
	Float               // 64 bits
	String              // Bytes long
	Blob                // Bytes long; lists and maps count as their packed bytes
)

// A Bin is one bin of a record.
type Bin struct {
	Name  string
	Type  Type
	Bytes int // of a string or blob
}

// A Record is what a record's size depends on.
type Record struct {
	Set    string
	Bins   []Bin
	Key    int  // bytes of the user key when it is stored with the record; 0 when it is not
	Expiry bool // the record has a time to live
}

// DeviceBytes returns what the record takes on the device, rounded up to 16 bytes.
func (r Record) DeviceBytes() int {
	n := fixedHeader + binCount + endMark
	if len(r.Bins) > 127 {
		n++
	}
	if r.Set != "" {
		n += setLength + len(r.Set)
	}
	if r.Key > 0 {
		n += flexHeader + r.Key
	}
	if r.Expiry {
		n += voidTime
	}
	for _, b := range r.Bins {
		n += binHeader + len(b.Name)
		switch b.Type {
		case Integer, Float:
			n += numberSize
		default:
			n += flexHeader + b.Bytes
		}
	}
	return (n + RoundTo - 1) / RoundTo * RoundTo
}

// ClusterIndexBytes returns the primary index's memory over a cluster.
func ClusterIndexBytes(records uint64, copies int) uint64 {
	return records * uint64(copies) * IndexBytes
}
