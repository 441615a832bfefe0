package aerospike

import (
	"context"
	"time"

	"crossover/driver/embedded/aerospike/wire"
)

// chunk is how many bytes of an answer are gathered before they are sent.
const chunk = 128 << 10

// stops reports whether a key's result ends a batch that does not want all of its keys answered.
func stops(r wire.Result) bool { return r != wire.OK && r != wire.NotFound && r != wire.FilteredOut }

// batch carries out a batch: its keys one after another, at one time, so that they use the
// devices side by side, as the server's service threads let them.
func (s *session) batch(ctx context.Context, now time.Duration, f fault) error {
	n := s.node
	n.counters.batches.Add(1)
	field, ok := s.message.Field(wire.FieldBatch)
	if !ok {
		field, _ = s.message.Field(wire.FieldBatchWithSet)
	}
	b, err := wire.ParseBatch(field, &s.part)
	filter, r := s.filters.of(&s.message)
	if err != nil || r != wire.OK {
		n.counters.batchErrors.Add(1)
		return s.refuse(wire.ParameterError)
	}
	out, start := wire.Begin(s.out[:0])
	latest, result := now, wire.OK
	for range b.Keys {
		t := transaction{message: &s.part, origin: fromBatch, arrival: now, fault: f, filter: filter}
		if t.index, t.digest, err = b.Next(&s.part); err != nil {
			return err // ParseBatch has read them all, so that this never happens
		}
		var done time.Duration
		out, done = s.carryOut(&t, out)
		latest = max(latest, done)
		if h := t.histogram(); h >= 0 {
			t.node.latency.list[h].add(done, done-now)
		}
		if stops(t.head.Result) && !b.RespondAll() {
			result = t.head.Result // the keys that are left are not carried out
			break
		}
		if len(out) < chunk {
			continue
		}
		wire.End(out, start, wire.TypeMessage)
		if s.out, err = out, s.wait(ctx, latest); err != nil {
			return err
		}
		if err := s.send(); err != nil {
			return err
		}
		out, start = wire.Begin(s.out[:0])
	}
	if len(out) > start+wire.ProtoSize {
		wire.End(out, start, wire.TypeMessage)
		out, start = wire.Begin(out)
	}
	s.out = wire.AppendHeader(out, &wire.Header{Info3: wire.Info3Last, Result: result})
	wire.End(s.out, start, wire.TypeMessage)
	if err := s.wait(ctx, latest); err != nil {
		return err
	}
	if result == wire.OK {
		n.counters.batchesDone.Add(1)
	} else {
		n.counters.batchErrors.Add(1)
	}
	end := n.cluster.options.Clock.Now()
	n.latency.list[histBatch].add(end, end-now)
	return s.send()
}
