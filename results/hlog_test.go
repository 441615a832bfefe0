package results

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"
)

// inflated splits a log's line into what stands before its histogram, and that, inflated.
func inflated(t interface{ Fatal(...any) }, line string) (before string, cookie, raw []byte) {
	i := strings.LastIndexByte(line, ',') + 1
	packed, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(line[i:], "\n"))
	if err != nil {
		t.Fatal(err)
	}
	z, err := zlib.NewReader(bytes.NewReader(packed[8:]))
	if err != nil {
		t.Fatal(err)
	}
	raw, err = io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return line[:i], packed[:4], raw
}

// A line is the library's, but for how hard it was compressed; and the library reads from it
// what was recorded.
func TestHlogLineIsTheLibrarys(t *testing.T) {
	var e hlogEncoder // one for all, whose storage must not show
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		m := NewMerged()
		for range 1 + r.IntN(1<<r.IntN(12)) {
			var c Counts
			d := time.Duration(r.Int64N(int64(LatencyMax)+1)) >> r.IntN(40)
			for range 1 + r.IntN(1<<r.IntN(12)) {
				c.Record(d)
			}
			m.Take(&c)
		}
		start := rapid.Int64Range(0, int64(24*time.Hour)).Draw(t, "start")
		end := start + rapid.Int64Range(0, int64(time.Minute)).Draw(t, "length")

		const began = 1_760_000_000_123 // ms since 1970
		h := m.Histogram()
		h.SetTag("read.response")
		h.SetStartTimeMs(began + time.Duration(start).Milliseconds())
		h.SetEndTimeMs(began + time.Duration(end).Milliseconds())
		var library bytes.Buffer
		log := hdrhistogram.NewHistogramLogWriter(&library)
		log.SetBaseTime(began)
		if err := log.OutputIntervalHistogram(h); err != nil {
			t.Fatal(err)
		}
		line, err := e.appendLine(nil, "read.response", time.Duration(start), time.Duration(end), m)
		if err != nil {
			t.Fatal(err)
		}
		wantBefore, wantCookie, wantRaw := inflated(t, library.String())
		before, cookie, raw := inflated(t, string(line))
		if before != wantBefore {
			t.Errorf("the line begins %q, the library's %q", before, wantBefore)
		}
		if !bytes.Equal(cookie, wantCookie) || !bytes.Equal(raw, wantRaw) {
			t.Errorf("encoded as\n% x\nthe library says\n% x", raw, wantRaw)
		}
		read, err := hdrhistogram.NewHistogramLogReader(bytes.NewReader(line)).NextIntervalHistogram()
		if err != nil || read == nil || !read.Equals(h) {
			t.Errorf("the library reads %v, error %v", read, err)
		}
	})
}

// An interval's lines take no storage of their own, once the first have been written.
func TestLatencyAllocatesNothing(t *testing.T) {
	w, err := Create(t.TempDir(), Manifest{Totals: NewTotals()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	m := spread(NewMerged(), 10_000)
	write := func() {
		if err := w.Latency(time.Second, time.Second, "read.response", m); err != nil {
			t.Fatal(err)
		}
	}
	write()
	if n := testing.AllocsPerRun(20, write); n >= 1 {
		t.Errorf("%g allocations a line", n)
	}
}

// spread records n values from 20 µs to 20 ms, as many in each doubling.
func spread(m *Merged, n int) *Merged {
	r := rand.New(rand.NewPCG(1, 2))
	var c Counts
	for range n {
		c.Record(time.Duration(float64(int(20_000)<<r.IntN(10)) * (1 + r.Float64())))
	}
	m.Take(&c)
	return m
}

// BenchmarkRecordValue is one value into the hot path's counts; spread out, so that many cache
// lines are written to.
func BenchmarkRecordValue(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var values [1 << 12]time.Duration
	for i := range values {
		values[i] = time.Duration(float64(int(20_000)<<r.IntN(10)) * (1 + r.Float64()))
	}
	var c Counts
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.Record(values[i&(1<<12-1)])
	}
}

// BenchmarkLatencyLine is one line of latency.hlog, of 10,000 values over ten doublings.
func BenchmarkLatencyLine(b *testing.B) {
	var e hlogEncoder
	m := spread(NewMerged(), 10_000)
	var line []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if line, err = e.appendLine(line[:0], "read.response", time.Second, 2*time.Second, m); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(line)), "bytes")
}
