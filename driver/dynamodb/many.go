package dynamodb

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/workload"
	"crossover/workload/op"
)

// reasonUnprocessed is the reason of an attempt that left items of a batch undone: the service
// throttles single items of a batch by handing them back (AWS DynamoDB Developer Guide, "Error
// handling with DynamoDB", "Batch operations and error handling").
const reasonUnprocessed = "UnprocessedItems"

// A several is what an operation of several items needs: a key, an item and a request for each.
type several struct {
	keys    []*key
	items   []*item
	updates []*update // of a transaction's steps; nil where a step is none

	get      dynamodb.BatchGetItemInput
	write    dynamodb.BatchWriteItemInput
	gets     dynamodb.TransactGetItemsInput
	writes   dynamodb.TransactWriteItemsInput
	wanted   []map[string]types.AttributeValue
	asked    types.KeysAndAttributes // of the wanted ones
	requests []types.WriteRequest
	puts     []*types.PutRequest
	deletes  []*types.DeleteRequest
	token    []byte
	// tokenText is token as the SDK takes it.
	tokenText string
	base      uint64 // of the tokens of this session's transactions, and of no other session's
	sent      uint64 // transactions so far
}

// newSeveral makes the requests of a kind.
func (s *session) newSeveral(k op.Kind) *several {
	sc, table := s.d.sc, aws.String(s.d.cfg.Table)
	n := sc.Parts(k)
	v := &several{}
	for range n {
		v.keys = append(v.keys, newKey(sc))
	}
	switch k {
	case op.BatchRead:
		for _, key := range v.keys {
			v.wanted = append(v.wanted, key.attributes)
		}
		w := placeholders{sc: sc}
		v.asked = types.KeysAndAttributes{
			Keys: v.wanted, ConsistentRead: aws.Bool(false), ProjectionExpression: w.projection(sc.Ask(k).Project), ExpressionAttributeNames: w.names,
		}
		v.get = dynamodb.BatchGetItemInput{ReturnConsumedCapacity: s.d.reporting(), RequestItems: map[string]types.KeysAndAttributes{}}
	case op.BatchWrite:
		for i := range n {
			v.items = append(v.items, s.newStored())
			v.puts = append(v.puts, &types.PutRequest{Item: v.items[i].attributes})
			v.deletes = append(v.deletes, &types.DeleteRequest{Key: v.keys[i].attributes})
		}
		v.requests = make([]types.WriteRequest, n)
		v.write = dynamodb.BatchWriteItemInput{ReturnConsumedCapacity: s.d.reporting(), RequestItems: map[string][]types.WriteRequest{}}
	case op.TransactRead:
		v.gets = dynamodb.TransactGetItemsInput{ReturnConsumedCapacity: s.d.reporting()}
		w := placeholders{sc: sc}
		projection := w.projection(sc.Ask(k).Project)
		for _, key := range v.keys {
			v.gets.TransactItems = append(v.gets.TransactItems, types.TransactGetItem{Get: &types.Get{
				TableName: table, Key: key.attributes, ProjectionExpression: projection, ExpressionAttributeNames: w.names,
			}})
		}
	case op.TransactWrite:
		s.newTransaction(v)
	}
	return v
}

// newStored returns an item that has the scenario's end of life, if it has one.
func (s *session) newStored() *item {
	it := newItem(s.d.sc)
	if s.d.sc.Workload.Write.TTL > 0 {
		it.attributes[workload.AttrExpiry] = &s.expiry
	}
	return it
}

