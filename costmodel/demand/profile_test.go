package demand

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestProfileKeepsMeans: whatever the hours, a pattern's mean is 1, each hour's minutes have the
// hour's mean, and none is below zero.
func TestProfileKeepsMeans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		days := rapid.IntRange(1, 8).Draw(t, "days")
		loads := rapid.SliceOfN(rapid.Float64Range(0, 1e6), 24*days, 24*days).Draw(t, "loads")
		p, err := FromHours(loads)
		if err != nil {
			t.Fatal(err)
		}
		sum, given := 0.0, 0.0
		for _, v := range loads {
			given += v
		}
		for h, v := range p.Hours() {
			sum += v
			if given > 0 && math.Abs(v*given-loads[h]*float64(len(loads))) > 1e-6*given {
				t.Fatalf("hour %d: %v of a mean of %v became %v", h, loads[h], given/float64(len(loads)), v)
			}
			inHour := 0.0
			for _, m := range p.Minutes()[60*h : 60*h+60] {
				if m < 0 {
					t.Fatalf("a minute of %v in hour %d", m, h)
				}
				inHour += m / 60
			}
			if math.Abs(inHour-v) > 1e-9*(1+v) {
				t.Fatalf("hour %d: its minutes' mean is %v, its own %v", h, inHour, v)
			}
		}
		if math.Abs(sum/float64(len(loads))-1) > 1e-9 {
			t.Fatalf("a mean of %v", sum/float64(len(loads)))
		}
	})
}

func TestProfileCalendar(t *testing.T) {
	day, week, season := make([]float64, 24), []float64{1, 1, 1, 1, 1, 3, 6}, []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 2}
	for h := range day {
		day[h] = float64(h % 2) // odd hours only
	}
	p, err := FromHours(day)
	if err != nil {
		t.Fatal(err)
	}
	if p, err = p.WithWeek(week); err != nil {
		t.Fatal(err)
	}
	if p, err = p.WithSeason(season); err != nil {
		t.Fatal(err)
	}
	if p, err = p.WithEvents([]Event{{Month: 11, Hours: 73, Load: 20}}); err != nil {
		t.Fatal(err)
	}
	// A mean day of a week of 14 is 2, so Sunday is three times the mean and its odd hours six.
	if got := p.Hours()[6*24+1]; math.Abs(got-6) > 1e-12 {
		t.Errorf("Sunday's second hour %v, want 6", got)
	}
	// Fifteen over twelve months: a plain one is 0.8, the eleventh 2.4, of which a tenth of the
	// hours has 20 instead.
	for month, want := range map[int]float64{0: 0.8, 11: 1.6, 12: 0.8, 10: 2.4 + (20-2.4)*0.1, 22: 2.4 + (20-2.4)*0.1} {
		if got := p.Mean(month); math.Abs(got-want) > 1e-12 {
			t.Errorf("month %d: mean %v, want %v", month, got, want)
		}
	}
	for month, want := range map[int]float64{0: 4.8, 10: 20, 11: 9.6} {
		if got := p.Peak(month); math.Abs(got-want) > 1e-12 {
			t.Errorf("month %d: peak %v, want %v", month, got, want)
		}
	}
	if p.Busiest() != 20 || p.Even() || !Flat().Even() {
		t.Errorf("busiest %v, even %v", p.Busiest(), p.Even())
	}
}

// A pattern known by the minute peaks at its busiest minute, one known by the hour at its hour.
func TestProfileByTheMinute(t *testing.T) {
	minutes := make([]float64, 24*60)
	for i := range minutes {
		minutes[i] = 1
	}
	minutes[100] = 50
	p, err := FromMinutes(minutes)
	if err != nil {
		t.Fatal(err)
	}
	mean := 1 + 49.0/1440
	if got, want := p.Peak(0), 50/mean; math.Abs(got-want) > 1e-9 {
		t.Errorf("peak %v, want %v", got, want)
	}
	if got, want := p.Hours()[1], (1+49.0/60)/mean; math.Abs(got-want) > 1e-9 {
		t.Errorf("the hour of the busiest minute %v, want %v", got, want)
	}
}

func TestProfileRefuses(t *testing.T) {
	for name, loads := range map[string][]float64{
		"half a day": make([]float64, 12), "nothing": nil, "nine weeks": make([]float64, 63*24),
		"negative": append(make([]float64, 23), -1), "not a number": append(make([]float64, 23), math.NaN()),
	} {
		if _, err := FromHours(loads); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	p := Flat()
	if _, err := p.WithWeek([]float64{1, 2}); err == nil {
		t.Error("a week of two days was taken")
	}
	if _, err := p.WithSeason(make([]float64, 12)); err == nil {
		t.Error("a year without load was taken")
	}
	for _, e := range [][]Event{{{Month: 13, Hours: 1, Load: 2}}, {{Month: 1, Hours: 0, Load: 2}}, {{Month: 1, Hours: 1, Load: 0}}, {{Month: 1, Hours: 1, Load: 2}, {Month: 1, Hours: 2, Load: 2}}} {
		if _, err := p.WithEvents(e); err == nil {
			t.Errorf("%+v was taken", e)
		}
	}
}
