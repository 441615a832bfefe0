package items

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
)

// A Bucket is a part of a histogram of sizes: a share of the items is larger than the bucket
// before goes, and at most To bytes.
type Bucket struct {
	To    uint64
	Share float64
}

// MaxBuckets bounds a histogram's buckets.
const MaxBuckets = 10_000

type histogram struct {
	to    []uint64
	below []float64 // share of the items in this bucket and those before
}

// Histogram returns the distribution of a histogram: within a bucket every size is as likely.
// The buckets rise, and their shares sum to 1.
func Histogram(buckets []Bucket) (Size, error) {
	if len(buckets) == 0 || len(buckets) > MaxBuckets {
		return nil, fmt.Errorf("a size histogram of %d buckets, expected 1 to %d", len(buckets), MaxBuckets)
	}
	var h histogram
	sum, last := 0.0, uint64(0)
	for _, b := range buckets {
		switch {
		case b.To <= last:
			return nil, fmt.Errorf("a bucket up to %d bytes after one up to %d: expected rising sizes", b.To, last)
		case !(b.Share >= 0 && b.Share <= 1):
			return nil, fmt.Errorf("a bucket's share of %v, expected 0%% to 100%%", b.Share)
		}
		last = b.To
		sum += b.Share
		h.to, h.below = append(h.to, b.To), append(h.below, sum)
	}
	if math.Abs(sum-1) > 1e-6 {
		return nil, fmt.Errorf("shares that sum to %.6g%%", 100*sum)
	}
	return h, nil
}

func (h histogram) Draw(r *rand.PCG) uint64 {
	u := float(r) * h.below[len(h.below)-1]
	i := min(sort.Search(len(h.below), func(i int) bool { return u < h.below[i] }), len(h.below)-1)
	low := uint64(0)
	if i > 0 {
		low = h.to[i-1]
	}
	return low + 1 + min(uint64(float(r)*float64(h.to[i]-low)), h.to[i]-low-1)
}

func (h histogram) Bounds() (uint64, uint64) { return 1, h.to[len(h.to)-1] }
