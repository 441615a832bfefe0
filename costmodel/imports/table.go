package imports

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A Table is what describe-table says of a table, and its companions where they were given.
type Table struct {
	Name     string
	File     string
	ARN      string
	Region   string // from the ARN; "" when that has none
	Class    string // STANDARD or STANDARD_INFREQUENT_ACCESS
	Created  time.Time
	Switched time.Time // when it last became on demand; zero when never or unknown
	PartitionKey, SortKey,
	PartitionType, SortType string // attribute types S, N, B; "" without a sort key
	Provisioned         bool
	Read, Write         int64 // provisioned units/s
	MaxRead, MaxWrite   int64 // ceilings of an on-demand table, units/s; 0 without one
	WarmRead, WarmWrite int64 // warm throughput, units/s; 0 when not told
	Items, Bytes        uint64
	Global, Local       []Index
	StreamView          string   // "" without a stream
	Replicas            []string // regions of a global table's other replicas

	TTLAttribute string   // "" when off or not told
	TTLKnown     bool     // describe-time-to-live was given
	PITR         bool     // point-in-time recovery is on
	PITRKnown    bool     // describe-continuous-backups was given
	Kinesis      []string // ARNs of active Kinesis streams
	KinesisKnown bool
	Scaling      []Scaling
}

// An Index is a secondary index.
type Index struct {
	Name, Projection string
	Items, Bytes     uint64
	Read, Write      int64 // provisioned units/s
}

// A Scaling is one dimension of the table that auto scaling steers.
type Scaling struct {
	Resource, Dimension string
	Min, Max            int64
	Target              float64 // target utilisation, 0 to 1; 0 when no policy was given
}

type throughputJSON struct {
	ReadCapacityUnits, WriteCapacityUnits int64
}

type keyJSON []struct{ AttributeName, KeyType string }

type indexJSON struct {
	IndexName, IndexStatus string
	Projection             struct{ ProjectionType string }
	ProvisionedThroughput  throughputJSON
	IndexSizeBytes         int64
	ItemCount              int64
}

// tableJSON is DescribeTable's answer (Amazon DynamoDB API Reference, "TableDescription").
type tableJSON struct {
	AttributeDefinitions []struct{ AttributeName, AttributeType string }
	TableName            string
	TableStatus          string
	TableArn             string
	KeySchema            keyJSON
	CreationDateTime     stamp
	ItemCount            *int64
	TableSizeBytes       *int64
	BillingModeSummary   *struct {
		BillingMode                       string
		LastUpdateToPayPerRequestDateTime stamp
	}
	ProvisionedThroughput throughputJSON
	OnDemandThroughput    *struct{ MaxReadRequestUnits, MaxWriteRequestUnits int64 }
	WarmThroughput        *struct{ ReadUnitsPerSecond, WriteUnitsPerSecond int64 }
	TableClassSummary     *struct{ TableClass string }
	StreamSpecification   *struct {
		StreamEnabled  bool
		StreamViewType string
	}
	GlobalSecondaryIndexes []indexJSON
	LocalSecondaryIndexes  []indexJSON
	Replicas               []struct{ RegionName string }
}

// ReadTable reads what `aws dynamodb describe-table` prints.
func ReadTable(file string, r io.Reader) (*Table, error) {
	var doc struct{ Table *tableJSON }
	if err := document(file, r, &doc); err != nil {
		return nil, err
	}
	if doc.Table == nil {
		return nil, at(file, 1, 0, errors.New(`no "Table": expected the output of aws dynamodb describe-table`))
	}
	t, err := doc.Table.table(file)
	if err != nil {
		return nil, at(file, 0, -1, err)
	}
	return t, nil
}

