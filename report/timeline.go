package report

import (
	"fmt"
	"slices"

	"crossover/results"
)

// A moment is one interval of a run with its kinds summed.
type moment struct {
	at, length                            float64
	offered, ok, failed, dropped, refused float64 // per second
}

// moments sums a run's intervals over operation kinds, in order of time.
func moments(r *results.Run) []moment {
	byStart := map[float64]*moment{}
	var starts []float64
	for _, in := range r.Intervals() {
		m := byStart[in.Start]
		if m == nil {
			m = &moment{at: in.Start}
			byStart[in.Start] = m
			starts = append(starts, in.Start)
		}
		m.length = max(m.length, in.Length)
		m.offered += float64(in.Offered)
		for class, n := range in.Done {
			switch class {
			case "ok", "not_found", "condition_failed":
				m.ok += float64(n)
			case "dropped":
				m.dropped += float64(n)
			default:
				m.failed += float64(n)
			}
		}
		for _, n := range in.Throttles {
			m.refused += float64(n)
		}
	}
	slices.Sort(starts)
	out := make([]moment, 0, len(starts))
	for _, s := range starts {
		m := *byStart[s]
		if m.length <= 0 {
			continue
		}
		for _, v := range []*float64{&m.offered, &m.ok, &m.failed, &m.dropped, &m.refused} {
			*v /= m.length
		}
		out = append(out, m)
	}
	return out
}

// timeline shows throughput and throttles over time, a chart a target.
func timeline(d Doc) ([]section, error) {
	if len(d.Runs) == 0 {
		return nil, nil
	}
	s := section{ID: "timeline", Title: "Throughput and throttles over time"}
	for _, r := range d.Runs {
		ms := moments(r)
		if len(ms) == 0 {
			s.Blocks = append(s.Blocks, say(runTitle(r)+": no interval was recorded."))
			continue
		}
		p, err := throughputPlot(r, ms)
		if err != nil {
			return nil, err
		}
		s.Blocks = append(s.Blocks, block{Picture: p})
		if t := eventTable(r); t != nil {
			s.Blocks = append(s.Blocks, block{Fold: &fold{Summary: "Events: " + runTitle(r), Blocks: []block{{Table: t}}}})
		}
	}
	return []section{s}, nil
}

// mostEvents is how many events a report prints; the rest stay in events.jsonl.
const mostEvents = 60

func eventTable(r *results.Run) *tableBlock {
	events := r.Events()
	if len(events) == 0 {
		return nil
	}
	t := &tableBlock{Caption: "Events", Head: []string{"at", "event", "detail"}}
	for i, e := range events {
		if i == mostEvents {
			t.Rows = append(t.Rows, []cell{plain(""), plain(fmt.Sprintf("%d more", len(events)-i)), plain("in " + results.EventsFile)})
			break
		}
		t.Rows = append(t.Rows, []cell{num(fmt.Sprintf("%.1f s", e.At)), plain(e.Name), plain(e.Detail)})
	}
	return t
}
