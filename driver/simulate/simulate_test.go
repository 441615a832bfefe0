package simulate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossover/costmodel/autoscale"
	"crossover/costmodel/partition"
	"crossover/results"
	"crossover/workload"
)

// serviceTime is the tests' own: 2 ms in the median, 1 ms for a refusal.
func serviceTime(rng *rand.Rand, _ string, _, _ int, _, refused bool) time.Duration {
	median := 2 * time.Millisecond
	if refused {
		median = time.Millisecond
	}
	return time.Duration(float64(median) * math.Exp(0.35*rng.NormFloat64()))
}

func scenario(t *testing.T, text string) *workload.Scenario {
	t.Helper()
	sc, err := workload.Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

var sdkRetries = Retries{Attempts: 3, ThrottleBase: time.Second, Max: 20 * time.Second, Quota: true}

func onDemand() *DynamoDB { return &DynamoDB{Retries: sdkRetries, ServiceTime: serviceTime} }

// simulated runs a scenario and returns its manifest and what a reader finds.
func simulated(t *testing.T, sc *workload.Scenario, s System, resolution Resolution) (*results.Manifest, *results.Run) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	m, err := Run(context.Background(), Config{
		Scenario: sc, Target: workload.Target{Name: "x", Driver: "dynamodb"}, System: s, Dir: dir, Resolution: resolution,
		Mapping: []byte(`{}`), Started: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Totals.Check(); err != nil {
		t.Error(err)
	}
	run, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if m.Target.Kind != "simulated" || run.Manifest.Status != results.Complete {
		t.Errorf("kind %s, status %s", m.Target.Kind, run.Manifest.Status)
	}
	return m, run
}

const steady = `version: 1
name: steady
dataset: {items: 1_000_000, size: 1KiB}
workload:
  keys: {zipfian: {theta: 0.99}}
  operations: {read: 80%, update: 20%}
  arrival: {open: {process: poisson, sessions: 4096}}
  phases: [{name: warm, for: 2s, rate: 2000/s, record: false}, {name: main, for: 20s, rate: RATE/s}]
targets: []
`

func share(m *results.Manifest, class string) float64 {
	return float64(m.Totals.ByClass[class]) / float64(m.Totals.Offered)
}

const hotKey = `version: 1
name: hot-key
dataset: {items: 100_000, size: 1KiB}
workload:
  operations: {read: 50%, update: 50%}
  hot: [{key: 7, share: 40%}]
  arrival: {open: {process: poisson, sessions: 8192}}
  phases: [{name: main, for: 20s, rate: 8000/s}]
targets: []
`

// Batches and single operations tell the same of the same scenario, calm and throttled.
func TestResolutionsAgree(t *testing.T) {
	for name, text := range map[string]string{"calm": strings.Replace(steady, "RATE", "3000", 1), "hot key": hotKey} {
		t.Run(name, func(t *testing.T) {
			sc := scenario(t, text)
			one, oneRun := simulated(t, sc, onDemand(), Operations)
			many, manyRun := simulated(t, sc, onDemand(), Batches)
			near := func(what string, a, b, within float64) {
				if math.Abs(a-b) > within*math.Abs(a) {
					t.Errorf("%s: %v one by one, %v in batches", what, a, b)
				}
			}
			near("offered", float64(one.Totals.Offered), float64(many.Totals.Offered), 0.002)
			near("read units", one.Totals.ReadUnits, many.Totals.ReadUnits, 0.02)
			near("write units", one.Totals.WriteUnits, many.Totals.WriteUnits, 0.02)
			near("operations throttled", share(one, "throttled"), share(many, "throttled"), 0.05)
			near("attempts throttled", throttles(one), throttles(many), 0.05)
			for _, q := range []float64{50, 99} {
				near("response time", quantile(t, oneRun, q), quantile(t, manyRun, q), 0.1)
			}
			if name == "hot key" && share(one, "throttled") < 0.05 {
				t.Errorf("only %v of the operations were throttled", share(one, "throttled"))
			}
		})
	}
}

func throttles(m *results.Manifest) (n float64) {
	for _, x := range m.Totals.Throttles {
		n += float64(x)
	}
	return n
}

// quantile is of response times of successes over all kinds, in ns.
func quantile(t *testing.T, run *results.Run, q float64) float64 {
	t.Helper()
	all := results.NewHistogram()
	for l, err := range run.Latencies() {
		if err != nil {
			t.Fatal(err)
		}
		if l.Measure == results.Response && l.Recorded {
			all.Merge(l.Histogram)
		}
	}
	return float64(all.ValueAtQuantile(q))
}

// A day of 10,000 operations/s goes in batches, and its sums close: 864 million operations. By
// the command line it takes less than a minute; no clock is asked here.
func TestDay(t *testing.T) {
	text := strings.Replace(steady, "for: 20s, rate: RATE/s", "for: 24h, rate: {diurnal: {mean: 10000/s, peak_to_mean: 2}}", 1)
	if raceEnabled {
		text = strings.Replace(text, "for: 24h", "for: 30m", 1)
	}
	m, err := Run(context.Background(), Config{
		Scenario: scenario(t, text), Target: workload.Target{Name: "x"}, System: onDemand(), Dir: filepath.Join(t.TempDir(), "run"),
		Tick: time.Second, Interval: 10 * time.Minute, Mapping: []byte(`{}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if m.Host["resolution"] != string(Batches) {
		t.Errorf("resolution %s", m.Host["resolution"])
	}
	if err := m.Totals.Check(); err != nil {
		t.Error(err)
	}
	if want := 10_000 * m.Planned.Seconds(); math.Abs(float64(m.Totals.Offered)-want) > 0.002*want {
		t.Errorf("%d offered, want %v", m.Totals.Offered, want)
	}
}

// day is a day with a launch at ten o'clock that quadruples the load at once.
const day = `version: 1
name: day
dataset: {items: 100_000, size: 1KiB}
workload:
  operations: {read: 70%, update: 30%}
  arrival: {open: {process: poisson, sessions: 8192}}
  phases:
    - {name: night, for: 7h, rate: 400/s}
    - {name: morning, for: 3h, rate: {from: 400/s, to: 1500/s}}
    - {name: launch, for: 1h, rate: 6000/s}
    - {name: afternoon, for: 6h, rate: 3000/s}
    - {name: evening, for: 7h, rate: {from: 3000/s, to: 400/s}}
targets: []
`

func billed(t *testing.T, sc *workload.Scenario, d *DynamoDB) (*results.Manifest, *results.Run, Usage) {
	t.Helper()
	dir, used := filepath.Join(t.TempDir(), "run"), Usage{}
	m, err := Run(context.Background(), Config{
		Scenario: sc, Target: workload.Target{Name: "x"}, System: d, Dir: dir, Resolution: Batches, Tick: time.Second,
		Interval: 10 * time.Minute, Mapping: []byte(`{}`),
		Price: func(u Usage) (float64, string) {
			used = u
			// us-east-1: 0.00013 and 0.00065 USD a unit and hour, 0.125 and 0.625 USD a million.
			return u.ReadHours*0.00013 + u.WriteHours*0.00065 + (u.ReadUnits*0.125+u.WriteUnits*0.625)/1e6, "as priced"
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	run, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return m, run, used
}

// A day on provisioned capacity with auto scaling shows the lag, the throttles and the bill; the
// same demand on demand shows none of the first two, and the other bill.
func TestAutoScalingDay(t *testing.T) {
	sc := scenario(t, day)
	scaled := onDemand()
	scaled.Table = partition.Config{Provisioned: true, Read: 200, Write: 180, WarmRead: 12_000, WarmWrite: 4000}
	scaled.Read = &autoscale.Policy{Min: 100, Max: 20_000}
	scaled.Write = &autoscale.Policy{Min: 100, Max: 20_000}
	m, run, used := billed(t, sc, scaled)

	// The lag: two minutes above the target, one until the alarm acts, two until the capacity is
	// there; and again, since consumption can't exceed what is provisioned for long.
	const launch, needed = 10 * 3600.0, 1800 // write units/s
	lag, steps, falls := 0.0, 0, 0
	for _, e := range run.Events() {
		var from, to float64
		if n, _ := fmt.Sscanf(e.Detail, "auto scaling: writes from %g to %g", &from, &to); n < 2 || e.At < launch {
			continue
		}
		if steps++; to >= needed && lag == 0 {
			lag = e.At - launch
		}
		if to < from {
			falls++
		}
		if e.At < launch+4*60 && from > 700 {
			t.Errorf("from %v to %v units/s only %v s after the launch", from, to, e.At-launch)
		}
	}
	if lag < 5*60 || lag > 40*60 || steps < 2 || falls == 0 {
		t.Errorf("enough write capacity %v s after the launch, in %d steps with %d falls", lag, steps, falls)
	}
	throttledAt := map[string]uint64{}
	for _, line := range run.Intervals() {
		for _, n := range line.Throttles {
			throttledAt[line.Phase] += n
		}
	}
	if throttledAt["launch"] == 0 || throttledAt["night"]+throttledAt["afternoon"] > throttledAt["launch"]/20 {
		t.Errorf("throttles by phase: %v", throttledAt)
	}
	if n := m.Totals.Throttles["TableWriteProvisionedThroughputExceeded"]; float64(n) < throttles(m)/2 {
		t.Errorf("throttled for %v", m.Totals.Throttles)
	}
	if used.WriteHours == 0 || used.WriteUnits != 0 {
		t.Errorf("usage %+v", used)
	}
	// What is provisioned lies above what is consumed by the target, and by what the minimum and
	// the hours' peaks add.
	consumed := m.Totals.WriteUnits / 3600
	if ratio := used.WriteHours / consumed; ratio < 1/autoscale.DefaultTarget || ratio > 2.2 {
		t.Errorf("%v WCU hours for %v consumed: %v times", used.WriteHours, consumed, ratio)
	}

	other, otherRun, otherUsed := billed(t, sc, onDemand())
	if n := throttles(other); n > 0 {
		t.Errorf("on demand %v throttles", n)
	}
	for _, e := range otherRun.Events() {
		if e.Name == "capacity" {
			t.Errorf("on demand: %+v", e)
		}
	}
	if otherUsed.WriteHours != 0 || math.Abs(otherUsed.WriteUnits-other.Totals.WriteUnits) > 1 {
		t.Errorf("on demand: usage %+v", otherUsed)
	}
	if m.SpentUSD <= 0 || other.SpentUSD < 1.2*m.SpentUSD {
		t.Errorf("bills: %v USD with auto scaling, %v on demand", m.SpentUSD, other.SpentUSD)
	}
	t.Logf("enough capacity after %v s; %v throttled attempts, %.2f USD; on demand %.2f USD", lag, throttles(m), m.SpentUSD, other.SpentUSD)
}
