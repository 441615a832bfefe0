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

	ConditionalUpdate // overwrite the whole body of one item where a condition of its own holds
	PartialUpdate     // set some attributes of one item
	Increment         // add an amount to a number of one item
	Append            // append elements to a list of one item
	Touch             // renew one item's time to live, and change nothing else
	QueryIndex        // read the items that have one value of an indexed attribute
	BatchRead         // read several items in one request, each for itself
	BatchWrite        // write and delete several items in one request, each for itself
	TransactRead      // read several items as they are at one time
	TransactWrite     // change several items, all of them or none

	KindCount // how many kinds there are; not a kind
)

// FirstKinds is how many kinds there were before others came behind them.
const FirstKinds = ConditionalUpdate

var kindNames = [KindCount]string{
	"read", "update", "insert", "delete", "read_modify_write", "query", "scan_page",
	"conditional_update", "partial_update", "increment", "append", "touch", "query_index",
	"batch_read", "batch_write", "transact_read", "transact_write",
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
	switch k {
	case Update, Insert, Delete, ReadModifyWrite, ConditionalUpdate, PartialUpdate, Increment, Append, Touch, BatchWrite, TransactWrite:
		return true
	}
	return false
}

// Replaces reports whether the kind leaves one item whole, in a version of its own, or deletes
// it: then it is known what a read of the item must find.
func (k Kind) Replaces() bool {
	return k == Update || k == Insert || k == Delete || k == ReadModifyWrite || k == ConditionalUpdate
}

// Many reports whether an operation of the kind is of several items: Op.Parts.
func (k Kind) Many() bool {
	return k == BatchRead || k == BatchWrite || k == TransactRead || k == TransactWrite
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
	Compares                   // Compare holds: a comparison on DynamoDB; a filter expression on Aerospike
)

// A Relation is how an attribute's value must compare with another one.
type Relation uint8

// The relations. Text compares by its bytes.
const (
	Equal Relation = iota
	NotEqual
	Below
	AtMost
	AtLeast
	Above
	RelationCount // how many relations there are; not a relation
)

var relationNames = [RelationCount]string{"equal", "not_equal", "below", "at_most", "at_least", "above"}

// String returns the relation's name as a scenario spells it.
func (r Relation) String() string {
	if r >= RelationCount {
		return "unknown"
	}
	return relationNames[r]
}

// A Comparison holds an attribute's stored value against one that the scenario states. It does
// not hold where the item, or the attribute, is missing.
type Comparison struct {
	Attribute string
	Relation  Relation
	Number    int64  // where Text is not used
	Text      string // of a string attribute
	IsText    bool
}

// A Step is what is done to one item of an operation of several items.
type Step uint8

// The steps.
const (
	StepGet       Step = iota // read it
	StepPut                   // write it whole: Version and Body
	StepDelete                // delete it
	StepSet                   // set some attributes: Attributes, Version and Body
	StepIncrement             // add Amount to the number Attribute
	StepCheck                 // hold its condition against it, and change nothing
	StepCount                 // how many steps there are; not a step
)

var stepNames = [StepCount]string{"get", "put", "delete", "set", "increment", "check"}

// String returns the step's name as a scenario spells it.
func (s Step) String() string {
	if s >= StepCount {
		return "unknown"
	}
	return stepNames[s]
}

// An Ask is what a scenario says of all operations of a kind, or of one step of all its
// transactions. Operations share it, so that it must not be changed.
type Ask struct {
	Compare    *Comparison // of the condition Compares
	Filter     *Comparison // what a query's or scan's items are held against before they are returned; nil is none
	Project    []int       // attributes that a read returns, by their place among the body's; nil is the whole item
	Attributes []int       // that a PartialUpdate or a StepSet sets from the body, by their place among the body's
	Attribute  int         // that an Increment, a StepIncrement or an Append changes, by its place among the body's
	Amount     int64       // that an Increment or StepIncrement adds
	Elements   int         // how many elements an Append takes from the list in the body: its first ones
	On         int         // of a QueryIndex: the index's place in the scenario's list
	Reverse    bool        // of a query: in descending order of the sort key
	Pages      uint32      // of a query: most requests that it may take; 0 is as many as it needs
	Segments   uint32      // of a ScanPage: in how many segments the table is read; 0 and 1 are the whole
}

