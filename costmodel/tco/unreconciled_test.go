package tco

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crossover/results"
)

// Where a run's units are not those of its items, whoever prices it is told.
func TestUnreconciled(t *testing.T) {
	run := &results.Run{Dir: t.TempDir(), Manifest: results.Manifest{Run: "r1", Target: results.TargetInfo{Name: "ddb"}}}
	if got := unreconciled(run); got != nil {
		t.Errorf("without units: %q", got)
	}
	check := &results.UnitsCheck{Rows: []results.UnitsRow{
		{Operation: "read", Units: "read", Seen: 12, Least: 10, Most: 10, Off: 0.2, Allowed: 0.005, Verdict: results.UnitsDiffer},
		{Operation: "update", Units: "write", Verdict: results.UnitsAgree},
	}}
	if err := results.WriteUnits(run.Dir, check); err != nil {
		t.Fatal(err)
	}
	if got := unreconciled(run); len(got) != 1 || !strings.HasPrefix(got[0], "run r1 on ddb: read: 12 read units reported, 10 computed") {
		t.Errorf("got %q", got)
	}
	if err := os.WriteFile(filepath.Join(run.Dir, results.UnitsFile), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := unreconciled(run); len(got) != 1 || !strings.Contains(got[0], results.UnitsFile) {
		t.Errorf("of a broken file: %q", got)
	}
}
