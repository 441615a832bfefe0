package tco

import (
	"fmt"
	"math"

	"crossover/costmodel"
	"crossover/costmodel/aerospike"
	"crossover/costmodel/dynamodb"
	"crossover/results/figure"
)

// A BreakEven is a price at which the two systems cost the same.
type BreakEven struct {
	Name   string         `json:"name"`
	Title  string         `json:"title"`
	Figure *figure.Figure `json:"figure,omitempty"` // nil when no value does it
	Note   string         `json:"note"`
}

// maxLicence bounds the search for a licence, in USD per unique TB and year.
const maxLicence = 1e7

// breakEvens says what either side would have to offer.
func (m *model) breakEvens(at map[string]pick) []BreakEven {
	d, okD := at[dynamodb.System]
	a, okA := at[aerospike.System]
	out := []BreakEven{}
	if okD && okA && a.total < d.total {
		out = append(out, m.discountEven("dynamodb-discount", "private discount on DynamoDB at which it would cost as little as Aerospike", "dynamodb.discount",
			func(c *costmodel.Config) *float64 { return &c.DynamoDB.Discount }, dynamodb.System))
	} else if okD && okA {
		out = append(out, m.discountEven("instance-discount", "discount on instances at which Aerospike would cost as little as DynamoDB", "aerospike.discount",
			func(c *costmodel.Config) *float64 { return &c.Aerospike.Discount }, aerospike.System))
	}
	return append(out, m.licenceEven())
}

// discountEven seeks the discount, above today's, from which on another system wins.
func (m *model) discountEven(name, title, path string, at func(*costmodel.Config) *float64, system string) BreakEven {
	b := BreakEven{Name: name, Title: title}
	wins := func(discount float64) bool {
		c := *m.cfg
		*at(&c) = discount
		return winner(m.cheapest(m.book, m.portfolio(&c, 1))) == system
	}
	now := m.cfg
	low, high := *at(now), 0.99
	if !wins(high) {
		b.Note = "No discount up to 99 % does it: the lines it applies to are too small a part of the cost."
		return b
	}
	for range 40 {
		if middle := (low + high) / 2; wins(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	f := figure.New(high, "share", figure.Assumed, "search over cost."+path+" with everything else as it is")
	b.Figure = &f
	b.Note = "Anything else as it is; the discount applies to the lines that cost." + path + " applies to."
	return b
}

// licenceEven seeks the price of Enterprise Edition up to which its cheapest offer costs no more
// than DynamoDB's: no list price is public.
func (m *model) licenceEven() BreakEven {
	b := BreakEven{Name: "licence", Title: "licence of Aerospike Enterprise Edition up to which it costs no more than DynamoDB"}
	saves := func(licence float64) (float64, bool) {
		c := *m.cfg
		c.Aerospike.LicenceUSD = licence
		p := m.portfolio(&c, 1)
		keep := map[string]bool{}
		for _, o := range candidates(m.book, p.Config) {
			if a, ok := o.(*aerospike.Offer); !ok || !a.Community() {
				keep[o.Name()] = true
			}
		}
		d, a := totals(m.among(m.book, p, keep))
		return d - a, !math.IsNaN(d - a)
	}
	free, ok := saves(0)
	switch {
	case !ok:
		b.Note = "One of the systems could not be priced."
		return b
	case free < 0:
		b.Note = fmt.Sprintf("None: even free of charge the cheapest Enterprise Edition cluster would cost %s more over the horizon than DynamoDB.", dollars(free))
		return b
	}
	low, high := 0.0, maxLicence
	if s, _ := saves(high); s >= 0 {
		b.Note = fmt.Sprintf("Above %s per unique TB and year: so little data is held that the licence hardly matters.", dollars(maxLicence))
		return b
	}
	for range 60 {
		middle := (low + high) / 2
		if s, _ := saves(middle); s >= 0 {
			low = middle
		} else {
			high = middle
		}
	}
	f := figure.New(cents(low), "USD/TB-year", figure.Assumed, "search over cost.aerospike.licence_usd_per_unique_tb_year with everything else as it is")
	b.Figure = &f
	b.Note = "Per TB of unique data (one copy) and year. A quotation below it favours Aerospike Enterprise Edition, one above it DynamoDB."
	return b
}
