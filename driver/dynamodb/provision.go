package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/driver"
)

// The tags of what crossover creates.
const (
	ownerTag = "crossover"
	owned    = "owned"
	runTag   = "crossover-run"
)

// A tableState is what the driver knows of its table.
type tableState struct {
	mu       sync.Mutex
	id       string // TableId of the table that this driver created, or found to be crossover's
	ready    bool   // Provision succeeded
	leftover string // the run that left the owned table; loading makes it anew
	foreign  bool   // the table is the user's, and expendable
	notes    []string
}

// Provision creates the table, or takes one that is there: crossover's own by its tag, or the
// one that the scenario names and calls expendable. Any other is refused with ErrNotOwned.
func (d *Driver) Provision(ctx context.Context) error {
	d.table.mu.Lock()
	defer d.table.mu.Unlock()
	for {
		table, err := d.describeTable(ctx)
		if err != nil {
			return err
		}
		switch {
		case table == nil:
			err := d.create(ctx)
			if isCode(err, "ResourceInUseException") {
				continue // somebody was faster: look again
			}
			return err
		case table.TableStatus == types.TableStatusDeleting:
			if err := d.waitGone(ctx); err != nil {
				return err
			}
			continue
		}
		return d.take(ctx, table)
	}
}

// take decides whether an existing table may be used.
func (d *Driver) take(ctx context.Context, table *types.TableDescription) error {
	if d.table.ready && d.table.id == aws.ToString(table.TableId) {
		return d.waitActive(ctx)
	}
	tags, err := d.tags(ctx, table)
	mine := tags[ownerTag] == owned
	if !mine && !d.cfg.Expendable {
		return d.refusal(err)
	}
	if err := d.waitActive(ctx); err != nil {
		return err
	}
	if wrong := d.keysDiffer(table); wrong != "" {
		return fmt.Errorf("table %s has %s, which the scenario's items do not fit: drop it, or name another table", d.cfg.Table, wrong)
	}
	if wrong := d.indexesDiffer(table); wrong != "" && (mine || len(d.sc.Indexes) > 0) {
		return fmt.Errorf("table %s has %s: drop it, or name another table", d.cfg.Table, wrong)
	}
	if mine {
		wrong := d.capacityDiffers(table)
		if wrong == "" {
			wrong = d.optionsDiffer(table)
		}
		if wrong != "" {
			return fmt.Errorf("table %s, left by run %q, has %s: drop it, or ask for that", d.cfg.Table, tags[runTag], wrong)
		}
		d.table.leftover = leftoverName(tags[runTag])
		if err := d.complete(ctx); err != nil {
			return err
		}
	}
	d.table.id, d.table.ready, d.table.foreign = aws.ToString(table.TableId), true, !mine
	return nil
}

func leftoverName(run string) string {
	if run == "" {
		return "unknown"
	}
	return run
}

// refusal says what to do about a table that is not crossover's.
func (d *Driver) refusal(tagErr error) error {
	reason := fmt.Sprintf("it has no tag %s=%s", ownerTag, owned)
	if tagErr != nil {
		reason = "its tags cannot be read: " + d.safe(tagErr).Error()
	}
	return fmt.Errorf("table %s %w (%s); nothing was written. Name another table, or, if everything in this one may be overwritten, "+
		"say so in the target: `table: %s` and `expendable: true`", d.cfg.Table, driver.ErrNotOwned, reason, d.cfg.Table)
}

// create creates the table with crossover's tags and waits until it is active.
func (d *Driver) create(ctx context.Context) error {
	in := &dynamodb.CreateTableInput{
		TableName:            aws.String(d.cfg.Table),
		AttributeDefinitions: []types.AttributeDefinition{},
		Tags: []types.Tag{
			{Key: aws.String(ownerTag), Value: aws.String(owned)},
			{Key: aws.String(runTag), Value: aws.String(tagValue(d.run))},
		},
	}
	for _, k := range d.keys() {
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: aws.String(k.name), KeyType: k.role})
		in.AttributeDefinitions = append(in.AttributeDefinitions,
			types.AttributeDefinition{AttributeName: aws.String(k.name), AttributeType: types.ScalarAttributeTypeS})
	}
	d.cfg.Capacity.apply(in)
	d.addIndexes(in)
	d.cfg.applyOptions(in)
	out, err := d.control.CreateTable(ctx, in)
	if err != nil {
		return fmt.Errorf("creating table %s: %w", d.cfg.Table, d.safe(err))
	}
	d.table.ready, d.table.leftover, d.table.foreign = true, "", false
	if out.TableDescription != nil {
		d.table.id = aws.ToString(out.TableDescription.TableId)
	}
	if err := d.waitActive(ctx); err != nil {
		return err
	}
	return d.complete(ctx)
}

// Drop deletes the table if crossover created it: in this Provision, or by its tag in an
// earlier run. A table that is not there, and an expendable one that is the user's, are left
// as they are; any other is refused with ErrNotOwned.
func (d *Driver) Drop(ctx context.Context) error {
	d.table.mu.Lock()
	defer d.table.mu.Unlock()
	table, err := d.describeTable(ctx)
	if err != nil || table == nil {
		return err
	}
	if !d.createdHere(table) {
		tags, err := d.tags(ctx, table)
		if tags[ownerTag] != owned {
			if d.cfg.Expendable {
				return nil
			}
			return d.refusal(err)
		}
	}
	return d.deleteTable(ctx)
}

// createdHere reports whether this driver created the table, or found it to be crossover's.
func (d *Driver) createdHere(table *types.TableDescription) bool {
	return d.table.ready && !d.table.foreign && d.table.id != "" && d.table.id == aws.ToString(table.TableId)
}

func (d *Driver) deleteTable(ctx context.Context) error {
	if err := d.unscale(ctx); err != nil {
		return err
	}
	_, err := d.control.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(d.cfg.Table)})
	if err != nil && !isCode(err, "ResourceNotFoundException") {
		return fmt.Errorf("dropping table %s: %w", d.cfg.Table, d.safe(err))
	}
	if err := d.waitGone(ctx); err != nil {
		return err
	}
	d.table.ready, d.table.id, d.table.leftover = false, "", ""
	return nil
}

// tags returns the table's tags.
func (d *Driver) tags(ctx context.Context, table *types.TableDescription) (map[string]string, error) {
	tags := map[string]string{}
	in := &dynamodb.ListTagsOfResourceInput{ResourceArn: table.TableArn}
	for {
		out, err := d.control.ListTagsOfResource(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, tag := range out.Tags {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		if aws.ToString(out.NextToken) == "" {
			return tags, nil
		}
		in.NextToken = out.NextToken
	}
}

// maxTagValue and the letters kept are those that tags allow (AWS DynamoDB Developer Guide,
// "Tagging restrictions in DynamoDB").
const maxTagValue = 256

func tagValue(s string) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune("+-=._:/@ ", r) || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, s)
	return s[:min(len(s), maxTagValue)]
}

func isCode(err error, code string) bool {
	var api interface{ ErrorCode() string }
	if s := new(safeError); errors.As(err, &s) {
		err = s.cover
	}
	return errors.As(err, &api) && api.ErrorCode() == code
}
