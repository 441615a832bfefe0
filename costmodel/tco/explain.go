package tco

import (
	"fmt"
	"strconv"
	"strings"

	"crossover/costmodel"
	"crossover/results/figure"
)

// A located is a figure of a result with its path.
type located struct {
	path, title string
	figure      figure.Figure
}

// places lists a result's figures with their paths, in the order of the result.
func places(r *Result) []located {
	var out []located
	add := func(title string, f figure.Figure, path ...string) {
		out = append(out, located{strings.Join(path, "/"), title, f})
	}
	v := &r.Verdict
	for _, x := range []struct {
		name, title string
		f           *figure.Figure
	}{
		{"saving", "saving with Aerospike over the horizon", v.Saving},
		{"saving_hard", "the same without people", v.SavingHard},
		{"probability", "share of draws in which the verdict's system is cheaper", v.Probability},
	} {
		if x.f != nil {
			add(x.title, *x.f, "verdict", x.name)
		}
	}
	if v.Flip != nil {
		add(v.Flip.Name+", now", v.Flip.Now, "verdict", "flip", "now")
		add(v.Flip.Name+", where the cheaper system changes", v.Flip.At, "verdict", "flip", "at")
	}
	for _, n := range r.Demand {
		add(n.Title, n.Figure, "demand", n.Name)
	}
	for i := range r.Offers {
		o := &r.Offers[i]
		add(o.Title+", first month", o.Monthly, "offers", o.Name, "monthly")
		add(o.Title+", over the horizon", o.Total, "offers", o.Name, "total")
		add(o.Title+", over the horizon without people", o.TotalHard, "offers", o.Name, "total_hard")
		for _, l := range o.Lines {
			add(l.Title+": quantity", l.Quantity, "offers", o.Name, "lines", l.Name, "quantity")
			add(l.Title+": price", l.Price, "offers", o.Name, "lines", l.Name, "price")
			add(l.Title, l.Amount, "offers", o.Name, "lines", l.Name, "amount")
		}
		if o.Nodes != nil {
			add("nodes in the first month", o.Nodes.Count, "offers", o.Name, "nodes", "count")
			for _, c := range o.Nodes.Constraints {
				add(c.Title, c.Nodes, "offers", o.Name, "nodes", "constraints", c.Name)
			}
		}
	}
	placeAnalyses(r, add)
	for _, n := range r.Crossover.Points {
		add(n.Title, n.Figure, "crossover", n.Name)
	}
	for i, c := range r.Curve {
		add("load", c.Load, "curve", strconv.Itoa(i), "load")
		for _, system := range []string{"dynamodb", "aerospike"} {
			if f, ok := c.Monthly[system]; ok {
				add(c.Offer[system], f, "curve", strconv.Itoa(i), system)
			}
		}
	}
	for _, a := range r.Assumptions {
		add(a.Title, a.Figure, "assumptions", a.Name)
	}
	return out
}

// placeAnalyses lists the figures of what was worked out from the offers.
func placeAnalyses(r *Result, add func(title string, f figure.Figure, path ...string)) {
	if c := r.CashFlow; c != nil {
		for _, system := range []string{"dynamodb", "aerospike"} {
			add("present value of "+c.Offer[system], c.Present[system], "cash_flow", "present_value", system)
		}
		for _, x := range []struct {
			name, title string
			f           *figure.Figure
		}{{"present_saving", "present value of the saving with Aerospike", c.Saving}, {"payback_month", "month by which a migration has paid for itself", c.Payback}, {"investment", "the most that a migration costs before it saves", c.Investment}} {
			if x.f != nil {
				add(x.title, *x.f, "cash_flow", x.name)
			}
		}
	}
	if r.Fixes != nil {
		for _, f := range r.Fixes.List {
			add(f.Title, f.Saving, "fixes", f.Name)
		}
	}
	for _, b := range r.BreakEven {
		if b.Figure != nil {
			add(b.Title, *b.Figure, "break_even", b.Name)
		}
	}
	if u := r.Uncertainty; u != nil {
		placeSpreads(u, add)
		for _, b := range u.Tornado {
			for _, x := range []struct {
				name string
				f    *figure.Figure
			}{{"saving_at_low", b.AtLow}, {"saving_at_high", b.AtHigh}} {
				if x.f != nil {
					add(b.Title+": "+strings.ReplaceAll(x.name, "_", " "), *x.f, "uncertainty", "tornado", b.Name, x.name)
				}
			}
		}
		for _, n := range u.Information {
			add("worth of knowing exactly: "+n.Title, n.Figure, "uncertainty", "information", n.Name)
		}
	}
	if r.Plane != nil {
		for i, row := range r.Plane.Rows {
			add("size of data", row.Data, "plane", strconv.Itoa(i), "data")
			for k, f := range row.Changes {
				add("load at which the cheaper system changes", f, "plane", strconv.Itoa(i), "changes", strconv.Itoa(k))
			}
		}
	}
}

