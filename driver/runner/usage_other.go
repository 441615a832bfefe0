//go:build !linux

package runner

import "runtime"

// readUsage knows nothing here: the health of the generator is judged by lateness and
// garbage collection alone.
func readUsage() usage { return usage{} }

func kernel() string { return runtime.GOOS }

// TCPSegments knows nothing on this system.
func TCPSegments() (sent, again uint64, ok bool) { return 0, 0, false }
