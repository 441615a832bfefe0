//go:build !race

package clock

// poolLoss is how many of 1000 sleeps may find the pool empty.
const poolLoss = 10
