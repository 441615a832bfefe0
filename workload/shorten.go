package workload

import (
	"fmt"
	"time"
)

// Shorten scales the phases, and the hot keys' times with them, to a length in all, and lowers
// the number of items to what is asked for, where it is higher; 0 leaves either as it is. The
// stream's digest changes with them.
func (sc *Scenario) Shorten(length time.Duration, items uint64) error {
	if length > 0 || items > 0 {
		a := sc.adapted()
		a.For, a.Items = length, items
	}
	if items > 0 && items < sc.Dataset.Items {
		for i, h := range sc.Workload.Hot {
			if h.Key >= items {
				return fmt.Errorf("%d items: hot key %d of workload.hot[%d] is beyond them", items, h.Key, i)
			}
		}
		if found, expected, key := sc.Workload.Keys.fits(items); found != "" {
			return fmt.Errorf("%d items: workload.keys.%s: found %s, expected %s", items, key, found, expected)
		}
		sc.Dataset.Items = items
	}
	if length == 0 {
		return sc.shrinks()
	}
	total := time.Duration(0)
	for _, p := range sc.Workload.Phases {
		total += p.For
	}
	if total == 0 {
		return fmt.Errorf("phases bounded by operations, not by time: they have no length to change")
	}
	if length > MaxDuration {
		return fmt.Errorf("%v: a run lasts 366 days at most", length)
	}
	factor := float64(length) / float64(total)
	scale := func(d *time.Duration) { *d = time.Duration(float64(*d) * factor).Round(time.Millisecond) }
	for i := range sc.Workload.Phases {
		scale(&sc.Workload.Phases[i].For)
		if s := sc.Workload.Phases[i].Rate.Shape; s != nil && s.Spike != nil {
			scale(&s.Spike.At)
			scale(&s.Spike.For)
		}
		if sc.Workload.Phases[i].For == 0 && sc.Workload.Phases[i].Ops == 0 {
			return fmt.Errorf("%v in all leaves phase %q less than a millisecond", length, sc.Workload.Phases[i].Name)
		}
	}
	for i := range sc.Workload.Hot {
		h := &sc.Workload.Hot[i]
		ends := h.To > 0
		scale(&h.From)
		scale(&h.To)
		if h.Flash != nil {
			scale(&h.Flash.Rise)
			scale(&h.Flash.HalfLife)
			h.Flash.HalfLife = max(h.Flash.HalfLife, time.Millisecond)
		}
		if ends {
			h.To = max(h.To, h.From+time.Millisecond) // 0 would mean that it never ends
		}
	}
	for i := range sc.Events {
		e := &sc.Events[i]
		lasts := e.For > 0
		scale(&e.At)
		scale(&e.For)
		if lasts {
			e.For = max(e.For, time.Millisecond) // 0 would mean that it is never undone
		}
	}
	if m := sc.Workload.Keys.MovingHotspot; m != nil {
		scale(&m.Every)
		m.Every = max(m.Every, time.Millisecond)
	}
	if sc.Workload.Arrival.Open == nil {
		return sc.shrinks()
	}
	if NewPlan(sc).Len() == 0 {
		return fmt.Errorf("%v in all leaves no operation at the scenario's rates", length)
	}
	sc.settleRates()
	return sc.shrinks()
}
