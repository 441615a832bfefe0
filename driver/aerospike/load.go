package aerospike

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/aerospike/aerospike-client-go/v7/types"

	"crossover/workload"
)

const (
	// batchRecords and batchBytes bound a batch: enough to fill each node's service threads,
	// few enough that a refused batch costs little.
	batchRecords = 64
	batchBytes   = 256 << 10
	// batchLimit is the least time that a batch is given; a target's timeout, if longer, wins.
	batchLimit = 10 * time.Second
	// loadAttempts is how often in a row a batch may be sent without a single record of it
	// being written.
	loadAttempts = 30
)

// loadRetries are the waits between the attempts of a batch.
var loadRetries = Retries{Base: 5 * time.Millisecond, Max: 2 * time.Second}

// A batch is a number of records that are written together.
type batch struct {
	c       *cluster
	random  *rand.Rand
	policy  *as.BatchPolicy
	slots   []*slot
	pending []as.BatchRecordIfc
}

// A slot is one record of a batch, and its storage.
type slot struct {
	record *record
	body   []byte
	write  *as.BatchWrite
}

func (c *cluster) newBatch(seed uint64) *batch {
	b := &batch{c: c, random: rand.New(rand.NewPCG(c.sc.Seed, seed)), policy: as.NewWriteBatchPolicy()}
	b.policy.BasePolicy = basePolicy(max(batchLimit, c.cfg.Timeout))
	b.policy.ConcurrentNodes = 0
	write := as.NewBatchWritePolicy()
	write.RecordExistsAction = as.REPLACE
	write.CommitLevel = c.commitLevel()
	write.Expiration = as.TTLDontExpire
	for range batchRecords {
		s := &slot{record: newRecord(c.sc, c.cfg.Namespace, c.set)}
		ops := make([]*as.Operation, len(s.record.bins))
		for i, bin := range s.record.bins {
			ops[i] = as.PutOp(bin) // keeps the pointer, so that the slot can be filled again
		}
		s.write = as.NewBatchWrite(write, s.record.key, ops...)
		b.slots = append(b.slots, s)
	}
	return b
}

// Load writes the loaded items [from, to) in batches, replacing what is there. A record that
// was refused is sent again; so is one whose write is in doubt, since writing the same record
// twice changes nothing.
func (c *cluster) Load(ctx context.Context, from, to uint64, report func(items uint64)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// Restoring comes first: while one loader empties the set, the others wait for it here.
	if err := c.restore(ctx); err != nil {
		return err
	}
	if !c.ready.Load() {
		return c.unprovisioned()
	}
	loader := workload.NewLoader(c.sc)
	b := c.newBatch(from)
	for item := from; item < to; {
		b.pending = b.pending[:0]
		for bytes := uint64(0); item < to && len(b.pending) < batchRecords && bytes < batchBytes; item++ {
			s := b.slots[len(b.pending)]
			partition, sort := c.sc.Place(item)
			s.body = loader.Body(s.body[:0], item)
			s.record.address(partition, sort)
			s.record.fill(0, s.body)
			bytes += s.record.bytes
			b.pending = append(b.pending, s.write)
		}
		if err := b.write(ctx, report); err != nil {
			return fmt.Errorf("items up to %d: %w", item, err)
		}
	}
	return nil
}

// write sends the pending records until all are written.
func (b *batch) write(ctx context.Context, report func(items uint64)) error {
	for fruitless := 0; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		before := len(b.pending)
		whole := b.c.client.BatchOperate(b.policy, b.pending)
		err := b.keepRefused(whole)
		if written := before - len(b.pending); written > 0 {
			report(uint64(written))
			fruitless = 0
		} else {
			fruitless++
		}
		switch {
		case len(b.pending) == 0:
			return nil
		case err != nil:
			return err
		case fruitless >= loadAttempts:
			return fmt.Errorf("%d records refused %d times in a row, last: %w", len(b.pending), fruitless, refusal(whole, b.pending))
		}
		pause := loadRetries.wait(fruitless+1, b.random.Float64())
		if err := b.c.clock.SleepUntil(ctx, b.c.clock.Now()+pause); err != nil {
			return err
		}
	}
}

// keepRefused leaves those records pending that were not written. It returns the first error
// that no other attempt will mend.
func (b *batch) keepRefused(whole as.Error) error {
	left := b.pending[:0]
	for _, r := range b.pending {
		rec := r.BatchRec()
		if rec.ResultCode == types.OK {
			continue
		}
		left = append(left, r)
	}
	b.pending = left
	for _, r := range left {
		if err := refusal(whole, []as.BatchRecordIfc{r}); !judge(err, false).again {
			return err
		}
	}
	return nil
}

// refusal returns why the first of the records was not written: its own error, or that of the
// request that it was in.
func refusal(whole as.Error, records []as.BatchRecordIfc) as.Error {
	rec := records[0].BatchRec()
	switch {
	case rec.Err != nil:
		return rec.Err
	case rec.ResultCode != types.NO_RESPONSE || whole == nil:
		return &as.AerospikeError{ResultCode: rec.ResultCode}
	}
	return whole
}
