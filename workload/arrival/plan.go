// Package arrival plans when operations are due: phases with constant rates or linear ramps,
// evenly spaced or Poisson. A plan is fixed before the run and reads no clock.
package arrival

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"time"
)

// A Process is how operations are spaced.
type Process string

// The processes. Poisson is drawn in blocks of 1,024 operations whose exponential spacings
// are normalised to the block's planned span: Poisson within a block, exact over the run.
const (
	Constant Process = "constant"
	Poisson  Process = "poisson"
)

// blockLen is the number of operations whose spacings are drawn together.
const blockLen = 1024

// MaxRate bounds a rate in operations/s.
const MaxRate = 1e9

// A Phase offers operations for a time, at a rate in operations/s that goes from From to To
// linearly; or, in a closed loop, Ops operations, with no rate.
type Phase struct {
	For      time.Duration
	Ops      uint64
	From, To float64
}

// count returns how many operations the phase plans.
func (p Phase) count() uint64 {
	if p.Ops > 0 {
		return p.Ops
	}
	return uint64(math.Round((p.From + p.To) / 2 * p.For.Seconds()))
}

// A Plan is the schedule of a run. It is not safe for concurrent use: Clone it.
type Plan struct {
	phases  []Phase
	first   []uint64        // index of each phase's first operation, and the total
	starts  []time.Duration // each phase's start, and the end
	process Process
	seed    uint64

	cached uint64 // block whose spacings are in shares, plus one; 0 when none is
	phase  int    // and its phase
	shares [blockLen + 1]float64
	source rand.PCG
}

// New plans phases. A phase without a rate and without Ops has an unbounded, closed loop: its
// operations have no planned times, and it must then be the plan's only kind.
func New(phases []Phase, process Process, seed uint64) (*Plan, error) {
	p := &Plan{phases: phases, process: process, seed: seed, first: []uint64{0}, starts: []time.Duration{0}}
	if len(phases) == 0 {
		return nil, errors.New("no phases")
	}
	if process != Constant && process != Poisson {
		return nil, fmt.Errorf("arrival process %q, expected constant or poisson", process)
	}
	for i, ph := range phases {
		for _, r := range []float64{ph.From, ph.To} {
			if !(r >= 0 && r <= MaxRate) {
				return nil, fmt.Errorf("phase %d: rate %v/s, expected 0 to %g", i+1, r, MaxRate)
			}
		}
		if ph.For < 0 || ph.For == 0 && ph.Ops == 0 {
			return nil, fmt.Errorf("phase %d: a length of %v and no number of operations", i+1, ph.For)
		}
		p.first = append(p.first, p.first[i]+ph.count())
		p.starts = append(p.starts, p.starts[i]+ph.For)
	}
	return p, nil
}

// Clone returns a plan for another goroutine.
func (p *Plan) Clone() *Plan {
	return &Plan{phases: p.phases, first: p.first, starts: p.starts, process: p.process, seed: p.seed}
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
	ph := p.phases[k]
	if ph.Ops > 0 {
		return p.first[k]
	}
	s, length := (t - p.starts[k]).Seconds(), ph.For.Seconds()
	done := ph.From*s + (ph.To-ph.From)*s*s/(2*length)
	return min(p.first[k]+uint64(math.Ceil(done-1e-9)), p.first[k+1])
}

// Due returns operation i's intended start since the run's start; ok is false past the end
// and where the plan has no times (a closed loop).
func (p *Plan) Due(i uint64) (at time.Duration, ok bool) {
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
	place := float64(i - p.first[k])
	if p.process == Poisson {
		place = p.scatter(k, i-p.first[k])
	}
	return p.starts[k] + ph.timeOf(place), true
}

// timeOf returns when a phase has offered n operations: the inverse of its cumulative rate.
func (ph Phase) timeOf(n float64) time.Duration {
	if n <= 0 {
		return 0 // a ramp from nothing would divide nothing by nothing
	}
	slope := (ph.To - ph.From) / ph.For.Seconds()
	var s float64
	if slope == 0 {
		s = n / ph.From
	} else {
		// n = From·s + slope·s²/2, solved in the form that stays exact for small slopes.
		s = 2 * n / (ph.From + math.Sqrt(max(ph.From*ph.From+2*slope*n, 0)))
	}
	return min(time.Duration(s*1e9), ph.For)
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
