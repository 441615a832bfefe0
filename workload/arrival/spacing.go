package arrival

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"time"
)

// A Process is how operations are spaced.
type Process string

// The processes. Poisson is drawn in blocks of 1,024 operations whose exponential spacings
// are normalised to the block's planned span: Poisson within a block, exact over the run. Bursty
// and SelfSimilar are Poisson processes whose rate is the phase's, moved in time: each phase has
// exactly the operations that its rate says.
const (
	Constant    Process = "constant"
	Poisson     Process = "poisson"
	Bursty      Process = "bursty"
	SelfSimilar Process = "self_similar"
	Trace       Process = "trace"
)

// A Spacing is a process with its parameters.
type Spacing struct {
	Process Process

	// Bursty: bursts of length On, from the phase's start on, with pauses of length Off between
	// them. In a pause the rate is OffRate (0 to 1) times that of a burst.
	On, Off time.Duration
	OffRate float64

	// SelfSimilar: Hurst's parameter, above 0.5 and below 1, and the shortest time over which
	// the rate still varies.
	Hurst  float64
	Finest time.Duration

	// Trace: when each operation is due; phases need no rate.
	Times Times
}

// Times are the times of a trace, in order.
type Times interface {
	Len() uint64
	At(i uint64) time.Duration
}

// Limits of a spacing.
const (
	MinBurst  = time.Millisecond // of On and Off, and of Finest
	maxLevels = 40               // of the cascade: a trillionth of a phase
)

func (s Spacing) validate() error {
	switch s.Process {
	case Constant, Poisson:
	case Bursty:
		if s.On < MinBurst || s.Off < MinBurst || s.On > time.Hour*24 || s.Off > time.Hour*24 {
			return fmt.Errorf("bursts of %v with pauses of %v, expected %v to a day", s.On, s.Off, MinBurst)
		}
		if !(s.OffRate >= 0 && s.OffRate <= 1) {
			return fmt.Errorf("a rate between bursts of %v of that in them, expected 0 to 1", s.OffRate)
		}
	case SelfSimilar:
		if !(s.Hurst > 0.5 && s.Hurst < 1) {
			return fmt.Errorf("a Hurst parameter of %v, expected above 0.5 and below 1", s.Hurst)
		}
		if s.Finest < MinBurst {
			return fmt.Errorf("a finest time of %v, expected %v or more", s.Finest, MinBurst)
		}
	case Trace:
		if s.Times == nil {
			return errors.New("no trace to take the times from")
		}
	default:
		return fmt.Errorf("arrival process %q, expected constant, poisson, bursty, self_similar or trace", s.Process)
	}
	return nil
}

// random reports whether chance scatters the operations.
func (s Spacing) random() bool { return s.Process != Constant && s.Process != Trace }

// modulates reports whether operations are moved in time from where the rate has them.
func (s Spacing) modulates() bool { return s.Process == Bursty || s.Process == SelfSimilar }

// before returns how many operations of a trace are due before t.
func (s Spacing) before(t time.Duration) uint64 {
	n := s.Times.Len()
	if n > math.MaxInt {
		n = math.MaxInt
	}
	return uint64(sort.Search(int(n), func(i int) bool { return s.Times.At(uint64(i)) >= t }))
}

// modulated moves a time of a phase, in seconds, from where the rate alone has it. It never
// falls as its argument grows, and keeps the phase's end where it is.
func (p *Plan) modulated(phase int, at float64) float64 {
	length := p.phases[phase].For.Seconds()
	if p.spacing.Process == Bursty {
		start, on, off := p.cycle(at, length)
		// The burst has weight 1 and the pause OffRate for each second.
		weight := (at - start) / (on + off) * (on + off*p.spacing.OffRate)
		if weight < on || p.spacing.OffRate == 0 {
			return start + min(weight, on)
		}
		return min(start+on+(weight-on)/p.spacing.OffRate, length)
	}
	return length * p.cascade(phase, at/length, true)
}

// even undoes modulated.
func (p *Plan) even(phase int, at float64) float64 {
	length := p.phases[phase].For.Seconds()
	switch p.spacing.Process {
	case Bursty:
		start, on, off := p.cycle(at, length)
		weight := min(at-start, on) + max(at-start-on, 0)*p.spacing.OffRate
		return start + weight*(on+off)/(on+off*p.spacing.OffRate)
	case SelfSimilar:
		return length * p.cascade(phase, at/length, false)
	}
	return at
}

// cycle returns the start of the burst and pause in which a time lies, and the lengths of both:
// the phase's end may cut them.
func (p *Plan) cycle(at, length float64) (start, on, off float64) {
	on, off = p.spacing.On.Seconds(), p.spacing.Off.Seconds()
	start = math.Floor(at/(on+off)) * (on + off)
	if start >= length { // the very end belongs to the last cycle
		start = max(start-(on+off), 0)
	}
	on = min(on, length-start)
	return start, on, min(off, length-start-on)
}

// bias returns the share b of the b-model that has Hurst's parameter h: the model's is
// 1/2 - log2(b² + (1-b)²)/2.
func bias(h float64) float64 {
	return (1 + math.Sqrt(2*math.Exp2(1-2*h)-1)) / 2
}

// cascade is the b-model (Wang, Madhyastha, Chan, Papadimitriou and Faloutsos, "Data mining
// meets performance evaluation: fast algorithms for modeling bursty traffic", ICDE 2002): each
// half of a stretch of time gets the share b or 1-b of its operations, by chance, down to the
// finest time. It takes a share of the phase's operations to the share of its time in which they
// fall, or back.
func (p *Plan) cascade(phase int, u float64, toTime bool) float64 {
	finest := p.spacing.Finest
	b := bias(p.spacing.Hurst)
	node, seed := uint64(1), mix(p.seed^0x6361736361646500^uint64(phase)<<48)
	low, width := 0.0, 1.0
	levels := 0
	for rest := p.phases[phase].For / 2; rest >= finest && levels < maxLevels; rest /= 2 {
		left := b
		if mix(seed+node*0x9e3779b97f4a7c15)>>63 == 1 {
			left = 1 - b
		}
		// from is the half's share of what u measures, to of the other.
		from, to := left, 0.5
		if !toTime {
			from, to = 0.5, left
		}
		node *= 2
		if u < from {
			u /= from
			width *= to
		} else {
			u = (u - from) / (1 - from)
			low += width * to
			width *= 1 - to
			node++
		}
		levels++
	}
	return min(low+u*width, 1)
}

// mix is SplitMix64's finaliser (Steele, Lea and Flood, OOPSLA 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Think returns the pause after operation i of a closed loop with exponentially distributed
// think times of the given mean: a function of seed and index alone, cut at 20 times the mean.
func Think(mean time.Duration, seed, i uint64) time.Duration {
	u := float64(mix(mix(seed^0x7468696e6b)+i*0x9e3779b97f4a7c15)>>11) * 0x1p-53
	return time.Duration(min(-math.Log1p(-u), 20) * float64(mean))
}
