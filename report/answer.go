package report

import (
	"fmt"
	"strings"

	"crossover/costmodel/tco"
	"crossover/results"
)

// answer is the first page: what to do, how sure that is, three figures and one picture.
func answer(d Doc) ([]section, error) {
	s := section{ID: "answer"}
	if d.Cost == nil {
		s.Blocks = append(s.Blocks, block{Verdict: &verdict{
			Decision: tco.Undetermined,
			Sentence: "This report shows what was run. It gives no verdict on cost: the scenario has no cost section, or none was computed.",
			Basis:    runsBasis(d.Runs),
		}})
		s.Blocks = append(s.Blocks, problems(d)...)
		return []section{s}, nil
	}
	v := d.Cost.Verdict
	s.Blocks = append(s.Blocks, block{Verdict: &verdict{Decision: v.Decision, Sentence: v.Sentence, Basis: v.Basis}})
	s.Blocks = append(s.Blocks, block{Headlines: headlines(d.Cost)})
	picture, err := costCurve(d.Cost)
	if err != nil {
		return nil, err
	}
	if picture != nil {
		s.Blocks = append(s.Blocks, block{Picture: picture})
	}
	s.Blocks = append(s.Blocks, problems(d)...)
	if v.Flip != nil {
		s.Blocks = append(s.Blocks, say(fmt.Sprintf("The verdict rests on %s: now %s (%s); it would change at %s. %s",
			v.Flip.Name, amount(v.Flip.Now.Value, v.Flip.Now.Unit), v.Flip.Now.Weakest(), amount(v.Flip.At.Value, v.Flip.At.Unit), v.Flip.Note)))
	}
	s.Blocks = append(s.Blocks, listOf("Why", v.Because)...)
	s.Blocks = append(s.Blocks, listOf("What to measure next", v.MeasureNext)...)
	if d.Cost.Crossover.Note != "" {
		s.Blocks = append(s.Blocks, say(d.Cost.Crossover.Note))
	}
	return []section{s}, nil
}

func listOf(lead string, items []string) []block {
	if len(items) == 0 {
		return nil
	}
	list := make([]text, len(items))
	for i, item := range items {
		list[i] = text{Text: item}
	}
	return []block{say(lead + ":"), {List: list}}
}

// headlines are the three figures of the first page: what each system costs at its cheapest
// offer, and the difference over the horizon.
func headlines(c *tco.Result) []headline {
	var out []headline
	for _, system := range systems(c) {
		if o := cheapest(c, system); o != nil {
			out = append(out, headline{
				Label: fmt.Sprintf("%s, %d months: %s", systemTitle(system), c.Horizon, o.Title),
				Value: fig(o.Total, "offers/"+o.Name+"/total"),
			})
		} else {
			out = append(out, headline{Label: systemTitle(system) + ": no offer could be priced", Value: plain("not priced")})
		}
	}
	if c.Verdict.Saving != nil {
		label := fmt.Sprintf("Saving with Aerospike over %d months", c.Horizon)
		if c.Verdict.Saving.Value < 0 {
			label = fmt.Sprintf("Extra cost of Aerospike over %d months", c.Horizon)
		}
		f := *c.Verdict.Saving
		shown := fig(f, "verdict/saving")
		if f.Value < 0 {
			shown.Text = amount(-f.Value, f.Unit)
		}
		out = append(out, headline{Label: label, Value: shown})
	}
	return out
}

// systems lists the systems that offers are for, in the order in which they first appear,
// DynamoDB first: it is what the reader has.
func systems(c *tco.Result) []string {
	var out []string
	seen := map[string]bool{}
	for _, o := range c.Offers {
		if !seen[o.System] {
			seen[o.System] = true
			if o.System == "dynamodb" {
				out = append([]string{o.System}, out...)
			} else {
				out = append(out, o.System)
			}
		}
	}
	return out
}

func systemTitle(system string) string {
	switch system {
	case "dynamodb":
		return "DynamoDB"
	case "aerospike":
		return "Aerospike"
	}
	return system
}

// cheapest returns a system's first priced offer: tco orders them.
func cheapest(c *tco.Result, system string) *tco.Offer {
	for i := range c.Offers {
		if c.Offers[i].System == system && c.Offers[i].Status == "priced" {
			return &c.Offers[i]
		}
	}
	return nil
}

// problems puts what makes the figures doubtful where it can't be overlooked.
func problems(d Doc) []block {
	var out []block
	for _, r := range d.Runs {
		for _, p := range r.Problems() {
			out = append(out, warn(r.Manifest.Target.Name+": "+p))
		}
		for _, c := range r.Manifest.Fairness {
			if c.Result == "fail" {
				out = append(out, warn(fmt.Sprintf("%s: fairness rule %d (%s) not kept: %s", r.Manifest.Target.Name, c.Rule, c.Name, c.Detail)))
			}
		}
		for _, o := range r.Manifest.Objectives {
			if o.Result == "missed" {
				out = append(out, warn(fmt.Sprintf("%s missed the objective %s: limit %s, seen %s (%s)",
					r.Manifest.Target.Name, o.Name, objectiveValue(o.Limit, o.Unit), objectiveValue(o.Seen, o.Unit), runBasis(r))))
			}
		}
	}
	if len(d.Runs) > 1 {
		first := d.Runs[0].Manifest
		kinds := map[string]bool{}
		for _, r := range d.Runs {
			kinds[r.Manifest.Target.Kind] = true
			if r.Manifest.StreamDigest != first.StreamDigest {
				out = append(out, warn(fmt.Sprintf("%s and %s did not run the same stream of operations: they must not be compared", first.Target.Name, r.Manifest.Target.Name)))
			}
		}
		if len(kinds) > 1 {
			out = append(out, warn("The targets are of different kinds (real, embedded, other): their latencies must not be compared."))
		}
	}
	if d.Cost != nil {
		for _, w := range d.Cost.Warnings {
			out = append(out, warn(w))
		}
	}
	return out
}

func objectiveValue(v float64, unit string) string {
	if unit == "ns" {
		return nanos(int64(v))
	}
	return amount(v, unit)
}

// runsBasis says in a sentence what kind of knowledge the runs are.
func runsBasis(runs []*results.Run) string {
	if len(runs) == 0 {
		return "No run is part of this report."
	}
	parts := make([]string, len(runs))
	for i, r := range runs {
		parts[i] = fmt.Sprintf("%s: %s (%s target)", r.Manifest.Target.Name, runBasis(r), r.Manifest.Target.Kind)
	}
	return strings.Join(parts, "; ") + "."
}
