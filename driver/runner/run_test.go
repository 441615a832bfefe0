package runner

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBudgetStopsWithinOneInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &testDriver{do: func(_ context.Context, _ clock.Clock, _ *op.Op, out *op.Outcome) {
			out.ReadUnits, out.WriteUnits = 0.5, 2
		}}
		m, run, err := start(t.Context(), t, Config{
			Scenario: openScenario(4, phase("steady", time.Hour, 100)), Driver: d,
			BudgetUSD: 10, PriceOf: func(r, w float64) float64 { return 0.01*r + 0.02*w },
		})
		if !errors.Is(err, driver.ErrBudget) || m.Status != results.Interrupted || !strings.Contains(m.Reason, "budget") {
			t.Fatalf("error %v, status %s, reason %q", err, m.Status, m.Reason)
		}
		checkSums(t, run)
		// 100/s × (0.005 + 0.04) USD: 4.5 USD a second, so the third interval's end stops it.
		if m.Totals.Sent < 280 || m.Totals.Sent > 301 || m.SpentUSD < 10 || m.SpentUSD > 10+4.5 {
			t.Errorf("%d sent, %.2f USD spent", m.Totals.Sent, m.SpentUSD)
		}
	})
}

type meteredDriver struct{ *testDriver }

func (d meteredDriver) Consumed() (float64, float64) { return 0, float64(d.loaded.Load()) }

func (d meteredDriver) Load(ctx context.Context, from, to uint64, report func(uint64)) error {
	if err := d.clock.SleepUntil(ctx, d.clock.Now()+time.Second); err != nil {
		return err
	}
	return d.testDriver.Load(ctx, from, to, report)
}

func TestBudgetHoldsWhileLoading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := plainClock{clock.Real()}
		d := meteredDriver{&testDriver{clock: c}}
		m, _, err := start(t.Context(), t, Config{
			Scenario: openScenario(4, phase("steady", time.Second, 100)), Driver: d, Clock: c,
			Load: true, LoadWorkers: 2, BudgetUSD: 500, PriceOf: func(_, w float64) float64 { return w },
		})
		if !errors.Is(err, driver.ErrBudget) || m.Status != results.Interrupted {
			t.Fatalf("error %v, status %s", err, m.Status)
		}
		if d.calls.Load() != 0 || m.Loaded < 500 || m.Loaded > 700 {
			t.Errorf("%d operations sent, %d items loaded", d.calls.Load(), m.Loaded)
		}
	})
}

func TestLoadCoversEveryItemOnce(t *testing.T) {
	for _, items := range []uint64{1, 7, 1000, 12345} {
		synctest.Test(t, func(t *testing.T) {
			sc := openScenario(2, phase("steady", time.Second, 10))
			sc.Dataset.Items = items
			d := &testDriver{}
			var stages []string
			m, _, err := start(t.Context(), t, Config{
				Scenario: sc, Driver: d, Load: true, LoadWorkers: 3,
				Progress: func(p Progress) { stages = append(stages, p.Stage) },
			})
			if err != nil {
				t.Fatal(err)
			}
			if d.loaded.Load() != items || m.Loaded != items || m.Dataset != "loaded afresh" {
				t.Errorf("loaded %d of %d: %+v", d.loaded.Load(), items, m.Dataset)
			}
			if stages[0] != "loading" || stages[len(stages)-1] == "loading" {
				t.Errorf("stages %v", stages)
			}
		})
	}
}

