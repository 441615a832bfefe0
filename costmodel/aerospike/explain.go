package aerospike

import (
	"fmt"
	"math"
	"slices"

	"crossover/costmodel"
	"crossover/costmodel/catalogue"
	"crossover/costmodel/footprint"
	"crossover/costmodel/nvme"
	"crossover/results/figure"
)

// nodes writes the first month's node count out with its constraints.
func (l *ledger) nodes() *costmodel.Nodes {
	c := &l.cfg.Aerospike
	out := &costmodel.Nodes{Instance: l.o.instance.Type}
	var in []figure.Input
	for _, n := range l.first.needs {
		formula, inputs := l.working(n.name)
		loss := figure.In("spare nodes", l.cfg.Assume("aerospike.spare_nodes", float64(c.SpareNodes), "nodes"))
		suffix := ", rounded up; + spare nodes"
		if l.o.byZone {
			loss = figure.In("zones", figure.New(zones, "zones", figure.Assumed, "one of three zones may be lost: the other two carry the peak"))
			suffix = ", rounded up for two of three zones"
		}
		f := figure.Derive(float64(l.o.withLoss(c, n.nodes)), "nodes", formula+suffix, append(inputs, loss)...)
		f.Note = fmt.Sprintf("%.3g nodes before rounding", n.nodes)
		out.Constraints = append(out.Constraints, costmodel.Constraint{Name: n.name, Title: n.title, Nodes: f, Binding: n.name == l.first.binding})
		in = append(in, figure.In(n.name, costmodel.See(f, "offers/"+l.o.Name()+"/nodes/constraints/"+n.name)))
	}
	floor := l.cfg.Assume("aerospike.min_nodes", float64(c.MinNodes), "nodes")
	if l.o.byZone {
		floor = figure.Derive(float64(l.o.floor(c)), "nodes", "fewest nodes, rounded up to a multiple of three zones", figure.In("fewest nodes", floor))
	}
	out.Constraints = append(out.Constraints, costmodel.Constraint{Name: "min_nodes", Title: "fewest nodes", Nodes: floor, Binding: l.first.binding == "min_nodes"})
	in = append(in, figure.In("min_nodes", floor))
	out.Count = figure.Derive(float64(l.first.count), "nodes", "the largest of the constraints; "+l.first.binding+" binds", in...)
	if last := l.counts[len(l.counts)-1]; last != l.first.count {
		out.Count.Note = fmt.Sprintf("first month; %d nodes in month %d, added or given back as the load changes", last, l.Months)
	}
	return out
}

func (l *ledger) copiesFigure() figure.Figure {
	if l.o.byZone {
		return figure.New(zones, "copies", figure.Assumed, "one copy in each of three zones")
	}
	return l.cfg.Assume("aerospike.replication", float64(l.o.copies), "copies")
}

func (l *ledger) share(path string, v float64) figure.Input {
	return figure.In(path, l.cfg.Assume("aerospike."+path, v, "share"))
}

// hardware is a figure of the instance type.
func (l *ledger) hardware(name string, value float64, unit string) figure.Input {
	basis, source := figure.Modelled, catalogue.Source
	return figure.In(name, figure.New(value, unit, basis, l.o.instance.Type+": "+source))
}

