package runner

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/driver/null"
	"crossover/results"
	"crossover/workload"
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

	// soakQuarters is into how many parts the run is cut for its memory to be compared.
	soakQuarters = 4
	// soakHeapBand is how much more than after its first quarter the heap may hold, collected,
	// after each later one. The histograms' pages, 4 KiB each, are made when a latency of a new
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
	return fmt.Sprintf("%v: %.2f MiB of heap after collection, %d goroutines", v.at, float64(v.heap)/(1<<20), v.goroutines)
}

// measure takes a vital: two collections, since the first only queues what has finalizers.
func measure(at time.Duration) vital {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return vital{at, m.HeapAlloc, runtime.NumGoroutine()}
}

// steady returns what is wrong with vitals: growth after the first quarter.
func steady(vitals []vital) []string {
	if len(vitals) < 2 {
		return []string{fmt.Sprintf("only %d measurements", len(vitals))}
	}
	var wrong []string
	first := vitals[0]
	for _, v := range vitals[1:] {
		if v.heap > first.heap+soakHeapBand {
			wrong = append(wrong, fmt.Sprintf("memory grew by more than %d KiB: %v, then %v", soakHeapBand>>10, first, v))
		}
		if v.goroutines > first.goroutines+soakGoroutineBand {
			wrong = append(wrong, fmt.Sprintf("goroutines were left behind: %v, then %v", first, v))
		}
	}
	return wrong
}

func soakConfig(t *testing.T, length time.Duration, rate float64, late time.Duration) Config {
	t.Helper()
	text := fmt.Sprintf(soakScenario, soakSessions, length, rate, late)
	sc, err := workload.Parse("soak.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c := Config{
		Scenario: sc, Target: sc.Targets[0], Clock: clock.Real(),
		Dir: filepath.Join(t.TempDir(), "run"), Tool: "soak", Run: "soak",
	}
	c.Driver, err = null.Definition().Open(t.Context(), driver.Env{Clock: c.Clock, Scenario: sc, Target: c.Target})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSoak runs the whole engine in an open loop on the null driver. Memory stays flat from
// the first quarter on, no goroutine is left behind, and every sum adds up at the end.
func TestSoak(t *testing.T) {
	length, rate := *soakFor, *soakRate
	if length == 0 {
		length, rate = soakShort, soakShortRate
	}
	if rate == 0 {
		rate = halfCapacity(t)
	}
	c := soakConfig(t, length, rate, DefaultMaxLateness)
	c.Interval = min(DefaultInterval, length/(8*soakQuarters))
	var vitals []vital
	c.Progress = func(p Progress) {
		if due := length * time.Duration(len(vitals)+1) / soakQuarters; p.At >= due && len(vitals) < soakQuarters-1 {
			vitals = append(vitals, measure(p.At))
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
	if after := measure(length); after.goroutines > before+soakGoroutineBand {
		t.Errorf("%d goroutines before the run, %d after it", before, after.goroutines)
	}
	run, err := results.Open(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	checkSums(t, run)
	total, h := m.Totals, m.Health
	if planned := workload.NewPlan(c.Scenario).Len(); total.Offered != planned || total.Answered() != total.Sent {
		t.Errorf("%d planned, %d offered, %d sent, %d answered", planned, total.Offered, total.Sent, total.Answered())
	}
	t.Logf("%v at %.0f operations/s: %d offered, %d sent, %d dropped",
		length, rate, total.Offered, total.Sent, total.ByClass["dropped"])
	t.Logf("lateness p50 %v, p99 %v, most %v; CPU %.0f%% of its cores; limited in %.1f%% of intervals",
		time.Duration(h.LatenessP50Ns), time.Duration(h.LatenessP99Ns), time.Duration(h.LatenessMaxNs),
		100*h.CPUShare, 100*h.LimitedShare)
}

// halfCapacity offers the engine more than it can send, measures what it does send, and
// returns half of that.
func halfCapacity(t *testing.T) float64 {
	t.Helper()
	const length, tooMuch, late = 5 * time.Second, 5e6, 100 * time.Millisecond
	c := soakConfig(t, length, tooMuch, late)
	m, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	rate := float64(m.Totals.Sent) / length.Seconds() / 2
	t.Logf("capacity in an open loop: %.0f operations/s; half of it is offered", 2*rate)
	return rate
}

func TestSoakSeesGrowth(t *testing.T) {
	const mib = 1 << 20
	for name, c := range map[string]struct {
		vitals []vital
		wrong  int
	}{
		"flat":       {[]vital{{1, 10 * mib, 70}, {2, 10*mib + 1000, 71}, {3, 9 * mib, 70}}, 0},
		"memory":     {[]vital{{1, 10 * mib, 70}, {2, 12 * mib, 70}, {3, 14 * mib, 70}}, 1},
		"goroutines": {[]vital{{1, 10 * mib, 70}, {2, 10 * mib, 73}, {3, 10 * mib, 80}}, 2},
		"unmeasured": {[]vital{{1, 10 * mib, 70}}, 1},
	} {
		if got := steady(c.vitals); len(got) != c.wrong {
			t.Errorf("%s: %q, want %d", name, got, c.wrong)
		}
	}
}
