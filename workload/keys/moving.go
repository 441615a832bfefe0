package keys

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
)

type moving struct {
	set   uint64
	share float64
}

// NewMoving returns the distribution in which opsShare of the operations go to a hot set of
// that many items, which moves on: in epoch e it is the items from e·set on, the data set taken
// as a ring, so that it shares no item with the epoch before as long as two sets fit. The rest
// goes to all other items evenly. Pick takes the epoch where others take the operation.
func NewMoving(set uint64, opsShare float64) (Dist, error) {
	if set == 0 || set > MaxItems {
		return nil, fmt.Errorf("a moving hot set of %d items, expected 1 to %d", set, uint64(MaxItems))
	}
	if !(opsShare > 0 && opsShare < 1) {
		return nil, fmt.Errorf("a moving hot set's share %v, expected more than 0 and less than 1", opsShare)
	}
	return moving{set, opsShare}, nil
}

// Pick returns an item of the epoch's hot set with the given share; both sides are uniform.
func (m moving) Pick(r *rand.PCG, epoch, n uint64) uint64 {
	high, low := bits.Mul64(epoch%n, m.set%n)
	_, first := bits.Div64(high, low, n) // high < n, since both factors are
	var place uint64
	if m.set >= n || float(r) < m.share {
		place = uint64n(r, min(m.set, n))
	} else {
		place = m.set + uint64n(r, n-m.set)
	}
	if place += first; place >= n {
		place -= n
	}
	return place
}

var _ Dist = moving{}
