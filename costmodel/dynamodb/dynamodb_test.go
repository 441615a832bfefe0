package dynamodb

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"crossover/costmodel"
	"crossover/costmodel/demand"
	"crossover/costmodel/price"
	"crossover/results/figure"
)

func leaf(v float64, unit string) figure.Figure {
	return figure.New(v, unit, figure.Assumed, "test")
}

// portfolio is one table with so many mean operations/s, a read and a write unit each, and a
// day of the given peak.
func diurnal(peakToMean float64) *demand.Profile {
	day := demand.Diurnal(peakToMean)
	p, err := demand.FromHours(day[:])
	if err != nil {
		panic(err)
	}
	return p
}

func portfolio(mean, peakToMean float64, months int) *costmodel.Portfolio {
	c := &costmodel.Config{GB: "GiB"}
	c.DynamoDB.Utilisation, c.DynamoDB.MaxThrottled = 0.7, 0.001
	return &costmodel.Portfolio{Region: "us-east-1", Months: months, Config: c, Tables: []costmodel.Table{{
		Name: "t", MeanOps: leaf(mean, "operations/s"), Load: diurnal(peakToMean), Growth: leaf(0, "share"),
		Items: leaf(1<<20, "items"), ItemBytes: leaf(924, "bytes"), ReadUnits: leaf(1, "units"), WriteUnits: leaf(1, "units"),
	}}}
}

func offer(t testing.TB, book *price.Book, name string) *Offer {
	t.Helper()
	for _, o := range Offers(book) {
		if o.Name() == name {
			return o
		}
	}
	t.Fatalf("no offer is called %s", name)
	return nil
}

func lineOf(t testing.TB, b costmodel.Bill, name string) costmodel.Line {
	t.Helper()
	for _, l := range b.Lines {
		if l.Name == name {
			return l
		}
	}
	t.Fatalf("%s has no line %s", b.Name, name)
	return costmodel.Line{}
}

func TestCapacity(t *testing.T) {
	for _, c := range []struct{ demand, utilisation, want float64 }{
		{0, 0.7, 1}, // at least one unit
		{0.1, 0.7, 1},
		{7, 0.7, 10}, // 10 exactly, though 7/0.7 is 10.000000000000002 in floating point
		{7.01, 0.7, 11},
		{70, 0.7, 100},
		{1e9 * 0.7, 0.7, 1e9},
	} {
		if got := capacity(c.demand, c.utilisation); got != c.want {
			t.Errorf("%v at %v: %v units, want %v", c.demand, c.utilisation, got, c.want)
		}
	}
}

// TestBestReserve compares with trying every number of blocks.
func TestBestReserve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var term []held
		for range rapid.IntRange(1, 12).Draw(t, "spans") {
			term = append(term, held{float64(rapid.IntRange(1, 3000).Draw(t, "units")), float64(rapid.IntRange(1, 400).Draw(t, "hours"))})
		}
		hourly := 0.00065
		reserved := rapid.Float64Range(0.01, 2).Draw(t, "cost of a reserved unit")
		cost := func(r float64) float64 { return r*reserved + unitHours(term, r)*hourly }
		got := bestReserve(term, reserved, hourly)
		if math.Mod(got, block) != 0 {
			t.Fatalf("%v units are not whole blocks", got)
		}
		for r := 0.0; r <= 3100; r += block {
			if cost(r) < cost(got)-1e-9 {
				t.Fatalf("%v units reserved cost %v, %v would cost %v", got, cost(got), r, cost(r))
			}
		}
	})
}

// TestPlanLevel compares with trying every level that usage takes.
func TestPlanLevel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var usage []held
		for range rapid.IntRange(1, 12).Draw(t, "spans") {
			usage = append(usage, held{float64(rapid.IntRange(0, 3000).Draw(t, "usd")), float64(rapid.IntRange(1, 400).Draw(t, "hours"))})
		}
		discount := rapid.Float64Range(0.05, 0.5).Draw(t, "discount")
		cost := func(level float64) float64 {
			sum := 0.0
			for _, h := range usage {
				sum += h.hours * (level*(1-discount) + max(0, h.units-level))
			}
			return sum
		}
		got := planLevel(usage, discount)
		for _, h := range usage {
			if cost(h.units) < cost(got)*(1-1e-6)-1e-6 {
				t.Fatalf("a commitment of %v costs %v, one of %v would cost %v", got, cost(got), h.units, cost(h.units))
			}
		}
	})
}

