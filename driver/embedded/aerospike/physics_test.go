package aerospike

import (
	"encoding/json"
	"testing"
	"time"

	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/aerospike/aerospike-client-go/v7/types"

	"crossover/costmodel/nvme"
)

// A write of a key waits for those before it, a fabric round trip each. One is in flight and 21
// wait; with 30 at once the other 8 are refused (rw_request_hash.c, transaction-pending-limit 20).
func TestKeyBusy(t *testing.T) {
	clock := newManualClock()
	c := start(t, Options{Nodes: 3, Replication: 2, Clock: clock, Latency: true})
	client := connect(t, c)
	k := mustKey(t, "hot", 1)
	const writers, taken = 30, 22
	results := make(chan types.ResultCode, writers)
	put := exists(as.REPLACE) // no read of the device before the write
	for range writers {
		go func() { results <- code(client.PutBins(put, k, as.NewBin("a", 1))) }()
	}
	for range writers - taken {
		if got := receive(t, results); got != types.KEY_BUSY {
			t.Errorf("a write beyond the queue: %v", got)
		}
	}
	asleep := clock.await(t, taken)
	for i, until := range asleep {
		if want := time.Duration(i+1) * DefaultFabricRTT; until != want {
			t.Errorf("write %d is done at %v, want %v", i, until, want)
		}
	}
	// Another key is not concerned.
	other := make(chan types.ResultCode, 1)
	go func() { other <- code(client.PutBins(put, mustKey(t, "hot", 2), as.NewBin("a", 1))) }()
	clock.await(t, taken+1)
	clock.advance(time.Second)
	for range taken {
		if got := receive(t, results); got != types.OK {
			t.Errorf("a write that waited: %v", got)
		}
	}
	if got := receive(t, other); got != types.OK {
		t.Errorf("a write of another key: %v", got)
	}
	n := c.nodes[c.partitions().master(k.PartitionId())]
	if got := n.counters.keyBusy.Load(); got != writers-taken {
		t.Errorf("fail_key_busy is %d", got)
	}
	var s status
	if err := json.Unmarshal([]byte(n.command("crossover-status", clock.Now())), &s); err != nil || s.Throttles["KEY_BUSY"] != writers-taken {
		t.Errorf("crossover-status says %+v, %v", s.Throttles, err)
	}
	if left := n.inflight.count(clock.Now()); left != 0 {
		t.Errorf("%d writes are still in flight", left)
	}
	r := make(chan *as.Record, 1)
	go func() { // the record is in the write buffer: no wait
		rec, _ := client.Get(nil, k)
		r <- rec
	}()
	if rec := receive(t, r); rec == nil || rec.Generation != taken {
		t.Errorf("after %d writes: %+v", taken, rec)
	}
}

// With the copies of one node there is no round trip, a write is done at once, and none waits.
func TestNoKeyBusyWithOneCopy(t *testing.T) {
	clock := newManualClock()
	c := start(t, Options{Nodes: 1, Clock: clock, Latency: true})
	client := connect(t, c)
	k := mustKey(t, "hot", 1)
	results := make(chan types.ResultCode)
	for range 40 {
		go func() { results <- code(client.PutBins(exists(as.REPLACE), k, as.NewBin("a", 1))) }()
	}
	for range 40 {
		if got := receive(t, results); got != types.OK {
			t.Errorf("%v", got)
		}
	}
}

