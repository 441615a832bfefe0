package workload

import (
	"fmt"
	"strings"
	"testing"

	"crossover/workload/op"
)

// sliding returns a scenario whose data set is a window.
func sliding(t *testing.T, items uint64, shares, keys, phases string) (*Scenario, error) {
	t.Helper()
	return Parse("window.yaml", fmt.Appendf(nil, `
version: 1
name: window
dataset: {items: %d, size: 200B}
workload:
  keys: %s
  operations: {%s}
  delete: {items: oldest}
  arrival: {open: {}}
  phases: %s
`, items, keys, shares, phases))
}

// Each item is deleted once at most, in the order of the items but for those of one deck; no
// other operation asks for one that has been deleted, or is not there yet, and both ends move.
func TestTheWindowSlides(t *testing.T) {
	const even, shrinking, growing = "read: 40%, update: 20%, insert: 20%, delete: 20%", "read: 79.5%, insert: 0.5%, delete: 20%", "read: 50%, update: 10%, insert: 30%, delete: 10%"
	one := "[{name: a, for: 12s, rate: 1000/s}, {name: b, for: 345ms, rate: 1000/s}]"
	mixed := "[{name: a, for: 5100ms, rate: 1000/s}, {name: b, for: 5s, rate: {read: 500/s, update: 100/s, insert: 100/s, delete: 300/s}}, {name: c, for: 2s, rate: 1000/s}]"
	for _, c := range []struct{ name, shares, keys, phases string }{
		{"even, uniform", even, "uniform", one},
		{"even, latest", even, "latest", one},
		{"shrinking", shrinking, "uniform", one},
		{"growing", growing, "latest", one},
		{"phases with rates of their own", even, "uniform", mixed},
	} {
		t.Run(c.name, func(t *testing.T) {
			const loaded = 5000
			sc, err := sliding(t, loaded, c.shares, c.keys, c.phases)
			if err != nil {
				t.Fatal(err)
			}
			s := NewStream(sc)
			deleted, inserted := map[uint64]uint64{}, map[uint64]bool{}
			deletes, oldest, newest := uint64(0), uint64(loaded), uint64(0)
			var o op.Op
			for i := range s.Len() {
				s.At(i, &o)
				switch o.Kind {
				case op.Insert:
					if inserted[o.Item] || o.Item < loaded {
						t.Fatalf("operation %d inserts item %d, which is there", i, o.Item)
					}
					inserted[o.Item] = true
				case op.Delete:
					if at, ok := deleted[o.Item]; ok {
						t.Fatalf("operation %d deletes item %d, as operation %d did", i, o.Item, at)
					}
					if o.Item > deletes+1000 || deletes > o.Item+1000 {
						t.Fatalf("delete %d takes item %d: not the oldest", deletes, o.Item)
					}
					deleted[o.Item] = i
					deletes++
				default:
					if at, ok := deleted[o.Item]; ok {
						t.Fatalf("operation %d asks for item %d, which operation %d deleted", i, o.Item, at)
					}
					if o.Item >= loaded && !inserted[o.Item] {
						t.Fatalf("operation %d asks for item %d, which is not there yet", i, o.Item)
					}
					oldest, newest = min(oldest, o.Item), max(newest, o.Item)
				}
			}
			if deletes == 0 || len(deleted) < 1000 || newest < loaded && c.name != "shrinking" {
				t.Errorf("%d deletes, items %d to %d asked for", deletes, oldest, newest)
			}
			// At a deck's end the deleted items are exactly the first ones.
			if c.phases == one && deletes > 0 {
				whole := s.Len() / 1000 * 1000
				for i := range s.Len() {
					if s.At(i, &o); o.Kind == op.Delete && i < whole && o.Item >= uint64(float64(whole)*sc.Workload.Operations[op.Delete]+0.5) {
						t.Fatalf("operation %d of the first %d deletes item %d", i, whole, o.Item)
					}
				}
			}
		})
	}
}

func TestTheWindowIsNeverEmpty(t *testing.T) {
	const phases = "[{name: a, for: 10s, rate: 1000/s}]"
	for _, c := range []struct {
		items                uint64
		shares, keys, phases string
		want                 string
	}{
		{2001, "read: 80%, delete: 20%", "uniform", phases, ""},
		{2000, "read: 80%, delete: 20%", "uniform", phases, "deletes that leave nothing by operation 9999"},
		{100, "read: 60%, delete: 20%, insert: 20%", "uniform", phases, "deletes that leave nothing by operation 0"},
		{5000, "read: 80%, insert: 20%", "uniform", phases, "without a share of delete"},
		{5000, "read: 80%, delete: 20%", "zipfian", phases, "keys that are not of the items that live"},
	} {
		_, err := sliding(t, c.items, c.shares, c.keys, c.phases)
		if text := fmt.Sprint(err); c.want == "" && err != nil || c.want != "" && !strings.Contains(text, c.want) {
			t.Errorf("%d items, %s, %s: %v, want %q", c.items, c.shares, c.keys, err, c.want)
		}
	}
	sc, err := sliding(t, 2001, "read: 80%, delete: 20%", "uniform", phases)
	if err != nil {
		t.Fatal(err)
	}
	if err := sc.Shorten(0, 1000); err == nil {
		t.Error("fewer items than are deleted are taken")
	}
}
