package dynamodb

import (
	"fmt"

	"crossover/costmodel"
	"crossover/costmodel/price"
	"crossover/costmodel/units"
	"crossover/results/figure"
)

// The names of the lines of what surrounds a table.
const (
	lineIndexStorage = "index-storage"
	lineBackups      = "backups"
	lineExports      = "exports"
	lineRestores     = "restores"
	lineStreams      = "stream-reads"
	lineKinesis      = "kinesis-records"
	lineDAX          = "dax"
	lineSupport      = "support"
)

// extraKeys are the prices of the surroundings that a configuration asks for.
func (o *Offer) extraKeys(c *costmodel.DynamoDBConfig) []string {
	var keys []string
	add := func(asked bool, key string) {
		if asked {
			keys = append(keys, key)
		}
	}
	add(c.Backups > 0, "backup.ondemand.warm")
	add(c.Exports > 0, "export_s3.full")
	add(c.Restores > 0, "restore")
	add(c.StreamReads > 0, "streams.read")
	add(c.Kinesis, "kinesis_cdc")
	add(len(c.Replicas) > 0, o.replicatedKey())
	add(len(c.Replicas) > 0, keyBetweenRegions)
	if c.DAX != nil {
		keys = append(keys, "dax."+c.DAX.Node)
	}
	return keys
}

// line adds a line whose quantity is the same formula in every month.
func (l *ledger) line(name, title, key, unit, formula string, discounted bool, quantity func(m int) float64, in func() []figure.Input) {
	q := l.byMonth(quantity)
	if discounted {
		l.discount = append(l.discount, name)
	}
	l.Add(costmodel.Entry{
		Name: name, Title: title, Rate: l.rate(key), Price: l.priceOf(key), Quantity: q,
		First: func() figure.Figure { return figure.Derive(q[0], unit, formula, in()...) },
	})
}

// extras bills what surrounds the table.
func (l *ledger) extras() {
	c, gb := &l.cfg.DynamoDB, l.cfg.GBBytes()
	stored := func(times float64) func(m int) float64 {
		return func(m int) float64 { return times * l.months[m].stored / gb }
	}
	data := func(name, path string, v float64, unit string) func() []figure.Input {
		return func() []figure.Input {
			return []figure.Input{
				figure.In("GB stored", l.storedFigure(l.months[0].stored/gb, 0)),
				figure.In(name, l.cfg.Assume("dynamodb."+path, v, unit)),
			}
		}
	}
	if l.months[0].indexed > 0 {
		l.indexStorage(gb)
	}
	if n := float64(c.Backups); n > 0 {
		l.line(lineBackups, "backups kept", "backup.ondemand.warm", "GB", "GB stored × backups kept", true, stored(n), data("backups kept", "backups", n, "backups"))
	}
	if c.Exports > 0 {
		l.line(lineExports, "full exports to S3", "export_s3.full", "GB/month", "GB stored × exports per month", true, stored(c.Exports), data("exports per month", "exports_per_month", c.Exports, "exports/month"))
	}
	if c.Restores > 0 {
		l.line(lineRestores, "restores", "restore", "GB/month", "GB stored × restores per year ÷ 12", true, stored(c.Restores/12), data("restores per year", "restores_per_year", c.Restores, "restores/year"))
	}
	if c.StreamReads > 0 {
		calls := c.StreamReads * 3600 * l.hours
		l.line(lineStreams, "reads of the table's stream", "streams.read", "GetRecords units/month", "GetRecords calls/s × 3,600 s × hours per month", true,
			func(int) float64 { return calls }, func() []figure.Input {
				return []figure.Input{figure.In("GetRecords calls/s", l.cfg.Assume("dynamodb.stream_reads", c.StreamReads, "calls/s")), figure.In("hours per month", l.hoursFigure())}
			})
	}
	if c.Kinesis {
		l.line(lineKinesis, "change data capture to Kinesis", "kinesis_cdc", "CDC units/month", "write units of the table itself, one to a KB written", true,
			func(m int) float64 { return l.months[m].tableWrites }, func() []figure.Input { return l.demandInputs(true) })
	}
	if d := c.DAX; d != nil {
		l.line(lineDAX, fmt.Sprintf("DynamoDB Accelerator, %d × %s", d.Nodes, d.Node), "dax."+d.Node, "node-hours/month", "nodes × hours per month", false,
			func(int) float64 { return float64(d.Nodes) * l.hours }, func() []figure.Input {
				return []figure.Input{figure.In("nodes", l.cfg.Assume("dynamodb.dax.nodes", float64(d.Nodes), "nodes")), figure.In("hours per month", l.hoursFigure())}
			})
	}
}

