// Package op holds the two words that every part of crossover shares: what was asked of a
// database (Op) and what came of it (Outcome). It imports nothing of ours.
package op

import "time"

// A Kind is one of the logical operations a scenario can ask for. The same kind maps to
// requests on each database by workload/mapping.
type Kind uint8

// The kinds, in the order in which they are reported.
const (
	Read            Kind = iota // one item by its full key
	Update                      // overwrite the whole body of one item
	Insert                      // write an item that the data set does not hold yet
	Delete                      // remove one item by its full key
	ReadModifyWrite             // read an item, then write it: two requests, one response time
	Query                       // read the items of one partition key, in sort-key order
	ScanPage                    // read one page of the table, in the database's own order
	KindCount                   // how many kinds there are; not a kind
)

var kindNames = [KindCount]string{
	"read", "update", "insert", "delete", "read_modify_write", "query", "scan_page",
}

// String returns the kind's name as a scenario spells it.
func (k Kind) String() string {
	if k >= KindCount {
		return "unknown"
	}
	return kindNames[k]
}

// Writes reports whether the kind may change the data set.
func (k Kind) Writes() bool {
	return k == Update || k == Insert || k == Delete || k == ReadModifyWrite
}

// ParseKind returns the kind that a scenario's name stands for.
func ParseKind(name string) (Kind, bool) {
	for k, n := range kindNames {
		if n == name {
			return Kind(k), true
		}
	}
	return 0, false
}

// A Condition is what must hold for a write to be applied.
type Condition uint8

// The conditions.
const (
	Unconditional    Condition = iota
	MustExist                  // attribute_exists(pk) on DynamoDB; UPDATE_ONLY on Aerospike
	MustNotExist               // attribute_not_exists(pk) on DynamoDB; CREATE_ONLY on Aerospike
	VersionUnchanged           // the version read just before still stands (read-modify-write only)
)

// An Op is one operation of the stream: what is asked, whatever the target. Stream.At fills
// it and reuses its Body; a Session must not retain it.
type Op struct {
	Index      uint64        // position in the stream, from 0
	Due        time.Duration // intended start since the run's start; -1 in a closed loop
	Item       uint64        // logical item
	Partition  uint64        // partition key's number; equals Item when there is no sort key
	Sort       uint64        // place within the partition key; 0 when there is no sort key
	Limit      uint32        // most items a Query or ScanPage may return
	Kind       Kind
	Condition  Condition
	Consistent bool   // strongly consistent read asked for
	Verify     bool   // the driver checks what this read returns: see Outcome.Check
	Version    uint64 // version that a write stores: Index+1; 0 is the loaded item
	Body       []byte // item body for writes, made by workload/items; nil for other kinds
	Phase      int    // index of the scenario's phase
	Record     bool   // false while warming up: done, but not in the recorded histograms
}

// A Class says what became of an attempt or an operation.
type Class uint8

// The classes. OK and NotFound are successes; every other class is kept out of the
// successes' latency histogram.
const (
	OK              Class = iota
	NotFound              // the database answered: no such item
	ConditionFailed       // a conditional write was refused because its condition did not hold
	Throttled             // capacity refused it (DynamoDB's throttling exceptions, Aerospike's quota)
	Overload              // a server refused it because it could not keep up (Aerospike 14, 18; 5xx)
	Timeout               // no answer in time
	Failed                // any other error: network, malformed, refused
	Dropped               // never sent: it was later than max_lateness, or the phase's drain had ended
	ClassCount            // how many classes there are; not a class
)

var classNames = [ClassCount]string{
	"ok", "not_found", "condition_failed", "throttled", "overload", "timeout", "failed", "dropped",
}

// String returns the class's name as run directories spell it.
func (c Class) String() string {
	if c >= ClassCount {
		return "unknown"
	}
	return classNames[c]
}

// Success reports whether the database did what was asked: a missing item and a condition
// that did not hold are answers, but only OK and NotFound enter the latency histogram.
func (c Class) Success() bool { return c == OK || c == NotFound }

// An Attempt is one request sent for an operation.
type Attempt struct {
	Start   time.Duration // on the clock that the driver was opened with
	Latency time.Duration // until its answer, or until it was given up
	Class   Class
	Reason  string // the service's own name: "TableWriteKeyRangeThroughputExceeded", "KEY_BUSY"; "" when OK
}

// A Check is what a driver found when it held what a read returned against what the version
// that it carries must be.
type Check uint8

// The checks.
const (
	Unchecked Check = iota // not asked for, or nothing was returned
	Intact                 // every attribute is what Outcome.Version of the item must hold
	Corrupt                // it is no version of the item
)

// An Outcome is what came of one Op. A Session fills it; Reset keeps its storage.
type Outcome struct {
	Class      Class
	Reason     string    // of the last failed attempt, in the service's own words; "" when none failed
	Attempts   []Attempt // every request, in order; empty means one request with the class above
	Requests   int       // logical requests (2 for a read-modify-write); retries are not requests
	ReadUnits  float64   // consumed RCU/RRU as the service reported them; 0 where it reports none
	WriteUnits float64   // consumed WCU/WRU as the service reported them; 0 where it reports none
	BytesOut   uint64    // item bytes sent in requests
	BytesIn    uint64    // item bytes received in answers
	Items      int       // items returned or written
	Partition  int       // the database's partition, where the driver knows it; else -1
	Node       int       // index of the node that answered, where the driver knows it; else -1
	Version    uint64    // of the item that a read with Op.Verify returned; 0 is the loaded one
	Check      Check     // of a read with Op.Verify: the driver compares, so that no content is handed on
	Err        error     // the last error, for the event log; nil when the class is a success
}

// Reset empties o for the next operation and keeps its storage.
func (o *Outcome) Reset() {
	*o = Outcome{Attempts: o.Attempts[:0], Partition: -1, Node: -1}
}
