package store

import (
	"encoding/binary"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"crossover/driver/embedded/dynamodb/attribute"
)

// Items lie one behind the other in slabs of bytes: millions of them are a few thousand objects
// to the garbage collector, and an item takes no more than its bytes. A slab is only ever
// appended to, and what was read from it stays as it is: overwritten items leave gaps, and
// when those are too many, what is left of the emptiest slab moves to another one.

// A ref is where an item's record begins: a slab and an offset.
type ref uint64

const (
	offsetBits = 24
	slabSmall  = 4 << 10
	slabLarge  = 256 << 10
	// slackShare is how much of a shard's bytes may be gaps: a fifth; slackFree is how much always.
	slackShare = 5
	slackFree  = 64 << 10
)

func (r ref) slab() int   { return int(r >> offsetBits) }
func (r ref) offset() int { return int(r & (1<<offsetBits - 1)) }

type slab struct {
	data []byte
	dead int // bytes in gaps
}

// A heap is a shard's slabs.
type heap struct {
	slabs []*slab
	spare []int // numbers that may be used again
	open  int   // the slab that is being filled
	used  int   // bytes in all slabs
	dead  int   // of them, in gaps
}

// add writes an item's record: key text and item, each behind its length.
func (h *heap) add(text string, item attribute.Stored) ref {
	need := len(text) + len(item) + 2*binary.MaxVarintLen32
	if len(h.slabs) == 0 || h.slabs[h.open] == nil || cap(h.slabs[h.open].data)-len(h.slabs[h.open].data) < need {
		h.extend(need)
	}
	s := h.slabs[h.open]
	at := len(s.data)
	s.data = append(binary.AppendUvarint(s.data, uint64(len(text))), text...)
	s.data = append(binary.AppendUvarint(s.data, uint64(len(item))), item...)
	h.used += len(s.data) - at
	return ref(h.open)<<offsetBits | ref(at)
}

// extend begins a slab: the larger, the more there is already.
func (h *heap) extend(need int) {
	size := max(min(slabLarge, h.used/4), slabSmall, need)
	s := &slab{data: make([]byte, 0, size)}
	if n := len(h.spare); n > 0 {
		h.open, h.spare = h.spare[n-1], h.spare[:n-1]
		h.slabs[h.open] = s
		return
	}
	h.open = len(h.slabs)
	h.slabs = append(h.slabs, s)
}

// at returns the record at a ref. The text and the item share its memory, which never changes.
func (h *heap) at(r ref) (text string, item attribute.Stored, size int) {
	return recordAt(h.slabs[r.slab()].data[r.offset():])
}

func recordAt(b []byte) (text string, item attribute.Stored, size int) {
	n, w := binary.Uvarint(b)
	from := w
	text = unsafe.String(unsafe.SliceData(b[w:]), int(n))
	from += int(n)
	n, w = binary.Uvarint(b[from:])
	from += w
	size = from + int(n)
	return text, attribute.Stored(b[from:size:size]), size
}

// text returns the key text of the record at a ref.
func (h *heap) text(r ref) string {
	b := h.slabs[r.slab()].data[r.offset():]
	n, w := binary.Uvarint(b)
	return unsafe.String(unsafe.SliceData(b[w:]), int(n))
}

// drop makes a record a gap.
func (h *heap) drop(r ref) {
	_, _, size := h.at(r)
	h.slabs[r.slab()].dead += size
	h.dead += size
}

// victim returns the slab with the most gaps when there are too many in all, or -1.
func (h *heap) victim() int {
	if h.dead < slackFree || h.dead < h.used/slackShare {
		return -1
	}
	worst, most := -1, 0.0
	for i, s := range h.slabs {
		if s == nil || i == h.open {
			continue
		}
		if share := float64(s.dead) / float64(len(s.data)); share > most {
			worst, most = i, share
		}
	}
	return worst
}

// release gives a slab up.
func (h *heap) release(i int) {
	h.used -= len(h.slabs[i].data)
	h.dead -= h.slabs[i].dead
	h.slabs[i] = nil
	h.spare = append(h.spare, i)
}

// hashOf returns the hash of a key text's partition key.
func hashOf(text string) uint64 {
	b := unsafe.Slice(unsafe.StringData(text), len(text))
	n, w := binary.Uvarint(b)
	return xxhash.Sum64(b[w : w+int(n)])
}
