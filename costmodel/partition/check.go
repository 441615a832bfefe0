package partition

import "time"

// Check says what Admit would, and charges nothing. Who asks several tables or indexes for one
// request checks all of them before the first is charged: a global secondary index without
// capacity holds back the writes of its table (Developer Guide, "Diagnosing throttling issues").
// Between the two another request may take the same units; the debt that this makes is paid back
// by those that follow, as every debt is.
func (t *Table) Check(now time.Duration, keyHash uint64, read, write float64, eventual bool) Decision {
	return t.CheckKey(now, Request{Key: Key{Hash: keyHash}, Read: read, Write: write, Eventual: eventual})
}

// CheckKey is Check of a request.
func (t *Table) CheckKey(now time.Duration, r Request) Decision {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.owner(now, r.Key)
	n, d := t.room(now, p, &r, 1)
	if n == 0 {
		p.heat.Throttles[d.Reason(t.config.IsIndex)]++
		t.note(now, p, &r, 1)
	}
	return d
}
