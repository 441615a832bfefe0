//go:build !race

package aerospike

// raceEnabled: the race detector is off.
const raceEnabled = false
