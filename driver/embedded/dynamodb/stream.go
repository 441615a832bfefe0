package dynamodb

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/store"
)

// streamFor is how long a stream keeps its records (Developer Guide, "Change data capture for
// DynamoDB Streams").
const streamFor = 24 * time.Hour

// maxStreamBytes bounds what one stream's records may take, which on AWS nothing but their time
// does: the oldest are trimmed early.
const maxStreamBytes = 1 << 30

// The views of a stream (API Reference, StreamSpecification).
const (
	newView  = "NEW_IMAGE"
	oldView  = "OLD_IMAGE"
	bothView = "NEW_AND_OLD_IMAGES"
)

// A stream is what happened to a table's items since it was switched on. It outlives its table by
// its records' time.
type stream struct {
	arn, label, view string
	table            *table
	created          time.Time

	mu     sync.Mutex
	owners *owners // the partitions by which the open shards are cut
	shards []*shard
	bytes  int64         // of all records
	next   uint64        // sequence number of the next record
	ended  time.Duration // when it was switched off; never before
}

// A shard is the records of a range of hashes: of one partition, until that splits.
type shard struct {
	id, parent  string
	first, last uint64 // hashes
	begin, end  uint64 // sequence numbers; end is 0 while the shard is open
	made        time.Duration
	closed      time.Duration // when it was closed, if end is set
	records     []record
}

// A record is a change of one item.
type record struct {
	seq      uint64
	at       time.Duration
	keys     attribute.Stored
	old, new attribute.Stored // as far as the view has them
	event    string
	expired  bool
}

func (r *record) size() int { return r.keys.Size() + r.old.Size() + r.new.Size() }

// A change is what becomes of one item.
type change struct {
	at         store.Key
	old, after attribute.Stored
	expired    bool // the service deletes it by itself
}

func newStream(s *Server, t *table, view string, now time.Duration) *stream {
	wall := s.options.Clock.Wall(now).UTC()
	label := wall.Format("2006-01-02T15:04:05.000")
	return &stream{
		arn: t.arn + "/stream/" + label, label: label, view: view, table: t, created: wall, next: 1, ended: never,
	}
}

// add appends a change. The caller keeps the item locked, so that an item's records are in
// order. A write that changes nothing leaves no record (Developer Guide, "Change data capture
// for DynamoDB Streams").
func (x *stream) add(now time.Duration, c change) {
	if bytes.Equal(c.old, c.after) {
		return
	}
	item, event := c.after, "MODIFY"
	switch {
	case c.after == nil:
		item, event = c.old, "REMOVE"
	case c.old == nil:
		event = "INSERT"
	}
	r := record{at: now, keys: item.Pick(x.table.schema.names()), event: event, expired: c.expired}
	if x.view == newView || x.view == bothView {
		r.new = slices.Clone(c.after)
	}
	if x.view == oldView || x.view == bothView {
		r.old = slices.Clone(c.old)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.reshard(now)
	r.seq = x.next
	x.next++
	h := x.open(c.at.Hash)
	if h == nil {
		return // it has just been switched off
	}
	h.records = append(h.records, r)
	x.bytes += int64(r.size())
	x.trim(h, now)
	for x.bytes > maxStreamBytes {
		oldest := h
		for _, o := range x.shards {
			if len(o.records) > 0 && o.records[0].seq < oldest.records[0].seq {
				oldest = o
			}
		}
		x.drop(oldest)
	}
}

// reshard lets the open shards follow the table's partitions: the shard of a partition that has
// split is closed, and is the parent of those that begin. The caller holds x.mu.
func (x *stream) reshard(now time.Duration) {
	now = max(now, 0)
	o := x.table.owners.Load()
	if o == x.owners {
		return
	}
	x.owners = o
	for i, first := range o.first {
		last := uint64(math.MaxUint64)
		if i+1 < len(o.first) {
			last = o.first[i+1] - 1
		}
		parent := ""
		if h := x.open(first); h != nil && h.first == first && h.last == last {
			continue
		}
		for _, h := range x.shards {
			covers := h.first <= first && first <= h.last
			if covers && (h.end == 0 || h.closed == now && h.end == x.next) {
				parent = h.id
				if h.end == 0 {
					h.end, h.closed = x.next, now
				}
			}
		}
		x.shards = append(x.shards, &shard{
			id: fmt.Sprintf("shardId-%020d-%08x", x.created.Add(now).UnixMilli(), len(x.shards)+1), parent: parent,
			first: first, last: last, begin: x.next, made: now,
		})
	}
	x.forget(now)
}

// open returns the open shard that a hash belongs to, or nil.
func (x *stream) open(hash uint64) *shard {
	for i := len(x.shards) - 1; i >= 0; i-- {
		if h := x.shards[i]; h.end == 0 && h.first <= hash && hash <= h.last {
			return h
		}
	}
	return nil
}

// trim forgets a shard's records that are past their time. The caller holds x.mu.
func (x *stream) trim(h *shard, now time.Duration) {
	for len(h.records) > 0 && now-h.records[0].at > streamFor {
		x.drop(h)
	}
}

// drop forgets a shard's oldest record. The caller holds x.mu.
func (x *stream) drop(h *shard) {
	x.bytes -= int64(h.records[0].size())
	h.records[0] = record{} // so that its images can go
	h.records = h.records[1:]
}

// forget drops the closed shards whose last record is past its time.
func (x *stream) forget(now time.Duration) {
	x.shards = slices.DeleteFunc(x.shards, func(h *shard) bool {
		x.trim(h, now)
		return h.end != 0 && now-h.closed > streamFor && len(h.records) == 0
	})
}

// stop closes the stream: it takes no more, and is read for as long as its records last.
func (x *stream) stop(now time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ended = now
	for _, h := range x.shards {
		if h.end == 0 {
			h.end, h.closed = x.next, now
		}
	}
}

func (x *stream) enabled() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.ended == never
}

