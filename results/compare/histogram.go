package compare

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"crossover/results"
)

// A sparse histogram holds the buckets that are not empty, ascending, in the numbering of
// results.BucketMax. The zero value is empty.
type sparse struct {
	index []int32
	count []int64
	total int64
}

// newSparse takes over a histogram of the run directory's geometry.
func newSparse(h *hdrhistogram.Histogram) (*sparse, error) {
	snapshot := h.Export()
	if snapshot.LowestTrackableValue != 1 || snapshot.HighestTrackableValue != int64(results.LatencyMax) ||
		snapshot.SignificantFigures != results.LatencyDigits || len(snapshot.Counts) != results.Buckets {
		return nil, fmt.Errorf("found a histogram of %d to %d ns with %d digits, expected one of 1 ns to %v with %d",
			snapshot.LowestTrackableValue, snapshot.HighestTrackableValue, snapshot.SignificantFigures,
			results.LatencyMax, results.LatencyDigits)
	}
	s := &sparse{}
	for i, n := range snapshot.Counts {
		if n < 0 || n > countMax {
			return nil, fmt.Errorf("found %d values in a bucket, expected 0 to %d", n, int64(countMax))
		}
		if n > 0 {
			s.index = append(s.index, int32(i))
			s.count = append(s.count, n)
			s.total += n
		}
	}
	return s, nil
}

// countMax bounds a bucket's count, so that no sum of them overflows.
const countMax = 1 << 46

// mergeSparse returns the sum of two histograms; a may be nil. It changes neither.
func mergeSparse(a, b *sparse) *sparse {
	if a == nil {
		return b
	}
	most := len(a.index) + len(b.index)
	index, count := make([]int32, most), make([]int64, most)
	i, j, n := 0, 0, 0
	for ; i < len(a.index) && j < len(b.index); n++ {
		switch {
		case a.index[i] < b.index[j]:
			index[n], count[n] = a.index[i], a.count[i]
			i++
		case b.index[j] < a.index[i]:
			index[n], count[n] = b.index[j], b.count[j]
			j++
		default:
			index[n], count[n] = a.index[i], a.count[i]+b.count[j]
			i, j = i+1, j+1
		}
	}
	copy(count[n:], a.count[i:])
	n += copy(index[n:], a.index[i:])
	copy(count[n:], b.count[j:])
	n += copy(index[n:], b.index[j:])
	return &sparse{index[:n], count[:n], a.total + b.total}
}

// bucket returns the bucket in which quantile q (0 to 1) lies, by the rank that
// HdrHistogram takes; -1 when the histogram is empty.
func (s *sparse) bucket(q float64) int32 {
	if s.total == 0 {
		return -1
	}
	rank := min(max(int64(q*float64(s.total)+0.5), 1), s.total)
	var seen int64
	for i, n := range s.count {
		if seen += n; seen >= rank {
			return s.index[i]
		}
	}
	return s.index[len(s.index)-1]
}

// quantile returns the value at quantile q, at least 1 ns; 0 when the histogram is empty.
func (s *sparse) quantile(q float64) time.Duration {
	b := s.bucket(q)
	if b < 0 {
		return 0
	}
	return max(results.BucketMax(int(b)), 1)
}

// above returns how many values lie in buckets above the given one.
func (s *sparse) above(bucket int32) int64 {
	from, found := slices.BinarySearch(s.index, bucket)
	if found {
		from++
	}
	var n int64
	for _, c := range s.count[from:] {
		n += c
	}
	return n
}

// A Histogram is one in the run directory's geometry. As JSON it is a string: HdrHistogram's
// own V2 compressed encoding in base64, as in latency.hlog.
type Histogram struct{ sparse }

// Count returns how many values it holds.
func (h Histogram) Count() int64 { return h.total }

// MarshalJSON encodes the histogram.
func (h Histogram) MarshalJSON() ([]byte, error) {
	counts := make([]int64, results.Buckets)
	for i, at := range h.index {
		counts[at] = h.count[i]
	}
	text, err := hdrhistogram.Import(&hdrhistogram.Snapshot{
		LowestTrackableValue: 1, HighestTrackableValue: int64(results.LatencyMax),
		SignificantFigures: results.LatencyDigits, Counts: counts,
	}).Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, fmt.Errorf("encoding a histogram: %w", err)
	}
	return json.Marshal(string(text))
}

// encodedMax bounds an encoded histogram: every bucket in nine bytes would be less.
const encodedMax = 1 << 19

// UnmarshalJSON decodes a histogram of the run directory's geometry and refuses any other.
func (h *Histogram) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	if len(s) > encodedMax {
		return fmt.Errorf("found a histogram of %d bytes, expected %d at most", len(s), encodedMax)
	}
	decoded, err := hdrhistogram.Decode([]byte(s))
	if err != nil {
		return fmt.Errorf("decoding a histogram: %w", err)
	}
	out, err := newSparse(decoded)
	if err != nil {
		return err
	}
	h.sparse = *out
	return nil
}
