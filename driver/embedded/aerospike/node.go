package aerospike

import (
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"crossover/driver/embedded/aerospike/store"
	"crossover/driver/embedded/aerospike/wire"
)

// A Node is one server of the cluster.
type Node struct {
	cluster  *Cluster
	number   int
	id       uint64
	listener net.Listener           // under the cluster's mu once it serves
	at       atomic.Pointer[string] // host:port; nil before it first listened
	down     atomic.Bool            // it was killed, or has not joined yet
	devices  *devices
	inflight *inflight
	counters counters
	latency  *histograms
	fate     *fate
	jobs     jobs

	eventsMu sync.Mutex
	events   []event
}

// nodeBase is the first node's identifier but one: as a real one, a fabric port and a hardware
// address, here a locally administered one.
const nodeBase = 0xBB9_0200_0000_0000

// name returns the node's identifier as clients know it: upper-case hexadecimal.
func (n *Node) name() string { return nodeName(n.id) }

func nodeName(id uint64) string {
	const digits = "0123456789ABCDEF"
	var b [16]byte
	i := len(b)
	for {
		i--
		b[i] = digits[id&15]
		if id >>= 4; id == 0 {
			return string(b[i:])
		}
	}
}

// address returns host:port; "" before the node first listened.
func (n *Node) address() string {
	if at := n.at.Load(); at != nil {
		return *at
	}
	return ""
}

func (n *Node) port() string {
	_, port, _ := net.SplitHostPort(n.address()) // a listener's address has a port
	return port
}

// owner returns the node that carries out a transaction on a partition: this one if it may,
// else the master, to which it is sent on. A copy that is still being received is not read.
func (n *Node) owner(m *partitionMap, pid int, write bool) *Node {
	if replica := m.replica(pid, n.number); replica == 0 || replica > 0 && !write && m.has(pid, n.number) {
		return n
	}
	return n.cluster.nodes[m.master(pid)]
}

// counts sums what the node has: as master and as prole.
func (n *Node) counts() (master, prole store.Counts, sets []store.Counts) {
	m := n.cluster.partitions()
	for pid := range wire.Partitions {
		replica := m.replica(pid, n.number)
		if replica < 0 || !m.has(pid, n.number) {
			continue
		}
		sum, bySet := n.cluster.store.PartitionCounts(pid)
		if replica == 0 {
			master.Add(sum)
		} else {
			prole.Add(sum)
		}
		for len(sets) < len(bySet) {
			sets = append(sets, store.Counts{})
		}
		for i := range bySet {
			sets[i].Add(bySet[i])
		}
	}
	return master, prole, sets
}

// stopWritesUsedPct is how full a node's devices may be before it refuses client writes
// (stop-writes-used-pct's default).
const stopWritesUsedPct = 70

// watchSpace notes whether the node refuses client writes for want of space.
func (n *Node) watchSpace(now time.Duration) {
	master, prole, _ := n.counts()
	used := 100 * (master.DeviceBytes + prole.DeviceBytes) / n.cluster.capacity()
	stop := used >= stopWritesUsedPct
	if n.cluster.stopped[n.number].Swap(stop) != stop {
		name := map[bool]string{true: "stop writes", false: "writes allowed"}[stop]
		n.note(now, name, strconv.FormatInt(used, 10)+"% of the devices used")
	}
}

// uptime returns whole seconds since the cluster's start.
func (n *Node) uptime(now time.Duration) string {
	return strconv.FormatInt(int64(now/time.Second), 10)
}
