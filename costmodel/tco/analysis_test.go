package tco

import (
	"context"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	"crossover/costmodel"
	"crossover/workload"
)

// TestDrawsDoNotDependOnCores: the draws are the same on one core and on many.
func TestDrawsDoNotDependOnCores(t *testing.T) {
	m := modelOf(t, growing)
	m.draws = 200
	doubts := m.doubts(&Result{}, m.portfolio(m.cfg, 1))
	many, err := m.sample(context.Background(), doubts)
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one, err := m.sample(context.Background(), doubts)
	if err != nil {
		t.Fatal(err)
	}
	for i := range one.aero {
		if one.aero[i] != many.aero[i] || one.dynamodb[i] != many.dynamodb[i] {
			t.Fatalf("draw %d: %v and %v on one core, %v and %v on several", i, one.dynamodb[i], one.aero[i], many.dynamodb[i], many.aero[i])
		}
	}
}

// TestDrawsKeepWhatWins: leaving out offers that are far from being the cheapest changes no draw.
func TestDrawsKeepWhatWins(t *testing.T) {
	m := modelOf(t, busy)
	m.draws = 40
	some, err := m.sample(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	whole := &sample{factors: some.factors, dynamodb: make([]float64, m.draws), aero: make([]float64, m.draws), values: some.values}
	for i := range m.draws {
		m.draw(whole, i, nil)
		if whole.dynamodb[i] != some.dynamodb[i] || whole.aero[i] != some.aero[i] {
			t.Errorf("draw %d: %v and %v among all offers, %v and %v among the near ones", i, whole.dynamodb[i], whole.aero[i], some.dynamodb[i], some.aero[i])
		}
	}
}

// TestTornadoEnds: each bar's ends are what --what-if gives there.
func TestTornadoEnds(t *testing.T) {
	r := compute(t, growing, nil)
	if len(r.Uncertainty.Tornado) < 15 {
		t.Fatalf("%d bars", len(r.Uncertainty.Tornado))
	}
	checked := 0
	for _, b := range r.Uncertainty.Tornado {
		spell := map[string]string{"aerospike.max_cpu": "%", "aerospike.cross_az": "%", "people.usd_per_hour": "", "dynamodb.utilisation": "%"}
		suffix, ok := spell[b.Name]
		if !ok || b.AtHigh == nil {
			continue
		}
		v := b.High.Value
		if suffix == "%" {
			v *= 100
		}
		with := compute(t, growing, map[string]string{b.Name: plainDigits(v) + suffix})
		if got := with.Verdict.Saving.Value; math.Abs(got-b.AtHigh.Value) > 1e-6*math.Abs(got)+0.02 {
			t.Errorf("%s at %v: a saving of %v in the tornado, %v by --what-if", b.Name, b.High, b.AtHigh.Value, got)
		}
		checked++
	}
	if checked < 3 {
		t.Errorf("only %d bars were checked", checked)
	}
	for i := 1; i < len(r.Uncertainty.Tornado); i++ {
		if r.Uncertainty.Tornado[i].width(r.Verdict.Saving.Value) > r.Uncertainty.Tornado[i-1].width(r.Verdict.Saving.Value) {
			t.Errorf("%s stands below a narrower bar", r.Uncertainty.Tornado[i].Name)
		}
	}
}

// TestInformation works the value of knowing an assumption out by hand. Half of the draws save 3
// and half lose 1: the one decision that is best for all is to migrate, for 1 on average.
// Whoever knows the factor that decides saves 3 half of the time and nothing otherwise: 1.5, so
// that knowing it is worth 0.5. The other factor decides nothing, and knowing it is worth nothing.
func TestInformation(t *testing.T) {
	const n = 2000
	s := &sample{factors: []factor{{name: "idle"}, {name: "decides"}}, values: [][]float64{make([]float64, n), make([]float64, n)}}
	for i := range n {
		saving := 3.0
		if i%2 == 1 {
			saving = -1
		}
		s.values[0][i], s.values[1][i] = float64((i*7919)%n), saving
		s.dynamodb, s.aero = append(s.dynamodb, 10), append(s.aero, 10-saving)
	}
	got := s.information()
	if len(got) != 1 || got[0].Name != "decides" || math.Abs(got[0].Figure.Value-0.5) > 1e-9 {
		t.Errorf("%+v, want 0.5 for the factor that decides, and nothing else", got)
	}
}

// TestCashFlow: the months add up to the offers' totals, and the payback is where the sums say.
func TestCashFlow(t *testing.T) {
	for name, text := range map[string]string{"growing": growing, "large": largeSteady, "small": smallSteady} {
		r := compute(t, text, nil)
		c := r.CashFlow
		sums := map[string]float64{}
		cumulative, paid := 0.0, 0
		for month := range r.Horizon {
			for system, list := range c.ByMonth {
				sums[system] += list[month]
			}
			if cumulative = sums["dynamodb"] - sums["aerospike"]; cumulative < 0 {
				paid = 0
			} else if paid == 0 {
				paid = month + 1
			}
		}
		for system, sum := range sums {
			if want := best(r, system).Total.Value; math.Abs(sum-want) > 0.005*float64(r.Horizon) {
				t.Errorf("%s: %s by month adds up to %v, its total is %v", name, system, sum, want)
			}
			if p := c.Present[system].Value; p >= sum || p < sum*math.Pow(1.08, -float64(r.Horizon)/12) {
				t.Errorf("%s: %s has a present value of %v of %v", name, system, p, sum)
			}
		}
		if (c.Payback == nil) != (paid == 0) || c.Payback != nil && c.Payback.Value != float64(paid) {
			t.Errorf("%s: payback %v, want month %d", name, c.Payback, paid)
		}
	}
	if compute(t, smallSteady, nil).CashFlow.Payback != nil || compute(t, largeSteady, nil).CashFlow.Payback == nil {
		t.Error("what should stay pays back, or what should migrate does not")
	}
}

// TestBreakEvens: at the discount and at the licence found the cheaper system is about to change.
func TestBreakEvens(t *testing.T) {
	found := map[string]int{}
	for name, text := range map[string]string{"growing": growing, "large": largeSteady, "small": smallSteady} {
		m := modelOf(t, text)
		for _, b := range m.breakEvens(m.at(1)) {
			if b.Figure == nil {
				continue
			}
			found[b.Name]++
			side := func(x float64) string {
				c := *m.cfg
				switch b.Name {
				case "dynamodb-discount":
					c.DynamoDB.Discount = x
				case "instance-discount":
					c.Aerospike.Discount = x
				case "licence":
					return ""
				}
				return winner(m.cheapest(m.book, m.portfolio(&c, 1)))
			}
			if x := b.Figure.Value; b.Name != "licence" && side(x*0.999) == side(math.Min(x*1.001, 0.99)) {
				t.Errorf("%s: %s of %v changes nothing", name, b.Name, x)
			}
		}
	}
	if found["dynamodb-discount"] == 0 || found["licence"] == 0 {
		t.Errorf("found %v", found)
	}
}

// TestLicenceEven: with the licence found, Enterprise Edition costs what DynamoDB does.
func TestLicenceEven(t *testing.T) {
	m := modelOf(t, largeSteady)
	b := m.licenceEven()
	if b.Figure == nil {
		t.Fatal(b.Note)
	}
	c := *m.cfg
	c.Aerospike.LicenceUSD = b.Figure.Value
	p := m.portfolio(&c, 1)
	keep := map[string]bool{}
	for _, o := range candidates(m.book, p.Config) {
		keep[o.Name()] = !strings.HasPrefix(o.Name(), "aerospike-ce")
	}
	if d, a := totals(m.among(m.book, p, keep)); math.Abs(d-a) > 1e-4*d {
		t.Errorf("at %v: DynamoDB %v, Enterprise Edition %v", b.Figure, d, a)
	}
}

// TestPlane re-prices a hundred points of the planes of several scenarios: half a percent below,
// one system is the cheaper, half a percent above the other.
func TestPlane(t *testing.T) {
	points := 0
	list := []string{growing, largeSteady, smallSteady, strings.Replace(growing, "growth: 40%/year", "growth: 0%/year", 1), strings.Replace(largeSteady, "256B", "1KiB", 1), strings.Replace(smallSteady, "1KiB", "4KiB", 1), strings.Replace(growing, "2.1", "4", 1)}
	for _, text := range list[:planes] {
		m := modelOf(t, text)
		plane, err := m.plane(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		mean := m.portfolio(m.cfg, 1).Tables[0].MeanOps.Value
		for _, row := range plane.Rows {
			items := row.Data.Value / m.base.table.ItemBytes.Value
			at := func(load float64) string {
				p := m.portfolio(m.cfg, load/mean)
				p.Tables[0].Items.Value = items
				return winner(m.cheapest(m.book, p))
			}
			for _, c := range row.Changes {
				points++
				if at(c.Value*0.995) == at(c.Value*1.005) {
					t.Errorf("%.0f items at %.6g operations/s: %s on both sides", items, c.Value, at(c.Value))
				}
			}
		}
	}
	if points < pointsAsked {
		t.Errorf("%d points, want %d or more", points, pointsAsked)
	}
}

// TestRanges: the scenario's range of an assumption is drawn from in place of the tool's own.
func TestRanges(t *testing.T) {
	with := func(ranges string) (*costmodel.Config, error) {
		sc, err := workload.Parse("t.yaml", []byte(strings.TrimRight(growing, "\n")+"\n  ranges: {"+ranges+"}\n"))
		if err != nil {
			t.Fatal(err)
		}
		return configure(sc, nil)
	}
	c, err := with(`aerospike.cpu_per_op: 20us to 31us, demand.growth: 0%/year to 80%/year`)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range knobs(c) {
		low, high, _ := k.span(c)
		if k.name == "aerospike.cpu_per_op" && (low != 20 || high != 31) || k.name == "demand.growth" && (low != 0 || high != 0.8) {
			t.Errorf("%s from %v to %v", k.name, low, high)
		}
	}
	for ranges, want := range map[string]string{
		`aerospike.cpu_per_opp: 20us to 31us`: `did you mean "aerospike.cpu_per_op"?`,
		`aerospike.cpu_per_op: 31us to 20us`:  "expected the lower end first",
		`aerospike.max_cpu: 20% to 400%`:      "400%: expected",
	} {
		if _, err := with(ranges); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", ranges, err, want)
		}
	}
}

// TestCancelled: a search that is called off ends.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	m := modelOf(t, smallSteady)
	if _, err := m.plane(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("the plane: %v", err)
	}
	if _, err := m.sample(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("the draws: %v", err)
	}
}

