package dynamodb

import (
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/workload/op"
)

// A change is a request that changes a part of an item, made once and filled before it is sent.
type change struct {
	update *update
	input  dynamodb.UpdateItemInput
}

// changes makes the requests of the kinds of which the scenario has a share.
func (s *session) newChanges() {
	sc := s.d.sc
	for _, k := range []op.Kind{op.PartialUpdate, op.Increment, op.Append, op.Touch} {
		if sc.Workload.Operations[k] == 0 {
			continue
		}
		ask, c := sc.Ask(k), &change{}
		switch k {
		case op.PartialUpdate:
			c.update = newUpdate(sc, s.item, op.StepSet, ask)
		case op.Increment:
			c.update = newUpdate(sc, s.item, op.StepIncrement, ask)
		case op.Append:
			c.update = newAppend(sc, s.item, ask)
		case op.Touch:
			c.update = newTouch(sc, &s.expiry)
		}
		condition := c.update.placeholders.condition(sc.Condition(k), ask.Compare)
		c.input = dynamodb.UpdateItemInput{
			TableName: aws.String(s.d.cfg.Table), Key: s.key.attributes, ReturnConsumedCapacity: s.d.reporting(),
			UpdateExpression: c.update.text, ConditionExpression: condition,
			ExpressionAttributeNames: c.update.names, ExpressionAttributeValues: c.update.values,
		}
		s.changes[k] = c
	}
	if sc.Workload.Operations[op.ConditionalUpdate] > 0 {
		w := placeholders{sc: sc}
		condition := w.condition(sc.Condition(op.ConditionalUpdate), sc.Ask(op.ConditionalUpdate).Compare)
		s.conditional = dynamodb.PutItemInput{
			TableName: s.put.TableName, Item: s.item.attributes, ReturnConsumedCapacity: s.d.reporting(),
			ConditionExpression: condition, ExpressionAttributeNames: w.names, ExpressionAttributeValues: w.values,
		}
	}
}

// changeItem changes a part of the operation's item.
func (s *session) changeItem(ctx context.Context, o *op.Op) {
	c := s.changes[o.Kind]
	if c == nil {
		s.out.Class, s.out.Reason, s.out.Err = op.Failed, reasonClient, errUnknownKind
		return
	}
	s.key.set(s.d.sc, o.Partition, o.Sort)
	s.item.fill(s.d.sc, o.Version, o.Body)
	s.expires()
	before := len(s.out.Attempts)
	answer, err := s.client.UpdateItem(ctx, &c.input)
	if s.ended(ctx, o, o.Kind, before, err) {
		s.writes(answer.ConsumedCapacity)
		s.out.Items++
		s.out.BytesOut += c.update.bytes()
	}
}

// expires sets the end of what is about to be written, where the scenario has a time to live.
func (s *session) expires() {
	if ttl := s.d.sc.Workload.Write.TTL; ttl > 0 {
		s.digits = strconv.AppendInt(s.digits[:0], s.d.clock.Wall(s.d.clock.Now()).Add(ttl).Unix(), 10)
		s.expiry.Value = text(s.digits)
	}
}

// reporting is how consumed capacity is asked for: with the indexes' share where there are any.
func (d *Driver) reporting() types.ReturnConsumedCapacity {
	if len(d.sc.Indexes) > 0 {
		return types.ReturnConsumedCapacityIndexes
	}
	return types.ReturnConsumedCapacityTotal
}

// onIndexes returns the units that indexes have of those consumed.
func onIndexes(c *types.ConsumedCapacity) (units float64) {
	if c == nil {
		return 0
	}
	for _, m := range []map[string]types.Capacity{c.GlobalSecondaryIndexes, c.LocalSecondaryIndexes} {
		for _, x := range m {
			if x.CapacityUnits != nil {
				units += *x.CapacityUnits
			}
		}
	}
	return units
}
