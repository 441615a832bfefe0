package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"crossover/driver"
	"crossover/driver/runner"
)

// The exit codes, as `crossover --help` and docs/reference.md list them.
const (
	exitOK          = 0
	exitFailed      = 1   // the tool failed
	exitInput       = 2   // bad input
	exitMissed      = 3   // an objective or gate was not met
	exitUntrusted   = 4   // the run is not trustworthy: generator-limited
	exitInterrupted = 130 // Ctrl-C, or the budget was spent
)

// streams are where a verb reads and writes: results on out, everything for people on err.
type streams struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// A coded error carries the exit code that belongs to it. A nil err prints nothing: the verb
// has said what there is to say.
type coded struct {
	code int
	err  error
}

func (c coded) Error() string {
	if c.err == nil {
		return fmt.Sprintf("exit code %d", c.code)
	}
	return c.err.Error()
}

func (c coded) Unwrap() error { return c.err }

// badInput marks err as the user's to mend.
func badInput(err error) error { return coded{exitInput, err} }

// execute runs the command line and returns the exit code.
func execute(ctx context.Context, s streams, args []string) int {
	root := newRoot(s)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var c coded
	switch {
	case errors.As(err, &c):
	case errors.Is(err, driver.ErrNotOwned), errors.Is(err, driver.ErrBudget), errors.Is(err, driver.ErrDataset), errors.Is(err, runner.ErrContinue):
		c = coded{exitInput, err}
	case errors.Is(err, context.Canceled):
		c = coded{exitInterrupted, errors.New("interrupted")}
	default:
		c = coded{exitFailed, err}
	}
	if c.err != nil {
		fmt.Fprintf(s.err, "crossover: %v\n", c.err)
	}
	return c.code
}

const longHelp = `crossover measures one workload against DynamoDB and Aerospike, prices both, and
says at which load the cheaper of the two changes.

A scenario (YAML) becomes one seeded stream of operations; the same stream runs
against each target; the run directories feed a cost model; a report shows what
was found and where every figure comes from. Without an AWS account or a cluster,
embedded servers stand in, and everything they yield is marked as modelled.

Exit codes: 0 fine; 1 the tool failed; 2 bad input; 3 an objective or a gate was not
met; 4 the run is not trustworthy (the load generator was the limit); 130 interrupted,
by Ctrl-C or because the budget was spent.`

func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:           "crossover",
		Short:         "Where do the cost curves of DynamoDB and Aerospike cross for your workload?",
		Long:          longHelp,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return badInput(err) })
	root.AddCommand(
		newInit(s), newValidate(s), newSchema(s), newRun(s), newTCO(s), newReport(s),
		newExplain(s), newPrices(s), newImport(s), newServe(s), newDoctor(s), newSimulate(s), newVersion(s), newCompare(s),
		newClean(s),
	)
	root.InitDefaultCompletionCmd()
	wrapArgs(root)
	return root
}

// wrapArgs makes a wrong number of arguments bad input, as a wrong flag is.
func wrapArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return badInput(fmt.Errorf("%w; see `%s --help`", err, c.CommandPath()))
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
}
