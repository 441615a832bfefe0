package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// A sweep writes a report of its curve, and `crossover report` writes it again, of the whole
// directory or of one target's.
func TestSweepIsReported(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	code, _, stderr := crossover(t, "run", write(t, "s.yaml", searchable), "--out", out, "--search-probe", "1s", "--sweep", "rates=40/s,80/s")
	if code != exitOK && code != exitUntrusted {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	first := readText(t, filepath.Join(out, "report.md"))
	for _, want := range []string{"latency against throughput", "| 40/s |", "| 80/s |", "target unidentified", "--sweep rates=40/s,80/s"} {
		if !strings.Contains(first, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	for _, dir := range []string{out, filepath.Join(out, "nothing")} {
		if code, stdout, stderr := crossover(t, "report", dir); code != exitOK || !strings.Contains(stdout, filepath.Join(dir, "report.html")) {
			t.Errorf("report %s: exit code %d, %q\n%s", dir, code, stdout, stderr)
		}
		if again := readText(t, filepath.Join(dir, "report.md")); again != first {
			t.Errorf("%s: the report made again is another", dir)
		}
	}
	quiet := filepath.Join(t.TempDir(), "out")
	if code, _, stderr := crossover(t, "run", write(t, "s.yaml", searchable), "--out", quiet, "--search-probe", "1s", "--sweep", "rates=40/s", "--no-report"); code != exitOK && code != exitUntrusted {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	if found, err := filepath.Glob(filepath.Join(quiet, "report.*")); err != nil || len(found) > 0 {
		t.Errorf("--no-report wrote %v", found)
	}
}

// A scenario at the times of a trace has no rate to search; the refusal says so, and where.
func TestSearchRefusesATrace(t *testing.T) {
	text := strings.NewReplacer("process: constant", "process: trace", "operations: {read: 60%, query: 20%, update: 20%}",
		`keys: {trace: {rows: "time,key\n0,a\n0.5,b\n"}}`+"\n  operations: {read: 60%, query: 20%, update: 20%}",
		"{name: warm-up, for: 1s, rate: 900/s, record: false}, {name: steady, for: 2s, rate: {from: 50/s, to: 100/s}}", "{name: all, for: 1s}").Replace(searchable)
	for _, flag := range []string{"--search", "--sweep=rates=10/s", "--sweep=sizes=1KiB"} {
		code, _, stderr := crossover(t, "run", write(t, "trace.yaml", text), flag, "--out", filepath.Join(t.TempDir(), "out"))
		message, _ := strings.CutPrefix(stderr, "crossover: ")
		if code != exitInput || strings.HasPrefix(message, ":") || !strings.Contains(message, "a trace has its own times") {
			t.Errorf("%s: exit code %d, %q", flag, code, stderr)
		}
	}
	// What a point's scenario is refused for does not begin with a colon either.
	tiny := strings.Replace(searchable, "size: 600B", "size: {uniform: {min: 600B, max: 700B}}", 1)
	code, _, stderr := crossover(t, "run", write(t, "tiny.yaml", tiny), "--sweep", "sizes=1B", "--out", filepath.Join(t.TempDir(), "out"))
	if code != exitInput || !strings.Contains(stderr, "crossover: size 1B: ") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

// A search of a data set that is kept checks it before its first probe, and only then.
func TestSearchChecksAKeptDataSet(t *testing.T) {
	aero := serve(t, "aerospike", "--latency", "off", "--nodes", "2")
	text := strings.NewReplacer(`{name: nothing, driver: "null", latency: 10ms}`, `{name: aerospike, driver: aerospike, hosts: ["`+aero+`"]}`,
		"read: 60%, query: 20%, update: 20%", "read: 60%, update: 40%").Replace(searchable)
	path := write(t, "kept.yaml", text)
	search := func() (int, string) {
		code, _, stderr := crossover(t, "run", path, "--sweep", "rates=40/s,80/s", "--search-probe", "1s", "--no-load", "--out", filepath.Join(t.TempDir(), "out"))
		return code, stderr
	}
	if code, stderr := search(); code != exitInput || !strings.Contains(stderr, "0 items, expected 100") {
		t.Errorf("nothing is there: exit code %d\n%s", code, stderr)
	}
	if code, _, stderr := crossover(t, "run", path, "--load-only", "--out", filepath.Join(t.TempDir(), "load")); code != exitOK {
		t.Fatalf("--load-only: exit code %d\n%s", code, stderr)
	}
	if code, stderr := search(); code != exitOK && code != exitUntrusted {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
}
