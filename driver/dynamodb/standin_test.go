package dynamodb

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/driver/drivertest"
	"crossover/workload"
	"crossover/workload/mapping"
	"crossover/workload/op"
)

// A standin is the little of DynamoDB that the driver asks for, with answers that a test can
// replace one by one. What it cannot do it refuses.
type standin struct {
	mu     sync.Mutex
	tables map[string]*standinTable
	// hook may answer a request itself, by returning true. n counts this operation's requests
	// from 1.
	hook   func(w http.ResponseWriter, r *http.Request, name string, n int) bool
	counts map[string]int
	server *httptest.Server
}

type standinTable struct {
	description map[string]any
	tags        []map[string]string
	items       map[string]standinItem
}

type standinItem = map[string]map[string]string // attribute -> {"S": value}

func startStandin(t testing.TB) *standin {
	t.Helper()
	s := &standin{tables: map[string]*standinTable{}, counts: map[string]int{}}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

// called returns how often an operation was asked for.
func (s *standin) called(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[name]
}

func (s *standin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body)) // for the hook
	s.mu.Lock()
	s.counts[name]++
	n, hook := s.counts[name], s.hook
	s.mu.Unlock()
	if hook != nil && hook(w, r, name, n) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var in standinRequest
	if err := json.Unmarshal(body, &in); err != nil {
		refuse(w, http.StatusBadRequest, "SerializationException", "")
		return
	}
	switch name {
	case "CreateTable":
		s.createTable(w, &in, body)
		return
	case "BatchWriteItem":
		s.batch(w, &in)
		return
	case "ListTagsOfResource":
		in.TableName = in.ResourceArn[strings.LastIndexByte(in.ResourceArn, '/')+1:]
	}
	table := s.tables[in.TableName]
	if table == nil {
		refuse(w, http.StatusBadRequest, "ResourceNotFoundException", "")
		return
	}
	s.onTable(w, name, table, &in)
}

// A standinRequest holds the members of all requests that the driver sends.
type standinRequest struct {
	TableName, ResourceArn, ConditionExpression string
	ReturnConsumedCapacity                      string
	Key, Item                                   standinItem
	ExpressionAttributeValues                   standinItem
	ExclusiveStartKey                           standinItem
	ConsistentRead                              bool
	Limit                                       int
	Tags                                        []map[string]string
	RequestItems                                map[string][]struct{ PutRequest struct{ Item standinItem } }
}

func (s *standin) onTable(w http.ResponseWriter, name string, table *standinTable, in *standinRequest) {
	switch name {
	case "DescribeTable":
		answer(w, map[string]any{"Table": table.description})
	case "DeleteTable":
		delete(s.tables, in.TableName)
		answer(w, map[string]any{"TableDescription": table.description})
	case "ListTagsOfResource":
		answer(w, map[string]any{"Tags": table.tags})
	case "GetItem":
		it := table.items[storeKey(in.Key)]
		out := consumed(in, readUnits(itemSize(it), in.ConsistentRead))
		if it != nil {
			out["Item"] = it
		}
		answer(w, out)
	case "PutItem", "DeleteItem":
		table.write(w, name, in)
	case "Query", "Scan":
		table.page(w, name, in)
	default:
		refuse(w, http.StatusBadRequest, "UnknownOperationException", name)
	}
}

func (s *standin) createTable(w http.ResponseWriter, in *standinRequest, body []byte) {
	if s.tables[in.TableName] != nil {
		refuse(w, http.StatusBadRequest, "ResourceInUseException", in.TableName)
		return
	}
	var d map[string]any
	if err := json.Unmarshal(body, &d); err != nil {
		refuse(w, http.StatusBadRequest, "SerializationException", "")
		return
	}
	delete(d, "Tags")
	d["TableArn"] = "arn:aws:dynamodb:us-east-1:123456789012:table/" + in.TableName
	d["TableId"] = fmt.Sprintf("id-%d", s.counts["CreateTable"])
	d["TableStatus"] = "ACTIVE"
	if d["BillingMode"] == "PAY_PER_REQUEST" {
		d["BillingModeSummary"] = map[string]any{"BillingMode": d["BillingMode"]}
	}
	delete(d, "BillingMode")
	s.tables[in.TableName] = &standinTable{description: d, tags: in.Tags, items: map[string]standinItem{}}
	answer(w, map[string]any{"TableDescription": d})
}

