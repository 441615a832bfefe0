package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossover/costmodel/price"
	"crossover/driver"
	"crossover/driver/runner"
	"crossover/results"
	"crossover/workload"
)

// runOptions are `crossover run`'s flags.
type runOptions struct {
	out      string
	targets  []string
	duration time.Duration
	items    uint64
	budget   string
	yes      bool
	book     string
	keep     bool
	noLoad   bool
	loadOnly bool
	noReport bool
	asJSON   bool
	interval time.Duration
	metrics  []string
	repeat   int
	inOrder  bool
	view     string
	commands bool // events may run commands

	resume     bool   // go on with a run
	extend     string // by how much to extend one
	resumeLoad string // directory of a load to go on with

	searching  searchFlags
	simulation *simulation // of crossover simulate; nil: real time
}

const longRun = `run sends the scenario's stream of operations to each of its targets, one after the
other, and writes a run directory for each, then prices both sides and writes
report.html, report.md and tco.json beside them.

A target that says "at: embedded" is crossover's own server, started as a child
process; what it yields is modelled. A run against a real, billed service needs
--budget: it is refused when the estimate exceeds it, and stopped within one
interval when consumption reaches it. Before it begins the estimate is shown, beside
what an import from S3 would cost, and confirmed: by you, or by --yes in a script.

Tables and sets that crossover created are dropped at the end unless --keep is given.
One that it did not create is refused, unless the scenario names it as expendable.

A scenario's events may hold commands for this machine's shell. They are run only with
--allow-commands: read the scenario first, and give the flag only if you trust it.`

func newRun(s streams) *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run SCENARIO|DIR",
		Short: "Run a scenario against its targets, price both sides, write the report",
		Long:  longRun + "\n" + longContinue + "\n" + longSearch,
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if o.continues() {
				return runContinuation(c.Context(), s, args[0], o)
			}
			if o.searching.wanted() {
				return runSearch(c.Context(), s, args[0], o)
			}
			return runScenario(c.Context(), s, args[0], o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.out, "out", "", "directory for the runs and the report (default runs/NAME-TIME)")
	f.StringSliceVar(&o.targets, "target", nil, "run only these targets of the scenario (repeatable)")
	f.DurationVar(&o.duration, "for", 0, "scale the scenario's phases to this length in all")
	f.Uint64Var(&o.items, "items", 0, "load this many items at most")
	f.StringVar(&o.budget, "budget", "", "most that consumed units may cost, e.g. 5USD; required for a real, billed target")
	f.BoolVar(&o.yes, "yes", false, "run against a billed target without being asked, within --budget")
	f.StringVar(&o.book, "book", "", "price book whose prices replace the embedded ones key by key")
	f.BoolVar(&o.keep, "keep", false, "leave the tables and sets that crossover created")
	f.BoolVar(&o.noLoad, "no-load", false, "take the data set to be there already; its number of items and 100 of them are checked first")
	f.BoolVar(&o.loadOnly, "load-only", false, "load the data set, check it, keep it, and run nothing: a later run takes it with --no-load")
	f.BoolVar(&o.noReport, "no-report", false, "write the run directories only")
	f.BoolVar(&o.asJSON, "json", false, "print a JSON summary on standard output")
	f.IntVar(&o.repeat, "repeat", 1, "run each target this often, interleaved: A B A B; each time from a data set loaded afresh")
	f.BoolVar(&o.inOrder, "one-after-the-other", false, "with --repeat: all repetitions of a target before the next one's")
	f.StringVar(&o.view, "view", "auto", "how progress is shown on standard error: auto (a dashboard on a terminal), dashboard or plain")
	f.StringArrayVar(&o.metrics, "metrics", nil, "HOST:PORT to serve Prometheus metrics on while running, or otlp+http://HOST:PORT to push to an OpenTelemetry receiver (repeatable)")
	f.BoolVar(&o.commands, "allow-commands", false, "let the scenario's events run commands by this machine's shell; only for a scenario that you trust")
	f.DurationVar(&o.interval, "interval", time.Second, "length of a recording interval, at least 100ms")
	f.BoolVar(&o.resume, "resume", false, "go on with the interrupted or killed run in DIR, from the operation at which it stopped")
	f.StringVar(&o.extend, "extend", "", "append more of the last phase to the complete run in DIR: a duration such as 10m or, of a closed loop, a number of operations")
	f.StringVar(&o.resumeLoad, "resume-load", "", "go on with the loading that was interrupted in this directory, by --load-only or with --keep, and check the whole")
	o.searching.register(f)
	return c
}

