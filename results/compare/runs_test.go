package compare

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crossover/results"
	"crossover/results/compare/comparetest"
	"crossover/results/figure"
)

var update = flag.Bool("update", false, "write the golden files anew")

func durationOf(ns int64) time.Duration { return time.Duration(ns) }

func golden(t *testing.T, name string, text []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(text)); diff != "" {
		t.Errorf("%s differs (-want +got); `make golden` writes it anew:\n%s", path, diff)
	}
}

// repeat writes and loads repetitions.
func repeat(t *testing.T, s comparetest.Spec, n int) (string, []*Repetition) {
	t.Helper()
	dir := t.TempDir()
	if err := comparetest.Repeat(dir, s, n); err != nil {
		t.Fatal(err)
	}
	return dir, load(t, dir)
}

func load(t *testing.T, path string) []*Repetition {
	t.Helper()
	reps, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return reps
}

func slower(seed uint64) comparetest.Spec {
	return comparetest.Spec{Seed: seed, Rho: 0.8, Level: 0.02, Between: 0.01, Tail: 1.25, Throttled: 0.01, Failed: 0.005, Units: 0.6}
}

// short is enough where only what is alike matters.
func short(seed uint64) comparetest.Spec {
	return comparetest.Spec{Seed: seed, Intervals: 4, PerSecond: 100}
}

func usual(seed uint64) comparetest.Spec {
	return comparetest.Spec{Seed: seed, Rho: 0.8, Level: 0.02, Between: 0.01}
}

func prices(r *Repetition) (Prices, bool) {
	p := func(v float64) figure.Figure {
		return figure.Figure{Value: v, Unit: "USD/unit", Basis: figure.Price, Source: "test", Date: "2026-01-01"}
	}
	return Prices{p(125e-9), p(625e-9)}, r.Target.Settings["capacity"] == "on demand"
}

// From run directories to a table: what was planted is found, what was not is not, every figure
// has its basis, and the same runs give the same bytes.
func TestCompareRuns(t *testing.T) {
	_, base := repeat(t, usual(1), 5)
	_, head := repeat(t, slower(2), 5)
	r, err := Compare(base, head, Options{Prices: prices})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Verdict{
		"read.p99": Worse, "read.service.p99": Worse, Throttles: Worse, Throttles + ".KeyRange": Worse, Errors: Worse,
		ReadUnits: Worse, CostPerMillion: Worse, Throughput: Same,
	}
	for _, row := range r.Targets[0].Rows {
		if v, ok := want[row.Metric]; ok && v != row.Verdict {
			t.Errorf("%s: %s, expected %s", row.Metric, row.Outcome(), v)
		}
		delete(want, row.Metric)
		for _, f := range []figure.Figure{row.Base, row.Head} {
			if err := f.Valid(); err != nil || f.Weakest() != figure.Modelled {
				t.Errorf("%s: %v, basis %s of an embedded target", row.Metric, err, f.Weakest())
			}
		}
		if row.Low > row.Difference || row.Difference > row.High {
			t.Errorf("%s: %g outside %g to %g", row.Metric, row.Difference, row.Low, row.High)
		}
	}
	if len(want) > 0 {
		t.Errorf("no rows of %v", want)
	}
	if s := r.Targets[0].Skipped; len(s) != 2 || s[0].Metric != "read.p99.9" || s[0].Samples >= s[0].Needed {
		t.Errorf("skipped %+v, expected p99.9 of 12,000 samples", s)
	}
	var text, markdown, asJSON bytes.Buffer
	if err := errors.Join(r.Text(&text), r.Markdown(&markdown)); err != nil {
		t.Fatal(err)
	}
	e := json.NewEncoder(&asJSON)
	e.SetIndent("", " ")
	if err := e.Encode(r); err != nil {
		t.Fatal(err)
	}
	golden(t, "compare.txt", text.Bytes())
	golden(t, "compare.md", markdown.Bytes())
	golden(t, "compare.json", asJSON.Bytes())
}

// Swapping the sides swaps better and worse, and nothing else.
func TestCompareIsAntisymmetric(t *testing.T) {
	_, base := repeat(t, usual(1), 4)
	_, head := repeat(t, slower(2), 4)
	there, err := Compare(base, head, Options{})
	if err != nil {
		t.Fatal(err)
	}
	back, err := Compare(head, base, Options{})
	if err != nil {
		t.Fatal(err)
	}
	opposite := map[Verdict]Verdict{Better: Worse, Worse: Better, Undecided: Undecided}
	decided := 0
	for i, row := range there.Targets[0].Rows {
		other := back.Targets[0].Rows[i]
		if opposite[row.Verdict] == "" {
			continue // the margin is a share of BASE, which is another one
		}
		decided++
		near(t, row.Metric+" p", *other.P, *row.P, 1e-9)
		near(t, row.Metric+" A", other.A, 1-row.A, 1e-9)
		if other.Verdict != opposite[row.Verdict] {
			t.Errorf("%s: %s there, %s back", row.Metric, row.Verdict, other.Verdict)
		}
	}
	if decided < 4 {
		t.Errorf("%d rows looked at", decided)
	}
}

