package store

import (
	"errors"
	"sync"
	"sync/atomic"
)

// MaxSets is how many sets a namespace holds (namespace.h, AS_SET_MAX_COUNT).
const MaxSets = 4095

// MaxSetName is how many bytes a set's name may have (AS_SET_NAME_MAX_SIZE is one more).
const MaxSetName = 63

// ErrSets is a set that cannot be added; a server answers 4.
var ErrSets = errors.New("set cannot be added")

// A sets gives each set's name a number, 1 and up.
type sets struct {
	mu   sync.Mutex
	list atomic.Pointer[[]string] // by number; 0 is no set
	ids  sync.Map                 // string -> uint16
}

func (s *sets) names() []string {
	if l := s.list.Load(); l != nil {
		return *l
	}
	return []string{""}
}

// find returns a set's number; ok is false when no record was ever written to it.
func (s *sets) find(name []byte) (id uint16, ok bool) {
	if len(name) == 0 {
		return 0, true
	}
	for i, n := range s.names() {
		if n == string(name) {
			return uint16(i), true
		}
		if i == fewSets {
			break
		}
	}
	v, ok := s.ids.Load(string(name))
	if !ok {
		return 0, false
	}
	return v.(uint16), true
}

// fewSets is how many sets are compared one by one, which allocates nothing.
const fewSets = 8

// add returns a set's number, given out now if need be.
func (s *sets) add(name []byte) (uint16, error) {
	if id, ok := s.find(name); ok {
		return id, nil
	}
	if len(name) > MaxSetName {
		return 0, ErrSets
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.ids.Load(string(name)); ok {
		return v.(uint16), nil
	}
	old := s.names()
	if len(old) > MaxSets {
		return 0, ErrSets
	}
	grown := make([]string, len(old), len(old)+1)
	copy(grown, old)
	grown = append(grown, string(name))
	s.list.Store(&grown)
	s.ids.Store(string(name), uint16(len(old)))
	return uint16(len(old)), nil
}

// SetName returns the name of the record's set; "" is none.
func (s *Store) SetName(r *Record) string { return s.sets.names()[r.set] }

// SetNames returns every set that was ever written to, in that order.
func (s *Store) SetNames() []string { return s.sets.names()[1:] }
