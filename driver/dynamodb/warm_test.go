package dynamodb

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"crossover/workload/op"
)

// countConnections replaces the standin's server by one that counts.
func countConnections(t *testing.T, s *standin) *atomic.Int64 {
	t.Helper()
	n := new(atomic.Int64)
	counted := httptest.NewUnstartedServer(s)
	counted.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			n.Add(1)
		}
	}
	counted.Start()
	t.Cleanup(counted.Close)
	s.server.Close()
	s.server = counted
	return n
}

// After warming, as many operations at once as there are sessions find their connections.
func TestWarmOpensAConnectionForEachSession(t *testing.T) {
	const sessions = 24
	s := startStandin(t)
	connections := countConnections(t, s)
	sc := scenario(t, small, readsOf)
	d := on(t, s, sc, ", client: lean, "+quick)
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Warm(t.Context(), sessions); err != nil {
		t.Fatal(err)
	}
	if n := d.dialer.dialed.Load(); n != sessions {
		t.Fatalf("%d connections for %d sessions", n, sessions)
	}
	var there atomic.Int64
	all := make(chan struct{})
	s.mu.Lock()
	s.hook = func(http.ResponseWriter, *http.Request, string, int) bool {
		if there.Add(1) == sessions {
			close(all)
		}
		<-all // every operation is under way
		return false
	}
	s.mu.Unlock()
	done := make(chan op.Class)
	for range sessions {
		se, err := d.Session(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			var out op.Outcome
			se.Do(t.Context(), &op.Op{Kind: op.Read, Item: 1, Partition: 1}, &out)
			done <- out.Class
		}()
	}
	for range sessions {
		if class := <-done; class != op.NotFound {
			t.Errorf("read of an empty table: %v", class)
		}
	}
	if n := connections.Load(); n != sessions+1 { // and the one for the table
		t.Errorf("%d connections for %d sessions", n, sessions)
	}
}

// The SDK's transport keeps its own number of idle connections: more are not warmed.
func TestWarmOpensWhatTheSDKKeeps(t *testing.T) {
	s := startStandin(t)
	connections := countConnections(t, s)
	d := on(t, s, scenario(t, small, readsOf), ", "+quick)
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := connections.Load()
	if err := d.Warm(t.Context(), 24); err != nil {
		t.Fatal(err)
	}
	if n := connections.Load() - before; int(n) != awshttp.DefaultHTTPTransportMaxIdleConnsPerHost || d.opened.dialed.Load() != uint64(n) {
		t.Errorf("%d connections, of which the driver knows %d", n, d.opened.dialed.Load())
	}
}

func TestWarmFails(t *testing.T) {
	s := startStandin(t)
	var opened []*Driver
	for _, client := range bothClients {
		d := on(t, s, scenario(t, small, readsOf), ", retries: {attempts: 1}, client: "+client)
		if err := d.Provision(t.Context()); err != nil {
			t.Fatal(err)
		}
		opened = append(opened, d)
	}
	s.server.Close()
	for i, d := range opened {
		if err := d.Warm(t.Context(), 8); err == nil {
			t.Errorf("%s: warming connections to nobody succeeded", bothClients[i])
		}
	}
}
