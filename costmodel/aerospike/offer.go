// Package aerospike prices a portfolio on an Aerospike cluster on EC2 instances with local
// NVMe: a node count for each month as the largest of named constraints, with room for a lost
// node or zone, and the bill of it. Nodes are added (or given back) month by month as the load
// grows, so that growth is paid for as it comes.
package aerospike

import (
	"errors"
	"fmt"
	"strings"

	"crossover/costmodel"
	"crossover/costmodel/catalogue"
	"crossover/costmodel/price"
)

// System is this package's system in offers.
const System = "aerospike"

// An Offer is one way to run Aerospike. The offers of one list must not be used concurrently.
type Offer struct {
	book *price.Book
	*outlook
	*sized
	years int // EC2 commitment; 0 is on demand
	// why, when set, is the reason for which the offer cannot be priced at all.
	why, whyName, whyTitle, whyStatus string
}

var _ costmodel.Offer = (*Offer)(nil)

// Offers returns the ways to run Aerospike that a configuration asks for: each instance type,
// with the configured copies and with three copies over three zones, in both editions, on
// demand and committed where the book has a ratio. An unknown instance type is an error.
func Offers(book *price.Book, region string, c *costmodel.AerospikeConfig) ([]*Offer, error) {
	types, err := instances(c)
	if err != nil {
		return nil, err
	}
	var out []*Offer
	shared := &outlook{}
	var unpriced, unknown, uncommitted []string
	for _, in := range types {
		if _, ok := book.Find(region, "ec2.on_demand."+in.Type); !ok {
			unpriced = append(unpriced, in.Type)
			continue
		}
		if !in.IOKnown() {
			unknown = append(unknown, in.Type)
			continue
		}
		terms := []int{0}
		for _, years := range []int{1, 3} {
			if _, ok := book.Find(region, ratioKey(in.Type, years)); ok {
				terms = append(terms, years)
			}
		}
		if len(terms) == 1 {
			uncommitted = append(uncommitted, in.Type)
		}
		for _, s := range plans(in, c) {
			for _, years := range terms {
				out = append(out, &Offer{book: book, outlook: shared, sized: s, years: years})
			}
		}
	}
	return append(out, leftOut(region, c, unpriced, unknown, uncommitted)...), nil
}

// plans returns the shapes of cluster on one instance type.
func plans(in catalogue.Instance, c *costmodel.AerospikeConfig) []*sized {
	var out []*sized
	for _, byZone := range []bool{false, true} {
		s := plan{instance: in, copies: c.Replication, community: true}
		if byZone {
			s.copies, s.byZone = zones, true
		}
		out = append(out, &sized{plan: s})
		if c.LicenceUSD >= 0 {
			s.community = false
			out = append(out, &sized{plan: s})
		}
	}
	return out
}

// leftOut are the offers that there would be if more were known, one for each reason.
func leftOut(region string, c *costmodel.AerospikeConfig, unpriced, unknown, uncommitted []string) []*Offer {
	var out []*Offer
	add := func(name, title, status, why string) {
		out = append(out, &Offer{sized: &sized{}, whyName: name, whyTitle: title, whyStatus: status, why: why})
	}
	if len(unpriced) > 0 {
		add("aerospike-without-price", "Aerospike on "+strings.Join(unpriced, ", "), "not priced",
			"the price book has no EC2 price of them in "+region+"; prices of other regions are not taken over")
	}
	if len(unknown) > 0 {
		add("aerospike-without-rates", "Aerospike on "+strings.Join(unknown, ", "), "excluded", "the rates of their devices are not known")
	}
	if len(uncommitted) > 0 {
		add("aerospike-committed", "Aerospike on committed instances: "+strings.Join(uncommitted, ", "), "not priced",
			"the price book has no ec2.1y_ratio and no ec2.3y_ratio of their families; a book of your own may give them")
	}
	if c.LicenceUSD < 0 {
		add("aerospike-ee", "Aerospike Enterprise Edition", "not priced",
			"no public list price exists; cost.aerospike.licence_usd_per_unique_tb_year takes a quotation")
	}
	return out
}

// instances returns the configured types, or all whose device rates are known. Bare-metal
// types have the hardware of the largest virtual ones, and are left out unless asked for.
func instances(c *costmodel.AerospikeConfig) ([]catalogue.Instance, error) {
	var out []catalogue.Instance
	if len(c.Instances) == 0 {
		for _, in := range catalogue.All() {
			if in.IOKnown() && !strings.Contains(in.Type, ".metal") {
				out = append(out, in)
			}
		}
		return out, nil
	}
	var errs []error
	for _, name := range c.Instances {
		in, err := catalogue.Find(name)
		if err != nil {
			errs = append(errs, fmt.Errorf("cost.aerospike.instances: %w", err))
		}
		out = append(out, in)
	}
	return out, errors.Join(errs...)
}

func ratioKey(instance string, years int) string {
	family, _, _ := strings.Cut(instance, ".")
	return fmt.Sprintf("ec2.%dy_ratio.%s", years, family)
}

// Name returns the offer's path element.
func (o *Offer) Name() string {
	if o.why != "" {
		return o.whyName
	}
	name := "aerospike-ee-" + o.instance.Type
	if o.community {
		name = "aerospike-ce-" + o.instance.Type
	}
	if o.byZone {
		name += fmt.Sprintf("-rf%d-%daz", o.copies, zones)
	}
	if o.years > 0 {
		name += fmt.Sprintf("-%dy", o.years)
	}
	return name
}

// System returns aerospike.
func (o *Offer) System() string { return System }

// Community reports whether the offer is Community Edition.
func (o *Offer) Community() bool { return o.why == "" && o.community }

// Title returns the offer's name for people.
func (o *Offer) Title() string {
	if o.why != "" {
		return o.whyTitle
	}
	edition, spread, term := "Enterprise", "", ", on demand"
	if o.community {
		edition = "Community"
	}
	if o.byZone {
		spread = fmt.Sprintf(" over %d zones, sized to lose one", zones)
	}
	if o.years > 0 {
		term = fmt.Sprintf(", instances committed for %d year(s)", o.years)
	}
	return fmt.Sprintf("Aerospike %s, %s, %d copies%s%s", edition, o.instance.Type, o.copies, spread, term)
}

// Price returns the bill.
func (o *Offer) Price(p *costmodel.Portfolio) costmodel.Bill {
	b := costmodel.Bill{Name: o.Name(), System: System, Title: o.Title(), Status: "priced"}
	l, status, err := o.ledger(p)
	if err != nil {
		b.Status, b.Reason = status, err.Error()
		return b
	}
	l.Fill(&b)
	b.Nodes = l.nodes()
	b.Warnings = l.warnings()
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

// Binding returns the constraint that makes the node count in a month of the horizon, and how
// many operations/s a node then carries at the peak; empty when the offer cannot be priced.
func (o *Offer) Binding(p *costmodel.Portfolio, month int) (constraint string, opsPerNode float64) {
	if o.why != "" {
		return "", 0
	}
	peaks, _ := o.months(p)
	peak := peaks[month]
	s, err := o.size(&p.Config.Aerospike, peak)
	if err != nil || s.count == 0 {
		return "", 0
	}
	return s.binding, peak.ops / float64(s.count)
}
