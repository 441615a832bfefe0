package dynamodb

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crossover/costmodel"
	"crossover/costmodel/autoscale"
	"crossover/costmodel/demand"
	"crossover/costmodel/price"
)

// everyMinute simulates one direction of a table over a whole horizon, minute by minute and in
// whole units, without any of the compression that the offers use: the unit-hours billed and the
// share of units refused. The operator sets the minimum anew each month.
func everyMinute(t *costmodel.Table, perOp, target, least float64, months int) (unitHours, refused float64) {
	var scaler *autoscale.Scaler
	minutes := t.Load.Minutes()
	now := time.Unix(0, 0).UTC()
	held := math.Ceil(t.MeanOps.Value * perOp * minutes[0] * t.Load.Season(0) / target)
	var limit autoscale.Decreases
	var due *autoscale.Change
	bucket, asked, lost, highest := 0.0, 0.0, 0.0, 0.0
	for i := range months * demand.MonthHours * 60 {
		month := i / (demand.MonthHours * 60)
		if i%(demand.MonthHours*60) == 0 { // the minimum follows the season and the growth
			scaler, _ = autoscale.New(autoscale.Policy{Min: max(1, least*t.Load.Season(month)*t.Factor(month)), Max: 1e12, Target: target})
		}
		if due != nil && !now.Before(due.Due) {
			held, due = due.To, nil
		}
		want := 60 * t.MeanOps.Value * perOp * minutes[i%len(minutes)] * t.Load.Season(month) * t.Factor(month)
		got := min(want, 60*held+bucket)
		bucket = min(bucket+60*held-got, burstSeconds*held)
		asked, lost, highest = asked+want, lost+want-got, max(highest, held)
		now = now.Add(time.Minute)
		if c, ok := scaler.Minute(now, got, held, &limit); ok {
			due = &c
		}
		if (i+1)%60 == 0 {
			unitHours, highest = unitHours+highest, 0
		}
	}
	return unitHours, lost / asked
}

