// Package simulate runs a scenario in virtual time: the same stream of operations on the same
// schedule through the same physics as the embedded servers', in one goroutine, without
// sockets and without waiting, into a run directory marked simulated. What it yields is
// modelled. Nothing of the load engine is in it: the sessions, the waiting and the retries of a
// client are simulated too.
//
// Short runs go operation by operation. Long ones are batched: see Batches.
package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"crossover/driver"
	"crossover/results"
	"crossover/workload"
)

// A Resolution is how finely a run is simulated.
type Resolution string

// The resolutions.
const (
	// Auto takes Operations up to OperationsAtMost of them, and Batches beyond.
	Auto Resolution = "auto"
	// Operations makes every operation of the stream, each attempt at its own time.
	Operations Resolution = "operations"
	// Batches goes in ticks: a sample of the stream says how popular which keys are; those that
	// matter to a partition are kept one by one, all others are one group for each partition and
	// kind of operation. How many operations fall due in a tick follows the planned rates, and
	// their units are the means of the sample's. Response times of operations that were retried
	// are known to a tick. DynamoDB in an open loop only.
	Batches Resolution = "batches"
)

// OperationsAtMost is how many operations Auto makes one by one.
const OperationsAtMost = 3_000_000

// Usage is what a run consumed, for its price.
type Usage struct {
	ReadUnits, WriteUnits float64 // on demand
	// ReadHours and WriteHours are provisioned units times hours, each hour at the highest
	// capacity held in it.
	ReadHours, WriteHours float64
	Hours                 float64
}

// A Config says what to simulate. Scenario, System and Dir are required.
type Config struct {
	Scenario *workload.Scenario
	Target   workload.Target
	System   System
	Dir      string // run directory, new or empty
	Tool     string
	Run      string
	Mapping  json.RawMessage
	Host     map[string]string
	Started  time.Time     // written as the run's start; zero takes a midnight
	Interval time.Duration // of recording; 0 takes a second, or more for a long run

	Resolution  Resolution    // "" is Auto
	Tick        time.Duration // of batches; 0 chooses
	Description string

	// Price prices what was consumed, in USD, and says how; nil prices nothing.
	Price func(Usage) (usd float64, how string)
	// Progress is told how far virtual time has come, now and then; nil tells nobody.
	Progress func(at, planned time.Duration, done uint64)
}

// A System is a database in virtual time. It belongs to one run. Its methods are called with
// times that never go back.
type System interface {
	// begin is told the scenario, and says what the target is.
	begin(sc *workload.Scenario) (driver.Description, error)
	// step makes the flight's next request at a time, and returns when something happens next:
	// its next request or, where done, its end.
	step(now time.Duration, f *flight) (at time.Duration, done bool)
	// next returns when the system itself has something to do, or never.
	next() time.Duration
	// advance does what is due by a time.
	advance(now time.Duration)
	// sample returns the counters, and the partitions' or nodes' service so far.
	sample(now time.Duration) driver.Sample
	// happened returns what has happened since it was last called.
	happened() []happening
	usage() Usage
	// event carries out one of the scenario's events, or says why it can't.
	event(now time.Duration, e *workload.Event) error
}

// A happening is something that happened in the system: a split, a change of capacity, the loss
// of a node.
type happening struct {
	at           time.Duration
	name, detail string
}

const never = time.Duration(1<<63 - 1)

// autoIntervals is how many intervals a run is recorded in at most unless it is told otherwise.
const autoIntervals = 2000

// A run is one call of Run.
type run struct {
	cfg      Config
	manifest results.Manifest
	record   *recorder
	planned  time.Duration
}

// Run simulates the whole scenario and writes the run directory. The manifest is what
// manifest.json says; it is nil when nothing was begun. When ctx ends, the run is interrupted,
// and everything up to the last interval is written.
func Run(ctx context.Context, c Config) (*results.Manifest, error) {
	if c.Scenario == nil || c.System == nil || c.Dir == "" {
		return nil, errors.New("simulate: a scenario, a system and a directory are needed")
	}
	if c.Started.IsZero() {
		c.Started = epoch
	}
	r := &run{cfg: c}
	for _, p := range c.Scenario.Workload.Phases {
		r.planned += p.For
	}
	if err := r.choose(); err != nil {
		return nil, err
	}
	about, err := c.System.begin(c.Scenario)
	if err != nil {
		return nil, err
	}
	r.describe(about)
	w, err := results.Create(c.Dir, r.manifest, c.Scenario.Text)
	if err != nil {
		return nil, err
	}
	if err := keepInputs(c.Dir, c.Scenario); err != nil {
		return &r.manifest, errors.Join(err, w.Close())
	}
	r.record = newRecorder(r, w)
	var runErr error
	if r.cfg.Resolution == Batches {
		runErr = newBatches(r).do(ctx)
	} else {
		runErr = newLoop(r).do(ctx)
	}
	r.conclude(runErr)
	return &r.manifest, errors.Join(runErr, w.Manifest(r.manifest), w.Close())
}

