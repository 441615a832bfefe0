package workload

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// What an event can do. Which of them a target can do its driver says.
const (
	KillNode         = "kill_node"         // Aerospike: a node is lost, and what its devices held
	AddNode          = "add_node"          // Aerospike: a node that was lost comes back empty, or a new one joins
	SlowDevice       = "slow_device"       // Aerospike: a node's devices take longer
	Overload         = "overload"          // Aerospike: a share of requests is refused, DEVICE_OVERLOAD
	SetCapacity      = "set_capacity"      // DynamoDB: UpdateTable
	Throttle         = "throttle"          // DynamoDB: a share of requests is throttled
	Error500         = "error500"          // DynamoDB: a share of requests ends in InternalServerError
	Delay            = "delay"             // a share of requests is held
	Slow             = "slow"              // one partition of DynamoDB's, or one node of Aerospike's, takes longer
	ResetConnections = "reset_connections" // every connection is reset
)

// An Event is something done to a target while the run goes on: by the target itself (Do), or
// by a command of the user's (Command). Exactly one of the two is given.
type Event struct {
	At      time.Duration `yaml:"at" required:"true" doc:"when, since the run's planned start"`
	Target  string        `yaml:"target" required:"true" doc:"name of the target that it is done to"`
	Do      string        `yaml:"do" enum:"kill_node|add_node|slow_device|overload|set_capacity|throttle|error500|delay|slow|reset_connections" doc:"what the target does; which of them it can do depends on its driver"`
	Command string        `yaml:"command" doc:"instead of do: a command line for the shell of this machine; needs crossover run --allow-commands, and a target that is not embedded"`
	For     time.Duration `yaml:"for" doc:"how long, after which it is undone; left out, it lasts to the run's end"`
	Node    int           `yaml:"node" min:"1" max:"128" doc:"kill_node, add_node, slow_device, slow: which node, counted from 1"`
	// Partition is one of the table's, in the order in which they came to be.
	Partition int            `yaml:"partition" min:"1" max:"1_000_000" doc:"slow: which of the table's partitions, counted from 1 in the order in which they came to be"`
	Factor    float64        `yaml:"factor" min:"1" max:"1000" doc:"slow_device: how many times slower"`
	Share     float64        `yaml:"share" unit:"share" max:"100%" doc:"overload, throttle, error500, delay: share of the requests"`
	Delay     time.Duration  `yaml:"delay" max:"1h" doc:"delay, slow: how much longer each takes"`
	Capacity  *EventCapacity `yaml:"capacity" doc:"set_capacity: the table's new capacity"`

	node *yaml.Node // where it stands in the file
	path string
}

// An EventCapacity is the capacity that a table is changed to. Exactly one field is set.
type EventCapacity struct {
	OnDemand    *EventOnDemand    `yaml:"on_demand" doc:"pay per request"`
	Provisioned *EventProvisioned `yaml:"provisioned" doc:"capacity bought by the hour"`
}

// EventOnDemand has the ceilings of an on-demand table, in units/s; 0 sets none.
type EventOnDemand struct {
	MaxRead  int64 `yaml:"max_read" default:"0" min:"0" doc:"most read request units/s; 0 sets no ceiling"`
	MaxWrite int64 `yaml:"max_write" default:"0" min:"0" doc:"most write request units/s; 0 sets no ceiling"`
}

// EventProvisioned is a provisioned capacity in units/s.
type EventProvisioned struct {
	Read  int64 `yaml:"read" required:"true" min:"1" doc:"read capacity units"`
	Write int64 `yaml:"write" required:"true" min:"1" doc:"write capacity units"`
}

// DecodeYAML reads an event, and remembers where it stands.
func (e *Event) DecodeYAML(d *Decoder, n *yaml.Node, path string) {
	type raw Event
	d.structure(n, reflect.ValueOf((*raw)(e)).Elem(), path)
	e.node, e.path = n, path
	if e.Do == Delay && e.Share == 0 && child(n, "share") == nil {
		e.Share = 1
	}
}

// Wrong returns a problem with one of the event's keys, for drivers: at the key's value, or at
// the event when the key is not given. key may be "".
func (e *Event) Wrong(sc *Scenario, key, found, expected string) *Error {
	n := e.node
	if n == nil {
		n = &yaml.Node{Line: 1, Column: 1}
	}
	if v := child(n, key); v != nil {
		n = v
	}
	path := e.path
	if key != "" {
		path = Join(path, key)
	}
	return &Error{File: sc.File, Line: n.Line, Column: n.Column, Path: path, Found: found, Expected: expected}
}

