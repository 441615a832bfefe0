package aerospike

import (
	"fmt"
	"strings"
	"testing"
	"time"

	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/google/go-cmp/cmp"
)

// complexIndex creates an index into a bin's value and waits until it is usable.
func complexIndex(t *testing.T, client *as.Client, name, bin string, kind as.IndexType,
	over as.IndexCollectionType, ctx ...*as.CDTContext,
) {
	t.Helper()
	task, err := client.CreateComplexIndex(nil, "test", "s", name, bin, kind, over, ctx...)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-task.OnComplete(); err != nil {
		t.Fatal(err)
	}
}

// TestQueryIntoCollections compares queries by indexes on lists, maps and what contexts lead to
// with what the records hold; a record that has several of the wanted values comes once.
func TestQueryIntoCollections(t *testing.T) {
	client := connect(t, start(t, Options{Nodes: 3}))
	const n = 200
	write := func(i int) {
		bins := as.BinMap{
			"i":    i,
			"list": []any{i, i + 1, i + 2, fmt.Sprint("s", i%10), []byte{byte(i % 7)}},
			"map":  map[any]any{fmt.Sprint("k", i%5): i, i % 3: fmt.Sprint("v", i%4)},
			"deep": map[any]any{"in": []any{i % 6, -1}},
		}
		if err := client.Put(nil, mustKey(t, "s", i), bins); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n / 2 {
		write(i)
	}
	in := as.CtxMapKey(as.NewStringValue("in"))
	complexIndex(t, client, "list-n", "list", as.NUMERIC, as.ICT_LIST)
	complexIndex(t, client, "list-s", "list", as.STRING, as.ICT_LIST)
	complexIndex(t, client, "list-b", "list", as.BLOB, as.ICT_LIST)
	complexIndex(t, client, "keys-s", "map", as.STRING, as.ICT_MAPKEYS)
	complexIndex(t, client, "keys-n", "map", as.NUMERIC, as.ICT_MAPKEYS)
	complexIndex(t, client, "values-n", "map", as.NUMERIC, as.ICT_MAPVALUES)
	complexIndex(t, client, "values-s", "map", as.STRING, as.ICT_MAPVALUES)
	complexIndex(t, client, "in", "deep", as.NUMERIC, as.ICT_LIST, in)
	complexIndex(t, client, "first", "deep", as.NUMERIC, as.ICT_DEFAULT, in, as.CtxListIndex(0))
	for i := range n {
		write(i) // half of them again, as they are
	}
	if _, err := client.Operate(nil, mustKey(t, "s", 7), as.ListClearOp("list"), as.ListAppendOp("list", 500)); err != nil {
		t.Fatal(err)
	}
	between := func(from, to int) func(i int) bool { return func(i int) bool { return i >= from && i <= to } }
	for _, page := range []int64{0, 3} {
		for name, c := range map[string]struct {
			f  *as.Filter
			in func(i int) bool
		}{
			"in a list":      {as.NewContainsFilter("list", as.ICT_LIST, 50), between(48, 50)},
			"list range":     {as.NewContainsRangeFilter("list", as.ICT_LIST, 20, 30), between(18, 30)},
			"string in list": {as.NewContainsFilter("list", as.ICT_LIST, "s3"), func(i int) bool { return i%10 == 3 }},
			"blob in list":   {as.NewContainsFilter("list", as.ICT_LIST, []byte{5}), func(i int) bool { return i%7 == 5 }},
			"changed":        {as.NewContainsFilter("list", as.ICT_LIST, 500), between(7, 7)},
			"key":            {as.NewContainsFilter("map", as.ICT_MAPKEYS, "k2"), func(i int) bool { return i%5 == 2 }},
			"integer key":    {as.NewContainsFilter("map", as.ICT_MAPKEYS, 2), func(i int) bool { return i%3 == 2 }},
			"value":          {as.NewContainsRangeFilter("map", as.ICT_MAPVALUES, 190, 1000), between(190, n)},
			"string value":   {as.NewContainsFilter("map", as.ICT_MAPVALUES, "v1"), func(i int) bool { return i%4 == 1 }},
			"no such value":  {as.NewContainsFilter("map", as.ICT_MAPVALUES, "v9"), func(int) bool { return false }},
			"in context":     {as.NewContainsRangeFilter("deep", as.ICT_LIST, -5, 0, in), between(0, n)},
			"first":          {as.NewEqualFilter("deep", 4, in, as.CtxListIndex(0)), func(i int) bool { return i%6 == 4 }},
		} {
			want := map[int]int{}
			for i := range n {
				if c.in(i) {
					want[i] = 1
				}
			}
			if diff := cmp.Diff(want, queried(t, client, c.f, page)); diff != "" {
				t.Errorf("%s, pages of %d: %s", name, page, diff)
			}
		}
	}
}

// TestQueryByPlace asks for the points in a region, and for the regions around a point.
func TestQueryByPlace(t *testing.T) {
	client := connect(t, start(t, Options{Nodes: 2}))
	index(t, client, "s", "points", "point", as.GEO2DSPHERE)
	index(t, client, "s", "regions", "region", as.GEO2DSPHERE)
	for i := range 50 {
		x := float64(i) / 10
		point := fmt.Sprintf(`{"type":"Point","coordinates":[%g,1]}`, x)
		region := fmt.Sprintf(`{"type":"Polygon","coordinates":[[[%[1]g,0],[%[2]g,0],[%[2]g,2],[%[1]g,2],[%[1]g,0]]]}`,
			x-.25, x+.25)
		bins := as.BinMap{"i": i, "point": as.GeoJSONValue(point), "region": as.GeoJSONValue(region)}
		if err := client.Put(nil, mustKey(t, "s", i), bins); err != nil {
			t.Fatal(err)
		}
	}
	within := `{"type":"Polygon","coordinates":[[[0.95,0],[2.05,0],[2.05,2],[0.95,2],[0.95,0]]]}`
	at := `{"type":"Point","coordinates":[2,1]}`
	for name, c := range map[string]struct {
		f        *as.Filter
		from, to int
	}{
		"points within": {as.NewGeoWithinRegionFilter("point", within), 10, 20},
		"near a point":  {as.NewGeoWithinRadiusFilter("point", 3, 1, 25_000), 28, 32},
		"regions":       {as.NewGeoRegionsContainingPointFilter("region", at), 18, 22},
	} {
		want := map[int]int{}
		for i := c.from; i <= c.to; i++ {
			want[i] = 1
		}
		if diff := cmp.Diff(want, queried(t, client, c.f, 0)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestQueryInTheBackground changes what a query finds, and nothing else.
func TestQueryInTheBackground(t *testing.T) {
	c := start(t, Options{Nodes: 3})
	client := connect(t, c)
	const n = 300
	fill(t, client, "s", n)
	fill(t, client, "other", 20)
	index(t, client, "s", "by-i", "i", as.NUMERIC)
	filter := as.NewQueryPolicy()
	filter.FilterExpression = as.ExpEq(as.ExpIntBin("mod"), as.ExpIntVal(3))
	for _, job := range []struct {
		policy *as.QueryPolicy
		filter *as.Filter
		op     *as.Operation
		from   int
	}{
		{nil, as.NewRangeFilter("i", 100, 100_000), as.AddOp(as.NewBin("i", 1000)), 100},
		{filter, nil, as.AddOp(as.NewBin("touched", 1)), 0},
	} {
		statement := as.NewStatement("test", "s")
		if err := statement.SetFilter(job.filter); err != nil {
			t.Fatal(err)
		}
		task, err := client.QueryExecute(job.policy, nil, statement, job.op)
		if err != nil {
			t.Fatal(err)
		}
		if err := <-task.OnComplete(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		r, err := client.Get(nil, mustKey(t, "s", i))
		if err != nil {
			t.Fatal(err)
		}
		want := i
		if i >= 100 {
			want += 1000
		}
		if _, touched := r.Bins["touched"]; r.Bins["i"] != want || touched != (i%10 == 3) {
			t.Fatalf("record %d became %v", i, r.Bins)
		}
	}
	shown := ask(t, c, 0, "query-show\n")
	if strings.Count(shown, "job-type=background-ops") != 2 || !strings.Contains(shown, "status=done(ok)") {
		t.Errorf("query-show: %s", shown)
	}
	done, filtered := uint64(0), uint64(0)
	for _, node := range c.nodes {
		done += node.counters.done[fromQuery][writeAction][succeeded].Load()
		filtered += node.counters.done[fromQuery][writeAction][filteredOut].Load()
	}
	if done != 230 || filtered != 270 {
		t.Errorf("%d changed, %d filtered out", done, filtered)
	}
}

// TestBackgroundChangesOnce has more records in one partition than are read at a time, and moves
// them ahead within the index that the query goes through: none may be met again.
func TestBackgroundChangesOnce(t *testing.T) {
	client := connect(t, start(t, Options{Nodes: 1}))
	index(t, client, "s", "by-i", "i", as.NUMERIC)
	var keys []*as.Key
	for i := 0; len(keys) < queryPage+20; i++ {
		if k := mustKey(t, "s", i); k.PartitionId() == 7 {
			keys = append(keys, k)
			if err := client.PutBins(nil, k, as.NewBin("i", len(keys))); err != nil {
				t.Fatal(err)
			}
		}
	}
	statement := as.NewStatement("test", "s")
	if err := statement.SetFilter(as.NewRangeFilter("i", 0, 1<<40)); err != nil {
		t.Fatal(err)
	}
	task, err := client.QueryExecute(nil, nil, statement, as.AddOp(as.NewBin("i", 1000)))
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-task.OnComplete():
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(hang):
		t.Fatal("the query goes on and on")
	}
	for i, k := range keys {
		if r, err := client.Get(nil, k); err != nil || r.Bins["i"] != i+1001 {
			t.Fatalf("record %d: %v, %v", i, r, err)
		}
	}
}

// TestQueryIsAborted ends a slow query from outside.
func TestQueryIsAborted(t *testing.T) {
	c := start(t, Options{Nodes: 1})
	client := connect(t, c)
	fill(t, client, "s", 100)
	p := as.NewQueryPolicy()
	p.RecordsPerSecond = 20
	if _, err := client.QueryExecute(p, nil, as.NewStatement("test", "s"), as.AddOp(as.NewBin("n", 1))); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, c, 0, "query-show\n"); !strings.Contains(got, "status=active(ok)") {
		t.Errorf("under way: %s", got)
	}
	if got := ask(t, c, 0, "query-abort-all:\n"); !strings.HasSuffix(got, "killed: 1\n") {
		t.Errorf("abort: %s", got)
	}
	for until := time.Now().Add(hang); !strings.Contains(ask(t, c, 0, "query-show\n"), "status=done(user-aborted)"); {
		if time.Now().After(until) {
			t.Fatal("the query did not end")
		}
	}
	for command, want := range map[string]string{
		"query-show:trid=1": "ERROR:2:job not found", "query-show:trid=x": "ERROR:4:bad 'trid'",
		"query-abort:trid=1": "ERROR:2:job not found", "query-abort": "ERROR:4:bad 'trid'",
	} {
		if got := ask(t, c, 0, command+"\n"); got != command+"\t"+want+"\n" {
			t.Errorf("%s: %q", command, got)
		}
	}
}
