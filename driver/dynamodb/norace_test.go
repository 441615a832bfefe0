//go:build !race

package dynamodb

// raceEnabled: the race detector is off.
const raceEnabled = false
