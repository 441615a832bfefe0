package report

import (
	"fmt"
	"strings"

	"crossover/costmodel/tco"
	"crossover/results/figure"
)

// answer is the first page: what to do, how sure that is, a few figures and one picture.
func answer(d Doc) ([]section, error) {
	s := section{ID: "answer", Title: "The answer"}
	if d.Cost == nil && len(d.Runs) == 0 && len(d.Searches) > 0 {
		s.Blocks = append(s.Blocks, block{Verdict: &verdict{
			Decision: "no verdict", Class: "open",
			Sentence: "This report shows which rates held. It gives no verdict on cost: probes are short and of one rate each.",
			Basis:    searchesBasis(d.Searches),
		}})
		s.Blocks = append(s.Blocks, problems(d)...)
		found, err := searches(d)
		return append([]section{s}, found...), err
	}
	if d.Cost == nil {
		s.Blocks = append(s.Blocks, block{Verdict: &verdict{
			Decision: "no verdict", Class: "open",
			Sentence: "This report shows what was run. It gives no verdict on cost: the scenario has no " +
				"cost section, or it was not priced.",
			Basis: runsBasis(d.Runs),
		}})
		s.Blocks = append(s.Blocks, problems(d)...)
		return []section{s}, nil
	}
	v := d.Cost.Verdict
	s.Blocks = append(s.Blocks, block{Verdict: verdictBlock(v)})
	if len(d.Runs) > 0 {
		s.Blocks = append(s.Blocks, say(runsBasis(d.Runs)))
	}
	s.Blocks = append(s.Blocks, block{Headlines: headlines(d.Cost)})
	s.Blocks = append(s.Blocks, problems(d)...)
	picture, err := costCurve(d.Cost)
	if err != nil {
		return nil, err
	}
	s.Blocks = append(s.Blocks, heading("Where the cheaper system changes"))
	s.Blocks = append(s.Blocks, crossingBlocks(d.Cost, picture)...)
	s.Blocks = append(s.Blocks, listOf("Why", v.Because)...)
	if v.Flip != nil {
		s.Blocks = append(s.Blocks, heading("What would change it"), say(flipSentence(v.Flip)))
	}
	s.Blocks = append(s.Blocks, listOf("What to measure next", v.MeasureNext)...)
	return []section{s}, nil
}

func verdictBlock(v tco.Verdict) *verdict {
	class := "open"
	if v.Decision == tco.Migrate || v.Decision == tco.Stay {
		class = v.Decision
	}
	word := v.Decision
	if word == "" {
		word = tco.Undetermined
	}
	// The word stands above the sentence already.
	sentence := v.Sentence
	if n := len(word) + len(": "); len(sentence) > n && strings.EqualFold(sentence[:n], word+": ") {
		sentence = strings.ToUpper(sentence[n:n+1]) + sentence[n+1:]
	}
	return &verdict{Decision: word, Class: class, Sentence: sentence, Basis: v.Basis}
}

func flipSentence(f *tco.Flip) string {
	s := fmt.Sprintf("The verdict rests on %s: now %s (%s). It would change at %s.",
		f.Name, amount(f.Now.Value, f.Now.Unit), markOf(f.Now), amount(f.At.Value, f.At.Unit))
	if f.Note != "" {
		s += " " + f.Note
	}
	return s
}

// markOf is a figure's mark in prose.
func markOf(f figure.Figure) string { return fig(f, "").Mark() }

func listOf(title string, items []string) []block {
	if len(items) == 0 {
		return nil
	}
	list := make([]text, len(items))
	for i, item := range items {
		list[i] = text{Text: item}
	}
	return []block{heading(title), {List: list}}
}

// crossingBlocks show the cost curve with its crossings, in words and as a table too.
func crossingBlocks(c *tco.Result, p *picture) []block {
	var out []block
	if p != nil {
		out = append(out, block{Pictures: []picture{*p}})
	}
	var list []text
	for _, n := range c.Crossover.Points {
		list = append(list, text{Text: fmt.Sprintf("%s: %s (%s).",
			n.Title, amount(n.Figure.Value, n.Figure.Unit), markOf(n.Figure))})
	}
	for _, r := range c.Crossover.Regions {
		list = append(list, text{Text: regionSentence(c, r)})
	}
	if len(list) == 0 {
		list = append(list, text{Text: crossingSentence(c)})
	}
	out = append(out, block{List: list})
	if c.Crossover.Note != "" {
		out = append(out, say(c.Crossover.Note))
	}
	if t := curveTable(c); t != nil {
		out = append(out, block{Fold: &fold{Summary: "The curve's figures", Blocks: []block{{Table: t}}}})
	}
	return out
}

