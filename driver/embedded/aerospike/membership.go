package aerospike

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"crossover/driver/embedded/aerospike/store"
	"crossover/driver/embedded/aerospike/wire"
)

// DefaultHeartbeatTimeout is how long a node is silent before the others go on without it:
// heartbeat.interval times heartbeat.timeout at their defaults, 150 ms and 10 (configuration
// reference). A node that joins is taken in after the same time, by assumption.
const DefaultHeartbeatTimeout = 1500 * time.Millisecond

// DefaultMigrationRate is how many bytes/s of records one node receives while partitions move
// to it. No vendor publishes a rate; this one is an assumption, and low: migrate-threads is 1
// by default so that clients come first.
const DefaultMigrationRate = 64 << 20

// spareNodes is how many nodes may join that a cluster did not begin with.
const spareNodes = 4

const (
	// migrationTick is how often what was migrated is put to the devices.
	migrationTick = 100 * time.Millisecond
	// migrationBlock is how many bytes are read and written at a time.
	migrationBlock = 128 << 10
)

// What an event may be refused for.
var (
	errLastNode = errors.New("it is the last node that is alive")
	errAlive    = errors.New("it is alive")
	errDown     = errors.New("it is down already")
	errIdle     = errors.New("the cluster does not serve")
	errNoSpare  = fmt.Errorf("no node is down, and %d have joined already", spareNodes)
)

// membership is which nodes are alive, which of them the cluster knows to be, and which of
// them have all that a partition holds.
//
// Records are held once for all nodes (see the package's comment), so that a copy is lost by
// arithmetic: when the last node that had all of a partition dies, what the nodes that were
// receiving it had not yet got is removed. A node that comes back does so with empty devices,
// as an instance does whose host was stopped or replaced: instance-store NVMe keeps nothing.
type membership struct {
	due atomic.Int64 // when the next step is to be taken, as a reading of the clock

	mu        sync.Mutex
	changes   []time.Duration         // when deaths and arrivals will have been noticed
	whole     [wire.Partitions][]int  // nodes that have all records of a partition
	since     [wire.Partitions]uint64 // since when the published nodes get its writes, by the calendar
	transfers []transfer              // under way, in the order of partitions
	stepped   time.Duration           // when the last step was taken
	ticking   bool                    // a goroutine takes the steps
	device    uint16                  // of the next block, in turn
}

// A transfer moves one partition to a node that is to have it.
type transfer struct {
	pid, from, to int
	bytes         int64 // that are left
}

// initMembers makes all of the nodes that the cluster begins with its members.
func (c *Cluster) initMembers() {
	m := c.partitions()
	for pid := range m.order {
		c.members.whole[pid] = numbers(m.order[pid])
	}
	c.members.due.Store(never)
}

func numbers(order []uint8) []int {
	out := make([]int, len(order))
	for i, n := range order {
		out[i] = int(n)
	}
	return out
}

// alive returns the numbers of the nodes that are up, whether the cluster knows or not.
func (c *Cluster) alive() []int {
	var out []int
	for i, n := range c.nodes {
		if !n.down.Load() {
			out = append(out, i)
		}
	}
	return out
}

// kill loses a node with all that it has: its port closes, its connections break, and the
// others go on as before until they notice.
func (c *Cluster) kill(number int, now time.Duration) (lost int, err error) {
	m := &c.members
	m.mu.Lock()
	defer m.mu.Unlock()
	n := c.nodes[number]
	switch {
	case c.serving == nil:
		return 0, errIdle
	case n.down.Load():
		return 0, errDown
	case len(c.alive()) == 1:
		return 0, errLastNode
	}
	c.cut(n, true, nil)
	lost = c.lose(number)
	m.transfers = slices.DeleteFunc(m.transfers, func(t transfer) bool { return t.from == number || t.to == number })
	c.notice(now + c.options.HeartbeatTimeout)
	return lost, nil
}

// cut closes a node's connections but one by a reset, and its port too when it dies. It
// returns how many they were.
func (c *Cluster) cut(n *Node, dies bool, but net.Conn) (closed int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if dies {
		n.down.Store(true)
		_ = n.listener.Close() // it is open, and goes in any case
	}
	for conn, of := range c.conns {
		if of != n || conn == but {
			continue
		}
		closed++
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // the connection may be gone already
		}
		_ = conn.Close()
	}
	return closed
}