// TestFixes: each change's saving is what its own offer saves, and none that costs more is listed.
func TestFixes(t *testing.T) {
	r := compute(t, growing, nil)
	today := offerOf(t, r, r.Fixes.Today)
	if len(r.Fixes.List) == 0 {
		t.Fatal("nothing is cheaper than on demand")
	}
	for i, f := range r.Fixes.List {
		if f.Saving.Value <= 0 || i > 0 && f.Saving.Value > r.Fixes.List[i-1].Saving.Value {
			t.Errorf("%s saves %v, after %v", f.Name, f.Saving.Value, r.Fixes.List[max(0, i-1)].Saving.Value)
		}
		if strings.HasPrefix(f.Name, "dynamodb-") {
			if want := today.TotalHard.Value - offerOf(t, r, f.Name).TotalHard.Value; math.Abs(f.Saving.Value-want) > 0.01 {
				t.Errorf("%s saves %v, want %v", f.Name, f.Saving.Value, want)
			}
		}
	}
	m := modelOf(t, growing)
	same, ok := m.hardOf(today.Name, func(*costmodel.Config, *costmodel.Table) {})
	if !ok || math.Abs(same-today.TotalHard.Value) > 0.01 {
		t.Errorf("unchanged it costs %v, want %v", same, today.TotalHard.Value)
	}
	r = compute(t, strings.Replace(largeSteady, "cost:\n", "cost:\n  dynamodb: {today: reserved-3y}\n", 1), nil)
	if r.Fixes.Today != "dynamodb-reserved-3y" || len(r.Fixes.List) > 2 {
		t.Errorf("against the cheapest offer %d changes save", len(r.Fixes.List))
	}
}
