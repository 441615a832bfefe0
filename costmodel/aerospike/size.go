package aerospike

import (
	"fmt"
	"math"

	"crossover/costmodel"
	"crossover/costmodel/catalogue"
	"crossover/costmodel/footprint"
	"crossover/costmodel/nvme"
)

// Community Edition's limits (Aerospike server source, release 8.1.2.0).
const (
	maxNodesCE = 8 // as/include/fabric/hb.h, AS_CLUSTER_SZ
	// maxUniqueCE bounds a node's configured devices, halved and divided by the replication
	// factor: 5 TiB over 8 nodes (as/include/storage/storage.h, AS_NODE_STORAGE_SZ; checked in
	// as_storage_init). A larger device must be partitioned.
	maxUniqueCE = 5 << 40 / 8
)

// zones is how many availability zones a region's cluster is spread over.
const zones = 3

// blockBytes is the read that devices are rated with.
const blockBytes = 4096

// A plan is a shape of cluster to be sized.
type plan struct {
	instance  catalogue.Instance
	copies    int
	byZone    bool // sized to lose a zone rather than the configured number of nodes
	community bool
}

// A load is what a month's busiest hour asks of the cluster, over all tables.
type load struct {
	ops        float64 // operations/s
	requests   float64 // requests/s to one node
	everywhere float64 // requests/s to every node
	records    float64 // records/s that those return
	reads      float64 // device record reads/s
	readBytes  float64 // bytes/s of them, in whole sectors
	readBlocks float64 // 4 KiB reads/s that the devices are rated with
	writes     float64 // record writes/s, one copy
	writeBytes float64
	replicated float64 // operations/s that write
	items      float64
	stored     float64 // bytes of one copy
}

// An outlook is a portfolio's load by month. The offers of one list share it, since searches
// price the same portfolio under dozens of them.
type outlook struct {
	of         *costmodel.Portfolio
	peak, mean []load
}

// months returns a portfolio's loads: the tables' busiest hours, whose peaks are taken to
// coincide, and their means.
func (d *outlook) months(p *costmodel.Portfolio) (peak, mean []load) {
	if d.of != p {
		*d = outlook{of: p, peak: make([]load, p.Months), mean: make([]load, p.Months)}
		for m := range p.Months {
			d.peak[m], d.mean[m] = loadOf(p, m, true), loadOf(p, m, false)
		}
	}
	return d.peak, d.mean
}

func loadOf(p *costmodel.Portfolio, month int, peak bool) (sum load) {
	for i := range p.Tables {
		t := &p.Tables[i]
		f := t.Factor(month)
		ops := t.MeanOps.Value * t.Mean(month)
		if peak {
			ops = t.MeanOps.Value * t.Peak(month)
		}
		sectors := math.Ceil(t.Record.Value/nvme.MinIO) * nvme.MinIO
		reads := ops * t.DevReads.Value
		sum.ops += ops
		sum.requests += ops * t.Requests.Value
		sum.everywhere += ops * t.Everywhere.Value
		sum.records += ops * t.Records.Value
		sum.reads += reads
		sum.readBytes += reads * sectors
		sum.readBlocks += reads * math.Max(1, sectors/blockBytes)
		sum.writes += ops * t.DevWrites.Value
		sum.writeBytes += ops * t.DevWrites.Value * t.Record.Value
		sum.replicated += ops * t.WriteShare.Value
		sum.items += t.Items.Value * f
		sum.stored += t.Items.Value * f * t.Record.Value
	}
	return sum
}

// A need is how many nodes, all of them working, one named reason asks for.
type need struct {
	name, title string
	nodes       float64 // before rounding up
}

// capacityBytes is how much of a node's devices can be configured.
func (s plan) capacityBytes() float64 {
	all := s.instance.NVMeTotalGB * 1e9
	if s.community {
		return math.Min(all, 2*float64(s.copies)*maxUniqueCE)
	}
	return all
}

// errFanOut says that no number of nodes carries the index queries.
type errFanOut struct{ cores, limit float64 }

func (e *errFanOut) Error() string {
	return fmt.Sprintf("every node takes part in every index query and scan: they ask for %.2f CPUs of each node, which may use %.2f, however many nodes there are", e.cores, e.limit)
}

