package costmodel

import (
	"math"

	"github.com/shopspring/decimal"

	"crossover/results/figure"
)

// An Entry is one line of a bill over the whole horizon. Figures are made only when the bill
// is written out: searches price thousands of portfolios and need none.
type Entry struct {
	Name, Title string
	Rate        Rate
	Quantity    []float64            // by month, in the price's unit
	Price       func() figure.Figure // of one unit
	First       func() figure.Figure // the first quantity that is not zero, or the first month's
	Once        bool                 // falls in single months
	Soft        bool                 // people
}

// amount returns what a month of the entry costs.
func (e *Entry) amount(month int) Cents {
	if month >= len(e.Quantity) || e.Quantity[month] == 0 {
		return 0
	}
	return e.Rate.Times(e.Quantity[month])
}

// A Ledger is an offer's entries over a horizon.
type Ledger struct {
	Months  int
	entries []Entry
}

// Add appends an entry.
func (l *Ledger) Add(e Entry) { l.entries = append(l.entries, e) }

// Sums returns what each month costs: all lines, and all but the soft ones.
func (l *Ledger) Sums() (all, hard []Cents) {
	all, hard = make([]Cents, l.Months), make([]Cents, l.Months)
	for i := range l.entries {
		e := &l.entries[i]
		var last Cents
		for m := range l.Months {
			if m == 0 || m >= len(e.Quantity) || e.Quantity[m] != e.Quantity[m-1] {
				last = e.amount(m)
			}
			all[m] += last
			if !e.Soft {
				hard[m] += last
			}
		}
	}
	return all, hard
}

// SumOf returns what the named ones among the lines added so far come to by month.
func (l *Ledger) SumOf(names ...string) []Cents {
	sum := make([]Cents, l.Months)
	for i := range l.entries {
		e := &l.entries[i]
		for _, n := range names {
			if e.Name != n {
				continue
			}
			for m := range sum {
				sum[m] += e.amount(m)
			}
		}
	}
	return sum
}

// SumHard returns what all lines added so far but the soft ones come to by month.
func (l *Ledger) SumHard() []Cents {
	_, hard := l.Sums()
	return hard
}

// Share returns the line that adds a share of sums, the months' amounts.
func Share(name, title string, share float64, sums []Cents, given figure.Figure) Entry {
	e := Discount(name, title, share, sums, given, false)
	e.Rate = NewRate(decimal.NewFromFloat(share))
	e.Price = func() figure.Figure { return given }
	q := e.Quantity
	e.First = func() figure.Figure {
		return figure.Derive(q[0], "USD", "what the lines above it come to in the first month", figure.In("share", given))
	}
	return e
}

// Fill writes the ledger into a bill: its lines in their first month and the sums by month.
func (l *Ledger) Fill(b *Bill) {
	all, hard := l.Sums()
	for m := range all {
		b.ByMonth = append(b.ByMonth, all[m].USD())
		b.HardByMonth = append(b.HardByMonth, hard[m].USD())
	}
	for i := range l.entries {
		e := &l.entries[i]
		month := 0
		if e.Once {
			for m, q := range e.Quantity {
				if q != 0 {
					month = m
					break
				}
			}
		}
		unit := "USD/month"
		if e.Once {
			unit = "USD"
		}
		quantity, price := e.First(), e.Price()
		amount := figure.Derive(e.amount(month).USD(), unit, "quantity × price, rounded to the cent",
			figure.In("quantity", quantity), figure.In("price", price))
		b.Lines = append(b.Lines, Line{Name: e.Name, Title: e.Title, Quantity: quantity, Price: price, Amount: amount, Once: e.Once, Soft: e.Soft})
	}
}

// Factor returns what a table's load and items have grown by in a month of the horizon, the
// first being 0: growth per year, compounded monthly.
func (t *Table) Factor(month int) float64 {
	return math.Pow(1+t.Growth.Value, float64(month)/12)
}

// PeakShape returns the busiest hour's multiplier of the mean, over a year without growth.
func (t *Table) PeakShape() float64 { return t.Load.Busiest() }

// Peak returns a month's busiest hour as a multiple of the first year's mean load.
func (t *Table) Peak(month int) float64 { return t.Load.Peak(month) * t.Factor(month) }

// Mean returns a month's mean load as a multiple of the first year's.
func (t *Table) Mean(month int) float64 { return t.Load.Mean(month) * t.Factor(month) }

// Discount returns the line that takes a share off sums, the months' amounts.
func Discount(name, title string, share float64, sums []Cents, given figure.Figure, once bool) Entry {
	q := make([]float64, len(sums))
	for m, c := range sums {
		q[m] = c.USD()
	}
	return Entry{
		Name: name, Title: title, Quantity: q, Once: once, Rate: NewRate(decimal.NewFromFloat(share).Neg()),
		Price: func() figure.Figure {
			return figure.Derive(-share, "share", "− the discount", figure.In("discount", given))
		},
		First: func() figure.Figure {
			return figure.Derive(q[0], "USD", "list price of the lines that the discount applies to, in the first month", figure.In("discount", given))
		},
	}
}
