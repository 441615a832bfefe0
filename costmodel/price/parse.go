package price

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/shopspring/decimal"
	"gopkg.in/yaml.v3"
)

// bookVersion is the format of a book.
const bookVersion = "1"

// Bounds on what a price may be written as: far beyond any price, and far below what would
// take long to compute with.
const (
	maxPriceText  = 40
	maxPriceUSD   = 1e9
	maxPricePlace = -18 // decimal places
)

// An Error is one thing wrong with a price book, with where.
type Error struct {
	File         string
	Line, Column int
	Message      string
}

// Error returns file:line:column: message.
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// Load reads a user's book and lays it over the embedded one, key by key. The file has
// `regions:`, below it regions, below them keys of the embedded book, each with a number or
// with {value, source, date, confidence, note}. A price without a source is the file's own;
// one without a confidence is taken as high, since the user vouches for it. It may also give
// hours_per_month, date and sources, and a currency, which must be USD. The error joins every
// problem found, each an *Error.
func Load(path string) (*Book, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the price book: %w", err)
	}
	return Overlay(Default(), path, text)
}

// Overlay lays a book's text over base; file is for messages and sources.
func Overlay(base *Book, file string, text []byte) (*Book, error) {
	p := &parser{file: file, base: base}
	return p.parse(text)
}

func parseBook(file string, text []byte) (*Book, error) {
	p := &parser{file: file}
	return p.parse(text)
}

type parser struct {
	file    string
	base    *Book // nil for the embedded book
	sources map[string]string
	errs    []*Error
}

func (p *parser) fail(n *yaml.Node, format string, args ...any) {
	p.errs = append(p.errs, &Error{p.file, n.Line, n.Column, fmt.Sprintf(format, args...)})
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

func (p *parser) parse(text []byte) (*Book, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		e := &Error{p.file, 1, 1, err.Error()}
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			if line, convErr := strconv.Atoi(m[1]); convErr == nil {
				e.Line = line
			}
		}
		return nil, e
	}
	if len(root.Content) == 0 {
		return nil, &Error{p.file, 1, 1, "an empty file, expected `regions:` with prices"}
	}
	b := &Book{regions: map[string]map[string]Price{}, date: "undated", hours: decimal.NewFromInt(730)}
	if p.base != nil {
		b.date, b.hours = p.base.date, p.base.hours
		for region, prices := range p.base.regions {
			b.regions[region] = maps.Clone(prices)
		}
	}
	p.top(root.Content[0], b)
	if len(p.errs) == 0 {
		return b, nil
	}
	slices.SortStableFunc(p.errs, func(x, y *Error) int {
		return cmp.Or(cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
	})
	list := make([]error, len(p.errs))
	for i, e := range p.errs {
		list[i] = e
	}
	return nil, errors.Join(list...)
}

// each calls f for each key of a mapping; a repeated key, or what is no mapping, is an error.
func (p *parser) each(n *yaml.Node, what string, f func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		p.fail(n, "expected a mapping: %s", what)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			p.fail(key, "expected a plain key: %s", what)
			continue
		}
		if seen[key.Value] {
			p.fail(key, "%q a second time, expected each key once", key.Value)
			continue
		}
		seen[key.Value] = true
		if value.Kind == yaml.AliasNode {
			p.fail(value, "an alias, expected the value written out")
			continue
		}
		f(key, value)
	}
}

var topKeys = []string{"version", "currency", "date", "hours_per_month", "sources", "regions"}

func (p *parser) top(n *yaml.Node, b *Book) {
	p.sources = map[string]string{}
	var regions *yaml.Node
	p.each(n, strings.Join(topKeys, ", "), func(key, value *yaml.Node) {
		switch key.Value {
		case "version":
			if value.Value != bookVersion {
				p.fail(value, "version %q, this tool reads %s", value.Value, bookVersion)
			}
		case "currency":
			if value.Value != "USD" {
				p.fail(value, "currency %q, expected USD", value.Value)
			}
		case "date":
			b.date = value.Value
		case "hours_per_month":
			b.hours = p.hours(value)
		case "sources":
			p.each(value, "short names of sources", func(id, text *yaml.Node) { p.sources[id.Value] = text.Value })
		case "regions":
			regions = value
		default:
			p.fail(key, "unknown key %q; %s", key.Value, orNearest(key.Value, topKeys))
		}
	})
	if n.Kind != yaml.MappingNode {
		return
	}
	if regions == nil {
		p.fail(n, "no `regions:`, expected prices by region and key")
		return
	}
	known := p.known()
	p.each(regions, "regions by their AWS names", func(region, prices *yaml.Node) {
		if !regionName.MatchString(region.Value) {
			p.fail(region, "%q is not the name of an AWS region; %s", region.Value, orNearest(region.Value, b.Regions()))
			return
		}
		if b.regions[region.Value] == nil {
			b.regions[region.Value] = map[string]Price{}
		}
		p.each(prices, "prices by key", func(key, value *yaml.Node) {
			if p.base != nil && known[key.Value] == "" {
				p.fail(key, "unknown price %q; %s", key.Value, orNearest(key.Value, slices.Sorted(maps.Keys(known))))
				return
			}
			b.regions[region.Value][key.Value] = p.price(region.Value, key.Value, known[key.Value], value)
		})
	})
}

