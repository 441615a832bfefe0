package dynamodb

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"crossover/costmodel"
	"crossover/costmodel/price"
	"crossover/costmodel/units"
	"crossover/results/figure"
)

// The names of lines that a private discount applies to, and of the others.
const (
	lineReads    = "reads"
	lineWrites   = "writes"
	lineStorage  = "storage"
	linePITR     = "pitr"
	linePlan     = "savings-plan"
	linePlanIdle = "savings-plan-idle"
	lineDiscount = "discount"
	linePeople   = "people"
)

// freeHours is how many hours of each free unit a month has: 25 units in the longest month
// are the 18,600 unit-hours of the price list.
const freeHours = 744

// A ledger is a bill in the making.
type ledger struct {
	costmodel.Ledger
	o        *Offer
	p        *costmodel.Portfolio
	cfg      *costmodel.Config
	prices   map[string]price.Price
	months   []month
	scratch  []held
	hours    float64
	doubtful []string
	discount []string // lines that a private discount applies to
	upfront  []string // the same, one-off ones
}

func storedBytes(t *costmodel.Table) float64 { return t.ItemBytes.Value + units.ItemOverhead }

func (o *Offer) keys(cfg *costmodel.Config) []string {
	keys := []string{"storage." + o.class}
	switch o.mode {
	case onDemand:
		keys = append(keys, "ondemand."+o.class+".rru", "ondemand."+o.class+".wru")
	case provisioned:
		keys = append(keys, "provisioned."+o.class+".rcu_h", "provisioned."+o.class+".wcu_h")
	}
	if o.years > 0 {
		for _, unit := range []string{"rcu", "wcu"} {
			keys = append(keys, fmt.Sprintf("reserved.%dy.%s.upfront_per_100", o.years, unit), fmt.Sprintf("reserved.%dy.%s.hourly_per_100", o.years, unit))
		}
	}
	if o.plan {
		keys = append(keys, o.planKey())
	}
	if cfg.DynamoDB.PITR {
		keys = append(keys, "pitr")
	}
	if cfg.DynamoDB.FreeTier && o.class == "std" {
		keys = append(keys, "freetier.storage", "freetier.provisioned")
	}
	return append(keys, o.extraKeys(&cfg.DynamoDB)...)
}

func (o *Offer) planKey() string {
	if o.mode == onDemand {
		return "savingsplan.1y.ondemand_discount"
	}
	return "savingsplan.1y.provisioned_discount"
}

// errShort says that a commitment outlasts the horizon.
var errShort = errors.New("the commitment is longer than the horizon")

// ledger works the offer out. The status says what kind of obstacle the error is.
func (o *Offer) ledger(p *costmodel.Portfolio) (*ledger, string, error) {
	term := o.years
	if o.plan {
		term = 1
	}
	if 12*term > p.Months {
		return nil, "excluded", errShort
	}
	prices, err := o.book.Need(p.Region, o.keys(p.Config)...)
	if err != nil {
		return nil, "not priced", err
	}
	others, err := o.replicas(p.Config)
	if err != nil {
		return nil, "not priced", err
	}
	if len(others) > 0 && o.Committed() {
		return nil, "excluded", errReplicas
	}
	hours := o.book.Hours().InexactFloat64()
	l := &ledger{
		Ledger: costmodel.Ledger{Months: p.Months}, o: o, p: p, cfg: p.Config, prices: prices, hours: hours,
		months: o.outlook.months(p, hours),
	}
	for _, k := range o.keys(p.Config) {
		if prices[k].Confidence != price.High {
			l.doubtful = append(l.doubtful, k)
		}
	}
	if err := l.throttles(); err != nil {
		return nil, "excluded", err
	}
	switch {
	case len(others) > 0 && o.mode == onDemand:
		l.requests(reads)
		l.homeWrites()
	case len(others) > 0:
		l.provisioned(false, make([]float64, p.Months))
		l.homeWrites()
	case o.mode == onDemand:
		l.requests(reads, writes)
	case o.years > 0:
		l.reserved()
	default:
		l.provisioned(false, make([]float64, p.Months))
		l.provisioned(true, make([]float64, p.Months))
	}
	if o.plan {
		l.savingsPlan()
	}
	l.storage()
	l.extras()
	l.replicated(others)
	l.discounted()
	l.support()
	l.people()
	return l, "priced", nil
}

