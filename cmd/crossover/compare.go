package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"crossover/costmodel/price"
	"crossover/results/compare"
	"crossover/results/gate"
	"crossover/workload"
)

// compareOptions are `crossover compare`'s flags.
type compareOptions struct {
	gates        string
	junit        string
	book         string
	saveBaseline string
	confidence   string
	margin       string
	marginShare  string
	asJSON       bool
	markdown     bool
	github       bool
	unlike       bool
}

const longCompare = `compare holds the runs in HEAD against those in BASE, target by target: percentiles of
response and service time, throughput, errors, throttles, units and their cost, each
with its difference, an interval, a p-value corrected for the number of tests, and a
verdict: better, worse, same, or can't tell, with how many more repetitions would.

BASE and HEAD are a run directory, a directory of them (crossover run --repeat 5 writes
one), or, for BASE, a baseline file that compare --save-baseline FILE DIR wrote.

Runs that are not alike (another stream of operations, another target, not complete, or
limited by the load generator) are refused unless --unlike is given.

--gates FILE holds the comparison against thresholds; a gate fails, with exit code 3, only
on what is both beyond its threshold and significant.`

func newCompare(s streams) *cobra.Command {
	var o compareOptions
	c := &cobra.Command{
		Use:   "compare BASE HEAD",
		Short: "Hold runs against earlier ones: better, worse, same or can't tell; gates for CI",
		Long:  longCompare,
		Args: func(c *cobra.Command, args []string) error {
			if o.saveBaseline != "" {
				return cobra.ExactArgs(1)(c, args)
			}
			return cobra.ExactArgs(2)(c, args)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if o.saveBaseline != "" {
				return saveBaseline(s, o, args[0])
			}
			return runCompare(s, o, args[0], args[1])
		},
	}
	f := c.Flags()
	f.StringVar(&o.gates, "gates", "", "YAML file of thresholds; exit code 3 when one fails")
	f.StringVar(&o.junit, "junit", "", "with --gates: write a JUnit report of the gates to this file")
	f.BoolVar(&o.github, "github", false, "append a summary to $GITHUB_STEP_SUMMARY, and annotate what failed on standard error")
	f.BoolVar(&o.asJSON, "json", false, "as JSON")
	f.BoolVar(&o.markdown, "markdown", false, "as Markdown")
	f.StringVar(&o.confidence, "confidence", "95%", "of the intervals; its complement bounds false alarms over all tests together")
	f.StringVar(&o.margin, "margin", "3%", "relative difference within which two values are the same")
	f.StringVar(&o.marginShare, "margin-share", "0.1%", "the same for errors and throttles per operation, in percentage points")
	f.BoolVar(&o.unlike, "unlike", false, "compare runs that are not alike, and say so")
	f.StringVar(&o.book, "book", "", "price book whose prices replace the embedded ones key by key")
	f.StringVar(&o.saveBaseline, "save-baseline", "", "write the runs in DIR to this file, small enough to keep in git, for use as BASE")
	return c
}

func saveBaseline(s streams, o compareOptions, dir string) error {
	reps, err := compare.Load(dir)
	if err != nil {
		return badInput(err)
	}
	if faults := compare.Faults(reps); len(faults) > 0 && !o.unlike {
		return badInput(fmt.Errorf("%s is no baseline: %s (--unlike keeps it all the same)", dir, strings.Join(faults, "; ")))
	}
	var b bytes.Buffer
	if err := compare.WriteBaseline(&b, reps); err != nil {
		return err
	}
	if err := writeWhole(o.saveBaseline, b.Bytes()); err != nil {
		return err
	}
	fmt.Fprintln(s.out, o.saveBaseline)
	return nil
}

// compareInputs are what is read before anything is computed or written.
type compareInputs struct {
	base, head []*compare.Repetition
	gates      *gate.File // nil when none were given
	options    compare.Options
	summary    string // where --github appends to
}

