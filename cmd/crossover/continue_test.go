package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"crossover/results"
)

// eventNames lists what a run has written of itself, in order.
func eventNames(t *testing.T, dir string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, results.EventsFile))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range bytes.Lines(text) {
		var e results.Event
		if err := json.Unmarshal(line, &e); err == nil { // else it is being written
			names = append(names, e.Name)
		}
	}
	return names
}

func has(names []string, name string) bool {
	return strings.Contains(" "+strings.Join(names, " ")+" ", " "+name+" ")
}

// A run is paused by a signal, goes on, is killed, is resumed, and extended: one run directory,
// readable all the time, whose sums close and whose report says where it was cut and joined.
func TestPauseKillResumeExtend(t *testing.T) {
	for _, target := range []string{"dynamodb", "aerospike"} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "out")
			dir := filepath.Join(out, target)
			text := strings.Replace(small(", latency: false", ", latency: false"), "for: 2s", "for: 6s", 1)
			cmd, stderr := process(t, "run", write(t, "small.yaml", text), "--out", out, "--target", target, "--interval", "100ms")
			started(t, out, target)
			if err := cmd.Process.Signal(syscall.SIGUSR1); err != nil {
				t.Fatal(err)
			}
			until(t, "the pause", func() bool { return has(eventNames(t, dir), results.PausedEvent) })
			if _, err := results.Open(dir); err != nil {
				t.Errorf("while paused: %v", err)
			}
			if err := cmd.Process.Signal(syscall.SIGUSR1); err != nil {
				t.Fatal(err)
			}
			until(t, "the pause's end", func() bool { return has(eventNames(t, dir), results.ResumedEvent) })
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // killed, as asked
			if !strings.Contains(stderr.String(), "paused: nothing falls due") || !strings.Contains(stderr.String(), "going on") {
				t.Errorf("standard error does not say that the run was paused: %s", stderr)
			}

			if code, _, errs := crossover(t, "run", "--resume", out); code != exitOK && code != exitUntrusted {
				t.Fatalf("--resume: exit code %d\n%s", code, errs)
			}
			r := open(t, out, target)
			m := r.Manifest
			if m.Status != results.Complete || m.Totals.Offered != 1200 || len(m.Parts) != 2 || m.Parts[1].How != "resumed" {
				t.Errorf("resumed: status %s, %d offered, parts %+v", m.Status, m.Totals.Offered, m.Parts)
			}
			if !strings.Contains(m.Dataset, "sent again") {
				t.Errorf("the data set is %q", m.Dataset)
			}
			if len(m.Pauses) == 0 {
				t.Error("no pause in the manifest")
			}

			if code, _, errs := crossover(t, "run", "--extend", "1s", dir); code != exitOK && code != exitUntrusted {
				t.Fatalf("--extend: exit code %d\n%s", code, errs)
			}
			r = open(t, out, target)
			m = r.Manifest
			if m.Status != results.Complete || m.Totals.Offered != 1400 || len(m.Parts) != 3 || m.Parts[2].FirstOp != 1200 {
				t.Errorf("extended: status %s, %d offered, parts %+v", m.Status, m.Totals.Offered, m.Parts)
			}
			if err := m.Totals.Check(); err != nil {
				t.Error(err)
			}
			report, err := os.ReadFile(filepath.Join(out, "report.md"))
			for _, want := range []string{"resumed at ", "was cut off", "extended by 1s at ", "a pause begins or ends", "The run was paused: "} {
				html, htmlErr := os.ReadFile(filepath.Join(out, "report.html"))
				if err != nil || htmlErr != nil || !strings.Contains(string(report)+string(html), want) {
					t.Errorf("the report does not say %q: %v, %v", want, err, htmlErr)
				}
			}
		})
	}
}

func TestContinuingRefuses(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	path := write(t, "null.yaml", `version: 1
name: refuse
dataset: {items: 10, size: 100B}
workload: {operations: {read: 100%}, arrival: {open: {}}, phases: [{name: a, for: 200ms, rate: 100/s}]}
targets: [{name: x, driver: "null"}]
`)
	if code, _, stderr := crossover(t, "run", path, "--out", out, "--no-report"); code != exitOK && code != exitUntrusted {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"it is complete; it can be extended", []string{"--resume", out}},
		{"finish the run first", []string{"--resume", "--extend", "1s", out}},
		{"--resume with --out", []string{"--resume", "--out", "y", out}},
		{"--extend with --for", []string{"--extend", "1s", "--for", "2s", out}},
		{`"soon": expected a duration`, []string{"--extend", "soon", out}},
		{"extended by a duration", []string{"--extend", "500", out}},
		{"holds no run", []string{"--resume", t.TempDir()}},
	} {
		if code, _, stderr := crossover(t, append([]string{"run"}, c.args...)...); code != exitInput || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d, want %q\n%s", c.args, code, c.want, stderr)
		}
	}
	kept := filepath.Join(out, "x", results.ScenarioFile)
	if err := os.WriteFile(kept, append([]byte(readText(t, kept)), "# another text\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := crossover(t, "run", "--extend", "1s", out); code != exitInput || !strings.Contains(stderr, "it ran the scenario sha256:") {
		t.Errorf("another scenario: exit code %d\n%s", code, stderr)
	}
}
