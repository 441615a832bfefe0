// Package workload turns a scenario file into a stream of operations and a schedule of
// intended start times: strict parsing, validation that finds every error at once, the JSON
// Schema, and the stream that is a pure function of scenario and seed.
package workload

import (
	"time"

	"gopkg.in/yaml.v3"

	"crossover/workload/op"
)

// Version is the scenario format that this package reads.
const Version = 1

// A Scenario is a scenario file after defaults. Targets and Cost stay positioned YAML: each
// driver and the cost model decode their own with DecodeNode.
type Scenario struct {
	Version     int                   `yaml:"version" required:"true" doc:"scenario format; this tool reads 1"`
	Name        string                `yaml:"name" required:"true" doc:"names run directories and tables: letters, digits, dashes"`
	Description string                `yaml:"description"`
	Seed        uint64                `yaml:"seed" default:"1" doc:"the same seed gives the same operations"`
	Dataset     Dataset               `yaml:"dataset" required:"true"`
	Workload    Workload              `yaml:"workload" required:"true"`
	Objectives  Objectives            `yaml:"objectives"`
	Targets     []Target              `yaml:"-"`
	Cost        *yaml.Node            `yaml:"-"` // nil when the scenario has no cost section
	Sources     map[string]SourceNote `yaml:"sources"`

	File string `yaml:"-"` // where it was read, for error messages
	Text []byte `yaml:"-"` // the file as read, for the run directory
}

// A SourceNote says where a scenario's value came from: path -> basis and source.
type SourceNote struct {
	Basis  string `yaml:"basis"` // measured, modelled, assumed
	Source string `yaml:"source"`
}

// A Dataset is what is stored before the first operation.
type Dataset struct {
	Items           uint64   `yaml:"items" required:"true" min:"1" max:"1_000_000_000_000"` // loaded items, 1 to 1e12
	Key             Key      `yaml:"key"`
	Size            SizeDist `yaml:"size" required:"true"`                                 // whole logical item, key included, in bytes; at most 400 KiB
	Attributes      int      `yaml:"attributes" default:"1" min:"1" max:"200"`             // non-key attributes (bins) that the body is divided into, 1 to 200
	Compressibility float64  `yaml:"compressibility" unit:"share" default:"0%" max:"100%"` // share of each body that repeats, 0 to 1; default 0
}

// A Key says how an item's key is written. Partition and the sort prefix are templates in
// which {id} stands for the number.
type Key struct {
	Partition string  `yaml:"partition" default:"item#{id}"` // e.g. "user#{id}"; default "item#{id}"
	Sort      SortKey `yaml:"sort"`
}

// A SortKey gives each partition key several items. The zero value is "none".
type SortKey struct {
	Prefix       string `yaml:"prefix"`
	PerPartition uint64 `yaml:"per_partition"` // items a partition key holds; 0 means no sort key
}

// A SizeDist is a distribution of item sizes in bytes. Exactly one field is set.
type SizeDist struct {
	Fixed     uint64         `yaml:"fixed" unit:"bytes"`
	Uniform   *SizeUniform   `yaml:"uniform"`
	Lognormal *SizeLognormal `yaml:"lognormal"`
}

// SizeUniform is uniform over [Min, Max] bytes.
type SizeUniform struct {
	Min uint64 `yaml:"min" unit:"bytes" required:"true"`
	Max uint64 `yaml:"max" unit:"bytes" required:"true"`
}

// SizeLognormal is lognormal by its median and 99th percentile, cut at Max bytes.
type SizeLognormal struct {
	Median uint64 `yaml:"median" unit:"bytes" required:"true"`
	P99    uint64 `yaml:"p99" unit:"bytes" required:"true"`
	Max    uint64 `yaml:"max" unit:"bytes" default:"400KiB"`
}

// Operations are the kinds' shares of all operations, which sum to 1.
type Operations [op.KindCount]float64

// A Workload is what is asked, of which keys, and when.
type Workload struct {
	Keys        KeyDist       `yaml:"keys" default:"uniform"`
	Hot         []HotKey      `yaml:"hot"`
	Operations  Operations    `yaml:"operations" required:"true"` // shares, summing to 1
	Read        ReadOptions   `yaml:"read"`
	Write       WriteOptions  `yaml:"write"`
	Query       PageOptions   `yaml:"query"`
	Scan        PageOptions   `yaml:"scan"`
	Arrival     Arrival       `yaml:"arrival" required:"true"`
	Phases      []Phase       `yaml:"phases" required:"true"`
	MaxLateness time.Duration `yaml:"max_lateness" default:"10s"` // a due operation later than this is dropped; default 10s
}

