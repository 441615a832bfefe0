package aerospike

import (
	"context"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	as "github.com/aerospike/aerospike-client-go/v7"
	"go.uber.org/goleak"

	"crossover/driver/clock"
)

func TestMain(m *testing.M) {
	if os.Getenv(childRole) != "" {
		os.Exit(childMain())
	}
	goleak.VerifyTestMain(m)
}

// start starts a cluster without latency, unless the options say otherwise, for one test.
func start(t testing.TB, o Options) *Cluster {
	t.Helper()
	if o.Clock == nil {
		o.Clock = clock.Real()
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// connect returns the real client, connected to the cluster's first node.
func connect(t testing.TB, c *Cluster) *as.Client {
	t.Helper()
	host, text, err := net.SplitHostPort(c.Seed())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	p := as.NewClientPolicy()
	p.Timeout = 10 * time.Second
	client, aerr := as.NewClientWithPolicy(p, host, port)
	if aerr != nil {
		t.Fatal(aerr)
	}
	t.Cleanup(client.Close)
	client.DefaultPolicy.TotalTimeout = 20 * time.Second
	client.DefaultPolicy.MaxRetries = 0
	client.DefaultWritePolicy.TotalTimeout = 20 * time.Second
	client.DefaultWritePolicy.MaxRetries = 0
	return client
}

func mustKey(t testing.TB, set string, user any) *as.Key {
	t.Helper()
	k, err := as.NewKey("test", set, user)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// dial connects to a node; what does not come in time fails the test instead of hanging it.
func dial(t testing.TB, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(hang)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}
