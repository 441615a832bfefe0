package runner

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"crossover/results"
	"crossover/workload/op"
)

// BenchmarkCollect is the end of an interval in which each of 64 workers has done operations
// of 8 kinds with spread-out latencies, as many as make the rate: shards exchanged and merged,
// lines, histograms and hot keys written. core-share-% is what that is of a core at an interval
// of one second, and merge-core-share-% the part of it that grows with the workers: exchanging
// and merging.
func BenchmarkCollect(b *testing.B) {
	for _, each := range []int{200, 2000} {
		b.Run(fmt.Sprintf("%d_per_s", 64*8*each), func(b *testing.B) { benchmarkCollect(b, each) })
	}
}

// benchmarkCollect ends intervals in which each worker has done so many operations of each kind.
func benchmarkCollect(b *testing.B, each int) {
	e := testEngine(64, false)
	m := results.Manifest{Totals: results.NewTotals()}
	w, err := results.Create(filepath.Join(b.TempDir(), "run"), m, []byte("name: bench\n"))
	if err != nil {
		b.Fatal(err)
	}
	c := newCollector(e, w, DefaultInterval)
	r := rand.New(rand.NewPCG(1, 2))
	var used, merged time.Duration
	for range b.N {
		for _, w := range e.workers {
			for kind := range op.Kind(8) {
				for range each {
					// 20 µs to 20 ms, as many in each doubling.
					d := time.Duration(float64(int(20_000)<<r.IntN(10)) * (1 + r.Float64()))
					w.shard.done(cellOf(0, kind), &op.Op{Kind: kind, Item: r.Uint64N(1 << 16)}, &op.Outcome{}, d, d/2)
				}
			}
		}
		before := readUsage()
		for _, w := range e.workers {
			c.exchange(w)
		}
		merged += readUsage().cpu - before.cpu
		c.take()
		used += readUsage().cpu - before.cpu
	}
	if c.err != nil {
		b.Fatal(c.err)
	}
	share := func(d time.Duration) float64 { return 100 * float64(d) / float64(b.N) / float64(time.Second) }
	b.ReportMetric(share(merged), "merge-core-share-%")
	b.ReportMetric(share(used), "core-share-%")
	b.ReportMetric(0, "ns/op")
}
