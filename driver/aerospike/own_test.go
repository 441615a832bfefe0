package aerospike

import (
	"errors"
	"strings"
	"testing"

	as "github.com/aerospike/aerospike-client-go/v7"

	"crossover/driver"
	"crossover/driver/clock"
	server "crossover/driver/embedded/aerospike"
	"crossover/workload/mapping"
)

// answer asks a node for one line of info.
func answer(t testing.TB, seed, command string) (text string) {
	t.Helper()
	bare(t, seed, func(client *as.Client) {
		answers, err := client.GetNodes()[0].RequestInfo(&as.InfoPolicy{Timeout: adminLimit}, command)
		if err != nil {
			t.Fatal(err)
		}
		text = answers[command]
	})
	return text
}

// A set with somebody else's records is refused, and nothing is written anywhere: no marker,
// no item, no index.
func TestForeignSetIsRefused(t *testing.T) {
	seed := start(t, server.Options{}).Seed()
	sc := shape{sort: 5, operations: "{read: 50%, query: 50%}"}.scenario(t)
	set := mapping.TableName(sc)
	theirs := map[string]int{set: 2, "other": 1}
	bare(t, seed, func(client *as.Client) {
		for name, n := range theirs {
			for i := range n {
				key, err := as.NewKey("test", name, i)
				if err != nil {
					t.Fatal(err)
				}
				if err := client.Put(nil, key, as.BinMap{"theirs": i}); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
	d := open(t, sc, clock.Real(), hosts(seed))
	if err := d.Provision(t.Context()); !errors.Is(err, driver.ErrNotOwned) || !strings.Contains(err.Error(), set) {
		t.Errorf("Provision: %v", err)
	}
	if err := d.Load(t.Context(), 0, 10, func(uint64) {}); err == nil {
		t.Error("Load wrote into a set that Provision refused")
	}
	if _, err := d.Session(t.Context()); err == nil {
		t.Error("a session on a set that Provision refused")
	}
	if err := d.Drop(t.Context()); !errors.Is(err, driver.ErrNotOwned) {
		t.Errorf("Drop: %v", err)
	}
	for name, n := range theirs {
		if items, markers := stored(t, seed, name); items != n || markers != 0 {
			t.Errorf("set %s: %d items and %d markers, expected %d and none", name, items, markers, n)
		}
	}
	if text := answer(t, seed, "sindex/test/"+set+indexSuffix); strings.Contains(text, "load_pct") {
		t.Errorf("an index was created: %s", text)
	}
}

// Drop removes the records, the marker and the index of its own set, and nothing else.
func TestDropTakesItsOwn(t *testing.T) {
	seed := start(t, server.Options{}).Seed()
	sc := shape{sort: 5, operations: "{read: 50%, query: 50%}"}.scenario(t)
	set := mapping.TableName(sc)
	neighbour := ready(t, shape{name: "neighbour"}.scenario(t), hosts(seed))
	d := ready(t, sc, hosts(seed))
	if items, markers := stored(t, seed, set); items != 10 || markers != 1 {
		t.Fatalf("%d items and %d markers", items, markers)
	}
	if text := answer(t, seed, "sindex/test/"+set+indexSuffix); !strings.Contains(text, "load_pct=100") {
		t.Errorf("index: %s", text)
	}
	if err := d.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if items, markers := stored(t, seed, set); items != 0 || markers != 0 {
		t.Errorf("%d items and %d markers are left", items, markers)
	}
	if text := answer(t, seed, "sindex/test/"+set+indexSuffix); strings.Contains(text, "load_pct") {
		t.Errorf("the index is left: %s", text)
	}
	if items, markers := stored(t, seed, neighbour.set); items != 10 || markers != 1 {
		t.Errorf("the neighbour has %d items and %d markers", items, markers)
	}
	if _, err := d.Session(t.Context()); err == nil {
		t.Error("a session on a set that was dropped")
	}
	// The set may be made again at once.
	again := ready(t, sc, hosts(seed))
	if err := again.Drop(t.Context()); err != nil {
		t.Error(err)
	}
}

// A set that an earlier run left is emptied before it is loaded again, once; one that is not
// loaded is used as it is.
func TestLeftoverSetIsRestored(t *testing.T) {
	seed := start(t, server.Options{}).Seed()
	large := ready(t, shape{items: 40, sort: 5, operations: "{read: 50%, query: 50%}"}.scenario(t), hosts(seed))
	if items, _ := stored(t, seed, large.set); items != 40 {
		t.Fatalf("%d items", items)
	}
	sc := shape{items: 20, sort: 5, operations: "{read: 50%, query: 50%}"}.scenario(t)
	next := open(t, sc, clock.Real(), hosts(seed))
	if err := next.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	if items, _ := stored(t, seed, next.set); items != 40 {
		t.Errorf("Provision alone left %d items of 40", items)
	}
	for from := uint64(0); from < 20; from += 10 {
		if err := next.Load(t.Context(), from, from+10, func(uint64) {}); err != nil {
			t.Fatal(err)
		}
	}
	if items, markers := stored(t, seed, next.set); items != 20 || markers != 1 {
		t.Errorf("%d items and %d markers, want 20 and 1", items, markers)
	}
	if text := answer(t, seed, "sindex/test/"+next.set+indexSuffix); !strings.Contains(text, "load_pct=100") {
		t.Errorf("index: %s", text)
	}
}

// Who empties the set and fills it anew has taken it back.
func TestMarkerGoesWithTheData(t *testing.T) {
	seed := start(t, server.Options{}).Seed()
	sc := shape{}.scenario(t)
	d := ready(t, sc, hosts(seed))
	bare(t, seed, func(client *as.Client) {
		if err := client.Truncate(nil, "test", d.set, nil); err != nil {
			t.Fatal(err)
		}
		key, err := as.NewKey("test", d.set, "mine")
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Put(nil, key, as.BinMap{"mine": 1}); err != nil {
			t.Fatal(err)
		}
	})
	if err := d.Drop(t.Context()); !errors.Is(err, driver.ErrNotOwned) {
		t.Errorf("Drop: %v", err)
	}
	if err := d.Provision(t.Context()); !errors.Is(err, driver.ErrNotOwned) {
		t.Errorf("Provision: %v", err)
	}
	if items, markers := stored(t, seed, d.set); items != 1 || markers != 0 {
		t.Errorf("%d items and %d markers", items, markers)
	}
}

// An expendable set keeps its records after Drop; the index that was added for queries goes.
func TestExpendableSetStays(t *testing.T) {
	seed := start(t, server.Options{}).Seed()
	bare(t, seed, func(client *as.Client) {
		key, err := as.NewKey("test", "theirs", "one")
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Put(nil, key, as.BinMap{"theirs": 1}); err != nil {
			t.Fatal(err)
		}
	})
	sc := shape{sort: 5, operations: "{query: 100%}"}.scenario(t)
	d := ready(t, sc, hosts(seed)+", set: theirs, expendable: true")
	if err := d.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if items, markers := stored(t, seed, "theirs"); items != 11 || markers != 0 {
		t.Errorf("%d items and %d markers, expected theirs and the 10 loaded", items, markers)
	}
	if text := answer(t, seed, "sindex/test/theirs"+indexSuffix); strings.Contains(text, "load_pct") {
		t.Errorf("the index is left: %s", text)
	}
}

func TestOpenRefuses(t *testing.T) {
	seed := start(t, server.Options{Nodes: 1}).Seed()
	sc := shape{}.scenario(t)
	for settings, want := range map[string]string{
		hosts(seed) + ", namespace: nope": `no namespace "nope"`,
		hosts(seed) + ", nodes: 2":        "only with at: embedded",
		"at: embedded":                    "no embedded cluster was started",
	} {
		_, err := Open(t.Context(), driver.Env{Clock: clock.Real(), Scenario: sc, Target: target(t, settings)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, expected %q", settings, err, want)
		}
	}
}
