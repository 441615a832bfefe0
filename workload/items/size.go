// Package items holds the distributions of item sizes and makes item bodies: deterministic
// printable text, the same for the same item and version, so that what is read can be checked.
package items

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// A Size is a distribution of item sizes in bytes.
type Size interface {
	// Draw returns a size in bytes.
	Draw(r *rand.PCG) uint64
	// Bounds returns the smallest and the largest size that Draw may return.
	Bounds() (low, high uint64)
}

type fixed uint64

// Fixed returns the distribution that always gives n bytes.
func Fixed(n uint64) Size { return fixed(n) }

func (f fixed) Draw(*rand.PCG) uint64    { return uint64(f) }
func (f fixed) Bounds() (uint64, uint64) { return uint64(f), uint64(f) }

type uniform struct{ low, high uint64 }

// Uniform returns the uniform distribution over [low, high] bytes.
func Uniform(low, high uint64) (Size, error) {
	if low > high {
		return nil, fmt.Errorf("uniform size from %d to %d bytes: the first must not be larger", low, high)
	}
	return uniform{low, high}, nil
}

func (u uniform) Draw(r *rand.PCG) uint64 {
	// The multiplication's bias is below 2^-40 for any size an item can have.
	span := float64(u.high - u.low + 1)
	return u.low + min(uint64(float(r)*span), u.high-u.low)
}
func (u uniform) Bounds() (uint64, uint64) { return u.low, u.high }

type lognormal struct {
	mu, sigma float64
	high      uint64
}

// z99 is the standard normal's 99th percentile.
const z99 = 2.3263478740408408

// Lognormal returns the lognormal distribution with the given median and 99th percentile,
// both before the cut at high; larger draws become high.
func Lognormal(median, p99, high uint64) (Size, error) {
	if median == 0 || p99 < median || high < median {
		return nil, fmt.Errorf("lognormal size with median %d, p99 %d, max %d bytes: expected 0 < median <= p99 and median <= max", median, p99, high)
	}
	return lognormal{math.Log(float64(median)), math.Log(float64(p99)/float64(median)) / z99, high}, nil
}

func (l lognormal) Draw(r *rand.PCG) uint64 {
	// Box and Muller, one of the two; 1-u keeps the logarithm's argument above 0.
	z := math.Sqrt(-2*math.Log(1-float(r))) * math.Cos(2*math.Pi*float(r))
	return min(max(uint64(math.Round(math.Exp(l.mu+l.sigma*z))), 1), l.high)
}
func (l lognormal) Bounds() (uint64, uint64) { return 1, l.high }

func float(r *rand.PCG) float64 { return float64(r.Uint64()>>11) * 0x1p-53 }
