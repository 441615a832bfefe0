package results

import (
	"math/bits"
	"time"
)

// Record counts d n times. A negative d, or one beyond LatencyMax, is counted as overflow. It
// costs the same for any n: a simulation records what is alike at once.
func (m *Merged) Record(d time.Duration, n int64) {
	if n <= 0 {
		return
	}
	if uint64(d) > uint64(LatencyMax) {
		m.overflow += uint64(n)
		return
	}
	shift := bits.Len64(uint64(d)|(subBuckets-1)) - subBucketLen
	index := shift<<pageShift + int(uint64(d)>>shift)
	m.counts[index] += n
	m.touched |= 1 << (index >> pageShift)
	m.total += n
}
