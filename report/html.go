package report

import (
	_ "embed"
	"html/template"
	"io"
	"strings"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"marks": func() string { return marksExplained },
}).Parse(pageText))

func writeHTML(w io.Writer, d *document) error { return page.Execute(w, d) }

// wideText is the length from which a cell of prose keeps its width on a narrow screen.
const wideText = 40

// Class names a cell's style in page.html.
func (c cell) Class() string {
	var classes []string
	if c.Number {
		classes = append(classes, "n")
	}
	if c.Strong {
		classes = append(classes, "strong")
	}
	if !c.Number && len(c.Text) > wideText {
		classes = append(classes, "wide")
	}
	return strings.Join(classes, " ")
}
