package aerospike

import (
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"crossover/driver/embedded/aerospike/wire"
)

// inflight is a node's writes that wait for their device and their copies. Writes of one key
// follow one another; those that arrive meanwhile wait, and once more than
// transaction-pending-limit wait, the next is refused: KEY_BUSY (server source,
// rw_request_hash.c: it compares the queue's depth with >, so that 1 in flight and 21 waiting
// are taken at a limit of 20).
//
// The waiting is arithmetic: a write is applied when it arrives, in the order of arrival, and
// its answer is held until the time at which it would have been done.
type inflight struct{ shards [32]inflightShard }

type inflightShard struct {
	mu    sync.Mutex
	keys  map[wire.Digest]*flights
	queue []flight // in the order of their ends, to forget them by
	spare []*flights
}

// flights are one key's writes that are not done, by the time at which each is.
type flights struct{ done []time.Duration }

type flight struct {
	at     time.Duration
	digest wire.Digest
}

func newInflight() *inflight {
	f := &inflight{}
	for i := range f.shards {
		f.shards[i].keys = map[wire.Digest]*flights{}
	}
	return f
}

// lock returns the shard of a key, locked.
func (f *inflight) lock(d *wire.Digest) *inflightShard {
	s := &f.shards[xxhash.Sum64(d[:])%uint64(len(f.shards))]
	s.mu.Lock()
	return s
}

// start returns when a write of a key that arrives now may start; busy is that too many wait.
func (s *inflightShard) start(d *wire.Digest, now time.Duration, limit int) (at time.Duration, busy bool) {
	s.forget(now)
	f := s.keys[*d]
	if f == nil {
		return now, false
	}
	f.prune(now)
	if n := len(f.done); n > 0 {
		if limit > 0 && n-1 > limit {
			return 0, true
		}
		return max(now, f.done[n-1]), false
	}
	return now, false
}

// end notes when the write that start let in is done.
func (s *inflightShard) end(d *wire.Digest, now, at time.Duration) {
	if at <= now {
		return
	}
	f := s.keys[*d]
	if f == nil {
		if n := len(s.spare); n > 0 {
			f, s.spare = s.spare[n-1], s.spare[:n-1]
		} else {
			f = &flights{}
		}
		s.keys[*d] = f
	}
	f.done = append(f.done, at)
	s.queue = append(s.queue, flight{at, *d})
}

func (f *flights) prune(now time.Duration) {
	gone := 0
	for gone < len(f.done) && f.done[gone] <= now {
		gone++
	}
	f.done = f.done[:copy(f.done, f.done[gone:])]
}

// forget drops the keys whose writes are done. Ends are noted nearly in order; one that comes
// behind a later one is dropped with it.
func (s *inflightShard) forget(now time.Duration) {
	gone := 0
	for gone < len(s.queue) && s.queue[gone].at <= now {
		d := &s.queue[gone].digest
		gone++
		f := s.keys[*d]
		if f == nil {
			continue
		}
		if f.prune(now); len(f.done) == 0 {
			delete(s.keys, *d)
			s.spare = append(s.spare, f)
		}
	}
	if gone > 0 {
		s.queue = s.queue[:copy(s.queue, s.queue[gone:])]
	}
}

// count returns how many writes are in flight or wait.
func (f *inflight) count(now time.Duration) (n int) {
	for i := range f.shards {
		s := &f.shards[i]
		s.mu.Lock()
		s.forget(now)
		for _, k := range s.keys {
			n += len(k.done)
		}
		s.mu.Unlock()
	}
	return n
}