// choose fills in the resolution and the interval.
func (r *run) choose() error {
	open := r.cfg.Scenario.Workload.Arrival.Open
	_, canBatch := r.cfg.System.(*DynamoDB)
	why := batchable(r.cfg.Scenario)
	if !canBatch {
		why = "only DynamoDB's partitions are simulated in batches"
	}
	switch r.cfg.Resolution {
	case "", Auto:
		r.cfg.Resolution = Operations
		if open != nil && why == "" && workload.NewPlan(r.cfg.Scenario).Len() > OperationsAtMost {
			r.cfg.Resolution = Batches
		}
	case Batches:
		if why != "" {
			return fmt.Errorf("batches: %s", why)
		}
	case Operations:
	default:
		return fmt.Errorf("resolution %q: expected auto, operations or batches", r.cfg.Resolution)
	}
	if r.cfg.Interval == 0 {
		r.cfg.Interval = time.Second
		for _, step := range []time.Duration{10 * time.Second, time.Minute, 10 * time.Minute, time.Hour} {
			if r.planned > autoIntervals*r.cfg.Interval {
				r.cfg.Interval = step
			}
		}
	}
	return nil
}

// describe fills in what is known of the run before it begins.
func (r *run) describe(about driver.Description) {
	c, sc := &r.cfg, r.cfg.Scenario
	host := map[string]string{"time": "virtual: nothing was sent, and no clock was read", "resolution": string(c.Resolution)}
	for k, v := range c.Host {
		host[k] = v
	}
	if c.Description != "" {
		host["description"] = c.Description
	}
	r.manifest = results.Manifest{
		Status: results.Running, Tool: c.Tool, Run: c.Run, Scenario: sc.Name,
		ScenarioDigest: workload.ScenarioDigest(sc), StreamDigest: workload.StreamDigest(sc),
		Seed: sc.Seed, Shard: "1/1", Mapping: c.Mapping, Host: host, Interval: c.Interval,
		Started: c.Started, Planned: r.planned, Totals: results.NewTotals(),
		Loaded: sc.Dataset.Items, Dataset: "taken to be loaded",
		Target: results.TargetInfo{
			Name: c.Target.Name, Driver: c.Target.Driver, Kind: string(about.Kind), Identity: about.Identity,
			Client: about.Client, Settings: about.Settings,
		},
		Warnings: about.Warnings,
	}
	if open := sc.Workload.Arrival.Open; open != nil {
		r.manifest.Arrival = fmt.Sprintf("open %s, %d sessions", open.Describe(), sessions(sc))
	} else {
		r.manifest.Arrival = fmt.Sprintf("closed, %d workers", sessions(sc))
	}
	for _, in := range sc.Inputs {
		r.manifest.Inputs = append(r.manifest.Inputs, results.Input{Name: in.Name, Digest: in.Digest, Bytes: in.Bytes})
	}
}

// sessions returns how many operations may be in flight.
func sessions(sc *workload.Scenario) int {
	const openDefault, closedDefault = 256, 64 // as the load engine's
	if open := sc.Workload.Arrival.Open; open != nil {
		if open.Sessions > 0 {
			return open.Sessions
		}
		return openDefault
	}
	if n := sc.Workload.Arrival.Closed.Workers; n > 0 {
		return n
	}
	return closedDefault
}

// conclude fills in how the run ended and what it found.
func (r *run) conclude(err error) {
	m := &r.manifest
	m.Ended = r.cfg.Started.Add(r.record.at)
	m.Totals = r.record.totals()
	response := r.record.responses()
	m.Objectives = judge(r.cfg.Scenario.Objectives, response, m.Totals)
	m.Fairness = fairness(m, r.cfg.Scenario.Workload.Arrival.Open != nil)
	m.Events = r.record.outcomes
	if check := m.Totals.Check(); check != nil {
		m.Warnings = append(m.Warnings, check.Error())
	}
	if r.cfg.Price != nil {
		m.SpentUSD, m.Host["bill"] = r.cfg.Price(r.cfg.System.usage())
	}
	switch {
	case err == nil:
		m.Status = results.Complete
	case errors.Is(err, context.Canceled):
		m.Status, m.Reason = results.Interrupted, "interrupted"
	default:
		m.Status, m.Reason = results.Failed, results.Scrub(err.Error())
	}
}

// fairness answers those rules of docs/fairness.md that a simulated run can answer.
func fairness(m *results.Manifest, open bool) []results.Check {
	yes := func(ok bool) string {
		if ok {
			return "pass"
		}
		return "fail"
	}
	return []results.Check{
		{Rule: 1, Name: "same stream, mapping printed", Result: yes(len(m.Mapping) > 0), Detail: "stream " + m.StreamDigest},
		{Rule: 7, Name: "generator healthy", Result: "not applicable", Detail: "simulated in virtual time: no generator was at work"},
		{Rule: 12, Name: "open loop", Result: yes(open), Detail: "intended starts fixed before the run: " + m.Arrival},
	}
}
