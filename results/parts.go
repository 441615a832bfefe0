package results

import (
	"fmt"
	"slices"
	"time"
)

// A Pause is a stretch of a run in which nothing fell due: the schedule waited with it, so that
// it makes no operation late. Between the last operation of a part and the next part's first
// there is one too. Times are seconds since the run's start.
type Pause struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// A Stop is where the sending of operations ended.
type Stop struct {
	NextOp uint64  `json:"next_op"` // the first operation of the stream that was not offered
	At     float64 `json:"t"`       // seconds since the run's start
}

// A Part is what one process ran of a run that was continued. The run's own time goes on from
// part to part without a gap, however long the parts lie apart on the wall clock: a part begins
// where the last interval of the one before ended. In flight and waiting begin at 0 in each part.
type Part struct {
	How     string    `json:"how"` // begun; resumed; extended by 10m0s, by 500 operations
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended,omitzero"`
	From    float64   `json:"from"` // seconds since the run's start
	To      float64   `json:"to,omitempty"`
	FirstOp uint64    `json:"first_op"`
	NextOp  uint64    `json:"next_op,omitempty"` // where the next part goes on
	Status  Status    `json:"status"`
	Reason  string    `json:"reason,omitempty"`
	Tool    string    `json:"tool"`
	Dataset string    `json:"dataset"` // how its data set came about
	// StreamDigest is of the scenario with what extended it until then.
	StreamDigest string `json:"stream_digest"`
	Health       Health `json:"health"`
	// Unsure says what is not known of a part that was cut off rather than ended.
	Unsure string `json:"unsure,omitempty"`
}

// Overlap returns how many seconds of [start, end] the pauses cover.
func Overlap(pauses []Pause, start, end float64) float64 {
	sum := 0.0
	for _, p := range pauses {
		sum += max(0, min(p.To, end)-max(p.From, start))
	}
	return sum
}

// End returns the end of the last interval, in seconds since the run's start; 0 when there is
// none.
func (r *Run) End() float64 {
	end := 0.0
	for i := range r.intervals {
		end = max(end, r.intervals[i].Start+r.intervals[i].Length)
	}
	return end
}

// Pauses returns the run's pauses: the manifest's where the run's writer wrote them, and those
// that the events tell of since. One that was not over when the run was cut off ends with it.
func (r *Run) Pauses() []Pause {
	out := slices.Clone(r.Manifest.Pauses)
	if !r.CutOff() {
		return out
	}
	from, open := r.lastPart().From, false
	for _, e := range r.events {
		switch {
		case e.At < from:
		case e.Name == PausedEvent && !open:
			out, open = append(out, Pause{From: e.At, To: e.At}), true
		case e.Name == ResumedEvent && open:
			out[len(out)-1].To, open = e.At, false
		}
	}
	if open {
		last := &out[len(out)-1]
		last.To = max(last.To, r.End())
	}
	return out
}

// The names of the events that a run writes of itself.
const (
	PausedEvent    = "paused"
	ResumedEvent   = "resumed"
	ContinuedEvent = "continued" // after a run was interrupted, cut off or complete
)

// Stopped returns where the sending of operations ended: the manifest's word or, where the run
// was cut off, what its intervals say. Of a run that was cut off, operations may have been sent
// after its last interval; they are in no sum.
func (r *Run) Stopped() Stop {
	if r.Manifest.Stopped != nil {
		return *r.Manifest.Stopped
	}
	from := r.lastPart()
	s := Stop{NextOp: from.FirstOp, At: max(r.End(), from.From)}
	for i := range r.intervals {
		if r.intervals[i].Start >= from.From {
			s.NextOp += r.intervals[i].Offered
		}
	}
	return s
}

// lastPart returns the last of a run's parts; the zero Part of one run in one go.
func (r *Run) lastPart() Part {
	if n := len(r.Manifest.Parts); n > 0 {
		return r.Manifest.Parts[n-1]
	}
	return Part{}
}

// SumParts returns the sums over the recorded ones among lines, as SumIntervals does, of a run
// of several parts: what was in flight or waiting at a part's end stays so.
func SumParts(lines []Interval, parts []Part) Totals {
	if len(parts) < 2 {
		return SumIntervals(lines)
	}
	sum := NewTotals()
	for i, p := range parts {
		var own []Interval
		for _, line := range lines {
			if line.Start >= p.From && (i+1 == len(parts) || line.Start < parts[i+1].From) {
				own = append(own, line)
			}
		}
		sum.Add(SumIntervals(own))
	}
	return sum
}

// Add adds another's sums.
func (t *Totals) Add(o Totals) {
	t.Offered += o.Offered
	t.Sent += o.Sent
	addTo(t.ByClass, o.ByClass)
	t.Attempts += o.Attempts
	addTo(t.Throttles, o.Throttles)
	addTo(t.Failures, o.Failures)
	t.InFlight += o.InFlight
	t.Waiting += o.Waiting
	t.Overflow += o.Overflow
	t.ReadUnits += o.ReadUnits
	t.WriteUnits += o.WriteUnits
	t.IndexReads += o.IndexReads
	t.IndexWrites += o.IndexWrites
	t.BytesOut += o.BytesOut
	t.BytesIn += o.BytesIn
	t.Verified += o.Verified
	t.Stale += o.Stale
	t.Corrupt += o.Corrupt
}

// joins says of a run in parts where it was cut and joined.
func (r *Run) joins() []string {
	var out []string
	for i, p := range r.Manifest.Parts {
		if i == 0 {
			continue
		}
		before := r.Manifest.Parts[i-1]
		text := fmt.Sprintf("%s at %.1f s with operation %d, on %s, after its part %d was %s", p.How, p.From, p.FirstOp,
			p.Began.UTC().Format("2006-01-02 15:04:05 UTC"), i, cutWords(before))
		if before.Unsure != "" {
			text += ": " + before.Unsure
		}
		out = append(out, text)
	}
	return out
}

// cutWords says how a part ended.
func cutWords(p Part) string {
	if p.Status == Running {
		return "cut off"
	}
	return string(p.Status)
}
