package aerospike

import (
	"context"
	"time"

	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/aerospike/aerospike-client-go/v7/types"

	"crossover/workload/op"
)

// A several is the records of a batch: reads, or writes and deletes.
type several struct {
	policy  *as.BatchPolicy
	slots   []*slot
	reads   []*as.BatchRead
	deletes []*as.BatchDelete
	pending []as.BatchRecordIfc // what is not done yet
	done    int                 // records read, written or deleted
	bytes   uint64
	writes  bool
}

// newSeveral makes the batch of a kind.
func (s *session) newSeveral(k op.Kind) *several {
	b := &several{policy: as.NewReadBatchPolicy(), writes: k == op.BatchWrite}
	if b.writes {
		b.policy = as.NewWriteBatchPolicy()
	}
	b.policy.BasePolicy = basePolicy(s.c.cfg.Timeout)
	b.policy.ConcurrentNodes = 0 // all nodes at once
	if s.c.cfg.Replica == "sequence" && !b.writes {
		b.policy.ReplicaPolicy = as.SEQUENCE
	}
	names := s.binNames(s.c.sc.Ask(k).Project)
	write, remove := as.NewBatchWritePolicy(), as.NewBatchDeletePolicy()
	write.RecordExistsAction, write.CommitLevel, write.Expiration = as.REPLACE, s.c.commitLevel(), as.TTLDontExpire
	remove.CommitLevel = s.c.commitLevel()
	if ttl := s.c.sc.Workload.Write.TTL; ttl > 0 {
		write.Expiration = uint32(ttl / time.Second)
	}
	for range s.c.sc.Parts(k) {
		sl := &slot{record: newRecord(s.c.sc, s.c.cfg.Namespace, s.c.set)}
		b.slots = append(b.slots, sl)
		if !b.writes {
			b.reads = append(b.reads, as.NewBatchRead(nil, sl.record.key, names))
			continue
		}
		ops := make([]*as.Operation, len(sl.record.bins))
		for i, bin := range sl.record.bins {
			ops[i] = as.PutOp(bin)
		}
		sl.write = as.NewBatchWrite(write, sl.record.key, ops...)
		b.deletes = append(b.deletes, as.NewBatchDelete(remove, sl.record.key))
	}
	return b
}

// binNames returns the bins that a read returns; nil are all.
func (s *session) binNames(places []int) []string {
	var names []string
	for _, i := range places {
		names = append(names, s.c.sc.AttributeName(i))
	}
	return names
}

// doBatch reads or writes the operation's records. What was refused is asked for again, by
// itself.
func (s *session) doBatch(ctx context.Context, o *op.Op, out *op.Outcome) {
	b := s.severals[o.Kind]
	if b == nil {
		b = s.newSeveral(o.Kind)
		s.severals[o.Kind] = b
	}
	if len(o.Parts) == 0 || len(o.Parts) > len(b.slots) {
		s.unknown(out)
		return
	}
	b.pending, b.done, b.bytes = b.pending[:0], 0, 0
	for i := range o.Parts {
		p, sl := &o.Parts[i], b.slots[i]
		sl.record.address(p.Partition, p.Sort)
		switch p.Step {
		case op.StepPut:
			sl.record.fill(p.Version, p.Body)
			b.pending = append(b.pending, sl.write)
			b.bytes += sl.record.bytes
		case op.StepDelete:
			b.pending = append(b.pending, b.deletes[i])
		default:
			b.pending = append(b.pending, b.reads[i])
		}
	}
	sent := b.bytes
	s.batch = b
	k := callBatchRead
	if b.writes {
		k, b.bytes = callBatchWrite, 0
	}
	s.request(ctx, k, out)
	out.Items += b.done
	if b.writes {
		if out.Class == op.OK {
			out.BytesOut += sent
		}
		return
	}
	out.BytesIn += b.bytes
}

// perform sends what is pending once. It leaves pending what was refused, and returns the error
// of the first of them that no other attempt would mend, or else of the first.
func (b *several) perform(client *as.Client) as.Error {
	whole := client.BatchOperate(b.policy, b.pending)
	left := b.pending[:0]
	var failed as.Error
	mended := true
	for _, r := range b.pending {
		rec := r.BatchRec()
		switch rec.ResultCode {
		case types.OK:
			b.done++
			if rec.Record != nil {
				b.bytes += itemBytes(rec.Record.Bins)
			}
			continue
		case types.KEY_NOT_FOUND_ERROR:
			if _, deleted := r.(*as.BatchDelete); deleted {
				b.done++ // it is gone, which is what was asked
			}
			continue
		}
		left = append(left, r)
		err := refusal(whole, []as.BatchRecordIfc{r})
		if again := judge(err, false).again; failed == nil || mended && !again {
			failed, mended = err, again
		}
	}
	b.pending = left
	return failed
}

// transaction does the steps of what is one transaction on DynamoDB, one request after another,
// until one fails. What was done before stays done: the target says that it accepts that.
func (s *session) transaction(ctx context.Context, o *op.Op, out *op.Outcome) {
	if s.steps == nil {
		for _, p := range s.c.sc.Steps() {
			s.steps = append(s.steps, s.newStep(&p))
		}
	}
	if len(o.Parts) != len(s.steps) {
		s.unknown(out)
		return
	}
	for i := range o.Parts {
		p := &o.Parts[i]
		s.change = s.steps[i]
		s.record.address(p.Partition, p.Sort)
		items := out.Items
		s.send1(ctx, p.Version, p.Body, out)
		switch {
		case out.Class == op.NotFound && p.Step == op.StepDelete:
			out.Class = op.OK // a delete without a condition of what is not there does nothing, here as there
			if n := len(out.Attempts); n > 0 {
				out.Attempts[n-1].Class = op.OK
			}
			out.Items++
		case out.Class != op.OK:
			return
		case p.Step == op.StepCheck:
			out.Items = items
		}
	}
}

// newStep makes the request of one step.
func (s *session) newStep(p *op.Part) *change {
	ask := p.Asked()
	if p.Step != op.StepDelete && p.Step != op.StepCheck {
		return s.newChange(p.Step, p.Condition, ask)
	}
	ch := &change{step: p.Step, policy: s.expected(op.StepSet, p.Condition, ask.Compare), absent: p.Condition == op.MustNotExist}
	ch.conditional = p.Condition != op.Unconditional
	return ch
}
