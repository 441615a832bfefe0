package runner

import (
	"context"
	"testing"

	"crossover/driver/clock"
	"crossover/workload"
)

// BenchmarkEngineStream is BenchmarkEngineNull with a scenario's own stream: zipfian keys,
// half reads and half updates of 1 KiB items, bodies made anew for each key and version.
func BenchmarkEngineStream(b *testing.B) {
	sc, err := workload.Parse("bench.yaml", []byte(`version: 1
name: bench
seed: 1
dataset: {items: 1_000_000, size: 1KiB}
workload:
  keys: {zipfian: {theta: 0.99, scrambled: true}}
  operations: {read: 50%, update: 50%}
  arrival: {closed: {workers: 2}}
  phases: [{name: all, operations: 1000000}]
targets: [{name: memory, driver: "null"}]
`))
	if err != nil {
		b.Fatal(err)
	}
	e := testEngine(2, false)
	d := &testDriver{clock: clock.Real()}
	for _, w := range e.workers {
		w.session, w.stream = testSession{d}, workload.NewStream(sc)
	}
	e.phases[0].Ops = uint64(b.N)
	b.ReportAllocs()
	b.ResetTimer()
	e.loop(context.Background())
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}
