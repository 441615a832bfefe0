package report

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"crossover/costmodel/tco"
	"crossover/results/figure"
)

// shownBars is how many assumptions the tornado draws; its table has them all.
const shownBars = 12

// analyses shows how sure the answer is, when a migration pays for itself, and where the crossing
// lies when load and data are scaled apart.
func analyses(d Doc) ([]section, error) {
	if d.Cost == nil {
		return nil, nil
	}
	var out []section
	for _, part := range []func(*tco.Result) (*section, error){fixFirst, certainty, overTime, map2D} {
		s, err := part(d.Cost)
		if err != nil {
			return nil, err
		}
		if s != nil {
			out = append(out, *s)
		}
	}
	return out, nil
}

// shownFixes is how many fixes are shown; tco.json has them all.
const shownFixes = 8

// fixFirst shows what DynamoDB itself could save, beside a migration.
func fixFirst(c *tco.Result) (*section, error) {
	f := c.Fixes
	if f == nil {
		return nil, nil
	}
	s := &section{ID: "fix-first", Title: "What DynamoDB itself could save"}
	if len(f.List) == 0 {
		s.Blocks = append(s.Blocks, say("Nothing that was tried costs less than how the table is bought today ("+offerTitle(c, f.Today)+")."))
		return s, nil
	}
	t := &tableBlock{Caption: "Against " + offerTitle(c, f.Today) + fmt.Sprintf(", over %d months, without people", c.Horizon), Head: []string{"change", "saving, USD", "note"}}
	for i, x := range f.List {
		if i < shownFixes {
			t.Rows = append(t.Rows, []cell{plain(x.Title), dollars(x.Saving, "fixes/"+x.Name), plain(x.Note)})
		}
	}
	if a := cheapest(c, "aerospike"); a != nil {
		for i := range c.Offers {
			if o := &c.Offers[i]; o.Name == f.Today {
				v := figure.Derive(o.TotalHard.Value-a.TotalHard.Value, "USD", "today's offer − the cheapest Aerospike offer, over the horizon, without people",
					figure.In("today", o.TotalHard), figure.In(a.Name, a.TotalHard))
				t.Rows = append(t.Rows, []cell{{Text: "for comparison: migrate to " + a.Title, Strong: true}, dollars(v, "offers/"+a.Name+"/total_hard"), plain("with the months in which both run")})
			}
		}
	}
	s.Blocks = append(s.Blocks, block{Table: t}, say(f.Note))
	return s, nil
}

// certainty shows the spreads, the tornado and what is worth knowing.
func certainty(c *tco.Result) (*section, error) {
	u := c.Uncertainty
	if u == nil {
		return nil, nil
	}
	s := &section{ID: "certainty", Title: "How sure this is"}
	spreads := &tableBlock{Caption: fmt.Sprintf("Over %s draws of the assumptions, USD over %d months", count(uint64(u.Draws)), c.Horizon), Head: []string{"cost", "P10", "P50", "P90"}}
	row := func(name, path string, x tco.Spread) {
		spreads.Rows = append(spreads.Rows, []cell{plain(name), dollars(x.P10, path+"/p10"), dollars(x.P50, path+"/p50"), dollars(x.P90, path+"/p90")})
	}
	for _, system := range systems(c) {
		if x, ok := u.Systems[system]; ok {
			row("cheapest "+systemTitle(system)+" offer", "uncertainty/systems/"+system, x)
		}
	}
	if u.Saving != nil {
		row("saving with Aerospike", "uncertainty/saving", *u.Saving)
	}
	s.Blocks = append(s.Blocks, block{Table: spreads})
	pic, err := tornado(c)
	if err != nil {
		return nil, err
	}
	if pic != nil {
		s.Blocks = append(s.Blocks, block{Pictures: []picture{*pic}})
	}
	s.Blocks = append(s.Blocks, block{Fold: &fold{Summary: "Each assumption's range, and what its ends do to the saving", Blocks: []block{{Table: tornadoTable(c)}}}})
	s.Blocks = append(s.Blocks, heading("What is worth finding out"))
	if len(u.Information) == 0 {
		s.Blocks = append(s.Blocks, say("No single assumption within its range changes which decision is the better one: knowing any of them exactly would be worth nothing."))
	} else {
		t := &tableBlock{Caption: "What it would be worth to know an assumption exactly before deciding", Head: []string{"assumption", "worth, USD"}}
		for _, n := range u.Information {
			t.Rows = append(t.Rows, []cell{plain(n.Title + " (" + n.Name + ")"), dollars(n.Figure, "uncertainty/information/"+n.Name)})
		}
		s.Blocks = append(s.Blocks, block{Table: t})
	}
	s.Blocks = append(s.Blocks, say(u.Note))
	return s, nil
}

