package dynamodb

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// get asks for a path as a browser or a scraper does.
func (h *host) get(path, accept string) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	h.server.ServeHTTP(w, r)
	return w
}

func (h *host) heatMap() (m heatMap) {
	h.t.Helper()
	w := h.get("/crossover/partitions", "application/json")
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil || w.Code != http.StatusOK {
		h.t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return m
}

const putSmall = `{"TableName":"Table","Item":{"id":{"S":"a"},"at":{"N":"1"},"v":{"S":"x"}}}`

// TestHeatMap has one table driven past one partition's limit for writes.
func TestHeatMap(t *testing.T) {
	h := newHost(t, Options{})
	h.newTable(true)
	served, refused := 0, 0
	for range 1500 {
		if code, _ := h.do("PutItem", putSmall); code == http.StatusOK {
			served++
		} else {
			refused++
		}
	}
	h.must("GetItem", `{"TableName":"Table","Key":{"id":{"S":"a"},"at":{"N":"1"}},"ConsistentRead":true}`, nil)
	m := h.heatMap()
	if len(m.Resources) != 1 || m.Identity != identity || m.MaxRead != 3000 || m.MaxWrite != 1000 || m.Requests < 1501 || len(m.Events) == 0 {
		t.Fatalf("%+v", m)
	}
	x := m.Resources[0]
	reason := "TableWriteKeyRangeThroughputExceeded"
	if x.Table != "Table" || x.Items != 1 || x.WriteUnits != float64(served) || x.ReadUnits != 1 || refused == 0 || x.Throttles[reason] != uint64(refused) ||
		x.Metrics["WriteKeyRangeThroughputThrottleEvents"] != float64(refused) || x.Metrics["ConsumedWriteCapacityUnits"] != float64(served) {
		t.Errorf("served %d, refused %d: %+v", served, refused, x)
	}
	var hot partitionState
	sum, to := 0.0, 0.0
	for i, p := range x.Partitions {
		if i > 0 && p.From != to {
			t.Errorf("partition %d begins at %v, the one before ends at %v", p.ID, p.From, to)
		}
		sum, to = sum+p.WriteUnits, p.To
		if p.WriteUnits > hot.WriteUnits {
			hot = p
		}
	}
	if sum != x.WriteUnits || to != 1 || x.Partitions[0].From != 0 {
		t.Errorf("%v write units of the partitions, %v of the table; they end at %v", sum, x.WriteUnits, to)
	}
	if hot.WriteLeft > 0 || hot.Writes != uint64(served) || hot.Reads != 1 || hot.Throttles[reason] != uint64(refused) {
		t.Errorf("the hot partition: %+v", hot)
	}
}

// TestHealth is what the service's own endpoints answer to a GET.
func TestHealth(t *testing.T) {
	h := newHost(t, Options{Region: "eu-west-1"})
	if w := h.get("/", "*/*"); w.Code != http.StatusOK || strings.TrimSpace(w.Body.String()) != "healthy: dynamodb.eu-west-1.amazonaws.com" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := h.get("/elsewhere", "text/html"); w.Code != http.StatusNotFound {
		t.Errorf("%d", w.Code)
	}
}

// TestPageIsWhole: it may run its own script and ask this server, and names no other place.
func TestPageIsWhole(t *testing.T) {
	w := newHost(t, Options{}).get("/", "text/html,application/xhtml+xml")
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "connect-src 'self'") {
		t.Errorf("policy %q", policy)
	}
	for _, place := range regexp.MustCompile(`(https?:)?//[a-z][a-z0-9.-]+\.[a-z]+`).FindAllString(w.Body.String(), -1) {
		if place != "http://www.w3.org" { // the name of SVG's elements
			t.Errorf("the page names %s", place)
		}
	}
}

