package aerospike

import (
	"time"

	"crossover/driver/embedded/aerospike/expression"
	"crossover/driver/embedded/aerospike/store"
	"crossover/driver/embedded/aerospike/wire"
)

// A transaction is one operation on one record, on its own or as a part of a batch.
type transaction struct {
	message *wire.Message
	digest  *wire.Digest
	origin  origin
	index   uint32        // in the batch that it is part of
	arrival time.Duration // when it was read from the connection
	fault   fault
	filter  *expression.Expression // nil: none

	node   *Node // that carries it out
	action action
	now    time.Duration // when it reached node
	head   wire.Header   // of the answer
	done   time.Duration // when it may be answered
}

// transactionMax is how long a request may wait before a server gives it up
// (transaction-max-ms's default).
const transactionMax = time.Second

// fail ends the transaction with a result.
func (t *transaction) fail(r wire.Result) { t.head.Result = r }

// patience is how long the transaction may wait for another node or for its turn.
func (t *transaction) patience() time.Duration {
	if ms := t.message.Transaction; ms > 0 && !t.origin.batch() {
		return min(transactionMax, time.Duration(ms)*time.Millisecond)
	}
	return transactionMax
}

// from notes what a record says of itself in an answer.
func (t *transaction) from(r *store.Record) {
	t.head.Generation, t.head.TTL = uint32(r.Generation), r.VoidTime
}

// histogram returns which histogram of its node the transaction belongs in, -1 for none: the
// server counts those that succeeded or found nothing.
func (t *transaction) histogram() int {
	if t.node == nil || t.head.Result != wire.OK && t.head.Result != wire.NotFound {
		return -1
	}
	at := histRead
	if t.origin.batch() {
		at = histBatchRead
	}
	if t.action != readAction {
		at++ // the histogram of writes follows
	}
	return at
}

// carryOut carries the transaction out, appends its answer and returns when that may be sent.
func (s *session) carryOut(t *transaction, out []byte) ([]byte, time.Duration) {
	at := len(out)
	out = wire.AppendHeader(out, &wire.Header{}) // filled in below
	t.done, t.head.Transaction = t.arrival, t.index
	if r := s.admit(t); r != wire.OK {
		t.fail(r)
		s.node.counters.serviceErrors[t.origin].Add(1)
	} else {
		out = s.dispatch(t, out)
		t.node.counters.count(t.origin, t.action, t.head.Result)
	}
	t.done += s.held
	if t.fault == faultDelay {
		t.done += s.node.fate.faults.DelayBy
	}
	if t.head.Result != wire.OK {
		out = out[:at+wire.HeaderSize]
		t.head.Ops = 0
	}
	wire.AppendHeader(out[:at], &t.head)
	return out, t.done
}

// admit checks what a server checks before a transaction begins.
func (s *session) admit(t *transaction) wire.Result {
	m := t.message
	if ns, ok := m.Field(wire.FieldNamespace); !ok || string(ns) != s.node.cluster.options.Namespace {
		return wire.InvalidNamespace
	}
	switch {
	case m.Has(wire.FieldUDFPackage, wire.FieldUDFFunction):
		return wire.Unsupported
	case m.Info2&wire.Info2Write != 0 && m.Info2&wire.Info2Delete != 0:
		t.action = deleteAction
	case m.Info2&wire.Info2Write != 0:
		t.action = writeAction
	case m.Info1&wire.Info1Read != 0:
		t.action = readAction
	default:
		return wire.ParameterError
	}
	if r := s.permits(m, t.action); r != wire.OK {
		return r
	}
	if t.filter != nil && !m.Has(wire.FieldFilter) {
		return wire.OK // the batch's own
	}
	var r wire.Result
	t.filter, r = s.filters.of(m)
	return r
}

// dispatch finds the node that carries the transaction out: this one or, when the partition is
// not its own, the master's, a round trip away.
func (s *session) dispatch(t *transaction, out []byte) []byte {
	m := s.node.cluster.partitions()
	t.node, t.now = s.node.owner(m, t.digest.Partition(), t.action != readAction), t.arrival
	if t.node != s.node {
		s.node.counters.proxied[t.origin].Add(1)
		t.origin = t.origin.proxied()
		if t.node.devices.on {
			defer func() { t.done += s.node.cluster.options.FabricRTT }()
		}
	}
	if t.node.down.Load() {
		t.fail(wire.Timeout) // the fabric gets no answer from it
		t.done = t.arrival + t.patience()
		return out
	}
	switch {
	case t.fault == faultOverload:
		t.fail(wire.DeviceOverload)
	case t.fault == faultTimeout:
		t.fail(wire.Timeout)
	case t.action == readAction:
		return t.node.read(t, m.replica(t.digest.Partition(), t.node.number) == 0, out)
	case t.action == deleteAction:
		t.node.remove(t, m)
	default:
		return t.node.write(s, t, m, out)
	}
	return out
}

