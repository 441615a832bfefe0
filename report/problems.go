package report

import (
	"fmt"
	"slices"

	"crossover/results"
)

// healthRule is the rule of docs/fairness.md that the generator be healthy.
const healthRule = 7

// mostProblems is how many warnings the first page shows before the rest are folded.
const mostProblems = 8

// problems puts what makes the figures doubtful where it can't be overlooked.
func problems(d Doc) []block {
	var all []text
	add := func(format string, args ...any) {
		all = append(all, text{Text: fmt.Sprintf(format, args...), Warn: true})
	}
	pairProblems(d.Runs, add)
	for _, r := range d.Runs {
		runProblems(r, add)
	}
	for _, s := range d.Searches {
		searchProblems(s, add)
	}
	if d.Cost != nil {
		for _, w := range d.Cost.Warnings {
			add("%s", w)
		}
	}
	if len(all) == 0 {
		return nil
	}
	out := []block{heading("Mind these first"), {List: all[:min(len(all), mostProblems)]}}
	if len(all) > mostProblems {
		rest := all[mostProblems:]
		out = append(out, block{Fold: &fold{Summary: fmt.Sprintf("%d more", len(rest)), Blocks: []block{{List: rest}}}})
	}
	return out
}

// runProblems are one run's: how it ended, sums, fairness, objectives.
func runProblems(r *results.Run, add func(string, ...any)) {
	title := runTitle(r)
	for _, p := range r.Problems() {
		add("%s: %s.", title, sentenceEnd(p))
	}
	if err := r.Totals().Check(); err != nil {
		add("%s: %s.", title, sentenceEnd(err.Error()))
	}
	for _, c := range r.Manifest.Fairness {
		if c.Result == "fail" && (c.Rule != healthRule || !r.Manifest.Health.Limited) { // said above
			add("%s: rule %d of a fair comparison (%s) is not kept: %s.", title, c.Rule, c.Name, sentenceEnd(c.Detail))
		}
	}
	for _, o := range r.Manifest.Objectives {
		if o.Result == "missed" {
			add("%s missed the objective “%s”: limit %s, seen %s.", title, o.Name, limitText(o.Limit, o.Unit), amount(o.Seen, o.Unit))
		}
	}
}

// pairProblems are what forbids holding runs against each other.
func pairProblems(runs []*results.Run, add func(string, ...any)) {
	if len(runs) < 2 {
		return
	}
	first := runs[0]
	kinds := []string{first.Manifest.Target.Kind}
	for _, r := range runs[1:] {
		if r.Manifest.StreamDigest != first.Manifest.StreamDigest {
			add("%s and %s did not run the same stream of operations: they must not be compared.", runTitle(first), runTitle(r))
		}
		if k := r.Manifest.Target.Kind; !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) > 1 {
		add("The targets are of different kinds (%s): what one measured and another modelled must not be "+
			"compared.", sentenceList(kinds))
	}
}

// sentenceEnd takes off the full stop that the report puts itself.
func sentenceEnd(s string) string {
	for len(s) > 0 && s[len(s)-1] == '.' {
		s = s[:len(s)-1]
	}
	return s
}
