package keys

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func mustHistogram(t testing.TB, entries ...Share) *Histogram {
	t.Helper()
	h, err := NewHistogram(entries)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHistogramFits(t *testing.T) {
	const n = 1000
	for name, entries := range map[string][]Share{
		"one key":     {{7, 7, 0.12}},
		"whole":       {{0, 499, 0.25}, {500, 500, 0.5}, {501, 999, 0.25}},
		"gaps":        {{900, 999, 0.3}, {0, 0, 0.1}, {2, 3, 0.05}, {10, 10, 0}, {11, 11, 0.2}},
		"cold ranges": {{100, 899, 0.001}},
	} {
		t.Run(name, func(t *testing.T) {
			p, rest, named := make([]float64, n), 1.0, make([]bool, n)
			left := float64(n)
			for _, e := range entries {
				for k := e.From; k <= e.To; k++ {
					p[k], named[k] = e.Share/float64(e.To-e.From+1), true
					left--
				}
				rest -= e.Share
			}
			for k := range p {
				if !named[k] {
					p[k] = rest / left
				}
			}
			h := mustHistogram(t, entries...)
			mustFit(t, fits(t, p, func(r *rand.PCG, i uint64) int { return int(h.Pick(r, i, n)) }))
		})
	}
}

// The rest reaches each item that no entry names, and no other; nothing is named twice.
func TestHistogramRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var entries []Share
		at := uint64(0)
		for range rapid.IntRange(1, 8).Draw(t, "entries") {
			from := at + rapid.Uint64Range(0, 3).Draw(t, "gap")
			to := from + rapid.Uint64Range(0, 3).Draw(t, "length")
			entries = append(entries, Share{from, to, 0.1})
			at = to + 1
		}
		n := at + rapid.Uint64Range(0, 3).Draw(t, "after")
		perm := rapid.Permutation(entries).Draw(t, "order")
		h, err := NewHistogram(perm)
		if err != nil {
			t.Fatal(err)
		}
		named := map[uint64]bool{}
		for _, e := range entries {
			for k := e.From; k <= e.To; k++ {
				named[k] = true
			}
		}
		last := -1
		for k := range n - uint64(len(named)) {
			x := h.unnamed(k)
			if named[x] || x >= n || int(x) <= last {
				t.Fatalf("unnamed item %d is %d, after %d; named %v", k, x, last, named)
			}
			last = int(x)
		}
	})
}

func TestHistogramRefused(t *testing.T) {
	for name, entries := range map[string][]Share{
		"nothing":       nil,
		"upside down":   {{5, 4, 0.1}},
		"overlap":       {{1, 5, 0.1}, {5, 9, 0.1}},
		"twice":         {{5, 5, 0.1}, {5, 5, 0.1}},
		"too much":      {{1, 1, 0.6}, {2, 2, 0.6}},
		"negative":      {{1, 1, -0.1}},
		"no number":     {{1, 1, math.NaN()}},
		"nothing drawn": {{1, 1, 0}},
		"too far":       {{1, MaxItems, 0.1}},
	} {
		if _, err := NewHistogram(entries); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
