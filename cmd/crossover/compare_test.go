package main

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crossover/results"
	"crossover/results/compare"
	"crossover/results/compare/comparetest"
)

// sides writes repetitions of a usual BASE and of a HEAD as edited.
func sides(t *testing.T, edit func(*comparetest.Spec)) (base, head string) {
	t.Helper()
	dir := t.TempDir()
	s := comparetest.Spec{Seed: 1, Rho: 0.8, Level: 0.01, Between: 0.01}
	base, head = filepath.Join(dir, "base"), filepath.Join(dir, "head")
	if err := comparetest.Repeat(base, s, 4); err != nil {
		t.Fatal(err)
	}
	s.Seed = 2
	edit(&s)
	if err := comparetest.Repeat(head, s, 4); err != nil {
		t.Fatal(err)
	}
	return base, head
}

const p99Gate = "gates: [{metric: read.p99, worse_by: 10%}]\n"

// From run directories to an exit code: 0 when nothing is worse, 3 with the reason in one line when
// a gate fails, and the reports where they were asked for.
func TestCompareGates(t *testing.T) {
	base, head := sides(t, func(s *comparetest.Spec) { s.Tail = 1.3 })
	gates := write(t, "gates.yaml", p99Gate)
	if code, stdout, stderr := crossover(t, "compare", base, head); code != exitOK || !strings.Contains(stdout, "worse") || stderr != "" {
		t.Errorf("without gates: exit code %d\n%s%s", code, stdout, stderr)
	}
	if code, stdout, stderr := crossover(t, "compare", base, base, "--gates", gates); code != exitOK || !strings.Contains(stdout, "gate read.p99 worse_by 10% (dynamodb): pass") {
		t.Errorf("against itself: exit code %d\n%s%s", code, stdout, stderr)
	}
	junit, summary := filepath.Join(t.TempDir(), "junit.xml"), filepath.Join(t.TempDir(), "summary.md")
	t.Setenv("GITHUB_STEP_SUMMARY", summary)
	if err := os.WriteFile(summary, []byte("before\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := crossover(t, "compare", base, head, "--gates", gates, "--junit", junit, "--github", "--json")
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	if code != exitMissed || len(lines) != 2 || !strings.HasPrefix(lines[0], "::error file=") || !strings.HasPrefix(lines[1], "crossover: 1 of 1 gates failed: dynamodb: read response p99 went from") {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	var decoded struct {
		compare.Result
		Gates []struct{ Outcome string }
	}
	if err := json.Unmarshal([]byte(stdout), &decoded); err != nil || len(decoded.Gates) != 1 || decoded.Gates[0].Outcome != "fail" || len(decoded.Targets) != 1 {
		t.Errorf("--json: %v, %+v", err, decoded)
	}
	var suites struct {
		Failures int `xml:"failures,attr"`
	}
	if text, err := os.ReadFile(junit); err != nil || xml.Unmarshal(text, &suites) != nil || suites.Failures != 1 {
		t.Errorf("JUnit: %v, %+v", err, suites)
	}
	if text, err := os.ReadFile(summary); err != nil || !strings.HasPrefix(string(text), "before\n## crossover: synthetic\n") || !strings.Contains(string(text), "**fail**") {
		t.Errorf("summary: %v\n%s", err, text)
	}
	if code, stdout, _ := crossover(t, "compare", base, head, "--markdown"); code != exitOK || !strings.HasPrefix(stdout, "## crossover") {
		t.Errorf("--markdown: exit code %d\n%s", code, stdout)
	}
}

// One run a side decides nothing: its gate passes, unless what is undecided is to fail.
func TestCompareUndecided(t *testing.T) {
	base, head := sides(t, func(s *comparetest.Spec) { s.Tail = 1.3 })
	one := []string{"compare", filepath.Join(base, "dynamodb.1"), filepath.Join(head, "dynamodb.1"), "--gates"}
	if code, stdout, _ := crossover(t, append(one, write(t, "g.yaml", p99Gate))...); code != exitOK || !strings.Contains(stdout, "undecided") {
		t.Errorf("exit code %d\n%s", code, stdout)
	}
	if code, _, stderr := crossover(t, append(one, write(t, "g.yaml", p99Gate+"undecided: fail\n"))...); code != exitMissed || !strings.Contains(stderr, "needs 4 more repetitions") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
}

// A baseline file stands for the runs that it was made of.
func TestCompareBaseline(t *testing.T) {
	base, head := sides(t, func(s *comparetest.Spec) { s.Throttled = 0.02 })
	file := filepath.Join(t.TempDir(), "baseline.json")
	if code, stdout, stderr := crossover(t, "compare", "--save-baseline", file, base); code != exitOK || strings.TrimSpace(stdout) != file {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	_, want, _ := crossover(t, "compare", base, head)
	if code, got, stderr := crossover(t, "compare", file, head); code != exitOK || got != want || got == "" {
		t.Errorf("exit code %d\n%s%s\nfrom the directories:\n%s", code, got, stderr, want)
	}
}

// What is unlike is refused with nothing on standard output, and compared when it is wanted.
func TestCompareUnlike(t *testing.T) {
	base, head := sides(t, func(s *comparetest.Spec) {
		s.Edit = func(m *results.Manifest) { m.Health.Limited = true; m.StreamDigest = "sha256:0" }
	})
	code, stdout, stderr := crossover(t, "compare", base, head)
	if code != exitInput || stdout != "" || !strings.Contains(stderr, "other stream") || !strings.Contains(stderr, "generator-limited") || !strings.Contains(stderr, "--unlike") {
		t.Errorf("exit code %d, %q\n%s", code, stdout, stderr)
	}
	if code, stdout, _ := crossover(t, "compare", base, head, "--unlike"); code != exitOK || !strings.HasPrefix(stdout, "UNLIKE RUNS") {
		t.Errorf("--unlike: exit code %d\n%s", code, stdout)
	}
	file := filepath.Join(t.TempDir(), "b.json")
	if code, _, stderr := crossover(t, "compare", "--save-baseline", file, head); code != exitInput || !strings.Contains(stderr, "is no baseline") {
		t.Errorf("a baseline of limited runs: exit code %d\n%s", code, stderr)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the refused baseline was written: %v", err)
	}
}

func TestCompareBadInput(t *testing.T) {
	base, head := sides(t, func(*comparetest.Spec) {})
	gates := write(t, "gates.yaml", p99Gate)
	t.Setenv("GITHUB_STEP_SUMMARY", "")
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{base}, "accepts 2 arg"},
		{[]string{base, head, "--save-baseline", filepath.Join(t.TempDir(), "b.json")}, "accepts 1 arg"},
		{[]string{base, t.TempDir()}, "holds no run"},
		{[]string{base, filepath.Join(base, "missing")}, "missing"},
		{[]string{gates, head}, "gates.yaml"},
		{[]string{base, head, "--confidence", "95"}, "--confidence"},
		{[]string{base, head, "--confidence", "100%"}, "--confidence"},
		{[]string{base, head, "--confidence", "20%"}, "0.5"},
		{[]string{base, head, "--margin", "0%"}, "--margin"},
		{[]string{base, head, "--margin-share", "x"}, "--margin-share"},
		{[]string{base, head, "--json", "--markdown"}, "expected one of them"},
		{[]string{base, head, "--junit", filepath.Join(t.TempDir(), "j.xml")}, "--gates"},
		{[]string{base, head, "--github"}, "GITHUB_STEP_SUMMARY"},
		{[]string{base, head, "--gates", filepath.Join(base, "missing")}, "missing"},
		{[]string{base, head, "--gates", write(t, "typo.yaml", "gates: [{metric: read.p9, limit: 1ms}]")}, "typo.yaml:1:18: gates[0].metric"},
		{[]string{base, head, "--gates", write(t, "target.yaml", "gates: [{metric: read.p99, limit: 1ms, target: x}]")}, `found target "x"`},
		{[]string{base, head, "--book", filepath.Join(base, "missing")}, "missing"},
	} {
		code, stdout, stderr := crossover(t, append([]string{"compare"}, c.args...)...)
		if code != exitInput || stdout != "" || !strings.Contains(stderr, c.says) {
			t.Errorf("%v: exit code %d, stdout %q, stderr %q: want 2 and %q", c.args, code, stdout, stderr, c.says)
		}
	}
}

// The broken gates files end in exit code 2 with the problems that the parser's own test pins.
func TestBrokenGates(t *testing.T) {
	base, head := sides(t, func(*comparetest.Spec) {})
	dir := filepath.Join("..", "..", "results", "gate", "testdata", "broken")
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) < 12 {
		t.Fatalf("%d broken gates files, %v", len(files), err)
	}
	for _, path := range files {
		want, err := os.ReadFile(strings.TrimSuffix(path, ".yaml") + ".want")
		if err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := crossover(t, "compare", base, head, "--gates", path)
		got := strings.ReplaceAll(strings.TrimPrefix(stderr, "crossover: "), dir+string(filepath.Separator), "")
		if code != exitInput || stdout != "" || got != string(want) {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q, want %q", path, code, stdout, got, want)
		}
	}
}

// What crossover run --repeat writes, compare reads: real runs of the null driver, to the end.
func TestCompareRealRuns(t *testing.T) {
	path := write(t, "s.yaml", nullScenario("300ms"))
	var dirs []string
	for _, name := range []string{"a", "b"} {
		out := filepath.Join(t.TempDir(), name)
		if code, _, stderr := crossover(t, "run", path, "--out", out, "--repeat", "2", "--interval", "100ms", "--no-report"); code != exitOK && code != exitUntrusted {
			t.Fatalf("exit code %d\n%s", code, stderr)
		}
		dirs = append(dirs, out)
	}
	// A busy machine may limit the generator; that is not what this test is about.
	code, stdout, stderr := crossover(t, "compare", dirs[0], dirs[1], "--unlike")
	if code != exitOK || !strings.Contains(stdout, "nothing (") || !strings.Contains(stdout, "2 repetitions of BASE, 2 of HEAD") || !strings.Contains(stdout, "throughput") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}
