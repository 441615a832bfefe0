package dynamodb

import (
	"maps"
	"sync"
	"time"

	"crossover/costmodel/partition"
)

// A metric is one of CloudWatch's, namespace AWS/DynamoDB (Developer Guide, "DynamoDB metrics
// and dimensions"), with the dimension TableName.
type metric int

const (
	consumedRead metric = iota
	consumedWrite
	readThrottles
	writeThrottles
	conditionFailures
	throttledRequests // also by Operation
	systemErrors      // also by Operation
	returnedItems     // also by Operation
	userErrors        // of the account only
	conflicts         // requests that met a transaction under way
	expiredItems      // deleted by time to live
	causeMetrics      // the first of the metrics by cause and side
	metricCount       = causeMetrics + 8
)

var causes = [...]partition.Cause{partition.Provisioned, partition.KeyRange, partition.MaxOnDemand, partition.Account}

// causeMetric is the metric of a throttle's cause.
func causeMetric(d partition.Decision) metric {
	for i, c := range causes {
		if c == d.Cause {
			return causeMetrics + metric(2*i) + metric(d.Side)
		}
	}
	panic("embedded DynamoDB: a throttle without a cause")
}

var metricNames = [metricCount]string{
	"ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ReadThrottleEvents", "WriteThrottleEvents",
	"ConditionalCheckFailedRequests", "ThrottledRequests", "SystemErrors", "ReturnedItemCount", "UserErrors",
	"TransactionConflict", "TimeToLiveDeletedItemCount",
	"ReadProvisionedThroughputThrottleEvents", "WriteProvisionedThroughputThrottleEvents",
	"ReadKeyRangeThroughputThrottleEvents", "WriteKeyRangeThroughputThrottleEvents",
	"ReadMaxOnDemandThroughputThrottleEvents", "WriteMaxOnDemandThroughputThrottleEvents",
	"ReadAccountLimitThrottleEvents", "WriteAccountLimitThrottleEvents",
}

type sums [metricCount]float64

func (s *sums) add(o *sums) {
	for i, x := range o {
		s[i] += x
	}
}

// operationSums are a minute's metrics with the dimension Operation as well.
type operationSums struct {
	latencyCount                     int
	latencySum, latencyMax           time.Duration
	throttled, errors, itemsReturned float64
}

// A minute is what fell into one minute of the wall clock that belongs to the server's own.
type minute struct {
	start      time.Time
	sums       sums
	provRead   float64 // provisioned units/s at the minute's last request; 0 on demand
	provWrite  float64
	operations map[string]*operationSums
}

// minutesKept is how long minutes are kept: 15 days, as CloudWatch keeps 1-minute periods
// (Amazon CloudWatch User Guide, "Metrics retention").
const minutesKept = 15 * 24 * 60

// A meter counts for one table, or for the account. It is safe for concurrent use.
type meter struct {
	mu      sync.Mutex
	total   sums
	done    uint64 // requests answered with success
	minutes []*minute
	past    map[string]operationSums // of the minutes before the last
	parts   map[int]*partitionSums
}

// partitionSums are what the physics do not count of a partition.
type partitionSums struct {
	reads, writes uint64
	injected      map[string]uint64 // throttles by fault, by reason
}

// A tally is what one request adds; it is gathered without a lock, and added at once.
type tally struct {
	sums  sums
	parts []partitionTally
}

type partitionTally struct {
	id       int
	write    bool
	injected string // reason of an injected throttle; "" for a request that was served
}

func (m *meter) minute(start time.Time) *minute {
	if n := len(m.minutes); n > 0 && !start.After(m.minutes[n-1].start) {
		// A request that began in an older minute counts in the one that is open.
		return m.minutes[n-1]
	}
	if n := len(m.minutes); n > 0 {
		m.past = addOperations(m.past, m.minutes[n-1].operations)
	}
	if len(m.minutes) >= minutesKept {
		m.minutes = append(m.minutes[:0], m.minutes[1:]...)
	}
	x := &minute{start: start, operations: map[string]*operationSums{}}
	m.minutes = append(m.minutes, x)
	return x
}

// add counts a request that ended at a wall-clock time after it took so long; took is negative
// when it was no success, and operation is "" where it is no dimension.
func (m *meter) add(at time.Time, operation string, t *tally, took time.Duration, provRead, provWrite float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x := m.minute(at.Truncate(time.Minute))
	m.total.add(&t.sums)
	x.sums.add(&t.sums)
	x.provRead, x.provWrite = provRead, provWrite
	if operation != "" {
		x.operation(operation).add(t, took)
	}
	if took >= 0 {
		m.done++
	}
	for _, p := range t.parts {
		m.partition(p)
	}
}

// addOperations adds one minute's operations.
func addOperations(to map[string]operationSums, of map[string]*operationSums) map[string]operationSums {
	if to == nil {
		to = map[string]operationSums{}
	}
	for name, o := range of {
		x := to[name]
		x.latencyCount += o.latencyCount
		x.latencySum += o.latencySum
		x.latencyMax = max(x.latencyMax, o.latencyMax)
		x.throttled += o.throttled
		x.errors += o.errors
		x.itemsReturned += o.itemsReturned
		to[name] = x
	}
	return to
}

// operationTotals returns the operations since the meter began.
func (m *meter) operationTotals() map[string]operationSums {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := maps.Clone(m.past)
	if n := len(m.minutes); n > 0 {
		out = addOperations(out, m.minutes[n-1].operations)
	}
	return out
}

func (x *minute) operation(name string) *operationSums {
	o := x.operations[name]
	if o == nil {
		o = &operationSums{}
		x.operations[name] = o
	}
	return o
}

func (o *operationSums) add(t *tally, took time.Duration) {
	o.throttled += t.sums[throttledRequests]
	o.errors += t.sums[systemErrors]
	o.itemsReturned += t.sums[returnedItems]
	if took >= 0 {
		o.latencyCount++
		o.latencySum += took
		o.latencyMax = max(o.latencyMax, took)
	}
}

func (m *meter) partition(p partitionTally) {
	if m.parts == nil {
		m.parts = map[int]*partitionSums{}
	}
	x := m.parts[p.id]
	if x == nil {
		x = &partitionSums{}
		m.parts[p.id] = x
	}
	switch {
	case p.injected != "":
		if x.injected == nil {
			x.injected = map[string]uint64{}
		}
		x.injected[p.injected]++
	case p.write:
		x.writes++
	default:
		x.reads++
	}
}
