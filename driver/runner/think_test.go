package runner

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"crossover/driver/clock"
	"crossover/workload"
	"crossover/workload/op"
)

// A worker pauses after each operation for as long as the operation's own think time says: a
// constant, or one drawn by the operation's index.
func TestThinkTimes(t *testing.T) {
	for _, process := range []string{"constant", "exponential"} {
		synctest.Test(t, func(t *testing.T) {
			var sent []time.Duration
			d := &testDriver{do: func(_ context.Context, c clock.Clock, _ *op.Op, out *op.Outcome) {
				sent = append(sent, c.Now())
				out.Class = op.OK
			}}
			sc := closedScenario(1, workload.Phase{Name: "count", Ops: 200, Record: true})
			sc.Workload.Arrival.Closed.Think = 3 * time.Millisecond
			sc.Workload.Arrival.Closed.ThinkTime = process
			m, _, err := start(t.Context(), t, Config{Scenario: sc, Driver: d})
			if err != nil || len(sent) != 200 {
				t.Fatalf("%d operations, %v", len(sent), err)
			}
			sum, different := time.Duration(0), false
			for i := range uint64(199) {
				got, want := sent[i+1]-sent[i], sc.ThinkAfter(i)
				if got != want {
					t.Fatalf("%s: %v after operation %d, want %v", process, got, i, want)
				}
				sum += got
				different = different || got != 3*time.Millisecond
			}
			if mean := sum / 199; mean < 2*time.Millisecond || mean > 4*time.Millisecond || different != (process == "exponential") {
				t.Errorf("%s: a mean of %v, differing: %v", process, mean, different)
			}
			want := map[string]string{
				"constant": "closed, 1 workers, 3ms think time", "exponential": "closed, 1 workers, 3ms think time in the mean, exponential",
			}
			if m.Arrival != want[process] {
				t.Errorf("the manifest says %q, want %q", m.Arrival, want[process])
			}
		})
	}
}
