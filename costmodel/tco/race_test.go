//go:build race

package tco

// frozenDraws is how many draws a frozen case makes: fewer under the race detector.
const frozenDraws = testDraws

// The same as without the race detector, for less.
const (
	testDraws   = 1_000
	planes      = 1
	pointsAsked = 5
)
