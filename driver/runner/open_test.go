package runner

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"crossover/driver/clock"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// stall answers after a millisecond, but stops answering from one time to another.
func stall(from, to time.Duration) func(context.Context, clock.Clock, *op.Op, *op.Outcome) {
	return func(ctx context.Context, c clock.Clock, _ *op.Op, out *op.Outcome) {
		at := c.Now() + time.Millisecond
		if now := c.Now(); now >= from && now < to {
			at = to
		}
		if c.SleepUntil(ctx, at) != nil {
			out.Class = op.Timeout
		}
	}
}

// A server that stops for one second at 1,000 operations/s makes about 1,000 operations
// late, by every time from 0 to 1 s alike; a closed loop would have seen one late operation
// per session, and service time shows just that.
func TestStallShowsInResponseTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const sessions = 8
		// The stall covers [2 s, 3 s) of the clock, which the run joins 20 ms late.
		d := &testDriver{do: stall(2*time.Second, 3*time.Second)}
		m, run, err := start(t.Context(), t, Config{
			Scenario: openScenario(sessions, phase("steady", 5*time.Second, 1000)), Driver: d,
		})
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, run)
		if m.Totals.Sent != 5000 || m.Status != results.Complete {
			t.Errorf("%d sent, status %s", m.Totals.Sent, m.Status)
		}
		response := run.Histogram("", results.Response, true)
		late := func(over time.Duration) float64 {
			var n int64
			for _, bar := range response.Distribution() {
				if bar.From > int64(over) {
					n += bar.Count
				}
			}
			return float64(n)
		}
		// What is due a seconds into the stall waits 1-a for its end, then for the 1000a before
		// it at 8 sessions × 1,000/s: 1 - a + a/8. What is due b seconds after the stall, up to
		// b = 1/7 when the backlog is gone, waits 1/8 - 7b/8. So 1000 × (1-x) × 8/7 operations
		// wait longer than x, for every x from 0 to 1 s: evenly spread.
		for _, x := range []float64{0.02, 0.1, 0.25, 0.5, 0.75, 0.9} {
			over := time.Duration(x * float64(time.Second))
			want := 1000 * (1 - x) * 8 / 7
			if got := late(over); math.Abs(got-want) > 0.03*want+2 {
				t.Errorf("%v: %.0f operations responded later than that, want about %.0f", over, got, want)
			}
		}
		// In the middle of the stall every session holds one operation and the rest wait.
		var flying, waiting int64
		for _, line := range run.Intervals() {
			if line.Start > 0.9 && line.Start < 2 { // the interval that ends within the stall
				flying += line.InFlight
				waiting += line.Waiting
			}
		}
		if flying < sessions || waiting == 0 {
			t.Errorf("%d in flight and %d waiting in the stall", flying, waiting)
		}
		service := run.Histogram("", results.Service, true)
		var slow int64
		for _, bar := range service.Distribution() {
			if bar.From > int64(5*time.Millisecond) {
				slow += bar.Count
			}
		}
		if slow != sessions {
			t.Errorf("%d operations had a long service time, want one per session (%d)", slow, sessions)
		}
		// The rest of its health is the real host's, which a test does not choose.
		if m.Health.LatenessMaxNs > int64(time.Millisecond) {
			t.Errorf("a slow database made the generator look late: %+v", m.Health)
		}
	})
}

func TestLateOperationsAreDroppedAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc := openScenario(4, phase("steady", 4*time.Second, 100))
		sc.Workload.MaxLateness = 500 * time.Millisecond
		d := &testDriver{do: stall(time.Second, 3*time.Second)}
		m, run, err := start(t.Context(), t, Config{Scenario: sc, Driver: d})
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, run)
		// Due in the stall's two seconds: 200, of which 4 were sent at once and those of the
		// last half second could still be sent at its end.
		if dropped := m.Totals.ByClass["dropped"]; dropped < 144 || dropped > 148 {
			t.Errorf("%d dropped, want about 146", dropped)
		}
		if m.Totals.Offered != 400 || d.calls.Load() != m.Totals.Sent {
			t.Errorf("%d offered, %d sent, %d seen by the driver", m.Totals.Offered, m.Totals.Sent, d.calls.Load())
		}
		var late int64
		for _, bar := range run.Histogram("", results.Response, true).Distribution() {
			if bar.From > int64(502*time.Millisecond) {
				late += bar.Count
			}
		}
		if late != 4 { // the four that were in flight as the stall began
			t.Errorf("%d operations were answered later than max_lateness allows", late)
		}
	})
}

