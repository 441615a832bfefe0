package demand_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crossover/costmodel"
	"crossover/costmodel/demand"
)

var start = time.Date(2026, 10, 4, 0, 0, 0, 0, time.UTC) // a Sunday

func point(minute int, period time.Duration, rate float64) demand.Point {
	return demand.Point{At: start.Add(time.Duration(minute) * time.Minute), Period: period, Rate: rate}
}

func TestNew(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		points    []demand.Point
		want      []float64
		conflicts int
		coarse    int
	}{
		"any order":           {points: []demand.Point{point(2, time.Minute, 3), point(0, time.Minute, 1), point(1, time.Minute, 2)}, want: []float64{1, 2, 3}},
		"a gap is not a zero": {points: []demand.Point{point(0, time.Minute, 1), point(2, time.Minute, 0)}, want: []float64{1, nan, 0}},
		"twice the same":      {points: []demand.Point{point(0, time.Minute, 1), point(0, time.Minute, 1)}, want: []float64{1}},
		"a conflict":          {points: []demand.Point{point(0, time.Minute, 4), point(0, time.Minute, 1)}, want: []float64{4}, conflicts: 1},
		"long periods fill only what short ones leave": {
			points: []demand.Point{point(1, time.Minute, 9), point(0, 5*time.Minute, 2)},
			want:   []float64{2, 9, 2, 2, 2}, coarse: 4,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := demand.New(c.points)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Rates) != len(c.want) || got.Conflicts != c.conflicts || got.Coarse != c.coarse {
				t.Fatalf("got %+v, want %v, %d conflicts, %d coarse", got, c.want, c.conflicts, c.coarse)
			}
			for i := range c.want {
				if got.Rates[i] != c.want[i] && !(math.IsNaN(got.Rates[i]) && math.IsNaN(c.want[i])) {
					t.Errorf("step %d: %v, want %v", i, got.Rates[i], c.want[i])
				}
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for name, points := range map[string][]demand.Point{
		"periods that do not divide": {point(0, time.Minute, 1), point(0, 90*time.Second, 1)},
		"no period":                  {point(0, 0, 1)},
		"a negative rate":            {point(0, time.Minute, -1)},
		"not a number":               {point(0, time.Minute, math.NaN())},
		"too long":                   {point(0, time.Minute, 1), {At: start.AddDate(300, 0, 0), Period: time.Minute, Rate: 1}},
	} {
		if c, err := demand.New(points); err == nil {
			t.Errorf("%s: accepted as %d steps", name, len(c.Rates))
		}
	}
}

func TestStatistics(t *testing.T) {
	// Minutes 1, 2, …, 100 with minute 50 missing: mean (5050-50)/99; p99 is the 99th of 99
	// ranks (ceil(98.01)) = 100, p50 the 50th, which is 51.
	var points []demand.Point
	for i := 1; i <= 100; i++ {
		if i != 50 {
			points = append(points, point(i, time.Minute, float64(i)))
		}
	}
	c, err := demand.New(points)
	if err != nil {
		t.Fatal(err)
	}
	peak, at := c.Peak()
	if c.Known() != 99 || c.Missing() != 1 || c.Percentile(0.5) != 51 || c.Percentile(0.99) != 100 || peak != 100 || !at.Equal(start.Add(100*time.Minute)) {
		t.Errorf("known %d, missing %d, p50 %v, p99 %v, peak %v at %v", c.Known(), c.Missing(), c.Percentile(0.5), c.Percentile(0.99), peak, at)
	}
	if want := 5000.0 / 99; math.Abs(c.Mean()-want) > 1e-9 {
		t.Errorf("mean %v, want %v", c.Mean(), want)
	}
}

func TestSumCountsAnAbsentKindAsNothing(t *testing.T) {
	a, _ := demand.New([]demand.Point{point(0, time.Minute, 1), point(3, time.Minute, 1)})
	b, _ := demand.New([]demand.Point{point(1, time.Minute, 5), point(3, time.Minute, 5)})
	s := demand.Sum(a, demand.Curve{}, b)
	if s.Rates[0] != 1 || s.Rates[1] != 5 || !math.IsNaN(s.Rates[2]) || s.Rates[3] != 6 {
		t.Errorf("sum %v, want 1, 5, unknown, 6", s.Rates)
	}
}

// curve is weeks of a diurnal shape whose peak begins at an hour, with noise of a share.
func curve(t interface{ Fatal(...any) }, seed uint64, days int, ratio float64, peak int, weekend, noise float64) demand.Curve {
	r := rand.New(rand.NewPCG(seed, 1))
	day := demand.Diurnal(ratio)
	var points []demand.Point
	for h := range 24 * days {
		at := start.Add(time.Duration(h) * time.Hour)
		rate := 1000 * day[(at.Hour()-peak+11+24)%24] * (1 + noise*r.NormFloat64())
		if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
			rate *= weekend
		}
		points = append(points, demand.Point{At: at, Period: time.Hour, Rate: max(rate, 0)})
	}
	c, err := demand.New(points)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFitRecoversTheDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ratio := rapid.Float64Range(1.2, 6).Draw(t, "ratio")
		peak := rapid.IntRange(0, 23).Draw(t, "peak")
		f, ok := demand.FitDay(curve(t, rapid.Uint64().Draw(t, "seed"), 14, ratio, peak, 1, 0.03))
		if !ok || math.Abs(f.PeakToMean-ratio) > 0.03*ratio || f.PeakHour != peak || f.Residual > 0.12 {
			t.Fatalf("fit %+v, want a ratio of %.3f at hour %d", f, ratio, peak)
		}
		if f.Weekly != nil {
			t.Fatalf("a weekly pattern %v in noise", f.Weekly)
		}
	})
}

func TestFitSeesTheWeek(t *testing.T) {
	f, ok := demand.FitDay(curve(t, 1, 21, 2, 19, 0.6, 0.02))
	if !ok || f.Weekly == nil {
		t.Fatalf("fit %+v: weekends of 60%% not seen", f)
	}
	if got := f.Weekly[time.Saturday] / f.Weekly[time.Wednesday]; math.Abs(got-0.6) > 0.02 {
		t.Errorf("Saturdays are %.3f of Wednesdays, want 0.6", got)
	}
	if f.Residual > 0.05 {
		t.Errorf("residual %.3f: the week was not used", f.Residual)
	}
	if f, _ := demand.FitDay(curve(t, 1, 10, 2, 19, 0.6, 0.02)); f.Weekly != nil {
		t.Errorf("a weekly pattern from ten days: %v", f.Weekly)
	}
}

func TestFitNeedsADay(t *testing.T) {
	if f, ok := demand.FitDay(curve(t, 1, 1, 2, 12, 1, 0)); !ok || math.Abs(f.PeakToMean-2) > 0.01 {
		t.Errorf("one whole day: %+v, %v", f, ok)
	}
	half := curve(t, 1, 1, 2, 12, 1, 0)
	half.Rates = half.Rates[:12]
	if f, ok := demand.FitDay(half); ok {
		t.Errorf("half a day was fitted: %+v", f)
	}
}

// TestDiurnalIsTheScenarios holds the shape to the one that the cost model prices.
func TestDiurnalIsTheScenarios(t *testing.T) {
	for _, ratio := range []float64{1, 1.5, 2.1, 4, 12} {
		got, want := demand.Diurnal(ratio), costmodel.ShapeSpec{PeakToMean: ratio}.Day()
		for h := range got {
			if math.Abs(got[h]-want[h]) > 1e-9 {
				t.Errorf("ratio %v, hour %d: %v, the cost model has %v", ratio, h, got[h], want[h])
			}
		}
	}
}
