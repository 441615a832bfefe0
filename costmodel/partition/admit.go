package partition

import (
	"math"
	"time"
)

// A Request is what one operation asks of one table or index.
type Request struct {
	Key         Key
	Read, Write float64 // units
	// Eventual says that its reads may go to any of the partition's three replicas.
	Eventual bool
}

// weight returns what reads take of the partition's read limit: an eventually consistent one
// less, so that EventualRead of them fill it as MaxRead of the others do.
func (t *Table) weight(r *Request) float64 {
	if r.Eventual {
		return r.Read * MaxRead / t.config.EventualRead
	}
	return r.Read
}

// Admit charges a request with its read and write units at a time, or refuses it: see
// AdmitKey.
func (t *Table) Admit(now time.Duration, keyHash uint64, read, write float64, eventual bool) Decision {
	return t.AdmitKey(now, Request{Key: Key{Hash: keyHash}, Read: read, Write: write, Eventual: eventual})
}

// AdmitKey charges a request at a time, or refuses it. Adaptive capacity is at once: a
// partition may take more than its share of the table's capacity, as long as the table and the
// partition's own limit have room (Developer Guide, "Burst and adaptive capacity").
func (t *Table) AdmitKey(now time.Duration, r Request) Decision {
	n, d := t.AdmitMany(now, r, 1)
	d.OK = n == 1
	return d
}

// AdmitMany charges up to n equal requests, as if they came one after another at one instant,
// and returns how many were admitted. The decision says why the others were not.
func (t *Table) AdmitMany(now time.Duration, r Request, n int) (admitted int, d Decision) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.owner(now, r.Key)
	admitted, d = t.room(now, p, &r, n)
	if refused := n - admitted; refused > 0 {
		p.heat.Throttles[d.Reason(t.config.IsIndex)] += uint64(refused)
	}
	t.note(now, p, &r, n)
	if admitted > 0 {
		t.charge(now, p, &r, float64(admitted))
	}
	return admitted, d
}

// owner returns the partition of a key, once it has been split if that was due.
func (t *Table) owner(now time.Duration, k Key) *part {
	i := t.find(k)
	if t.turn(now, i) {
		i = t.find(k)
	}
	return t.parts[i]
}

// room returns how many of n requests every limit admits, and which refuses the next.
func (t *Table) room(now time.Duration, p *part, r *Request, n int) (int, Decision) {
	d := Decision{OK: true, Partition: p.id}
	most := float64(n)
	for side, units := range [2]float64{r.Read, r.Write} {
		if units <= 0 {
			continue
		}
		if have, cause := t.limits(now, p, r, Direction(side), units); have < most {
			most, d.OK, d.Cause, d.Side = have, false, cause, Direction(side)
		}
	}
	return int(most), d
}

// limits returns how many requests one side admits, and the cause of refusing the next. The
// partition's own limit comes first: a hot key is named as such even when the table is short
// as well.
func (t *Table) limits(now time.Duration, p *part, r *Request, side Direction, units float64) (float64, Cause) {
	weight := units
	if side == ReadSide {
		weight = t.weight(r)
	}
	most, cause := p.limit[side].room(now, weight), KeyRange
	bound := func(room float64, c Cause) {
		if room < most {
			most, cause = room, c
		}
	}
	table := &t.table[side]
	if t.config.Provisioned {
		// What the table has in this second, and beyond it what the partition saved of its share:
		// what is left of that once the table has paid for as much as it can.
		paid := table.room(now, units)
		p.burst[side].refill(now)
		saved := p.burst[side]
		saved.spend(paid * units)
		bound(paid+saved.holds(units), Provisioned)
		return most, cause
	}
	bound(table.room(now, units), MaxOnDemand)
	if q := t.config.Quota; q != nil {
		bound(q.room(now, side, units), Account)
	}
	return most, cause
}

// charge takes n requests' units from every limit.
func (t *Table) charge(now time.Duration, p *part, r *Request, n float64) {
	p.limit[ReadSide].take(n * t.weight(r))
	p.limit[WriteSide].take(n * r.Write)
	higher := false
	for side, each := range [2]float64{r.Read, r.Write} {
		units := n * each
		if t.config.Provisioned {
			t.spend(p, side, each, n)
		} else {
			t.table[side].take(units)
			higher = t.growth[side].add(now, units) || higher
		}
	}
	if q := t.config.Quota; q != nil && !t.config.Provisioned {
		q.take(now, n*r.Read, n*r.Write)
	}
	p.heat.ReadUnits += n * r.Read
	p.heat.WriteUnits += n * r.Write
	if higher {
		// A new high-water mark: the table makes ready for twice as much.
		t.raise()
		t.grow(now, ForGrowth)
	}
}

// spend takes provisioned capacity: first the table's, then what the partition saved. What the
// table pays for uses up the partition's own share all the same.
func (t *Table) spend(p *part, side int, each, n float64) {
	if each <= 0 {
		return
	}
	table, burst := &t.table[side], &p.burst[side]
	paid := min(n, table.holds(each))
	if burst.holds(each) == 0 {
		paid = n // of a request whose size was known only afterwards, the table bears the rest
	}
	table.take(paid * each)
	burst.spend(paid * each)
	burst.take((n - paid) * each)
}

// Charge adds units that were consumed without asking: the rest of a page, whose size is
// known only when it has been read.
func (t *Table) Charge(now time.Duration, keyHash uint64, read, write float64, eventual bool) {
	t.ChargeKey(now, Request{Key: Key{Hash: keyHash}, Read: read, Write: write, Eventual: eventual})
}

// ChargeKey is Charge of a request.
func (t *Table) ChargeKey(now time.Duration, r Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.owner(now, r.Key)
	for side := range p.limit {
		p.limit[side].refill(now)
		p.burst[side].refill(now)
		t.table[side].refill(now)
	}
	t.note(now, p, &r, 1)
	t.charge(now, p, &r, 1)
}

// Share returns the share of a partition's limits that a request's units are, by the larger
// side: 1 is all that one partition serves in a second.
func (t *Table) Share(r Request) float64 {
	return math.Max(t.weight(&r)/MaxRead, r.Write/MaxWrite)
}
