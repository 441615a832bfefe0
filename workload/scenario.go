// Package workload turns a scenario file into a stream of operations and a schedule of
// intended start times: strict parsing, validation that finds every error at once, the JSON
// Schema, and the stream that is a pure function of scenario and seed.
package workload

import (
	"time"

	"gopkg.in/yaml.v3"

	"crossover/workload/items"
	"crossover/workload/keys"
	"crossover/workload/op"
)

// Version is the scenario format that this package reads.
const Version = 1

// A Scenario is a scenario file after defaults. Targets and Cost stay positioned YAML: each
// driver and the cost model decode their own with DecodeNode.
type Scenario struct {
	Version     int                   `yaml:"version" required:"true" doc:"scenario format; this tool reads 1"`
	Name        string                `yaml:"name" required:"true" doc:"names run directories and tables: letters, digits, dashes"`
	Description string                `yaml:"description" doc:"what the scenario is for, in a sentence"`
	Seed        uint64                `yaml:"seed" default:"1" doc:"the same seed gives the same operations"`
	Dataset     Dataset               `yaml:"dataset" required:"true" doc:"what is stored before the first operation"`
	Indexes     []Index               `yaml:"indexes" doc:"secondary indexes of the table"`
	Workload    Workload              `yaml:"workload" required:"true" doc:"what is asked, of which keys, and when"`
	Objectives  Objectives            `yaml:"objectives" doc:"what a run must meet: limits of response time by operation and percentile, and of errors"`
	Events      []Event               `yaml:"events" doc:"what is done to targets while the run goes on: failure drills, changes of capacity"`
	Targets     []Target              `yaml:"-"`
	Cost        *yaml.Node            `yaml:"-"` // nil when the scenario has no cost section
	Sources     map[string]SourceNote `yaml:"sources" doc:"where values of this file came from, by their path, such as dataset.size"`

	Inputs []Input `yaml:"-"` // files that the scenario names

	Adapted *Adapted `yaml:"-"` // nil: the scenario is as its text says

	File string `yaml:"-"` // where it was read, for error messages
	Text []byte `yaml:"-"` // the file as read, for the run directory
}

// A SourceNote says where a scenario's value came from: path -> basis and source.
type SourceNote struct {
	Basis  string `yaml:"basis" required:"true" enum:"measured|modelled|assumed" doc:"how the value is known"`
	Source string `yaml:"source" doc:"where it was read, or why it is assumed"`
}

// A Dataset is what is stored before the first operation.
type Dataset struct {
	Items    uint64   `yaml:"items" required:"true" min:"1" max:"1_000_000_000_000" doc:"items loaded before the run"`
	Key      Key      `yaml:"key" doc:"how an item's key is written"`
	Size     SizeDist `yaml:"size" required:"true" doc:"whole item in bytes, names and keys included, as DynamoDB counts it; at most 400KiB"`
	Template Template `yaml:"attributes" default:"1" json:"-" doc:"non-key attributes (bins) that the body is divided into: how many, or a list with their names, types and values"`
	// Attributes is how many the template has, and Typed what they are where it is a list.
	Attributes      int               `yaml:"-"`
	Typed           []items.Attribute `yaml:"-" json:",omitempty"`
	Compressibility float64           `yaml:"compressibility" unit:"share" default:"0%" max:"100%" doc:"share of each body that repeats"`
}

// A Key says how an item's key is written. Partition and the sort prefix are templates in
// which {id} stands for the number.
type Key struct {
	Partition string  `yaml:"partition" default:"item#{id}" doc:"template of the partition key, with {id} in it once; at most 2048 bytes"`
	Sort      SortKey `yaml:"sort" doc:"none, or how many items lie below a partition key"`
}

// A SortKey gives each partition key several items. The zero value is "none".
type SortKey struct {
	Prefix       string // before the ten digits of the place within the partition key
	PerPartition uint64 // items a partition key holds, in the mean where Sizes says more; 0 means no sort key

	Sizes  *PartitionSizes  `json:",omitempty"` // nil: every partition key holds as many
	layout *keys.Partitions // of Sizes
}

// A SizeDist is a distribution of item sizes in bytes. Exactly one field is set.
type SizeDist struct {
	Fixed     uint64         `yaml:"fixed" unit:"bytes" doc:"every item has this size"`
	Uniform   *SizeUniform   `yaml:"uniform" doc:"every size between two is as likely"`
	Lognormal *SizeLognormal `yaml:"lognormal" doc:"many small items, few large ones"`
	Histogram SizeHistogram  `yaml:"histogram" json:",omitempty" doc:"buckets of rising sizes, or the name of a CSV file of them"`
}

// SizeUniform is uniform over [Min, Max] bytes.
type SizeUniform struct {
	Min uint64 `yaml:"min" unit:"bytes" required:"true" doc:"smallest size"`
	Max uint64 `yaml:"max" unit:"bytes" required:"true" doc:"largest size"`
}

