package report

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"crossover/costmodel/tco"
	"crossover/results"
)

// percentileTicks are the marks of an axis that counts nines.
var percentileTicks = []plot.Tick{
	{Value: math.Log10(2), Label: "50"},
	{Value: 1, Label: "90"},
	{Value: 2, Label: "99"},
	{Value: 3, Label: "99.9"},
	{Value: 4, Label: "99.99"},
	{Value: 5, Label: "99.999"},
}

// percentilePlot draws one measure of latency against percentile for every run, on one
// chart, each as far as a hundred samples lie beyond. Response and service time share a
// scale, so that the two charts can be held side by side.
func percentilePlot(runs []*results.Run, kind, measure, title string) (*picture, error) {
	p := newPlot("percentile", title+", ms")
	p.Y.Tick.Marker = logTicks{}
	p.X.Tick.Marker = plot.ConstantTicks(percentileTicks)
	pic := &picture{Title: kindTitle(kind) + ": " + title + " by percentile"}
	var said []string
	nines := 1.0
	for i, r := range runs {
		pts := percentilePoints(r, kind, measure)
		if len(pts) < 2 {
			continue
		}
		k, err := addLine(p, runTitle(r), i, pts, false)
		if err != nil {
			return nil, err
		}
		pic.Keys = append(pic.Keys, k)
		nines = max(nines, pts[len(pts)-1].X)
		said = append(said, runTitle(r)+" "+saidPercentiles(r, kind, measure))
	}
	if len(said) == 0 {
		return nil, nil
	}
	p.X.Min, p.X.Max = 0.05, nines
	p.Y.Min, p.Y.Max = latencyRange(runs, kind)
	pic.Label = fmt.Sprintf("%s of %s by percentile, on a logarithmic scale: %s.",
		strings.ToUpper(title[:1])+title[1:], kind, strings.Join(said, "; "))
	var err error
	pic.SVG, err = svg(p, plotHeight, pic.Label)
	return pic, err
}

// percentilePoints are a run's latencies, as logarithms of ms, by number of nines: from the
// tenth percentile, since the fastest few say little, to the last that the samples carry.
func percentilePoints(r *results.Run, kind, measure string) plotter.XYs {
	h := r.Histogram(kind, measure, true)
	var nines, percentiles []float64
	for step := 1; step <= 100; step++ {
		n := float64(step) / 20
		q := 1 - math.Pow(10, -n)
		if !results.EnoughSamples(h.TotalCount(), q) {
			break
		}
		nines, percentiles = append(nines, n), append(percentiles, 100*q)
	}
	var pts plotter.XYs
	values := h.ValueAtPercentiles(percentiles) // in one pass
	for i, p := range percentiles {
		if v := values[p]; v > 0 {
			pts = append(pts, plotter.XY{X: nines[i], Y: math.Log10(float64(v) / 1e6)})
		}
	}
	return pts
}

// latencyRange returns the scale, in logarithms of ms, that holds a kind's response and service times.
func latencyRange(runs []*results.Run, kind string) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, r := range runs {
		for _, m := range measures[:2] {
			for _, pt := range percentilePoints(r, kind, m.tag) {
				low, high = min(low, pt.Y), max(high, pt.Y)
			}
		}
	}
	return low - 0.08, high + 0.08
}

// saidPercentiles are the usual percentiles in words, as far as the samples carry them.
func saidPercentiles(r *results.Run, kind, measure string) string {
	h := r.Histogram(kind, measure, true)
	var said []string
	for _, q := range shownQuantiles {
		if q.q < 1 && results.EnoughSamples(h.TotalCount(), q.q) {
			said = append(said, q.name+" "+nanos(h.ValueAtQuantile(100*q.q)))
		}
	}
	return strings.Join(said, ", ")
}

