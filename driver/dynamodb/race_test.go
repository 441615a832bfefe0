//go:build race

package dynamodb

// raceEnabled: the race detector is on.
const raceEnabled = true
