//go:build !unix

package main

import "os/exec"

// detach does nothing where process groups are not to be had.
func detach(*exec.Cmd) {}
