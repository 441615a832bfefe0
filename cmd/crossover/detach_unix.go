//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// detach puts the child in a process group of its own, so that Ctrl-C at the terminal reaches
// the run first, which then ends in order.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
