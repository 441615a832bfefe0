package aerospike

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"testing"

	as "github.com/aerospike/aerospike-client-go/v7"
	"gopkg.in/yaml.v3"

	"crossover/driver"
	"crossover/driver/clock"
	server "crossover/driver/embedded/aerospike"
	"crossover/workload"
	"crossover/workload/op"
)

// A shape is what a test asks of a scenario; the zero value asks for little.
type shape struct {
	items, sort, limit int
	operations         string
	consistency        string
	condition          string
	name               string
}

func (s shape) scenario(t testing.TB) *workload.Scenario {
	t.Helper()
	or := func(text, otherwise string) string {
		if text == "" {
			return otherwise
		}
		return text
	}
	sort := "none"
	if s.sort > 0 {
		sort = fmt.Sprintf(`{prefix: "event#", per_partition: %d}`, s.sort)
	}
	sc, err := workload.Parse("test.yaml", []byte(fmt.Sprintf(`version: 1
name: %s
seed: 5
dataset: {items: %d, key: {partition: "user#{id}", sort: %s}, size: {uniform: {min: 300B, max: 900B}}, attributes: 2}
workload:
  operations: %s
  read: {consistency: %s}
  write: {condition: %s}
  query: {limit: %d}
  scan: {limit: %d}
  arrival: {closed: {workers: 4}}
  phases: [{name: all, operations: 1000000}]
`, or(s.name, "test"), max(s.items, 10), sort, or(s.operations, "{read: 50%, update: 50%}"),
		or(s.consistency, "eventual"), or(s.condition, "none"), max(s.limit, 1), max(s.limit, 1))))
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// target returns the target that settings describe, as a scenario in flow style would.
func target(t testing.TB, settings string) workload.Target {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte("{name: db, driver: aerospike, "+settings+"}"), &doc); err != nil {
		t.Fatal(err)
	}
	return workload.Target{Name: "db", Driver: "aerospike", Node: doc.Content[0]}
}

// start runs an embedded cluster until the test's end. Its delays are off unless o says
// otherwise.
func start(t testing.TB, o server.Options) *server.Cluster {
	t.Helper()
	o.Clock = clock.Real()
	o.RandomSeed = 3
	c, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("ending the cluster: %v", err)
		}
	})
	return c
}

func hosts(seed string) string { return fmt.Sprintf("hosts: [%q]", seed) }

// open opens the driver on a seed node until the test's end.
func open(t testing.TB, sc *workload.Scenario, c clock.Clock, settings string) *cluster {
	t.Helper()
	d, err := Open(t.Context(), driver.Env{Clock: c, Scenario: sc, Target: target(t, settings), Run: "run-1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return d.(*cluster)
}

// ready is open with the set provisioned and loaded.
func ready(t testing.TB, sc *workload.Scenario, settings string) *cluster {
	t.Helper()
	c := open(t, sc, clock.Real(), settings)
	if err := c.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Load(t.Context(), 0, sc.Dataset.Items, func(uint64) {}); err != nil {
		t.Fatal(err)
	}
	return c
}

func openSession(t testing.TB, c *cluster) *session {
	t.Helper()
	s, err := c.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s.(*session)
}

// operation returns an operation on an item; writes have a body and the version 1.
func operation(sc *workload.Scenario, kind op.Kind, item uint64) *op.Op {
	o := &op.Op{Kind: kind, Item: item, Due: -1, Limit: sc.Workload.Query.Limit}
	o.Partition, o.Sort = sc.Place(item)
	if kind == op.Update || kind == op.Insert || kind == op.ReadModifyWrite {
		o.Version = 1
		o.Body = workload.NewLoader(sc).Body(nil, item)
	}
	return o
}

func do(t testing.TB, s *session, o *op.Op) *op.Outcome {
	t.Helper()
	out := new(op.Outcome)
	s.Do(t.Context(), o, out)
	return out
}

// bare calls f with a client of the library's own, with its defaults.
func bare(t testing.TB, seed string, f func(*as.Client)) {
	t.Helper()
	host, port, err := net.SplitHostPort(seed)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	client, cerr := as.NewClient(host, n)
	if cerr != nil {
		t.Fatal(cerr)
	}
	defer client.Close()
	f(client)
}

// userKey returns an item's key as the library's user would write it.
func userKey(t testing.TB, sc *workload.Scenario, set string, item uint64) *as.Key {
	t.Helper()
	partition, sort := sc.Place(item)
	text := string(sc.AppendPartitionKey(nil, partition))
	if sc.HasSort() {
		text += "|" + string(sc.AppendSortKey(nil, sort))
	}
	key, err := as.NewKey("test", set, text)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// stored counts a set's records by a scan of its own: items, and markers.
func stored(t testing.TB, seed, set string) (items, markers int) {
	t.Helper()
	bare(t, seed, func(client *as.Client) {
		records, err := client.ScanAll(nil, "test", set)
		if err != nil {
			t.Fatal(err)
		}
		for r := range records.Results() {
			switch {
			case r.Err != nil:
				t.Fatal(r.Err)
			case r.Record.Bins["owner"] == "crossover":
				markers++
			default:
				items++
			}
		}
	})
	return items, markers
}
