package report

import (
	"html/template"
	"strings"

	"crossover/results/figure"
)

// A document is a report before it has a form.
type document struct {
	Title    string
	Tool     string
	Sections []section
}

// A section has a heading and blocks.
type section struct {
	ID     string
	Title  string
	Blocks []block
}

// A block is one of a verdict, a sub-heading, a paragraph, a list, commands, a table, a row
// of pictures, a row of headline figures or a fold; exactly one field is set.
type block struct {
	Verdict   *verdict
	Heading   string
	Paragraph *text
	List      []text
	Commands  []string
	Table     *tableBlock
	Pictures  []picture
	Headlines []headline
	Fold      *fold
}

// A verdict is the banner on the first page.
type verdict struct {
	Decision string // the word shown: migrate, stay, undetermined, no verdict
	Class    string // its style: migrate, stay, open
	Sentence string
	Basis    string
}

// A text is prose, or a warning that must not be overlooked.
type text struct {
	Text string
	Warn bool
}

// A headline is one of the figures on the first page.
type headline struct {
	Label string
	Value cell
	Small string // a second line under the value
}

// A tableBlock is a table with a caption. The first cell of a row is its header.
type tableBlock struct {
	Caption string
	Head    []string
	Rows    [][]cell
}

// Numeric reports whether column i holds numbers, and is so aligned.
func (t *tableBlock) Numeric(i int) bool {
	for _, row := range t.Rows {
		if i < len(row) && row[i].Number {
			return true
		}
	}
	return false
}

// A cell is a value as shown. Basis is printed beside it when set.
type cell struct {
	Text   string
	Basis  figure.Basis
	Doubt  string // a further mark: "low confidence", "target unidentified"
	Title  string // where it came from, in full
	Number bool   // align right
	Strong bool
	Code   bool // to be typed as it stands
}

// Mark is what is printed beside the value: its basis, and what makes it weaker still.
func (c cell) Mark() string {
	if c.Basis == "" || c.Doubt == "" {
		return string(c.Basis)
	}
	return string(c.Basis) + ", " + c.Doubt
}

// Soft reports whether nobody has measured or published the value as it stands.
func (c cell) Soft() bool {
	return c.Doubt != "" || c.Basis == figure.Modelled || c.Basis == figure.Assumed
}

// A picture is an SVG with the sentence that stands for it where it can't be seen, and the
// meaning of its lines or shades.
type picture struct {
	Title string
	Label string
	SVG   template.HTML
	Keys  []key
}

// A key is one entry of a picture's legend. Class names its line or shade in page.html.
type key struct {
	Class string
	Shade bool // a patch rather than a line
	Text  string
}

// A fold is evidence kept one click away.
type fold struct {
	Summary string
	Blocks  []block
}

func say(s string) block     { return block{Paragraph: &text{Text: s}} }
func warn(s string) block    { return block{Paragraph: &text{Text: s, Warn: true}} }
func heading(s string) block { return block{Heading: s} }

func plain(s string) cell { return cell{Text: s} }
func num(s string) cell   { return cell{Text: s, Number: true} }
func code(s string) cell  { return cell{Text: s, Code: true} }

// fig shows a figure with its basis and, on a pointer's rest, where it came from and how
// `crossover explain` is asked for its working.
func fig(f figure.Figure, path string) cell { return figText(f, amount(f.Value, f.Unit), path) }

// dollars shows a figure in US dollars under a heading that says per what.
func dollars(f figure.Figure, path string) cell { return figText(f, money(f.Value), path) }

// cents is dollars to the cent, as the lines of a bill are rounded.
func cents(f figure.Figure, path string) cell { return figText(f, moneyCents(f.Value), path) }

func figText(f figure.Figure, text, path string) cell {
	c := cell{Text: text, Basis: f.Weakest(), Doubt: doubt(f), Title: origin(f), Number: true}
	if f.Basis == figure.Derived {
		c.Title += " (crossover explain " + path + ")"
	}
	return c
}

// priced shows a unit price with its unit, unrounded.
func priced(f figure.Figure, path string) cell {
	if per, ok := strings.CutPrefix(f.Unit, "USD"); ok {
		return figText(f, priceText(f.Value)+strings.Replace(per, "/", " / ", 1), path)
	}
	return fig(f, path)
}

// doubt is the further mark of a price that was not read at its source with confidence.
func doubt(f figure.Figure) string {
	if f.Basis == figure.Price && f.Confidence != "" && f.Confidence != "high" {
		return f.Confidence + " confidence"
	}
	return ""
}

// origin says in a few words where a figure came from.
func origin(f figure.Figure) string {
	if f.Basis == figure.Derived {
		return "derived: " + f.Formula
	}
	return string(f.Basis) + ": " + sourceText(f)
}

// sourceText is origin without the basis, for where that is printed beside it.
func sourceText(f figure.Figure) string {
	if f.Basis == figure.Derived {
		return f.Formula
	}
	s := f.Source
	if f.Date != "" {
		s += ", " + f.Date
	}
	if f.Confidence != "" && f.Confidence != "high" {
		s += ", confidence " + f.Confidence
	}
	if f.Note != "" {
		s += ". " + f.Note
	}
	return s
}
