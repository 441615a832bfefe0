package aerospike

import (
	"time"

	"crossover/driver/embedded/aerospike/store"
	"crossover/driver/embedded/aerospike/wire"
)

// maxTTL is the longest time to live, in seconds: ten years (server source, MAX_ALLOWED_TTL).
const maxTTL = 10 * 365 * 24 * 3600

// maxOps is how many operations a write may have (write.c, MAX_N_OPS).
const maxOps = 32 << 10

// maxBins is how many bins a record may have (RECORD_MAX_BINS).
const maxBins = 32<<10 - 1

// enter lets a write in: not when the device is overloaded, nor when too many writes of the key
// wait. On success the key's shard is locked and start is when the write may begin.
func (n *Node) enter(t *transaction) (shard *inflightShard, start time.Duration) {
	if n.devices.overloaded(t.now) {
		t.fail(wire.DeviceOverload)
		return nil, 0
	}
	shard = n.inflight.lock(t.digest)
	start, busy := shard.start(t.digest, t.now, int(n.cluster.config.pendingLimit.Load()))
	patience := t.patience()
	switch {
	case busy:
		t.fail(wire.KeyBusy)
	case start-t.now > patience:
		t.fail(wire.Timeout)
		t.done = t.now + patience
	default:
		return shard, start
	}
	shard.mu.Unlock()
	return nil, 0
}

// replicate sends a write that the master has done to the other copies, and sets when it may
// be answered: after their round trip, unless the master alone is to commit. bytes is 0 for a
// delete, of which a device learns nothing.
func (n *Node) replicate(t *transaction, shard *inflightShard, m *partitionMap,
	written time.Duration, bytes int,
) {
	all := written
	for _, p := range m.proles(t.digest.Partition()) {
		if n.cluster.nodes[p].down.Load() {
			// It never acknowledges, and the client learns that the write is in doubt (server
			// source, rw_request_hash.c: it is sent again until the transaction's end).
			all = max(all, t.now+t.patience())
			if t.message.Info3&wire.Info3CommitMaster == 0 {
				t.fail(wire.Timeout)
			}
			continue
		}
		if bytes > 0 {
			if _, ok := n.cluster.nodes[p].devices.write(t.now, t.digest, bytes, false); !ok {
				t.fail(wire.DeviceOverload)
			}
		}
		if n.devices.on {
			all = max(all, written+n.cluster.options.FabricRTT)
		}
	}
	shard.end(t.digest, t.now, all)
	t.done = all
	if t.message.Info3&wire.Info3CommitMaster != 0 {
		t.done = written
	}
}

// remove carries out a delete.
func (n *Node) remove(t *transaction, m *partitionMap) {
	if t.message.Info2&wire.Info2DurableDelete != 0 && !n.cluster.options.Enterprise {
		t.fail(wire.EnterpriseOnly)
		return
	}
	shard, start := n.enter(t)
	if shard == nil {
		return
	}
	defer shard.mu.Unlock()
	c := n.cluster
	txn := c.store.Begin(t.digest, c.calendar.seconds(t.now))
	defer txn.End()
	r := txn.Record
	if r == nil {
		t.fail(wire.NotFound)
		return
	}
	switch {
	case !generationMatches(t.message, r):
		t.fail(wire.GenerationError)
	case !keyMatches(t.message, r):
		t.fail(wire.KeyMismatch)
	case !passes(t.filter, r, txn.SetName(), c.calendar.millis(t.now)):
		t.fail(wire.FilteredOut)
	}
	if t.head.Result != wire.OK {
		t.from(r)
		return
	}
	written := start
	if t.filter != nil || c.store.Indexed(txn.SetName()) {
		written = n.devices.read(start, t.digest, int(r.Device), m.position(r))
	}
	txn.Delete()
	n.replicate(t, shard, m, written, 0)
}

