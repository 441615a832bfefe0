package aerospike

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"crossover/costmodel"
	"crossover/costmodel/price"
	"crossover/results/figure"
)

// The names of lines.
const (
	lineInstances = "instances"
	lineCommitted = "instances-committed"
	lineLicence   = "licence"
	lineClients   = "cross-az-clients"
	lineReplicas  = "cross-az-replicas"
	lineBackups   = "backups"
	lineSupport   = "support"
	lineDiscount  = "discount"
	linePeople    = "people"
	lineMigration = "migration"
)

const keyCrossAZ, keyS3 = "transfer.cross_az", "s3.standard"

// A ledger is a bill in the making.
type ledger struct {
	costmodel.Ledger
	o        *Offer
	p        *costmodel.Portfolio
	cfg      *costmodel.Config
	prices   map[string]price.Price
	hours    float64
	peak     []load
	mean     []load
	counts   []int // nodes by month
	first    sizing
	doubtful []string
}

// errTooMany says that Community Edition has too few nodes.
var errTooMany = errors.New("more nodes than Community Edition allows in one cluster")

// errShort says that a commitment outlasts the horizon.
var errShort = errors.New("the commitment is longer than the horizon")

// ledger works the offer out. The status says what kind of obstacle the error is.
func (o *Offer) ledger(p *costmodel.Portfolio) (*ledger, string, error) {
	if o.why != "" {
		return nil, o.whyStatus, errors.New(o.why)
	}
	if 12*o.years > p.Months {
		return nil, "excluded", errShort
	}
	keys := []string{"ec2.on_demand." + o.instance.Type, keyCrossAZ}
	if o.years > 0 {
		keys = append(keys, ratioKey(o.instance.Type, o.years))
	}
	if p.Config.DynamoDB.PITR {
		keys = append(keys, keyS3)
	}
	prices, err := o.book.Need(p.Region, keys...)
	if err != nil {
		return nil, "not priced", err
	}
	l := &ledger{Ledger: costmodel.Ledger{Months: p.Months}, o: o, p: p, cfg: p.Config, prices: prices, hours: o.book.Hours().InexactFloat64()}
	l.peak, l.mean = o.months(p)
	for _, k := range keys {
		if prices[k].Confidence != price.High {
			l.doubtful = append(l.doubtful, k)
		}
	}
	var month int
	if l.first, l.counts, month, err = o.sizes(p, l.peak); err != nil {
		return nil, "excluded", fmt.Errorf("month %d: %w", month+1, err)
	}
	l.instances()
	l.licence()
	l.traffic()
	l.backups()
	l.support()
	l.people()
	return l, "priced", nil
}

// constant reports whether every month asks for the same.
func constant(p *costmodel.Portfolio) bool {
	for i := range p.Tables {
		if p.Tables[i].Growth.Value != 0 || !p.Tables[i].Load.Even() {
			return false
		}
	}
	return true
}

func (l *ledger) byMonth(f func(m int) float64) []float64 {
	q := make([]float64, l.Months)
	for m := range q {
		q[m] = f(m)
	}
	return q
}

func (l *ledger) hoursFigure() figure.Figure {
	return figure.New(l.hours, "hours/month", figure.Assumed, "price book: the convention of the AWS Pricing Calculator")
}

