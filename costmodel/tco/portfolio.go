package tco

import (
	"fmt"

	"crossover/costmodel"
	"crossover/costmodel/demand"
	"crossover/results/figure"
	"crossover/workload"
	"crossover/workload/mapping"
	"crossover/workload/op"
)

// sampledItems is how many items' sizes the means are taken over: evenly spread item numbers,
// whose sizes are drawn independently, so that the mean of a lognormal size with a hundredfold
// spread is known to about a percent.
const sampledItems = 10_000

// A perKind is what one operation of a kind asks for, on average over item sizes.
type perKind struct {
	read, write         float64 // DynamoDB units
	devReads, devWrites float64
	requests            float64 // Aerospike requests to one node
	everywhere          float64 // Aerospike requests to every node
	records             float64 // records that those return
	indexWrites         float64 // of write, those of secondary indexes
}

// A profile is what the scenario's items and operations ask for, whatever the load.
type profile struct {
	kinds       [op.KindCount]perKind
	itemBytes   float64
	recordBytes float64
	indexBytes  float64
	sampled     uint64
}

// profileOf averages over the sizes of evenly spread items: every item is as likely to be asked
// for as any other of its size.
func profileOf(sc *workload.Scenario) profile {
	m := mapping.New(sc)
	var out profile
	stride := max(1, sc.Dataset.Items/sampledItems)
	for item := uint64(0); item < sc.Dataset.Items; item += stride {
		size := sc.ItemSize(item)
		out.sampled++
		out.itemBytes += float64(size)
		out.recordBytes += float64(m.Record(size).DeviceBytes())
		for i := range sc.Indexes {
			out.indexBytes += float64(m.EntryBytes(&sc.Indexes[i], size))
		}
		for k := range op.KindCount {
			if sc.Workload.Operations[k] == 0 {
				continue
			}
			r, w, _ := m.DynamoDBUnits(k, size)
			reads, writes := m.DeviceIO(k, size)
			p := &out.kinds[k]
			p.read, p.write = p.read+r, p.write+w
			p.devReads, p.devWrites = p.devReads+reads, p.devWrites+writes
			p.indexWrites += m.IndexUnits(k, size)
			if n := m.Records(k); n > 0 {
				p.requests += float64(n)
			} else {
				p.everywhere++
				p.records += reads
			}
		}
	}
	n := float64(out.sampled)
	out.itemBytes, out.recordBytes, out.indexBytes = out.itemBytes/n, out.recordBytes/n, out.indexBytes/n
	for k := range out.kinds {
		p := &out.kinds[k]
		*p = perKind{p.read / n, p.write / n, p.devReads / n, p.devWrites / n, p.requests / n, p.everywhere / n, p.records / n, p.indexWrites / n}
	}
	return out
}

// A base is the table that is priced, at the scenario's own load, with its figures.
type base struct {
	table costmodel.Table
	named []Named
}

// add notes a figure of the demand and returns one that refers to it.
func (b *base) add(name, title string, f figure.Figure) figure.Figure {
	b.named = append(b.named, Named{Name: name, Title: title, Figure: f})
	return costmodel.See(f, "demand/"+name)
}

// mix averages a per-kind quantity over the scenario's operations.
func mix(sc *workload.Scenario, unit, what string, of func(k op.Kind) figure.Figure) figure.Figure {
	sum := 0.0
	var in, idle []figure.Input
	for k := range op.KindCount {
		share := sc.Workload.Operations[k]
		if share == 0 {
			continue
		}
		f := of(k)
		sum += share * f.Value
		list := &in
		if f.Value == 0 {
			list = &idle // shown only where there is nothing else to show
		}
		*list = append(*list, figure.In(k.String(), figure.Derive(share*f.Value, unit, "share of operations × "+what,
			figure.In("share", figure.New(share, "share", figure.Assumed, "scenario, workload.operations."+k.String())), figure.In(what, f))))
	}
	if len(in) == 0 {
		in = idle
	}
	return figure.Derive(sum, unit, "sum over the operation kinds", in...)
}