// TestLines works each line of a small bill out by hand: 100 operations/s, flat, a read and a
// write unit each, 2^20 items of 924 bytes, that is 1 GiB with the overhead of 100.
func TestLines(t *testing.T) {
	book := price.Default()
	p := portfolio(100, 1, 36)
	p.Config.DynamoDB.PITR = true
	for _, c := range []struct {
		offer, line string
		quantity    float64
		amount      float64
	}{
		// 100 × 3600 × 730 = 262,800,000 units: × $0.000000125 = $32.85; × $0.000000625 = $164.25.
		{"dynamodb-on-demand", "reads", 262_800_000, 32.85},
		{"dynamodb-on-demand", "writes", 262_800_000, 164.25},
		{"dynamodb-on-demand", "storage", 1, 0.25},
		{"dynamodb-on-demand", "pitr", 1, 0.20},
		// 100 / 0.7 = 142.86, 143 units: × 730 h = 104,390; × $0.00013 = $13.57; × $0.00065 = $67.85.
		{"dynamodb-provisioned", "reads", 104_390, 13.57},
		{"dynamodb-provisioned", "writes", 104_390, 67.85},
		// A reserved RCU costs 36/100 + 0.0016/100 × 26,280 h = $0.78 for 3 years, a provisioned one
		// $3.42: one block of 100, 43 units provisioned. (A second block would save 43 × 3.42 = $147
		// for $78: it pays too, so that two are bought and nothing is provisioned.)
		{"dynamodb-reserved-3y", "upfront-rcu-1", 2, 72},
		{"dynamodb-reserved-3y", "reserved-rcu", 2 * 730, 2.34},
		{"dynamodb-reserved-3y", "reads", 0, 0},
		{"dynamodb-reserved-3y", "upfront-wcu-1", 2, 360},
		// For one year: an RCU costs 30/100 + 0.0025/100 × 8,760 = $0.519, provisioned $1.1388. The
		// second block would save 43 × 1.1388 = $48.97 for $51.90: it does not pay.
		{"dynamodb-reserved-1y", "upfront-rcu-1", 1, 30},
		{"dynamodb-reserved-1y", "upfront-rcu-3", 1, 30},
		{"dynamodb-reserved-1y", "reads", 43 * 730, 4.08},
		// $32.85 + $164.25 are $197.10 a month at list price; a plan takes 18 % off all of it.
		{"dynamodb-on-demand-savings-plan", "savings-plan", 197.10, -35.48},
		{"dynamodb-on-demand-savings-plan", "savings-plan-idle", 0, 0},
		// Infrequent access: 262,800,000 × $0.00000078 = $204.98; storage 1 GB at $0.10.
		{"dynamodb-on-demand-ia", "writes", 262_800_000, 204.98},
		{"dynamodb-on-demand-ia", "storage", 1, 0.10},
	} {
		l := lineOf(t, offer(t, book, c.offer).Price(p), c.line)
		if math.Abs(l.Quantity.Value-c.quantity) > 1e-6*max(1, c.quantity) || l.Amount.Value != c.amount {
			t.Errorf("%s %s: %v for $%v, want %v for $%v", c.offer, c.line, l.Quantity.Value, l.Amount.Value, c.quantity, c.amount)
		}
	}
}

func TestFreeTierAndDiscount(t *testing.T) {
	p := portfolio(10, 1, 12)
	p.Config.DynamoDB.FreeTier = true
	p.Config.DynamoDB.Discount = 0.1
	p.Tables[0].Items = leaf(30<<20, "items")
	b := offer(t, price.Default(), "dynamodb-provisioned").Price(p)
	// 10 / 0.7 gives 15 units; 15 × 730 h = 10,950 unit-hours are below the 18,600 free ones.
	if got := lineOf(t, b, "reads").Amount.Value; got != 0 {
		t.Errorf("reads within the free tier cost $%v", got)
	}
	// 30 GB less 25: $1.25; a tenth off is $0.125, rounded away from zero.
	if got := lineOf(t, b, "storage").Amount.Value; got != 1.25 {
		t.Errorf("storage: $%v", got)
	}
	if got := lineOf(t, b, "discount").Amount.Value; got != -0.13 {
		t.Errorf("discount: $%v", got)
	}
	// The free tier is for provisioned capacity and the standard class alone.
	b = offer(t, price.Default(), "dynamodb-provisioned-ia").Price(p)
	if got := lineOf(t, b, "storage").Quantity.Value; got != 30 {
		t.Errorf("infrequent access: %v GB billed", got)
	}
	// What is paid upfront is discounted apart, so that the month's sum stays a month's.
	p = portfolio(1000, 1, 12)
	p.Config.DynamoDB.Discount = 0.1
	b = offer(t, price.Default(), "dynamodb-reserved-1y").Price(p)
	up := lineOf(t, b, "discount-upfront")
	if want := -0.1 * (lineOf(t, b, "upfront-rcu-1").Amount.Value + lineOf(t, b, "upfront-wcu-1").Amount.Value); !up.Once || math.Abs(up.Amount.Value-want) > 0.005 {
		t.Errorf("discount on upfront payments: %+v, want $%v once", up.Amount, want)
	}
}

