//go:build !race

package runner

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crossover/driver/clock"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// A queueing is a database of so many servers, each busy for an exponential time with each
// operation, first come, first served.
type queueing struct {
	mu   sync.Mutex
	free servers
	rand *rand.Rand
}

func (q *queueing) do(ctx context.Context, c clock.Clock, _ *op.Op, out *op.Outcome) {
	now := c.Now()
	q.mu.Lock()
	end := q.free.serve(now.Seconds(), q.rand.ExpFloat64()*mmcMean.Seconds())
	q.mu.Unlock()
	if c.SleepUntil(ctx, time.Duration(end*1e9)) != nil {
		out.Class = op.Timeout
	}
}

// poisson is a schedule of one phase with independent gaps between operations.
type poisson struct {
	dues   []time.Duration
	length time.Duration
}

func newPoisson(r *rand.Rand, rate float64, length time.Duration) poisson {
	p := poisson{length: length}
	for at := 0.0; ; {
		if at += r.ExpFloat64() / rate; at >= length.Seconds() {
			return p
		}
		p.dues = append(p.dues, time.Duration(at*1e9))
	}
}

func (p poisson) PhaseOf(uint64) int      { return 0 }
func (p poisson) Duration() time.Duration { return p.length }
func (p poisson) Due(i uint64) (time.Duration, bool) {
	if i >= uint64(len(p.dues)) {
		return 0, false
	}
	return p.dues[i], true
}

// readStream is nothing but reads.
type readStream struct{}

func (readStream) Len() uint64           { return 0 }
func (readStream) At(i uint64, o *op.Op) { *o = op.Op{Index: i, Item: i % 1000, Kind: op.Read} }

// The same through the whole engine, in a bubble's virtual time: pacer, sessions, recorder,
// run directory and the evidence read out of it.
func TestSearchThroughTheEngine(t *testing.T) {
	const servers4 = 4
	limit := 4 * time.Millisecond
	want := mmcCapacity(servers4, 0.95, limit)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		c := plainClock{clock.Real()}
		n := 0
		probe := func(ctx context.Context, rate float64, length time.Duration) (Probe, error) {
			n++
			r := rand.New(rand.NewPCG(21, uint64(n)))
			q := &queueing{free: make(servers, servers4), rand: r}
			sc := openScenario(64, workload.Phase{
				Name: "probe", For: length, Rate: workload.Rate{From: rate, To: rate}, Record: true,
			})
			cfg := Config{
				Scenario: sc, Driver: &testDriver{do: q.do, clock: c}, Clock: c, Tool: "test", Run: "r",
				Interval: length / 60, Dir: filepath.Join(dir, fmt.Sprint(n)),
			}
			src := source{
				stream: func() workload.Stream { return readStream{} }, streamDigest: "stream", textDigest: "text",
				plan: newPoisson(r, rate, length),
			}
			if _, err := execute(ctx, cfg.withDefaults(), src); err != nil {
				return Probe{}, err
			}
			p, err := ProbeOf(cfg.Dir)
			for i := range p.Intervals {
				// Real CPU time, measured against a bubble's virtual time, says nothing.
				p.Intervals[i].Limited = false
			}
			return p, err
		}
		got, err := Search(t.Context(), SearchConfig{
			Probe: probe, Objectives: limitOf(op.Read, "p95", limit), Start: 2400,
			Length: 12 * time.Second, Looks: 1, Resolution: 0.1,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("capacity %.0f/s, found %.0f (%+.1f%%) to %.0f in %d probes: %s", want, got.Holding,
			100*(got.Holding/want-1), got.Failing, n, got.Outcome)
		if got.Outcome != results.OutcomeFound || math.Abs(got.Holding/want-1) > 0.12 {
			t.Errorf("%s: %v, want %.0f/s within 12%%", got.Outcome, got.Sentence, want)
		}
	})
}

// The evidence is what the run directory holds, to the last operation.
func TestProbeOfIsTheWholeRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 1))
		q := &queueing{free: make(servers, 2), rand: r}
		fails := 0
		d := &testDriver{do: func(ctx context.Context, c clock.Clock, o *op.Op, out *op.Outcome) {
			q.do(ctx, c, o, out)
			if o.Index >= 980 { // so that operations fail, too, after the last one was due
				if c.SleepUntil(ctx, c.Now()+20*time.Millisecond) != nil {
					t.Error("cut short")
				}
			}
			if o.Index%5 == 0 {
				fails++
				out.Class = op.Throttled
			}
		}}
		dir := filepath.Join(t.TempDir(), "run")
		m, run, err := start(t.Context(), t, Config{
			Scenario: openScenario(1, phase("probe", 2*time.Second, 500)), Driver: d, Dir: dir, Interval: 10 * time.Millisecond,
		})
		if err != nil {
			t.Fatal(err)
		}
		p, err := ProbeOf(dir)
		if err != nil {
			t.Fatal(err)
		}
		var offered, ended, failed, read, update uint64
		for _, at := range p.Intervals {
			offered += at.Offered
			ended += at.Ended
			failed += at.Failed
			read += at.Response[op.Read].Total()
			update += at.Response[op.Update].Total()
			if at.Start >= p.Length {
				t.Errorf("an interval from %v of %v", at.Start, p.Length)
			}
		}
		if p.Length != 2*time.Second || offered != m.Totals.Offered || ended != m.Totals.Answered() ||
			failed != m.Totals.Errors() || failed != uint64(fails) {
			t.Errorf("%d offered, %d ended, %d failed; totals %+v", offered, ended, failed, m.Totals)
		}
		for kind, n := range map[string]uint64{"read": read, "update": update} {
			h := run.Histogram(kind, results.Response, true)
			if int64(n) != h.TotalCount() {
				t.Errorf("%d response times of %s, want %d", n, kind, h.TotalCount())
			}
		}
		all := mergedTimes(p.Intervals, op.Read)
		if h := run.Histogram("read", results.Response, true); int64(all.quantile(0.9)) != h.ValueAtQuantile(90) {
			t.Errorf("p90 %v, want %v", all.quantile(0.9), h.ValueAtQuantile(90))
		}
	})
}
