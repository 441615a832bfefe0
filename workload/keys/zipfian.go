package keys

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// A Zipfian gives rank k (from 1) the probability k^-theta / sum of j^-theta, exactly, for any
// theta >= 0, by rejection-inversion (W. Hörmann and G. Derflinger, "Rejection-inversion to
// generate variates from monotone discrete distributions", ACM TOMACS 6(3), 1996). Start and
// memory are constant whatever the number of items.
type Zipfian struct {
	theta float64
	hX1   float64 // H(1.5) - 1
	cut   float64 // values within it of their rank are accepted at once
	// For the n last asked for. A growing key space replaces them rarely enough that working them
	// out anew (under a microsecond) does not matter.
	n  uint64
	hN float64 // H(n + 0.5)
}

// maxTheta bounds theta: beyond it the first item has all but 2^-50 of the probability.
const maxTheta = 50

// NewZipfian returns the distribution with exponent theta, 0 to 50.
func NewZipfian(theta float64) (*Zipfian, error) {
	if !(theta >= 0 && theta <= maxTheta) {
		return nil, fmt.Errorf("zipfian theta %v, expected 0 to %d", theta, maxTheta)
	}
	z := &Zipfian{theta: theta}
	z.hX1 = z.h(1.5) - 1
	z.cut = 2 - z.inverse(z.h(2.5)-z.density(2))
	return z, nil
}

// h is the density's integral: H(x) = (x^(1-theta) - 1) / (1-theta), or ln x at theta 1,
// computed so that it stays exact as theta nears 1.
func (z *Zipfian) h(x float64) float64 {
	logX := math.Log(x)
	return expm1Over((1-z.theta)*logX) * logX
}

// inverse undoes h.
func (z *Zipfian) inverse(x float64) float64 {
	t := max(x*(1-z.theta), -1) // rounding may take it a little below
	return math.Exp(log1pOver(t) * x)
}

// expm1Over returns (e^x - 1) / x.
func expm1Over(x float64) float64 {
	if math.Abs(x) > 1e-8 {
		return math.Expm1(x) / x
	}
	return 1 + x/2*(1+x/3*(1+x/4))
}

// log1pOver returns ln(1 + x) / x.
func log1pOver(x float64) float64 {
	if math.Abs(x) > 1e-8 {
		return math.Log1p(x) / x
	}
	return 1 - x*(0.5-x*(1.0/3-x/4))
}

func (z *Zipfian) density(x float64) float64 { return math.Exp(-z.theta * math.Log(x)) }

// Pick returns a rank from 0, the most popular.
func (z *Zipfian) Pick(r *rand.PCG, _, n uint64) uint64 {
	if z.n != n {
		z.n, z.hN = n, z.h(float64(n)+0.5)
	}
	for {
		u := z.hN + float(r)*(z.hX1-z.hN)
		x := z.inverse(u)
		k := math.Floor(x + 0.5)
		// Comparisons: the built-in min and max look for NaN and signed zeroes, too.
		if k < 1 {
			k = 1
		} else if last := float64(n); k > last {
			k = last
		}
		if k-x <= z.cut || u >= z.h(k+0.5)-z.density(k) {
			return uint64(k) - 1
		}
	}
}

var (
	_ Dist = (*Zipfian)(nil)
	_ Dist = latest{}
	_ Dist = hotspot{}
	_ Dist = uniform{}
	_ Dist = sequential{}
)
