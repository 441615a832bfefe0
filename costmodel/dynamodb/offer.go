// Package dynamodb prices a portfolio on DynamoDB: on demand, provisioned, with reserved
// capacity or a savings plan, in both table classes. Provisioned capacity is held by target
// tracking, simulated by the minute (costmodel/autoscale); on a schedule, by the hour; or fixed.
package dynamodb

import (
	"fmt"

	"crossover/costmodel"
	"crossover/costmodel/autoscale"
	"crossover/costmodel/price"
)

// System is this package's system in offers.
const System = "dynamodb"

// The two ways to pay for throughput.
type mode uint8

const (
	onDemand mode = iota
	provisioned
)

// An Offer is one way to buy DynamoDB. The offers of one list must not be used concurrently.
type Offer struct {
	*outlook
	book   *price.Book
	mode   mode
	policy int    // of provisioned capacity
	class  string // std, ia
	years  int    // term of reserved capacity; 0 without
	plan   bool   // Database Savings Plan of one year
}

var _ costmodel.Offer = (*Offer)(nil)

// Offers returns every way to buy DynamoDB that this package knows.
func Offers(book *price.Book) []*Offer {
	out := []*Offer{
		{book: book, mode: onDemand, class: "std"},
		{book: book, mode: provisioned, class: "std"},
		{book: book, mode: provisioned, policy: scheduled, class: "std"},
		{book: book, mode: provisioned, policy: fixed, class: "std"},
		{book: book, mode: provisioned, class: "std", years: 1},
		{book: book, mode: provisioned, class: "std", years: 3},
		{book: book, mode: onDemand, class: "std", plan: true},
		{book: book, mode: provisioned, class: "std", plan: true},
		{book: book, mode: onDemand, class: "ia"},
		{book: book, mode: provisioned, class: "ia"},
	}
	shared := &outlook{}
	for _, o := range out {
		o.outlook = shared
	}
	return out
}

// Name returns the offer's path element.
func (o *Offer) Name() string {
	name := map[mode]string{onDemand: "dynamodb-on-demand", provisioned: "dynamodb-provisioned"}[o.mode]
	switch {
	case o.years > 0:
		return fmt.Sprintf("dynamodb-reserved-%dy", o.years)
	case o.plan:
		return name + "-savings-plan"
	case o.class == "ia":
		return name + "-ia"
	case o.policy == scheduled:
		return name + "-scheduled"
	case o.policy == fixed:
		return name + "-fixed"
	}
	return name
}

// System returns dynamodb.
func (o *Offer) System() string { return System }

// Title returns the offer's name for people.
func (o *Offer) Title() string {
	title := map[mode]string{onDemand: "DynamoDB on demand", provisioned: "DynamoDB provisioned, auto scaling"}[o.mode]
	switch {
	case o.years == 1:
		return "DynamoDB reserved capacity, 1 year, the rest provisioned"
	case o.years > 1:
		return fmt.Sprintf("DynamoDB reserved capacity, %d years, the rest provisioned", o.years)
	case o.plan:
		return title + ", 1-year Database Savings Plan"
	case o.class == "ia":
		return title + ", Standard-Infrequent Access class"
	case o.policy == scheduled:
		return "DynamoDB provisioned, capacity set by the hour on a schedule"
	case o.policy == fixed:
		return "DynamoDB provisioned for each month's busiest minute"
	}
	return title
}

// Committed reports whether the offer binds the buyer beyond a month.
func (o *Offer) Committed() bool { return o.years > 0 || o.plan }

// Price returns the bill.
func (o *Offer) Price(p *costmodel.Portfolio) costmodel.Bill {
	b := costmodel.Bill{Name: o.Name(), System: System, Title: o.Title(), Status: "priced"}
	l, status, err := o.ledger(p)
	if err != nil {
		b.Status, b.Reason = status, err.Error()
		return b
	}
	l.Fill(&b)
	b.Warnings = o.warnings(p)
	b.LowConfidence = l.doubtful
	return b
}

// Sums returns what each month costs, all lines and all but the soft ones, and whether the
// offer could be priced. It makes no figures: searches call it often.
func (o *Offer) Sums(p *costmodel.Portfolio) (all, hard []costmodel.Cents, ok bool) {
	l, _, err := o.ledger(p)
	if err != nil {
		return nil, nil, false
	}
	all, hard = l.Ledger.Sums()
	return all, hard, true
}

// tableQuota is the default limit of read and of write units/s for one table, its indexes
// included (Developer Guide, "Quotas in Amazon DynamoDB").
const tableQuota = 40_000

func (o *Offer) warnings(p *costmodel.Portfolio) []string {
	var out []string
	switch {
	case o.mode != provisioned:
	case o.policy == tracking:
		out = append(out, fmt.Sprintf("auto scaling is simulated from its published rules; that an alarm acts after %v, and a change after another %v, and that each hour is billed at the highest capacity in it, are this model's assumptions", autoscale.AlarmDelay, autoscale.UpdateDelay))
	case o.policy == scheduled:
		out = append(out, "scheduled capacity needs a load whose hours are known beforehand: a load that comes at another time is throttled")
	}
	for i := range p.Tables {
		t := &p.Tables[i]
		peak := 0.0
		for m := range p.Months {
			peak = max(peak, t.MeanOps.Value*t.Peak(m))
		}
		for _, u := range []struct {
			name string
			per  float64
		}{{"read", t.ReadUnits.Value}, {"write", t.WriteUnits.Value}} {
			if peak*u.per > tableQuota {
				out = append(out, fmt.Sprintf("%s: its peak of %.0f %s units/s is above the default table quota of %d: an increase must be asked for", t.Name, peak*u.per, u.name, tableQuota))
			}
		}
	}
	return out
}
