package dynamodb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"crossover/driver/clock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listen serves on a loopback port until the test ends, and returns the server's URL.
func listen(t testing.TB, o Options) (url string, server *Server) {
	t.Helper()
	if o.Clock == nil {
		o.Clock = clock.Real()
	}
	server, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve returned %v", err)
		}
	})
	return "http://" + ln.Addr().String(), server
}

// client returns an HTTP client whose connections are closed when the test ends.
func client(t testing.TB) *http.Client {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// post sends an operation over the wire.
func post(ctx context.Context, c *http.Client, url, operation, body string) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("X-Amz-Target", targetPrefix+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	answer, err := c.Do(r)
	if err != nil {
		return 0, nil, err
	}
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, text, errors.Join(err, answer.Body.Close())
}

const createTable = `{"TableName":"Table","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]}`

func mustPost(t testing.TB, c *http.Client, url, operation, body string) {
	t.Helper()
	if code, text, err := post(t.Context(), c, url, operation, body); err != nil || code != http.StatusOK {
		t.Fatalf("%s: %d %s, %v", operation, code, text, err)
	}
}

func TestOptions(t *testing.T) {
	if _, err := New(Options{}); err == nil {
		t.Error("a server without a clock was made")
	}
}

// TestServeEndsWhileRequestsWait: the end of ctx ends Serve at once, with connections that are
// idle and requests that wait; goleak sees that nothing is left.
func TestServeEndsWhileRequestsWait(t *testing.T) {
	server, err := New(Options{Clock: clock.Real(), Faults: Faults{Delay: 1, DelayFor: time.Hour}})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, ln) }()
	c, url := client(t), "http://"+ln.Addr().String()
	mustPost(t, c, url, "CreateTable", createTable)
	waiting := make(chan error, 1)
	go func() {
		_, _, err := post(context.WithoutCancel(t.Context()), c, url, "GetItem", `{"TableName":"Table","Key":{"id":{"S":"a"}}}`)
		waiting <- err
	}()
	for server.requests.Load() < 2 {
		mustPost(t, c, url, "ListTables", `{}`)
	}
	cancel()
	if err := <-served; err != nil {
		t.Errorf("Serve returned %v", err)
	}
	if err := <-waiting; err == nil {
		t.Error("a request that waited for an hour was answered")
	}
}

func TestServeReportsABrokenListener(t *testing.T) {
	server, err := New(Options{Clock: clock.Real()})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(t.Context(), ln); err == nil {
		t.Error("serving on a closed listener gave no error")
	}
}

// TestKeepAlive: requests follow each other on one connection.
func TestKeepAlive(t *testing.T) {
	url, _ := listen(t, Options{})
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	raw := newRawClient(conn)
	for range 3 {
		if code, body, err := raw.do("ListTables", []byte(`{}`)); err != nil || code != http.StatusOK || string(body) != `{"TableNames":[]}` {
			t.Fatalf("%d %s, %v", code, body, err)
		}
	}
}

func TestBodyIsBounded(t *testing.T) {
	url, _ := listen(t, Options{})
	code, _, err := post(t.Context(), client(t), url, "PutItem", strings.Repeat(" ", maxBody+1))
	if err != nil && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		t.Fatal(err)
	}
	if err == nil && code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body of more than 16 MiB gave %d", code)
	}
	mustPost(t, client(t), url, "ListTables", `{}`)
}

// TestPanicIsAnswered plants an operation that panics.
func TestPanicIsAnswered(t *testing.T) {
	operations["Panics"] = operation{about: itemsSubject, do: func(*call) error { panic("planted") }}
	defer delete(operations, "Panics")
	h := newHost(t, Options{})
	code, text := h.do("Panics", `{}`)
	if code != http.StatusInternalServerError || !strings.Contains(text, "#InternalServerError") {
		t.Errorf("%d %s", code, text)
	}
	s := h.server.status("", 0)
	if s.Counters["HandlerPanics"] != 1 || s.Counters["SystemErrors"] != 1 || len(s.Events) != 1 || !strings.Contains(s.Events[0].Detail, "planted") {
		t.Errorf("%+v", s)
	}
}

func TestResetFault(t *testing.T) {
	url, _ := listen(t, Options{Faults: Faults{Reset: 1}})
	c := client(t)
	mustPost(t, c, url, "CreateTable", createTable)
	_, _, err := post(t.Context(), c, url, "GetItem", `{"TableName":"Table","Key":{"id":{"S":"a"}}}`)
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
		t.Errorf("a request that is reset gave %v", err)
	}
	mustPost(t, c, url, "DescribeTable", `{"TableName":"Table"}`)
}

