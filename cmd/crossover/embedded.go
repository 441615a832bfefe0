package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// childStart is how long an embedded server may take to say where it listens.
const childStart = 20 * time.Second

// A child is an embedded server in a process of its own: its garbage collection and CPU stay
// out of the load generator's. It ends when its standard input closes, so it never outlives
// its parent, however the parent dies.
type child struct {
	cmd     *exec.Cmd
	stdin   io.Closer
	address string
	done    chan error
}

// selfCommand returns the command that runs this binary with args; tests replace it.
var selfCommand = func(args []string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return exec.Command(self, args...), nil
}

// startChild starts `crossover ARGS` and waits until it says where it listens. What the child
// writes on its standard error goes to log.
func startChild(ctx context.Context, args []string, log io.Writer) (*child, error) {
	cmd, err := selfCommand(args)
	if err != nil {
		return nil, err
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = log
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the embedded server: %w", err)
	}
	c := &child{cmd: cmd, stdin: stdin, done: make(chan error, 1)}
	ready := make(chan string, 1)
	go func() {
		r := bufio.NewReader(stdout)
		line, _ := r.ReadString('\n') // an empty line is reported below as a failed start
		ready <- line
		_, copyErr := io.Copy(io.Discard, r)
		c.done <- firstError(cmd.Wait(), copyErr)
	}()
	ctx, cancel := context.WithTimeout(ctx, childStart)
	defer cancel()
	select {
	case line := <-ready:
		var said struct{ Listening string }
		if err := json.Unmarshal([]byte(line), &said); err != nil || said.Listening == "" {
			c.stop()
			return nil, fmt.Errorf("the embedded server (%s) did not start; it said %q", strings.Join(args, " "), line)
		}
		c.address = said.Listening
		return c, nil
	case <-ctx.Done():
		c.stop()
		return nil, fmt.Errorf("the embedded server (%s) did not say within %v where it listens", strings.Join(args, " "), childStart)
	}
}

// stop closes the child's standard input and waits for its end.
func (c *child) stop() {
	c.stdin.Close()
	timer := time.NewTimer(5 * time.Second)
	defer timer.Stop()
	select {
	case <-c.done:
	case <-timer.C:
		if err := c.cmd.Process.Kill(); err == nil {
			<-c.done
		}
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
