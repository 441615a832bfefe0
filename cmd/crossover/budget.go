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
	return readUnits*s.book.USD(budgetRegion, readUnitKey) + writeUnits*s.book.USD(budgetRegion, writeUnitKey)
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

// estimate returns what loading and running would cost in units at on-demand prices.
func (s *session) estimate() float64 {
	m := mapping.New(s.sc)
	plan := workload.NewPlan(s.sc)
	stride := max(1, s.sc.Dataset.Items/estimateSample)
	var readUnits, writeUnits, loadUnits, n float64
	for item := uint64(0); item < s.sc.Dataset.Items; item += stride {
		size := s.sc.ItemSize(item)
		n++
		_, w, _ := m.DynamoDBUnits(op.Insert, size)
		loadUnits += w
		for k := range op.KindCount {
			if share := s.sc.Workload.Operations[k]; share > 0 {
				r, w, _ := m.DynamoDBUnits(k, size)
				readUnits += share * r
				writeUnits += share * w
			}
		}
	}
	ops := float64(plan.Len())
	load := loadUnits / n * float64(s.sc.Dataset.Items)
	if s.options.noLoad {
		load = 0
	}
	return s.unitCost(readUnits/n*ops, writeUnits/n*ops+load)
}