var nothing Ask

// A Part is one of the items of an operation of several items, all of them different. Its Body
// is used again as the operation's is.
type Part struct {
	Item      uint64
	Partition uint64
	Sort      uint64
	Step      Step
	Condition Condition
	Ask       *Ask   // nil for a get, a put and a delete without a comparison
	Version   uint64 // that a put, a set or an increment stores: the operation's Index+1
	Body      []byte // the whole body of that version, for a put and a set
}

// Asked returns what the scenario says of the step; it is not to be changed.
func (p *Part) Asked() *Ask {
	if p.Ask == nil {
		return &nothing
	}
	return p.Ask
}

// An Op is one operation of the stream: what is asked, whatever the target. Stream.At fills
// it and reuses its Body, Value and Parts; a Session must not retain it.
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
	Verify     bool   // the driver checks what this read, or a ReadModifyWrite's, returns: see Outcome.Check and Seen
	Version    uint64 // version that a write stores: Index+1; 0 is the loaded item
	Body       []byte // item body for writes, made by workload/items; nil for other kinds
	Phase      int    // index of the scenario's phase
	Record     bool   // false while warming up: done, but not in the recorded histograms

	Ask     *Ask   // what the scenario says of the kind; nil is nothing
	Value   []byte // of a QueryIndex on a global index: the value of its partition attribute, as text
	Segment uint32 // of a ScanPage: which of Ask.Segments it reads, from 0
	Parts   []Part // the items of an operation of several; the first is Item
}

// Reset empties o for the next operation and keeps its storage.
func (o *Op) Reset() {
	body, value, parts := o.Body[:0], o.Value[:0], o.Parts[:0]
	// Clearing in place and then storing what stays is half the work of storing a whole Op.
	*o = Op{}
	o.Body, o.Value, o.Parts = body, value, parts
}

// Asked returns what the scenario says of the operation's kind; it is not to be changed.
func (o *Op) Asked() *Ask {
	if o.Ask == nil {
		return &nothing
	}
	return o.Ask
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

// A Seen is one of the items that a verified read of several returned.
type Seen struct {
	Item    uint64
	Version uint64
	Check   Check
}

// An Outcome is what came of one Op. A Session fills it; Reset keeps its storage.
type Outcome struct {
	Class       Class
	Reason      string    // of the last failed attempt, in the service's own words; "" when none failed
	Attempts    []Attempt // every request, in order; empty means one request with the class above
	Requests    int       // logical requests (2 for a read-modify-write); retries are not requests
	ReadUnits   float64   // consumed RCU/RRU as the service reported them; 0 where it reports none
	WriteUnits  float64   // consumed WCU/WRU as the service reported them; 0 where it reports none
	IndexReads  float64   // of ReadUnits, those of secondary indexes
	IndexWrites float64   // of WriteUnits, those of secondary indexes
	BytesOut    uint64    // item bytes sent in requests
	BytesIn     uint64    // item bytes received in answers
	Items       int       // items returned or written
	Partition   int       // the database's partition, where the driver knows it; else -1
	Node        int       // index of the node that answered, where the driver knows it; else -1
	Version     uint64    // of the item that a read with Op.Verify, or a read-modify-write's, returned; 0 is the loaded one
	Check       Check     // of a read with Op.Verify: the driver compares, so that no content is handed on
	Seen        []Seen    // of a Query or ScanPage with Op.Verify: the items that it returned, instead of the two above
	Err         error     // the last error, for the event log; nil when the class is a success
}

// Reset empties o for the next operation and keeps its storage.
func (o *Outcome) Reset() {
	*o = Outcome{Attempts: o.Attempts[:0], Seen: o.Seen[:0], Partition: -1, Node: -1}
}
