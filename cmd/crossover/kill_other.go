//go:build !unix

package main

import "os/exec"

// killGroup kills the process; where there are no process groups, what it started is left.
func killGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }
