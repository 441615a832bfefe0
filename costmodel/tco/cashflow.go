package tco

import (
	"fmt"
	"math"

	"crossover/costmodel"
	"crossover/costmodel/aerospike"
	"crossover/costmodel/dynamodb"
	"crossover/results/figure"
)

// A CashFlow is what the two cheapest offers cost month by month, and when a migration has paid
// for itself.
type CashFlow struct {
	Offer   map[string]string    `json:"offer"`    // by system
	ByMonth map[string][]float64 `json:"by_month"` // by system, USD; their sums are the offers' totals
	Basis   string               `json:"basis"`    // of the months
	// Present values at the discount rate: of each system's offer, and of the saving.
	Present map[string]figure.Figure `json:"present_value"`
	Saving  *figure.Figure           `json:"present_saving,omitempty"`
	// Payback is the month from which on Aerospike has cost less in all, to the horizon's end.
	Payback     *figure.Figure `json:"payback_month,omitempty"`
	PaybackNote string         `json:"payback_note"`
	// Investment is the most by which Aerospike has cost more in all than DynamoDB on the way.
	Investment *figure.Figure `json:"investment,omitempty"`
}

// cashFlow lays the cheapest offers out by month.
func (m *model) cashFlow(d, a *Offer) *CashFlow {
	c := &CashFlow{
		Offer: map[string]string{}, ByMonth: map[string][]float64{}, Present: map[string]figure.Figure{},
		Basis: "as offers/…/total: each line rounded to the cent, by month, one-off lines in the months in which they fall",
	}
	yearly := float64(m.cfg.DiscountRate)
	rate := m.cfg.Assume("discount_rate", yearly, "share/year")
	for system, o := range map[string]*Offer{dynamodb.System: d, aerospike.System: a} {
		c.Offer[system] = o.Name
		c.ByMonth[system] = m.byMonth[o.Name]
		present := 0.0
		for month, v := range m.byMonth[o.Name] {
			present += v * math.Pow(1+yearly, -float64(month)/12)
		}
		c.Present[system] = figure.Derive(cents(present), "USD", "sum over the months of the month's cost ÷ (1 + discount rate)^(month ÷ 12), the first month being 0",
			figure.In("total", costmodel.See(o.Total, "offers/"+o.Name+"/total")), figure.In("discount rate", rate))
	}
	saving := figure.Derive(cents(c.Present[dynamodb.System].Value-c.Present[aerospike.System].Value), "USD", "present value of the DynamoDB offer − that of the Aerospike offer",
		figure.In("DynamoDB", costmodel.See(c.Present[dynamodb.System], "cash_flow/present_value/dynamodb")), figure.In("Aerospike", costmodel.See(c.Present[aerospike.System], "cash_flow/present_value/aerospike")))
	c.Saving = &saving
	m.payback(c, d, a)
	return c
}

// payback follows the saving month by month.
func (m *model) payback(c *CashFlow, d, a *Offer) {
	sum, deepest, paid := 0.0, 0.0, 0
	for month, v := range c.ByMonth[dynamodb.System] {
		sum += v - c.ByMonth[aerospike.System][month]
		deepest = min(deepest, sum)
		switch {
		case sum < 0:
			paid = 0
		case paid == 0:
			paid = month + 1
		}
	}
	in := []figure.Input{
		figure.In(d.Name, costmodel.See(d.Total, "offers/"+d.Name+"/total")),
		figure.In(a.Name, costmodel.See(a.Total, "offers/"+a.Name+"/total")),
	}
	if deepest < 0 {
		f := figure.Derive(cents(-deepest), "USD", "the most by which the Aerospike offer's costs, added up month by month, exceed the DynamoDB offer's", in...)
		c.Investment = &f
	}
	if paid == 0 {
		c.PaybackNote = fmt.Sprintf("A migration does not pay for itself within the %d months.", m.cfg.Horizon)
		return
	}
	f := figure.Derive(float64(paid), "month", "the first month from which on the Aerospike offer's costs, added up, stay below the DynamoDB offer's", in...)
	c.Payback = &f
	c.PaybackNote = fmt.Sprintf("A migration has paid for itself by the end of month %d of %d; not discounted.", paid, m.cfg.Horizon)
	for _, l := range d.Lines {
		if l.Once && l.Amount.Value > 0 {
			c.PaybackNote += " The DynamoDB offer's upfront payments count in the months in which they fall: against an offer without them it takes longer."
			break
		}
	}
}
