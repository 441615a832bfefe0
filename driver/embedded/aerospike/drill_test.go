package aerospike

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	as "github.com/aerospike/aerospike-client-go/v7"

	"crossover/driver/clock"
	"crossover/driver/embedded/aerospike/store"
	"crossover/driver/embedded/aerospike/wire"
)

// watchful returns a client that looks for changes of the cluster often.
func watchful(t *testing.T, c *Cluster) *as.Client {
	t.Helper()
	return tending(t, c, 50*time.Millisecond)
}

func tending(t *testing.T, c *Cluster, every time.Duration) *as.Client {
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
	p.Timeout, p.TendInterval, p.MaxErrorRate = time.Second, every, 0
	client, aerr := as.NewClientWithPolicy(p, host, port)
	if aerr != nil {
		t.Fatal(aerr)
	}
	t.Cleanup(client.Close)
	for _, p := range []*as.BasePolicy{client.DefaultPolicy, &client.DefaultWritePolicy.BasePolicy} {
		p.TotalTimeout, p.SocketTimeout, p.MaxRetries = 2*time.Second, 2*time.Second, 0
	}
	return client
}

// do asks a node for an event.
func do(t *testing.T, n *Node, text string) string {
	t.Helper()
	conn := dial(t, n.address())
	return infoOf(t, conn, eventCommand+":"+text)
}

// infoOf sends one info command and returns its value.
func infoOf(t *testing.T, conn net.Conn, command string) string {
	t.Helper()
	out, start := wire.Begin(nil)
	out = append(out, command+"\n"...)
	wire.End(out, start, wire.TypeInfo)
	if _, err := conn.Write(out); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	var header [wire.ProtoSize]byte
	if _, err := io.ReadFull(in, header[:]); err != nil {
		t.Fatal(err)
	}
	p, err := wire.ParseProto(header[:])
	if err != nil {
		t.Fatal(err)
	}
	body, err := wire.ReadBody(in, p.Size, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, value, _ := strings.Cut(strings.TrimSuffix(string(body), "\n"), "\t")
	return value
}

// scanned counts the records of a set by their keys' bin.
func scanned(t *testing.T, client *as.Client, set string) map[int]int {
	t.Helper()
	records, err := client.ScanAll(nil, "test", set)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]int{}
	for r := range records.Results() {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		seen[r.Record.Bins["k"].(int)]++
	}
	return seen
}