// regionSentence says who is cheapest between two loads: where nobody else could be priced,
// that, which is not the same as costing less.
func regionSentence(c *tco.Result, r tco.Region) string {
	if r.System == "" {
		return fmt.Sprintf("From %s operations/s on no offer can be priced.", quantity(r.From))
	}
	others := false
	for _, p := range c.Curve {
		if p.Load.Value >= r.From && (r.To <= 0 || p.Load.Value < r.To) {
			for system := range p.Monthly {
				others = others || system != r.System
			}
		}
	}
	cheaper := fmt.Sprintf("%s's cheapest offer costs less than the other's.", systemTitle(r.System))
	if !others {
		cheaper = fmt.Sprintf("only %s has an offer that can be priced.", systemTitle(r.System))
	}
	switch {
	case r.From <= 0 && r.To <= 0:
		return "At every load priced " + cheaper
	case r.From <= 0:
		return fmt.Sprintf("Below %s operations/s %s", whole(r.To), cheaper)
	case r.To <= 0:
		return fmt.Sprintf("From %s operations/s on %s", whole(r.From), cheaper)
	}
	return fmt.Sprintf("From %s to %s operations/s %s", whole(r.From), whole(r.To), cheaper)
}

// mostPoints bounds the curve's table.
const mostPoints = 40

func curveTable(c *tco.Result) *tableBlock {
	if len(c.Curve) == 0 {
		return nil
	}
	t := &tableBlock{Caption: "Monthly cost of each system's cheapest offer, against load", Head: []string{"mean operations/s"}}
	for _, system := range systems(c) {
		t.Head = append(t.Head, systemTitle(system)+", USD / month", "offer")
	}
	step := (len(c.Curve) + mostPoints - 1) / mostPoints
	for i := 0; i < len(c.Curve); i += step {
		point := c.Curve[i]
		row := []cell{num(whole(point.Load.Value))}
		for _, system := range systems(c) {
			if f, ok := point.Monthly[system]; ok {
				row = append(row, dollars(f, "curve"), plain(offerTitle(c, point.Offer[system])))
			} else {
				row = append(row, num(missing), plain(""))
			}
			row[len(row)-2].Title = "" // the same working at every load; the offers' tables have it
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func offerTitle(c *tco.Result, name string) string {
	for i := range c.Offers {
		if c.Offers[i].Name == name && c.Offers[i].Title != "" {
			return c.Offers[i].Title
		}
	}
	return name
}

// headlines are the figures of the first page: what each system costs at its cheapest offer,
// the difference over the horizon, and how sure the model is of it.
func headlines(c *tco.Result) []headline {
	var out []headline
	for _, system := range systems(c) {
		h := headline{Label: systemTitle(system) + ": no offer could be priced", Value: plain("not priced")}
		if o := cheapest(c, system); o != nil {
			h = headline{
				Label: fmt.Sprintf("%s over %d months, at its cheapest offer", systemTitle(system), c.Horizon),
				Value: dollars(o.Total, "offers/"+o.Name+"/total"),
				Small: o.Title,
			}
			if o.Nodes != nil {
				h.Small += ", " + nodesText(o.Nodes)
			}
		}
		out = append(out, h)
	}
	if h := savingHeadline(c); h != nil {
		out = append(out, *h)
	}
	if p := c.Verdict.Probability; p != nil {
		cheaper := "DynamoDB"
		if s := c.Verdict.Saving; s != nil && s.Value > 0 {
			cheaper = "Aerospike"
		}
		out = append(out, headline{
			Label: "Share of draws in which " + cheaper + " is the cheaper one",
			Value: fig(*p, "verdict/probability"), Small: p.Source,
		})
	}
	return out
}

func savingHeadline(c *tco.Result) *headline {
	f := c.Verdict.Saving
	if f == nil {
		return nil
	}
	h := &headline{
		Label: fmt.Sprintf("Aerospike costs less, over %d months, by", c.Horizon),
		Value: dollars(*f, "verdict/saving"),
	}
	if f.Value < 0 {
		h.Label = fmt.Sprintf("Aerospike costs more, over %d months, by", c.Horizon)
		h.Value.Text = money(-f.Value)
	}
	if hard := c.Verdict.SavingHard; hard != nil {
		more := "less"
		v := hard.Value
		if v < 0 {
			more, v = "more", -v
		}
		h.Small = fmt.Sprintf("without people's time on either side: %s %s", money(v), more)
	}
	return h
}

func nodesText(n *tco.Nodes) string {
	return quantity(n.Count.Value) + " × " + n.Instance
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

// cheapest returns a system's first priced offer: tco orders them.
func cheapest(c *tco.Result, system string) *tco.Offer {
	for i := range c.Offers {
		if c.Offers[i].System == system && c.Offers[i].Status == "priced" {
			return &c.Offers[i]
		}
	}
	return nil
}
