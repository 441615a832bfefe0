package tco

import (
	"context"
	"testing"

	"crossover/costmodel/price"
	"crossover/workload"
)

// busy is a load with a week, a season and growth, priced on every instance type.
const busy = `
version: 1
name: busy
dataset: {items: 200_000_000, size: {lognormal: {median: 600B, p99: 4KiB, max: 100KiB}}}
workload:
  operations: {read: 80%, update: 20%}
  arrival: {open: {}}
  phases: [{name: steady, for: 10s, rate: 1000/s}]
cost:
  demand:
    peak: 60_000/s
    shape: "diurnal(peak_to_mean: 2.1)"
    week: [1, 1, 1, 1, 1, 0.7, 0.6]
    season: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1.5, 1.4]
    growth: 30%/year
`

func modelOf(b testing.TB, text string) *model {
	b.Helper()
	sc, err := workload.Parse("t.yaml", []byte(text))
	if err != nil {
		b.Fatal(err)
	}
	m, _, err := prepare(Input{Scenario: sc, Book: price.Default()})
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// BenchmarkCheapest prices one portfolio under every offer, as a draw or a step of a search does.
func BenchmarkCheapest(b *testing.B) {
	m := modelOf(b, busy)
	for b.Loop() {
		m.cheapest(m.book, m.portfolio(m.cfg, 1))
	}
}

// BenchmarkCompute is the whole answer: three years, every offer and instance type.
func BenchmarkCompute(b *testing.B) {
	sc, err := workload.Parse("t.yaml", []byte(busy))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Compute(context.Background(), Input{Scenario: sc}); err != nil {
			b.Fatal(err)
		}
	}
}
