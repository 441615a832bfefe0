// Package results is the run directory: what a run writes while it goes on, what a reader
// finds in it at any moment, and how several are merged.
package results

import (
	"encoding/json"
	"time"

	"crossover/workload"
)

// FormatMajor and FormatMinor are the run directory's format. A reader refuses a newer major.
const (
	FormatMajor = 1
	FormatMinor = 3 // 1: slowest.jsonl, attempts' latencies; 2: the scenario's events and what became of them; 3: pauses, parts
)

// The files of a run directory. All but the manifest are append-only while the run goes on.
const (
	ManifestFile  = "manifest.json"
	ScenarioFile  = "scenario.yaml"
	IntervalsFile = "intervals.jsonl"
	LatencyFile   = "latency.hlog"
	HeatFile      = "heat.jsonl"
	ServerFile    = "server.jsonl"
	EventsFile    = "events.jsonl"
	SlowestFile   = "slowest.jsonl"
)

// A Status says how a run ended, or that it has not.
type Status string

// The statuses. A directory whose writer died stays Running; a reader reports it as cut off.
const (
	Running     Status = "running"
	Complete    Status = "complete"
	Interrupted Status = "interrupted"
	Failed      Status = "failed"
)

// A Manifest says what was run, on what, and how it went.
type Manifest struct {
	Format         [2]int            `json:"format"` // major, minor
	Status         Status            `json:"status"`
	Reason         string            `json:"reason,omitempty"` // why it was interrupted or failed
	Tool           string            `json:"tool"`             // crossover's version
	Run            string            `json:"run"`              // identifier
	Scenario       string            `json:"scenario"`         // its name
	ScenarioDigest string            `json:"scenario_digest"`  // of the file's bytes
	StreamDigest   string            `json:"stream_digest"`
	Seed           uint64            `json:"seed"`
	Inputs         []Input           `json:"inputs,omitempty"`     // files that the scenario names, kept beside it
	Shard          string            `json:"shard"`                // "1/1"
	Repetition     string            `json:"repetition,omitempty"` // "2/5"; empty when the run was not repeated
	Order          string            `json:"order,omitempty"`      // in which repetitions were run: interleaved, one target after the other
	Target         TargetInfo        `json:"target"`
	Mapping        json.RawMessage   `json:"mapping,omitempty"` // workload/mapping's description
	Host           map[string]string `json:"host"`              // cores, kernel, Go version, GOMAXPROCS, …
	Arrival        string            `json:"arrival"`           // "open poisson, 256 sessions" or "closed, 64 workers"
	Interval       time.Duration     `json:"interval_ns"`
	Started        time.Time         `json:"started"`
	Ended          time.Time         `json:"ended,omitzero"`
	Planned        time.Duration     `json:"planned_ns"`
	Loaded         uint64            `json:"loaded"`  // items loaded before the run
	Dataset        string            `json:"dataset"` // "loaded afresh", "kept from before"
	Totals         Totals            `json:"totals"`
	Verification   *Verification     `json:"verification,omitempty"` // nil when the scenario asked for none
	Health         Health            `json:"health"`
	Objectives     []ObjectiveResult `json:"objectives,omitempty"`
	Events         []EventResult     `json:"events,omitempty"`  // the scenario's events for this target, in the order of their times
	Pauses         []Pause           `json:"pauses,omitempty"`  // in which nothing fell due
	Parts          []Part            `json:"parts,omitempty"`   // of a run that was continued; none when it was run in one go
	Stopped        *Stop             `json:"stopped,omitempty"` // where sending ended; nil while running, and when cut off
	Adapted        *workload.Adapted `json:"adapted,omitempty"` // nil when the scenario was run as its file says
	Fairness       []Check           `json:"fairness,omitempty"`
	Warnings       []string          `json:"warnings,omitempty"`
	BudgetUSD      float64           `json:"budget_usd,omitempty"`
	SpentUSD       float64           `json:"spent_usd,omitempty"`
}

// An Input is a file that the scenario names: a trace, or a histogram of popularity.
type Input struct {
	Name   string `json:"name"`   // relative to the run directory, as to the scenario's
	Digest string `json:"digest"` // of its content
	Bytes  int64  `json:"bytes"`
}

// TargetInfo is the target as it described itself.
type TargetInfo struct {
	Name     string            `json:"name"`
	Driver   string            `json:"driver"`
	Kind     string            `json:"kind"` // real, embedded, simulated, other
	Identity string            `json:"identity"`
	Client   string            `json:"client"`
	Settings map[string]string `json:"settings"`
	Raw      json.RawMessage   `json:"raw,omitempty"`
}