// newTransaction makes the steps of a transaction.
func (s *session) newTransaction(v *several) {
	sc, table := s.d.sc, aws.String(s.d.cfg.Table)
	v.writes = dynamodb.TransactWriteItemsInput{ReturnConsumedCapacity: s.d.reporting()}
	for i, p := range sc.Steps() {
		it, ask := s.newStored(), p.Asked()
		v.items = append(v.items, it)
		w := &placeholders{sc: sc}
		var u *update
		if p.Step == op.StepSet || p.Step == op.StepIncrement {
			u = newUpdate(sc, it, p.Step, ask)
			w = &u.placeholders
		}
		v.updates = append(v.updates, u)
		condition := w.condition(p.Condition, ask.Compare)
		var t types.TransactWriteItem
		switch p.Step {
		case op.StepPut:
			t.Put = &types.Put{
				TableName: table, Item: it.attributes,
				ConditionExpression: condition, ExpressionAttributeNames: w.names, ExpressionAttributeValues: w.values,
			}
		case op.StepDelete:
			t.Delete = &types.Delete{
				TableName: table, Key: v.keys[i].attributes,
				ConditionExpression: condition, ExpressionAttributeNames: w.names, ExpressionAttributeValues: w.values,
			}
		case op.StepCheck:
			t.ConditionCheck = &types.ConditionCheck{
				TableName: table, Key: v.keys[i].attributes,
				ConditionExpression: condition, ExpressionAttributeNames: w.names, ExpressionAttributeValues: w.values,
			}
		default:
			t.Update = &types.Update{
				TableName: table, Key: v.keys[i].attributes, UpdateExpression: u.text,
				ConditionExpression: condition, ExpressionAttributeNames: w.names, ExpressionAttributeValues: w.values,
			}
		}
		v.writes.TransactItems = append(v.writes.TransactItems, t)
	}
	var base [8]byte
	_, _ = rand.Read(base[:]) // which never fails
	v.base = binary.BigEndian.Uint64(base[:])
}

// fill sets keys and items to those of the operation.
func (v *several) fill(s *session, o *op.Op) {
	s.expires()
	for i := range o.Parts {
		p := &o.Parts[i]
		v.keys[i].set(s.d.sc, p.Partition, p.Sort)
		switch p.Step {
		case op.StepPut:
			v.items[i].set(s.d.sc, p.Partition, p.Sort, p.Version, p.Body)
		case op.StepSet, op.StepIncrement:
			v.items[i].fill(s.d.sc, p.Version, p.Body)
		}
	}
}

// many returns the requests of the operation's kind, filled; nil where it is not the scenario's.
func (s *session) many(o *op.Op) *several {
	v := s.severals[o.Kind]
	if v == nil {
		v = s.newSeveral(o.Kind)
		s.severals[o.Kind] = v
	}
	if len(o.Parts) == 0 || len(o.Parts) != len(v.keys) {
		s.out.Class, s.out.Reason, s.out.Err = op.Failed, reasonClient, errUnknownKind
		return nil
	}
	v.fill(s, o)
	return v
}

// batchRead reads the operation's items. Keys that come back unprocessed are asked for again.
func (s *session) batchRead(ctx context.Context, o *op.Op) {
	v := s.many(o)
	if v == nil {
		return
	}
	keys := v.asked
	*keys.ConsistentRead = o.Consistent
	s.repeat(ctx, o, func() (left int, err error) {
		v.get.RequestItems[s.d.cfg.Table] = keys
		answer, err := s.client.BatchGetItem(ctx, &v.get)
		if err != nil {
			return 0, err
		}
		for i := range answer.ConsumedCapacity {
			s.reads(&answer.ConsumedCapacity[i])
		}
		s.page(o, answer.Responses[s.d.cfg.Table])
		keys.Keys = answer.UnprocessedKeys[s.d.cfg.Table].Keys
		return len(keys.Keys), nil
	})
	if s.out.Class == op.OK && s.out.Items == 0 {
		s.nothing()
	}
}

// batchWrite writes and deletes the operation's items. What comes back unprocessed is sent
// again.
func (s *session) batchWrite(ctx context.Context, o *op.Op) {
	v := s.many(o)
	if v == nil {
		return
	}
	for i := range o.Parts {
		v.requests[i] = types.WriteRequest{PutRequest: v.puts[i]}
		if o.Parts[i].Step == op.StepDelete {
			v.requests[i] = types.WriteRequest{DeleteRequest: v.deletes[i]}
		}
	}
	pending := v.requests[:len(o.Parts)]
	s.repeat(ctx, o, func() (left int, err error) {
		v.write.RequestItems[s.d.cfg.Table] = pending
		answer, err := s.client.BatchWriteItem(ctx, &v.write)
		if err != nil {
			return 0, err
		}
		for i := range answer.ConsumedCapacity {
			s.writes(&answer.ConsumedCapacity[i])
		}
		again := answer.UnprocessedItems[s.d.cfg.Table]
		s.out.Items += len(pending) - len(again)
		s.out.BytesOut += putBytes(pending) - putBytes(again)
		pending = again
		return len(again), nil
	})
}

