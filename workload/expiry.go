package workload

import (
	"fmt"
	"time"

	"crossover/workload/op"
)

// MaxTTL is the longest time to live: Aerospike's ten years (Aerospike server source, cfg.h,
// MAX_ALLOWED_TTL).
const MaxTTL = 10 * 365 * 24 * time.Hour

// expiry checks the time to live of what is written.
func (c check) expiry(w *Workload) {
	ttl := w.Write.TTL
	if ttl == 0 || !c.sound("workload.write.ttl") {
		return
	}
	if ttl < time.Second || ttl > MaxTTL || ttl%time.Second != 0 {
		c.fail(ttl.String(), fmt.Sprintf("whole seconds, %v at most: both databases count in seconds", MaxTTL), "workload", "write", "ttl")
	}
	lives := 0.0
	for _, k := range []op.Kind{op.Update, op.Insert, op.ReadModifyWrite, op.ConditionalUpdate, op.Touch, op.BatchWrite, op.TransactWrite} {
		lives += w.Operations[k]
	}
	if lives == 0 {
		c.fail("a time to live without a write", "a share of what writes items whole (update, insert, read_modify_write, …), or of touch", "workload", "write", "ttl")
	}
}

// expiryBytes returns what the attribute counts by which DynamoDB ends an item: its name, and
// ten digits. Trailing zeroes do not count, so that one item in ten is a byte smaller.
func (sc *Scenario) expiryBytes() uint64 {
	if sc.Workload.Write.TTL == 0 {
		return 0
	}
	return uint64(len(AttrExpiry)) + 10/2 + 1
}
