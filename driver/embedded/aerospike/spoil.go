package aerospike

import (
	"slices"
	"sync"

	"crossover/driver/embedded/aerospike/store"
	"crossover/driver/embedded/aerospike/wire"
)

// oldVersions is how many overwritten records are kept for the stale fault.
const oldVersions = 4096

// An attic keeps what records were before they were last written. It is used only while the
// stale fault is asked for.
type attic struct {
	mu      sync.Mutex
	records map[wire.Digest]stored
	order   [oldVersions]wire.Digest // in which they came, as a ring
	next    int
}

// A stored is a record's bins as the wire has them, and how many they are.
type stored struct {
	bins  []byte
	count uint16
}

// keep puts an overwritten record away; the oldest makes room.
func (a *attic) keep(d *wire.Digest, old stored) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.records == nil {
		a.records = make(map[wire.Digest]stored, oldVersions)
	}
	if _, ok := a.records[*d]; !ok {
		delete(a.records, a.order[a.next])
		a.order[a.next] = *d
		a.next = (a.next + 1) % oldVersions
	}
	a.records[*d] = old
}

func (a *attic) get(d *wire.Digest) (stored, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	old, ok := a.records[*d]
	return old, ok
}

// bins returns what a read of a whole record answers: what is stored, or what the faults of
// content make of it.
func (n *Node) bins(d *wire.Digest, r *store.Record) stored {
	v := stored{r.BinBytes(), r.Bins}
	if n.fate.content(n.fate.faults.Stale) {
		if old, ok := n.cluster.attic.get(d); ok {
			v = old
		}
	}
	if n.fate.content(n.fate.faults.Corrupt) {
		v.bins = n.fate.corrupted(v.bins)
	}
	return v
}

// content draws whether a fault of content happens.
func (f *fate) content(share float64) bool {
	if share == 0 {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.random.Float64() < share
}

// corrupted returns a copy of bins with one byte of the largest string or blob changed.
func (f *fate) corrupted(bins []byte) []byte {
	out := slices.Clone(bins)
	var op, largest wire.Op
	for ops := wire.NewOps(out); ops.Next(&op); {
		if (op.Type == wire.String || op.Type == wire.Blob) && len(op.Value) > len(largest.Value) {
			largest = op
		}
	}
	if n := len(largest.Value); n > 0 {
		f.mu.Lock()
		at := f.random.IntN(n)
		f.mu.Unlock()
		largest.Value[at] ^= 1
	}
	return out
}
