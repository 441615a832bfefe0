package runner

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// independent is a sample whose observations do not depend on each other, known to be so.
func independent(n, x float64) sample { return sample{n: n, x: x, batches: int(n), effect: 1} }

// Clopper and Pearson's bounds have closed forms at the ends, and elsewhere make a binomial
// tail equal alpha.
func TestBounds(t *testing.T) {
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	// (1 - p)^n = alpha when none of n has the property.
	near("0 of 299", independent(299, 0).upper(0.05), 1-math.Pow(0.05, 1./299))
	near("0 of 299, below", independent(299, 0).lower(0.05), 0)
	near("all of 50", independent(50, 50).upper(0.05), 1)
	near("all of 50, below", independent(50, 50).lower(0.05), math.Pow(0.05, 1./50))
	// 5 of 20: P(X <= 5 | upper) = P(X >= 5 | lower) = alpha, summed by hand.
	tail := func(p float64, from, to int) float64 {
		sum := 0.0
		for k := from; k <= to; k++ {
			term := 1.0
			for i := range k {
				term *= float64(20-i) / float64(i+1)
			}
			sum += term * math.Pow(p, float64(k)) * math.Pow(1-p, float64(20-k))
		}
		return sum
	}
	near("5 of 20", tail(independent(20, 5).upper(0.05), 0, 5), 0.05)
	near("5 of 20, below", tail(independent(20, 5).lower(0.05), 5, 20), 0.05)
	near("nothing", sample{}.upper(0.05), 1)
	near("nothing, below", sample{}.lower(0.05), 0)
}

// Observations that come in equal runs of 100 are worth as many as there are runs.
func TestEffectOfDependence(t *testing.T) {
	for _, c := range []struct {
		run       int
		low, high float64 // design effect
	}{{1, 1, 1.6}, {100, 60, 150}} {
		r := rand.New(rand.NewPCG(5, 6))
		window := make([]ProbeInterval, 1000)
		for i := range window {
			at := &window[i]
			for range 1000 / c.run {
				if r.Float64() < 0.1 {
					at.Failed += uint64(c.run)
				}
			}
			at.Ended = 1000
		}
		var windows [][]ProbeInterval
		for k := range 10 { // the more batches, the better known
			windows = append(windows, window[k*100:(k+1)*100])
		}
		s := sampleOf(windows, func(at *ProbeInterval) (uint64, uint64) { return at.Ended, at.Failed })
		if s.n != 1e6 || s.batches != 100 || s.effect < c.low || s.effect > c.high {
			t.Errorf("runs of %d: %+v, want an effect of %v to %v", c.run, s, c.low, c.high)
		}
		if s.upper(0.05) < 0.1 || s.lower(0.05) > 0.1 {
			t.Errorf("runs of %d: bounds %v to %v, the truth is 0.1", c.run, s.lower(0.05), s.upper(0.05))
		}
	}
}

// steadyWindow is 100 intervals of 100 operations, some of them slow and some failed, spread
// evenly.
func steadyWindow(slow, failed uint64) *evidence {
	window := make([]ProbeInterval, 100)
	for i := range window {
		at := &window[i]
		at.Ended, at.Failed = 100, failed
		at.Response[op.Update].add(time.Millisecond, 100-slow-failed)
		at.Response[op.Update].add(9*time.Millisecond, slow)
	}
	var e evidence
	e.add(window)
	return &e
}

