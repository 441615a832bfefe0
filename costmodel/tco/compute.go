package tco

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"crossover/costmodel"
	"crossover/costmodel/aerospike"
	"crossover/costmodel/dynamodb"
	"crossover/costmodel/price"
	"crossover/results"
	"crossover/results/figure"
	"crossover/workload"
)

// An Input is what Compute prices.
type Input struct {
	Scenario *workload.Scenario
	Runs     []*results.Run    // measurements to use; may be empty
	Book     *price.Book       // nil takes the embedded one
	WhatIf   map[string]string // assumptions to replace, by name, in the cost section's spelling
	Tool     string            // crossover's version
	Draws    int               // of the assumptions; 0 takes 10,000
}

// ErrNoCost is returned when the scenario has no cost section.
var ErrNoCost = errors.New("the scenario has no cost section: nothing says what demand to price")

// maxOps is the largest load that is priced, in operations/s at the peak of the last month.
const maxOps = 1e12

// A candidate is an offer that can also be priced without figures, as searches do.
type candidate interface {
	costmodel.Offer
	Sums(p *costmodel.Portfolio) (all, hard []costmodel.Cents, ok bool)
}

// A model prices one scenario under any book and configuration.
type model struct {
	sc      *workload.Scenario
	book    *price.Book
	cfg     *costmodel.Config
	base    *base
	sources []string
	draws   int                  // of the assumptions
	real    bool                 // units were measured on a real target
	byMonth map[string][]float64 // each priced offer's bills, both systems' while both run
	loads   sync.Map             // the profiles of other shapes than the scenario's
}

// Compute prices the scenario's demand under every offer, finds where the cheapest system
// changes with load, and gives a verdict. It is deterministic.
func Compute(ctx context.Context, in Input) (*Result, error) {
	m, r, err := prepare(in)
	if err != nil {
		return nil, err
	}
	m.offers(r, m.portfolio(m.cfg, 1))
	if err := m.curve(ctx, r); err != nil {
		return nil, err
	}
	if err := m.verdict(ctx, r); err != nil {
		return nil, err
	}
	r.BreakEven = m.breakEvens(m.at(1))
	r.Fixes = m.fixes(r)
	if r.Plane, err = m.plane(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// prepare reads the cost section and the runs, and begins the result with what they say.
func prepare(in Input) (*model, *Result, error) {
	cfg, err := configure(in.Scenario, in.WhatIf)
	if err != nil {
		return nil, nil, err
	}
	book := in.Book
	if book == nil {
		book = price.Default()
	}
	seen, refs, warnings := unitsOf(in.Scenario, in.Runs)
	prof := profileOf(in.Scenario)
	m := &model{draws: cmp.Or(in.Draws, defaultDraws), sc: in.Scenario, book: book, cfg: cfg, base: baseOf(in.Scenario, prof, seen, cfg)}
	if seen != nil {
		m.real = seen.basis == figure.Measured
		m.sources = append(m.sources, seen.source)
		warnings = append(warnings, seen.compare(prof)...)
	}
	p := m.portfolio(cfg, 1)
	t := &p.Tables[0]
	if peak := t.MeanOps.Value * t.Peak(busiestMonth(p)); peak > maxOps || math.IsNaN(peak) {
		return nil, nil, fmt.Errorf("the demand grows to %.3g operations/s at its peak; at most %.0e are priced", peak, maxOps)
	}
	if _, err := aerospike.Offers(book, p.Region, &cfg.Aerospike); err != nil {
		return nil, nil, err
	}
	r := &Result{
		Format: FormatMajor, Tool: in.Tool, Scenario: in.Scenario.Name, Runs: refs, Region: p.Region, Horizon: p.Months,
		BookDigest: book.Digest(), BookDate: book.Date(), Demand: m.base.named, Assumptions: assumptionsOf(cfg),
		Warnings: append(warnings, objectiveWarnings(in.Runs)...),
	}
	return m, r, nil
}

// objectiveWarnings name the objectives that a system missed on a real target: its price is
// then that of a system that does not do the job. Other targets' latency says nothing.
func objectiveWarnings(runs []*results.Run) []string {
	var out []string
	for _, r := range runs {
		if r.Manifest.Target.Kind != kindReal {
			continue
		}
		for _, o := range r.Manifest.Objectives {
			if o.Result == "missed" {
				out = append(out, fmt.Sprintf("%s missed the objective %s on a real target: what is priced here may not do the job", r.Manifest.Target.Name, o.Name))
			}
		}
	}
	return out
}

// candidates returns every offer under a book and a configuration.
func candidates(book *price.Book, c *costmodel.Config) []candidate {
	var out []candidate
	for _, o := range dynamodb.Offers(book) {
		out = append(out, o)
	}
	// Compute has checked the instance types, which is all that can be wrong.
	list, _ := aerospike.Offers(book, string(c.Regions[0]), &c.Aerospike)
	for _, o := range list {
		out = append(out, o)
	}
	return out
}

// A pick is a system's cheapest offer.
type pick struct {
	name  string
	total costmodel.Cents
	hard  costmodel.Cents
	offer candidate
}

// cheapest returns each system's cheapest offer over the horizon, the costs of running both
// during the migration included in Aerospike's. A system none of whose offers can be priced is
// not in it.
func (m *model) cheapest(book *price.Book, p *costmodel.Portfolio) map[string]pick {
	return m.among(book, p, nil)
}

// among is cheapest with only those offers that keep names; nil keeps all.
func (m *model) among(book *price.Book, p *costmodel.Portfolio, keep map[string]bool) map[string]pick {
	out := map[string]pick{}
	double := costmodel.Cents(math.MaxInt64)
	for _, o := range candidates(book, p.Config) {
		if keep != nil && !keep[o.Name()] {
			continue
		}
		all, hard, ok := o.Sums(p)
		if !ok {
			continue
		}
		x := pick{name: o.Name(), total: sum(all), hard: sum(hard), offer: o}
		if d, ok := o.(*dynamodb.Offer); ok && !d.Committed() {
			double = min(double, doubleCost(hard, p))
		}
		if best, ok := out[o.System()]; !ok || x.total < best.total {
			out[o.System()] = x
		}
	}
	if a, ok := out[aerospike.System]; ok && double != math.MaxInt64 {
		a.total += double
		a.hard += double
		out[aerospike.System] = a
	}
	return out
}

// doubleCost is what DynamoDB costs in the months of the migration in which both systems run.
func doubleCost(hard []costmodel.Cents, p *costmodel.Portfolio) costmodel.Cents {
	return sum(hard[:min(p.Config.Aerospike.DoubleMonths, len(hard))])
}

func sum(list []costmodel.Cents) costmodel.Cents {
	var s costmodel.Cents
	for _, c := range list {
		s += c
	}
	return s
}
