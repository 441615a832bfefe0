package dynamodb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/workload"
)

// addIndexes asks for the scenario's secondary indexes.
func (d *Driver) addIndexes(in *dynamodb.CreateTableInput) {
	defined := map[string]bool{}
	define := func(name string) {
		if defined[name] || name == workload.AttrPartition {
			return
		}
		defined[name] = true
		in.AttributeDefinitions = append(in.AttributeDefinitions,
			types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: indexType(d.sc, name)})
	}
	for i := range d.sc.Indexes {
		x := &d.sc.Indexes[i]
		schema := keySchema(x)
		for _, k := range schema {
			define(aws.ToString(k.AttributeName))
		}
		if !x.Global() {
			in.LocalSecondaryIndexes = append(in.LocalSecondaryIndexes,
				types.LocalSecondaryIndex{IndexName: aws.String(x.Name), KeySchema: schema, Projection: projectionOf(x)})
			continue
		}
		global := types.GlobalSecondaryIndex{IndexName: aws.String(x.Name), KeySchema: schema, Projection: projectionOf(x)}
		global.ProvisionedThroughput, global.OnDemandThroughput = d.indexCapacity(in, x)
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, global)
	}
}

// indexCapacity returns what a global index is given: its own, or as much as the table.
func (d *Driver) indexCapacity(in *dynamodb.CreateTableInput, x *workload.Index) (*types.ProvisionedThroughput, *types.OnDemandThroughput) {
	if in.ProvisionedThroughput == nil {
		return nil, in.OnDemandThroughput
	}
	if x.Capacity == nil {
		return in.ProvisionedThroughput, nil
	}
	return &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(x.Capacity.Read), WriteCapacityUnits: aws.Int64(x.Capacity.Write)}, nil
}

// keySchema returns the keys of an index.
func keySchema(x *workload.Index) []types.KeySchemaElement {
	partition := x.Partition
	if !x.Global() {
		partition = workload.AttrPartition
	}
	out := []types.KeySchemaElement{{AttributeName: aws.String(partition), KeyType: types.KeyTypeHash}}
	if x.Sort != "" {
		out = append(out, types.KeySchemaElement{AttributeName: aws.String(x.Sort), KeyType: types.KeyTypeRange})
	}
	return out
}

func projectionOf(x *workload.Index) *types.Projection {
	p := &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}
	switch {
	case x.Projection.All:
		p.ProjectionType = types.ProjectionTypeAll
	case len(x.Projection.Include) > 0:
		p.ProjectionType, p.NonKeyAttributes = types.ProjectionTypeInclude, x.Projection.Include
	}
	return p
}

// indexesDiffer says what indexes a table has, or "" when they are the scenario's.
func (d *Driver) indexesDiffer(table *types.TableDescription) string {
	var has, want []string
	for _, x := range table.GlobalSecondaryIndexes {
		has = append(has, indexText("global", aws.ToString(x.IndexName), x.KeySchema, x.Projection))
	}
	for _, x := range table.LocalSecondaryIndexes {
		has = append(has, indexText("local", aws.ToString(x.IndexName), x.KeySchema, x.Projection))
	}
	for i := range d.sc.Indexes {
		x := &d.sc.Indexes[i]
		want = append(want, indexText(x.Kind, x.Name, keySchema(x), projectionOf(x)))
	}
	slices.Sort(has)
	slices.Sort(want)
	if slices.Equal(has, want) {
		return ""
	}
	list := func(names []string) string {
		if len(names) == 0 {
			return "none"
		}
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("the secondary indexes %s instead of %s", list(has), list(want))
}

func indexText(kind, name string, keys []types.KeySchemaElement, p *types.Projection) string {
	text := kind + " " + name + " on"
	for _, k := range keys {
		text += " " + aws.ToString(k.AttributeName)
	}
	if p != nil {
		include := slices.Clone(p.NonKeyAttributes)
		slices.Sort(include)
		text += " with " + strings.ToLower(string(p.ProjectionType)) + " " + strings.Join(include, "+")
	}
	return strings.TrimSpace(text)
}