func (j *tableJSON) table(file string) (*Table, error) {
	switch {
	case j.TableName == "":
		return nil, errors.New("no TableName")
	case j.ItemCount == nil || j.TableSizeBytes == nil:
		return nil, errors.New("no ItemCount or no TableSizeBytes")
	case *j.ItemCount < 0 || *j.TableSizeBytes < 0:
		return nil, fmt.Errorf("ItemCount %d and TableSizeBytes %d, expected none below 0", *j.ItemCount, *j.TableSizeBytes)
	}
	t := &Table{
		Name: j.TableName, File: file, ARN: j.TableArn, Class: "STANDARD", Created: j.CreationDateTime.Time,
		Items: uint64(*j.ItemCount), Bytes: uint64(*j.TableSizeBytes),
		// A table that was never on demand has no BillingModeSummary.
		Provisioned: true, Read: j.ProvisionedThroughput.ReadCapacityUnits, Write: j.ProvisionedThroughput.WriteCapacityUnits,
	}
	if parts := strings.Split(j.TableArn, ":"); len(parts) > 4 {
		t.Region = parts[3]
	}
	if b := j.BillingModeSummary; b != nil {
		switch b.BillingMode {
		case "PAY_PER_REQUEST":
			t.Provisioned, t.Read, t.Write = false, 0, 0
		case "PROVISIONED", "":
		default:
			return nil, fmt.Errorf("BillingMode %q, expected PROVISIONED or PAY_PER_REQUEST", b.BillingMode)
		}
		t.Switched = b.LastUpdateToPayPerRequestDateTime.Time
	}
	if t.Provisioned && (t.Read < 1 || t.Write < 1) {
		return nil, fmt.Errorf("a provisioned table of %d read and %d write units, expected 1 at least", t.Read, t.Write)
	}
	if o := j.OnDemandThroughput; o != nil && !t.Provisioned {
		t.MaxRead, t.MaxWrite = max(o.MaxReadRequestUnits, 0), max(o.MaxWriteRequestUnits, 0) // -1 is no ceiling
	}
	if w := j.WarmThroughput; w != nil {
		t.WarmRead, t.WarmWrite = w.ReadUnitsPerSecond, w.WriteUnitsPerSecond
	}
	if c := j.TableClassSummary; c != nil && c.TableClass != "" {
		t.Class = c.TableClass
	}
	if s := j.StreamSpecification; s != nil && s.StreamEnabled {
		t.StreamView = s.StreamViewType
	}
	for _, x := range j.Replicas {
		if x.RegionName != t.Region {
			t.Replicas = append(t.Replicas, x.RegionName)
		}
	}
	t.Global, t.Local = indexes(j.GlobalSecondaryIndexes), indexes(j.LocalSecondaryIndexes)
	return t, j.keys(t)
}

func indexes(list []indexJSON) (out []Index) {
	for _, x := range list {
		if x.IndexStatus == "DELETING" {
			continue
		}
		out = append(out, Index{
			Name: x.IndexName, Projection: x.Projection.ProjectionType,
			Items: uint64(max(x.ItemCount, 0)), Bytes: uint64(max(x.IndexSizeBytes, 0)),
			Read: x.ProvisionedThroughput.ReadCapacityUnits, Write: x.ProvisionedThroughput.WriteCapacityUnits,
		})
	}
	return out
}

// keys finds the key attributes and their types.
func (j *tableJSON) keys(t *Table) error {
	types := map[string]string{}
	for _, a := range j.AttributeDefinitions {
		types[a.AttributeName] = a.AttributeType
	}
	for _, k := range j.KeySchema {
		typ := types[k.AttributeName]
		if !slices.Contains([]string{"S", "N", "B"}, typ) {
			return fmt.Errorf("the key attribute %q has the type %q, expected S, N or B", k.AttributeName, typ)
		}
		switch {
		case k.KeyType == "HASH" && t.PartitionKey == "":
			t.PartitionKey, t.PartitionType = k.AttributeName, typ
		case k.KeyType == "RANGE" && t.SortKey == "":
			t.SortKey, t.SortType = k.AttributeName, typ
		default:
			return fmt.Errorf("a KeySchema with the KeyType %q twice or unknown, expected one HASH and at most one RANGE", k.KeyType)
		}
	}
	if t.PartitionKey == "" {
		return errors.New("a KeySchema without a HASH key")
	}
	return nil
}

// AddTimeToLive reads what `aws dynamodb describe-time-to-live` prints.
func (t *Table) AddTimeToLive(file string, r io.Reader) error {
	var doc struct {
		TimeToLiveDescription *struct{ TimeToLiveStatus, AttributeName string }
	}
	if err := document(file, r, &doc); err != nil {
		return err
	}
	d := doc.TimeToLiveDescription
	if d == nil {
		return at(file, 1, 0, errors.New(`no "TimeToLiveDescription": expected the output of aws dynamodb describe-time-to-live`))
	}
	t.TTLKnown = true
	if d.TimeToLiveStatus == "ENABLED" || d.TimeToLiveStatus == "ENABLING" {
		t.TTLAttribute = d.AttributeName
	}
	return nil
}

