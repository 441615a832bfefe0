package dynamodb

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/workload"
)

const (
	tableName = "crossover-dynamodb-test"
	mixedOps  = "  operations: {read: 50%, insert: 50%}"
	sorted    = "{items: 20, key: {sort: {per_partition: 5}}, size: 600B}"
)

// on opens another driver on a standin, as another process would.
func on(t testing.TB, s *standin, sc *workload.Scenario, settings string) *Driver {
	t.Helper()
	d, err := openDriver(t, clock.Real(), sc, "", "endpoint: "+s.server.URL+settings)
	if err != nil {
		t.Fatal(err)
	}
	return d.(*Driver)
}

// wrote returns how many requests could have changed anything.
func (s *standin) wrote() (n int) {
	for _, name := range []string{"CreateTable", "DeleteTable", "BatchWriteItem", "PutItem", "DeleteItem", "TagResource", "UpdateTable"} {
		n += s.called(name)
	}
	return n
}

func TestTableIsTaggedAndShaped(t *testing.T) {
	for _, c := range []struct {
		dataset, settings string
		key, capacity     string
	}{
		{small, "", `[{"AttributeName":"pk","KeyType":"HASH"}]`, "on demand"},
		{sorted, ", capacity: {on_demand: {}}", `[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}]`, "on demand"},
		{small, ", capacity: {on_demand: {max_read: 500, max_write: 100}}", `[{"AttributeName":"pk","KeyType":"HASH"}]`, "on demand, at most 500 read units/s, at most 100 write units/s"},
		{small, ", capacity: {provisioned: {read: 50, write: 10}}", `[{"AttributeName":"pk","KeyType":"HASH"}]`, "provisioned, 50 RCU and 10 WCU"},
	} {
		t.Run(c.settings, func(t *testing.T) {
			s := startStandin(t)
			d := on(t, s, scenario(t, c.dataset, mixedOps), c.settings)
			if err := d.Provision(t.Context()); err != nil {
				t.Fatal(err)
			}
			table, err := d.describeTable(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got := capacityOf(table).String(); got != c.capacity {
				t.Errorf("capacity %q, want %q", got, c.capacity)
			}
			want := []map[string]string{{"Key": "crossover", "Value": "owned"}, {"Key": "crossover-run", "Value": "run 1"}}
			if diff := cmp.Diff(want, s.tables[tableName].tags); diff != "" {
				t.Errorf("tags, want (-) and got (+):\n%s", diff)
			}
			if got := jsonOf(t, s.tables[tableName].description["KeySchema"]); got != c.key {
				t.Errorf("key %s, want %s", got, c.key)
			}
		})
	}
}

// What an earlier run inserted is gone once the data set is loaded; without loading it is
// there, and said to be.
func TestLeftoverTable(t *testing.T) {
	f := start(t, scenario(t, small, mixedOps), quick)
	f.mu.Lock()
	f.tables[tableName].items["item#77\x00"] = standinItem{"pk": {"S": "item#77"}}
	f.mu.Unlock()

	d := on(t, f.standin, f.sc, "")
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	about, err := d.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(about.Warnings) != 1 || !strings.Contains(about.Warnings[0], `left from run "run 1"`) || len(f.tables[tableName].items) != 21 {
		t.Errorf("warnings %q with %d items", about.Warnings, len(f.tables[tableName].items))
	}
	if err := d.Load(t.Context(), 0, 10, func(uint64) {}); err != nil {
		t.Fatal(err)
	}
	if err := d.Load(t.Context(), 10, 20, func(uint64) {}); err != nil {
		t.Fatal(err)
	}
	if n := len(f.tables[tableName].items); n != 20 {
		t.Errorf("%d items after loading 20 anew", n)
	}
	about, err = d.Describe(t.Context())
	if err != nil || len(about.Warnings) != 0 {
		t.Errorf("warnings %q after loading anew, error %v", about.Warnings, err)
	}
}

func TestTableThatDoesNotFit(t *testing.T) {
	f := start(t, scenario(t, small, mixedOps), "capacity: {provisioned: {read: 5, write: 5}}")
	before := f.wrote()
	for settings, want := range map[string]string{
		"": "has capacity provisioned, 5 RCU and 5 WCU instead of on demand",
		", capacity: {provisioned: {read: 6, write: 5}}": "instead of provisioned, 6 RCU and 5 WCU",
	} {
		if err := on(t, f.standin, f.sc, settings).Provision(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", settings, err, want)
		}
	}
	err := on(t, f.standin, scenario(t, sorted, mixedOps), ", capacity: {provisioned: {read: 5, write: 5}}").Provision(t.Context())
	if want := "has the key hash pk (S) instead of hash pk (S), range sk (S)"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
	if f.wrote() != before {
		t.Errorf("%d requests that write", f.wrote()-before)
	}
}

// Nothing is written to a table that is not crossover's, however its tags are found out about.
func TestRefusalWritesNothing(t *testing.T) {
	for name, hook := range map[string]func(w http.ResponseWriter, n int) bool{
		"other tags": func(http.ResponseWriter, int) bool { return false },
		"tags that cannot be read": func(w http.ResponseWriter, _ int) bool {
			refuse(w, http.StatusBadRequest, "AccessDeniedException", "")
			return true
		},
		"tags over two pages": func(w http.ResponseWriter, n int) bool {
			answer(w, map[string]any{"Tags": []map[string]string{{"Key": fmt.Sprint("k", n), "Value": "v"}}, "NextToken": map[bool]string{true: "more"}[n == 1]})
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, sc := startStandin(t), scenario(t, small, mixedOps)
			s.database().Foreign(t, sc)
			s.hook = func(w http.ResponseWriter, _ *http.Request, called string, n int) bool {
				return called == "ListTagsOfResource" && hook(w, n)
			}
			d := on(t, s, sc, "")
			for what, err := range map[string]error{"Provision": d.Provision(t.Context()), "Drop": d.Drop(t.Context())} {
				if !errors.Is(err, driver.ErrNotOwned) || !strings.Contains(err.Error(), "expendable: true") {
					t.Errorf("%s: %v", what, err)
				}
			}
			if n := s.wrote(); n != 0 || s.database().Count(t, sc) != 1 {
				t.Errorf("%d requests that write; %d items", n, s.database().Count(t, sc))
			}
		})
	}
}

