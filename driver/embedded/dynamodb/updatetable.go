package dynamodb

import (
	"fmt"
	"time"
)

// updateTable answers UpdateTable: the mode and the throughput of the table and its global
// indexes, the class and the protection against deletion, and an index made or removed. A new
// throughput is in force when the table is ACTIVE again.
func (c *call) updateTable() error {
	t, err := c.namedTable()
	if err != nil {
		return err
	}
	r := &c.req
	refuseFeatures(r)
	r.refuse("WarmThroughput")
	class := r.choice("TableClass", "STANDARD", "STANDARD_INFREQUENT_ACCESS")
	protected := r.flag("DeletionProtectionEnabled")
	changes := r.has("BillingMode") || r.has("ProvisionedThroughput") || r.has("OnDemandThroughput") ||
		r.has("GlobalSecondaryIndexUpdates") || r.has("StreamSpecification")
	if r.err == nil && !changes && !r.has("TableClass") && !r.has("DeletionProtectionEnabled") {
		return invalid("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, " +
			"GlobalSecondaryIndexUpdates or " +
			"SSESpecification or ReplicaUpdates is required")
	}
	filled, err := c.alter(t, class, protected)
	if err != nil {
		return err
	}
	if filled != nil {
		c.fill(t, filled)
	}
	return c.answerDescription("TableDescription", t)
}

// alter begins the change that a request asks for. It returns the index that is to be filled.
func (c *call) alter(t *table, class string, protected bool) (*index, error) {
	r := &c.req
	read, write := c.s.provisionedInAll()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status != active {
		return nil, inUse("Attempt to change a resource which is still in use: Table is being %s: %s",
			map[string]string{creating: "created", updating: "updated", deleting: "deleted"}[t.status], t.name)
	}
	next := billing(r, t.throughput, false)
	view, sent := r.streamSpecification()
	indexes := c.indexUpdates(t, next)
	if r.err == nil && r.has("ProvisionedThroughput") && next == t.throughput {
		r.fail(unchanged(next))
	}
	if r.err == nil && next != t.throughput {
		if err := c.s.withinQuotas(t.throughput, next, read, write); err != nil {
			r.fail(err)
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	if sent {
		if err := c.setStream(t, view); err != nil {
			return nil, err
		}
		t.begin(updating, c.s.later(c.now, updateFor), func(time.Duration) { t.status = active })
	}
	if r.has("TableClass") {
		t.class = class
	}
	if r.has("DeletionProtectionEnabled") {
		t.protected = protected
	}
	switch {
	case indexes.made != nil:
		c.raise(t, indexes)
		return indexes.made, nil
	case indexes.gone != nil:
		c.drop(t, indexes.gone)
	case next != t.throughput || len(indexes.next) > 0:
		t.begin(updating, c.s.later(c.now, updateFor), func(now time.Duration) {
			for ix, to := range indexes.next {
				c.s.changeIndex(ix, to, now)
			}
			c.s.change(t, next, now)
		})
	}
	return nil, nil
}

func unchanged(t throughput) error {
	return invalid("The provisioned throughput for the table will not change. The requested value equals "+
		"the current value. "+
		"Current ReadCapacityUnits provisioned for the table: %d. Requested ReadCapacityUnits: %d. "+
		"Current WriteCapacityUnits provisioned for the table: %d. Requested WriteCapacityUnits: %d. "+
		"Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher "+
		"limits.", t.read, t.read, t.write, t.write)
}

// change puts a new throughput into force. The caller holds t.mu.
func (s *Server) change(t *table, next throughput, now time.Duration) {
	if t.status = active; next == t.throughput {
		return
	}
	was, wall := t.throughput, s.options.Clock.Wall(now)
	before := len(t.owners.Load().id)
	if next.provisioned {
		t.capacity.SetProvisioned(now, float64(next.read), float64(next.write))
		if was.provisioned && (next.read < was.read || next.write < was.write) {
			if !sameDay(t.decreased, wall) {
				t.decreases = 0
			}
			t.decreased = wall
			t.decreases++
		}
		if next.read > was.read || next.write > was.write {
			t.increased = wall
		}
	} else {
		t.capacity.SetOnDemand(now, float64(next.maxRead), float64(next.maxWrite))
		if was.provisioned {
			t.lastOnDem = wall
		}
	}
	// A table keeps what it could serve before: partitions do not merge.
	t.warm = [2]float64{max(t.warm[0], float64(was.read)), max(t.warm[1], float64(was.write))}
	t.throughput = next
	s.event(t.name, "capacity", fmt.Sprintf("table %s: %s, before %s", t.name, next, was))
	if after := t.learn(); after > before {
		s.event(t.name, "split", fmt.Sprintf("table %s: from %d to %d partitions, for its "+
			"capacity", t.name, before, after))
	}
}
