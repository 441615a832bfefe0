package main

import (
	"fmt"

	"crossover/costmodel/reconcile"
	"crossover/results"
)

// reconcile holds the capacity units that a run's target reported against those computed from
// its items, writes both beside the run, and warns where they differ: in the run's manifest, on
// standard error, and by both in the report.
func (s *session) reconcile(m *results.Manifest, dir string) error {
	if m.Status != results.Complete && m.Status != results.Interrupted || m.Target.Driver != "dynamodb" {
		return nil
	}
	run, err := results.Open(dir)
	if err != nil {
		return err
	}
	check := reconcile.Check(s.sc, run)
	if check == nil {
		return nil
	}
	if err := results.WriteUnits(dir, check); err != nil {
		return err
	}
	rows := check.Differing()
	if len(rows) == 0 {
		return nil
	}
	for _, row := range rows {
		text := "capacity units: " + row.String()
		m.Warnings = append(m.Warnings, text)
		fmt.Fprintf(s.err, "crossover: %s: %s\n", m.Target.Name, text)
	}
	return results.Amend(dir, *m)
}
