package arrival

import (
	"math"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

func mustNew(t testing.TB, process Process, seed uint64, phases ...Phase) *Plan {
	t.Helper()
	p, err := New(phases, process, seed)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Worked by hand: 10 s at 100/s are 1,000 operations; a ramp from 0 to 200/s over 10 s offers
// 200·10/2 = 1,000; 3 s at 0.5/s round to 2.
func TestCountsAndPlaces(t *testing.T) {
	p := mustNew(t, Constant, 1,
		Phase{For: 10 * time.Second, From: 100, To: 100},
		Phase{For: 10 * time.Second, From: 0, To: 200},
		Phase{For: 3 * time.Second, From: 0.5, To: 0.5})
	if got := p.Len(); got != 2002 {
		t.Errorf("%d operations, want 2002", got)
	}
	if got := p.Duration(); got != 23*time.Second {
		t.Errorf("a run of %v, want 23s", got)
	}
	for phase, want := range []uint64{0, 1000, 2000, 2002} {
		if got := p.FirstIndex(phase); got != want {
			t.Errorf("phase %d begins with operation %d, want %d", phase, got, want)
		}
	}
	for phase, want := range []time.Duration{0, 10 * time.Second, 20 * time.Second, 23 * time.Second} {
		if got := p.StartOf(phase); got != want {
			t.Errorf("phase %d starts at %v, want %v", phase, got, want)
		}
	}
	for i, want := range map[uint64]int{0: 0, 999: 0, 1000: 1, 1999: 1, 2000: 2, 2001: 2, 2002: 2, math.MaxUint64: 2} {
		if got := p.PhaseOf(i); got != want {
			t.Errorf("operation %d is of phase %d, want %d", i, got, want)
		}
	}
	// A ramp of slope 20/s² has offered 10·s² operations after s seconds: the 250th after 5 s.
	for i, want := range map[uint64]time.Duration{
		0: 0, 1: 10 * time.Millisecond, 999: 9990 * time.Millisecond,
		1000: 10 * time.Second, 1250: 15 * time.Second, 1010: 11 * time.Second,
		2000: 20 * time.Second, 2001: 22 * time.Second,
	} {
		if got, ok := p.Due(i); !ok || (got-want).Abs() > time.Nanosecond {
			t.Errorf("operation %d is due at %v, %v, want %v", i, got, ok, want)
		}
	}
	if at, ok := p.Due(2002); ok {
		t.Errorf("an operation past the end is due at %v", at)
	}
}

// phases draws up to four phases with constant rates and ramps.
func phases(t *rapid.T) []Phase {
	// rapid prefers small numbers; the samples see to it that whole blocks are planned too.
	rate := rapid.OneOf(rapid.Float64Range(0, 5000), rapid.SampledFrom([]float64{0, 0.3, 77.7, 1000, 4000}))
	length := rapid.OneOf(rapid.Int64Range(1, int64(4*time.Second)),
		rapid.SampledFrom([]int64{1, int64(time.Millisecond), int64(1234567 * time.Microsecond), int64(3 * time.Second)}))
	list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Phase {
		p := Phase{For: time.Duration(length.Draw(t, "for")), From: rate.Draw(t, "from")}
		p.To = p.From
		if rapid.Bool().Draw(t, "ramp") {
			p.To = rate.Draw(t, "to")
		}
		return p
	}), 1, 4).Draw(t, "phases")
	return list
}

// Every operation of a phase is due within it, in order, and the number of operations up to any
// time is the integral of the rate: exactly for a constant process, within a block for Poisson.
func TestScheduleFollowsItsRates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := phases(t)
		process := rapid.SampledFrom([]Process{Constant, Poisson}).Draw(t, "process")
		p, err := New(list, process, rapid.Uint64().Draw(t, "seed"))
		if err != nil {
			t.Fatal(err)
		}
		last := time.Duration(0)
		for k, ph := range list {
			first, end := p.FirstIndex(k), p.FirstIndex(k+1)
			if want := uint64(math.Round((ph.From + ph.To) / 2 * ph.For.Seconds())); end-first != want {
				t.Fatalf("phase %d has %d operations, want %d", k, end-first, want)
			}
			for i := first; i < end; i++ {
				at, ok := p.Due(i)
				if !ok || at < last || at < p.StartOf(k) || at > p.StartOf(k+1) {
					t.Fatalf("operation %d of phase %d (%v to %v) is due at %v, %v, after %v", i, k, p.StartOf(k), p.StartOf(k+1), at, ok, last)
				}
				last = at
				s := (at - p.StartOf(k)).Seconds()
				offered := ph.From*s + (ph.To-ph.From)*s*s/(2*ph.For.Seconds())
				// A nanosecond's rounding, at the highest rate, and half an operation where the
				// phase's number was rounded; a Poisson block strays by less than its length.
				slack := 1e-9*max(ph.From, ph.To)*2 + 1e-6
				if process == Poisson {
					slack += blockLen
				}
				if math.Abs(offered-float64(i-first)) > slack+0.5 {
					t.Fatalf("operation %d of phase %d is due when %.3f are", i-first, k, offered)
				}
			}
		}
	})
}