// working says how a constraint came about.
func (l *ledger) working(name string) (string, []figure.Input) {
	c, i := &l.cfg.Aerospike, l.o.instance
	copies := figure.In("copies", l.copiesFigure())
	micro := func(path string, seconds float64) figure.Input {
		return figure.In(path, l.cfg.Assume("aerospike."+path, seconds*1e6, "us"))
	}
	amplification := figure.In("write amplification", figure.Derive(nvme.WriteAmplification(c.DefragLWM), "ratio", "1 ÷ (1 − defrag-lwm-pct) (aerospike/act README)", l.share("defrag_lwm", c.DefragLWM)))
	rates := []figure.Input{l.share("device_rate", c.DeviceRate), l.share("max_device_rate", c.MaxDeviceRate)}
	switch name {
	case "device_capacity":
		capacity := l.hardware("device bytes of a node", l.o.capacityBytes(), "bytes")
		if l.o.capacityBytes() < i.NVMeTotalGB*1e9 {
			capacity.Figure.Note = "Community Edition's limit of 640 GiB of unique data a node binds: part of the devices stays unused (server source, as_storage_init)"
		}
		return "items × record bytes × copies ÷ (device bytes of a node × max_device_use)",
			append(l.tableInputs("items", "record bytes"), copies, capacity, l.share("max_device_use", c.MaxDeviceUse))
	case "ram_index":
		return "items × copies × index bytes ÷ (memory of a node × max_ram)",
			append(l.tableInputs("items"), copies, figure.In("index bytes", figure.New(footprint.IndexBytes, "bytes", figure.Modelled, "Aerospike documentation, capacity planning")),
				l.hardware("memory of a node", i.RAMGiB*(1<<30), "bytes"), l.share("max_ram", c.MaxRAM))
	case "device_reads":
		in := append(l.tableInputs("peak operations/s", "records read per operation", "records written per operation", "record bytes"), copies, amplification,
			l.share("cache_hit", c.CacheHit), l.hardware("4 KiB reads/s of a node", i.ReadIOPS, "reads/s"), l.hardware("read bytes/s of a node", i.ReadBytesPerS, "bytes/s"))
		return "the larger of: device reads/s in 4 KiB, cache misses, ÷ reads/s of a node; bytes/s of them in whole sectors and of defragmentation ÷ read bytes/s of a node; ÷ (device_rate × max_device_rate)", append(in, rates...)
	case "device_writes":
		in := append(l.tableInputs("peak operations/s", "records written per operation", "record bytes"), copies, amplification, l.hardware("write bytes/s of a node", i.WriteBytesPerS, "bytes/s"))
		return "peak operations/s × records written × record bytes × copies × write amplification ÷ (write bytes/s of a node × device_rate × max_device_rate)", append(in, rates...)
	case "cpu":
		in := append(l.tableInputs("peak operations/s", "requests per operation", "requests to every node per operation", "records returned by them per operation", "share that writes"), copies,
			micro("cpu_per_op", c.CPUPerOp.Seconds()), micro("cpu_per_replica_write", c.CPUPerReplica.Seconds()), micro("cpu_per_record", c.CPUPerRecord.Seconds()),
			l.hardware("vCPUs of a node", float64(i.VCPU), "vCPUs"), l.share("max_cpu", c.MaxCPU))
		return "peak operations/s × (requests × cpu_per_op + records returned × cpu_per_record + share that writes × (copies − 1) × cpu_per_replica_write) ÷ (vCPUs of a node × max_cpu − peak requests/s to every node × cpu_per_op)", in
	case "network":
		in := append(l.tableInputs("peak operations/s", "requests per operation", "records read per operation", "records written per operation", "record bytes", "share that writes"), copies,
			figure.In("wire_overhead", l.cfg.Assume("aerospike.wire_overhead", float64(c.WireBytes), "bytes")),
			l.hardware("baseline bytes/s of a node", i.NetBaseGbps*1e9/8, "bytes/s"), l.share("max_network", c.MaxNetwork))
		return "the larger of bytes/s out (records read, replicas sent, overhead) and in (records written on every copy, overhead) ÷ (baseline bytes/s of a node × max_network)", in
	}
	return "one node for each copy", []figure.Input{copies}
}

// tableInputs are figures of the tables, by what they are called in a working.
func (l *ledger) tableInputs(names ...string) []figure.Input {
	var out []figure.Input
	for i := range l.p.Tables {
		t := &l.p.Tables[i]
		prefix := ""
		if len(l.p.Tables) > 1 {
			prefix = t.Name + ": "
		}
		for _, n := range names {
			var f figure.Figure
			switch n {
			case "items":
				f = t.Items
			case "record bytes":
				f = t.Record
			case "mean operations/s":
				f = t.MeanOps
			case "peak operations/s":
				f = figure.Derive(t.MeanOps.Value*t.PeakShape(), "operations/s", "mean operations/s × busiest hour's multiplier",
					figure.In("mean operations/s", t.MeanOps), figure.In("multiplier", l.cfg.Assume("demand.shape", t.PeakShape(), "ratio")))
			case "records read per operation":
				f = t.DevReads
			case "records written per operation":
				f = t.DevWrites
			case "requests per operation":
				f = t.Requests
			case "requests to every node per operation":
				f = t.Everywhere
			case "records returned by them per operation":
				f = t.Records
			case "share that writes":
				f = t.WriteShare
			default:
				panic("aerospike: no figure is called " + n)
			}
			out = append(out, figure.In(prefix+n, f))
		}
	}
	return slices.Clip(out)
}

// warnings say what the offer does not give, or takes for granted.
func (l *ledger) warnings() []string {
	var out []string
	if l.o.community {
		out = append(out, "Community Edition has no TLS, no authentication, no encryption at rest and no strong consistency; DynamoDB has the first three always")
		out = append(out, "Community Edition has no rack awareness: copies of a record may lie in one zone, and losing the zone can lose it")
	}
	if l.o.copies < zones {
		out = append(out, fmt.Sprintf("%d copies in memory when a write is acknowledged; DynamoDB has written two of three zones' copies. The offers with %d copies over %d zones are nearer to it", l.o.copies, zones, zones))
	}
	if l.o.capacityBytes() < l.o.instance.NVMeTotalGB*1e9 {
		out = append(out, fmt.Sprintf("only %.0f of %.0f GB of the devices can be configured: Community Edition's limit of unique data", l.o.capacityBytes()/1e9, l.o.instance.NVMeTotalGB))
	}
	if l.cfg.DynamoDB.PITR {
		out = append(out, "full backups are priced against point-in-time recovery: a restore goes back to the last backup, not to any second")
	}
	peak := l.peak[l.Months-1]
	if most := math.Floor(peak.ops / float64(l.counts[len(l.counts)-1])); most > 0 {
		out = append(out, fmt.Sprintf("local NVMe is lost when an instance stops: the node is filled again from its replicas; a node then carries up to %.0f operations/s at the last month's peak", most))
	}
	return out
}
