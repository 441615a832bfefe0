package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"crossover/results"
	"crossover/results/figure"
)

// stepAt is one judged rate of a search for reads whose p99 is to stay below 5 ms.
func stepAt(rate, p99Ms float64, verdict string, samples uint64) results.SearchStep {
	j := results.Judgement{
		Name: "read p99", Unit: "ns", Limit: 5e6, Seen: p99Ms * 1e6, Low: 0.9 * p99Ms * 1e6, High: 1.2 * p99Ms * 1e6,
		Samples: samples, Effective: float64(samples), Result: verdict,
	}
	return results.SearchStep{
		Rate: rate, Verdict: verdict, Offered: rate, Completed: 0.998 * rate, Achieved: 0.998 * rate, Errors: 0.0002,
		Objectives: []results.Judgement{j, {Name: "errors", Unit: "share", Limit: 0.01, Seen: 0.0002, Low: 0, High: 0.0011, Samples: samples, Result: results.Holds}},
		Response: map[string]results.Percentiles{
			"read": {Count: int64(samples), P50: int64(p99Ms * 2e5), P90: int64(p99Ms * 5e5), P99: int64(p99Ms * 1e6), P999: int64(p99Ms * 2e6), Max: int64(p99Ms * 4e6)},
		},
		Probes: []results.SearchProbe{{Run: "probes/001", Seconds: 10, Intervals: 100, WarmUp: 1.2, Steady: true}},
	}
}

func searched(kind string) *results.Search {
	capacity := figure.New(2000, "operations/s", results.BasisOf(kind), "search of target aerospike (embedded): highest rate judged to hold")
	unsure := stepAt(3000, 5.1, results.Undecided, 30_000)
	unsure.Reasons = []string{"p99 may be on either side of its limit after 3 probes"}
	unsure.Probes = append(unsure.Probes, unsure.Probes[0], unsure.Probes[0])
	return &results.Search{
		Status: results.Complete, Tool: "v0.1.0", Run: "r-aerospike", Scenario: "hot-key-demo", ScenarioDigest: "sha256:5f0c7a", Seed: 42, Mode: "search",
		Target: results.TargetInfo{Name: "aerospike", Driver: "aerospike", Kind: kind, Identity: "an embedded cluster"}, Basis: results.BasisOf(kind),
		Rule: results.SearchRule{
			Confidence: 0.95, Looks: 3, ProbeNs: 10 * time.Second, Resolution: 0.05, MinRate: 1, MaxRate: 1e6,
			Assumed: map[string]string{"objectives.errors": "1% of the operations may fail: the scenario states no limit"},
		},
		Started: began, Ended: began.Add(5 * time.Minute),
		Points: []results.SearchPoint{{
			Outcome: results.OutcomeFound, Sentence: "the objectives hold up to 2000/s and not at 3000/s", Holding: 2000, Failing: 3000, Capacity: &capacity,
			Steps: []results.SearchStep{
				stepAt(1000, 1.5, results.Holds, 10_000), stepAt(2000, 3.2, results.Holds, 20_000), stepAt(4000, 41, results.Misses, 40_000), unsure,
			},
			Violations: []string{"2500/s does not hold, yet 2600/s does"},
		}},
		Warnings: []string{"hot keys with times keep them, counted from the start of each probe"},
	}
}

// swept is a sweep of sizes that was interrupted: a point with one step, and one without.
func swept(kind string) *results.Search {
	s := searched(kind)
	s.Mode, s.Varied, s.Status, s.Reason, s.Warnings = "sweep", "sizes", results.Interrupted, "interrupted", nil
	s.Target.Name, s.Target.Driver = "table", "dynamodb"
	s.Rule = results.SearchRule{Confidence: 0.9, Looks: 1, ProbeNs: 10 * time.Second}
	few := stepAt(1000, 1.5, results.GeneratorLimited, 90)
	few.Objectives = nil
	s.Points = []results.SearchPoint{{Name: "size 1KiB", Steps: []results.SearchStep{few}}, {Name: "size 4KiB"}}
	return s
}

// A search's report says what was found with its basis, each step's verdict and bounds, and draws
// the curve; a percentile without enough samples is not printed.
func TestSearchReport(t *testing.T) {
	var text, page bytes.Buffer
	d := goldenDoc(t, "search")
	check(t, Markdown(&text, d))
	check(t, HTML(&page, d))
	for _, want := range []string{
		"2,000 operations/s (modelled)", "| 3,000/s | undecided |", "| 4,000/s | misses |", "**holds**",
		"read p99: 2.88 ms to 3.84 ms, limit 5 ms (holds)", "Assumed, objectives.errors", "too few",
		"2500/s does not hold, yet 2600/s does", "size 4KiB: no step has ended", "the sweep is interrupted", "target unidentified",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	if n := strings.Count(page.String(), `role="img"`); n != 1 {
		t.Errorf("%d pictures, want the search's curve and none of a single rate", n)
	}
	for _, at := range []string{"read p50 from 300 µs at 998/s", "to 41.0 ms at 3,992/s"} {
		if !strings.Contains(page.String(), at) {
			t.Errorf("the curve's words do not say %q", at)
		}
	}
}
