package report

import (
	"fmt"

	"crossover/costmodel/tco"
)

// shownOffers is how many offers of one system are listed before the rest are folded away.
const shownOffers = 6

// costs shows the offers, the bills line by line, the node counts and the cost against load.
func costs(d Doc) ([]section, error) {
	c := d.Cost
	if c == nil {
		return nil, nil
	}
	s := section{ID: "cost", Title: "What each would cost"}
	s.Blocks = append(s.Blocks, say(fmt.Sprintf("Region %s, %d months, price book %s of %s. Amounts are US dollars.", c.Region, c.Horizon, short(c.BookDigest), c.BookDate)))
	t := &tableBlock{Caption: "Demand that is priced", Head: []string{"", "value", "where from"}}
	for _, n := range c.Demand {
		t.Rows = append(t.Rows, []cell{plain(n.Title), fig(n.Figure, "demand/"+n.Name), plain(origin(n.Figure))})
	}
	s.Blocks = append(s.Blocks, block{Table: t})
	for _, system := range systems(c) {
		s.Blocks = append(s.Blocks, offerBlocks(c, system)...)
	}
	bills := section{ID: "bills", Title: "The bills, line by line"}
	for _, system := range systems(c) {
		if o := cheapest(c, system); o != nil {
			bills.Blocks = append(bills.Blocks, block{Table: billTable(o)})
			if o.Nodes != nil {
				bills.Blocks = append(bills.Blocks, block{Table: nodeTable(o)})
			}
			for _, w := range o.Warnings {
				bills.Blocks = append(bills.Blocks, warn(o.Title+": "+w))
			}
		}
	}
	for _, system := range systems(c) {
		bills.Blocks = append(bills.Blocks, runnersUp(c, system)...)
	}
	return []section{s, bills}, nil
}

func offerBlocks(c *tco.Result, system string) []block {
	head := []string{"offer", "first month", fmt.Sprintf("%d months", c.Horizon), "without people", "nodes"}
	priced := &tableBlock{Caption: systemTitle(system) + ": offers that could be priced, cheapest first", Head: head}
	rest := &tableBlock{Caption: systemTitle(system) + ": offers left out", Head: []string{"offer", "status", "reason"}}
	more := &tableBlock{Caption: systemTitle(system) + ": dearer offers", Head: head}
	for _, o := range c.Offers {
		if o.System != system {
			continue
		}
		if o.Status != "priced" {
			rest.Rows = append(rest.Rows, []cell{plain(o.Title), plain(o.Status), plain(o.Reason)})
			continue
		}
		path := "offers/" + o.Name
		nodes := num("–")
		if o.Nodes != nil {
			nodes = cell{Text: quantity(o.Nodes.Count.Value) + " × " + o.Nodes.Instance, Number: true}
		}
		row := []cell{plain(o.Title), fig(o.Monthly, path+"/monthly"), fig(o.Total, path+"/total"), fig(o.TotalHard, path+"/total_hard"), nodes}
		if len(priced.Rows) < shownOffers {
			row[0].Strong = len(priced.Rows) == 0
			priced.Rows = append(priced.Rows, row)
		} else {
			more.Rows = append(more.Rows, row)
		}
	}
	var out []block
	if len(priced.Rows) > 0 {
		out = append(out, block{Table: priced})
	}
	if len(more.Rows) > 0 {
		out = append(out, block{Fold: &fold{Summary: fmt.Sprintf("%d dearer offers for %s", len(more.Rows), systemTitle(system)), Blocks: []block{{Table: more}}}})
	}
	if len(rest.Rows) > 0 {
		out = append(out, block{Fold: &fold{Summary: fmt.Sprintf("%d offers for %s that are excluded or not priced", len(rest.Rows), systemTitle(system)), Blocks: []block{{Table: rest}}}})
	}
	return out
}

func billTable(o *tco.Offer) *tableBlock {
	t := &tableBlock{Caption: "Bill: " + o.Title, Head: []string{"line", "quantity", "price", "first month", "once"}}
	for _, l := range o.Lines {
		title := l.Title
		if l.Soft {
			title += " (people: left out of “without people”)"
		}
		path := "offers/" + o.Name + "/lines/" + l.Name
		row := []cell{plain(title), fig(l.Quantity, path+"/quantity"), fig(l.Price, path+"/price"), num(""), num("")}
		if l.Once {
			row[4] = fig(l.Amount, path+"/amount")
		} else {
			row[3] = fig(l.Amount, path+"/amount")
		}
		t.Rows = append(t.Rows, row)
	}
	total := fig(o.Monthly, "offers/"+o.Name+"/monthly")
	total.Strong = true
	t.Rows = append(t.Rows, []cell{{Text: "first month", Strong: true}, num(""), num(""), total, num("")})
	return t
}

func nodeTable(o *tco.Offer) *tableBlock {
	t := &tableBlock{Caption: "Node count: " + o.Title + ", the largest of its constraints", Head: []string{"constraint", "nodes", "how", "binds"}}
	for _, c := range o.Nodes.Constraints {
		binds := ""
		if c.Binding {
			binds = "binds"
		}
		row := []cell{plain(c.Title), fig(c.Nodes, "offers/"+o.Name+"/nodes/"+c.Name), plain(c.Nodes.Formula), plain(binds)}
		row[0].Strong, row[3].Strong = c.Binding, c.Binding
		t.Rows = append(t.Rows, row)
	}
	return t
}

// runnersUp folds away the bills of the next offers.
func runnersUp(c *tco.Result, system string) []block {
	var out []block
	first := true
	n := 0
	for i := range c.Offers {
		o := &c.Offers[i]
		if o.System != system || o.Status != "priced" {
			continue
		}
		if first {
			first = false
			continue
		}
		if n++; n > 3 {
			break
		}
		blocks := []block{{Table: billTable(o)}}
		if o.Nodes != nil {
			blocks = append(blocks, block{Table: nodeTable(o)})
		}
		out = append(out, block{Fold: &fold{Summary: "Runner-up: " + o.Title, Blocks: blocks}})
	}
	return out
}
