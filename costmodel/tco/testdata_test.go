package tco

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"crossover/costmodel/price"
	"crossover/workload"
)

// smallSteady is a small table under a small, flat load. TestSmallSteadyStays works it out.
const smallSteady = `
version: 1
name: small-steady
dataset: {items: 1_000_000, size: {fixed: 1KiB}}
workload:
  operations: {read: 80%, update: 20%}
  arrival: {open: {}}
  phases: [{name: steady, for: 10s, rate: 50/s}]
cost:
  demand: {mean: 50/s}
  aerospike: {instances: [i4i.large]}
`

// largeSteady is small items written and read often, day and night. TestLargeSteadyMigrates
// works it out.
const largeSteady = `
version: 1
name: large-steady
dataset: {items: 200_000_000, size: {fixed: 256B}}
workload:
  operations: {read: 50%, update: 50%}
  arrival: {open: {}}
  phases: [{name: steady, for: 10s, rate: 1000/s}]
cost:
  demand: {mean: 400_000/s}
  aerospike: {instances: [i4i.4xlarge]}
`

func parse(t testing.TB, text string) *workload.Scenario {
	t.Helper()
	sc, err := workload.Parse("t.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// computed keeps results, which tests only read.
var computed sync.Map

func compute(t testing.TB, text string, whatIf map[string]string) *Result {
	t.Helper()
	key := text + fmt.Sprint(whatIf)
	if r, ok := computed.Load(key); ok {
		return r.(*Result)
	}
	r := computeWith(t, text, whatIf, price.Default())
	computed.Store(key, r)
	return r
}

// offered prices the offers alone: no curve, no verdict.
func offered(t testing.TB, text string, whatIf map[string]string) *Result {
	t.Helper()
	m, r, err := prepare(Input{Scenario: parse(t, text), WhatIf: whatIf, Draws: testDraws})
	if err != nil {
		t.Fatal(err)
	}
	m.offers(r, m.portfolio(m.cfg, 1))
	return r
}

// cheaper is the system whose cheapest offer costs least.
func cheaper(r *Result) string {
	d, a := best(r, "dynamodb"), best(r, "aerospike")
	if a != nil && a.Total.Value < d.Total.Value {
		return "aerospike"
	}
	return "dynamodb"
}

func computeWith(t testing.TB, text string, whatIf map[string]string, book *price.Book) *Result {
	t.Helper()
	r, err := Compute(context.Background(), Input{Scenario: parse(t, text), Book: book, WhatIf: whatIf, Tool: "test", Draws: testDraws})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func offerOf(t testing.TB, r *Result, name string) *Offer {
	t.Helper()
	for i := range r.Offers {
		if r.Offers[i].Name == name {
			return &r.Offers[i]
		}
	}
	t.Fatalf("no offer is called %s", name)
	return nil
}

// lines returns an offer's amounts by line.
func lines(o *Offer) map[string]float64 {
	out := map[string]float64{}
	for _, l := range o.Lines {
		out[l.Name] = l.Amount.Value
	}
	return out
}

// formatMicros spells a number of microseconds as the cost section does.
func formatMicros(us float64) string { return strconv.FormatFloat(us, 'f', 4, 64) + "us" }

func formatRate(perS float64) string { return strconv.FormatFloat(perS, 'f', 6, 64) + "/s" }

func formatItems(n float64) string { return strconv.FormatUint(uint64(n), 10) }
