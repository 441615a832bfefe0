package runner

import (
	"fmt"

	"crossover/results"
	"crossover/workload/op"
)

// A stepper gathers the probes of one rate until they allow a verdict.
type stepper struct {
	assessor *assessor
	rate     float64
	evidence evidence // of the steady parts; or of the whole probe that decided without one
	last     *Probe   // what is shown, unjudged, where there is no evidence
	probes   []results.SearchProbe
	verdict  string // "" while open
	reasons  []string
}

func newStepper(a *assessor, rate float64) *stepper { return &stepper{assessor: a, rate: rate} }

// look takes a probe into account, and reports whether it was generator-limited: then it
// counts for nothing.
func (st *stepper) look(p *Probe) (limited bool) {
	from, steady := steadyPart(p)
	about := p.describe(from, steady)
	st.probes, st.last = append(st.probes, about), p
	switch {
	case about.Limited:
		return true
	case about.Growing:
		// There is no steady state to cut to: what is shown is the whole probe.
		st.evidence.add(p.Intervals)
		st.verdict = results.Misses
		st.reasons = append(st.reasons, fmt.Sprintf(
			"the queue grows: of each operation offered, %.3g stay unanswered", about.Growth))
	case steady.Steady:
		st.evidence.add(p.Intervals[from:])
		if v := verdictOfAll(st.assessor.objectives(&st.evidence)); v != results.Undecided {
			st.verdict = v
		}
	}
	return false
}

// result returns the step as known so far; last says that no probe will follow.
func (st *stepper) result(last bool) results.SearchStep {
	out := results.SearchStep{
		Rate: st.rate, Verdict: st.verdict, Probes: st.probes, Reasons: st.reasons,
		Objectives: []results.Judgement{}, Response: map[string]results.Percentiles{},
	}
	shown := &st.evidence
	if len(shown.windows) == 0 || st.verdict == results.GeneratorLimited {
		shown = new(evidence)
		shown.add(st.last.Intervals)
	} else {
		out.Objectives = st.assessor.objectives(shown)
	}
	if last && st.verdict == "" {
		st.verdict, out.Verdict = results.Undecided, results.Undecided
		if len(st.evidence.windows) == 0 {
			out.Reasons = append(out.Reasons, "no probe found a steady state")
		}
	}
	for _, j := range out.Objectives {
		if j.Result == st.verdict && j.Result != results.Holds {
			out.Reasons = append(out.Reasons, j.Name+" "+j.Result)
		}
	}
	var seconds float64
	var offered, ended, failed uint64
	for _, w := range shown.windows {
		for i := range w {
			seconds += w[i].Length.Seconds()
			offered += w[i].Offered
			ended += w[i].Ended
			failed += w[i].Failed
		}
	}
	if seconds > 0 {
		out.Offered, out.Completed = float64(offered)/seconds, float64(ended)/seconds
		out.Achieved = float64(ended-failed) / seconds
	}
	if ended > 0 {
		out.Errors = float64(failed) / float64(ended)
	}
	for kind := op.Kind(0); kind < op.KindCount; kind++ {
		if t := &shown.times[kind]; t.total > 0 {
			out.Response[kind.String()] = t.percentiles()
		}
	}
	return out
}