// eventually waits until what holds; hang bounds it.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	c := clock.Real()
	for !holds() {
		if c.Now() > hang {
			t.Fatalf("not within %v: %s", hang, what)
		}
		if err := c.SleepUntil(t.Context(), c.Now()+5*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

// A load keeps writing keys, each with a growing version, and remembers what was acknowledged.
type load struct {
	clock  clock.Clock
	client *as.Client
	keys   int

	mu     sync.Mutex
	acked  map[int]int
	row    int // successes in a row
	failed int
	last   time.Duration // when the last one that failed began, on the real clock
	stop   chan struct{}
	done   sync.WaitGroup
}

func startLoad(t *testing.T, client *as.Client, keys, workers int) *load {
	l := &load{clock: clock.Real(), client: client, keys: keys, acked: map[int]int{}, stop: make(chan struct{})}
	for w := range workers {
		l.done.Go(func() {
			for version := 1; ; version++ {
				for k := w; k < keys; k += workers {
					select {
					case <-l.stop:
						return
					default:
					}
					l.put(t, k, version)
				}
			}
		})
	}
	return l
}

func (l *load) put(t *testing.T, k, version int) {
	key, err := as.NewKey("test", "s", k)
	if err != nil {
		t.Error(err)
		return
	}
	began := l.clock.Now()
	aerr := l.client.Put(nil, key, as.BinMap{"k": k, "v": version})
	l.mu.Lock()
	defer l.mu.Unlock()
	if aerr != nil {
		l.row = 0
		l.failed++
		l.last = max(l.last, began)
		return
	}
	l.row++
	l.acked[k] = version
}

// calm waits for many successes in a row, over all keys.
func (l *load) calm(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	l.row = 0
	l.mu.Unlock()
	eventually(t, "every key is written without an error", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.row > 2*l.keys
	})
}

// end stops the load and checks that every acknowledged write, or a later one, is there, and
// that a scan brings each record once.
func (l *load) end(t *testing.T) {
	t.Helper()
	close(l.stop)
	l.done.Wait()
	if len(l.acked) != l.keys {
		t.Fatalf("%d of %d keys were written", len(l.acked), l.keys)
	}
	for k, version := range l.acked {
		r, err := l.client.Get(nil, mustKey(t, "s", k))
		if err != nil {
			t.Fatalf("key %d, acknowledged at version %d: %v", k, version, err)
		}
		if got := r.Bins["v"].(int); got < version {
			t.Errorf("key %d holds version %d; %d was acknowledged", k, got, version)
		}
	}
	seen := scanned(t, l.client, "s")
	for k := range l.keys {
		if seen[k] != 1 {
			t.Errorf("a scan brought key %d %d times", k, seen[k])
		}
	}
	if len(seen) != l.keys {
		t.Errorf("a scan brought %d keys of %d", len(seen), l.keys)
	}
}

func TestANodeIsLostAndComesBackUnderLoad(t *testing.T) {
	const keys = 600
	c := start(t, Options{Nodes: 3, Replication: 2, HeartbeatTimeout: 300 * time.Millisecond, RandomSeed: 1})
	const tend = 250 * time.Millisecond
	client := tending(t, c, tend)
	l := startLoad(t, client, keys, 6)
	l.calm(t)
	if l.failed != 0 {
		t.Fatalf("%d writes failed before anything happened", l.failed)
	}
	if got := do(t, c.nodes[0], "do=kill_node;node=2"); !strings.HasPrefix(got, "ok node 2") || !strings.Contains(got, " 0 records lost") {
		t.Fatalf("kill_node: %q", got)
	}
	eventually(t, "the survivors have a map without the node", func() bool { return len(c.partitions().alive) == 2 })
	published := l.clock.Now()
	l.calm(t)
	l.mu.Lock()
	failed, last := l.failed, l.last
	l.mu.Unlock()
	if late := last - published; late > 2*tend {
		t.Errorf("a write that began %v after the new map failed, more than two tends", late)
	}
	if failed == 0 {
		t.Error("no write failed while the others had not noticed that a node was gone")
	}
	if got := len(c.partitions().alive); got != 2 {
		t.Fatalf("errors stopped while the map had %d nodes", got)
	}
	eventually(t, "the client has 2 nodes", func() bool { return len(client.GetNodes()) == 2 })

	if got := do(t, c.nodes[0], "do=add_node;node=2"); !strings.HasPrefix(got, "ok node 2") {
		t.Fatalf("add_node: %q", got)
	}
	served := c.nodes[1].counters.total(writeAction)
	eventually(t, "the node that came back has its share", func() bool {
		m, masters := c.partitions(), 0
		for pid := range wire.Partitions {
			if m.master(pid) == 1 && m.has(pid, 1) {
				masters++
			}
		}
		return masters > wire.Partitions/5
	})
	l.calm(t)
	if got := c.nodes[1].counters.total(writeAction); got == served {
		t.Error("the node that came back serves no write")
	}
	l.end(t)
}

// Without a second copy what a lost node had is lost: reads say so, and nothing else is.
func TestALostNodeLosesWhatHasOneCopy(t *testing.T) {
	const keys = 300
	c := start(t, Options{Nodes: 3, Replication: 1, HeartbeatTimeout: 200 * time.Millisecond, RandomSeed: 1})
	client := watchful(t, c)
	lost := map[int]bool{}
	for k := range keys {
		key := mustKey(t, "s", k)
		if err := client.Put(nil, key, as.BinMap{"k": k}); err != nil {
			t.Fatal(err)
		}
		lost[k] = c.partitions().master(key.PartitionId()) == 2
	}
	count := 0
	for _, gone := range lost {
		if gone {
			count++
		}
	}
	if count == 0 || count == keys {
		t.Fatalf("node 3 is the master of %d of %d keys", count, keys)
	}
	want := fmt.Sprintf(" %d records lost", count)
	if got := do(t, c.nodes[0], "do=kill_node;node=3"); !strings.Contains(got, want) {
		t.Errorf("kill_node answered %q, expected%s", got, want)
	}
	eventually(t, "a map of 2 nodes", func() bool {
		return len(c.partitions().alive) == 2 && len(client.GetNodes()) == 2
	})
	for k := range keys {
		var found bool
		eventually(t, "an answer for every key", func() bool {
			ok, err := client.Exists(nil, mustKey(t, "s", k))
			found = ok
			return err == nil
		})
		if found == lost[k] {
			t.Errorf("key %d: found %v, its only copy lost %v", k, found, lost[k])
		}
	}
	seen := scanned(t, client, "s")
	for k, gone := range lost {
		if (seen[k] == 1) == gone {
			t.Errorf("a scan brought key %d %d times; lost: %v", k, seen[k], gone)
		}
	}
}

// A node that the cluster did not begin with takes its share.
func TestANewNodeTakesItsShare(t *testing.T) {
	c := start(t, Options{Nodes: 2, Replication: 2, HeartbeatTimeout: 100 * time.Millisecond, RandomSeed: 1})
	client := watchful(t, c)
	l := startLoad(t, client, 200, 2)
	l.calm(t)
	if got := do(t, c.nodes[0], "do=add_node"); !strings.HasPrefix(got, "ok node 3") {
		t.Fatalf("add_node: %q", got)
	}
	eventually(t, "the client has 3 nodes", func() bool { return len(client.GetNodes()) == 3 })
	eventually(t, "nothing moves", func() bool {
		receive, _ := c.members.remaining(2)
		return receive == 0
	})
	l.calm(t)
	if l.failed != 0 {
		t.Errorf("%d writes failed while a node joined", l.failed)
	}
	l.end(t)
	if c.nodes[2].counters.total(writeAction) == 0 {
		t.Error("the new node served no write")
	}
}

func TestEventsThatAreRefused(t *testing.T) {
	c := start(t, Options{Nodes: 2, Replication: 2})
	for _, tc := range []struct{ text, want string }{
		{"do=kill_node", "node: expected one"},
		{"do=kill_node;node=1", "ask another"},
		{"do=kill_node;node=7", "expected 1 to 6"},
		{"do=kill_node;node=3", "down already"},
		{"do=add_node;node=2", "it is alive"},
		{"do=slow_device;factor=0.5", "expected 1 to 1000"},
		{"do=overload;share=2", "expected 0 to 1"},
		{"do=delay;share=1", "expected a duration"},
		{"do=dance", "do: expected kill_node"},
		{"", "do: expected kill_node"},
	} {
		if got := do(t, c.nodes[0], tc.text); !strings.HasPrefix(got, "ERROR:4:") || !strings.Contains(got, tc.want) {
			t.Errorf("%q: %q, expected %q", tc.text, got, tc.want)
		}
	}
	if got := do(t, c.nodes[0], "do=kill_node;node=2"); !strings.HasPrefix(got, "ok ") {
		t.Fatal(got)
	}
	if got := do(t, c.nodes[0], "do=add_node;node=2"); !strings.HasPrefix(got, "ok ") {
		t.Fatal(got)
	}
	if got := do(t, c.nodes[1], "do=kill_node;node=1"); !strings.HasPrefix(got, "ok ") {
		t.Fatal(got)
	}
}

// Overload, delay and slow devices act while they are asked for, and not after.
func TestFaultsOfADrill(t *testing.T) {
	clock := newManualClock()
	c := start(t, Options{Nodes: 1, Clock: clock, Latency: true, RandomSeed: 1})
	n := c.nodes[0]
	if f, by := c.drill.deal(0); f != noFault || by != 0 {
		t.Fatalf("before: %v, %v", f, by)
	}
	for _, tc := range []struct {
		text string
		want fault
		by   time.Duration
	}{
		{"do=overload;share=1", faultOverload, 0},
		{"do=overload;share=0", noFault, 0},
		{"do=delay;share=1;by=20ms", noFault, 20 * time.Millisecond},
		{"do=delay;share=0", noFault, 0},
	} {
		if _, err := n.do(tc.text, 0, nil); err != nil {
			t.Fatal(err)
		}
		if f, by := c.drill.deal(0); f != tc.want || by != tc.by {
			t.Errorf("%s: %v, %v", tc.text, f, by)
		}
	}
	digest := wire.Digest{1}
	at := time.Duration(0)
	took := func() (sum time.Duration) {
		for range 200 {
			at += time.Second
			sum += n.devices.read(at, &digest, 1024, 0) - at
		}
		return sum
	}
	normal := took()
	if _, err := n.do("do=slow_device;factor=8;node=1", 0, nil); err != nil {
		t.Fatal(err)
	}
	if ratio := float64(took()) / float64(normal); ratio < 7 || ratio > 9 {
		t.Errorf("a device slower by 8 takes %.2f times as long", ratio)
	}
	if _, err := n.do("do=slow_device;factor=1", 0, nil); err != nil {
		t.Fatal(err)
	}
	if ratio := float64(took()) / float64(normal); ratio < 0.9 || ratio > 1.1 {
		t.Errorf("a device as it was made takes %.2f times as long", ratio)
	}
}

// Until the others have noticed that a node is gone, a write whose copy it has is not
// acknowledged, and one that only the master is to commit is.
func TestAWriteWithoutItsCopyIsInDoubt(t *testing.T) {
	c := start(t, Options{Nodes: 2, Replication: 2, HeartbeatTimeout: time.Hour})
	client := watchful(t, c)
	if got := do(t, c.nodes[0], "do=kill_node;node=2"); !strings.HasPrefix(got, "ok ") {
		t.Fatal(got)
	}
	of := func(number int) *as.Key {
		for i := 0; ; i++ {
			if k := mustKey(t, "s", i); c.partitions().master(k.PartitionId()) == number {
				return k
			}
		}
	}
	policy := as.NewWritePolicy(0, 0)
	policy.TotalTimeout, policy.SocketTimeout, policy.MaxRetries = 300*time.Millisecond, 300*time.Millisecond, 0
	if err := client.Put(policy, of(0), as.BinMap{"k": 1}); err == nil || !err.IsInDoubt() {
		t.Errorf("a write that its copy does not have: %v", err)
	}
	if r, err := client.Get(nil, of(0)); err != nil || r.Bins["k"] != 1 {
		t.Errorf("the master has it: %v, %v", r, err)
	}
	policy.CommitLevel = as.COMMIT_MASTER
	other := as.BinMap{"k": 2}
	k := mustKey(t, "s", "another")
	for i := 0; c.partitions().master(k.PartitionId()) != 0; i++ {
		k = mustKey(t, "s", "another"+strconv.Itoa(i))
	}
	if err := client.Put(policy, k, other); err != nil {
		t.Errorf("a write that the master alone is to commit: %v", err)
	}
	if err := client.Put(policy, of(1), as.BinMap{"k": 1}); err == nil {
		t.Error("a write of a dead master's is acknowledged")
	}
}

// Partitions move at the stated rate, are served meanwhile by the node that has them, and load
// the devices at both ends.
func TestPartitionsMoveAtTheirRate(t *testing.T) {
	const rate = 20_000 // bytes/s
	clock := newManualClock()
	c := start(t, Options{Nodes: 2, Replication: 1, Clock: clock, Latency: true, MigrationRate: rate, RandomSeed: 1})
	for k := range 2000 {
		digest := wire.Digest(mustKey(t, "s", k).Digest())
		txn := c.store.Begin(&digest, 0)
		txn.Put(&store.Value{Bins: wire.AppendOp(nil, wire.OpRead, wire.Integer, []byte("k"), make([]byte, 8)), Count: 1})
		txn.End()
	}
	peers := infoOf(t, dial(t, c.nodes[0].address()), "peers-generation")
	if got := do(t, c.nodes[0], "do=add_node"); !strings.HasPrefix(got, "ok node 3") {
		t.Fatal(got)
	}
	advance := func(d time.Duration) {
		clock.advance(d)
		c.step(clock.Now())
	}
	advance(DefaultHeartbeatTimeout - time.Millisecond)
	if n := len(c.partitions().alive); n != 2 {
		t.Fatalf("%d nodes before the heartbeat's timeout", n)
	}
	advance(time.Millisecond)
	m := c.partitions()
	if len(m.alive) != 3 || m.generation != 1 {
		t.Fatalf("nodes %v, generation %d", m.alive, m.generation)
	}
	if got := infoOf(t, dial(t, c.nodes[0].address()), "peers-generation"); got == peers {
		t.Errorf("peers-generation is %s as before", got)
	}
	bytes := int64(0)
	for pid := range wire.Partitions {
		if m.master(pid) == 2 && !m.has(pid, 2) {
			t.Fatalf("partition %d is served by the node that has not got it", pid)
		}
	}
	c.members.mu.Lock()
	for _, x := range c.members.transfers {
		bytes += x.bytes
	}
	c.members.mu.Unlock()
	// In AP mode a third of the partitions moves; the records are about 2000 × 64 bytes.
	if bytes < 2000*64/5 || bytes > 2000*64 {
		t.Fatalf("%d bytes are to move", bytes)
	}
	ticks := 0
	for ; ; ticks++ {
		receive, _ := c.members.remaining(2)
		if receive == 0 {
			break
		}
		m := c.partitions()
		for pid := range wire.Partitions {
			if !m.has(pid, m.master(pid)) {
				t.Fatalf("partition %d is served by the node that has not got it", pid)
			}
		}
		if ticks > 10_000 {
			t.Fatal("they move for ever")
		}
		advance(migrationTick)
	}
	took, want := float64(ticks)*migrationTick.Seconds(), float64(bytes)/rate
	if took < want || took > 1.1*want+1 {
		t.Errorf("%d bytes moved in %.1f s, at %d bytes/s expected in %.1f", bytes, took, rate, want)
	}
	if got := c.nodes[2].devices.stats(clock.Now())[0].WriteBytes; int64(got) != bytes {
		t.Errorf("%d bytes were written to the new node's devices of %d", got, bytes)
	}
	for pid := range wire.Partitions {
		if m := c.partitions(); len(m.whole[pid]) != 1 || m.whole[pid][0] != m.master(pid) {
			t.Fatalf("partition %d: master %d, had by %v", pid, m.master(pid), m.whole[pid])
		}
	}
}