// A device takes writes until more waits for its flash than max-write-cache; then the server
// answers 18 until it has caught up. The scale makes the cache 64 MiB / 1000 = 67,108 bytes; a
// record of a 10,000-byte bin takes 35+1+4 (fixed) + 1+3 (set) + 1+1 (bin's name) + 5+10,000 =
// 10,051 bytes, 10,064 rounded up to 16: the seventh makes 70,448, and the eighth is refused.
func TestDeviceOverload(t *testing.T) {
	clock := newManualClock()
	c := start(t, Options{Nodes: 1, Clock: clock, Latency: true, Scale: 0.001})
	client := connect(t, c)
	put := func(i int) types.ResultCode {
		return code(client.PutBins(exists(as.REPLACE), mustKey(t, "set", i), as.NewBin("b", make([]byte, 10_000))))
	}
	for i := range 7 {
		if got := put(i); got != types.OK {
			t.Fatalf("write %d: %v", i, got)
		}
	}
	for range 3 {
		if got := put(8); got != types.DEVICE_OVERLOAD {
			t.Errorf("beyond the write cache: %v", got)
		}
	}
	if there, err := client.Exists(nil, mustKey(t, "set", 8)); err != nil || there {
		t.Errorf("a refused write exists: %v, %v", there, err)
	}
	n := c.nodes[0]
	var s status
	if err := json.Unmarshal([]byte(n.command("crossover-status", clock.Now())), &s); err != nil {
		t.Fatal(err)
	}
	if s.Throttles["DEVICE_OVERLOAD"] != 3 || s.Writes != 10 || s.WriteQueueBytes < 67_108 {
		t.Errorf("crossover-status: %+v", s)
	}
	clock.advance(10 * time.Second)
	if got := put(8); got != types.OK {
		t.Errorf("once the device has caught up: %v", got)
	}
}

// A copy's device is written to as the master's is, and refuses much later.
func TestReplicasUseTheirDevices(t *testing.T) {
	clock := newManualClock()
	c := start(t, Options{Nodes: 2, Replication: 2, Clock: clock, Latency: true, Scale: 0.001})
	client := connect(t, c)
	masterOnly := policy(func(p *as.WritePolicy) {
		p.RecordExistsAction, p.CommitLevel = as.REPLACE, as.COMMIT_MASTER // answered without the copy
	})
	accepted := 0
	for i := range 100 {
		switch got := code(client.PutBins(masterOnly, mustKey(t, "set", i), as.NewBin("b", make([]byte, 10_000)))); got {
		case types.OK:
			accepted++
		case types.DEVICE_OVERLOAD:
		default:
			t.Fatal(got)
		}
	}
	// Every write is on both nodes' queues, so that both fill up at once: 7 writes, as above.
	if accepted != 7 {
		t.Errorf("%d writes were accepted", accepted)
	}
	for _, n := range c.present() {
		if got := n.devices.stats(clock.Now())[0].Writes; got != 7 {
			t.Errorf("node %d wrote %d records", n.number, got)
		}
	}
}

// A record that is no longer in the post-write cache is read from the device.
func TestReadsTakeTheDevicesTime(t *testing.T) {
	clock := newManualClock()
	c := start(t, Options{Nodes: 1, Clock: clock, Latency: true, Scale: 0.001}) // 268,435 bytes of post-write cache
	client := connect(t, c)
	const records = 60 // of 10,064 bytes: the cache holds about the last 26
	for i := range records {
		if got := code(client.PutBins(exists(as.REPLACE), mustKey(t, "set", i), as.NewBin("b", make([]byte, 10_000)))); got != types.OK {
			t.Fatal(got)
		}
		clock.advance(time.Second)
	}
	n := c.nodes[0]
	read := func(i int) chan error {
		done := make(chan error, 1)
		go func() {
			_, err := client.Get(nil, mustKey(t, "set", i))
			if err != nil {
				done <- err
				return
			}
			done <- nil
		}()
		return done
	}
	if err := receive(t, read(records-1)); err != nil {
		t.Fatal(err)
	}
	if got := n.devices.stats(clock.Now())[0].Reads; got != 0 {
		t.Errorf("a record in the cache took %d reads of the device", got)
	}
	done := read(0)
	until := clock.await(t, 1)[0] - clock.Now()
	// Its channel's service time, lognormal about 1/(IOPS*scale) with one channel, and its bytes
	// at the scaled bandwidth.
	if until < nvme.ReadBase/4 || until > 200*time.Millisecond {
		t.Errorf("the read takes %v", until)
	}
	clock.advance(time.Second)
	if err := receive(t, done); err != nil {
		t.Error(err)
	}
	if got := n.devices.stats(clock.Now())[0].Reads; got != 1 {
		t.Errorf("a record out of the cache took %d reads of the device", got)
	}
	// An update reads the record before it writes it; the exact replace above did not.
	update := make(chan types.ResultCode, 1)
	go func() { update <- code(client.PutBins(nil, mustKey(t, "set", 1), as.NewBin("c", 1))) }()
	clock.await(t, 1)
	clock.advance(time.Second)
	if got := receive(t, update); got != types.OK {
		t.Error(got)
	}
	if got := n.devices.stats(clock.Now())[0].Reads; got != 2 {
		t.Errorf("after an update the device has done %d reads", got)
	}
	// Existence is told from the index.
	if there, err := client.Exists(nil, mustKey(t, "set", 2)); err != nil || !there {
		t.Error(there, err)
	}
	if got := n.devices.stats(clock.Now())[0].Reads; got != 2 {
		t.Errorf("exists made it %d reads", got)
	}
}

