package main

import (
	"os"
	"path/filepath"
	"slices"

	"crossover/report"
	"crossover/results"
)

// reportSearches writes report.html and report.md of what was found, beside the targets'
// directories.
func (s *session) reportSearches(found []*results.Search) error {
	return renderBoth(filepath.Join(s.out, "report.html"), filepath.Join(s.out, "report.md"), searchDoc(found))
}

// searchDoc puts searches together with the commands that give them again.
func searchDoc(found []*results.Search) report.Doc {
	first := found[0]
	flag := "--search"
	if first.Mode != "search" {
		flag = "--sweep " + sweptWords(first)
	}
	return report.Doc{
		Title: first.Scenario + ": which rates hold?", Tool: toolVersion(), Searches: found,
		Reproduce: []string{
			"crossover run SCENARIO " + flag + " — with the scenario whose digest is below, and crossover " + first.Tool,
			"crossover run DIR/TARGET/probes/NNN-RATE/scenario.yaml — runs one probe again",
		},
	}
}

// sweptWords is what a sweep was asked for, as far as its record tells.
func sweptWords(s *results.Search) string {
	if s.Varied != "" {
		return s.Varied + "=…"
	}
	text := "rates="
	for _, p := range s.Points {
		for i, step := range p.Steps {
			if i > 0 {
				text += ","
			}
			text += rateText(step.Rate)
		}
	}
	return text
}

// openSearches reads the search in a directory, or those of the targets directly below it, in
// the order in which they began; none where there is none.
func openSearches(path string) ([]*results.Search, error) {
	dirs := []string{path}
	if _, err := os.Stat(filepath.Join(path, results.SearchFile)); err != nil {
		found, err := filepath.Glob(filepath.Join(path, "*", results.SearchFile))
		if err != nil {
			return nil, err
		}
		dirs = nil
		for _, f := range found {
			dirs = append(dirs, filepath.Dir(f))
		}
	}
	var out []*results.Search
	for _, dir := range dirs {
		s, err := results.ReadSearch(dir)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b *results.Search) int { return a.Started.Compare(b.Started) })
	return out, nil
}
