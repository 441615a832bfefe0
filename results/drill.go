package results

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// The rule by which an event of a scenario is seen in a run, and its end. All times are on
// the run's own clock, and no finer than its intervals.
//
// The baseline is the intervals that ended before the event began, DrillBaseline of them at
// most, and no further back than where the event before was over or the phase's start. An interval is disturbed when at least one of these holds:
//
//   - the share of its attempts that failed or were refused, and of its operations that were
//     dropped, exceeds the largest of the baseline's by more than DrillErrorMargin;
//   - the 99th percentile of its successes' response times exceeds both the largest of the
//     baseline's and DrillLatencyFactor times the baseline's median;
//   - the share of its operations that found no item exceeds the largest of the baseline's by
//     more than DrillMissingMargin: what was stored is lost;
//   - fewer operations ended than DrillStall times those offered.
//
// The event is detected by the first disturbed interval that ends after it, and before the
// next event begins; the time to detect runs to that interval's end, when it can be known. It
// is recovered at the start of the first DrillCalm intervals in a row that are not disturbed,
// be it only after the next event, which may be its cure.
const (
	DrillBaseline      = 30
	DrillBaselineLeast = 3     // intervals, without which nothing is judged
	DrillErrorMargin   = 0.001 // a tenth of a percentage point
	DrillMissingMargin = 0.01  // a percentage point
	DrillLatencyFactor = 1.5
	DrillStall         = 0.5
	DrillCalm          = 3
)

// DrillRule is the rule in a sentence, for reports.
const DrillRule = "An interval is disturbed when its share of failed attempts and drops exceeds the baseline's largest by " +
	"more than 0.1 percentage points, or its 99th percentile of response time exceeds both the baseline's largest and 1.5 times " +
	"its median, or its share of operations that found nothing the baseline's by more than a point, or fewer than half of the operations offered ended. The baseline is the up to 30 intervals before the event, " +
	"back to where the event before it was over or to the phase's start; without 3 of them nothing is judged. Detected: the end of the first disturbed " +
	"interval. Recovered: the start of the first 3 intervals in a row that are not disturbed."

// An EventResult is what became of one of the scenario's events. Times are seconds since the
// run's start, or lengths in seconds. Detection and recovery are by the rule above.
type EventResult struct {
	Name    string  `json:"name"`    // kill_node, set_capacity, …; command
	Detail  string  `json:"detail"`  // in words, with its parameters
	Target  string  `json:"target"`  // the target's name in the scenario
	Planned float64 `json:"planned"` // when the scenario wanted it
	Began   float64 `json:"began"`   // when it was begun; -1 when the run ended before
	Took    float64 `json:"took"`    // how long it took until the target, or the command, had done it
	Outcome string  `json:"outcome"` // done, not done, or failed: why
	// ExitCode is the command's; -1 when it was killed, at the run's end at the latest. Nil for
	// other events.
	ExitCode *int    `json:"exit_code,omitempty"`
	Undone   float64 `json:"undone,omitempty"`       // when its effect was taken back; 0: it was not
	UndoFail string  `json:"undo_failure,omitempty"` // why it could not be

	Baseline     int     `json:"baseline"`       // intervals that it was compared with
	ErrorLimit   float64 `json:"error_limit"`    // share above which an interval is disturbed
	P99LimitNs   int64   `json:"p99_limit_ns"`   // response time above which it is; 0 without successes before
	Resolution   float64 `json:"resolution"`     // length of an interval, finer than which nothing is known
	Detected     bool    `json:"detected"`       // some interval was disturbed
	DetectAfter  float64 `json:"detect_after"`   // from Began to the end of the first disturbed interval
	Recovered    bool    `json:"recovered"`      // it was over before the next event or the run's end
	RecoverAfter float64 `json:"recover_after"`  // from Began to the start of the first calm intervals
	WorstErrors  float64 `json:"worst_errors"`   // largest share of failed attempts and drops in between
	WorstMissing float64 `json:"worst_missing"`  // largest share of operations that found nothing in between
	WorstP99Ns   int64   `json:"worst_p99_ns"`   // largest 99th percentile in between
	Note         string  `json:"note,omitempty"` // why nothing was judged, or what limits it
}

// A Moment is one interval of a run, all kinds of operations together, as the rule sees it.
type Moment struct {
	Start, Length float64 // seconds
	Phase         string
	Offered, Done uint64 // operations due, and ended, dropped ones included
	Attempts      uint64
	Bad           uint64 // attempts that failed or were refused, and operations dropped
	Missing       uint64 // operations that found no item
	P99           int64  // of successes' response times, ns; 0 when there was none
}

