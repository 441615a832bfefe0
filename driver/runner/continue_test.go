package runner

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// A sentLog is a driver's memory of which operations it was sent.
type sentLog struct {
	mu  sync.Mutex
	ops []uint64
}

func (l *sentLog) do(d time.Duration) func(context.Context, clock.Clock, *op.Op, *op.Outcome) {
	return func(ctx context.Context, c clock.Clock, o *op.Op, out *op.Outcome) {
		if o.Verify { // a sample of the data set, and none of the run's operations
			return
		}
		l.mu.Lock()
		l.ops = append(l.ops, o.Index)
		l.mu.Unlock()
		answerIn(d)(ctx, c, o, out)
	}
}

// firstOps returns 0, 1, …, n-1.
func firstOps(n uint64) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		out[i] = uint64(i)
	}
	return out
}

func continued(t *testing.T, dir string) *Continuation {
	t.Helper()
	r, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &Continuation{Run: r}
}

// A run that was interrupted goes on with the operation at which it stopped, on its schedule:
// over both parts each operation is sent once, none is late, and everything adds up.
func TestResumeGoesOnWhereItStopped(t *testing.T) {
	for _, c := range []struct {
		name string
		sc   func() *workload.Scenario
		want uint64 // operations in all; 0: by time
	}{
		{"open", func() *workload.Scenario {
			return openScenario(4, phase("first", 2*time.Second, 100), phase("second", 4*time.Second, 200))
		}, 1000},
		{"closed by operations", func() *workload.Scenario {
			p := phase("counted", 0, 0)
			p.Ops = 1000
			q := p
			q.Name = "more"
			return closedScenario(4, p, q)
		}, 2000},
		{"closed by time", func() *workload.Scenario { return closedScenario(4, phase("timed", 6*time.Second, 0)) }, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log sentLog
			d := &testDriver{do: log.do(10 * time.Millisecond)}
			var p Pauser
			pauseAt(&p, time.Second, 500*time.Millisecond)
			ctx, cancel := context.WithTimeout(t.Context(), 3720*time.Millisecond)
			defer cancel()
			m, first, err := start(ctx, t, Config{Scenario: c.sc(), Driver: d, Pause: &p})
			if err == nil || m.Status != results.Interrupted {
				t.Fatalf("%s: status %s, error %v", c.name, m.Status, err)
			}
			if !slices.Equal(slices.Sorted(slices.Values(log.ops)), firstOps(m.Stopped.NextOp)) {
				t.Errorf("%s: stopped before operation %d, %d were sent", c.name, m.Stopped.NextOp, len(log.ops))
			}
			idle(time.Hour)
			m, run, err := start(t.Context(), t, Config{Scenario: c.sc(), Driver: d, Dir: first.Dir, Continue: continued(t, first.Dir)})
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			checkSums(t, run)
			if got := slices.Sorted(slices.Values(log.ops)); !slices.Equal(got, firstOps(uint64(len(got)))) || c.want > 0 && uint64(len(got)) != c.want {
				t.Errorf("%s: %d operations sent, want each of %d once", c.name, len(got), c.want)
			}
			if m.Status != results.Complete || m.Totals.Sent != uint64(len(log.ops)) {
				t.Errorf("%s: status %s, %d sent of %d", c.name, m.Status, m.Totals.Sent, len(log.ops))
			}
			if c.want == 0 && (len(log.ops) < 2380 || len(log.ops) > 2420) { // 4 workers of 100/s for 6 s
				t.Errorf("%s: %d operations sent, want about 2400", c.name, len(log.ops))
			}
			if worst := run.Histogram("", results.Response, true).Max(); worst > int64(12*time.Millisecond) {
				t.Errorf("%s: a response took %v: the join counted as lateness", c.name, time.Duration(worst))
			}
			if len(m.Parts) != 2 || m.Parts[0].Status != results.Interrupted || m.Parts[1].Status != results.Complete ||
				m.Parts[1].FirstOp != m.Parts[0].NextOp || m.Parts[0].To != m.Parts[1].From || m.Parts[1].Began.Sub(m.Parts[0].Began) < time.Hour {
				t.Errorf("%s: parts %+v", c.name, m.Parts)
			}
			var phases []string
			for _, e := range run.Events() {
				if e.Name == "phase" {
					phases = append(phases, e.Detail)
				}
			}
			if want := len(c.sc().Workload.Phases); len(phases) != want {
				t.Errorf("%s: phases began as %v", c.name, phases)
			}
			if !slices.ContainsFunc(run.Problems(), func(s string) bool { return strings.HasPrefix(s, "resumed at ") }) {
				t.Errorf("%s: the run does not say where it was joined: %q", c.name, run.Problems())
			}
			last := -1.0
			for _, line := range run.Intervals() {
				if line.Start < last {
					t.Errorf("%s: an interval at %v after one at %v", c.name, line.Start, last)
				}
				last = line.Start
			}
		})
	}
}

