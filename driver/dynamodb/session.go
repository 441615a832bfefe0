package dynamodb

import (
	"context"
	"errors"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/driver"
	"crossover/workload"
	"crossover/workload/op"
)

// Conditions of writes, as DynamoDB takes them.
var (
	mustExist    = aws.String("attribute_exists(" + workload.AttrPartition + ")")
	mustNotExist = aws.String("attribute_not_exists(" + workload.AttrPartition + ")")
	sameVersion  = aws.String(workload.AttrVersion + " = :ver")
	keyIs        = aws.String(workload.AttrPartition + " = :pk")
)

// A session performs operations one at a time. Inputs, keys and items are its own and used
// again; what is allocated for an operation is allocated by the SDK.
type session struct {
	d      *Driver
	client dataPlane
	out    *op.Outcome // of the operation under way
	errors errorBody
	meter  meter

	key    *key
	item   *item
	read   types.AttributeValueMemberS // version that a read_modify_write read
	get    dynamodb.GetItemInput
	put    dynamodb.PutItemInput
	remove dynamodb.DeleteItemInput
	query  dynamodb.QueryInput
	scan   dynamodb.ScanInput
	limit  int32 // of the query or page under way
	same   map[string]types.AttributeValue
	expiry types.AttributeValueMemberN // of the item written, where the scenario has a time to live
	digits []byte                      // expiry's

	verification *verification // nil until the first verified read
}

func newSession(d *Driver) *session {
	s := &session{d: d, key: newKey(d.sc), item: newItem(d.sc)}
	s.client = d.newClient(s)
	if d.sc.Workload.Write.TTL > 0 {
		s.item.attributes[workload.AttrExpiry] = &s.expiry
	}
	table, units := aws.String(d.cfg.Table), types.ReturnConsumedCapacityTotal
	consistent := aws.Bool(false)
	s.same = map[string]types.AttributeValue{":ver": &s.read}
	s.get = dynamodb.GetItemInput{TableName: table, Key: s.key.attributes, ReturnConsumedCapacity: units, ConsistentRead: consistent}
	s.put = dynamodb.PutItemInput{TableName: table, Item: s.item.attributes, ReturnConsumedCapacity: units}
	s.remove = dynamodb.DeleteItemInput{TableName: table, Key: s.key.attributes, ReturnConsumedCapacity: units}
	s.query = dynamodb.QueryInput{
		TableName: table, ReturnConsumedCapacity: units, ConsistentRead: consistent, Limit: &s.limit,
		KeyConditionExpression:    keyIs,
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": &s.key.partition},
	}
	s.scan = dynamodb.ScanInput{TableName: table, ReturnConsumedCapacity: units, ConsistentRead: consistent, Limit: &s.limit}
	return s
}

// Do performs one operation.
func (s *session) Do(ctx context.Context, o *op.Op, out *op.Outcome) {
	out.Reset()
	s.out = out
	*s.get.ConsistentRead = o.Consistent
	switch o.Kind {
	case op.Read:
		s.getItem(ctx, o)
	case op.Update, op.Insert:
		s.putItem(ctx, o, o.Condition)
	case op.Delete:
		s.deleteItem(ctx, o)
	case op.ReadModifyWrite:
		// There is nothing to modify where nothing is stored.
		if s.getItem(ctx, o) && out.Class == op.OK {
			s.putItem(ctx, o, o.Condition)
		}
	case op.Query:
		if s.d.sc.HasSort() {
			s.queryItems(ctx, o)
		} else {
			s.getItem(ctx, o)
		}
	case op.ScanPage:
		s.scanPage(ctx, o)
	default:
		out.Class, out.Reason, out.Err = op.Failed, reasonClient, errUnknownKind
	}
	s.out = nil
}

var errUnknownKind = errors.New("an operation of a kind that the driver does not know")

// getItem reads the operation's item; it reports whether the request was answered.
func (s *session) getItem(ctx context.Context, o *op.Op) bool {
	s.key.set(s.d.sc, o.Partition, o.Sort)
	before := len(s.out.Attempts)
	answer, err := s.client.GetItem(ctx, &s.get)
	if !s.ended(ctx, o, op.Read, before, err) {
		return false
	}
	s.reads(answer.ConsumedCapacity)
	if len(answer.Item) == 0 {
		s.nothing()
		return true
	}
	s.out.Items++
	s.out.BytesIn += itemBytes(answer.Item)
	if v, ok := answer.Item[workload.AttrVersion].(*types.AttributeValueMemberS); ok {
		s.read.Value = v.Value
	} else {
		s.read.Value = ""
	}
	if o.Verify {
		s.verify(o, answer.Item)
	}
	return true
}

