//go:build race

package workload

// drawsPerSeed is how many draws each of the pinned seeds makes: the race detector is slow.
const drawsPerSeed = 20_000

// fitWrong is the half-life, in seconds, that the fit of half a second has to tell apart: fewer
// draws tell less.
const fitWrong = 0.6
