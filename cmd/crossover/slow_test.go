package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossover/results"
)

// One slow partition, or node, of several shows in the tail of the response times and not in
// their middle, on both sides, while the event lasts; and it is undone.
func TestSlowPart(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	text := strings.Replace(small(", latency: false", ", latency: false, nodes: 3, replication: 1"), "keys: {zipfian: {theta: 0.9}}", "keys: uniform", 1) + `events:
  - {at: 100ms, target: dynamodb, do: slow, partition: 2, delay: 300ms, for: 1500ms}
  - {at: 100ms, target: aerospike, do: slow, node: 2, delay: 300ms, for: 1500ms}
`
	code, _, stderr := crossover(t, "run", write(t, "slow.yaml", text), "--out", out, "--no-report")
	if code != exitOK && code != exitUntrusted {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	for _, target := range []string{"dynamodb", "aerospike"} {
		r := open(t, out, target)
		all, slow := 0.0, 0.0
		for _, bar := range r.Histogram("read", results.Service, true).Distribution() {
			if all += float64(bar.Count); bar.From >= int64(300*time.Millisecond) {
				slow += float64(bar.Count)
			}
		}
		// A quarter or a third of the keys, for three quarters of the run.
		if share := slow / all; share < 0.05 || share > 0.5 {
			t.Errorf("%s: %.0f of %.0f reads took 300 ms or more", target, slow, all)
		}
		if e := r.Manifest.Events; len(e) != 1 || e[0].Outcome != results.EventDone || e[0].Undone == 0 || !strings.Contains(e[0].Detail, "by 300ms") {
			t.Errorf("%s: events %+v", target, e)
		}
	}
}
