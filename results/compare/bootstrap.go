package compare

import (
	"math"
	"math/rand/v2"

	"github.com/cespare/xxhash/v2"
)

const (
	seed      = 20260101 // of every resampling: the same runs give the same figures
	resamples = 400      // of a block bootstrap; a standard error from 400 is itself good to 4 %
)

// source returns a random source of its own for what name stands for, so that no result
// depends on what was computed before it.
func source(name string) *rand.Rand { return rand.New(rand.NewPCG(seed, xxhash.Sum64String(name))) }

// blockError is the standard error of sum(num)/sum(den) over a run's cells, by the moving-block
// bootstrap (Künsch, The Jackknife and the Bootstrap for General Stationary Observations, Annals
// of Statistics 17, 1989): cells are drawn in blocks of neighbours, so that what correlates
// them stays in the resample. Blocks are drawn within their own segment, which ends hold the
// ends of: that one phase of a scenario asks for more than another is no noise. It is 0 where
// there are fewer than four cells to draw from.
func blockError(name string, num, den []float64, ends []int) float64 {
	n := len(num)
	ratio, ok := ratioOf(num, den)
	if n < 4 || !ok {
		return 0
	}
	length := blockLength(num, den, ends)
	rng := source(name)
	var sum, squares, drawn float64
	for range resamples {
		var x, y float64
		begin := 0
		for _, end := range ends {
			size := min(length, end-begin)
			for left := end - begin; left > 0; left -= size {
				from := begin + rng.IntN(end-begin-size+1)
				for i := from; i < from+min(size, left); i++ {
					x += num[i]
					y += den[i]
				}
			}
			begin = end
		}
		if y > 0 {
			d := x/y - ratio // around the ratio, where squares lose nothing to cancellation
			sum += d
			squares += d * d
			drawn++
		}
	}
	if drawn < 2 {
		return 0
	}
	return math.Sqrt(max(0, (squares-sum*sum/drawn)/(drawn-1)))
}

func ratioOf(num, den []float64) (float64, bool) {
	var x, y float64
	for i := range num {
		x += num[i]
		y += den[i]
	}
	if y == 0 {
		return 0, false
	}
	return x / y, true
}

// blockLength is the larger of n^(1/3), the order that is best for a variance (Hall, Horowitz
// and Jing, On Blocking Rules for the Bootstrap with Dependent Data, Biometrika 82, 1995), and
// Carlstein's optimum for a first-order autoregression of the correlation that the cells show
// (Annals of Statistics 14, 1986); at most a third of the longest segment.
func blockLength(num, den []float64, ends []int) int {
	var c0, c1, longest float64
	begin := 0
	for _, end := range ends {
		ratio, _ := ratioOf(num[begin:end], den[begin:end])
		previous := 0.0
		for i := begin; i < end; i++ {
			e := num[i] - ratio*den[i]
			c0 += e * e
			c1 += e * previous
			previous = e
		}
		longest = max(longest, float64(end-begin))
		begin = end
	}
	order := math.Cbrt(longest)
	length := order
	if c0 > 0 {
		rho := min(max(c1/c0, 0), 0.95)
		length = max(length, math.Pow(2*rho/(1-rho*rho), 2.0/3)*order)
	}
	return max(1, min(int(math.Ceil(length)), int(longest)/3))
}
