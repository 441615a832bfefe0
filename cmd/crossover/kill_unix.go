//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// killGroup kills a detached process and all that is in its group.
func killGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
