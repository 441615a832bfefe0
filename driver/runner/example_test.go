package runner_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/driver/runner"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// A memory is the smallest driver: a database that has answered already.
type memory struct{}

func (memory) Session(context.Context) (driver.Session, error) { return memory{}, nil }
func (memory) Close() error                                    { return nil }
func (memory) Do(_ context.Context, _ *op.Op, out *op.Outcome) { out.Reset() }

const scenario = `version: 1
name: example
seed: 7
dataset:
  items: 1000
  size: 256B
workload:
  keys: {zipfian: {theta: 0.99}}
  operations: {read: 90%, update: 10%}
  arrival: {open: {process: constant, sessions: 8}}
  phases:
    - {name: warm-up, for: 100ms, rate: 1000/s, record: false}
    - {name: steady, for: 500ms, rate: 2000/s}
targets:
  - {name: memory, driver: "null"}
`

// A Go test can run a scenario against a driver of its own, and look at the run.
func Example() {
	sc, err := workload.Parse("example.yaml", []byte(scenario))
	if err != nil {
		fmt.Println(err)
		return
	}
	parent, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(parent) }()
	dir := filepath.Join(parent, "run")
	manifest, err := runner.Run(context.Background(), runner.Config{
		Scenario: sc, Target: sc.Targets[0], Driver: memory{}, Clock: clock.Real(),
		Dir: dir, Tool: "example", Run: "example-1",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	run, err := results.Open(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(manifest.Status, manifest.Totals.Sent, "sent")
	fmt.Println(run.Histogram("", results.Response, true).TotalCount(), "response times")
	// Output:
	// complete 1000 sent
	// 1000 response times
}