func (m *Moment) end() float64 { return m.Start + m.Length }

// errors is the share of attempts and drops that went wrong.
func (m *Moment) errors() float64 { return float64(m.Bad) / float64(max(m.Attempts, m.Bad, 1)) }

// missing is the share of operations that found nothing.
func (m *Moment) missing() float64 { return float64(m.Missing) / float64(max(m.Done, 1)) }

// JudgeEvents fills in what moments tell of each event, by the rule above. moments are in the
// order of time and begin at the run's start; events are in the order of Began. One that did
// not happen (Began < 0, or an Outcome other than done) is not judged.
func JudgeEvents(events []EventResult, moments []Moment, interval time.Duration) {
	moments = slices.DeleteFunc(slices.Clone(moments), func(m Moment) bool { return m.Length < interval.Seconds()/2 })
	for i := range events {
		e := &events[i]
		e.Resolution = interval.Seconds()
		if e.Outcome != EventDone || e.Began < 0 {
			continue
		}
		from, until := 0.0, math.Inf(1)
		for j := range events {
			switch o := &events[j]; {
			case j == i || o.Began < 0:
			case o.Began > e.Began:
				until = min(until, o.Began)
			default:
				from = max(from, o.Began, o.Undone)
				if o.Recovered {
					from = max(from, o.Began+o.RecoverAfter)
				} else if o.Detected {
					from = math.Inf(1) // nothing calm to compare with
				}
			}
		}
		e.judge(moments, from, until)
	}
}

// EventDone is the Outcome of an event that was done.
const EventDone = "done"

// judge compares what came after the event with what was before it.
func (e *EventResult) judge(moments []Moment, from, until float64) {
	first := 0 // the first moment that the event may be seen in
	for first < len(moments) && moments[first].end() <= e.Began {
		first++
	}
	base := moments[:first]
	if n := len(base); n > 0 {
		phase := base[n-1].Phase
		at := n
		for at > 0 && n-at < DrillBaseline && base[at-1].Phase == phase && base[at-1].Start >= from {
			at--
		}
		base = base[at:]
	}
	e.Baseline = len(base)
	if len(base) < DrillBaselineLeast {
		e.Note = fmt.Sprintf("%d calm intervals before it, too few to compare with", len(base))
		return
	}
	limits := limitsOf(base)
	e.ErrorLimit, e.P99LimitNs = limits.errors, limits.p99
	calm, seen := 0, -1
	for i := first; i < len(moments); i++ {
		m := &moments[i]
		if m.Start >= until && seen < 0 {
			return
		}
		if limits.disturbed(m) {
			if seen < 0 {
				seen, e.Detected, e.DetectAfter = i, true, m.end()-e.Began
			}
			calm = 0
		} else {
			calm++
		}
		if seen < 0 {
			continue
		}
		e.WorstErrors, e.WorstP99Ns = max(e.WorstErrors, m.errors()), max(e.WorstP99Ns, m.P99)
		e.WorstMissing = max(e.WorstMissing, m.missing())
		if calm == DrillCalm {
			start := moments[i-DrillCalm+1].Start
			e.Recovered, e.RecoverAfter = true, max(0, start-e.Began)
			if start >= until {
				e.Note = "over only after the next event had begun"
			}
			return
		}
	}
	if e.Detected {
		e.Note = "not over before the run's end"
	}
}

type drillLimits struct {
	errors, missing float64
	p99             int64
}

func limitsOf(base []Moment) drillLimits {
	var l drillLimits
	var p99 []int64
	for i := range base {
		l.errors = max(l.errors, base[i].errors())
		l.missing = max(l.missing, base[i].missing())
		if base[i].P99 > 0 {
			p99 = append(p99, base[i].P99)
		}
	}
	l.errors += DrillErrorMargin
	l.missing += DrillMissingMargin
	if len(p99) > 0 {
		slices.Sort(p99)
		l.p99 = max(p99[len(p99)-1], int64(DrillLatencyFactor*float64(p99[len(p99)/2])))
	}
	return l
}

func (l *drillLimits) disturbed(m *Moment) bool {
	return m.errors() > l.errors || m.missing() > l.missing ||
		l.p99 > 0 && m.P99 > l.p99 ||
		float64(m.Done) < DrillStall*float64(m.Offered)
}
