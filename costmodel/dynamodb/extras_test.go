package dynamodb

import (
	"math"
	"slices"
	"strings"
	"testing"

	"crossover/costmodel"
	"crossover/costmodel/price"
)

// TestExtras works the lines of what surrounds a table out by hand: 1,000 operations/s of a read
// and a write unit each, 2^20 items of 924 + 100 bytes, which are 1 GiB exactly; two indexes with 400
// bytes of entries an item, which are 600/1024 GiB with their overhead, and a quarter of the writes.
func TestExtras(t *testing.T) {
	const month = 730 * 3600 * 1000.0
	with := func(change func(*costmodel.Config)) *costmodel.Portfolio {
		p := portfolio(1000, 1, 12)
		x := &p.Tables[0]
		x.IndexCount, x.IndexBytes, x.IndexWrites = 2, leaf(400, "bytes"), leaf(0.25, "units")
		change(p.Config)
		return p
	}
	for name, c := range map[string]struct {
		change func(*costmodel.Config)
		want   map[string]float64
	}{
		"indexes":    {func(*costmodel.Config) {}, map[string]float64{"storage": 0.25, "index-storage": cent(600 / 1024.0 * 0.25), "writes": cent(month * 0.625e-6)}},
		"backups":    {func(c *costmodel.Config) { c.DynamoDB.Backups = 7 }, map[string]float64{"backups": 0.70}},
		"exports":    {func(c *costmodel.Config) { c.DynamoDB.Exports = 30 }, map[string]float64{"exports": 3}},
		"restores":   {func(c *costmodel.Config) { c.DynamoDB.Restores = 12 }, map[string]float64{"restores": 0.15}},
		"stream":     {func(c *costmodel.Config) { c.DynamoDB.StreamReads = 40 }, map[string]float64{"stream-reads": cent(40 * 730 * 3600 * 2e-7)}},
		"kinesis":    {func(c *costmodel.Config) { c.DynamoDB.Kinesis = true }, map[string]float64{"kinesis-records": cent(0.75 * month * 1e-7)}},
		"dax":        {func(c *costmodel.Config) { c.DynamoDB.DAX = &costmodel.DAXConfig{Node: "r5.large", Nodes: 3, Hit: 0.8} }, map[string]float64{"dax": cent(3 * 730 * 0.255), "reads": cent(0.2 * month * 0.125e-6)}},
		"support":    {func(c *costmodel.Config) { c.Support = 0.1 }, map[string]float64{"support": cent(0.1 * (cent(month*0.125e-6) + cent(month*0.625e-6) + 0.25 + cent(600/1024.0*0.25)))}},
		"discounted": {func(c *costmodel.Config) { c.DynamoDB.Backups, c.DynamoDB.Discount = 7, 0.1 }, map[string]float64{"discount": cent(-0.1 * (cent(month*0.125e-6) + cent(month*0.625e-6) + 0.25 + cent(600/1024.0*0.25) + 0.7))}},
	} {
		t.Run(name, func(t *testing.T) {
			b := offer(t, price.Default(), "dynamodb-on-demand").Price(with(c.change))
			if b.Status != "priced" {
				t.Fatal(b.Reason)
			}
			for line, want := range c.want {
				if got := lineOf(t, b, line).Amount.Value; math.Abs(got-want) > 0.0051 {
					t.Errorf("%s: %v, want %v", line, got, want)
				}
			}
		})
	}
	for _, line := range offer(t, price.Default(), "dynamodb-on-demand").Price(portfolio(1000, 1, 12)).Lines {
		if slices.Contains([]string{"backups", "exports", "restores", "stream-reads", "kinesis-records", "dax", "support", "index-storage"}, line.Name) {
			t.Errorf("%s is billed though nobody asked for it", line.Name)
		}
	}
}

func cent(v float64) float64 { return math.Round(v*100) / 100 }

// TestReplicas: a global table in two regions. Each write to the table costs a replicated unit in
// each; writes to its indexes cost plain units in each; so does storage.
func TestReplicas(t *testing.T) {
	const month = 730 * 3600 * 1000.0
	p := portfolio(1000, 1, 12)
	x := &p.Tables[0]
	x.IndexCount, x.IndexBytes, x.IndexWrites = 2, leaf(400, "bytes"), leaf(0.25, "units")
	p.Region, p.Config.DynamoDB.Replicas = "us-east-1", []costmodel.Region{"us-east-1"} // a region whose prices are all known
	b := offer(t, price.Default(), "dynamodb-on-demand").Price(p)
	if b.Status != "priced" {
		t.Fatal(b.Reason)
	}
	for line, want := range map[string]float64{
		"writes": cent(0.75 * month * 0.625e-6), "index-writes": cent(0.25 * month * 0.625e-6),
		"replicated-writes-us-east-1": cent(0.75 * month * 0.625e-6), "index-writes-us-east-1": cent(0.25 * month * 0.625e-6),
		"storage-us-east-1":         cent((1 + 600/1024.0) * 0.25),
		"between-regions-us-east-1": cent(0.75 * month * 1024 / (1 << 30) * 0.02),
	} {
		if got := lineOf(t, b, line).Amount.Value; math.Abs(got-want) > 0.0051 {
			t.Errorf("%s: %v, want %v", line, got, want)
		}
	}
	held := offer(t, price.Default(), "dynamodb-provisioned").Price(p)
	// 1,000 ÷ 0.7 = 1,429 WCU, three quarters of them for the table.
	if got, want := lineOf(t, held, "writes").Amount.Value, cent(1429*730*0.75*0.00065); math.Abs(got-want) > 0.0051 {
		t.Errorf("provisioned writes %v, want %v", got, want)
	}
	if b := offer(t, price.Default(), "dynamodb-reserved-1y").Price(p); b.Status != "excluded" {
		t.Errorf("reserved capacity for a global table: %s", b.Status)
	}
	p.Config.DynamoDB.Replicas = []costmodel.Region{"eu-west-1"} // has no price of replicated units on demand
	if b := offer(t, price.Default(), "dynamodb-on-demand").Price(p); b.Status != "not priced" || !strings.Contains(b.Reason, "rwru") {
		t.Errorf("a replica without a price: %s %s", b.Status, b.Reason)
	}
}
