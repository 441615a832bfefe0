package runner

import (
	"context"
	"flag"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/driver/null"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// How long, and how fast, TestSoak runs; `make soak` gives it an hour at half of what the
// engine can do here. Without them it does the same for soakShort.
var (
	soakFor  = flag.Duration("soak", 0, "run TestSoak for so long at half of the engine's capacity on this host")
	soakRate = flag.Float64("soak-rate", 0, "operations/s of TestSoak; 0 measures the capacity and takes half")
)

const (
	soakShort     = 4 * time.Second
	soakShortRate = 10_000 // operations/s, which a busy host holds too
	soakSessions  = 4

	// soakMinute is how long TestSoakMinute runs, in virtual time, and at what rate.
	soakMinute     = time.Minute
	soakMinuteRate = 2000

	// soakParts is into how many parts the run is cut for its memory to be compared, and
	// soakSettled how many of them it may settle in.
	soakParts   = 12
	soakSettled = 3
	// soakHeapBand is how much more than once it has settled the heap may hold, collected, after
	// each later part. The histograms' pages, 4 KiB each, are made when a latency of a new
	// magnitude is first seen: those of 4 sessions take 160 KiB a doubling. What grows with
	// every operation, or with every interval of an hour, passes the band.
	soakHeapBand = 2 << 20
	// soakGoroutineBand allows for a goroutine that just ends as they are counted.
	soakGoroutineBand = 2
)

const soakScenario = `version: 1
name: soak
seed: 1
dataset: {items: 1_000_000, size: 1KiB}
workload:
  keys: {zipfian: {theta: 0.99}}
  operations: {read: 45%%, update: 40%%, insert: 5%%, delete: 5%%, read_modify_write: 5%%}
  arrival: {open: {process: poisson, sessions: %d}}
  phases: [{name: soak, for: %s, rate: %.0f/s}]
  max_lateness: %s
targets: [{name: memory, driver: "null"}]
`

// A vital is what the process holds at one moment.
type vital struct {
	at         time.Duration
	heap       uint64 // bytes in use after a collection
	goroutines int
}

func (v vital) String() string {
	return fmt.Sprintf("%v: %.2f MiB of heap after collection, %d goroutines", v.at, mib(v.heap), v.goroutines)
}

// measure takes a vital: two collections, since the first only queues what has finalizers.
func measure(at time.Duration) vital {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return vital{at, m.HeapAlloc, runtime.NumGoroutine()}
}

// steady returns what is wrong with vitals: growth after the run has settled.
func steady(vitals []vital) []string {
	if len(vitals) <= soakSettled {
		return []string{fmt.Sprintf("only %d measurements", len(vitals))}
	}
	var wrong []string
	first := vitals[soakSettled-1]
	for _, v := range vitals[soakSettled:] {
		if v.heap > first.heap+soakHeapBand {
			wrong = append(wrong, fmt.Sprintf("memory grew by more than %d KiB: %v, then %v", soakHeapBand>>10, first, v))
		}
		if v.goroutines > first.goroutines+soakGoroutineBand {
			wrong = append(wrong, fmt.Sprintf("goroutines were left behind: %v, then %v", first, v))
		}
	}
	return wrong
}

func soakConfig(t *testing.T, clk clock.Clock, length time.Duration, rate float64, late time.Duration) Config {
	t.Helper()
	text := fmt.Sprintf(soakScenario, soakSessions, length, rate, late)
	sc, err := workload.Parse("soak.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c := Config{
		Scenario: sc, Target: sc.Targets[0], Clock: clk,
		Dir: filepath.Join(t.TempDir(), "run"), Tool: "soak", Run: "soak",
	}
	c.Driver, err = null.Definition().Open(t.Context(), driver.Env{Clock: c.Clock, Scenario: sc, Target: c.Target})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSoak runs the whole engine in an open loop on the null driver. Memory stays flat once it has
// settled, no goroutine is left behind, and every sum adds up at the end.
func TestSoak(t *testing.T) {
	length, rate := *soakFor, *soakRate
	if length == 0 {
		length, rate = soakShort, soakShortRate
	}
	if rate == 0 {
		rate = halfCapacity(t)
	}
	soak(t, clock.Real(), length, rate)
}

// TestSoakMinute is a minute of the same in virtual time.
func TestSoakMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { soak(t, plainClock{clock.Real()}, soakMinute, soakMinuteRate) })
}