func TestOwnershipIsFoundOnASecondPageOfTags(t *testing.T) {
	f := start(t, scenario(t, small, mixedOps), quick)
	f.onCall("ListTagsOfResource", func(w http.ResponseWriter, _ *http.Request, n int) bool {
		if n == 1 {
			answer(w, map[string]any{"Tags": []map[string]string{{"Key": "team", "Value": "a"}}, "NextToken": "more"})
		}
		return n == 1
	})
	if err := on(t, f.standin, f.sc, "").Provision(t.Context()); err != nil {
		t.Error(err)
	}
}

// A table that somebody else made under the name since Provision is not dropped.
func TestDropKnowsTheTableItself(t *testing.T) {
	f := start(t, scenario(t, small, mixedOps), quick)
	f.database().Foreign(t, f.sc)
	if err := f.driver.(*Driver).Drop(t.Context()); !errors.Is(err, driver.ErrNotOwned) {
		t.Errorf("got %v", err)
	}
	if f.database().Count(t, f.sc) != 1 {
		t.Error("somebody else's table is gone")
	}
}

// A table on its way in or out is waited for.
func TestTableStates(t *testing.T) {
	s, sc := startStandin(t), scenario(t, small, mixedOps)
	status := []string{"CREATING", "CREATING", "ACTIVE"}
	s.hook = func(_ http.ResponseWriter, _ *http.Request, called string, _ int) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		if table := s.tables[tableName]; called == "DescribeTable" && table != nil && len(status) > 0 {
			if status[0] == "gone" {
				delete(s.tables, tableName)
			} else {
				table.description["TableStatus"] = status[0]
			}
			status = status[1:]
		}
		return false
	}
	d := on(t, s, sc, "")
	if err := d.Provision(t.Context()); err != nil || len(status) != 0 {
		t.Fatalf("error %v, states left %v", err, status)
	}
	status = []string{"DELETING", "DELETING", "gone"}
	if err := on(t, s, sc, "").Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := s.called("CreateTable"); n != 2 || s.database().Count(t, sc) != 0 {
		t.Errorf("%d tables created, %d items", n, s.database().Count(t, sc))
	}
}

// Two processes create the table at once: the slower finds the other's.
func TestCreationRace(t *testing.T) {
	s, sc := startStandin(t), scenario(t, small, mixedOps)
	s.hook = func(w http.ResponseWriter, _ *http.Request, called string, n int) bool {
		if called == "CreateTable" && n == 1 {
			other := on(t, s, sc, "")
			if err := other.Provision(t.Context()); err != nil {
				t.Error(err)
			}
		}
		return false
	}
	if err := on(t, s, sc, "").Provision(t.Context()); err != nil || s.called("CreateTable") != 2 {
		t.Errorf("error %v after %d CreateTable", err, s.called("CreateTable"))
	}
}

func TestTagValue(t *testing.T) {
	for run, want := range map[string]string{
		"a-b_c.d:e/f@g h+i=j": "a-b_c.d:e/f@g h+i=j", "é<>\"\n": "-----", strings.Repeat("x", 300): strings.Repeat("x", maxTagValue),
	} {
		if got := tagValue(run); got != want {
			t.Errorf("tagValue(%q) = %q", run, got)
		}
	}
}