func readCompare(o compareOptions, base, head string) (in compareInputs, err error) {
	if o.junit != "" && o.gates == "" {
		return in, errors.New("--junit is a report of gates: give --gates, too")
	}
	if o.asJSON && o.markdown {
		return in, errors.New("--json and --markdown: expected one of them")
	}
	if in.summary = os.Getenv("GITHUB_STEP_SUMMARY"); o.github && in.summary == "" {
		return in, errors.New("--github: found no GITHUB_STEP_SUMMARY in the environment, expected a GitHub Actions job's")
	}
	b, err := loadBook(o.book)
	if err != nil {
		return in, err
	}
	in.options.Unlike, in.options.Prices = o.unlike, unitPrices(b)
	for _, f := range []struct {
		name, text string
		into       *float64
	}{
		{"confidence", o.confidence, &in.options.Confidence},
		{"margin", o.margin, &in.options.Margin},
		{"margin-share", o.marginShare, &in.options.ShareMargin},
	} {
		// 0 would stand for the default, which is not what was asked for.
		if *f.into, err = workload.ParseShare(f.text); err != nil || *f.into <= 0 || *f.into >= 1 {
			return in, fmt.Errorf("--%s %q: expected a share above 0%% and below 100%%", f.name, f.text)
		}
	}
	if o.gates != "" {
		text, err := os.ReadFile(o.gates)
		if err != nil {
			return in, err
		}
		if in.gates, err = gate.Parse(o.gates, text); err != nil {
			return in, err
		}
		in.options.Percentiles = in.gates.Percentiles()
	}
	if in.base, err = compare.Load(base); err != nil {
		return in, err
	}
	in.head, err = compare.Load(head)
	return in, err
}

func runCompare(s streams, o compareOptions, base, head string) error {
	in, err := readCompare(o, base, head)
	if err != nil {
		return badInput(err)
	}
	r, err := compare.Compare(in.base, in.head, in.options)
	if err != nil {
		return badInput(err)
	}
	var findings []gate.Finding
	if in.gates != nil {
		if findings, err = in.gates.Evaluate(r); err != nil {
			return badInput(err)
		}
	}
	if err := printCompare(s.out, o, r, findings); err != nil {
		return err
	}
	if o.junit != "" {
		var b bytes.Buffer
		if err := gate.JUnit(&b, r.Scenario, findings); err != nil {
			return err
		}
		if err := writeWhole(o.junit, b.Bytes()); err != nil {
			return err
		}
	}
	if o.github {
		if err := summarise(s, o, in.summary, r, findings); err != nil {
			return err
		}
	}
	if failed := gate.Summary(findings); failed != "" {
		return coded{exitMissed, errors.New(failed)}
	}
	return nil
}

func printCompare(w io.Writer, o compareOptions, r *compare.Result, findings []gate.Finding) error {
	if o.asJSON {
		return encodeJSON(w, struct {
			*compare.Result
			Gates []gate.Finding `json:"gates,omitempty"`
		}{r, findings})
	}
	if o.markdown {
		return gate.Summarise(w, r, findings)
	}
	if err := r.Text(w); err != nil {
		return err
	}
	for _, f := range findings {
		if _, err := fmt.Fprintf(w, "gate %s (%s): %s: %s\n", f.Name, f.Target, f.Outcome, f.Reason); err != nil {
			return err
		}
	}
	return nil
}

// summarise appends to the job's summary. The annotations go to standard error, which GitHub's
// runner reads as it does standard output, so that --json stays JSON.
func summarise(s streams, o compareOptions, path string, r *compare.Result, findings []gate.Finding) error {
	var b bytes.Buffer
	if err := gate.Summarise(&b, r, findings); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b.Bytes())
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return gate.Annotate(s.err, o.gates, findings)
}

// unitPrices prices the units of a table on demand in its own region. Provisioned capacity is
// paid whether it is used or not, and Aerospike's nodes too: they have no price per operation.
func unitPrices(b *price.Book) func(*compare.Repetition) (compare.Prices, bool) {
	return func(r *compare.Repetition) (compare.Prices, bool) {
		if !strings.HasPrefix(r.Target.Settings["capacity"], "on demand") {
			return compare.Prices{}, false
		}
		region := r.Target.Settings["region"]
		read, ok := b.Find(region, readUnitKey)
		if !ok {
			return compare.Prices{}, false
		}
		write, ok := b.Find(region, writeUnitKey)
		return compare.Prices{Read: read.Figure(), Write: write.Figure()}, ok
	}
}