// streamSpecification reads StreamSpecification: the view, or "" for no stream.
func (r *request) streamSpecification() (view string, sent bool) {
	x := r.structure("StreamSpecification")
	if x == nil {
		return "", false
	}
	x.require("StreamEnabled")
	view = x.choice("StreamViewType", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY")
	enabled := x.flag("StreamEnabled")
	switch {
	case x.err != nil:
	case enabled && view == "":
		x.fail(invalid("One or more parameter values were invalid: StreamViewType must be specified when " +
			"StreamEnabled is true"))
	case !enabled && view != "":
		x.fail(invalid("One or more parameter values were invalid: StreamViewType cannot be specified when " +
			"StreamEnabled is false"))
	}
	r.failIn(x)
	return view, true
}

// setStream switches a table's stream on or off. The caller holds the table's lock.
func (c *call) setStream(t *table, view string) error {
	old := t.aside.Load()
	on := old != nil && old.stream != nil
	switch {
	case on && view != "":
		return invalid("Table already has an enabled stream: TableName: %s", t.name)
	case !on && view == "":
		return invalid("Table is already set to have no stream enabled: TableName: %s", t.name)
	case view == "":
		old.stream.stop(c.now)
		t.aside.Store(old.edited(func(a *aside) { a.stream = nil }))
	default:
		x := newStream(c.s, t, view, c.now)
		c.s.keepStream(x, c.now)
		t.stream = x
		t.aside.Store(old.edited(func(a *aside) { a.stream = x }))
		x.mu.Lock()
		x.reshard(c.now)
		x.mu.Unlock()
	}
	return nil
}

// keepStream makes a stream known, and forgets those whose records are past their time.
func (s *Server) keepStream(x *stream, now time.Duration) {
	s.streams.mu.Lock()
	defer s.streams.mu.Unlock()
	s.streams.all = slices.DeleteFunc(s.streams.all, func(o *stream) bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		return o.ended != never && now-o.ended > streamFor
	})
	s.streams.all = append(s.streams.all, x)
}

// Streams are an account's streams, in the order in which they were made.
type streams struct {
	mu  sync.Mutex
	all []*stream
}

// list returns the streams that can still be read.
func (s *streams) list(now time.Duration) []*stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.all), func(x *stream) bool {
		x.mu.Lock()
		defer x.mu.Unlock()
		return x.ended != never && now-x.ended > streamFor
	})
}
