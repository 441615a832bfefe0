package dynamodb

import (
	"errors"
	"strings"
	"testing"

	"crossover/workload"
	"crossover/workload/op"
)

// What events do to the embedded server shows in what operations come to, and is undone.
func TestEventsOnTheEmbeddedServer(t *testing.T) {
	sc := scenario(t, small, "  operations: {read: 100%}")
	d, _ := openEmbedded(t, sc, "", ", latency: false, retries: {attempts: 1}")
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Load(t.Context(), 0, sc.Dataset.Items, func(uint64) {}); err != nil {
		t.Fatal(err)
	}
	session, err := d.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	class := func() op.Class {
		o, out := new(op.Op), new(op.Outcome)
		workload.NewStream(sc).At(0, o)
		session.Do(t.Context(), o, out)
		return out.Class
	}
	for _, tc := range []struct {
		event workload.Event
		want  op.Class
	}{
		{workload.Event{Do: workload.Throttle, Share: 1}, op.Throttled},
		{workload.Event{Do: workload.Error500, Share: 1}, op.Overload},
		{workload.Event{Do: workload.ResetConnections}, op.OK},
	} {
		undo, err := d.Do(t.Context(), &tc.event)
		if err != nil {
			t.Fatal(err)
		}
		got := class()
		if tc.event.Do == workload.ResetConnections && got != op.OK {
			got = class() // the connection was broken for the first of them
		}
		if got != tc.want {
			t.Errorf("after %s an operation is %s, expected %s", tc.event.Do, got, tc.want)
		}
		if undo == nil {
			continue
		}
		if err := undo(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := class(); got != op.OK {
			t.Errorf("after %s was undone an operation is %s", tc.event.Do, got)
		}
	}
}

// A change of capacity is in force when the event is done, is undone to what was before, and
// is refused for a table that is not crossover's own.
func TestChangeOfCapacity(t *testing.T) {
	sc := scenario(t, small, "  operations: {read: 100%}")
	d, _ := openEmbedded(t, sc, "", ", latency: false, capacity: {provisioned: {read: 10, write: 20}}")
	change := func(c *workload.EventCapacity) func() {
		t.Helper()
		undo, err := d.Do(t.Context(), &workload.Event{Do: workload.SetCapacity, Capacity: c})
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			t.Helper()
			if err := undo(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	has := func(want string) {
		t.Helper()
		table, err := d.describeTable(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := capacityOf(table).String(); got != want {
			t.Errorf("the table has %s, expected %s", got, want)
		}
	}
	more := &workload.EventCapacity{Provisioned: &workload.EventProvisioned{Read: 30, Write: 40}}
	if _, err := d.Do(t.Context(), &workload.Event{Do: workload.SetCapacity, Capacity: more}); !errors.Is(err, errForeign) {
		t.Errorf("before the table is known to be crossover's own: %v", err)
	}
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	undo := change(more)
	has("provisioned, 30 RCU and 40 WCU")
	undo()
	has("provisioned, 10 RCU and 20 WCU")
	undo = change(&workload.EventCapacity{OnDemand: &workload.EventOnDemand{MaxRead: 7}})
	has("on demand, at most 7 read units/s")
	change(&workload.EventCapacity{OnDemand: &workload.EventOnDemand{}})
	has("on demand")
	undo()
	has("provisioned, 10 RCU and 20 WCU")
}

func TestEventsThatATargetCannotDo(t *testing.T) {
	const file = `version: 1
name: t
dataset: {items: 1, size: 200B}
workload: {operations: {read: 100%}, arrival: {open: {}}, phases: [{name: a, for: 10s, rate: 1/s}]}
events:
  - {at: 1s, target: d, EVENT}
targets:
  - {name: d, driver: dynamodb, TARGET}
`
	for _, tc := range []struct{ target, event, want string }{
		{"at: embedded", "do: kill_node, node: 1", "t.yaml:6:29: events[0].do: found kill_node, expected an event that a dynamodb target does"},
		{"at: embedded", "command: x", "t.yaml:6:34: events[0].command: found a command for an embedded target"},
		{"at: aws", "do: throttle, share: 5%", "t.yaml:6:29: events[0].do: found throttle for a target that is not embedded, expected set_capacity, or command"},
		{"at: aws, table: mine, expendable: true", "do: set_capacity, capacity: {on_demand: {}}", "t.yaml:6:29: events[0].do: found a change of capacity of a table named as expendable"},
		{"at: aws", "do: set_capacity, capacity: {on_demand: {}}", ""},
		{"at: aws", "command: x", ""},
		{"at: embedded", "do: throttle, share: 5%", ""},
	} {
		text := strings.NewReplacer("EVENT", tc.event, "TARGET", tc.target).Replace(file)
		sc, err := workload.Parse("t.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if errs := Definition().Check(sc, sc.Targets[0]); len(errs) > 0 {
			got = errors.Join(errs...).Error()
		}
		if tc.want == "" && got != "" || !strings.HasPrefix(got, tc.want) {
			t.Errorf("%s, %s:\n got %s\nwant %s", tc.target, tc.event, got, tc.want)
		}
	}
}
