package tco

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/shopspring/decimal"

	"crossover/costmodel"
	"crossover/costmodel/aerospike"
	"crossover/costmodel/dynamodb"
	"crossover/costmodel/price"
)

// How the uncertainty is sampled: each assumption that has a range is drawn from it, evenly and
// independently of the others, and so is each price of less than high confidence that the
// cheapest offers rest on.
const (
	draws     = 400
	drawsSeed = 0x63726f7373
)

// A doubt is a price of low or medium confidence with its plausible range.
type doubt struct {
	price     price.Price
	low, high decimal.Decimal
}

// doubts lists the doubtful prices that the offers within reach of being cheapest rest on: those
// of both systems that cost at most half as much again as their system's cheapest.
func (m *model) doubts(r *Result, p *costmodel.Portfolio) []doubt {
	var out []doubt
	seen := map[string]bool{}
	near := map[string]bool{}
	for _, o := range r.Offers {
		if b := best(r, o.System); b != nil && o.Status == statusPriced && o.Total.Value <= 1.5*b.Total.Value {
			near[o.Name] = true
		}
	}
	for _, o := range candidates(m.book, p.Config) {
		if !near[o.Name()] {
			continue
		}
		for _, key := range o.Price(p).LowConfidence {
			pr, ok := m.book.Find(p.Region, key)
			if !ok || seen[key] {
				continue
			}
			seen[key] = true
			spread := decimal.NewFromFloat(pr.Confidence.Spread())
			one := decimal.NewFromInt(1)
			out = append(out, doubt{pr, pr.Value.Mul(one.Sub(spread)), pr.Value.Mul(one.Add(spread))})
		}
	}
	return out
}

// at returns the price somewhere in its range; x is from 0 to 1.
func (d doubt) at(x float64) price.Price {
	p := d.price
	p.Value = d.low.Add(d.high.Sub(d.low).Mul(decimal.NewFromFloat(x)))
	return p
}

// A chance is what the draws showed.
type chance struct {
	aerospike float64 // share of draws in which Aerospike is cheaper
	unpriced  float64 // share of draws in which no Aerospike offer could be priced
	low, high float64 // 5th and 95th percentile of its saving, as a share of DynamoDB's cost
}

// sample draws the assumptions and prices, and counts how often Aerospike is cheaper. A draw in
// which no Aerospike offer can be priced counts for DynamoDB.
func (m *model) sample(ctx context.Context, doubts []doubt) (chance, error) {
	source := rand.New(rand.NewPCG(drawsSeed, draws))
	list := knobs(m.cfg)
	won, unpriced := 0, 0
	var savings []float64
	for range draws {
		if err := ctx.Err(); err != nil {
			return chance{}, err
		}
		c := *m.cfg
		for _, k := range list {
			low, high, ok := k.span(m.cfg)
			if !ok || k.set == nil {
				continue
			}
			x := source.Float64()
			if k.logs && low > 0 {
				k.set(&c, low*math.Pow(high/low, x))
			} else {
				k.set(&c, low+(high-low)*x)
			}
		}
		book := m.book
		for _, d := range doubts {
			book = book.With(d.at(source.Float64()))
		}
		at := m.cheapest(book, m.portfolio(&c, 1))
		if winner(at) == aerospike.System {
			won++
		}
		if _, ok := at[aerospike.System]; !ok {
			unpriced++
		}
		if share, ok := savingShare(at); ok {
			savings = append(savings, share)
		}
	}
	out := chance{aerospike: float64(won) / draws, unpriced: float64(unpriced) / draws}
	out.low, out.high = quantile(savings, 0.05), quantile(savings, 0.95)
	return out, nil
}

// savingShare is what Aerospike saves as a share of DynamoDB's cost, negative when it costs more.
func savingShare(at map[string]pick) (float64, bool) {
	d, okD := at[dynamodb.System]
	a, okA := at[aerospike.System]
	if !okD || !okA || d.total == 0 {
		return 0, false
	}
	return float64(d.total-a.total) / float64(d.total), true
}

// flips lists the doubtful prices that, anywhere in their own range with all else as it is,
// make another system the cheapest.
func (m *model) flips(p *costmodel.Portfolio, doubts []doubt) []doubt {
	now := winner(m.cheapest(m.book, p))
	var out []doubt
	for _, d := range doubts {
		for _, x := range []float64{0, 1} {
			if winner(m.cheapest(m.book.With(d.at(x)), p)) != now {
				out = append(out, d)
				break
			}
		}
	}
	return out
}

// quantile returns the value below which a share q of the list lies; 0 for an empty one.
func quantile(list []float64, q float64) float64 {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
