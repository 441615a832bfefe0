package aerospike

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crossover/costmodel/nvme"
	"crossover/driver/clock"
	"crossover/driver/embedded/aerospike/wire"
)

func nodeIDs(n int) (ids []uint64, alive []int) {
	for i := range n {
		ids, alive = append(ids, nodeBase+uint64(i)+1), append(alive, i)
	}
	return ids, alive
}

func TestPartitionMap(t *testing.T) {
	for _, nodes := range []int{1, 2, 3, 5, 8} {
		ids, alive := nodeIDs(nodes)
		copies := min(2, nodes)
		m := newPartitionMap(ids, alive, 2, 0)
		masters := make([]int, nodes)
		for pid := range wire.Partitions {
			order := m.order[pid]
			if len(order) != copies || copies == 2 && order[0] == order[1] {
				t.Fatalf("partition %d is on %v", pid, order)
			}
			masters[m.master(pid)]++
		}
		// Even on the average: five standard deviations of a binomial count.
		mean := float64(wire.Partitions) / float64(nodes)
		for n, got := range masters {
			if d := math.Abs(float64(got) - mean); d > 5*math.Sqrt(mean) {
				t.Errorf("of %d nodes node %d is the master of %d partitions", nodes, n, got)
			}
		}
	}
}

// A node that leaves moves what it had, and nothing else.
func TestANodeThatLeavesMovesItsOwnPartitionsOnly(t *testing.T) {
	ids, alive := nodeIDs(4)
	before := newPartitionMap(ids, alive, 2, 0)
	after := newPartitionMap(ids, []int{0, 1, 3}, 2, 1)
	for pid := range wire.Partitions {
		kept := slices.DeleteFunc(slices.Clone(before.order[pid]), func(n uint8) bool { return n == 2 })
		if !slices.Equal(kept, after.order[pid][:len(kept)]) {
			t.Fatalf("partition %d was on %v and is on %v", pid, before.order[pid], after.order[pid])
		}
	}
}

func TestBitmapsHaveTheFirstPartitionInTheHighestBit(t *testing.T) {
	m := &partitionMap{copies: 1}
	for pid := range m.order {
		m.order[pid] = []uint8{1}
	}
	m.order[0], m.order[9], m.order[4095] = []uint8{0}, []uint8{0}, []uint8{0}
	bits, err := base64.StdEncoding.DecodeString(m.bitmap(0, 0))
	if err != nil || len(bits) != 512 || bits[0] != 0x80 || bits[1] != 0x40 || bits[511] != 0x01 {
		t.Errorf("% x…, %v", bits[:2], err)
	}
}

func TestInflightQueue(t *testing.T) {
	f := newInflight()
	a, b := &wire.Digest{1}, &wire.Digest{2}
	enter := func(d *wire.Digest, now, takes time.Duration) (time.Duration, bool) {
		s := f.lock(d)
		defer s.mu.Unlock()
		start, busy := s.start(d, now, 20)
		if !busy {
			s.end(d, now, start+takes)
		}
		return start, busy
	}
	for i := range 22 {
		start, busy := enter(a, 100, 10)
		if busy || start != time.Duration(100+10*i) {
			t.Fatalf("write %d starts at %v, busy %v", i, start, busy)
		}
	}
	if _, busy := enter(a, 100, 10); !busy {
		t.Error("the 23rd write is taken")
	}
	if _, busy := enter(b, 100, 10); busy {
		t.Error("another key is busy")
	}
	if start, busy := enter(a, 110, 10); busy || start != 320 {
		t.Errorf("once the first is done: %v, %v", start, busy)
	}
	if n := f.count(330); n != 0 {
		t.Errorf("%d in flight after all are done", n)
	}
	if start, busy := enter(a, 1000, 10); busy || start != 1000 {
		t.Errorf("an idle key: %v, %v", start, busy)
	}
}

// Whatever arrives, writes of a key do not overlap, and the queue is never above its limit.
func TestInflightNeverOverlaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newInflight()
		limit := rapid.IntRange(1, 5).Draw(t, "limit")
		now := time.Duration(0)
		ends := map[byte][]time.Duration{}
		for range rapid.IntRange(1, 60).Draw(t, "writes") {
			now += time.Duration(rapid.IntRange(0, 8).Draw(t, "gap"))
			d := &wire.Digest{byte(rapid.IntRange(0, 2).Draw(t, "key"))}
			waiting := slices.DeleteFunc(slices.Clone(ends[d[0]]), func(e time.Duration) bool { return e <= now })
			s := f.lock(d)
			start, busy := s.start(d, now, limit)
			if busy != (len(waiting) > limit+1) {
				t.Fatalf("with %d in flight and waiting, busy is %v", len(waiting), busy)
			}
			if !busy {
				if len(waiting) > 0 && start != waiting[len(waiting)-1] || len(waiting) == 0 && start != now {
					t.Fatalf("starts at %v behind %v", start, waiting)
				}
				end := start + time.Duration(rapid.IntRange(0, 10).Draw(t, "takes"))
				s.end(d, now, end)
				ends[d[0]] = append(ends[d[0]], end)
			}
			s.mu.Unlock()
		}
	})
}

