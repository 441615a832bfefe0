//go:build race

package aerospike

// raceEnabled: the race detector is on.
const raceEnabled = true