// lose removes the records of which a dead node had the last copy, and returns how many they
// were. The membership is locked.
func (c *Cluster) lose(number int) int {
	m, published := &c.members, c.partitions()
	var partial, gone [wire.Partitions]bool
	for pid := range m.whole {
		had := slices.Contains(m.whole[pid], number)
		m.whole[pid] = slices.DeleteFunc(m.whole[pid], func(n int) bool { return n == number })
		if !had || len(m.whole[pid]) > 0 {
			continue
		}
		// Nodes that were receiving the partition have what was written since.
		heirs := slices.DeleteFunc(numbers(published.order[pid]), func(n int) bool { return c.nodes[n].down.Load() })
		m.whole[pid] = heirs
		partial[pid], gone[pid] = len(heirs) > 0, len(heirs) == 0
	}
	return c.store.Sweep(func(pid int) bool { return partial[pid] || gone[pid] }, func(r *store.Record, _ string) bool {
		pid := r.Digest.Partition()
		return gone[pid] || r.LastUpdate < m.since[pid]
	})
}

// join lets a node that is down, or one that the cluster did not begin with, take part.
// number is -1 for whichever is the first.
func (c *Cluster) join(number int, now time.Duration) (joined int, err error) {
	m := &c.members
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.serving == nil {
		return 0, errIdle
	}
	if number < 0 {
		number = slices.IndexFunc(c.nodes, func(n *Node) bool { return n.down.Load() })
		if number < 0 {
			return 0, errNoSpare
		}
	}
	n := c.nodes[number]
	if !n.down.Load() {
		return 0, errAlive
	}
	if slices.Contains(c.partitions().alive, number) {
		// Back before the others had noticed that it was gone: they notice by what it lacks.
		m.changes = nil
		c.rebalance(now)
	}
	if err := c.listen(n); err != nil {
		return 0, err
	}
	c.notice(now + c.options.HeartbeatTimeout)
	return number, nil
}

// notice notes when a change of the nodes will have been noticed. The membership is locked.
func (c *Cluster) notice(at time.Duration) {
	m := &c.members
	m.changes = append(m.changes, at)
	m.due.Store(min(m.due.Load(), int64(at)))
	if !m.ticking {
		m.ticking = true
		c.running.Go(func() { c.tick(c.serving) })
	}
}

// tick takes the steps as they become due, until none is or the cluster ends: no request may
// come in while clients wait for the node that is gone.
func (c *Cluster) tick(ctx context.Context) {
	m := &c.members
	for {
		m.mu.Lock()
		due := m.due.Load()
		if due == never {
			m.ticking = false
			m.mu.Unlock()
			return
		}
		m.mu.Unlock()
		if c.options.Clock.SleepUntil(ctx, time.Duration(due)) != nil {
			return
		}
		c.step(c.options.Clock.Now())
	}
}

// never is when a step is due that nothing asks for.
const never = 1<<63 - 1

// step takes what steps are due: the nodes publish a new map once they have noticed who is
// there, and partitions move.
func (c *Cluster) step(now time.Duration) {
	m := &c.members
	m.mu.Lock()
	defer m.mu.Unlock()
	if int64(now) < m.due.Load() {
		return
	}
	noticed := false
	m.changes = slices.DeleteFunc(m.changes, func(at time.Duration) bool {
		noticed = noticed || at <= now
		return at <= now
	})
	if noticed {
		c.rebalance(now)
	} else {
		c.migrate(now)
	}
	next := time.Duration(never)
	for _, at := range m.changes {
		next = min(next, at)
	}
	if len(m.transfers) > 0 {
		next = min(next, now+migrationTick)
	}
	m.due.Store(int64(next))
}

// rebalance publishes the map of the nodes that are alive, and plans what has to move. The
// membership is locked.
func (c *Cluster) rebalance(now time.Duration) {
	m := &c.members
	alive, before := c.alive(), c.partitions()
	ideal := newPartitionMap(c.ids(), alive, c.options.Replication, before.generation+1)
	m.transfers, m.stepped = nil, now
	second := c.calendar.millis(now)
	for pid := range ideal.order {
		want := numbers(ideal.order[pid])
		m.whole[pid] = slices.DeleteFunc(m.whole[pid], func(n int) bool { return c.nodes[n].down.Load() })
		if len(m.whole[pid]) == 0 {
			m.whole[pid] = want // nothing is left of it: it begins anew, empty
		}
		source := acting(want, m.whole[pid])
		sum, _ := c.store.PartitionCounts(pid)
		for _, n := range want {
			if !slices.Contains(m.whole[pid], n) {
				m.transfers = append(m.transfers, transfer{pid: pid, from: source, to: n, bytes: sum.DeviceBytes})
				m.since[pid] = second
			}
		}
	}
	c.publish(ideal, before, second)
	c.nodes[alive[0]].note(now, "cluster_changed", fmt.Sprintf("%d nodes, %d partitions to move", len(alive), len(m.transfers)))
}

