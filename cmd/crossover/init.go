package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"crossover/scenarios"
)

func newInit(s streams) *cobra.Command {
	var from string
	var list bool
	c := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a scenario to start from",
		Long:  "init writes one of the library's scenarios to FILE (scenario.yaml when not given), comments and all.\nAn existing file is never overwritten. --list names the library.",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if list {
				for _, n := range scenarios.Names() {
					fmt.Fprintln(s.out, n)
				}
				return nil
			}
			text, err := scenarios.Read(from)
			if err != nil {
				return badInput(fmt.Errorf("no scenario %q in the library, which has: %s", from, strings.Join(scenarios.Names(), ", ")))
			}
			name := "scenario.yaml"
			if len(args) == 1 {
				name = args[0]
			}
			f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if errors.Is(err, fs.ErrExist) {
				return badInput(fmt.Errorf("%s exists; give another name", name))
			}
			if err != nil {
				return err
			}
			if _, err := f.Write(text); err != nil {
				return errors.Join(err, f.Close())
			}
			if err := f.Close(); err != nil {
				return err
			}
			fmt.Fprintf(s.err, "wrote %s; next: crossover validate %s, then crossover run %s\n", name, name, name)
			return nil
		},
	}
	c.Flags().StringVar(&from, "from", "user-profiles", "the library's scenario to copy")
	c.Flags().BoolVar(&list, "list", false, "list the library's scenarios")
	return c
}
