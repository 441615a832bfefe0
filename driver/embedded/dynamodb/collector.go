package dynamodb

import (
	"runtime"
	"runtime/debug"
)

// How a process is collected whose memory is mostly items: those are a few large objects, so
// that a collection costs little, and room for garbage costs memory.
const (
	garbagePercent = 8
	// ballastBytes are never touched, so that they take no memory; they keep a small heap from
	// being collected all the time.
	ballastBytes = 256 << 20
)

// Frugal has this process's garbage collected early, until release is called: it then holds
// little more than its items. It is for a process that does nothing but serve.
func Frugal() (release func()) {
	ballast := make([]byte, ballastBytes)
	old := debug.SetGCPercent(garbagePercent)
	return func() {
		debug.SetGCPercent(old)
		runtime.KeepAlive(ballast)
	}
}
