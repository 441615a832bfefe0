package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"crossover/report"
	"crossover/results"
)

// report prices what was run and writes tco.json, report.html and report.md beside the runs.
func (s *session) report() error {
	runs, err := openRuns(s.out)
	if err != nil {
		return err
	}
	doc := reportDoc(runs, nil)
	if s.sc.Cost != nil {
		// The run may have been interrupted; its report is wanted all the same.
		if doc.Cost, err = priceScenario(context.Background(), s.sc, runs, s.book, nil, usualDraws); err != nil {
			return err
		}
		if err := writeJSON(filepath.Join(s.out, tcoFile), doc.Cost); err != nil {
			return err
		}
	}
	html := filepath.Join(s.out, "report.html")
	if err := renderBoth(html, filepath.Join(s.out, "report.md"), doc); err != nil {
		return err
	}
	if doc.Cost != nil {
		fmt.Fprintf(s.err, "verdict: %s. %s\n", doc.Cost.Verdict.Decision, doc.Cost.Verdict.Sentence)
	}
	if !s.options.asJSON {
		fmt.Fprintln(s.streams.out, html)
	}
	return nil
}

func renderBoth(html, markdown string, doc report.Doc) error {
	for _, r := range []struct {
		path   string
		render func(io.Writer, report.Doc) error
	}{{html, report.HTML}, {markdown, report.Markdown}} {
		var b bytes.Buffer
		if err := r.render(&b, doc); err != nil {
			return err
		}
		if err := writeWhole(r.path, b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// writeWhole writes a file so that it is there whole or not at all.
func writeWhole(path string, text []byte) error {
	temp := path + ".part"
	if err := os.WriteFile(temp, text, 0o644); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

func encodeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func writeJSON(path string, v any) error {
	var b bytes.Buffer
	if err := encodeJSON(&b, v); err != nil {
		return err
	}
	return writeWhole(path, b.Bytes())
}

func sortByStart(runs []*results.Run) {
	slices.SortStableFunc(runs, func(a, b *results.Run) int { return a.Manifest.Started.Compare(b.Manifest.Started) })
}
