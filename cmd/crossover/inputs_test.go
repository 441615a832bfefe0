package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crossover/workload"
)

// A run directory holds all that it takes to run it again: the files that its scenario names lie
// beside it, and the manifest has their digests.
func TestRunKeepsItsInputs(t *testing.T) {
	dir := t.TempDir()
	scenario := `version: 1
name: replay
dataset: {items: 100, size: 300B}
workload:
  keys: {trace: {file: logs/access.csv, speed: 10}}
  operations: trace
  arrival: {open: {process: trace}}
  phases: [{name: all, for: 300ms}]
targets: [{name: nothing, driver: "null"}]
`
	rows := "time,operation,key,size\n"
	for i := range 20 {
		rows += []string{"0.", "1."}[i/10] + string(rune('0'+i%10)) + ",update,anna," + "512\n"
	}
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	path, trace := filepath.Join(dir, "replay.yaml"), filepath.Join(dir, "logs", "access.csv")
	for name, text := range map[string]string{path: scenario, trace: rows} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(t.TempDir(), "out")
	if code, _, stderr := crossover(t, "run", path, "--out", out, "--no-report"); code != exitOK && code != exitUntrusted {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	m := open(t, out, "nothing").Manifest
	if len(m.Inputs) != 1 || m.Inputs[0].Name != "logs/access.csv" || m.Inputs[0].Bytes != int64(len(rows)) || !strings.HasPrefix(m.Inputs[0].Digest, "sha256:") {
		t.Fatalf("inputs %+v", m.Inputs)
	}
	if m.Totals.Sent != 20 || m.Arrival != "open trace, 256 sessions" {
		t.Errorf("%d operations sent, %q; want the trace's 20", m.Totals.Sent, m.Arrival)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	again, err := workload.Load(filepath.Join(out, "nothing", "scenario.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if got := workload.StreamDigest(again); got != m.StreamDigest {
		t.Errorf("the run directory's scenario has the stream %s, the run had %s", got, m.StreamDigest)
	}
}
