package report

import (
	"fmt"
	"slices"
	"strconv"

	"crossover/costmodel/tco"
	"crossover/results/figure"
)

// assumptions lists what nobody measured, and the prices that were used.
func assumptions(d Doc) ([]section, error) {
	if d.Cost == nil {
		return nil, nil
	}
	s := section{ID: "assumptions", Title: "Assumptions and prices"}
	if len(d.Cost.Assumptions) > 0 {
		t := &tableBlock{Caption: "Assumptions; crossover tco DIR --what-if NAME=VALUE prices again with " +
			"another value", Head: []string{"name", "what", "value", "where from"}}
		for _, a := range d.Cost.Assumptions {
			t.Rows = append(t.Rows, []cell{
				code(a.Name), plain(a.Title), fig(a.Figure, "assumptions/"+a.Name), plain(sourceText(a.Figure)),
			})
		}
		s.Blocks = append(s.Blocks, block{Table: t})
	}
	s.Blocks = append(s.Blocks, priceBlocks(d.Cost)...)
	if len(s.Blocks) == 0 {
		return nil, nil
	}
	return []section{s}, nil
}

// priceBlocks list the price-book entries below the bills' figures, each once: those of each
// system's cheapest offer, and those of the others folded.
func priceBlocks(c *tco.Result) []block {
	head := []string{"price", "value", "confidence", "source", "read on"}
	first := &tableBlock{Caption: "Prices used by the cheapest offers, from the price book", Head: head}
	rest := &tableBlock{Caption: "Prices used by the other offers, from the price book", Head: head}
	seen := map[string]bool{}
	for _, system := range systems(c) {
		if o := cheapest(c, system); o != nil {
			addPrices(first, o, seen)
		}
	}
	for i := range c.Offers {
		if o := &c.Offers[i]; o.Status == "priced" {
			addPrices(rest, o, seen)
		}
	}
	var out []block
	if len(first.Rows) > 0 {
		out = append(out, block{Table: first})
	}
	if len(rest.Rows) > 0 {
		summary := plural(len(rest.Rows), "further price") + ", used by the other offers"
		out = append(out, block{Fold: &fold{Summary: summary, Blocks: []block{{Table: rest}}}})
	}
	return out
}

// addPrices adds the prices that an offer's lines rest on and that are not in seen.
func addPrices(t *tableBlock, o *tco.Offer, seen map[string]bool) {
	var walk func(name string, f figure.Figure)
	walk = func(name string, f figure.Figure) {
		if id := f.String() + "\x00" + f.Source; f.Basis == figure.Price && !seen[id] {
			seen[id] = true
			value := priced(f, "")
			value.Basis, value.Doubt, value.Title = "", "", "" // all are prices; doubt has a column
			confidence := plain(f.Confidence)
			confidence.Strong = f.Confidence != "" && f.Confidence != "high"
			t.Rows = append(t.Rows, []cell{plain(name), value, confidence, plain(f.Source), plain(f.Date)})
		}
		for _, in := range f.Inputs {
			walk(in.Name, in.Figure)
		}
	}
	for _, l := range o.Lines {
		walk(l.Title, l.Price)
	}
}

// fairness prints the checks that the manifests hold.
func fairness(d Doc) ([]section, error) {
	if len(d.Runs) == 0 {
		return nil, nil
	}
	t := &tableBlock{Caption: "Rules of a fair comparison that a run can answer; docs/fairness.md has " +
		"them all", Head: []string{"rule", "what", "target", "result", "detail"}}
	counts := map[string]int{}
	for _, r := range d.Runs {
		for _, c := range r.Manifest.Fairness {
			counts[c.Result]++
			result := plain(c.Result)
			result.Strong = c.Result == "fail"
			t.Rows = append(t.Rows, []cell{
				plain(strconv.Itoa(c.Rule)), plain(c.Name), plain(runTitle(r)), result, plain(c.Detail),
			})
		}
	}
	slices.SortStableFunc(t.Rows, func(a, b []cell) int {
		x, _ := strconv.Atoi(a[0].Text)
		y, _ := strconv.Atoi(b[0].Text)
		return x - y
	})
	s := section{ID: "fairness", Title: "Was it fair?"}
	if len(t.Rows) == 0 {
		s.Blocks = append(s.Blocks, say("No rule was checked: a run's checks are written when it ends."))
		return []section{s}, nil
	}
	s.Blocks = append(s.Blocks,
		say(fmt.Sprintf("Checks over all runs: %d kept, %d not kept, %d not applicable. Rules that need "+
			"more than one run can show (durability, distance, hardware, failures, money) are for the "+
			"reader to hold against the set-up above.",
			counts["pass"], counts["fail"], counts["not applicable"])),
		block{Table: t})
	return []section{s}, nil
}

// reproduce says how to get the same again.
func reproduce(d Doc) ([]section, error) {
	s := section{ID: "reproduce", Title: "How to reproduce"}
	if len(d.Reproduce) > 0 {
		s.Blocks = append(s.Blocks, block{Commands: d.Reproduce})
	}
	t := &tableBlock{Caption: "Digests", Head: []string{"what", "digest"}}
	for _, r := range d.Runs {
		title := runTitle(r)
		t.Rows = append(t.Rows,
			[]cell{plain(title + ": run"), code(r.Manifest.Run)},
			[]cell{plain(title + ": scenario file"), code(r.Manifest.ScenarioDigest)},
			[]cell{plain(title + ": stream of operations"), code(r.Manifest.StreamDigest)})
	}
	for _, s := range d.Searches {
		t.Rows = append(t.Rows, []cell{plain(targetTitle(s) + ": " + s.Mode), code(s.Run)},
			[]cell{plain(targetTitle(s) + ": scenario file"), code(s.ScenarioDigest)})
	}
	if d.Cost != nil {
		t.Rows = append(t.Rows, []cell{plain("price book"), code(d.Cost.BookDigest)})
	}
	if len(t.Rows) > 0 {
		s.Blocks = append(s.Blocks, block{Table: t})
	}
	if len(s.Blocks) == 0 {
		return nil, nil
	}
	return []section{s}, nil
}
