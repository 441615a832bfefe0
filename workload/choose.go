package workload

import (
	"math"

	"crossover/workload/op"
)

// A hotWindow is a hot key between two operations.
type hotWindow struct {
	item, from, to uint64 // operations [from, to)
	share          float64
	varies         bool
	key            HotKey
}

// hotWindow turns a hot key's times into operations of the planned schedule.
func (s *stream) hotWindow(h HotKey) hotWindow {
	w := hotWindow{item: h.Key, share: h.Share, from: s.plan.IndexAt(h.From), to: math.MaxUint64, varies: h.varies(), key: h}
	if h.To > 0 {
		w.to = s.plan.IndexAt(h.To)
	}
	return w
}

// item chooses the item that operation i asks for.
func (s *stream) item(i uint64) uint64 {
	s.source.Seed(s.salt^saltOp, i)
	return s.pick(i)
}

// pick draws an item for operation i from where the source stands.
func (s *stream) pick(i uint64) uint64 {
	if len(s.hot) > 0 {
		if item, ok := s.hotItem(i); ok {
			return item
		}
	}
	if s.sc.Workload.sliding() {
		return s.fromWindow(i)
	}
	k, n := &s.sc.Workload.Keys, s.sc.Dataset.Items
	draw := i
	switch {
	case k.Trace != nil:
		return k.Trace.rows.item[k.Trace.row(i)]
	case k.Latest != nil:
		n += s.inserts(i)
	case k.MovingHotspot != nil:
		at, _ := s.plan.Planned(i)
		draw = uint64(at / k.MovingHotspot.Every)
	}
	x := s.dist.Pick(&s.source, draw, n)
	if s.scramble != nil {
		x = s.scramble.Of(x)
	}
	return x
}

// hotItem draws whether operation i goes to a hot key, and to which.
func (s *stream) hotItem(i uint64) (item uint64, ok bool) {
	u := float64(s.source.Uint64()>>11) * 0x1p-53
	for j := range s.hot {
		h := &s.hot[j]
		if i < h.from || i >= h.to {
			continue
		}
		share := h.share
		if h.varies {
			at, _ := s.plan.Planned(i)
			share = h.key.shareAt(at)
		}
		if u < share {
			return h.item, true
		}
		u -= share
	}
	return 0, false
}

// inserts returns the number of inserts in the decks dealt out before operation i's.
func (s *stream) inserts(i uint64) uint64 {
	if s.mixes != nil {
		return s.mixed(i).before(i)
	}
	return i / s.deck * s.counts[op.Insert]
}

// mixed returns how operation i's phase deals.
func (s *stream) mixed(i uint64) *mix { return &s.mixes[s.plan.PhaseOf(i)] }
