package dynamodb

import (
	"fmt"
	"math"
	"strings"
	"time"

	"crossover/costmodel/partition"
)

// A description is a table as DescribeTable shows it (API Reference, TableDescription).
// ItemCount and TableSizeBytes are exact; the service brings them up to date about every six
// hours.
type description struct {
	AttributeDefinitions      []attributeDefinition `json:"AttributeDefinitions"`
	TableName                 string                `json:"TableName"`
	KeySchema                 []keyElement          `json:"KeySchema"`
	TableStatus               string                `json:"TableStatus"`
	CreationDateTime          float64               `json:"CreationDateTime"`
	ProvisionedThroughput     provisionedDesc       `json:"ProvisionedThroughput"`
	TableSizeBytes            int64                 `json:"TableSizeBytes"`
	ItemCount                 int64                 `json:"ItemCount"`
	TableArn                  string                `json:"TableArn"`
	TableID                   string                `json:"TableId"`
	BillingModeSummary        *billingDesc          `json:"BillingModeSummary,omitempty"`
	OnDemandThroughput        *onDemandDesc         `json:"OnDemandThroughput,omitempty"`
	WarmThroughput            warmDesc              `json:"WarmThroughput"`
	GlobalSecondaryIndexes    []indexDescription    `json:"GlobalSecondaryIndexes,omitempty"`
	LocalSecondaryIndexes     []indexDescription    `json:"LocalSecondaryIndexes,omitempty"`
	TableClassSummary         *classDesc            `json:"TableClassSummary,omitempty"`
	StreamSpecification       *streamDesc           `json:"StreamSpecification,omitempty"`
	LatestStreamLabel         string                `json:"LatestStreamLabel,omitempty"`
	LatestStreamArn           string                `json:"LatestStreamArn,omitempty"`
	DeletionProtectionEnabled bool                  `json:"DeletionProtectionEnabled"`
}

type streamDesc struct {
	StreamEnabled  bool   `json:"StreamEnabled"`
	StreamViewType string `json:"StreamViewType"`
}

type attributeDefinition struct {
	AttributeName string `json:"AttributeName"`
	AttributeType string `json:"AttributeType"`
}

type keyElement struct {
	AttributeName string `json:"AttributeName"`
	KeyType       string `json:"KeyType"`
}

type provisionedDesc struct {
	LastIncreaseDateTime   float64 `json:"LastIncreaseDateTime,omitempty"`
	LastDecreaseDateTime   float64 `json:"LastDecreaseDateTime,omitempty"`
	NumberOfDecreasesToday int     `json:"NumberOfDecreasesToday"`
	ReadCapacityUnits      int64   `json:"ReadCapacityUnits"`
	WriteCapacityUnits     int64   `json:"WriteCapacityUnits"`
}

type billingDesc struct {
	BillingMode                       string  `json:"BillingMode"`
	LastUpdateToPayPerRequestDateTime float64 `json:"LastUpdateToPayPerRequestDateTime,omitempty"`
}

type onDemandDesc struct {
	MaxReadRequestUnits  int64 `json:"MaxReadRequestUnits"`
	MaxWriteRequestUnits int64 `json:"MaxWriteRequestUnits"`
}

type warmDesc struct {
	ReadUnitsPerSecond  int64  `json:"ReadUnitsPerSecond"`
	WriteUnitsPerSecond int64  `json:"WriteUnitsPerSecond"`
	Status              string `json:"Status"`
}

type classDesc struct {
	TableClass string `json:"TableClass"`
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return math.Round(float64(t.UnixMicro())/1000) / 1000
}

// sameDay reports whether two times fall on one day of UTC, by which decreases are counted.
func sameDay(a, b time.Time) bool {
	const day = 24 * time.Hour
	return a.Truncate(day).Equal(b.Truncate(day))
}

// describe returns the table as it stands.
func (t *table) describe(now time.Time) description {
	t.mu.RLock()
	defer t.mu.RUnlock()
	decreases := t.decreases
	if !sameDay(t.decreased, now) {
		decreases = 0
	}
	d := description{
		AttributeDefinitions: t.definitions,
		TableName:            t.name, TableStatus: t.status, CreationDateTime: seconds(t.created),
		TableSizeBytes: t.store.Bytes(), ItemCount: t.store.Items(),
		TableArn: t.arn, TableID: t.id, DeletionProtectionEnabled: t.protected,
		ProvisionedThroughput: provisionedDesc{
			seconds(t.increased), seconds(t.decreased), decreases, t.throughput.read, t.throughput.write,
		},
	}
	for _, k := range t.schema {
		d.KeySchema = append(d.KeySchema, keyElement{k.name, k.role})
	}
	if !t.throughput.provisioned || !t.lastOnDem.IsZero() {
		d.BillingModeSummary = &billingDesc{"PROVISIONED", seconds(t.lastOnDem)}
	}
	if !t.throughput.provisioned {
		d.BillingModeSummary.BillingMode = "PAY_PER_REQUEST"
	}
	d.OnDemandThroughput = onDemandOf(t.throughput)
	if t.stream != nil {
		d.LatestStreamLabel, d.LatestStreamArn = t.stream.label, t.stream.arn
		if t.stream.enabled() {
			d.StreamSpecification = &streamDesc{true, t.stream.view}
		}
	}
	if a := t.aside.Load(); a != nil {
		for _, ix := range a.indexes {
			if ix.local {
				d.LocalSecondaryIndexes = append(d.LocalSecondaryIndexes, ix.describe())
			} else {
				d.GlobalSecondaryIndexes = append(d.GlobalSecondaryIndexes, ix.describe())
			}
		}
	}
	if t.class != "" {
		d.TableClassSummary = &classDesc{t.class}
	}
	d.WarmThroughput = t.warmth()
	return d
}

