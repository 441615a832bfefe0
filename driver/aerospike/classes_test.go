package aerospike

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crossover/driver/clock"
	server "crossover/driver/embedded/aerospike"
	"crossover/workload/mapping"
	"crossover/workload/op"
)

// spoiled opens the driver through a proxy to a cluster of one node.
func spoiled(t *testing.T, c clock.Clock, s shape, settings string) (*cluster, *proxy) {
	t.Helper()
	sc := s.scenario(t)
	p := newProxy(t, sc, mapping.TableName(sc), start(t, server.Options{Nodes: 1}).Seed())
	d := open(t, sc, c, hosts(p.address())+settings)
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d, p
}

// What each result code of a server comes to, through the library. Reads and writes differ
// where a write is in doubt.
func TestResultCodes(t *testing.T) {
	d, p := spoiled(t, clock.Real(), shape{}, ", retries: {attempts: 2, base: 0s}")
	if err := d.Load(t.Context(), 0, 10, func(uint64) {}); err != nil {
		t.Fatal(err)
	}
	s := openSession(t, d)
	for _, c := range []struct {
		code          int32
		class         op.Class
		reason        string
		reads, writes int // attempts
	}{
		{1, op.Failed, "SERVER_ERROR", 1, 1},
		{3, op.ConditionFailed, "GENERATION_ERROR", 1, 1},
		{4, op.Failed, "PARAMETER_ERROR", 1, 1},
		{5, op.ConditionFailed, "KEY_EXISTS_ERROR", 1, 1},
		{7, op.Failed, "CLUSTER_KEY_MISMATCH", 2, 2},
		{8, op.Failed, "OUT_OF_SPACE", 1, 1},
		{9, op.Timeout, "TIMEOUT", 2, 1},
		{11, op.Failed, "PARTITION_UNAVAILABLE", 2, 2},
		{13, op.Failed, "RECORD_TOO_BIG", 1, 1},
		{14, op.Overload, "KEY_BUSY", 2, 2},
		{18, op.Overload, "DEVICE_OVERLOAD", 2, 2},
		{20, op.Failed, "INVALID_NAMESPACE", 1, 1},
		{22, op.Failed, "FAIL_FORBIDDEN", 1, 1},
		{27, op.ConditionFailed, "FILTERED_OUT", 1, 1},
		{32, op.Overload, "XDR_KEY_BUSY", 2, 2},
		{80, op.Failed, "NOT_AUTHENTICATED", 1, 1},
		{83, op.Throttled, "QUOTA_EXCEEDED", 2, 2},
		{152, op.Overload, "BATCH_QUEUES_FULL", 2, 2},
	} {
		p.code.Store(c.code)
		for kind, attempts := range map[op.Kind]int{op.Read: c.reads, op.Update: c.writes, op.Delete: c.writes} {
			before := p.requests.Load()
			out := do(t, s, operation(d.sc, kind, 3))
			if out.Class != c.class || out.Reason != c.reason || len(out.Attempts) != attempts || p.requests.Load()-before != int64(attempts) {
				t.Errorf("%v, code %d: %v %q after %d attempts, %d on the wire; expected %v %q after %d",
					kind, c.code, out.Class, out.Reason, len(out.Attempts), p.requests.Load()-before, c.class, c.reason, attempts)
			}
			if (out.Err != nil) != (c.class > op.ConditionFailed) {
				t.Errorf("%v, code %d: class %v with error %v", kind, c.code, out.Class, out.Err)
			}
		}
	}
	p.code.Store(2)
	for _, c := range []struct {
		kind      op.Kind
		condition op.Condition
		class     op.Class
	}{
		{op.Read, op.Unconditional, op.NotFound},
		{op.Delete, op.Unconditional, op.NotFound},
		{op.Delete, op.MustExist, op.ConditionFailed},
		{op.Update, op.MustExist, op.ConditionFailed},
	} {
		o := operation(d.sc, c.kind, 3)
		o.Condition = c.condition
		if out := do(t, s, o); out.Class != c.class || len(out.Attempts) != 1 || out.Items != 0 || out.Err != nil {
			t.Errorf("%v, condition %d, not found: %v after %d attempts, %d items, error %v", c.kind, c.condition, out.Class, len(out.Attempts), out.Items, out.Err)
		}
	}
}

// A broken connection and a silent server leave a write in doubt; it is sent again only when
// the scenario says so.
func TestInDoubt(t *testing.T) {
	for _, c := range []struct {
		name, settings string
		spoil          func(*proxy)
		class          op.Class
		reason         string
		writes         int
	}{
		{"reset", "", func(p *proxy) { p.cut.Store(true) }, op.Failed, "NETWORK_ERROR", 1},
		{"reset, sent again", ", in_doubt_writes: true", func(p *proxy) { p.cut.Store(true) }, op.Failed, "NETWORK_ERROR", 2},
		{"silence", "", func(p *proxy) { p.stall.Store(true) }, op.Timeout, "CLIENT_TIMEOUT", 1},
		{"silence, sent again", ", in_doubt_writes: true", func(p *proxy) { p.stall.Store(true) }, op.Timeout, "CLIENT_TIMEOUT", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, p := spoiled(t, clock.Real(), shape{}, ", timeout: 100ms, retries: {attempts: 2, base: 0s"+c.settings+"}")
			s := openSession(t, d)
			c.spoil(p)
			for kind, attempts := range map[op.Kind]int{op.Read: 2, op.Update: c.writes, op.Delete: c.writes} {
				out := do(t, s, operation(d.sc, kind, 3))
				if out.Class != c.class || out.Reason != c.reason || len(out.Attempts) != attempts || out.Requests != 1 {
					t.Errorf("%v: %v %q after %d attempts of %d requests; expected %v %q after %d",
						kind, out.Class, out.Reason, len(out.Attempts), out.Requests, c.class, c.reason, attempts)
				}
			}
		})
	}
}