// write carries out a write of any kind but a delete.
func (n *Node) write(s *session, t *transaction, m *partitionMap, out []byte) []byte {
	shard, start := n.enter(t)
	if shard == nil {
		return out
	}
	defer shard.mu.Unlock()
	c := n.cluster
	if r := n.admitWrite(t.message); r != wire.OK {
		t.fail(r)
		return out
	}
	p, r := policiesOf(t.message)
	if r != wire.OK {
		t.fail(r)
		return out
	}
	txn := c.store.Begin(t.digest, c.calendar.seconds(t.now))
	defer txn.End()
	old := txn.Record
	if r = p.check(t.message, &txn); r == wire.OK && old != nil && !passes(t.filter, old, txn.SetName(), c.calendar.millis(t.now)) {
		r = wire.FilteredOut
	}
	if r != wire.OK {
		t.fail(r)
		if old != nil {
			t.from(old)
		}
		return out
	}
	set, _ := t.message.Field(wire.FieldSet)
	written := start
	if old != nil && (!p.replace || c.store.Indexed(string(set))) {
		written = n.devices.read(start, t.digest, int(old.Device), m.position(old))
	}
	before := len(out)
	var was stored
	if old != nil {
		was = stored{old.BinBytes(), old.Bins}
	}
	out, r = n.apply(s, t, &p, &txn, out)
	if r != wire.OK {
		t.fail(r)
		if old != nil {
			t.from(old)
		}
		return out[:before]
	}
	bytes := 0
	if txn.Record != nil {
		bytes = int(txn.Record.Device)
		txn.Record.Written, _ = n.devices.write(t.now, t.digest, bytes, true)
		t.from(txn.Record)
	}
	if old != nil && n.fate.faults.Stale > 0 {
		c.attic.keep(t.digest, was)
	}
	n.replicate(t, shard, m, written, bytes)
	return out
}

// admitWrite checks what a server checks before it looks for the record.
func (n *Node) admitWrite(m *wire.Message) wire.Result {
	config := &n.cluster.config
	explicit := m.TTL != wire.Never && m.TTL != wire.NoChange
	switch {
	case n.cluster.stopped[n.number].Load():
		return wire.OutOfSpace
	case explicit && m.TTL > maxTTL:
		return wire.ParameterError
	case explicit && config.nsupPeriod.Load() == 0 && (m.TTL != wire.DefaultTTL || config.defaultTTL.Load() != 0):
		return wire.Forbidden
	}
	return wire.OK
}

// apply applies the message's operations to the record that is there, if any, and stores what
// comes of them; it appends what they answer.
func (n *Node) apply(s *session, t *transaction, p *policies, txn *store.Txn, out []byte,
) ([]byte, wire.Result) {
	m, old := t.message, txn.Record
	b := &s.bins
	b.reset()
	if old != nil && !p.replace {
		b.load(old)
	}
	b.asker = asker{record: old, bins: b, now: n.cluster.calendar.millis(t.now)}
	b.asker.set, _ = m.Field(wire.FieldSet)
	out, ops, r := b.run(m, p, out)
	if r != wire.OK {
		return out, r
	}
	t.head.Ops = ops
	if len(b.bins) == 0 {
		if old == nil || old.Bins == 0 {
			return out, wire.NotFound
		}
		txn.Delete() // its last bin went, and the record with it
		n.counters.lastBin.Add(1)
		return out, wire.OK
	}
	if len(b.bins) > maxBins {
		return out, wire.ParameterError
	}
	s.encoded = b.encode(s.encoded[:0])
	v := store.Value{Bins: s.encoded, Count: uint16(len(b.bins))}
	v.Key, _ = m.Field(wire.FieldKey)
	v.LastUpdate, v.VoidTime = n.stamp(m.TTL, t.now, old)
	if old == nil {
		var err error
		set, _ := m.Field(wire.FieldSet)
		if v.Set, err = txn.Set(set); err != nil {
			return out, wire.ParameterError
		}
	}
	if txn.Measure(&v) > int(n.cluster.config.maxRecord.Load()) {
		return out, wire.RecordTooBig
	}
	txn.Put(&v)
	return out, wire.OK
}

// stamp returns a write's time, and when the record ends.
func (n *Node) stamp(ttl uint32, now time.Duration, old *store.Record) (update uint64, void uint32) {
	update = n.cluster.calendar.millis(now)
	seconds := uint32(update / 1000)
	if old != nil {
		update = max(update, old.LastUpdate)
	}
	if ttl == wire.NoChange {
		if old != nil {
			return update, old.VoidTime
		}
		ttl = wire.DefaultTTL
	}
	if ttl == wire.DefaultTTL {
		ttl = uint32(n.cluster.config.defaultTTL.Load())
		if ttl == 0 {
			return update, 0
		}
	}
	if ttl == wire.Never {
		return update, 0
	}
	return update, seconds + ttl
}