func putBytes(requests []types.WriteRequest) (n uint64) {
	for i := range requests {
		if p := requests[i].PutRequest; p != nil {
			n += itemBytes(p.Item)
		}
	}
	return n
}

// repeat sends a batch until nothing of it is left, as often as a request may be attempted, with
// the retryer's waits between. An attempt that left something is a throttled one.
func (s *session) repeat(ctx context.Context, o *op.Op, send func() (left int, err error)) {
	out := s.out
	for try := 1; ; try++ {
		before, requests := len(out.Attempts), out.Requests
		left, err := send()
		answered := s.ended(ctx, o, o.Kind, before, err)
		if try > 1 {
			out.Requests = requests // what is sent again is the same request
		}
		if !answered || left == 0 {
			return
		}
		if n := len(out.Attempts); n > 0 {
			out.Attempts[n-1].Class, out.Attempts[n-1].Reason = op.Throttled, reasonUnprocessed
		}
		out.Class, out.Reason, out.Err = op.Throttled, reasonUnprocessed, unprocessed
		if try >= s.d.cfg.Retries.Attempts {
			return
		}
		pause, err := s.d.options.Retryer.RetryDelay(try, unprocessed)
		if err != nil || s.d.clock.SleepUntil(ctx, s.d.clock.Now()+pause) != nil {
			return
		}
		out.Err = nil
	}
}

// transactRead reads the operation's items as they are at one time.
func (s *session) transactRead(ctx context.Context, o *op.Op) {
	v := s.many(o)
	if v == nil {
		return
	}
	before := len(s.out.Attempts)
	answer, err := s.client.TransactGetItems(ctx, &v.gets)
	if !s.ended(ctx, o, o.Kind, before, err) {
		return
	}
	for i := range answer.ConsumedCapacity {
		s.reads(&answer.ConsumedCapacity[i])
	}
	for i := range answer.Responses {
		if it := answer.Responses[i].Item; len(it) > 0 {
			s.out.Items++
			s.out.BytesIn += itemBytes(it)
		}
	}
	if s.out.Items == 0 {
		s.nothing()
	}
}

// transactWrite changes the operation's items, all of them or none. Its token is the same for
// all attempts of an operation and no other's, so that an attempt whose answer was lost is not
// carried out twice.
func (s *session) transactWrite(ctx context.Context, o *op.Op) {
	v := s.many(o)
	if v == nil {
		return
	}
	v.sent++
	v.token = appendToken(v.token[:0], v.base, v.sent)
	v.tokenText = text(v.token)
	v.writes.ClientRequestToken = &v.tokenText
	before := len(s.out.Attempts)
	answer, err := s.client.TransactWriteItems(ctx, &v.writes)
	if !s.ended(ctx, o, o.Kind, before, err) {
		return
	}
	for i := range answer.ConsumedCapacity {
		s.writes(&answer.ConsumedCapacity[i])
	}
	for i := range o.Parts {
		switch o.Parts[i].Step {
		case op.StepCheck:
			continue
		case op.StepPut:
			s.out.BytesOut += itemBytes(v.items[i].attributes)
		case op.StepSet, op.StepIncrement:
			s.out.BytesOut += v.updates[i].bytes()
		}
		s.out.Items++
	}
}

// appendToken appends 32 hexadecimal digits; a token has at most 36 characters.
func appendToken(dst []byte, base, sent uint64) []byte {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], base)
	binary.BigEndian.PutUint64(raw[8:], sent)
	return hex.AppendEncode(dst, raw[:])
}
