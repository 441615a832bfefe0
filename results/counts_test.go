package results

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"
)

// sameCounts fails unless ours and the library's hold the same counts, bucket by bucket.
func sameCounts(t interface{ Errorf(string, ...any) }, m *Merged, want *hdrhistogram.Histogram) {
	if got := m.Histogram(); !got.Equals(want) || got.TotalCount() != m.Total() {
		t.Errorf("counts differ: %d recorded, the library holds %d", m.Total(), want.TotalCount())
	}
	for _, q := range []float64{0.001, 0.5, 0.9, 0.99, 0.999, 1} {
		if got, want := int64(m.Quantile(q)), want.ValueAtQuantile(100*q); got != want {
			t.Errorf("quantile %g is %d, the library says %d", q, got, want)
		}
	}
}

func TestCountsEqualHdrHistogram(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOf(rapid.Int64Range(-5, int64(LatencyMax)+int64(time.Minute))).Draw(t, "values")
		seed := rapid.Uint64().Draw(t, "seed")
		r := rand.New(rand.NewPCG(seed, 0))
		// Small values too, every magnitude alike; and some parts listed, others counted.
		for range rapid.SampledFrom([]int{0, 200, 3*listLen - 3, 3 * listLen, 4 * listLen, 20 * listLen}).Draw(t, "more") {
			values = append(values, r.Int64()>>(23+r.IntN(40)))
		}
		var parts [3]Counts
		want := NewHistogram()
		var outside uint64
		for i, v := range values {
			parts[i%3].Record(time.Duration(v))
			if v < 0 || v > int64(LatencyMax) {
				outside++
			} else if err := want.RecordValue(v); err != nil {
				t.Fatalf("the library refuses %d: %v", v, err)
			}
		}
		m, rest := NewMerged(), NewMerged()
		m.Take(&parts[0])
		rest.Take(&parts[1])
		rest.Take(&parts[2])
		m.Add(rest)
		sameCounts(t, m, want)
		if m.Overflow() != outside {
			t.Errorf("%d values outside the range, want %d", m.Overflow(), outside)
		}
		for i := range parts {
			if !parts[i].Empty() {
				t.Errorf("part %d is not empty after it was taken", i)
			}
		}
	})
}

// Every bucket's edges, from 0 to the largest value, fall where the library puts them.
func TestCountsGeometry(t *testing.T) {
	want := NewHistogram()
	m := NewMerged()
	var c Counts
	if n := len(want.Export().Counts); n != countsLen {
		t.Fatalf("the library has %d buckets, ours are %d", n, countsLen)
	}
	for shift := range 40 {
		for _, v := range []int64{0, 1, 1<<shift - 1, 1 << shift, 1<<shift + 1, 3 << shift >> 1, int64(LatencyMax)} {
			if v > int64(LatencyMax) {
				continue
			}
			c.Record(time.Duration(v))
			if err := want.RecordValue(v); err != nil {
				t.Fatal(err)
			}
		}
	}
	m.Take(&c)
	sameCounts(t, m, want)
	m.Reset()
	if m.Total() != 0 || m.Quantile(1) != 0 || m.Histogram().TotalCount() != 0 {
		t.Error("something is left after Reset")
	}
}

func TestOverflowIsNotClamped(t *testing.T) {
	var c Counts
	c.Record(LatencyMax)
	c.Record(LatencyMax + 1)
	c.Record(-1)
	if c.Overflow() != 2 {
		t.Errorf("overflow %d, want 2", c.Overflow())
	}
	m := NewMerged()
	m.Take(&c)
	if m.Total() != 1 || m.Overflow() != 2 {
		t.Errorf("%d recorded, %d outside", m.Total(), m.Overflow())
	}
}

func TestRecordAllocatesNothing(t *testing.T) {
	var c Counts
	for range listLen {
		for v := time.Duration(1); v <= LatencyMax; v *= 2 {
			c.Record(v)
		}
	}
	v := time.Duration(0)
	if n := testing.AllocsPerRun(10*listLen, func() { v += 999_983; c.Record(v) }); n != 0 {
		t.Errorf("%g allocations per value", n)
	}
}

func TestEnoughSamples(t *testing.T) {
	for _, c := range []struct {
		q      float64
		needed int64
	}{{0, 100}, {0.5, 200}, {0.9, 1000}, {0.99, 10_000}, {0.999, 100_000}, {0.9999, 1_000_000}, {1, 1}} {
		if got := NeededSamples(c.q); got != c.needed {
			t.Errorf("quantile %g needs %d samples, want %d", c.q, got, c.needed)
		}
		if EnoughSamples(c.needed-1, c.q) || !EnoughSamples(c.needed, c.q) {
			t.Errorf("quantile %g: the edge at %d samples", c.q, c.needed)
		}
	}
}

func TestQuantileNames(t *testing.T) {
	for name, want := range map[string]float64{
		"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "p99.99": 0.9999, "p0": 0, "max": 1,
	} {
		if got, ok := Quantile(name); !ok || got != want {
			t.Errorf("%s is %v, %v", name, got, ok)
		}
	}
	for _, name := range []string{"", "p", "99", "p100", "p-1", "pNaN", "P99", "mean"} {
		if got, ok := Quantile(name); ok {
			t.Errorf("%q is taken for %v", name, got)
		}
	}
}

func BenchmarkCountsRecord(b *testing.B) {
	var c Counts
	b.ReportAllocs()
	v := time.Duration(0)
	for b.Loop() {
		v = (v + 7919) & (1<<21 - 1)
		c.Record(v)
	}
}

// 64 workers × 8 kinds × response and service: what the collector merges once an interval.
func BenchmarkMerge1024(b *testing.B) {
	parts := make([]Counts, 64*8*2)
	m := NewMerged()
	for b.Loop() {
		for i := range parts {
			for v := time.Duration(1000); v < 2*time.Millisecond; v += 50 * time.Microsecond {
				parts[i].Record(v)
			}
		}
		for i := range parts {
			m.Take(&parts[i])
		}
	}
}

// Cumulative counts and the sum agree with counting the values one by one, to the resolution
// of the buckets.
func TestCumulative(t *testing.T) {
	bounds := []time.Duration{time.Millisecond, 10 * time.Millisecond, time.Second}
	var c Counts
	want := make([]uint64, len(bounds))
	sum := 0.0
	r := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		d := time.Duration(math.Exp(r.Float64()*22)) + 1 // 1 ns to 3.6 s
		for _, b := range bounds {
			if diff := float64(d-b) / float64(b); diff > -0.002 && diff < 0.002 {
				d = b / 2 // away from the bounds' own buckets
			}
		}
		c.Record(d)
		sum += float64(d)
		for i, b := range bounds {
			if d <= b {
				want[i]++
			}
		}
	}
	m := NewMerged()
	m.Take(&c)
	got := make([]uint64, len(bounds))
	m.AddCumulative(bounds, got)
	if !slices.Equal(got, want) {
		t.Errorf("cumulative %v, want %v", got, want)
	}
	if ratio := float64(m.Sum()) / sum; ratio < 1 || ratio > 1.001 {
		t.Errorf("the sum is %v of the exact one", ratio)
	}
}