// tornado draws the saving at either end of each assumption's range, the widest above.
func tornado(c *tco.Result) (*picture, error) {
	if c.Verdict.Saving == nil {
		return nil, nil
	}
	now := c.Verdict.Saving.Value
	p := newPlot("saving with Aerospike over the horizon, USD", "")
	p.X.Tick.Marker = moneyTicks{}
	pic := &picture{Title: "What each assumption's range does to the saving"}
	var names []plot.Tick
	var bars []tco.Bar
	for _, b := range c.Uncertainty.Tornado {
		if b.AtLow != nil && b.AtHigh != nil && len(bars) < shownBars && (b.AtLow.Value != now || b.AtHigh.Value != now) {
			bars = append(bars, b)
		}
	}
	if len(bars) == 0 {
		return nil, nil
	}
	low, high := now, now
	for i, b := range bars {
		y := float64(len(bars) - 1 - i)
		names = append(names, plot.Tick{Value: y, Label: b.Name})
		for style, end := range []*figure.Figure{b.AtLow, b.AtHigh} {
			l, err := plotter.NewLine(plotter.XYs{{X: now, Y: y}, {X: end.Value, Y: y}})
			if err != nil {
				return nil, fmt.Errorf("drawing %s: %w", b.Name, err)
			}
			l.Color, l.Width = lineColor(style), vg.Points(7)
			if style == 1 { // thinner, since both ends may lie on one side
				l.Width = vg.Points(3.5)
			}
			p.Add(l)
			low, high = min(low, end.Value), max(high, end.Value)
		}
	}
	p.Y.Tick.Marker = plot.ConstantTicks(names)
	room := 0.05 * (high - low)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = min(low-room, 0), max(high+room, 0), -0.6, float64(len(bars))-0.4
	if err := mark(p, now, p.Y.Min, p.Y.Max, loadStyle); err != nil {
		return nil, err
	}
	pic.Keys = []key{lineKey(0, "at the lower end of its range"), lineKey(1, "at the upper end"), lineKey(loadStyle, "as it is: "+money(now))}
	if err := mark(p, 0, p.Y.Min, p.Y.Max, crossingStyle); err != nil {
		return nil, err
	}
	pic.Keys = append(pic.Keys, lineKey(crossingStyle, "no difference between the two"))
	pic.Label = fmt.Sprintf("The saving with Aerospike, %s as it is, at either end of each assumption's range. The widest: %s, from %s to %s.",
		money(now), bars[0].Title, money(bars[0].AtLow.Value), money(bars[0].AtHigh.Value))
	var err error
	pic.SVG, err = svg(p, plotHeight+vg.Points(float64(6*len(bars))), pic.Label)
	return pic, err
}

// moneyTicks are gonum's marks as sums of money.
type moneyTicks struct{}

// Ticks returns the marks between low and high.
func (moneyTicks) Ticks(low, high float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(low, high)
	for i := range ticks {
		if ticks[i].Label == "" {
			continue
		}
		sign := ""
		if ticks[i].Value < 0 {
			sign = "−"
		}
		ticks[i].Label = sign + "$" + axisNumber(math.Abs(ticks[i].Value))
	}
	return ticks
}

func tornadoTable(c *tco.Result) *tableBlock {
	t := &tableBlock{
		Caption: "One assumption at a time at the ends of its range, all others as they are",
		Head:    []string{"assumption", "lower end", "upper end", "saving at the lower", "saving at the upper", "effect"},
	}
	end := func(f *figure.Figure, path string) cell {
		if f == nil {
			return plain("not priced")
		}
		return dollars(*f, path)
	}
	for _, b := range c.Uncertainty.Tornado {
		changes := ""
		if b.ChangesIt {
			changes = "changes the cheaper system"
		}
		path := "uncertainty/tornado/" + b.Name + "/"
		t.Rows = append(t.Rows, []cell{
			plain(b.Title + " (" + b.Name + ")"), fig(b.Low, ""), fig(b.High, ""),
			end(b.AtLow, path+"saving_at_low"), end(b.AtHigh, path+"saving_at_high"), plain(changes),
		})
	}
	return t
}