// indexStorage bills what the secondary indexes hold.
func (l *ledger) indexStorage(gb float64) {
	l.line(lineIndexStorage, "storage of secondary indexes", "storage."+l.o.class, "GB", "items × (bytes of their index entries + overhead of each) ÷ bytes in a GB", true,
		func(m int) float64 { return l.months[m].indexed / gb }, func() []figure.Input {
			var in []figure.Input
			for i := range l.p.Tables {
				t := &l.p.Tables[i]
				if t.IndexBytes.Value > 0 {
					in = append(in, figure.In(t.Name+": items", t.Items), figure.In(t.Name+": bytes of index entries", t.IndexBytes))
				}
			}
			return append(in,
				figure.In("overhead", figure.New(units.ItemOverhead, "bytes", figure.Modelled, "Developer Guide, DynamoDB item sizes and formats")),
				figure.In("bytes in a GB", l.cfg.Assume("gb", gb, "bytes")))
		})
}

// support bills a support plan as a share of all that AWS charges for.
func (l *ledger) support() {
	s := l.cfg.Support
	if s == 0 {
		return
	}
	l.Add(costmodel.Share(lineSupport, "support plan", s, l.SumHard(), l.cfg.Assume("support", s, "share")))
}

// keyBetweenRegions is the price of traffic out to another region.
const keyBetweenRegions = "transfer.inter_region_out"

func (o *Offer) replicatedKey() string {
	if o.mode == onDemand {
		return "ondemand." + o.class + ".rwru"
	}
	return "provisioned." + o.class + ".rwcu_h"
}

// A region's share of a global table: the prices of a replica.
type replica struct {
	region string
	prices map[string]price.Price
}

// errReplicas says which commitments a global table cannot have here.
var errReplicas = fmt.Errorf("reserved capacity and savings plans are not modelled for a global table's replicated writes, which reserved capacity does not cover")

// replicas looks up the prices of a global table's other regions.
func (o *Offer) replicas(c *costmodel.Config) ([]replica, error) {
	var out []replica
	for _, r := range c.DynamoDB.Replicas {
		keys := []string{"storage." + o.class, o.replicatedKey(), o.writeKey()}
		prices, err := o.book.Need(string(r), keys...)
		if err != nil {
			return nil, err
		}
		out = append(out, replica{string(r), prices})
	}
	return out, nil
}

func (o *Offer) writeKey() string {
	if o.mode == onDemand {
		return "ondemand." + o.class + ".wru"
	}
	return "provisioned." + o.class + ".wcu_h"
}

