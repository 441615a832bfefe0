// Package arrival plans when operations are due: phases with constant rates, ramps or other
// shapes; evenly spaced, Poisson, in bursts, self-similar, or at the times of a trace. A plan is
// fixed before the run and reads no clock.
package arrival

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"time"
)

// blockLen is the number of operations whose spacings are drawn together.
const blockLen = 1024

// MaxRate bounds a rate in operations/s.
const MaxRate = 1e9

// A Phase offers operations for a time, at a rate in operations/s that goes from From to To
// linearly, or as Shape says; or, in a closed loop, Ops operations, with no rate.
type Phase struct {
	For      time.Duration
	Ops      uint64
	From, To float64
	// Shape replaces From and To: stretches whose lengths sum to For.
	Shape []Segment
}

// A Plan is the schedule of a run. It is not safe for concurrent use: Clone it.
type Plan struct {
	phases  []Phase
	curves  []curve         // each phase's rate
	first   []uint64        // index of each phase's first operation, and the total
	starts  []time.Duration // each phase's start, and the end
	spacing Spacing
	seed    uint64

	cached uint64 // block whose spacings are in shares, plus one; 0 when none is
	phase  int    // and its phase
	shares [blockLen + 1]float64
	source rand.PCG
}

// New plans phases with a process that needs no parameters; see Make.
func New(phases []Phase, process Process, seed uint64) (*Plan, error) {
	return Make(phases, Spacing{Process: process}, seed)
}

// Make plans phases. A phase without a rate and without Ops has an unbounded, closed loop: its
// operations have no planned times, and it must then be the plan's only kind.
func Make(phases []Phase, spacing Spacing, seed uint64) (*Plan, error) {
	p := &Plan{phases: phases, spacing: spacing, seed: seed, first: []uint64{0}, starts: []time.Duration{0}}
	if len(phases) == 0 {
		return nil, errors.New("no phases")
	}
	if err := spacing.validate(); err != nil {
		return nil, err
	}
	for i, ph := range phases {
		if ph.For < 0 || ph.For == 0 && ph.Ops == 0 {
			return nil, fmt.Errorf("phase %d: a length of %v and no number of operations", i+1, ph.For)
		}
		c, err := newCurve(ph)
		if err != nil {
			return nil, fmt.Errorf("phase %d: %w", i+1, err)
		}
		p.curves = append(p.curves, c)
		p.starts = append(p.starts, p.starts[i]+ph.For)
		p.first = append(p.first, p.first[i]+p.count(i))
	}
	return p, nil
}

// count returns how many operations a phase plans.
func (p *Plan) count(k int) uint64 {
	switch {
	case p.phases[k].Ops > 0:
		return p.phases[k].Ops
	case p.spacing.Process == Trace:
		return p.spacing.before(p.starts[k+1]) - p.spacing.before(p.starts[k])
	}
	return p.curves[k].count()
}

// Clone returns a plan for another goroutine.
func (p *Plan) Clone() *Plan {
	return &Plan{phases: p.phases, curves: p.curves, first: p.first, starts: p.starts, spacing: p.spacing, seed: p.seed}
}

// Len returns how many operations are planned; 0 means that time alone bounds the run.
func (p *Plan) Len() uint64 { return p.first[len(p.phases)] }

// Duration returns the planned length of the run; 0 where only operations bound it.
func (p *Plan) Duration() time.Duration { return p.starts[len(p.phases)] }

// FirstIndex returns the index of a phase's first operation; FirstIndex of the number of
// phases is Len.
func (p *Plan) FirstIndex(phase int) uint64 { return p.first[phase] }

// StartOf returns a phase's planned start; StartOf of the number of phases is Duration.
func (p *Plan) StartOf(phase int) time.Duration { return p.starts[phase] }

// PhaseOf returns the phase that operation i belongs to; past the end it is the last.
func (p *Plan) PhaseOf(i uint64) int {
	n := sort.Search(len(p.phases), func(k int) bool { return p.first[k+1] > i })
	return min(n, len(p.phases)-1)
}

// IndexAt returns the index of the first operation planned at or after t, by the planned
// rates (a Poisson schedule strays from them by less than a block).
func (p *Plan) IndexAt(t time.Duration) uint64 {
	if t <= 0 {
		return 0
	}
	k := sort.Search(len(p.phases), func(k int) bool { return p.starts[k+1] > t })
	if k == len(p.phases) {
		return p.Len()
	}
	if p.phases[k].Ops > 0 {
		return p.first[k]
	}
	if p.spacing.Process == Trace {
		return p.spacing.before(t)
	}
	s := p.even(k, (t - p.starts[k]).Seconds())
	return min(p.first[k]+uint64(math.Ceil(p.curves[k].offered(s)-1e-9)), p.first[k+1])
}

// Due returns operation i's intended start since the run's start; ok is false past the end
// and where the plan has no times (a closed loop).
func (p *Plan) Due(i uint64) (at time.Duration, ok bool) { return p.time(i, true) }

// Planned returns when the planned rates alone would have operation i sent: Due without the
// chance that scatters it.
func (p *Plan) Planned(i uint64) (at time.Duration, ok bool) { return p.time(i, false) }

func (p *Plan) time(i uint64, scattered bool) (at time.Duration, ok bool) {
	if i >= p.Len() {
		return 0, false
	}
	k := p.phase
	if i < p.first[k] || i >= p.first[k+1] {
		k = p.PhaseOf(i)
	}
	ph := p.phases[k]
	if ph.Ops > 0 {
		return 0, false
	}
	if p.spacing.Process == Trace {
		return p.spacing.Times.At(i), true
	}
	place := float64(i - p.first[k])
	if scattered && p.spacing.random() {
		place = p.scatter(k, i-p.first[k])
	}
	at = p.curves[k].timeOf(place)
	if p.spacing.modulates() {
		at = min(time.Duration(p.modulated(k, at.Seconds())*1e9), ph.For)
	}
	return p.starts[k] + at, true
}

// scatter returns the place of a phase's operation n among its operations, moved from its
// even place to that of a Poisson process within its block.
func (p *Plan) scatter(phase int, n uint64) float64 {
	b := n / blockLen
	if p.cached != b+1 || p.phase != phase {
		p.draw(phase, b)
	}
	size := min(uint64(blockLen), p.first[phase+1]-p.first[phase]-b*blockLen)
	return float64(b*blockLen) + p.shares[n%blockLen]*float64(size)
}

// draw makes the spacings of one block: size+1 exponential gaps, as shares of their sum, give
// size uniform points in order.
func (p *Plan) draw(phase int, b uint64) {
	size := min(uint64(blockLen), p.first[phase+1]-p.first[phase]-b*blockLen)
	p.source.Seed(p.seed^0x6172726976616c, uint64(phase)<<48^b)
	sum := 0.0
	for j := range size + 1 {
		u := float64(p.source.Uint64()>>11) * 0x1p-53
		sum -= math.Log(1 - u)
		p.shares[j] = sum
	}
	for j := range size {
		p.shares[j] /= sum
	}
	p.cached, p.phase = b+1, phase
}