// read answers a read, from the node's own copy.
func (n *Node) read(t *transaction, master bool, out []byte) []byte {
	c, m := n.cluster, t.message
	txn := c.store.Begin(t.digest, c.calendar.seconds(t.now))
	if txn.Record == nil {
		txn.End()
		t.fail(wire.NotFound)
		return out
	}
	r, set := *txn.Record, txn.SetName()
	txn.End()
	t.from(&r)
	if !keyMatches(m, &r) {
		t.fail(wire.KeyMismatch)
		return out
	}
	if !passes(t.filter, &r, set, c.calendar.millis(t.now)) {
		t.done = n.devices.read(t.now, t.digest, int(r.Device), n.place(&r, master))
		t.fail(wire.FilteredOut)
		return out
	}
	if m.Info1&wire.Info1GetNoBins != 0 {
		return out
	}
	if m.Ops == 0 && m.Info1&wire.Info1GetAll == 0 {
		t.fail(wire.ParameterError)
		return out
	}
	t.done = n.devices.read(t.now, t.digest, int(r.Device), n.place(&r, master))
	if m.Info1&wire.Info1GetAll != 0 {
		answer := n.bins(t.digest, &r)
		t.head.Ops = int(answer.count)
		return append(out, answer.bins...)
	}
	some := r // an expression may keep it, which would put the record of a plain read on the heap
	return t.readBins(&some, asker{record: &some, now: c.calendar.millis(t.now)}, out)
}

// place returns where a record stands on the node's device, 0 when only its master's is known.
func (n *Node) place(r *store.Record, master bool) uint32 {
	if !master {
		return 0
	}
	return n.cluster.partitions().position(r)
}

// readBins appends the bins that the message's operations name.
func (t *transaction) readBins(r *store.Record, of asker, out []byte) []byte {
	of.set, _ = t.message.Field(wire.FieldSet)
	all := t.message.Info2&wire.Info2RespondAllOps != 0
	var op, bin wire.Op
	for ops := t.message.Operations(); ops.Next(&op); {
		if reads, _ := reads(op.Code); !reads {
			t.fail(wire.ParameterError)
			return out
		}
		if len(out) > wire.MaxBody {
			t.fail(wire.ServerError)
			return out
		}
		found := false
		for bins := r.Ops(); !found && bins.Next(&bin); {
			found = string(bin.Name) == string(op.Name)
		}
		if op.Code == wire.OpExpRead || found && op.Code != wire.OpRead {
			answer, result := readInside(&op, bin.Type, bin.Value, of)
			if result != wire.OK {
				t.fail(result)
				return out
			}
			bin.Name, bin.Type, bin.Value = op.Name, answer.Type, answer.Value
			found = answer.Type != wire.Null
		}
		switch {
		case found:
			out = wire.AppendOp(out, wire.OpRead, bin.Type, bin.Name, bin.Value)
			t.head.Ops++
		case all:
			out = wire.AppendOp(out, wire.OpRead, wire.Null, op.Name, nil)
			t.head.Ops++
		}
	}
	return out
}

// keyMatches reports whether the user key of a message, if any, is the record's, if it has one.
func keyMatches(m *wire.Message, r *store.Record) bool {
	key, sent := m.Field(wire.FieldKey)
	stored := r.Key()
	return !sent || stored == nil || string(key) == string(stored)
}

// generationMatches checks what a message expects of a record's generation; one that is not
// there has 0.
func generationMatches(m *wire.Message, r *store.Record) bool {
	generation := uint32(0)
	if r != nil {
		generation = uint32(r.Generation)
	}
	switch {
	case m.Info2&wire.Info2Generation != 0:
		return m.Generation == generation
	case m.Info2&wire.Info2GenerationGT != 0:
		return m.Generation > generation
	}
	return true
}
