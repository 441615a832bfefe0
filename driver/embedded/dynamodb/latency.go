package dynamodb

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"crossover/driver/clock"
)

// AWS publishes no service times but "single-digit millisecond" (DynamoDB product page). These
// are this model's assumptions: what the server takes from receiving a request to answering
// it, without the network between. A request's time is lognormal around its median.
const (
	// spread is the standard deviation of the logarithm: the 99th percentile is 2.26 times the
	// median.
	spread = 0.35
	// strongExtra is what a strongly consistent read takes more: it is served by a partition's
	// leader only, not by the nearest of three replicas.
	strongExtra = 700 * time.Microsecond
	// perItem and perKiB are what each item of a page or batch and each KiB read or written add.
	perItem = 4 * time.Microsecond
	perKiB  = 8 * time.Microsecond
	// throttledTime is the median of refusing a request.
	throttledTime = 1 * time.Millisecond
	// controlTime is the median of a request about tables.
	controlTime = 20 * time.Millisecond
)

// medians are the assumed medians of the smallest request of each kind. A write is
// acknowledged by two of three availability zones.
var medians = map[string]time.Duration{
	"GetItem":        1800 * time.Microsecond,
	"BatchGetItem":   2600 * time.Microsecond,
	"Query":          2200 * time.Microsecond,
	"Scan":           3000 * time.Microsecond,
	"PutItem":        3200 * time.Microsecond,
	"UpdateItem":     3500 * time.Microsecond,
	"DeleteItem":     3200 * time.Microsecond,
	"BatchWriteItem": 4200 * time.Microsecond,
	// A transaction is prepared and then committed: two rounds.
	"TransactGetItems":      3600 * time.Microsecond,
	"TransactWriteItems":    7000 * time.Microsecond,
	"ExecuteStatement":      3000 * time.Microsecond,
	"BatchExecuteStatement": 4200 * time.Microsecond,
	"ExecuteTransaction":    7000 * time.Microsecond,
	"GetRecords":            5000 * time.Microsecond,
	"GetShardIterator":      5000 * time.Microsecond,
}

// What tables take to be created, changed and deleted, by assumption; AWS's take longer and
// publish no times. Without Latency they are at once.
const (
	createFor = 500 * time.Millisecond
	updateFor = 500 * time.Millisecond
	deleteFor = 300 * time.Millisecond
)

// An effort is what a request touched, as far as its service time depends on it.
type effort struct {
	strong bool
	items  int
	bytes  int
}

// serviceTime draws how long a request takes by default.
func serviceTime(rng *rand.Rand, operation string, e effort, refused bool) time.Duration {
	return (&LatencyModel{}).draw(rng, operation, e, refused)
}

// sleepers lends out clock.Sleepers, each of which may hold a kernel timer and serves one
// request at a time.
type sleepers struct {
	clock clock.Clock
	mu    sync.Mutex
	idle  []*clock.Sleeper
}

// maxIdleSleepers bounds how many kernel timers wait for the next request.
const maxIdleSleepers = 256

func (p *sleepers) until(ctx context.Context, at time.Duration) error {
	if at <= p.clock.Now() {
		return ctx.Err()
	}
	p.mu.Lock()
	var s *clock.Sleeper
	if n := len(p.idle); n > 0 {
		s, p.idle = p.idle[n-1], p.idle[:n-1]
	}
	p.mu.Unlock()
	if s == nil {
		s = clock.NewSleeper(p.clock)
	}
	err := s.SleepUntil(ctx, at)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) < maxIdleSleepers {
		p.idle = append(p.idle, s)
	} else {
		s.Close()
	}
	return err
}

// close gives the idle ones' timers back.
func (p *sleepers) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.idle {
		s.Close()
	}
	p.idle = nil
}