// SizeLognormal is lognormal by its median and 99th percentile, cut at Max bytes.
type SizeLognormal struct {
	Median uint64 `yaml:"median" unit:"bytes" required:"true" doc:"half of the items are smaller"`
	P99    uint64 `yaml:"p99" unit:"bytes" required:"true" doc:"one item in a hundred is larger, before the cut"`
	Max    uint64 `yaml:"max" unit:"bytes" default:"400KiB" doc:"larger draws become this size"`
}

// Operations are the kinds' shares of all operations, which sum to 1.
type Operations [op.KindCount]float64

// A Workload is what is asked, of which keys, and when.
type Workload struct {
	Keys        KeyDist       `yaml:"keys" default:"uniform" doc:"which items are asked for"`
	Hot         []HotKey      `yaml:"hot" doc:"items that take a share of the operations for themselves"`
	Operations  Operations    `yaml:"operations" required:"true" doc:"share of each operation, in whole hundredths of a percent, 100% in all"`
	Read        ReadOptions   `yaml:"read" doc:"applies to everything that reads, and to the read of a read_modify_write"`
	Write       WriteOptions  `yaml:"write" doc:"applies to what writes or deletes items, where an operation says nothing else of its own"`
	Delete      DeleteOptions `yaml:"delete" json:",omitzero" doc:"applies to delete"`
	Query       QueryOptions  `yaml:"query" doc:"bounds a query"`
	Scan        ScanOptions   `yaml:"scan" doc:"bounds a scan page"`
	Arrival     Arrival       `yaml:"arrival" required:"true" doc:"when operations are due: exactly one of open and closed"`
	Phases      []Phase       `yaml:"phases" required:"true" doc:"stretches of the run, one after another"`
	MaxLateness time.Duration `yaml:"max_lateness" default:"10s" doc:"a due operation later than this is dropped, and counted"`

	ConditionalUpdate *ConditionalUpdateOptions `yaml:"conditional_update" json:",omitempty" doc:"what a conditional_update asks of the stored item"`
	PartialUpdate     *PartialUpdateOptions     `yaml:"partial_update" json:",omitempty" doc:"what a partial_update sets"`
	Increment         *IncrementOptions         `yaml:"increment" json:",omitempty" doc:"what an increment adds, and to what"`
	Append            *AppendOptions            `yaml:"append" json:",omitempty" doc:"what an append adds to which list"`
	QueryIndex        *QueryIndexOptions        `yaml:"query_index" json:",omitempty" doc:"which index a query_index asks, and its bounds"`
	BatchRead         *BatchReadOptions         `yaml:"batch_read" json:",omitempty" doc:"how many items a batch_read reads"`
	BatchWrite        *BatchWriteOptions        `yaml:"batch_write" json:",omitempty" doc:"how many items a batch_write writes and deletes"`
	TransactRead      *TransactReadOptions      `yaml:"transact_read" json:",omitempty" doc:"how many items a transact_read reads"`
	TransactWrite     *TransactWriteOptions     `yaml:"transact_write" json:",omitempty" doc:"what a transact_write does to which items"`
}

// A KeyDist says which items are asked for. Exactly one field is set.
type KeyDist struct {
	Uniform    *struct{} `yaml:"uniform" doc:"every item is as popular"`
	Zipfian    *Zipfian  `yaml:"zipfian" doc:"rank k has the weight k^-theta, exactly"`
	Hotspot    *Hotspot  `yaml:"hotspot" doc:"a share of the items takes a share of the operations"`
	Sequential *struct{} `yaml:"sequential" doc:"the items in order, over and over"`
	Latest     *Latest   `yaml:"latest" doc:"zipfian by age: the newest item is the most popular"`

	Exponential   *Exponential   `yaml:"exponential" json:",omitempty" doc:"popularity falls by the same factor from item to item"`
	SelfSimilar   *SelfSimilar   `yaml:"self_similar" json:",omitempty" doc:"80% of the operations on 20% of the items, and so within those"`
	MovingHotspot *MovingHotspot `yaml:"moving_hotspot" json:",omitempty" doc:"a hot set that moves on to other items"`
	Histogram     *Histogram     `yaml:"histogram" json:",omitempty" doc:"stated shares of stated items, from the scenario or a file; the rest goes to all others"`
	Trace         *Trace         `yaml:"trace" json:",omitempty" doc:"a recorded stream of operations"`
}

// Zipfian gives rank k (from 1) the weight k^-Theta. Scrambled spreads the ranks over the
// item numbers by a bijection.
type Zipfian struct {
	Theta     float64 `yaml:"theta" default:"0.99" min:"0" max:"50" doc:"skew; 0 is uniform"`
	Scrambled bool    `yaml:"scrambled" default:"true" doc:"spread the ranks over the item numbers by a bijection"`
	Like      string  `yaml:"like" enum:"ycsb" json:",omitempty" doc:"ycsb: YCSB's approximation, to reproduce figures made with it; it is not this distribution"`
}

