package runner

import (
	"fmt"
	"sort"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"crossover/results"
	"crossover/workload/op"
)

// A Probe is what one offered rate was seen to do.
type Probe struct {
	Run       string        // where it is recorded; may be empty
	Length    time.Duration // planned length of the load
	Intervals []ProbeInterval
	Sessions  int // most operations in flight at once; 0: no limit, or not known
	// Generator says why the load generator may have set the figures, where it may have:
	// shown beside the verdict, which goes by the intervals' Limited.
	Generator []string
}

// A ProbeInterval is one interval of a probe. What ends after the load's planned length, while
// it drains, belongs to the last interval.
type ProbeInterval struct {
	Start, Length time.Duration // since the probe's start
	Offered       uint64        // operations due
	Ended         uint64        // operations that ended, failed and dropped ones included
	Failed        uint64        // of those: throttled, refused, timed out, failed, dropped
	Backlog       int64         // operations due and not ended at the interval's end
	InFlight      int64         // of those: sent
	Limited       bool          // the generator, not the database, may have set the figures
	Response      [op.KindCount]Times
}

// Times are response times counted: a histogram without its empty buckets. The zero value is
// empty.
type Times struct {
	values []time.Duration // ascending
	counts []uint64
	total  uint64
	sum    float64
}

// TimesOf returns what m recorded, to its buckets' resolution (0.1%).
func TimesOf(m *results.Merged) Times {
	var t Times
	for value, n := range m.Each() {
		t.add(value, uint64(n))
	}
	return t
}

func timesOfHistogram(h *hdrhistogram.Histogram) Times {
	var t Times
	for _, bar := range h.Distribution() {
		if bar.Count > 0 {
			t.add(time.Duration(bar.To), uint64(bar.Count))
		}
	}
	return t
}

// add appends a value larger than all before.
func (t *Times) add(value time.Duration, n uint64) {
	t.values = append(t.values, value)
	t.counts = append(t.counts, n)
	t.total += n
	t.sum += float64(value) * float64(n)
}

// Total returns how many times are counted.
func (t *Times) Total() uint64 { return t.total }

// above returns how many times exceed a limit.
func (t *Times) above(limit time.Duration) uint64 {
	var n uint64
	for i := len(t.values) - 1; i >= 0 && t.values[i] > limit; i-- {
		n += t.counts[i]
	}
	return n
}

// plus returns the sum of two.
func (t *Times) plus(other *Times) Times {
	sum := Times{
		values: make([]time.Duration, 0, len(t.values)+len(other.values)),
		counts: make([]uint64, 0, len(t.values)+len(other.values)),
	}
	i, j := 0, 0
	for i < len(t.values) || j < len(other.values) {
		switch {
		case j == len(other.values) || i < len(t.values) && t.values[i] < other.values[j]:
			sum.add(t.values[i], t.counts[i])
			i++
		case i == len(t.values) || other.values[j] < t.values[i]:
			sum.add(other.values[j], other.counts[j])
			j++
		default:
			sum.add(t.values[i], t.counts[i]+other.counts[j])
			i, j = i+1, j+1
		}
	}
	return sum
}

// mergedTimes returns the sum of a kind's times over intervals, by halves, so that each is
// copied a few times only.
func mergedTimes(intervals []ProbeInterval, kind op.Kind) Times {
	switch len(intervals) {
	case 0:
		return Times{}
	case 1:
		return intervals[0].Response[kind]
	}
	half := len(intervals) / 2
	left, right := mergedTimes(intervals[:half], kind), mergedTimes(intervals[half:], kind)
	return left.plus(&right)
}

// An evidence is what the steady parts of a step's probes show.
type evidence struct {
	windows [][]ProbeInterval
	times   [op.KindCount]Times // of all of them
}

func (e *evidence) add(window []ProbeInterval) {
	e.windows = append(e.windows, window)
	for kind := range e.times {
		more := mergedTimes(window, op.Kind(kind))
		e.times[kind] = e.times[kind].plus(&more)
	}
}