// throughputPlot draws offered, answered and failed rates over time, to the scale top.
func throughputPlot(r *results.Run, ms []moment, top float64) (*picture, error) {
	series := []struct {
		name  string
		value func(moment) float64
	}{
		{"offered", func(m moment) float64 { return m.offered }},
		{"answered", func(m moment) float64 { return m.done }},
		{"failed or dropped", func(m moment) float64 { return m.failed }},
	}
	p := newPlot("seconds since the run's start", "operations per second")
	pic := &picture{
		Title: "Offered and answered" + meanOf(ms),
		Label: fmt.Sprintf("Throughput of %s over time: at most %s operations offered, %s answered and %s "+
			"failed or dropped per second.",
			runTitle(r), whole(peak(ms, series[0].value)), whole(peak(ms, series[1].value)), whole(peak(ms, series[2].value))),
	}
	for i, s := range series {
		if peak(ms, s.value) == 0 && i > 1 {
			continue
		}
		k, err := addLine(p, s.name, i, stairs(ms, s.value), true)
		if err != nil {
			return nil, err
		}
		pic.Keys = append(pic.Keys, k)
	}
	return timePicture(p, pic, r, top)
}

// refusalPlot draws refused attempts over time, a line a reason; nil when there were none.
func refusalPlot(r *results.Run, ms []moment) (*picture, error) {
	reasons := map[string]float64{}
	for _, m := range ms {
		for reason, v := range m.refused {
			if v > 0 {
				reasons[reason] = max(reasons[reason], v)
			}
		}
	}
	if len(reasons) == 0 {
		return nil, nil
	}
	p := newPlot("seconds since the run's start", "attempts refused per second")
	pic := &picture{Title: "Attempts refused, by reason" + meanOf(ms)}
	top := 0.0
	var said []string
	for i, reason := range sortedKeys(reasons) {
		k, err := addLine(p, reason, i+1, stairs(ms, func(m moment) float64 { return m.refused[reason] }), true)
		if err != nil {
			return nil, err
		}
		pic.Keys = append(pic.Keys, k)
		top = max(top, reasons[reason])
		said = append(said, fmt.Sprintf("%s at most %s", reason, quantity(reasons[reason])))
	}
	pic.Label = fmt.Sprintf("Attempts refused per second by %s over time: %s.", runTitle(r), strings.Join(said, ", "))
	return timePicture(p, pic, r, top)
}

// timePicture finishes a chart over time: its range, and where phases begin.
func timePicture(p *plot.Plot, pic *picture, r *results.Run, top float64) (*picture, error) {
	p.Y.Min, p.Y.Max = 0, top*1.05
	p.X.Tick.Marker, p.Y.Tick.Marker = linearTicks{}, linearTicks{}
	phases := phaseSums(r)
	for i, phase := range phases[:min(len(phases), mostPhases)] {
		if i == 0 {
			continue
		}
		if err := mark(p, phase.from, 0, top*1.05, phaseStyle); err != nil {
			return nil, err
		}
	}
	if len(phases) > 1 {
		pic.Keys = append(pic.Keys, lineKey(phaseStyle, "a phase begins"))
	}
	if err := markEvents(p, pic, r, top); err != nil {
		return nil, err
	}
	var err error
	pic.SVG, err = svg(p, plotHeight, pic.Label)
	return pic, err
}

const (
	mostPhases = 12 // how many phases are marked; more would hide the curves
	phaseStyle = 5  // the line style of their marks
)

// stairs are a curve's points, its last stretch included.
func stairs(ms []moment, value func(moment) float64) plotter.XYs {
	pts := make(plotter.XYs, 0, len(ms)+1)
	for _, m := range ms {
		pts = append(pts, plotter.XY{X: m.at, Y: value(m)})
	}
	last := ms[len(ms)-1]
	return append(pts, plotter.XY{X: last.at + last.length, Y: value(last)})
}

// meanOf says over what each point of a curve is a mean.
func meanOf(ms []moment) string {
	return ", mean of each " + quantity(round1(ms[0].length)) + " s"
}