func TestFirstErrorsAreKeptInFullAndScrubbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &testDriver{do: func(_ context.Context, _ clock.Clock, o *op.Op, out *op.Outcome) {
			switch o.Index % 4 {
			case 1:
				out.Class, out.Reason = op.Throttled, "KeyRangeThroughputExceeded"
				out.Err = errors.New("refused, request by AKIAIOSFODNN7EXAMPLE")
			case 3: // throttled once, then well
				out.Attempts = append(out.Attempts,
					op.Attempt{Class: op.Throttled, Reason: "KeyRangeThroughputExceeded"},
					op.Attempt{Class: op.Overload, Reason: "KEY_BUSY"}, op.Attempt{})
			}
		}}
		m, run, err := start(t.Context(), t, Config{
			Scenario: openScenario(4, phase("steady", 2*time.Second, 100)), Driver: d,
		})
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, run)
		if m.Totals.Throttles["KeyRangeThroughputExceeded"] != 100 || m.Totals.Failures["overload: KEY_BUSY"] != 50 {
			t.Errorf("throttles %v, failures %v", m.Totals.Throttles, m.Totals.Failures)
		}
		if m.Totals.Attempts != 150+150 {
			t.Errorf("%d attempts", m.Totals.Attempts)
		}
		var errs []string
		for _, e := range run.Events() {
			if e.Name == "first_error" {
				errs = append(errs, e.Detail)
			}
		}
		want := "update throttled: KeyRangeThroughputExceeded: refused, request by [scrubbed]"
		if len(errs) != 1 || errs[0] != want {
			t.Errorf("first errors %q, want %q", errs, want)
		}
	})
}

// A run whose process is killed leaves what a copy of its directory holds, at any moment.
func TestKilledRunReadsUpToTheLastInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, copied := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "killed")
		d := &testDriver{do: stall(0, 0)}
		intervals := 0
		_, _, err := start(t.Context(), t, Config{
			Scenario: openScenario(4, phase("steady", 5*time.Second, 100)), Driver: d, Dir: dir,
			Progress: func(Progress) {
				if intervals++; intervals == 3 {
					if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
						t.Error(err)
					}
				}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		// The kernel may have torn the line that was being written.
		path := filepath.Join(copied, results.IntervalsFile)
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(`{"t":3,"len":1,"ki`); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		run, err := results.Open(copied)
		if err != nil {
			t.Fatal(err)
		}
		totals := run.Totals()
		if !run.CutOff() || len(run.Warnings) != 1 || totals.Check() != nil {
			t.Errorf("cut off %v, warnings %v, sums %v", run.CutOff(), run.Warnings, totals.Check())
		}
		// Three intervals of 1 s and the lead of 20 ms.
		if totals.Offered < 290 || totals.Offered > 310 {
			t.Errorf("%d offered in three seconds", totals.Offered)
		}
		if n := run.Histogram("", results.Response, true).TotalCount(); uint64(n) != totals.Answered() {
			t.Errorf("histograms hold %d of %d", n, totals.Answered())
		}
	})
}

func TestServerCountersBecomeDifferences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &testDriver{do: stall(0, 0)}
		readings := 0
		d.sample = func() (driver.Sample, error) {
			readings++
			if readings == 3 {
				return driver.Sample{}, errors.New("cannot say")
			}
			n := d.calls.Load()
			return driver.Sample{
				Counters: map[string]float64{"calls": float64(n)},
				Partitions: []driver.PartitionHeat{{
					ID: "p0", Reads: 1000 + n, ReadUnits: 500 + float64(n)/2,
					Throttles: map[string]uint64{"hot": 7 + n},
				}},
			}, nil
		}
		m, run, err := start(t.Context(), t, Config{
			Scenario: openScenario(4, phase("steady", 4*time.Second, 100)), Driver: d,
		})
		if err != nil {
			t.Fatal(err)
		}
		var reads, throttles uint64
		var units float64
		for _, h := range run.Heat() {
			if h.Partition == "p0" {
				reads += h.Reads
				units += h.ReadUnits
				throttles += h.Throttles["hot"]
			}
		}
		if reads != m.Totals.Sent || units != float64(m.Totals.Sent)/2 || throttles != m.Totals.Sent {
			t.Errorf("heat sums to %d reads, %g units, %d throttles of %d", reads, units, throttles, m.Totals.Sent)
		}
		if last := run.Server()[len(run.Server())-1]; last.Counters["calls"] != float64(m.Totals.Sent) {
			t.Errorf("last server line %+v", last)
		}
		failed := 0
		for _, e := range run.Events() {
			if e.Name == "sampling_failed" && e.Detail == "cannot say" {
				failed++
			}
		}
		if failed != 1 {
			t.Errorf("%d events say that a reading failed", failed)
		}
	})
}

