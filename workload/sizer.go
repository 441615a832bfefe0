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
	salt   uint64
	source rand.PCG
}

// sizer returns the sizes of a valid scenario's items.
func (sc *Scenario) sizer() *sizer {
	return &sizer{dist: sc.sizes(), salt: keys.Mix(sc.Seed) ^ saltSize}
}

// of returns an item's size in bytes, at least what its keys and names need and a byte for
// each attribute.
func (s *sizer) of(sc *Scenario, item, overhead uint64) uint64 {
	s.source.Seed(s.salt, item)
	return max(s.dist.Draw(&s.source), overhead+uint64(sc.Dataset.Attributes))
}
