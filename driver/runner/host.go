package runner

import (
	"runtime"
	"strconv"
)

// hostFacts returns what a reader must know of the generator's host, over what the caller
// knows.
func hostFacts(given map[string]string) map[string]string {
	facts := map[string]string{
		"cores":      strconv.Itoa(runtime.NumCPU()),
		"gomaxprocs": strconv.Itoa(runtime.GOMAXPROCS(0)),
		"go":         runtime.Version(),
		"arch":       runtime.GOOS + "/" + runtime.GOARCH,
		"kernel":     kernel(),
	}
	for k, v := range given {
		facts[k] = v
	}
	return facts
}