func TestJudgements(t *testing.T) {
	for _, c := range []struct {
		name         string
		slow, failed uint64
		percentile   string
		limit        time.Duration
		errors       float64
		latency      string
		failures     string
	}{
		{"well below", 0, 0, "p99", 5 * time.Millisecond, 0.01, results.Holds, results.Holds},
		{"far beyond", 5, 0, "p99", 5 * time.Millisecond, 0.01, results.Misses, results.Holds},
		{"at the limit", 1, 0, "p99", 5 * time.Millisecond, 0.01, results.Undecided, results.Holds},
		{"median", 40, 0, "p50", 5 * time.Millisecond, 0.01, results.Holds, results.Holds},
		{"limit above all", 50, 0, "p50", 10 * time.Millisecond, 0.01, results.Holds, results.Holds},
		{"a maximum", 1, 0, "max", 5 * time.Millisecond, 0.01, results.Misses, results.Holds},
		{"a maximum above", 1, 0, "max", 10 * time.Millisecond, 0.01, results.Holds, results.Holds},
		{"failures", 0, 5, "p99", 5 * time.Millisecond, 0.01, results.Holds, results.Misses},
		{"failures at the limit", 0, 1, "p99", 5 * time.Millisecond, 0.01, results.Holds, results.Undecided},
		{"failures, none stated", 0, 5, "p99", 5 * time.Millisecond, -1, results.Holds, results.Misses},
		{"no failure allowed", 0, 1, "p99", 5 * time.Millisecond, 0, results.Holds, results.Misses},
		{"no failure seen", 0, 0, "p99", 5 * time.Millisecond, 0, results.Holds, results.Holds},
		{"p99.9 of too few", 0, 0, "p99.99", 5 * time.Millisecond, 0.01, results.Undecided, results.Holds},
		{"all failed", 0, 100, "p99", 5 * time.Millisecond, 0.01, results.Undecided, results.Misses},
	} {
		o := limitOf(op.Update, c.percentile, c.limit)
		o.Errors = c.errors
		got := newAssessor(o, 0.95, 3).objectives(steadyWindow(c.slow, c.failed))
		if len(got) != 2 || got[0].Result != c.latency || got[1].Result != c.failures {
			t.Errorf("%s: %+v", c.name, got)
		}
		for _, j := range got {
			// What the docs promise: High at most Limit is holding, Low above it missing.
			want := results.Undecided
			if !j.Unbounded && j.High <= j.Limit {
				want = results.Holds
			} else if j.Samples > 0 && j.Low > j.Limit {
				want = results.Misses
			}
			if j.Result != want || j.Low > j.Seen || !j.Unbounded && j.High < j.Seen {
				t.Errorf("%s: %s between %v and %v, seen %v, limit %v, is called %s", c.name, j.Name, j.Low, j.High, j.Seen, j.Limit, j.Result)
			}
		}
	}
}

func TestGrowth(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	for _, c := range []struct {
		name    string
		backlog func(i int) float64
		growing bool
	}{
		{"level", func(int) float64 { return 50 + 10*r.NormFloat64() }, false},
		{"rises, then level", func(i int) float64 { return 500 * (1 - math.Exp(-float64(i)/5)) }, false},
		{"1 in 2,000 more", func(i int) float64 { return float64(i) * 0.05 }, false},
		{"a tenth more", func(i int) float64 { return float64(i) * 10 }, true},
		{"drains", func(i int) float64 { return 2000 - float64(i)*10 }, false},
		{"a pause in the middle", func(i int) float64 { return 1000 * math.Exp(-math.Pow(float64(i-100)/10, 2)) }, false},
	} {
		p := Probe{Intervals: make([]ProbeInterval, 200)}
		for i := range p.Intervals {
			p.Intervals[i].Offered = 100
			p.Intervals[i].Backlog = int64(c.backlog(i))
		}
		if share, growing := growth(&p); growing != c.growing {
			t.Errorf("%s: growing %v, by %v", c.name, growing, share)
		}
	}
}

// Throttling that sets in half-way through, once burst credits are used up, is not missed
// because what still succeeds is as fast as before.
func TestFailuresThatSetInAreNoSteadyState(t *testing.T) {
	p := Probe{Intervals: make([]ProbeInterval, 200)}
	for i := range p.Intervals {
		at := &p.Intervals[i]
		at.Ended = 100
		if i >= 120 {
			at.Failed = 20
		}
		at.Response[op.Read].add(time.Millisecond, at.Ended-at.Failed)
	}
	if _, s := steadyPart(&p); s.Steady {
		t.Errorf("%+v", s)
	}
	for i := range p.Intervals {
		p.Intervals[i].Failed = 20
	}
	if from, s := steadyPart(&p); !s.Steady || from != 0 {
		t.Errorf("failing throughout: from %d, %+v", from, s)
	}
}

// A step with all sessions busy says so: more of them may be all that it takes.
func TestBusySessionsAreNoted(t *testing.T) {
	p := Probe{Sessions: 8, Intervals: make([]ProbeInterval, 10)}
	for i := range p.Intervals {
		p.Intervals[i].InFlight = int64(8 - i%2)
	}
	if notes := p.describe(0, Steadiness{Steady: true}).Notes; len(notes) != 1 {
		t.Errorf("notes %q", notes)
	}
	p.Sessions = 9
	if notes := p.describe(0, Steadiness{Steady: true}).Notes; len(notes) != 0 {
		t.Errorf("notes %q", notes)
	}
}

func TestObjectivesAreInOrder(t *testing.T) {
	o := workload.Objectives{Latency: map[op.Kind]map[string]time.Duration{
		op.Update: {"p50": 1, "max": 4, "p99.9": 3, "p99": 2}, op.Read: {"p99": 1},
	}}
	var names string
	for _, l := range latencyObjectives(o) {
		names += l.name + ","
	}
	if want := "read p99,update p50,update p99,update p99.9,update max,"; names != want {
		t.Errorf("%s, want %s", names, want)
	}
}
