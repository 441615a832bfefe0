// Package report renders what runs and the cost model found, as one self-contained HTML file
// and its Markdown twin. It computes nothing that a number depends on: it selects, orders,
// formats and draws. Both renderers walk the same document, so neither can say what the other
// does not.
package report

import (
	"io"

	"crossover/costmodel/tco"
	"crossover/results"
)

// A Doc is what a report is made of. Any number of runs, with or without a cost result.
type Doc struct {
	Title     string
	Tool      string // crossover's version
	Runs      []*results.Run
	Searches  []*results.Search // searches and sweeps, whose probes are not among Runs
	Cost      *tco.Result
	Reproduce []string // exact commands
}

// HTML writes the report as one file that needs no network: styles and pictures are inside.
func HTML(w io.Writer, d Doc) error {
	doc, err := build(d)
	if err != nil {
		return err
	}
	return writeHTML(w, doc)
}

// Markdown writes the report as Markdown; pictures are replaced by the tables beneath them.
func Markdown(w io.Writer, d Doc) error {
	doc, err := build(d)
	if err != nil {
		return err
	}
	return writeMarkdown(w, doc)
}

// build lays the document out: the answer first, then the evidence.
func build(d Doc) (*document, error) {
	doc := &document{Title: d.Title, Tool: d.Tool}
	for _, part := range []func(Doc) ([]section, error){
		answer, setup, outcomes, latency, timeline, heat, costs, analyses, assumptions, fairness, reproduce,
	} {
		sections, err := part(d)
		if err != nil {
			return nil, err
		}
		doc.Sections = append(doc.Sections, sections...)
	}
	return doc, nil
}
