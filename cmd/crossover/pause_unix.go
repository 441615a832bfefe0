//go:build unix

package main

import (
	"os"
	"syscall"
)

// pauseSignal pauses a run, and lets it go on.
var pauseSignal os.Signal = syscall.SIGUSR1
