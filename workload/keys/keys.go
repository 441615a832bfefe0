// Package keys holds the distributions by which a scenario chooses items. A distribution maps
// random bits to an item number in [0, n); it keeps no state that depends on the draws before,
// so that operation i's item is a function of i alone.
package keys

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
)

// MaxItems is the largest data set that the distributions are exact for.
const MaxItems = 1_000_000_000_000

// A Dist chooses items. It is not safe for concurrent use: some keep what they worked out for the
// number of items last asked for.
type Dist interface {
	// Pick returns an item in [0, n), 1 <= n <= MaxItems, for operation i.
	Pick(r *rand.PCG, i, n uint64) uint64
}

// uint64n returns a uniform number in [0, n) (Lemire's multiplication with rejection, ACM
// TOMACS 29(1), 2019: exact, and without a division in almost every draw).
func uint64n(r *rand.PCG, n uint64) uint64 {
	hi, lo := bits.Mul64(r.Uint64(), n)
	if lo < n {
		for threshold := -n % n; lo < threshold; {
			hi, lo = bits.Mul64(r.Uint64(), n)
		}
	}
	return hi
}

// float64 returns a uniform number in [0, 1) with 53 random bits.
func float(r *rand.PCG) float64 { return float64(r.Uint64()>>11) * 0x1p-53 }

type uniform struct{}

// NewUniform returns the uniform distribution.
func NewUniform() Dist { return uniform{} }

// Pick returns each item with the same probability.
func (uniform) Pick(r *rand.PCG, _, n uint64) uint64 { return uint64n(r, n) }

type sequential struct{}

// NewSequential returns the distribution that walks the items in order, over and over.
func NewSequential() Dist { return sequential{} }

// Pick returns i modulo n.
func (sequential) Pick(_ *rand.PCG, i, n uint64) uint64 { return i % n }

type hotspot struct{ items, share float64 }

// NewHotspot sends opsShare of the operations to the first itemsShare of the items, and the
// rest to the others; both shares lie strictly between 0 and 1.
func NewHotspot(itemsShare, opsShare float64) (Dist, error) {
	for _, v := range []float64{itemsShare, opsShare} {
		if !(v > 0 && v < 1) {
			return nil, fmt.Errorf("hotspot share %v, expected more than 0 and less than 1", v)
		}
	}
	return hotspot{itemsShare, opsShare}, nil
}

// Pick returns an item of the hot set with the given share; each set is uniform within.
func (h hotspot) Pick(r *rand.PCG, _, n uint64) uint64 {
	// 7% of 100 is a little more than 7 in binary, and still 7 items.
	hot := uint64(math.Ceil(h.items * float64(n) * (1 - 1e-12)))
	if hot >= n || float(r) < h.share {
		return uint64n(r, hot)
	}
	return hot + uint64n(r, n-hot)
}

type latest struct{ zipf *Zipfian }

// NewLatest returns the distribution by age: item n-1 is the newest and the most popular, and
// popularity falls as rank^-theta, theta >= 0.
func NewLatest(theta float64) (Dist, error) {
	z, err := NewZipfian(theta)
	if err != nil {
		return nil, err
	}
	return latest{z}, nil
}

// Pick returns n-1 minus a zipfian rank.
func (l latest) Pick(r *rand.PCG, i, n uint64) uint64 { return n - 1 - l.zipf.Pick(r, i, n) }
