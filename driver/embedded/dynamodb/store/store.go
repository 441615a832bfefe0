// Package store keeps a table's items in memory: by hash of the partition key, and within one
// partition key by sort key. It knows nothing of capacity.
package store

import (
	"encoding/binary"
	"iter"
	"math"
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"crossover/driver/embedded/dynamodb/attribute"
)

// A Key is where an item stands. Keys order by hash, then by text; the text begins with the
// partition key, so that the items of one partition key stand together, in order of their sort
// keys' bytes.
type Key struct {
	Hash uint64
	Text string
}

// NewKey returns the key of a partition key's and a sort key's bytes. The sort key's bytes
// must order as the sort keys do; it is "" in a table without one, and as the lower bound of a
// partition key's items.
func NewKey(partition, sort string) Key {
	var room [128]byte
	b := binary.AppendUvarint(room[:0], uint64(len(partition)))
	b = append(append(b, partition...), sort...)
	return Key{Hash: xxhash.Sum64String(partition), Text: string(b)}
}

// An Entry is a key and what is stored there.
type Entry struct {
	Key
	Item attribute.Stored
}

// shardBits: the top bits of the hash say in which shard an item lies, so that walking the
// shards in order walks the hashes in order.
const shardBits = 6

type shard struct {
	mu      sync.RWMutex
	shelf   shelf
	changes []Change // that the journal has not been told of
}

// A Store is one table's items. It is safe for concurrent use: items in different shards are
// written side by side. An item that was handed out is never changed.
type Store struct {
	shards [1 << shardBits]shard
	items  atomic.Int64
	bytes  atomic.Int64

	sequence uint64  // among all stores
	journal  Journal // nil for none
	tag      uint64
}

// New returns an empty store.
func New() *Store {
	return &Store{sequence: sequence.Add(1)}
}

func (s *Store) shard(hash uint64) *shard { return &s.shards[hash>>(64-shardBits)] }

// Items and Bytes return how many items there are, and what they count in DynamoDB's size.
func (s *Store) Items() int64 { return s.items.Load() }

// Bytes is described with Items.
func (s *Store) Bytes() int64 { return s.bytes.Load() }

// Get returns the item at k, or nil.
func (s *Store) Get(k Key) attribute.Stored {
	h := s.shard(k.Hash)
	h.mu.RLock()
	defer h.mu.RUnlock()
	item, _ := h.shelf.get(k)
	return item
}

// Update calls f with the item at k, or nil, while nobody else writes there, and stores what f
// returns; nil removes the item. When f returns an error nothing is changed.
func (s *Store) Update(k Key, f func(old attribute.Stored) (attribute.Stored, error)) error {
	h := s.shard(k.Hash)
	h.mu.Lock()
	defer h.mu.Unlock()
	old, found := h.shelf.get(k)
	after, err := f(old)
	if err != nil {
		return err
	}
	s.put(h, k, old, found, after)
	s.tell(h)
	return nil
}

func (s *Store) put(h *shard, k Key, old attribute.Stored, found bool, after attribute.Stored) {
	s.bytes.Add(int64(after.Size() - old.Size()))
	s.items.Add(present(after) - present(old))
	switch {
	case after != nil:
		h.shelf.set(k, after)
	case found:
		h.shelf.remove(k)
	}
	if after != nil || found {
		s.note(h, k, after)
	}
}

// Hold calls f with the item at k, or nil, while nobody else writes there.
func (s *Store) Hold(k Key, f func(item attribute.Stored)) {
	h := s.shard(k.Hash)
	h.mu.Lock()
	defer h.mu.Unlock()
	item, _ := h.shelf.get(k)
	f(item)
}

func present(i attribute.Stored) int64 {
	if i == nil {
		return 0
	}
	return 1
}

// A walk takes firstBatch entries at first, and up to maxBatch at once later: short ones take
// little, and long ones let writers in between.
const (
	firstBatch = 16
	maxBatch   = 256
)

// Ascend yields the entries from a key on, in order; from itself is left out when after is
// set. Each shard is seen at one moment for each batch of entries, not the whole store at once:
// an item that stands throughout is yielded once.
func (s *Store) Ascend(from Key, after bool) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		var room []Entry
		batch := firstBatch
		for i := from.Hash >> (64 - shardBits); i < 1<<shardBits; i++ {
			for {
				room = s.shards[i].take(room[:0], batch, from, after, false)
				for _, e := range room {
					if !yield(e) {
						return
					}
				}
				if len(room) < batch {
					break
				}
				from, after = room[len(room)-1].Key, true
				batch = min(2*batch, maxBatch)
			}
			from, after = Key{Hash: (i + 1) << (64 - shardBits)}, false
		}
	}
}

// Descend yields the entries of from's shard from a key down, in reverse order; from itself is
// left out when before is set. One partition key lies in one shard.
func (s *Store) Descend(from Key, before bool) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		var room []Entry
		batch := firstBatch
		for {
			room = s.shard(from.Hash).take(room[:0], batch, from, before, true)
			for _, e := range room {
				if !yield(e) {
					return
				}
			}
			if len(room) < batch {
				return
			}
			from, before = room[len(room)-1].Key, true
			batch = min(2*batch, maxBatch)
		}
	}
}

// take appends up to a batch of entries.
func (h *shard) take(out []Entry, batch int, from Key, beyond, down bool) []Entry {
	h.mu.RLock()
	defer h.mu.RUnlock()
	keep := func(e Entry) bool {
		if !beyond || e.Key != from {
			out = append(out, e)
		}
		return len(out) < batch
	}
	if down {
		h.shelf.descend(from, keep)
	} else {
		h.shelf.ascend(from, keep)
	}
	return out
}

// Segment returns the hashes of one of a parallel scan's segments, first to last.
func Segment(segment, total int) (first, last uint64) {
	width := math.MaxUint64/uint64(total) + 1 // 0 for one segment: all
	if total == 1 {
		return 0, math.MaxUint64
	}
	first = uint64(segment) * width
	if segment == total-1 {
		return first, math.MaxUint64
	}
	return first, first + width - 1
}
