// Package autoscale models what Application Auto Scaling does to a provisioned DynamoDB table
// or index: a target of utilisation is tracked by two CloudWatch alarms on the minutes'
// consumption. It is pure: the caller hands in each minute as it ends, and carries out the
// changes when they are due. One Scaler is one direction (reads or writes) of one table or
// index.
package autoscale

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// What AWS publishes.
const (
	// MinTarget and MaxTarget bound a target of utilisation, as shares (DynamoDB Developer Guide,
	// "Managing throughput capacity automatically with DynamoDB auto scaling": 20 to 90 percent).
	MinTarget = 0.20
	MaxTarget = 0.90
	// DefaultTarget is what the console proposes (Developer Guide, "Using the AWS Management
	// Console with DynamoDB auto scaling").
	DefaultTarget = 0.70
	// OutMinutes is for how many minutes in a row consumption must exceed the target before
	// capacity is raised (Developer Guide, same page: two consecutive minutes).
	OutMinutes = 2
	// InMinutes is for how many minutes in a row it must lie below before capacity is lowered
	// (same page: 15 consecutive data points).
	InMinutes = 15
	// InMargin is how far below the target the lower alarm lies, as a share of the provisioned
	// capacity (AWS re:Post Knowledge Center, "DynamoDB auto scaling": a target of 70 units out of
	// 100 is raised above 70 and lowered below 50).
	InMargin = 0.20
)

// What AWS leaves open, and this model assumes; a Policy can say otherwise.
const (
	// AlarmDelay is from a minute's end until the alarm has acted on it. The Developer Guide
	// says that there "can be a short delay of up to a few minutes".
	AlarmDelay = time.Minute
	// UpdateDelay is from the call of UpdateTable until the new capacity is in force. The
	// Developer Guide says "several minutes".
	UpdateDelay = 2 * time.Minute
)

// A Policy is a target tracking policy with its scalable target.
type Policy struct {
	// Min and Max bound the capacity, in units/s, 1 or more.
	Min, Max float64
	// Target is the utilisation to be kept, MinTarget to MaxTarget; 0 takes DefaultTarget.
	Target float64
	// InCooldown and OutCooldown are how long after a change the next one in that direction has
	// to wait (Application Auto Scaling API Reference, TargetTrackingScalingPolicyConfiguration;
	// 0 is the default for DynamoDB).
	InCooldown, OutCooldown time.Duration
	// DisableScaleIn never lowers the capacity (same reference).
	DisableScaleIn bool
	// AlarmDelay and UpdateDelay are assumptions, see the constants of the same names; 0 takes
	// those, and a negative value means none.
	AlarmDelay, UpdateDelay time.Duration
}

// withDefaults returns p with what was left out filled in.
func (p Policy) withDefaults() Policy {
	if p.Target == 0 {
		p.Target = DefaultTarget
	}
	delay := func(d *time.Duration, otherwise time.Duration) {
		switch {
		case *d == 0:
			*d = otherwise
		case *d < 0:
			*d = 0
		}
	}
	delay(&p.AlarmDelay, AlarmDelay)
	delay(&p.UpdateDelay, UpdateDelay)
	return p
}

// Validate returns everything that is wrong with p.
func (p Policy) Validate() error {
	var errs []error
	if !(p.Min >= 1) || math.IsInf(p.Max, 0) || !(p.Max >= p.Min) {
		errs = append(errs, fmt.Errorf("capacity from %v to %v units/s, expected 1 or more, the lower first", p.Min, p.Max))
	}
	if t := p.Target; t != 0 && !(t >= MinTarget && t <= MaxTarget) {
		errs = append(errs, fmt.Errorf("a target utilisation of %v, expected %v to %v", t, MinTarget, MaxTarget))
	}
	if p.InCooldown < 0 || p.OutCooldown < 0 {
		errs = append(errs, fmt.Errorf("cooldowns of %v and %v, expected 0 or more", p.InCooldown, p.OutCooldown))
	}
	return errors.Join(errs...)
}

