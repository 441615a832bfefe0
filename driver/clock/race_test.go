//go:build race

package clock

// poolLoss is how many of 1000 sleeps may find the pool empty: the race detector has sync.Pool
// forget a quarter of what is put there, and three allocations are one timer.
const poolLoss = 1500
