package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"crossover/driver/clock"
	"crossover/driver/runner"
	"crossover/results"
	"crossover/workload"
)

const longContinue = `
--resume goes on with a run that was interrupted or killed: "crossover run --resume
DIR", where DIR is a target's run directory, or the one above it, whose unfinished run
is then taken. It sends the rest of the same stream, on its schedule, from the operation
at which it stopped. It is refused when the scenario, the stream or the target's settings
differ. Where the data set is gone, as on an embedded server, it is loaded anew and the
writes until then are sent again, unrecorded. --extend 10m appends more of the last phase
to a run that is complete (of a closed loop, --extend 5000 that many operations).

SIGUSR1 pauses a run and lets it go on, and so does the dashboard's key p: nothing falls
due meanwhile, and nothing is late because of it.`

// continues reports whether the flags ask to go on with a run.
func (o *runOptions) continues() bool { return o.resume || o.extend != "" }

// checkContinuing refuses flags that a run which goes on has no use for: it has its own already.
func (o *runOptions) checkContinuing() error {
	if o.resume && o.extend != "" {
		return errors.New("--resume with --extend: finish the run first, then extend it")
	}
	flag := "--resume"
	if o.extend != "" {
		flag = "--extend"
	}
	for name, given := range map[string]bool{
		"--out": o.out != "", "--target": len(o.targets) > 0, "--for": o.duration > 0, "--items": o.items > 0,
		"--repeat": o.repeat > 1, "--load-only": o.loadOnly, "--resume-load": o.resumeLoad != "",
		"--search and --sweep": o.searching.wanted(),
	} {
		if given {
			return fmt.Errorf("%s with %s: the run goes on as it was begun", flag, name)
		}
	}
	return nil
}

// runContinuation runs `crossover run --resume` and `--extend`.
func runContinuation(ctx context.Context, s streams, path string, o runOptions) error {
	if err := o.checkContinuing(); err != nil {
		return badInput(err)
	}
	was, err := unfinished(path, o.extend != "")
	if err != nil {
		return badInput(err)
	}
	run, err := continuing(s, was, o)
	if err != nil {
		return err
	}
	run.notBegun()
	return run.reported(ctx)
}

// notBegun tells of the scenario's targets that have no run beside the one that goes on.
func (s *session) notBegun() {
	all, err := loadScenario(filepath.Join(s.continuing.Run.Dir, results.ScenarioFile))
	if err != nil {
		return // it has just been read
	}
	for _, t := range all.Targets {
		found, err := filepath.Glob(filepath.Join(s.out, t.Name+"*", results.ManifestFile))
		if err == nil && len(found) == 0 {
			fmt.Fprintf(s.err, "crossover: target %s has no run in %s; this goes on with %s only\n", t.Name, s.out, s.sc.Targets[0].Name)
		}
	}
}

// unfinished finds the run to go on with: the one in path, or the one below it that is not
// complete or, to be extended, that is.
func unfinished(path string, extend bool) (*results.Run, error) {
	runs, err := openRuns(path)
	if err != nil {
		return nil, err
	}
	if len(runs) == 1 {
		return runs[0], nil
	}
	want := "that is not complete"
	if extend {
		want = "that is complete"
	}
	var found []*results.Run
	var names []string
	for _, r := range runs {
		if (r.Manifest.Status == results.Complete) == extend {
			found = append(found, r)
			names = append(names, r.Dir)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, fmt.Errorf("%s holds %d runs, and none %s", path, len(runs), want)
	}
	return nil, fmt.Errorf("%s holds %d runs %s: give one of %s", path, len(found), want, strings.Join(names, ", "))
}

// continuing prepares a session that goes on with a run.
func continuing(s streams, was *results.Run, o runOptions) (*session, error) {
	m := &was.Manifest
	sc, err := loadScenario(filepath.Join(was.Dir, results.ScenarioFile))
	if err != nil {
		return nil, err
	}
	if err := sc.Adapt(m.Adapted); err != nil {
		return nil, badInput(err)
	}
	c := &runner.Continuation{Run: was, StreamDigest: workload.StreamDigest(sc)}
	if o.extend != "" {
		x, err := workload.ParseExtension(o.extend)
		if err == nil {
			err = sc.Extend(x)
		}
		if err != nil {
			return nil, badInput(fmt.Errorf("--extend %w", err))
		}
		c.Extension = &x
	}
	if err := chooseTargets(sc, []string{m.Target.Name}); err != nil {
		return nil, badInput(err)
	}
	if err := commandsAllowed(sc, o.commands); err != nil {
		return nil, err
	}
	o.interval = m.Interval
	run := &session{streams: s, options: o, sc: sc, out: filepath.Dir(filepath.Clean(was.Dir)), metrics: newMetrics(), continuing: c}
	return run, run.money()
}

// ledgerOf returns where the progress of a target's load is kept: in the directory of the load
// that goes on, or in this one's where its data will stay.
func (s *session) ledgerOf(t turn, embedded bool) string {
	switch {
	case s.options.resumeLoad != "":
		return filepath.Join(s.options.resumeLoad, t.dir, runner.LedgerFile)
	case embedded || s.options.noLoad || s.continuing != nil || !s.options.loadOnly && !s.options.keep:
		return ""
	}
	return filepath.Join(s.out, t.dir, runner.LedgerFile)
}

// defaultOut is where the runs of a scenario go when nobody says where.
func defaultOut(name string) string {
	return filepath.Join("runs", name+"-"+clock.Real().Wall(0).UTC().Format("20060102T150405Z"))
}

// mustBeEmpty refuses a directory that holds something.
func mustBeEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		return fmt.Errorf("%s exists and is not empty: give a new directory by --out", dir)
	}
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}