// Due depends on the index alone: not on the order of calls, nor on which clone is asked.
func TestDueKeepsNoState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, err := New(phases(t), Poisson, rapid.Uint64().Draw(t, "seed"))
		if err != nil {
			t.Fatal(err)
		}
		n := min(p.Len(), 5000)
		if n == 0 {
			return
		}
		want := make([]time.Duration, n)
		for i := range want {
			want[i], _ = p.Due(uint64(i))
		}
		clones := []*Plan{p, p.Clone(), p.Clone()}
		for range 200 {
			i := rapid.Uint64Range(0, n-1).Draw(t, "i")
			if at, _ := clones[rapid.IntRange(0, 2).Draw(t, "clone")].Due(i); at != want[i] {
				t.Fatalf("operation %d is due at %v, and at %v in another order", i, want[i], at)
			}
		}
	})
}

// IndexAt counts the operations that the planned rates have offered before a time.
func TestIndexAtCountsWhatWasOffered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := phases(t)
		p, err := New(list, Poisson, 1)
		if err != nil {
			t.Fatal(err)
		}
		k := rapid.IntRange(0, len(list)-1).Draw(t, "phase")
		s := rapid.Float64Range(0, 1).Draw(t, "share of the phase") * list[k].For.Seconds()
		at := p.StartOf(k) + time.Duration(s*1e9)
		if at == p.StartOf(k+1) {
			return // the next phase's
		}
		s = (at - p.StartOf(k)).Seconds()
		offered := list[k].From*s + (list[k].To-list[k].From)*s*s/(2*list[k].For.Seconds())
		first, end := p.FirstIndex(k), p.FirstIndex(k+1)
		low := min(first+uint64(math.Ceil(max(offered-1e-6, 0))), end)
		high := min(first+uint64(math.Ceil(offered+1e-6)), end)
		if got := p.IndexAt(at); got < low || got > high {
			t.Fatalf("IndexAt(%v) = %d, want %d to %d: %.6f of the phase's operations are offered by then", at, got, low, high, offered)
		}
	})
	p := mustNew(t, Constant, 1, Phase{For: time.Second, From: 10, To: 10})
	for at, want := range map[time.Duration]uint64{-1: 0, 0: 0, 1: 1, 100 * time.Millisecond: 1, 100*time.Millisecond + 1: 2, time.Second: 10, time.Hour: 10} {
		if got := p.IndexAt(at); got != want {
			t.Errorf("IndexAt(%v) = %d, want %d", at, got, want)
		}
	}
}

func TestClosedLoop(t *testing.T) {
	p := mustNew(t, Constant, 1, Phase{Ops: 100}, Phase{Ops: 50})
	if p.Len() != 150 || p.Duration() != 0 || p.PhaseOf(99) != 0 || p.PhaseOf(100) != 1 {
		t.Errorf("a closed loop of 100 and 50 operations: %d in all, %v long, phases %d and %d", p.Len(), p.Duration(), p.PhaseOf(99), p.PhaseOf(100))
	}
	if at, ok := p.Due(3); ok {
		t.Errorf("an operation of a closed loop is due at %v", at)
	}
	byTime := mustNew(t, Constant, 1, Phase{For: time.Second})
	if byTime.Len() != 0 || byTime.Duration() != time.Second {
		t.Errorf("a closed loop of a second plans %d operations in %v, want none planned", byTime.Len(), byTime.Duration())
	}
}

func TestPlansRefused(t *testing.T) {
	second := Phase{For: time.Second, From: 1, To: 1}
	for name, c := range map[string]struct {
		phases  []Phase
		process Process
	}{
		"no phases":        {nil, Constant},
		"unknown process":  {[]Phase{second}, "bursty"},
		"negative rate":    {[]Phase{{For: time.Second, From: -1, To: 1}}, Constant},
		"too high a rate":  {[]Phase{{For: time.Second, From: 1, To: 2e9}}, Constant},
		"no number":        {[]Phase{{For: time.Second, From: math.NaN(), To: 1}}, Constant},
		"no length":        {[]Phase{second, {From: 1, To: 1}}, Constant},
		"a negative phase": {[]Phase{{For: -time.Second, From: 1, To: 1}}, Constant},
	} {
		if _, err := New(c.phases, c.process, 1); err == nil {
			t.Errorf("%s: planned", name)
		}
	}
}

