package keys

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
)

// A Share is the part of the operations that the items From to To, both included, have
// together; each of them has as much.
type Share struct {
	From, To uint64
	Share    float64
}

// MaxShares bounds a histogram's entries.
const MaxShares = 10_000_000

// A Histogram gives stated items stated shares, and spreads the rest over all other items
// evenly. A draw is one step whatever the number of entries (the alias method of A. J. Walker,
// ACM TOMS 3(3), 1977, in M. D. Vose's form), and one more search where it falls on the rest.
type Histogram struct {
	entries []Share // by From; without overlap
	// below[i] is how many items that no entry names lie below entry i.
	below   []uint64
	covered uint64
	accept  []float64 // of each entry, and last of the rest
	alias   []uint32
}

// NewHistogram returns the distribution of entries, which must not overlap; their shares sum
// to 1 at most.
func NewHistogram(entries []Share) (*Histogram, error) {
	if len(entries) == 0 {
		return nil, errors.New("a histogram without entries")
	}
	if len(entries) > MaxShares {
		return nil, fmt.Errorf("a histogram of %d entries, expected %d at most", len(entries), MaxShares)
	}
	h := &Histogram{entries: slices.Clone(entries), below: make([]uint64, len(entries))}
	slices.SortFunc(h.entries, func(a, b Share) int {
		if a.From < b.From {
			return -1
		}
		return 1
	})
	sum := 0.0
	for i, e := range h.entries {
		switch {
		case e.To < e.From:
			return nil, fmt.Errorf("items %d to %d: upside down", e.From, e.To)
		case e.To >= MaxItems:
			return nil, fmt.Errorf("item %d, expected one below %d", e.To, uint64(MaxItems))
		case i > 0 && e.From <= h.entries[i-1].To:
			return nil, fmt.Errorf("item %d is named twice", e.From)
		case !(e.Share >= 0 && e.Share <= 1):
			return nil, fmt.Errorf("items %d to %d: a share of %v, expected 0 to 1", e.From, e.To, e.Share)
		}
		h.below[i] = e.From - h.covered
		h.covered += e.To - e.From + 1
		sum += e.Share
	}
	if sum > 1+1e-6 {
		return nil, fmt.Errorf("shares that sum to %.6g%%, expected 100%% at most", 100*sum)
	}
	if sum == 0 {
		return nil, errors.New("shares that sum to 0%")
	}
	h.table(max(1-sum, 0))
	return h, nil
}

// noRest is a rest that rounding alone has left.
const noRest = 1e-9

// table makes the alias table of the entries' shares and the rest's.
func (h *Histogram) table(rest float64) {
	if rest < noRest {
		rest = 0
	}
	n := len(h.entries) + 1
	weights := make([]float64, n)
	sum := rest
	for i, e := range h.entries {
		weights[i] = e.Share
		sum += e.Share
	}
	weights[n-1] = rest
	h.accept, h.alias = make([]float64, n), make([]uint32, n)
	var small, large []uint32
	for i := range weights {
		weights[i] *= float64(n) / sum
		if weights[i] < 1 {
			small = append(small, uint32(i))
		} else {
			large = append(large, uint32(i))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		h.accept[s], h.alias[s] = weights[s], l
		if weights[l] -= 1 - weights[s]; weights[l] < 1 {
			large, small = large[:len(large)-1], append(small, l)
		}
	}
	for _, i := range append(small, large...) {
		h.accept[i], h.alias[i] = 1, i // 1 but for rounding
	}
}

// Last returns the highest item that an entry names.
func (h *Histogram) Last() uint64 { return h.entries[len(h.entries)-1].To }

// Whole reports whether the entries take all operations, or all of n items, so that there is
// no rest, or nothing to spread it over.
func (h *Histogram) Whole(n uint64) (noRestLeft, noItemLeft bool) {
	sum := 0.0
	for _, e := range h.entries {
		sum += e.Share
	}
	return 1-sum < noRest, h.covered >= n
}

// Pick returns an item of the entry that is drawn, or of the rest. Every item that an entry
// names must lie below n.
func (h *Histogram) Pick(r *rand.PCG, _, n uint64) uint64 {
	k := uint32(uint64n(r, uint64(len(h.accept))))
	if float(r) >= h.accept[k] {
		k = h.alias[k]
	}
	if int(k) < len(h.entries) {
		e := h.entries[k]
		if e.From == e.To {
			return e.From
		}
		return e.From + uint64n(r, e.To-e.From+1)
	}
	return h.unnamed(uint64n(r, n-h.covered))
}

// unnamed returns the item that has k others which no entry names before it.
func (h *Histogram) unnamed(k uint64) uint64 {
	i := sort.Search(len(h.below), func(i int) bool { return h.below[i] > k })
	if i == 0 {
		return k
	}
	return h.entries[i-1].To + 1 + k - h.below[i-1]
}

var _ Dist = (*Histogram)(nil)
