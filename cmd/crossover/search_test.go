package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crossover/driver"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// searchable is a scenario for the null driver. Its two sessions and 10 ms an operation hold
// about 200 operations/s.
const searchable = `version: 1
name: searchable # a comment
seed: 7
dataset: {items: 100, size: 600B}
workload:
  operations: {read: 60%, query: 20%, update: 20%}
  arrival: {open: {process: constant, sessions: 2}}
  phases: [{name: warm-up, for: 1s, rate: 900/s, record: false}, {name: steady, for: 2s, rate: {from: 50/s, to: 100/s}}]
objectives: {read: {p90: 60ms}, update: {p90: 60ms}, errors: 5%}
targets:
  - {name: nothing, driver: "null", latency: 10ms}
`

// probed runs a search or sweep on the null driver. Whether this host is fit to generate load
// while tests run is not for a test to say: a limited generator is no failure here.
func probed(t *testing.T, args ...string) (*results.Search, string, string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	args = append([]string{"run", write(t, "s.yaml", searchable), "--out", out, "--search-probe", "1s"}, args...)
	code, stdout, stderr := crossover(t, args...)
	if code != exitOK && code != exitMissed && code != exitUntrusted {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	s, err := results.ReadSearch(filepath.Join(out, "nothing"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Status != results.Complete || s.Target.Kind != "other" || s.Basis != "measured" || s.Started.After(s.Ended) {
		t.Errorf("search.json: %s, %+v, %s, from %v to %v", s.Status, s.Target, s.Basis, s.Started, s.Ended)
	}
	for _, p := range s.Points {
		for _, st := range p.Steps {
			if st.Verdict == "" || len(st.Probes) == 0 {
				t.Errorf("an unfinished step: %+v", st)
			}
			for _, probe := range st.Probes {
				r, err := results.Open(filepath.Join(out, "nothing", probe.Run))
				if err != nil {
					t.Fatal(err)
				}
				sc, err := workload.Parse("scenario.yaml", r.Scenario)
				if err != nil {
					t.Fatal(err)
				}
				ph := sc.Workload.Phases
				if len(ph) != 1 || ph[0].Rate.From != st.Rate || ph[0].For.Seconds() != probe.Seconds || !ph[0].Record ||
					r.Manifest.Status != results.Complete || r.Manifest.Totals.Check() != nil ||
					r.Manifest.StreamDigest != workload.StreamDigest(sc) {
					t.Errorf("%s: phases %+v, status %s", probe.Run, ph, r.Manifest.Status)
				}
			}
		}
	}
	return s, stdout, stderr
}

func TestSearchOfATarget(t *testing.T) {
	s, stdout, stderr := probed(t, "--search", "--search-resolution", "100%", "--search-looks", "1", "--search-probes", "4")
	if s.Mode != "search" || len(s.Points) != 1 || s.Points[0].Outcome == "" || s.Points[0].Sentence == "" {
		t.Errorf("%+v", s)
	}
	if first := s.Points[0].Steps[0].Rate; first != 100 { // the highest recorded one
		t.Errorf("began at %v/s", first)
	}
	if got := strings.TrimSpace(stdout); filepath.Base(got) != results.SearchFile {
		t.Errorf("printed %q", got)
	}
	for _, want := range []string{"verdict", "100/s", "HOLDS UP TO", "nothing (other, measured)"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q in\n%s", want, stderr)
		}
	}
}

func TestSweepOfRates(t *testing.T) {
	s, stdout, stderr := probed(t, "--sweep", "rates=40/s,80/s", "--json")
	var rates []float64
	for _, st := range s.Points[0].Steps {
		rates = append(rates, st.Rate)
	}
	if s.Mode != "sweep" || !slices.Equal(rates, []float64{40, 80}) {
		t.Errorf("%s of %v", s.Mode, rates)
	}
	if !strings.Contains(stdout, `"searches":[{`) || !strings.Contains(stderr, "COMPLETED") {
		t.Errorf("printed %q and\n%s", stdout, stderr)
	}
}

func TestSweepOfMixes(t *testing.T) {
	s, _, _ := probed(t, "--sweep", "reads=0%,100%")
	if s.Varied != "reads" || len(s.Points) != 2 || s.Points[0].Name != "0% reads" || s.Points[1].Name != "100% reads" {
		t.Fatalf("%+v", s.Points)
	}
	for i, without := range []string{"read", "update"} {
		st := s.Points[i].Steps[0]
		if _, ok := st.Response[without]; ok || st.Rate != 100 {
			t.Errorf("%s: %v/s, with %s", s.Points[i].Name, st.Rate, without)
		}
	}
}

// An interrupt, and a kill, leave a search that can be read, up to the last probe.
func TestSearchThatEndsEarlyIsReadable(t *testing.T) {
	for _, c := range []struct {
		signal os.Signal
		status results.Status
	}{{os.Interrupt, results.Interrupted}, {os.Kill, results.Running}} {
		out := filepath.Join(t.TempDir(), "out")
		cmd, stderr := process(t, "run", write(t, "s.yaml", searchable), "--sweep", "rates=50/s,"+strings.Repeat("60/s,", 50)+"70/s",
			"--search-probe", "1s", "--out", out)
		dir := filepath.Join(out, "nothing")
		until(t, "the first probe and the begin of the second", func() bool {
			_, err := os.Stat(filepath.Join(dir, "probes", "002-60", results.ManifestFile))
			return err == nil
		})
		if err := cmd.Process.Signal(c.signal); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // how it ended is looked at below
		if code := cmd.ProcessState.ExitCode(); c.signal == os.Interrupt && code != exitInterrupted {
			t.Errorf("exit code %d\n%s", code, stderr)
		}
		s, err := results.ReadSearch(dir)
		if err != nil {
			t.Fatal(err)
		}
		if s.Status != c.status || len(s.Points) != 1 || len(s.Points[0].Steps) == 0 || s.Points[0].Steps[0].Rate != 50 {
			t.Errorf("%v: %s, %+v", c.signal, s.Status, s.Points)
		}
	}
}

func TestSearchRefusesBadFlags(t *testing.T) {
	path := write(t, "s.yaml", searchable)
	closed := write(t, "closed.yaml", strings.NewReplacer("open: {process: constant, sessions: 2}", "closed: {}",
		", rate: 900/s", "", ", rate: {from: 50/s, to: 100/s}", "").Replace(searchable))
	aimless := write(t, "aimless.yaml", searchable[:strings.Index(searchable, "objectives:")]+searchable[strings.Index(searchable, "targets:"):])
	for _, c := range []struct {
		path string
		args []string
		says string
	}{
		{path, []string{"--search", "--search-start", "fast"}, "--search-start"},
		{path, []string{"--search", "--search-max", "0/s"}, "--search-max"},
		{path, []string{"--search", "--search-min", "200/s", "--search-start", "100/s"}, "at most the next"},
		{path, []string{"--search", "--search-resolution", "0.1%"}, "--search-resolution"},
		{path, []string{"--search", "--search-confidence", "100%"}, "--search-confidence"},
		{path, []string{"--search", "--search-probe", "100ms"}, "--search-probe"},
		{path, []string{"--search", "--search-looks", "0"}, "--search-looks"},
		{path, []string{"--search", "--search-probes", "0"}, "--search-probes"},
		{path, []string{"--search", "--for", "10s"}, "--for"},
		{path, []string{"--search", "--repeat", "2"}, "--repeat"},
		{path, []string{"--search", "--interval", "2s"}, "--interval"},
		{path, []string{"--search", "--sweep", "rates=1/s"}, "rates are what a search looks for"},
		{path, []string{"--sweep", "rates=1/s,fast"}, "fast"},
		{path, []string{"--sweep", "sizes=1KB"}, "1KB"},
		{path, []string{"--sweep", "sizes=1B"}, "size 1B"},
		{path, []string{"--sweep", "reads=120%"}, "120%"},
		{path, []string{"--sweep", "colours=red"}, "rates=…, sizes=… or reads=…"},
		{closed, []string{"--search"}, "closed"},
		{aimless, []string{"--search"}, "no objectives"},
	} {
		out := filepath.Join(t.TempDir(), "out")
		code, _, stderr := crossover(t, append([]string{"run", c.path, "--out", out}, c.args...)...)
		if code != exitInput || !strings.Contains(stderr, c.says) {
			t.Errorf("%v: exit code %d, %s", c.args, code, stderr)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%v: something was written", c.args)
		}
	}
}

// A variant differs from the user's scenario in what it says, and in nothing else.
func TestVariants(t *testing.T) {
	sc, err := workload.Parse("s.yaml", []byte(searchable))
	if err != nil {
		t.Fatal(err)
	}
	sc.Dataset.Items = 42 // as --items would
	for _, c := range []struct {
		sweep string
		check func(*workload.Scenario) bool
	}{
		{"rates=5/s", func(got *workload.Scenario) bool {
			return got.Dataset.Size.Fixed == 600 && got.Workload.Operations[op.Query] == 0.2
		}},
		{"sizes=4KiB", func(got *workload.Scenario) bool { return got.Dataset.Size.Fixed == 4096 }},
		{"reads=40%", func(got *workload.Scenario) bool {
			o := got.Workload.Operations
			return o[op.Read] == 0.3 && o[op.Query] == 0.1 && o[op.Update] == 0.6
		}},
		{"reads=0%", func(got *workload.Scenario) bool {
			_, read := got.Objectives.Latency[op.Read]
			return got.Workload.Operations[op.Update] == 1 && !read && len(got.Objectives.Latency) == 1 && got.Objectives.Errors == 0.05
		}},
	} {
		plan := &searchPlan{searchFlags: searchFlags{sweep: c.sweep}}
		if err := plan.points(); err != nil {
			t.Fatal(err)
		}
		plan.rule.Start, plan.rule.Length = 50, time.Second
		variants, err := plan.variants(sc)
		if err != nil || len(variants) != 1 {
			t.Fatalf("%s: %v", c.sweep, err)
		}
		got, err := variants[0].at(123.4, 1500*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		want := workload.Phase{Name: "probe", For: 1500 * time.Millisecond, Rate: workload.Rate{From: 123.4, To: 123.4}, Record: true}
		if !c.check(got) || len(got.Workload.Phases) != 1 || got.Workload.Phases[0] != want ||
			got.Dataset.Items != 42 || got.Seed != 7 || got.Workload.Arrival.Open.Sessions != 2 {
			t.Errorf("%s: %s", c.sweep, got.Text)
		}
		if !strings.Contains(string(got.Text), "# a comment") {
			t.Errorf("%s: comments are lost\n%s", c.sweep, got.Text)
		}
	}
}

// Whole shares sum to the whole, and none is off by as much as one.
func TestApportion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 7).Draw(t, "weights")
		sum := 1e-9
		for _, w := range weights {
			sum += w
		}
		weights[0] += 1e-9
		exact := make([]float64, len(weights))
		for i, w := range weights {
			exact[i] = w / sum * shareUnits
		}
		total := 0
		for i, n := range apportion(exact, shareUnits) {
			total += n
			if d := float64(n) - exact[i]; d >= 1 || d <= -1 {
				t.Fatalf("%v becomes %d", exact[i], n)
			}
		}
		if total != shareUnits {
			t.Fatalf("%v sum to %d", exact, total)
		}
	})
}

