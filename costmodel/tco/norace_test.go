//go:build !race

package tco

// frozenDraws is how many draws a frozen case makes: all of them.
const frozenDraws = defaultDraws