// A session is one `crossover run` under way.
type session struct {
	streams
	options runOptions
	sc      *workload.Scenario
	out     string
	book    *price.Book
	budget  float64 // USD; 0 when none was given
	spent   float64

	admitted bool // a person, or --yes, has confirmed what is billed
	metrics  *metrics
	view     view
	pauser   *runner.Pauser // nil: cannot be paused

	continuing *runner.Continuation // nil: runs begin
}

func runScenario(ctx context.Context, s streams, path string, o runOptions) error {
	run, err := prepare(s, path, o)
	if err != nil {
		return err
	}
	return run.reported(ctx)
}

// reported runs every turn, shows how it goes, and writes the report.
func (run *session) reported(ctx context.Context) error {
	s, o := run.streams, run.options
	stopMetrics, err := serveMetrics(ctx, o.metrics, run.metrics)
	if err != nil {
		return err
	}
	defer func() {
		if stopErr := stopMetrics(); stopErr != nil {
			fmt.Fprintf(s.err, "crossover: metrics: %v\n", stopErr) // the run itself is whole
		}
	}()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	run.pauser = new(runner.Pauser)
	run.view = newView(s, o.view, "crossover: "+run.sc.Name, cancel, run.pauser)
	endPausing := pauseBySignal(run.pauser, run.view)
	manifests, runErr := run.all(ctx)
	endPausing()
	run.view.close()
	if len(manifests) == 0 {
		return runErr
	}
	if !o.noReport && !o.loadOnly {
		if err := run.report(); err != nil {
			return errors.Join(runErr, err)
		}
	}
	if o.asJSON {
		if err := json.NewEncoder(s.out).Encode(map[string]any{"out": run.out, "runs": manifests}); err != nil {
			return err
		}
	}
	if errors.Is(runErr, driver.ErrBudget) && manifests[len(manifests)-1].Status == results.Interrupted {
		return coded{exitInterrupted, runErr} // begun within the budget, and stopped when it was spent
	}
	if runErr != nil && (ctx.Err() == nil || !errors.Is(runErr, context.Canceled)) {
		return runErr
	}
	return verdictOf(ctx, manifests)
}

// all runs every turn until one is not completed. A manifest is returned for each that began.
func (s *session) all(ctx context.Context) (manifests []*results.Manifest, runErr error) {
	for _, next := range s.turns() {
		m, err := s.target(ctx, next)
		if m != nil && !errors.Is(err, driver.ErrNotOwned) {
			manifests = append(manifests, m)
		}
		if err != nil {
			runErr = fmt.Errorf("target %s: %w", next.dir, err)
			break
		}
		if m.Status != results.Complete {
			break
		}
	}
	return manifests, runErr
}

// maxRepeat bounds --repeat.
const maxRepeat = 1000

// A turn is one repetition of one target.
type turn struct {
	workload.Target
	dir        string // below the output directory
	repetition string // "2/5"; empty without --repeat
	order      string
}

// turns lists what is run, in order.
func (s *session) turns() []turn {
	n := s.options.repeat
	if s.continuing != nil {
		m := s.continuing.Run.Manifest
		return []turn{{Target: s.sc.Targets[0], dir: filepath.Base(s.continuing.Run.Dir), repetition: m.Repetition, order: m.Order}}
	}
	if n == 1 {
		out := make([]turn, len(s.sc.Targets))
		for i, t := range s.sc.Targets {
			out[i] = turn{Target: t, dir: t.Name}
		}
		return out
	}
	at := func(t workload.Target, k int, order string) turn {
		return turn{Target: t, dir: fmt.Sprintf("%s.%d", t.Name, k), repetition: fmt.Sprintf("%d/%d", k, n), order: order}
	}
	var out []turn
	if s.options.inOrder {
		for _, t := range s.sc.Targets {
			for k := range n {
				out = append(out, at(t, k+1, "one target after the other"))
			}
		}
		return out
	}
	for k := range n {
		for _, t := range s.sc.Targets {
			out = append(out, at(t, k+1, "interleaved"))
		}
	}
	return out
}

