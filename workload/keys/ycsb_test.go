package keys

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Worked out from the generator's published procedure: the first two ranks have exactly their
// share, the third does not.
func TestLikeYCSBIsYCSBs(t *testing.T) {
	const n, theta = 1000, 0.99
	d, err := NewLikeYCSB(theta, false)
	if err != nil {
		t.Fatal(err)
	}
	draw := approximate(n, theta)
	a, b := rand.NewPCG(1, 2), rand.NewPCG(1, 2)
	for i := range 1_000_000 {
		if got, want := d.Pick(a, 0, n), draw(b); got != uint64(want) {
			t.Fatalf("draw %d is %d, by YCSB's procedure %d", i, got, want)
		}
	}
	exact := zipfMass(n, theta)
	counts := make([]float64, n)
	const draws = 5_000_000
	for range draws {
		counts[d.Pick(a, 0, n)]++
	}
	within(t, "first rank", counts[0]/draws, exact[0], math.Sqrt(exact[0]*(1-exact[0])/draws))
	if ratio := counts[2] / draws / exact[2]; ratio < 1.15 || ratio > 1.19 {
		t.Errorf("the third rank is %.3f times as popular as it should be; YCSB's is 1.17 times", ratio)
	}
}

// The scrambled form gives the hottest item 3.8% at any number of items, less than theta 0.99
// means at a million: 6.5%.
func TestLikeYCSBScrambled(t *testing.T) {
	d, err := NewLikeYCSB(0.99, true)
	if err != nil {
		t.Fatal(err)
	}
	// Utils.fnvhash64(0) of YCSB is 6284781860667377211 (its first key is user6284781860667377211).
	if got := fnv64(0); got != 6284781860667377211 {
		t.Errorf("hash of 0 is %d", got)
	}
	if got := fnv64(1); got != 8517097267634966620 {
		t.Errorf("hash of 1 is %d", got)
	}
	const draws = 1_000_000
	for _, n := range []uint64{1_000_000, 1_000_000_000} {
		r, hits := rand.NewPCG(1, 2), 0.0
		for range draws {
			if d.Pick(r, 0, n) == 6284781860667377211%n {
				hits++
			}
		}
		want := 1 / 26.46902820178302
		within(t, "hottest item", hits/draws, want, math.Sqrt(want*(1-want)/draws))
	}
	if got := 1 / zeta(1e6, 0.99); math.Abs(got-0.065) > 0.0005 {
		t.Errorf("theta 0.99 over a million items gives the hottest %v, want 6.5%%", got)
	}
	if got := zeta(1e10, 0.99); math.Abs(got/ycsbScrambledZeta-1) > 1e-9 {
		t.Errorf("zeta(1e10, 0.99) = %v, YCSB's constant is %v", got, ycsbScrambledZeta)
	}
}
