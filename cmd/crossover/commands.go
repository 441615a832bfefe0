package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"

	"crossover/workload"
)

// commandsAllowed refuses a scenario with commands among its events unless the person who runs
// it said that they may be run: a scenario is data, and may come from somebody else.
func commandsAllowed(sc *workload.Scenario, allowed bool) error {
	for _, t := range sc.Targets {
		for _, e := range sc.EventsOf(t.Name) {
			if e.Command != "" && !allowed {
				return badInput(e.Wrong(sc, "command", "a command for this machine's shell",
					"crossover run --allow-commands, once you have read the scenario and trust it"))
			}
		}
	}
	return nil
}

// shell returns the command that runs a line by this machine's shell.
func shell(line string) *exec.Cmd {
	if runtime.GOOS == "windows" {
		return exec.Command("cmd", "/C", line)
	}
	return exec.Command("/bin/sh", "-c", line)
}

// runCommand returns the function that runs an event's command line. Its output goes to log.
// When ctx ends the command is killed, and what it started in its process group with it.
func runCommand(log io.Writer) func(ctx context.Context, line string) (int, error) {
	return func(ctx context.Context, line string) (int, error) {
		if ctx.Err() != nil {
			return -1, context.Cause(ctx)
		}
		c := shell(line)
		c.Stdout, c.Stderr = log, log
		detach(c)
		if err := c.Start(); err != nil {
			return -1, fmt.Errorf("starting the shell: %w", err)
		}
		stop := context.AfterFunc(ctx, func() { _ = killGroup(c) }) // it may have ended by itself
		err := c.Wait()
		if !stop() {
			return -1, errors.New("killed when the run ended")
		}
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return exit.ExitCode(), nil
		}
		return c.ProcessState.ExitCode(), err
	}
}