func TestParseFaults(t *testing.T) {
	for text, want := range map[string]Faults{
		"":            {},
		"throttle=1%": {Throttle: 0.01},
		"throttle=1%, error500=2.5%,reset=0%,delay=50%:20ms": {Throttle: 0.01, Error500: 0.025, Delay: 0.5, DelayFor: 20 * time.Millisecond},
	} {
		if got, err := ParseFaults(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"throttle", "throttle=1", "throttle=101%", "throttle=-1%", "throttle=NaN%", "fire=1%", "delay=1%", "delay=1%:x", "delay=1%:0s",
		"throttle=1%,throttle=1%", "throttle=60%,reset=60%", "delay=x%:1s",
	} {
		if got, err := ParseFaults(text); err == nil {
			t.Errorf("%q was taken: %+v", text, got)
		}
	}
}

// TestFaultShares: each fault comes as often as its share says, within five standard errors.
func TestFaultShares(t *testing.T) {
	h := newHost(t, Options{Seed: 3, Faults: Faults{Throttle: 0.1, Error500: 0.05}})
	h.newTable(false)
	const n = 8000
	count := map[string]float64{}
	for i := range n {
		code, text := h.do("GetItem", fmt.Sprintf(`{"TableName":"Table","Key":{"id":{"S":"%d"}}}`, i))
		switch {
		case code == http.StatusOK:
		case code == http.StatusInternalServerError:
			count["error500"]++
		case strings.Contains(text, "#ThrottlingException"):
			count["throttle"]++
		}
		h.clock.Advance(time.Millisecond)
	}
	for name, share := range map[string]float64{"throttle": 0.1, "error500": 0.05} {
		if got := count[name] / n; got < share-0.017 || got > share+0.017 {
			t.Errorf("%s: %v of the requests, want %v", name, got, share)
		}
	}
}

// TestServiceTimes holds the modelled times to their stated medians and spread.
func TestServiceTimes(t *testing.T) {
	h := newHost(t, Options{Latency: true, Seed: 1})
	h.newTable(false)
	h.clock.Advance(time.Second)
	mean := func(operation, body string) float64 {
		const n = 1000
		var sum time.Duration
		for range n {
			h.clock.Advance(time.Second) // so that nothing is throttled
			before := h.clock.Now()
			h.must(operation, body, nil)
			sum += h.clock.Now() - before
		}
		return float64(sum) / n / float64(time.Millisecond)
	}
	eventual := mean("GetItem", `{"TableName":"Table","Key":{"id":{"S":"a"}}}`)
	strong := mean("GetItem", `{"TableName":"Table","Key":{"id":{"S":"a"}},"ConsistentRead":true}`)
	write := mean("PutItem", `{"TableName":"Table","Item":{"id":{"S":"a"}}}`)
	large := mean("PutItem", `{"TableName":"Table","Item":`+sized("b", 100*1024)+`}`)
	// The mean of a lognormal is its median times exp(spread^2/2): 1.063 times.
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"eventual read", eventual, 1.8 * 1.0632},
		{"strong read", strong, 2.5 * 1.0632},
		{"write", write, 3.2 * 1.0632},
		{"write of 100 KiB", large, 4.0 * 1.0632},
	} {
		if c.got < 0.96*c.want || c.got > 1.04*c.want {
			t.Errorf("%s: %.3f ms on average, want %.3f", c.name, c.got, c.want)
		}
	}
}

// TestRealClockWaits: on the real clock an answer does not come before its service time is over.
func TestRealClockWaits(t *testing.T) {
	now := clock.Real()
	url, _ := listen(t, Options{Clock: now, Faults: Faults{Delay: 1, DelayFor: 30 * time.Millisecond}})
	c := client(t)
	mustPost(t, c, url, "CreateTable", createTable)
	before := now.Now()
	mustPost(t, c, url, "GetItem", `{"TableName":"Table","Key":{"id":{"S":"a"}}}`)
	if took := now.Now() - before; took < 30*time.Millisecond {
		t.Errorf("held for 30ms, answered after %v", took)
	}
}

// TestConcurrent sends updates of few items from many connections: none is lost, whatever else
// goes on beside.
func TestConcurrent(t *testing.T) {
	url, server := listen(t, Options{})
	c := client(t)
	mustPost(t, c, url, "CreateTable", strings.Replace(createTable, `"PAY_PER_REQUEST"`, `"PROVISIONED","ProvisionedThroughput":{"ReadCapacityUnits":100000,"WriteCapacityUnits":100000}`, 1))
	const workers, each, keys = 8, 60, 5
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				body := fmt.Sprintf(`{"TableName":"Table","Key":{"id":{"S":"%d"}},"UpdateExpression":"ADD n :one","ExpressionAttributeValues":{":one":{"N":"1"}}}`, (w+i)%keys)
				if code, text, err := post(t.Context(), c, url, "UpdateItem", body); err != nil || code != http.StatusOK {
					t.Errorf("%d %s, %v", code, text, err)
				}
			}
		})
	}
	for _, other := range []struct{ operation, body string }{
		{"Scan", `{"TableName":"Table"}`},
		{"BatchGetItem", `{"RequestItems":{"Table":{"Keys":[{"id":{"S":"0"}},{"id":{"S":"1"}}]}}}`},
		{"DescribeTable", `{"TableName":"Table"}`},
		{"UpdateTable", `{"TableName":"Table","DeletionProtectionEnabled":false}`},
		{"TagResource", `{"ResourceArn":"arn:aws:dynamodb:us-east-1:000000000000:table/Table","Tags":[{"Key":"a","Value":"b"}]}`},
	} {
		wg.Go(func() {
			for range each {
				if code, text, err := post(t.Context(), c, url, other.operation, other.body); err != nil || code != http.StatusOK {
					t.Errorf("%s: %d %s, %v", other.operation, code, text, err)
				}
				server.status("Table", 0)
			}
		})
	}
	wg.Wait()
	_, text, err := post(t.Context(), c, url, "Scan", `{"TableName":"Table"}`)
	if want := fmt.Sprintf(`"n":{"N":"%d"}`, workers*each/keys); err != nil || bytes.Count(text, []byte(want)) != keys {
		t.Errorf("%s, %v: want %d times %s", text, err, keys, want)
	}
	counters := server.status("Table", 0).Counters
	if counters["ConsumedWriteCapacityUnits"] != workers*each || counters["HandlerPanics"] != 0 {
		t.Errorf("%v write units, want %d", counters["ConsumedWriteCapacityUnits"], workers*each)
	}
}
