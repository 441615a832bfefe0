package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossover/costmodel/autoscale"
	"crossover/costmodel/partition"
	"crossover/driver"
	"crossover/driver/clock"
	"crossover/driver/dynamodb"
	dynamodbserver "crossover/driver/embedded/dynamodb"
	"crossover/driver/runner"
	"crossover/driver/simulate"
	"crossover/results"
	"crossover/workload"
)

const longSimulate = `simulate runs the scenario's stream of operations on its schedule in virtual time:
through the model of DynamoDB's partitions, or of an Aerospike cluster's devices,
that the embedded servers have too, without sockets and without waiting. Clients'
sessions, retries and backoff are simulated as well. It writes a run directory for
each target, marked simulated, and prices both sides, as crossover run does; every
figure of it is modelled.

Up to 3 million operations are made one by one. Longer runs against DynamoDB go in
batches: items that matter to a partition are kept one by one, all others are taken
together by partition and kind, from a sample of the same stream. A day of 10,000
operations/s then takes less than a minute. --resolution chooses.

Targets need not be embedded: what is simulated is the model with the target's
settings, whatever its address. Nothing is connected, and nothing is billed.`

// simulation are `crossover simulate`'s own flags.
type simulation struct {
	resolution string
	tick       time.Duration
}

func newSimulate(s streams) *cobra.Command {
	o := runOptions{view: "plain", repeat: 1, simulation: &simulation{}}
	c := &cobra.Command{
		Use:   "simulate SCENARIO",
		Short: "Run a scenario in virtual time through the models, without sockets",
		Long:  longSimulate + "\n" + longSearch,
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if o.interval == 0 && o.searching.wanted() {
				o.interval = time.Second
			}
			if o.searching.wanted() {
				return runSearch(c.Context(), s, args[0], o)
			}
			return runSimulation(c.Context(), s, args[0], o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.out, "out", "", "directory for the runs and the report (default runs/NAME-TIME)")
	f.StringSliceVar(&o.targets, "target", nil, "simulate only these targets of the scenario (repeatable)")
	f.DurationVar(&o.duration, "for", 0, "scale the scenario's phases to this length in all")
	f.Uint64Var(&o.items, "items", 0, "take this many items at most to be loaded")
	f.StringVar(&o.book, "book", "", "price book whose prices replace the embedded ones key by key")
	f.BoolVar(&o.noReport, "no-report", false, "write the run directories only")
	f.BoolVar(&o.asJSON, "json", false, "print a JSON summary on standard output")
	f.DurationVar(&o.interval, "interval", 0, "length of a recording interval, at least 100ms; 0: a second, or more for a long run")
	f.StringVar(&o.simulation.resolution, "resolution", "auto", "auto, operations (one by one) or batches (of DynamoDB, in ticks)")
	f.DurationVar(&o.simulation.tick, "tick", 0, "length of a batch's tick; 0 chooses")
	o.searching.register(f)
	return c
}

func runSimulation(ctx context.Context, s streams, path string, o runOptions) error {
	run, err := prepare(s, path, o)
	if err != nil {
		return err
	}
	var manifests []*results.Manifest
	var runErr error
	for _, t := range run.sc.Targets {
		m, err := run.simulated(ctx, t, filepath.Join(run.out, t.Name))
		if m != nil {
			manifests = append(manifests, m)
			run.tell(m)
		}
		if err != nil {
			runErr = fmt.Errorf("target %s: %w", t.Name, err)
			break
		}
	}
	if len(manifests) == 0 {
		return runErr
	}
	if !o.noReport {
		if err := run.report(); err != nil {
			return errors.Join(runErr, err)
		}
	}
	if o.asJSON {
		if err := json.NewEncoder(s.out).Encode(map[string]any{"out": run.out, "runs": manifests}); err != nil {
			return err
		}
	}
	if runErr != nil && !errors.Is(runErr, context.Canceled) {
		return runErr
	}
	return verdictOf(ctx, manifests)
}

// tell says in a few lines what a simulated run came to.
func (s *session) tell(m *results.Manifest) {
	fmt.Fprintf(s.err, "%s: simulated %v of virtual time (%s), %d operations: %d ok, %d throttled\n",
		m.Target.Name, m.Planned, m.Host["resolution"], m.Totals.Offered, m.Totals.ByClass["ok"], m.Totals.ByClass["throttled"])
	if bill := m.Host["bill"]; bill != "" {
		fmt.Fprintf(s.err, "%s: %s\n", m.Target.Name, bill)
	}
}

// simulated runs the scenario against one target's model.
func (s *session) simulated(ctx context.Context, t workload.Target, dir string) (*results.Manifest, error) {
	system, err := modelOf(s.sc, t)
	if err != nil {
		return nil, err
	}
	text, err := describeMapping(s.sc)
	if err != nil {
		return nil, err
	}
	c := simulate.Config{
		Scenario: s.sc, Target: t, System: system, Dir: dir, Tool: toolVersion(), Run: filepath.Base(s.out) + "-" + t.Name,
		Mapping: text, Started: clock.Real().Wall(0).UTC(), Interval: s.options.interval,
		Resolution: simulate.Resolution(s.options.simulation.resolution), Tick: s.options.simulation.tick,
	}
	if t.Driver == "dynamodb" {
		c.Price = s.priceUsage
	}
	m, err := simulate.Run(ctx, c)
	if m == nil && err != nil {
		return nil, badInput(err)
	}
	return m, err
}

// The price book's keys of provisioned capacity.
const (
	readHourKey  = "provisioned.std.rcu_h"
	writeHourKey = "provisioned.std.wcu_h"
)

// priceUsage prices what a simulated table consumed, and says how.
func (s *session) priceUsage(u simulate.Usage) (usd float64, how string) {
	if u.ReadHours+u.WriteHours > 0 {
		usd = u.ReadHours*s.book.USD(budgetRegion, readHourKey) + u.WriteHours*s.book.USD(budgetRegion, writeHourKey)
		return usd, fmt.Sprintf("capacity for %.3g h would be billed at $%.2f in %s: %.0f RCU hours and %.0f WCU hours, each hour at the highest capacity in it (modelled)",
			u.Hours, usd, budgetRegion, u.ReadHours, u.WriteHours)
	}
	usd = s.unitCost(u.ReadUnits, u.WriteUnits)
	return usd, fmt.Sprintf("units of %.3g h would be billed at $%.2f in %s on demand: %.0f RRU and %.0f WRU (modelled)",
		u.Hours, usd, budgetRegion, u.ReadUnits, u.WriteUnits)
}

// modelOf returns the model of a target, with the target's settings.
func modelOf(sc *workload.Scenario, t workload.Target) (simulate.System, error) {
	switch t.Driver {
	case "dynamodb":
		return dynamodbModel(sc, t)
	case "aerospike":
		return aerospikeModel(sc, t)
	}
	return nil, badInput(fmt.Errorf("target %s: there is no model of driver %s: expected dynamodb or aerospike", t.Name, t.Driver))
}

// dynamodbModel is a table as a target's settings create it.
func dynamodbModel(sc *workload.Scenario, t workload.Target) (simulate.System, error) {
	cfg, err := dynamodb.Settings(sc, t)
	if err != nil {
		return nil, badInput(err)
	}
	assumed, err := partition.ParseAssumptions(cfg.Assumptions.Text())
	if err != nil {
		return nil, err
	}
	d := &simulate.DynamoDB{
		Table: partition.Config{
			WarmRead: float64(cfg.WarmThroughput.Read), WarmWrite: float64(cfg.WarmThroughput.Write), Assumptions: assumed,
			Quota: partition.NewQuota(cfg.Quota.TableRead, cfg.Quota.TableWrite, 0),
		},
		Retries: simulate.Retries{
			Attempts: cfg.Retries.Attempts, ThrottleBase: cfg.Retries.ThrottleBase, Max: cfg.Retries.Max, Quota: cfg.Retries.Quota,
		},
		Target:   t.Name,
		Settings: map[string]string{"capacity": cfg.Capacity.String(), "quota": cfg.Quota.Text()},
	}
	if cfg.Latency {
		d.ServiceTime = dynamodbserver.ServiceTime
	}
	if o := cfg.Capacity.OnDemand; o != nil {
		d.Table.MaxRead, d.Table.MaxWrite = float64(o.MaxRead), float64(o.MaxWrite)
	}
	p := cfg.Capacity.Provisioned
	if p == nil {
		return d, nil
	}
	d.Table.Provisioned, d.Table.Read, d.Table.Write = true, float64(p.Read), float64(p.Write)
	if p.AutoScaling != nil {
		d.Read, d.Write = policyOf(p.AutoScaling.Read), policyOf(p.AutoScaling.Write)
	}
	return d, nil
}

// policyOf is a scaling policy as the model has it.
func policyOf(s *dynamodb.Scaling) *autoscale.Policy {
	if s == nil {
		return nil
	}
	return &autoscale.Policy{
		Min: float64(s.Min), Max: float64(s.Max), Target: s.Target, InCooldown: s.InCooldown, OutCooldown: s.OutCooldown, DisableScaleIn: s.NoScaleIn,
	}
}

// simulatedProbe is a search's probe in virtual time.
func (p *prober) simulatedProbe(ctx context.Context, sc *workload.Scenario, rate float64, length time.Duration, text json.RawMessage) (runner.Probe, error) {
	s := p.session
	system, err := modelOf(sc, p.target)
	if err != nil {
		return runner.Probe{}, err
	}
	p.runs++
	run := filepath.Join("probes", fmt.Sprintf("%03d-%s", p.runs, rateName(rate)))
	m, err := simulate.Run(ctx, simulate.Config{
		Scenario: sc, Target: p.target, System: system, Dir: filepath.Join(p.dir, run), Tool: toolVersion(),
		Run: fmt.Sprintf("%s-%03d", p.record.Run, p.runs), Mapping: text, Started: p.clock.Wall(p.clock.Now()).UTC(),
		Description: fmt.Sprintf("probe %d of a %s: %s", p.runs, p.plan.mode(), rateText(rate)),
		Interval:    min(max(length/runner.ProbeIntervals, 10*time.Millisecond), time.Second),
		Resolution:  simulate.Resolution(s.options.simulation.resolution), Tick: s.options.simulation.tick,
	})
	if m != nil {
		p.record.Target = m.Target
	}
	if err != nil {
		return runner.Probe{}, err
	}
	evidence, err := runner.ProbeOf(filepath.Join(p.dir, run))
	evidence.Run, evidence.Sessions = run, sc.Workload.Arrival.Open.Sessions
	return evidence, err
}

// simulatedVariant searches or sweeps one variant in virtual time.
func (se *searching) simulatedVariant(ctx context.Context, v *variant) error {
	p := &prober{searching: se, variant: v, openTarget: openTarget{kind: driver.Simulated}}
	se.record.Points = append(se.record.Points, results.SearchPoint{Name: v.name, Steps: []results.SearchStep{}})
	se.table.begin(v.name)
	point, err := p.run(ctx, v.base.Objectives)
	return errors.Join(err, se.keep(point, driver.Simulated, v.name))
}

// resolutions are what --resolution takes.
var resolutions = []string{string(simulate.Auto), string(simulate.Operations), string(simulate.Batches)}

// check returns what is wrong with a simulation's flags.
func (m *simulation) check() error {
	for _, r := range resolutions {
		if m.resolution == r {
			if m.tick < 0 {
				return fmt.Errorf("--tick %v: expected 0 or more", m.tick)
			}
			return nil
		}
	}
	return fmt.Errorf("--resolution %q: expected %s", m.resolution, strings.Join(resolutions, ", "))
}
