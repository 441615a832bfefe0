package workload

import (
	"errors"
	"fmt"

	"crossover/workload/op"
)

// sliding reports whether deletes take the oldest items, so that the data set is a window that
// moves on.
func (w *Workload) sliding() bool { return w.Delete.Items == "oldest" }

// deletesBefore returns the number of deletes in the decks dealt out before operation i's, and
// in its own.
func (s *stream) deletesBefore(i uint64) (before, own uint64) {
	if s.mixes == nil {
		return i / s.deck * s.counts[op.Delete], s.counts[op.Delete]
	}
	return s.mixed(i).deletesBefore(i)
}

func (m *mix) deletesBefore(i uint64) (before, own uint64) {
	n := (i - m.first) / m.deck.size
	own = m.deck.counts[op.Delete]
	if n == m.length/m.deck.size {
		own = m.tail.counts[op.Delete]
	}
	return m.deletes + n*m.deck.counts[op.Delete], own
}

// live returns the items that live while operation i's deck is dealt out, whatever the order
// within it: from the first that the deck does not delete to the last that was inserted before.
// It is a function of i alone, so that nobody has to keep count.
func (s *stream) live(i uint64) (first, count uint64) {
	before, own := s.deletesBefore(i)
	return before + own, s.sc.Dataset.Items + s.inserts(i) - (before + own)
}

// fromWindow chooses the item that operation i asks for among those that live.
func (s *stream) fromWindow(i uint64) uint64 {
	first, count := s.live(i)
	return first + s.dist.Pick(&s.source, i, count)
}

// deleted returns the item that delete i removes: delete number k removes item k, where a deck's
// own deletes are numbered in no order of time.
func (s *stream) deleted(i, rank uint64) uint64 {
	before, _ := s.deletesBefore(i)
	return before + rank
}

// deletes checks that deletes of the oldest items leave something to ask for.
func (c check) deletes(sc *Scenario) {
	w := &sc.Workload
	if !w.sliding() || !c.sound("workload.delete") || !c.sound("workload.keys") || !c.sound("dataset.items") {
		return
	}
	fail := func(found, expected string) { c.fail(found, expected, "workload", "delete", "items") }
	switch {
	case w.Operations[op.Delete] == 0:
		fail(`"oldest" without a share of delete`, "a share of delete")
	case w.Keys.Uniform == nil && w.Keys.Latest == nil:
		fail(`"oldest" with keys that are not of the items that live`, "keys uniform or latest")
	case w.deletesOtherwise():
		fail(`"oldest" with other operations that delete`, "deletes by the operation delete alone: others would delete items that are still asked for")
	case len(w.Hot) > 0:
		fail(`"oldest" with hot keys`, "no hot keys: they would be deleted")
	case len(c.d.errs) == 0: // what follows needs a plan
		if err := sc.shrinks(); err != nil {
			fail(err.Error(), "more items, more inserts or fewer deletes")
		}
	}
}

// shrinks returns an error when deletes of the oldest items leave none at some time.
func (sc *Scenario) shrinks() error {
	if !sc.Workload.sliding() {
		return nil
	}
	s := NewStream(sc).(*stream)
	n := s.Len()
	if n == 0 && s.counts[op.Delete] > s.counts[op.Insert] {
		return errors.New("more deletes than inserts in a run without a planned number of operations")
	}
	// Between these the window grows or shrinks evenly.
	at := []uint64{0, max(n, 1) - 1}
	for k := range s.mixes {
		if m := &s.mixes[k]; m.length > 0 {
			at = append(at, m.first, m.first+m.length-1)
		}
	}
	for _, i := range at {
		before, own := s.deletesBefore(i)
		if there := sc.Dataset.Items + s.inserts(i); there <= before+own {
			return fmt.Errorf("deletes that leave nothing by operation %d: %d items there until then, %d deleted", i, there, before+own)
		}
	}
	return nil
}
