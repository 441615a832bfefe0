package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"crossover/results"
)

// After a run its units are held against its items, by kind; what differs is in the manifest, on
// standard error, and beside the run.
func TestUnitsAreReconciled(t *testing.T) {
	path := write(t, "units.yaml", `version: 1
name: units
dataset: {items: 400, key: {sort: {per_partition: 10}}, size: {uniform: {min: 300B, max: 9KiB}}}
workload:
  operations: {read: 30%, update: 20%, insert: 5%, delete: 5%, read_modify_write: 15%, query: 15%, scan_page: 10%}
  query: {limit: 5}
  scan: {limit: 20}
  arrival: {open: {}}
  phases: [{name: all, for: 1s, rate: 300/s}]
targets: [{name: ddb, driver: dynamodb, at: embedded, latency: false, client: lean}]
`)
	out := filepath.Join(t.TempDir(), "out")
	if code, _, stderr := crossover(t, "run", path, "--out", out, "--no-report"); code != exitOK && code != exitUntrusted {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	run := open(t, out, "ddb")
	check, err := run.Units()
	if err != nil || check == nil || len(check.Rows) != 8 {
		t.Fatalf("%v, %+v", err, check)
	}
	for _, r := range check.Rows {
		if r.Verdict != results.UnitsAgree || r.Answered == 0 {
			t.Errorf("%+v", r)
		}
	}
	if !strings.Contains(run.Manifest.Target.Client, "client: lean") || run.Manifest.Target.Settings["client"] != "lean" {
		t.Errorf("the client is called %q", run.Manifest.Target.Client)
	}

	// The same run, had the service counted reads twice.
	name := filepath.Join(out, "ddb", results.IntervalsFile)
	lines, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	double := regexp.MustCompile(`("kind":"read",.*?"read_units":)[0-9.]+`)
	if err := os.WriteFile(name, double.ReplaceAll(lines, []byte("${1}1000000")), 0o644); err != nil {
		t.Fatal(err)
	}
	sc, err := loadScenario(path)
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	s := &session{streams: streams{err: &said}, sc: sc}
	m := run.Manifest
	if err := s.reconcile(&m, run.Dir); err != nil {
		t.Fatal(err)
	}
	again := open(t, out, "ddb")
	if n := len(again.Manifest.Warnings); n != len(run.Manifest.Warnings)+1 || !strings.Contains(again.Manifest.Warnings[n-1], "units reported") || !strings.Contains(said.String(), "computed from its items") {
		t.Errorf("warnings %q; said %q", again.Manifest.Warnings, said.String())
	}
}
