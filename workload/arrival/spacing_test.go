package arrival

import (
	"math"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

func mustMake(t testing.TB, s Spacing, seed uint64, phases ...Phase) *Plan {
	t.Helper()
	p, err := Make(phases, s, seed)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var (
	bursty  = Spacing{Process: Bursty, On: 300 * time.Millisecond, Off: 700 * time.Millisecond, OffRate: 0.1}
	selfish = Spacing{Process: SelfSimilar, Hurst: 0.8, Finest: 10 * time.Millisecond}
)

// spacings draws a process with parameters.
func spacings(t *rapid.T) Spacing {
	length := rapid.Int64Range(int64(MinBurst), int64(3*time.Second))
	switch rapid.IntRange(0, 3).Draw(t, "process") {
	case 0:
		return Spacing{Process: Constant}
	case 1:
		return Spacing{Process: Poisson}
	case 2:
		off := rapid.SampledFrom([]float64{0, 0.25, 1}).Draw(t, "off rate")
		return Spacing{Process: Bursty, On: time.Duration(length.Draw(t, "on")), Off: time.Duration(length.Draw(t, "off")), OffRate: off}
	default:
		return Spacing{Process: SelfSimilar, Hurst: rapid.Float64Range(0.51, 0.99).Draw(t, "hurst"), Finest: time.Duration(length.Draw(t, "finest"))}
	}
}

// shaped draws a phase with a shape of one of the forms that a scenario has.
func shaped(t *rapid.T) Phase {
	length := time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(3*time.Second)).Draw(t, "for"))
	rate := rapid.OneOf(rapid.Float64Range(0, 3000), rapid.SampledFrom([]float64{0, 0.3, 777.7, 2000}))
	p := Phase{For: length}
	switch rapid.IntRange(0, 3).Draw(t, "form") {
	case 0:
		p.From, p.To = rate.Draw(t, "from"), rate.Draw(t, "to")
	case 1:
		p.Shape = Steps(length, rapid.SliceOfN(rate, 1, 9).Draw(t, "steps"))
	case 2:
		at := rapid.Int64Range(0, int64(4*time.Second))
		p.Shape = Spike(length, rate.Draw(t, "base"), rate.Draw(t, "peak"), time.Duration(at.Draw(t, "at")), time.Duration(at.Draw(t, "lasting")))
	default:
		day, err := Diurnal(length, rate.Draw(t, "mean"), rapid.Float64Range(1, MaxPeakToMean).Draw(t, "peak to mean"))
		if err != nil {
			t.Fatal(err)
		}
		p.Shape = day
	}
	return p
}

// Whatever the shape and the process: each phase has as many operations as its rate's integral,
// due within it and in order; Planned and IndexAt agree; nothing depends on what was asked before.
func TestShapedSchedules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Custom(shaped), 1, 3).Draw(t, "phases")
		spacing := spacings(t)
		p, err := Make(list, spacing, rapid.Uint64().Draw(t, "seed"))
		if err != nil {
			t.Fatal(err)
		}
		last := time.Duration(0)
		for k, ph := range list {
			first, end := p.FirstIndex(k), p.FirstIndex(k+1)
			area := (ph.From + ph.To) / 2 * ph.For.Seconds()
			for _, s := range ph.Shape {
				area += (s.From + s.To) / 2 * s.For.Seconds()
			}
			if math.Abs(float64(end-first)-area) > 0.5+1e-6 {
				t.Fatalf("phase %d has %d operations, want %v", k, end-first, area)
			}
			for i := first; i < end; i++ {
				at, ok := p.Due(i)
				if !ok || at < last || at < p.StartOf(k) || at > p.StartOf(k+1) {
					t.Fatalf("operation %d of phase %d (%v to %v) is due at %v, %v, after %v", i, k, p.StartOf(k), p.StartOf(k+1), at, ok, last)
				}
				last = at
				// A nanosecond's rounding times the highest rate is a part of an operation.
				planned, _ := p.Planned(i)
				if j := p.IndexAt(planned); j > i+1 {
					t.Fatalf("operation %d is planned at %v, before which %d are", i, planned, j)
				}
				if j := p.IndexAt(planned + 2*time.Nanosecond); j < i && planned < p.StartOf(k+1)-2 {
					t.Fatalf("operation %d is planned at %v, before which only %d are", i, planned, j)
				}
			}
		}
		if p.Len() == 0 {
			return
		}
		other := p.Clone()
		for range 50 {
			i := rapid.Uint64Range(0, p.Len()-1).Draw(t, "i")
			a, _ := p.Due(i)
			if b, _ := other.Due(i); a != b {
				t.Fatalf("operation %d is due at %v, and at %v in another order", i, a, b)
			}
		}
	})
}

