//go:build !race

package tco

// frozenDraws is how many draws a frozen case makes: all of them.
const frozenDraws = defaultDraws

// testDraws is how many draws tests make, except where they count.
const testDraws = 1_000

// planes is how many scenarios' planes are re-priced, and pointsAsked of how many points at least.
const planes, pointsAsked = 7, 100