// TestPrometheus lints the metrics by Prometheus' own rules, and compares some.
func TestPrometheus(t *testing.T) {
	h := newHost(t, Options{Faults: Faults{Delay: 1, DelayFor: 3 * time.Millisecond}})
	h.newTable(true)
	for range 3 {
		h.must("PutItem", putSmall, nil)
	}
	problems, err := testutil.GatherAndLint(h.server.registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
	got := map[string]bool{}
	for _, line := range strings.Split(h.get("/metrics", "text/plain").Body.String(), "\n") {
		got[line] = true
	}
	for _, line := range []string{
		`crossover_dynamodb_consumed_write_capacity_units_total{index="",table="Table"} 3`,
		`crossover_dynamodb_request_duration_seconds_count{operation="PutItem",table="Table"} 3`,
		`crossover_dynamodb_request_duration_seconds_sum{operation="PutItem",table="Table"} 0.009`,
		`crossover_dynamodb_items{index="",table="Table"} 1`,
		`crossover_dynamodb_partitions{index="",table="Table"} 4`,
		`crossover_dynamodb_injected_faults_total{fault="delay"} 3`,
	} {
		if !got[line] {
			t.Errorf("no line %s", line)
		}
	}
}

// TestOperationTotals adds the minutes that are over to the one that runs.
func TestOperationTotals(t *testing.T) {
	h := newHost(t, Options{})
	h.newTable(true)
	for range 3 {
		h.must("PutItem", putSmall, nil)
		h.clock.Advance(time.Minute)
	}
	table := h.server.lookup("Table", h.clock.Now())
	want := map[string]int{"PutItem": 3}
	got := map[string]int{}
	for range 2 { // asking changes nothing
		for name, o := range table.meter.operationTotals() {
			got[name] = o.latencyCount
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestDenyWrites refuses every kind of write to the table that is named, counts them, and
// serves what else there is.
func TestDenyWrites(t *testing.T) {
	h := newHost(t, Options{DenyWrites: []string{"Table"}})
	h.newTable(true)
	h.must("CreateTable", strings.ReplaceAll(createTable, `"Table"`, `"Other"`), nil)
	key := `"Key":{"id":{"S":"a"},"at":{"N":"1"}}`
	denied := 0
	for _, c := range []struct{ operation, body string }{
		{"PutItem", putSmall},
		{"UpdateItem", `{"TableName":"Table",` + key + `,"UpdateExpression":"SET v = :v","ExpressionAttributeValues":{":v":{"S":"y"}}}`},
		{"DeleteItem", `{"TableName":"Table",` + key + `}`},
		{"BatchWriteItem", `{"RequestItems":{"Other":[{"PutRequest":{"Item":{"id":{"S":"a"}}}}],"Table":[{"DeleteRequest":{` + key + `}}]}}`},
		{"TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"Other","Item":{"id":{"S":"a"}}}},{"Delete":{"TableName":"Table",` + key + `}}]}`},
	} {
		code, text := h.do(c.operation, c.body)
		if code != http.StatusBadRequest || !strings.Contains(text, "#AccessDeniedException") {
			t.Errorf("%s: %d %s", c.operation, code, text)
		}
		denied++
	}
	h.must("PutItem", `{"TableName":"Other","Item":{"id":{"S":"a"}}}`, nil)
	h.must("GetItem", `{"TableName":"Table",`+key+`}`, nil)
	h.must("TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"Other","Item":{"id":{"S":"b"}}}},{"ConditionCheck":{"TableName":"Table",`+key+
		`,"ConditionExpression":"attribute_not_exists(id)"}}]}`, nil)
	for _, x := range h.heatMap().Resources {
		if want := map[string]uint64{"Table": uint64(denied), "Other": 0}[x.Table]; x.Denied != want {
			t.Errorf("%s: %d writes denied, want %d", x.Table, x.Denied, want)
		}
	}
	if n := h.server.lookup("Other", 0).store.Items(); n != 2 {
		t.Errorf("the other table holds %d items, want 2: a request that was denied left something", n)
	}
}
