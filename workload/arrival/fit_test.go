package arrival

import (
	"math"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// fitCells is how many cells, of the same probability, the draws of a seed are counted in.
const fitCells = 100

// fitFamily is how many p-values TestArrivalsFit looks at: of each process twenty seeds and all
// of them pooled, and the control.
const fitFamily = 6 * (seeds + 1)

// uniformity returns the smallest p-value of twenty seeds, and of all of them pooled, that
// values of a distribution's own function are uniform on [0, 1) (Pearson's chi-square).
func uniformity(draw func(seed uint64, value func(u float64))) float64 {
	pValue := func(counts []float64) float64 {
		total := 0.0
		for _, n := range counts {
			total += n
		}
		expected := make([]float64, fitCells)
		for i := range expected {
			expected[i] = total / fitCells
		}
		return distuv.ChiSquared{K: fitCells - 1}.Survival(stat.ChiSquare(counts, expected))
	}
	smallest, pooled := 1.0, make([]float64, fitCells)
	for seed := range uint64(seeds) {
		counts := make([]float64, fitCells)
		draw(seed, func(u float64) { counts[min(max(int(u*fitCells), 0), fitCells-1)]++ })
		for i, n := range counts {
			pooled[i] += n
		}
		smallest = min(smallest, pValue(counts))
	}
	return min(smallest, pValue(pooled))
}

// gaps gives the gaps of a phase of one rate to value, by their distribution's own function: a
// block's points are uniform on its span, so that a gap, as a share of it, is Beta(1, blockLen).
// place turns a time in seconds into what it would be without bursts.
func gaps(p *Plan, place func(at float64) float64, value func(u float64)) {
	last := 0.0
	for i := range p.Len() {
		at, _ := p.Due(i)
		here := place(at.Seconds())
		if i%blockLen != 0 {
			value(1 - math.Exp(blockLen*math.Log1p(-min(max(here-last, 0), 1))))
		}
		last = here
	}
}

// Every process whose times are chance has the gaps that it should: ten million each.
func TestArrivalsFit(t *testing.T) {
	length := time.Duration(drawsPerSeed) * time.Second / blockLen
	phase := Phase{For: length, From: blockLen, To: blockLen}
	plain := func(at float64) float64 { return at }
	for name, draw := range map[string]func(seed uint64, value func(u float64)){
		"poisson": func(seed uint64, value func(float64)) { gaps(mustNew(t, Poisson, seed, phase), plain, value) },
		"bursty": func(seed uint64, value func(float64)) {
			p := mustMake(t, bursty, seed, phase)
			gaps(p, func(at float64) float64 { return p.even(0, at) }, value)
		},
		"self-similar": func(seed uint64, value func(float64)) {
			p := mustMake(t, selfish, seed, phase)
			gaps(p, func(at float64) float64 { return p.even(0, at) }, value)
		},
		"think times": func(seed uint64, value func(float64)) {
			for i := range uint64(drawsPerSeed) {
				value(1 - math.Exp(-Think(10*time.Millisecond, seed, i).Seconds()/0.01))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if v := uniformity(draw); v < significance/fitFamily {
				t.Errorf("p = %.3g, below %.3g: the gaps are not those of the process", v, significance/fitFamily)
			}
		})
	}
	t.Run("control", func(t *testing.T) {
		t.Parallel()
		// A rate that is three percent off must not pass, whatever the number of draws.
		v := uniformity(func(seed uint64, value func(float64)) {
			gaps(mustNew(t, Poisson, seed, phase), func(at float64) float64 { return 1.03 * at }, value)
		})
		if v >= significance/fitFamily {
			t.Errorf("p = %.3g: gaps three percent too long pass, so the test has no power", v)
		}
	})
}
