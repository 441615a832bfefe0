package aerospike

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Faults are shares, 0 to 1, of requests on records (single and batch) that go wrong on
// purpose; queries and info are spared. Each request suffers at most one.
type Faults struct {
	Overload float64       // answered with result 18, DEVICE_OVERLOAD
	Timeout  float64       // not carried out and answered with result 9, TIMEOUT
	Reset    float64       // the connection is reset before anything is carried out
	Delay    float64       // answered DelayBy later than otherwise
	DelayBy  time.Duration // above 0 when Delay is
	Corrupt  float64       // of reads of whole records: one byte of the largest string or blob is changed
	Stale    float64       // of reads of whole records: the record as it was before it was last written, while it is kept
}

// ParseFaults reads "overload=1%,timeout=1%,reset=1%,delay=1%:20ms,corrupt=0.1%,stale=0.1%"; "" is none.
func ParseFaults(text string) (Faults, error) {
	var f Faults
	if text == "" {
		return f, nil
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if seen[name] {
			return Faults{}, fmt.Errorf("fault %q is given twice", name)
		}
		seen[name] = true
		if name == "delay" {
			share, by, ok := strings.Cut(value, ":")
			d, err := time.ParseDuration(by)
			if !ok || err != nil {
				return Faults{}, fmt.Errorf("fault %q: expected a share and a time, as in delay=1%%:20ms", part)
			}
			value, f.DelayBy = share, d
		}
		target, ok := map[string]*float64{
			"overload": &f.Overload, "timeout": &f.Timeout, "reset": &f.Reset, "delay": &f.Delay,
			"corrupt": &f.Corrupt, "stale": &f.Stale,
		}[name]
		if !ok {
			return Faults{}, fmt.Errorf("fault %q: expected overload, timeout, reset, delay, corrupt or stale", name)
		}
		var err error
		if *target, err = parseShare(value); err != nil {
			return Faults{}, fmt.Errorf("fault %q: %w", part, err)
		}
	}
	return f, f.validate()
}

func parseShare(s string) (float64, error) {
	number, ok := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || !(v >= 0 && v <= 100) {
		return 0, fmt.Errorf("share %q, expected 0%% to 100%%", s)
	}
	return v / 100, nil
}

func (f Faults) validate() error {
	sum := 0.0
	for _, share := range []float64{f.Overload, f.Timeout, f.Reset, f.Delay} {
		if !(share >= 0 && share <= 1) {
			return fmt.Errorf("faults: share %v, expected 0 to 1", share)
		}
		sum += share
	}
	for _, share := range []float64{f.Corrupt, f.Stale} {
		if !(share >= 0 && share <= 1) {
			return fmt.Errorf("faults: share %v, expected 0 to 1", share)
		}
	}
	if sum > 1+1e-9 {
		return fmt.Errorf("faults: the shares add up to %v%%, above 100%%", sum*100)
	}
	if f.Delay > 0 && (f.DelayBy <= 0 || f.DelayBy > time.Hour) {
		return errors.New("faults: a delay needs a time above 0 and up to an hour")
	}
	return nil
}

type fault uint8

const (
	noFault fault = iota
	faultOverload
	faultTimeout
	faultReset
	faultDelay
)

// A fate deals faults out.
type fate struct {
	faults Faults
	none   bool
	mu     sync.Mutex
	random *rand.Rand
}

func newFate(f Faults, seed uint64) *fate {
	return &fate{faults: f, none: f == Faults{}, random: rand.New(rand.NewPCG(seed, 0x6661756c74))}
}

func (f *fate) deal() fault {
	if f.none {
		return noFault
	}
	f.mu.Lock()
	v := f.random.Float64()
	f.mu.Unlock()
	for i, share := range []float64{f.faults.Overload, f.faults.Timeout, f.faults.Reset, f.faults.Delay} {
		if v < share {
			return faultOverload + fault(i)
		}
		v -= share
	}
	return noFault
}
