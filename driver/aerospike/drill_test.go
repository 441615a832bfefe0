package aerospike

import (
	"errors"
	"strings"
	"testing"
	"time"

	"crossover/driver"
	"crossover/driver/clock"
	server "crossover/driver/embedded/aerospike"
	"crossover/workload"
	"crossover/workload/op"
)

// embedded opens the driver on a cluster as a run does on its child.
func embedded(t *testing.T, c *server.Cluster, settings string) (*cluster, *workload.Scenario) {
	t.Helper()
	sc, err := workload.Parse("t.yaml", []byte(`version: 1
name: drill
dataset: {items: 300, size: 200B}
workload: {operations: {read: 100%}, arrival: {closed: {workers: 1}}, phases: [{name: a, operations: 100}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Open(t.Context(), driver.Env{
		Clock: clock.Real(), Scenario: sc, Target: target(t, "at: embedded, "+settings), Address: c.Seed(), Run: "r",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	x := d.(*cluster)
	if err := x.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := x.Load(t.Context(), 0, sc.Dataset.Items, func(uint64) {}); err != nil {
		t.Fatal(err)
	}
	return x, sc
}

// Faults of events act on operations until they are undone.
func TestEventsOnTheEmbeddedCluster(t *testing.T) {
	c, sc := embedded(t, start(t, server.Options{Nodes: 2}), "nodes: 2, retries: {attempts: 1}")
	s := openSession(t, c)
	read := operation(sc, op.Read, 7)
	if out := do(t, s, read); out.Class != op.OK {
		t.Fatalf("%s: %v", out.Class, out.Err)
	}
	undo, err := c.Do(t.Context(), &workload.Event{Do: workload.Overload, Share: 1})
	if err != nil {
		t.Fatal(err)
	}
	if out := do(t, s, read); out.Class != op.Overload {
		t.Errorf("under overload a read is %s", out.Class)
	}
	if err := undo(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, e := range []workload.Event{
		{Do: workload.SlowDevice, Factor: 3}, {Do: workload.Delay, Share: 1, Delay: time.Microsecond}, {Do: workload.SlowDevice, Factor: 3, Node: 2},
	} {
		undo, err := c.Do(t.Context(), &e)
		if err != nil {
			t.Fatalf("%s: %v", e.Do, err)
		}
		if err := undo(t.Context()); err != nil {
			t.Errorf("undoing %s: %v", e.Do, err)
		}
	}
	if out := do(t, s, read); out.Class != op.OK {
		t.Errorf("after all was undone a read is %s: %v", out.Class, out.Err)
	}
	if undo, err := c.Do(t.Context(), &workload.Event{Do: workload.ResetConnections}); err != nil || undo != nil {
		t.Errorf("reset_connections: %v", err)
	}
	if _, err := c.Do(t.Context(), &workload.Event{Do: workload.AddNode, Node: 1}); err == nil || err.Error() != "add_node: it is alive" {
		t.Errorf("add_node of a node that is there: %v", err)
	}
	if _, err := c.Do(t.Context(), &workload.Event{Do: workload.Throttle}); err == nil {
		t.Error("an event of another database is done")
	}
}

// Any node can be lost, the seed too: another one is asked. Every item is read again once the
// client has learnt of the new map.
func TestTheSeedIsLost(t *testing.T) {
	c, sc := embedded(t, start(t, server.Options{Nodes: 3, Replication: 2, HeartbeatTimeout: 50 * time.Millisecond}), "nodes: 3")
	undo, err := c.Do(t.Context(), &workload.Event{Do: workload.KillNode, Node: 1})
	if err != nil {
		t.Fatal(err)
	}
	s := openSession(t, c)
	for item := range sc.Dataset.Items {
		read := operation(sc, op.Read, item)
		for end := time.Now().Add(30 * time.Second); ; {
			out := do(t, s, read)
			if out.Class == op.OK {
				break
			}
			if out.Class == op.NotFound || time.Now().After(end) {
				t.Fatalf("item %d: %s: %v", item, out.Class, out.Err)
			}
		}
	}
	if err := undo(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestEventsThatATargetCannotDo(t *testing.T) {
	const file = `version: 1
name: t
dataset: {items: 1, size: 200B}
workload: {operations: {read: 100%}, arrival: {open: {}}, phases: [{name: a, for: 10s, rate: 1/s}]}
events:
  - {at: 1s, target: d, EVENT}
targets:
  - {name: d, driver: aerospike, TARGET}
`
	for _, tc := range []struct{ target, event, want string }{
		{"at: embedded", "do: throttle, share: 1%", "t.yaml:6:29: events[0].do: found throttle, expected an event that an aerospike target does"},
		{"at: embedded", "command: x", "t.yaml:6:34: events[0].command: found a command for an embedded target"},
		{"at: embedded", "do: kill_node, node: 4", "t.yaml:6:46: events[0].node: found 4, expected at most nodes, 3"},
		{"at: embedded, nodes: 1, replication: 1", "do: kill_node, node: 1", "t.yaml:6:29: events[0].do: found kill_node with one node"},
		{"hosts: ['127.0.0.1:3000']", "do: kill_node, node: 1", "t.yaml:6:29: events[0].do: found kill_node for a target that is not embedded, expected command"},
		{"hosts: ['127.0.0.1:3000']", "command: x", ""},
		{"at: embedded", "do: add_node, node: 4", ""},
	} {
		text := strings.NewReplacer("EVENT", tc.event, "TARGET", tc.target).Replace(file)
		sc, err := workload.Parse("t.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if errs := Check(sc, sc.Targets[0]); len(errs) > 0 {
			got = errors.Join(errs...).Error()
		}
		if tc.want == "" && got != "" || !strings.HasPrefix(got, tc.want) {
			t.Errorf("%s, %s:\n got %s\nwant %s", tc.target, tc.event, got, tc.want)
		}
	}
}
