package dynamodb

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
)

// Faults are the shares of data-plane requests that go wrong on purpose, each from 0 to 1.
// The zero value injects nothing.
type Faults struct {
	// Throttle is answered as a throttled request would be: ProvisionedThroughputExceededException
	// or ThrottlingException by the table's mode, with a key range's reason.
	Throttle float64
	// Error500 is answered with InternalServerError, before anything is done.
	Error500 float64
	// Reset has its TCP connection reset, before anything is done.
	Reset float64
	// Delay is held for DelayFor, and then served.
	Delay    float64
	DelayFor time.Duration
	// Slow is of partitions rather than requests: what is asked of so many of a table's partitions,
	// which the seed chooses by their numbers, takes SlowFor longer.
	Slow    float64
	SlowFor time.Duration
	// Corrupt is of GetItem answers that bring an item: one byte of its largest value is changed.
	Corrupt float64
	// Stale is of GetItem answers: the item as it was before it was last written, where it is one
	// of the oldVersions items that were overwritten last.
	Stale float64
}

// ParseFaults reads a list such as "throttle=1%,error500=0.5%,reset=1%,delay=1%:20ms,
// slow=10%:5ms,corrupt=0.1%,stale=0.1%"; "" means none. A request meets at most one of throttle, error500 and reset, so that their shares
// add up to no more than 100%.
func ParseFaults(text string) (Faults, error) {
	var f Faults
	seen := map[string]bool{}
	for _, part := range strings.Split(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return Faults{}, fmt.Errorf("fault %q: expected name=share, such as throttle=1%%", part)
		}
		if seen[name] {
			return Faults{}, fmt.Errorf("fault %q is given twice", name)
		}
		seen[name] = true
		if err := f.set(name, value); err != nil {
			return Faults{}, err
		}
	}
	if sum := f.Throttle + f.Error500 + f.Reset; sum > 1 {
		return Faults{}, fmt.Errorf("faults: throttle, error500 and reset add up to %g%%, expected at most "+
			"100%%", 100*sum)
	}
	return f, nil
}

func (f *Faults) set(name, value string) (err error) {
	switch name {
	case "throttle":
		f.Throttle, err = share(name, value)
	case "error500":
		f.Error500, err = share(name, value)
	case "reset":
		f.Reset, err = share(name, value)
	case "corrupt":
		f.Corrupt, err = share(name, value)
	case "stale":
		f.Stale, err = share(name, value)
	case "delay":
		f.Delay, f.DelayFor, err = lengthened(name, value)
	case "slow":
		f.Slow, f.SlowFor, err = lengthened(name, value)
	default:
		return fmt.Errorf("unknown fault %q: expected throttle, error500, reset, delay, slow, corrupt or stale", name)
	}
	return err
}

// lengthened reads a share and a duration.
func lengthened(name, value string) (part float64, by time.Duration, err error) {
	first, length, ok := strings.Cut(value, ":")
	if !ok {
		return 0, 0, fmt.Errorf("fault %s=%q: expected a share and a duration, such as %s=1%%:20ms", name, value, name)
	}
	if part, err = share(name, first); err != nil {
		return 0, 0, err
	}
	if by, err = time.ParseDuration(length); err != nil || by <= 0 {
		return 0, 0, fmt.Errorf("fault %s=%q: expected a duration above 0, such as 20ms", name, value)
	}
	return part, by, nil
}

// slow returns how much longer a request takes because its partition is slow, and counts it.
func (s *Server) slow(c *call) time.Duration {
	f := &s.options.Faults
	if f.Slow == 0 || c.partition < 0 || c.table == nil {
		return 0
	}
	if rand.New(rand.NewPCG(s.options.Seed, xxhash.Sum64String(c.table.name)+uint64(c.partition))).Float64() >= f.Slow {
		return 0
	}
	s.injected[countSlow].Add(1)
	return f.SlowFor
}

func share(name, value string) (float64, error) {
	number, ok := strings.CutSuffix(value, "%")
	percent, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || !(percent >= 0 && percent <= 100) {
		return 0, fmt.Errorf("fault %s=%q: expected a share from 0%% to 100%%, such as 1%%", name, value)
	}
	return percent / 100, nil
}

// A fault is what happens to one request.
type fault uint8

const (
	noFault fault = iota
	throttleFault
	errorFault
	resetFault
)

// draw decides what happens to a request, and how long it is held.
func (f Faults) draw(rng *rand.Rand) (fault, time.Duration) {
	if f == (Faults{}) {
		return noFault, 0
	}
	hold := time.Duration(0)
	if rng.Float64() < f.Delay {
		hold = f.DelayFor
	}
	u := rng.Float64()
	switch {
	case u < f.Throttle:
		return throttleFault, hold
	case u < f.Throttle+f.Error500:
		return errorFault, hold
	case u < f.Throttle+f.Error500+f.Reset:
		return resetFault, hold
	}
	return noFault, hold
}
