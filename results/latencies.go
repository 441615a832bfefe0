package results

import (
	"bytes"
	"fmt"
	"iter"
	"math/bits"
	"path/filepath"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A Latency is one histogram of latency.hlog: one kind's measure in one interval.
type Latency struct {
	Kind      string
	Measure   string // Response, Service, Failure
	Recorded  bool
	Start     time.Duration // since the run's start, to the millisecond
	Histogram *hdrhistogram.Histogram
}

// Latencies yields the histograms of latency.hlog, in order, read anew at each use. A torn
// last line is left out.
func (r *Run) Latencies() iter.Seq2[Latency, error] {
	return func(yield func(Latency, error) bool) {
		text, err := r.read(LatencyFile)
		if err != nil {
			yield(Latency{}, err)
			return
		}
		text = text[:bytes.LastIndexByte(text, '\n')+1]
		reader := hdrhistogram.NewHistogramLogReader(bytes.NewReader(text))
		for n := 1; ; n++ {
			h, err := reader.NextIntervalHistogram()
			if err != nil {
				yield(Latency{}, fmt.Errorf("%s: histogram %d: %w", filepath.Join(r.Dir, LatencyFile), n, err))
				return
			}
			if h == nil {
				return
			}
			l := Latency{Histogram: h}
			l.Kind, l.Measure, l.Recorded = splitTag(h.Tag())
			l.Start = time.Duration(h.StartTimeMs()-r.Manifest.Started.UnixMilli()) * time.Millisecond
			if !yield(l, nil) {
				return
			}
		}
	}
}

// Each yields the values recorded, ascending, with how often each was: a value is the highest
// one that its bucket stands for.
func (m *Merged) Each() iter.Seq2[time.Duration, int64] {
	return func(yield func(time.Duration, int64) bool) {
		for t := m.touched; t != 0; t &= t - 1 {
			at := bits.TrailingZeros32(t) << pageShift
			for i, n := range m.counts[at:][:pageLen] {
				if n > 0 && !yield(highestEquivalent(at+i), n) {
					return
				}
			}
		}
	}
}
