package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"crossover/driver/runner"
	"crossover/results"
)

// checkLoading refuses flags that contradict each other about the data set.
func (o *runOptions) checkLoading() error {
	switch {
	case o.resumeLoad != "" && o.noLoad:
		return errors.New("--resume-load with --no-load: nothing would be loaded")
	case o.resumeLoad != "" && o.repeat > 1:
		return errors.New("--resume-load with --repeat: each repetition starts from a data set loaded afresh")
	case o.resumeLoad != "" && o.searching.wanted():
		return errors.New("--resume-load with --search or --sweep: load with --load-only first, then search with --no-load")
	case o.loadOnly && o.noLoad:
		return errors.New("--load-only with --no-load: nothing would be done")
	case o.loadOnly && o.repeat > 1:
		return errors.New("--load-only with --repeat: there is no run to repeat")
	case o.loadOnly && o.searching.wanted():
		return errors.New("--load-only with --search or --sweep: there is no run to probe with")
	}
	return nil
}

// load loads a target's data set and says what has become of it.
func (s *session) load(ctx context.Context, c runner.Config) (*results.Manifest, error) {
	m, err := runner.Load(ctx, c)
	switch {
	case err == nil:
		fmt.Fprintf(s.err, "crossover: %s: %d items %s\n", c.Target.Name, m.Loaded, m.Dataset)
	case m != nil && m.Loaded > 0 && m.Status == results.Interrupted:
		fmt.Fprintf(s.err, "crossover: %s: %d items loaded; --load-only --resume-load %s goes on\n", c.Target.Name, m.Loaded, filepath.Dir(filepath.Dir(c.Ledger)))
	}
	return m, err
}