// throttles excludes a policy that refuses more of a year's units than allowed.
func (l *ledger) throttles() error {
	if l.o.mode != provisioned {
		return nil
	}
	limit := l.cfg.DynamoDB.MaxThrottled
	for direction, name := range [directions]string{"read", "write"} {
		asked, refused := 0.0, 0.0
		for m := range l.months[:min(12, len(l.months))] {
			asked += l.months[m].asked[direction]
			refused += l.months[m].throttled[l.o.policy][direction]
		}
		if refused > limit*asked {
			return fmt.Errorf("auto scaling would refuse %.3g %% of the %s units asked for, more than the %.3g %% allowed (cost.dynamodb.max_throttled): the load rises faster than it reacts", 100*refused/asked, name, 100*limit)
		}
	}
	return nil
}

// byMonth fills a quantity for each month.
func (l *ledger) byMonth(f func(m int) float64) []float64 {
	q := make([]float64, l.Months)
	for m := range q {
		q[m] = f(m)
	}
	return q
}

func (l *ledger) priceOf(key string) func() figure.Figure {
	return func() figure.Figure { return l.prices[key].Figure() }
}

func (l *ledger) rate(key string) costmodel.Rate { return costmodel.NewRate(l.prices[key].Value) }

// requests bills each unit consumed.
func (l *ledger) requests(list ...int) {
	for _, direction := range list {
		write := direction == writes
		name, key, unit, title := lineReads, "ondemand."+l.o.class+".rru", "RRU/month", "read request units"
		if write {
			name, key, unit, title = lineWrites, "ondemand."+l.o.class+".wru", "WRU/month", "write request units"
		}
		q := l.byMonth(func(m int) float64 { return l.months[m].consumed(direction) })
		l.discount = append(l.discount, name)
		l.Add(costmodel.Entry{
			Name: name, Title: title, Rate: l.rate(key), Price: l.priceOf(key), Quantity: q,
			First: func() figure.Figure {
				return figure.Derive(q[0], unit, "mean operations/s × units per operation × 3,600 s × hours per month", l.demandInputs(write)...)
			},
		})
	}
}

// demandInputs are what the units consumed depend on.
func (l *ledger) demandInputs(write bool) []figure.Input {
	var in []figure.Input
	for i := range l.p.Tables {
		t := &l.p.Tables[i]
		prefix := ""
		if len(l.p.Tables) > 1 {
			prefix = t.Name + ": "
		}
		perOp, name := t.ReadUnits, "read units per operation"
		if write {
			perOp, name = t.WriteUnits, "write units per operation"
		}
		in = append(in, figure.In(prefix+"mean operations/s", t.MeanOps), figure.In(prefix+name, perOp))
	}
	return append(in, figure.In("hours per month", l.hoursFigure()))
}

func (l *ledger) hoursFigure() figure.Figure {
	return figure.New(l.hours, "hours/month", figure.Assumed, "price book: the convention of the AWS Pricing Calculator")
}

func directionOf(write bool) int {
	if write {
		return writes
	}
	return reads
}

// policyFormulas say how capacity is set.
var policyFormulas = [policies]string{
	tracking:  "for each hour of the load's pattern: the highest capacity that target tracking held in it, simulated by the minute at the target utilisation (a rise after two minutes above it, a fall after fifteen below), in whole units, at least 1; summed, to a month's hours",
	scheduled: "for each hour of the load's pattern: the units/s of its busiest minute ÷ target utilisation, rounded up, at least 1; summed, to a month's hours",
	fixed:     "the units/s of the month's busiest minute ÷ target utilisation, rounded up, at least 1, × hours per month",
}

