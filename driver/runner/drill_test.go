package runner

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crossover/driver/clock"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// An eventDriver fails every third operation while an event holds.
type eventDriver struct {
	testDriver
	refuse bool          // events fail
	takes  time.Duration // until an event is done

	mu    sync.Mutex
	holds bool
	log   []string
}

func newEventDriver() *eventDriver {
	d := &eventDriver{}
	d.do = func(_ context.Context, _ clock.Clock, o *op.Op, out *op.Outcome) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.holds && o.Index%3 == 0 {
			out.Class, out.Reason, out.Err = op.Failed, "no node", errors.New("no node")
		}
	}
	return d
}

func (d *eventDriver) set(holds bool, what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.holds = holds
	d.log = append(d.log, what)
}

func (d *eventDriver) Do(ctx context.Context, e *workload.Event) (func(context.Context) error, error) {
	if d.refuse {
		return nil, errors.New("not today")
	}
	if err := d.clock.SleepUntil(ctx, d.clock.Now()+d.takes); err != nil {
		return nil, err
	}
	d.set(true, e.Do)
	return func(context.Context) error { d.set(false, "undo "+e.Do); return nil }, nil
}

// drillRun runs 30 s at 1,000/s in virtual time with events.
func drillRun(t *testing.T, d *eventDriver, c Config, events ...workload.Event) (*results.Manifest, *results.Run) {
	t.Helper()
	sc := openScenario(8, phase("warm-up", 2*time.Second, 1000), phase("steady", 28*time.Second, 1000))
	for i := range events {
		events[i].Target = "a"
	}
	sc.Events = events
	c.Scenario, c.Driver, c.Target = sc, d, workload.Target{Name: "a"}
	c.Clock = plainClock{clock.Real()}
	d.clock = c.Clock
	m, run, err := start(t.Context(), t, c)
	if err != nil {
		t.Fatal(err)
	}
	checkSums(t, run)
	return m, run
}

// An event is done at its planned time whatever it takes, delays no operation, shows when it
// was noticed and when it was over, and is undone.
func TestEventsAreDoneAndJudged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newEventDriver()
		d.takes = 300 * time.Millisecond
		m, run := drillRun(t, d, Config{}, workload.Event{At: 12 * time.Second, Do: workload.KillNode, Node: 1, For: 4 * time.Second})
		if m.Totals.Sent != 30000 || m.Health.LatenessMaxNs != 0 {
			t.Errorf("%d sent, at most %d ns late", m.Totals.Sent, m.Health.LatenessMaxNs)
		}
		if want := []string{"kill_node", "undo kill_node"}; !slices.Equal(d.log, want) {
			t.Errorf("done: %v", d.log)
		}
		e := m.Events[0]
		// It begins at 12, holds from 12.3 until 16, and the first disturbed interval is [12, 13).
		if e.Began != 12 || e.Took != 0.3 || e.Outcome != results.EventDone || e.Undone != 16 {
			t.Errorf("%+v", e)
		}
		if !e.Detected || e.DetectAfter != 1 || !e.Recovered || e.RecoverAfter != 4 || e.Baseline != 10 {
			t.Errorf("%+v", e)
		}
		if e.WorstErrors < 0.33 || e.WorstErrors > 0.34 {
			t.Errorf("a third of the operations failed; said is %v", e.WorstErrors)
		}
		var log []string
		for _, x := range run.Events() {
			if strings.HasPrefix(x.Name, "event_") {
				log = append(log, strings.TrimSpace(x.Name+" "+x.Target+" "+x.Outcome))
			}
		}
		if want := []string{"event_begin a", "event_done a done", "event_end a done"}; !slices.Equal(log, want) {
			t.Errorf("events.jsonl has %q", log)
		}
	})
}

// What a run's end cuts off is undone all the same, what it never reached says so, and an
// event that its target refuses fails without an end to the run.
func TestEventsAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newEventDriver()
		m, _ := drillRun(t, d, Config{}, workload.Event{At: 25 * time.Second, Do: workload.Overload, For: time.Hour})
		if e := m.Events[0]; e.Undone != 30 || e.Recovered || e.Note != "not over before the run's end" || len(d.log) != 2 {
			t.Errorf("%+v, %v", e, d.log)
		}
		d = newEventDriver()
		d.refuse = true
		m, _ = drillRun(t, d, Config{}, workload.Event{At: 25 * time.Second, Do: workload.AddNode})
		if e := m.Events[0]; e.Outcome != "failed: not today" || e.Detected || m.Status != results.Complete {
			t.Errorf("%+v, %s", e, m.Status)
		}
		d = newEventDriver()
		d.takes = time.Minute
		m, _ = drillRun(t, d, Config{}, workload.Event{At: 25 * time.Second, Do: workload.AddNode})
		if e := m.Events[0]; e.Outcome != "failed: context canceled" || e.Began != 25 || len(d.log) != 0 {
			t.Errorf("%+v", e)
		}
	})
}

// A command's exit code is kept; a run that may not run commands does not begin.
func TestCommandsOfEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		command := func(_ context.Context, line string) (int, error) {
			lines = append(lines, line)
			return 3, nil
		}
		m, _ := drillRun(t, newEventDriver(), Config{Command: command}, workload.Event{At: 5 * time.Second, Command: "restart it"})
		if e := m.Events[0]; e.Name != "command" || e.ExitCode == nil || *e.ExitCode != 3 || e.Outcome != "failed: exit code 3" {
			t.Errorf("%+v", e)
		}
		if !slices.Equal(lines, []string{"restart it"}) {
			t.Errorf("ran %q", lines)
		}
	})
	sc := openScenario(1, phase("steady", time.Second, 10))
	sc.Events = []workload.Event{{Target: "a", Command: "x"}, {Target: "a", Do: workload.KillNode}, {Target: "b", Command: "x"}}
	c := Config{Scenario: sc, Driver: &testDriver{}, Target: workload.Target{Name: "a"}, Dir: "d", Clock: clock.Real()}
	err := c.validate()
	if err == nil || strings.Count(err.Error(), "\n") != 1 || !strings.Contains(err.Error(), "not allowed") || !strings.Contains(err.Error(), "does no events") {
		t.Errorf("validate: %v", err)
	}
}
