package dynamodb

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// How often the service is asked what it says of the table's capacity. CloudWatch has one
// figure a minute, some minutes late (AWS DynamoDB Developer Guide, "Metrics and dimensions");
// each metric of a request is billed.
const (
	capacityEvery   = 10 * time.Second
	cloudWatchEvery = time.Minute
	cloudWatchBack  = 10 * time.Minute
)

// The counters that a sample has of the table's capacity, by CloudWatch's names.
const (
	provisionedRead  = "ProvisionedReadCapacityUnits"
	provisionedWrite = "ProvisionedWriteCapacityUnits"
	warmRead         = "WarmReadUnitsPerSecond" // of DescribeTable; CloudWatch has no such metric
	warmWrite        = "WarmWriteUnitsPerSecond"
)

// cloudWatchPrefix starts the names of what CloudWatch says, which is of an earlier minute.
const cloudWatchPrefix = "CloudWatch."

// cloudWatchAt is which minute that was: the seconds since 1970 at its start.
const cloudWatchAt = cloudWatchPrefix + "Minute"

// A metric is one series of namespace AWS/DynamoDB (AWS DynamoDB Developer Guide, "DynamoDB
// metrics and dimensions").
type metric struct{ name, statistic, operation string }

func (m metric) counter() string {
	if m.operation != "" {
		return cloudWatchPrefix + m.name + "." + m.operation
	}
	return cloudWatchPrefix + m.name
}

// metrics are those that are asked for: consumption and throttles of the table, and how long the
// service itself took.
var metrics = func() (list []metric) {
	for _, name := range []string{"ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ReadThrottleEvents", "WriteThrottleEvents"} {
		list = append(list, metric{name, "Sum", ""})
	}
	for _, way := range []string{"Read", "Write"} {
		for _, why := range []string{"ProvisionedThroughput", "KeyRangeThroughput", "MaxOnDemandThroughput", "AccountLimit"} {
			list = append(list, metric{way + why + "ThrottleEvents", "Sum", ""})
		}
	}
	list = append(list, metric{provisionedRead, "Average", ""}, metric{provisionedWrite, "Average", ""})
	for _, operation := range []string{"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem", "TransactGetItems", "TransactWriteItems"} {
		list = append(list, metric{"SuccessfulRequestLatency", "Average", operation})
	}
	return list
}()

// A metricReader is CloudWatch.
type metricReader interface {
	GetMetricData(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error)
}

// A capacityWatch remembers what the service said last.
type capacityWatch struct {
	mu       sync.Mutex
	next     time.Duration // when the table is described again
	nextCW   time.Duration // when CloudWatch is asked again
	counters map[string]float64
	failed   error // CloudWatch's first error; it is not asked again
}

// capacityCounters adds to a sample what the service says of the table's capacity.
func (d *Driver) capacityCounters(ctx context.Context, into map[string]float64) error {
	w := &d.capacity
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.counters == nil {
		w.counters = map[string]float64{}
	}
	now := d.clock.Now()
	if now >= w.next {
		w.next = now + capacityEvery
		table, err := d.describeTable(ctx)
		if err != nil {
			return err
		}
		if table != nil {
			if p := capacityOf(table).Provisioned; p != nil {
				w.counters[provisionedRead], w.counters[provisionedWrite] = float64(p.Read), float64(p.Write)
			}
			if warm := warmOf(table); warm.Read > 0 {
				w.counters[warmRead], w.counters[warmWrite] = float64(warm.Read), float64(warm.Write)
			}
		}
	}
	if d.cloudwatch != nil && w.failed == nil && now >= w.nextCW {
		w.nextCW = now + cloudWatchEvery
		w.failed = d.askCloudWatch(ctx, now, w.counters)
	}
	for name, value := range w.counters {
		if _, told := into[name]; !told { // the embedded server's own word comes first
			into[name] = value
		}
	}
	err := w.failed
	if err != nil {
		w.failed = errAskedNoMore
	}
	if err == errAskedNoMore {
		return nil
	}
	return err
}

// errAskedNoMore marks that CloudWatch's error has been reported.
var errAskedNoMore = fmt.Errorf("CloudWatch is not asked any more")

// askCloudWatch reads the newest whole minute that CloudWatch knows.
func (d *Driver) askCloudWatch(ctx context.Context, now time.Duration, into map[string]float64) error {
	end := d.clock.Wall(now).UTC().Truncate(time.Minute)
	in := &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(end.Add(-cloudWatchBack)), EndTime: aws.Time(end), ScanBy: cwtypes.ScanByTimestampDescending,
	}
	for i, m := range metrics {
		dimensions := []cwtypes.Dimension{{Name: aws.String("TableName"), Value: aws.String(d.cfg.Table)}}
		if m.operation != "" {
			dimensions = append(dimensions, cwtypes.Dimension{Name: aws.String("Operation"), Value: aws.String(m.operation)})
		}
		in.MetricDataQueries = append(in.MetricDataQueries, cwtypes.MetricDataQuery{
			Id: aws.String("m" + strconv.Itoa(i)),
			MetricStat: &cwtypes.MetricStat{
				Metric: &cwtypes.Metric{Namespace: aws.String("AWS/DynamoDB"), MetricName: aws.String(m.name), Dimensions: dimensions},
				Period: aws.Int32(60), Stat: aws.String(m.statistic),
			},
		})
	}
	newest := time.Time{}
	results := map[string]cwtypes.MetricDataResult{}
	for {
		out, err := d.cloudwatch.GetMetricData(ctx, in)
		if err != nil {
			return fmt.Errorf("asking CloudWatch for table %s: %w", d.cfg.Table, d.safe(err))
		}
		for _, r := range out.MetricDataResults {
			results[aws.ToString(r.Id)] = r
			if len(r.Timestamps) > 0 && r.Timestamps[0].After(newest) {
				newest = r.Timestamps[0]
			}
		}
		if aws.ToString(out.NextToken) == "" {
			break
		}
		in.NextToken = out.NextToken
	}
	if newest.IsZero() {
		return nil // nothing yet
	}
	into[cloudWatchAt] = float64(newest.Unix())
	for i, m := range metrics {
		r := results["m"+strconv.Itoa(i)]
		delete(into, m.counter())
		if len(r.Timestamps) > 0 && len(r.Values) > 0 && r.Timestamps[0].Equal(newest) {
			into[m.counter()] = r.Values[0]
		}
	}
	return nil
}
