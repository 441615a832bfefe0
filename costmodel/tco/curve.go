package tco

import (
	"context"
	"fmt"
	"math"

	"crossover/costmodel"
	"crossover/costmodel/aerospike"
	"crossover/costmodel/dynamodb"
	"crossover/results/figure"
)

// The loads that are priced: from a thousandth of the demand to a hundred times it, so many to
// a decade. Two crossings closer to each other than a step may go unseen together.
const (
	decadesBelow  = 3
	decadesAbove  = 2
	stepsADecade  = 24
	bisections    = 60
	curveMinimum  = 1e-3 // operations/s; a load below is not priced
	crossingExact = 1e-9 // relative width at which a bisection ends
)

// at prices the demand at a scale of its load, items in proportion.
func (m *model) at(scale float64) map[string]pick {
	return m.cheapest(m.book, m.portfolio(m.cfg, scale))
}

// winner is the system that costs least; a system that cannot be priced does not win, and
// DynamoDB wins a tie, since staying needs no work.
func winner(at map[string]pick) string {
	d, okD := at[dynamodb.System]
	a, okA := at[aerospike.System]
	switch {
	case okA && (!okD || a.total < d.total):
		return aerospike.System
	case okD:
		return dynamodb.System
	}
	return ""
}

// curve prices each system's cheapest offer over the loads, and finds every load at which the
// cheaper system changes. The costs are the horizon's, one-off amounts included, by month: the
// same that the verdict compares.
func (m *model) curve(ctx context.Context, r *Result) error {
	now := m.portfolio(m.cfg, 1).Tables[0].MeanOps.Value
	type step struct {
		scale  float64
		winner string
	}
	var steps []step
	for i := -decadesBelow * stepsADecade; i <= decadesAbove*stepsADecade; i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		scale := math.Pow(10, float64(i)/stepsADecade)
		if now*scale < curveMinimum || now*scale > maxOps/100 {
			continue
		}
		at := m.at(scale)
		steps = append(steps, step{scale, winner(at)})
		r.Curve = append(r.Curve, m.point(now*scale, at))
	}
	c := &r.Crossover
	c.Note = fmt.Sprintf("Load and items are scaled together, from a thousandth of the demand to a hundred times it; item sizes, mix, shape, growth, people's hours and fewest nodes stay. Costs are those of the whole %d months, one-off amounts included, divided by the months. %d loads a decade were priced: two crossings within one step of each other may go unseen.", r.Horizon, stepsADecade)
	if len(steps) == 0 {
		return nil
	}
	region := Region{From: now * steps[0].scale, System: steps[0].winner}
	for i := 1; i < len(steps); i++ {
		if steps[i].winner == steps[i-1].winner {
			continue
		}
		low, high := m.bisect(steps[i-1].scale, steps[i].scale)
		region.To = now * high
		c.Regions = append(c.Regions, region)
		region = Region{From: now * high, System: steps[i].winner}
		c.Points = append(c.Points, m.crossing(len(c.Points)+1, now, low, high))
	}
	c.Regions = append(c.Regions, region)
	c.Found = len(c.Points) > 0
	switch {
	case c.Found:
	case best(r, aerospike.System) == nil || best(r, dynamodb.System) == nil:
		c.Note = "No crossing can be found: one of the systems could not be priced. " + c.Note
	default:
		c.Note = fmt.Sprintf("No crossing was found: %s is cheaper at every load priced. ", systemName(region.System)) + c.Note
	}
	return nil
}

// bisect narrows an interval of scales at whose ends different systems win to where the winner
// changes: at low the first still wins, at high another does.
func (m *model) bisect(low, high float64) (float64, float64) {
	first := winner(m.at(low))
	for range bisections {
		if high/low-1 < crossingExact {
			break
		}
		middle := math.Sqrt(low * high)
		if winner(m.at(middle)) == first {
			low = middle
		} else {
			high = middle
		}
	}
	return low, high
}

func (m *model) point(load float64, at map[string]pick) CurvePoint {
	p := CurvePoint{Load: m.loadFigure(load), Monthly: map[string]figure.Figure{}, Offer: map[string]string{}}
	for system, x := range at {
		p.Monthly[system] = m.monthlyFigure(x, load)
		p.Offer[system] = x.name
	}
	return p
}

func (m *model) loadFigure(load float64) figure.Figure {
	return figure.New(load, "operations/s", figure.Assumed, "a load to price, mean of the first month")
}

func (m *model) monthlyFigure(x pick, load float64) figure.Figure {
	basis := figure.Assumed
	return figure.New(math.Round(x.total.USD()/float64(m.cfg.Horizon)*100)/100, "USD/month", basis,
		fmt.Sprintf("%s at a mean of %.6g operations/s, over the horizon by month", x.name, load))
}

// crossing is the figure of a load at which the cheaper system changes.
func (m *model) crossing(n int, now, low, high float64) Named {
	before, after := m.at(low), m.at(high)
	load := now * high
	in := []figure.Input{figure.In("mean_operations", costmodel.See(m.base.named[0].Figure, "demand/"+m.base.named[0].Name))}
	for _, system := range []string{dynamodb.System, aerospike.System} {
		for _, side := range []struct {
			word string
			at   map[string]pick
			load float64
		}{{"below", before, now * low}, {"above", after, load}} {
			if x, ok := side.at[system]; ok {
				in = append(in, figure.In(systemName(system)+" just "+side.word, m.monthlyFigure(x, side.load)))
			}
		}
	}
	title := fmt.Sprintf("%s is cheaper below, %s above", systemName(winner(before)), systemName(winner(after)))
	for _, system := range []string{dynamodb.System, aerospike.System} {
		_, below := before[system]
		if _, above := after[system]; below && !above {
			title = fmt.Sprintf("%s is cheaper below; above, no offer of %s can be priced", systemName(winner(before)), systemName(system))
		}
	}
	return Named{
		Name: fmt.Sprintf("crossing-%d", n), Title: title,
		Figure: figure.Derive(load, "operations/s", "the load at which the cheaper system changes, by bisection on the offers' prices", in...),
	}
}

func systemName(system string) string {
	switch system {
	case dynamodb.System:
		return "DynamoDB"
	case aerospike.System:
		return "Aerospike"
	}
	return "neither"
}
