package dynamodb

import (
	"fmt"

	"github.com/shopspring/decimal"

	"crossover/costmodel"
	"crossover/results/figure"
)

// reserved buys reserved capacity at the start of each term, as much as makes the term
// cheapest, and provisions the rest. Months after the last whole term are provisioned alone.
func (l *ledger) reserved() {
	for _, write := range []bool{false, true} {
		l.reserve(write)
	}
}

func (l *ledger) reserve(write bool) {
	unit := "rcu"
	if write {
		unit = "wcu"
	}
	upfrontKey := fmt.Sprintf("reserved.%dy.%s.upfront_per_100", l.o.years, unit)
	hourlyKey := fmt.Sprintf("reserved.%dy.%s.hourly_per_100", l.o.years, unit)
	per := l.prices["provisioned."+l.o.class+"."+unit+"_h"].Value.InexactFloat64()
	length := 12 * l.o.years
	termHours := l.hours * float64(length)
	unitCost := (l.prices[upfrontKey].Value.InexactFloat64() + l.prices[hourlyKey].Value.InexactFloat64()*termHours) / block
	reserved := make([]float64, l.Months)
	for start, n := 0, 1; start+length <= l.Months; start, n = start+length, n+1 {
		term := l.scratch[:0]
		for m := start; m < start+length; m++ {
			term = appendHeld(term, l.months[m].spans, l.o.policy, directionOf(write))
		}
		l.scratch = term
		r := bestReserve(term, unitCost, per)
		for m := start; m < start+length; m++ {
			reserved[m] = r
		}
		quantity := make([]float64, l.Months)
		quantity[start] = r / block
		l.upfront = append(l.upfront, fmt.Sprintf("upfront-%s-%d", unit, n))
		l.Add(costmodel.Entry{
			Name: fmt.Sprintf("upfront-%s-%d", unit, n), Once: true,
			Title: fmt.Sprintf("upfront payment for reserved %s, month %d", map[bool]string{false: "RCU", true: "WCU"}[write], start+1),
			Rate:  l.rate(upfrontKey), Price: l.priceOf(upfrontKey), Quantity: quantity,
			First: func() figure.Figure { return l.blocks(r, write) },
		})
	}
	name := "reserved-" + unit
	l.discount = append(l.discount, name)
	l.Add(costmodel.Entry{
		Name: name, Title: "reserved " + map[bool]string{false: "RCU", true: "WCU"}[write] + ", by the hour",
		Rate: l.rate(hourlyKey), Price: l.priceOf(hourlyKey),
		Quantity: l.byMonth(func(m int) float64 { return reserved[m] / block * l.hours }),
		First: func() figure.Figure {
			return figure.Derive(reserved[0]/block*l.hours, "100 unit-hours/month", "blocks reserved × hours per month",
				figure.In("blocks reserved", l.blocks(reserved[0], write)), figure.In("hours per month", l.hoursFigure()))
		},
	})
	l.provisioned(write, reserved)
}

func (l *ledger) blocks(r float64, write bool) figure.Figure {
	return figure.Derive(r/block, "100 units", "units reserved ÷ 100", figure.In("units reserved", l.reservedFigure(r, write)))
}

func (l *ledger) reservedFigure(r float64, write bool) figure.Figure {
	return figure.Derive(r, "units", "what makes the term cheapest: a unit is reserved as long as the hours in which it would be provisioned otherwise cost more; whole blocks of 100",
		append(l.demandInputs(write), figure.In("target utilisation", l.cfg.Assume("dynamodb.utilisation", l.cfg.DynamoDB.Utilisation, "share")))...)
}

// savingsPlan takes the plan's discount off the throughput that a yearly commitment covers, and
// bills the commitment's idle part. Each year's commitment is the one that makes it cheapest.
func (l *ledger) savingsPlan() {
	key := l.o.planKey()
	discount := l.prices[key].Value
	d := discount.InexactFloat64()
	covered, idle := make([]float64, l.Months), make([]float64, l.Months)
	for start := 0; start+12 <= l.Months; start += 12 {
		var usage []held
		for m := start; m < start+12; m++ {
			usage = append(usage, l.listPrices(m)...)
		}
		level := planLevel(usage, d)
		for m := start; m < start+12; m++ {
			for _, h := range l.listPrices(m) {
				covered[m] += min(h.units, level) * h.hours
				idle[m] += max(0, level-h.units) * h.hours
			}
		}
	}
	first := func(value float64, what string) func() figure.Figure {
		return func() figure.Figure {
			return figure.Derive(value, "USD/month", what, append(l.demandInputs(false), l.demandInputs(true)[:2*len(l.p.Tables)]...)...)
		}
	}
	l.Add(costmodel.Entry{
		Name: linePlan, Title: "Database Savings Plan: discount on what the commitment covers", Quantity: covered,
		Rate:  costmodel.NewRate(discount.Neg()),
		Price: func() figure.Figure { return negated(l.prices[key].Figure()) },
		First: first(covered[0], "list price of throughput, hour by hour, up to the yearly commitment"),
	})
	l.Add(costmodel.Entry{
		Name: linePlanIdle, Title: "Database Savings Plan: commitment that no usage meets", Quantity: idle,
		Rate: costmodel.NewRate(decimal.NewFromInt(1).Sub(discount)),
		Price: func() figure.Figure {
			return figure.Derive(1-d, "share", "1 − discount", figure.In("discount", l.prices[key].Figure()))
		},
		First: first(idle[0], "the yearly commitment at list price, less what is used, hour by hour"),
	})
	l.discount = append(l.discount, linePlan, linePlanIdle)
}

func negated(f figure.Figure) figure.Figure {
	return figure.Derive(-f.Value, f.Unit, "− the discount", figure.In("discount", f))
}

// listPrices returns what a month's throughput costs an hour at list price.
func (l *ledger) listPrices(m int) []held {
	out := make([]held, len(l.months[m].spans))
	read, write := "ondemand."+l.o.class+".rru", "ondemand."+l.o.class+".wru"
	if l.o.mode == provisioned {
		read, write = "provisioned."+l.o.class+".rcu_h", "provisioned."+l.o.class+".wcu_h"
	}
	r, w := l.prices[read].Value.InexactFloat64(), l.prices[write].Value.InexactFloat64()
	for i, s := range l.months[m].spans {
		units := s.use[reads]*3600*r + s.use[writes]*3600*w
		if l.o.mode == provisioned {
			units = s.held[l.o.policy][reads]*r + s.held[l.o.policy][writes]*w
		}
		out[i] = held{units, s.hours}
	}
	return out
}