// instances bills the nodes. A commitment covers the nodes that there are when a term begins;
// later ones, and those of months after the last whole term, are on demand.
func (l *ledger) instances() {
	key := "ec2.on_demand." + l.o.instance.Type
	list := l.prices[key]
	committed := make([]int, l.Months)
	length := 12 * l.o.years
	for start := 0; length > 0 && start+length <= l.Months; start += length {
		for m := start; m < start+length; m++ {
			committed[m] = l.counts[start]
		}
	}
	names := []string{}
	if l.o.years > 0 {
		ratio := l.prices[ratioKey(l.o.instance.Type, l.o.years)]
		names = append(names, lineCommitted)
		l.Add(costmodel.Entry{
			Name: lineCommitted, Title: fmt.Sprintf("%s, committed for %d year(s)", l.o.instance.Type, l.o.years),
			Rate:     costmodel.NewRate(list.Value.Mul(ratio.Value)),
			Quantity: l.byMonth(func(m int) float64 { return float64(committed[m]) * l.hours }),
			Price: func() figure.Figure {
				return figure.Derive(list.Value.Mul(ratio.Value).InexactFloat64(), "USD/instance-hour", "on-demand price × ratio of the committed price",
					figure.In("on-demand price", list.Figure()), figure.In("ratio", ratio.Figure()))
			},
			First: func() figure.Figure { return l.nodeHours(committed[0]) },
		})
	}
	rest := l.byMonth(func(m int) float64 { return float64(max(0, l.counts[m]-committed[m])) * l.hours })
	names = append(names, lineInstances)
	l.Add(costmodel.Entry{
		Name: lineInstances, Title: l.o.instance.Type + ", on demand", Rate: costmodel.NewRate(list.Value), Price: list.Figure, Quantity: rest,
		First: func() figure.Figure { return l.nodeHours(max(0, l.counts[0]-committed[0])) },
	})
	if d := l.cfg.Aerospike.Discount; d > 0 {
		l.Add(costmodel.Discount(lineDiscount, "private discount on instances", d, l.SumOf(names...), l.cfg.Assume("aerospike.discount", d, "share"), false))
	}
}

func (l *ledger) nodeHours(n int) figure.Figure {
	nodes := costmodel.See(figure.New(float64(l.counts[0]), "nodes", figure.Assumed, "constraints"), "offers/"+l.o.Name()+"/nodes/count")
	if n == 0 {
		nodes = figure.Derive(0, "nodes", "all nodes of the first month are committed", figure.In("nodes", nodes))
	}
	return figure.Derive(float64(n)*l.hours, "instance-hours/month", "nodes × hours per month", figure.In("nodes", nodes), figure.In("hours per month", l.hoursFigure()))
}

// licence bills Enterprise Edition by its unique data.
func (l *ledger) licence() {
	if l.o.community {
		return
	}
	year := l.cfg.Aerospike.LicenceUSD
	quantity := l.byMonth(func(m int) float64 { return l.mean[m].stored / 1e12 / 12 })
	l.Add(costmodel.Entry{
		Name: lineLicence, Title: "Enterprise Edition licence", Rate: costmodel.NewRate(decimal.NewFromFloat(year)), Quantity: quantity,
		Price: func() figure.Figure {
			return l.cfg.Assume("aerospike.licence_usd_per_unique_tb_year", year, "USD/TB-year")
		},
		First: func() figure.Figure {
			return figure.Derive(quantity[0], "TB-years/month", "items × record bytes, one copy, ÷ 10^12 ÷ 12 months", l.tableInputs("items", "record bytes")...)
		},
	})
}

