package dynamodb

import (
	"cmp"
	"math"
	"slices"

	"crossover/costmodel"
)

// A span is a number of hours of one month at one demand.
type span struct {
	hours       float64
	read, write float64 // units/s that the tables consume
}

// A month is a month's demand: its spans' hours add up to the month's.
type month struct {
	spans  []span
	stored float64 // bytes, overhead included
}

// monthsOf lays a portfolio's demand out: each hour of the representative day stands for a
// 24th of the month's hours.
func monthsOf(p *costmodel.Portfolio, hours float64) []month {
	out := make([]month, p.Months)
	spans := make([]span, p.Months*costmodel.Hours)
	for m := range out {
		out[m].spans = spans[m*costmodel.Hours : (m+1)*costmodel.Hours]
		for h := range out[m].spans {
			out[m].spans[h].hours = hours / costmodel.Hours
		}
		for i := range p.Tables {
			t := &p.Tables[i]
			f := t.Factor(m)
			for h := range out[m].spans {
				ops := t.MeanOps.Value * t.Shape[h] * f
				out[m].spans[h].read += ops * t.ReadUnits.Value
				out[m].spans[h].write += ops * t.WriteUnits.Value
			}
			out[m].stored += t.Items.Value * f * storedBytes(t)
		}
	}
	return out
}

// A demand is a portfolio's demand by month. The offers of one list share it, since searches
// price the same portfolio under all of them.
type demand struct {
	of  *costmodel.Portfolio
	out []month
}

func (d *demand) months(p *costmodel.Portfolio, hours float64) []month {
	if d.of != p {
		*d = demand{p, monthsOf(p, hours)}
	}
	return d.out
}

// capacity is what is provisioned for a demand: whole units, at least one, of which the demand
// takes the target utilisation.
func capacity(demand, utilisation float64) float64 {
	// A product that is whole but for rounding must not cost a unit more.
	return math.Max(1, math.Ceil(demand/utilisation-1e-9*math.Max(1, demand)))
}

// A held is capacity held for a number of hours.
type held struct{ units, hours float64 }

func provisionedUnits(spans []span, utilisation float64, write bool) []held {
	out := make([]held, len(spans))
	for i, s := range spans {
		demand := s.read
		if write {
			demand = s.write
		}
		out[i] = held{capacity(demand, utilisation), s.hours}
	}
	return out
}

// unitHours returns the unit-hours above what is reserved.
func unitHours(list []held, reserved float64) float64 {
	sum := 0.0
	for _, h := range list {
		sum += math.Max(0, h.units-reserved) * h.hours
	}
	return sum
}

// block is how many units reserved capacity is sold by (Amazon DynamoDB pricing, "Reserved
// capacity").
const block = 100

// bestReserve returns how many units to reserve so that a term costs least: reserved is what
// a unit costs over the term, hourly what a provisioned one costs an hour. A unit is worth
// reserving as long as the hours in which it would be provisioned otherwise cost more. Whole
// blocks are reserved; of the two next to the best the cheaper is taken, the fewer when equal.
func bestReserve(term []held, reserved, hourly float64) float64 {
	sorted := slices.Clone(term)
	slices.SortFunc(sorted, func(a, b held) int { return cmp.Compare(b.units, a.units) })
	best, hours := 0.0, 0.0
	for _, h := range sorted {
		hours += h.hours
		if hours*hourly > reserved {
			best = h.units
			break
		}
	}
	low := math.Floor(best/block) * block
	cost := func(r float64) float64 { return r*reserved + unitHours(term, r)*hourly }
	if high := low + block; cost(high) < cost(low) {
		return high
	}
	return low
}

// planLevel returns the hourly list price up to which a savings plan pays: usage below it is
// there for a large enough share of the hours that the discount outweighs the idle ones.
func planLevel(usage []held, discount float64) float64 {
	sorted := slices.Clone(usage)
	slices.SortFunc(sorted, func(a, b held) int { return cmp.Compare(a.units, b.units) })
	total := 0.0
	for _, h := range sorted {
		total += h.hours
	}
	// Committing to a dollar of list price costs 1-discount in every hour and saves 1 in those
	// that use it.
	level, below := 0.0, 0.0
	for _, h := range sorted {
		if total-below >= (1-discount)*total*(1-1e-9) {
			level = h.units
		}
		below += h.hours
	}
	return level
}