// Hotspot sends Share of the operations to the first Items share of the data set.
type Hotspot struct {
	Items float64 `yaml:"items" unit:"share" required:"true" doc:"share of the data set that is hot; above 0% and below 100%"`
	Share float64 `yaml:"share" unit:"share" required:"true" doc:"share of the operations that it gets; above 0% and below 100%"`
}

// Latest is zipfian by age: the newest item is the most popular.
type Latest struct {
	Theta float64 `yaml:"theta" default:"0.99" min:"0" max:"50" doc:"skew; 0 is uniform"`
}

// ReadOptions apply to everything that reads, and to the read of a read_modify_write.
type ReadOptions struct {
	Consistency string   `yaml:"consistency" default:"eventual" enum:"eventual|strong" doc:"strongly consistent reads cost DynamoDB twice the units"`
	Attributes  []string `yaml:"attributes" json:",omitempty" doc:"the attributes that reads return (a projection), but for the read of a read_modify_write; all when left out"`
	Verify      float64  `yaml:"verify" unit:"share" max:"100%" json:",omitempty" doc:"share of the operations read, query, scan_page and read_modify_write whose read content is checked: corruption, and versions older than the newest acknowledged"`
}

// WriteOptions apply to what writes or deletes items.
type WriteOptions struct {
	Condition string `yaml:"condition" default:"none" enum:"none|existence|version" doc:"existence: inserts must not exist, other writes must; version: a read_modify_write writes only what it read"`
	// TTL is how long an item lives after it was written; 0 means until it is deleted.
	TTL time.Duration `yaml:"ttl" json:",omitempty" doc:"time to live of what is written whole, or touched, in whole seconds; loaded items have none"`
}

// DeleteOptions apply to delete.
type DeleteOptions struct {
	Items string `yaml:"items" enum:"drawn|oldest" json:",omitempty" doc:"drawn (when left out): as workload.keys says, like reads; oldest: each item once, in the order in which they came, and every other operation asks only for items that live"`
}

// Arrival is when operations are due. Exactly one of Open and Closed is set.
type Arrival struct {
	Open   *OpenArrival   `yaml:"open" doc:"every operation has its start fixed before the run, whatever the database does"`
	Closed *ClosedArrival `yaml:"closed" doc:"a worker sends its next operation when its last one has ended"`
}

// OpenArrival fixes every start before the run, whatever the database does.
type OpenArrival struct {
	Process  string `yaml:"process" default:"poisson" enum:"poisson|constant|bursty|self_similar|trace" doc:"how operations are spaced; trace: as the trace of keys has them"`
	Sessions int    `yaml:"sessions" default:"256" min:"1" max:"65536" doc:"most operations in flight"`

	Bursty      *Bursts     `yaml:"bursty" json:",omitempty" doc:"bursts and pauses of the process bursty"`
	SelfSimilar *Burstiness `yaml:"self_similar" json:",omitempty" doc:"of the process self_similar"`
}

// ClosedArrival sends the next operation when the last one has ended.
type ClosedArrival struct {
	Workers int           `yaml:"workers" default:"64" min:"1" max:"65536" doc:"operations in flight"`
	Think   time.Duration `yaml:"think" default:"0s" doc:"pause between a worker's operations"`

	ThinkTime string `yaml:"think_time" default:"constant" enum:"constant|exponential" json:",omitempty" doc:"constant: every pause is think long; exponential: think is their mean"`
}

// A Phase is a stretch of the run.
type Phase struct {
	Name   string        `yaml:"name" required:"true" doc:"names the phase in reports"`
	For    time.Duration `yaml:"for" doc:"how long; 366 days in all at most"` // 0 in a closed loop bounded by Ops
	Ops    uint64        `yaml:"operations" doc:"closed loop: how many operations, instead of how long"`
	Rate   Rate          `yaml:"rate" doc:"open loop: operations offered a second"`
	Record bool          `yaml:"record" default:"true" doc:"false while warming up: sent, but in no percentile"`
}

// Objectives are what a run must meet; nil maps and zeroes mean none.
type Objectives struct {
	// Latency limits response times: kind -> percentile name ("p50", "p99", "p99.9", "max") -> limit.
	Latency map[op.Kind]map[string]time.Duration
	Errors  float64 // largest share of operations that may fail; -1 when not given
}

// A Target is one database to run against. Node holds the driver's own settings, still
// positioned, `name` and `driver` included.
type Target struct {
	Name   string // unique in the scenario
	Driver string // dynamodb, aerospike, null
	Node   *yaml.Node
}

// A Stream yields operation i as a pure function of scenario and seed. It is cheap to clone
// (NewStream) and not safe for concurrent use: each worker has its own. At reuses o.Body and
// allocates nothing once Body has grown to the largest item.
type Stream interface {
	// Len returns how many operations the schedule plans; 0 means unbounded (a closed loop by time).
	Len() uint64
	// At fills o with operation i.
	At(i uint64, o *op.Op)
}