// A read that a client sends to a copy is answered there, and by its device: a copy's writes
// are not cached.
func TestReadsOfACopy(t *testing.T) {
	c := start(t, Options{Nodes: 3, Replication: 3})
	client := connect(t, c)
	k := mustKey(t, "set", 1)
	if err := client.PutBins(nil, k, as.NewBin("a", 1)); err != nil {
		t.Fatal(err)
	}
	p := as.NewPolicy()
	p.TotalTimeout, p.ReplicaPolicy = 20*time.Second, as.MASTER_PROLES
	for range 30 {
		if _, err := client.Get(p, k); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range c.present() {
		if got := n.counters.total(readAction); got != 10 {
			t.Errorf("node %d served %d reads", n.number, got)
		}
		want := int64(0)
		if c.partitions().master(k.PartitionId()) == n.number {
			want = 10
		}
		cached := int64(0)
		for _, d := range n.devices.list {
			cached += d.cached
		}
		if cached != want {
			t.Errorf("node %d had %d reads in its cache, want %d", n.number, cached, want)
		}
	}
}

// A full node refuses writes: the devices here hold 64 KiB.
func TestOutOfSpace(t *testing.T) {
	clock := newManualClock()
	c := start(t, Options{Nodes: 1, Clock: clock, DeviceBytes: 64 << 10})
	client := connect(t, c)
	put := func(i int) types.ResultCode {
		return code(client.PutBins(nil, mustKey(t, "set", i), as.NewBin("b", make([]byte, 10_000))))
	}
	for i := range 5 { // 50,320 bytes: 76 %
		if got := put(i); got != types.OK {
			t.Fatalf("write %d: %v", i, got)
		}
	}
	clock.advance(2 * time.Second)
	// As requests come in, space is looked after, beside them: the same record is written until it is.
	got := put(4)
	for i := 0; got == types.OK && i < 10_000; i++ {
		got = put(4)
	}
	if got != types.SERVER_MEM_ERROR {
		t.Errorf("with three quarters in use: %v", got)
	}
	var s status
	if err := json.Unmarshal([]byte(c.nodes[0].command("crossover-status", clock.Now())), &s); err != nil || len(s.Events) != 1 || s.Events[0].Name != "stop writes" {
		t.Errorf("events %+v, %v", s.Events, err)
	}
}

func TestScansTakeTheDevicesTime(t *testing.T) {
	clock := newManualClock()
	c := start(t, Options{Nodes: 1, Clock: clock, Latency: true, Scale: 0.0001}) // a cache of 26,843 bytes
	client := connect(t, c)
	for i := range 100 {
		if got := code(client.PutBins(exists(as.REPLACE), mustKey(t, "s", i), as.NewBin("i", i), as.NewBin("b", make([]byte, 1000)))); got != types.OK {
			t.Fatal(got)
		}
		clock.advance(time.Second)
	}
	rs, err := client.ScanAll(nil, "test", "s")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan map[int]int, 1)
	go func() {
		seen := map[int]int{}
		for r := range rs.Results() {
			if r.Err == nil {
				seen[r.Record.Bins["i"].(int)]++
			}
		}
		done <- seen
	}()
	for range 2 { // 100 records are two pages: each is held until it would have been read
		clock.await(t, 1)
		clock.advance(time.Minute)
	}
	exactlyOnce(t, receive(t, done), 100)
	if got := c.nodes[0].devices.stats(clock.Now())[0].Reads; got < 60 {
		t.Errorf("the scan took %d reads of the device", got)
	}
}
