package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crossover/results"
	"crossover/scenarios"
)

// lying returns the library's verified reads, at a low rate, with faults on both targets.
func lying(t *testing.T, faults, consistency string) string {
	t.Helper()
	text, err := scenarios.Read("verified-reads")
	if err != nil {
		t.Fatal(err)
	}
	s := strings.NewReplacer("at: embedded,", `at: embedded, latency: false, faults: "`+faults+`",`,
		"consistency: strong, verify: 10%", "consistency: "+consistency+", verify: 100%",
		"items: 5_000\n", "items: 20\n", "rate: 500/s", "rate: 200/s").Replace(string(text))
	return write(t, "lying.yaml", s)
}

// eventsOf returns a run's events by name.
func eventsOf(t *testing.T, r *results.Run) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.Dir, results.EventsFile))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		name := strings.SplitN(strings.SplitN(line, `"name":"`, 2)[1], `"`, 2)[0]
		out[name] = line
	}
	return out
}

// What the embedded servers plant, a changed byte or the version before, is found on both
// sides and told apart; an honest server is not accused.
func TestVerifiedReads(t *testing.T) {
	for _, c := range []struct {
		name, faults, consistency string
		corrupt, stale            bool
		code                      int
	}{
		{"honest", "delay=1%:1ms", "strong", false, false, exitOK},
		{"corrupt", "corrupt=5%", "eventual", true, false, exitMissed},
		{"stale and strong", "stale=20%", "strong", false, true, exitMissed},
		{"stale and eventual", "stale=20%", "eventual", false, true, exitOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			code, _, stderr := crossover(t, "run", lying(t, c.faults, c.consistency), "--for", "2s", "--out", out, "--no-report")
			runs, err := openRuns(out)
			if err != nil || len(runs) != 2 {
				t.Fatalf("exit code %d, %d runs: %v\n%s", code, len(runs), err, stderr)
			}
			if code != c.code && !(c.code == exitOK && code == exitUntrusted) {
				t.Errorf("exit code %d, want %d\n%s", code, c.code, stderr)
			}
			for _, r := range runs {
				v, name := r.Manifest.Verification, r.Manifest.Target.Name
				if v == nil || v.Verified < 20 || v.Corrupt > 0 != c.corrupt || v.Stale > 0 != c.stale {
					t.Fatalf("%s: %+v", name, v)
				}
				if strong := c.stale && c.consistency == "strong"; v.StaleStrong > 0 != strong || r.Totals().ByClass["failed"] > 0 != (strong || c.corrupt) {
					t.Errorf("%s: %+v, classes %v", name, v, r.Totals().ByClass)
				}
				sums := results.SumIntervals(r.Intervals())
				if totals := r.Totals(); sums.Verified != totals.Verified || sums.Corrupt != totals.Corrupt || sums.Stale != totals.Stale || sums.Verified == 0 {
					t.Errorf("%s: intervals %d, %d, %d; totals %d, %d, %d", name, sums.Verified, sums.Corrupt, sums.Stale, totals.Verified, totals.Corrupt, totals.Stale)
				}
				events := eventsOf(t, r)
				if e, ok := events["corruption"]; ok != c.corrupt || ok && !(strings.Contains(e, "item ") && strings.Contains(e, "version ")) {
					t.Errorf("%s: event %q", name, e)
				}
				if e, ok := events["stale_read"]; ok != c.stale || ok && !strings.Contains(e, "had been acknowledged") {
					t.Errorf("%s: event %q", name, e)
				}
			}
		})
	}
}

// Items with attributes of every type come back from both sides as they were written; a time to
// live does not get in the way.
func TestTypedItemsAreReadAsWritten(t *testing.T) {
	text, err := scenarios.Read("typed-items")
	if err != nil {
		t.Fatal(err)
	}
	s := strings.NewReplacer("at: embedded,", "at: embedded, latency: false,", "verify: 1%}", "verify: 100%}\n  write: {ttl: 1h}",
		"rate: 500/s", "rate: 200/s").Replace(string(text))
	out := filepath.Join(t.TempDir(), "out")
	code, _, stderr := crossover(t, "run", write(t, "typed.yaml", s), "--for", "2s", "--items", "200", "--out", out, "--no-report")
	runs, err := openRuns(out)
	if err != nil || len(runs) != 2 {
		t.Fatalf("exit code %d, %d runs: %v\n%s", code, len(runs), err, stderr)
	}
	for _, r := range runs {
		v, totals := r.Manifest.Verification, r.Totals()
		if v == nil || v.Verified < 100 || v.Corrupt > 0 || v.Stale > 0 || totals.ByClass["ok"] != totals.Sent {
			t.Errorf("%s: %+v, %v, %v", r.Manifest.Target.Name, v, totals.ByClass, totals.Failures)
		}
		if !strings.Contains(string(r.Manifest.Mapping), "a null no bin") {
			t.Errorf("%s: the mapping does not say how types map: %s", r.Manifest.Target.Name, r.Manifest.Mapping)
		}
	}
}