// prepare checks everything that can be checked before anything is written or connected.
func prepare(s streams, path string, o runOptions) (*session, error) {
	sc, err := loadScenario(path)
	if err != nil {
		return nil, err
	}
	if o.simulation != nil {
		if err := o.simulation.check(); err != nil {
			return nil, badInput(err)
		}
	}
	if o.duration < 0 || o.interval < 100*time.Millisecond && (o.simulation == nil || o.interval != 0) {
		return nil, badInput(fmt.Errorf("--for must not be negative and --interval must be at least 100ms; found %v and %v", o.duration, o.interval))
	}
	if o.view != "auto" && o.view != "dashboard" && o.view != "plain" {
		return nil, badInput(fmt.Errorf("--view %q: expected auto, dashboard or plain", o.view))
	}
	if o.repeat < 1 || o.repeat > maxRepeat {
		return nil, badInput(fmt.Errorf("--repeat %d: expected 1 to %d", o.repeat, maxRepeat))
	}
	if o.repeat > 1 && o.noLoad {
		return nil, badInput(errors.New("--repeat with --no-load: each repetition starts from a data set loaded afresh; give one of them"))
	}
	if err := o.checkLoading(); err != nil {
		return nil, badInput(err)
	}
	if o.duration > 0 || o.items > 0 {
		if err := sc.Shorten(o.duration, o.items); err != nil {
			return nil, badInput(err)
		}
	}
	if err := chooseTargets(sc, o.targets); err != nil {
		return nil, badInput(err)
	}
	if err := commandsAllowed(sc, o.commands); err != nil {
		return nil, err
	}
	run := &session{streams: s, options: o, sc: sc, out: o.out, metrics: newMetrics()}
	if err := run.money(); err != nil {
		return nil, err
	}
	if run.out == "" {
		run.out = defaultOut(sc.Name)
	}
	if err := mustBeEmpty(run.out); err != nil {
		return nil, badInput(err)
	}
	if o.simulation == nil { // what is simulated is not billed
		if err := run.confirmCosts(); err != nil {
			return nil, err
		}
	}
	return run, nil
}

// money reads the budget and the price book.
func (s *session) money() (err error) {
	if s.budget, err = parseBudget(s.options.budget); err != nil {
		return badInput(err)
	}
	s.book, err = loadBook(s.options.book)
	return err
}

// chooseTargets keeps the named targets, in the scenario's order; no names keep all.
func chooseTargets(sc *workload.Scenario, names []string) error {
	if len(sc.Targets) == 0 {
		return fmt.Errorf("%s: no targets: expected a list under `targets:`", sc.File)
	}
	if len(names) == 0 {
		return nil
	}
	var all []string
	for _, t := range sc.Targets {
		all = append(all, t.Name)
	}
	for _, n := range names {
		if !slices.Contains(all, n) {
			return fmt.Errorf("--target %s: the scenario's targets are %s", n, strings.Join(all, ", "))
		}
	}
	sc.Targets = slices.DeleteFunc(sc.Targets, func(t workload.Target) bool { return !slices.Contains(names, t.Name) })
	return nil
}

// verdictOf turns what the manifests say into the exit code.
func verdictOf(ctx context.Context, manifests []*results.Manifest) error {
	var missed []string
	var wrong []error
	limited := false
	for _, m := range manifests {
		if m.Status != results.Complete {
			if ctx.Err() != nil {
				return coded{exitInterrupted, fmt.Errorf("interrupted: %s has everything up to the last interval", m.Target.Name)}
			}
			return coded{exitInput, fmt.Errorf("target %s: run %s: %s", m.Target.Name, m.Status, m.Reason)}
		}
		limited = limited || m.Health.Limited
		if err := m.Verification.Err(); err != nil {
			wrong = append(wrong, fmt.Errorf("target %s: %w", m.Target.Name, err))
		}
		for _, o := range m.Objectives {
			if o.Result == "missed" {
				missed = append(missed, m.Target.Name+" "+o.Name)
			}
		}
	}
	if len(wrong) > 0 {
		return coded{exitMissed, errors.Join(wrong...)}
	}
	if limited {
		return coded{exitUntrusted, errors.New("generator-limited: this host, not the database, may have set the figures; see the report")}
	}
	if len(missed) > 0 {
		return coded{exitMissed, errors.New("objectives missed: " + strings.Join(missed, ", "))}
	}
	return nil
}