// Worked by hand: 4 s of 100, 200, 0 and 50/s are 350 operations; 100/s for 10 s with a spike of
// 500/s from the third second to the fifth are 1,000 + 800.
func TestStepsAndSpikes(t *testing.T) {
	p := mustNew(t, Constant, 1,
		Phase{For: 4 * time.Second, Shape: Steps(4*time.Second, []float64{100, 200, 0, 50})},
		Phase{For: 10 * time.Second, Shape: Spike(10*time.Second, 100, 500, 3*time.Second, 2*time.Second)})
	if a, b := p.FirstIndex(1), p.FirstIndex(2)-p.FirstIndex(1); a != 350 || b != 1800 {
		t.Fatalf("%d and %d operations, want 350 and 1800", a, b)
	}
	for i, want := range map[uint64]time.Duration{
		0: 0, 50: 500 * time.Millisecond, 100: time.Second, 200: 1500 * time.Millisecond, 300: 3 * time.Second, 325: 3500 * time.Millisecond,
		350: 4 * time.Second, 649: 6990 * time.Millisecond, 650: 7 * time.Second, 1150: 8 * time.Second, 1650: 9 * time.Second, 1750: 10 * time.Second,
	} {
		if got, _ := p.Due(i); (got - want).Abs() > time.Nanosecond {
			t.Errorf("operation %d is due at %v, want %v", i, got, want)
		}
	}
	for at, want := range map[time.Duration]uint64{time.Second: 100, 2500 * time.Millisecond: 300, 3 * time.Second: 300, 7 * time.Second: 650, 8 * time.Second: 1150} {
		if got := p.IndexAt(at); got != want {
			t.Errorf("IndexAt(%v) = %d, want %d", at, got, want)
		}
	}
	if s := Spike(time.Second, 1, 2, 5*time.Second, time.Second); s[0].For != time.Second || s[1].For != 0 || s[2].For != 0 {
		t.Errorf("a spike past the end: %v", s)
	}
}

// The busiest quarter of an hour has peakToMean times the mean, in the middle; the day is the
// same on both sides of it, and has the mean's operations in all.
func TestDiurnal(t *testing.T) {
	const day = 24 * time.Hour
	for _, ratio := range []float64{1, 1.5, 2, 2.1, 5, 12} {
		shape, err := Diurnal(day, 10, ratio)
		if err != nil {
			t.Fatal(err)
		}
		p := mustNew(t, Constant, 1, Phase{For: day, Shape: shape})
		if p.Len() != 864_000 {
			t.Errorf("ratio %v: %d operations, want 864000", ratio, p.Len())
		}
		at := func(t time.Duration) float64 { return float64(p.IndexAt(t+time.Minute)-p.IndexAt(t-time.Minute)) / 120 }
		if got := shape[48].From; math.Abs(got/10-ratio) > 1e-6 {
			t.Errorf("ratio %v: %v/s at noon, want %v", ratio, got, 10*ratio)
		}
		if a, b := at(9*time.Hour), at(15*time.Hour); math.Abs(a-b) > 0.02 {
			t.Errorf("ratio %v: %v/s at nine and %v/s at three", ratio, a, b)
		}
		if ratio > 1 && shape[0].From > shape[12].From {
			t.Errorf("ratio %v: %v/s at midnight, %v/s at three", ratio, shape[0].From, shape[12].From)
		}
	}
	for _, ratio := range []float64{0.9, 12.1, math.NaN()} {
		if _, err := Diurnal(day, 10, ratio); err == nil {
			t.Errorf("ratio %v was planned", ratio)
		}
	}
}

