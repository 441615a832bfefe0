package costmodel

import (
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"crossover/costmodel/autoscale"
	"crossover/costmodel/footprint"
	"crossover/costmodel/nvme"
	"crossover/results/figure"
	"crossover/workload"
)

func TestTimesRoundsOnce(t *testing.T) {
	for _, c := range []struct {
		price    string
		quantity float64
		want     Cents
	}{
		{"0.000000125", 210_240_000_000, 2_628_000}, // 80,000 reads/s for 730 h: $26,280.00
		{"0.000000625", 52_560_000_000, 3_285_000},  // 20,000 writes/s for 730 h: $32,850.00
		{"0.005", 1, 1},                  // half a cent goes up
		{"0.015", 1, 2},                  // 1.5 cents, which no float holds exactly
		{"1.005", 1, 101},                // 100.4999… in floating point, 100.5 in decimal
		{"-0.005", 1, -1},                // away from zero on both sides
		{"0.0049999999", 1, 0},           //
		{"0.343", 2190, 75_117},          // $751.17
		{"0.000000000000000001", 1e9, 0}, //
		{"1000000000", 1_000_000, 100_000_000_000_000_000}, // a quadrillion dollars: exact, not floating
	} {
		r := NewRate(decimal.RequireFromString(c.price))
		if got := r.Times(c.quantity); got != c.want {
			t.Errorf("%s × %v = %d cents, want %d", c.price, c.quantity, got, c.want)
		}
	}
}

// TestTimesIsExact compares with decimal arithmetic throughout, at quantities chosen to fall on
// and beside half cents.
func TestTimesIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		price := decimal.New(rapid.Int64Range(1, 1_000_000_000).Draw(t, "coefficient"), int32(-rapid.IntRange(0, 12).Draw(t, "places")))
		quantity := rapid.Float64Range(0, 1e9).Draw(t, "quantity")
		if rapid.Bool().Draw(t, "half") {
			half := decimal.New(2*rapid.Int64Range(0, 1_000_000_000).Draw(t, "halves")+1, 0).Div(decimal.NewFromInt(200))
			quantity = half.Div(price).InexactFloat64()
		}
		quantity = min(quantity, 1e15/price.InexactFloat64()) // there is no more money than that
		want := price.Mul(decimal.NewFromFloat(quantity)).Mul(decimal.NewFromInt(100)).Round(0).IntPart()
		if got := NewRate(price).Times(quantity); int64(got) != want {
			t.Fatalf("%s × %v = %d cents, exactly %d", price, quantity, got, want)
		}
	})
}

func TestLedger(t *testing.T) {
	leaf := func() figure.Figure { return figure.New(1, "x", figure.Assumed, "test") }
	l := Ledger{Months: 3}
	l.Add(Entry{Name: "a", Rate: NewRate(decimal.RequireFromString("0.5")), Quantity: []float64{1, 1, 3}, Price: leaf, First: leaf})
	l.Add(Entry{Name: "b", Rate: NewRate(decimal.NewFromInt(10)), Quantity: []float64{0, 1, 0}, Price: leaf, First: leaf, Once: true})
	l.Add(Entry{Name: "p", Rate: NewRate(decimal.NewFromInt(100)), Quantity: []float64{1, 1, 1}, Price: leaf, First: leaf, Soft: true})
	var b Bill
	l.Fill(&b)
	for m, want := range []float64{100.5, 110.5, 101.5} {
		if b.ByMonth[m] != want || b.HardByMonth[m] != want-100 {
			t.Errorf("month %d: %v, hard %v, want %v", m, b.ByMonth[m], b.HardByMonth[m], want)
		}
	}
	// A one-off line is shown in the month in which it falls.
	if got := b.Lines[1].Amount; got.Value != 10 || got.Unit != "USD" || !b.Lines[1].Once {
		t.Errorf("one-off line: %+v", got)
	}
	if got := l.SumOf("a", "b"); got[0] != 50 || got[1] != 1050 || got[2] != 150 {
		t.Errorf("SumOf: %v", got)
	}
	l.Add(Discount("d", "discount", 0.1, l.SumOf("a", "b"), leaf(), false))
	if all, _ := l.Sums(); all[1] != 11050-105 {
		t.Errorf("with the discount: %v", all)
	}
}

func TestSee(t *testing.T) {
	f := figure.Derive(3, "x", "a + b", figure.In("a", figure.New(1, "x", figure.Price, "p")), figure.In("b", figure.New(2, "x", figure.Assumed, "q")))
	s := See(f, "demand/items")
	if path, ok := Seen(s); !ok || path != "demand/items" || s.Weakest() != figure.Assumed || s.Valid() != nil {
		t.Errorf("%+v", s)
	}
	if _, ok := Seen(f); ok {
		t.Error("a figure with its own working passes for a reference")
	}
}

func TestDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ratio := rapid.Float64Range(1, 12).Draw(t, "peak to mean")
		sum, peak := 0.0, 0.0
		for _, v := range (ShapeSpec{ratio}).Day() {
			sum += v
			peak = math.Max(peak, v)
		}
		if math.Abs(sum-Hours) > 1e-9 || math.Abs(peak-ratio) > 1e-6 {
			t.Fatalf("peak to mean %v: multipliers sum to %v, the largest is %v", ratio, sum, peak)
		}
	})
}

func TestFactor(t *testing.T) {
	table := Table{Growth: figure.New(0.4, "share", figure.Assumed, "test")}
	// Compounded monthly: 40 % after twelve months, 1.4^(1/2) after six.
	for month, want := range map[int]float64{0: 1, 6: math.Sqrt(1.4), 12: 1.4, 24: 1.96} {
		if got := table.Factor(month); math.Abs(got-want) > 1e-12 {
			t.Errorf("month %d: %v, want %v", month, got, want)
		}
	}
}

const scenario = `
version: 1
name: t
dataset: {items: 1000, size: {fixed: 1KiB}}
workload:
  operations: {read: 100%}
  arrival: {open: {}}
  phases: [{name: p, for: 1s, rate: 1/s}]
cost:
`

func parse(t *testing.T, cost string) (*Config, error) {
	t.Helper()
	sc, err := workload.Parse("t.yaml", []byte(scenario+cost))
	if err != nil {
		t.Fatal(err)
	}
	return ParseConfig(sc)
}

func TestParseConfig(t *testing.T) {
	c, err := parse(t, "  demand: {peak: 100/s, shape: \"diurnal(peak_to_mean: 2)\", growth: -10%/year}\n  aerospike: {cpu_per_op: 40us}\n")
	if err != nil {
		t.Fatal(err)
	}
	if c.Horizon != 36 || c.Items != 1000 || c.Regions[0] != "us-east-1" || c.GBBytes() != 1<<30 || c.Demand.Growth != -0.1 || c.Demand.Shape.PeakToMean != 2 {
		t.Errorf("%+v", c)
	}
	if f := c.Assume("aerospike.cpu_per_op", 40, "us"); f.Source != "scenario, cost.aerospike.cpu_per_op" {
		t.Errorf("a given value: %+v", f)
	}
	if f := c.Assume("aerospike.max_cpu", 0.5, "share"); f.Source != "default of cost.aerospike.max_cpu" {
		t.Errorf("a default: %+v", f)
	}
	c.MarkWhatIf("aerospike.max_cpu")
	if f := c.Assume("aerospike.max_cpu", 0.6, "share"); f.Source != "--what-if aerospike.max_cpu" || !c.Given("aerospike.max_cpu") {
		t.Errorf("a what-if: %+v", f)
	}
}

func TestParseConfigRefuses(t *testing.T) {
	for cost, want := range map[string]string{
		"  demand: {mean: 1/s, peak: 2/s}\n": "exactly one of them",
		"  demand: {}\n":                     "exactly one of them",
		"  {}\n":                             `no "demand"`,
		"  demand: {mean: 1/s}\n  horizon: 0 months\n":                       "a horizon of 1 to 120 months",
		"  demand: {mean: 1/s}\n  horizon: 11 years\n":                       "a horizon of 1 to 120 months",
		"  demand: {mean: 1/s, shape: weekly}\n":                             "flat, or diurnal",
		"  demand: {mean: 1/s, growth: 40%}\n":                               "growth such as 40%/year",
		"  demand: {mean: 1/s, growth: -100%/year}\n":                        "growth such as 40%/year",
		"  demand: {mean: 1/s}\n  regions: [us-east-1, eu-west-1]\n":         "found 2 regions, expected one",
		"  demand: {mean: 1/s}\n  gb: GiBB\n":                                "expected one of GiB, GB",
		"  demand: {mean: 1/s}\n  aerospike: {cpu_per_op: 29}\n":             "a duration such as",
		"  demand: {mean: 1/s}\n  dynamodb: {utilisation: 95%}\n":            "20% to 90%",
		"  demand: {mean: 1/s}\n  aerospike: {cpu_per_ops: 29us}\n":          `did you mean "cpu_per_op"`,
		"  demand: {mean: 1/s}\n  people: {usd_per_hour: 1, migration: 3}\n": "cost.people.migration",
	} {
		if _, err := parse(t, cost); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "t.yaml:") {
			t.Errorf("%q: got %v, want %q with its place", cost, err, want)
		}
	}
}

