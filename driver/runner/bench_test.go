package runner

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/driver/null"
	"crossover/results"
	"crossover/workload"
)

// benchScenario is zipfian keys, half reads and half updates of 1 KiB items, whose bodies are
// made anew for each key and version and pass their checksum.
const benchScenario = `version: 1
name: bench
seed: 1
dataset: {items: 1_000_000, size: 1KiB}
workload:
  keys: {zipfian: {theta: 0.99, scrambled: true}}
  operations: {read: 50%%, update: 50%%}
  arrival: %s
  phases: [%s]
targets: [{name: memory, driver: "null"}]
`

// runOnNull runs a scenario of the benchmarks on the null driver through the whole engine,
// run directory included.
func runOnNull(b *testing.B, arrival, phases string) Config {
	b.Helper()
	sc, err := workload.Parse("bench.yaml", []byte(fmt.Sprintf(benchScenario, arrival, phases)))
	if err != nil {
		b.Fatal(err)
	}
	c := Config{
		Scenario: sc, Target: sc.Targets[0], Clock: clock.Real(),
		Dir: filepath.Join(b.TempDir(), "run"), Tool: "bench", Run: "bench",
	}
	c.Driver, err = null.Definition().Open(b.Context(), driver.Env{Clock: c.Clock, Scenario: sc, Target: c.Target})
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// BenchmarkEngine is the whole engine in a closed loop of two workers: the stream, the driver
// that answers at once, the recorder with response and service times by kind, the collector
// and the run directory. cpu-ns/op is the CPU that the process used (user and system) for one
// operation; two-clock-reads-ns is what two readings of the clock cost beside it, which no
// operation can do without.
func BenchmarkEngine(b *testing.B) {
	c := runOnNull(b, "{closed: {workers: 2}}", fmt.Sprintf("{name: all, operations: %d}", max(b.N, 2)))
	b.ReportAllocs()
	before := readUsage()
	b.ResetTimer()
	m, err := Run(context.Background(), c)
	b.StopTimer()
	used := readUsage().cpu - before.cpu
	if err != nil || m.Totals.Sent != uint64(max(b.N, 2)) {
		b.Fatal(err, m.Totals)
	}
	b.ReportMetric(float64(used)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
	b.ReportMetric(twoReads(c.Clock), "two-clock-reads-ns")
}

// twoReads returns the CPU that two readings of the clock cost, in ns.
func twoReads(c clock.Clock) float64 {
	const pairs = 1_000_000
	before := readUsage()
	for range 2 * pairs {
		c.Now()
	}
	return float64(readUsage().cpu-before.cpu) / pairs
}

// BenchmarkStream is the stream alone: what making one of BenchmarkEngine's operations costs.
func BenchmarkStream(b *testing.B) {
	sc := runOnNull(b, "{closed: {workers: 2}}", "{name: all, for: 1m}").Scenario
	e := testEngine(1, false)
	w := e.workers[0]
	w.stream = workload.NewStream(sc)
	b.ReportAllocs()
	for i := uint64(0); b.Loop(); i++ {
		w.stream.At(i, &w.op)
	}
	b.ReportMetric(float64(time.Second)/float64(b.Elapsed())*float64(b.N), "ops/s")
}

// BenchmarkOpenLoop holds a rate on the null driver, through the whole engine. late-p50-ns and
// late-p99-ns are how late operations were sent while a session was free; dropped must be 0.
// cpu-share is of the cores that the process may use.
func BenchmarkOpenLoop(b *testing.B) {
	for _, rate := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("%d", rate), func(b *testing.B) {
			var m *results.Manifest
			for range b.N {
				c := runOnNull(b, "{open: {process: constant, sessions: 64}}",
					fmt.Sprintf("{name: all, for: 2s, rate: %d/s}", rate))
				var err error
				m, err = Run(context.Background(), c)
				if err != nil || m.Totals.Sent+m.Totals.ByClass["dropped"] != uint64(2*rate) {
					b.Fatal(err, m.Totals)
				}
			}
			b.ReportMetric(float64(m.Health.LatenessP50Ns), "late-p50-ns")
			b.ReportMetric(float64(m.Health.LatenessP99Ns), "late-p99-ns")
			b.ReportMetric(float64(m.Totals.ByClass["dropped"]), "dropped")
			b.ReportMetric(100*m.Health.CPUShare, "cpu-share-%")
			b.ReportMetric(0, "ns/op")
		})
	}
}
