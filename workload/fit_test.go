package workload

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

const (
	fitSeeds        = 20
	fitSignificance = 1e-3                   // of all p-values of TestPopularityOverTimeFits together (Bonferroni)
	fitFamily       = 2 * 2 * (fitSeeds + 1) // flash crowds and the rest, right and wrong; seeds, and all pooled
)

// popularity is a scenario of shapes' keys over six seconds of one rate.
func popularity(t *testing.T, seed uint64) *Scenario {
	t.Helper()
	text := strings.Replace(shapes, "process: bursty, bursty: {on: 100ms, off: 300ms, off_rate: 10%}", "process: constant", 1)
	text = text[:strings.Index(text, "  phases:")] + fmt.Sprintf("  phases: [{name: all, for: 6s, rate: %d/s}]\n", drawsPerSeed/6)
	text = strings.Replace(text, "read: 70%, update: 20%, insert: 10%", "read: 100%", 1)
	return mustParse(t, strings.Replace(text, "seed: 5", fmt.Sprintf("seed: %d", seed), 1))
}

// sharesAt are the shares of the operations that the scenario of popularity gives, t seconds
// after its start, to item 4000, whose share grows, item 4001, a flash crowd, the ten items of
// that second's hot set, and all others: half of what the hot keys leave goes to the set, and
// half to the other items alike, 4000 and 4001 among them.
func sharesAt(at, halfLife float64) [4]float64 {
	grows, flash := 0.0, 0.0
	if at >= 1 && at < 3 {
		grows = 0.4 * (at - 1) / 2
	}
	switch {
	case at >= 3:
		flash = 0.4 * math.Exp2(-(at-3)/halfLife)
	case at >= 2:
		flash = 0.4 * (at - 2)
	}
	rest := 1 - grows - flash
	one := 0.5 * rest / 4990
	return [4]float64{grows + one, flash + one, 0.5 * rest, 0.5*rest - 2*one}
}

// Hot keys whose shares change, a flash crowd and a moving hot set have at each time the shares
// that they should, by chi-square over twenty pinned seeds, ten million draws in all; a flash
// crowd with a half-life that is 4% longer does not.
func TestPopularityOverTimeFits(t *testing.T) {
	const slices, cells = 60, 4
	var observed [fitSeeds + 1][slices * cells]float64
	var right, wrong [slices * cells]float64
	for seed := range uint64(fitSeeds) {
		sc := popularity(t, seed+1)
		s := NewStream(sc).(*stream)
		n := s.Len()
		for i := range n {
			slice := int(i * slices / n)
			cell := 3
			switch item := s.item(i); {
			case item == 4000:
				cell = 0
			case item == 4001:
				cell = 1
			case item/10 == uint64(slice/10): // the set of that second
				cell = 2
			}
			observed[seed][slice*cells+cell]++
			observed[fitSeeds][slice*cells+cell]++
			if seed > 0 {
				continue
			}
			at := 6 * float64(i) / float64(n)
			for k, p := range sharesAt(at, 0.5) {
				right[slice*cells+k] += p
			}
			for k, p := range sharesAt(at, fitWrong) {
				wrong[slice*cells+k] += p
			}
		}
	}
	smallest := func(expected *[slices * cells]float64) float64 {
		least := 1.0
		for set := range observed {
			times := 1.0
			if set == fitSeeds {
				times = fitSeeds
			}
			var o, e []float64
			for first := 0; first < len(expected); first += cells {
				restO, restE := 0.0, 0.0
				for i := first; i < first+cells; i++ {
					// A key whose time has not come has next to nothing: it counts with the others.
					if v := expected[i] * times; v >= 8 && i < first+cells-1 {
						o, e = append(o, observed[set][i]), append(e, v)
					} else {
						restO, restE = restO+observed[set][i], restE+v
					}
				}
				o, e = append(o, restO), append(e, restE)
			}
			// Each slice's counts sum to its operations.
			least = min(least, distuv.ChiSquared{K: float64(len(e) - slices)}.Survival(stat.ChiSquare(o, e)))
		}
		return least
	}
	if p := smallest(&right); p < fitSignificance/fitFamily {
		t.Errorf("p = %.3g, below %.3g: the shares are not as they should be", p, fitSignificance/fitFamily)
	}
	if p := smallest(&wrong); p >= fitSignificance/fitFamily {
		t.Errorf("p = %.3g: a half-life of %v s passes for 500 ms, so the test has no power", p, fitWrong)
	}
}