func TestCannotBePriced(t *testing.T) {
	book := price.Default()
	p := portfolio(100, 1, 12)
	if b := offer(t, book, "dynamodb-reserved-3y").Price(p); b.Status != "excluded" || !strings.Contains(b.Reason, "longer than the horizon") {
		t.Errorf("three years within twelve months: %s %s", b.Status, b.Reason)
	}
	p.Region = "ap-northeast-2" // has on-demand and provisioned prices, and no storage
	b := offer(t, book, "dynamodb-on-demand").Price(p)
	if b.Status != "not priced" || !strings.Contains(b.Reason, "no storage.std for ap-northeast-2") || len(b.Lines) > 0 || len(b.ByMonth) > 0 {
		t.Errorf("without a price: %+v", b)
	}
	if _, _, ok := offer(t, book, "dynamodb-on-demand").Sums(p); ok {
		t.Error("Sums priced what Price did not")
	}
	p.Region = "eu-west-1"
	if b := offer(t, book, "dynamodb-on-demand").Price(p); b.Status != "priced" || strings.Join(b.LowConfidence, " ") != "storage.std ondemand.std.rru ondemand.std.wru" {
		t.Errorf("eu-west-1: %s, doubtful %v", b.Status, b.LowConfidence)
	}
}

func TestQuotaWarning(t *testing.T) {
	p := portfolio(40_001, 1, 12)
	found := 0
	for _, w := range offer(t, price.Default(), "dynamodb-on-demand").Price(p).Warnings {
		if strings.Contains(w, "default table quota of 40000") {
			found++
		}
	}
	if found != 2 {
		t.Errorf("%d warnings of the table quota, want one for reads and one for writes", found)
	}
	if w := offer(t, price.Default(), "dynamodb-on-demand").Price(portfolio(39_999, 1, 12)).Warnings; len(w) > 0 {
		t.Errorf("below the quota: %v", w)
	}
}

// TestProperties: no offer costs less under more load; reserved capacity never costs more than
// doing without, nor a savings plan; every figure is valid; Sums and Price agree.
func TestProperties(t *testing.T) {
	book := price.Default()
	rapid.Check(t, func(t *rapid.T) {
		mean := math.Pow(10, rapid.Float64Range(-2, 6).Draw(t, "log load"))
		peak := rapid.Float64Range(1, 8).Draw(t, "peak to mean")
		growth := rapid.Float64Range(-0.5, 1).Draw(t, "growth")
		months := rapid.SampledFrom([]int{12, 30, 36}).Draw(t, "months")
		totals := map[string]float64{}
		cent := 0.05 * float64(months)
		for _, scale := range []float64{1, 1.5} {
			p := portfolio(mean*scale, peak, months)
			p.Tables[0].Growth = leaf(growth, "share")
			for _, o := range Offers(book) {
				all, _, ok := o.Sums(p)
				b := o.Price(p)
				if ok != (b.Status == "priced") {
					t.Fatalf("%s: Sums says %v, Price %s", o.Name(), ok, b.Status)
				}
				if !ok {
					continue
				}
				total := sum(b.ByMonth)
				for m := range all {
					if all[m].USD() != b.ByMonth[m] {
						t.Fatalf("%s month %d: Sums %v, Price %v", o.Name(), m, all[m].USD(), b.ByMonth[m])
					}
				}
				// Each of a month's lines is rounded to the cent by itself, so a few cents are noise.
				if scale > 1 && total < totals[o.Name()]-cent {
					t.Fatalf("%s costs %v at half as much load again, %v without", o.Name(), total, totals[o.Name()])
				}
				totals[o.Name()] = total
				for _, l := range b.Lines {
					for _, f := range []figure.Figure{l.Quantity, l.Price, l.Amount} {
						if err := f.Valid(); err != nil {
							t.Fatalf("%s %s: %v", o.Name(), l.Name, err)
						}
					}
				}
			}
			for name, without := range map[string]string{
				"dynamodb-reserved-1y": "dynamodb-provisioned", "dynamodb-reserved-3y": "dynamodb-provisioned",
				"dynamodb-on-demand-savings-plan": "dynamodb-on-demand", "dynamodb-provisioned-savings-plan": "dynamodb-provisioned",
			} {
				if x, ok := totals[name]; ok && x > totals[without]+cent {
					t.Fatalf("%s costs %v, %s %v", name, x, without, totals[without])
				}
			}
		}
	})
}
