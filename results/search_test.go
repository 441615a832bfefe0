package results

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crossover/results/figure"
)

func TestSearchIsReadAsWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "target")
	capacity := figure.New(800, "operations/s", figure.Modelled, "search")
	want := Search{
		Format: [2]int{SearchMajor, SearchMinor}, Status: Running, Mode: "search", Basis: figure.Modelled,
		Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Points: []SearchPoint{{
			Outcome: OutcomeFound, Holding: 800, Failing: 840, Capacity: &capacity,
			Steps: []SearchStep{{
				Rate: 800, Verdict: Holds, Response: map[string]Percentiles{"read": {Count: 3, P50: 1}},
				Objectives: []Judgement{{Name: "read p99", Limit: 5e6, Low: 1, High: 2, Result: Holds}},
				Probes:     []SearchProbe{{Run: "probes/001-800", Steady: true}},
			}},
		}},
	}
	for _, status := range []Status{Running, Complete} { // the second replaces the first
		want.Status = status
		if err := WriteSearch(dir, want); err != nil {
			t.Fatal(err)
		}
		got, err := ReadSearch(dir)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, *got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestReadSearchRefuses(t *testing.T) {
	for text, says := range map[string]string{
		`{"format":[2,0]}`:                   "use a newer crossover",
		`{"format":[0,1]}`:                   "expected [major, minor]",
		`{}`:                                 "expected [major, minor]",
		`{"format":[1,0],"points":"torn`:     "unexpected end",
		`{"format":[1,7],"points":{"a": 1}}`: "cannot unmarshal",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, SearchFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadSearch(dir); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := ReadSearch(t.TempDir()); err == nil {
		t.Error("read a search that is not there")
	}
}

func TestBasisOf(t *testing.T) {
	for kind, want := range map[string]figure.Basis{
		"real": figure.Measured, "other": figure.Measured, "embedded": figure.Modelled, "simulated": figure.Modelled,
	} {
		if got := BasisOf(kind); got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
	}
}

// Each yields what was recorded, in order.
func TestMergedEach(t *testing.T) {
	var c Counts
	want := map[time.Duration]int64{}
	for _, d := range []time.Duration{0, 7, 7, 2047, 2048, time.Millisecond, time.Hour / 7} {
		c.Record(d)
	}
	m := NewMerged()
	m.Take(&c)
	for _, d := range []time.Duration{0, 7, 7, 2047, 2049, 1000447, 514322333695} {
		want[d]++
	}
	got := map[time.Duration]int64{}
	last := time.Duration(-1)
	for v, n := range m.Each() {
		if v <= last {
			t.Errorf("%v after %v", v, last)
		}
		last = v
		got[v] += n
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for range m.Each() {
		break // a caller may stop
	}
}
