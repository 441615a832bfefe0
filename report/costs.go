package report

import (
	"fmt"
	"strings"

	"crossover/costmodel/tco"
)

const (
	shownOffers = 4 // of one system, before the dearer ones are folded
	shownBills  = 8 // of one system, line by line; tco.json has them all
)

// costs shows the offers, the bills line by line and the node counts.
func costs(d Doc) ([]section, error) {
	c := d.Cost
	if c == nil {
		return nil, nil
	}
	s := section{ID: "cost", Title: "What each would cost"}
	s.Blocks = append(s.Blocks, say(costBasis(c)), block{Table: demandTable(c)})
	for _, r := range c.Runs {
		if len(r.Used) > 0 {
			s.Blocks = append(s.Blocks, say(fmt.Sprintf("Taken from run %s on %s (%s target): %s.",
				r.Run, r.Target, r.Kind, strings.Join(r.Used, "; "))))
		}
	}
	for _, system := range systems(c) {
		s.Blocks = append(s.Blocks, heading(systemTitle(system)))
		s.Blocks = append(s.Blocks, offerBlocks(c, system)...)
	}
	if len(c.Offers) == 0 {
		s.Blocks = append(s.Blocks, say("No offer was priced."))
		return []section{s}, nil
	}
	return []section{s, bills(c)}, nil
}

func costBasis(c *tco.Result) string {
	return fmt.Sprintf("Region %s, %d months, price book %s of %s. Amounts are US dollars without taxes. "+
		"Each figure is marked with the weakest of what it rests on; its full working is printed by "+
		"crossover explain.",
		c.Region, c.Horizon, short(c.BookDigest), c.BookDate)
}

func demandTable(c *tco.Result) *tableBlock {
	t := &tableBlock{Caption: "Demand that is priced", Head: []string{"demand", "value", "where from"}}
	for _, n := range c.Demand {
		t.Rows = append(t.Rows, []cell{
			plain(n.Title), fig(n.Figure, "demand/"+n.Name), plain(sourceText(n.Figure)),
		})
	}
	return t
}

func offerBlocks(c *tco.Result, system string) []block {
	head := []string{"offer", "first month", fmt.Sprintf("%d months", c.Horizon), "without people", "nodes"}
	title := systemTitle(system)
	priced := &tableBlock{Caption: title + ": offers that could be priced, cheapest first", Head: head}
	more := &tableBlock{Caption: title + ": dearer offers", Head: head}
	rest := &tableBlock{Caption: title + ": offers left out", Head: []string{"offer", "status", "reason"}}
	for i := range c.Offers {
		o := &c.Offers[i]
		switch {
		case o.System != system:
		case o.Status != "priced":
			rest.Rows = append(rest.Rows, []cell{plain(o.Title), plain(o.Status), plain(o.Reason)})
		case len(priced.Rows) < shownOffers:
			priced.Rows = append(priced.Rows, offerRow(o, len(priced.Rows) == 0))
		default:
			more.Rows = append(more.Rows, offerRow(o, false))
		}
	}
	var out []block
	if len(priced.Rows) > 0 {
		out = append(out, block{Table: priced})
	} else {
		out = append(out, say("No offer could be priced."))
	}
	for _, f := range []struct {
		t       *tableBlock
		summary string
	}{
		{more, fmt.Sprintf("%s: %s", title, plural(len(more.Rows), "dearer offer"))},
		{rest, fmt.Sprintf("%s: %s excluded or not priced", title, plural(len(rest.Rows), "offer"))},
	} {
		if len(f.t.Rows) > 0 {
			out = append(out, block{Fold: &fold{Summary: f.summary, Blocks: withoutTitles([]block{{Table: f.t}})}})
		}
	}
	return out
}

func offerRow(o *tco.Offer, best bool) []cell {
	path := "offers/" + o.Name
	nodes := plain(missing)
	if o.Nodes != nil {
		nodes = plain(nodesText(o.Nodes))
	}
	row := []cell{
		plain(o.Title), dollars(o.Monthly, path+"/monthly"), dollars(o.Total, path+"/total"),
		dollars(o.TotalHard, path+"/total_hard"), nodes,
	}
	row[0].Strong = best
	return row
}

