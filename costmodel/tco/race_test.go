//go:build race

package tco

// frozenDraws is how many draws a frozen case makes: fewer under the race detector.
const frozenDraws = testDraws