func TestSources(t *testing.T) {
	sc, err := workload.Parse("t.yaml", []byte(scenario+"  demand: {mean: 10/s}\nsources:\n  cost.demand.mean: {basis: measured, source: CloudWatch}\n"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := ParseConfig(sc)
	if err != nil {
		t.Fatal(err)
	}
	if f := c.Assume("demand.mean", 10, "operations/s"); f.Basis != figure.Measured || !strings.HasPrefix(f.Source, "CloudWatch") {
		t.Errorf("%+v", f)
	}
}

// A vector is a published worked example.
type vector struct {
	ID        string             `yaml:"id"`
	Kind      string             `yaml:"kind"`
	Inputs    yaml.Node          `yaml:"inputs"`
	Expect    map[string]float64 `yaml:"expect"`
	Tolerance map[string]float64 `yaml:"tolerance"`
	Source    string             `yaml:"source"`
	Note      string             `yaml:"note"`
}

// logVector prints a row of the table that make vectors shows.
func logVector(t *testing.T, id, key string, want, got float64, source string) {
	t.Helper()
	t.Logf("| %-4s | %-42s | %16.10g | %16.10g | %+10.3g | %s", id, key, want, got, got-want, source)
}

// TestVectors asserts Aerospike's vectors, and that every other one belongs to a test elsewhere:
// units_* and item_size to costmodel/units, bill_* to costmodel/dynamodb.
func TestVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) != 24 {
		t.Fatalf("%d vectors, want 24: none may be dropped", len(file.Vectors))
	}
	for _, v := range file.Vectors {
		if v.Source == "" || len(v.Expect) != len(v.Tolerance) {
			t.Errorf("%s: without a source, or without a tolerance for each figure", v.ID)
		}
		in := map[string]any{}
		if err := v.Inputs.Decode(&in); err != nil {
			t.Fatal(err)
		}
		number := func(key string) float64 {
			switch x := in[key].(type) {
			case int:
				return float64(x)
			case float64:
				return x
			}
			t.Fatalf("%s: no number %q", v.ID, key)
			return 0
		}
		got := map[string]float64{}
		switch {
		case strings.HasPrefix(v.Kind, "units_"), v.Kind == "item_size", strings.HasPrefix(v.Kind, "bill_"):
			continue
		case v.Kind == "autoscale_thresholds":
			got["scale_out_above"], got["scale_in_below"] = thresholds(t, number("provisioned_rcu"), number("target"))
		case v.Kind == "aero_pi":
			got["bytes_cluster"] = float64(footprint.ClusterIndexBytes(uint64(number("records")), int(number("rf"))))
		case v.Kind == "aero_pi_and_data":
			// The page gives a record's bytes as stored; both copies.
			got["data_gb"] = number("records") * number("rf") * number("record_b") / 1e9
			got["pi_gb"] = float64(footprint.ClusterIndexBytes(uint64(number("records")), int(number("rf")))) / 1e9
		case v.Kind == "act_large_blocks":
			got["blocks_s_before_defrag"] = number("record_b") * number("writes_s") / (number("block_kb") * 1024)
			if nvme.WriteAmplification(nvme.DefragLWM) != 2 {
				t.Errorf("%s: defragmentation at 50 %% multiplies writes by %v, want 2", v.ID, nvme.WriteAmplification(nvme.DefragLWM))
			}
		case v.Kind == "aero_device_record":
			got["bytes"] = float64(footprint.Record{Set: "users", Bins: []footprint.Bin{
				{Name: "id", Type: footprint.Integer}, {Name: "email", Type: footprint.String, Bytes: 20}, {Name: "p", Type: footprint.Blob, Bytes: 1000},
			}}.DeviceBytes())
		default:
			t.Errorf("%s: no test asserts a %s", v.ID, v.Kind)
		}
		for key, want := range v.Expect {
			logVector(t, v.ID, key, want, got[key], v.Source)
			if x, ok := got[key]; !ok || math.Abs(x-want) > v.Tolerance[key] {
				t.Errorf("%s %s: %v, want %v within %v (%s)", v.ID, key, x, want, v.Tolerance[key], v.Source)
			}
		}
	}
}

// thresholds finds by trial the rates above and below which target tracking changes a capacity, to
// a hundredth of a unit.
func thresholds(t *testing.T, provisioned, target float64) (out, in float64) {
	t.Helper()
	changes := func(rate float64, up bool) bool {
		s, err := autoscale.New(autoscale.Policy{Min: 1, Max: 1e9, Target: target})
		if err != nil {
			t.Fatal(err)
		}
		for m := range 20 {
			c, ok := s.Minute(time.Unix(int64(60*(m+1)), 0), 60*rate, provisioned, nil)
			if ok {
				return c.To > c.From == up
			}
		}
		return false
	}
	for hundredths := int(100 * provisioned); hundredths > 0; hundredths-- {
		rate := float64(hundredths) / 100
		if out == 0 && !changes(rate, true) {
			out = rate
		}
		if changes(rate, false) {
			return out, rate + 0.01
		}
	}
	return out, in
}