// Totals are sums over the recorded part of the run (phases with record: false are left out).
// Sent = sum of ByClass without dropped + InFlight; Offered = Sent + dropped + Waiting.
// InFlight and Waiting are zero in a complete run.
type Totals struct {
	Offered     uint64            `json:"offered"`
	Sent        uint64            `json:"sent"`
	ByClass     map[string]uint64 `json:"by_class"`
	Attempts    uint64            `json:"attempts"`
	Throttles   map[string]uint64 `json:"throttles"` // attempts throttled, by reason
	Failures    map[string]uint64 `json:"failures"`  // attempts that failed otherwise, by "class: reason"
	InFlight    uint64            `json:"in_flight"` // sent, without an answer when the run ended
	Waiting     uint64            `json:"waiting"`   // due, not sent when the run was cut off
	Overflow    uint64            `json:"overflow"`  // values outside the histograms' range, counted and left out
	ReadUnits   float64           `json:"read_units"`
	WriteUnits  float64           `json:"write_units"`
	IndexReads  float64           `json:"index_read_units,omitempty"`  // of read_units, those of secondary indexes
	IndexWrites float64           `json:"index_write_units,omitempty"` // of write_units, those of secondary indexes
	BytesOut    uint64            `json:"bytes_out"`
	BytesIn     uint64            `json:"bytes_in"`
	Verified    uint64            `json:"verified,omitempty"` // items read whose content was checked
	Stale       uint64            `json:"stale,omitempty"`    // of those, older than the newest acknowledged version
	Corrupt     uint64            `json:"corrupt,omitempty"`  // of those, no version of their item
}

// Health is the generator's own, over the run. Limited means the generator, not the
// database, may have set the figures.
type Health struct {
	Limited       bool     `json:"limited"`
	Reasons       []string `json:"reasons,omitempty"`
	LatenessP50Ns int64    `json:"lateness_p50_ns"` // actual send - intended start, while a session was free
	LatenessP99Ns int64    `json:"lateness_p99_ns"`
	LatenessMaxNs int64    `json:"lateness_max_ns"`
	CPUShare      float64  `json:"cpu_share"`       // of the cores this process may use, 0 to 1
	CPUPeak       float64  `json:"cpu_peak"`        // the busiest interval's
	RunQueueShare float64  `json:"run_queue_share"` // share of time its threads waited for a core
	GCPauseMaxNs  int64    `json:"gc_pause_max_ns"`
	LimitedShare  float64  `json:"limited_share"` // share of intervals marked

	// Before the run: how late the timer that paces it woke from waits of half a millisecond.
	TimerLateP50Ns int64 `json:"timer_late_p50_ns"`
	TimerLateMaxNs int64 `json:"timer_late_max_ns"`
	// Attempts that failed because a connection was refused, lost or not to be had, by reason.
	ConnectionErrors map[string]uint64 `json:"connection_errors,omitempty"`
	// TCP segments that the host's network namespace sent again during the run, by whichever
	// process; 0 also where the system does not say.
	TCPRetransmits uint64 `json:"tcp_retransmits"`
}

// An ObjectiveResult is one objective held against the run.
type ObjectiveResult struct {
	Name   string  `json:"name"` // "read p99"
	Limit  float64 `json:"limit"`
	Seen   float64 `json:"seen"`
	Unit   string  `json:"unit"`   // "ns" or "share"
	Result string  `json:"result"` // met, missed, not enough samples
}

// A Check is one rule of docs/fairness.md.
type Check struct {
	Rule   int    `json:"rule"`
	Name   string `json:"name"`
	Result string `json:"result"` // pass, fail, not applicable
	Detail string `json:"detail"`
}