// Taken back to where the rate alone would have them, the operations of a burst process are a
// Poisson process: its gaps are those that TestPoissonGaps explains.
func TestModulatedGaps(t *testing.T) {
	for name, s := range map[string]Spacing{"bursty": bursty, "self-similar": selfish} {
		for seed := range uint64(seeds) {
			p := mustMake(t, s, seed, Phase{For: 50 * time.Second, From: blockLen, To: blockLen})
			var gaps []float64
			last := 0.0
			for i := range p.Len() {
				at, _ := p.Due(i)
				place := p.even(0, at.Seconds())
				if i%blockLen != 0 {
					gaps = append(gaps, max(place-last, 0))
				}
				last = place
			}
			d := distance(gaps, func(x float64) float64 { return 1 - math.Pow(1-min(x, 1), blockLen) })
			if v := kolmogorov(d, float64(len(gaps))); v < significance/family {
				t.Errorf("%s, seed %d: p = %.3g: the gaps are not exponential", name, seed, v)
			}
		}
	}
}

// A burst and its pause have the shares that their lengths and rates give: 300 ms at ten times
// the rate of the 700 ms that follow are 0.3/(0.3+0.07) = 81.08%; without a rate in the pause
// all of them. Within a burst the operations are uniform.
func TestBursts(t *testing.T) {
	for _, c := range []struct{ offRate, share float64 }{{0.1, 0.3 / 0.37}, {0, 1}, {1, 0.3}} {
		s := bursty
		s.OffRate = c.offRate
		for seed := range uint64(seeds) {
			p := mustMake(t, s, seed, Phase{For: time.Second, From: 10, To: 10}, Phase{For: 20 * time.Second, From: 2000, To: 2000})
			var inside []float64
			n := p.FirstIndex(2) - p.FirstIndex(1)
			for i := p.FirstIndex(1); i < p.FirstIndex(2); i++ {
				at, _ := p.Due(i)
				if since := (at - p.StartOf(1)) % time.Second; since <= s.On {
					inside = append(inside, since.Seconds()/s.On.Seconds())
				}
			}
			got, want := float64(len(inside))/float64(n), c.share
			deviation := math.Sqrt(want*(1-want)/float64(n)) + 1e-9
			if z := (got - want) / deviation; 2*distuv.UnitNormal.Survival(math.Abs(z)) < significance/family {
				t.Errorf("off rate %v, seed %d: %v of the operations in bursts, want %v", c.offRate, seed, got, want)
			}
			if v := kolmogorov(distance(slices.Clone(inside), func(x float64) float64 { return x }), float64(len(inside))); v < significance/family {
				t.Errorf("off rate %v, seed %d: p = %.3g: uneven within bursts", c.offRate, seed, v)
			}
		}
	}
}

// Split into 2^k parts, a phase's operations have a normalised second moment of (b²+(1-b)²)^k,
// whichever halves the chance chose; its slope gives Hurst's parameter back.
func TestHurst(t *testing.T) {
	for _, h := range []float64{0.6, 0.75, 0.9} {
		for seed := range uint64(seeds) {
			const length, rate, levels = 64 * time.Second, 4_000.0, 6
			p := mustMake(t, Spacing{Process: SelfSimilar, Hurst: h, Finest: time.Second}, seed, Phase{For: length, From: rate, To: rate})
			counts := make([]float64, 1<<levels)
			for i := range p.Len() {
				at, _ := p.Due(i)
				counts[min(int(at/time.Second), len(counts)-1)]++
			}
			n := float64(p.Len())
			// Least squares through the origin: log2 of the moment is -k·(2h-1).
			var kk, ky float64
			for k := levels; k >= 1; k-- {
				sum := 0.0
				for _, c := range counts {
					sum += c * c
				}
				moment := (sum - n) / n / n // without the Poisson process's own variance
				kk, ky = kk+float64(k*k), ky+float64(k)*math.Log2(moment)
				half := make([]float64, len(counts)/2)
				for i := range half {
					half[i] = counts[2*i] + counts[2*i+1]
				}
				counts = half
			}
			if got := 0.5 - ky/kk/2; math.Abs(got-h) > 0.01 {
				t.Errorf("seed %d: Hurst's parameter %v, want %v", seed, got, h)
			}
		}
	}
}