// overTime shows the costs added up month by month, payback, present values and break-evens.
func overTime(c *tco.Result) (*section, error) {
	f := c.CashFlow
	if f == nil && len(c.BreakEven) == 0 {
		return nil, nil
	}
	s := &section{ID: "cash-flow", Title: "Month by month"}
	if f != nil {
		pic, err := cashPlot(c)
		if err != nil {
			return nil, err
		}
		s.Blocks = append(s.Blocks, block{Pictures: []picture{*pic}}, say(f.PaybackNote))
		t := &tableBlock{Caption: "Over the horizon", Head: []string{"amount", "USD"}}
		add := func(name string, x *figure.Figure, path string) {
			if x != nil {
				t.Rows = append(t.Rows, []cell{plain(name), dollars(*x, "cash_flow/"+path)})
			}
		}
		for _, system := range systems(c) {
			if x, ok := f.Present[system]; ok {
				add("present value of the cheapest "+systemTitle(system)+" offer", &x, "present_value/"+system)
			}
		}
		add("present value of the saving with Aerospike", f.Saving, "present_saving")
		add("most that Aerospike costs more on the way", f.Investment, "investment")
		s.Blocks = append(s.Blocks, block{Table: t}, block{Fold: &fold{Summary: "The months' figures", Blocks: []block{{Table: monthTable(c)}}}})
	}
	if len(c.BreakEven) > 0 {
		s.Blocks = append(s.Blocks, heading("What would make both cost the same"))
		t := &tableBlock{Caption: "Everything else as it is", Head: []string{"condition", "value", "note"}}
		for _, b := range c.BreakEven {
			value := plain("none")
			if b.Figure != nil {
				value = fig(*b.Figure, "break_even/"+b.Name)
			}
			t.Rows = append(t.Rows, []cell{plain(b.Title), value, plain(b.Note)})
		}
		s.Blocks = append(s.Blocks, block{Table: t})
	}
	return s, nil
}

// cashPlot draws each system's costs added up.
func cashPlot(c *tco.Result) (*picture, error) {
	p := newPlot("month", "USD, added up")
	p.X.Tick.Marker, p.Y.Tick.Marker = linearTicks{}, moneyTicks{}
	pic := &picture{Title: "What each system has cost by the end of each month"}
	for i, system := range systems(c) {
		list := c.CashFlow.ByMonth[system]
		if len(list) == 0 {
			continue
		}
		pts := plotter.XYs{{X: 0, Y: 0}}
		sum := 0.0
		for m, v := range list {
			sum += v
			pts = append(pts, plotter.XY{X: float64(m + 1), Y: sum})
		}
		k, err := addLine(p, systemTitle(system), i, pts, false)
		if err != nil {
			return nil, err
		}
		pic.Keys = append(pic.Keys, k)
	}
	p.Y.Min = 0
	pic.Label = "The costs of each system's cheapest offer, added up month by month. " + c.CashFlow.PaybackNote
	var err error
	pic.SVG, err = svg(p, plotHeight, pic.Label)
	return pic, err
}

func monthTable(c *tco.Result) *tableBlock {
	t := &tableBlock{Caption: "USD by month: " + c.CashFlow.Basis, Head: []string{"month"}}
	names := systems(c)
	for _, system := range names {
		t.Head = append(t.Head, systemTitle(system)+", "+c.CashFlow.Offer[system])
	}
	t.Head = append(t.Head, "saving with Aerospike, added up")
	sum := 0.0
	for m := range c.Horizon {
		row := []cell{num(fmt.Sprint(m + 1))}
		basis := figure.Price
		for _, system := range names {
			list := c.CashFlow.ByMonth[system]
			if m >= len(list) {
				row = append(row, plain(""))
				continue
			}
			f := figure.New(list[m], "USD", weakestOf(c, c.CashFlow.Offer[system]), c.CashFlow.Basis)
			basis = f.Basis
			row = append(row, dollars(f, ""))
			if system == "dynamodb" {
				sum += list[m]
			} else {
				sum -= list[m]
			}
		}
		t.Rows = append(t.Rows, append(row, dollars(figure.New(sum, "USD", basis, "sum of the months"), "")))
	}
	return t
}

// weakestOf is what an offer's total rests on.
func weakestOf(c *tco.Result, name string) figure.Basis {
	for i := range c.Offers {
		if c.Offers[i].Name == name {
			return c.Offers[i].Total.Weakest()
		}
	}
	return figure.Assumed
}