func TestLatencies(t *testing.T) {
	h := &histogram{name: "{test}-read"}
	if got := h.text(0); got != "{test}-read:" {
		t.Errorf("before anything: %q", got)
	}
	// 1 ms and less are above no column; 1.5 ms is above 1 ms; 5 ms above 1, 2 and 4; 100 s above all.
	for _, took := range []time.Duration{time.Microsecond, time.Millisecond, 1500 * time.Microsecond, 5 * time.Millisecond, 100 * time.Second} {
		h.add(time.Second, took)
	}
	if got := h.text(9 * time.Second); got != "{test}-read:" {
		t.Errorf("within the first slice: %q", got)
	}
	want := "{test}-read:msec,0.5,60.00,40.00,40.00" + strings.Repeat(",20.00", 14)
	if got := h.text(10 * time.Second); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := h.text(25 * time.Second); got != "{test}-read:msec,0.0"+strings.Repeat(",0.00", 17) {
		t.Errorf("an empty slice: %q", got)
	}
}

func TestLatenciesThroughTheServer(t *testing.T) {
	v := clock.NewVirtual(epoch)
	c := start(t, Options{Nodes: 1, Clock: v})
	client := connect(t, c)
	fill(t, client, "s", 20)
	v.Advance(10 * time.Second)
	got := ask(t, c, 0, "latencies:\n")
	if !strings.Contains(got, ";{test}-write:msec,2.0"+strings.Repeat(",0.00", 17)+";{test}-udf:;") || !strings.HasPrefix(got, "latencies:\tbatch-index:;{test}-read:;") {
		t.Errorf("%q", got)
	}
}

func TestSetsAnswer(t *testing.T) {
	c := start(t, Options{Nodes: 1})
	client := connect(t, c)
	fill(t, client, "bench", 10)
	var want string
	for _, e := range answersOf(t, "C.") {
		if e[0] == "sets/test/bench\n" {
			want = e[1]
		}
	}
	_, _, bySet := c.nodes[0].counts()
	want = strings.Replace(want, "objects=100000", "objects=10", 1)
	want = strings.Replace(want, "data_used_bytes=105600000", fmt.Sprint("data_used_bytes=", bySet[1].DeviceBytes), 1)
	if got := ask(t, c, 0, "sets/test/bench\n"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := ask(t, c, 0, "sets\n"); !strings.HasPrefix(got, "sets\tns=test:set=bench:objects=10:") {
		t.Errorf("%q", got)
	}
}

func TestObjectsAreCountedAsMasterAndAsProle(t *testing.T) {
	c := start(t, Options{Nodes: 3, Replication: 2})
	client := connect(t, c)
	fill(t, client, "s", 300)
	var master, prole int64
	for _, n := range c.nodes {
		m, p, _ := n.counts()
		master, prole = master+m.Records, prole+p.Records
		want := fmt.Sprintf("objects=%d;tombstones=0;xdr_tombstones=0;xdr_bin_cemeteries=0;mrt_provisionals=0;master_objects=%d;", m.Records+p.Records, m.Records)
		if got := n.command("namespace/test", 0); !strings.Contains(got, want) {
			t.Errorf("node %d: %.300q", n.number, got)
		}
	}
	if master != 300 || prole != 300 {
		t.Errorf("%d as master, %d as prole", master, prole)
	}
}

func TestOptions(t *testing.T) {
	real := clock.Real()
	for _, c := range []struct {
		o    Options
		want string // a part of the error; "" none
	}{
		{Options{Clock: real}, ""},
		{Options{Clock: real, Nodes: 1}, ""},
		{Options{}, "a clock is needed"},
		{Options{Clock: real, Nodes: 129}, "nodes: 129, expected 1 to 128"},
		{Options{Clock: real, Nodes: 2, Replication: 3}, "replication: 3, expected 1 to the number of nodes, 2"},
		{Options{Clock: real, Device: "i4i.xlarg"}, `the nearest is "i4i.xlarge"`},
		{Options{Clock: real, Scale: 1.5}, "scale: 1.5"},
		{Options{Clock: real, Scale: math.NaN()}, "scale: NaN"},
		{Options{Clock: real, Namespace: "a;b"}, "namespace"},
		{Options{Clock: real, Namespace: strings.Repeat("n", 32)}, "1 to 31 bytes"},
		{Options{Clock: real, Listen: "127.0.0.1:65535"}, "port"},
		{Options{Clock: real, Listen: "nowhere"}, "listen"},
		{Options{Clock: real, Faults: Faults{Overload: 2}}, "share"},
	} {
		_, err := New(c.o)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.o, err, c.want)
		}
	}
	_, err := New(Options{Nodes: -1, Scale: -1})
	for _, part := range []string{"clock", "nodes", "scale"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("all problems at once: %v", err)
		}
	}
}