func TestSearchVerdict(t *testing.T) {
	search := func(outcome string, holding float64) *results.Search {
		return &results.Search{Mode: "search", Points: []results.SearchPoint{{Outcome: outcome, Holding: holding}}}
	}
	swept := func(verdict string) *results.Search {
		return &results.Search{Mode: "sweep", Points: []results.SearchPoint{{Steps: []results.SearchStep{{Verdict: verdict}}}}}
	}
	interrupted := search("", 0)
	interrupted.Status = results.Interrupted
	budget := fmt.Errorf("target x: %w", driver.ErrBudget)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name  string
		ctx   context.Context
		found *results.Search
		err   error
		code  int
	}{
		{"found", t.Context(), search(results.OutcomeFound, 100), nil, exitOK},
		{"at most", t.Context(), search(results.OutcomeAtMax, 100), nil, exitOK},
		{"time spent", t.Context(), search(results.OutcomeTimeSpent, 100), nil, exitOK},
		{"none holds", t.Context(), search(results.OutcomeAtMin, 0), nil, exitMissed},
		{"limited", t.Context(), search(results.OutcomeLimited, 100), nil, exitUntrusted},
		{"swept", t.Context(), swept(results.Misses), nil, exitOK},
		{"swept, limited", t.Context(), swept(results.GeneratorLimited), nil, exitUntrusted},
		{"budget", t.Context(), interrupted, budget, exitInterrupted},
		{"interrupted", ended, interrupted, context.Canceled, exitInterrupted},
		{"failed", t.Context(), search("", 0), errors.New("no"), exitFailed},
	} {
		err := searchVerdict(c.ctx, []*results.Search{c.found}, c.err)
		code := exitOK
		var with coded
		if errors.As(err, &with) {
			code = with.code
		} else if err != nil {
			code = exitFailed
		}
		if code != c.code {
			t.Errorf("%s: exit code %d, want %d", c.name, code, c.code)
		}
	}
}

