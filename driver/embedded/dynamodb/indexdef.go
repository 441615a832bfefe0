package dynamodb

import (
	"fmt"
	"slices"
	"strings"

	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/store"
	"crossover/driver/embedded/dynamodb/wire"
)

// definitions are AttributeDefinitions, in the order in which they were sent.
type definitions []attributeDefinition

func (d definitions) kinds() map[string]attribute.Type {
	out := map[string]attribute.Type{}
	for _, x := range d {
		out[x.AttributeName] = attribute.Type(x.AttributeType)
	}
	return out
}

// merge adds the definitions that are new.
func (d definitions) merge(more definitions) definitions {
	out := slices.Clone(d)
	for _, x := range more {
		if !slices.ContainsFunc(out, func(y attributeDefinition) bool { return y.AttributeName == x.AttributeName }) {
			out = append(out, x)
		}
	}
	return out
}

// newIndexes reads GlobalSecondaryIndexes and LocalSecondaryIndexes of CreateTable.
func newIndexes(r *request, t *table) []*index {
	var out []*index
	for _, local := range []bool{true, false} {
		member, most := "GlobalSecondaryIndexes", maxGlobalIndexes
		if local {
			member, most = "LocalSecondaryIndexes", maxLocalIndexes
		}
		found := r.structures(member)
		switch {
		case r.err != nil:
			return nil
		case r.has(member) && len(found) == 0:
			r.fail(invalid("One or more parameter values were invalid: List of %s is empty",
				strings.TrimSuffix(member, "es")+"es"))
		case len(found) > most && local:
			r.fail(invalid("One or more parameter values were invalid: Number of LocalSecondaryIndexes exceeds "+
				"per-table limit of %d", most))
		case len(found) > most:
			r.fail(invalid("One or more parameter values were invalid: GlobalSecondaryIndex count exceeds the "+
				"per-table limit of %d", most))
		}
		for _, x := range found {
			ix := readIndex(x, t, local)
			r.failIn(x)
			if r.err == nil && slices.ContainsFunc(out, func(o *index) bool { return o.name == ix.name }) {
				r.fail(invalid("One or more parameter values were invalid: Duplicate index name: %s", ix.name))
			}
			out = append(out, ix)
		}
	}
	if r.err == nil {
		r.fail(projectedNames(out))
	}
	return out
}

// projectedNames holds the limit on what all projections name together.
func projectedNames(indexes []*index) error {
	n := 0
	for _, ix := range indexes {
		n += len(ix.included)
	}
	if n > maxProjectedByNames {
		return invalid("One or more parameter values were invalid: Number of NonKeyAttributes of all indexes "+
			"exceeds the limit of %d", maxProjectedByNames)
	}
	return nil
}

// readIndex reads one index's definition.
func readIndex(x *request, t *table, local bool) *index {
	x.require("IndexName")
	x.require("KeySchema")
	x.require("Projection")
	ix := &index{name: x.text("IndexName"), local: local, table: t, status: active, store: store.New()}
	if x.err == nil && !tableNamePattern.MatchString(ix.name) {
		x.fail(unfit(ix.name, "indexName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"))
	}
	ix.keys = readKeys(x, t.definitions.kinds())
	if x.err == nil {
		x.fail(checkIndexKeys(ix, t))
	}
	ix.readProjection(x)
	if !local {
		ix.throughput = indexBilling(x, ix.name, throughput{}, t.throughput.provisioned)
		ix.warm = warmThroughput(x, ix.throughput)
	}
	ix.arn = t.arn + "/index/" + ix.name
	ix.project(t)
	return ix
}

