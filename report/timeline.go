package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"crossover/results"
	"crossover/workload/op"
)

// mostMoments bounds the points of a curve: the intervals of longer runs are taken together.
const mostMoments = 240

// A moment is a stretch of a run with its operation kinds summed.
type moment struct {
	at, length                      float64            // seconds
	offered, done, failed, attempts float64            // per second
	refused                         map[string]float64 // attempts refused per second, by reason
	limited                         bool               // generator-limited in part
}

// moments sums a run's intervals over operation kinds, in order of time.
func moments(r *results.Run) []moment {
	var out []moment
	for _, in := range slices.SortedStableFunc(slices.Values(r.Intervals()), byStart) {
		if n := len(out); n == 0 || out[n-1].at != in.Start {
			out = append(out, moment{at: in.Start, refused: map[string]float64{}})
		}
		out[len(out)-1].add(in)
	}
	out = slices.DeleteFunc(out, func(m moment) bool { return m.length <= 0 })
	if group := (len(out) + mostMoments - 1) / mostMoments; group > 1 {
		var fewer []moment
		for chunk := range slices.Chunk(out, group) {
			m := chunk[0]
			for _, next := range chunk[1:] {
				m.join(next)
			}
			fewer = append(fewer, m)
		}
		out = fewer
	}
	pauses := r.Pauses()
	for i := range out {
		m := &out[i]
		m.perSecond(m.length - results.Overlap(pauses, m.at, m.at+m.length))
	}
	return out
}

// round1 cuts a time in seconds to its first decimal.
func round1(v float64) float64 { return math.Round(v*10) / 10 }

func byStart(a, b results.Interval) int { return cmp.Compare(a.Start, b.Start) }

// add counts one interval of one kind.
func (m *moment) add(in results.Interval) {
	m.length = max(m.length, in.Length)
	m.limited = m.limited || in.Limited
	m.offered += float64(in.Offered)
	m.attempts += float64(in.Attempts)
	for class, n := range in.Done {
		if answered(class) {
			m.done += float64(n)
		} else {
			m.failed += float64(n)
		}
	}
	for reason, n := range in.Throttles {
		m.refused[reason] += float64(n)
	}
}

// answered reports whether a class is an answer of the database rather than a failure.
func answered(class string) bool {
	return class == op.OK.String() || class == op.NotFound.String() || class == op.ConditionFailed.String()
}

// join adds the moment that follows m.
func (m *moment) join(next moment) {
	m.length = next.at + next.length - m.at
	m.limited = m.limited || next.limited
	m.offered += next.offered
	m.done += next.done
	m.failed += next.failed
	m.attempts += next.attempts
	for reason, n := range next.refused {
		m.refused[reason] += n
	}
}

// perSecond makes rates of counts, over the time in which the run was not paused.
func (m *moment) perSecond(seconds float64) {
	if seconds < m.length/100 {
		seconds = m.length // hardly anything was sent, and that says no rate
	}
	for _, v := range []*float64{&m.offered, &m.done, &m.failed, &m.attempts} {
		*v /= seconds
	}
	for reason := range m.refused {
		m.refused[reason] /= seconds
	}
}

// timeline shows throughput and refusals by reason over time, a row of charts a target.
func timeline(d Doc) ([]section, error) {
	if len(d.Runs) == 0 {
		return nil, nil
	}
	s := section{ID: "timeline", Title: "Throughput and throttling over time"}
	all := make([][]moment, len(d.Runs))
	top := 1.0
	for i, r := range d.Runs {
		all[i] = moments(r)
		for _, m := range all[i] {
			top = max(top, m.offered, m.done, m.failed)
		}
	}
	for i, r := range d.Runs {
		s.Blocks = append(s.Blocks, heading(runTitle(r)))
		if len(all[i]) == 0 {
			s.Blocks = append(s.Blocks, say("No interval was recorded."))
			continue
		}
		row, err := timePictures(r, all[i], top)
		if err != nil {
			return nil, err
		}
		s.Blocks = append(s.Blocks, block{Pictures: row})
		s.Blocks = append(s.Blocks, timeNotes(all[i])...)
		s.Blocks = append(s.Blocks, pauseNotes(r)...)
		s.Blocks = append(s.Blocks, drills(r)...)
		s.Blocks = append(s.Blocks, block{Table: phaseTable(r)})
		if t := eventTable(r); t != nil {
			s.Blocks = append(s.Blocks, block{Fold: &fold{Summary: "Events: " + runTitle(r), Blocks: []block{{Table: t}}}})
		}
	}
	return []section{s}, nil
}

