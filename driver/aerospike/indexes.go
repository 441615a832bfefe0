package aerospike

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/aerospike/aerospike-client-go/v7/types"

	"crossover/workload"
	"crossover/workload/items"
	"crossover/workload/op"
)

// indexSuffix makes the name of the secondary index on the partition key from the set's.
const indexSuffix = "-pk"

// maxIndexName is the longest name of an index in bytes (INAME_MAX_SZ less its terminator,
// server source as/include/base/datamodel.h).
const maxIndexName = 63

// A sindex is a secondary index that the scenario needs.
type sindex struct {
	name, bin string
	kind      as.IndexType
}

// sindexes returns the secondary indexes of a scenario: one on the partition key where queries
// need it, and one for each global index, queried or not, since DynamoDB keeps it up to date
// with every write too.
func sindexes(sc *workload.Scenario, set string) (out []sindex) {
	if queries(sc) {
		out = append(out, sindex{set + indexSuffix, workload.AttrPartition, as.STRING})
	}
	for i := range sc.Indexes {
		if x := &sc.Indexes[i]; x.Global() {
			out = append(out, sindex{set + "-" + x.Name, x.Partition, indexType(sc, x.Partition)})
		}
	}
	return out
}

// indexType returns the type of an index on an attribute's bin.
func indexType(sc *workload.Scenario, name string) as.IndexType {
	for _, a := range sc.Dataset.Typed {
		if a.Name == name && a.Type == items.Number {
			return as.NUMERIC
		}
	}
	return as.STRING
}

// queries reports whether the scenario asks for queries that need a secondary index on the
// partition key: without a sort key a query is a read by key.
func queries(sc *workload.Scenario) bool {
	if !sc.HasSort() {
		return false
	}
	x := sc.QueriedIndex()
	return sc.Workload.Operations[op.Query] > 0 || x != nil && !x.Global()
}

// index creates the secondary indexes, unless they are there, and waits until every node has all
// records in them.
func (c *cluster) index(ctx context.Context) error {
	for _, x := range sindexes(c.sc, c.set) {
		if err := c.createIndex(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) createIndex(ctx context.Context, x sindex) error {
	command := fmt.Sprintf("sindex/%s/%s", c.cfg.Namespace, x.name)
	if answer, err := c.askAny(ctx, command); err != nil {
		return err
	} else if parsePairs(answer, ";")["load_pct"] == "" {
		policy := c.writePolicy(adminLimit, as.UPDATE)
		_, err := c.client.CreateIndex(policy, c.cfg.Namespace, c.set, x.name, x.bin, x.kind)
		if err != nil && !err.Matches(types.INDEX_FOUND) {
			return fmt.Errorf("creating index %s on bin %s: %w", x.name, x.bin, err)
		}
		c.madeIndex = c.madeIndex || err == nil
	}
	return c.settle(ctx, "index "+x.name, func() (bool, error) {
		for _, node := range c.client.GetNodes() {
			answers, err := ask(ctx, node, command)
			if err != nil || parsePairs(answers[command], ";")["load_pct"] != "100" {
				return false, err
			}
		}
		return true, nil
	})
}

// dropIndex drops the indexes that Provision creates, if they are there.
func (c *cluster) dropIndex(ctx context.Context) error {
	var errs []error
	// That on the partition key may be another scenario's, which has queries and this one none.
	all := append(sindexes(c.sc, c.set), sindex{name: c.set + indexSuffix})
	for _, x := range all {
		command := fmt.Sprintf("sindex-delete:ns=%s;set=%s;indexname=%s", c.cfg.Namespace, c.set, x.name)
		answer, err := c.askAny(ctx, command)
		if err != nil {
			return err
		}
		if infoError(answer) != "" && infoCode(answer) != strconv.Itoa(int(types.INDEX_NOTFOUND)) {
			errs = append(errs, fmt.Errorf("dropping index %s: %s", x.name, answer))
		}
	}
	c.madeIndex = false
	return errors.Join(errs...)
}