// Which half of a stretch gets the larger share is chance, by seed and by stretch: of the halves
// and quarters of a phase under 200 seeds about half have theirs first.
func TestHalvesAreChosenByChance(t *testing.T) {
	const n = 200
	b := bias(0.8)
	whole, first, second, alike := 0, 0, 0, 0
	for seed := range uint64(n) {
		p := mustMake(t, Spacing{Process: SelfSimilar, Hurst: 0.8, Finest: time.Second}, seed, Phase{For: 4 * time.Second, From: 1000, To: 1000})
		half := p.cascade(0, 0.5, false)
		low, high := p.cascade(0, 0.25, false)/half, (p.cascade(0, 0.75, false)-half)/(1-half)
		for _, share := range []float64{half, low, high} {
			if math.Abs(share-b) > 1e-9 && math.Abs(share-(1-b)) > 1e-9 {
				t.Fatalf("seed %d: a half gets %v of its stretch, want %v or %v", seed, share, b, 1-b)
			}
		}
		count := func(yes bool) int { return map[bool]int{true: 1}[yes] }
		whole, first, second = whole+count(half > 0.5), first+count(low > 0.5), second+count(high > 0.5)
		alike += count((low > 0.5) == (high > 0.5))
	}
	for what, got := range map[string]int{"first halves": whole, "first quarters": first, "third quarters": second, "quarters alike": alike} {
		// Five standard deviations of 200 tosses are 35.
		if got < n/2-35 || got > n/2+35 {
			t.Errorf("%d of %d %s, want about half", got, n, what)
		}
	}
}

// Two phases alike are not moved alike, and phase k is the same whatever was before it.
func TestModulatedPhasesRestart(t *testing.T) {
	ph := Phase{For: 8 * time.Second, From: 500, To: 500}
	twice := mustMake(t, selfish, 3, ph, ph)
	after := mustMake(t, selfish, 3, Phase{For: time.Second, From: 3000, To: 10}, ph)
	same := 0
	for n := range uint64(4000) {
		a, _ := twice.Due(n)
		b, _ := twice.Due(4000 + n)
		c, _ := after.Due(after.FirstIndex(1) + n)
		if b-twice.StartOf(1) != c-after.StartOf(1) {
			t.Fatalf("operation %d of the second phase is due %v and %v after its start", n, b-twice.StartOf(1), c-after.StartOf(1))
		}
		if a == b-twice.StartOf(1) {
			same++
		}
	}
	if same > 40 {
		t.Errorf("%d of 4000 operations of two phases are due at the same time in both", same)
	}
	silent := bursty
	silent.OffRate = 0
	b := mustMake(t, silent, 3, Phase{For: 1500 * time.Millisecond, From: 100, To: 100}, ph)
	for i := b.FirstIndex(1); i < b.Len(); i++ {
		if at, _ := b.Due(i); (at-b.StartOf(1))%time.Second > silent.On {
			t.Fatalf("a phase's bursts do not begin with it: one has an operation %v after its start", at-b.StartOf(1))
		}
	}
}

// list is a trace of four operations.
type list []time.Duration

func (l list) Len() uint64               { return uint64(len(l)) }
func (l list) At(i uint64) time.Duration { return l[i] }