// An Interval is one line of intervals.jsonl: one operation kind in one interval. Offered
// counts by intended start; Done and latency by completion; InFlight stands at the
// interval's end, so that sums close in every line and for every kind and phase:
// sent = done without dropped + growth of InFlight; offered = sent + dropped + growth of Waiting.
// An operation counts in the phase that offered it, even when it ends in a later one.
type Interval struct {
	Start       float64           `json:"t"`   // seconds since the run's start
	Length      float64           `json:"len"` // seconds
	Kind        string            `json:"kind"`
	Phase       string            `json:"phase"`
	Recorded    bool              `json:"recorded"` // false in a warm-up phase
	Offered     uint64            `json:"offered"`
	Sent        uint64            `json:"sent"`
	Done        map[string]uint64 `json:"done"`              // by class
	InFlight    int64             `json:"in_flight"`         // sent and unanswered at the interval's end
	Waiting     int64             `json:"waiting,omitempty"` // due and unsent at the interval's end
	Attempts    uint64            `json:"attempts"`
	Throttles   map[string]uint64 `json:"throttles,omitempty"` // by reason
	Failures    map[string]uint64 `json:"failures,omitempty"`  // attempts that failed otherwise, by "class: reason"
	Overflow    uint64            `json:"overflow,omitempty"`  // values outside the histograms' range, left out
	ReadUnits   float64           `json:"read_units"`
	WriteUnits  float64           `json:"write_units"`
	IndexReads  float64           `json:"index_read_units,omitempty"`  // of read_units, those of secondary indexes
	IndexWrites float64           `json:"index_write_units,omitempty"` // of write_units, those of secondary indexes
	BytesOut    uint64            `json:"bytes_out"`
	BytesIn     uint64            `json:"bytes_in"`
	Verified    uint64            `json:"verified,omitempty"` // items read whose content was checked
	Stale       uint64            `json:"stale,omitempty"`    // of those, older than the newest acknowledged version
	Corrupt     uint64            `json:"corrupt,omitempty"`  // of those, no version of their item
	Response    Percentiles       `json:"response"`           // of successes, ns
	Service     Percentiles       `json:"service"`            // of successes, ns
	Limited     bool              `json:"generator_limited,omitempty"`
	Paused      float64           `json:"paused,omitempty"` // seconds of Length in which the run was paused
}

// Percentiles of one histogram, in nanoseconds; zero when Count is.
type Percentiles struct {
	Count int64 `json:"n"`
	P50   int64 `json:"p50"`
	P90   int64 `json:"p90"`
	P99   int64 `json:"p99"`
	P999  int64 `json:"p999"`
	Max   int64 `json:"max"`
}

// A Heat is one line of heat.jsonl: what one partition or node served in one interval, or
// how often one of the most popular items was asked for.
type Heat struct {
	Start      float64           `json:"t"`
	Length     float64           `json:"len"`
	Partition  string            `json:"partition,omitempty"`
	Key        string            `json:"key,omitempty"` // item number, for top keys
	Ops        uint64            `json:"ops,omitempty"`
	OpsError   uint64            `json:"ops_error,omitempty"` // of a top key: it was asked for Ops-OpsError to Ops times
	ReadUnits  float64           `json:"read_units,omitempty"`
	WriteUnits float64           `json:"write_units,omitempty"`
	Reads      uint64            `json:"reads,omitempty"`
	Writes     uint64            `json:"writes,omitempty"`
	Throttles  map[string]uint64 `json:"throttles,omitempty"`
	Busy       float64           `json:"busy,omitempty"`
}

// A Server is one line of server.jsonl: the counters that have changed since the line before;
// the first line has all.
type Server struct {
	At       float64            `json:"t"`
	Counters map[string]float64 `json:"counters"`
}

// An Event is one line of events.jsonl.
type Event struct {
	At     float64 `json:"t"`
	Name   string  `json:"name"` // phase, first_error, split, capacity, node_lost, event_begin, event_end, paused, resumed, continued, …
	Detail string  `json:"detail"`
	// Target and Outcome are those of event_begin and event_end: done, or why not.
	Target  string `json:"target,omitempty"`
	Outcome string `json:"outcome,omitempty"`
}

// A Slow is one line of slowest.jsonl: one of an interval's slowest operations by response
// time, with the history of its attempts.
type Slow struct {
	At         float64       `json:"t"`     // seconds since the run's start, when it ended
	Index      uint64        `json:"index"` // in the stream
	Kind       string        `json:"kind"`
	Item       uint64        `json:"item"`
	Class      string        `json:"class"`
	ResponseNs int64         `json:"response_ns"`
	ServiceNs  int64         `json:"service_ns"`
	Attempts   []SlowAttempt `json:"attempts,omitempty"`
	More       int           `json:"more,omitempty"` // attempts beyond those listed
}

// A SlowAttempt is one attempt of a slow operation.
type SlowAttempt struct {
	AfterNs   int64  `json:"after_ns"` // since the operation was sent
	LatencyNs int64  `json:"latency_ns"`
	Class     string `json:"class"`
	Reason    string `json:"reason,omitempty"`
}