// timePictures draws a run's throughput, to the scale that all runs share, and its refusals.
func timePictures(r *results.Run, ms []moment, top float64) ([]picture, error) {
	p, err := throughputPlot(r, ms, top)
	if err != nil {
		return nil, err
	}
	row := []picture{*p}
	if p, err = refusalPlot(r, ms); err != nil {
		return nil, err
	}
	if p != nil {
		row = append(row, *p)
	}
	return row, nil
}

// timeNotes say what the charts can't show.
func timeNotes(ms []moment) []block {
	var out []block
	refused, limited := 0.0, 0
	for _, m := range ms {
		if m.limited {
			limited++
		}
		for _, v := range m.refused {
			refused += v
		}
	}
	if refused == 0 {
		out = append(out, say("No attempt was refused."))
	}
	if limited > 0 {
		out = append(out, warn(fmt.Sprintf("In %d of %d stretches of time the load generator, not the "+
			"database, may have set the figures.", limited, len(ms))))
	}
	return out
}

// A phaseSum is what a phase's intervals add up to.
type phaseSum struct {
	name              string
	recorded          bool
	from, to          float64
	offered, sent     uint64
	answered, failed  uint64
	dropped           uint64
	attempts, refused uint64
}

func phaseSums(r *results.Run) []*phaseSum {
	var out []*phaseSum
	byName := map[string]*phaseSum{}
	for _, in := range r.Intervals() {
		p := byName[in.Phase]
		if p == nil {
			p = &phaseSum{name: in.Phase, recorded: in.Recorded, from: in.Start}
			byName[in.Phase] = p
			out = append(out, p)
		}
		if in.Offered > 0 {
			p.to = max(p.to, in.Start+in.Length)
		}
		p.offered += in.Offered
		p.sent += in.Sent
		p.attempts += in.Attempts
		for class, n := range in.Done {
			switch {
			case answered(class):
				p.answered += n
			case class == op.Dropped.String():
				p.dropped += n
			default:
				p.failed += n
			}
		}
		for _, n := range in.Throttles {
			p.refused += n
		}
	}
	phaseTimes(r, out)
	return out
}

// phaseTimes takes the phases' exact starts from the events: an interval may belong to two.
func phaseTimes(r *results.Run, phases []*phaseSum) {
	next := 0
	for _, e := range r.Events() {
		if e.Name != "phase" || next >= len(phases) || e.Detail != phases[next].name {
			continue
		}
		phases[next].from = e.At
		if next > 0 {
			phases[next-1].to = e.At
		}
		next++
	}
}

// phaseTable is the chart's table: what each phase asked and got.
func phaseTable(r *results.Run) *tableBlock {
	t := &tableBlock{
		Caption: "By phase: " + runTitle(r),
		Head:    []string{"phase", "from–to", "offered", "offered per second", "answered", "failed", "dropped", "attempts", "refused"},
	}
	pauses := r.Pauses()
	for _, p := range phaseSums(r) {
		name := p.name
		if !p.recorded {
			name += " (left out of totals)"
		}
		rate := missing
		if seconds := p.to - p.from - results.Overlap(pauses, p.from, p.to); seconds > 0 {
			rate = quantity(float64(p.offered) / seconds)
		}
		t.Rows = append(t.Rows, []cell{
			plain(name), num(decimals(p.from, 1) + "–" + decimals(p.to, 1) + " s"),
			num(count(p.offered)), num(rate),
			num(count(p.answered)), num(count(p.failed)), num(count(p.dropped)), num(count(p.attempts)), num(count(p.refused)),
		})
	}
	return t
}

// mostEvents is how many events a report prints; the rest stay in events.jsonl.
const mostEvents = 60

func eventTable(r *results.Run) *tableBlock {
	events := r.Events()
	if len(events) == 0 {
		return nil
	}
	t := &tableBlock{Caption: "Events: " + runTitle(r), Head: []string{"at", "event", "detail"}}
	for i, e := range events {
		if i == mostEvents {
			t.Rows = append(t.Rows, []cell{
				plain(fmt.Sprintf("%d more", len(events)-i)), plain(""), plain("in " + results.EventsFile),
			})
			break
		}
		t.Rows = append(t.Rows, []cell{plain(fmt.Sprintf("%.1f s", e.At)), plain(e.Name), plain(e.Detail)})
	}
	return t
}
