package store

import "crossover/driver/embedded/dynamodb/attribute"

// A Change is an item as it is from now on; a nil item is its removal.
type Change struct {
	Tag  uint64 // of the store
	Key  Key
	Item attribute.Stored
}

// A Journal is told of what changes, while the places are locked: of each place in the order
// of its changes, and of what was changed under one lock at once. It keeps nothing of the slice.
type Journal interface {
	Changed(changes []Change)
}

// Keep has a journal told of every change from now on, with a tag that names the store. It must
// be called before the store is used by others.
func (s *Store) Keep(j Journal, tag uint64) { s.journal, s.tag = j, tag }

// note remembers a change until tell.
func (s *Store) note(h *shard, k Key, item attribute.Stored) {
	if s.journal != nil {
		h.changes = append(h.changes, Change{s.tag, k, item})
	}
}

// tell hands a shard's changes on.
func (s *Store) tell(h *shard) {
	if len(h.changes) > 0 {
		s.journal.Changed(h.changes)
		h.forget()
	}
}

// tellAll hands the changes of several shards on as one. All stores that keep a journal keep
// the same.
func tellAll(rooms []*shard, j Journal) {
	var all []Change
	for _, h := range rooms {
		all = append(all, h.changes...)
		h.forget()
	}
	if len(all) > 0 {
		j.Changed(all)
	}
}

func (h *shard) forget() {
	clear(h.changes) // so that nothing removed stays in memory
	h.changes = h.changes[:0]
}

// Restore puts an item back that an earlier store held. The journal is not told, and nobody
// else may use the store meanwhile.
func (s *Store) Restore(k Key, item attribute.Stored) {
	j := s.journal
	s.journal = nil
	defer func() { s.journal = j }()
	h := s.shard(k.Hash)
	h.mu.Lock()
	defer h.mu.Unlock()
	s.put(h, k, nil, false, item)
}
