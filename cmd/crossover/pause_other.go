//go:build !unix

package main

import "os"

// pauseSignal: there is none here; the dashboard's key pauses.
var pauseSignal os.Signal