func checkIndexKeys(ix *index, t *table) error {
	var names []string
	for _, k := range ix.keys {
		names = append(names, k.name)
	}
	kinds := t.definitions.kinds()
	switch keys := ix.keys; {
	case len(keys) == 0 || len(keys) > 2:
		return unfit("["+strings.Join(names, ", ")+"]", "keySchema", "Member must have length less than or equal to 2")
	case keys[0].role != "HASH":
		return invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
	case len(keys) == 2 && keys[1].role != "RANGE":
		return invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
	case len(keys) == 2 && keys[0].name == keys[1].name:
		return invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
	case slices.ContainsFunc(keys, func(k keyAttribute) bool { return k.kind == "" }):
		return invalid("One or more parameter values were invalid: Some index key attributes are not "+
			"defined in AttributeDefinitions. Keys: [%s], AttributeDefinitions: [%s]",
			strings.Join(names, ", "), strings.Join(keysOf(kinds), ", "))
	case ix.local && len(t.schema) < 2:
		return invalid("One or more parameter values were invalid: Table KeySchema does not have a range key, which " +
			"is required when specifying a LocalSecondaryIndex")
	case ix.local && len(keys) < 2:
		return invalid("One or more parameter values were invalid: Index KeySchema does not have a range key for "+
			"index: %s", ix.name)
	case ix.local && keys[0].name != t.schema[0].name:
		return invalid("One or more parameter values were invalid: Index KeySchema does not have the same leading "+
			"hash key as table KeySchema for index: %s. index hash key: %s, table hash key: %s",
			ix.name, keys[0].name, t.schema[0].name)
	}
	return nil
}

// readProjection reads Projection.
func (ix *index) readProjection(x *request) {
	p := x.structure("Projection")
	if p == nil || x.err != nil {
		return
	}
	ix.projection = p.choice("ProjectionType", "ALL", "INCLUDE", "KEYS_ONLY")
	p.read("NonKeyAttributes", func(w *wire.Reader) error {
		return elements(w, func() error {
			name, err := w.String()
			ix.included = append(ix.included, name)
			return err
		})
	})
	sent := p.has("NonKeyAttributes")
	switch {
	case p.err != nil:
	case ix.projection == "":
		p.fail(invalid("One or more parameter values were invalid: Unknown ProjectionType: null"))
	case ix.projection == projectSome && !sent:
		p.fail(invalid("One or more parameter values were invalid: ProjectionType is INCLUDE, but NonKeyAttributes " +
			"is not specified"))
	case ix.projection != projectSome && sent:
		p.fail(invalid("One or more parameter values were invalid: ProjectionType is %s, but NonKeyAttributes is "+
			"specified", ix.projection))
	case sent && (len(ix.included) < 1 || len(ix.included) > 20):
		p.fail(unfit("["+strings.Join(ix.included, ", ")+"]", "projection.nonKeyAttributes", "Member must have "+
			"length less than or equal to 20 and greater than or equal to 1"))
	}
	x.failIn(p)
}

// indexBilling reads a global index's ProvisionedThroughput and OnDemandThroughput.
func indexBilling(x *request, name string, now throughput, provisioned bool) throughput {
	out := now
	out.provisioned = provisioned
	p := x.structure("ProvisionedThroughput")
	switch {
	case x.err != nil:
		return out
	case p != nil && !provisioned:
		x.fail(invalid("One or more parameter values were invalid: ProvisionedThroughput should not be specified "+
			"for index: %s when BillingMode is PAY_PER_REQUEST", name))
	case p == nil && provisioned && now.read == 0:
		x.fail(invalid("One or more parameter values were invalid: ProvisionedThroughput must be specified for "+
			"index: %s", name))
	case p != nil:
		out.read, out.write = capacityUnits(p, "ReadCapacityUnits"), capacityUnits(p, "WriteCapacityUnits")
		x.failIn(p)
	}
	if provisioned {
		out.maxRead, out.maxWrite = 0, 0
	} else {
		out.read, out.write = 0, 0
	}
	if d := x.structure("OnDemandThroughput"); d != nil {
		if provisioned {
			x.fail(invalid("One or more parameter values were invalid: OnDemandThroughput can only be specified when " +
				"BillingMode is PAY_PER_REQUEST"))
		}
		maximum(d, "MaxReadRequestUnits", &out.maxRead)
		maximum(d, "MaxWriteRequestUnits", &out.maxWrite)
		x.failIn(d)
	}
	return out
}

