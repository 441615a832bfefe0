package dynamodb

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/workload"
)

// Values of `table_class` and `stream`.
const (
	classStandard   = "standard"
	classInfrequent = "infrequent_access"
	streamNone      = "none"
)

// A Warmth is the warm throughput that a table is asked to have from the start, in units/s; 0
// leaves one of them to the service (AWS DynamoDB Developer Guide, "Understanding DynamoDB warm
// throughput").
type Warmth struct {
	Read  int64 `yaml:"read" default:"0" min:"0" doc:"read units/s; 0 leaves it to the service"`
	Write int64 `yaml:"write" default:"0" min:"0" doc:"write units/s; 0 leaves it to the service"`
}

// classes and views are how the service spells them.
var classes = map[string]types.TableClass{
	classStandard: types.TableClassStandard, classInfrequent: types.TableClassStandardInfrequentAccess,
}

var views = map[string]types.StreamViewType{
	"keys_only": types.StreamViewTypeKeysOnly, "new_image": types.StreamViewTypeNewImage,
	"old_image": types.StreamViewTypeOldImage, "new_and_old_images": types.StreamViewTypeNewAndOldImages,
}

// applyOptions asks for class, stream and warm throughput of a table that is created.
func (c *Config) applyOptions(in *dynamodb.CreateTableInput) {
	if c.TableClass != classStandard {
		in.TableClass = classes[c.TableClass]
	}
	if view, ok := views[c.Stream]; ok {
		in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: view}
	}
	if w := c.WarmThroughput; w.Read > 0 || w.Write > 0 {
		in.WarmThroughput = &types.WarmThroughput{}
		if w.Read > 0 {
			in.WarmThroughput.ReadUnitsPerSecond = aws.Int64(w.Read)
		}
		if w.Write > 0 {
			in.WarmThroughput.WriteUnitsPerSecond = aws.Int64(w.Write)
		}
	}
}

// complete does what CreateTable has no member for, on a table of crossover's own: its items'
// time to live, its backups, its scaling.
func (d *Driver) complete(ctx context.Context) error {
	table := aws.String(d.cfg.Table)
	d.table.notes = nil
	if d.sc.Workload.Write.TTL > 0 {
		_, err := d.control.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
			TableName:               table,
			TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String(workload.AttrExpiry), Enabled: aws.Bool(true)},
		})
		switch {
		case isCode(err, "UnknownOperationException"):
			d.table.notes = append(d.table.notes, "the server knows no time to live: items carry the time of their end and stay beyond it")
		case err != nil && !isCode(err, "ValidationException"): // which says that it is on already
			return fmt.Errorf("giving table %s a time to live: %w", d.cfg.Table, d.safe(err))
		}
	}
	if d.cfg.PITR {
		_, err := d.control.UpdateContinuousBackups(ctx, &dynamodb.UpdateContinuousBackupsInput{
			TableName:                        table,
			PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)},
		})
		if err != nil {
			return fmt.Errorf("giving table %s point-in-time recovery: %w", d.cfg.Table, d.safe(err))
		}
	}
	return d.scale(ctx)
}

// optionsDiffer says what else a table has that was not asked for, or lacks.
func (d *Driver) optionsDiffer(table *types.TableDescription) string {
	if has := tableClassOf(table); has != d.cfg.TableClass {
		return fmt.Sprintf("table class %s instead of %s", has, d.cfg.TableClass)
	}
	if has := streamOf(table); has != d.cfg.Stream {
		return fmt.Sprintf("stream %s instead of %s", has, d.cfg.Stream)
	}
	if w := warmOf(table); w.Read < d.cfg.WarmThroughput.Read || w.Write < d.cfg.WarmThroughput.Write {
		return fmt.Sprintf("warm throughput of %d and %d units/s instead of %d and %d",
			w.Read, w.Write, d.cfg.WarmThroughput.Read, d.cfg.WarmThroughput.Write)
	}
	return ""
}

func tableClassOf(table *types.TableDescription) string {
	if c := table.TableClassSummary; c != nil && c.TableClass == types.TableClassStandardInfrequentAccess {
		return classInfrequent
	}
	return classStandard
}

func streamOf(table *types.TableDescription) string {
	if s := table.StreamSpecification; s != nil && aws.ToBool(s.StreamEnabled) {
		return strings.ToLower(string(s.StreamViewType))
	}
	return streamNone
}

func warmOf(table *types.TableDescription) (w Warmth) {
	if t := table.WarmThroughput; t != nil {
		w.Read, w.Write = aws.ToInt64(t.ReadUnitsPerSecond), aws.ToInt64(t.WriteUnitsPerSecond)
	}
	return w
}

// tableSettings are what the service says of the table, for the manifest: each only where it is
// not what a table has that nothing was asked of. What the service changes by itself (a scaled
// capacity, a growing warm throughput) is told as what was asked for, if it is that, since
// settings tell one run's target from another's; the raw description beside them has it all.
func (d *Driver) tableSettings(ctx context.Context, table *types.TableDescription, into map[string]string) {
	into["capacity"] = capacityOf(table).String()
	if len(d.cfg.dimensions()) > 0 && d.capacityDiffers(table) == "" {
		into["capacity"] = d.cfg.Capacity.String() + ", scaled"
	}
	if c := tableClassOf(table); c != classStandard {
		into["table_class"] = c
	}
	if s := streamOf(table); s != streamNone {
		into["stream"] = s
	}
	if asked, has := d.cfg.WarmThroughput, warmOf(table); asked.Read > 0 || asked.Write > 0 {
		into["warm_throughput"] = fmt.Sprintf("%d read and %d write units/s", has.Read, has.Write)
		if has.Read >= asked.Read && has.Write >= asked.Write {
			into["warm_throughput"] = fmt.Sprintf("at least %d read and %d write units/s", asked.Read, asked.Write)
		}
	}
	if d.sc.Workload.Write.TTL > 0 {
		into["ttl"] = d.ttlOf(ctx)
	}
	if d.cfg.PITR {
		into["pitr"] = d.pitrOf(ctx)
	}
	if p := d.cfg.Capacity.Provisioned; p != nil && p.AutoScaling != nil {
		into["auto_scaling"] = d.scalingOf(ctx)
	}
}

// notTold stands where the service did not say; why is a warning.
const notTold = "not told"

func (d *Driver) ttlOf(ctx context.Context) string {
	out, err := d.control.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: aws.String(d.cfg.Table)})
	if err != nil || out.TimeToLiveDescription == nil {
		return notTold
	}
	t := out.TimeToLiveDescription
	return strings.TrimSpace(strings.ToLower(string(t.TimeToLiveStatus)) + " " + aws.ToString(t.AttributeName))
}

func (d *Driver) pitrOf(ctx context.Context) string {
	out, err := d.control.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: aws.String(d.cfg.Table)})
	if err != nil || out.ContinuousBackupsDescription == nil || out.ContinuousBackupsDescription.PointInTimeRecoveryDescription == nil {
		return notTold
	}
	return strings.ToLower(string(out.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus))
}