// A KeyDist says which items are asked for. Exactly one field is set.
type KeyDist struct {
	Uniform    *struct{} `yaml:"uniform"`
	Zipfian    *Zipfian  `yaml:"zipfian"`
	Hotspot    *Hotspot  `yaml:"hotspot"`
	Sequential *struct{} `yaml:"sequential"`
	Latest     *Latest   `yaml:"latest"`
}

// Zipfian gives rank k (from 1) the weight k^-Theta. Scrambled spreads the ranks over the
// item numbers by a bijection.
type Zipfian struct {
	Theta     float64 `yaml:"theta" default:"0.99" min:"0" max:"50"` // >= 0; default 0.99
	Scrambled bool    `yaml:"scrambled" default:"true"`              // default true
}

// Hotspot sends Share of the operations to the first Items share of the data set.
type Hotspot struct {
	Items float64 `yaml:"items" unit:"share" required:"true"` // share of the data set that is hot, 0 < x < 1
	Share float64 `yaml:"share" unit:"share" required:"true"` // share of the operations it gets, 0 < x < 1
}

// Latest is zipfian by age: the newest item is the most popular.
type Latest struct {
	Theta float64 `yaml:"theta" default:"0.99" min:"0" max:"50"` // default 0.99
}

// A HotKey takes Share of the operations for one item, from From until To of the run's
// planned schedule; a zero To means until the end.
type HotKey struct {
	Key   uint64        `yaml:"key" required:"true"`                // item number
	Share float64       `yaml:"share" unit:"share" required:"true"` // 0 < x < 1; shares that overlap in time sum to < 1
	From  time.Duration `yaml:"from"`
	To    time.Duration `yaml:"to"`
}

// ReadOptions apply to read, query, scan_page and the read of a read_modify_write.
type ReadOptions struct {
	Consistency string `yaml:"consistency" default:"eventual" enum:"eventual|strong"` // eventual (default) or strong
}

// WriteOptions apply to update, insert, delete and read_modify_write.
type WriteOptions struct {
	Condition string `yaml:"condition" default:"none" enum:"none|existence|version"` // none (default), existence, version (read_modify_write only)
}

// PageOptions bound a query or a scan page.
type PageOptions struct {
	Limit uint32 `yaml:"limit" default:"100" min:"1" max:"10000"` // most items returned, 1 to 10,000; default 100
}

// Arrival is when operations are due. Exactly one of Open and Closed is set.
type Arrival struct {
	Open   *OpenArrival   `yaml:"open"`
	Closed *ClosedArrival `yaml:"closed"`
}

// OpenArrival fixes every start before the run, whatever the database does.
type OpenArrival struct {
	Process  string `yaml:"process" default:"poisson" enum:"poisson|constant"` // constant or poisson (default)
	Sessions int    `yaml:"sessions" default:"256" min:"1" max:"65536"`        // most operations in flight, 1 to 65,536; default 256
}

// ClosedArrival sends the next operation when the last one has ended.
type ClosedArrival struct {
	Workers int           `yaml:"workers" default:"64" min:"1" max:"65536"` // 1 to 65,536; default 64
	Think   time.Duration `yaml:"think" default:"0s"`                       // pause between operations; default 0
}

// A Phase is a stretch of the run.
type Phase struct {
	Name   string        `yaml:"name" required:"true"`
	For    time.Duration `yaml:"for"`                   // 0 in a closed loop bounded by Ops
	Ops    uint64        `yaml:"operations"`            // closed loop: operations instead of a duration
	Rate   Rate          `yaml:"rate"`                  // open loop only
	Record bool          `yaml:"record" default:"true"` // default true
}

// A Rate is offered load in operations/s, constant (From == To) or a linear ramp.
type Rate struct{ From, To float64 }

// Objectives are what a run must meet; nil maps and zeroes mean none.
type Objectives struct {
	Latency map[op.Kind]map[string]time.Duration // kind -> percentile name ("p50", "p99", "p99.9", "max") -> limit, of response time
	Errors  float64                              // largest share of operations that may fail; -1 when not given
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
