package dynamodb

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// maxScanned is how many items are counted by a scan. Counting consumes read units as reading
// does; beyond this DynamoDB's own number is taken, which it brings up to date about every six
// hours (AWS DynamoDB API Reference, "TableDescription", ItemCount).
const maxScanned = 1_000_000

// Items returns how many items the table has; exact is false where DynamoDB's own number is
// taken.
func (d *Driver) Items(ctx context.Context) (n uint64, exact bool, err error) {
	if d.sc.Dataset.Items > maxScanned {
		out, err := d.control.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(d.cfg.Table)})
		if err != nil {
			return 0, false, fmt.Errorf("counting the items of table %s: %w", d.cfg.Table, d.safe(err))
		}
		return uint64(aws.ToInt64(out.Table.ItemCount)), false, nil
	}
	in := &dynamodb.ScanInput{
		TableName: aws.String(d.cfg.Table), Select: types.SelectCount, ConsistentRead: aws.Bool(true),
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	}
	for {
		out, err := d.control.Scan(ctx, in)
		if err != nil {
			return 0, false, fmt.Errorf("counting the items of table %s: %w", d.cfg.Table, d.safe(err))
		}
		d.load.mu.Lock()
		d.load.meter.add(capacity(out.ConsumedCapacity), 0)
		d.load.mu.Unlock()
		if n += uint64(out.Count); len(out.LastEvaluatedKey) == 0 {
			return n, true, nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
}
