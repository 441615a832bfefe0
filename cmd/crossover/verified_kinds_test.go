package main

import (
	"path/filepath"
	"strings"
	"testing"

	"crossover/results"
)

// kindsOnly is a scenario on both embedded targets in which updates and one other operation run
// on few items.
func kindsOnly(t *testing.T, kind, faults, consistency string) string {
	t.Helper()
	const text = `version: 1
name: kinds
seed: 3
dataset:
  items: 60
  key: {partition: "user#{id}", sort: {prefix: "event#", per_partition: 6}}
  size: 300B
  attributes: 2
workload:
  operations: {KIND: 50%, update: 50%}
  read: {consistency: CONSISTENCY, verify: 100%}
  query: {limit: 10}
  scan: {limit: 20}
  arrival: {open: {process: constant, sessions: 16}}
  phases: [{name: steady, for: 1s, rate: 200/s}]
targets:
  - {name: dynamodb, driver: dynamodb, at: embedded, latency: false, faults: "FAULTS"}
  - {name: aerospike, driver: aerospike, at: embedded, latency: false, nodes: 2, faults: "FAULTS"}
`
	return write(t, "kinds.yaml", strings.NewReplacer("KIND", kind, "CONSISTENCY", consistency, "FAULTS", faults).Replace(text))
}

// What the embedded servers plant is found, and told apart, in what a read-modify-write reads and
// in every item of queries and scan pages too; an honest server is not accused.
func TestVerifiedKinds(t *testing.T) {
	for _, kind := range []string{"read_modify_write", "query", "scan_page"} {
		for _, c := range []struct {
			name, faults, consistency string
			corrupt, stale            bool
		}{
			{"honest", "delay=1%:1ms", "strong", false, false},
			{"corrupt", "corrupt=3%", "eventual", true, false},
			{"stale", "stale=20%", "strong", false, true},
		} {
			t.Run(kind+" "+c.name, func(t *testing.T) {
				t.Parallel()
				out := filepath.Join(t.TempDir(), "out")
				code, _, stderr := crossover(t, "run", kindsOnly(t, kind, c.faults, c.consistency), "--out", out, "--no-report")
				runs, err := openRuns(out)
				if err != nil || len(runs) != 2 {
					t.Fatalf("exit code %d, %d runs: %v\n%s", code, len(runs), err, stderr)
				}
				if wrong := c.corrupt || c.stale; wrong != (code == exitMissed) {
					t.Errorf("exit code %d\n%s", code, stderr)
				}
				for _, r := range runs {
					v, name := r.Manifest.Verification, r.Manifest.Target.Name
					// A query returns six items, a page up to twenty.
					least := map[string]uint64{"read_modify_write": 75, "query": 450, "scan_page": 1000}[kind]
					if v == nil || v.Verified < least || v.Corrupt > 0 != c.corrupt || v.StaleStrong > 0 != c.stale || v.Stale > 0 != c.stale {
						t.Fatalf("%s: %+v, want %d verified at least", name, v, least)
					}
					reason := map[bool]string{c.corrupt: "CorruptRead", c.stale: "StaleRead"}[true]
					found := uint64(0)
					for _, line := range r.Intervals() {
						for failure, n := range line.Failures {
							if line.Kind != kind || failure != "failed: "+reason {
								t.Errorf("%s: %d of %s failed: %s", name, n, line.Kind, failure)
							}
							found += n
						}
					}
					if (reason != "") != (found > 0) || r.Totals().ByClass["failed"] != found {
						t.Errorf("%s: %d attempts failed with %q, classes %v", name, found, reason, r.Totals().ByClass)
					}
					sums := results.SumIntervals(r.Intervals())
					if totals := r.Totals(); sums.Verified != totals.Verified || sums.Corrupt != totals.Corrupt || sums.Stale != totals.Stale {
						t.Errorf("%s: intervals %+v, totals %+v", name, sums, totals)
					}
					events := eventsOf(t, r)
					for event, want := range map[string]bool{"corruption": c.corrupt, "stale_read": c.stale} {
						if e, ok := events[event]; ok != want || ok && !strings.Contains(e, ", "+kind+": item ") {
							t.Errorf("%s: event %q", name, e)
						}
					}
				}
			})
		}
	}
}
