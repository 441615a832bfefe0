package runner

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// How the backlog of a probe is judged: it grows when its means over GrowthStretches equal
// stretches each exceed the one before, and its growth from the first to the last exceeds
// both GrowthShareLimit of what was offered between their middles and what chance would do to
// a queue at the very edge of its capacity (three standard deviations of a walk of one step up
// an arrival and one step down a completion).
const (
	GrowthStretches  = 5
	GrowthShareLimit = 0.01
	growthDeviations = 3
)

// sessionsBusyShare is the share of intervals that end with every session busy from which a
// probe carries a note of it.
const sessionsBusyShare = 0.5

// An objective is one latency limit: the share q of a kind's response times is to be at most
// limit.
type objective struct {
	kind  op.Kind
	name  string
	q     float64
	limit time.Duration
}

// latencyObjectives returns an objectives section's latency limits, by kind and percentile.
func latencyObjectives(o workload.Objectives) []objective {
	var out []objective
	for kind := op.Kind(0); kind < op.KindCount; kind++ {
		first := len(out)
		for name, limit := range o.Latency[kind] {
			if q, ok := results.Quantile(name); ok {
				out = append(out, objective{kind, kind.String() + " " + name, q, limit})
			}
		}
		slices.SortFunc(out[first:], func(a, b objective) int { return int(math.Copysign(1, a.q-b.q)) })
	}
	return out
}

// An assessor holds evidence against objectives at stated probabilities of a wrong verdict.
type assessor struct {
	latency   []objective
	errors    float64 // largest share that may fail
	holdAlpha float64 // largest probability of calling an objective held that is not
	missAlpha float64 // largest probability of calling an objective missed that is not
}

// newAssessor divides the probability of a wrong verdict that confidence allows a step over its
// looks and, where one missed objective among several fails the step, over the objectives
// (Bonferroni). That all hold needs no such division: a step that does not hold is called
// holding only if the objective that it misses is.
func newAssessor(o workload.Objectives, confidence float64, looks int) *assessor {
	j := &assessor{latency: latencyObjectives(o), errors: o.Errors}
	if j.errors < 0 {
		j.errors = DefaultSearchErrors
	}
	j.holdAlpha = (1 - confidence) / float64(looks)
	j.missAlpha = j.holdAlpha / float64(len(j.latency)+1)
	return j
}

// objectives judges every objective.
func (j *assessor) objectives(e *evidence) []results.Judgement {
	var out []results.Judgement
	for _, o := range j.latency {
		out = append(out, j.percentile(o, e))
	}
	return append(out, j.failures(e))
}

// percentile judges one latency limit. That a quantile is at most the limit is the same as
// that at most 1 - q of the response times exceed it, so that the share of those which do is
// what is bounded.
func (j *assessor) percentile(o objective, e *evidence) results.Judgement {
	all := &e.times[o.kind]
	out := results.Judgement{
		Name: o.name, Unit: "ns", Limit: float64(o.limit), Samples: all.total, Beyond: all.above(o.limit),
		Seen: float64(all.quantile(o.q)), Result: results.Undecided,
	}
	if all.total == 0 {
		out.Unbounded = true
		return out
	}
	if o.q >= 1 { // a maximum: it is as seen, and no confidence belongs to it
		out.Low, out.High, out.Effective = out.Seen, out.Seen, float64(all.total)
		out.Result = results.Holds
		if out.Beyond > 0 {
			out.Result = results.Misses
		}
		return out
	}
	exceeding := func(limit time.Duration) sample {
		return sampleOf(e.windows, func(at *ProbeInterval) (n, x uint64) {
			t := &at.Response[o.kind]
			return t.total, t.above(limit)
		})
	}
	// Bursts show in whichever of the two shares is not next to nothing.
	s := exceeding(o.limit)
	at := exceeding(all.quantile(o.q))
	s.effect, s.skew = max(s.effect, at.effect), max(s.skew, at.skew)
	out.Effective = s.effective()
	allowed := 1 - o.q
	upper := func(x uint64) bool { return s.with(x).upper(j.holdAlpha) <= allowed }
	lower := func(x uint64) bool { return s.with(x).lower(j.missAlpha) <= allowed }
	low, _ := all.first(lower)
	high, bounded := all.first(upper)
	out.Low, out.High, out.Unbounded = float64(low), float64(high), !bounded
	switch {
	case upper(out.Beyond):
		out.Result = results.Holds
	case !lower(out.Beyond):
		out.Result = results.Misses
	}
	return out
}

// first returns the smallest value for which the number of values above it satisfies ok,
// which must hold for all larger values too.
func (t *Times) first(ok func(above uint64) bool) (time.Duration, bool) {
	above := make([]uint64, len(t.counts))
	rest := t.total
	for i, n := range t.counts {
		rest -= n
		above[i] = rest
	}
	i := sort.Search(len(above), func(i int) bool { return ok(above[i]) })
	if i == len(above) {
		return 0, false
	}
	return t.values[i], true
}

