package dynamodb

import (
	"context"
	"errors"

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
	scans  []dynamodb.ScanInput // by segment: where this session stands in each
	limit  int32                // of the query or page under way
	same   map[string]types.AttributeValue
	expiry types.AttributeValueMemberN // of the item written, where the scenario has a time to live
	digits []byte                      // expiry's

	changes     [op.KindCount]*change  // nil for kinds that the scenario has no share of
	severals    [op.KindCount]*several // nil until the first operation of the kind
	conditional dynamodb.PutItemInput
	indexed     dynamodb.QueryInput
	valueText   types.AttributeValueMemberS // what an index is asked for
	valueNumber types.AttributeValueMemberN
	project     placeholders // of a read of one item
	projection  *string

	verification *verification // nil until the first verified read
}

func newSession(d *Driver) *session {
	s := &session{d: d, key: newKey(d.sc), item: newItem(d.sc)}
	s.client = d.newClient(s)
	if d.sc.Workload.Write.TTL > 0 {
		s.item.attributes[workload.AttrExpiry] = &s.expiry
	}
	table, units := aws.String(d.cfg.Table), d.reporting()
	consistent := aws.Bool(false)
	s.same = map[string]types.AttributeValue{":ver": &s.read}
	s.get = dynamodb.GetItemInput{TableName: table, Key: s.key.attributes, ReturnConsumedCapacity: units, ConsistentRead: consistent}
	s.put = dynamodb.PutItemInput{TableName: table, Item: s.item.attributes, ReturnConsumedCapacity: units}
	s.remove = dynamodb.DeleteItemInput{TableName: table, Key: s.key.attributes, ReturnConsumedCapacity: units}
	s.project = placeholders{sc: d.sc}
	s.projection = s.project.projection(d.sc.Ask(op.Read).Project)
	s.newQueries(consistent)
	s.newChanges()
	return s
}

// Do performs one operation.
func (s *session) Do(ctx context.Context, o *op.Op, out *op.Outcome) {
	out.Reset()
	s.out = out
	*s.get.ConsistentRead = o.Consistent
	s.get.ProjectionExpression, s.get.ExpressionAttributeNames = nil, nil
	if s.projection != nil && o.Asked().Project != nil { // a check of the data set reads whole items
		s.get.ProjectionExpression, s.get.ExpressionAttributeNames = s.projection, s.project.names
	}
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
			s.queryItems(ctx, o, &s.query)
		} else {
			s.getItem(ctx, o)
		}
	case op.ScanPage:
		s.scanPage(ctx, o)
	case op.ConditionalUpdate:
		s.item.set(s.d.sc, o.Partition, o.Sort, o.Version, o.Body)
		s.sendItem(ctx, o, &s.conditional)
	case op.PartialUpdate, op.Increment, op.Append, op.Touch:
		s.changeItem(ctx, o)
	case op.QueryIndex:
		s.queryIndex(ctx, o)
	case op.BatchRead:
		s.batchRead(ctx, o)
	case op.BatchWrite:
		s.batchWrite(ctx, o)
	case op.TransactRead:
		s.transactRead(ctx, o)
	case op.TransactWrite:
		s.transactWrite(ctx, o)
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
	s.sendItem(ctx, o, &s.put)
}

// sendItem sends the whole item that the session's item holds.
func (s *session) sendItem(ctx context.Context, o *op.Op, in *dynamodb.PutItemInput) {
	s.expires()
	before := len(s.out.Attempts)
	answer, err := s.client.PutItem(ctx, in)
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
	s.out.IndexReads += onIndexes(c)
	s.meter.add(u, 0)
}

func (s *session) writes(c *types.ConsumedCapacity) {
	u := capacity(c)
	s.out.WriteUnits += u
	s.out.IndexWrites += onIndexes(c)
	s.meter.add(0, u)
}

func capacity(c *types.ConsumedCapacity) float64 {
	if c == nil || c.CapacityUnits == nil {
		return 0
	}
	return *c.CapacityUnits
}

var _ driver.Session = (*session)(nil)
