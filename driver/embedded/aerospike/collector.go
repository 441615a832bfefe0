package aerospike

import (
	"runtime"
	"runtime/debug"
)

const (
	// garbagePercent is how much garbage may gather, in parts of what is in use.
	garbagePercent = 8
	// ballastBytes are counted as in use, and never touched, so that a server with few records is
	// not collected all the time.
	ballastBytes = 256 << 20
)

// Frugal has this process's garbage collected early, until release is called: it then holds
// little more than its records. It is for a process that does nothing but serve.
func Frugal() (release func()) {
	ballast := make([]byte, ballastBytes)
	old := debug.SetGCPercent(garbagePercent)
	return func() {
		debug.SetGCPercent(old)
		runtime.KeepAlive(ballast)
	}
}