// A Change is a new capacity that the policy has asked for.
type Change struct {
	From, To float64   // units/s
	Asked    time.Time // when UpdateTable is called
	Due      time.Time // when the new capacity is in force
}

// A Scaler tracks one direction of one table or index. It is not safe for concurrent use.
type Scaler struct {
	policy      Policy
	high, low   int     // minutes in a row beyond either alarm
	lowPeak     float64 // highest consumption in those below
	busyUntil   time.Time
	lastOut     time.Time
	lastIn      time.Time
	refusedLast bool
	refused     int
}

// New returns a scaler.
func New(p Policy) (*Scaler, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return &Scaler{policy: p.withDefaults()}, nil
}

// Policy returns the policy with its defaults filled in.
func (s *Scaler) Policy() Policy { return s.policy }

// Refused returns how many lower capacities the limit on decreases has refused so far; one
// that is asked for again each minute counts once.
func (s *Scaler) Refused() int { return s.refused }

// Clamp returns a capacity within the policy's bounds: registering a scalable target brings a
// table's capacity between them at once (Application Auto Scaling API Reference,
// RegisterScalableTarget).
func (s *Scaler) Clamp(capacity float64) float64 {
	return min(max(capacity, s.policy.Min), s.policy.Max)
}

// Minute is told what one minute, which ended at end, consumed in units (a sum, as CloudWatch
// has it), and the provisioned units/s in force. Minutes come in order. It returns the change
// that the policy asks for, and false when there is none. Decreases are held against limit,
// which a table's two scalers share; nil limits none.
//
// A minute without consumption has no data point, and nothing is lowered on its account
// (Developer Guide, "Usage notes"; capacity is not lowered while consumption is zero).
func (s *Scaler) Minute(end time.Time, consumed, provisioned float64, limit *Decreases) (Change, bool) {
	if provisioned <= 0 || end.Before(s.busyUntil) {
		s.high, s.low, s.lowPeak = 0, 0, 0
		return Change{}, false
	}
	rate := consumed / 60
	high := rate > s.policy.Target*provisioned
	low := rate > 0 && rate < (s.policy.Target-InMargin)*provisioned
	s.high, s.low = next(s.high, high), next(s.low, low)
	s.lowPeak = max(s.lowPeak, rate)
	if s.low == 0 {
		s.lowPeak = 0
	}
	asked := end.Add(s.policy.AlarmDelay)
	switch {
	case s.high >= OutMinutes && !asked.Before(s.lastOut.Add(s.policy.OutCooldown)):
		return s.change(rate, provisioned, asked, nil)
	case s.low >= InMinutes && !s.policy.DisableScaleIn && !asked.Before(s.lastIn.Add(s.policy.InCooldown)):
		return s.change(s.lowPeak, provisioned, asked, limit)
	}
	return Change{}, false
}

func next(n int, holds bool) int {
	if holds {
		return n + 1
	}
	return 0
}

// change asks for the capacity at which a rate is the target. AWS does not publish which of
// the minutes counts: the last when it rises, and the highest of those looked at when it
// falls, is this model's assumption.
func (s *Scaler) change(rate, provisioned float64, asked time.Time, limit *Decreases) (Change, bool) {
	to := s.Clamp(math.Ceil(rate/s.policy.Target - 1e-9))
	lower := to < provisioned
	if to == provisioned || lower != (s.low > 0) {
		return Change{}, false
	}
	if lower && limit != nil && !limit.Take(asked) {
		if !s.refusedLast {
			s.refused++
		}
		s.refusedLast = true
		return Change{}, false
	}
	s.refusedLast = false
	c := Change{From: provisioned, To: to, Asked: asked, Due: asked.Add(s.policy.UpdateDelay)}
	if lower {
		s.lastIn = c.Due
	} else {
		s.lastOut = c.Due
	}
	// The alarms are set anew for the new capacity, and look only at minutes under it.
	s.high, s.low, s.lowPeak, s.busyUntil = 0, 0, 0, c.Due.Add(time.Minute)
	return c, true
}
