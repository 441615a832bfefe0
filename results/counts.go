package results

import (
	"math/bits"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The geometry of every histogram in a run directory: three significant digits up to ten
// minutes. The unit is 1 ns, finer than the promised 1 µs, since it costs no memory: counts
// are kept in pages that exist only where values fall.
const (
	LatencyMin    = time.Microsecond // the smallest value that is promised to be resolved
	LatencyMax    = 10 * time.Minute // larger values are counted as overflow
	LatencyDigits = 3

	lowestNs     = 1
	subBuckets   = 2048 // the power of two above 2 × 10^digits
	pageLen      = subBuckets / 2
	pageShift    = 10
	subBucketLen = 11 // bits of subBuckets-1
	pageCount    = 31 // covers LatencyMax: see TestCountsGeometry
	countsLen    = pageCount * pageLen
)

// NewHistogram returns an empty histogram of this format's geometry, in nanoseconds.
func NewHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(lowestNs, int64(LatencyMax), LatencyDigits)
}

// Counts records durations in HdrHistogram's buckets, for the hot path: an index computation
// and a store, without an allocation once the pages that the values fall into exist. It is not
// safe for concurrent use. The zero value is empty and ready.
//
// The buckets' indices are listed first, one behind another, and counted in flat arrays only a
// list at a time. Where a worker has few values in an interval, so that nearly each lies on a
// cache line of its own, whoever takes them reads the list and leaves the arrays alone.
type Counts struct {
	list  *[listLen]uint16 // from room on: indices not yet counted; nil until there was one
	room  int              // how many more there is room for
	pages [pageCount]*[pageLen]uint32
	// lines are the parts of each page, of a cache line each, that may hold counts: taking what
	// was recorded looks at no other memory.
	lines    [pageCount]uint64
	overflow uint64
}

// listLen is how many values are listed before they are counted. It is a power of two.
const listLen = 2048

// A page has a line for each bit of a word.
const (
	lineShift = 4
	lineLen   = 1 << lineShift
)

// indexOf returns the bucket of a duration of 0 to LatencyMax. Values below 2048 ns have one
// each; each doubling above fills one page more, with buckets twice as wide.
func indexOf(d time.Duration) int {
	shift := bits.Len64(uint64(d)|(subBuckets-1)) - subBucketLen
	return shift<<pageShift + int(uint64(d)>>(shift&63))
}

// Record counts d. A negative d, or one beyond LatencyMax, is counted as overflow instead.
func (c *Counts) Record(d time.Duration) {
	if uint64(d) > uint64(LatencyMax) {
		c.overflow++
		return
	}
	if c.room == 0 {
		c.count()
	}
	c.room--
	c.list[c.room&(listLen-1)] = uint16(indexOf(d))
}

// count empties the list into the pages, and makes it where there is none.
func (c *Counts) count() {
	if c.list == nil {
		c.list = new([listLen]uint16)
		c.room = listLen
		return
	}
	for _, index := range c.listed() {
		page, at := index>>pageShift, index&(pageLen-1)
		counts := c.pages[page]
		if counts == nil {
			counts = new([pageLen]uint32)
			c.pages[page] = counts
		}
		c.lines[page] |= 1 << (at >> lineShift)
		counts[at]++
	}
	c.room = listLen
}

// listed returns the indices not yet counted.
func (c *Counts) listed() []uint16 {
	if c.list == nil {
		return nil
	}
	return c.list[c.room:]
}

// Overflow returns how many values lay outside the range.
func (c *Counts) Overflow() uint64 { return c.overflow }

// Empty reports whether nothing was recorded, overflow included.
func (c *Counts) Empty() bool {
	return len(c.listed()) == 0 && c.overflow == 0 && c.lines == [pageCount]uint64{}
}

// A Merged sums Counts over workers and intervals. It is not safe for concurrent use.
type Merged struct {
	counts   []int64
	touched  uint32
	total    int64
	overflow uint64
}

// NewMerged returns an empty sum.
func NewMerged() *Merged { return &Merged{counts: make([]int64, countsLen)} }

// Take adds c's counts and empties c, keeping its storage. It looks only at what was recorded.
func (m *Merged) Take(c *Counts) {
	if listed := c.listed(); len(listed) > 0 {
		for _, index := range listed {
			m.counts[index]++
			m.touched |= 1 << (index >> pageShift)
		}
		m.total += int64(len(listed))
		c.room = listLen
	}
	for page, lines := range c.lines {
		if lines == 0 {
			continue
		}
		c.lines[page] = 0
		m.touched |= 1 << page
		from, to := c.pages[page], (*[pageLen]int64)(m.counts[page<<pageShift:])
		for ; lines != 0; lines &= lines - 1 {
			at := bits.TrailingZeros64(lines) << lineShift
			m.total += takeLine((*[lineLen]int64)(to[at:]), (*[lineLen]uint32)(from[at:]))
		}
	}
	m.overflow += c.overflow
	c.overflow = 0
}

