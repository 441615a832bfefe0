package dynamodb

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/workload"
)

// How the end of a table's creation or deletion is waited for.
const (
	pollFirst = 20 * time.Millisecond
	pollMost  = 2 * time.Second
	pollLimit = 10 * time.Minute
)

// describeTable returns the table's description, or nil when there is none.
func (d *Driver) describeTable(ctx context.Context) (*types.TableDescription, error) {
	out, err := d.control.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(d.cfg.Table)})
	switch {
	case isCode(err, "ResourceNotFoundException"):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("describing table %s: %w", d.cfg.Table, d.safe(err))
	case out.Table == nil:
		return nil, fmt.Errorf("describing table %s: the answer has no table in it", d.cfg.Table)
	}
	return out.Table, nil
}

func (d *Driver) waitActive(ctx context.Context) error {
	return d.wait(ctx, "become active", func(t *types.TableDescription) bool {
		return t != nil && t.TableStatus == types.TableStatusActive
	})
}

func (d *Driver) waitGone(ctx context.Context) error {
	return d.wait(ctx, "be gone", func(t *types.TableDescription) bool { return t == nil })
}

// wait looks at the table, ever less often, until it is as wanted.
func (d *Driver) wait(ctx context.Context, what string, done func(*types.TableDescription) bool) error {
	start, pause := d.clock.Now(), pollFirst
	for {
		table, err := d.describeTable(ctx)
		if err != nil {
			return err
		}
		if done(table) {
			return nil
		}
		if d.clock.Now()-start > pollLimit {
			return fmt.Errorf("table %s did not %s within %v", d.cfg.Table, what, pollLimit)
		}
		if err := d.clock.SleepUntil(ctx, d.clock.Now()+pause); err != nil {
			return fmt.Errorf("waiting for table %s to %s: %w", d.cfg.Table, what, err)
		}
		pause = min(2*pause, pollMost)
	}
}

// A keyPart is one attribute of the primary key; all are strings.
type keyPart struct {
	name string
	role types.KeyType
}

// keys returns the primary key that the scenario's items have.
func (d *Driver) keys() []keyPart {
	keys := []keyPart{{workload.AttrPartition, types.KeyTypeHash}}
	if d.sc.HasSort() {
		keys = append(keys, keyPart{workload.AttrSort, types.KeyTypeRange})
	}
	return keys
}

// keysDiffer says what keys a table has, or "" when they are the scenario's.
func (d *Driver) keysDiffer(table *types.TableDescription) string {
	kinds := map[string]types.ScalarAttributeType{}
	for _, a := range table.AttributeDefinitions {
		kinds[aws.ToString(a.AttributeName)] = a.AttributeType
	}
	var has, want []string
	for _, k := range table.KeySchema {
		name := aws.ToString(k.AttributeName)
		has = append(has, fmt.Sprintf("%s %s (%s)", strings.ToLower(string(k.KeyType)), name, kinds[name]))
	}
	for _, k := range d.keys() {
		want = append(want, fmt.Sprintf("%s %s (S)", strings.ToLower(string(k.role)), k.name))
	}
	if found, wanted := strings.Join(has, ", "), strings.Join(want, ", "); found != wanted {
		return fmt.Sprintf("the key %s instead of %s", found, wanted)
	}
	return ""
}

// apply asks for the capacity.
func (c Capacity) apply(in *dynamodb.CreateTableInput) {
	if p := c.Provisioned; p != nil {
		in.BillingMode = types.BillingModeProvisioned
		in.ProvisionedThroughput = &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(p.Read), WriteCapacityUnits: aws.Int64(p.Write)}
		return
	}
	in.BillingMode = types.BillingModePayPerRequest
	if o := c.OnDemand; o != nil && (o.MaxRead > 0 || o.MaxWrite > 0) {
		in.OnDemandThroughput = &types.OnDemandThroughput{}
		if o.MaxRead > 0 {
			in.OnDemandThroughput.MaxReadRequestUnits = aws.Int64(o.MaxRead)
		}
		if o.MaxWrite > 0 {
			in.OnDemandThroughput.MaxWriteRequestUnits = aws.Int64(o.MaxWrite)
		}
	}
}

// String says the capacity mode in words.
func (c Capacity) String() string {
	if p := c.Provisioned; p != nil {
		return fmt.Sprintf("provisioned, %d RCU and %d WCU", p.Read, p.Write)
	}
	text := "on demand"
	if o := c.OnDemand; o != nil && o.MaxRead > 0 {
		text += fmt.Sprintf(", at most %d read units/s", o.MaxRead)
	}
	if o := c.OnDemand; o != nil && o.MaxWrite > 0 {
		text += fmt.Sprintf(", at most %d write units/s", o.MaxWrite)
	}
	return text
}

// capacityOf returns a table's capacity. -1 is how some answers spell "no ceiling" (AWS
// DynamoDB API Reference, "OnDemandThroughput").
func capacityOf(table *types.TableDescription) Capacity {
	if b := table.BillingModeSummary; b != nil && b.BillingMode == types.BillingModePayPerRequest {
		o := new(OnDemand)
		if t := table.OnDemandThroughput; t != nil {
			o.MaxRead, o.MaxWrite = max(aws.ToInt64(t.MaxReadRequestUnits), 0), max(aws.ToInt64(t.MaxWriteRequestUnits), 0)
		}
		return Capacity{OnDemand: o}
	}
	p := new(Provisioned)
	if t := table.ProvisionedThroughput; t != nil {
		p.Read, p.Write = aws.ToInt64(t.ReadCapacityUnits), aws.ToInt64(t.WriteCapacityUnits)
	}
	return Capacity{Provisioned: p}
}

// capacityDiffers says what capacity a table has, or "" when it is the one asked for.
// A capacity that scales may be anywhere between its bounds.
func (d *Driver) capacityDiffers(table *types.TableDescription) string {
	now, asked := capacityOf(table), d.cfg.Capacity
	if has, want := now.Provisioned, asked.Provisioned; has != nil && want != nil && want.AutoScaling != nil {
		scaled := *has
		if s := want.AutoScaling.Read; s != nil && has.Read >= s.Min && has.Read <= s.Max {
			scaled.Read = want.Read
		}
		if s := want.AutoScaling.Write; s != nil && has.Write >= s.Min && has.Write <= s.Max {
			scaled.Write = want.Write
		}
		now.Provisioned = &scaled
	}
	has, want := now.String(), asked.String()
	if has == want {
		return ""
	}
	return fmt.Sprintf("capacity %s instead of %s", has, want)
}