// provisioned bills capacity held above what is reserved, month by month.
func (l *ledger) provisioned(write bool, reserved []float64) {
	name, key, unit, title := lineReads, "provisioned."+l.o.class+".rcu_h", "RCU-hours/month", "read capacity"
	if write {
		name, key, unit, title = lineWrites, "provisioned."+l.o.class+".wcu_h", "WCU-hours/month", "write capacity"
	}
	if l.o.years > 0 {
		title += " above what is reserved"
	}
	free := 0.0
	if l.cfg.DynamoDB.FreeTier && l.o.class == "std" {
		free = l.prices["freetier.provisioned"].Value.InexactFloat64() * freeHours
	}
	q := l.byMonth(func(m int) float64 {
		l.scratch = appendHeld(l.scratch[:0], l.months[m].spans, l.o.policy, directionOf(write))
		return max(0, unitHours(l.scratch, reserved[m])-free)
	})
	l.discount = append(l.discount, name)
	l.Add(costmodel.Entry{
		Name: name, Title: title, Rate: l.rate(key), Price: l.priceOf(key), Quantity: q,
		First: func() figure.Figure {
			in := append(l.demandInputs(write), figure.In("target utilisation", l.cfg.Assume("dynamodb.utilisation", l.cfg.DynamoDB.Utilisation, "share")))
			formula := policyFormulas[l.o.policy]
			if l.o.years > 0 {
				formula += "; above the units reserved"
				in = append(in, figure.In("units reserved", l.reservedFigure(reserved[0], write)))
			}
			if free > 0 {
				formula += "; less the free tier"
				in = append(in, figure.In("free unit-hours", figure.Derive(free, unit, "free units × 744 hours", figure.In("free units", figure.New(free/freeHours, "units", figure.Price, l.prices["freetier.provisioned"].Source)))))
			}
			return figure.Derive(q[0], unit, formula, in...)
		},
	})
}

// storage bills the items, with the bytes that billing adds to each, and their recovery.
func (l *ledger) storage() {
	gb := l.cfg.GBBytes()
	free := 0.0
	if l.cfg.DynamoDB.FreeTier && l.o.class == "std" {
		free = l.prices["freetier.storage"].Value.InexactFloat64()
	}
	add := func(name, key, title string, free float64) {
		q := l.byMonth(func(m int) float64 { return max(0, l.months[m].stored/gb-free) })
		l.discount = append(l.discount, name)
		l.Add(costmodel.Entry{
			Name: name, Title: title, Rate: l.rate(key), Price: l.priceOf(key), Quantity: q,
			First: func() figure.Figure { return l.storedFigure(q[0], free) },
		})
	}
	add(lineStorage, "storage."+l.o.class, "storage", free)
	if l.cfg.DynamoDB.PITR {
		add(linePITR, "pitr", "point-in-time recovery", 0)
	}
}

func (l *ledger) storedFigure(value, free float64) figure.Figure {
	formula := "items × (item bytes + overhead) ÷ bytes in a GB"
	var in []figure.Input
	for i := range l.p.Tables {
		t := &l.p.Tables[i]
		prefix := ""
		if len(l.p.Tables) > 1 {
			prefix = t.Name + ": "
		}
		in = append(in, figure.In(prefix+"items", t.Items), figure.In(prefix+"item bytes", t.ItemBytes))
	}
	in = append(in,
		figure.In("overhead", figure.New(units.ItemOverhead, "bytes", figure.Modelled, "Developer Guide, DynamoDB item sizes and formats")),
		figure.In("bytes in a GB", l.cfg.Assume("gb", l.cfg.GBBytes(), "bytes")))
	if free > 0 {
		formula += "; less the free tier"
		in = append(in, figure.In("free GB", figure.New(free, "GB", figure.Price, l.prices["freetier.storage"].Source)))
	}
	return figure.Derive(value, "GB", formula, in...)
}

// discounted takes a private discount off, as a line of its own.
func (l *ledger) discounted() {
	d := l.cfg.DynamoDB.Discount
	if d == 0 {
		return
	}
	given := l.cfg.Assume("dynamodb.discount", d, "share")
	l.Add(costmodel.Discount(lineDiscount, "private discount", d, l.SumOf(l.discount...), given, false))
	if len(l.upfront) > 0 {
		l.Add(costmodel.Discount(lineDiscount+"-upfront", "private discount on upfront payments", d, l.SumOf(l.upfront...), given, true))
	}
}

// people bills the engineers' time.
func (l *ledger) people() {
	p := l.cfg.People
	l.Add(costmodel.Entry{
		Name: linePeople, Title: "engineers' time", Soft: true, Rate: costmodel.NewRate(decimal.NewFromFloat(p.USDPerHour)),
		Quantity: l.byMonth(func(int) float64 { return p.DynamoDBHours }),
		Price: func() figure.Figure {
			return l.cfg.Assume("people.usd_per_hour", p.USDPerHour, "USD/hour")
		},
		First: func() figure.Figure {
			return l.cfg.Assume("people.dynamodb_hours_per_month", p.DynamoDBHours, "hours/month")
		},
	})
}
