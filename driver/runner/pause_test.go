package runner

import (
	"context"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crossover/driver/clock"
	"crossover/results"
	"crossover/workload/op"
)

// answerIn answers after a time.
func answerIn(d time.Duration) func(context.Context, clock.Clock, *op.Op, *op.Outcome) {
	return func(ctx context.Context, c clock.Clock, _ *op.Op, out *op.Outcome) {
		if c.SleepUntil(ctx, c.Now()+d) != nil {
			out.Class = op.Timeout
		}
	}
}

// idle lets so much of a bubble's time pass.
func idle(d time.Duration) {
	_ = clock.Real().SleepUntil(context.Background(), d) // its context does not end
}

// pauseAt pauses for a while, some time into the run.
func pauseAt(p *Pauser, at, lasting time.Duration) {
	go func() {
		idle(startLead + at)
		p.Pause()
		idle(lasting)
		p.Resume()
	}()
}

// near reports whether two times differ by a few milliseconds at most.
func near(a, b float64) bool { return math.Abs(a-b) < 0.012 }

// A pause of five seconds makes a run five seconds longer and no operation late: what was due
// before it is sent, nothing in it, and the rest at its distance from one another.
func TestPauseMakesNothingLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p Pauser
		pauseAt(&p, 3005*time.Millisecond, 5*time.Second)
		m, run, err := start(t.Context(), t, Config{
			Scenario: openScenario(4, phase("first", 2*time.Second, 100), phase("second", 8*time.Second, 100)),
			Driver:   &testDriver{do: answerIn(2 * time.Millisecond)}, Pause: &p,
		})
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, run)
		if m.Totals.Sent != 1000 || m.Totals.ByClass["ok"] != 1000 {
			t.Errorf("%d sent, %v; want all 1000", m.Totals.Sent, m.Totals.ByClass)
		}
		if worst := run.Histogram("", results.Response, true).Max(); worst > int64(3*time.Millisecond) {
			t.Errorf("a response took %v: the pause counted as lateness", time.Duration(worst))
		}
		if len(m.Pauses) != 1 || !near(m.Pauses[0].From, 3.005) || !near(m.Pauses[0].To, 8.005) {
			t.Errorf("pauses %+v", m.Pauses)
		}
		if end := m.Ended.Sub(m.Started).Seconds(); !near(end, 15) {
			t.Errorf("the run lasted %.3f s, want 10 s and the pause's 5 s", end)
		}
		var paused, length float64
		last := -1.0
		for _, line := range run.Intervals() {
			if line.Start > last {
				paused, length = paused+line.Paused, length+line.Length
			}
			last = line.Start
			if line.Start >= 4 && line.Start < 8 && line.Offered > 0 {
				t.Errorf("%d operations fell due in the pause, at %v", line.Offered, line.Start)
			}
		}
		// The intervals in which the pause begins and ends have lines, those within it none.
		if !near(paused, 1) || !near(length-paused, 10) {
			t.Errorf("%.3f of %.3f s of the intervals are paused, want 1 of 11", paused, length)
		}
		names := map[string]float64{}
		for _, e := range run.Events() {
			names[e.Name] = e.At
		}
		if !near(names[results.PausedEvent], 3.005) || !near(names[results.ResumedEvent], 8.005) {
			t.Errorf("events %v", names)
		}
	})
}

// A closed loop's phases last as long as they were to, its pauses apart.
func TestPauseInAClosedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p Pauser
		pauseAt(&p, 1500*time.Millisecond, 10*time.Second)
		m, run, err := start(t.Context(), t, Config{
			Scenario: closedScenario(2, phase("timed", 3*time.Second, 0)), Driver: &testDriver{do: answerIn(10 * time.Millisecond)}, Pause: &p,
		})
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, run)
		if n := m.Totals.Sent; n < 596 || n > 604 { // two workers of 100/s for three seconds
			t.Errorf("%d operations sent, want about 600", n)
		}
		if end := m.Ended.Sub(m.Started).Seconds(); math.Abs(end-13) > 0.05 {
			t.Errorf("the run lasted %.3f s, want 3 s and the pause's 10 s", end)
		}
		if len(m.Pauses) != 1 || !near(m.Pauses[0].To-m.Pauses[0].From, 10) {
			t.Errorf("pauses %+v", m.Pauses)
		}
	})
}

// What is waiting when a pause begins is sent in it, or dropped when it has become too late.
func TestPauseSendsWhatWasDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p Pauser
		pauseAt(&p, 2*time.Second, 20*time.Second)
		sc := openScenario(1, phase("steady", 4*time.Second, 10))
		sc.Workload.MaxLateness = time.Second
		m, run, err := start(t.Context(), t, Config{Scenario: sc, Driver: &testDriver{do: answerIn(500 * time.Millisecond)}, Pause: &p})
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, run)
		// One session sends 2 a second of 10. Of the 20 due in the first two seconds those sent up
		// to a second late went out, and no more wait at 4 s.
		for _, line := range run.Intervals() {
			if line.Start > 5 && line.Start < 21 && (line.Waiting > 0 || line.InFlight > 0 || line.Offered > 0) {
				t.Errorf("at %v: %d offered, %d waiting, %d in flight", line.Start, line.Offered, line.Waiting, line.InFlight)
			}
		}
		if m.Totals.Offered != 40 || m.Totals.ByClass["dropped"] == 0 {
			t.Errorf("%+v", m.Totals)
		}
	})
}

// An interrupt ends a paused run, whose pause ends with it.
func TestInterruptWhilePaused(t *testing.T) {
	for _, sc := range []string{"open", "closed"} {
		synctest.Test(t, func(t *testing.T) {
			scenario := openScenario(4, phase("steady", time.Hour, 100))
			if sc == "closed" {
				scenario = closedScenario(2, phase("steady", time.Hour, 0))
			}
			var p Pauser
			pauseAt(&p, time.Second, time.Hour)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			m, run, err := start(ctx, t, Config{Scenario: scenario, Driver: &testDriver{do: answerIn(time.Millisecond)}, Pause: &p})
			if err == nil || m.Status != results.Interrupted {
				t.Fatalf("%s: status %s, error %v", sc, m.Status, err)
			}
			checkSums(t, run)
			if len(m.Pauses) != 1 || !near(m.Pauses[0].From, 1) || !near(m.Pauses[0].To, 4.98) || m.Stopped == nil || !near(m.Stopped.At, 4.98) {
				t.Errorf("%s: pauses %+v, stopped %+v", sc, m.Pauses, m.Stopped)
			}
			p.Resume()
			idle(2 * time.Hour) // pauseAt's goroutine has ended by then
		})
	}
}

func TestProgressSaysThatItIsPaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p Pauser
		pauseAt(&p, 2500*time.Millisecond, 3*time.Second)
		var seen []string
		_, _, err := start(t.Context(), t, Config{
			Scenario: openScenario(4, phase("steady", 4*time.Second, 100)), Driver: &testDriver{}, Pause: &p,
			Progress: func(q Progress) {
				if q.Stage == "running" || q.Stage == "draining" {
					word := map[bool]string{true: "paused", false: q.Stage}[q.Paused]
					if n := len(seen); n == 0 || seen[n-1] != word {
						seen = append(seen, word)
					}
				}
			},
		})
		if got := strings.Join(seen, " "); err != nil || !strings.HasPrefix(got, "running paused running") {
			t.Errorf("%q, %v", got, err)
		}
	})
}