// baseOf puts the table together from the scenario's profile, the units as seen in runs, and
// the cost section.
func baseOf(sc *workload.Scenario, p profile, seen *seenUnits, c *costmodel.Config) *base {
	b := &base{}
	t := &b.table
	t.Name = mapping.TableName(sc)
	t.Load, _ = c.Demand.Profile() // the cost section's check has found it sound
	t.MeanOps = b.mean(t, c)
	t.Growth = b.add("growth", "growth of load and items a year", c.Assume("demand.growth", float64(c.Demand.Growth), "share"))
	t.Items = b.add("items", "items in the first month", c.Assume("items", float64(c.Items), "items"))
	source := fmt.Sprintf("scenario dataset.size, mean over %d items", p.sampled)
	t.ItemBytes = b.add("item_bytes", "mean item, as DynamoDB counts it", figure.New(p.itemBytes, "bytes", figure.Modelled, source))
	t.Record = b.add("record_bytes", "mean record on an Aerospike device, one copy", figure.New(p.recordBytes, "bytes", figure.Modelled, source+"; server source, as/src/storage/flat.c"))
	rules := fmt.Sprintf("DynamoDB's capacity-unit rules, mean over %d items", p.sampled)
	ours := fmt.Sprintf("mapping of operations to Aerospike, mean over %d items", p.sampled)
	per := func(unit, source string, of func(perKind) float64) func(k op.Kind) figure.Figure {
		return func(k op.Kind) figure.Figure { return figure.New(of(p.kinds[k]), unit, figure.Modelled, source) }
	}
	reads := per("read units", rules, func(k perKind) float64 { return k.read })
	writes := per("write units", rules, func(k perKind) float64 { return k.write })
	if seen != nil {
		reads, writes = seen.reads(reads), seen.writes(writes)
	}
	t.ReadUnits = b.add("read_units_per_operation", "DynamoDB read units per operation", mix(sc, "read units", "read units", reads))
	t.WriteUnits = b.add("write_units_per_operation", "DynamoDB write units per operation", mix(sc, "write units", "write units", writes))
	b.indexes(sc, p, per, rules)
	t.DevReads = b.add("device_reads_per_operation", "records read from a device per operation", mix(sc, "records", "records read", per("records", ours, func(k perKind) float64 { return k.devReads })))
	t.DevWrites = b.add("device_writes_per_operation", "records written per operation, one copy", mix(sc, "records", "records written", per("records", ours, func(k perKind) float64 { return k.devWrites })))
	t.Requests = b.add("requests_per_operation", "Aerospike requests to one node per operation", mix(sc, "requests", "requests", per("requests", ours, func(k perKind) float64 { return k.requests })))
	t.Everywhere = b.add("requests_to_every_node_per_operation", "Aerospike requests to every node per operation", mix(sc, "requests", "requests to every node", per("requests", ours, func(k perKind) float64 { return k.everywhere })))
	t.Records = b.add("records_returned_per_operation", "records that those return per operation", mix(sc, "records", "records returned", per("records", ours, func(k perKind) float64 { return k.records })))
	t.WriteShare = b.add("write_share", "share of operations that write", mix(sc, "share", "writes", func(k op.Kind) figure.Figure {
		v := 0.0
		if k.Writes() {
			v = 1
		}
		return figure.New(v, "share", figure.Modelled, "operation kind")
	}))
	b.peaks(t, c)
	return b
}

// indexes notes what the secondary indexes hold of an item and how many of the write units are
// theirs.
func (b *base) indexes(sc *workload.Scenario, p profile, per func(unit, source string, of func(perKind) float64) func(op.Kind) figure.Figure, rules string) {
	t := &b.table
	if t.IndexCount = len(sc.Indexes); t.IndexCount == 0 {
		return
	}
	t.IndexBytes = b.add("index_entry_bytes", "bytes of an item's entries in the secondary indexes", figure.New(p.indexBytes, "bytes", figure.Modelled, fmt.Sprintf("projections of %d indexes, mean over %d items", t.IndexCount, p.sampled)))
	t.IndexWrites = b.add("index_write_units_per_operation", "of the write units, those of secondary indexes", mix(sc, "write units", "index write units", per("write units", rules, func(k perKind) float64 { return k.indexWrites })))
}

