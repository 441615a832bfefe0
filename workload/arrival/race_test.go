//go:build race

package arrival

// drawsPerSeed is how many draws each of the pinned seeds makes: the race detector is slow.
const drawsPerSeed = 20_000