// onDemandOf describes on-demand maxima; nil when there are none.
func onDemandOf(t throughput) *onDemandDesc {
	none := func(n int64) int64 {
		if n == 0 {
			return -1
		}
		return n
	}
	if t.maxRead == 0 && t.maxWrite == 0 {
		return nil
	}
	return &onDemandDesc{none(t.maxRead), none(t.maxWrite)}
}

// warmth is what the table's partitions can serve at once. The caller holds t.mu.
func (t *table) warmth() warmDesc { return warmthOf(t.throughput, t.warm) }

func warmthOf(t throughput, warm [2]float64) warmDesc {
	w := warmDesc{max(t.read, int64(warm[0])), max(t.write, int64(warm[1])), active}
	if !t.provisioned {
		w.ReadUnitsPerSecond = max(w.ReadUnitsPerSecond, partition.OnDemandRead)
		w.WriteUnitsPerSecond = max(w.WriteUnitsPerSecond, partition.OnDemandWrite)
	}
	return w
}

// answerDescription writes a table's description under the given name.
func (c *call) answerDescription(name string, t *table) error {
	c.out = appendJSON(c.out, map[string]description{name: t.describe(c.s.options.Clock.Wall(c.now))})
	return nil
}

// namedTable returns the table of a request about tables, whatever its state.
func (c *call) namedTable() (*table, error) {
	name := c.req.text("TableName")
	switch {
	case c.req.err != nil:
		return nil, c.req.err
	case !c.req.has("TableName"):
		return nil, invalid("The parameter 'TableName' is required but was not present in the request")
	}
	t := c.s.lookup(name, c.now)
	if t == nil {
		return nil, failure("ResourceNotFoundException", "Requested resource not found: Table: %s not "+
			"found", c.s.tableName(name))
	}
	return t, nil
}

// describeTable answers DescribeTable.
func (c *call) describeTable() error {
	t, err := c.namedTable()
	if err != nil {
		return err
	}
	return c.answerDescription("Table", t)
}

// listTables answers ListTables.
func (c *call) listTables() error {
	r := &c.req
	from, limit := r.text("ExclusiveStartTableName"), int64(100)
	if r.has("Limit") {
		limit = r.integer("Limit")
	}
	switch {
	case r.err != nil:
		return r.err
	case limit < 1:
		return unfit(fmt.Sprint(limit), "limit", "Member must have value greater than or equal to 1")
	case limit > 100:
		return unfit(fmt.Sprint(limit), "limit", "Member must have value less than or equal to 100")
	}
	answer := struct {
		TableNames             []string
		LastEvaluatedTableName string `json:",omitempty"`
	}{TableNames: []string{}}
	for _, name := range c.s.tableNames(c.now) {
		if strings.Compare(name, from) <= 0 {
			continue
		}
		if int64(len(answer.TableNames)) == limit {
			answer.LastEvaluatedTableName = answer.TableNames[limit-1]
			break
		}
		answer.TableNames = append(answer.TableNames, name)
	}
	c.out = appendJSON(c.out, answer)
	return nil
}

// deleteTable answers DeleteTable.
func (c *call) deleteTable() error {
	t, err := c.namedTable()
	if err != nil {
		return err
	}
	if err := c.remove(t); err != nil {
		return err
	}
	c.s.event(t.name, "table deleted", "table "+t.name)
	return c.answerDescription("TableDescription", t)
}

// remove begins a table's deletion.
func (c *call) remove(t *table) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.protected:
		return invalid("Resource cannot be deleted as it is currently protected against deletion. Disable " +
			"deletion protection first.")
	case t.status == creating:
		return inUse("Attempt to change a resource which is still in use: Table is being created: %s", t.name)
	case t.status == updating:
		return inUse("Attempt to change a resource which is still in use: Table is being updated: %s", t.name)
	case t.status == deleting:
		return inUse("Attempt to change a resource which is still in use: Table is being deleted: %s", t.name)
	}
	t.begin(deleting, c.s.later(c.now, deleteFor), func(now time.Duration) {
		t.status = ""
		if a := t.aside.Load(); a != nil && a.stream != nil {
			a.stream.stop(now)
		}
	})
	return nil
}
