package dynamodb

import (
	"strings"
	"testing"

	"crossover/driver/clock"
	"crossover/workload"
)

const indexedScenario = `version: 1
name: dynamodb-test
dataset:
  items: 10
  key: {sort: {per_partition: 5}}
  size: 500B
  attributes:
    - {name: status, type: string, value: {enum: [open, paid]}}
    - {name: owner, type: number, value: {integer: {min: 1, max: 9}}}
    - {name: note, type: string}
indexes: INDEXES
workload:
  operations: {read: 100%}
  arrival: {closed: {workers: 1}}
  phases: [{name: all, operations: 10}]
`

// A table is created with the scenario's indexes, each with its own capacity or the table's, and
// one that has others is refused with what it has.
func TestIndexesOfATable(t *testing.T) {
	endpoint := "endpoint: http://" + serveEmbedded(t, "") + ", capacity: {provisioned: {read: 20, write: 10}}"
	provision := func(indexes string) error {
		sc, err := workload.Parse("test.yaml", []byte(strings.Replace(indexedScenario, "INDEXES", indexes, 1)))
		if err != nil {
			t.Fatal(err)
		}
		d, err := openDriver(t, clock.Real(), sc, "", endpoint)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.(*Driver).Provision(t.Context()); err != nil {
			return err
		}
		table, err := d.(*Driver).describeTable(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(table.GlobalSecondaryIndexes)+len(table.LocalSecondaryIndexes) != len(sc.Indexes) {
			t.Fatalf("%d global and %d local indexes, want %d in all", len(table.GlobalSecondaryIndexes), len(table.LocalSecondaryIndexes), len(sc.Indexes))
		}
		for _, x := range table.GlobalSecondaryIndexes {
			want := map[string]int64{"by-status": 20, "by-owner": 7}[*x.IndexName]
			if got := *x.ProvisionedThroughput.ReadCapacityUnits; got != want {
				t.Errorf("index %s has %d read units, want %d", *x.IndexName, got, want)
			}
		}
		return nil
	}
	const three = `[{name: by-status, kind: global, partition: status, sort: owner, projection: [note]},
  {name: by-owner, kind: global, partition: owner, capacity: {read: 7, write: 3}}, {name: mine, kind: local, sort: status, projection: keys}]`
	for range 2 { // created, and found
		if err := provision(three); err != nil {
			t.Fatal(err)
		}
	}
	for name, indexes := range map[string]string{
		"none":               "[]",
		"another projection": strings.Replace(three, "[note]", "all", 1),
		"another key":        strings.Replace(three, "partition: owner", "partition: status", 1),
	} {
		err := provision(indexes)
		if err == nil || !strings.Contains(err.Error(), "secondary indexes global by-owner on owner with all, global by-status on status owner with include note, local mine") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
