package simulate

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"crossover/costmodel/nvme"
	"crossover/workload"
	"crossover/workload/keys"
)

// rank orders the nodes for each partition by a score of the two, as the server does
// (partition_balance.c), with a hash of its own.
func (a *Aerospike) rank() {
	for pid := range a.order {
		list := make([]uint8, len(a.nodes))
		for i := range list {
			list[i] = uint8(i)
		}
		score := func(n uint8) uint64 { return keys.Mix(uint64(pid)<<8 | uint64(n)) }
		slices.SortFunc(list, func(x, y uint8) int {
			if score(x) > score(y) {
				return -1
			}
			return 1
		})
		a.order[pid] = list
	}
}

// owners returns the nodes that the cluster holds for a record's owners: master first.
func (a *Aerospike) owners(pid int) (out [8]*node, n int) {
	for _, i := range a.order[pid] {
		if x := a.nodes[i]; x.member && n < min(a.Replication, len(out)) {
			out[n] = x
			n++
		}
	}
	return out, n
}

func (a *Aerospike) next() time.Duration { return min(a.noticed, a.migrated) }

func (a *Aerospike) advance(now time.Duration) {
	if a.noticed <= now {
		a.notice(now)
	}
	if a.migrated <= now {
		a.migrate(now)
	}
}

// event begins one of the scenario's events.
func (a *Aerospike) event(now time.Duration, e *workload.Event) error {
	i := e.Node - 1
	switch e.Do {
	case workload.KillNode:
		if i < 0 || i >= len(a.nodes) || !a.nodes[i].alive {
			return fmt.Errorf("node %d is not there, or down already", e.Node)
		}
		a.nodes[i].alive = false
		a.noticed = now + a.HeartbeatTimeout
		a.events = append(a.events, happening{now, "node_lost", "node " + strconv.Itoa(e.Node)})
	case workload.AddNode:
		return a.join(now, i)
	case workload.SlowDevice:
		for k, n := range a.nodes {
			if e.Node == 0 || k == i {
				n.slow = e.Factor
				for _, d := range n.devices {
					d.Slow(now, e.Factor)
				}
			}
		}
	}
	return nil
}

// join lets a node that was lost come back, its devices empty, or a new one join.
func (a *Aerospike) join(now time.Duration, i int) error {
	if i < 0 {
		for k, n := range a.nodes {
			if !n.alive {
				i = k
				break
			}
		}
	}
	p := a.Device.Scale(a.Scale)
	p.MaxWriteCache += int(max(replicaMargin*a.Scale, 1<<20))
	if i < 0 || i >= len(a.nodes) {
		if err := a.add(p); err != nil {
			return err
		}
		i = len(a.nodes) - 1
		a.nodes[i].member = false
		a.rank()
	}
	n := a.nodes[i]
	if n.alive && n.member {
		return fmt.Errorf("node %d is alive", i+1)
	}
	n.alive, n.member = true, false
	for k := range n.devices {
		p.Seed++
		d, err := nvme.NewDevice(p)
		if err != nil {
			return err
		}
		n.devices[k], n.written[k] = d, 0
	}
	// It serves once it has its part of the data: until then the others do.
	members := 1
	for _, x := range a.nodes {
		if x.member {
			members++
		}
	}
	n.owed = a.perItem * float64(a.sc.Dataset.Items) * float64(a.Replication) / float64(members)
	a.migrated = min(a.migrated, now+a.HeartbeatTimeout)
	a.events = append(a.events, happening{now, "node_joins", "node " + strconv.Itoa(i+1)})
	return nil
}

// notice lets the cluster go on without the nodes that do not answer: the next node in each
// partition's order takes its place, and receives what it lacks.
func (a *Aerospike) notice(now time.Duration) {
	a.noticed = never
	part := a.perItem * float64(a.sc.Dataset.Items) / aerospikePartitions
	gone := 0
	for pid := range a.order {
		owners, n := a.owners(pid)
		left := 0
		for _, x := range owners[:n] {
			if x.alive {
				left++
			}
		}
		if left == n {
			continue
		}
		if left == 0 {
			a.lost[pid] = true
			gone++
		}
		for _, k := range a.order[pid] {
			if x := a.nodes[k]; x.alive && x.member && !slices.Contains(owners[:n], x) {
				if left > 0 {
					x.owed += part * float64(n-left)
				}
				break
			}
		}
	}
	for i, x := range a.nodes {
		if !x.alive && x.member {
			x.member = false
			a.events = append(a.events, happening{now, "partition_map", fmt.Sprintf("without node %d; %d partitions have no copy left", i+1, gone)})
		}
	}
	a.migrated = min(a.migrated, now)
}

// migrate moves a tick's bytes to the nodes that lack them: written there, and read at another.
func (a *Aerospike) migrate(now time.Duration) {
	const block = 128 << 10
	more := false
	for i, n := range a.nodes {
		if n.owed <= 0 || !n.alive {
			continue
		}
		bytes := min(n.owed, a.MigrationRate*migrationTick.Seconds())
		n.owed -= bytes
		for ; bytes > 0; bytes -= block {
			size := int(min(bytes, block))
			k := a.rng.IntN(a.Devices)
			n.devices[k].Write(now, size)
			if from := a.nodes[(i+1+a.rng.IntN(max(1, len(a.nodes)-1)))%len(a.nodes)]; from != n && from.alive {
				from.devices[k].Read(now, size)
			}
		}
		if n.owed <= 0 {
			if !n.member {
				n.member = true
			}
			a.events = append(a.events, happening{now, "migrated", "node " + strconv.Itoa(i+1) + " has all that it is to hold"})
		}
		more = more || n.owed > 0
	}
	a.migrated = never
	if more {
		a.migrated = now + migrationTick
	}
}