// String says in words what the event does, without its target.
func (e *Event) String() string {
	if e.Command != "" {
		return "command: " + e.Command
	}
	var parts []string
	add := func(ok bool, format string, args ...any) {
		if ok {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(e.Node > 0, "node %d", e.Node)
	add(e.Partition > 0, "partition %d", e.Partition)
	add(e.Factor > 0, "factor %g", e.Factor)
	add(e.Delay > 0, "by %v", e.Delay)
	add(e.Share > 0, "%g%% of requests", 100*e.Share)
	if c := e.Capacity; c != nil && c.Provisioned != nil {
		add(true, "provisioned, %d RCU and %d WCU", c.Provisioned.Read, c.Provisioned.Write)
	}
	if c := e.Capacity; c != nil && c.OnDemand != nil {
		add(true, "on demand")
		add(c.OnDemand.MaxRead > 0, "at most %d read units/s", c.OnDemand.MaxRead)
		add(c.OnDemand.MaxWrite > 0, "at most %d write units/s", c.OnDemand.MaxWrite)
	}
	add(e.For > 0, "for %v", e.For)
	return strings.TrimSuffix(e.Do+": "+strings.Join(parts, ", "), ": ")
}

// EventsOf returns the events of one target, in the order of their times.
func (sc *Scenario) EventsOf(target string) []*Event {
	var out []*Event
	for i := range sc.Events {
		if sc.Events[i].Target == target {
			out = append(out, &sc.Events[i])
		}
	}
	slices.SortStableFunc(out, func(a, b *Event) int { return cmp.Compare(a.At, b.At) })
	return out
}

// eventKeys are the keys that each kind needs, and those that it may have besides.
var eventKeys = map[string]struct{ needs, takes []string }{
	KillNode:         {[]string{"node"}, []string{"for"}},
	AddNode:          {nil, []string{"node"}},
	SlowDevice:       {[]string{"factor"}, []string{"node", "for"}},
	Overload:         {[]string{"share"}, []string{"for"}},
	SetCapacity:      {[]string{"capacity"}, []string{"for"}},
	Throttle:         {[]string{"share"}, []string{"for"}},
	Error500:         {[]string{"share"}, []string{"for"}},
	Delay:            {[]string{"delay"}, []string{"share", "for"}},
	Slow:             {[]string{"delay"}, []string{"partition", "node", "for"}},
	ResetConnections: {nil, nil},
	"":               {nil, nil}, // a command
}

// eventParameters are the keys that only some kinds have.
var eventParameters = []string{"for", "node", "partition", "factor", "share", "delay", "capacity"}

// events checks each event as far as its driver need not be asked.
func (c check) events(sc *Scenario) {
	planned := time.Duration(0)
	for _, p := range sc.Workload.Phases {
		planned += p.For
		if p.For == 0 {
			planned = MaxDuration // bounded by operations: its end is not known
			break
		}
	}
	for i := range sc.Events {
		e := &sc.Events[i]
		if !c.sound(e.path) {
			continue
		}
		wrong := func(key, found, expected string) { c.d.errs = append(c.d.errs, e.Wrong(sc, key, found, expected)) }
		if !slices.ContainsFunc(sc.Targets, func(t Target) bool { return t.Name == e.Target }) {
			wrong("target", fmt.Sprintf("%q", e.Target), "the name of one of the scenario's targets")
		}
		if c.sound("workload.phases") && e.At >= planned {
			wrong("at", e.At.String(), "a time before the run's planned end, "+planned.String())
		}
		e.parameters(wrong)
		if before := slices.IndexFunc(sc.Events[:i], e.overlaps); before >= 0 {
			wrong("at", "the same at "+sc.Events[before].At.String()+" and not undone by then",
				"events of one kind, target and node one after another: for ends one")
		}
	}
}

// parameters checks what the event's kind needs and takes.
func (e *Event) parameters(wrong func(key, found, expected string)) {
	if (e.Do == "") == (e.Command == "") {
		found := "neither do nor command"
		if e.Do != "" {
			found = "do and command together"
		}
		wrong("", found, "exactly one of them")
		return
	}
	keys, what := eventKeys[e.Do], e.Do
	if e.Command != "" {
		what = "a command"
	}
	for _, name := range eventParameters {
		given := child(e.node, name) != nil
		switch {
		case !given && slices.Contains(keys.needs, name):
			wrong("", fmt.Sprintf("no %q", name), fmt.Sprintf("%q to be given: %s needs it", name, what))
		case given && !slices.Contains(keys.needs, name) && !slices.Contains(keys.takes, name):
			wrong(name, fmt.Sprintf("the key %q", name), "nothing: "+what+" does not take it")
		}
	}
	if child(e.node, "share") != nil && e.Share == 0 && slices.Contains(append(keys.needs, keys.takes...), "share") {
		wrong("share", "0%", "above 0%")
	}
	if (e.Do == Delay || e.Do == Slow) && e.Delay == 0 && child(e.node, "delay") != nil {
		wrong("delay", "0s", "above 0s")
	}
	if child(e.node, "for") != nil && e.For == 0 {
		wrong("for", "0s", "above 0s")
	}
	if x := e.Capacity; x != nil && e.Do == SetCapacity && (x.OnDemand == nil) == (x.Provisioned == nil) {
		wrong("capacity", "on_demand and provisioned both given or neither", "exactly one of them")
	}
}

// lasts reports whether the event's kind has an effect that goes on and can be undone.
func (e *Event) lasts() bool { return e.Command == "" && e.Do != ResetConnections && e.Do != AddNode }

// overlaps reports whether an earlier event of the list has the same effect, on the same
// target and node, at some time that e has it too: undoing one would undo the other.
func (e *Event) overlaps(o Event) bool {
	if !e.lasts() || e.Do == KillNode || e.Do != o.Do || e.Target != o.Target {
		return false
	}
	if e.Node != o.Node && e.Node > 0 && o.Node > 0 || e.Partition != o.Partition {
		return false
	}
	ends := func(x *Event) time.Duration {
		if x.For == 0 {
			if x.Do == SetCapacity {
				return x.At // the next change takes its place
			}
			return MaxDuration
		}
		return x.At + x.For
	}
	return e.At < ends(&o) && o.At < ends(e) || e.At == o.At
}
