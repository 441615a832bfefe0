package dynamodb

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// A LatencyModel is how long requests take, where that is not what is assumed by default. The
// zero value is the default: the service itself, without a network.
type LatencyModel struct {
	// Medians replace those of operations, by their API names.
	Medians map[string]time.Duration
	// Scale multiplies the service's own times; 0 takes 1.
	Scale float64
	// Spread is the standard deviation of the logarithm of the service's own times, 0 takes the
	// default of 0.35, and a negative value means none.
	Spread float64
	// Strong is what a strongly consistent read takes more than one of the nearest replica; 0
	// takes the default of 0.7 ms, and a negative value means nothing.
	Strong time.Duration
	// Network is the median of the round trip between client and service, 0 by default, and
	// NetworkSpread the standard deviation of its logarithm.
	Network       time.Duration
	NetworkSpread float64
	// CrossAZ is the round trip to another availability zone, 0 by default. A partition's
	// replicas lie in three zones, the client in one of them: a request for a leader (writes,
	// strongly consistent reads, transactions) crosses over two times of three; an eventually
	// consistent read goes to any replica (AWS re:Invent 2018, "Amazon DynamoDB under the hood":
	// storage nodes in three zones, one of them the leader), and does as well.
	CrossAZ time.Duration
}

// crossingShare is the share of requests that are served in another zone than the client's.
const crossingShare = 2.0 / 3

// ParseLatency reads a list of NAME=VALUE pairs, divided by commas: an operation's name (GetItem,
// PutItem, …) and its median, scale, spread, strong, network, network_spread, cross_az.
func ParseLatency(text string) (m LatencyModel, err error) {
	seen := map[string]bool{}
	for _, pair := range strings.Split(text, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if seen[name] {
			return m, fmt.Errorf("latency %q is given twice", name)
		}
		seen[name] = true
		if err := m.set(name, value); err != nil {
			return m, err
		}
	}
	return m, nil
}

// maxLatency bounds a time of the model.
const maxLatency = time.Minute

func (m *LatencyModel) set(name, value string) error {
	length := func(to *time.Duration) error {
		d, err := time.ParseDuration(value)
		if err != nil || d < 0 || d > maxLatency {
			return fmt.Errorf("latency %s=%q: expected a duration from 0s to %s", name, value, maxLatency)
		}
		*to = d
		return nil
	}
	number := func(to *float64, most float64) error {
		f, err := strconv.ParseFloat(value, 64)
		if err != nil || !(f >= 0 && f <= most) {
			return fmt.Errorf("latency %s=%q: expected a number from 0 to %g", name, value, most)
		}
		*to = f
		return nil
	}
	switch name {
	case "scale":
		if err := number(&m.Scale, 1000); err != nil || m.Scale > 0 {
			return err
		}
		return fmt.Errorf("latency scale=%q: expected more than 0; --latency off models none", value)
	case "spread":
		err := number(&m.Spread, 3)
		if m.Spread == 0 {
			m.Spread = -1
		}
		return err
	case "strong":
		err := length(&m.Strong)
		if m.Strong == 0 {
			m.Strong = -1
		}
		return err
	case "network":
		return length(&m.Network)
	case "network_spread":
		return number(&m.NetworkSpread, 3)
	case "cross_az":
		return length(&m.CrossAZ)
	}
	if _, known := medians[name]; !known {
		return fmt.Errorf("latency %q: expected an operation about items, such as GetItem, or scale, spread, strong, network, "+
			"network_spread or cross_az", name)
	}
	if m.Medians == nil {
		m.Medians = map[string]time.Duration{}
	}
	var d time.Duration
	err := length(&d)
	m.Medians[name] = d
	return err
}

// draw draws how long a request takes. Without a network it draws one number, as the default
// model always has.
func (m *LatencyModel) draw(rng *rand.Rand, operation string, e effort, refused bool) time.Duration {
	median, ok := m.Medians[operation]
	if !ok {
		if median, ok = medians[operation]; !ok {
			median = controlTime
		}
	}
	if refused {
		median = throttledTime
	} else {
		median += time.Duration(max(0, e.items-1)) * perItem
		median += time.Duration(float64(perKiB) * float64(e.bytes) / 1024)
		if e.strong {
			median += defaulted(m.Strong, strongExtra)
		}
	}
	t := float64(median) * defaulted(m.Scale, 1) * lognormal(rng, defaulted(m.Spread, spread))
	if m.Network > 0 {
		t += float64(m.Network) * lognormal(rng, m.NetworkSpread)
	}
	if m.CrossAZ > 0 && rng.Float64() < crossingShare {
		t += float64(m.CrossAZ)
	}
	return time.Duration(t)
}

// defaulted is a setting whose 0 means a default, and whose negative values mean none.
func defaulted[T time.Duration | float64](v, otherwise T) T {
	switch {
	case v == 0:
		return otherwise
	case v < 0:
		return 0
	}
	return v
}

// lognormal draws a factor whose median is 1.
func lognormal(rng *rand.Rand, sigma float64) float64 { return math.Exp(sigma * rng.NormFloat64()) }