// putItem writes the operation's item.
func (s *session) putItem(ctx context.Context, o *op.Op, c op.Condition) {
	s.item.set(s.d.sc, o.Partition, o.Sort, o.Version, o.Body)
	if ttl := s.d.sc.Workload.Write.TTL; ttl > 0 {
		s.digits = strconv.AppendInt(s.digits[:0], s.d.clock.Wall(s.d.clock.Now()).Add(ttl).Unix(), 10)
		s.expiry.Value = text(s.digits)
	}
	s.put.ExpressionAttributeValues = nil
	switch c {
	case op.MustExist:
		s.put.ConditionExpression = mustExist
	case op.MustNotExist:
		s.put.ConditionExpression = mustNotExist
	case op.VersionUnchanged:
		s.put.ConditionExpression = sameVersion
		s.put.ExpressionAttributeValues = s.same
	default:
		s.put.ConditionExpression = nil
	}
	before := len(s.out.Attempts)
	answer, err := s.client.PutItem(ctx, &s.put)
	if s.ended(ctx, o, op.Update, before, err) {
		s.writes(answer.ConsumedCapacity)
		s.out.Items++
		s.out.BytesOut += itemBytes(s.item.attributes)
	}
}

func (s *session) deleteItem(ctx context.Context, o *op.Op) {
	s.key.set(s.d.sc, o.Partition, o.Sort)
	s.remove.ConditionExpression = nil
	if o.Condition == op.MustExist {
		s.remove.ConditionExpression = mustExist
	}
	before := len(s.out.Attempts)
	answer, err := s.client.DeleteItem(ctx, &s.remove)
	if s.ended(ctx, o, op.Delete, before, err) {
		s.writes(answer.ConsumedCapacity)
		s.out.Items++
	}
}

// queryItems reads a partition key's first items. A page ends at 1 MB (AWS DynamoDB Developer
// Guide, "Paginating table query results"), so that large items take several requests.
func (s *session) queryItems(ctx context.Context, o *op.Op) {
	s.key.set(s.d.sc, o.Partition, 0)
	s.query.ExclusiveStartKey = nil
	for {
		s.limit = int32(min(int(o.Limit)-s.out.Items, maxLimit))
		before := len(s.out.Attempts)
		answer, err := s.client.Query(ctx, &s.query)
		if !s.ended(ctx, o, op.Query, before, err) {
			return
		}
		s.reads(answer.ConsumedCapacity)
		s.page(answer.Items)
		if len(answer.LastEvaluatedKey) == 0 || s.out.Items >= int(o.Limit) {
			break
		}
		s.query.ExclusiveStartKey = answer.LastEvaluatedKey
	}
	if s.out.Items == 0 {
		s.nothing()
	}
}

// maxLimit is the largest Limit that a request can carry.
const maxLimit = 1<<31 - 1

// scanPage reads one page, from where the session's last one ended; after the table's end the
// next page is the first again.
func (s *session) scanPage(ctx context.Context, o *op.Op) {
	s.limit = int32(min(int(o.Limit), maxLimit))
	before := len(s.out.Attempts)
	answer, err := s.client.Scan(ctx, &s.scan)
	if !s.ended(ctx, o, op.ScanPage, before, err) {
		return
	}
	s.reads(answer.ConsumedCapacity)
	s.page(answer.Items)
	s.scan.ExclusiveStartKey = answer.LastEvaluatedKey
	if len(answer.LastEvaluatedKey) == 0 {
		s.scan.ExclusiveStartKey = nil
	}
}

func (s *session) page(items []map[string]types.AttributeValue) {
	s.out.Items += len(items)
	for _, it := range items {
		s.out.BytesIn += itemBytes(it)
	}
}

// nothing turns an answer without an item into NotFound, the attempt's class too.
func (s *session) nothing() {
	s.out.Class = op.NotFound
	if n := len(s.out.Attempts); n > 0 {
		s.out.Attempts[n-1].Class = op.NotFound
	}
}

// ended takes in how a request ended, whose attempts are those from before on, and reports
// whether it was answered with what was asked for.
func (s *session) ended(ctx context.Context, o *op.Op, request op.Kind, before int, err error) bool {
	out := s.out
	attempts := out.Attempts[before:]
	if len(attempts) > 0 {
		out.Requests++
	}
	for i := range attempts {
		a := &attempts[i]
		if a.Class > op.ConditionFailed {
			out.Reason = a.Reason
		}
		if unseen(a.Class, a.Reason) {
			s.meter.estimate(s.d, request, o.Item)
		}
	}
	if err == nil {
		out.Class = op.OK
		return true
	}
	switch {
	case len(attempts) > 0 && attempts[len(attempts)-1].Class != op.OK:
		last := attempts[len(attempts)-1]
		out.Class, out.Reason = last.Class, last.Reason
	case ctx.Err() != nil:
		out.Class, out.Reason = op.Timeout, reasonContext
	default:
		out.Class, out.Reason = classify(err, nil, nil)
	}
	if out.Class != op.ConditionFailed {
		out.Err = s.d.safe(err)
	}
	return false
}

// reads and writes add consumed units as the service reported them.
func (s *session) reads(c *types.ConsumedCapacity) {
	u := capacity(c)
	s.out.ReadUnits += u
	s.meter.add(u, 0)
}

func (s *session) writes(c *types.ConsumedCapacity) {
	u := capacity(c)
	s.out.WriteUnits += u
	s.meter.add(0, u)
}

func capacity(c *types.ConsumedCapacity) float64 {
	if c == nil || c.CapacityUnits == nil {
		return 0
	}
	return *c.CapacityUnits
}

var _ driver.Session = (*session)(nil)
