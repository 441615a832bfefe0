package runner

import (
	"sync/atomic"
	"time"
)

const (
	// quickOp is a mean time for an operation below which two workers that take each index from
	// the same counter wait for its cache line rather than for the database.
	quickOp = 2 * time.Microsecond
	// quickBatch is how many indices a worker then takes at once.
	quickBatch = 16
	// batchAge is how long a worker goes on with the indices it has taken after its phase has
	// ended, so that what was sent is the stream up to an index. If the database stalls just
	// then, up to quickBatch-1 operations a worker are skipped instead.
	batchAge = time.Millisecond
)

// indices are the operations of a closed loop that nobody has taken yet.
type indices struct {
	_    [64]byte // workers write to next: what they only read lies on other cache lines
	next atomic.Uint64
	_    [64]byte
}

// batchSize returns how many indices to take after n took so long.
func batchSize(n uint64, took time.Duration) uint64 {
	if took > 0 && took < time.Duration(n)*quickOp {
		return quickBatch
	}
	return 1
}

// take returns the next operations [from, to) for one worker; none where limit, one past the
// last, has been reached. A limit of 0 is none.
func (x *indices) take(n, limit uint64) (from, to uint64) {
	to = x.next.Add(n)
	from = to - n
	if limit > 0 {
		from, to = min(from, limit), min(to, limit)
	}
	return from, to
}

// taken returns how many operations have been taken.
func (x *indices) taken() uint64 { return x.next.Load() }

// settle takes back what lies past limit: workers take too many to learn that it is over.
func (x *indices) settle(limit uint64) { x.next.Store(min(x.next.Load(), limit)) }
