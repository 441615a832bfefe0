package runner

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crossover/driver/clock"
	"crossover/workload"
	"crossover/workload/op"
)

func TestBatchSize(t *testing.T) {
	for _, c := range []struct {
		n    uint64
		took time.Duration
		want uint64
	}{
		{1, 0, 1}, // nothing is known yet
		{1, quickOp - 1, quickBatch},
		{1, quickOp, 1},
		{quickBatch, quickBatch*quickOp - 1, quickBatch},
		{quickBatch, quickBatch * quickOp, 1},
	} {
		if got := batchSize(c.n, c.took); got != c.want {
			t.Errorf("%d operations took %v: take %d, want %d", c.n, c.took, got, c.want)
		}
	}
}

// A seen notes the operations that a driver was sent.
type seen struct {
	mu      sync.Mutex
	indices []uint64
}

func (s *seen) add(i uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.indices = append(s.indices, i)
}

// Whatever the workers take at once, a closed loop sends each operation once, and none past
// where its phases end: those of a number of operations, and those of a time.
func TestClosedLoopSendsTheStreamUpToAnIndex(t *testing.T) {
	for name, each := range map[string]time.Duration{"quick": 300 * time.Nanosecond, "slow": 50 * time.Microsecond} {
		synctest.Test(t, func(t *testing.T) {
			var sent seen
			d := &testDriver{do: func(ctx context.Context, c clock.Clock, o *op.Op, _ *op.Outcome) {
				sent.add(o.Index)
				_ = c.SleepUntil(ctx, c.Now()+each)
			}}
			sc := closedScenario(3,
				workload.Phase{Name: "counted", Ops: 1001, Record: true},
				workload.Phase{Name: "timed", For: 2 * time.Millisecond, Record: true},
				workload.Phase{Name: "again", Ops: 50, Record: true})
			m, run, err := start(t.Context(), t, Config{Scenario: sc, Driver: d})
			if err != nil {
				t.Fatal(err)
			}
			checkSums(t, run)
			slices.Sort(sent.indices)
			for i, index := range sent.indices {
				if index != uint64(i) {
					t.Fatalf("%s: operation %d was sent as number %d", name, index, i)
				}
			}
			counts := map[string]uint64{}
			for _, line := range run.Intervals() {
				counts[line.Phase] += line.Sent
			}
			if counts["counted"] != 1001 || counts["again"] != 50 || m.Totals.Sent != uint64(len(sent.indices)) {
				t.Errorf("%s: sent %v, %d in all; the driver saw %d", name, counts, m.Totals.Sent, len(sent.indices))
			}
		})
	}
}

// A database that stalls as a phase ends is not waited for by operations that were only taken.
func TestClosedLoopEndsInAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &testDriver{do: func(ctx context.Context, c clock.Clock, _ *op.Op, _ *op.Outcome) {
			each := 300 * time.Nanosecond
			if c.Now() >= startLead+time.Millisecond {
				each = time.Second
			}
			_ = c.SleepUntil(ctx, c.Now()+each)
		}}
		sc := closedScenario(3, workload.Phase{Name: "timed", For: 2 * time.Millisecond, Record: true})
		m, run, err := start(t.Context(), t, Config{Scenario: sc, Driver: d})
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, run)
		if took := m.Ended.Sub(m.Started); took > 1100*time.Millisecond {
			t.Errorf("the run took %v: a worker went on with what it had taken", took)
		}
	})
}