// The driver waits by its clock alone: a virtual one moves by nothing but the waits, so that
// the attempts' starts show them.
func TestBackOffIsTheClocks(t *testing.T) {
	virtual := clock.NewVirtual(time.Unix(0, 0))
	d, p := spoiled(t, virtual, shape{}, ", retries: {attempts: 6, base: 100ms, max: 500ms}")
	s := openSession(t, d)
	p.code.Store(18)
	out := do(t, s, operation(d.sc, op.Update, 1))
	if len(out.Attempts) != 6 || out.Class != op.Overload {
		t.Fatalf("%v after %d attempts", out.Class, len(out.Attempts))
	}
	random := rand.New(rand.NewPCG(d.sc.Seed^backOffSalt, 1))
	for i, a := range out.Attempts[1:] {
		waited := a.Start - out.Attempts[i].Start
		bound := min(100*time.Millisecond<<i, 500*time.Millisecond)
		if want := time.Duration(random.Float64() * float64(bound)); waited != want {
			t.Errorf("wait %d: %v, expected %v of at most %v", i+1, waited, want, bound)
		}
	}
}

func TestWaitBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Retries{
			Base: time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "base")),
			Max:  time.Duration(rapid.Int64Range(0, int64(10*time.Minute)).Draw(t, "max")),
		}
		n := rapid.IntRange(1, 200).Draw(t, "n")
		u := rapid.Float64Range(0, 0.999999).Draw(t, "u")
		bound := float64(r.Base)
		for range n - 1 {
			bound *= 2
		}
		bound = min(bound, float64(r.Max))
		if got := r.wait(n, u); got < 0 || float64(got) > bound || u > 0.5 && float64(got) < bound/2-1 {
			t.Errorf("%+v, attempt %d, u %v: %v, expected about %v × u", r, n, u, got, time.Duration(bound))
		}
	})
}

// An operation that waits between attempts ends with its context.
func TestContextEndsTheWait(t *testing.T) {
	d, p := spoiled(t, clock.Real(), shape{}, ", retries: {attempts: 2, base: 60s, max: 600s}")
	s := openSession(t, d)
	p.code.Store(18)
	before := p.requests.Load()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan *op.Outcome)
	go func() {
		out := new(op.Outcome)
		s.Do(ctx, operation(d.sc, op.Update, 1), out)
		done <- out
	}()
	for p.requests.Load() == before {
		if err := clock.Real().SleepUntil(t.Context(), time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if out := <-done; len(out.Attempts) != 1 || out.Class != op.Overload {
		t.Errorf("%v after %d attempts", out.Class, len(out.Attempts))
	}
}

// A query and a scan page whose context ends are timeouts; the library's requests end with
// their attempt's limit.
func TestContextEndsStreams(t *testing.T) {
	d, p := spoiled(t, clock.Real(), shape{items: 40, sort: 10, operations: "{query: 50%, scan_page: 50%}"}, ", timeout: 200ms")
	s := openSession(t, d)
	p.stall.Store(true)
	for _, kind := range []op.Kind{op.Query, op.ScanPage} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		out := new(op.Outcome)
		s.Do(ctx, operation(d.sc, kind, 3), out)
		cancel()
		if out.Class != op.Timeout || out.Reason != clientTimeout || len(out.Attempts) != 1 || out.Items != 0 {
			t.Errorf("%v: %v %q after %d attempts", kind, out.Class, out.Reason, len(out.Attempts))
		}
	}
}

// A node that is gone: requests that had no connection to be sent on are not in doubt, and
// say so.
func TestNodeGone(t *testing.T) {
	c := start(t, server.Options{Nodes: 1})
	sc := shape{}.scenario(t)
	d := ready(t, sc, hosts(c.Seed())+", timeout: 100ms, retries: {attempts: 2, base: 0s}")
	s := openSession(t, d)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 * (sessions(sc) + spareConnections) { // the pool's connections break one by one
		out := do(t, s, operation(sc, op.Update, 1))
		if !out.Class.Success() && out.Class != op.Failed && out.Class != op.Timeout || out.Reason == "" || out.Err == nil {
			t.Fatalf("%v %q, %v", out.Class, out.Reason, out.Err)
		}
		if out.Reason != "NO_AVAILABLE_CONNECTIONS_TO_NODE" {
			continue
		}
		if out.Class != op.Timeout || len(out.Attempts) != 2 {
			t.Errorf("%v after attempts %+v", out.Class, out.Attempts)
		}
		return
	}
	t.Error("no attempt ended for want of a connection")
}
