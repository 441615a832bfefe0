package dynamodb

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

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
	d := on(t, s, sc, ", "+quick)
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Warm(t.Context(), sessions); err != nil {
		t.Fatal(err)
	}
	warmed := connections.Load()
	if warmed < sessions {
		t.Fatalf("%d connections for %d sessions", warmed, sessions)
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
	// net/http gives a connection up whose writer an overloaded host does not run for 50 ms.
	if n := connections.Load() - warmed; n > sessions/4 {
		t.Errorf("%d connections were opened after warming", n)
	}
}

func TestWarmFails(t *testing.T) {
	s := startStandin(t)
	d := on(t, s, scenario(t, small, readsOf), ", retries: {attempts: 1}")
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.server.Close()
	if err := d.Warm(t.Context(), 8); err == nil {
		t.Error("warming connections to nobody succeeded")
	}
}
