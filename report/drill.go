package report

import (
	"slices"

	"gonum.org/v1/plot"

	"crossover/results"
)

const (
	mostMarks  = 20 // how many events are marked; more would hide the curves
	eventStyle = 4  // the line style of their marks
)

// markEvents draws where the scenario's events began, and where they were undone.
func markEvents(p *plot.Plot, pic *picture, r *results.Run, top float64) error {
	var at []float64
	for _, e := range r.Manifest.Events {
		if e.Began >= 0 {
			at = append(at, e.Began)
		}
		if e.Undone > 0 {
			at = append(at, e.Undone)
		}
	}
	if err := markPauses(p, pic, r, top); err != nil {
		return err
	}
	slices.Sort(at)
	for _, x := range at[:min(len(at), mostMarks)] {
		if err := mark(p, x, 0, top*1.05, eventStyle); err != nil {
			return err
		}
	}
	if len(at) > 0 {
		pic.Keys = append(pic.Keys, lineKey(eventStyle, "an event begins or is undone"))
	}
	return nil
}

// drills tells what the scenario did to a run's target, and what came of it; nothing when the
// scenario has no events for it.
func drills(r *results.Run) []block {
	events := r.Manifest.Events
	if len(events) == 0 {
		return nil
	}
	t := &tableBlock{
		Caption: "What happened, and how long it took to recover: " + runTitle(r),
		Head: []string{
			"at", "event", "outcome", "noticed after", "over after", "worst share of failed attempts", "worst p99", "note",
		},
	}
	for _, e := range events {
		t.Rows = append(t.Rows, drillRow(r, e))
	}
	return []block{
		{Table: t},
		{Fold: &fold{Summary: "How it is judged", Blocks: []block{say(results.DrillRule)}}},
	}
}

func drillRow(r *results.Run, e results.EventResult) []cell {
	at := e.Planned
	if e.Began >= 0 {
		at = e.Began
	}
	row := []cell{num(decimals(at, 1) + " s"), plain(e.Detail), plain(outcomeOf(e))}
	after := func(known bool, seconds float64, none string) cell {
		if !known {
			return num(none)
		}
		return seen(r, decimals(seconds, 1)+" s")
	}
	switch {
	case e.Outcome != results.EventDone || e.Baseline < results.DrillBaselineLeast:
		row = append(row, num(missing), num(missing), num(missing), num(missing))
	case !e.Detected:
		row = append(row, num("not noticed"), num(missing), num(missing), num(missing))
	default:
		worst := num(missing)
		if e.WorstP99Ns > 0 {
			worst = seen(r, nanos(e.WorstP99Ns))
		}
		row = append(row, after(true, e.DetectAfter, ""), after(e.Recovered, e.RecoverAfter, "not over"),
			seen(r, percent(e.WorstErrors)), worst)
	}
	return append(row, plain(drillNote(e)))
}

// outcomeOf says whether an event was done, and whether it was undone.
func outcomeOf(e results.EventResult) string {
	text := e.Outcome
	switch {
	case e.UndoFail != "":
		text += ", not undone: " + e.UndoFail
	case e.Undone > 0:
		text += ", undone at " + decimals(e.Undone, 1) + " s"
	}
	return text
}

// drillNote says what limits the figures of a row.
func drillNote(e results.EventResult) string {
	text := e.Note
	if e.WorstMissing > 0 && e.Detected {
		if text != "" {
			text += "; "
		}
		text += "up to " + percent(e.WorstMissing) + " of operations found nothing"
	}
	if e.Detected && text == "" {
		text = "to " + decimals(e.Resolution, 1) + " s, an interval"
	}
	return text
}
