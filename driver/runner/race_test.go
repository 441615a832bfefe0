//go:build race

package runner

// underRace: the detector makes single-threaded simulations ten times slower and finds nothing
// in them; they run at full size without it.
const underRace = true
