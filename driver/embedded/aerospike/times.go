package aerospike

import (
	"time"

	"crossover/driver/clock"
)

// epoch is what void times and update times count from (CITRUSLEAF_EPOCH).
var epoch = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)

// A calendar reads the server's clock in the server's own units.
type calendar struct{ clock clock.Clock }

// seconds returns seconds since the epoch at a reading of the clock.
func (c calendar) seconds(at time.Duration) uint32 { return uint32(c.millis(at) / 1000) }

// millis returns milliseconds since the epoch at a reading of the clock.
func (c calendar) millis(at time.Duration) uint64 {
	return uint64(max(0, c.clock.Wall(at).Sub(epoch).Milliseconds()))
}
