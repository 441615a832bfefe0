package main

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"crossover/results"
	"crossover/scenarios"
)

var scenariosAll = flag.Bool("scenarios-all", false, "run every scenario for 5 s with 10,000 items, as `make scenarios` does")

// exitOf is the exit code that manifests stand for.
func exitOf(runs []*results.Run) int {
	code := exitOK
	for _, r := range runs {
		if r.Manifest.Health.Limited {
			return exitUntrusted
		}
		for _, o := range r.Manifest.Objectives {
			if o.Result == "missed" {
				code = exitMissed
			}
		}
	}
	return code
}

func TestEveryScenarioRuns(t *testing.T) {
	length, items := "1s", "1000"
	if *scenariosAll {
		length, items = "5s", "10000"
	}
	for _, name := range scenarios.Names() {
		t.Run(name, func(t *testing.T) {
			text, err := scenarios.Read(name)
			if err != nil {
				t.Fatal(err)
			}
			path := write(t, name+".yaml", string(text))
			out := filepath.Join(t.TempDir(), "out")
			args := []string{"run", path, "--for", length, "--items", items, "--out", out}
			reported := *scenariosAll || name == "hot-key-demo"
			if !reported {
				args = append(args, "--no-report") // pricing dozens of offers takes longer than the run
			}
			code, _, stderr := crossover(t, args...)
			runs, err := openRuns(out)
			if err != nil {
				t.Fatalf("exit code %d: %v\n%s", code, err, stderr)
			}
			if len(runs) != 2 {
				t.Fatalf("%d runs, want one on each embedded target\n%s", len(runs), stderr)
			}
			if want := exitOf(runs); code != want {
				t.Errorf("exit code %d, but the manifests stand for %d\n%s", code, want, stderr)
			}
			for _, r := range runs {
				checkRun(t, r)
			}
			if a, b := runs[0].Manifest.StreamDigest, runs[1].Manifest.StreamDigest; a != b {
				t.Errorf("the targets ran different streams: %s and %s", a, b)
			}
			for _, file := range []string{"report.html", "report.md", "tco.json"} {
				if !reported {
					break
				}
				if info, err := os.Stat(filepath.Join(out, file)); err != nil || info.Size() < 1000 {
					t.Errorf("%s: %v", file, err)
				}
			}
			if *scenariosAll {
				for _, r := range runs {
					t.Logf("%-10s sent %6d attempts %6d throttles %v failures %v exit %d", r.Manifest.Target.Name,
						r.Totals().Sent, r.Totals().Attempts, r.Totals().Throttles, r.Totals().Failures, code)
				}
			}
		})
	}
}

// checkRun holds the sums of a complete run on an embedded target.
func checkRun(t *testing.T, r *results.Run) {
	t.Helper()
	m := r.Manifest
	name := m.Target.Name
	if m.Status != results.Complete {
		t.Errorf("%s: status %s: %s", name, m.Status, m.Reason)
	}
	if m.Target.Kind != "embedded" {
		t.Errorf("%s: kind %q: what an embedded server yields must be marked as such", name, m.Target.Kind)
	}
	if err := m.Totals.Check(); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	sums := results.SumIntervals(r.Intervals())
	if sums.Sent != m.Totals.Sent || sums.Attempts != m.Totals.Attempts || sums.Answered() != m.Totals.Answered() {
		t.Errorf("%s: intervals say %d sent, %d attempts, %d answered; the manifest %d, %d, %d", name,
			sums.Sent, sums.Attempts, sums.Answered(), m.Totals.Sent, m.Totals.Attempts, m.Totals.Answered())
	}
	if m.Totals.InFlight != 0 || m.Totals.Sent == 0 || m.Totals.Attempts < m.Totals.Sent {
		t.Errorf("%s: %d sent, %d attempts, %d in flight", name, m.Totals.Sent, m.Totals.Attempts, m.Totals.InFlight)
	}
	// On a host that is too busy to run it, connections may break; in a drill they are to.
	if failed := m.Totals.ByClass["failed"]; failed > 0 && !m.Health.Limited && len(m.Events) == 0 {
		t.Errorf("%s: %d operations failed: %v", name, failed, m.Totals.Failures)
	}
}
