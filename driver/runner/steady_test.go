package runner

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// series makes as many values as a probe has intervals: a shape over [0, 1), and noise that remembers phi of its last value.
func series(seed uint64, phi float64, shape func(x float64) float64) []float64 {
	r := rand.New(rand.NewPCG(seed, 99))
	out := make([]float64, ProbeIntervals)
	noise := r.NormFloat64() / math.Sqrt(1-phi*phi)
	for i := range out {
		out[i] = 100 + shape(float64(i)/float64(len(out))) + noise
		noise = phi*noise + r.NormFloat64()
	}
	return out
}

func TestFindSteady(t *testing.T) {
	flat := func(float64) float64 { return 0 }
	step := func(at, height float64) func(float64) float64 {
		return func(x float64) float64 {
			if x < at {
				return height
			}
			return 0
		}
	}
	decay := func(height, tau float64) func(float64) float64 {
		return func(x float64) float64 { return height * math.Exp(-x/tau) }
	}
	const seeds = 20
	for _, c := range []struct {
		name           string
		phi            float64
		shape          func(float64) float64
		steady         int // of 20 seeds, at least; or, negative, at most -n
		earliest, last float64
	}{
		{"white noise", 0, flat, 18, 0, 0.45},
		{"autocorrelated, 0.5", 0.5, flat, 18, 0, 0.45},
		{"autocorrelated, 0.8", 0.8, flat, 15, 0, 0.45},
		{"step down at 20%", 0, step(0.2, 5), 18, 0.2, 0.45},
		{"step up at 30%", 0, step(0.3, -5), 18, 0.3, 0.45},
		{"step, autocorrelated", 0.5, step(0.2, 8), 17, 0.2, 0.45},
		{"fast decay", 0, decay(20, 0.05), 18, 0.1, 0.45},
		{"slow decay", 0, decay(20, 1), -2, 0, 0},
		{"step at 60%", 0, step(0.6, 5), -1, 0, 0},
		{"step at 90%", 0, step(0.9, 10), -1, 0, 0},
		{"ramp", 0, func(x float64) float64 { return 10 * x }, -1, 0, 0},
		{"ramp down", 0, func(x float64) float64 { return -10 * x }, -1, 0, 0},
	} {
		steady := 0
		for seed := range uint64(seeds) {
			values := series(seed, c.phi, c.shape)
			s := FindSteady(values)
			if !s.Steady {
				if !strings.Contains(s.Reason, "no steady state within 100 intervals") {
					t.Errorf("%s, seed %d: reason %q", c.name, seed, s.Reason)
				}
				continue
			}
			steady++
			from := float64(s.From) / float64(len(values))
			if c.steady > 0 && (from < c.earliest || from > c.last) {
				t.Errorf("%s, seed %d: steady from %v, want %v to %v", c.name, seed, from, c.earliest, c.last)
			}
		}
		if c.steady > 0 && steady < c.steady || c.steady < 0 && steady > -c.steady {
			t.Errorf("%s: steady in %d of %d series, want %d (negative: at most)", c.name, steady, seeds, c.steady)
		}
	}
}

func TestFindSteadyOfOddSeries(t *testing.T) {
	constant := make([]float64, 60)
	for i := range constant {
		constant[i] = 1.1e6
	}
	if s := FindSteady(constant); !s.Steady || s.From != 0 {
		t.Errorf("a constant series: %+v", s)
	}
	for name, values := range map[string][]float64{
		"0 intervals":  nil,
		"49 intervals": constant[:49],
		"NaN":          append([]float64{math.NaN()}, constant...),
		"Inf":          append([]float64{math.Inf(1)}, constant...),
	} {
		if s := FindSteady(values); s.Steady || !strings.Contains(s.Reason, name) {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// The unit and the origin of a series change nothing, and the answer lies in its first half.
func TestFindSteadyProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 1000), MinSteadyValues, 300).Draw(t, "values")
		scale := math.Ldexp(1, rapid.IntRange(-20, 20).Draw(t, "scale"))
		s := FindSteady(values)
		if s.Steady && (s.From < 0 || s.From > len(values)/2) || s.Steady == (s.Reason != "") {
			t.Fatalf("%+v of %d values", s, len(values))
		}
		scaled := make([]float64, len(values))
		for i, v := range values {
			scaled[i] = scale * v // exactly: a power of two
		}
		if again := FindSteady(scaled); again != s {
			t.Fatalf("%+v, scaled by %v %+v", s, scale, again)
		}
	})
}
