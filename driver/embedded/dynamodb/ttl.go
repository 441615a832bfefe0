package dynamodb

import (
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/btree"

	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/store"
)

// DefaultTTLWithin is within how long an expired item is deleted, by assumption: AWS says only
// "within a few days" (Developer Guide, "Using time to live (TTL) in DynamoDB"), which no test
// waits for.
const DefaultTTLWithin = 10 * time.Minute

// ttlTooOld is how long ago an item may have expired to be deleted at all (Developer Guide, "Using
// time to live (TTL) in DynamoDB": no more than five years).
const ttlTooOld = 5 * 365 * 24 * time.Hour

// expiriesAtOnce bounds how many items one request about items deletes before it is served.
const expiriesAtOnce = 64

// An expiry is when an item is to be deleted, on the server's clock.
type expiry struct {
	due time.Duration
	key store.Key
}

// A ttl is a table's time to live. It keeps the items that will expire in the order in which
// they are to be deleted: each within the delay, spread over it by the item's key.
type ttl struct {
	attribute string

	mu   sync.Mutex
	tree *btree.BTreeG[expiry]
}

func newTTL(name string) *ttl {
	less := func(a, b expiry) bool {
		switch {
		case a.due != b.due:
			return a.due < b.due
		case a.key.Hash != b.key.Hash:
			return a.key.Hash < b.key.Hash
		}
		return a.key.Text < b.key.Text
	}
	return &ttl{attribute: name, tree: btree.NewBTreeGOptions(less, btree.Options{NoLocks: true})}
}

// due returns when an item is to be deleted; ok is false for one that never is. The attribute
// must be a number: seconds since the epoch.
func (x *ttl) due(s *Server, item attribute.Stored, key store.Key) (at time.Duration, ok bool) {
	v, ok := item.Lookup(x.attribute)
	if !ok || v.Type != attribute.N {
		return 0, false
	}
	seconds, err := strconv.ParseFloat(v.Text, 64)
	if err != nil || math.Abs(seconds) > 1e10 { // milliseconds by mistake are never reached
		return 0, false
	}
	expires := time.Unix(int64(seconds), 0).Sub(s.options.Clock.Wall(0))
	share := float64(key.Hash>>11^uint64(len(key.Text))) / (1 << 53)
	return expires + time.Duration(share*float64(s.options.TTLWithin)), true
}