func TestSearchTableRow(t *testing.T) {
	var b strings.Builder
	table := searchTable{out: &b, target: "dynamodb"}
	table.begin("size 1KiB")
	table.step([]results.SearchStep{{
		Rate: 800, Verdict: results.Misses, Completed: 799.96, Errors: 0.0012,
		Reasons: []string{"read p99 misses"},
		Objectives: []results.Judgement{
			{Name: "read p99", Unit: "ns", Limit: 5e6, Low: 5_123_456, High: 5_987_654, Samples: 9},
			{Name: "update p99.9", Unit: "ns", Limit: 5e6, Low: 1e6, Unbounded: true, Samples: 9},
			{Name: "errors", Unit: "share", Limit: 0.01, Low: 0.0001, High: 0.00301, Samples: 9},
		},
		Probes: []results.SearchProbe{{Steady: true, WarmUp: 1.2, Notes: []string{"all 8 sessions were busy"}}},
	}})
	want := `dynamodb, size 1KiB:
        rate  verdict               completed   errors  warm-up  between
       800/s  misses                  800.0/s    0.12%     1.2s  read p99 5.12ms to 5.99ms (limit 5ms); update p99.9 1ms to ? (limit 5ms); errors 0.01% to 0.301% (limit 1%); all 8 sessions were busy
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
	for d, want := range map[time.Duration]string{
		0: "0s", 999: "999ns", 1234: "1.23µs", 5_123_456: "5.12ms", 61_999_999: "62ms", 123_456_789: "123ms", 75_400_000_000: "1m15.4s", 754_400_000_000: "12m34s",
	} {
		if got := shortTime(d); got != want {
			t.Errorf("%d ns: %s, want %s", d, got, want)
		}
	}
}
