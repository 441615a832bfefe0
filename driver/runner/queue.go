package runner

import (
	"sync"
	"time"

	"crossover/workload/op"
)

// An entry is an operation of the schedule.
type entry struct {
	index uint64
	due   time.Duration // -1 in a closed loop
	phase int32
	kind  op.Kind
}

// A queue holds the operations that are due and unsent, in order, and the workers that are
// free. At most one of the two is non-empty once a call has returned.
type queue struct {
	mu     sync.Mutex
	ring   []entry // its length is a power of two; entry n lies at n mod length
	head   uint64  // number of the first waiting entry
	tail   uint64  // one past the last
	free   []*worker
	closed bool
}

func newQueue(workers int) *queue {
	return &queue{ring: make([]entry, 1024), free: make([]*worker, 0, workers)}
}

// next returns the next operation for w, waiting until there is one, and since when it could
// have been sent. It reports false when the queue has closed and is empty.
func (q *queue) next(w *worker) (item entry, base time.Duration, ok bool) {
	q.mu.Lock()
	if q.head != q.tail {
		item = q.pop()
		q.mu.Unlock()
		// All sessions were busy until w became free.
		return item, max(item.due, w.freeAt), true
	}
	if q.closed {
		q.mu.Unlock()
		return entry{}, 0, false
	}
	q.free = append(q.free, w)
	q.mu.Unlock()
	<-w.wake
	// w.given was written before the wake: base is in freeAt's terms of the longest free one.
	return w.given, max(w.given.due, w.freeAt), w.given.due >= 0
}

func (q *queue) pop() entry {
	item := q.ring[q.head&uint64(len(q.ring)-1)]
	q.head++
	return item
}

// put appends operations and hands as many as it can to free workers, the one that became
// free last first: its connection and its memory are warm.
func (q *queue) put(items []entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, item := range items {
		if n := len(q.free); n > 0 {
			w := q.free[n-1]
			longest := q.free[0].freeAt
			q.free = q.free[:n-1]
			w.given = item
			// The generator owes the time since the longest free session could have sent it.
			w.freeAt = min(w.freeAt, longest)
			w.wake <- struct{}{}
			continue
		}
		if q.tail-q.head == uint64(len(q.ring)) {
			q.grow()
		}
		q.ring[q.tail&uint64(len(q.ring)-1)] = item
		q.tail++
	}
}

func (q *queue) grow() {
	larger := make([]entry, 2*len(q.ring))
	for n := q.head; n != q.tail; n++ {
		larger[n&uint64(len(larger)-1)] = q.ring[n&uint64(len(q.ring)-1)]
	}
	q.ring = larger
}

// expire removes the waiting operations that were due before the given time, and passes each
// to dropped. It returns how many still wait, and the first one's due time.
func (q *queue) expire(before time.Duration, dropped func(entry)) (waiting uint64, first time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.head != q.tail {
		item := q.ring[q.head&uint64(len(q.ring)-1)]
		if item.due >= before {
			return q.tail - q.head, item.due
		}
		q.head++
		dropped(item)
	}
	return 0, 0
}

// close lets the workers end once nothing waits any more.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, w := range q.free {
		w.given = entry{due: -1}
		w.wake <- struct{}{}
	}
	q.free = q.free[:0]
}