// change keeps an item's expiry. The caller keeps the item locked.
func (x *ttl) change(s *Server, key store.Key, old, after attribute.Stored) {
	was, had := x.due(s, old, key)
	is, has := x.due(s, after, key)
	if had == has && was == is {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if had {
		x.tree.Delete(expiry{was, key})
	}
	if has {
		key.Text = strings.Clone(key.Text) // it may lie in the store's own memory
		x.tree.Set(expiry{is, key})
		s.expires(is)
	}
}

// expires lets the server look at its tables again at a time.
func (s *Server) expires(at time.Duration) {
	for {
		next := s.nextExpiry.Load()
		if int64(at) >= next || s.nextExpiry.CompareAndSwap(next, int64(at)) {
			return
		}
	}
}

// expire deletes what is due, up to a number of items, in every table. Nothing is deleted but
// when somebody asks for something: nobody could tell the difference.
func (s *Server) expire(now time.Duration, most int) {
	if int64(now) < s.nextExpiry.Load() {
		return
	}
	s.nextExpiry.Store(never)
	s.mu.RLock()
	var all []*table
	for _, t := range s.tables {
		if a := t.aside.Load(); a != nil && a.ttl != nil {
			all = append(all, t)
		}
	}
	s.mu.RUnlock()
	for _, t := range all {
		a := t.aside.Load()
		if a == nil || a.ttl == nil {
			continue
		}
		for most > 0 {
			e, ok := a.ttl.first(now)
			if !ok {
				break
			}
			s.deleteExpired(t, a, e, now)
			most--
		}
		a.ttl.mu.Lock()
		if e, ok := a.ttl.tree.Min(); ok {
			s.expires(e.due)
		}
		a.ttl.mu.Unlock()
	}
}

// first takes the first expiry that is due.
func (x *ttl) first(now time.Duration) (expiry, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e, ok := x.tree.Min()
	if !ok || e.due > now {
		return expiry{}, false
	}
	x.tree.PopMin()
	return e, true
}

// deleteExpired deletes one item, if it still is to be: without any write units (Developer
// Guide, "Using time to live (TTL) in DynamoDB"), and with a stream record of the service's own.
func (s *Server) deleteExpired(t *table, a *aside, e expiry, now time.Duration) {
	deleted := false
	// The update never fails: what is not to be deleted is left as it is.
	_ = t.store.Update(e.key, func(old attribute.Stored) (attribute.Stored, error) {
		due, ok := a.ttl.due(s, old, e.key)
		if !ok || due > now || now-due > ttlTooOld {
			return old, nil
		}
		then := a.follow(e.key, old, nil)
		a.apply(s, now, change{at: e.key, old: old, expired: true}, &then)
		t.resize(now, e.key, -old.Size())
		deleted = true
		return nil, nil
	})
	if deleted {
		var x tally
		x.sums[expiredItems] = 1
		t.meter.add(s.options.Clock.Wall(now), "", &x, -1, 0, 0)
	}
}

// updateTimeToLive answers UpdateTimeToLive.
func (c *call) updateTimeToLive() error {
	t, err := c.namedTable()
	if err != nil {
		return err
	}
	r := &c.req
	r.require("TimeToLiveSpecification")
	x := r.structure("TimeToLiveSpecification")
	if r.err != nil {
		return r.err
	}
	x.require("Enabled")
	x.require("AttributeName")
	name, enabled := x.text("AttributeName"), x.flag("Enabled")
	switch {
	case x.err != nil:
		return x.err
	case name == "" || len(name) > 255:
		return unfit(name, "timeToLiveSpecification.attributeName", "Member must have length less than or equal to 255 "+
			"and greater than or equal to 1")
	}
	if err := c.setTTL(t, name, enabled); err != nil {
		return err
	}
	c.out = appendJSON(c.out, map[string]any{
		"TimeToLiveSpecification": map[string]any{"AttributeName": name, "Enabled": enabled},
	})
	return nil
}

// setTTL switches a table's time to live on or off. AWS takes up to an hour to do it; here it
// is at once.
func (c *call) setTTL(t *table, name string, enabled bool) error {
	t.mu.Lock()
	old := t.aside.Load()
	var err error
	switch {
	case t.status != active && t.status != updating:
		err = inUse("Attempt to change a resource which is still in use: Table: %s", t.name)
	case enabled && old != nil && old.ttl != nil && old.ttl.attribute == name:
		err = invalid("TimeToLive is already enabled")
	case enabled && old != nil && old.ttl != nil, !enabled && old != nil && old.ttl != nil && old.ttl.attribute != name:
		err = invalid("TimeToLive is active on a different AttributeName: current AttributeName is %s", old.ttl.attribute)
	case !enabled && (old == nil || old.ttl == nil):
		err = invalid("TimeToLive is already disabled")
	}
	if err != nil {
		t.mu.Unlock()
		return err
	}
	var next *ttl
	if enabled {
		next = newTTL(name)
	}
	t.aside.Store(old.edited(func(a *aside) { a.ttl = next }))
	t.mu.Unlock()
	detail := "off"
	if enabled {
		detail = "by " + name
	}
	c.s.event(t.name, "time to live", "table "+t.name+": "+detail)
	if enabled {
		for e := range t.store.Ascend(store.Key{}, false) {
			t.store.Hold(e.Key, func(item attribute.Stored) { next.change(c.s, e.Key, nil, item) })
		}
	}
	return nil
}

// describeTimeToLive answers DescribeTimeToLive.
func (c *call) describeTimeToLive() error {
	t, err := c.namedTable()
	if err != nil {
		return err
	}
	d := map[string]string{"TimeToLiveStatus": "DISABLED"}
	if a := t.aside.Load(); a != nil && a.ttl != nil {
		d = map[string]string{"TimeToLiveStatus": "ENABLED", "AttributeName": a.ttl.attribute}
	}
	c.out = appendJSON(c.out, map[string]any{"TimeToLiveDescription": d})
	return nil
}

// expireBefore deletes what is due before a request is served: all of it before one about
// tables or streams, which counts it, and some before one about items.
func (s *Server) expireBefore(c *call, op operation) {
	if int64(c.now) < s.nextExpiry.Load() {
		return
	}
	most := expiriesAtOnce
	if op.about == tableSubject {
		most = math.MaxInt
	}
	s.expire(c.now, most)
}