func (p *parser) hours(n *yaml.Node) decimal.Decimal {
	v, err := decimal.NewFromString(n.Value)
	if err != nil || len(n.Value) > maxPriceText || v.LessThan(decimal.NewFromInt(672)) || v.GreaterThan(decimal.NewFromInt(744)) {
		p.fail(n, "hours_per_month %q, expected 672 to 744", n.Value)
		return decimal.NewFromInt(730)
	}
	return v
}

// regionName is what AWS regions are called.
var regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$`)

// known returns the unit of every price that the base book has in any region, and of the
// committed-use ratios of every instance family that it has prices of: a user may know those.
func (p *parser) known() map[string]string {
	out := map[string]string{}
	if p.base == nil {
		return out
	}
	for _, prices := range p.base.regions {
		for key, price := range prices {
			out[key] = price.Unit
			if instance, ok := strings.CutPrefix(key, "ec2.on_demand."); ok {
				family, _, _ := strings.Cut(instance, ".")
				out["ec2.1y_ratio."+family] = ratioUnit
				out["ec2.3y_ratio."+family] = ratioUnit
			}
		}
	}
	return out
}

const ratioUnit = "of the on-demand price"

var priceKeys = []string{"value", "unit", "source", "date", "confidence", "note"}

func (p *parser) price(region, key, unit string, n *yaml.Node) Price {
	out := Price{Region: region, Key: key, Unit: unit, Confidence: High, Date: "undated", Source: p.file}
	if p.base != nil {
		out.Source = "the user's price book " + filepath.Base(p.file)
	}
	if n.Kind == yaml.ScalarNode {
		out.Value = p.value(n, key)
		return out
	}
	given := map[string]bool{}
	p.each(n, strings.Join(priceKeys, ", "), func(k, v *yaml.Node) {
		given[k.Value] = true
		if v.Kind != yaml.ScalarNode {
			p.fail(v, "%s.%s: expected plain text", key, k.Value)
			return
		}
		switch k.Value {
		case "value":
			out.Value = p.value(v, key)
		case "unit":
			if unit != "" && v.Value != unit {
				p.fail(v, "%s: unit %q, expected %q", key, v.Value, unit)
			}
			out.Unit = v.Value
		case "source":
			out.Source = v.Value
			if text, ok := p.sources[v.Value]; ok {
				out.Source = text
			}
		case "date":
			out.Date = v.Value
		case "confidence":
			out.Confidence = Confidence(v.Value)
			if !slices.Contains([]Confidence{High, Medium, Low}, out.Confidence) {
				p.fail(v, "%s: confidence %q, expected high, medium or low", key, v.Value)
			}
		case "note":
			out.Note = v.Value
		default:
			p.fail(k, "%s: unknown key %q; %s", key, k.Value, orNearest(k.Value, priceKeys))
		}
	})
	if n.Kind == yaml.MappingNode && !given["value"] {
		p.fail(n, "%s: no value", key)
	}
	// The embedded book has no line without its origin; a user's own may be short.
	for _, k := range []string{"unit", "source", "date", "confidence"} {
		if p.base == nil && !given[k] {
			p.fail(n, "%s: no %s", key, k)
		}
	}
	return out
}

// plainNumber is how a price is written: digits with a point, underscores between them.
var plainNumber = regexp.MustCompile(`^[0-9][0-9_]*(\.[0-9]+)?([eE]-?[0-9]{1,2})?$`)

func (p *parser) value(n *yaml.Node, key string) decimal.Decimal {
	text := strings.ReplaceAll(n.Value, "_", "")
	v, err := decimal.NewFromString(text)
	if !plainNumber.MatchString(n.Value) || len(text) > maxPriceText || err != nil ||
		v.GreaterThan(decimal.NewFromFloat(maxPriceUSD)) || v.Exponent() < maxPricePlace {
		p.fail(n, "%s: found %q, expected a number of US dollars from 0 to 1e9 with at most %d decimal places", key, n.Value, -maxPricePlace)
		return decimal.Zero
	}
	return v
}

// orNearest says what name was probably meant, or lists what there is.
func orNearest(found string, names []string) string {
	best, distance := "", len(found)/2+1
	for _, n := range names {
		if d := levenshtein.ComputeDistance(strings.ToLower(found), n); d < distance {
			best, distance = n, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	if len(names) > 12 {
		return fmt.Sprintf("it has %d names (crossover prices lists them)", len(names))
	}
	return "expected one of " + strings.Join(names, ", ")
}
