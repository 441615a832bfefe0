package compare

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"crossover/results/figure"
)

// Text writes the comparison as tables for a terminal.
func (r *Result) Text(w io.Writer) error {
	return r.write(w, func(t table.Writer) string {
		style := table.StyleLight
		style.Format.Header = text.FormatDefault
		t.SetStyle(style)
		return t.Render()
	}, func(title string) string { return title })
}

// Markdown writes the comparison as GitHub's Markdown.
func (r *Result) Markdown(w io.Writer) error {
	return r.write(w, func(t table.Writer) string { return t.RenderMarkdown() },
		func(title string) string { return "### " + title + "\n" })
}

func (r *Result) write(w io.Writer, render func(table.Writer) string, title func(string) string) error {
	var b strings.Builder
	if len(r.Unlike) > 0 {
		b.WriteString(title("UNLIKE RUNS: compared because --unlike was given"))
		b.WriteString("\n")
		for _, u := range r.Unlike {
			b.WriteString("- " + u + "\n")
		}
		b.WriteString("\n")
	}
	for i := range r.Targets {
		t := &r.Targets[i]
		b.WriteString(title(t.title()) + "\n")
		b.WriteString(render(r.table(t)) + "\n")
		for _, s := range t.Skipped {
			fmt.Fprintf(&b, "- %s: not enough samples: %d in the shortest repetition, needs %d in each\n", s.Label, s.Samples, s.Needed)
		}
		b.WriteString("\n")
	}
	b.WriteString(r.legend() + "\n")
	for _, warning := range r.Warnings {
		b.WriteString("- warning: " + warning + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *Target) title() string {
	kind := t.Head.Kind
	if t.Base.Kind != t.Head.Kind {
		kind = t.Base.Kind + " → " + t.Head.Kind
	}
	return fmt.Sprintf("%s (%s): %d repetition%s of BASE, %d of HEAD", t.Name, kind,
		len(t.Base.Runs), plural(len(t.Base.Runs)), len(t.Head.Runs))
}

func (r *Result) table(t *Target) table.Writer {
	w := table.NewWriter()
	w.SuppressTrailingSpaces()
	w.AppendHeader(table.Row{"metric", "BASE", "HEAD", "basis", "difference", Percent(r.Confidence) + " interval", "p", "A", "verdict"})
	for i := range t.Rows {
		row := &t.Rows[i]
		basis := string(row.Head.Weakest())
		if other := string(row.Base.Weakest()); other != basis {
			basis = other + ", " + basis
		}
		interval := row.delta(row.Low) + " to " + row.delta(row.High)
		if row.WithinOnly {
			interval += " *"
		}
		w.AppendRow(table.Row{
			row.Label, Value(row.Base), Value(row.Head), basis, row.delta(row.Difference), interval,
			PValue(row.PAdjusted), strconv.FormatFloat(row.A, 'f', 2, 64), row.Outcome(),
		})
	}
	right := []table.ColumnConfig{}
	for _, name := range []string{"BASE", "HEAD", "difference", "p", "A"} {
		right = append(right, table.ColumnConfig{Name: name, Align: text.AlignRight})
	}
	w.SetColumnConfigs(right)
	return w
}

// Outcome is the verdict with what would decide it.
func (r *Row) Outcome() string {
	if r.Verdict != Undecided {
		return string(r.Verdict)
	}
	if r.More > mostRepetitions {
		return fmt.Sprintf("%s (needs more than %d more repetitions, or longer runs)", r.Verdict, mostRepetitions)
	}
	return fmt.Sprintf("%s (needs %d more repetition%s)", r.Verdict, r.More, plural(r.More))
}

func (r *Result) legend() string {
	s := fmt.Sprintf("Difference: HEAD against BASE. p: corrected for %d tests (Holm). A: chance that a repetition of HEAD lies above one of BASE. "+
		"Same: the whole interval lies within ±%s, or ±%s for shares. Repetitions asked for decide with %s power.",
		r.Family, Percent(r.Margin), Percent(r.ShareMargin), Percent(r.Power))
	for i := range r.Targets {
		for _, row := range r.Targets[i].Rows {
			if row.WithinOnly {
				return s + "\n* within a run only: one repetition says nothing of how far runs differ."
			}
		}
	}
	return s
}

// Value renders a figure in the unit that suits it.
func Value(f figure.Figure) string {
	switch f.Unit {
	case "ns":
		return nanoseconds(f.Value)
	case "share":
		return Percent(f.Value)
	case "/s":
		return digits(f.Value) + "/s"
	}
	return digits(f.Value) + " " + f.Unit
}

// delta renders a difference: a share of BASE, or the unit's own.
func (r *Row) delta(d float64) string {
	sign := "+"
	if d < 0 {
		sign = "-"
	}
	if r.Relative {
		return sign + strconv.FormatFloat(math.Abs(d)*100, 'f', 1, 64) + "%"
	}
	f := r.Head
	f.Value = math.Abs(d)
	if f.Unit == "share" {
		return sign + strings.TrimSuffix(Percent(f.Value), "%") + " pp"
	}
	return sign + Value(f)
}

func nanoseconds(v float64) string {
	d := time.Duration(v)
	switch {
	case d >= time.Second:
		return digits(d.Seconds()) + " s"
	case d >= time.Millisecond:
		return digits(v/1e6) + " ms"
	case d >= time.Microsecond:
		return digits(v/1e3) + " µs"
	}
	return digits(v) + " ns"
}

// Percent renders a share.
func Percent(v float64) string { return digits(v*100) + "%" }

// digits renders four significant digits without an exponent for what people read as numbers.
func digits(v float64) string {
	if v == 0 {
		return "0"
	}
	places := 3 - int(math.Floor(math.Log10(math.Abs(v))))
	s := strconv.FormatFloat(v, 'f', max(0, min(places, 9)), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// PValue renders a p-value, nil when there is none.
func PValue(p *float64) string {
	switch {
	case p == nil:
		return "–"
	case *p < 0.001:
		return "<0.001"
	}
	return strconv.FormatFloat(*p, 'f', 3, 64)
}
