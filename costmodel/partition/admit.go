package partition

import "time"

// A bucket holds capacity that comes at a rate. A request is admitted while anything is left,
// and may take the bucket below zero: what an item costs is known only when it has been read.
// The debt delays what comes after, so that the rate holds in the long run.
type bucket struct {
	rate  float64 // units/s; 0 means unlimited
	limit float64 // most that it holds
	have  float64
	at    time.Duration
}

func full(rate, seconds float64, now time.Duration) bucket {
	return bucket{rate: rate, limit: rate * seconds, have: rate * seconds, at: now}
}

// empty returns a bucket that begins with one second's worth.
func empty(rate, seconds float64, now time.Duration) bucket {
	return bucket{rate: rate, limit: rate * seconds, have: rate, at: now}
}

func (b *bucket) refill(now time.Duration) {
	if now > b.at {
		b.have = min(b.limit, b.have+b.rate*(now-b.at).Seconds())
		b.at = now
	}
}

func (b *bucket) open(now time.Duration) bool {
	if b.rate == 0 {
		return true
	}
	b.refill(now)
	return b.have > 0
}

func (b *bucket) take(units float64) {
	if b.rate != 0 {
		b.have -= units
	}
}

// A growth is how much an on-demand table may serve: twice its previous peak, where a peak
// becomes previous once it has stood for the growth window.
type growth struct {
	capacity float64       // units/s that it serves now
	second   int64         // the second being counted
	units    float64       // consumed in it
	peak     float64       // highest second since the window began
	since    time.Duration // start of the window
}

// open reports whether the second has room.
func (g *growth) open(now time.Duration) bool {
	g.turn(now)
	return g.units < g.capacity
}

// turn begins a new second, and a new window when the last one has run its time.
func (g *growth) turn(now time.Duration) {
	if s := int64(now / time.Second); s != g.second {
		g.peak = max(g.peak, g.units)
		g.second, g.units = s, 0
	}
	if now-g.since >= GrowthWindow {
		g.capacity = max(g.capacity, 2*g.peak)
		g.peak, g.since = 0, now
	}
}

// Admit charges a request with its read and write units at a time, or refuses it. eventual
// says that its reads may go to any of the partition's three replicas. Adaptive capacity is
// at once: a partition may take more than its share of the table's capacity, as long as the
// table and the partition's own limit have room.
func (t *Table) Admit(now time.Duration, keyHash uint64, read, write float64, eventual bool) Decision {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.parts[t.find(keyHash)]
	if read > 0 {
		if d, ok := t.refuse(now, p, ReadSide, eventual); !ok {
			return d
		}
	}
	if write > 0 {
		if d, ok := t.refuse(now, p, WriteSide, false); !ok {
			return d
		}
	}
	t.charge(p, read, write, eventual)
	return Decision{OK: true, Partition: p.id}
}

// refuse looks at every limit of one side. The partition's comes first: a hot key is named as
// such even when the table is short as well.
func (t *Table) refuse(now time.Duration, p *part, side Direction, eventual bool) (Decision, bool) {
	limit := &p.limit[side]
	if side == ReadSide && eventual {
		limit = &p.eventual
	}
	cause := Admitted
	switch {
	case !limit.open(now):
		cause = KeyRange
	case !t.table[side].open(now) && t.config.Provisioned:
		cause = Provisioned
	case !t.table[side].open(now):
		cause = MaxOnDemand
	case !t.config.Provisioned && !t.peak[side].open(now):
		// Growth past twice the previous peak: the service says that it is scaling, by the reason
		// of the key range that has not been split yet.
		cause = KeyRange
	default:
		return Decision{}, true
	}
	d := Decision{Cause: cause, Side: side, Partition: p.id}
	p.heat.Throttles[d.Reason(false)]++
	return d, false
}

// Charge adds units that were consumed without asking: the rest of a page, whose size is
// known only when it has been read.
func (t *Table) Charge(now time.Duration, keyHash uint64, read, write float64, eventual bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.parts[t.find(keyHash)]
	for side := range p.limit {
		p.limit[side].refill(now)
		t.table[side].refill(now)
		t.peak[side].turn(now)
	}
	p.eventual.refill(now)
	t.charge(p, read, write, eventual)
}

func (t *Table) charge(p *part, read, write float64, eventual bool) {
	if eventual {
		p.eventual.take(read)
	} else {
		p.limit[ReadSide].take(read)
	}
	p.limit[WriteSide].take(write)
	t.table[ReadSide].take(read)
	t.table[WriteSide].take(write)
	t.peak[ReadSide].units += read
	t.peak[WriteSide].units += write
	p.heat.ReadUnits += read
	p.heat.WriteUnits += write
}

// Heat returns what each partition has served, in order of the hashes that they own.
func (t *Table) Heat() []Heat {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]Heat, len(t.parts))
	for i, p := range t.parts {
		out[i] = p.heat
		out[i].Throttles = make(map[string]uint64, len(p.heat.Throttles))
		for k, n := range p.heat.Throttles {
			out[i].Throttles[k] = n
		}
	}
	return out
}