// mean notes the load and returns its mean.
func (b *base) mean(t *costmodel.Table, c *costmodel.Config) figure.Figure {
	shape := c.Assume("demand.shape", t.PeakShape(), "ratio")
	if c.Demand.Peak > 0 {
		peak := c.Assume("demand.peak", c.Demand.Peak, "operations/s")
		mean := figure.Derive(c.Demand.Peak/t.PeakShape(), "operations/s", "load of the busiest hour ÷ its multiplier of the mean", figure.In("demand.peak", peak), figure.In("demand.shape", shape))
		return b.add("mean_operations", "mean load, before growth", mean)
	}
	return b.add("mean_operations", "mean load, before growth", c.Assume("demand.mean", c.Demand.Mean, "operations/s"))
}

// peaks notes what the busiest hour asks for.
func (b *base) peaks(t *costmodel.Table, c *costmodel.Config) {
	peak := figure.Derive(t.MeanOps.Value*t.PeakShape(), "operations/s", "mean load × busiest hour's multiplier",
		figure.In("mean_operations", t.MeanOps), figure.In("demand.shape", c.Assume("demand.shape", t.PeakShape(), "ratio")))
	ops := b.add("peak_operations", "load of the busiest hour, before growth", peak)
	for _, u := range []struct {
		name, title string
		per         figure.Figure
	}{{"peak_read_units", "read units/s in the busiest hour", t.ReadUnits}, {"peak_write_units", "write units/s in the busiest hour", t.WriteUnits}} {
		b.add(u.name, u.title, figure.Derive(peak.Value*u.per.Value, "units/s", "load of the busiest hour × units per operation", figure.In("peak_operations", ops), figure.In("units per operation", u.per)))
	}
	last := t.Peak(int(c.Horizon)-1) / t.PeakShape()
	b.add("last_month_peak_operations", "load of the busiest hour in the last month", figure.Derive(peak.Value*last, "operations/s", "load of the busiest hour × (1 + growth)^((months − 1) ÷ 12), × the last month's season over the busiest's",
		figure.In("peak_operations", ops), figure.In("growth", t.Growth), figure.In("months", c.Assume("horizon", float64(c.Horizon), "months"))))
	b.add("data_bytes", "items' bytes in the first month, as DynamoDB counts them", figure.Derive(t.Items.Value*t.ItemBytes.Value, "bytes", "items × mean item", figure.In("items", t.Items), figure.In("item_bytes", t.ItemBytes)))
}

// profile returns the profile of another shape, which searches ask for again and again.
func (m *model) profile(c *costmodel.Config) *demand.Profile {
	if p, ok := m.loads.Load(c.Demand.Shape); ok {
		return p.(*demand.Profile)
	}
	p, _ := c.Demand.Profile() // sound, since the scenario's own is
	made, _ := m.loads.LoadOrStore(c.Demand.Shape, p)
	return made.(*demand.Profile)
}

// portfolio returns the portfolio of a configuration with its load and items scaled.
func (m *model) portfolio(c *costmodel.Config, scale float64) *costmodel.Portfolio {
	t := m.base.table
	if c.Demand.Shape != m.cfg.Demand.Shape {
		t.Load = m.profile(c)
	}
	t.MeanOps.Value = c.Demand.Mean
	if c.Demand.Peak > 0 {
		t.MeanOps.Value = c.Demand.Peak / t.PeakShape()
	}
	t.MeanOps.Value *= scale
	t.Items.Value = float64(c.Items) * scale
	t.Growth.Value = float64(c.Demand.Growth)
	return &costmodel.Portfolio{Region: string(c.Regions[0]), Months: int(c.Horizon), Config: c, Tables: []costmodel.Table{t}, Sources: m.sources}
}