// takeLine adds from's counts to to's, empties from and returns the counts' sum. Most are 0,
// and leave to's memory alone.
func takeLine(to *[lineLen]int64, from *[lineLen]uint32) (sum int64) {
	for i, n := range from {
		if n != 0 {
			to[i] += int64(n)
			sum += int64(n)
			from[i] = 0
		}
	}
	return sum
}

// Add adds other's counts.
func (m *Merged) Add(other *Merged) {
	for t := other.touched; t != 0; t &= t - 1 {
		at := bits.TrailingZeros32(t) << pageShift
		to := m.counts[at:][:pageLen]
		for i, n := range other.counts[at:][:pageLen] {
			to[i] += n
		}
	}
	m.touched |= other.touched
	m.total += other.total
	m.overflow += other.overflow
}

// Reset empties m and keeps its storage.
func (m *Merged) Reset() {
	for t := m.touched; t != 0; t &= t - 1 {
		clear(m.counts[bits.TrailingZeros32(t)<<pageShift:][:pageLen])
	}
	m.touched, m.total, m.overflow = 0, 0, 0
}

// Total returns how many values were recorded, without overflow.
func (m *Merged) Total() int64 { return m.total }

// Overflow returns how many values lay outside the range.
func (m *Merged) Overflow() uint64 { return m.overflow }

// Histogram returns the counts as an HdrHistogram of NewHistogram's geometry.
func (m *Merged) Histogram() *hdrhistogram.Histogram {
	return hdrhistogram.Import(&hdrhistogram.Snapshot{
		LowestTrackableValue:  lowestNs,
		HighestTrackableValue: int64(LatencyMax),
		SignificantFigures:    LatencyDigits,
		Counts:                m.counts,
	})
}

// Quantile returns the value at quantile q (0 to 1): the highest one that its bucket stands
// for, as HdrHistogram does; 0 when nothing was recorded.
func (m *Merged) Quantile(q float64) time.Duration {
	if m.total == 0 {
		return 0
	}
	rank := int64(q*float64(m.total) + 0.5)
	rank = min(max(rank, 1), m.total)
	var seen int64
	for t := m.touched; t != 0; t &= t - 1 {
		at := bits.TrailingZeros32(t) << pageShift
		for i, n := range m.counts[at:][:pageLen] {
			if seen += n; seen >= rank {
				return highestEquivalent(at + i)
			}
		}
	}
	return 0
}

// AddCumulative adds to each sums[i] how many values are at most bounds[i]; bounds ascend. A
// bucket counts where its highest value lies, so that a bound is exact to three digits.
func (m *Merged) AddCumulative(bounds []time.Duration, sums []uint64) {
	for t := m.touched; t != 0; t &= t - 1 {
		at := bits.TrailingZeros32(t) << pageShift
		for i, n := range m.counts[at:][:pageLen] {
			if n == 0 {
				continue
			}
			first, _ := slices.BinarySearch(bounds, highestEquivalent(at+i))
			for k := first; k < len(bounds); k++ {
				sums[k] += uint64(n)
			}
		}
	}
}

// Sum returns the sum of the values, each taken as the highest that its bucket stands for.
func (m *Merged) Sum() time.Duration {
	var sum float64
	for t := m.touched; t != 0; t &= t - 1 {
		at := bits.TrailingZeros32(t) << pageShift
		for i, n := range m.counts[at:][:pageLen] {
			sum += float64(n) * float64(highestEquivalent(at+i))
		}
	}
	return time.Duration(sum)
}

// Percentiles returns the usual five.
func (m *Merged) Percentiles() Percentiles {
	return Percentiles{
		Count: m.total,
		P50:   int64(m.Quantile(0.5)),
		P90:   int64(m.Quantile(0.9)),
		P99:   int64(m.Quantile(0.99)),
		P999:  int64(m.Quantile(0.999)),
		Max:   int64(m.Quantile(1)),
	}
}

// highestEquivalent returns the largest value that falls into bucket index.
func highestEquivalent(index int) time.Duration {
	if index < subBuckets {
		return time.Duration(index)
	}
	shift := index>>pageShift - 1
	sub := index - shift<<pageShift
	return time.Duration((sub+1)<<shift - 1)
}

// MergedOf returns a sum of what a histogram of NewHistogram's geometry holds, and of overflow
// values that it has no room for.
func MergedOf(h *hdrhistogram.Histogram, overflow uint64) *Merged {
	m := NewMerged()
	m.overflow = overflow
	for i, n := range h.Export().Counts {
		if n > 0 {
			m.counts[i] = n
			m.touched |= 1 << (i >> pageShift)
			m.total += n
		}
	}
	return m
}
