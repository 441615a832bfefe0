// Package demand holds demand curves: rates over time at an even step, in which a step that
// was not seen differs from one that was seen to be zero, and the fit of a day's shape to them.
package demand

import (
	"fmt"
	"math"
	"sort"
	"time"
)

// MaxSteps bounds a curve: two years of minutes.
const MaxSteps = 2 * 366 * 24 * 60

// A Point is a mean rate, in whatever a second, over Period from At on.
type Point struct {
	At     time.Time
	Period time.Duration
	Rate   float64
}

// A Curve is rates at an even step. A rate that is not known is NaN.
type Curve struct {
	Start time.Time
	Step  time.Duration
	Rates []float64

	Conflicts int // points that disagreed with another of the same time and period; the larger was kept
	Coarse    int // steps that only a longer period's point covers
}

// New makes a curve of points in any order and of mixed periods. Its step is the shortest
// period; a longer one fills those steps that no shorter one covers. Two points of one time and
// period that differ count as a conflict, and the larger is kept. Periods are whole seconds
// and multiples of the shortest.
func New(points []Point) (Curve, error) {
	if len(points) == 0 {
		return Curve{}, nil
	}
	sorted := append([]Point(nil), points...)
	// Long periods first, so that shorter ones are laid over them.
	sort.SliceStable(sorted, func(i, j int) bool {
		if sorted[i].Period != sorted[j].Period {
			return sorted[i].Period > sorted[j].Period
		}
		return sorted[i].At.Before(sorted[j].At)
	})
	c := Curve{Step: sorted[len(sorted)-1].Period, Start: sorted[0].At}
	if c.Step < time.Second {
		return Curve{}, fmt.Errorf("a period of %v, expected a second at least", c.Step)
	}
	end := c.Start
	for _, p := range sorted {
		if p.Period%c.Step != 0 {
			return Curve{}, fmt.Errorf("periods of %v and %v, of which one is no multiple of the other", p.Period, c.Step)
		}
		if math.IsNaN(p.Rate) || math.IsInf(p.Rate, 0) || p.Rate < 0 {
			return Curve{}, fmt.Errorf("a rate of %v at %s", p.Rate, p.At.Format(time.RFC3339))
		}
		if p.At.Before(c.Start) {
			c.Start = p.At
		}
		if e := p.At.Add(p.Period); e.After(end) {
			end = e
		}
	}
	c.Start = c.Start.UTC().Truncate(c.Step)
	// Seconds, since a time.Duration cannot hold the distance of two far dates.
	steps := (end.Unix()-c.Start.Unix())/int64(c.Step/time.Second) + 1
	if steps < 1 || steps > MaxSteps {
		return Curve{}, fmt.Errorf("points from %s to %s at a step of %v, expected %d steps at most",
			c.Start.Format(time.RFC3339), end.Format(time.RFC3339), c.Step, MaxSteps)
	}
	c.fill(sorted, int(steps))
	return c, nil
}

// fill lays the points, longest period first, over the steps.
func (c *Curve) fill(sorted []Point, steps int) {
	c.Rates = make([]float64, steps)
	by := make([]time.Duration, steps) // the period that a step's rate comes from
	for i := range c.Rates {
		c.Rates[i] = math.NaN()
	}
	for _, p := range sorted {
		first := int(p.At.Sub(c.Start) / c.Step)
		for i := first; i < min(first+int(p.Period/c.Step), steps); i++ {
			rate := p.Rate
			if by[i] == p.Period {
				if i == first && rate != c.Rates[i] {
					c.Conflicts++
				}
				rate = max(rate, c.Rates[i])
			}
			c.Rates[i], by[i] = rate, p.Period
		}
	}
	for len(c.Rates) > 0 && math.IsNaN(c.Rates[len(c.Rates)-1]) {
		c.Rates = c.Rates[:len(c.Rates)-1]
	}
	for i := range c.Rates {
		if by[i] > c.Step {
			c.Coarse++
		}
	}
}

