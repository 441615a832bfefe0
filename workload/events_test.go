package workload

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// drilled returns a scenario of 60 s with two targets and the given events.
func drilled(events string) string {
	return `version: 1
name: drill
dataset: {items: 100, size: 100B}
workload:
  operations: {read: 100%}
  arrival: {open: {}}
  phases: [{name: steady, for: 60s, rate: 100/s}]
events:
` + events + `
targets:
  - {name: a, driver: "null"}
  - {name: b, driver: "null"}
`
}

func TestEventsAreDecoded(t *testing.T) {
	sc, err := Parse("f.yaml", []byte(drilled(`
  - {at: 30s, target: a, do: kill_node, node: 2, for: 10s}
  - {at: 5s, target: a, do: delay, delay: 20ms}
  - {at: 6s, target: b, do: set_capacity, capacity: {provisioned: {read: 10, write: 20}}}
  - {at: 7s, target: b, do: set_capacity, capacity: {on_demand: {max_write: 5}}, for: 1s}
  - {at: 1s, target: a, command: "echo hello"}`)))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]Event{
		"a": {
			{At: time.Second, Target: "a", Command: "echo hello"},
			{At: 5 * time.Second, Target: "a", Do: Delay, Delay: 20 * time.Millisecond, Share: 1},
			{At: 30 * time.Second, Target: "a", Do: KillNode, Node: 2, For: 10 * time.Second},
		},
		"b": {
			{At: 6 * time.Second, Target: "b", Do: SetCapacity, Capacity: &EventCapacity{Provisioned: &EventProvisioned{Read: 10, Write: 20}}},
			{At: 7 * time.Second, Target: "b", Do: SetCapacity, Capacity: &EventCapacity{OnDemand: &EventOnDemand{MaxWrite: 5}}, For: time.Second},
		},
	}
	var said []string
	for _, target := range []string{"a", "b"} {
		var got []Event
		for _, e := range sc.EventsOf(target) {
			got = append(got, *e)
			said = append(said, e.String())
		}
		if diff := cmp.Diff(want[target], got, cmpopts.IgnoreUnexported(Event{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", target, diff)
		}
	}
	if diff := cmp.Diff([]string{
		"command: echo hello", "delay: by 20ms, 100% of requests", "kill_node: node 2, for 10s",
		"set_capacity: provisioned, 10 RCU and 20 WCU", "set_capacity: on demand, at most 5 write units/s, for 1s",
	}, said); diff != "" {
		t.Errorf("in words (-want +got):\n%s", diff)
	}
	// Events are no part of the stream: the same operations are sent with and without them.
	without, err := Parse("f.yaml", []byte(strings.Replace(drilled(""), "events:\n", "", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := StreamDigest(sc), StreamDigest(without); a != b {
		t.Errorf("the stream's digest is %s with events and %s without", a, b)
	}
	if err := sc.Shorten(6*time.Second, 0); err != nil {
		t.Fatal(err)
	}
	if e := sc.EventsOf("a")[2]; e.At != 3*time.Second || e.For != time.Second {
		t.Errorf("in a run of a tenth, the event is at %v for %v", e.At, e.For)
	}
}

func TestEventsThatAreWrong(t *testing.T) {
	for _, tc := range []struct{ event, want string }{
		{`{at: 60s, target: a, do: add_node}`, "f.yaml:9:10: events[0].at: found 1m0s, expected a time before the run's planned end, 1m0s"},
		{`{at: 1s, target: c, do: add_node}`, `f.yaml:9:22: events[0].target: found "c", expected the name of one of the scenario's targets`},
		{`{at: 1s, target: a}`, "f.yaml:9:5: events[0]: found neither do nor command, expected exactly one of them"},
		{`{at: 1s, target: a, do: add_node, command: x}`, "f.yaml:9:5: events[0]: found do and command together, expected exactly one of them"},
		{`{at: 1s, target: a, do: kill_node}`, `f.yaml:9:5: events[0]: found no "node", expected "node" to be given: kill_node needs it`},
		{`{at: 1s, target: a, do: add_node, for: 3s}`, `f.yaml:9:44: events[0].for: found the key "for", expected nothing: add_node does not take it`},
		{`{at: 1s, target: a, command: x, for: 3s}`, `f.yaml:9:42: events[0].for: found the key "for", expected nothing: a command does not take it`},
		{`{at: 1s, target: a, do: throttle, share: 0%}`, "f.yaml:9:46: events[0].share: found 0%, expected above 0%"},
		{`{at: 1s, target: a, do: throttle, share: 5%, for: 0s}`, "f.yaml:9:55: events[0].for: found 0s, expected above 0s"},
		{`{at: 1s, target: a, do: set_capacity, capacity: {}}`, "f.yaml:9:53: events[0].capacity: found on_demand and provisioned both given or neither, expected exactly one of them"},
		{`{at: 1s, target: a, do: kil_node, node: 1}`, `f.yaml:9:29: events[0].do: found "kil_node", expected one of kill_node, add_node, slow_device, overload, set_capacity, throttle, error500, delay, slow, reset_connections; did you mean "kill_node"?`},
		{`{target: a, do: add_node}`, `f.yaml:9:5: events[0]: found no "at", expected "at" to be given`},
		{"{at: 1s, target: a, do: throttle, share: 5%, for: 9s}\n  - {at: 5s, target: a, do: throttle, share: 9%}", "f.yaml:10:10: events[1].at: found the same at 1s and not undone by then, expected events of one kind, target and node one after another: for ends one"},
	} {
		_, err := Parse("f.yaml", []byte(drilled("  - "+tc.event)))
		if err == nil || err.Error() != tc.want {
			t.Errorf("%s:\n got %v\nwant %s", tc.event, err, tc.want)
		}
	}
	for _, fine := range []string{
		"{at: 1s, target: a, do: throttle, share: 5%, for: 4s}\n  - {at: 5s, target: a, do: throttle, share: 9%}",
		"{at: 1s, target: a, do: throttle, share: 5%}\n  - {at: 5s, target: b, do: throttle, share: 9%}",
		"{at: 1s, target: a, do: slow_device, factor: 5, node: 1}\n  - {at: 5s, target: a, do: slow_device, factor: 5, node: 2}",
		"{at: 1s, target: a, do: kill_node, node: 1}\n  - {at: 2s, target: a, do: kill_node, node: 2}",
	} {
		if _, err := Parse("f.yaml", []byte(drilled("  - "+fine))); err != nil {
			t.Errorf("%s:\n%v", fine, err)
		}
	}
}