func TestWarmUpIsLeftOutOfTotals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		warm := phase("warm-up", 2*time.Second, 50)
		warm.Record = false
		d := &testDriver{do: stall(0, 0)}
		m, run, err := start(t.Context(), t, Config{
			Scenario: openScenario(4, warm, phase("steady", 3*time.Second, 100)), Driver: d,
		})
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, run)
		if m.Totals.Sent != 300 || d.calls.Load() != 400 {
			t.Errorf("%d sent in totals, %d in all", m.Totals.Sent, d.calls.Load())
		}
		all, recorded := run.Histogram("", results.Response, false), run.Histogram("", results.Response, true)
		if all.TotalCount() != 400 || recorded.TotalCount() != 300 {
			t.Errorf("histograms hold %d and %d", all.TotalCount(), recorded.TotalCount())
		}
		var phases []string
		for _, e := range run.Events() {
			if e.Name == "phase" {
				phases = append(phases, e.Detail)
			}
		}
		if len(phases) != 2 || phases[0] != "warm-up" || phases[1] != "steady" {
			t.Errorf("phase events %v", phases)
		}
	})
}

func TestInterruptedRunIsReadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		d := &testDriver{}
		d.do = func(ctx context.Context, c clock.Clock, o *op.Op, out *op.Outcome) {
			if o.Index == 150 {
				cancel()
			}
			_ = c.SleepUntil(ctx, c.Now()+200*time.Millisecond)
		}
		m, run, err := start(ctx, t, Config{
			Scenario: openScenario(4, phase("steady", time.Hour, 100)), Driver: d,
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v", err)
		}
		checkSums(t, run)
		if m.Status != results.Interrupted || run.CutOff() {
			t.Errorf("status %s, cut off %v", m.Status, run.CutOff())
		}
		if m.Totals.InFlight != 0 || m.Totals.Sent < 100 || m.Totals.ByClass["dropped"] == 0 {
			t.Errorf("totals %+v", m.Totals)
		}
	})
}

// A session that never answers and ignores its context must not hold the run for ever; what
// it held stays in flight.
func TestDeadSessionsAreAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		d := &testDriver{}
		d.do = func(_ context.Context, _ clock.Clock, o *op.Op, _ *op.Outcome) {
			if o.Index == 7 {
				<-release
			}
		}
		m, run, err := start(t.Context(), t, Config{
			Scenario: openScenario(4, phase("steady", time.Second, 100)), Driver: d,
		})
		close(release)
		if !errors.Is(err, errAbandoned) || m.Status != results.Failed {
			t.Fatalf("status %s, error %v", m.Status, err)
		}
		checkSums(t, run)
		if m.Totals.InFlight != 1 || m.Totals.Sent != 100 {
			t.Errorf("%d in flight of %d", m.Totals.InFlight, m.Totals.Sent)
		}
	})
}

func TestUnansweredOperationsAreCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &testDriver{}
		d.do = func(ctx context.Context, _ clock.Clock, o *op.Op, out *op.Outcome) {
			if o.Index == 7 {
				<-ctx.Done()
				out.Class, out.Reason, out.Err = op.Timeout, "deadline", ctx.Err()
			}
		}
		m, run, err := start(t.Context(), t, Config{
			Scenario: openScenario(4, phase("steady", time.Second, 100)), Driver: d,
		})
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, run)
		if m.Totals.ByClass["timeout"] != 1 || m.Totals.Failures["timeout: deadline"] != 1 || len(m.Warnings) != 1 {
			t.Errorf("totals %+v, warnings %v", m.Totals, m.Warnings)
		}
		if n := run.Histogram("update", results.Failure, true).TotalCount(); n != 1 {
			t.Errorf("%d failures' latencies", n)
		}
	})
}

func TestClosedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		byTime := workload.Phase{Name: "time", For: 2 * time.Second, Record: true}
		byCount := workload.Phase{Name: "count", Ops: 1001, Record: true}
		var indexes [3000]int32
		d := &testDriver{}
		d.do = func(ctx context.Context, c clock.Clock, o *op.Op, _ *op.Outcome) {
			indexes[o.Index]++
			_ = c.SleepUntil(ctx, c.Now()+10*time.Millisecond)
		}
		// One worker at a time touches an index, so that the array needs no lock.
		m, run, err := start(t.Context(), t, Config{Scenario: closedScenario(4, byTime, byCount, byTime), Driver: d})
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, run)
		// 4 workers × 100/s × 2 s, twice, and 1,001 by count.
		if m.Totals.Sent != 800+1001+800 || m.Totals.Offered != m.Totals.Sent {
			t.Errorf("%d sent, %d offered", m.Totals.Sent, m.Totals.Offered)
		}
		for i := range m.Totals.Sent {
			if indexes[i] != 1 {
				t.Fatalf("operation %d was sent %d times", i, indexes[i])
			}
		}
		if m.Health.LatenessMaxNs != 0 {
			t.Error("a closed loop cannot be late")
		}
	})
}
