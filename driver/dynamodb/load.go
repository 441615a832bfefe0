package dynamodb

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/workload"
	"crossover/workload/op"
)

// batchSize is the most items that BatchWriteItem takes (AWS DynamoDB API Reference,
// "BatchWriteItem"). 25 items of 400 KB stay below its 16 MB too.
const batchSize = 25

// noProgress is how long loading goes on while every write is refused.
const noProgress = 2 * time.Minute

// A loadState is what all calls of Load share.
type loadState struct {
	mu        sync.Mutex
	meter     meter         // of loading
	throttles atomic.Uint64 // items of batches left unprocessed, and requests that were throttled
}

// Load writes items [from, to) in batches of 25. What the service leaves unprocessed is sent
// again after a pause, for as long as anything is accepted, and counts as throttled. A table
// that an earlier run left is made anew before the first item.
func (d *Driver) Load(ctx context.Context, from, to uint64, report func(items uint64)) error {
	if err := d.restore(ctx); err != nil {
		return err
	}
	b := batch{d: d, loader: workload.NewLoader(d.sc), progress: d.clock.Now()}
	for item := from; item < to; item++ {
		b.add(item)
		if len(b.pending) < batchSize && item+1 < to {
			continue
		}
		if err := b.write(ctx, report); err != nil {
			return fmt.Errorf("loading table %s: %w", d.cfg.Table, d.safe(err))
		}
	}
	return nil
}

// restore makes a table anew that an earlier run left: what that run inserted would be in the
// way of this one.
func (d *Driver) restore(ctx context.Context) error {
	d.table.mu.Lock()
	defer d.table.mu.Unlock()
	if d.table.leftover == "" {
		return nil
	}
	if err := d.deleteTable(ctx); err != nil {
		return err
	}
	return d.create(ctx)
}

// A batch is the items of one BatchWriteItem.
type batch struct {
	d        *Driver
	loader   *workload.Loader
	pending  []types.WriteRequest
	progress time.Duration // when something was last accepted
	body     []byte
}

// add makes an item's write. Its text is copied, unlike in a session: a batch holds many.
func (b *batch) add(item uint64) {
	b.body = b.loader.Body(b.body[:0], item)
	it := newItem(b.d.sc)
	partition, sort := b.d.sc.Place(item)
	it.set(b.d.sc, partition, sort, 0, append([]byte(nil), b.body...))
	b.pending = append(b.pending, types.WriteRequest{PutRequest: &types.PutRequest{Item: it.attributes}})
}

// write sends the batch until all of it is accepted.
func (b *batch) write(ctx context.Context, report func(uint64)) error {
	for try := 1; ; try++ {
		sent := len(b.pending)
		left, err := b.d.batchWrite(ctx, b.pending)
		b.pending = b.pending[:left]
		if left < sent {
			report(uint64(sent - left))
			b.progress, try = b.d.clock.Now(), 1
		}
		if left == 0 {
			return nil
		}
		if err != nil && !passing(err) {
			return err
		}
		if b.d.clock.Now()-b.progress > noProgress {
			return fmt.Errorf("the service accepted nothing for %v (last error: %w)", noProgress, orUnprocessed(err))
		}
		pause, delayErr := b.d.options.Retryer.RetryDelay(try, orUnprocessed(err))
		if delayErr != nil {
			return delayErr
		}
		if err := b.d.clock.SleepUntil(ctx, b.d.clock.Now()+pause); err != nil {
			return err
		}
	}
}

// unprocessed stands for an answer that leaves items unprocessed, which is how a batch is
// throttled (AWS DynamoDB Developer Guide, "Error handling with DynamoDB", batch operations).
var unprocessed = &types.ProvisionedThroughputExceededException{Message: aws.String("the service left items of a batch unprocessed")}

func orUnprocessed(err error) error {
	if err == nil {
		return unprocessed
	}
	return err
}

// passing reports whether an error is worth waiting for the end of.
func passing(err error) bool {
	class, reason := classOf(err)
	switch reason {
	case reasonReset, reasonClosed, reasonNetwork:
		return true
	}
	return class == op.Throttled || class == op.Overload || class == op.Timeout
}

// batchWrite sends one request, moves what was left unprocessed to the front of pending, and
// returns how many items that is.
func (d *Driver) batchWrite(ctx context.Context, pending []types.WriteRequest) (left int, err error) {
	out, err := d.control.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
		RequestItems:           map[string][]types.WriteRequest{d.cfg.Table: pending},
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	})
	d.load.mu.Lock()
	defer d.load.mu.Unlock()
	if err != nil {
		if class, reason := classOf(err); unseen(class, reason) {
			d.load.meter.add(0, d.writeUnits(pending))
		}
		return len(pending), err
	}
	for i := range out.ConsumedCapacity {
		d.load.meter.add(0, capacity(&out.ConsumedCapacity[i]))
	}
	left = copy(pending, out.UnprocessedItems[d.cfg.Table])
	d.load.throttles.Add(uint64(left))
	return left, nil
}

// writeUnits returns what the items consume by DynamoDB's rules.
func (d *Driver) writeUnits(items []types.WriteRequest) (sum float64) {
	for _, it := range items {
		_, units, _ := d.rules.DynamoDBUnits(op.Insert, itemBytes(it.PutRequest.Item))
		sum += units
	}
	return sum
}
