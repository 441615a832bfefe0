package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crossover/results"
)

// drill is a scenario of 8 s on the embedded cluster, in which a node is lost at 3 s.
const drill = `version: 1
name: drill
dataset: {items: 300, size: 300B}
workload:
  operations: {read: 50%, update: 50%}
  arrival: {open: {sessions: 128}}
  phases: [{name: steady, for: 8s, rate: 300/s}]
objectives: {errors: 100%}
events:
  - {at: 3s, target: aerospike, do: kill_node, node: 2}
targets:
  - {name: aerospike, driver: aerospike, at: embedded, latency: false, heartbeat_timeout: 500ms, timeout: 200ms}
`

// A node is lost in the midst of a run: the operations that need it fail, until the others go
// on without it; the run's directory and its report say when.
func TestANodeIsLostInARun(t *testing.T) {
	path, out := write(t, "drill.yaml", drill), filepath.Join(t.TempDir(), "out")
	code, _, stderr := crossover(t, "run", path, "--out", out, "--interval", "200ms")
	if code != exitOK && code != exitUntrusted {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	r := open(t, out, "aerospike")
	if r.Manifest.Status != results.Complete || len(r.Manifest.Events) != 1 {
		t.Fatalf("%s, events %+v", r.Manifest.Status, r.Manifest.Events)
	}
	e := r.Manifest.Events[0]
	if e.Outcome != results.EventDone || e.Planned != 3 || e.Began < 3 || !e.Detected || e.WorstErrors <= 0 {
		t.Errorf("%+v", e)
	}
	// The cluster can't have gone on before it noticed.
	if e.Recovered && e.RecoverAfter < 0.4 {
		t.Errorf("it was over %v s after it began, and the heartbeat's timeout is 0.5 s", e.RecoverAfter)
	}
	names := map[string]bool{}
	for _, x := range r.Events() {
		names[x.Name] = true
	}
	for _, want := range []string{"event_begin", "event_done", "node_killed", "cluster_changed", "first_error"} {
		if !names[want] {
			t.Errorf("events.jsonl has no %s", want)
		}
	}
	// Once the others go on without it, and the client has learnt so, nothing fails.
	calm := map[float64]bool{}
	for _, line := range r.Intervals() {
		if before, seen := calm[line.Start]; line.Start > 3.5 && (before || !seen) {
			calm[line.Start] = line.Done["ok"] > 10 && len(line.Done) == 1
		}
	}
	if !slices.Contains(slices.Collect(maps.Values(calm)), true) {
		t.Error("no interval after the loss is without errors")
	}
	page, err := os.ReadFile(filepath.Join(out, "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	if text := string(page); !strings.Contains(text, "What happened, and how long it took to recover") || !strings.Contains(text, "kill_node: node 2") {
		t.Error("the report does not tell of the event")
	}
}

// A scenario's commands are run only when that was allowed, are waited for no longer than the
// run lasts, and leave their exit code.
func TestCommandsNeedToBeAllowed(t *testing.T) {
	dir := t.TempDir()
	mark := filepath.Join(dir, "mark")
	text := `version: 1
name: commands
dataset: {items: 10, size: 200B}
workload:
  operations: {read: 100%}
  arrival: {open: {}}
  phases: [{name: steady, for: 1s, rate: 100/s}]
events:
  - {at: 100ms, target: "null", command: "echo done > ` + mark + `; exit 4"}
  - {at: 200ms, target: "null", command: "sleep 600 & wait"}
targets:
  - {name: "null", driver: "null"}
`
	path := write(t, "commands.yaml", text)
	out := filepath.Join(dir, "refused")
	code, _, stderr := crossover(t, "run", path, "--out", out)
	if code != exitInput || !strings.Contains(stderr, path+":9:") || !strings.Contains(stderr, "--allow-commands") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	for _, file := range []string{mark, out} {
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("%s is there: %v", file, err)
		}
	}
	out = filepath.Join(dir, "allowed")
	code, _, stderr = crossover(t, "run", path, "--out", out, "--allow-commands", "--no-report")
	if code != exitOK && code != exitUntrusted {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if _, err := os.Stat(mark); err != nil {
		t.Error(err)
	}
	events := open(t, out, "null").Manifest.Events
	if len(events) != 2 || events[0].ExitCode == nil || *events[0].ExitCode != 4 || events[0].Outcome != "failed: exit code 4" {
		t.Errorf("%+v", events)
	}
	if e := events[1]; e.ExitCode == nil || *e.ExitCode != -1 || e.Outcome != "failed: killed when the run ended" || e.Took > 30 {
		t.Errorf("%+v", e)
	}
}

func TestASearchHasNoEvents(t *testing.T) {
	path := write(t, "drill.yaml", strings.Replace(drill, "{errors: 100%}", "{read: {p99: 5ms}}", 1))
	code, _, stderr := crossover(t, "run", path, "--search", "--out", filepath.Join(t.TempDir(), "out"))
	if code != exitInput || !strings.Contains(stderr, "a search judges each rate by itself") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}
