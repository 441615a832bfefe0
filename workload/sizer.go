package workload

import (
	"math/rand/v2"

	"crossover/workload/items"
	"crossover/workload/keys"
)

// A sizer draws items' sizes: a function of seed and item. Its random source lies beside it,
// so that a draw allocates nothing; it is not safe for concurrent use.
type sizer struct {
	dist   items.Size
	values *items.Template // nil where attributes are a number of strings
	least  uint64          // bytes that the values need
	salt   uint64
	trace  *Trace // nil, or the one that items and writes have their sizes of
	source rand.PCG
}

// sizer returns the sizes of a valid scenario's items.
func (sc *Scenario) sizer() *sizer {
	return &sizer{
		dist: sc.sizes(), values: sc.Values(), least: sc.minBodyBytes(), salt: keys.Mix(sc.Seed) ^ saltSize,
		trace: sc.Workload.Keys.Trace,
	}
}

// of returns the size in bytes of an item's version, at least what its keys and names need and
// the least that its values do. Where no trace says otherwise all versions have one size.
func (s *sizer) of(item, version, overhead uint64) uint64 {
	if s.trace != nil {
		if size := s.trace.sizeOf(item, version); size > 0 {
			return max(size, overhead+s.least)
		}
	}
	s.source.Seed(s.salt, item)
	return max(s.dist.Draw(&s.source), overhead+s.least)
}
