package runner

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// A plainClock hides the real clock from the kernel timer's sleeper: inside a synctest
// bubble only the runtime's timers are virtual.
type plainClock struct{ clock.Clock }

// testStream alternates reads and updates over items; bodies are made anew each time.
type testStream struct{ items uint64 }

func (testStream) Len() uint64 { return 0 }

func (s testStream) At(i uint64, o *op.Op) {
	body := o.Body[:0]
	*o = op.Op{Index: i, Item: i * i % s.items, Kind: op.Read}
	if i%2 == 1 {
		o.Kind, o.Version = op.Update, i+1
		for n := range 64 {
			body = append(body, byte(i)+byte(n))
		}
	}
	o.Body = body
}

// testPlan offers each phase's rate evenly, from the phase's start.
type testPlan struct{ phases []workload.Phase }

func (p testPlan) locate(i uint64) (phase int, due time.Duration, ok bool) {
	var start time.Duration
	for n, ph := range p.phases {
		count := uint64(ph.For.Seconds() * ph.Rate.From)
		if i < count {
			return n, start + time.Duration(float64(i)/ph.Rate.From*1e9), true
		}
		i -= count
		start += ph.For
	}
	return len(p.phases) - 1, 0, false
}

func (p testPlan) Due(i uint64) (time.Duration, bool) { _, d, ok := p.locate(i); return d, ok }
func (p testPlan) PhaseOf(i uint64) int               { n, _, _ := p.locate(i); return n }
func (p testPlan) Duration() time.Duration {
	var d time.Duration
	for _, ph := range p.phases {
		d += ph.For
	}
	return d
}

// testDriver answers with do; sessions share it.
type testDriver struct {
	do     func(ctx context.Context, c clock.Clock, o *op.Op, out *op.Outcome)
	clock  clock.Clock
	calls  atomic.Uint64
	sample func() (driver.Sample, error)
	loaded atomic.Uint64
}

type testSession struct{ d *testDriver }

func (d *testDriver) Session(context.Context) (driver.Session, error) { return testSession{d}, nil }
func (d *testDriver) Close() error                                    { return nil }

func (d *testDriver) Load(_ context.Context, from, to uint64, report func(uint64)) error {
	d.loaded.Add(to - from)
	report(to - from)
	return nil
}

func (d *testDriver) Sample(context.Context) (driver.Sample, error) {
	if d.sample == nil {
		return driver.Sample{}, nil
	}
	return d.sample()
}

func (s testSession) Do(ctx context.Context, o *op.Op, out *op.Outcome) {
	out.Reset()
	s.d.calls.Add(1)
	if s.d.do != nil {
		s.d.do(ctx, s.d.clock, o, out)
	}
}

func openScenario(sessions int, phases ...workload.Phase) *workload.Scenario {
	return &workload.Scenario{
		Version: 1, Name: "test", Seed: 1, Text: []byte("name: test\n"),
		Dataset:    workload.Dataset{Items: 1000},
		Objectives: workload.Objectives{Errors: -1},
		Workload: workload.Workload{
			Arrival: workload.Arrival{Open: &workload.OpenArrival{Process: "constant", Sessions: sessions}},
			Phases:  phases,
		},
	}
}

func closedScenario(workers int, phases ...workload.Phase) *workload.Scenario {
	sc := openScenario(0, phases...)
	sc.Workload.Arrival = workload.Arrival{Closed: &workload.ClosedArrival{Workers: workers}}
	return sc
}

func phase(name string, d time.Duration, rate float64) workload.Phase {
	return workload.Phase{Name: name, For: d, Rate: workload.Rate{From: rate, To: rate}, Record: true}
}

// start runs a scenario on the test's stream and plan.
func start(ctx context.Context, t testing.TB, c Config) (*results.Manifest, *results.Run, error) {
	t.Helper()
	if c.Clock == nil {
		c.Clock = plainClock{clock.Real()}
	}
	if d, ok := c.Driver.(*testDriver); ok {
		d.clock = c.Clock
	}
	if c.Dir == "" {
		c.Dir = filepath.Join(t.TempDir(), "run")
	}
	c.Tool, c.Run, c.Mapping = "test", "r1", json.RawMessage(`{}`)
	if err := c.validate(); err != nil {
		t.Fatal(err)
	}
	src := source{
		stream:       func() workload.Stream { return testStream{c.Scenario.Dataset.Items} },
		streamDigest: "stream", textDigest: "text",
	}
	if c.Scenario.Workload.Arrival.Open != nil {
		src.plan = testPlan{c.Scenario.Workload.Phases}
	}
	m, err := execute(ctx, c.withDefaults(), src)
	run, openErr := results.Open(c.Dir)
	if openErr != nil {
		t.Fatal(errors.Join(err, openErr))
	}
	return m, run, err
}

// checkSums holds every sum of a run against every other.
func checkSums(t *testing.T, run *results.Run) {
	t.Helper()
	if err := run.Manifest.Totals.Check(); err != nil {
		t.Error(err)
	}
	sums := results.SumIntervals(run.Intervals())
	if err := sums.Check(); err != nil {
		t.Errorf("intervals: %v", err)
	}
	total := run.Manifest.Totals
	if sums.Offered != total.Offered || sums.Sent != total.Sent || sums.Attempts != total.Attempts {
		t.Errorf("intervals sum to %d offered, %d sent, %d attempts; the manifest says %d, %d, %d",
			sums.Offered, sums.Sent, sums.Attempts, total.Offered, total.Sent, total.Attempts)
	}
	for class, n := range total.ByClass {
		if sums.ByClass[class] != n {
			t.Errorf("intervals sum to %d %s, the manifest says %d", sums.ByClass[class], class, n)
		}
	}
	type cell struct{ kind, phase string }
	type state struct{ flying, waiting int64 }
	last := map[cell]state{}
	for _, line := range run.Intervals() {
		at := cell{line.Kind, line.Phase}
		before := last[at]
		var done, dropped uint64
		for class, n := range line.Done {
			if class == op.Dropped.String() {
				dropped = n
			} else {
				done += n
			}
		}
		if int64(line.Sent) != int64(done)+line.InFlight-before.flying {
			t.Errorf("%.1fs %v: sent %d, done %d, in flight %d after %d", line.Start, at,
				line.Sent, done, line.InFlight, before.flying)
		}
		if int64(line.Offered) != int64(line.Sent+dropped)+line.Waiting-before.waiting {
			t.Errorf("%.1fs %v: offered %d, sent %d, dropped %d, waiting %d after %d", line.Start, at,
				line.Offered, line.Sent, dropped, line.Waiting, before.waiting)
		}
		if line.InFlight < 0 || line.Waiting < 0 {
			t.Errorf("%.1fs %v: %d in flight, %d waiting", line.Start, at, line.InFlight, line.Waiting)
		}
		last[at] = state{line.InFlight, line.Waiting}
	}
	for _, measure := range []string{results.Response, results.Service} {
		n := run.Histogram("", measure, true).TotalCount()
		if want := total.ByClass["ok"] + total.ByClass["not_found"]; uint64(n) != want {
			t.Errorf("%s histogram holds %d, want the %d successes", measure, n, want)
		}
	}
}
