package dynamodb

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crossover/driver"
)

func TestKind(t *testing.T) {
	for _, c := range []struct {
		address, server, declared string
		want                      driver.Kind
	}{
		{"https://dynamodb.us-east-1.amazonaws.com", "Server", "", driver.Real},
		{"https://123456789012.ddb.eu-west-1.amazonaws.com", "Server", "", driver.Real},
		{"https://dynamodb.us-east-1.api.aws", "Server", "", driver.Real},
		{"https://dynamodb.cn-north-1.amazonaws.com.cn", "Server", "", driver.Real},
		{"https://dynamodb.us-east-1.amazonaws.com", "Server", "other", driver.Real},      // billed, whatever is declared
		{"http://dynamodb.us-east-1.amazonaws.com", "Server", "", driver.Other},           // anyone could answer
		{"https://dynamodb.us-east-1.amazonaws.com.example", "Server", "", driver.Other},  // nor is this AWS
		{"https://amazonaws.com", "Server", "", driver.Other},                             // nor this
		{"http://127.0.0.1:8000", "Jetty", "", driver.Other},                              // never real by default
		{"http://127.0.0.1:8000", "Jetty", "real", driver.Real},                           // a tunnel, the user says
		{"http://127.0.0.1:8000", embeddedServer, "", driver.Embedded},                    // it says so itself
		{"http://127.0.0.1:8000", embeddedServer, "real", driver.Embedded},                // and is believed
		{"https://dynamodb.us-east-1.amazonaws.com", embeddedServer, "", driver.Embedded}, // even here: never more than modelled
	} {
		u, err := url.Parse(c.address)
		if err != nil {
			t.Fatal(err)
		}
		d := &Driver{cfg: Config{Kind: c.declared}}
		d.seen.see(&http.Response{Header: http.Header{serverHeader: {c.server}}, Request: &http.Request{URL: u}})
		if got := d.kind(); got != c.want {
			t.Errorf("%s, server %s, declared %q: %s, want %s", c.address, c.server, c.declared, got, c.want)
		}
	}
	if got := new(Driver).kind(); got != driver.Other {
		t.Errorf("nobody answered yet: %s", got)
	}
}

func TestDescribe(t *testing.T) {
	f := start(t, scenario(t, small, mixedOps), "region: eu-central-1, retries: {attempts: 4, quota: false}, capacity: {provisioned: {read: 9, write: 8}}")
	about, err := f.driver.(*Driver).Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(f.server.URL, "http://")
	want := map[string]string{
		"table": tableName, "region": "eu-central-1", "host": host, "tls": "no", "timeout": "5s", "reads": "eventual",
		"capacity": "provisioned, 9 RCU and 8 WCU",
		"client":   "sdk", "connections": "the SDK's default transport: of idle ones it keeps 10",
		"retries": "SDK standard, 4 attempts, base 50ms, 1s after a throttle, at most 20s, quota off",
	}
	if diff := cmp.Diff(want, about.Settings); diff != "" {
		t.Errorf("settings, want (-) and got (+):\n%s", diff)
	}
	if about.Kind != driver.Other || about.Identity != "DynamoDB API at "+host || !strings.HasPrefix(about.Client, "aws-sdk-go-v2 v1.") {
		t.Errorf("kind %q, identity %q, client %q", about.Kind, about.Identity, about.Client)
	}
	var table struct{ TableName, TableArn string }
	if err := json.Unmarshal(about.Raw, &table); err != nil {
		t.Fatal(err)
	}
	if table.TableName != tableName || table.TableArn != "arn:aws:dynamodb:us-east-1:[account]:table/"+tableName {
		t.Errorf("raw description %s", about.Raw)
	}
}

// speaks makes a standin answer as the embedded server does.
func speaks(s *standin, status string) (since *[]string) {
	since = new([]string)
	s.hook = func(w http.ResponseWriter, r *http.Request, _ string, _ int) bool {
		w.Header().Set(serverHeader, embeddedServer)
		if r.URL.Path != "/crossover/status" {
			return false
		}
		*since = append(*since, r.URL.Query().Get("table")+" "+r.URL.Query().Get("since"))
		if _, err := w.Write([]byte(status)); err != nil {
			panic(err)
		}
		return true
	}
	return since
}

func TestEmbeddedServerTellsOfItself(t *testing.T) {
	s, sc := startStandin(t), scenario(t, small, mixedOps)
	since := speaks(s, `{"identity":"crossover embedded DynamoDB (modelled)","seq":17,
		"counters":{"ReadThrottleEvents":3,"ConsumedReadCapacityUnits":12.5},
		"partitions":[{"id":"0","read_units":4.5,"writes":2,"throttles":{"TableWriteKeyRangeThroughputExceeded":3}}],
		"events":[{"name":"split","detail":"partition 2"}]}`)
	d := on(t, s, sc, "")
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	about, err := d.Describe(t.Context())
	if err != nil || about.Kind != driver.Embedded || about.Identity != "crossover embedded DynamoDB (modelled)" {
		t.Errorf("kind %q, identity %q, error %v", about.Kind, about.Identity, err)
	}
	want := driver.Sample{
		Counters: map[string]float64{"ReadThrottleEvents": 3, "ConsumedReadCapacityUnits": 12.5, loadThrottles: 0, openedConnections: 0},
		Partitions: []driver.PartitionHeat{{
			ID: "0", ReadUnits: 4.5, Writes: 2, Throttles: map[string]uint64{"TableWriteKeyRangeThroughputExceeded": 3},
		}},
		Events: []driver.Event{{Name: "split", Detail: "partition 2"}},
	}
	for range 2 {
		got, err := d.Sample(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	if got := strings.Join(*since, ", "); got != tableName+" 0, "+tableName+" 0, "+tableName+" 17" {
		t.Errorf("status was asked for with %s", got)
	}
}

// A status that is no JSON, or an error, fails the sample and nothing else.
func TestStatusThatCannotBeRead(t *testing.T) {
	for _, status := range []string{`{"seq":"x"}`, `<html>`, ``} {
		s := startStandin(t)
		speaks(s, status)
		d := on(t, s, scenario(t, small, mixedOps), "")
		if err := d.Provision(t.Context()); err != nil {
			t.Fatal(err)
		}
		if sample, err := d.Sample(t.Context()); err == nil {
			t.Errorf("status %q gave %+v", status, sample)
		}
		if about, err := d.Describe(t.Context()); err != nil || about.Kind != driver.Embedded || about.Identity == "" {
			t.Errorf("status %q: described as %+v, %v", status, about, err)
		}
	}
}

// Nobody but the embedded server is asked for a status.
func TestOthersAreNotAskedForStatus(t *testing.T) {
	f := start(t, scenario(t, small, mixedOps), quick)
	before := f.called("")
	if sample, err := f.driver.(*Driver).Sample(t.Context()); err != nil || len(sample.Counters) != 2 {
		t.Errorf("sample %+v, error %v", sample, err)
	}
	if n := f.called("") - before; n != 0 {
		t.Errorf("%d requests outside the API", n)
	}
}
