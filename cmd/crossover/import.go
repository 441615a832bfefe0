package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"crossover/costmodel/imports"
	"crossover/workload"
)

const importHelp = `import makes a scenario of what AWS's own tools say of a table. It reads files only: it needs
no credentials and calls nothing. docs/import.md has the commands that write the files.

The scenario that it writes passes crossover validate. Each value's origin is in its sources
section; what no file told, how much that matters and what was assumed instead is listed at
the scenario's head and on standard error, with what two files say differently.

--describe-table may be given several times: then --out is a directory, which gets a scenario
a table. A file may say what it is of in front of its name, in CloudWatch's words:
--cloudwatch TableName=users,Operation=GetItem:m.json. Nothing is ever overwritten.`

// importFlags are the flags of import.
type importFlags struct {
	files    imports.Files
	out      string
	rate     string
	items    uint64
	keepKeys bool
	queries  bool
	period   time.Duration
	asJSON   bool
}

func newImport(s streams) *cobra.Command {
	var f importFlags
	c := &cobra.Command{
		Use:   "import --describe-table FILE [--cloudwatch FILE] [--export DIR] … --out FILE",
		Short: "Make a scenario of what AWS's tools say of a DynamoDB table",
		Long:  importHelp,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.queries {
				return f.printQueries(c, s)
			}
			return f.run(c, s)
		},
	}
	flags, x := c.Flags(), &f.files
	flags.StringArrayVar(&x.Tables, "describe-table", nil, "output of aws dynamodb describe-table (repeatable: one a table)")
	flags.StringArrayVar(&x.TimeToLive, "time-to-live", nil, "output of aws dynamodb describe-time-to-live")
	flags.StringArrayVar(&x.Backups, "continuous-backups", nil, "output of aws dynamodb describe-continuous-backups")
	flags.StringArrayVar(&x.Kinesis, "kinesis", nil, "output of aws dynamodb describe-kinesis-streaming-destination")
	flags.StringArrayVar(&x.ScalingTargets, "scaling-targets", nil, "output of aws application-autoscaling describe-scalable-targets")
	flags.StringArrayVar(&x.ScalingPolicies, "scaling-policies", nil, "output of aws application-autoscaling describe-scaling-policies")
	flags.StringArrayVar(&x.CloudWatch, "cloudwatch", nil, "output of aws cloudwatch get-metric-data or get-metric-statistics (repeatable)")
	flags.StringArrayVar(&x.Queries, "queries", nil, "the file that get-metric-data's --metric-data-queries named: its results carry only Ids")
	flags.StringArrayVar(&x.Insights, "insights", nil, "output of aws cloudwatch get-insight-rule-report for the most accessed keys (repeatable)")
	flags.StringArrayVar(&x.Exports, "export", nil, "directory of an export to S3, full or incremental, with its manifests (repeatable)")
	flags.IntVar(&x.MaxExportFiles, "export-files", 0, "read this many of an export's data files, evenly chosen; 0 reads all")
	flags.StringVar(&f.out, "out", "", "scenario to write; a directory when several tables are described")
	flags.StringVar(&f.rate, "rate", "1000/s", "highest rate of the scenario's phases; production's rate stays in its cost section")
	flags.Uint64Var(&f.items, "items", 20_000, "most items of the scenario's data set; production's stay in its cost section")
	flags.BoolVar(&f.keepKeys, "keep-keys", false, "name hot keys in plain text, which may be personal; otherwise by a hash")
	flags.BoolVar(&f.queries, "print-queries", false, "print the metric queries for --describe-table's table, for get-metric-data, and end")
	flags.DurationVar(&f.period, "period", time.Minute, "period of the queries that --print-queries prints: CloudWatch keeps 1m for 15 days, 5m for 63, 1h for 455")
	flags.BoolVar(&f.asJSON, "json", false, "print a JSON summary on standard output")
	return c
}