// quantile returns the value at quantile q, as results.Merged does: 0 when nothing is counted.
func (t *Times) quantile(q float64) time.Duration {
	if t.total == 0 {
		return 0
	}
	rank := min(max(uint64(q*float64(t.total)+0.5), 1), t.total)
	var seen uint64
	for i, n := range t.counts {
		if seen += n; seen >= rank {
			return t.values[i]
		}
	}
	return t.values[len(t.values)-1]
}

func (t *Times) percentiles() results.Percentiles {
	return results.Percentiles{
		Count: int64(t.total),
		P50:   int64(t.quantile(0.5)), P90: int64(t.quantile(0.9)), P99: int64(t.quantile(0.99)),
		P999: int64(t.quantile(0.999)), Max: int64(t.quantile(1)),
	}
}

// ProbeOf reads the evidence out of a run directory whose phases offer one rate throughout.
func ProbeOf(dir string) (Probe, error) {
	run, err := results.Open(dir)
	if err != nil {
		return Probe{}, err
	}
	p := Probe{Run: dir, Length: run.Manifest.Planned, Generator: run.Manifest.Health.Reasons}
	for _, line := range run.Intervals() {
		p.line(&line)
	}
	for l, err := range run.Latencies() {
		if err != nil {
			return Probe{}, err
		}
		kind, ok := op.ParseKind(l.Kind)
		if !ok || l.Measure != results.Response {
			continue
		}
		i := p.nearest(l.Start)
		if i < 0 {
			return Probe{}, fmt.Errorf("%s: response times at %v, but no interval", dir, l.Start)
		}
		times := timesOfHistogram(l.Histogram)
		p.Intervals[i].Response[kind] = p.Intervals[i].Response[kind].plus(&times)
	}
	p.foldDrain()
	return p, nil
}

// line adds one kind's and phase's line to its interval. Lines come in the order of time.
func (p *Probe) line(line *results.Interval) {
	start := time.Duration(line.Start * float64(time.Second))
	if n := len(p.Intervals); n == 0 || p.Intervals[n-1].Start != start {
		p.Intervals = append(p.Intervals, ProbeInterval{
			Start: start, Length: time.Duration(line.Length * float64(time.Second)),
		})
	}
	at := &p.Intervals[len(p.Intervals)-1]
	at.Offered += line.Offered
	for name, n := range line.Done {
		at.Ended += n
		if failedClass(name) {
			at.Failed += n
		}
	}
	at.Backlog += line.InFlight + line.Waiting
	at.InFlight += line.InFlight
	at.Limited = at.Limited || line.Limited
}

// failedClass reports whether operations of a class count as errors: see results.Totals.Errors.
func failedClass(name string) bool {
	switch name {
	case op.OK.String(), op.NotFound.String(), op.ConditionFailed.String():
		return false
	}
	return true
}

// nearest returns the interval that begins nearest to a time, which is known to the
// millisecond; -1 when there is none.
func (p *Probe) nearest(start time.Duration) int {
	n := sort.Search(len(p.Intervals), func(i int) bool { return p.Intervals[i].Start >= start })
	switch {
	case len(p.Intervals) == 0:
		return -1
	case n == len(p.Intervals):
		return n - 1
	case n > 0 && start-p.Intervals[n-1].Start < p.Intervals[n].Start-start:
		return n - 1
	}
	return n
}

// foldDrain moves what ended after the load's planned length into the last interval before it.
func (p *Probe) foldDrain() {
	last := len(p.Intervals) - 1
	for last > 0 && p.Intervals[last].Start >= p.Length {
		last--
	}
	if last < 0 {
		return
	}
	into := &p.Intervals[last]
	for i := last + 1; i < len(p.Intervals); i++ {
		from := &p.Intervals[i]
		into.Ended += from.Ended
		into.Failed += from.Failed
		into.Offered += from.Offered
		for kind := range into.Response {
			into.Response[kind] = into.Response[kind].plus(&from.Response[kind])
		}
	}
	p.Intervals = p.Intervals[:last+1]
}
