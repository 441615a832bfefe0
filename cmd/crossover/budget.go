package main

import (
	"fmt"
	"strconv"
	"strings"

	"crossover/workload"
	"crossover/workload/mapping"
	"crossover/workload/op"
)

// parseBudget reads 5USD, 0.50USD or $5; an empty string is no budget.
func parseBudget(s string) (float64, error) {
	if s == "" {
		return 0, nil
	}
	n, usd := strings.CutSuffix(s, "USD")
	if !usd {
		n, usd = strings.CutPrefix(s, "$")
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(n), 64)
	if err != nil || !usd || !(v > 0) || v > 1e9 {
		return 0, fmt.Errorf("--budget %q: expected an amount in US dollars above 0, such as 5USD", s)
	}
	return v, nil
}

// The on-demand prices by which a budget is watched: the dearest way to buy the units that a
// short run consumes, so that a stop comes early rather than late.
const (
	readUnitKey  = "ondemand.std.rru"
	writeUnitKey = "ondemand.std.wru"
)

// budgetRegion is the region whose unit prices watch the budget.
const budgetRegion = "us-east-1"

// priceOf returns what units cost on demand, or nil when no budget was given.
func (s *session) priceOf() func(readUnits, writeUnits float64) float64 {
	if s.budget == 0 {
		return nil
	}
	return s.unitCost
}

func (s *session) unitCost(readUnits, writeUnits float64) float64 {
	return readUnits*s.unitPrice(readUnitKey) + writeUnits*s.unitPrice(writeUnitKey)
}

// unitPrice is the dearest of the targets' regions that the book prices; budgetRegion's where it
// prices none of them.
func (s *session) unitPrice(key string) float64 {
	dearest := 0.0
	for _, t := range s.sc.Targets {
		dearest = max(dearest, s.book.USD(regionOf(t), key))
	}
	if dearest == 0 {
		return s.book.USD(budgetRegion, key)
	}
	return dearest
}

// regionOf is a DynamoDB target's region.
func regionOf(t workload.Target) string {
	if n := field(t.Node, "region"); n != nil && t.Driver == "dynamodb" {
		return n.Value
	}
	return budgetRegion
}

// remaining is what the budget has left; 0 when none was given.
func (s *session) remaining() float64 {
	if s.budget == 0 {
		return 0
	}
	return max(s.budget-s.spent, 1e-9) // 0 would mean no limit
}

// estimateSample is how many items' sizes an estimate looks at.
const estimateSample = 1000

// An estimate is what a target's loading and operations would consume, and cost on demand.
type estimate struct {
	items, operations uint64
	loadUnits         float64 // write units of loading; 0 when nothing is loaded
	loadUSD, runUSD   float64
	importBytes       float64 // of the data set as DynamoDB JSON
}

// estimate computes it from a sample of the items.
func (s *session) estimate() (e estimate) {
	m := mapping.New(s.sc)
	stride := max(1, s.sc.Dataset.Items/estimateSample)
	var readUnits, writeUnits, loadUnits, bytes, n float64
	for item := uint64(0); item < s.sc.Dataset.Items; item += stride {
		size := s.sc.ItemSize(item)
		n++
		_, w, _ := m.DynamoDBUnits(op.Insert, size)
		loadUnits += w
		bytes += float64(size) + jsonOverhead(s.sc)
		for k := range op.KindCount {
			if share := s.sc.Workload.Operations[k]; share > 0 {
				r, w, _ := m.DynamoDBUnits(k, size)
				readUnits += share * r
				writeUnits += share * w
			}
		}
	}
	e.operations = workload.NewPlan(s.sc).Len()
	e.runUSD = s.unitCost(readUnits/n*float64(e.operations), writeUnits/n*float64(e.operations))
	if s.options.noLoad {
		return e
	}
	e.items = s.sc.Dataset.Items
	e.loadUnits, e.importBytes = loadUnits/n*float64(e.items), bytes/n*float64(e.items)
	e.loadUSD = s.unitCost(0, e.loadUnits)
	return e
}

func (e estimate) usd() float64 { return e.loadUSD + e.runUSD }

// jsonOverhead is what an item is longer by as a line of DynamoDB JSON than it counts: twelve
// characters around each attribute, as in "name":{"S":"value"}, and twelve around the item.
func jsonOverhead(sc *workload.Scenario) float64 {
	attributes := 2 + int(sc.Dataset.Attributes) // partition key and version
	if t := sc.Values(); t != nil {
		attributes = 2 + len(t.Attributes())
	}
	if sc.HasSort() {
		attributes++
	}
	return float64(12 * (attributes + 1))
}
