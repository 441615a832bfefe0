package imports_test

import (
	"math"
	"math/rand/v2"
	"sort"
	"testing"

	"crossover/costmodel/imports"
	"crossover/workload/keys"
)

// drawn returns the shares of the most popular keys among so many zipfian draws, and those of
// hot keys besides.
func drawn(t *testing.T, seed uint64, theta float64, n uint64, draws int, hot ...float64) []float64 {
	t.Helper()
	z, err := keys.NewZipfian(theta)
	if err != nil {
		t.Fatal(err)
	}
	r, f := rand.NewPCG(seed, 1), rand.New(rand.NewPCG(seed, 2))
	counts := make([]float64, n+uint64(len(hot)))
next:
	for i := range draws {
		u := f.Float64()
		for k, share := range hot {
			if u -= share; u < 0 {
				counts[n+uint64(k)]++
				continue next
			}
		}
		counts[z.Pick(r, uint64(i), n)]++
	}
	sort.Sort(sort.Reverse(sort.Float64Slice(counts)))
	for i := range counts {
		counts[i] /= float64(draws)
	}
	return counts[:25]
}

// TestSkewRecovers wants theta within three of the standard errors stated, and the hot keys
// found, no more and no fewer.
func TestSkewRecovers(t *testing.T) {
	const draws, n = 300_000, 20_000
	for name, c := range map[string]struct {
		theta float64
		hot   []float64
	}{
		"mild":                     {theta: 0.6},
		"YCSB's":                   {theta: 0.99},
		"steep":                    {theta: 1.4},
		"one hot key":              {theta: 0.9, hot: []float64{0.15}},
		"two hot keys, much alike": {theta: 0.8, hot: []float64{0.2, 0.19}},
	} {
		t.Run(name, func(t *testing.T) {
			outside := 0
			for seed := range uint64(8) {
				hot, fit, ok := imports.Skew(drawn(t, seed, c.theta, n, draws, c.hot...), n+float64(len(c.hot)), draws)
				if !ok || hot != len(c.hot) {
					t.Fatalf("seed %d: %d hot keys (%v), want %d", seed, hot, ok, len(c.hot))
				}
				if fit.Error > 0.05 {
					t.Errorf("seed %d: a standard error of %.3f", seed, fit.Error)
				}
				if math.Abs(fit.Theta-c.theta) > 3*fit.Error {
					outside++
				}
			}
			// The order of sampled ranks biases a mild skew upwards by a little.
			if outside > 1 {
				t.Errorf("%d of 8 fits are off by more than three standard errors", outside)
			}
		})
	}
}

func TestFitZipfRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		shares    []float64
		n, weight float64
	}{
		"few":        {[]float64{0.4, 0.2, 0.1}, 100, 1000},
		"all keys":   {[]float64{0.3, 0.2, 0.2, 0.2, 0.1}, 5, 1000},
		"no weight":  {[]float64{0.3, 0.2, 0.1, 0.1, 0.1}, 100, 0},
		"not shares": {[]float64{0.3, 0.2, 0.1, 0.1, 0}, 100, 1000},
	} {
		if f, ok := imports.FitZipf(c.shares, c.n, c.weight); ok {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
