package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// writeMarkdown writes the document; tables carry each figure's basis in parentheses.
func writeMarkdown(w io.Writer, d *document) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# %s\n", d.Title)
	for _, s := range d.Sections {
		if s.Title != "" {
			fmt.Fprintf(b, "\n## %s\n", s.Title)
		}
		for _, blk := range s.Blocks {
			markdownBlock(b, blk)
		}
	}
	fmt.Fprintf(b, "\n---\nMade by crossover %s. Every figure is marked: measured on a real target; modelled by an embedded server or a model; assumed by the scenario or a default; price from the price book. A derived figure carries the mark of its weakest input.\n", d.Tool)
	return b.Flush()
}

func markdownBlock(b *bufio.Writer, blk block) {
	switch {
	case blk.Verdict != nil:
		fmt.Fprintf(b, "\n> **%s.** %s\n>\n> %s\n", strings.ToUpper(blk.Verdict.Decision), blk.Verdict.Sentence, blk.Verdict.Basis)
	case blk.Headlines != nil:
		fmt.Fprintln(b)
		for _, h := range blk.Headlines {
			fmt.Fprintf(b, "- %s: **%s**%s\n", h.Label, h.Value.Text, basisMark(h.Value))
		}
	case blk.Paragraph != nil:
		fmt.Fprintf(b, "\n%s%s\n", warnMark(blk.Paragraph.Warn), blk.Paragraph.Text)
	case blk.List != nil:
		fmt.Fprintln(b)
		for _, t := range blk.List {
			fmt.Fprintf(b, "- %s%s\n", warnMark(t.Warn), t.Text)
		}
	case blk.Table != nil:
		markdownTable(b, blk.Table)
	case blk.Picture != nil:
		fmt.Fprintf(b, "\n*%s.* %s\n", blk.Picture.Title, blk.Picture.Label)
	case blk.Fold != nil:
		fmt.Fprintf(b, "\n**%s**\n", blk.Fold.Summary)
		for _, inner := range blk.Fold.Blocks {
			markdownBlock(b, inner)
		}
	}
}

func markdownTable(b *bufio.Writer, t *tableBlock) {
	fmt.Fprintf(b, "\n%s:\n\n|", t.Caption)
	for _, h := range t.Head {
		fmt.Fprintf(b, " %s |", pipe(h))
	}
	b.WriteString("\n|")
	for i := range t.Head {
		if len(t.Rows) > 0 && i < len(t.Rows[0]) && t.Rows[0][i].Number {
			b.WriteString("---:|")
		} else {
			b.WriteString("---|")
		}
	}
	b.WriteString("\n")
	for _, row := range t.Rows {
		b.WriteString("|")
		for _, c := range row {
			s := pipe(c.Text)
			if c.Strong && s != "" {
				s = "**" + s + "**"
			}
			fmt.Fprintf(b, " %s%s |", s, basisMark(c))
		}
		b.WriteString("\n")
	}
}

func pipe(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "|", `\|`), "\n", " ") }

func basisMark(c cell) string {
	if c.Basis == "" {
		return ""
	}
	return " (" + string(c.Basis) + ")"
}

func warnMark(w bool) string {
	if w {
		return "⚠ "
	}
	return ""
}
