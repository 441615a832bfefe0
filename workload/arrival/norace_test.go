//go:build !race

package arrival

// drawsPerSeed is how many draws each of the pinned seeds makes: ten million over all.
const drawsPerSeed = 500_000
