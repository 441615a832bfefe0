package runner

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"crossover/driver/clock"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// quick is the service time of a server that is not stopped: next to nothing, so that what waited
// is sent at once when it goes on, and response times are those of the stop alone.
const quick = 10 * time.Microsecond

// stopping answers after quick, but for the stops: during one it does nothing. A stop begins at
// first and, where every is not 0, again each time that has passed.
func stopping(first, length, every time.Duration) func(context.Context, clock.Clock, *op.Op, *op.Outcome) {
	return func(ctx context.Context, c clock.Clock, _ *op.Op, out *op.Outcome) {
		now := c.Now()
		if since := now - first; since >= 0 {
			if every > 0 {
				since %= every
			}
			if since < length {
				now += length - since
			}
		}
		if c.SleepUntil(ctx, now+quick) != nil {
			out.Class = op.Timeout
		}
	}
}

// runStopping runs a scenario, in virtual time, against a server that stops.
func runStopping(t *testing.T, arrival, phases string, do func(context.Context, clock.Clock, *op.Op, *op.Outcome)) (run *results.Run) {
	t.Helper()
	text := fmt.Sprintf(`version: 1
name: omission
dataset: {items: 1000, size: 100B}
workload:
  operations: {read: 100%%}
  arrival: %s
  phases: [%s]
`, arrival, phases)
	sc, err := workload.Parse("omission.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		c := plainClock{clock.Real()}
		dir := filepath.Join(t.TempDir(), "run")
		if _, err := Run(t.Context(), Config{Scenario: sc, Driver: &testDriver{do: do, clock: c}, Dir: dir, Clock: c}); err != nil {
			t.Fatal(err)
		}
		if run, err = results.Open(dir); err != nil {
			t.Fatal(err)
		}
		checkSums(t, run)
	})
	return run
}

// above returns how many values of a histogram exceed d.
func above(h *hdrhistogram.Histogram, d time.Duration) (n int64) {
	for _, bar := range h.Distribution() {
		if bar.From > int64(d) {
			n += bar.Count
		}
	}
	return n
}

// kolmogorov returns the largest distance of the values between two bounds from an even spread
// over them (the statistic of Kolmogorov and Smirnov), and how many there are.
func kolmogorov(h *hdrhistogram.Histogram, from, to time.Duration) (distance float64, n int64) {
	n = above(h, from) - above(h, to)
	var seen int64
	for _, bar := range h.Distribution() {
		if bar.Count == 0 || bar.From <= int64(from) || bar.From > int64(to) {
			continue
		}
		place := func(at int64) float64 { return float64(at-int64(from)) / float64(to-from) }
		distance = max(distance, place(bar.To)-float64(seen)/float64(n))
		seen += bar.Count
		distance = max(distance, float64(seen)/float64(n)-place(bar.From))
	}
	return distance, n
}

// A server that stops for a second under 1,000 operations/s delays about 1,000 operations, each by
// what was left of the second when it was due: evenly by everything from nothing to a second. Its
// service times say nothing of that but for one operation a session; a closed loop, which waits
// with the server, sees no more than those.
func TestStopOfASecondIsSeenWhole(t *testing.T) {
	const sessions = 8
	do := stopping(3*time.Second, time.Second, 0)
	for _, c := range []struct {
		process  string
		spread   float64 // of the number of operations in a second, six standard deviations
		distance float64
	}{
		{"constant", 2, 0.004},
		// The 10^-9 quantile of the statistic for 900 values: sqrt(ln(2·10^9) / 2 / 900).
		{"poisson", 6 * math.Sqrt(1000), 0.109},
	} {
		t.Run(c.process, func(t *testing.T) {
			run := runStopping(t, fmt.Sprintf("{open: {process: %s, sessions: %d}}", c.process, sessions),
				"{name: all, for: 6s, rate: 1000/s}", do)
			response, service := run.Histogram("", results.Response, true), run.Histogram("", results.Service, true)
			distance, n := kolmogorov(response, time.Millisecond, time.Second)
			if math.Abs(float64(n)-999) > c.spread || above(response, 1001*time.Millisecond) > 0 {
				t.Errorf("%d operations responded after 1 ms to 1 s, %d later; want about 999 and none", n, above(response, 1001*time.Millisecond))
			}
			if distance > c.distance {
				t.Errorf("their response times are %.4f away from an even spread, want at most %.4f", distance, c.distance)
			}
			if n := above(service, time.Millisecond); n != sessions {
				t.Errorf("%d operations had a long service time, want one a session: %d", n, sessions)
			}
		})
	}
	t.Run("closed", func(t *testing.T) {
		run := runStopping(t, fmt.Sprintf("{closed: {workers: %d, think: 8ms}}", sessions), "{name: all, for: 6s}", do)
		response := run.Histogram("", results.Response, true)
		if n := above(response, time.Millisecond); n != sessions {
			t.Errorf("%d operations of %d responded late, want one a worker: %d", n, response.TotalCount(), sessions)
		}
	})
}

// A server that is frozen for 200 ms of every second delays a fifth of all operations, evenly by
// up to 200 ms: one in a hundred by more than 190 ms, which is the 99th percentile. Measured from
// the send, it would be the service time.
func TestFrozenServersPercentiles(t *testing.T) {
	const sessions, seconds = 8, 30
	run := runStopping(t, fmt.Sprintf("{open: {process: constant, sessions: %d}}", sessions),
		fmt.Sprintf("{name: all, for: %ds, rate: 1000/s}", seconds), stopping(500*time.Millisecond, 200*time.Millisecond, time.Second))
	response := run.Histogram("", results.Response, true)
	for _, c := range []struct{ percentile, want float64 }{ // want in ms: 200 × (1 - (1-q) / 0.2)
		{99, 190}, {95, 150}, {90, 100}, {99.5, 195},
	} {
		if got := float64(response.ValueAtQuantile(c.percentile)) / 1e6; math.Abs(got-c.want) > 0.01*c.want {
			t.Errorf("p%v of the response time is %.2f ms, want %.0f ms within 1%%", c.percentile, got, c.want)
		}
	}
	service := run.Histogram("", results.Service, true)
	if n := above(service, time.Millisecond); n != sessions*seconds {
		t.Errorf("%d operations had a long service time, want one a session and stop: %d", n, sessions*seconds)
	}
	if p99 := time.Duration(service.ValueAtQuantile(99)); p99 > 2*quick {
		t.Errorf("p99 of the service time is %v: it is expected to hide the stops", p99)
	}
}