// inputError makes an error of reading the user's files bad input; a file that is not there is
// one too.
func inputError(err error) error {
	var e *imports.Error
	if errors.As(err, &e) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return badInput(err)
	}
	return err
}

func (f *importFlags) printQueries(c *cobra.Command, s streams) error {
	if len(f.files.Tables) != 1 {
		return badInput(errors.New("--print-queries needs one --describe-table"))
	}
	if f.period < time.Second || f.period > 24*time.Hour || f.period%time.Second != 0 {
		return badInput(errors.New("--period: expected whole seconds, a day at most"))
	}
	tables, _, err := imports.Load(c.Context(), imports.Files{Tables: f.files.Tables})
	if err != nil {
		return inputError(err)
	}
	return imports.WriteQueries(s.out, tables[0].Table, f.period)
}

// paths returns where each table's scenario goes, and refuses to overwrite.
func (f *importFlags) paths(tables []imports.Sources) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	for _, t := range tables {
		path := f.out
		if len(tables) > 1 {
			path = filepath.Join(f.out, imports.ScenarioName(t.Table.Name)+".yaml")
		}
		if _, err := os.Lstat(path); err == nil || seen[path] {
			return nil, badInput(fmt.Errorf("%s exists; give another --out", path))
		}
		seen[path] = true
		out = append(out, path)
	}
	return out, nil
}

// importResult is a table's part of --json.
type importResult struct {
	Scenario string `json:"scenario"`
	*imports.Draft
}

func (f *importFlags) run(c *cobra.Command, s streams) error {
	rate, err := workload.ParseRate(f.rate)
	switch {
	case err != nil || rate < 1:
		return badInput(fmt.Errorf("--rate %q: expected a rate of 1/s at least, such as 1000/s", f.rate))
	case len(f.files.Tables) == 0 || f.out == "":
		return badInput(errors.New("--describe-table and --out are needed; see crossover import --help"))
	case f.items < 1:
		return badInput(errors.New("--items: expected 1 at least"))
	case f.files.MaxExportFiles < 0:
		return badInput(errors.New("--export-files: expected 0 or more"))
	}
	if _, err := os.Lstat(f.out); err == nil && len(f.files.Tables) == 1 {
		return badInput(fmt.Errorf("%s exists; give another --out", f.out)) // before hours of reading
	}
	f.files.Progress = func(done, all int, compressed int64) {
		fmt.Fprintf(s.err, "export: %d of %d files, %d MiB read\n", done, all, compressed>>20)
	}
	tables, warnings, err := imports.Load(c.Context(), f.files)
	if err != nil {
		return inputError(err)
	}
	for _, w := range warnings {
		fmt.Fprintln(s.err, "warning:", w)
	}
	paths, err := f.paths(tables)
	if err != nil {
		return err
	}
	var results []importResult
	for i, t := range tables {
		d, err := imports.Assemble(t, imports.Options{Items: f.items, Rate: rate, KeepKeys: f.keepKeys})
		if err != nil {
			return badInput(err)
		}
		if err := writeNew(paths[i], d.Scenario()); err != nil {
			return err
		}
		if _, err := loadScenario(paths[i]); err != nil {
			return fmt.Errorf("%s was written but is not a valid scenario, which is an error of crossover's: %w", paths[i], err)
		}
		fmt.Fprint(s.err, d.Report())
		fmt.Fprintf(s.err, "wrote %s; next: crossover tco %s, then crossover run %s\n", paths[i], paths[i], paths[i])
		results = append(results, importResult{paths[i], d})
	}
	if f.asJSON {
		return encodeJSON(s.out, results)
	}
	return nil
}

// writeNew writes a file that must not exist, and the directories above it.
func writeNew(path string, text []byte) error {
	if dir := filepath.Dir(path); dir != "." {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return badInput(fmt.Errorf("%s exists; give another --out", path))
	}
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return errors.Join(err, out.Close())
}
