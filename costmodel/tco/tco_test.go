package tco

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"crossover/results/figure"
)

var update = flag.Bool("update", false, "write the golden files anew")

// growing has everything that a result can have: a day's shape, growth, recovery, an instance type
// with a committed price, queries, and sizes that are drawn.
const growing = `
version: 1
name: growing
seed: 7
dataset:
  items: 20_000_000
  key: {partition: "user#{id}", sort: {prefix: "event#", per_partition: 50}}
  size: {lognormal: {median: 400B, p99: 3KiB}}
  attributes: 4
workload:
  operations: {read: 50%, update: 30%, insert: 10%, query: 5%, read_modify_write: 5%}
  query: {limit: 20}
  arrival: {open: {}}
  phases: [{name: steady, for: 10s, rate: 1000/s}]
cost:
  horizon: 24 months
  demand: {peak: 60_000/s, shape: "diurnal(peak_to_mean: 2.1)", growth: 40%/year}
  dynamodb: {pitr: true}
  aerospike: {instances: [i3en.3xlarge]}
`

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; go test ./costmodel/tco -args -update writes it anew):\n%.4000s", name, diff)
	}
}

func encode(t *testing.T, r *Result) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGoldenResult(t *testing.T) {
	golden(t, "growing.tco.json", encode(t, compute(t, growing, nil)))
}

func TestGoldenExplain(t *testing.T) {
	// From the JSON, as the command does.
	var r Result
	if err := json.Unmarshal(encode(t, compute(t, growing, nil)), &r); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, path := range []string{
		"offers/dynamodb-on-demand/monthly",
		"offers/dynamodb-reserved-1y/lines/upfront-wcu-1/amount",
		"offers/aerospike-ce-i3en.3xlarge-1y/nodes/constraints/cpu",
		"offers/aerospike-ce-i3en.3xlarge-1y/lines/instances-committed/price",
		"offers/aerospike-ce-i3en.3xlarge/lines/double-running/amount",
		"demand/write_units_per_operation",
		"verdict/probability",
		"crossover/crossing-1",
		"assumptions/aerospike.cpu_per_op",
	} {
		text, err := Explain(&r, path)
		if err != nil {
			t.Error(err)
		}
		b.WriteString("$ explain " + path + "\n" + text + "\n")
	}
	golden(t, "explain.txt", []byte(b.String()))
}

func TestExplain(t *testing.T) {
	r := compute(t, growing, nil)
	list, err := Explain(r, "")
	if err != nil {
		t.Fatal(err)
	}
	paths := strings.Fields(list)
	seen := map[string]bool{}
	for _, p := range paths {
		if seen[p] {
			t.Errorf("%s is listed twice", p)
		}
		seen[p] = true
		text, err := Explain(r, p)
		if err != nil || text == "" {
			t.Fatalf("%s: %v", p, err)
		}
		// Down to leaves: no reference may be left unresolved.
		if strings.Contains(text, "from see ") {
			t.Errorf("%s: a reference leads nowhere:\n%s", p, text)
		}
	}
	for _, p := range []string{
		"offers/dynamodb-on-demand/lines/reads/amount", "offers/aerospike-ce-i3en.3xlarge/nodes/constraints/cpu", "verdict/saving_hard",
		"demand/peak_write_units", "assumptions/demand.peak", "curve/0/dynamodb", "verdict/probability",
	} {
		if !seen[p] {
			t.Errorf("%s is not listed", p)
		}
	}
	if text, err := Explain(r, "offers/aerospike-ce-i3en.3xlarge/nodes/cpu"); err != nil || !strings.Contains(text, "cpu_per_op") {
		t.Errorf("the short form that reports print: %v", err)
	}
	if _, err := Explain(r, "offers/dynamodb-on-demand/montly"); err == nil || !strings.Contains(err.Error(), `"offers/dynamodb-on-demand/monthly"`) {
		t.Errorf("a misspelt path: %v", err)
	}
}

// everyFigure calls f for each figure of a result, with its path.
func everyFigure(r *Result, f func(path string, x figure.Figure)) {
	for _, p := range places(r) {
		f(p.path, p.figure)
	}
	for _, g := range r.Crossover.Points {
		f("crossover/"+g.Name, g.Figure)
	}
}

func TestEveryFigureIsValid(t *testing.T) {
	for name, text := range map[string]string{
		"growing": growing, "small": smallSteady, "large": largeSteady,
		"no EC2 prices": strings.Replace(growing, "cost:", "cost:\n  regions: [eu-west-1]", 1),
	} {
		r := compute(t, text, nil)
		n := 0
		everyFigure(r, func(path string, x figure.Figure) {
			n++
			if err := x.Valid(); err != nil {
				t.Errorf("%s: %s: %v", name, path, err)
			}
			if math.IsNaN(x.Value) || math.IsInf(x.Value, 0) {
				t.Errorf("%s: %s is %v", name, path, x.Value)
			}
		})
		if n < 100 {
			t.Errorf("%s: only %d figures", name, n)
		}
	}
}