// soak runs the engine, prints what it held and counted, and fails where it grew or where a sum
// does not add up.
func soak(t *testing.T, clk clock.Clock, length time.Duration, rate float64) {
	t.Helper()
	c := soakConfig(t, clk, length, rate, DefaultMaxLateness)
	c.Interval = min(DefaultInterval, length/(4*soakParts))
	vitals := make([]vital, 0, soakParts)
	c.Progress = func(p Progress) {
		if due := length * time.Duration(len(vitals)+1) / soakParts; p.At >= due && len(vitals) < soakParts-1 {
			vitals = append(vitals, measure(p.At.Round(time.Millisecond)))
			t.Log(vitals[len(vitals)-1])
		}
	}
	before := runtime.NumGoroutine()
	m, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range steady(vitals) {
		t.Error(wrong)
	}
	after := measure(length)
	if after.goroutines > before+soakGoroutineBand {
		t.Errorf("%d goroutines before the run, %d after it", before, after.goroutines)
	}
	run, err := results.Open(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	checkSums(t, run)
	total, h := m.Totals, m.Health
	planned := workload.NewPlan(c.Scenario).Len()
	if total.Offered != planned || total.Answered() != total.Sent {
		t.Errorf("%d planned, %d offered, %d sent, %d answered", planned, total.Offered, total.Sent, total.Answered())
	}
	if t.Failed() {
		return
	}
	settled, last := vitals[soakSettled-1], vitals[len(vitals)-1]
	t.Logf("%v at %.0f operations/s, %d intervals", length, rate, m.Ended.Sub(m.Started)/c.Interval)
	t.Logf("memory: %.2f MiB after %v, %.2f MiB after %v; goroutines: %d before, %d to %d during, %d after",
		mib(settled.heap), settled.at, mib(last.heap), last.at, before, settled.goroutines, last.goroutines, after.goroutines)
	t.Logf("sums: %d planned = %d offered = %d sent + %d dropped; %d sent = %d answered; intervals and histograms hold as many",
		planned, total.Offered, total.Sent, total.ByClass[op.Dropped.String()], total.Sent, total.Answered())
	t.Logf("lateness p50 %v, p99 %v, most %v; CPU %.0f%% of its cores; limited in %.1f%% of intervals",
		time.Duration(h.LatenessP50Ns), time.Duration(h.LatenessP99Ns), time.Duration(h.LatenessMaxNs),
		100*h.CPUShare, 100*h.LimitedShare)
}

func mib(bytes uint64) float64 { return float64(bytes) / (1 << 20) }

// halfCapacity offers the engine more and more, as long as everything is sent within a tenth of a
// second of when it was due, and returns half of the highest rate at which it was.
func halfCapacity(t *testing.T) float64 {
	t.Helper()
	const length, late, first, most = time.Second, 100 * time.Millisecond, 20_000, 1e8
	held := 0.0
	for rate := float64(first); rate < most; rate *= math.Sqrt2 {
		m, err := Run(t.Context(), soakConfig(t, clock.Real(), length, rate, late))
		if err != nil {
			t.Fatal(err)
		}
		if m.Totals.ByClass[op.Dropped.String()] > 0 {
			break
		}
		held = rate
	}
	if held == 0 {
		t.Fatalf("this host does not hold %d operations/s", first)
	}
	t.Logf("capacity in an open loop: %.0f operations/s; half of it is offered", held)
	return held / 2
}

func TestSoakSeesGrowth(t *testing.T) {
	// While it settles a run may grow as it likes.
	run := func(later ...vital) []vital {
		return append([]vital{{1, 1 << 20, 70}, {2, 8 << 20, 90}, {3, 10 << 20, 70}}, later...)
	}
	for name, c := range map[string]struct {
		vitals []vital
		wrong  int
	}{
		"flat":       {run(vital{4, 10<<20 + 1000, 71}, vital{5, 9 << 20, 70}), 0},
		"memory":     {run(vital{4, 12 << 20, 70}, vital{5, 14 << 20, 70}), 1},
		"goroutines": {run(vital{4, 10 << 20, 73}, vital{5, 10 << 20, 80}), 2},
		"unmeasured": {run(), 1},
	} {
		if got := steady(c.vitals); len(got) != c.wrong {
			t.Errorf("%s: %q, want %d", name, got, c.wrong)
		}
	}
}