// traffic bills what crosses availability zones, once in each direction.
func (l *ledger) traffic() {
	c := &l.cfg.Aerospike
	gb := l.cfg.GBBytes()
	wire, copies := float64(c.WireBytes), float64(l.o.copies)
	seconds := l.hours * 3600
	replicaShare := c.CrossAZ
	if l.o.byZone {
		replicaShare = 1 // each copy lies in a zone of its own
	}
	key := l.prices[keyCrossAZ]
	add := func(name, title string, bytes func(load) float64, share float64, first func(q float64) figure.Figure) {
		q := l.byMonth(func(m int) float64 { return 2 * share * bytes(l.mean[m]) * seconds / gb })
		l.Add(costmodel.Entry{
			Name: name, Title: title, Rate: costmodel.NewRate(key.Value), Price: key.Figure, Quantity: q,
			First: func() figure.Figure { return first(q[0]) },
		})
	}
	add(lineClients, "client traffic between zones", func(m load) float64 {
		return m.reads*recordBytes(m) + m.writeBytes + (m.requests+m.everywhere*float64(l.counts[0]))*wire
	}, c.CrossAZ, func(q float64) figure.Figure {
		return figure.Derive(q, "GB/month, each direction", "2 directions × share that crosses × (records read and written × record bytes + requests × wire overhead) × seconds in a month ÷ bytes in a GB",
			append(l.tableInputs("mean operations/s", "record bytes", "records read per operation", "records written per operation", "requests per operation"),
				figure.In("share that crosses", l.cfg.Assume("aerospike.cross_az", c.CrossAZ, "share")),
				figure.In("wire overhead", l.cfg.Assume("aerospike.wire_overhead", wire, "bytes")))...)
	})
	add(lineReplicas, "replica traffic between zones", func(m load) float64 {
		return (copies - 1) * (m.writeBytes + m.replicated*wire)
	}, replicaShare, func(q float64) figure.Figure {
		crossing := l.cfg.Assume("aerospike.cross_az", c.CrossAZ, "share")
		if l.o.byZone {
			crossing = figure.New(1, "share", figure.Assumed, "each copy lies in a zone of its own")
		}
		return figure.Derive(q, "GB/month, each direction", "2 directions × share that crosses × (copies − 1) × (records written × record bytes + operations that write × wire overhead) × seconds in a month ÷ bytes in a GB",
			append(l.tableInputs("mean operations/s", "record bytes", "records written per operation", "share that writes"),
				figure.In("share that crosses", crossing), figure.In("copies", l.copiesFigure()),
				figure.In("wire overhead", l.cfg.Assume("aerospike.wire_overhead", wire, "bytes")))...)
	})
}

// backups bills full backups on S3 where point-in-time recovery is asked of DynamoDB.
func (l *ledger) backups() {
	kept := float64(l.cfg.Aerospike.Backups)
	if !l.cfg.DynamoDB.PITR || kept == 0 {
		return
	}
	q := l.byMonth(func(m int) float64 { return kept * l.mean[m].stored / l.cfg.GBBytes() })
	key := l.prices[keyS3]
	l.Add(costmodel.Entry{
		Name: lineBackups, Title: "full backups on S3", Rate: costmodel.NewRate(key.Value), Price: key.Figure, Quantity: q,
		First: func() figure.Figure {
			return figure.Derive(q[0], "GB", "backups kept × items × record bytes ÷ bytes in a GB",
				append(l.tableInputs("items", "record bytes"), figure.In("backups kept", l.cfg.Assume("aerospike.backups_kept", kept, "backups")))...)
		},
	})
}

// support bills a support plan as a share of what AWS charges for: the licence apart.
func (l *ledger) support() {
	s := l.cfg.Support
	if s == 0 {
		return
	}
	sums, licence := l.SumHard(), l.SumOf(lineLicence)
	for m := range sums {
		sums[m] -= licence[m]
	}
	l.Add(costmodel.Share(lineSupport, "support plan", s, sums, l.cfg.Assume("support", s, "share")))
}

// people bills the engineers' time: running the cluster, and migrating to it.
func (l *ledger) people() {
	p := l.cfg.People
	rate := costmodel.NewRate(decimal.NewFromFloat(p.USDPerHour))
	price := func() figure.Figure { return l.cfg.Assume("people.usd_per_hour", p.USDPerHour, "USD/hour") }
	l.Add(costmodel.Entry{
		Name: linePeople, Title: "engineers' time", Soft: true, Rate: rate, Price: price,
		Quantity: l.byMonth(func(int) float64 { return p.AerospikeHours }),
		First: func() figure.Figure {
			return l.cfg.Assume("people.aerospike_hours_per_month", p.AerospikeHours, "hours/month")
		},
	})
	once := make([]float64, l.Months)
	once[0] = p.MigrationHours
	l.Add(costmodel.Entry{
		Name: lineMigration, Title: "engineers' time for the migration", Soft: true, Once: true, Rate: rate, Price: price, Quantity: once,
		First: func() figure.Figure { return l.cfg.Assume("people.migration_hours", p.MigrationHours, "hours") },
	})
}
