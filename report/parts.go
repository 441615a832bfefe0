package report

import (
	"fmt"
	"strings"
	"time"

	"gonum.org/v1/plot"

	"crossover/results"
)

// pauseStyle is the line style of where a pause begins and ends.
const pauseStyle = 3

// markPauses draws where a run's pauses begin and end; between its parts there is one too.
func markPauses(p *plot.Plot, pic *picture, r *results.Run, top float64) error {
	pauses := r.Pauses()
	for _, pause := range pauses[:min(len(pauses), mostMarks/2)] {
		for _, x := range []float64{pause.From, pause.To} {
			if err := mark(p, x, 0, top*1.05, pauseStyle); err != nil {
				return err
			}
		}
	}
	if len(pauses) > 0 {
		pic.Keys = append(pic.Keys, lineKey(pauseStyle, "a pause begins or ends"))
	}
	return nil
}

// pauseNotes say what a pause means for the chart; nothing where there was none.
func pauseNotes(r *results.Run) []block {
	if len(r.Pauses()) == 0 {
		return nil
	}
	return []block{say("The run was paused: " + pausedWords(r) + ". Nothing fell due meanwhile, and rates are per " +
		"second of the time in which the run was not paused.")}
}

// pausedWords lists a run's pauses, those between its parts apart, which last for no time of the
// run's.
func pausedWords(r *results.Run) string {
	var parts []string
	for i, p := range r.Pauses() {
		if i == mostMarks {
			parts = append(parts, "and more, in "+results.ManifestFile)
			break
		}
		parts = append(parts, decimals(p.From, 1)+"–"+decimals(p.To, 1)+" s")
	}
	return strings.Join(parts, ", ")
}

// partWords says where a run was cut and joined.
func partWords(r *results.Run) string {
	var out []string
	for i, p := range r.Manifest.Parts {
		text := fmt.Sprintf("%d: %s at %s, from %s s with operation %s; %s", i+1, p.How,
			p.Began.UTC().Format("2006-01-02 15:04:05 UTC"), decimals(p.From, 1), count(p.FirstOp), statusOf(p))
		if p.Unsure != "" {
			text += " (" + p.Unsure + ")"
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

func statusOf(p results.Part) string {
	if p.Status == results.Running {
		return "cut off"
	}
	return string(p.Status)
}

// adaptedWords says how a run departs from its scenario's text.
func adaptedWords(m results.Manifest) string {
	a := m.Adapted
	if a == nil {
		return ""
	}
	var out []string
	if a.For > 0 {
		out = append(out, "phases scaled to "+lasting(a.For)+" in all")
	}
	if a.Items > 0 {
		out = append(out, count(a.Items)+" items at most")
	}
	for _, x := range a.Extended {
		out = append(out, "extended by "+extensionWords(x.For, x.Ops))
	}
	return strings.Join(out, ", ")
}

func extensionWords(d time.Duration, ops uint64) string {
	if ops > 0 {
		return count(ops) + " operations"
	}
	return lasting(d)
}
