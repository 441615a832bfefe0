package dynamodb

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/driver/drivertest"
	"crossover/workload"
	"crossover/workload/mapping"
	"crossover/workload/op"
)

// database is the standin as the suite sees it.
func (s *standin) database() drivertest.Database {
	return drivertest.Database{
		Settings: "endpoint: " + s.server.URL,
		Count: func(_ *testing.T, sc *workload.Scenario) int {
			s.mu.Lock()
			defer s.mu.Unlock()
			if table := s.tables[mapping.TableName(sc)]; table != nil {
				return len(table.items)
			}
			return -1
		},
		Fetch: func(_ *testing.T, sc *workload.Scenario, item uint64) map[string]string {
			s.mu.Lock()
			defer s.mu.Unlock()
			partition, sort := sc.Place(item)
			key := string(sc.AppendPartitionKey(nil, partition)) + "\x00"
			if sc.HasSort() {
				key += string(sc.AppendSortKey(nil, sort))
			}
			return plain(s.tables[mapping.TableName(sc)].items[key])
		},
		Foreign: func(_ *testing.T, sc *workload.Scenario) {
			s.mu.Lock()
			defer s.mu.Unlock()
			name := mapping.TableName(sc)
			s.tables[name] = &standinTable{
				description: map[string]any{
					"TableName": name, "TableStatus": "ACTIVE", "TableId": "theirs",
					"TableArn":             "arn:aws:dynamodb:us-east-1:123456789012:table/" + name,
					"KeySchema":            []map[string]string{{"AttributeName": "pk", "KeyType": "HASH"}},
					"AttributeDefinitions": []map[string]string{{"AttributeName": "pk", "AttributeType": "S"}},
				},
				tags:  []map[string]string{{"Key": "team", "Value": "payments"}},
				items: map[string]standinItem{"theirs\x00": {"pk": {"S": "theirs"}}},
			}
		},
	}
}

func plain(it standinItem) map[string]string {
	if it == nil {
		return nil
	}
	out := map[string]string{}
	for name, v := range it {
		out[name] = v["S"]
	}
	return out
}

// A fixture is a driver on a standin, with its table and items.
type fixture struct {
	*standin
	sc     *workload.Scenario
	driver driver.Driver
	stream workload.Stream
}

// scenario returns a scenario with these operations and, behind it, more settings of the
// workload.
func scenario(t testing.TB, dataset, workloadText string) *workload.Scenario {
	t.Helper()
	sc, err := workload.Parse("test.yaml", []byte(fmt.Sprintf(`version: 1
name: dynamodb-test
dataset: %s
workload:
  keys: sequential
%s
  arrival: {closed: {workers: 1}}
  phases: [{name: all, operations: 1000}]
`, dataset, workloadText)))
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// target reads a target's settings, as part of a scenario's text.
func target(t testing.TB, sc *workload.Scenario, settings string) workload.Target {
	t.Helper()
	text := append([]byte(nil), []byte("version: 1\nname: t\ndataset: {items: 1, size: 200B}\nworkload: {operations: {read: 100%}, arrival: {closed: {}}, phases: [{name: a, operations: 1}]}\ntargets:\n  - {name: d, driver: dynamodb, "+settings+"}\n")...)
	with, err := workload.Parse(sc.File, text)
	if err != nil {
		t.Fatal(err)
	}
	return with.Targets[0]
}

func openDriver(t testing.TB, c clock.Clock, sc *workload.Scenario, address, settings string) (driver.Driver, error) {
	t.Helper()
	d, err := Definition().Open(t.Context(), driver.Env{Clock: c, Scenario: sc, Target: target(t, sc, settings), Address: address, Run: "run 1"})
	if err == nil {
		t.Cleanup(func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	return d, err
}

// quick are retries that a test can wait for.
const quick = "retries: {attempts: 3, base: 1us, throttle_base: 1us}"

// start opens a driver on a standin that holds the data set.
func start(t testing.TB, sc *workload.Scenario, settings string) *fixture {
	t.Helper()
	f := &fixture{standin: startStandin(t), sc: sc, stream: workload.NewStream(sc)}
	var err error
	if f.driver, err = openDriver(t, clock.Real(), sc, "", "endpoint: "+f.server.URL+", "+settings); err != nil {
		t.Fatal(err)
	}
	d := f.driver.(*Driver)
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Load(t.Context(), 0, sc.Dataset.Items, func(uint64) {}); err != nil {
		t.Fatal(err)
	}
	return f
}

// do performs the stream's operation i on a new session.
func (f *fixture) do(t testing.TB, i uint64) (*op.Op, *op.Outcome) {
	t.Helper()
	s, err := f.driver.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o, out := new(op.Op), new(op.Outcome)
	f.stream.At(i, o)
	s.Do(t.Context(), o, out)
	return o, out
}

// onCall sets a hook that answers the named operation's requests, from the n-th on counted
// anew, as long as answer returns true.
func (f *fixture) onCall(name string, reply func(w http.ResponseWriter, r *http.Request, n int) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.counts[name]
	f.hook = func(w http.ResponseWriter, r *http.Request, called string, n int) bool {
		return called == name && reply(w, r, n-before)
	}
}

// The suite, with credentials that it looks for in all that the driver says.
func TestStandin(t *testing.T) { eachClient(t, "suite", suite) }

func suite(t *testing.T, client string) {
	withCredentials(t)
	drivertest.Run(t, drivertest.Subject{
		Definition: Definition(), Place: "table", Units: true,
		States:  []drivertest.State{drivertest.Faulty, drivertest.Stalled},
		Secrets: []string{fakeKey, fakeSecret, fakeToken},
		Start: func(t *testing.T, state drivertest.State) drivertest.Database {
			s := startStandin(t)
			db := s.database()
			db.Settings += client
			switch state {
			case drivertest.Faulty:
				db.Settings += ", retries: {attempts: 6, base: 1us, throttle_base: 1us, quota: false}"
				s.hook = s.faulty
			case drivertest.Stalled:
				s.hook = func(_ http.ResponseWriter, r *http.Request, name string, _ int) bool {
					if !isData(name) {
						return false
					}
					<-r.Context().Done()
					return true
				}
			}
			return db
		},
	})
}

func isData(name string) bool {
	return strings.HasSuffix(name, "Item") || name == "Query" || name == "Scan"
}

// faulty throttles, fails, resets and cuts answers short, one of each in every 20 requests.
func (s *standin) faulty(w http.ResponseWriter, _ *http.Request, name string, n int) bool {
	if !isData(name) {
		return false
	}
	switch n % 20 {
	case 3:
		throttle(w, "TableReadKeyRangeThroughputExceeded")
	case 8:
		refuse(w, http.StatusInternalServerError, "InternalServerError", "Internal server error")
	case 13:
		panic(http.ErrAbortHandler)
	case 17:
		http.Error(w, "no JSON", http.StatusBadGateway)
	default:
		return false
	}
	return true
}
