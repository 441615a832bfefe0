package tco

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossover/results"
	"crossover/results/figure"
	"crossover/workload"
)

// A seenRun is a run directory to be written.
type seenRun struct {
	name, driver, kind string
	lines              []results.Interval
	digest             string // of another stream, when set
	missed             bool   // an objective
}

func (s seenRun) open(t *testing.T, sc *workload.Scenario) *results.Run {
	t.Helper()
	m := results.Manifest{
		Run: s.name, Tool: "test", Started: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Status: results.Complete, Scenario: sc.Name, StreamDigest: workload.StreamDigest(sc),
		Target: results.TargetInfo{Name: s.name, Driver: s.driver, Kind: s.kind}, Totals: results.SumIntervals(s.lines),
	}
	if s.digest != "" {
		m.StreamDigest = s.digest
	}
	if s.missed {
		m.Objectives = []results.ObjectiveResult{{Name: "read p99", Result: "missed"}}
	}
	w, err := results.Create(filepath.Join(t.TempDir(), "run"), m, sc.Text)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Intervals(s.lines); err != nil {
		t.Fatal(err)
	}
	if err := w.Manifest(m); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := results.Open(w.Dir())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// line is an interval of a kind: n operations answered, refused ones beside them, with the units
// that each answered one consumed.
func line(kind string, n, refused uint64, read, write float64) results.Interval {
	return results.Interval{
		Kind: kind, Phase: "steady", Recorded: true, Length: 1, Offered: n + refused, Sent: n + refused,
		Done: map[string]uint64{"ok": n, "throttled": refused}, ReadUnits: read * float64(n), WriteUnits: write * float64(n),
	}
}

func TestUnitsFromRuns(t *testing.T) {
	sc := parse(t, smallSteady)
	exact := []results.Interval{line("read", 800, 0, 0.5, 0), line("update", 200, 0, 0, 1)}
	for _, c := range []struct {
		name        string
		runs        []seenRun
		basis       figure.Basis
		read, write float64 // per operation of the mix: 80 % reads
		verdict     string  // in the basis
		warning     string  // among the warnings; none when empty
		used        []int   // runs from which something was taken
	}{
		{
			"none", nil, figure.Assumed, 0.4, 0.2, "no run on a real target. Capacity units computed", "", nil,
		},
		{
			"embedded: modelled",
			[]seenRun{{name: "e", driver: "dynamodb", kind: "embedded", lines: exact}},
			figure.Assumed, 0.4, 0.2, "no run on a real target. Capacity units from run e on e (embedded)", "",
			[]int{0},
		},
		{
			"real: measured",
			[]seenRun{{name: "r", driver: "dynamodb", kind: "real", lines: exact}},
			figure.Assumed, 0.4, 0.2, "capacity units measured (run r on r (real))", "",
			[]int{0},
		},
		{
			"real outranks embedded", []seenRun{
				{name: "e", driver: "dynamodb", kind: "embedded", lines: []results.Interval{line("read", 800, 0, 9, 0)}},
				{name: "r", driver: "dynamodb", kind: "real", lines: exact},
			}, figure.Assumed, 0.4, 0.2, "measured (run r on r (real))", "run e on e (embedded) was left out: there are runs on a real target", []int{1},
		},
		{
			"aerospike gives no units",
			[]seenRun{{name: "a", driver: "aerospike", kind: "real", lines: []results.Interval{line("read", 800, 0, 0, 0)}}},
			figure.Assumed, 0.4, 0.2, "no run on a real target", "", nil,
		},
		{
			"another stream",
			[]seenRun{{name: "x", driver: "dynamodb", kind: "real", lines: exact, digest: "sha256:other"}},
			figure.Assumed, 0.4, 0.2, "no run on a real target", "ran another stream of operations", nil,
		},
		{
			// Twice the read units, and half the updates throttled: the mix is still the scenario's, the
			// warning has both figures and says of the throttles.
			"differs",
			[]seenRun{{name: "r", driver: "dynamodb", kind: "real", lines: []results.Interval{line("read", 800, 0, 1, 0), line("update", 100, 100, 0, 1)}}},
			figure.Assumed, 0.8, 0.2, "measured", "read: 1 read units per operation reported (run r on r (real)), 0.5 computed",
			[]int{0},
		},
		{
			"refused writes",
			[]seenRun{{name: "r", driver: "dynamodb", kind: "real", lines: []results.Interval{line("update", 100, 100, 0, 1.5)}}},
			figure.Assumed, 0.4, 0.3, "measured", "100 operations were throttled or failed",
			[]int{0},
		},
		{
			"warm-up is left out",
			[]seenRun{{name: "r", driver: "dynamodb", kind: "real", lines: append([]results.Interval{{Kind: "read", Recorded: false, Done: map[string]uint64{"ok": 1}, ReadUnits: 1000}}, exact...)}},
			figure.Assumed, 0.4, 0.2, "measured", "",
			[]int{0},
		},
		{
			"objective missed",
			[]seenRun{{name: "a", driver: "aerospike", kind: "real", missed: true}},
			figure.Assumed, 0.4, 0.2, "no run on a real target", "a missed the objective read p99 on a real target", nil,
		},
		{
			"an embedded server's latency says nothing",
			[]seenRun{{name: "a", driver: "aerospike", kind: "embedded", missed: true}},
			figure.Assumed, 0.4, 0.2, "no run on a real target", "", nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var runs []*results.Run
			for _, s := range c.runs {
				runs = append(runs, s.open(t, sc))
			}
			m, r, err := prepare(Input{Scenario: sc, Runs: runs, Tool: "test"})
			if err != nil {
				t.Fatal(err)
			}
			named := map[string]figure.Figure{}
			for _, n := range r.Demand {
				named[n.Name] = n.Figure
			}
			read, write := named["read_units_per_operation"], named["write_units_per_operation"]
			if math.Abs(read.Value-c.read) > 1e-9 || math.Abs(write.Value-c.write) > 1e-9 || read.Weakest() != c.basis {
				t.Errorf("%v and %v a operation (%s), want %v and %v (%s)", read, write, read.Weakest(), c.read, c.write, c.basis)
			}
			if !strings.Contains(m.basis(), c.verdict) {
				t.Errorf("basis %q, want %q in it", m.basis(), c.verdict)
			}
			if got := strings.Join(r.Warnings, "\n"); c.warning == "" && (strings.Contains(got, "reported") || strings.Contains(got, "objective") || strings.Contains(got, "left out")) || !strings.Contains(got, c.warning) {
				t.Errorf("warnings %q, want %q", got, c.warning)
			}
			used := map[int]bool{}
			for _, i := range c.used {
				used[i] = true
			}
			for i, ref := range r.Runs {
				if used[i] != (len(ref.Used) > 0) {
					t.Errorf("run %d: used %q", i, ref.Used)
				}
			}
			checkKindsBasis(t, read, c.runs, len(c.used) > 0)
		})
	}
}

// checkKindsBasis finds the read units' leaf and holds its basis to the run's kind of target.
func checkKindsBasis(t *testing.T, read figure.Figure, runs []seenRun, used bool) {
	t.Helper()
	want := figure.Modelled
	for _, s := range runs {
		if used && s.kind == "real" {
			want = figure.Measured
		}
	}
	for _, in := range read.Inputs {
		for _, f := range in.Figure.Inputs {
			if in.Name == "read" && f.Name == "read units" && strings.HasPrefix(f.Figure.Source, "run ") && f.Figure.Basis != want {
				t.Errorf("%s: %s, want %s", f.Figure.Source, f.Figure.Basis, want)
			}
		}
	}
}