// A copy of a run directory, taken while it is written, is what a kill leaves. It goes on after
// its last interval, and counts each operation once.
func TestResumeAfterAKill(t *testing.T) {
	for _, closed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			sc := openScenario(4, phase("steady", 6*time.Second, 100))
			if closed {
				sc = closedScenario(4, phase("steady", 6*time.Second, 0))
			}
			dir, killed := t.TempDir()+"/whole", t.TempDir()+"/killed"
			d := &testDriver{do: answerIn(3 * time.Millisecond)}
			n := 0
			if _, _, err := start(t.Context(), t, Config{Scenario: sc, Driver: d, Dir: dir, Progress: func(p Progress) {
				if n++; n == 3 {
					if err := os.CopyFS(killed, os.DirFS(dir)); err != nil {
						t.Error(err)
					}
				}
			}}); err != nil {
				t.Fatal(err)
			}
			f, err := os.OpenFile(killed+"/"+results.IntervalsFile, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString(`{"t":3,"len":1,"ki`); err != nil { // torn by the kill
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			c := continued(t, killed)
			stop := c.Run.Stopped()
			if !closed && (stop.NextOp < 299 || stop.NextOp > 301) || !near(stop.At, 3) {
				t.Errorf("stopped at %+v", stop)
			}
			m, run, err := start(t.Context(), t, Config{Scenario: sc, Driver: d, Dir: killed, Continue: c})
			if err != nil {
				t.Fatal(err)
			}
			if err := run.Manifest.Totals.Check(); err != nil {
				t.Error(err)
			}
			sums := results.SumParts(run.Intervals(), m.Parts)
			if diff := cmp.Diff(m.Totals, sums); diff != "" {
				t.Errorf("the manifest's totals and the intervals' (-, +):\n%s", diff)
			}
			if !closed && (m.Totals.Offered != 600 || m.Totals.Sent+m.Totals.Waiting != 600) {
				t.Errorf("%+v", m.Totals)
			}
			if m.Parts[0].Status != results.Running || m.Parts[0].Unsure == "" {
				t.Errorf("the part that was cut off: %+v", m.Parts[0])
			}
			if end := run.End(); !near(end, 6) && !near(end, 6.003) {
				t.Errorf("the run ended at %v", end)
			}
		})
	}
}

// extended appends a phase to a scenario of the tests, as workload.Extend does to one of users'.
func extended(sc *workload.Scenario, more workload.Phase) *workload.Scenario {
	sc.Workload.Phases = append(sc.Workload.Phases, more)
	return sc
}

func TestExtendAppends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log sentLog
		d := &testDriver{do: log.do(time.Millisecond)}
		sc := openScenario(4, phase("steady", 3*time.Second, 100))
		_, first, err := start(t.Context(), t, Config{Scenario: sc, Driver: d})
		if err != nil {
			t.Fatal(err)
		}
		c := continued(t, first.Dir)
		c.Extension, c.StreamDigest = &workload.Extension{For: 2 * time.Second}, "stream"
		m, run, err := start(t.Context(), t, Config{
			Scenario: extended(sc, phase("steady+1", 2*time.Second, 100)), Driver: d, Dir: first.Dir, Continue: c,
		})
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, run)
		if !slices.Equal(slices.Sorted(slices.Values(log.ops)), firstOps(500)) || m.Totals.Sent != 500 {
			t.Errorf("%d operations sent, totals %d; want each of 500 once", len(log.ops), m.Totals.Sent)
		}
		if m.Parts[1].How != "extended by 2s" || m.Planned != 5*time.Second {
			t.Errorf("planned %v, parts %+v", m.Planned, m.Parts)
		}
	})
}

func TestContinueRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		sc := openScenario(4, phase("steady", 3*time.Second, 100))
		d := &testDriver{}
		_, first, err := start(ctx, t, Config{Scenario: sc, Driver: d})
		if err == nil {
			t.Fatal("not interrupted")
		}
		before, err := os.ReadFile(first.Dir + "/" + results.ManifestFile)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name, want string
			change     func(*Continuation)
		}{
			{"scenario", "it ran the scenario other", func(c *Continuation) { c.Run.Manifest.ScenarioDigest = "other" }},
			{"stream", "it sent the stream of operations other", func(c *Continuation) { c.Run.Manifest.StreamDigest = "other" }},
			{"complete", "it is complete; it can be extended", func(c *Continuation) { c.Run.Manifest.Status = results.Complete }},
			{"extended", "it is not complete; resume it first", func(c *Continuation) {
				c.Extension, c.StreamDigest = &workload.Extension{For: time.Second}, "stream"
			}},
			{"setting", `the target's setting table was "a", and is ""`, func(c *Continuation) {
				c.Run.Manifest.Target.Settings = map[string]string{"table": "a"}
			}},
			{"kind", `the target's kind was "real", and is "other"`, func(c *Continuation) { c.Run.Manifest.Target.Kind = "real" }},
		} {
			k := continued(t, first.Dir)
			c.change(k)
			_, run, err := start(t.Context(), t, Config{Scenario: sc, Driver: d, Dir: first.Dir, Continue: k})
			if !errors.Is(err, ErrContinue) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", c.name, err, c.want)
			}
			after, readErr := os.ReadFile(run.Dir + "/" + results.ManifestFile)
			if readErr != nil || string(after) != string(before) {
				t.Errorf("%s: a refused continuation changed the manifest", c.name)
			}
		}
	})
}

// A table is a database of versions, which checks.
type table struct {
	testDriver
	mu       sync.Mutex
	versions map[uint64]uint64
	log      []uint64 // indices of writes, in order
}

type tableSession struct{ t *table }

func (t *table) Session(context.Context) (driver.Session, error) { return tableSession{t}, nil }

func (t *table) Load(_ context.Context, from, to uint64, report func(uint64)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := from; i < to; i++ {
		t.versions[i] = 0
	}
	report(to - from)
	return nil
}

func (s tableSession) Do(_ context.Context, o *op.Op, out *op.Outcome) {
	out.Reset()
	s.t.mu.Lock()
	defer s.t.mu.Unlock()
	if o.Kind == op.Update {
		s.t.versions[o.Item] = o.Version
		s.t.log = append(s.t.log, o.Index)
		return
	}
	v, ok := s.t.versions[o.Item]
	if !ok {
		out.Class = op.NotFound
		return
	}
	out.Version = v
	if o.Verify {
		out.Check = op.Intact
	}
}

// A target that has lost its data, as an embedded server has when its run ends, gets them back:
// loaded, and the writes until then sent again, each item's in their order. One that has them
// is left alone.
func TestResumeRestoresTheDataSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := func(ctx context.Context, d driver.Driver, dir string, c *Continuation) (*results.Manifest, *results.Run, error) {
			return start(ctx, t, Config{
				Scenario: openScenario(4, phase("steady", 3*time.Second, 100)), Driver: d, Dir: dir, Load: true, Continue: c,
			})
		}
		kept := &table{versions: map[uint64]uint64{}}
		ctx, cancel := context.WithTimeout(t.Context(), startLead+1495*time.Millisecond)
		defer cancel()
		_, first, err := run(ctx, kept, "", nil)
		if err == nil {
			t.Fatal("not interrupted")
		}
		copied := t.TempDir() + "/copy"
		if err := os.CopyFS(copied, os.DirFS(first.Dir)); err != nil {
			t.Fatal(err)
		}
		m, _, err := run(t.Context(), kept, first.Dir, continued(t, first.Dir))
		if err != nil || !strings.Contains(m.Dataset, "kept from before; verified: 100 items") || len(kept.log) != 150 {
			t.Errorf("kept: data set %q, %d writes, %v", m.Dataset, len(kept.log), err)
		}
		fresh := &table{versions: map[uint64]uint64{}}
		m, _, err = run(t.Context(), fresh, copied, continued(t, copied))
		if err != nil || !strings.Contains(m.Dataset, "loaded afresh, and the 75 writes among the 150 operations before sent again") {
			t.Errorf("fresh: data set %q, %v", m.Dataset, err)
		}
		if diff := cmp.Diff(kept.versions, fresh.versions); diff != "" {
			t.Errorf("the restored data set ends otherwise than the kept one:\n%s", diff)
		}
	})
}
