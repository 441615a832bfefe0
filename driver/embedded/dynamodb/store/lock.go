package store

import (
	"cmp"
	"slices"
	"sync/atomic"

	"crossover/driver/embedded/dynamodb/attribute"
)

// sequence numbers stores, so that who locks places in several locks them in one order.
var sequence atomic.Uint64

// A Place is an item's place in a store.
type Place struct {
	Store *Store
	Key   Key
}

// Lock keeps everybody else from writing at any of the places, and reading there, until unlock is
// called. Peek and Put are for whoever holds them.
func Lock(places []Place) (unlock func()) {
	type room struct {
		store *Store
		shard uint64
	}
	rooms := make([]room, 0, len(places))
	for _, p := range places {
		rooms = append(rooms, room{p.Store, p.Key.Hash >> (64 - shardBits)})
	}
	slices.SortFunc(rooms, func(a, b room) int {
		return cmp.Or(cmp.Compare(a.store.sequence, b.store.sequence), cmp.Compare(a.shard, b.shard))
	})
	rooms = slices.Compact(rooms)
	for _, r := range rooms {
		r.store.shards[r.shard].mu.Lock()
	}
	return func() {
		var changed []*shard
		var journal Journal
		for _, r := range rooms {
			if h := &r.store.shards[r.shard]; len(h.changes) > 0 {
				changed, journal = append(changed, h), r.store.journal
			}
		}
		tellAll(changed, journal)
		for _, r := range rooms {
			r.store.shards[r.shard].mu.Unlock()
		}
	}
}

// Peek returns the item at a place that the caller has locked, or nil.
func (s *Store) Peek(k Key) attribute.Stored {
	item, _ := s.shard(k.Hash).shelf.get(k)
	return item
}

// Put stores an item at a place that the caller has locked; nil removes what is there.
func (s *Store) Put(k Key, item attribute.Stored) {
	h := s.shard(k.Hash)
	old, found := h.shelf.get(k)
	s.put(h, k, old, found, item)
}