// plural counts things: "1 offer", "2 offers".
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// bills shows each system's cheapest offer line by line, and the next ones folded.
func bills(c *tco.Result) section {
	s := section{ID: "bills", Title: "The bills, line by line"}
	var folded []block
	for _, system := range systems(c) {
		n := 0
		for i := range c.Offers {
			o := &c.Offers[i]
			if o.System != system || o.Status != "priced" {
				continue
			}
			switch n++; {
			case n == 1:
				s.Blocks = append(s.Blocks, heading(offerHeading(o)))
				s.Blocks = append(s.Blocks, billBlocks(c, o)...)
			case n <= shownBills:
				folded = append(folded, block{Fold: &fold{Summary: offerHeading(o), Blocks: withoutTitles(billBlocks(c, o))}})
			}
		}
		if n > shownBills {
			folded = append(folded, say(fmt.Sprintf("%s: the bills of %d dearer offers are in tco.json; "+
				"crossover explain prints them.", systemTitle(system), n-shownBills)))
		}
	}
	if len(folded) > 0 {
		s.Blocks = append(append(s.Blocks, heading("Other offers")), folded...)
	}
	return s
}

// billBlocks are one offer's bill, its node count and its warnings.
func billBlocks(c *tco.Result, o *tco.Offer) []block {
	out := []block{{Table: billTable(o)}, say(fmt.Sprintf("Over %d months, with growth and what is paid "+
		"once: %s (%s); without people's time: %s (%s).",
		c.Horizon, moneyCents(o.Total.Value), markOf(o.Total), moneyCents(o.TotalHard.Value), markOf(o.TotalHard)))}
	if o.Nodes != nil {
		out = append(out, say(bindingSentence(o.Nodes)), block{Table: nodeTable(o)})
	}
	var warnings []text
	for _, w := range o.Warnings {
		warnings = append(warnings, text{Text: w, Warn: true})
	}
	if len(warnings) > 0 {
		out = append(out, block{List: warnings})
	}
	return out
}

// offerHeading is an offer's title with its system's name, which most titles begin with.
func offerHeading(o *tco.Offer) string {
	if system := systemTitle(o.System); !strings.HasPrefix(o.Title, system) {
		return system + ": " + o.Title
	}
	return o.Title
}

// withoutTitles leaves out where each figure came from, which a page of many bills has no
// room for: the first bill of each system has it, and crossover explain all of them.
func withoutTitles(blocks []block) []block {
	for _, b := range blocks {
		if b.Table == nil {
			continue
		}
		for _, row := range b.Table.Rows {
			for i := range row {
				row[i].Title = ""
			}
		}
	}
	return blocks
}

func billTable(o *tco.Offer) *tableBlock {
	t := &tableBlock{
		Caption: "Bill: " + o.Title,
		Head:    []string{"line", "quantity", "price", "USD, first month", "USD, once"},
	}
	for _, l := range o.Lines {
		title := l.Title
		if l.Soft {
			title += " (people: left out of “without people”)"
		}
		path := "offers/" + o.Name + "/lines/" + l.Name
		row := []cell{
			plain(title), fig(l.Quantity, path+"/quantity"), priced(l.Price, path+"/price"), num(""), num(""),
		}
		if l.Once {
			row[4] = cents(l.Amount, path+"/amount")
		} else {
			row[3] = cents(l.Amount, path+"/amount")
		}
		t.Rows = append(t.Rows, row)
	}
	path := "offers/" + o.Name
	sum := cents(o.Monthly, path+"/monthly")
	sum.Strong = true
	t.Rows = append(t.Rows, []cell{
		{Text: "all lines, first month", Strong: true}, num(""), num(""), sum, num(""),
	})
	return t
}

// bindingSentence says how many nodes there are and why.
func bindingSentence(n *tco.Nodes) string {
	var binding []string
	for _, c := range n.Constraints {
		if c.Binding {
			binding = append(binding, c.Title)
		}
	}
	s := fmt.Sprintf("Nodes: %s (%s).", nodesText(n), markOf(n.Count))
	if len(binding) > 0 {
		s += " What binds: " + strings.Join(binding, "; ") + "."
	}
	return s
}

func nodeTable(o *tco.Offer) *tableBlock {
	t := &tableBlock{
		Caption: "Node count: " + o.Title + ", the largest of its constraints",
		Head:    []string{"constraint", "nodes", "binds", "how"},
	}
	for _, c := range o.Nodes.Constraints {
		row := []cell{
			plain(c.Title), fig(c.Nodes, "offers/"+o.Name+"/nodes/"+c.Name), plain(""), plain(c.Nodes.Formula),
		}
		if c.Binding {
			row[2].Text = "binds"
			row[0].Strong, row[2].Strong = true, true
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