func TestPortsFollowTheFirst(t *testing.T) {
	// A free port whose successor is free too is found by trying.
	for range 50 {
		probe, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := probe.Addr().String()
		probe.Close()
		c, err := New(Options{Clock: clock.Real(), Nodes: 2, Listen: address})
		if err != nil {
			continue // the very last port
		}
		if c.Start(t.Context()) != nil {
			continue
		}
		defer c.Close()
		first, second := c.nodes[0].listener.Addr().(*net.TCPAddr), c.nodes[1].listener.Addr().(*net.TCPAddr)
		if first.String() != address || second.Port != first.Port+1 {
			t.Errorf("asked for %s, got %v and %v", address, first, second)
		}
		return
	}
	t.Fatal("no two ports in a row were free")
}

func TestBusyIsTheDevicesShareOfTime(t *testing.T) {
	h, err := Options{Device: "i4i.xlarge"}.withDefaults().device()
	if err != nil {
		t.Fatal(err)
	}
	h.params.ReadSpread = -1
	d, err := newDevices(h, 1, true, 0)
	if err != nil {
		t.Fatal(err)
	}
	// Half of the device's writes a second, for 30 s, then nothing.
	const record = 1 << 20
	perSecond := int(h.params.WriteBytesPerS / nvme.WriteAmplification(nvme.DefragLWM) / 2 / record)
	now := time.Duration(0)
	for second := range 60 {
		for range perSecond {
			if second < 30 {
				d.write(now, &wire.Digest{}, record, true)
			}
		}
		now += time.Second
		busy := d.share(now)
		switch {
		case second > 2 && second < 30 && math.Abs(busy-0.5) > 0.05:
			t.Errorf("second %d: busy %v under half load", second, busy)
		case second > 52 && busy > 0.01:
			t.Errorf("second %d: busy %v when idle", second, busy)
		}
	}
}

func TestCloseEndsRequestsThatWait(t *testing.T) {
	clock := newManualClock()
	c, err := New(Options{Nodes: 1, Clock: clock, Faults: Faults{Delay: 1, DelayBy: time.Hour}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := c.Start(ctx); err != nil {
		t.Fatal(err)
	}
	conn := dial(t, c.Seed())
	if _, err := conn.Write(probe(t, "get all (info1 READ|GET_ALL)").request); err != nil {
		t.Fatal(err)
	}
	clock.await(t, 1)
	cancel()
	if _, err := io.ReadAll(conn); err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Error("closing twice:", err)
	}
	if err := c.Start(t.Context()); err == nil {
		t.Error("started twice")
	}
}

// A request that a node is not the owner for is sent on, and takes a round trip more.
func TestProxy(t *testing.T) {
	clock := newManualClock()
	c := start(t, Options{Nodes: 3, Replication: 1, Clock: clock, Latency: true})
	put, get := probe(t, "put bin b=01 (info2 WRITE)"), probe(t, "get all (info1 READ|GET_ALL)")
	digest := wire.Digest(get.request[len(get.request)-20:])
	master := c.partitions().master(digest.Partition())
	other := c.nodes[(master+1)%3]
	conn := dial(t, other.address())
	for i, e := range []exchange{put, get} {
		if _, err := conn.Write(e.request); err != nil {
			t.Fatal(err)
		}
		if until := clock.await(t, 1)[0] - clock.Now(); until != DefaultFabricRTT {
			t.Errorf("request %d is held for %v", i, until)
		}
		clock.advance(time.Second)
		got := make([]byte, len(e.response))
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != string(e.response) {
			t.Errorf("request %d is answered %x, %v", i, got, err)
		}
	}
	if got := other.counters.proxied[fromClient].Load(); got != 2 {
		t.Errorf("client_proxy_complete is %d", got)
	}
	m := &c.nodes[master].counters.done[fromProxy]
	if m[readAction][succeeded].Load() != 1 || m[writeAction][succeeded].Load() != 1 {
		t.Error("the master does not count it as from a proxy")
	}
}
