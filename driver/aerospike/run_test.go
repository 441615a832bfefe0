package aerospike

import (
	"slices"
	"strings"
	"testing"

	as "github.com/aerospike/aerospike-client-go/v7"

	"crossover/driver"
	"crossover/driver/clock"
	server "crossover/driver/embedded/aerospike"
	"crossover/workload"
	"crossover/workload/op"
)

// What the driver saw of overload and what the nodes counted are the same refusals, and the
// outcomes add up.
func TestAttemptsAddUp(t *testing.T) {
	const n = 600
	c := start(t, server.Options{Faults: server.Faults{Overload: 0.1}})
	sc := shape{items: 60, operations: "{read: 50%, update: 40%, read_modify_write: 10%}"}.scenario(t)
	d := ready(t, sc, hosts(c.Seed())+", retries: {attempts: 4, base: 0s}")
	refused := func() (sum uint64) {
		sample, err := d.Sample(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range sample.Partitions {
			sum += p.Throttles["DEVICE_OVERLOAD"]
		}
		return sum
	}
	before := refused()
	s, stream, o, out := openSession(t, d), workload.NewStream(sc), new(op.Op), new(op.Outcome)
	var attempts, requests, overloads, nodes int
	var classes [op.ClassCount]int
	for i := range uint64(n) {
		stream.At(i, o)
		s.Do(t.Context(), o, out)
		attempts, requests = attempts+len(out.Attempts), requests+out.Requests
		classes[out.Class]++
		for _, a := range out.Attempts {
			if a.Class == op.Overload {
				overloads++
				if a.Reason != "DEVICE_OVERLOAD" {
					t.Fatalf("reason %q", a.Reason)
				}
			}
		}
		if out.Node >= 0 && out.Node < 3 {
			nodes |= 1 << out.Node
		}
		if out.Partition < 0 || out.Partition >= partitions {
			t.Fatalf("partition %d", out.Partition)
		}
	}
	if classes[op.OK]+classes[op.Overload] != n || classes[op.OK] < n*9/10 {
		t.Errorf("classes %v", classes)
	}
	if attempts <= requests || overloads == 0 {
		t.Errorf("%d attempts of %d requests, %d refused", attempts, requests, overloads)
	}
	if got := refused() - before; got != uint64(overloads) {
		t.Errorf("the nodes refused %d, the driver saw %d", got, overloads)
	}
	if nodes != 7 {
		t.Errorf("nodes seen: %b, expected all three", nodes)
	}
}

// The node of an outcome is the one that answered: its own count of requests rises.
func TestNodeIsTheOneThatAnswered(t *testing.T) {
	sc := shape{items: 30}.scenario(t)
	d := ready(t, sc, hosts(start(t, server.Options{}).Seed()))
	s := openSession(t, d)
	counts := func() map[string][2]uint64 {
		sample, err := d.Sample(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sums := map[string][2]uint64{}
		for _, p := range sample.Partitions {
			sums[p.ID] = [2]uint64{p.Reads, p.Writes}
		}
		return sums
	}
	for item := range uint64(6) {
		for k, kind := range []op.Kind{op.Read, op.Update} {
			before := counts()
			out := do(t, s, operation(sc, kind, item))
			after := counts()
			for i, name := range d.nodes.names {
				if rose := after[name][k] > before[name][k]; rose != (i == out.Node) {
					t.Errorf("%v of item %d: node %d; node %d (%s) went from %v to %v", kind, item, out.Node, i, name, before[name], after[name])
				}
			}
		}
	}
}

// A session's pages hold every record once, whatever the windows, and then begin again.
func TestPagesWrap(t *testing.T) {
	c := start(t, server.Options{})
	for _, s := range []shape{
		{name: "narrow", items: 3000, limit: 17, operations: "{scan_page: 100%}"}, // 185 partitions at a time
		{name: "whole", items: 300, limit: 50, operations: "{scan_page: 100%}"},   // all at once
		{name: "tiny", items: 40, limit: 1, operations: "{scan_page: 100%}"},      // fewer records than nodes
	} {
		t.Run(s.name, func(t *testing.T) {
			sc := s.scenario(t)
			d := ready(t, sc, hosts(c.Seed()))
			se := openSession(t, d)
			whole := uint64(0)
			for item := range sc.Dataset.Items {
				whole += sc.ItemSize(item)
			}
			for round := range 3 {
				items, bytes, pages, short := 0, uint64(0), 0, 0
				for items < s.items {
					o := operation(sc, op.ScanPage, 0)
					o.Limit = sc.Workload.Scan.Limit
					out := do(t, se, o)
					if out.Class != op.OK || out.Items == 0 || out.Items > s.limit {
						t.Fatalf("round %d: page of %d items, %v, %v", round, out.Items, out.Class, out.Err)
					}
					if out.Items < s.limit {
						short++
					}
					items, bytes, pages = items+out.Items, bytes+out.BytesIn, pages+1
				}
				if items != s.items || bytes != whole {
					t.Fatalf("round %d: %d items, %d bytes, expected %d and %d", round, items, bytes, s.items, whole)
				}
				if short > 1 {
					t.Errorf("round %d: %d of %d pages are short, expected at most the last", round, short, pages)
				}
			}
		})
	}
}

// Pages go on where they were when an attempt failed half way.
func TestPagesSurviveFailures(t *testing.T) {
	sc := shape{items: 500, limit: 40, operations: "{scan_page: 100%}"}.scenario(t)
	d, p := spoiled(t, clock.Real(), shape{items: 500, limit: 40, operations: "{scan_page: 100%}"}, ", retries: {attempts: 3, base: 0s}")
	if err := d.Load(t.Context(), 0, 500, func(uint64) {}); err != nil {
		t.Fatal(err)
	}
	s := openSession(t, d)
	items, failed := 0, 0
	for page := 0; items < 500; page++ {
		p.cut.Store(page%3 == 1)
		out := do(t, s, operationWithLimit(sc, 40))
		if page%3 == 1 {
			if out.Class != op.Failed || out.Reason != "NETWORK_ERROR" || len(out.Attempts) != 3 {
				t.Fatalf("%v %q after %d attempts", out.Class, out.Reason, len(out.Attempts))
			}
			failed++
			continue
		}
		if out.Class != op.OK || out.Items == 0 {
			t.Fatalf("page %d: %v, %d items, %v", page, out.Class, out.Items, out.Err)
		}
		items += out.Items
	}
	if items != 500 || failed == 0 {
		t.Errorf("%d items, %d failed pages", items, failed)
	}
}

func operationWithLimit(sc *workload.Scenario, limit uint32) *op.Op {
	o := operation(sc, op.ScanPage, 0)
	o.Limit = limit
	return o
}

// A query receives what the partition key has and returns the first of it in sort-key order;
// both are counted.
func TestQueryCounts(t *testing.T) {
	sc := shape{items: 200, sort: 50, limit: 8, operations: "{query: 100%}"}.scenario(t)
	d := ready(t, sc, hosts(start(t, server.Options{}).Seed()))
	s := openSession(t, d)
	want := uint64(0)
	for item := uint64(100); item < 108; item++ {
		want += sc.ItemSize(item)
	}
	out := do(t, s, operation(sc, op.Query, 123))
	if out.Class != op.OK || out.Items != 8 || out.BytesIn != want || out.Requests != 1 || len(out.Attempts) != 1 {
		t.Errorf("%v, %d items, %d bytes, %d requests; expected the 8 first of %d bytes", out.Class, out.Items, out.BytesIn, out.Requests, want)
	}
	sample, err := d.Sample(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r, k := sample.Counters["driver.query_records_received"], sample.Counters["driver.query_records_returned"]; r != 50 || k != 8 {
		t.Errorf("%v received and %v returned, expected 50 and 8", r, k)
	}
}

// Loading goes on through refusals.
func TestLoadThroughFaults(t *testing.T) {
	c := start(t, server.Options{Faults: server.Faults{Overload: 0.2, Timeout: 0.02, Reset: 0.02}})
	sc := shape{items: 400}.scenario(t)
	d := open(t, sc, clock.Real(), hosts(c.Seed()))
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	reported := uint64(0)
	if err := d.Load(t.Context(), 0, 400, func(n uint64) { reported += n }); err != nil {
		t.Fatal(err)
	}
	if reported != 400 {
		t.Errorf("%d items reported", reported)
	}
}

// A cluster says itself whether it is embedded; real is only what is declared so, and what
// says that it is embedded is never real.
func TestDescribeKinds(t *testing.T) {
	sc := shape{consistency: "strong"}.scenario(t)
	seed := start(t, server.Options{Nodes: 1}).Seed()
	for _, c := range []struct {
		name, settings string
		status         string
		kind           driver.Kind
	}{
		{"embedded", "", "", driver.Embedded},
		{"declared real, but embedded", ", kind: real", "", driver.Embedded},
		{"unknown", "", "ERROR:4:unrecognized command", driver.Other},
		{"declared other", ", kind: other", "ERROR:4:unrecognized command", driver.Other},
		{"declared real", ", kind: real", "ERROR:4:unrecognized command", driver.Real},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProxy(t, sc, "", seed)
			if c.status != "" {
				p.replace(statusCommand, c.status)
			}
			about, err := open(t, sc, clock.Real(), hosts(p.address())+c.settings).Describe(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if about.Kind != c.kind || about.Identity == "" || about.Client == "" || len(about.Raw) == 0 {
				t.Errorf("%+v, expected kind %s", about, c.kind)
			}
			for _, name := range []string{"build", "edition", "cluster_size", "storage-engine", "failed_best_practices", "attempts", "replica"} {
				if about.Settings[name] == "" {
					t.Errorf("no setting %q in %v", name, about.Settings)
				}
			}
			if !contains(about.Warnings, "single node") || !contains(about.Warnings, "AP mode") {
				t.Errorf("warnings %q", about.Warnings)
			}
		})
	}
}

// Against a server that is not crossover's, heat comes from the counters that any has.
func TestSampleOfAnyServer(t *testing.T) {
	sc := shape{}.scenario(t)
	p := newProxy(t, sc, "crossover-test", start(t, server.Options{Nodes: 1}).Seed())
	p.replace(statusCommand, "ERROR:4:unrecognized command")
	d := ready(t, sc, hosts(p.address()))
	s := openSession(t, d)
	before, err := d.Sample(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for item := range uint64(7) {
		do(t, s, operation(sc, op.Read, item))
		do(t, s, operation(sc, op.Update, item))
	}
	after, err := d.Sample(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(after.Partitions) != 1 || after.Partitions[0].Reads-before.Partitions[0].Reads != 7 || after.Partitions[0].Writes-before.Partitions[0].Writes != 7 {
		t.Errorf("from %+v to %+v, expected 7 reads and 7 writes more", before.Partitions, after.Partitions)
	}
	name := d.nodes.names[0]
	for _, counter := range []string{"client_read_success", "client_write_success", "cluster_size", "data_used_bytes"} {
		if _, ok := after.Counters[name+"."+counter]; !ok {
			t.Errorf("no counter %s.%s", name, counter)
		}
	}
}

// A node that came and one that went are events, once each.
func TestMembershipEvents(t *testing.T) {
	d := open(t, shape{}.scenario(t), clock.Real(), hosts(start(t, server.Options{}).Seed()))
	all := d.client.GetNodes()
	var b sampled
	for _, c := range []struct {
		name string
		from int
		want string
	}{{"first", 1, ""}, {"joined", 0, "node_joined"}, {"same", 0, ""}, {"lost", 1, "node_lost"}} {
		events := b.membership(all[c.from:])
		if got := eventNames(events); got != c.want {
			t.Errorf("%s: events %q, expected %q", c.name, got, c.want)
		}
	}
}

// A node's own events are told once each; a shorter list is that of a node started anew.
func TestOwnEventsOnce(t *testing.T) {
	a, b, c := driver.Event{Name: "a"}, driver.Event{Name: "b"}, driver.Event{Name: "c"}
	var left sampled
	for _, step := range []struct {
		list []driver.Event
		want string
	}{{[]driver.Event{a}, "a"}, {[]driver.Event{a}, ""}, {[]driver.Event{a, b, c}, "bc"}, {[]driver.Event{c}, "c"}} {
		s := driver.Sample{Counters: map[string]float64{}}
		left.add(&s, reading{node: "BB9", own: true, status: status{Events: step.list}})
		if got := eventNames(s.Events); got != step.want {
			t.Errorf("%v: told %q, expected %q", step.list, got, step.want)
		}
	}
}

// A version condition holds only while nobody wrote, or removed, the record between the read
// and the write.
func TestVersionCondition(t *testing.T) {
	sc := shape{operations: "{read_modify_write: 100%}", condition: "version"}.scenario(t)
	c := start(t, server.Options{Nodes: 1})
	other := ready(t, sc, hosts(c.Seed()))
	rival := openSession(t, other)
	for _, step := range []struct {
		name  string
		rival op.Kind // op.KindCount: nobody
		class op.Class
	}{{"alone", op.KindCount, op.OK}, {"written", op.Update, op.ConditionFailed}, {"removed", op.Delete, op.ConditionFailed}} {
		t.Run(step.name, func(t *testing.T) {
			p := newProxy(t, sc, other.set, c.Seed())
			p.before = func(request int64) {
				if request == 2 && step.rival != op.KindCount {
					if out := do(t, rival, operation(sc, step.rival, 4)); out.Class != op.OK {
						t.Errorf("the rival's %v: %v", step.rival, out.Class)
					}
				}
			}
			d := open(t, sc, clock.Real(), hosts(p.address()))
			if err := d.Provision(t.Context()); err != nil {
				t.Fatal(err)
			}
			o := operation(sc, op.ReadModifyWrite, 4)
			o.Condition = op.VersionUnchanged
			p.requests.Store(0)
			out := do(t, openSession(t, d), o)
			if out.Class != step.class || out.Requests != 2 || len(out.Attempts) != 2 {
				t.Errorf("%v after %d requests, expected %v after 2", out.Class, out.Requests, step.class)
			}
		})
	}
}

// A session adds no allocation to the client library's own.
func TestSessionAllocatesNothing(t *testing.T) {
	sc := shape{}.scenario(t)
	d := ready(t, sc, hosts(start(t, server.Options{Nodes: 1}).Seed()))
	s, out := openSession(t, d), new(op.Outcome)
	policy, key := basePolicy(d.cfg.Timeout), userKey(t, sc, d.set, 7)
	write, record, body := d.writePolicy(d.cfg.Timeout, as.REPLACE), newRecord(sc, "test", d.set), workload.NewLoader(sc).Body(nil, 7)
	record.address(7, 0)
	record.fill(1, body)
	for kind, bare := range map[op.Kind]func(){
		op.Read:   func() { _, _ = d.client.Get(&policy, key) },
		op.Update: func() { _ = d.client.PutBins(write, record.key, record.bins...) },
	} {
		o := operation(sc, kind, 7)
		// The server is in this process, and the client asks after the cluster every second:
		// both are in both counts, and the lowest of a few is compared.
		lowest := func(f func()) float64 {
			return min(testing.AllocsPerRun(200, f), testing.AllocsPerRun(200, f), testing.AllocsPerRun(200, f))
		}
		session := lowest(func() { s.Do(t.Context(), o, out) })
		if client := lowest(bare); session > client {
			t.Errorf("%v: %v allocations, %v of them the client's", kind, session, client)
		}
	}
}

func eventNames(events []driver.Event) (names string) {
	for _, e := range events {
		names += e.Name
	}
	return names
}

func contains(list []string, part string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, part) })
}