// Known returns how many steps have a rate.
func (c Curve) Known() int {
	n := 0
	for _, r := range c.Rates {
		if !math.IsNaN(r) {
			n++
		}
	}
	return n
}

// Missing returns how many steps between the first and the last have no rate.
func (c Curve) Missing() int { return len(c.Rates) - c.Known() }

// End returns the end of the last step.
func (c Curve) End() time.Time { return c.Start.Add(time.Duration(len(c.Rates)) * c.Step) }

// Mean returns the mean of the known steps; NaN without one.
func (c Curve) Mean() float64 {
	sum := 0.0
	for _, r := range c.Rates {
		if !math.IsNaN(r) {
			sum += r
		}
	}
	return sum / float64(c.Known())
}

// Peak returns the highest known step and its start; NaN without one.
func (c Curve) Peak() (float64, time.Time) {
	best, at := math.NaN(), c.Start
	for i, r := range c.Rates {
		if !math.IsNaN(r) && !(r <= best) {
			best, at = r, c.Start.Add(time.Duration(i)*c.Step)
		}
	}
	return best, at
}

// Percentile returns the rate that a share of the known steps, 0 to 1, does not exceed: the
// nearest rank, so that it is a rate that was seen. NaN without a known step.
func (c Curve) Percentile(share float64) float64 {
	known := make([]float64, 0, len(c.Rates))
	for _, r := range c.Rates {
		if !math.IsNaN(r) {
			known = append(known, r)
		}
	}
	if len(known) == 0 {
		return math.NaN()
	}
	sort.Float64s(known)
	i := int(math.Ceil(share*float64(len(known)))) - 1
	return known[min(max(i, 0), len(known)-1)]
}

// Hours returns the curve by whole hours of UTC, each the mean of its known steps. An hour of
// which less than half is known is not known. A curve of longer steps stays as it is.
func (c Curve) Hours() Curve {
	if c.Step >= time.Hour || len(c.Rates) == 0 {
		return c
	}
	out := Curve{Start: c.Start.UTC().Truncate(time.Hour), Step: time.Hour}
	perHour := float64(time.Hour / c.Step)
	n := int(c.End().Sub(out.Start)/time.Hour) + 1
	sums, counts := make([]float64, n), make([]float64, n)
	for i, r := range c.Rates {
		if !math.IsNaN(r) {
			h := int(c.Start.Add(time.Duration(i)*c.Step).Sub(out.Start) / time.Hour)
			sums[h] += r
			counts[h]++
		}
	}
	for h := range sums {
		r := math.NaN()
		if counts[h] >= perHour/2 {
			r = sums[h] / counts[h]
		}
		out.Rates = append(out.Rates, r)
	}
	for len(out.Rates) > 0 && math.IsNaN(out.Rates[len(out.Rates)-1]) {
		out.Rates = out.Rates[:len(out.Rates)-1]
	}
	return out
}

// Sum adds curves of one step, step by step. Where one curve has no rate, the sum counts it as
// nothing: a kind of operation that did not happen in a minute has no point in it. A step that
// no curve knows stays unknown. Curves of another step than the first's are brought to hours.
func Sum(curves ...Curve) Curve {
	var used []Curve
	same := true
	for _, c := range curves {
		if len(c.Rates) > 0 {
			used = append(used, c)
			same = same && c.Step == used[0].Step
		}
	}
	if len(used) == 0 {
		return Curve{}
	}
	out := Curve{}
	for i, c := range used {
		if !same {
			c = c.Hours()
			used[i] = c
		}
		if out.Step == 0 || c.Start.Before(out.Start) {
			out.Start, out.Step = c.Start, c.Step
		}
	}
	for _, c := range used {
		offset := int(c.Start.Sub(out.Start) / out.Step)
		for len(out.Rates) < offset+len(c.Rates) {
			out.Rates = append(out.Rates, math.NaN())
		}
		for i, r := range c.Rates {
			switch at := &out.Rates[offset+i]; {
			case math.IsNaN(r):
			case math.IsNaN(*at):
				*at = r
			default:
				*at += r
			}
		}
	}
	return out
}
