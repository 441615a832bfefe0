package dynamodb

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/workload"
	"crossover/workload/items"
	"crossover/workload/op"
)

// newQueries makes the requests that read several items by a key or in the table's order.
func (s *session) newQueries(consistent *bool) {
	sc, units := s.d.sc, s.d.reporting()
	ask := sc.Ask(op.Query)
	w := placeholders{sc: sc, values: map[string]types.AttributeValue{":pk": &s.key.partition}}
	s.query = dynamodb.QueryInput{
		TableName: aws.String(s.d.cfg.Table), ReturnConsumedCapacity: units, ConsistentRead: consistent, Limit: &s.limit,
		KeyConditionExpression: aws.String(workload.AttrPartition + " = :pk"),
		FilterExpression:       w.filter(ask.Filter), ProjectionExpression: w.projection(ask.Project), ScanIndexForward: backwards(ask),
		ExpressionAttributeNames: w.names, ExpressionAttributeValues: w.values,
	}
	ask = sc.Ask(op.ScanPage)
	w = placeholders{sc: sc}
	scan := dynamodb.ScanInput{
		TableName: s.query.TableName, ReturnConsumedCapacity: units, ConsistentRead: consistent, Limit: &s.limit,
		FilterExpression: w.filter(ask.Filter), ProjectionExpression: w.projection(ask.Project),
		ExpressionAttributeNames: w.names, ExpressionAttributeValues: w.values,
	}
	s.scans = append(s.scans, scan)
	if n := ask.Segments; n > 1 {
		s.scans = make([]dynamodb.ScanInput, n)
		for i := range s.scans {
			s.scans[i] = scan
			s.scans[i].Segment, s.scans[i].TotalSegments = aws.Int32(int32(i)), aws.Int32(int32(n))
		}
	}
	if sc.Workload.QueryIndex != nil {
		s.newIndexQuery(consistent)
	}
}

// backwards asks for descending order; nil is ascending.
func backwards(ask *op.Ask) *bool {
	if ask.Reverse {
		return aws.Bool(false)
	}
	return nil
}

// newIndexQuery makes the query of the index that the scenario queries: a global one by its
// partition attribute, a local one by the table's partition key.
func (s *session) newIndexQuery(consistent *bool) {
	sc := s.d.sc
	ask := sc.Ask(op.QueryIndex)
	x := &sc.Indexes[ask.On]
	w := placeholders{sc: sc}
	key, value := workload.AttrPartition, types.AttributeValue(&s.key.partition)
	if x.Global() {
		key = x.Partition
		value = &s.valueText
		if indexType(sc, key) == types.ScalarAttributeTypeN {
			value = &s.valueNumber
		}
	}
	s.indexed = dynamodb.QueryInput{
		TableName: s.query.TableName, IndexName: aws.String(x.Name), ReturnConsumedCapacity: s.d.reporting(),
		ConsistentRead: consistent, Limit: &s.limit, ScanIndexForward: backwards(ask),
		KeyConditionExpression: aws.String(w.name(key) + " = " + w.value(value)),
		FilterExpression:       w.filter(ask.Filter), ProjectionExpression: w.projection(ask.Project),
	}
	s.indexed.ExpressionAttributeNames, s.indexed.ExpressionAttributeValues = w.names, w.values
}

// indexType returns the type of an attribute that is a key of an index.
func indexType(sc *workload.Scenario, name string) types.ScalarAttributeType {
	for _, a := range sc.Dataset.Typed {
		if a.Name == name && a.Type == items.Number {
			return types.ScalarAttributeTypeN
		}
	}
	return types.ScalarAttributeTypeS
}

// queryIndex reads the items that have the operation's value in an index.
func (s *session) queryIndex(ctx context.Context, o *op.Op) {
	s.valueText.Value, s.valueNumber.Value = text(o.Value), text(o.Value)
	s.queryItems(ctx, o, &s.indexed)
}

// queryItems reads the first items of a partition key, of the table's or an index's. A page ends
// at 1 MB (AWS DynamoDB Developer Guide, "Paginating table query results"), so that large items
// take several requests. So may a filter: the limit of a request is of items before it.
func (s *session) queryItems(ctx context.Context, o *op.Op, in *dynamodb.QueryInput) {
	s.key.set(s.d.sc, o.Partition, 0)
	in.ExclusiveStartKey = nil
	ask := o.Asked()
	for page := uint32(1); ; page++ {
		left := int(o.Limit) - s.out.Items
		s.limit = int32(min(left, maxLimit))
		if ask.Filter != nil {
			s.limit = int32(min(int(o.Limit), maxLimit))
		}
		before := len(s.out.Attempts)
		answer, err := s.client.Query(ctx, in)
		if !s.ended(ctx, o, o.Kind, before, err) {
			return
		}
		s.reads(answer.ConsumedCapacity)
		s.page(o, answer.Items[:min(left, len(answer.Items))])
		if len(answer.LastEvaluatedKey) == 0 || s.out.Items >= int(o.Limit) || page == ask.Pages {
			break
		}
		in.ExclusiveStartKey = answer.LastEvaluatedKey
	}
	if s.out.Items == 0 {
		s.nothing()
	}
}

// maxLimit is the largest Limit that a request can carry.
const maxLimit = 1<<31 - 1

// scanPage reads one page, of the table or of the operation's segment, from where the session's
// last one ended; after the end the next page is the first again.
func (s *session) scanPage(ctx context.Context, o *op.Op) {
	in := &s.scans[min(int(o.Segment), len(s.scans)-1)]
	s.limit = int32(min(int(o.Limit), maxLimit))
	before := len(s.out.Attempts)
	answer, err := s.client.Scan(ctx, in)
	if !s.ended(ctx, o, op.ScanPage, before, err) {
		return
	}
	s.reads(answer.ConsumedCapacity)
	s.page(o, answer.Items)
	in.ExclusiveStartKey = answer.LastEvaluatedKey
	if len(answer.LastEvaluatedKey) == 0 {
		in.ExclusiveStartKey = nil
	}
}

// page takes in the items of an answer.
func (s *session) page(o *op.Op, items []map[string]types.AttributeValue) {
	s.out.Items += len(items)
	if o.Verify {
		s.verifyEach(items)
	}
	for _, it := range items {
		s.out.BytesIn += itemBytes(it)
	}
}
