package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"crossover/costmodel/price"
	"crossover/costmodel/tco"
	"crossover/report"
	"crossover/results"
	"crossover/workload"
)

// The bounds of --draws.
const (
	minDraws = 100
	maxDraws = 1_000_000
)

// tcoFile is the name of the cost model's result beside the run directories.
const tcoFile = "tco.json"

func newTCO(s streams) *cobra.Command {
	var book, out string
	var whatIf []string
	var asJSON bool
	var draws int
	c := &cobra.Command{
		Use:   "tco SCENARIO|DIR",
		Short: "Price DynamoDB and Aerospike for a scenario, with or without runs",
		Long: "tco prices a scenario's production demand under every offer and finds the load at which the\n" +
			"cheaper system changes. Given the directory of earlier runs it uses the units that they consumed;\n" +
			"given a scenario it computes them. --what-if replaces any assumption (see the report's list).",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			b, err := loadBook(book)
			if err != nil {
				return err
			}
			values, err := parseWhatIf(whatIf)
			if err != nil {
				return badInput(err)
			}
			sc, runs, err := loadSubject(args[0])
			if err != nil {
				return err
			}
			if draws != 0 && (draws < minDraws || draws > maxDraws) {
				return badInput(fmt.Errorf("--draws %d: expected %d to %d", draws, minDraws, maxDraws))
			}
			r, err := priceScenario(c.Context(), sc, runs, b, values, draws)
			if err != nil {
				return badInput(err)
			}
			if out != "" {
				if err := writeJSON(out, r); err != nil {
					return err
				}
			}
			if asJSON {
				return encodeJSON(s.out, r)
			}
			printTCO(s, r)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&book, "book", "", "price book whose prices replace the embedded ones key by key")
	f.StringVar(&out, "out", "", "also write the result to this file, for `crossover explain` and `crossover report`")
	f.StringArrayVar(&whatIf, "what-if", nil, "NAME=VALUE: re-price with another value of an assumption (repeatable)")
	f.IntVar(&draws, "draws", usualDraws, "draws of the assumptions within their ranges, 100 to 1,000,000 (default 10,000)")
	f.Lookup("draws").DefValue = "0" // the text says what 0 takes
	f.BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

func parseWhatIf(list []string) (map[string]string, error) {
	values := map[string]string{}
	for _, kv := range list {
		k, v, ok := strings.Cut(kv, "=")
		if !ok || k == "" || v == "" {
			return nil, fmt.Errorf("--what-if %q: expected NAME=VALUE", kv)
		}
		values[k] = v
	}
	return values, nil
}

// usualDraws is how many draws of the assumptions a pricing makes without --draws; 0 takes tco's own
// number. Nothing but the tests' beginning sets it.
var usualDraws int

func priceScenario(ctx context.Context, sc *workload.Scenario, runs []*results.Run, b *price.Book, whatIf map[string]string, draws int) (*tco.Result, error) {
	return tco.Compute(ctx, tco.Input{Scenario: sc, Runs: runs, Book: b, WhatIf: whatIf, Tool: toolVersion(), Draws: draws})
}

// loadSubject reads a scenario file, one run directory, or a directory of them.
func loadSubject(path string) (*workload.Scenario, []*results.Run, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, badInput(err)
	}
	if !info.IsDir() {
		sc, err := loadScenario(path)
		return sc, nil, err
	}
	runs, err := openRuns(path)
	if err != nil {
		return nil, nil, err
	}
	sc, err := workload.Parse(filepath.Join(runs[0].Dir, results.ScenarioFile), runs[0].Scenario)
	if err != nil {
		return nil, nil, badInput(err)
	}
	return sc, runs, nil
}

// openRuns opens a run directory, or each of those directly below path, in order of time.
func openRuns(path string) ([]*results.Run, error) {
	if _, err := os.Stat(filepath.Join(path, results.ManifestFile)); err == nil {
		r, err := results.Open(path)
		if err != nil {
			return nil, badInput(err)
		}
		return []*results.Run{r}, nil
	}
	found, err := filepath.Glob(filepath.Join(path, "*", results.ManifestFile))
	if err != nil {
		return nil, badInput(err)
	}
	var runs []*results.Run
	for _, m := range found {
		r, err := results.Open(filepath.Dir(m))
		if err != nil {
			return nil, badInput(err)
		}
		runs = append(runs, r)
	}
	if len(runs) == 0 {
		return nil, badInput(fmt.Errorf("%s holds no run: expected a directory with %s in it or directly below it", path, results.ManifestFile))
	}
	sortByStart(runs)
	return runs, nil
}

// printAnalyses prints what was worked out from the offers: payback, break-evens, and what is worth
// knowing.
func printAnalyses(s streams, r *tco.Result) {
	if c := r.CashFlow; c != nil {
		fmt.Fprintln(s.out, c.PaybackNote)
		if c.Saving != nil {
			fmt.Fprintf(s.out, "present value of the saving with Aerospike: %s (%s)\n", c.Saving, c.Saving.Weakest())
		}
	}
	for _, b := range r.BreakEven {
		if b.Figure == nil {
			fmt.Fprintf(s.out, "%s: %s\n", b.Title, b.Note)
			continue
		}
		value := b.Figure.String()
		if b.Figure.Unit == "share" {
			value = fmt.Sprintf("%.1f %%", 100*b.Figure.Value)
		}
		fmt.Fprintf(s.out, "%s: %s (%s)\n", b.Title, value, b.Figure.Weakest())
	}
	if u := r.Uncertainty; u != nil {
		if u.Saving != nil {
			fmt.Fprintf(s.out, "saving with Aerospike over %d draws: P10 %s, P50 %s, P90 %s (modelled)\n", u.Draws, u.Saving.P10, u.Saving.P50, u.Saving.P90)
		}
		for i, n := range u.Information {
			if i < 3 {
				fmt.Fprintf(s.out, "worth of knowing exactly: %s (%s): %s (modelled)\n", n.Title, n.Name, n.Figure)
			}
		}
	}
	fmt.Fprintln(s.out)
}

