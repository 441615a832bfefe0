package report

import (
	"html/template"

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

// A block is one of a paragraph, a list, a table, a picture, a row of headline figures or a
// fold; exactly one field is set.
type block struct {
	Verdict   *verdict
	Paragraph *text
	List      []text
	Table     *tableBlock
	Picture   *picture
	Headlines []headline
	Fold      *fold
}

// A verdict is the banner on the first page.
type verdict struct {
	Decision string // migrate, stay, undetermined
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
}

// A tableBlock is a table with a caption.
type tableBlock struct {
	Caption string
	Head    []string
	Rows    [][]cell
}

// A cell is a value as shown. Basis is printed beside it when set.
type cell struct {
	Text   string
	Basis  figure.Basis
	Title  string // where it came from, in full
	Number bool   // align right
	Strong bool
	Path   string // for `crossover explain`
}

// A picture is an SVG with the sentence that stands for it where it can't be seen.
type picture struct {
	Title string
	Label string
	SVG   template.HTML
}

// A fold is evidence kept one click away.
type fold struct {
	Summary string
	Blocks  []block
}

func say(s string) block  { return block{Paragraph: &text{Text: s}} }
func warn(s string) block { return block{Paragraph: &text{Text: s, Warn: true}} }

func plain(s string) cell { return cell{Text: s} }
func num(s string) cell   { return cell{Text: s, Number: true} }

// fig shows a figure with its basis and, on a pointer's rest or in Markdown's source column,
// where it came from.
func fig(f figure.Figure, path string) cell {
	return cell{Text: amount(f.Value, f.Unit), Basis: f.Weakest(), Title: origin(f), Number: true, Path: path}
}

// origin says in a few words where a figure came from.
func origin(f figure.Figure) string {
	if f.Basis == figure.Derived {
		return "derived: " + f.Formula
	}
	s := string(f.Basis) + ": " + f.Source
	if f.Date != "" {
		s += ", " + f.Date
	}
	if f.Confidence != "" && f.Confidence != "high" {
		s += ", confidence " + f.Confidence
	}
	return s
}
