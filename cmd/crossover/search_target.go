package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/driver/runner"
	"crossover/results"
	"crossover/results/figure"
	"crossover/workload"
	"crossover/workload/op"
)

// A searching is one target's search or sweep under way.
type searching struct {
	session *session
	plan    *searchPlan
	target  workload.Target
	clock   clock.Clock
	dir     string // of search.json
	record  results.Search
	table   searchTable
	runs    int // probes begun
}

func newSearching(s *session, plan *searchPlan, t workload.Target) *searching {
	c := clock.Real()
	se := &searching{session: s, plan: plan, target: t, clock: c, dir: filepath.Join(s.out, t.Name)}
	se.table = searchTable{out: s.view, target: t.Name}
	se.record = results.Search{
		Status: results.Running, Tool: toolVersion(), Run: filepath.Base(s.out) + "-" + t.Name,
		Scenario: s.sc.Name, ScenarioDigest: workload.ScenarioDigest(s.sc), Seed: s.sc.Seed,
		Mode: plan.mode(), Varied: plan.varied, Rule: plan.record(s.sc),
		Target: results.TargetInfo{Name: t.Name, Driver: t.Driver}, Started: c.Wall(c.Now()), Warnings: searchWarnings(s.sc),
	}
	return se
}

// searchWarnings says what of a scenario several probes of one data set change.
func searchWarnings(sc *workload.Scenario) []string {
	var out []string
	ops := sc.Workload.Operations
	if ops[op.Insert] > 0 || ops[op.Delete] > 0 {
		out = append(out, "each probe begins the stream of operations anew on the data set as the one before left it: "+
			"what an earlier probe inserted is there already, and what it deleted is missing")
	}
	for _, h := range sc.Workload.Hot {
		if h.From != 0 || h.To != 0 {
			out = append(out, "hot keys with times keep them, counted from the start of each probe")
			break
		}
	}
	return out
}

// all searches or sweeps every variant, each on a data set of its own, and keeps search.json
// up to date. Nothing is written before the first probe begins.
func (se *searching) all(ctx context.Context, variants []*variant) error {
	var err error
	for _, v := range variants {
		if err = se.variant(ctx, v); err != nil {
			break
		}
	}
	if se.runs == 0 {
		return err
	}
	switch {
	case err == nil:
		se.record.Status = results.Complete
	case ctx.Err() != nil || errors.Is(err, driver.ErrBudget):
		se.record.Status, se.record.Reason = results.Interrupted, results.Scrub(err.Error())
	default:
		se.record.Status, se.record.Reason = results.Failed, results.Scrub(err.Error())
	}
	se.record.Ended = se.clock.Wall(se.clock.Now())
	return errors.Join(err, results.WriteSearch(se.dir, se.record))
}

// variant opens the target afresh and searches or sweeps one variant.
func (se *searching) variant(ctx context.Context, v *variant) error {
	if se.session.options.simulation != nil {
		return se.simulatedVariant(ctx, v)
	}
	inner := *se.session
	inner.sc = v.base
	return inner.opened(ctx, se.target, se.clock, se.record.Run, func(o openTarget) error {
		p := &prober{searching: se, variant: v, openTarget: o}
		se.record.Points = append(se.record.Points, results.SearchPoint{Name: v.name, Steps: []results.SearchStep{}})
		se.table.begin(v.name)
		point, err := p.run(ctx, v.base.Objectives)
		return errors.Join(err, se.keep(point, o.kind, v.name))
	})
}

// keep puts what is known of the variant under way into the record, and writes it.
func (se *searching) keep(point results.SearchPoint, kind driver.Kind, name string) error {
	point.Name = name
	if point.Steps == nil {
		point.Steps = []results.SearchStep{}
	}
	se.record.Basis = results.BasisOf(string(kind))
	if point.Holding > 0 {
		f := figure.New(point.Holding, "operations/s", se.record.Basis,
			fmt.Sprintf("%s of target %s (%s): highest rate judged to hold", se.record.Mode, se.target.Name, kind))
		if kind == driver.Other {
			f.Note = "the target did not identify itself"
		}
		point.Capacity = &f
	}
	se.record.Points[len(se.record.Points)-1] = point
	if se.runs == 0 {
		return nil
	}
	return results.WriteSearch(se.dir, se.record)
}

// A prober sends the probes of one variant to its opened target.
type prober struct {
	*searching
	openTarget
	variant *variant
	loaded  bool
}

// run searches or sweeps.
func (p *prober) run(ctx context.Context, objectives workload.Objectives) (results.SearchPoint, error) {
	onProbe := func(point results.SearchPoint) error {
		p.table.step(point.Steps)
		return p.keep(point, p.kind, p.variant.name)
	}
	if p.plan.search {
		c := p.plan.rule
		c.Probe, c.Objectives, c.Clock, c.OnProbe = p.probe, objectives, p.clock, onProbe
		return runner.Search(ctx, c)
	}
	return runner.Sweep(ctx, runner.SweepConfig{
		Probe: p.probe, Objectives: objectives, Rates: p.plan.rates,
		Length: p.plan.rule.Length, Confidence: p.plan.rule.Confidence, OnProbe: onProbe,
	})
}

// probe runs the scenario at one rate into a run directory of its own, and reads the evidence
// from there. Only a variant's first probe loads the data set.
func (p *prober) probe(ctx context.Context, rate float64, length time.Duration) (runner.Probe, error) {
	s := p.session
	sc, err := p.variant.at(rate, length)
	if err != nil {
		return runner.Probe{}, err
	}
	text, err := describeMapping(sc)
	if err != nil {
		return runner.Probe{}, err
	}
	if s.options.simulation != nil {
		return p.simulatedProbe(ctx, sc, rate, length, text)
	}
	p.runs++
	run := filepath.Join("probes", fmt.Sprintf("%03d-%s", p.runs, rateName(rate)))
	s.view.begin(p.target.Name+" at "+rateText(rate), string(p.kind))
	defer s.view.finish()
	m, err := runner.Run(ctx, runner.Config{
		Scenario: sc, Driver: p.driver, Target: p.target, Dir: filepath.Join(p.dir, run), Clock: p.clock,
		Tool: toolVersion(), Run: fmt.Sprintf("%s-%03d", p.env.Run, p.runs), Mapping: text,
		Description: fmt.Sprintf("probe %d of a %s: %s", p.runs, p.plan.mode(), rateText(rate)),
		Interval:    min(max(length/runner.ProbeIntervals, 10*time.Millisecond), time.Second),
		Load:        !s.options.noLoad && !p.loaded, Check: s.options.noLoad && !p.loaded, BudgetUSD: s.remaining(), PriceOf: s.priceOf(),
		Progress: s.view.show, Observe: s.metrics.observer(p.target.Name, p.target.Driver, string(p.kind)),
	})
	if m != nil {
		s.spent += m.SpentUSD
		p.record.SpentUSD += m.SpentUSD
		p.record.Target = m.Target
	}
	if errors.Is(err, driver.ErrNotOwned) {
		p.runs-- // it left no run directory
	}
	if err != nil {
		return runner.Probe{}, err
	}
	p.loaded = true
	evidence, err := runner.ProbeOf(filepath.Join(p.dir, run))
	evidence.Run, evidence.Sessions = run, sc.Workload.Arrival.Open.Sessions
	return evidence, err
}

// rateName is a rate as part of a file's name: 1234.5/s is "1234.5".
func rateName(rate float64) string {
	text := rateText(rate)
	return text[:len(text)-len("/s")]
}
