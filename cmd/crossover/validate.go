package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"crossover/costmodel"
	"crossover/workload"
)

// loadScenario reads a scenario and checks every part of it, drivers' and cost sections too.
// All problems are reported at once, as bad input.
func loadScenario(path string) (*workload.Scenario, error) {
	sc, err := workload.Load(path)
	if sc == nil {
		return nil, badInput(err)
	}
	_, costErr := costmodel.ParseConfig(sc)
	if err := workload.Sorted(errors.Join(err, checkTargets(sc), costErr, checkPriced(sc))); err != nil {
		return nil, badInput(err)
	}
	return sc, nil
}

func newValidate(s streams) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "validate SCENARIO...",
		Short: "Check scenarios and print their digests; every error at once",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var errs []error
			for _, path := range args {
				sc, err := loadScenario(path)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				digest := workload.StreamDigest(sc)
				if asJSON {
					if err := json.NewEncoder(s.out).Encode(map[string]any{"file": path, "name": sc.Name, "stream_digest": digest, "targets": len(sc.Targets)}); err != nil {
						return err
					}
					continue
				}
				fmt.Fprintf(s.out, "%s: fine: %s, %d targets, stream %s\n", path, sc.Name, len(sc.Targets), digest)
			}
			if err := errors.Join(errs...); err != nil {
				return badInput(err)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON, a line a file")
	return c
}

func newSchema(s streams) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of scenario files",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := scenarioSchema()
			if err != nil {
				return err
			}
			if out != "" {
				return os.WriteFile(out, text, 0o644)
			}
			_, err = s.out.Write(text)
			return err
		},
	}
	c.Flags().StringVar(&out, "out", "", "write it to this file instead")
	return c
}