// kolmogorov returns the probability of a distance of d or more between n draws and their own
// distribution (the asymptotic series with Stephens's correction for finite n).
func kolmogorov(d, n float64) float64 {
	x := (math.Sqrt(n) + 0.12 + 0.11/math.Sqrt(n)) * d
	p := 0.0
	for k := 1.0; k <= 100; k++ {
		p += 2 * math.Pow(-1, k-1) * math.Exp(-2*k*k*x*x)
	}
	return min(max(p, 0), 1)
}

// distance is Kolmogorov's, between values and a distribution.
func distance(values []float64, cdf func(float64) float64) (d float64) {
	slices.Sort(values)
	n := float64(len(values))
	for i, v := range values {
		f := cdf(v)
		d = max(d, f-float64(i)/n, float64(i+1)/n-f)
	}
	return d
}

const (
	seeds        = 20
	significance = 1e-3           // of all p-values below together (Bonferroni)
	family       = 20 * seeds * 2 // schedules, seeds, two tests each at most
)

// In a Poisson process of known number, a block's points are uniform on its span: the gaps
// between them are shares of it with the distribution Beta(1, size), which is exponential but
// for the block's end, and neighbouring gaps do not know of each other.
func TestPoissonGaps(t *testing.T) {
	for name, list := range map[string][]Phase{
		"constant":   {{For: 50 * time.Second, From: blockLen, To: blockLen}},
		"second one": {{For: 3 * time.Second, From: 10, To: 10}, {For: 50 * time.Second, From: blockLen, To: blockLen}},
	} {
		for seed := range uint64(seeds) {
			p := mustNew(t, Poisson, seed, list...)
			k := len(list) - 1
			gaps := gapsOf(p, k)
			size := float64(blockLen)
			d := distance(slices.Clone(gaps), func(x float64) float64 { return 1 - math.Pow(1-min(x, 1), size) })
			if v := kolmogorov(d, float64(len(gaps))); v < significance/family {
				t.Errorf("%s, seed %d: p = %.3g: the gaps are not exponential", name, seed, v)
			}
			r := stat.Correlation(gaps[:len(gaps)-1], gaps[1:], nil)
			z := r * math.Sqrt(float64(len(gaps)))
			if v := 2 * distuv.UnitNormal.Survival(math.Abs(z)); v < significance/family {
				t.Errorf("%s, seed %d: p = %.3g: neighbouring gaps are correlated (%.4f)", name, seed, v, r)
			}
		}
	}
	// The control: evenly spaced operations must not pass.
	p := mustNew(t, Constant, 1, Phase{For: 50 * time.Second, From: blockLen, To: blockLen})
	gaps := gapsOf(p, 0)
	if v := kolmogorov(distance(gaps, func(x float64) float64 { return 1 - math.Pow(1-min(x, 1), blockLen) }), float64(len(gaps))); v >= significance/family {
		t.Errorf("p = %.3g: even gaps pass for exponential ones, so the test has no power", v)
	}
}

// A block of n operations has n+1 gaps: the last lies between its last operation and its end.
func TestBlocksDoNotEndWithAnOperation(t *testing.T) {
	var last []float64
	for seed := range uint64(seeds) {
		p := mustNew(t, Poisson, seed, Phase{For: 50 * time.Second, From: blockLen, To: blockLen})
		for i := uint64(blockLen - 1); i < p.Len(); i += blockLen {
			at, _ := p.Due(i)
			last = append(last, 1-(at%time.Second).Seconds())
		}
	}
	d := distance(last, func(x float64) float64 { return 1 - math.Pow(1-min(x, 1), blockLen) })
	if v := kolmogorov(d, float64(len(last))); v < significance/family {
		t.Errorf("p = %.3g: the blocks' last gaps are not exponential", v)
	}
}

// gapsOf returns the gaps between operations of one block, each as a share of the block's span
// of a second.
func gapsOf(p *Plan, phase int) []float64 {
	var gaps []float64
	first, end := p.FirstIndex(phase), p.FirstIndex(phase+1)
	var last time.Duration
	for i := first; i < end; i++ {
		at, _ := p.Due(i)
		if (i-first)%blockLen != 0 {
			gaps = append(gaps, (at - last).Seconds())
		}
		last = at
	}
	return gaps
}