func TestObjectives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc := openScenario(64, phase("steady", 210*time.Second, 100))
		sc.Objectives = workload.Objectives{
			Errors: 0.001,
			Latency: map[op.Kind]map[string]time.Duration{
				op.Read:   {"p50": 2 * time.Millisecond, "p99": 5 * time.Millisecond, "p99.9": time.Second},
				op.Update: {"p99": 20 * time.Millisecond, "max": time.Millisecond},
			},
		}
		d := &testDriver{do: func(ctx context.Context, c clock.Clock, o *op.Op, _ *op.Outcome) {
			d := time.Millisecond
			if o.Index%40 == 0 { // 1 in 20 reads
				d = 10 * time.Millisecond
			}
			_ = c.SleepUntil(ctx, c.Now()+d)
		}}
		m, _, err := start(t.Context(), t, Config{Scenario: sc, Driver: d, Interval: 30 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			"read p50": Met, "read p99": Missed, "read p99.9": NotEnoughSamples,
			"update p99": Met, "update max": Missed, "errors": Met,
		}
		if len(m.Objectives) != len(want) {
			t.Errorf("%d objectives judged", len(m.Objectives))
		}
		for _, o := range m.Objectives {
			if want[o.Name] != o.Result {
				t.Errorf("%s: %s, want %s (%+v)", o.Name, o.Result, want[o.Name], o)
			}
		}
	})
}

func TestRefusedTargetLeavesNothingBehind(t *testing.T) {
	d := refusing{&testDriver{}}
	dir := filepath.Join(t.TempDir(), "run")
	m, err := Run(t.Context(), Config{
		Scenario: refusedScenario(t), Driver: d, Load: true, Dir: dir, Clock: clock.Real(),
	})
	if !errors.Is(err, driver.ErrNotOwned) || m.Status != results.Failed {
		t.Errorf("error %v, status %s", err, m.Status)
	}
	if d.loaded.Load() != 0 || d.calls.Load() != 0 {
		t.Error("wrote to a table that it does not own")
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a run directory was left: %v", err)
	}
}

func refusedScenario(t *testing.T) *workload.Scenario {
	t.Helper()
	sc, err := workload.Parse("refused.yaml", []byte(`
version: 1
name: refused
dataset: {items: 10, size: 100B}
workload:
  operations: {read: 100%}
  arrival: {open: {process: constant, sessions: 1}}
  phases: [{name: steady, for: 1s, rate: 10/s}]
`))
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

type refusing struct{ *testDriver }

func (refusing) Provision(context.Context) error { return driver.ErrNotOwned }
func (refusing) Drop(context.Context) error      { return driver.ErrNotOwned }

func TestConfigProblemsAreAllReported(t *testing.T) {
	err := (&Config{Interval: 1, Sessions: -1, BudgetUSD: 3}).validate()
	for _, want := range []string{"scenario", "driver", "clock", "directory", "interval", "sessions", "PriceOf"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name the %s", err, want)
		}
	}
}

// On the real clock, with real concurrency: the sums close and every operation is sent.
func TestRealTimeNullRun(t *testing.T) {
	d := &testDriver{}
	m, run, err := start(t.Context(), t, Config{
		Scenario: openScenario(16, phase("steady", time.Second, 5000)), Driver: d,
		Clock: clock.Real(), Interval: 100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	checkSums(t, run)
	if m.Totals.Offered != 5000 || d.calls.Load() != m.Totals.Sent {
		t.Errorf("%d offered, %d sent, %d seen", m.Totals.Offered, m.Totals.Sent, d.calls.Load())
	}
	sc := closedScenario(8, workload.Phase{Name: "count", Ops: 200000, Record: true})
	m, run, err = start(t.Context(), t, Config{Scenario: sc, Driver: d, Clock: clock.Real(), Interval: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	checkSums(t, run)
	if m.Totals.Sent != 200000 {
		t.Errorf("%d sent in a closed loop", m.Totals.Sent)
	}
}
