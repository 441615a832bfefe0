package keys

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
)

// A likeYCSB is YCSB's approximation of a zipfian (site.ycsb.generator.ZipfianGenerator, after
// the procedure zipf of Gray et al., SIGMOD 1994). It is not the distribution that it is named
// after: at a thousand items and theta 0.99 a chi-square test rejects it, its third rank being
// 17% too popular. It is here for those who must reproduce figures made with it.
type likeYCSB struct {
	theta     float64
	alpha     float64 // 1 / (1-theta)
	zeta2     float64 // 1 + 2^-theta
	scrambled bool
	constants atomic.Pointer[ycsbConstants]
}

type ycsbConstants struct {
	n          uint64
	zetaN, eta float64
}

// YCSB's scrambled form draws among this many ranks whatever the number of items, with this sum
// of their weights at theta 0.99 (site.ycsb.generator.ScrambledZipfianGenerator), and hashes
// the rank to an item. So the hottest key gets 1/26.47 = 3.8% of the operations whatever the
// number of items is (theta 0.99 over a million items means 6.5%), and items share a place or
// have none.
const (
	ycsbScrambledItems = 10_000_000_000
	ycsbScrambledZeta  = 26.46902820178302
	ycsbTheta          = 0.99
)

// NewLikeYCSB returns YCSB's approximation with exponent theta, from 0 to below 1; scrambled is
// its ScrambledZipfianGenerator, which YCSB has for theta 0.99 only.
func NewLikeYCSB(theta float64, scrambled bool) (Dist, error) {
	if !(theta >= 0 && theta < 1) {
		return nil, fmt.Errorf("YCSB's zipfian has theta 0 to below 1, found %v", theta)
	}
	if scrambled && theta != ycsbTheta {
		return nil, fmt.Errorf("YCSB's scrambled zipfian has theta %v, found %v", ycsbTheta, theta)
	}
	return &likeYCSB{theta: theta, alpha: 1 / (1 - theta), zeta2: 1 + math.Pow(0.5, theta), scrambled: scrambled}, nil
}

// prepare computes the constants for n items. YCSB sums n powers; this does not, to 12 digits.
func (y *likeYCSB) prepare(n uint64) *ycsbConstants {
	c := &ycsbConstants{n: n, zetaN: zeta(float64(n), y.theta)}
	if n == ycsbScrambledItems && y.scrambled {
		c.zetaN = ycsbScrambledZeta
	}
	c.eta = (1 - math.Pow(2/float64(n), 1-y.theta)) / (1 - y.zeta2/c.zetaN)
	y.constants.Store(c)
	return c
}

// Pick returns YCSB's rank, or, scrambled, the item that its hash of the rank gives.
func (y *likeYCSB) Pick(r *rand.PCG, _, n uint64) uint64 {
	ranks := n
	if y.scrambled {
		ranks = ycsbScrambledItems
	}
	c := y.constants.Load()
	if c == nil || c.n != ranks {
		c = y.prepare(ranks)
	}
	u := float(r)
	var rank uint64
	switch uz := u * c.zetaN; {
	case uz < 1 || ranks == 1:
	case uz < y.zeta2 || ranks == 2:
		rank = 1
	default:
		rank = min(uint64(float64(ranks)*math.Pow(c.eta*u-c.eta+1, y.alpha)), ranks-1)
	}
	if y.scrambled {
		return fnv64(rank) % n
	}
	return rank
}

// fnv64 is site.ycsb.Utils.fnvhash64: FNV-1 by the bytes of x, lowest first, with xor before
// the product, and its sign taken away.
func fnv64(x uint64) uint64 {
	h := uint64(0xcbf29ce484222325)
	for range 8 {
		h ^= x & 0xff
		h *= 1099511628211
		x >>= 8
	}
	if int64(h) < 0 {
		h = -h
	}
	return h
}

// zeta returns the sum of k^-s for k from 1 to n: exactly up to a thousand, and beyond by the
// formula of Euler and Maclaurin, whose remainder is then below 1e-12 of the sum.
func zeta(n, s float64) float64 {
	const exact = 1000
	sum := 0.0
	for k := min(n, exact); k >= 1; k-- {
		sum += math.Pow(k, -s)
	}
	if n <= exact {
		return sum
	}
	integral := math.Log(n / exact)
	if s != 1 {
		integral = (math.Pow(n, 1-s) - math.Pow(exact, 1-s)) / (1 - s)
	}
	return sum + integral + (math.Pow(n, -s)-math.Pow(exact, -s))/2 +
		s/12*(math.Pow(exact, -s-1)-math.Pow(n, -s-1))
}

var _ Dist = (*likeYCSB)(nil)