func profileOf(t testing.TB, peak float64, week, season []float64) *demand.Profile {
	t.Helper()
	p := diurnal(peak)
	var err error
	if week != nil {
		if p, err = p.WithWeek(week); err != nil {
			t.Fatal(err)
		}
	}
	if season != nil {
		if p, err = p.WithSeason(season); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// TestCompressedAgreesWithEveryMinute: three years of minutes, simulated whole, cost what the
// pattern that stands for them costs, within half a percent.
func TestCompressedAgreesWithEveryMinute(t *testing.T) {
	weekdays := []float64{1.1, 1.1, 1.15, 1.1, 1.05, 0.8, 0.7}
	shop := []float64{0.9, 0.9, 0.95, 1, 1, 1, 0.95, 0.95, 1, 1.05, 1.4, 1.3}
	for _, c := range []struct {
		name   string
		load   *demand.Profile
		growth float64
	}{
		{"flat", diurnal(1), 0},
		{"a day", diurnal(2.1), 0},
		{"a day that grows", diurnal(2.1), 0.4},
		{"a week", profileOf(t, 1.8, weekdays, nil), 0},
		{"a week, a season and growth", profileOf(t, 2.5, weekdays, shop), 0.25},
	} {
		t.Run(c.name, func(t *testing.T) {
			const months = 36
			p := portfolio(20_000, 1, months)
			table := &p.Tables[0]
			table.Load, table.Growth = c.load, leaf(c.growth, "share")
			d := outlook{}
			compressed := 0.0
			for _, m := range d.months(p, demand.MonthHours) {
				compressed += unitHours(appendHeld(nil, m.spans, tracking, reads), 0)
			}
			least := tracked(c.load, 0.7, 0.001).least * c.load.Busiest() * table.MeanOps.Value / 0.7
			whole, refused := everyMinute(table, 1, 0.7, least, months)
			if off := compressed/whole - 1; math.Abs(off) > 0.005 {
				t.Errorf("%.0f unit-hours by the pattern, %.0f minute by minute: %+.2f %%", compressed, whole, 100*off)
			}
			if refused > 0.001 {
				t.Errorf("%.3g %% refused minute by minute", 100*refused)
			}
		})
	}
}

// TestThrottlesExclude: a load that leaps to eight times its mean outruns auto scaling, which is
// excluded with its reason; capacity on a schedule and for the busiest minute are not.
func TestThrottlesExclude(t *testing.T) {
	p := portfolio(10_000, 1, 12)
	load, err := demand.Flat().WithEvents([]demand.Event{{Month: 3, Hours: 24, Load: 8}})
	if err != nil {
		t.Fatal(err)
	}
	p.Tables[0].Load = load
	p.Config.DynamoDB.MaxThrottled = 0.0001
	b := offer(t, price.Default(), "dynamodb-provisioned").Price(p)
	if b.Status != "excluded" || b.Reason == "" {
		t.Errorf("auto scaling: %s %q", b.Status, b.Reason)
	}
	for _, name := range []string{"dynamodb-on-demand", "dynamodb-provisioned-scheduled", "dynamodb-provisioned-fixed"} {
		if b := offer(t, price.Default(), name).Price(p); b.Status != "priced" {
			t.Errorf("%s: %s: %s", name, b.Status, b.Reason)
		}
	}
	p.Config.DynamoDB.MaxThrottled = 0.05
	p.Tables[0].Load, _ = demand.Flat().WithEvents([]demand.Event{{Month: 3, Hours: 24, Load: 8}})
	b = offer(t, price.Default(), "dynamodb-provisioned").Price(p)
	if b.Status != "priced" {
		t.Errorf("with 5 %% allowed: %s: %s", b.Status, b.Reason)
	}
	// The event's day and the hours after it are paid for at what they hold: month 3 costs more.
	if b.ByMonth[2] <= b.ByMonth[1] || b.ByMonth[3] != b.ByMonth[1] {
		t.Errorf("by month %v", b.ByMonth)
	}
}

// TestEventIsPaidFor works a flat load's event out by hand: 10,000 units/s, and 24 hours at
// three times that. 24 hours of it ask for twice the mean more.
func TestEventIsPaidFor(t *testing.T) {
	p := portfolio(10_000, 1, 12)
	p.Tables[0].Load, _ = demand.Flat().WithEvents([]demand.Event{{Month: 1, Hours: 24, Load: 3}})
	d := outlook{}
	m := d.months(p, demand.MonthHours)
	if got, want := m[0].consumed(reads), 10_000*3600*(730+24*2.0); math.Abs(got/want-1) > 1e-12 {
		t.Errorf("%v units, want %v", got, want)
	}
	hours := 0.0
	for _, s := range m[0].spans {
		hours += s.hours
	}
	if math.Abs(hours-730) > 1e-9 {
		t.Errorf("%v hours", hours)
	}
	// By the hour on a schedule: 24 hours at 30,000 ÷ 0.7 = 42,858 units, 706 at 14,286.
	if got, want := unitHours(appendHeld(nil, m[0].spans, scheduled, reads), 0), 24*42_858+706*14_286.0; math.Abs(got-want) > 1e-6 {
		t.Errorf("%v unit-hours on a schedule, want %v", got, want)
	}
	// For the busiest minute: 730 at 42,858.
	if got, want := unitHours(appendHeld(nil, m[0].spans, fixed, reads), 0), 730*42_858.0; math.Abs(got-want) > 1e-6 {
		t.Errorf("%v unit-hours fixed, want %v", got, want)
	}
}

// TestHeldCoversDemand: whatever the day's shape, no policy but tracking holds less than an
// hour consumes, and tracking's mean use lies below the target.
func TestHeldCoversDemand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		load := diurnal(rapid.Float64Range(1, 12).Draw(t, "peak to mean"))
		target := rapid.Float64Range(0.2, 0.9).Draw(t, "target")
		auto, busiest, held := tracked(load, target, 0.001), peaks(load), 0.0
		for h, v := range load.Hours() {
			if busiest[h] < v*(1-1e-12) {
				t.Fatalf("hour %d: its busiest minute %v is below its mean %v", h, busiest[h], v)
			}
			held += auto.hours[h] / 24
		}
		if auto.throttled <= 0.001 && 1/held > target*1.0001 {
			t.Fatalf("a mean use of %v, target %v", 1/held, target)
		}
	})
}
