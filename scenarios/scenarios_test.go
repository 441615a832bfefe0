package scenarios_test

import (
	"slices"
	"strings"
	"testing"

	"crossover/costmodel"
	"crossover/results"
	"crossover/scenarios"
	"crossover/workload"
	"crossover/workload/op"
)

func TestTheLibraryIsWhole(t *testing.T) {
	names := scenarios.Names()
	for _, want := range []string{
		"ycsb-a", "ycsb-b", "ycsb-c", "ycsb-d", "ycsb-e", "ycsb-f", "user-profiles", "session-store", "gaming-leaderboard",
		"iot-ingestion", "ad-bidding", "payments-ledger", "large-objects", "hot-key-demo", "small-device",
	} {
		if !slices.Contains(names, want) {
			t.Errorf("no %s", want)
		}
	}
	if !slices.IsSorted(names) {
		t.Errorf("names out of order: %v", names)
	}
	for _, name := range []string{"nobody", "", "../scenarios", "ycsb-a.yaml"} {
		if text, err := scenarios.Read(name); err == nil {
			t.Errorf("Read(%q) = %d bytes", name, len(text))
		}
	}
}

// Each scenario says whose workload it is, runs on both embedded targets at a rate that two
// cores carry, is shortened to 10,000 items without losing a hot key, and can be priced.
func TestEachScenarioIsUsable(t *testing.T) {
	for _, name := range scenarios.Names() {
		t.Run(name, func(t *testing.T) {
			text, err := scenarios.Read(name)
			if err != nil {
				t.Fatal(err)
			}
			sc, err := workload.Parse(name+".yaml", text)
			if err != nil {
				t.Fatal(err)
			}
			if cost, err := costmodel.ParseConfig(sc); err != nil || cost == nil {
				t.Errorf("cost section %v, %v", cost, err)
			}
			if !strings.HasPrefix(string(text), "# ") || !strings.Contains(string(text), "\n# Whose workload: ") {
				t.Error("it does not say whose workload it is")
			}
			var drivers []string
			for _, target := range sc.Targets {
				drivers = append(drivers, target.Driver)
			}
			both := []string{"dynamodb", "aerospike"}
			if name == "day-auto-scaling" { // two ways of buying DynamoDB, as it says
				both = []string{"dynamodb", "dynamodb"}
			}
			if !slices.Equal(drivers, both) || strings.Count(string(text), "at: embedded") != 2 {
				t.Errorf("targets %v, want %v, both embedded", drivers, both)
			}
			for _, p := range sc.Workload.Phases {
				if rate := max(p.Rate.From, p.Rate.To); rate > 2000 {
					t.Errorf("phase %s offers %v/s: two cores do not carry it", p.Name, rate)
				}
			}
			judgeable(t, sc)
			if err := sc.Shorten(0, 10_000); err != nil {
				t.Error(err)
			}
		})
	}
}

// judgeable fails for an objective whose percentile the run cannot carry: a hundred samples
// must lie beyond it.
func judgeable(t *testing.T, sc *workload.Scenario) {
	t.Helper()
	recorded := 0.0
	for _, p := range sc.Workload.Phases {
		if p.Record {
			recorded += (p.Rate.From + p.Rate.To) / 2 * p.For.Seconds()
		}
	}
	if len(sc.Objectives.Latency) == 0 {
		t.Error("no objectives")
	}
	for kind, limits := range sc.Objectives.Latency {
		for percentile := range limits {
			q, ok := results.Quantile(percentile)
			if n := recorded * sc.Workload.Operations[kind]; !ok || n < float64(results.NeededSamples(q)) {
				t.Errorf("%v %s: %.0f samples of the %d that it needs", kind, percentile, n, results.NeededSamples(q))
			}
		}
	}
	if sc.Objectives.Errors < 0 || recorded < 3/sc.Objectives.Errors {
		t.Errorf("errors below %v: %.0f operations are too few to tell", sc.Objectives.Errors, recorded)
	}
	if sc.Workload.Operations[op.Read]+sc.Workload.Operations[op.Query] == 0 {
		t.Error("nothing is read")
	}
}
