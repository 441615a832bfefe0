package runner

import (
	"context"
	"fmt"
	"sync"
	"time"

	"crossover/driver"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// UndoLimit bounds taking back one event's effect.
const UndoLimit = 30 * time.Second

// eventProblems returns the scenario's events for this target that the run could not do.
func (c *Config) eventProblems() (errs []error) {
	_, able := c.Driver.(driver.Eventer)
	for _, e := range c.Scenario.EventsOf(c.Target.Name) {
		switch {
		case e.Command != "" && c.Command == nil:
			errs = append(errs, fmt.Errorf("runner: the event at %v is a command, and running commands was not allowed", e.At))
		case e.Command == "" && !able:
			errs = append(errs, fmt.Errorf("runner: the event %s at %v: the driver does no events", e.Do, e.At))
		}
	}
	return errs
}

// A drill does the scenario's events to the target, each from a goroutine of its own: what one
// takes delays neither operations nor another event.
type drill struct {
	e       *engine
	eventer driver.Eventer
	command func(ctx context.Context, line string) (int, error)
	events  []*workload.Event
	seconds time.Duration // length of an interval

	done    []results.EventResult // by event; each belongs to its goroutine until that has ended
	running sync.WaitGroup
}

// newDrill returns nil when the scenario has no event for the target.
func newDrill(c *Config, e *engine) *drill {
	events := c.Scenario.EventsOf(c.Target.Name)
	if len(events) == 0 {
		return nil
	}
	d := &drill{e: e, command: c.Command, events: events, seconds: c.Interval, done: make([]results.EventResult, len(events))}
	d.eventer, _ = c.Driver.(driver.Eventer)
	for i, ev := range events {
		name := ev.Do
		if ev.Command != "" {
			name = "command"
		}
		d.done[i] = results.EventResult{
			Name: name, Detail: results.Scrub(ev.String()), Target: ev.Target, Planned: ev.At.Seconds(), Began: -1,
			Outcome: "not done: the run ended before",
		}
	}
	return d
}

// begin waits for the events' times. The function that it returns ends what is under way,
// undoes what was to be undone later, and waits for all of it.
func (d *drill) begin(ctx context.Context) (end func()) {
	if d == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	for i := range d.events {
		d.running.Go(func() { d.one(ctx, d.events[i], &d.done[i]) })
	}
	return func() {
		cancel()
		d.running.Wait()
	}
}

// one does one event, and undoes it when it has lasted as long as it was to.
func (d *drill) one(ctx context.Context, ev *workload.Event, r *results.EventResult) {
	if d.e.sleepPlanned(ctx, ev.At) != nil {
		return
	}
	began := d.e.now()
	r.Began = began.Seconds()
	d.log("event_begin", r, began, "")
	undo, err := d.do(ctx, ev, r)
	now := d.e.now()
	r.Took, r.Outcome = (now - began).Seconds(), results.EventDone
	if err != nil {
		r.Outcome = results.Scrub("failed: " + err.Error())
	}
	d.log("event_done", r, now, r.Outcome)
	if err != nil || undo == nil || ev.For == 0 {
		return
	}
	// Whatever ends the wait, the effect goes.
	_ = d.e.sleepPlanned(ctx, d.e.hold.planned(began)+ev.For)
	background, cancel := context.WithTimeout(context.WithoutCancel(ctx), UndoLimit)
	defer cancel()
	at, outcome := d.e.now(), results.EventDone
	if err := undo(background); err != nil {
		r.UndoFail = results.Scrub(err.Error())
		outcome = "failed: " + r.UndoFail
	} else {
		r.Undone = at.Seconds()
	}
	d.log("event_end", r, at, outcome)
}

func (d *drill) do(ctx context.Context, ev *workload.Event, r *results.EventResult) (func(context.Context) error, error) {
	if ev.Command == "" {
		return d.eventer.Do(ctx, ev)
	}
	exit, err := d.command(ctx, ev.Command)
	r.ExitCode = &exit
	if err == nil && exit != 0 {
		err = fmt.Errorf("exit code %d", exit)
	}
	return nil, err
}

func (d *drill) log(name string, r *results.EventResult, at time.Duration, outcome string) {
	d.e.events.put(results.Event{At: at.Seconds(), Name: name, Detail: r.Detail, Target: r.Target, Outcome: outcome})
}

// results judges the events by what the collector saw. The drill has ended.
func (d *drill) results(moments []results.Moment) []results.EventResult {
	if d == nil {
		return nil
	}
	results.JudgeEvents(d.done, moments, d.seconds)
	return d.done
}

// remember keeps what the events are judged by of an interval.
func (c *collector) remember(lines []results.Interval, all *results.Merged, start, length time.Duration) {
	if !c.drilling {
		return
	}
	byPhase, most := map[string]uint64{}, uint64(0)
	m := results.Moment{Start: start.Seconds(), Length: length.Seconds(), P99: int64(all.Quantile(0.99))}
	for i := range lines {
		line := &lines[i]
		m.Offered += line.Offered
		m.Attempts += line.Attempts
		for _, n := range line.Throttles {
			m.Bad += n
		}
		for _, n := range line.Failures {
			m.Bad += n
		}
		for class, n := range line.Done {
			m.Done += n
			switch class {
			case op.Dropped.String():
				m.Bad += n
				m.Attempts += n
			case op.NotFound.String():
				m.Missing += n
			}
		}
		if byPhase[line.Phase] += line.Offered; byPhase[line.Phase] > most || m.Phase == "" {
			m.Phase, most = line.Phase, byPhase[line.Phase]
		}
	}
	c.moments = append(c.moments, m)
}
