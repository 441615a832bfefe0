package dynamodb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/driver/drivertest"
	embedded "crossover/driver/embedded/dynamodb"
	"crossover/workload"
	"crossover/workload/mapping"
	"crossover/workload/op"
)

// serveEmbedded runs the embedded server in this process until the test ends, and returns its
// address.
func serveEmbedded(t testing.TB, faults string) string {
	t.Helper()
	f, err := embedded.ParseFaults(faults)
	if err != nil {
		t.Fatal(err)
	}
	server, err := embedded.New(embedded.Options{Clock: clock.Real(), Seed: 5, Faults: f})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- server.Serve(ctx, ln) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	answering(t, ln.Addr().String())
	return ln.Addr().String()
}

// answering waits until a server has answered something: until then not all of its goroutines
// may have begun, and they would be taken for a driver's.
func answering(t testing.TB, address string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil && !errors.Is(err, syscall.ECONNRESET) { // some servers are told to reset
		t.Fatal(err)
	}
}

// A raw speaks the API without the SDK and without the driver.
type raw string

// call asks for an operation, and returns the error's code, "" when it was answered.
func (r raw) call(t testing.TB, name, body string, into any) (code string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+string(r), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true // this client leaves no connection behind
	req.Header.Set("X-Amz-Target", "DynamoDB_20120810."+name)
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		var failed struct {
			Type string `json:"__type"`
		}
		if err := json.Unmarshal(text, &failed); err != nil {
			t.Fatalf("%s: %s", name, text)
		}
		return failed.Type[strings.IndexByte(failed.Type, '#')+1:]
	}
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(into); err != nil {
		t.Fatalf("%s: %s", name, text)
	}
	return ""
}

// must is call for what has to be answered.
func (r raw) must(t testing.TB, name, body string, into any) {
	t.Helper()
	if code := r.call(t, name, body, into); code != "" {
		t.Fatalf("%s %s: %s", name, body, code)
	}
}

func (r raw) count(t *testing.T, sc *workload.Scenario) (n int) {
	t.Helper()
	start := ""
	for {
		var page struct {
			Count            int
			LastEvaluatedKey json.RawMessage
		}
		if code := r.call(t, "Scan", fmt.Sprintf(`{"TableName":%q,"Select":"COUNT"%s}`, mapping.TableName(sc), start), &page); code == "ResourceNotFoundException" {
			return -1
		} else if code != "" {
			t.Fatal(code)
		}
		n += page.Count
		if page.LastEvaluatedKey == nil {
			return n
		}
		start = `,"ExclusiveStartKey":` + string(page.LastEvaluatedKey)
	}
}

func (r raw) fetch(t *testing.T, sc *workload.Scenario, item uint64) map[string]string {
	t.Helper()
	partition, sort := sc.Place(item)
	key := fmt.Sprintf(`{"pk":{"S":%q}`, sc.AppendPartitionKey(nil, partition))
	if sc.HasSort() {
		key += fmt.Sprintf(`,"sk":{"S":%q}`, sc.AppendSortKey(nil, sort))
	}
	var got struct{ Item map[string]any }
	r.must(t, "GetItem", fmt.Sprintf(`{"TableName":%q,"ConsistentRead":true,"Key":%s}}`, mapping.TableName(sc), key), &got)
	if got.Item == nil {
		return nil
	}
	out := map[string]string{}
	for name, v := range got.Item {
		out[name] = fmt.Sprint(untyped(v))
	}
	return out
}

// untyped returns what an attribute's value holds, without its type.
func untyped(v any) any {
	for name, value := range v.(map[string]any) {
		if name != "L" {
			return value
		}
		var list []any
		for _, e := range value.([]any) {
			list = append(list, untyped(e))
		}
		return list
	}
	return nil
}

func (r raw) foreign(t *testing.T, sc *workload.Scenario) {
	t.Helper()
	name := mapping.TableName(sc)
	r.must(t, "CreateTable", fmt.Sprintf(`{"TableName":%q,"BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],
		"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"Tags":[{"Key":"team","Value":"payments"}]}`, name), new(any))
	for {
		var about struct{ Table struct{ TableStatus string } }
		if r.must(t, "DescribeTable", fmt.Sprintf(`{"TableName":%q}`, name), &about); about.Table.TableStatus == "ACTIVE" {
			break
		}
	}
	r.must(t, "PutItem", fmt.Sprintf(`{"TableName":%q,"Item":{"pk":{"S":"theirs"}}}`, name), new(any))
}