// TestSumsClose: what is printed adds up. The monthly figure is the sum of its lines, and, without
// growth, the total is the months' and the one-off lines'.
func TestSumsClose(t *testing.T) {
	r := compute(t, largeSteady, nil)
	for _, o := range r.Offers {
		if o.Status != statusPriced {
			continue
		}
		monthly, once, soft := 0.0, 0.0, 0.0
		for _, l := range o.Lines {
			switch {
			case l.Once:
				once += l.Amount.Value
			default:
				monthly += l.Amount.Value
			}
			if l.Soft && l.Once {
				soft += l.Amount.Value
			} else if l.Soft {
				soft += l.Amount.Value * float64(r.Horizon)
			}
		}
		if math.Abs(monthly-o.Monthly.Value) > 0.005 {
			t.Errorf("%s: lines sum to %v, monthly %v", o.Name, monthly, o.Monthly.Value)
		}
		if got := monthly*float64(r.Horizon) + once; math.Abs(got-o.Total.Value) > 0.01 {
			t.Errorf("%s: months and one-off lines come to %v, total %v", o.Name, got, o.Total.Value)
		}
		if math.Abs(o.Total.Value-soft-o.TotalHard.Value) > 0.01 {
			t.Errorf("%s: %v less people %v is not %v", o.Name, o.Total.Value, soft, o.TotalHard.Value)
		}
	}
}

func TestOffersInOrder(t *testing.T) {
	r := compute(t, growing, nil)
	rank := map[string]int{"priced": 0, "excluded": 1, "not priced": 2}
	for i := 1; i < len(r.Offers); i++ {
		a, b := r.Offers[i-1], r.Offers[i]
		if rank[a.Status] > rank[b.Status] || a.Status == "priced" && b.Status == "priced" && a.Total.Value > b.Total.Value {
			t.Errorf("%s (%s, %v) before %s (%s, %v)", a.Name, a.Status, a.Total.Value, b.Name, b.Status, b.Total.Value)
		}
	}
	zoned := false
	for _, o := range r.Offers {
		zoned = zoned || strings.HasSuffix(o.Name, "-rf3-3az")
		if o.Status != "priced" && o.Reason == "" {
			t.Errorf("%s is %s without a reason", o.Name, o.Status)
		}
	}
	if !zoned {
		t.Error("no offer with three copies over three zones")
	}
}

// TestCrossings prices anew at loads on both sides of each crossing, and at the ends of each
// region: the offers themselves must agree with the curve.
func TestCrossings(t *testing.T) {
	r := compute(t, largeSteady, nil)
	if !r.Crossover.Found || len(r.Crossover.Regions) != len(r.Crossover.Points)+1 {
		t.Fatalf("%+v", r.Crossover)
	}
	at := func(load float64) string {
		return cheaper(offered(t, largeSteady, map[string]string{"demand.mean": formatRate(load), "items": formatItems(load / 400_000 * 200e6)}))
	}
	for i, p := range r.Crossover.Points {
		before, after := r.Crossover.Regions[i], r.Crossover.Regions[i+1]
		if before.To != p.Figure.Value || after.From != p.Figure.Value || before.System == after.System {
			t.Errorf("crossing %v between %+v and %+v", p.Figure, before, after)
		}
		if got := at(p.Figure.Value * 0.999); got != before.System {
			t.Errorf("just below %v %s is cheaper, the curve says %s", p.Figure, got, before.System)
		}
		if got := at(p.Figure.Value * 1.001); got != after.System {
			t.Errorf("just above %v %s is cheaper, the curve says %s", p.Figure, got, after.System)
		}
	}
	if last := r.Crossover.Regions[len(r.Crossover.Regions)-1]; last.To != 0 {
		t.Errorf("the last region ends at %v", last.To)
	}
}

// TestCurveAtTheDemand: at the demand itself the curve is the offers' totals by month.
func TestCurveAtTheDemand(t *testing.T) {
	r := compute(t, growing, nil)
	mean := r.Demand[0].Figure.Value
	found := false
	for _, p := range r.Curve {
		if math.Abs(p.Load.Value-mean) > 1e-6*mean {
			continue
		}
		found = true
		for _, system := range []string{"dynamodb", "aerospike"} {
			o := best(r, system)
			if want := o.Total.Value / float64(r.Horizon); math.Abs(p.Monthly[system].Value-want) > 0.01 || p.Offer[system] != o.Name {
				t.Errorf("%s: %v with %s, want %v with %s", system, p.Monthly[system], p.Offer[system], want, o.Name)
			}
		}
	}
	if !found {
		t.Errorf("the curve has no point at the demand of %v", mean)
	}
	if low, high := r.Curve[0].Load.Value, r.Curve[len(r.Curve)-1].Load.Value; high/low < 1e4 {
		t.Errorf("the curve runs from %v to %v: less than four decades", low, high)
	}
}

