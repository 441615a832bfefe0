package dynamodb

import (
	"math/rand/v2"
	"time"
)

// ServiceTime draws how long the server takes for one request, without the network: of items
// and bytes touched, strongly consistent or not, or refused. Simulations in virtual time use it.
func ServiceTime(rng *rand.Rand, operation string, items, bytes int, strong, refused bool) time.Duration {
	return serviceTime(rng, operation, effort{strong: strong, items: items, bytes: bytes}, refused)
}