// needs returns what each constraint asks for under a load.
func (s plan) needs(c *costmodel.AerospikeConfig, l load) ([]need, error) {
	in, copies := s.instance, float64(s.copies)
	amplified := nvme.WriteAmplification(c.DefragLWM)
	miss := 1 - c.CacheHit
	rate := c.DeviceRate * c.MaxDeviceRate
	written := l.writeBytes * copies * amplified
	defragReads := written - l.writeBytes*copies // defragmentation reads as much as it writes again
	cpus := float64(in.VCPU) * c.MaxCPU
	everywhere := l.everywhere * c.CPUPerOp.Seconds()
	if everywhere >= cpus {
		return nil, &errFanOut{everywhere, cpus}
	}
	work := l.requests*c.CPUPerOp.Seconds() + l.records*c.CPUPerRecord.Seconds() + l.replicated*(copies-1)*c.CPUPerReplica.Seconds()
	overhead := float64(c.WireBytes) * (l.requests + l.replicated*(copies-1))
	moved := l.reads * recordBytes(l)
	out := moved + l.writeBytes*(copies-1) + overhead
	into := l.writeBytes*copies + overhead
	return []need{
		{name: "device_capacity", title: "device capacity", nodes: l.stored * copies / (s.capacityBytes() * c.MaxDeviceUse)},
		{name: "ram_index", title: "memory for the primary index", nodes: l.items * copies * footprint.IndexBytes / (in.RAMGiB * (1 << 30) * c.MaxRAM)},
		{name: "device_reads", title: "device reads", nodes: math.Max(l.readBlocks*miss/in.ReadIOPS, (l.readBytes*miss+defragReads)/in.ReadBytesPerS) / rate},
		{name: "device_writes", title: "device writes", nodes: written / (in.WriteBytesPerS * rate)},
		{name: "cpu", title: "CPU", nodes: work / (cpus - everywhere)},
		{name: "network", title: "network", nodes: math.Max(out, into) / (in.NetBaseGbps * 1e9 / 8 * c.MaxNetwork)},
		{name: "replication", title: "a node for each copy", nodes: copies},
	}, nil
}

// recordBytes is the mean record of what is read: all tables' stored bytes over their items.
func recordBytes(l load) float64 {
	if l.items == 0 {
		return 0
	}
	return l.stored / l.items
}

// withLoss returns how many nodes there must be so that need nodes remain after a loss.
func (s plan) withLoss(c *costmodel.AerospikeConfig, need float64) int {
	whole := math.Max(1, math.Ceil(need-1e-9))
	if s.byZone {
		// Of three zones two remain: each has half of what is needed.
		return zones * int(math.Ceil(whole/(zones-1)))
	}
	return int(whole) + c.SpareNodes
}

// floor is the fewest nodes that the plan may have.
func (s plan) floor(c *costmodel.AerospikeConfig) int {
	if s.byZone {
		return (c.MinNodes + zones - 1) / zones * zones
	}
	return c.MinNodes
}

// A sized is a plan with its sizes by month for the portfolio that was asked for last: offers
// that differ in their terms share it.
type sized struct {
	plan
	of    *costmodel.Portfolio
	first sizing
	list  []int // nodes by month
	err   error
	month int // in which err arose
}

// sizes returns the first month's sizing and the nodes by month, or the month that cannot be
// sized.
func (s *sized) sizes(p *costmodel.Portfolio, peak []load) (sizing, []int, int, error) {
	if s.of == p {
		return s.first, s.list, s.month, s.err
	}
	*s = sized{plan: s.plan, of: p}
	for m := range p.Months {
		if m > 0 && constant(p) {
			s.list = append(s.list, s.list[0])
			continue
		}
		one, err := s.size(&p.Config.Aerospike, peak[m])
		if err == nil && s.community && one.count > maxNodesCE {
			err = fmt.Errorf("%w: %d, at most %d (%s binds)", errTooMany, one.count, maxNodesCE, one.binding)
		}
		if err != nil {
			s.err, s.month = err, m
			break
		}
		if m == 0 {
			s.first = one
		}
		s.list = append(s.list, one.count)
	}
	return s.first, s.list, s.month, s.err
}

// A sizing is a month's node count and what made it.
type sizing struct {
	count   int
	binding string
	needs   []need
}

// size returns the node count for a month's load: the largest that any constraint asks for,
// with the loss allowed for.
func (s plan) size(c *costmodel.AerospikeConfig, l load) (sizing, error) {
	needs, err := s.needs(c, l)
	if err != nil {
		return sizing{}, err
	}
	out := sizing{needs: needs, count: s.floor(c), binding: "min_nodes"}
	largest := -1.0
	for _, n := range needs {
		if with := s.withLoss(c, n.nodes); with > out.count || with == out.count && n.nodes > largest && out.binding != "min_nodes" {
			out.count, out.binding, largest = with, n.name, n.nodes
		}
	}
	return out, nil
}
