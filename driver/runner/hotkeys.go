package runner

import (
	"cmp"
	"math/bits"
	"slices"
)

// The sketch's shape: which of its sets an item belongs to is fixed by a hash; a set keeps
// the items it saw most of.
const (
	sketchSets = 256
	sketchWays = 4
	// TopKeys is how many of the most popular items an interval's heat lists.
	TopKeys = 10
)

// A sketch finds the most popular items by Space-Saving (Metwally, Agrawal and El Abbadi,
// "Efficient computation of frequent and top-k elements in data streams", ICDT 2005), in
// sets of sketchWays counters so that an access costs a few comparisons. Each entry's true
// count lies in [count-err, count], err at most a sketchWays-th of what its set saw; an item
// that is not listed was seen at most as often as its set's smallest count. Sketches merge
// with their bounds (Agarwal et al., "Mergeable summaries", PODS 2012).
type sketch struct {
	sets [sketchSets][sketchWays]hotEntry
	used bool
}

type hotEntry struct {
	item  uint64
	count uint64 // 0: free
	err   uint64
}

// setOf spreads items over the sets (Fibonacci hashing: the high bits of the product).
func setOf(item uint64) int {
	hash, _ := bits.Mul64(item*0x9e3779b97f4a7c15, sketchSets)
	return int(hash)
}

// add counts one access to item.
func (s *sketch) add(item uint64) {
	s.used = true
	set := &s.sets[setOf(item)]
	least := 0
	for i := range set {
		if set[i].item == item && set[i].count > 0 {
			set[i].count++
			return
		}
		if set[i].count < set[least].count {
			least = i
		}
	}
	e := &set[least]
	e.item, e.err, e.count = item, e.count, e.count+1
}

// take adds from's counts to s and empties from.
func (s *sketch) take(from *sketch) {
	if !from.used {
		return
	}
	s.used = true
	for i := range s.sets {
		if from.sets[i][0].count > 0 { // a set fills from its first way on
			mergeSets(&s.sets[i], &from.sets[i])
		}
	}
	*from = sketch{}
}

// mergeSets merges b into a: an item that one of them does not list may have been seen there
// as often as that one's smallest count.
func mergeSets(a, b *[sketchWays]hotEntry) {
	var all [2 * sketchWays]hotEntry
	n := 0
	leastA, leastB := a[0].count, b[0].count
	for i := range sketchWays {
		leastA, leastB = min(leastA, a[i].count), min(leastB, b[i].count)
	}
	for _, e := range a {
		if e.count == 0 {
			continue
		}
		if other := find(b, e.item); other != nil {
			e.count, e.err = e.count+other.count, e.err+other.err
		} else {
			e.count, e.err = e.count+leastB, e.err+leastB
		}
		all[n] = e
		n++
	}
	for _, e := range b {
		if e.count > 0 && find(a, e.item) == nil {
			e.count, e.err = e.count+leastA, e.err+leastA
			all[n] = e
			n++
		}
	}
	slices.SortFunc(all[:n], func(x, y hotEntry) int { return cmp.Compare(y.count, x.count) })
	*a = [sketchWays]hotEntry(all[:sketchWays])
}

func find(set *[sketchWays]hotEntry, item uint64) *hotEntry {
	for i := range set {
		if set[i].item == item && set[i].count > 0 {
			return &set[i]
		}
	}
	return nil
}

// top returns the k items with the highest counts that are certain (count - err), most
// popular first; items of which fewer than two accesses are certain are no hot keys.
func (s *sketch) top(k int) []hotEntry {
	var all []hotEntry
	for i := range s.sets {
		for _, e := range s.sets[i] {
			if e.count-e.err >= 2 {
				all = append(all, e)
			}
		}
	}
	slices.SortFunc(all, func(x, y hotEntry) int {
		return cmp.Or(cmp.Compare(y.count-y.err, x.count-x.err), cmp.Compare(x.item, y.item))
	})
	return all[:min(k, len(all))]
}