// failures judges the share of operations that failed.
func (j *assessor) failures(e *evidence) results.Judgement {
	s := sampleOf(e.windows, func(at *ProbeInterval) (n, x uint64) { return at.Ended, at.Failed })
	out := results.Judgement{
		Name: "errors", Unit: "share", Limit: j.errors, Samples: uint64(s.n), Beyond: uint64(s.x),
		Result: results.Undecided,
	}
	if s.n == 0 {
		out.Unbounded = true
		return out
	}
	out.Seen, out.Effective = s.x/s.n, s.effective()
	if j.errors == 0 { // no number of samples shows that nothing ever fails: it is as seen
		out.Low, out.High, out.Result = out.Seen, out.Seen, results.Holds
		if s.x > 0 {
			out.Result = results.Misses
		}
		return out
	}
	out.Low, out.High = s.lower(j.missAlpha), s.upper(j.holdAlpha)
	switch {
	case out.High <= out.Limit:
		out.Result = results.Holds
	case out.Low > out.Limit:
		out.Result = results.Misses
	}
	return out
}

// verdictOfAll returns a step's verdict: it holds when every objective does, and misses when
// any does.
func verdictOfAll(judgements []results.Judgement) string {
	verdict := results.Holds
	for _, j := range judgements {
		if j.Result == results.Misses {
			return results.Misses
		}
		if j.Result == results.Undecided {
			verdict = results.Undecided
		}
	}
	return verdict
}

// steadyPart finds where a probe is steady: its response times' means by interval, and the
// share of operations that fail where any do. Intervals without an operation do not count.
func steadyPart(p *Probe) (from int, s Steadiness) {
	var answered, ended []int // intervals
	var means, shares []float64
	failed := false
	for i := range p.Intervals {
		at := &p.Intervals[i]
		var n uint64
		sum := 0.0
		for kind := range at.Response {
			n += at.Response[kind].total
			sum += at.Response[kind].sum
		}
		if n > 0 {
			answered, means = append(answered, i), append(means, sum/float64(n))
		}
		if at.Ended > 0 {
			ended, shares = append(ended, i), append(shares, float64(at.Failed)/float64(at.Ended))
		}
		failed = failed || at.Failed > 0
	}
	if !failed || len(means) >= MinSteadyValues {
		if s = FindSteady(means); !s.Steady {
			return 0, s
		}
		from = answered[s.From]
	}
	if failed {
		if s = FindSteady(shares); !s.Steady {
			s.Reason = "failures: " + s.Reason
			return 0, s
		}
		from = max(from, ended[s.From])
	}
	return from, s
}

// growth returns how the number of operations due and not ended grew, as a share of those
// offered, and whether by more than chance.
func growth(p *Probe) (share float64, growing bool) {
	if len(p.Intervals) < 2*GrowthStretches {
		return 0, false
	}
	var means [GrowthStretches]float64
	offered, growing := 0.0, true
	for k := range means {
		part := stretch(p.Intervals, k, GrowthStretches)
		for i := range part {
			means[k] += float64(part[i].Backlog) / float64(len(part))
			offered += float64(part[i].Offered)
		}
		growing = growing && (k == 0 || means[k] > means[k-1])
	}
	offered *= float64(GrowthStretches-1) / GrowthStretches // between the middles
	if offered == 0 {
		return 0, false
	}
	grown := means[GrowthStretches-1] - means[0]
	growing = growing && grown > GrowthShareLimit*offered && grown > growthDeviations*math.Sqrt(2*offered)
	return grown / offered, growing
}

// stretch returns the k-th of n nearly equal, contiguous parts.
func stretch(intervals []ProbeInterval, k, n int) []ProbeInterval {
	return intervals[k*len(intervals)/n : (k+1)*len(intervals)/n]
}

// limited reports whether the generator was the limit of a probe, by the share of intervals
// that are marked.
func (p *Probe) limited() bool {
	n := 0
	for i := range p.Intervals {
		if p.Intervals[i].Limited {
			n++
		}
	}
	return float64(n) > LimitedShareLimit*float64(len(p.Intervals))
}

// describe returns what a reader wants to know of one probe.
func (p *Probe) describe(from int, s Steadiness) results.SearchProbe {
	out := results.SearchProbe{
		Run: p.Run, Seconds: p.Length.Seconds(), Intervals: len(p.Intervals),
		Steady: s.Steady, Limited: p.limited(),
	}
	out.Growth, out.Growing = growth(p)
	if s.Steady {
		out.WarmUp = p.Intervals[from].Start.Seconds()
	} else {
		out.Notes = append(out.Notes, s.Reason)
	}
	busy := 0
	for i := range p.Intervals {
		if p.Sessions > 0 && p.Intervals[i].InFlight >= int64(p.Sessions) {
			busy++
		}
	}
	if busy > 0 && float64(busy) >= sessionsBusyShare*float64(len(p.Intervals)) {
		out.Notes = append(out.Notes, fmt.Sprintf(
			"all %d sessions were busy at the end of %d of %d intervals: more sessions may reach a higher rate",
			p.Sessions, busy, len(p.Intervals)))
	}
	if out.Limited {
		out.Notes = append(out.Notes, p.Generator...)
	}
	return out
}