// TestMoreLoadNeverCostsLess: the cheapest offer of a system never gets cheaper with load. A
// system may drop out, where Community Edition's limits are passed.
func TestMoreLoadNeverCostsLess(t *testing.T) {
	m, _, err := prepare(Input{Scenario: parse(t, growing)})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		scale := math.Pow(10, rapid.Float64Range(-4, 1).Draw(t, "log scale"))
		more := scale * rapid.Float64Range(1, 3).Draw(t, "more")
		low, high := m.at(scale), m.at(more)
		for system, x := range high {
			if y, ok := low[system]; !ok || y.total > x.total+100 {
				t.Fatalf("%s: %v at %v times the demand, %v at %v", system, x.total, more, y.total, scale)
			}
		}
	})
}

func TestWhatIf(t *testing.T) {
	r := offered(t, growing, map[string]string{"aerospike.cpu_per_op": "58us", "gb": "GB", "demand.shape": "flat", "horizon": "12 months"})
	for _, a := range r.Assumptions {
		want, ok := map[string]float64{"aerospike.cpu_per_op": 58, "gb": 1e9, "demand.shape": 1, "horizon": 12}[a.Name]
		if ok && (a.Figure.Value != want || a.Figure.Source != "--what-if "+a.Name) {
			t.Errorf("%s: %+v", a.Name, a.Figure)
		}
	}
	if r.Horizon != 12 {
		t.Errorf("horizon %d", r.Horizon)
	}
	// Every assumption can be replaced by the value that it has.
	for _, a := range compute(t, growing, nil).Assumptions {
		if _, ok := spelled[a.Name]; !ok {
			t.Errorf("%s: this test does not know how it is spelled", a.Name)
		}
	}
	if _, err := configure(parse(t, growing), spelled); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct{ value, want string }{
		"aerospike.cpu_per_opp": {"40us", `did you mean "aerospike.cpu_per_op"?`},
		"aerospike.cpu_per_op":  {"40", "--what-if aerospike.cpu_per_op=40: expected a duration such as"},
		"demand.mean":           {"1/s", `no assumption has this name; did you mean "demand.peak"?`},
		"aerospike.max_cpu":     {"150%", "1% to 100%"},
	} {
		_, err := Compute(context.Background(), Input{Draws: testDraws, Scenario: parse(t, growing), WhatIf: map[string]string{name: c.value}})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s=%s: %v, want %q", name, c.value, err, c.want)
		}
	}
}

// spelled has a value of every assumption in the cost section's spelling.
var spelled = map[string]string{
	"demand.peak": "10/s", "demand.shape": "flat", "demand.growth": "10%/year", "items": "1000", "horizon": "3 years", "gb": "GiB",
	"dynamodb.utilisation": "70%", "dynamodb.discount": "5%", "dynamodb.max_throttled": "1%", "discount_rate": "5%/year",
	"aerospike.replication": "3", "aerospike.cpu_per_op": "30us", "aerospike.cpu_per_replica_write": "30us", "aerospike.cpu_per_record": "1us",
	"aerospike.max_cpu": "60%", "aerospike.max_device_use": "50%", "aerospike.max_device_rate": "50%", "aerospike.device_rate": "90%",
	"aerospike.defrag_lwm": "40%", "aerospike.max_ram": "50%", "aerospike.max_network": "50%", "aerospike.cache_hit": "10%",
	"aerospike.min_nodes": "4", "aerospike.spare_nodes": "2", "aerospike.wire_overhead": "100B", "aerospike.cross_az": "50%",
	"aerospike.backups_kept": "3", "aerospike.double_running_months": "3", "aerospike.licence_usd_per_unique_tb_year": "4000", "aerospike.discount": "10%",
	"people.usd_per_hour": "90", "people.dynamodb_hours_per_month": "2", "people.aerospike_hours_per_month": "20", "people.migration_hours": "100",
}

func TestRefuses(t *testing.T) {
	sc := parse(t, growing)
	sc.Cost = nil
	if _, err := Compute(context.Background(), Input{Scenario: sc}); !errors.Is(err, ErrNoCost) {
		t.Errorf("without a cost section: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Compute(ctx, Input{Scenario: parse(t, growing)}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := Compute(context.Background(), Input{Scenario: parse(t, strings.Replace(growing, "i3en.3xlarge", "i3en.3xlrage", 1))}); err == nil || !strings.Contains(err.Error(), `"i3en.3xlarge"`) {
		t.Errorf("a misspelt instance: %v", err)
	}
	if _, err := Compute(context.Background(), Input{Draws: testDraws, Scenario: parse(t, growing), WhatIf: map[string]string{"demand.growth": "10000%/year", "horizon": "120 months"}}); err == nil || !strings.Contains(err.Error(), "the demand grows to") {
		t.Errorf("growth without bounds: %v", err)
	}
}

func TestDeterministic(t *testing.T) {
	a, b := encode(t, compute(t, largeSteady, nil)), encode(t, computeWith(t, largeSteady, nil, nil))
	if !bytes.Equal(a, b) {
		t.Error("the same scenario gave two results")
	}
}