// unusedDefinitions refuses definitions that no key uses.
func unusedDefinitions(d definitions, keys schema, indexes []*index) error {
	used := map[string]bool{}
	for _, k := range keys {
		used[k.name] = true
	}
	for _, ix := range indexes {
		for _, k := range ix.keys {
			used[k.name] = true
		}
	}
	if len(used) == len(d) {
		return nil
	}
	if len(indexes) == 0 {
		return invalid("One or more parameter values were invalid: Number of attributes in KeySchema does " +
			"not exactly match " +
			"number of attributes defined in AttributeDefinitions")
	}
	var names []string
	for _, x := range d {
		names = append(names, x.AttributeName)
	}
	return invalid("One or more parameter values were invalid: Some AttributeDefinitions are not used. "+
		"AttributeDefinitions: [%s], keys used: [%s]", strings.Join(names, ", "), strings.Join(keysOf(used), ", "))
}

// begin gives a global index its partitions.
func (ix *index) begin(c *call) {
	if ix.local {
		return
	}
	ix.capacity = c.s.partitioned(ix.table, ix, ix.throughput, ix.warm, c.now)
	ix.learn()
}

// announce notes that a global index was made.
func (ix *index) announce(s *Server) {
	if !ix.local {
		s.event(ix.table.name, "index created", fmt.Sprintf("table %s, index %s: %s, %d partitions", ix.table.name,
			ix.name, ix.throughput, len(ix.owners.Load().id)))
	}
}

// with returns what a table keeps beside its items when its indexes change.
func (a *aside) with(indexes []*index) *aside {
	return a.edited(func(out *aside) {
		if out.indexes = indexes; out.collections == nil && out.has(true) {
			out.collections = &collections{bytes: map[uint64]int64{}}
		}
	})
}

// edited returns a changed copy; nil when nothing is left in it.
func (a *aside) edited(edit func(*aside)) *aside {
	out := &aside{}
	if a != nil {
		*out = *a
	}
	if edit(out); len(out.indexes) == 0 && out.ttl == nil && out.stream == nil && out.history == nil {
		return nil
	}
	return out
}

// An indexDescription is an index as DescribeTable shows it (API Reference,
// GlobalSecondaryIndexDescription and LocalSecondaryIndexDescription).
type indexDescription struct {
	IndexName             string           `json:"IndexName"`
	KeySchema             []keyElement     `json:"KeySchema"`
	Projection            projectionDesc   `json:"Projection"`
	IndexStatus           string           `json:"IndexStatus,omitempty"`
	Backfilling           *bool            `json:"Backfilling,omitempty"`
	ProvisionedThroughput *provisionedDesc `json:"ProvisionedThroughput,omitempty"`
	OnDemandThroughput    *onDemandDesc    `json:"OnDemandThroughput,omitempty"`
	WarmThroughput        *warmDesc        `json:"WarmThroughput,omitempty"`
	IndexSizeBytes        int64            `json:"IndexSizeBytes"`
	ItemCount             int64            `json:"ItemCount"`
	IndexArn              string           `json:"IndexArn"`
}

type projectionDesc struct {
	ProjectionType   string   `json:"ProjectionType"`
	NonKeyAttributes []string `json:"NonKeyAttributes,omitempty"`
}

// describe returns the index as it stands. The caller holds the table's lock.
func (ix *index) describe() indexDescription {
	d := indexDescription{
		IndexName: ix.name, IndexArn: ix.arn, IndexSizeBytes: ix.store.Bytes(), ItemCount: ix.store.Items(),
		Projection: projectionDesc{ix.projection, ix.included},
	}
	for _, k := range ix.keys {
		d.KeySchema = append(d.KeySchema, keyElement{k.name, k.role})
	}
	if ix.local {
		return d
	}
	if d.IndexStatus = ix.status; ix.table.status == creating {
		d.IndexStatus = creating
	}
	if ix.status == creating {
		d.Backfilling = &ix.backfilling
	}
	t := ix.throughput
	d.ProvisionedThroughput = &provisionedDesc{
		seconds(ix.increased), seconds(ix.decreased), ix.decreases, t.read, t.write,
	}
	d.OnDemandThroughput = onDemandOf(t)
	w := warmthOf(t, ix.warm)
	d.WarmThroughput = &w
	return d
}
