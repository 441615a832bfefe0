package tco

import (
	"github.com/shopspring/decimal"

	"crossover/costmodel"
	"crossover/costmodel/price"
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
