package runner

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"crossover/driver/clock"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

func testEngine(sessions int, open bool) *engine {
	e := &engine{
		clock: clock.Real(), phases: []workload.Phase{{Name: "p", Record: true}}, opCtx: context.Background(),
		open: open, maxLateness: time.Hour,
	}
	e.offered = make([]atomic.Uint64, e.cells())
	e.queue = newQueue(sessions)
	d := &testDriver{clock: e.clock}
	for range sessions {
		e.workers = append(e.workers, &worker{
			session: testSession{d}, stream: testStream{1000}, shard: e.newShard(), wake: make(chan struct{}, 1),
		})
	}
	return e
}

func TestSketchBoundsHold(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		zipf := rand.NewZipf(r, 1.1, 1, 1<<20)
		truth := map[uint64]uint64{}
		var all sketch
		var workers [4]sketch
		for range 40000 {
			item := zipf.Uint64()
			truth[item]++
			workers[r.IntN(len(workers))].add(item)
		}
		for i := range workers {
			all.take(&workers[i])
			if workers[i].used || workers[i] != (sketch{}) {
				t.Fatal("a taken sketch is not empty")
			}
		}
		for i := range all.sets {
			for _, e := range all.sets[i] {
				if n := truth[e.item]; e.count > 0 && (n > e.count || n < e.count-e.err) {
					t.Fatalf("seed %d: item %d was seen %d times, the sketch says %d - %d", seed, e.item, n, e.count, e.err)
				}
			}
		}
		top := all.top(TopKeys)
		if len(top) != TopKeys || top[0].item != 0 || top[1].item != 1 {
			t.Errorf("seed %d: top %v", seed, top)
		}
	}
}

func TestQueueKeepsOrder(t *testing.T) {
	q := newQueue(2)
	var items []entry
	for i := range uint64(5000) { // grows the ring twice
		items = append(items, entry{index: i, due: time.Duration(i)})
	}
	q.put(items[:10])
	w := &worker{wake: make(chan struct{}, 1), freeAt: 7}
	for i := range uint64(5) {
		if item, base, ok := q.next(w); !ok || item.index != i || base != max(7, item.due) {
			t.Fatalf("took %+v, base %v", item, base)
		}
	}
	q.put(items[10:])
	var dropped []uint64
	waiting, first := q.expire(100, func(e entry) { dropped = append(dropped, e.index) })
	if waiting != 4900 || first != 100 || len(dropped) != 95 || dropped[0] != 5 {
		t.Errorf("%d wait, the first due at %v; %d dropped", waiting, first, len(dropped))
	}
	for i := uint64(100); i < 5000; i++ {
		if item, _, ok := q.next(w); !ok || item.index != i {
			t.Fatalf("took %+v, want %d", item, i)
		}
	}
	q.close()
	if _, _, ok := q.next(w); ok {
		t.Error("a closed, empty queue gave an operation")
	}
}

func lateBy(d time.Duration, n int) *results.Merged {
	var c results.Counts
	for range n {
		c.Record(d)
	}
	m := results.NewMerged()
	m.Take(&c)
	return m
}

func TestHealthVerdict(t *testing.T) {
	m := newMonitor()
	m.cores = 1e6 // whatever else runs on this machine, these cores are not saturated
	for i := range 20 {
		late := time.Millisecond
		if i >= 17 {
			late = 2 * LatenessP99Limit
		}
		if got, want := m.interval(time.Second, lateBy(late, 1000), true, true), i >= 17; got != want {
			t.Errorf("interval %d: limited %v", i, got)
		}
	}
	h := m.result()
	if !h.Limited || h.LimitedShare != 0.15 || len(h.Reasons) != 1 {
		t.Errorf("health %+v", h)
	}
	if h.LatenessP50Ns > int64(time.Millisecond)*1001/1000 || h.LatenessMaxNs < int64(2*LatenessP99Limit) {
		t.Errorf("lateness %d to %d ns", h.LatenessP50Ns, h.LatenessMaxNs)
	}
	// Two of twenty are within the limit, and warm-up does not count.
	m = newMonitor()
	m.cores = 1e6
	for i := range 30 {
		m.interval(time.Second, lateBy(time.Duration(1+i%10/9)*9*time.Millisecond, 1000), i >= 10, true)
	}
	if h := m.result(); h.Limited || h.LimitedShare != 0.1 {
		t.Errorf("health %+v", h)
	}
}

// A process with no core to itself is the limit, however punctual its few sends were.
func TestSaturatedProcessIsTheLimit(t *testing.T) {
	m := newMonitor()
	m.cores = 1e-6
	stop := clock.Real()
	for stop.Now() < 5*time.Millisecond { // some CPU time must pass for there to be a share
	}
	if !m.interval(5*time.Millisecond, lateBy(time.Microsecond, 1000), true, true) {
		t.Error("a saturated process passes for healthy")
	}
	if h := m.result(); !h.Limited || h.CPUShare != 1 || !strings.Contains(h.Reasons[0], "own CPU") {
		t.Errorf("health %+v", h)
	}
}

func TestErrorObjectiveNeedsSamples(t *testing.T) {
	totals := func(ok, failed uint64) results.Totals {
		return results.Totals{Offered: ok + failed, ByClass: map[string]uint64{"ok": ok, "failed": failed}}
	}
	for _, c := range []struct {
		limit      float64
		ok, failed uint64
		want       string
	}{
		{0.001, 0, 0, NotEnoughSamples},
		{0.001, 2999, 0, NotEnoughSamples}, // 3/0.001 = 3,000 clean ones bound it
		{0.001, 3000, 0, Met},
		{0.001, 100, 1, Missed},
		{0, 10, 0, Met},
		{0, 9, 1, Missed},
	} {
		if got := judgeErrors(c.limit, totals(c.ok, c.failed)); got.Result != c.want {
			t.Errorf("%+v: %s", c, got.Result)
		}
	}
}

// BenchmarkEngineNull is the whole engine but the schedule, on a driver that does nothing:
// what one operation costs, and what cannot be exceeded.
func BenchmarkEngineNull(b *testing.B) {
	e := testEngine(2, false)
	e.phases[0].Ops = uint64(b.N)
	b.ReportAllocs()
	b.ResetTimer()
	e.loop(context.Background())
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}

func BenchmarkRecord(b *testing.B) {
	s := (&engine{phases: make([]workload.Phase, 1)}).newShard()
	o, out := &op.Op{}, &op.Outcome{}
	b.ReportAllocs()
	i := uint64(0)
	for b.Loop() {
		i += 7919
		o.Item = i & 1023
		s.done(0, o, out, time.Duration(i&(1<<20-1)), time.Duration(i&(1<<19-1)))
	}
}
