package aerospike

import (
	"errors"
	"io"
	"syscall"
	"testing"
	"time"

	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/aerospike/aerospike-client-go/v7/types"
)

func TestParseFaults(t *testing.T) {
	for _, c := range []struct {
		text string
		want Faults
		ok   bool
	}{
		{"", Faults{}, true},
		{"overload=1%", Faults{Overload: 0.01}, true},
		{"overload=1%,timeout=2.5%,reset=0%,delay=10%:20ms", Faults{Overload: 0.01, Timeout: 0.025, Delay: 0.1, DelayBy: 20 * time.Millisecond}, true},
		{"corrupt=0.1%,stale=100%,overload=60%", Faults{Corrupt: 0.001, Stale: 1, Overload: 0.6}, true},
		{"corrupt=101%", Faults{}, false},
		{"stale=1", Faults{}, false},
		{"overload=1%, reset=2%", Faults{Overload: 0.01, Reset: 0.02}, true},
		{"overload=0.01", Faults{}, false},
		{"overload=101%", Faults{}, false},
		{"overload=-1%", Faults{}, false},
		{"overload=NaN%", Faults{}, false},
		{"overload=60%,timeout=60%", Faults{}, false},
		{"overload=1%,overload=2%", Faults{}, false},
		{"delay=1%", Faults{}, false},
		{"delay=1%:-3ms", Faults{}, false},
		{"throttle=1%", Faults{}, false},
		{"overload", Faults{}, false},
	} {
		got, err := ParseFaults(c.text)
		if (err == nil) != c.ok || c.ok && got != c.want {
			t.Errorf("%q: %+v, %v", c.text, got, err)
		}
	}
}

// Each kind of fault is seen by the client as what it is, about as often as it was asked for.
func TestFaults(t *testing.T) {
	c := start(t, Options{Nodes: 3, Faults: Faults{Overload: 0.2, Timeout: 0.2, Reset: 0.2}, RandomSeed: 7})
	client := connect(t, c)
	const requests = 1000
	counts := map[types.ResultCode]int{}
	for i := range requests {
		err := client.PutBins(nil, mustKey(t, "s", i), as.NewBin("a", 1))
		switch {
		case err == nil:
			counts[types.OK]++
		case err.Matches(types.DEVICE_OVERLOAD):
			counts[types.DEVICE_OVERLOAD]++
		case err.Matches(types.TIMEOUT):
			counts[types.TIMEOUT]++
		default:
			counts[types.NETWORK_ERROR]++
		}
	}
	// Four standard deviations of a binomial count: sqrt(1000*0.2*0.8) = 12.6, sqrt(1000*0.4*0.6) = 15.5.
	for kind, want := range map[types.ResultCode]int{types.DEVICE_OVERLOAD: 200, types.TIMEOUT: 200, types.NETWORK_ERROR: 200, types.OK: 400} {
		if got := counts[kind]; got < want-62 || got > want+62 {
			t.Errorf("%v: %d times, want about %d", kind, got, want)
		}
	}
	injected := uint64(0)
	for _, n := range c.nodes {
		injected += n.counters.injected.Load()
	}
	if int(injected) != requests-counts[types.OK] {
		t.Errorf("%d faults were injected, %d were seen", injected, requests-counts[types.OK])
	}
	// What failed was not carried out.
	if got := c.nodes[0].counters.total(readAction); got != 0 {
		t.Error(got)
	}
	var records int64
	for _, n := range c.nodes {
		master, _, _ := n.counts()
		records += master.Records
	}
	if int(records) != counts[types.OK] {
		t.Errorf("%d records after %d successes", records, counts[types.OK])
	}
}

func TestResetIsATCPReset(t *testing.T) {
	c := start(t, Options{Nodes: 1, Faults: Faults{Reset: 1}})
	conn := dial(t, c.Seed())
	if _, err := conn.Write(probe(t, "get all (info1 READ|GET_ALL)").request); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the connection ended with %v", err)
	}
}

func TestDelay(t *testing.T) {
	clock := newManualClock()
	c := start(t, Options{Nodes: 1, Clock: clock, Faults: Faults{Delay: 1, DelayBy: 20 * time.Millisecond}})
	client := connect(t, c)
	done := make(chan types.ResultCode, 1)
	go func() { done <- code(client.PutBins(nil, mustKey(t, "s", 1), as.NewBin("a", 1))) }()
	if until := clock.await(t, 1)[0]; until != 20*time.Millisecond {
		t.Errorf("held until %v", until)
	}
	clock.advance(20 * time.Millisecond)
	if got := receive(t, done); got != types.OK {
		t.Error(got)
	}
}
