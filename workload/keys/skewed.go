package keys

import (
	"fmt"
	"math"
	"math/rand/v2"
)

type exponential struct {
	lambda float64
	mass   float64 // 1 - e^-lambda: the untruncated distribution's mass below 1
}

// NewExponential returns the distribution whose popularity falls by the same factor from each
// item to the next: exponential over the data set, cut at its end, such that the first
// itemsShare of the items gets opsShare of the operations, 0 < itemsShare < opsShare < 1.
func NewExponential(itemsShare, opsShare float64) (Dist, error) {
	if !(itemsShare > 0 && itemsShare < opsShare && opsShare < 1) {
		return nil, fmt.Errorf("exponential: %v of the operations on the first %v of the items, expected 0 < items < operations < 1",
			opsShare, itemsShare)
	}
	below := func(lambda float64) float64 { return math.Expm1(-lambda*itemsShare) / math.Expm1(-lambda) }
	low, high := 0.0, 1.0
	for below(high) < opsShare {
		if high *= 2; high > maxLambda {
			return nil, fmt.Errorf("exponential: %v of the operations on the first %v of the items is steeper than numbers hold", opsShare, itemsShare)
		}
	}
	for range 200 { // until the bounds are neighbouring numbers
		if mid := low + (high-low)/2; below(mid) < opsShare {
			low = mid
		} else {
			high = mid
		}
	}
	return exponential{high, -math.Expm1(-high)}, nil
}

// maxLambda keeps the tenth of an item in MaxItems apart from 0 in double precision.
const maxLambda = 1e13

// Pick inverts the distribution function: item k has the mass F((k+1)/n) - F(k/n).
func (e exponential) Pick(r *rand.PCG, _, n uint64) uint64 {
	x := -math.Log1p(-float(r)*e.mass) / e.lambda
	return min(uint64(x*float64(n)), n-1)
}

type selfSimilar struct{ exponent float64 }

// NewSelfSimilar returns the distribution in which the first h of the items get 1-h of the
// operations, and so within those, and so on: h = 0.2 is the rule of 80 and 20 (Gray,
// Sundaresan, Englert, Baclawski and Weinberger, "Quickly generating billion-record synthetic
// databases", SIGMOD 1994, section 3.2). h lies above 0 and up to 0.5, which is uniform.
func NewSelfSimilar(h float64) (Dist, error) {
	if !(h > 0 && h <= 0.5) {
		return nil, fmt.Errorf("self-similar h %v, expected more than 0 and at most 0.5", h)
	}
	return selfSimilar{math.Log(h) / math.Log1p(-h)}, nil
}

// Pick returns n·u^(log h / log(1-h)), whole.
func (s selfSimilar) Pick(r *rand.PCG, _, n uint64) uint64 {
	return min(uint64(float64(n)*math.Pow(float(r), s.exponent)), n-1)
}

var (
	_ Dist = exponential{}
	_ Dist = selfSimilar{}
)
