package dynamodb

import (
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"crossover/driver/clock"
)

// postEvent posts an event and returns the answer's status and text.
func postEvent(t *testing.T, c *http.Client, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+eventPath, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, strings.TrimSpace(string(text))
}

const (
	drillTable = `{"TableName":"items","KeySchema":[{"AttributeName":"k","KeyType":"HASH"}],` +
		`"AttributeDefinitions":[{"AttributeName":"k","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}`
	drillGet = `{"TableName":"items","Key":{"k":{"S":"a"}}}`
)

// Faults of a drill hold from one event to the next, for requests about items alone.
func TestEventFaults(t *testing.T) {
	url, server := listen(t, Options{})
	c := client(t)
	mustPost(t, c, url, "CreateTable", drillTable)
	for _, tc := range []struct {
		event string
		code  int
		want  string
	}{
		{`{"do":"throttle","share":1}`, http.StatusBadRequest, "ThrottlingException"},
		{`{"do":"throttle","share":0}`, http.StatusOK, ""},
		{`{"do":"error500","share":1}`, http.StatusInternalServerError, "InternalServerError"},
		{`{"do":"error500","share":0}`, http.StatusOK, ""},
	} {
		if code, text := postEvent(t, c, url, tc.event); code != http.StatusOK || text != "ok" {
			t.Fatalf("%s: %d %s", tc.event, code, text)
		}
		code, body, err := post(t.Context(), c, url, "GetItem", drillGet)
		if err != nil || code != tc.code || !strings.Contains(string(body), tc.want) {
			t.Errorf("after %s GetItem is answered %d %s (%v)", tc.event, code, body, err)
		}
		mustPost(t, c, url, "DescribeTable", `{"TableName":"items"}`)
	}
	if server.drill.faults.Load() != nil {
		t.Error("faults are left over")
	}
	for _, bad := range []string{
		`{"do":"dance"}`, `{"do":"throttle","share":2}`, `{"do":"delay","share":1}`, `{"do":"delay","share":1,"by":"-1s"}`,
		`{"do":"throttle","shares":1}`, `x`,
	} {
		if code, text := postEvent(t, c, url, bad); code != http.StatusBadRequest || text == "" {
			t.Errorf("%s: %d %s", bad, code, text)
		}
	}
}

// A delay is added to what a request takes otherwise.
func TestEventDelay(t *testing.T) {
	server, err := New(Options{Clock: clock.Real()})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.obey(t.Context(), order{Do: "delay", Share: 1, By: "20ms"}); err != nil {
		t.Fatal(err)
	}
	c := call{rng: rand.New(rand.NewPCG(1, 2))}
	if hold := server.drill.draw(&c); hold.String() != "20ms" || c.fault != noFault {
		t.Errorf("held %v, fault %v", hold, c.fault)
	}
	c.fault = errorFault
	if hold := server.drill.draw(&c); hold != 0 || c.fault != errorFault {
		t.Errorf("a request that fails anyway is held %v, fault %v", hold, c.fault)
	}
}

// Every connection but the one that asks is reset.
func TestEventResetsConnections(t *testing.T) {
	url, server := listen(t, Options{})
	one, other := client(t), client(t)
	mustPost(t, one, url, "ListTables", "{}")
	mustPost(t, other, url, "ListTables", "{}")
	open := func() map[net.Conn]bool {
		server.drill.mu.Lock()
		defer server.drill.mu.Unlock()
		all := map[net.Conn]bool{}
		for c := range server.drill.conns {
			all[c] = true
		}
		return all
	}
	before := open()
	if len(before) != 2 {
		t.Fatalf("%d connections of two clients", len(before))
	}
	if code, text := postEvent(t, one, url, `{"do":"reset_connections"}`); code != http.StatusOK {
		t.Fatalf("%d %s", code, text)
	}
	// A request that finds its connection broken is sent again on a new one by the client.
	mustPost(t, other, url, "ListTables", "{}")
	mustPost(t, one, url, "ListTables", "{}")
	opened := 0
	for c := range open() {
		if !before[c] {
			opened++
		}
	}
	if opened != 1 {
		t.Errorf("%d connections were opened after the reset, expected the one that was reset", opened)
	}
}

// A client from elsewhere finds no such path.
func TestEventsFromElsewhereAreRefused(t *testing.T) {
	server, err := New(Options{Clock: clock.Real()})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]int{"192.0.2.1:1234": http.StatusNotFound, "127.0.0.1:1234": http.StatusOK, "[::1]:1234": http.StatusOK} {
		r := httptest.NewRequest(http.MethodPost, eventPath, strings.NewReader(`{"do":"throttle","share":0}`))
		r.RemoteAddr = address
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("from %s: %d", address, w.Code)
		}
	}
}
