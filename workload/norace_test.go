//go:build !race

package workload

// drawsPerSeed is how many draws each of the pinned seeds makes: ten million over all.
const drawsPerSeed = 500_000

// fitWrong is the half-life, in seconds, that the fit of half a second has to tell apart.
const fitWrong = 0.52