func printTCO(s streams, r *tco.Result) {
	fmt.Fprintf(s.out, "%s: %s\n%s\n\n", strings.ToUpper(r.Verdict.Decision), r.Verdict.Sentence, r.Verdict.Basis)
	t := table.NewWriter()
	t.SetOutputMirror(s.out)
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"offer", "status", "USD, first month", fmt.Sprintf("USD, %d months", r.Horizon), "without people", "nodes"})
	for _, o := range r.Offers {
		if o.Status != "priced" {
			t.AppendRow(table.Row{o.Name, o.Status, "", "", "", o.Reason})
			continue
		}
		nodes := ""
		if o.Nodes != nil {
			nodes = fmt.Sprintf("%.0f × %s", o.Nodes.Count.Value, o.Nodes.Instance)
		}
		t.AppendRow(table.Row{o.Name, o.Status, fmt.Sprintf("%.0f", o.Monthly.Value), fmt.Sprintf("%.0f", o.Total.Value), fmt.Sprintf("%.0f", o.TotalHard.Value), nodes})
	}
	t.SetColumnConfigs([]table.ColumnConfig{{Name: "nodes", WidthMax: 60}})
	t.Render()
	for _, p := range r.Crossover.Points {
		fmt.Fprintf(s.out, "crossover at %s (%s)\n", p.Figure, p.Figure.Weakest())
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(s.out, "warning: %s\n", w)
	}
	printAnalyses(s, r)
	for _, m := range r.Verdict.MeasureNext {
		fmt.Fprintf(s.out, "measure next: %s\n", m)
	}
}

func newReport(s streams) *cobra.Command {
	var cost, html, markdown string
	c := &cobra.Command{
		Use:   "report DIR",
		Short: "Render a report of runs or of searches, cut-off ones too",
		Long: "report reads a run directory, or each of those directly below DIR, and writes DIR/report.html and\n" +
			"DIR/report.md. DIR/tco.json, or the file given by --tco, adds the cost. Of a search's or sweep's\n" +
			"directory it shows each rate's verdict and the curve of latency against throughput.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if html == "" {
				html = filepath.Join(args[0], "report.html")
			}
			if markdown == "" {
				markdown = filepath.Join(args[0], "report.md")
			}
			if found, err := openSearches(args[0]); err != nil {
				return badInput(err)
			} else if len(found) > 0 {
				if err := renderBoth(html, markdown, searchDoc(found)); err != nil {
					return err
				}
				fmt.Fprintln(s.out, html)
				return nil
			}
			runs, err := openRuns(args[0])
			if err != nil {
				return err
			}
			required := cost != ""
			if cost == "" {
				cost = filepath.Join(args[0], tcoFile)
			}
			r, err := readTCO(cost, required)
			if err != nil {
				return badInput(err)
			}
			if err := renderBoth(html, markdown, reportDoc(runs, r)); err != nil {
				return err
			}
			fmt.Fprintln(s.out, html)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&cost, "tco", "", "result of `crossover tco --out` (default DIR/tco.json where it exists)")
	f.StringVar(&html, "html", "", "where to write the HTML (default DIR/report.html)")
	f.StringVar(&markdown, "markdown", "", "where to write the Markdown (default DIR/report.md)")
	return c
}

func newExplain(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "explain TCO.JSON [PATH]",
		Short: "Print the working of a figure, down to prices, measurements and assumptions",
		Long:  "explain prints the tree of one figure of a tco.json, such as offers/dynamodb-on-demand/monthly.\nWithout a PATH it lists the paths.",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := readTCO(args[0], true)
			if err != nil {
				return badInput(err)
			}
			path := ""
			if len(args) == 2 {
				path = args[1]
			}
			text, err := tco.Explain(r, path)
			if err != nil {
				return badInput(err)
			}
			fmt.Fprintln(s.out, strings.TrimRight(text, "\n"))
			return nil
		},
	}
}

// readTCO reads a tco.json; one that is not there is nil unless it is required.
func readTCO(path string, required bool) (*tco.Result, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, tcoFile)
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !required {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := &tco.Result{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: not a result of `crossover tco`: %w", path, err)
	}
	if r.Format > tco.FormatMajor {
		return nil, fmt.Errorf("%s: format %d is newer than this crossover reads (%d)", path, r.Format, tco.FormatMajor)
	}
	return r, nil
}

// reportDoc puts runs and cost together with the commands that give them again.
func reportDoc(runs []*results.Run, cost *tco.Result) report.Doc {
	name := runs[0].Manifest.Scenario
	return report.Doc{
		Title: name + ": DynamoDB or Aerospike?", Tool: toolVersion(), Runs: runs, Cost: cost,
		Reproduce: []string{
			"crossover run " + results.ScenarioFile + " — with the scenario.yaml kept in each run directory, and crossover " + runs[0].Manifest.Tool,
			"crossover tco DIR --out DIR/tco.json — to price again from the same runs",
			"crossover explain DIR/tco.json offers/NAME/total — for the working of any figure",
		},
	}
}