func placeSpreads(u *Uncertainty, add func(title string, f figure.Figure, path ...string)) {
	one := func(title string, s Spread, path ...string) {
		for _, x := range []struct {
			name string
			f    figure.Figure
		}{{"p10", s.P10}, {"p50", s.P50}, {"p90", s.P90}} {
			add(title+", "+x.name, x.f, append(append([]string{"uncertainty"}, path...), x.name)...)
		}
	}
	if u.Saving != nil {
		one("saving with Aerospike over the horizon", *u.Saving, "saving")
	}
	for _, system := range []string{"dynamodb", "aerospike"} {
		if s, ok := u.Systems[system]; ok {
			one(systemName(system)+" over the horizon", s, "systems", system)
		}
	}
}

// Explain returns the working of the figure at path, down to prices, measurements and
// assumptions, or the list of paths when path is empty. An unknown path is an error that names
// the nearest.
func Explain(r *Result, path string) (string, error) {
	list := places(r)
	index := make(map[string]*located, len(list))
	paths := make([]string, len(list))
	for i := range list {
		index[list[i].path] = &list[i]
		paths[i] = list[i].path
	}
	if path == "" {
		return strings.Join(paths, "\n") + "\n", nil
	}
	path = strings.Trim(path, "/")
	found, ok := index[path]
	if before, after, has := strings.Cut(path, "/nodes/"); !ok && has {
		found, ok = index[before+"/nodes/constraints/"+after] // the short form that reports print
	}
	if !ok {
		return "", fmt.Errorf("no figure is at %q; the nearest is %q (without a path, explain lists all %d)", path, nearest(path, paths), len(paths))
	}
	w := &working{index: index, shown: map[string]bool{path: true}}
	fmt.Fprintf(&w.out, "%s\n", found.title)
	w.figure(found.path, found.figure, "", "")
	return w.out.String(), nil
}

// A working is the tree being printed.
type working struct {
	out   strings.Builder
	index map[string]*located
	shown map[string]bool // paths whose working is printed already
}

func (w *working) figure(name string, f figure.Figure, first, rest string) {
	if path, ok := costmodel.Seen(f); ok && w.index[path] != nil {
		if w.shown[path] {
			fmt.Fprintf(&w.out, "%s%s = %s  [at weakest %s; worked out above: %s]\n", first, name, shown(f), f.Basis, path)
			return
		}
		w.shown[path] = true
		f = w.index[path].figure
	}
	fmt.Fprintf(&w.out, "%s%s = %s  [%s]\n", first, name, shown(f), mark(f))
	inputs := len(f.Inputs) > 0
	bar := "   "
	if inputs {
		bar = "│  "
	}
	if f.Formula != "" {
		fmt.Fprintf(&w.out, "%s%s= %s\n", rest, bar, f.Formula)
	}
	if f.Basis != figure.Derived {
		fmt.Fprintf(&w.out, "%s%s%s\n", rest, bar, origin(f))
	}
	if f.Note != "" {
		fmt.Fprintf(&w.out, "%s%snote: %s\n", rest, bar, f.Note)
	}
	for i, in := range f.Inputs {
		branch, below := "├─ ", "│  "
		if i == len(f.Inputs)-1 {
			branch, below = "└─ ", "   "
		}
		w.figure(in.Name, in.Figure, rest+branch, rest+below)
	}
}

// shown is a figure's value with its unit: sums of money to the cent, unit prices in full, all
// else to six digits.
func shown(f figure.Figure) string {
	switch {
	case f.Unit == "USD" || f.Unit == "USD/month":
		return strconv.FormatFloat(f.Value, 'f', 2, 64) + " " + f.Unit
	case f.Basis == figure.Price:
		return strconv.FormatFloat(f.Value, 'g', -1, 64) + " " + f.Unit
	}
	return f.String()
}

// mark is a figure's basis, and what a derived one is no better than.
func mark(f figure.Figure) string {
	if f.Basis == figure.Derived {
		return "derived; at weakest " + string(f.Weakest())
	}
	return string(f.Basis)
}

func origin(f figure.Figure) string {
	s := "from " + f.Source
	if f.Date != "" {
		s += "; read " + f.Date
	}
	if f.Confidence != "" {
		s += "; confidence " + f.Confidence
	}
	return s
}