func TestTraceTimes(t *testing.T) {
	times := list{0, 5 * time.Millisecond, 5 * time.Millisecond, time.Second, 3 * time.Second}
	p := mustMake(t, Spacing{Process: Trace, Times: times}, 1, Phase{For: time.Second}, Phase{For: time.Second})
	if p.Len() != 4 || p.FirstIndex(1) != 3 {
		t.Fatalf("%d operations, %d in the first phase, want 4 and 3: the last lies beyond the phases", p.Len(), p.FirstIndex(1))
	}
	for i := range p.Len() {
		if at, ok := p.Due(i); !ok || at != times[i] {
			t.Errorf("operation %d is due at %v, %v, want %v", i, at, ok, times[i])
		}
	}
	if at, ok := p.Due(4); ok {
		t.Errorf("an operation beyond the phases is due at %v", at)
	}
	for at, want := range map[time.Duration]uint64{0: 0, 1: 1, 5 * time.Millisecond: 1, 6 * time.Millisecond: 3, time.Second: 3, time.Second + 1: 4, time.Hour: 4} {
		if got := p.IndexAt(at); got != want {
			t.Errorf("IndexAt(%v) = %d, want %d", at, got, want)
		}
	}
}

func TestThinkTimes(t *testing.T) {
	const mean, n = 10 * time.Millisecond, 20_000
	for seed := range uint64(seeds) {
		var all []float64
		for i := range uint64(n) {
			all = append(all, float64(Think(mean, seed, i))/float64(mean))
		}
		if v := kolmogorov(distance(all, func(x float64) float64 { return 1 - math.Exp(-x) }), n); v < significance/family {
			t.Errorf("seed %d: p = %.3g: think times are not exponential", seed, v)
		}
	}
	first, again := Think(mean, 1, 5), Think(mean, 1, 5)
	if first != again || first == Think(mean, 2, 5) {
		t.Error("a think time is no function of seed and index")
	}
}

func TestSpacingsRefused(t *testing.T) {
	second := Phase{For: time.Second, From: 1, To: 1}
	change := func(s Spacing, f func(*Spacing)) Spacing { f(&s); return s }
	for name, s := range map[string]Spacing{
		"no burst":           change(bursty, func(s *Spacing) { s.On = 0 }),
		"no pause":           change(bursty, func(s *Spacing) { s.Off = time.Microsecond }),
		"a pause of days":    change(bursty, func(s *Spacing) { s.Off = 25 * time.Hour }),
		"faster than bursts": change(bursty, func(s *Spacing) { s.OffRate = 1.1 }),
		"Hurst of a half":    change(selfish, func(s *Spacing) { s.Hurst = 0.5 }),
		"Hurst of one":       change(selfish, func(s *Spacing) { s.Hurst = 1 }),
		"too fine":           change(selfish, func(s *Spacing) { s.Finest = 0 }),
		"no trace":           {Process: Trace},
	} {
		if _, err := Make([]Phase{second}, s, 1); err == nil {
			t.Errorf("%s: planned", name)
		}
	}
	for name, shape := range map[string][]Segment{
		"too short":     {{time.Millisecond, 1, 1}},
		"too fast":      {{time.Second, 1, 2e9}},
		"negative time": {{2 * time.Second, 1, 1}, {-time.Second, 1, 1}},
		"too many":      make([]Segment, MaxSegments+1),
	} {
		if _, err := New([]Phase{{For: time.Second, Shape: shape}}, Constant, 1); err == nil {
			t.Errorf("%s: planned", name)
		}
	}
}

func BenchmarkDueSpacings(b *testing.B) {
	day, err := Diurnal(time.Hour, 50_000, 2.1)
	if err != nil {
		b.Fatal(err)
	}
	for name, c := range map[string]struct {
		s  Spacing
		ph Phase
	}{
		"bursty":       {bursty, Phase{For: time.Hour, From: 1000, To: 100_000}},
		"self-similar": {selfish, Phase{For: time.Hour, From: 1000, To: 100_000}},
		"diurnal":      {Spacing{Process: Poisson}, Phase{For: time.Hour, Shape: day}},
	} {
		b.Run(name, func(b *testing.B) {
			p := mustMake(b, c.s, 1, c.ph)
			b.ReportAllocs()
			for i := uint64(0); b.Loop(); i++ {
				p.Due(i % p.Len())
			}
		})
	}
}
