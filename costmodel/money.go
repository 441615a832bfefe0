package costmodel

import (
	"math"

	"github.com/shopspring/decimal"
)

// Cents is an amount of money in hundredths of a US dollar.
type Cents int64

// USD returns the amount in US dollars, as near as a float comes.
func (c Cents) USD() float64 { return float64(c) / 100 }

// A Rate is a unit price: an exact decimal, with its nearest float beside it.
type Rate struct {
	exact decimal.Decimal
	near  float64
}

// NewRate returns a unit price in US dollars.
func NewRate(d decimal.Decimal) Rate { return Rate{d, d.InexactFloat64()} }

// Times returns the price of a quantity, rounded to the cent, halves away from zero. The
// product is taken in floating point and trusted only where its error cannot change the
// rounding; otherwise it is taken exactly. The result is always that of exact arithmetic.
func (r Rate) Times(quantity float64) Cents {
	x := r.near * quantity * 100
	whole := math.Floor(x)
	// Three roundings, each of half a unit in the last place, bound the error by 2^-51 of x.
	doubt := math.Abs(x)*0x1p-50 + 1e-9
	if off := x - whole; math.Abs(off-0.5) > doubt && math.Abs(x) < 1e15 {
		return Cents(math.Round(x))
	}
	return Cents(r.exact.Mul(decimal.NewFromFloat(quantity)).Mul(decimal.NewFromInt(100)).Round(0).IntPart())
}
