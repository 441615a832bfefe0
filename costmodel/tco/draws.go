package tco

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

	"crossover/costmodel"
	"crossover/costmodel/aerospike"
	"crossover/costmodel/dynamodb"
	"crossover/costmodel/price"
)

// How the uncertainty is sampled: each assumption that has a range is drawn from it, evenly and
// independently of the others, and so is each price of less than high confidence that the
// cheapest offers rest on.
const (
	defaultDraws = 10_000
	drawsSeed    = 0x63726f7373
	// near is how much dearer than its system's cheapest an offer may be, at the values as they
	// are or with one assumption at an end of its range, to be priced in the draws too.
	near = 1.25
	// gridSteps is how finely an assumption is drawn whose every value needs auto scaling to be
	// simulated anew.
	gridSteps = 16
)

// A factor is something that is drawn: an assumption or a price.
type factor struct {
	name, title string
	knob        *knob
	doubt       *doubt
	low, high   float64 // of the knob, or 0 and 1 across the price's range
}

// factors lists what is drawn under the model's configuration.
func (m *model) factors(doubts []doubt) []factor {
	var out []factor
	for _, k := range knobs(m.cfg) {
		if low, high, ok := k.span(m.cfg); ok && k.set != nil && low < high {
			out = append(out, factor{name: k.name, title: k.title, knob: &k, low: low, high: high})
		}
	}
	for i := range doubts {
		out = append(out, factor{name: doubts[i].price.Key, title: "price of " + string(doubts[i].price.Confidence) + " confidence", doubt: &doubts[i], high: 1})
	}
	return out
}

// at returns the value a share x of the way through the range: by ratio for a knob that is drawn
// so, and on a grid where each value is costly.
func (f *factor) at(x float64) float64 {
	if f.knob == nil {
		return x
	}
	if f.knob.costly {
		x = math.Round(x*gridSteps) / gridSteps
	}
	if f.knob.logs && f.low > 0 {
		return f.low * math.Pow(f.high/f.low, x)
	}
	return f.low + (f.high-f.low)*x
}

// apply sets the factor's value in a configuration or on a book.
func (f *factor) apply(c *costmodel.Config, book *price.Book, value float64) *price.Book {
	if f.knob != nil {
		f.knob.set(c, value)
		return book
	}
	return book.With(f.doubt.at(value))
}

// A sample is what the draws showed, draw by draw.
type sample struct {
	factors          []factor
	values           [][]float64 // by factor
	dynamodb, aero   []float64   // USD over the horizon; NaN where none could be priced
	won, unpriced    int
	savings          []float64 // USD, of the draws in which both could be priced, sorted
	shares           []float64 // the same as a share of DynamoDB's cost, sorted
	low, high, saved []float64 // saving with one factor at an end; NaN where none could be priced; saved is the base
}

// sample prices the draws, on every core. The result does not depend on how many there are.
func (m *model) sample(ctx context.Context, doubts []doubt) (*sample, error) {
	s := &sample{factors: m.factors(doubts), dynamodb: make([]float64, m.draws), aero: make([]float64, m.draws)}
	keep := m.reach(s)
	for range s.factors {
		s.values = append(s.values, make([]float64, m.draws))
	}
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < m.draws && ctx.Err() == nil; i += workers {
				m.draw(s, i, keep)
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for i, d := range s.dynamodb {
		a := s.aero[i]
		switch {
		case math.IsNaN(a):
			s.unpriced++
		case math.IsNaN(d) || a < d:
			s.won++
		}
		if x := d - a; !math.IsNaN(x) {
			s.savings, s.shares = append(s.savings, x), append(s.shares, x/d)
		}
	}
	slices.Sort(s.savings)
	slices.Sort(s.shares)
	return s, nil
}

// draw prices one draw. Its random numbers are its own, whoever draws it.
func (m *model) draw(s *sample, i int, keep map[string]bool) {
	source := rand.New(rand.NewPCG(drawsSeed, uint64(i)))
	c, book := *m.cfg, m.book
	for k := range s.factors {
		f := &s.factors[k]
		s.values[k][i] = f.at(source.Float64())
		book = f.apply(&c, book, s.values[k][i])
	}
	s.dynamodb[i], s.aero[i] = totals(m.among(book, m.portfolio(&c, 1), keep))
}

// totals are the cheapest offers' costs over the horizon in USD; NaN for a system without one.
func totals(at map[string]pick) (dynamo, aero float64) {
	dynamo, aero = math.NaN(), math.NaN()
	if d, ok := at[dynamodb.System]; ok {
		dynamo = d.total.USD()
	}
	if a, ok := at[aerospike.System]; ok {
		aero = a.total.USD()
	}
	return dynamo, aero
}

// reach prices every offer with all assumptions as they are, and with each at either end of its
// range, and returns the names of those that come near to being the cheapest of their system in
// any. It notes what each end does to the saving.
func (m *model) reach(s *sample) map[string]bool {
	keep := map[string]bool{}
	look := func(c *costmodel.Config, book *price.Book) float64 {
		p := m.portfolio(c, 1)
		cost := map[string]costmodel.Cents{}
		of := map[string]string{}
		least := map[string]costmodel.Cents{}
		first, leastFirst := map[string]costmodel.Cents{}, costmodel.Cents(math.MaxInt64)
		for _, o := range candidates(book, p.Config) {
			all, _, ok := o.Sums(p)
			if !ok {
				continue
			}
			name, system := o.Name(), o.System()
			cost[name], of[name] = sum(all), system
			if l, ok := least[system]; !ok || cost[name] < l {
				least[system] = cost[name]
			}
			if d, ok := o.(*dynamodb.Offer); ok && !d.Committed() {
				// While both run, the cheapest of these is paid.
				first[name] = doubleCost(all, p)
				leastFirst = min(leastFirst, first[name])
			}
		}
		for name, x := range cost {
			y, uncommitted := first[name]
			keep[name] = keep[name] || float64(x) <= near*float64(least[of[name]]) || uncommitted && float64(y) <= near*float64(leastFirst)
		}
		d, a := totals(m.among(book, p, keep))
		return d - a
	}
	s.saved = []float64{look(m.cfg, m.book)}
	for i := range s.factors {
		f := &s.factors[i]
		ends := [2]float64{}
		for e, x := range []float64{0, 1} {
			c := *m.cfg
			ends[e] = look(&c, f.apply(&c, m.book, f.at(x)))
		}
		s.low, s.high = append(s.low, ends[0]), append(s.high, ends[1])
	}
	return keep
}

// quantile returns the value below which a share q of a sorted list lies; 0 for an empty one.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
