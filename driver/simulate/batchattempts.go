package simulate

import (
	"math"
	"time"

	"crossover/costmodel/partition"
	"crossover/workload/op"
)

// A refusal are operations of a cohort that were throttled.
type refusal struct {
	cohort
	reason string
}

// owed are operations that fell due in a tick and are not sent.
type owed struct{ tick, n int }

// retry lines up the retries that a tick owes.
func (b *batches) retry(at int) {
	slot := at % len(b.wheel)
	for _, c := range b.wheel[slot] {
		b.flying -= c.n
		b.lineUp(c)
	}
	b.wheel[slot] = b.wheel[slot][:0]
}

// lineUp lines up a cohort for an attempt in this tick.
func (b *batches) lineUp(c cohort) {
	if len(c.group.work) == 0 {
		b.touched = append(b.touched, c.group)
	}
	c.group.work = append(c.group.work, c)
}

// attempt makes the attempts of a tick. Within a group retries and first attempts have the same
// chance, and the groups take turns by chance: in a tick nobody comes first.
func (b *batches) attempt(at int) {
	b.rng.Shuffle(len(b.touched), func(i, j int) { b.touched[i], b.touched[j] = b.touched[j], b.touched[i] })
	for _, g := range b.touched {
		total := 0
		for _, c := range g.work {
			total += c.n
		}
		r := g.request
		if !g.hot {
			r.Key = b.keyOf(g)
		}
		room, x := b.d.table.AdmitMany(b.clock, r, total)
		t := b.record.cell(g.phase, g.kind)
		for _, c := range g.work {
			n := c.n
			if room < total {
				n = min(b.binomial(c.n, float64(room)/float64(total)), room)
				n = max(n, room-(total-c.n))
			}
			room -= n
			total -= c.n
			c.attempts++
			if n > 0 {
				b.served(at, c, n, x, &r, t)
			}
			if c.n -= n; c.n > 0 {
				reason := b.d.refuse(b.clock, x, uint64(c.n))
				b.refusal = append(b.refusal, refusal{c, reason})
			}
		}
		g.work = g.work[:0]
	}
	b.touched = b.touched[:0]
}

// keyOf returns the key of one of a group's operations: any of the sample's while popularity
// stands still; else the one whose turn it is, so that what follows an order still does.
func (b *batches) keyOf(g *group) partition.Key {
	if b.still {
		return g.keys[b.rng.IntN(len(g.keys))]
	}
	gone := float64(b.clock-b.began) / float64(max(b.until-b.began, b.tick))
	return g.keys[min(int(gone*float64(len(g.keys))), len(g.keys)-1)]
}

// served counts operations that were admitted.
func (b *batches) served(at int, c cohort, n int, x partition.Decision, r *partition.Request, t *tally) {
	g := c.group
	read, write := float64(n)*r.Read, float64(n)*r.Write
	b.d.consume(read, write)
	b.d.served(x, r, uint64(n))
	t.readUnits += read
	t.writeUnits += write
	t.bytesIn += uint64(n) * g.template.in
	t.bytesOut += uint64(n) * g.template.out
	b.record.done += uint64(n)
	missing := uint64(math.Round(g.missing * float64(n)))
	if c.attempts == 1 {
		b.earned += float64(n)
	} else {
		b.earned += float64(throttleCost * n)
	}
	if c.attempts == 1 && c.due == at {
		e := b.ended[endKey{g}]
		if e == nil {
			e = &endTally{}
			b.ended[endKey{g}] = e
		}
		e.n += uint64(n)
		e.missing += missing
		return
	}
	took := b.d.time(&g.template, false)
	waited := time.Duration(at-c.sent)*b.tick + took
	for i, k := range [2]uint64{uint64(n) - missing, missing} {
		class := [2]op.Class{op.OK, op.NotFound}[i]
		t.end(class, time.Duration(at-c.due)*b.tick+took, waited, k)
		t.tried(class, "", took, k)
	}
}

// payRetries sends the tick's operations that were throttled to their retries, as far as they
// have attempts left and the quota pays for them; none has a better claim on it than others.
func (b *batches) payRetries(at int) {
	b.d.tokens += b.earned
	b.earned = 0
	wanted := 0
	for i := range b.refusal {
		if b.refusal[i].attempts < b.d.Retries.Attempts {
			wanted += b.refusal[i].n
		}
	}
	paid := 1.0
	if b.d.Retries.Quota && wanted > 0 {
		paid = min(1, max(0, b.d.tokens)/float64(wanted*throttleCost))
	}
	for i := range b.refusal {
		c := &b.refusal[i]
		t := b.record.cell(c.group.phase, c.group.kind)
		took := b.d.time(&c.group.template, true)
		t.tried(op.Throttled, c.reason, took, uint64(c.n))
		again := 0
		if c.attempts < b.d.Retries.Attempts {
			again = c.n
			if paid < 1 {
				again = b.binomial(c.n, paid)
			}
		}
		if b.d.Retries.Quota {
			b.d.tokens -= float64(again * throttleCost)
		}
		if gone := c.n - again; gone > 0 {
			t.end(op.Throttled, 0, time.Duration(at-c.sent)*b.tick+took, uint64(gone))
			b.record.done += uint64(gone)
			b.record.firstError(b.clock, c.group.kind, op.Throttled, c.reason)
		}
		b.later(at, c.cohort, again)
	}
	b.refusal = b.refusal[:0]
	b.d.tokens = min(quotaTokens, b.d.tokens)
}

// later spreads retries evenly over the ticks in which they may come.
func (b *batches) later(at int, c cohort, n int) {
	ticks := max(1, int(b.d.longest(c.attempts)/b.tick))
	ticks = min(ticks, len(b.wheel)-1)
	b.flying += n
	put := func(after, k int) {
		slot := (at + after) % len(b.wheel)
		again := c
		again.n = k
		b.wheel[slot] = append(b.wheel[slot], again)
	}
	if n < 4*ticks {
		for range n {
			put(1+b.rng.IntN(ticks), 1)
		}
		return
	}
	for i := range ticks {
		if k := n/ticks + boolean(i < n%ticks); k > 0 {
			put(1+i, k)
		}
	}
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}
