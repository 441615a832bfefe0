package aerospike

import (
	"strings"
	"testing"
	"time"

	"crossover/driver/clock"
)

// A node that an event made slow holds what is asked of it, and no other node does; 0s ends it.
func TestEventSlow(t *testing.T) {
	c := start(t, Options{Nodes: 2, Replication: 2})
	if got := do(t, c.nodes[0], "do=slow;node=2;by=5ms"); got != "ok" {
		t.Fatal(got)
	}
	if got := do(t, c.nodes[0], "do=overload;share=0"); got != "ok" { // another event leaves it
		t.Fatal(got)
	}
	for node, want := range []time.Duration{0, 5 * time.Millisecond} {
		if f, by := c.drill.deal(node); f != noFault || by != want {
			t.Errorf("node %d: %v, %v; want %v", node+1, f, by, want)
		}
	}
	if got := do(t, c.nodes[0], "do=slow;node=2;by=0s"); got != "ok" || c.drill.now.Load() != nil {
		t.Errorf("%s: a node is left slow", got)
	}
	for _, text := range []string{"do=slow;by=5ms", "do=slow;node=2", "do=slow;node=2;by=-5ms", "do=slow;node=2;by=2h", "do=slow;node=99;by=5ms"} {
		if got := do(t, c.nodes[0], text); !strings.HasPrefix(got, "ERROR:4:") {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// FuzzEventParameters asks for anything as an event: it is refused, or leaves shares and times
// within bounds and a node alive.
func FuzzEventParameters(f *testing.F) {
	for _, text := range []string{
		"do=kill_node;node=2", "do=add_node", "do=add_node;node=2", "do=slow_device;factor=4;node=1", "do=overload;share=0.2", "do=delay;share=1;by=20ms",
		"do=slow;node=1;by=5ms", "do=slow;node=1;by=0s", "do=reset_connections", "", "do=;;=", "do=delay;share=NaN;by=1ms", "node=-1;do=kill_node", "do=slow_device;factor=Inf",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := New(Options{Nodes: 2, Replication: 2, Clock: clock.NewVirtual(epoch)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.nodes[0].do(text, 0, nil); err != nil && err.Error() == "" {
			t.Error("refused without a word")
		}
		if len(c.alive()) == 0 {
			t.Errorf("%q: no node is left", text)
		}
		if d := c.drill.now.Load(); d != nil {
			if !(d.overload >= 0 && d.overload <= 1 && d.delay >= 0 && d.delay <= 1) || d.by < 0 || d.by > time.Hour || d.delay > 0 && d.by == 0 {
				t.Errorf("%q: %v overloaded, %v delayed by %v", text, d.overload, d.delay, d.by)
			}
			for _, by := range d.slow {
				if by < 0 || by > time.Hour {
					t.Errorf("%q: a node slower by %v", text, by)
				}
			}
		}
		c.running.Wait()
	})
}
