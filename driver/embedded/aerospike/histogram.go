package aerospike

import (
	"fmt"
	"math/bits"
	"strings"
	"sync"
	"time"
)

// tickerInterval is how long a slice of a latency histogram lasts (ticker-interval's default).
const tickerInterval = 10 * time.Second

// latencyColumns are the powers of two of a millisecond, from 1 ms on, that an answer has.
const latencyColumns = 17

// A histogram counts latencies as the server's `latencies:` tells them: for the last whole
// slice of time, the rate and the share above each power of two of a millisecond. The clock's
// time is an argument; a slice ends when a later time is seen.
type histogram struct {
	name   string
	mu     sync.Mutex
	slice  int64 // number of the slice being filled
	now    [latencyColumns + 1]uint64
	last   [latencyColumns + 1]uint64 // the slice before
	filled bool                       // a slice that began after the first insertion's has ended
	used   bool
}

// add counts one latency that ended now.
func (h *histogram) add(now, took time.Duration) {
	// Column i counts what took longer than 2^(i-1) ms up to 2^i ms.
	ms := uint64(max(0, (took+time.Millisecond-1)/time.Millisecond))
	column := 0
	if ms > 1 {
		column = min(bits.Len64(ms-1), latencyColumns)
	}
	h.mu.Lock()
	h.roll(now)
	h.used = true
	h.now[column]++
	h.mu.Unlock()
}

// roll begins a new slice when the time for it has come; the histogram is locked.
func (h *histogram) roll(now time.Duration) {
	slice := int64(now / tickerInterval)
	if slice == h.slice {
		return
	}
	h.last = [latencyColumns + 1]uint64{}
	if slice == h.slice+1 {
		h.last = h.now
	}
	h.filled = h.filled || h.used
	h.now, h.slice = [latencyColumns + 1]uint64{}, slice
}

// text returns the histogram as `latencies:` has it: name:unit,rate,17 shares in percent; the
// name alone until a slice has been completed.
func (h *histogram) text(now time.Duration) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.roll(now)
	if !h.filled {
		return h.name + ":"
	}
	var b strings.Builder
	total := uint64(0)
	for _, n := range h.last {
		total += n
	}
	fmt.Fprintf(&b, "%s:msec,%.1f", h.name, float64(total)/tickerInterval.Seconds())
	above := total
	for i := range latencyColumns {
		above -= h.last[i]
		fmt.Fprintf(&b, ",%.2f", 100*float64(above)/float64(max(total, 1)))
	}
	return b.String()
}

// histograms are one node's, in the order in which the server lists them.
type histograms struct{ list []*histogram }

// The histograms of a namespace, after batch-index.
const (
	histBatch = iota
	histRead
	histWrite
	histUDF
	histBatchRead
	histBatchWrite
	histBatchUDF
	histPrimaryQuery
	histSecondaryQuery
)

func newHistograms(namespace string) *histograms {
	h := &histograms{list: []*histogram{{name: "batch-index"}}}
	names := []string{
		"read", "write", "udf", "batch-sub-read", "batch-sub-write", "batch-sub-udf", "pi-query", "si-query",
	}
	for _, name := range names {
		h.list = append(h.list, &histogram{name: "{" + namespace + "}-" + name})
	}
	return h
}

func (h *histograms) find(name string) *histogram {
	for _, x := range h.list {
		if x.name == name {
			return x
		}
	}
	return nil
}

// text returns all, separated by semicolons.
func (h *histograms) text(now time.Duration) string {
	out := make([]string, len(h.list))
	for i, x := range h.list {
		out[i] = x.text(now)
	}
	return strings.Join(out, ";")
}
