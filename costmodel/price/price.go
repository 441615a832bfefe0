// Package price holds the price book: unit prices by region and key, each with its unit,
// source, date and confidence. The embedded book can be laid over by a user's own, key by
// key. A price that is not there is absent: nothing is taken over from another region.
package price

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/shopspring/decimal"

	"crossover/results/figure"
)

// A Confidence says how well a price is known.
type Confidence string

// The confidences: read at its source or in agreement with it; quoted by somebody; inferred
// or remembered.
const (
	High   Confidence = "high"
	Medium Confidence = "medium"
	Low    Confidence = "low"
)

// Spread is by how much a price of this confidence may plausibly differ from the true one, as
// a share of it: an assumption of this tool. Prices of high confidence are taken as they are.
func (c Confidence) Spread() float64 {
	switch c {
	case Medium:
		return 0.20
	case Low:
		return 0.50
	}
	return 0
}

// A Price is one line of the book: US dollars for one unit, or a ratio or an allowance where
// Unit says so.
type Price struct {
	Region     string          `json:"region"`
	Key        string          `json:"key"` // ondemand.std.wru, ec2.on_demand.i4i.xlarge, …
	Value      decimal.Decimal `json:"value"`
	Unit       string          `json:"unit"`
	Confidence Confidence      `json:"confidence"`
	Date       string          `json:"date"` // when it was read
	Source     string          `json:"source"`
	Note       string          `json:"note,omitempty"`
}

// Figure returns the price as a figure in USD for one of its unit.
func (p Price) Figure() figure.Figure {
	unit := "USD/" + p.Unit
	if strings.HasPrefix(p.Key, "ec2.1y_ratio.") || strings.HasPrefix(p.Key, "ec2.3y_ratio.") {
		unit = "ratio"
	}
	if strings.HasPrefix(p.Key, "savingsplan.") {
		unit = "share"
	}
	return figure.Figure{
		Value: p.Value.InexactFloat64(), Unit: unit, Basis: figure.Price, Confidence: string(p.Confidence),
		Source: "price book, " + p.Region + " " + p.Key + ": " + p.Source, Date: p.Date, Note: p.Note,
	}
}

// A Book is prices by region and key. It is immutable and safe for concurrent use.
type Book struct {
	date    string
	hours   decimal.Decimal
	regions map[string]map[string]Price
	over    []Price // laid over, the last first to be found
}

//go:embed book.yaml
var embedded []byte

var load = sync.OnceValue(func() *Book {
	b, err := parseBook("book.yaml", embedded)
	if err != nil {
		panic("price: the embedded book does not parse: " + err.Error())
	}
	return b
})

// Default returns the embedded book.
func Default() *Book { return load() }

// Find returns a region's price, and whether the book has it.
func (b *Book) Find(region, key string) (Price, bool) {
	for i := len(b.over) - 1; i >= 0; i-- {
		if b.over[i].Key == key && b.over[i].Region == region {
			return b.over[i], true
		}
	}
	p, ok := b.regions[region][key]
	return p, ok
}

// USD returns a region's price in US dollars as a float, for estimates; 0 when the book does
// not have it. Bills use Find.
func (b *Book) USD(region, key string) float64 {
	p, _ := b.Find(region, key)
	return p.Value.InexactFloat64()
}

// With returns the book with one price in another's place.
func (b *Book) With(p Price) *Book {
	c := *b
	c.over = append(slices.Clone(b.over), p)
	return &c
}

// Hours is how many hours a month is billed as: 730, the convention of the AWS Pricing
// Calculator.
func (b *Book) Hours() decimal.Decimal { return b.hours }

// Date is when the book was put together.
func (b *Book) Date() string { return b.date }

// Regions lists the regions of which the book has any price, sorted.
func (b *Book) Regions() []string { return slices.Sorted(maps.Keys(b.regions)) }

// List returns a region's prices whose keys begin with prefix, sorted by key. The error names
// the nearest region when the book has none of that name.
func (b *Book) List(region, prefix string) ([]Price, error) {
	if _, ok := b.regions[region]; !ok {
		return nil, fmt.Errorf("the price book has no region %q; %s", region, orNearest(region, b.Regions()))
	}
	var out []Price
	for key := range b.regions[region] {
		if strings.HasPrefix(key, prefix) {
			p, _ := b.Find(region, key)
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(x, y Price) int { return strings.Compare(x.Key, y.Key) })
	return out, nil
}

// Digest identifies the book: the SHA-256 of its prices in order.
func (b *Book) Digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "crossover prices 1\n%s\n%s\n", b.date, b.hours)
	for _, region := range b.Regions() {
		list, err := b.List(region, "")
		if err != nil {
			panic("price: a region of the book's own: " + err.Error())
		}
		for _, p := range list {
			fmt.Fprintf(h, "%s\x00%s\x00%s\x00%s\x00%s\x00%s\x00%s\n", p.Region, p.Key, p.Value, p.Unit, p.Confidence, p.Date, p.Source)
		}
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// A Shortage lists prices that the book does not have.
type Shortage struct {
	Region string
	Keys   []string
}

// Error says which prices are missing where.
func (s *Shortage) Error() string {
	return "the price book has no " + strings.Join(s.Keys, ", no ") + " for " + s.Region
}

// Need returns a region's prices by key; the error, a *Shortage, lists all that are missing.
func (b *Book) Need(region string, keys ...string) (map[string]Price, error) {
	out := make(map[string]Price, len(keys))
	var missing []string
	for _, k := range keys {
		p, ok := b.Find(region, k)
		if !ok {
			missing = append(missing, k)
		}
		out[k] = p
	}
	if len(missing) > 0 {
		return nil, &Shortage{Region: region, Keys: missing}
	}
	return out, nil
}