// replicated bills a global table's other regions: each write to the table once in every region,
// as a replicated one; writes to indexes in every region, as plain ones; storage; and the traffic
// between regions. Reads in the other regions are not part of the demand. (Developer Guide,
// "Understanding Amazon DynamoDB billing for global tables".)
func (l *ledger) replicated(list []replica) {
	gb := l.cfg.GBBytes()
	for _, r := range list {
		add := func(name, title, key, unit, formula string, quantity func(m int) float64, in []figure.Input) {
			q := l.byMonth(quantity)
			p := r.prices[key]
			name += "-" + r.region
			l.discount = append(l.discount, name)
			l.Add(costmodel.Entry{
				Name: name, Title: title + ", " + r.region, Rate: costmodel.NewRate(p.Value), Price: p.Figure, Quantity: q,
				First: func() figure.Figure { return figure.Derive(q[0], unit, formula, in...) },
			})
		}
		unit, formula := "rWRU/month", "write units of the table itself, once more in this region"
		if l.o.mode == provisioned {
			unit, formula = "rWCU-hours/month", "capacity held for the table's writes, once more in this region"
		}
		add("replicated-writes", "replicated writes", l.o.replicatedKey(), unit, formula, l.tableWrites, l.demandInputs(true))
		if l.months[0].indexWrites > 0 {
			add("index-writes", "writes to indexes", l.o.writeKey(), unit[1:], "write units of the indexes, in this region too", l.indexWrites, l.demandInputs(true))
		}
		add("storage", "storage", "storage."+l.o.class, "GB", "GB stored, indexes included, in this region too",
			func(m int) float64 { return (l.months[m].stored + l.months[m].indexed) / gb },
			[]figure.Input{figure.In("GB stored", l.storedFigure(l.months[0].stored/gb, 0))})
		q := l.byMonth(func(m int) float64 { return l.months[m].tableWrites * units.WriteBlock / gb })
		key := l.prices[keyBetweenRegions]
		l.Add(costmodel.Entry{
			Name: "between-regions-" + r.region, Title: "traffic to " + r.region, Rate: costmodel.NewRate(key.Value), Price: key.Figure, Quantity: q,
			First: func() figure.Figure {
				return figure.Derive(q[0], "GB/month", "write units of the table × 1 KB, an upper bound, ÷ bytes in a GB", l.demandInputs(true)...)
			},
		})
	}
}

// tableWrites and indexWrites split a month's writes: units on demand, unit-hours provisioned.
func (l *ledger) tableWrites(m int) float64 { return l.writesOf(m) * (1 - l.indexShare(m)) }

func (l *ledger) indexWrites(m int) float64 { return l.writesOf(m) * l.indexShare(m) }

func (l *ledger) writesOf(m int) float64 {
	if l.o.mode == onDemand {
		return l.months[m].consumed(writes)
	}
	l.scratch = appendHeld(l.scratch[:0], l.months[m].spans, l.o.policy, writes)
	return unitHours(l.scratch, 0)
}

func (l *ledger) indexShare(m int) float64 {
	all := l.months[m].tableWrites + l.months[m].indexWrites
	if all == 0 {
		return 0
	}
	return l.months[m].indexWrites / all
}

// homeWrites bills a global table's writes in its own region.
func (l *ledger) homeWrites() {
	for _, x := range []struct {
		name, title, key string
		quantity         func(m int) float64
	}{
		{lineWrites, "replicated write units", l.o.replicatedKey(), l.tableWrites},
		{"index-writes", "write units of indexes", l.o.writeKey(), l.indexWrites},
	} {
		q := l.byMonth(x.quantity)
		if q[0] == 0 && x.name != lineWrites {
			continue
		}
		unit := map[mode]string{onDemand: "units/month", provisioned: "unit-hours/month"}[l.o.mode]
		l.discount = append(l.discount, x.name)
		l.Add(costmodel.Entry{
			Name: x.name, Title: x.title, Rate: l.rate(x.key), Price: l.priceOf(x.key), Quantity: q,
			First: func() figure.Figure {
				return figure.Derive(q[0], unit, "writes as without replicas, by table and indexes", l.demandInputs(true)...)
			},
		})
	}
}

// cached is the share of read units that still reach the table behind a cache.
func cached(c *costmodel.Config) float64 {
	if c.DynamoDB.DAX == nil {
		return 1
	}
	return 1 - c.DynamoDB.DAX.Hit
}