// One repetition decides nothing, whatever it shows, and says how many would.
func TestOneRepetition(t *testing.T) {
	_, base := repeat(t, usual(1), 1)
	_, head := repeat(t, slower(2), 5)
	r, err := Compare(base, head, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Targets[0].Rows {
		if row.Verdict != Undecided || row.P != nil || !row.WithinOnly || row.More < fewest-1 {
			t.Errorf("%s: %s, p %v", row.Metric, row.Outcome(), row.P)
		}
	}
	if w := strings.Join(r.Warnings, "\n"); !strings.Contains(w, "one repetition on a side") {
		t.Errorf("warnings %q", w)
	}
}

// A baseline file gives what the run directories give.
func TestBaseline(t *testing.T) {
	_, base := repeat(t, usual(1), 5)
	_, head := repeat(t, slower(2), 5)
	var file bytes.Buffer
	if err := WriteBaseline(&file, base); err != nil {
		t.Fatal(err)
	}
	if n := file.Len(); n > 64<<10 {
		t.Errorf("%d bytes for five repetitions of one kind: not small", n)
	}
	path := filepath.Join(t.TempDir(), "baseline.json")
	if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	want, err := Compare(base, head, Options{Prices: prices})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Compare(load(t, path), head, Options{Prices: prices})
	if err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(want)
	b, _ := json.Marshal(got)
	if diff := cmp.Diff(string(a), string(b)); diff != "" {
		t.Errorf("from the directories and from the file (-want +got):\n%s", diff)
	}
}

func TestBadBaselines(t *testing.T) {
	_, base := repeat(t, usual(1), 1)
	var file bytes.Buffer
	if err := WriteBaseline(&file, base); err != nil {
		t.Fatal(err)
	}
	whole := file.String()
	for _, c := range []struct{ old, new, says string }{
		{whole, "", "unexpected end"},
		{whole, `{"repetitions": []}`, `found file ""`},
		{`"format": 1`, `"format": 2`, "found format 2"},
		{`"format": 1`, `"format": 0`, "found format 0"},
		{`"seconds": 20`, `"seconds": -20`, "found seconds -20"},
		{`"name": "dynamodb"`, `"name": ""`, "found no target"},
		{`"histogram": "`, `"histogram": "A`, "histogram"},
		{`"histogram": "`, `"histogram": "` + strings.Repeat("A", encodedMax+1), "bytes"},
	} {
		_, err := ReadBaseline("b.json", []byte(strings.Replace(whole, c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "b.json: ") {
			t.Errorf("%.40q: %v, want %q", c.new, err, c.says)
		}
	}
	if _, err := ReadBaseline("b.json", []byte(`{"file":"crossover baseline","format":1,"repetitions":[]}`)); err == nil {
		t.Error("no repetitions: no error")
	}
}

// Each thing that would make a difference by itself is refused, and shown when it is wanted.
func TestUnlike(t *testing.T) {
	_, base := repeat(t, short(1), 2)
	for name, c := range map[string]struct {
		edit    func(*results.Manifest)
		says    string
		refused bool
	}{
		"stream":      {func(m *results.Manifest) { m.StreamDigest = "sha256:0" }, "other stream of operations", true},
		"identity":    {func(m *results.Manifest) { m.Target.Identity = "another" }, "other identity: synthetic and another", true},
		"driver":      {func(m *results.Manifest) { m.Target.Driver = "null" }, "other driver", true},
		"kind":        {func(m *results.Manifest) { m.Target.Kind = "real" }, "mixed kinds", true},
		"setting":     {func(m *results.Manifest) { m.Target.Settings["reads"] = "strong" }, "other setting reads: none and strong", true},
		"arrival":     {func(m *results.Manifest) { m.Arrival = "closed, 4 workers" }, "other arrival", true},
		"interrupted": {func(m *results.Manifest) { m.Status = results.Interrupted }, "is interrupted, not complete", true},
		"limited":     {func(m *results.Manifest) { m.Health.Limited = true }, "is generator-limited", true},
		"tool":        {func(m *results.Manifest) { m.Tool = "2.0.0" }, "other version of crossover: 1.0.0 and 2.0.0", false},
		"build":       {func(m *results.Manifest) { m.Target.Settings["build"] = "8" }, "other build", false},
		"host":        {func(m *results.Manifest) { m.Host["cores"] = "4" }, "other host, cores: 2 and 4", false},
		"table":       {func(m *results.Manifest) { m.Target.Settings["table"] = "another" }, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := short(2)
			s.Edit = c.edit
			_, head := repeat(t, s, 2)
			_, err := Compare(base, head, Options{})
			var unlike *UnlikeError
			if errors.As(err, &unlike) != c.refused || !c.refused && err != nil {
				t.Fatalf("refused with %v", err)
			}
			r, err := Compare(base, head, Options{Unlike: true})
			if err != nil {
				t.Fatal(err)
			}
			var text bytes.Buffer
			if err := r.Text(&text); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(text.String(), c.says) {
				t.Errorf("does not say %q:\n%s", c.says, text.String())
			}
			if top := strings.HasPrefix(text.String(), "UNLIKE RUNS"); top != c.refused {
				t.Errorf("says so on top: %v\n%.200s", top, text.String())
			}
		})
	}
}

// Targets are matched by name; what has no counterpart is named, and two lone targets of other
// names are compared only when that is asked for.
func TestMatching(t *testing.T) {
	_, a := repeat(t, short(1), 2)
	other := short(2)
	other.Target = "other"
	_, b := repeat(t, other, 2)
	r, err := Compare(append(a, b...), a, Options{})
	if err != nil || len(r.Targets) != 1 || !strings.Contains(strings.Join(r.Warnings, "\n"), "other is in BASE only") {
		t.Errorf("%v, %+v", err, r)
	}
	if _, err := Compare(a, b, Options{}); err == nil || !strings.Contains(err.Error(), "no target on both sides") {
		t.Errorf("no counterpart: %v", err)
	}
	r, err = Compare(a, b, Options{Unlike: true})
	if err != nil || r.Targets[0].Name != "dynamodb → other" {
		t.Errorf("two lone targets: %v, %+v", err, r)
	}
	for _, o := range []Options{{Confidence: 1}, {Margin: -1}, {ShareMargin: 2}, {Percentiles: []string{"p97"}}} {
		if _, err := Compare(a, a, o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

// Warm-up is no part of a comparison, and neither is a run's end without offered load.
func TestOnlyWhatIsRecordedCounts(t *testing.T) {
	dir, _ := repeat(t, usual(1), 1)
	run := filepath.Join(dir, "dynamodb.1")
	path := filepath.Join(run, results.IntervalsFile)
	before := load(t, run)[0].Counts
	lines, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	extra := `{"t":20,"len":1,"kind":"read","phase":"warm","recorded":false,"offered":9,"done":{"ok":9}}` + "\n" +
		`{"t":21,"len":1,"kind":"read","phase":"steady","recorded":true,"offered":0,"done":{"ok":1,"dropped":2}}` + "\n"
	if err := os.WriteFile(path, append(lines, extra...), 0o644); err != nil {
		t.Fatal(err)
	}
	after := load(t, run)[0].Counts
	if after.Seconds != before.Seconds || after.Successes != before.Successes+1 || after.Errors != 2 || after.Ended != before.Ended+3 {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

func FuzzReadBaseline(f *testing.F) {
	dir := f.TempDir()
	if err := comparetest.Repeat(dir, comparetest.Spec{Seed: 1, Intervals: 4, PerSecond: 60, Sigma: 0.05}, 2); err != nil {
		f.Fatal(err)
	}
	base, err := Load(dir)
	if err != nil {
		f.Fatal(err)
	}
	var file bytes.Buffer
	if err := WriteBaseline(&file, base); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Add([]byte(`{"file":"crossover baseline","format":1,"repetitions":[null]}`))
	f.Add([]byte(`{"file":"crossover baseline","format":1,"repetitions":[{"target":{"name":"x"},"latencies":[{"histogram":"AAAA"}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		reps, err := ReadBaseline("b.json", text)
		if err != nil {
			return
		}
		// Whatever is accepted can be compared, with itself for one, without NaN.
		r, err := Compare(reps, reps, Options{Unlike: true, Prices: prices})
		if err != nil {
			return
		}
		if _, err := json.Marshal(r); err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		if err := WriteBaseline(&again, reps); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadBaseline("again.json", again.Bytes()); err != nil {
			t.Fatal(err)
		}
	})
}

// Three repetitions a side are too few, however far apart they lie: one in ten ways of dealing
// them is as far out by chance, whatever t says. A fourth would do.
func TestThreeRepetitions(t *testing.T) {
	worse := slower(2)
	worse.Tail = 3
	_, base := repeat(t, usual(1), 4)
	_, head := repeat(t, worse, 4)
	for n, want := range map[int]Verdict{3: Undecided, 4: Worse} {
		r, err := Compare(base[:n], head[:n], Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range r.Targets[0].Rows {
			if row.Metric == "read.p99" && (row.Verdict != want || *row.PAdjusted > 0.05 || n == 3 && row.More != 1) {
				t.Errorf("%d repetitions: %s, corrected p %g, by permutation %g", n, row.Outcome(), *row.PAdjusted, *row.PPermuted)
			}
		}
	}
}

// Intervals that begin late on a busy host are still intervals of their own.
func TestLateIntervals(t *testing.T) {
	dir, _ := repeat(t, short(1), 1)
	run := filepath.Join(dir, "dynamodb.1")
	path := filepath.Join(run, results.IntervalsFile)
	lines, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	late := bytes.Replace(lines, []byte(`"t":1,`), []byte(`"t":1.551,`), 1)
	if bytes.Equal(late, lines) {
		t.Fatal("no interval at 1 s")
	}
	if err := os.WriteFile(path, late, 0o644); err != nil {
		t.Fatal(err)
	}
	if c := load(t, run)[0].Counts; c.Seconds != 4 || c.Successes != 400 {
		t.Errorf("%g s, %g successes: expected 4 s and 400", c.Seconds, c.Successes)
	}
}