func peak(ms []moment, value func(moment) float64) float64 {
	top := 0.0
	for _, m := range ms {
		top = max(top, value(m))
	}
	return top
}

// costCurve draws each system's cheapest monthly cost against load, with the crossings and
// the load that the verdict is about.
func costCurve(c *tco.Result) (*picture, error) {
	p := newPlot("load, mean operations per second", "USD per month")
	p.X.Tick.Marker, p.Y.Tick.Marker = logTicks{}, logTicks{"$"}
	pic := &picture{Title: "Monthly cost of each system's cheapest offer, against load"}
	low, high, from, to := math.Inf(1), 0.0, math.Inf(1), 0.0
	for i, system := range systems(c) {
		var pts plotter.XYs
		for _, point := range c.Curve {
			load, cost := point.Load.Value, point.Monthly[system].Value // 0 where there is none
			if load > 0 && cost > 0 && finite(load) && finite(cost) {
				pts = append(pts, plotter.XY{X: math.Log10(load), Y: math.Log10(cost)})
				low, high = min(low, cost), max(high, cost)
				from, to = min(from, load), max(to, load)
			}
		}
		if len(pts) < 2 {
			continue
		}
		k, err := addLine(p, systemTitle(system), i, pts, false)
		if err != nil {
			return nil, err
		}
		pic.Keys = append(pic.Keys, k)
	}
	if len(pic.Keys) == 0 || from >= to {
		return nil, nil
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = math.Log10(from), math.Log10(to), math.Log10(low/1.5), math.Log10(high*1.5)
	if err := markLoads(p, pic, c); err != nil {
		return nil, err
	}
	pic.Label = fmt.Sprintf("Monthly cost of each system's cheapest offer against load, from %s to %s "+
		"operations/s, on logarithmic scales. %s",
		whole(from), whole(to), crossingSentence(c))
	var err error
	pic.SVG, err = svg(p, plotHeight, pic.Label)
	return pic, err
}

// The line styles of the marks on the cost curve.
const (
	crossingStyle = 2
	loadStyle     = 3
)

// markLoads draws the loads at which the cheaper system changes, and the scenario's own.
func markLoads(p *plot.Plot, pic *picture, c *tco.Result) error {
	within := func(v float64) bool { return v > 0 && math.Log10(v) >= p.X.Min && math.Log10(v) <= p.X.Max }
	crossings := false
	for _, n := range c.Crossover.Points {
		if !within(n.Figure.Value) {
			continue
		}
		crossings = true
		if err := mark(p, math.Log10(n.Figure.Value), p.Y.Min, p.Y.Max, crossingStyle); err != nil {
			return err
		}
	}
	if crossings {
		pic.Keys = append(pic.Keys, lineKey(crossingStyle, "crossing: the cheaper system changes"))
	}
	if own := ownLoad(c); own != nil && within(own.Figure.Value) {
		if err := mark(p, math.Log10(own.Figure.Value), p.Y.Min, p.Y.Max, loadStyle); err != nil {
			return err
		}
		pic.Keys = append(pic.Keys, lineKey(loadStyle, "this workload: "+amount(own.Figure.Value, own.Figure.Unit)))
	}
	return nil
}

// ownLoad returns the scenario's mean load among the demand's figures.
func ownLoad(c *tco.Result) *tco.Named {
	for i, n := range c.Demand {
		if n.Figure.Unit == "operations/s" && strings.Contains(n.Name, "mean") {
			return &c.Demand[i]
		}
	}
	return nil
}

// crossingSentence says where the cheaper system changes.
func crossingSentence(c *tco.Result) string {
	if len(c.Crossover.Points) == 0 {
		return "No crossing lies in the loads priced."
	}
	var at []string
	for _, n := range c.Crossover.Points {
		at = append(at, amount(n.Figure.Value, n.Figure.Unit))
	}
	return "The cheaper system changes at " + sentenceList(at) + "."
}
