package workload

import (
	"errors"
	"math"

	"crossover/workload/keys"
	"crossover/workload/op"
)

// A dealt is a deck: how many cards of each kind.
type dealt struct {
	counts [op.KindCount]uint64
	size   uint64
}

// deal returns a card's kind, and its rank among the deck's cards of that kind.
func (d *dealt) deal(place uint64) (op.Kind, uint64) {
	for k, n := range d.counts {
		if place < n {
			return op.Kind(k), place
		}
		place -= n
	}
	panic("workload: a deck's cards do not sum to its size")
}

// cardsOf turns rates by operation into whole cards of a deck of at most 10,000: each deck holds
// each kind in exactly its proportion. Rates are taken to a thousandth of an operation/s.
func cardsOf(rates Operations) (counts [op.KindCount]uint64, size uint64, err error) {
	divisor := uint64(0)
	for k, r := range rates {
		n := math.Round(r * 1000)
		if math.Abs(r*1000-n) > 1e-6*max(1, n) || n > 1e15 {
			return counts, 0, errors.New("a rate finer than a thousandth of an operation/s")
		}
		counts[k] = uint64(n)
		divisor = gcd(divisor, counts[k])
	}
	if divisor == 0 {
		return counts, 0, errors.New("rates of nothing")
	}
	for k := range counts {
		counts[k] /= divisor
		size += counts[k]
	}
	if size > 10_000 {
		return counts, 0, errors.New("rates whose proportions are too fine")
	}
	if repeat := 1000 / size; repeat > 1 { // a deck of few cards would come in nearly the same order each time
		for k := range counts {
			counts[k] *= repeat
		}
		size *= repeat
	}
	return counts, size, nil
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// A mix is how a phase with a deck of its own deals its operations. Its last operations, too few
// for a deck, are dealt from a smaller one with the same proportions, as nearly as they go, so
// that the number of inserts in a phase is known without dealing them.
type mix struct {
	first, length uint64 // the phase's operations
	deck, tail    dealt
	inserts       uint64 // before the phase
	deletes       uint64 // before the phase
	phase         uint64

	// The deck last dealt from, as in stream.
	shuffled uint64 // its number, plus one; 0 when none is
	cards    keys.Scramble
}

// mixes returns the phases' decks; nil when no phase has rates by operation.
func mixesOf(sc *Scenario, firstOf func(phase int) uint64) []mix {
	any := false
	for _, p := range sc.Workload.Phases {
		any = any || p.Rate.Shape != nil && p.Rate.Shape.ByOperation != nil
	}
	if !any {
		return nil
	}
	var out []mix
	inserts, deletes := uint64(0), uint64(0)
	for k, p := range sc.Workload.Phases {
		m := mix{first: firstOf(k), length: firstOf(k+1) - firstOf(k), inserts: inserts, deletes: deletes, phase: uint64(k)}
		var err error
		if s := p.Rate.Shape; s != nil && s.ByOperation != nil {
			m.deck.counts, m.deck.size, err = cardsOf(*s.ByOperation)
		} else {
			m.deck.counts, m.deck.size, err = deckOf(sc.Workload.Operations)
		}
		must(err)
		m.tail = m.deck.smaller(m.length % m.deck.size)
		inserts += m.length/m.deck.size*m.deck.counts[op.Insert] + m.tail.counts[op.Insert]
		deletes += m.length/m.deck.size*m.deck.counts[op.Delete] + m.tail.counts[op.Delete]
		out = append(out, m)
	}
	return out
}

// smaller returns a deck of fewer cards with the same proportions, by largest remainders.
func (d *dealt) smaller(size uint64) dealt {
	out := dealt{size: size}
	var rest [op.KindCount]uint64
	left := size
	for k, n := range d.counts {
		out.counts[k], rest[k] = n*size/d.size, n*size%d.size
		left -= out.counts[k]
	}
	for ; left > 0; left-- {
		best := 0
		for k := range rest {
			if rest[k] > rest[best] {
				best = k
			}
		}
		out.counts[best]++
		rest[best] = 0
	}
	return out
}

// deal returns operation i's kind, and its rank among its deck's cards of that kind.
func (m *mix) deal(salt, i uint64) (kind op.Kind, rank uint64) {
	j := i - m.first
	n := j / m.deck.size
	deck := &m.deck
	if n == m.length/m.deck.size {
		deck = &m.tail
	}
	if m.shuffled != n+1 {
		m.shuffled, m.cards = n+1, keys.NewScramble(salt^saltKind^keys.Mix(m.phase+1)^n, deck.size)
	}
	return deck.deal(m.cards.Of(j % m.deck.size))
}

// before returns the number of inserts in all decks before operation i's.
func (m *mix) before(i uint64) uint64 {
	return m.inserts + (i-m.first)/m.deck.size*m.deck.counts[op.Insert]
}

// phaseOperations checks rates by operation.
func (c check) phaseOperations(w *Workload, i int, p Phase) {
	s := p.Rate.Shape
	if s == nil || s.ByOperation == nil {
		return
	}
	if w.tracedOperations() != nil {
		c.fail("rates by operation", "one rate: the trace says which operations", "workload", "phases", i, "rate")
		return
	}
	for k, rate := range s.ByOperation {
		if rate > 0 && w.Operations[k] == 0 && c.sound("workload.operations") {
			name := op.Kind(k).String()
			c.fail("a rate of an operation without a share", "only operations that workload.operations gives a share", "workload", "phases", i, "rate", name)
		}
	}
}
