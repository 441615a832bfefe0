package gate

import (
	"fmt"
	"sort"
	"strings"

	"crossover/results/compare"
)

// An Outcome is what became of a gate.
type Outcome string

// The outcomes.
const (
	Passed    Outcome = "pass"
	Failed    Outcome = "fail"
	Undecided Outcome = "undecided" // beyond the threshold, but not beyond what chance does
)

// A Finding is one gate on one target.
type Finding struct {
	Target  string  `json:"target"`
	Name    string  `json:"name"` // read.p99 worse_by 10%
	Outcome Outcome `json:"outcome"`
	Fails   bool    `json:"fails"`  // Failed, or Undecided where that is to fail
	Reason  string  `json:"reason"` // in one line

	undecided string   // what becomes of it when it is undecided: pass, fail
	p         *float64 // of a limit that is exceeded, to be corrected for being many
}

// Evaluate holds a comparison against the file's gates. A gate fails only on what is both
// beyond its threshold and significant at the comparison's confidence. The error is about gates
// that name a target which was not compared.
func (f *File) Evaluate(r *compare.Result) ([]Finding, error) {
	var out []Finding
	for i := range f.Gates {
		g := &f.Gates[i]
		before := len(out)
		for t := range r.Targets {
			if target := &r.Targets[t]; g.Target == "" || g.Target == target.Name {
				out = append(out, g.against(r, target))
			}
		}
		if len(out) == before {
			return nil, fmt.Errorf("gate %d (%s): found target %q, expected one that was compared: %s", i+1, g.Metric, g.Target, names(r))
		}
		for n := before; n < len(out); n++ {
			out[n].undecided = f.Undecided
			if g.Undecided != "" {
				out[n].undecided = g.Undecided
			}
		}
	}
	judgeLimits(out, 1-r.Confidence)
	if f.Objectives == Met {
		for _, finding := range objectives(r) {
			finding.undecided = f.Undecided
			out = append(out, finding)
		}
	}
	for i := range out {
		out[i].Fails = out[i].Outcome == Failed || out[i].Outcome == Undecided && out[i].undecided == "fail"
	}
	return out, nil
}

func names(r *compare.Result) string {
	var list []string
	for i := range r.Targets {
		list = append(list, r.Targets[i].Name)
	}
	return strings.Join(list, ", ")
}

// against holds the gate against one target. Whether a limit that is exceeded is so by more than
// chance waits for judgeLimits.
func (g *Gate) against(r *compare.Result, t *compare.Target) Finding {
	what := "worse_by "
	if g.Limit != nil {
		what = "limit "
	}
	f := Finding{Target: t.Name, Name: g.Metric + " " + what + g.text, Outcome: Undecided}
	row := find(t, g.Metric)
	if row == nil {
		f.Outcome, f.Reason = g.absent(t)
		return f
	}
	if g.Limit != nil {
		over, p, known := row.Beyond(*g.Limit)
		side := "within"
		if over {
			side = "beyond"
		}
		f.Reason = fmt.Sprintf("%s is %s in HEAD, %s the limit of %s", row.Label, compare.Value(row.Head), side, g.text)
		switch {
		case !over:
			f.Outcome = Passed
		case !known:
			f.Reason += "; one repetition says nothing of how far runs differ"
		default:
			f.p = &p
		}
		return f
	}
	f.Outcome, f.Reason = g.worsening(r, row)
	return f
}

func (g *Gate) worsening(r *compare.Result, row *compare.Row) (Outcome, string) {
	worse := row.Worsening()
	switch {
	case row.Relative && !g.Relative: // a threshold in the metric's unit on a difference of ratios
		worse *= row.Base.Value
	case !row.Relative && g.Relative:
		if row.Base.Value == 0 {
			if worse > 0 {
				return Undecided, fmt.Sprintf("%s is 0 in BASE and %s in HEAD: no share of nothing", row.Label, compare.Value(row.Head))
			}
		} else {
			worse /= row.Base.Value
		}
	}
	reason := fmt.Sprintf("%s went from %s to %s", row.Label, compare.Value(row.Base), compare.Value(row.Head))
	if row.PAdjusted != nil {
		reason += fmt.Sprintf(" (p %s of %d tests)", compare.PValue(row.PAdjusted), r.Family)
	}
	switch {
	case worse <= *g.WorseBy:
		return Passed, reason + ", not worse by more than " + g.text
	case !row.Significant:
		return Undecided, reason + ", worse by more than " + g.text + " but within what chance does: " + row.Outcome()
	}
	return Failed, reason + ", worse by more than " + g.text
}

// absent says what becomes of a gate whose metric the comparison does not hold. What never
// happened on either side, such as a reason for throttling, passes.
func (g *Gate) absent(t *compare.Target) (Outcome, string) {
	for _, s := range t.Skipped {
		if s.Metric == g.Metric {
			return Undecided, fmt.Sprintf("%s: not enough samples: %d in the shortest repetition, needs %d in each", s.Label, s.Samples, s.Needed)
		}
	}
	if strings.HasPrefix(g.Metric, compare.Throttles+".") {
		return Passed, "nothing was throttled for this reason"
	}
	return Undecided, "the runs hold no " + g.Metric
}

func find(t *compare.Target, metric string) *compare.Row {
	for i := range t.Rows {
		if t.Rows[i].Metric == metric {
			return &t.Rows[i]
		}
	}
	return nil
}

// judgeLimits fails the limits that are exceeded by more than chance, corrected for how many
// limits there are (Holm).
func judgeLimits(findings []Finding, alpha float64) {
	var over []*Finding
	many := 0
	for i := range findings {
		if strings.Contains(findings[i].Name, " limit ") {
			many++
		}
		if findings[i].p != nil {
			over = append(over, &findings[i])
		}
	}
	sort.SliceStable(over, func(i, j int) bool { return *over[i].p < *over[j].p })
	rejecting := true
	for rank, f := range over {
		p := min(1, *f.p*float64(many-rank))
		rejecting = rejecting && p <= alpha
		f.Reason += fmt.Sprintf(" (p %s of %d limit%s)", compare.PValue(&p), many, plural(many))
		if rejecting {
			f.Outcome = Failed
		} else {
			f.Reason += ", but within what chance does"
		}
	}
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// objectives makes a finding of each objective: one that HEAD missed in more than half of its
// repetitions fails, one that it missed in some is undecided.
func objectives(r *compare.Result) (out []Finding) {
	for i := range r.Targets {
		t := &r.Targets[i]
		for _, o := range t.Objectives {
			all := o.Met + o.Missed + o.Other
			f := Finding{
				Target: t.Name, Name: "objective " + o.Name, Outcome: Passed,
				Reason: fmt.Sprintf("met in %d of %d repetitions, missed in %d", o.Met, all, o.Missed),
			}
			switch {
			case 2*o.Missed > all:
				f.Outcome = Failed
			case o.Missed > 0 || o.Met == 0:
				f.Outcome = Undecided
			}
			out = append(out, f)
		}
	}
	return out
}

// Summary is what failed, in one line; empty when nothing did.
func Summary(findings []Finding) string {
	var list []string
	for _, f := range findings {
		if f.Fails {
			list = append(list, f.Target+": "+f.Reason)
		}
	}
	if len(list) == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d gates failed: %s", len(list), len(findings), strings.Join(list, "; "))
}
