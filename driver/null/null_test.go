package null

import (
	"context"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/driver/drivertest"
	"crossover/workload"
	"crossover/workload/op"
)

func TestDriver(t *testing.T) {
	drivertest.Run(t, drivertest.Subject{
		Definition: Definition(),
		Start:      func(*testing.T, drivertest.State) drivertest.Database { return drivertest.Database{} },
	})
}

const scenario = `version: 1
name: "null"
dataset: {items: 10, size: 100B}
workload:
  operations: {read: 50%, read_modify_write: 50%}
  arrival: {closed: {workers: 1}}
  phases: [{name: all, operations: 10}]
`

// env returns what a target with these settings is opened with.
func env(t testing.TB, c clock.Clock, settings string) driver.Env {
	t.Helper()
	sc, err := workload.Parse("null.yaml", []byte(scenario))
	if err != nil {
		t.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte("{name: ceiling, driver: null"+settings+"}"), &doc); err != nil {
		t.Fatal(err)
	}
	return driver.Env{Clock: c, Scenario: sc, Target: workload.Target{Name: "ceiling", Driver: "null", Node: doc.Content[0]}}
}

func open(t testing.TB, c clock.Clock, settings string) driver.Driver {
	t.Helper()
	d, err := Definition().Open(context.Background(), env(t, c, settings))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestLatencyPassesOnTheClock(t *testing.T) {
	for settings, latency := range map[string]time.Duration{"": 0, ", latency: 3ms": 3 * time.Millisecond} {
		c := clock.NewVirtual(time.Time{})
		s, err := open(t, c, settings).Session(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		out := op.Outcome{Class: op.Failed, Items: 7}
		for kind := range op.KindCount {
			before := c.Now()
			s.Do(t.Context(), &op.Op{Kind: kind}, &out)
			if out.Class != op.OK || out.Items != 0 || c.Now()-before != latency {
				t.Errorf("%v: class %v, %d items, took %v; expected ok, 0, %v", kind, out.Class, out.Items, c.Now()-before, latency)
			}
		}
	}
}

func TestEndedContextIsTimeout(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, settings := range []string{"", ", latency: 1h"} {
		s, err := open(t, clock.Real(), settings).Session(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var out op.Outcome
		if s.Do(ctx, &op.Op{}, &out); out.Class != op.Timeout || out.Err == nil {
			t.Errorf("%q: class %v, error %v", settings, out.Class, out.Err)
		}
	}
}

func TestCheckReportsEveryProblem(t *testing.T) {
	e := env(t, clock.Real(), ", latency: 3, colour: red")
	if errs := Definition().Check(e.Scenario, e.Target); len(errs) != 2 {
		t.Errorf("a latency without a unit and an unknown key gave %v", errs)
	}
}

func TestDoAllocatesNothing(t *testing.T) {
	s, err := open(t, clock.Real(), "").Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var o op.Op
	var out op.Outcome
	if n := testing.AllocsPerRun(100, func() { s.Do(context.Background(), &o, &out) }); n != 0 {
		t.Errorf("%v allocations an operation", n)
	}
}

func BenchmarkSession(b *testing.B) {
	s, err := open(b, clock.Real(), "").Session(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	var o op.Op
	var out op.Outcome
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		s.Do(ctx, &o, &out)
	}
}