func TestEmbedded(t *testing.T) {
	drivertest.Run(t, drivertest.Subject{
		Definition: Definition(), Place: "table", Units: true, All: true,
		States: []drivertest.State{drivertest.Faulty, drivertest.Stalled},
		Start: func(t *testing.T, state drivertest.State) drivertest.Database {
			faults, more := "", ""
			switch state {
			case drivertest.Faulty:
				faults = "throttle=8%,error500=4%,reset=4%,delay=2%:1ms"
				more = ", retries: {attempts: 8, base: 1us, throttle_base: 1us, quota: false}"
			case drivertest.Stalled:
				faults = "delay=100%:1h"
			}
			address := serveEmbedded(t, faults)
			return drivertest.Database{
				Settings: "endpoint: http://" + address + more, Address: address,
				Count: raw(address).count, Fetch: raw(address).fetch, Foreign: raw(address).foreign,
			}
		},
	})
}

// openEmbedded opens the driver as a run does, on a server that it was given the address of.
func openEmbedded(t testing.TB, sc *workload.Scenario, faults, settings string) (*Driver, raw) {
	t.Helper()
	address := serveEmbedded(t, faults)
	d, err := openDriver(t, clock.Real(), sc, address, "at: embedded"+settings)
	if err != nil {
		t.Fatal(err)
	}
	return d.(*Driver), raw(address)
}

func TestEmbeddedIsKnown(t *testing.T) {
	sc := scenario(t, small, mixedOps)
	d, _ := openEmbedded(t, sc, "", ", latency: false, faults: 'reset=1%'")
	// A run describes its target before it makes the table, and again after it.
	for _, when := range []string{"without a table", "with it"} {
		about, err := d.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if about.Kind != driver.Embedded || !strings.Contains(about.Identity, "modelled") || about.Settings["latency"] != "false" || about.Settings["faults"] != "reset=1%" {
			t.Errorf("%s: %+v", when, about)
		}
		if strings.Contains(string(about.Raw), "123456789012") || strings.Contains(string(about.Raw), "000000000000") {
			t.Errorf("%s: an account's number is in %s", when, about.Raw)
		}
		if err := d.Provision(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// The server's own counters and the driver's outcomes are two accounts of the same requests.
func TestEmbeddedCountersAgree(t *testing.T) {
	sc := scenario(t, "{items: 200, size: {uniform: {min: 300B, max: 9KiB}}, attributes: 3}",
		"  operations: {read: 40%, update: 30%, read_modify_write: 20%, scan_page: 10%}")
	d, _ := openEmbedded(t, sc, "throttle=10%", ", retries: {attempts: 6, base: 1us, throttle_base: 1us, quota: false}")
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Load(t.Context(), 0, 200, func(uint64) {}); err != nil {
		t.Fatal(err)
	}
	before, err := d.Sample(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, err := d.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var o op.Op
	var out op.Outcome
	var read, write float64
	throttles := map[string]float64{}
	stream := workload.NewStream(sc)
	partitioned := 0
	for i := range uint64(300) {
		stream.At(i, &o)
		s.Do(t.Context(), &o, &out)
		read, write = read+out.ReadUnits, write+out.WriteUnits
		for _, a := range out.Attempts {
			if a.Class == op.Throttled {
				throttles[a.Reason]++
			}
		}
		if out.Partition >= 0 {
			partitioned++
		}
	}
	after, err := d.Sample(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	delta := func(name string) float64 { return after.Counters[name] - before.Counters[name] }
	if delta("ConsumedReadCapacityUnits") != read || delta("ConsumedWriteCapacityUnits") != write || read == 0 || write == 0 {
		t.Errorf("the server consumed %g and %g, the outcomes say %g and %g", delta("ConsumedReadCapacityUnits"), delta("ConsumedWriteCapacityUnits"), read, write)
	}
	if reads, writes := throttles["TableReadKeyRangeThroughputExceeded"], throttles[keyRange]; delta("ReadThrottleEvents") != reads || delta("WriteThrottleEvents") != writes || reads == 0 || writes == 0 {
		t.Errorf("the server throttled %g reads and %g writes, the attempts say %v", delta("ReadThrottleEvents"), delta("WriteThrottleEvents"), throttles)
	}
	if partitioned < 200 {
		t.Errorf("%d of 300 outcomes name a partition", partitioned)
	}
}

// The refusal, against the server that counts its items itself.
func TestEmbeddedRefusal(t *testing.T) {
	sc := scenario(t, small, mixedOps)
	d, server := openEmbedded(t, sc, "", "")
	server.foreign(t, sc)
	if err := d.Provision(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing was written") {
		t.Errorf("got %v", err)
	}
	if err := d.Drop(t.Context()); err == nil {
		t.Error("a foreign table was dropped")
	}
	if n := server.count(t, sc); n != 1 {
		t.Errorf("%d items, expected the one that was there", n)
	}
}
