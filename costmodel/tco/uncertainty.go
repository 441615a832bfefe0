package tco

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"crossover/costmodel/aerospike"
	"crossover/costmodel/dynamodb"
	"crossover/results/figure"
)

// An Uncertainty is what the assumptions' ranges do to the answer.
type Uncertainty struct {
	Draws       int               `json:"draws"`
	Note        string            `json:"note"`
	Saving      *Spread           `json:"saving,omitempty"` // with Aerospike, over the horizon, before people's soft lines are left out
	Systems     map[string]Spread `json:"systems"`          // what each system's cheapest offer costs over the horizon
	Tornado     []Bar             `json:"tornado"`          // widest first
	Information []Named           `json:"information"`      // what knowing an assumption exactly would be worth, most first
}

// A Spread is percentiles of the draws.
type Spread struct {
	P10 figure.Figure `json:"p10"`
	P50 figure.Figure `json:"p50"`
	P90 figure.Figure `json:"p90"`
}

// A Bar is what one assumption does to the saving when it goes to either end of its range and
// all others stay.
type Bar struct {
	Name      string         `json:"name"`
	Title     string         `json:"title"`
	Low       figure.Figure  `json:"low"`  // the assumption's lower end
	High      figure.Figure  `json:"high"` // and its upper
	AtLow     *figure.Figure `json:"saving_at_low,omitempty"`
	AtHigh    *figure.Figure `json:"saving_at_high,omitempty"` // nil where a system could not be priced
	ChangesIt bool           `json:"changes_the_cheaper_system"`
}

// chance is the share of draws in which Aerospike is cheaper. A draw in which no Aerospike offer
// can be priced counts for DynamoDB.
func (s *sample) chance() float64 { return float64(s.won) / float64(len(s.aero)) }

// without is the share of draws in which no Aerospike offer could be priced.
func (s *sample) without() float64 { return float64(s.unpriced) / float64(len(s.aero)) }

const drawsSource = "seeded draws of the assumptions within their plausible ranges"

func (m *model) uncertainty(s *sample) *Uncertainty {
	u := &Uncertainty{Draws: m.draws, Systems: map[string]Spread{}, Tornado: []Bar{}, Information: []Named{}}
	u.Note = english.Sprintf("%d draws with a fixed seed. Each assumption is drawn within its range independently of the others, evenly or, where its range is a ratio, evenly by ratio. Ranges are the scenario's (cost.ranges) or this tool's own judgement. In the draws an offer is priced that costs at most %.0f %% more than its system's cheapest with the assumptions as they are or with any one of them at an end of its range.", m.draws, 100*(near-1))
	if len(s.savings) > 0 {
		saving := spread(s.savings, "USD")
		u.Saving = &saving
	}
	for system, list := range map[string][]float64{dynamodb.System: s.dynamodb, aerospike.System: s.aero} {
		sorted := slices.DeleteFunc(slices.Clone(list), math.IsNaN)
		slices.Sort(sorted)
		if len(sorted) > 0 {
			u.Systems[system] = spread(sorted, "USD")
		}
	}
	for i := range s.factors {
		u.Tornado = append(u.Tornado, m.bar(s, i))
	}
	slices.SortStableFunc(u.Tornado, func(a, b Bar) int { return cmp.Compare(b.width(s.saved[0]), a.width(s.saved[0])) })
	u.Information = s.information()
	return u
}

func spread(sorted []float64, unit string) Spread {
	at := func(q float64) figure.Figure {
		return figure.New(cents(quantile(sorted, q)), unit, figure.Modelled, english.Sprintf("%.0f %% of %d %s lie below", 100*q, len(sorted), drawsSource))
	}
	return Spread{at(0.1), at(0.5), at(0.9)}
}

// width is how far the bar reaches from the saving as it is.
func (b *Bar) width(saving float64) float64 {
	w := 0.0
	for _, f := range []*figure.Figure{b.AtLow, b.AtHigh} {
		if f == nil {
			return math.Inf(1)
		}
		w = max(w, math.Abs(f.Value-saving))
	}
	return w
}

func (m *model) bar(s *sample, i int) Bar {
	f := &s.factors[i]
	b := Bar{Name: f.name, Title: f.title}
	unit, source := "", "range of cost."+f.name
	end := func(x float64) float64 { return f.at(x) }
	if f.knob != nil {
		unit = f.knob.unit
	} else {
		unit, source = f.doubt.price.Figure().Unit, "range of a price of "+string(f.doubt.price.Confidence)+" confidence"
		end = func(x float64) float64 { return f.doubt.at(x).Value.InexactFloat64() }
	}
	b.Low = figure.New(end(0), unit, figure.Assumed, source)
	b.High = figure.New(end(1), unit, figure.Assumed, source)
	saving := func(v float64, at string) *figure.Figure {
		b.ChangesIt = b.ChangesIt || math.IsNaN(v) || (v > 0) != (s.saved[0] > 0)
		if math.IsNaN(v) {
			return nil
		}
		x := figure.New(cents(v), "USD", figure.Assumed, fmt.Sprintf("saving over the horizon with %s at the %s end of its range and all else as it is", f.name, at))
		return &x
	}
	b.AtLow, b.AtHigh = saving(s.low[i], "lower"), saving(s.high[i], "upper")
	return b
}

// bins is how many equal parts an assumption's draws are cut into to find what knowing it is
// worth.
const bins = 20

// information returns what it would be worth to know each assumption exactly before deciding:
// the expected value of partial perfect information. Within each part of an assumption's
// draws the better decision is taken by the part's mean saving; what that gains over the one
// decision that is best for all draws is the value. Draws without an Aerospike offer that can be
// priced count as a saving of nothing: one stays. The many parts make a worthless assumption
// look worth a little; what is less than one draw in bins would give by chance is left out.
func (s *sample) information() []Named {
	draws := len(s.aero)
	saving := make([]float64, draws)
	mean, square := 0.0, 0.0
	for i := range saving {
		if v := s.dynamodb[i] - s.aero[i]; !math.IsNaN(v) {
			saving[i] = v
		}
		mean += saving[i] / float64(draws)
	}
	for _, v := range saving {
		square += (v - mean) * (v - mean) / float64(draws)
	}
	noise := math.Sqrt(square * bins / float64(draws))
	now := max(mean, 0)
	var out []Named
	order := make([]int, draws)
	for k := range s.factors {
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.values[k][a], s.values[k][b]) })
		worth := 0.0
		for b := range bins {
			part := 0.0
			list := order[b*draws/bins : (b+1)*draws/bins]
			for _, i := range list {
				part += saving[i] / float64(len(list))
			}
			worth += max(part, 0) / bins
		}
		if worth -= now; worth > noise/bins {
			f := figure.New(cents(worth), "USD", figure.Modelled, fmt.Sprintf("expected value of knowing it exactly, from %d %s in %d parts", draws, drawsSource, bins))
			out = append(out, Named{Name: s.factors[k].name, Title: s.factors[k].title, Figure: f})
		}
	}
	slices.SortStableFunc(out, func(a, b Named) int { return cmp.Compare(b.Figure.Value, a.Figure.Value) })
	return out
}
