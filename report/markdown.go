package report

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"strings"
)

// marksExplained ends both forms of the report.
const marksExplained = "Figures are marked: measured on a real target; modelled by an embedded server or a " +
	"model; assumed by the scenario or a default; price from the price book. A derived figure carries " +
	"the mark " +
	"of its weakest input. The whole working of a cost is printed by crossover explain."

// writeMarkdown writes the document; tables carry each figure's basis in parentheses.
func writeMarkdown(w io.Writer, d *document) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# %s\n", prose(d.Title))
	for _, s := range d.Sections {
		if s.Title != "" {
			fmt.Fprintf(b, "\n## %s\n", prose(s.Title))
		}
		for _, blk := range s.Blocks {
			markdownBlock(b, blk)
		}
	}
	fmt.Fprintf(b, "\n---\n\nMade by crossover %s. %s\n", prose(d.Tool), marksExplained)
	return b.Flush()
}

func markdownBlock(b *bufio.Writer, blk block) {
	switch {
	case blk.Verdict != nil:
		fmt.Fprintf(b, "\n> **%s.** %s\n", strings.ToUpper(prose(blk.Verdict.Decision)), prose(blk.Verdict.Sentence))
		if blk.Verdict.Basis != "" {
			fmt.Fprintf(b, ">\n> Basis: %s\n", prose(blk.Verdict.Basis))
		}
	case blk.Heading != "":
		fmt.Fprintf(b, "\n### %s\n", prose(blk.Heading))
	case blk.Headlines != nil:
		fmt.Fprintln(b)
		for _, h := range blk.Headlines {
			fmt.Fprintf(b, "- %s: **%s**%s", prose(h.Label), prose(h.Value.Text), basisMark(h.Value))
			if h.Small != "" {
				fmt.Fprintf(b, "; %s", prose(h.Small))
			}
			fmt.Fprintln(b)
		}
	case blk.Paragraph != nil:
		fmt.Fprintf(b, "\n%s%s\n", warnMark(blk.Paragraph.Warn), prose(blk.Paragraph.Text))
	case blk.List != nil:
		fmt.Fprintln(b)
		for _, t := range blk.List {
			fmt.Fprintf(b, "- %s%s\n", warnMark(t.Warn), prose(t.Text))
		}
	case blk.Commands != nil:
		fmt.Fprintf(b, "\n```\n%s\n```\n", strings.ReplaceAll(strings.Join(blk.Commands, "\n"), "```", "'''"))
	case blk.Table != nil:
		markdownTable(b, blk.Table)
	case blk.Pictures != nil:
		// The pictures' sentences; their figures stand in the tables beneath.
		for _, p := range blk.Pictures {
			fmt.Fprintf(b, "\n*%s.* %s\n", prose(p.Title), prose(p.Label))
		}
	case blk.Fold != nil:
		fmt.Fprintf(b, "\n<details><summary>%s</summary>\n", summaryText(blk.Fold.Summary))
		for _, inner := range blk.Fold.Blocks {
			markdownBlock(b, inner)
		}
		fmt.Fprint(b, "\n</details>\n")
	}
}

func markdownTable(b *bufio.Writer, t *tableBlock) {
	fmt.Fprintf(b, "\n%s:\n\n|", prose(t.Caption))
	for _, h := range t.Head {
		fmt.Fprintf(b, " %s |", prose(h))
	}
	b.WriteString("\n|")
	for i := range t.Head {
		if t.Numeric(i) {
			b.WriteString("---:|")
		} else {
			b.WriteString("---|")
		}
	}
	b.WriteString("\n")
	for _, row := range t.Rows {
		b.WriteString("|")
		for _, c := range row {
			fmt.Fprintf(b, " %s%s |", markdownCell(c), basisMark(c))
		}
		b.WriteString("\n")
	}
}

func markdownCell(c cell) string {
	switch {
	case c.Text == "":
		return ""
	case c.Code:
		return "`" + strings.NewReplacer("`", "'", "|", `\|`).Replace(oneLine(c.Text)) + "`"
	case c.Strong:
		return "**" + prose(c.Text) + "**"
	}
	return prose(c.Text)
}

// special are the characters that begin markup within a line.
var special = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "[", `\[`, "]", `\]`, "|", `\|`, "~", `\~`,
	"<", "&lt;", ">", "&gt;", "&", "&amp;", " _", ` \_`, "_ ", `\_ `,
)

// prose escapes text for Markdown: names are shown, never interpreted. Underscores within a
// word stand for themselves.
func prose(s string) string {
	s = special.Replace(oneLine(s))
	if strings.HasPrefix(s, "#") || strings.HasPrefix(s, "_") {
		s = `\` + s
	}
	return s
}

// summaryText escapes text within an element, where some readers take Markdown and some don't.
func summaryText(s string) string {
	return strings.NewReplacer("[", "&#91;", "`", "&#96;", "*", "&#42;", "|", "&#124;").Replace(html.EscapeString(oneLine(s)))
}

// oneLine keeps a name from ending the line, and with it the table or the quotation.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
}

func basisMark(c cell) string {
	if m := c.Mark(); m != "" {
		return " (" + m + ")"
	}
	return ""
}

func warnMark(w bool) string {
	if w {
		return "⚠ "
	}
	return ""
}