func (s *standin) batch(w http.ResponseWriter, in *standinRequest) {
	var capacity []any
	for name, writes := range in.RequestItems {
		table := s.tables[name]
		if table == nil || len(writes) > batchSize {
			refuse(w, http.StatusBadRequest, "ValidationException", fmt.Sprintf("%d writes to %s", len(writes), name))
			return
		}
		units := 0.0
		for _, write := range writes {
			table.items[storeKey(write.PutRequest.Item)] = write.PutRequest.Item
			units += writeUnits(itemSize(write.PutRequest.Item))
		}
		capacity = append(capacity, map[string]any{"TableName": name, "CapacityUnits": units})
	}
	answer(w, map[string]any{"ConsumedCapacity": capacity, "UnprocessedItems": map[string]any{}})
}

func (table *standinTable) write(w http.ResponseWriter, name string, in *standinRequest) {
	key := storeKey(in.Item)
	if name == "DeleteItem" {
		key = storeKey(in.Key)
	}
	old := table.items[key]
	holds := map[string]bool{
		"": true, "attribute_exists(pk)": old != nil, "attribute_not_exists(pk)": old == nil,
		"ver = :ver": old != nil && old["ver"]["S"] == in.ExpressionAttributeValues[":ver"]["S"],
	}
	applies, known := holds[in.ConditionExpression]
	if !known {
		refuse(w, http.StatusBadRequest, "ValidationException", in.ConditionExpression)
		return
	}
	if !applies {
		refuse(w, http.StatusBadRequest, "ConditionalCheckFailedException", "The conditional request failed")
		return
	}
	size := max(itemSize(old), itemSize(in.Item))
	if name == "DeleteItem" {
		delete(table.items, key)
	} else {
		table.items[key] = in.Item
	}
	answer(w, consumed(in, writeUnits(size)))
}

// page answers a Query or Scan; a page ends at its limit or past 1 MB.
func (table *standinTable) page(w http.ResponseWriter, name string, in *standinRequest) {
	keys := slices.Sorted(maps.Keys(table.items))
	if name == "Query" {
		prefix := in.ExpressionAttributeValues[":pk"]["S"] + "\x00"
		keys = slices.DeleteFunc(keys, func(k string) bool { return !strings.HasPrefix(k, prefix) })
	}
	if in.ExclusiveStartKey != nil {
		from, found := slices.BinarySearchFunc(keys, storeKey(in.ExclusiveStartKey), cmp.Compare[string])
		if found {
			from++
		}
		keys = keys[from:]
	}
	var items []standinItem
	size := 0
	for _, k := range keys {
		if len(items) == in.Limit || size >= 1<<20 {
			break
		}
		items = append(items, table.items[k])
		size += itemSize(table.items[k])
	}
	out := consumed(in, readUnits(size, in.ConsistentRead))
	out["Items"], out["Count"] = items, len(items)
	if len(items) > 0 && (len(items) < len(keys) || len(items) == in.Limit) {
		last := items[len(items)-1]
		key := standinItem{"pk": last["pk"]}
		if last["sk"] != nil {
			key["sk"] = last["sk"]
		}
		out["LastEvaluatedKey"] = key
	}
	answer(w, out)
}

func storeKey(it standinItem) string { return it["pk"]["S"] + "\x00" + it["sk"]["S"] }

func itemSize(it standinItem) (n int) {
	for name, v := range it {
		n += len(name) + len(v["S"])
	}
	return n
}

func readUnits(size int, strong bool) float64 {
	units := float64(max(1, (size+4095)/4096))
	if strong {
		return units
	}
	return units / 2
}

func writeUnits(size int) float64 { return float64(max(1, (size+1023)/1024)) }

func consumed(in *standinRequest, units float64) map[string]any {
	if in.ReturnConsumedCapacity != "TOTAL" {
		return map[string]any{}
	}
	return map[string]any{"ConsumedCapacity": map[string]any{"TableName": in.TableName, "CapacityUnits": units}}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(err)
	}
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	refuseWith(w, status, code, message, "")
}

// refuseWith adds members to an error's body.
func refuseWith(w http.ResponseWriter, status int, code, message, more string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":%q%s}`, code, message, more)
}

// throttle answers as a hot partition does.
func throttle(w http.ResponseWriter, reason string) {
	refuseWith(w, http.StatusBadRequest, "ProvisionedThroughputExceededException", "The level of configured provisioned throughput for the table was exceeded.",
		`,"ThrottlingReasons":[{"reason":"`+reason+`","resource":"arn:aws:dynamodb:us-east-1:123456789012:table/t"}]`)
}

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
func TestStandin(t *testing.T) {
	withCredentials(t)
	drivertest.Run(t, drivertest.Subject{
		Definition: Definition(), Place: "table", Units: true,
		States:  []drivertest.State{drivertest.Faulty, drivertest.Stalled},
		Secrets: []string{fakeKey, fakeSecret, fakeToken},
		Start: func(t *testing.T, state drivertest.State) drivertest.Database {
			s := startStandin(t)
			db := s.database()
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