// AddContinuousBackups reads what `aws dynamodb describe-continuous-backups` prints.
func (t *Table) AddContinuousBackups(file string, r io.Reader) error {
	var doc struct {
		ContinuousBackupsDescription *struct {
			PointInTimeRecoveryDescription struct{ PointInTimeRecoveryStatus string }
		}
	}
	if err := document(file, r, &doc); err != nil {
		return err
	}
	d := doc.ContinuousBackupsDescription
	if d == nil {
		return at(file, 1, 0, errors.New(`no "ContinuousBackupsDescription": expected the output of aws dynamodb describe-continuous-backups`))
	}
	t.PITRKnown, t.PITR = true, d.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus == "ENABLED"
	return nil
}

// AddKinesis reads what `aws dynamodb describe-kinesis-streaming-destination` prints.
func (t *Table) AddKinesis(file string, r io.Reader) error {
	var doc struct {
		TableName                     string
		KinesisDataStreamDestinations *[]struct{ StreamArn, DestinationStatus string }
	}
	if err := document(file, r, &doc); err != nil {
		return err
	}
	switch {
	case doc.KinesisDataStreamDestinations == nil:
		return at(file, 1, 0, errors.New(`no "KinesisDataStreamDestinations": expected the output of aws dynamodb describe-kinesis-streaming-destination`))
	case doc.TableName != "" && doc.TableName != t.Name:
		return at(file, 1, 0, fmt.Errorf("it is of the table %q, expected %q", doc.TableName, t.Name))
	}
	t.KinesisKnown = true
	for _, d := range *doc.KinesisDataStreamDestinations {
		if d.DestinationStatus == "ACTIVE" || d.DestinationStatus == "ENABLING" || d.DestinationStatus == "UPDATING" {
			t.Kinesis = append(t.Kinesis, d.StreamArn)
		}
	}
	return nil
}

// AddScalingTargets reads what `aws application-autoscaling describe-scalable-targets` prints,
// and keeps what concerns the table or its indexes. Give it before the policies.
func (t *Table) AddScalingTargets(file string, r io.Reader) error {
	var doc struct {
		ScalableTargets *[]struct {
			ResourceId, ScalableDimension string
			MinCapacity, MaxCapacity      int64
		}
	}
	if err := document(file, r, &doc); err != nil {
		return err
	}
	if doc.ScalableTargets == nil {
		return at(file, 1, 0, errors.New(`no "ScalableTargets": expected the output of aws application-autoscaling describe-scalable-targets`))
	}
	for _, x := range *doc.ScalableTargets {
		if t.owns(x.ResourceId) {
			t.Scaling = append(t.Scaling, Scaling{Resource: x.ResourceId, Dimension: x.ScalableDimension, Min: x.MinCapacity, Max: x.MaxCapacity})
		}
	}
	return nil
}

// AddScalingPolicies reads what `aws application-autoscaling describe-scaling-policies` prints.
func (t *Table) AddScalingPolicies(file string, r io.Reader) error {
	var doc struct {
		ScalingPolicies *[]struct {
			ResourceId, ScalableDimension            string
			TargetTrackingScalingPolicyConfiguration *struct{ TargetValue float64 }
		}
	}
	if err := document(file, r, &doc); err != nil {
		return err
	}
	if doc.ScalingPolicies == nil {
		return at(file, 1, 0, errors.New(`no "ScalingPolicies": expected the output of aws application-autoscaling describe-scaling-policies`))
	}
	for _, x := range *doc.ScalingPolicies {
		c := x.TargetTrackingScalingPolicyConfiguration
		if c == nil || !t.owns(x.ResourceId) {
			continue
		}
		if c.TargetValue < 20 || c.TargetValue > 90 {
			return at(file, 0, -1, fmt.Errorf("a TargetValue of %v for %s, expected 20 to 90 percent", c.TargetValue, x.ResourceId))
		}
		i := slices.IndexFunc(t.Scaling, func(s Scaling) bool { return s.Resource == x.ResourceId && s.Dimension == x.ScalableDimension })
		if i < 0 {
			t.Scaling = append(t.Scaling, Scaling{Resource: x.ResourceId, Dimension: x.ScalableDimension})
			i = len(t.Scaling) - 1
		}
		t.Scaling[i].Target = c.TargetValue / 100
	}
	return nil
}

// owns reports whether an auto-scaling resource is the table or one of its indexes.
func (t *Table) owns(resource string) bool {
	own := "table/" + t.Name
	return resource == own || strings.HasPrefix(resource, own+"/")
}
