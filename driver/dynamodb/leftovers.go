package dynamodb

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/driver"
)

var _ driver.Cleaner = (*Driver)(nil)

// Leftovers lists the region's tables that carry the tag crossover=owned, whatever they are
// called. Tables whose tags cannot be read are not listed: the error names them.
func (d *Driver) Leftovers(ctx context.Context) (list []driver.Leftover, err error) {
	var problems []error
	in := new(dynamodb.ListTablesInput)
	for {
		page, err := d.control.ListTables(ctx, in)
		if err != nil {
			return list, errors.Join(append(problems, fmt.Errorf("listing tables: %w", d.safe(err)))...)
		}
		for _, name := range page.TableNames {
			l, err := d.leftover(ctx, name)
			switch {
			case err != nil:
				problems = append(problems, err)
			case l != nil:
				list = append(list, *l)
			}
		}
		if in.ExclusiveStartTableName = page.LastEvaluatedTableName; in.ExclusiveStartTableName == nil {
			return list, errors.Join(problems...)
		}
	}
}

// leftover looks at one table; it returns nil for one that is not crossover's, or is gone.
func (d *Driver) leftover(ctx context.Context, name string) (*driver.Leftover, error) {
	out, err := d.control.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(name)})
	if isCode(err, "ResourceNotFoundException") {
		return nil, nil
	}
	if err != nil || out.Table == nil {
		return nil, fmt.Errorf("describing table %s: %w", name, d.safe(err))
	}
	table := out.Table
	if table.TableStatus == types.TableStatusDeleting {
		return nil, nil
	}
	tags, err := d.tags(ctx, table)
	if err != nil {
		return nil, fmt.Errorf("reading the tags of table %s: %w", name, d.safe(err))
	}
	if tags[ownerTag] != owned {
		return nil, nil
	}
	l := &driver.Leftover{
		Name: name, ID: aws.ToString(table.TableId), Run: tags[runTag], State: capacityOf(table).String(), Region: d.options.Region,
		Items: uint64(max(aws.ToInt64(table.ItemCount), 0)), Bytes: uint64(max(aws.ToInt64(table.TableSizeBytes), 0)),
		Infrequent: tableClassOf(table) == classInfrequent, Real: d.kind() == driver.Real,
	}
	if table.CreationDateTime != nil {
		l.Created = table.CreationDateTime.UTC()
	}
	if p := capacityOf(table).Provisioned; p != nil {
		l.ReadUnits, l.WriteUnits = p.Read, p.Write
		for _, index := range table.GlobalSecondaryIndexes {
			if t := index.ProvisionedThroughput; t != nil {
				l.ReadUnits += aws.ToInt64(t.ReadCapacityUnits)
				l.WriteUnits += aws.ToInt64(t.WriteCapacityUnits)
			}
		}
	}
	for _, index := range table.GlobalSecondaryIndexes {
		l.Bytes += uint64(max(aws.ToInt64(index.IndexSizeBytes), 0))
	}
	return l, nil
}

// Remove deletes a table that Leftovers listed, after it has looked again.
func (d *Driver) Remove(ctx context.Context, l driver.Leftover) error {
	now, err := d.leftover(ctx, l.Name)
	if err != nil {
		return err
	}
	if now == nil || now.ID != l.ID {
		return fmt.Errorf("table %s: %w, or is gone", l.Name, driver.ErrNotOwned)
	}
	for _, m := range []scalingtypes.ScalableDimension{scalingtypes.ScalableDimensionDynamoDBTableReadCapacityUnits, scalingtypes.ScalableDimensionDynamoDBTableWriteCapacityUnits} {
		if l.ReadUnits == 0 {
			break // only provisioned capacity scales
		}
		_, err := d.scaling.DeregisterScalableTarget(ctx, &scaling.DeregisterScalableTargetInput{
			ServiceNamespace: scalingtypes.ServiceNamespaceDynamodb, ResourceId: aws.String("table/" + l.Name), ScalableDimension: m,
		})
		var none *scalingtypes.ObjectNotFoundException
		if err != nil && !errors.As(err, &none) && !isCode(err, "UnknownOperationException") {
			return fmt.Errorf("ending the scaling of table %s: %w", l.Name, d.safe(err))
		}
	}
	if _, err := d.control.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(l.Name)}); err != nil {
		return fmt.Errorf("deleting table %s: %w", l.Name, d.safe(err))
	}
	return nil
}
