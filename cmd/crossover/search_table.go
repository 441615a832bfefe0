package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"crossover/results"
)

// A searchTable prints a row for each probe as it ends.
type searchTable struct {
	out    io.Writer
	target string
}

func (t *searchTable) begin(name string) {
	title := t.target
	if name != "" {
		title += ", " + name
	}
	fmt.Fprintf(t.out, "%s:\n%12s  %-17s %13s %8s %8s  %s\n", title, "rate", "verdict", "completed", "errors", "warm-up", "between")
}

// step prints the last step, whose last probe has just ended.
func (t *searchTable) step(steps []results.SearchStep) {
	if len(steps) == 0 {
		return
	}
	s := steps[len(steps)-1]
	verdict, last := s.Verdict, s.Probes[len(s.Probes)-1]
	switch {
	case verdict == "" && last.Limited:
		verdict = "tried once more"
	case verdict == "":
		verdict = "probed longer"
	}
	warmUp := "none"
	switch {
	case !last.Steady:
		warmUp = "not over"
	case last.WarmUp > 0:
		warmUp = fmt.Sprintf("%.2gs", last.WarmUp)
	}
	fmt.Fprintf(t.out, "%12s  %-17s %11.1f/s %7.3g%% %8s  %s\n", rateText(s.Rate), verdict, s.Completed,
		100*s.Errors, warmUp, strings.Join(append(judgements(s.Objectives), notesOf(s)...), "; "))
}

// judgements gives the interval in which each objective's quantity lies, and its limit.
func judgements(all []results.Judgement) []string {
	var out []string
	for _, j := range all {
		if j.Samples == 0 {
			continue
		}
		value := func(v float64) string {
			if j.Unit == "share" {
				return fmt.Sprintf("%.3g%%", 100*v)
			}
			return shortTime(time.Duration(v))
		}
		high := value(j.High)
		if j.Unbounded {
			high = "?"
		}
		out = append(out, fmt.Sprintf("%s %s to %s (limit %s)", j.Name, value(j.Low), high, value(j.Limit)))
	}
	return out
}

func notesOf(s results.SearchStep) []string {
	var out []string
	for _, p := range s.Probes {
		for _, n := range p.Notes {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	for _, r := range s.Reasons {
		if strings.HasPrefix(r, "the queue grows") {
			out = append(out, r)
		}
	}
	return out
}

// shortTime is a duration to three digits.
func shortTime(d time.Duration) string {
	for unit := time.Duration(1); unit < time.Minute; unit *= 10 {
		if d < 1000*unit {
			return d.Round(unit).String()
		}
	}
	return d.Round(time.Second).String()
}

// searchSummary prints what was found of a target: a search's outcomes, or a sweep's curve.
func searchSummary(out io.Writer, s *results.Search) {
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	t.SetTitle(fmt.Sprintf("%s (%s, %s)", s.Target.Name, s.Target.Kind, s.Basis))
	if s.Mode == "search" {
		header := table.Row{"holds up to", "does not hold at", "outcome"}
		if s.Varied != "" {
			header = append(table.Row{s.Varied}, header...)
		}
		t.AppendHeader(header)
		for _, p := range s.Points {
			row := table.Row{orNone(p.Holding), orNone(p.Failing), p.Sentence}
			if s.Varied != "" {
				row = append(table.Row{p.Name}, row...)
			}
			t.AppendRow(row)
		}
		t.SetColumnConfigs([]table.ColumnConfig{{Name: "outcome", WidthMax: 60, WidthMaxEnforcer: text.WrapSoft}})
	} else {
		latencyCurve(t, s)
	}
	t.Render()
	for _, p := range s.Points {
		for _, v := range p.Violations {
			fmt.Fprintf(out, "%s: %s\n", s.Target.Name, v)
		}
	}
	for _, w := range s.Warnings {
		fmt.Fprintf(out, "%s: note: %s\n", s.Target.Name, w)
	}
}

func orNone(rate float64) string {
	if rate == 0 {
		return "-"
	}
	return rateText(rate)
}

// latencyCurve fills in latency against throughput. A percentile is shown only where enough samples
// lie beyond it.
func latencyCurve(t table.Writer, s *results.Search) {
	t.AppendHeader(table.Row{"point", "offered", "completed", "errors", "operation", "p50", "p99", "p99.9", "verdict"})
	for _, p := range s.Points {
		for _, step := range p.Steps {
			kinds := make([]string, 0, len(step.Response))
			for kind := range step.Response {
				kinds = append(kinds, kind)
			}
			slices.Sort(kinds)
			if len(kinds) == 0 {
				kinds = []string{""}
			}
			for _, kind := range kinds {
				r := step.Response[kind]
				at := func(q float64, v int64) string {
					if !results.EnoughSamples(r.Count, q) {
						return "too few"
					}
					return shortTime(time.Duration(v))
				}
				t.AppendRow(table.Row{
					p.Name, rateText(step.Rate), fmt.Sprintf("%.1f/s", step.Completed), fmt.Sprintf("%.3g%%", 100*step.Errors),
					kind, at(0.5, r.P50), at(0.99, r.P99), at(0.999, r.P999), step.Verdict,
				})
			}
		}
	}
}
