package aerospike

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"crossover/driver/embedded/aerospike/wire"
)

// A partitionMap says which nodes own which partition: a value, computed from the nodes that
// are alive.
type partitionMap struct {
	generation int
	peers      int // changes of the nodes so far
	alive      []int
	copies     int
	order      [wire.Partitions][]uint8 // nodes by their number; the first is the master
	whole      [wire.Partitions][]int   // nodes that have all records; nil: those in order
	mastered   [wire.Partitions]uint64  // since when the master is another than before, by the calendar
}

// newPartitionMap orders the live nodes for each partition by a hash of partition and node
// (rendezvous hashing; server source, partition_balance.c, which orders by another hash): the
// order of two nodes never depends on a third, so that a node that leaves moves only what it
// owned. Masters are even only on the average, as on a Community Edition server
// (prefer-uniform-balance is an Enterprise feature).
func newPartitionMap(ids []uint64, alive []int, replication, generation int) *partitionMap {
	m := &partitionMap{generation: generation, alive: alive, copies: min(replication, len(alive))}
	score := make(map[int]uint64, len(alive))
	for pid := range m.order {
		for _, n := range alive {
			var key [16]byte
			binary.BigEndian.PutUint64(key[:], uint64(pid))
			binary.BigEndian.PutUint64(key[8:], ids[n])
			score[n] = xxhash.Sum64(key[:])
		}
		order := slices.Clone(alive)
		slices.SortFunc(order, func(a, b int) int {
			if score[a] != score[b] {
				return map[bool]int{true: -1, false: 1}[score[a] > score[b]]
			}
			return a - b
		})
		for _, n := range order[:m.copies] {
			m.order[pid] = append(m.order[pid], uint8(n))
		}
	}
	return m
}

// master returns the number of the node that owns a partition.
func (m *partitionMap) master(pid int) int { return int(m.order[pid][0]) }

// proles returns the numbers of the nodes that have its copies.
func (m *partitionMap) proles(pid int) []uint8 { return m.order[pid][1:] }

// replica returns which copy of a partition a node has: 0 the master's, -1 none.
func (m *partitionMap) replica(pid, node int) int { return slices.Index(m.order[pid], uint8(node)) }

// has reports whether a node has all of a partition's records.
func (m *partitionMap) has(pid, node int) bool {
	if m.whole[pid] == nil {
		return m.replica(pid, node) >= 0
	}
	return slices.Contains(m.whole[pid], node)
}

// bitmap returns which partitions a node has as its nth copy: base64 of 4096 bits, the first
// partition in the highest bit of the first byte.
func (m *partitionMap) bitmap(node, replica int) string {
	var bits [wire.Partitions / 8]byte
	for pid := range m.order {
		if m.replica(pid, node) == replica {
			bits[pid>>3] |= 0x80 >> (pid & 7)
		}
	}
	return base64.StdEncoding.EncodeToString(bits[:])
}

// bitmaps returns a node's bitmaps of all copies, separated by commas.
func (m *partitionMap) bitmaps(node int) string {
	out := make([]string, m.copies)
	for i := range out {
		out[i] = m.bitmap(node, i)
	}
	return strconv.Itoa(m.copies) + "," + strings.Join(out, ",")
}
