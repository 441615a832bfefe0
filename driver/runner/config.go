package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"time"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/results"
	"crossover/workload"
)

// Defaults and limits of a run.
const (
	DefaultInterval = time.Second
	DefaultSessions = 256 // open loop: most operations in flight
	DefaultWorkers  = 64  // closed loop
	MaxSessions     = 65536

	// DefaultMaxLateness is how long after its intended start an operation is still sent.
	DefaultMaxLateness = 10 * time.Second
	// DrainLimit is how long after the last operation's send, or its drop, answers are waited
	// for before their context is cancelled.
	DrainLimit = 10 * time.Second
	// InterruptDrainLimit is the same for a run that was interrupted.
	InterruptDrainLimit = 3 * time.Second
	// AbandonLimit is how long sessions may take to return once their context is cancelled;
	// what has not returned by then is reported as in flight.
	AbandonLimit = 2 * time.Second
	// SampleLimit bounds one reading of the server's own counters.
	SampleLimit = 5 * time.Second
)

// A Config says what to run. Scenario, Driver, Dir and Clock are required.
type Config struct {
	Scenario *workload.Scenario
	Driver   driver.Driver   // opened with the same Clock; Run does not close it
	Target   workload.Target // which target of the scenario the driver is
	Dir      string          // run directory, new or empty
	Clock    clock.Clock
	Tool     string // crossover's version, for the manifest
	Run      string // the run's identifier
	// Repetition ("2/5") and Order say which of several repetitions this run is; both may be empty.
	Repetition, Order string
	Host              map[string]string

	Interval    time.Duration   // of recording; default DefaultInterval, at least 10 ms
	Sessions    int             // 0: as the scenario's arrival says
	Description string          // what this run is for, in a person's words; kept in the manifest's host facts
	Mapping     json.RawMessage // workload/mapping's description of this scenario

	Load        bool // load the data set first; otherwise it is taken to be there
	Check       bool // before the run, hold the number of items and a sample of them against what is loaded
	LoadWorkers int  // goroutines that load; default twice GOMAXPROCS

	// Ledger is the file that keeps a load's progress, so that a load which is interrupted can go
	// on; empty keeps none. It must not exist unless ResumeLoad goes on with it.
	Ledger     string
	ResumeLoad bool

	// Continue goes on with the run in Dir instead of beginning one; Load then says whether the
	// data set may be loaded anew where it is gone, and Check is not looked at. nil: begin a run.
	Continue *Continuation
	// Pause pauses the run from outside; nil: it cannot be paused.
	Pause *Pauser

	// BudgetUSD stops the run within one interval of its consumption reaching it; 0 means no
	// limit. PriceOf prices consumed units, and must be given with a budget.
	BudgetUSD float64
	PriceOf   func(readUnits, writeUnits float64) float64

	// Command runs a command line of the scenario's events and returns its exit code, -1 when it
	// was killed because ctx ended. A scenario with commands for this target needs it.
	Command func(ctx context.Context, line string) (exit int, err error)

	// Observe is called once an interval with its lines, from one goroutine at a time; what it
	// is given is valid until it returns. It must be quick: the next interval waits for it.
	Observe func([]Observation)

	// Progress is called once an interval, and while loading, from one goroutine at a time.
	Progress func(Progress)

	monitor func() *monitor // nil: newMonitor
}

// A Progress is what a person watching wants to know.
type Progress struct {
	Stage    string        // "loading", "restoring", "warming", "running", "draining"
	Phase    string        // the scenario's phase
	At       time.Duration // since the stage's start
	Planned  time.Duration // of the stage; 0 when it is not known
	Done     uint64        // items loaded, or operations ended so far
	Total    uint64        // items to load, or operations planned; 0 when it is not known
	Rate     float64       // operations ended, or items loaded, per second in the last interval
	Offered  float64       // operations due per second in the last interval
	Errors   uint64        // operations that failed so far
	Throttle uint64        // attempts throttled so far
	InFlight int64
	Waiting  int64
	P50      time.Duration // response times of successes in the last interval
	P99      time.Duration
	SpentUSD float64
	Limited  bool // the last interval is generator-limited
	Paused   bool // nothing falls due until the run goes on
}

// An Observation is one line of an interval with the histograms behind its percentiles.
type Observation struct {
	*results.Interval
	Response, Service *results.Merged // of successes
}

// A Meter is a driver that knows what it has consumed so far, loading included. Without it
// only the operations of the run count towards the budget.
type Meter interface {
	Consumed() (readUnits, writeUnits float64)
}

// validate returns everything that is wrong with c.
func (c *Config) validate() error {
	var errs []error
	need := func(ok bool, what string) {
		if !ok {
			errs = append(errs, fmt.Errorf("runner: %s", what))
		}
	}
	need(c.Scenario != nil, "no scenario given")
	need(c.Driver != nil, "no driver given")
	need(c.Clock != nil, "no clock given")
	need(c.Dir != "", "no run directory given")
	need(c.Interval == 0 || c.Interval >= 10*time.Millisecond,
		fmt.Sprintf("interval %v, expected at least 10ms", c.Interval))
	need(c.Sessions >= 0 && c.Sessions <= MaxSessions,
		fmt.Sprintf("%d sessions, expected 1 to %d", c.Sessions, MaxSessions))
	need(c.BudgetUSD >= 0, fmt.Sprintf("budget of %g USD, expected 0 or more", c.BudgetUSD))
	need(c.BudgetUSD == 0 || c.PriceOf != nil, "a budget without PriceOf to price units with")
	if c.Scenario != nil {
		a := c.Scenario.Workload.Arrival
		need((a.Open == nil) != (a.Closed == nil), "the scenario's arrival must be open or closed")
		need(len(c.Scenario.Workload.Phases) > 0, "the scenario has no phases")
		need(!c.ResumeLoad || c.Ledger != "", "a load that goes on without its ledger")
		errs = append(errs, c.eventProblems()...)
	}
	return errors.Join(errs...)
}

// withDefaults returns c with what was left out filled in.
func (c Config) withDefaults() Config {
	if c.Interval == 0 {
		c.Interval = DefaultInterval
	}
	if c.LoadWorkers <= 0 {
		c.LoadWorkers = 2 * runtime.GOMAXPROCS(0)
	}
	if c.Sessions == 0 {
		if open := c.Scenario.Workload.Arrival.Open; open != nil {
			c.Sessions = open.Sessions
		} else {
			c.Sessions = c.Scenario.Workload.Arrival.Closed.Workers
		}
	}
	if c.Sessions == 0 {
		c.Sessions = DefaultSessions
		if c.Scenario.Workload.Arrival.Closed != nil {
			c.Sessions = DefaultWorkers
		}
	}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	return c
}