// acting returns the node that acts as a partition's master: the first in the order that has
// all of it, else whichever has (server source, partition_balance.c: the working master).
func acting(order, whole []int) int {
	for _, n := range order {
		if slices.Contains(whole, n) {
			return n
		}
	}
	return whole[0]
}

// publish makes a map of ideal in which each partition's acting master comes first, and lets
// every node answer it. The membership is locked.
func (c *Cluster) publish(ideal, before *partitionMap, at uint64) {
	next := *ideal
	next.peers = before.peers
	if !slices.Equal(next.alive, before.alive) {
		next.peers++
	}
	for pid := range next.order {
		order := numbers(ideal.order[pid])
		master := acting(order, c.members.whole[pid])
		served := []uint8{uint8(master)}
		for _, n := range order {
			if n != master && len(served) < next.copies {
				served = append(served, uint8(n))
			}
		}
		next.order[pid], next.whole[pid] = served, c.members.whole[pid]
		next.mastered[pid] = before.mastered[pid]
		if before.master(pid) != master {
			next.mastered[pid] = at
		}
	}
	c.current.Store(&next)
}

// migrate puts what was moved since the last step to the devices at both ends, and hands over
// the partitions that have arrived. The membership is locked.
func (c *Cluster) migrate(now time.Duration) {
	m := &c.members
	budget := map[int]int64{}
	share := int64(c.options.MigrationRate * (now - m.stepped).Seconds())
	m.stepped = now
	arrived := false
	for i := range m.transfers {
		t := &m.transfers[i]
		if _, ok := budget[t.to]; !ok {
			budget[t.to] = share
		}
		for t.bytes > 0 && budget[t.to] > 0 {
			block := min(t.bytes, migrationBlock, budget[t.to])
			m.device++
			digest := wire.Digest{4: byte(m.device), 5: byte(m.device >> 8)}
			if _, ok := c.nodes[t.to].devices.write(now, &digest, int(block), false); !ok {
				budget[t.to] = 0 // its devices can take no more for now
				break
			}
			if c.nodes[t.from].devices.on {
				c.nodes[t.from].devices.load(now, &digest, int(block))
			}
			t.bytes -= block
			budget[t.to] -= block
		}
		if t.bytes == 0 && budget[t.to] > 0 {
			m.whole[t.pid] = append(slices.Clone(m.whole[t.pid]), t.to)
			t.pid = -1
			arrived = true
		}
	}
	if !arrived {
		return
	}
	m.transfers = slices.DeleteFunc(m.transfers, func(t transfer) bool { return t.pid < 0 })
	before := c.partitions()
	ideal := newPartitionMap(c.ids(), before.alive, c.options.Replication, before.generation+1)
	moving := map[int]bool{}
	for _, t := range m.transfers {
		moving[t.pid] = true
	}
	for pid := range ideal.order {
		if !moving[pid] {
			m.whole[pid] = numbers(ideal.order[pid]) // the others drop their copies
		}
	}
	c.publish(ideal, before, c.calendar.millis(now))
	if len(m.transfers) == 0 {
		c.nodes[before.alive[0]].note(now, "migrations_done", strconv.Itoa(len(before.alive))+" nodes")
	}
}

func (c *Cluster) ids() []uint64 {
	out := make([]uint64, len(c.nodes))
	for i, n := range c.nodes {
		out[i] = n.id
	}
	return out
}

// remaining returns how many partitions a node has to receive and to send.
func (m *membership) remaining(node int) (receive, send int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.transfers {
		if t.to == node {
			receive++
		}
		if t.from == node {
			send++
		}
	}
	return receive, send
}

// position returns where a record's last write stands on its master's device, 0 when the
// partition has had another master since: only a master's own writes are in its cache.
func (m *partitionMap) position(r *store.Record) uint32 {
	if r.LastUpdate < m.mastered[r.Digest.Partition()] {
		return 0
	}
	return r.Written
}
