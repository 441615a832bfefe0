package runner

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"crossover/driver/clock"
	"crossover/results"
	"crossover/workload/op"
)

// Whatever the order and however spread over shards, the slowest are kept, slowest first.
func TestSlowestAreKept(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		shards := make([]slowest, 3)
		var all []time.Duration
		var sum slowest
		for i := range 500 {
			response := time.Duration(r.Uint64N(1000)) // ties are likely
			all = append(all, response)
			s := &shards[r.IntN(len(shards))]
			if s.admits(response) {
				s.add(&op.Op{Index: uint64(i)}, &op.Outcome{}, 0, 0, response, 0)
			}
			if i%100 == 99 {
				for k := range shards {
					sum.take(&shards[k])
				}
			}
		}
		slices.SortFunc(all, func(a, b time.Duration) int { return int(b - a) })
		for i, line := range sum.lines() {
			if got := time.Duration(line.ResponseNs); got != all[i] {
				t.Fatalf("seed %d: place %d is %v, want %v", seed, i, got, all[i])
			}
		}
		if sum.n != SlowestKept {
			t.Fatalf("seed %d: %d kept", seed, sum.n)
		}
	}
}

// A run writes the history of its slowest operations, and each attempt's latency by itself.
func TestAttemptsAreRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &testDriver{do: func(ctx context.Context, c clock.Clock, o *op.Op, out *op.Outcome) {
			if o.Index%50 != 0 {
				_ = c.SleepUntil(ctx, c.Now()+time.Millisecond)
				out.Attempts = append(out.Attempts, op.Attempt{Start: c.Now() - time.Millisecond, Latency: time.Millisecond})
				return
			}
			start := c.Now()
			_ = c.SleepUntil(ctx, start+40*time.Millisecond)
			out.Attempts = append(
				out.Attempts,
				op.Attempt{Start: start, Latency: 2 * time.Millisecond, Class: op.Throttled, Reason: "hot"},
				op.Attempt{Start: start + 30*time.Millisecond, Latency: 10 * time.Millisecond},
			)
		}}
		_, run, err := start(t.Context(), t, Config{Scenario: openScenario(16, phase("steady", 2*time.Second, 100)), Driver: d})
		if err != nil {
			t.Fatal(err)
		}
		answered, refused := run.Histogram("", results.Attempt, true), run.Histogram("", results.AttemptFailure, true)
		if answered.TotalCount() != 200 || refused.TotalCount() != 4 {
			t.Errorf("%d attempts answered and %d refused, want 200 and 4", answered.TotalCount(), refused.TotalCount())
		}
		if p := refused.Max(); p < int64(2*time.Millisecond) || p > int64(2*time.Millisecond+10*time.Microsecond) {
			t.Errorf("refused attempts took up to %v", time.Duration(p))
		}
		first := run.Slowest()[0]
		if first.Index%50 != 0 || len(first.Attempts) != 2 || first.Attempts[0].Reason != "hot" ||
			first.Attempts[1].AfterNs != int64(30*time.Millisecond) || first.ResponseNs < int64(40*time.Millisecond) {
			t.Errorf("the slowest operation is told as %+v", first)
		}
	})
}
