package aerospike

import (
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"

	as "github.com/aerospike/aerospike-client-go/v7"
)

// partitions is how many partitions a namespace has (AS_PARTITIONS, server source
// as/include/fabric/partition.h).
const partitions = 4096

// nodes numbers the cluster's nodes: those seen first in the order of their names, later ones
// as they come. A number never changes its node.
type nodes struct {
	mu     sync.Mutex
	names  []string
	seats  atomic.Pointer[[]seat]
	routes atomic.Pointer[[partitions]int16] // partition -> number of its master; -1 unknown
}

// A seat is a node as the library knows it now, and its number.
type seat struct {
	node  *as.Node
	index int
}

// refresh reads the library's view of the cluster. It returns the names of nodes that were
// not there before.
func (n *nodes) refresh(client *as.Client, namespace string) (joined []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := slices.Clone(client.GetNodes())
	slices.SortFunc(list, byName)
	seats := make([]seat, len(list))
	for i, node := range list {
		index := slices.Index(n.names, node.GetName())
		if index < 0 {
			index = len(n.names)
			n.names = append(n.names, node.GetName())
			joined = append(joined, node.GetName())
		}
		seats[i] = seat{node, index}
	}
	n.seats.Store(&seats)
	n.routes.Store(n.route(client, namespace))
	return joined
}

// route asks the library for each partition's master: a write's answer does not say who gave
// it. Between refreshes the table may be out of date, as the library's own may be.
func (n *nodes) route(client *as.Client, namespace string) *[partitions]int16 {
	table := new([partitions]int16)
	policy := basePolicy(adminLimit)
	var digest [20]byte
	key, err := as.NewKeyWithDigest(namespace, "", nil, digest[:])
	for i := range table {
		table[i] = -1
		if err != nil {
			continue
		}
		binary.LittleEndian.PutUint16(digest[:], uint16(i))
		if key.SetDigest(digest[:]) != nil {
			continue
		}
		partition, perr := as.PartitionForWrite(client.Cluster(), &policy, key)
		if perr != nil {
			continue
		}
		if node, nerr := partition.GetNodeWrite(client.Cluster()); nerr == nil {
			table[i] = int16(n.index(node))
		}
	}
	return table
}

// index returns a node's number, or -1 when it has none yet.
func (n *nodes) index(node *as.Node) int {
	seats := n.seats.Load()
	if seats == nil || node == nil {
		return -1
	}
	for _, s := range *seats {
		if s.node == node {
			return s.index
		}
	}
	return -1
}

// master returns the number of the node that has a partition's master copy, or -1.
func (n *nodes) master(partition int) int {
	if table := n.routes.Load(); table != nil && partition >= 0 && partition < partitions {
		return int(table[partition])
	}
	return -1
}
