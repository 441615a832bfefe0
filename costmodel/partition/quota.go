package partition

import (
	"sync"
	"time"
)

// What AWS sets as default quotas (Developer Guide, "Service, account, and table quotas"), in
// units/s. Both can be raised on request.
const (
	// TableQuotaRead and TableQuotaWrite limit a table together with its global secondary
	// indexes, in either mode.
	TableQuotaRead  = 40_000
	TableQuotaWrite = 40_000
	// AccountQuotaRead and AccountQuotaWrite limit the provisioned capacity of an account's
	// tables and indexes in a region together; they do not apply to on-demand tables.
	AccountQuotaRead  = 80_000
	AccountQuotaWrite = 80_000
)

// A Quota limits what an on-demand table and its indexes consume together, in units/s: beyond
// it requests are refused for the account's sake. A provisioned table's capacity cannot be set
// above it in the first place. It is safe for concurrent use.
type Quota struct {
	mu   sync.Mutex
	side [2]bucket
}

// NewQuota returns a quota at a time; 0 units/s limit nothing.
func NewQuota(read, write float64, now time.Duration) *Quota {
	return &Quota{side: [2]bucket{full(read, 1, now), full(write, 1, now)}}
}

// room is bucket.room of one side.
func (q *Quota) room(now time.Duration, side Direction, units float64) float64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.side[side].room(now, units)
}

func (q *Quota) take(now time.Duration, read, write float64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for side, units := range [2]float64{read, write} {
		q.side[side].refill(now)
		q.side[side].take(units)
	}
}
