package tco

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"crossover/costmodel"
	"crossover/costmodel/aerospike"
	"crossover/costmodel/dynamodb"
	"crossover/results/figure"
)

// lineDouble is the line of running both systems during the migration.
const lineDouble = "double-running"

// statusPriced is an offer's status when it could be priced.
const statusPriced = "priced"

// offers prices the portfolio under every offer, cheapest first.
func (m *model) offers(r *Result, p *costmodel.Portfolio) {
	var bills []costmodel.Bill
	m.byMonth = map[string][]float64{}
	running, runningHard := "", []float64(nil)
	for _, o := range candidates(m.book, p.Config) {
		b := o.Price(p)
		bills = append(bills, b)
		d, ok := o.(*dynamodb.Offer)
		if !ok || b.Status != statusPriced || d.Committed() {
			continue
		}
		if running == "" || firstMonths(b.HardByMonth, p) < firstMonths(runningHard, p) {
			running, runningHard = b.Name, b.HardByMonth
		}
	}
	for i := range bills {
		if bills[i].System == aerospike.System && bills[i].Status == statusPriced && running != "" {
			addDouble(&bills[i], running, runningHard, p)
		}
		if bills[i].Status == statusPriced {
			m.byMonth[bills[i].Name] = bills[i].ByMonth
		}
		r.Offers = append(r.Offers, m.offer(&bills[i], p))
	}
	rank := map[string]int{statusPriced: 0, "excluded": 1, "not priced": 2}
	slices.SortStableFunc(r.Offers, func(x, y Offer) int {
		return cmp.Or(cmp.Compare(rank[x.Status], rank[y.Status]), cmp.Compare(x.Total.Value, y.Total.Value), cmp.Compare(x.Name, y.Name))
	})
}

// firstMonths sums the months of the migration in which both systems run.
func firstMonths(byMonth []float64, p *costmodel.Portfolio) float64 {
	s := 0.0
	for _, v := range byMonth[:min(p.Config.Aerospike.DoubleMonths, len(byMonth))] {
		s += v
	}
	return math.Round(s*100) / 100
}

// addDouble puts what DynamoDB costs during the migration on an Aerospike bill: the cheapest
// offer without a commitment, people apart.
func addDouble(b *costmodel.Bill, name string, hard []float64, p *costmodel.Portfolio) {
	months := min(p.Config.Aerospike.DoubleMonths, p.Months)
	if months == 0 {
		return
	}
	for m := range months {
		b.ByMonth[m] += hard[m]
		b.HardByMonth[m] += hard[m]
	}
	quantity := p.Config.Assume("aerospike.double_running_months", float64(months), "months")
	total := firstMonths(hard, p)
	price := figure.Derive(total/float64(months), "USD/month", "mean of the first months of "+name+", without people",
		figure.In("first month of "+name, figure.New(hard[0], "USD/month", figure.Modelled, "offers/"+name+"/monthly less its people")),
		figure.In("growth", p.Tables[0].Growth))
	b.Lines = append(b.Lines, costmodel.Line{
		Name: lineDouble, Title: "DynamoDB while both run, during the migration", Once: true, Quantity: quantity, Price: price,
		Amount: figure.Derive(total, "USD", "months × mean of the first months", figure.In("months", quantity), figure.In("price", price)),
	})
}

// offer writes a bill out, with its sums as figures.
func (m *model) offer(b *costmodel.Bill, p *costmodel.Portfolio) Offer {
	o := Offer{Name: b.Name, System: b.System, Title: b.Title, Status: b.Status, Reason: b.Reason, Lines: []Line{}, Warnings: b.Warnings}
	if b.Status != statusPriced {
		// Nothing is known of the cost; the figures say so rather than being zero.
		none := figure.New(0, "USD", figure.Assumed, b.Status+": "+b.Reason)
		o.Monthly, o.Total, o.TotalHard = none, none, none
		return o
	}
	path := "offers/" + b.Name
	var monthly, once, hardLines []figure.Input
	first := 0.0
	for _, l := range b.Lines {
		o.Lines = append(o.Lines, Line{Name: l.Name, Title: l.Title, Quantity: l.Quantity, Price: l.Price, Amount: l.Amount, Once: l.Once, Soft: l.Soft})
		in := figure.In(l.Name, costmodel.See(l.Amount, path+"/lines/"+l.Name+"/amount"))
		if l.Once {
			once = append(once, in)
		} else {
			first += l.Amount.Value
			monthly = append(monthly, in)
		}
		if !l.Soft {
			hardLines = append(hardLines, in)
		}
	}
	o.Monthly = figure.Derive(math.Round(first*100)/100, "USD/month", "sum of the lines in the first month, one-off ones apart", monthly...)
	t := &p.Tables[0]
	more := []figure.Input{
		figure.In("growth", t.Growth), figure.In("months", p.Config.Assume("horizon", float64(p.Months), "months")),
	}
	formula := fmt.Sprintf("each of the %d months' bills as the load grows, each line rounded to the cent, with the one-off lines in the months in which they fall", p.Months)
	in := append([]figure.Input{figure.In("first month", costmodel.See(o.Monthly, path+"/monthly"))}, once...)
	o.Total = figure.Derive(total(b.ByMonth), "USD", formula, append(in, more...)...)
	o.TotalHard = figure.Derive(total(b.HardByMonth), "USD", formula+"; without people", append(hardLines, more...)...)
	if b.Nodes != nil {
		n := &Nodes{Instance: b.Nodes.Instance, Count: b.Nodes.Count}
		for _, c := range b.Nodes.Constraints {
			n.Constraints = append(n.Constraints, Constraint{Name: c.Name, Title: c.Title, Nodes: c.Nodes, Binding: c.Binding})
		}
		o.Nodes = n
	}
	for _, key := range b.LowConfidence {
		if pr, ok := m.book.Find(p.Region, key); ok {
			o.Warnings = append(o.Warnings, fmt.Sprintf("%s is a price of %s confidence (%s)", key, pr.Confidence, pr.Source))
		}
	}
	return o
}

func total(byMonth []float64) float64 {
	s := 0.0
	for _, v := range byMonth {
		s += v
	}
	return math.Round(s*100) / 100
}

// best returns a system's cheapest priced offer; nil when none could be priced.
func best(r *Result, system string) *Offer {
	for i := range r.Offers {
		if r.Offers[i].System == system && r.Offers[i].Status == statusPriced {
			return &r.Offers[i]
		}
	}
	return nil
}