// A ramp's operations, taken to the number that its rate has offered when each is due, are a
// Poisson process of rate 1: the scatter is even in operations, not in time.
func TestPoissonRamp(t *testing.T) {
	const from, to, seconds = 500.0, 3500.0, 20.0
	for seed := range uint64(seeds) {
		p := mustNew(t, Poisson, seed, Phase{For: seconds * time.Second, From: from, To: to})
		var gaps []float64
		last := 0.0
		for i := range p.Len() {
			at, _ := p.Due(i)
			s := at.Seconds()
			place := from*s + (to-from)*s*s/(2*seconds)
			if full := p.Len() / blockLen * blockLen; i%blockLen != 0 && i < full {
				gaps = append(gaps, (place-last)/blockLen)
			}
			last = place
		}
		d := distance(gaps, func(x float64) float64 { return 1 - math.Pow(1-min(max(x, 0), 1), blockLen) })
		if v := kolmogorov(d, float64(len(gaps))); v < significance/family {
			t.Errorf("seed %d: p = %.3g: a ramp's gaps are not exponential in operations", seed, v)
		}
	}
}

// Each phase starts its blocks anew, so that phase k is the same whatever was before it.
func TestPhasesRestart(t *testing.T) {
	second := Phase{For: 5 * time.Second, From: 700, To: 300}
	a := mustNew(t, Poisson, 3, Phase{For: time.Second, From: 100, To: 100}, second)
	b := mustNew(t, Poisson, 3, Phase{For: 2 * time.Second, From: 1500, To: 2000}, second)
	for n := range a.FirstIndex(2) - a.FirstIndex(1) {
		x, _ := a.Due(a.FirstIndex(1) + n)
		y, _ := b.Due(b.FirstIndex(1) + n)
		if x-a.StartOf(1) != y-b.StartOf(1) {
			t.Fatalf("operation %d of the second phase is due %v and %v after its start", n, x-a.StartOf(1), y-b.StartOf(1))
		}
	}
	// Two phases alike are not scattered alike.
	twice, same := mustNew(t, Poisson, 3, second, second), uint64(0)
	for n := range twice.FirstIndex(1) {
		x, _ := twice.Due(n)
		y, _ := twice.Due(twice.FirstIndex(1) + n)
		if x == y-twice.StartOf(1) {
			same++
		}
	}
	if same > 2 {
		t.Errorf("%d of %d operations of two phases are due at the same time in both", same, twice.FirstIndex(1))
	}
}

// FuzzPlan plans anything and asks for anything: no panic, and nothing outside its phase.
func FuzzPlan(f *testing.F) {
	f.Add(int64(time.Second), 100.0, 100.0, int64(time.Second), 0.0, 1e9, uint64(1), uint64(50), true)
	f.Add(int64(1), 1e-9, 0.0, int64(math.MaxInt64/2), 1e9, 0.0, uint64(0), uint64(math.MaxUint64), false)
	f.Fuzz(func(t *testing.T, forA int64, fromA, toA float64, forB int64, fromB, toB float64, seed, i uint64, poisson bool) {
		process := Constant
		if poisson {
			process = Poisson
		}
		p, err := New([]Phase{{For: time.Duration(forA), From: fromA, To: toA}, {For: time.Duration(forB), From: fromB, To: toB}}, process, seed)
		const year = int64(366 * 24 * time.Hour)
		if err != nil || forA > year || forB > year {
			return // longer runs are the scenario's to refuse
		}
		if n := p.Len(); n > 0 {
			for _, j := range []uint64{0, i % n, n - 1} {
				k := p.PhaseOf(j)
				if at, ok := p.Due(j); !ok || at < p.StartOf(k) || at > p.StartOf(k+1) {
					t.Errorf("operation %d of phase %d is due at %v, %v", j, k, at, ok)
				}
			}
		}
		if at, ok := p.Due(p.Len()); ok {
			t.Errorf("past the end an operation is due at %v", at)
		}
		if j := p.IndexAt(time.Duration(i)); j > p.Len() {
			t.Errorf("IndexAt(%v) = %d of %d", time.Duration(i), j, p.Len())
		}
	})
}

func BenchmarkDue(b *testing.B) {
	for _, process := range []Process{Constant, Poisson} {
		b.Run(string(process), func(b *testing.B) {
			p := mustNew(b, process, 1, Phase{For: time.Hour, From: 1000, To: 100_000})
			b.ReportAllocs()
			for i := uint64(0); b.Loop(); i++ {
				p.Due(i % p.Len())
			}
		})
	}
}
