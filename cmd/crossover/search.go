package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"crossover/driver"
	"crossover/results"
)

// runSearch runs `crossover run` with --search or --sweep.
func runSearch(ctx context.Context, s streams, path string, o runOptions) error {
	plan, err := o.searching.plan(o)
	if err != nil {
		return err
	}
	run, err := prepare(s, path, o)
	if err != nil {
		return err
	}
	if err := plan.check(run.sc); err != nil {
		return badInput(err)
	}
	if len(run.sc.Events) > 0 {
		return badInput(run.sc.Events[0].Wrong(run.sc, "", "events", "none: a search judges each rate by itself, and a drill would disturb some of them"))
	}
	variants, err := plan.variants(run.sc)
	if err != nil {
		return badInput(err)
	}
	stopMetrics, err := serveMetrics(ctx, o.metrics, run.metrics)
	if err != nil {
		return err
	}
	defer func() {
		if stopErr := stopMetrics(); stopErr != nil {
			fmt.Fprintf(s.err, "crossover: metrics: %v\n", stopErr) // the search itself is whole
		}
	}()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	run.view = newView(s, o.view, "crossover: "+run.sc.Name, cancel, nil) // a pause would be a disturbance to judge
	found, runErr := run.searchAll(ctx, plan, variants)
	run.view.close()
	if len(found) == 0 {
		return runErr
	}
	for _, f := range found {
		searchSummary(s.err, f)
	}
	if !o.noReport {
		if err := run.reportSearches(found); err != nil {
			return errors.Join(runErr, err)
		}
	}
	if err := run.printSearches(found); err != nil {
		return errors.Join(runErr, err)
	}
	return searchVerdict(ctx, found, runErr)
}

// searchAll searches each target until one is not completed. A result is returned for each
// that began.
func (s *session) searchAll(ctx context.Context, plan *searchPlan, variants []*variant) (found []*results.Search, err error) {
	for _, t := range s.sc.Targets {
		se := newSearching(s, plan, t)
		err = se.all(ctx, variants)
		if se.runs > 0 {
			found = append(found, &se.record)
		}
		if err != nil {
			return found, fmt.Errorf("target %s: %w", t.Name, err)
		}
	}
	return found, nil
}

// printSearches prints, on standard output, where the results are, or all of them.
func (s *session) printSearches(found []*results.Search) error {
	if s.options.asJSON {
		return json.NewEncoder(s.streams.out).Encode(map[string]any{"out": s.out, "searches": found})
	}
	for _, f := range found {
		fmt.Fprintln(s.streams.out, filepath.Join(s.out, f.Target.Name, results.SearchFile))
	}
	return nil
}

// searchVerdict turns what was found into the exit code.
func searchVerdict(ctx context.Context, found []*results.Search, err error) error {
	last := found[len(found)-1]
	switch {
	case errors.Is(err, driver.ErrBudget) && last.Status == results.Interrupted:
		return coded{exitInterrupted, err} // begun within the budget, and stopped when it was spent
	case ctx.Err() != nil:
		return coded{exitInterrupted, fmt.Errorf("interrupted: %s of %s has everything up to the last probe",
			results.SearchFile, last.Target.Name)}
	case err != nil:
		return err
	}
	var limited, missed []string
	for _, f := range found {
		for _, p := range f.Points {
			name := strings.TrimSpace(f.Target.Name + " " + p.Name)
			if p.Outcome == results.OutcomeLimited || sweptLimited(f, p) {
				limited = append(limited, name)
			} else if f.Mode == "search" && p.Holding == 0 {
				missed = append(missed, name)
			}
		}
	}
	if len(limited) > 0 {
		return coded{exitUntrusted, errors.New("generator-limited: this host, not the database, set the limit: " + strings.Join(limited, ", "))}
	}
	if len(missed) > 0 {
		return coded{exitMissed, errors.New("no rate was found at which the objectives hold: " + strings.Join(missed, ", "))}
	}
	return nil
}

// sweptLimited reports whether a sweep has a rate at which the generator was the limit. In a
// search such a rate is the outcome, or was probed again.
func sweptLimited(f *results.Search, p results.SearchPoint) bool {
	if f.Mode == "search" {
		return false
	}
	for _, s := range p.Steps {
		if s.Verdict == results.GeneratorLimited {
			return true
		}
	}
	return false
}
