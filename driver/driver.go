// Package driver is the contract between the load engine and a database under test.
// Drivers live in the packages below it; driver/drivertest is the suite that each passes.
package driver

import (
	"context"
	"encoding/json"

	"gopkg.in/yaml.v3"

	"crossover/driver/clock"
	"crossover/workload"
	"crossover/workload/op"
)

// A Driver is one database under test, opened. Its sessions are not safe for concurrent use;
// one per worker.
type Driver interface {
	Session(ctx context.Context) (Session, error)
	Close() error
}

// A Session performs one operation and fills out. On the hot path it allocates nothing of
// its own. It resets out itself, and measures each attempt on the clock it was opened with.
type Session interface {
	Do(ctx context.Context, o *op.Op, out *op.Outcome)
}

// A Provisioner can create, check and drop what it owns, and refuses what it does not.
type Provisioner interface {
	// Provision makes the table or set ready. It refuses (ErrNotOwned) one that exists and
	// that crossover neither created nor was told by name to use.
	Provision(ctx context.Context) error
	// Drop removes what Provision created; it refuses anything else.
	Drop(ctx context.Context) error
}

// A Loader writes the loaded items [from, to) in bulk, version 0. It may be called from
// several goroutines on disjoint ranges. report is called with items just written.
type Loader interface {
	Load(ctx context.Context, from, to uint64, report func(items uint64)) error
}

// A Keeper is a Loader that makes a table or set anew which an earlier run left, unless it is told
// to keep it.
type Keeper interface {
	// Keep, after Provision, lets Load add to what is there.
	Keep()
}

// A Counter says how many items the table or set holds.
type Counter interface {
	// Items returns their number, without what crossover keeps there for itself. exact is false
	// where the database's own number may be out of date.
	Items(ctx context.Context) (n uint64, exact bool, err error)
}

// A Sampler reads the server's own counters.
type Sampler interface {
	Sample(ctx context.Context) (Sample, error)
}

// A Describer says what the target is, for the manifest.
type Describer interface {
	Describe(ctx context.Context) (Description, error)
}

// A Warmer opens the connections that the sessions will use, before recording.
type Warmer interface {
	Warm(ctx context.Context, sessions int) error
}

// An Eventer can do some of a scenario's events to its target. What its driver's Check has let
// pass it can do.
type Eventer interface {
	// Do returns when the target has done the event, or with why it has not. undo takes the
	// effect back; it is nil where there is nothing to take back.
	Do(ctx context.Context, e *workload.Event) (undo func(context.Context) error, err error)
}

// A Kind says what stands behind a target's address.
type Kind string

// The kinds. A server identifies itself; an AWS host is real; the user may declare it; what
// is none of these is other, never real by default.
const (
	Real      Kind = "real"
	Embedded  Kind = "embedded"
	Simulated Kind = "simulated"
	Other     Kind = "other"
)

// A Description is what a driver knows of its target. No credential is ever in it.
type Description struct {
	Kind     Kind              `json:"kind"`
	Identity string            `json:"identity"`      // e.g. "DynamoDB us-east-1", "crossover embedded Aerospike, 3 nodes"
	Client   string            `json:"client"`        // client library and version
	Settings map[string]string `json:"settings"`      // configuration that a reader compares
	Raw      json.RawMessage   `json:"raw,omitempty"` // the server's own description
	Warnings []string          `json:"warnings,omitempty"`
}

// A Sample is a reading of the server's own counters.
type Sample struct {
	Counters   map[string]float64 `json:"counters,omitempty"`   // cumulative or gauge, by the server's own names
	Partitions []PartitionHeat    `json:"partitions,omitempty"` // cumulative since the server's start
	Events     []Event            `json:"events,omitempty"`     // since the sample before: splits, node loss
}

// PartitionHeat is what one partition (DynamoDB) or node (Aerospike) has served so far.
type PartitionHeat struct {
	ID         string            `json:"id"`
	ReadUnits  float64           `json:"read_units,omitempty"`
	WriteUnits float64           `json:"write_units,omitempty"`
	Reads      uint64            `json:"reads,omitempty"`
	Writes     uint64            `json:"writes,omitempty"`
	Throttles  map[string]uint64 `json:"throttles,omitempty"` // by reason
	Busy       float64           `json:"busy,omitempty"`      // share of device time in use, 0 to 1
}

// An Event is something that happened on the server.
type Event struct {
	Name   string `json:"name"`
	Detail string `json:"detail,omitempty"`
}

// An Env is what a driver is opened with.
type Env struct {
	Clock    clock.Clock
	Scenario *workload.Scenario
	Target   workload.Target
	// Address replaces `at: embedded` once the child process listens: "host:port". Empty otherwise.
	Address string
	// Run is the run's identifier, written as a tag on what Provision creates.
	Run string
}

// A Definition is one driver in the list that cmd keeps.
type Definition struct {
	Name string
	// Open connects. It decodes env.Target.Node with workload.DecodeNode into the driver's Config.
	Open func(ctx context.Context, env Env) (Driver, error)
	// Check validates a target's settings without connecting; it returns all problems.
	Check func(sc *workload.Scenario, t workload.Target) []error
	// Serve returns the arguments of the `crossover serve` child that stands in for the target
	// when it says `at: embedded`, or nil when it does not.
	Serve func(sc *workload.Scenario, t workload.Target) ([]string, error)
	// Config returns a pointer to the zero Config, for the JSON Schema.
	Config func() any
}

// Node is the YAML that a driver decodes.
type Node = yaml.Node
