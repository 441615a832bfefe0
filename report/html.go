package report

import (
	_ "embed"
	"html/template"
	"io"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

func writeHTML(w io.Writer, d *document) error { return page.Execute(w, d) }
