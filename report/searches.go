package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"crossover/results"
)

// searches show, for each target, which rates held, with the evidence of each step, and the curve
// of latency against throughput.
func searches(d Doc) ([]section, error) {
	var out []section
	for i, s := range d.Searches {
		sec := section{ID: fmt.Sprintf("search-%d", i+1), Title: searchTitle(s)}
		if t := foundTable(s); t != nil {
			sec.Blocks = append(sec.Blocks, block{Table: t})
		}
		for k := range s.Points {
			blocks, err := pointBlocks(s, &s.Points[k])
			if err != nil {
				return nil, err
			}
			sec.Blocks = append(sec.Blocks, blocks...)
		}
		sec.Blocks = append(sec.Blocks, block{Fold: &fold{Summary: "How a rate is judged", Blocks: ruleBlocks(s)}})
		out = append(out, sec)
	}
	return out, nil
}

func searchTitle(s *results.Search) string {
	what := "the highest rate that holds"
	if s.Mode != "search" {
		what = "latency against throughput"
	}
	return targetTitle(s) + ": " + what
}

// foundTable is what a search found at each of its points; nil for a sweep.
func foundTable(s *results.Search) *tableBlock {
	if s.Mode != "search" {
		return nil
	}
	t := &tableBlock{Caption: "What was found", Head: []string{"searched", "holds up to", "does not hold at", "outcome"}}
	for _, p := range s.Points {
		held := num("no rate")
		if p.Capacity != nil {
			held = fig(*p.Capacity, "")
		}
		failing := num(missing)
		if p.Failing > 0 {
			failing = num(quantity(p.Failing) + " operations/s")
		}
		outcome := p.Sentence
		if outcome == "" {
			outcome = "not finished: what is below was seen until then"
		}
		t.Rows = append(t.Rows, []cell{plain(pointName(&p)), held, failing, plain(outcome)})
	}
	return t
}

func pointName(p *results.SearchPoint) string {
	if p.Name == "" {
		return "the scenario"
	}
	return p.Name
}

// pointBlocks are one search's or curve's steps.
func pointBlocks(s *results.Search, p *results.SearchPoint) ([]block, error) {
	if len(p.Steps) == 0 {
		return []block{say(pointName(p) + ": no step has ended.")}, nil
	}
	var out []block
	if s.Varied != "" {
		out = append(out, heading(p.Name))
	}
	pic, err := curvePicture(s, p)
	if err != nil {
		return nil, err
	}
	if pic != nil {
		out = append(out, block{Pictures: []picture{*pic}})
	}
	out = append(out, block{Table: stepTable(s, p)}, block{Table: curveTableOf(s, p)})
	for _, v := range p.Violations {
		out = append(out, warn(strings.ToUpper(v[:1])+v[1:]+"."))
	}
	return out, nil
}

// byRate returns a point's steps in the order of their rates.
func byRate(p *results.SearchPoint) []*results.SearchStep {
	steps := make([]*results.SearchStep, len(p.Steps))
	for i := range p.Steps {
		steps[i] = &p.Steps[i]
	}
	slices.SortStableFunc(steps, func(a, b *results.SearchStep) int {
		switch {
		case a.Rate < b.Rate:
			return -1
		case a.Rate > b.Rate:
			return 1
		}
		return 0
	})
	return steps
}

// stepTable has each step's verdict with its evidence.
func stepTable(s *results.Search, p *results.SearchPoint) *tableBlock {
	t := &tableBlock{
		Caption: "Each rate, judged" + ofPoint(p),
		Head:    []string{"rate", "verdict", "offered", "completed", "failed", "objectives: between, at " + percent(s.Rule.Confidence) + " confidence", "probes", "load", "why"},
	}
	for _, step := range byRate(p) {
		verdict := cell{Text: step.Verdict, Strong: step.Verdict == results.Holds}
		if step.Verdict == "" {
			verdict.Text = "not finished"
		}
		seconds := 0.0
		for _, probe := range step.Probes {
			seconds += probe.Seconds
		}
		t.Rows = append(t.Rows, []cell{
			num(quantity(step.Rate) + "/s"), verdict,
			seenIn(s, quantity(step.Offered)+"/s"), seenIn(s, quantity(step.Completed)+"/s"), seenIn(s, percent(step.Errors)),
			plain(boundsOf(step)), num(count(uint64(len(step.Probes)))), num(decimals(seconds, 1) + " s"), plain(whyOf(step)),
		})
	}
	return t
}

func ofPoint(p *results.SearchPoint) string {
	if p.Name == "" {
		return ""
	}
	return ": " + p.Name
}

// seenIn is a value that a search saw, with the basis of everything seen in it.
func seenIn(s *results.Search, text string) cell { return seen(asRun(s), text) }

// asRun is a run on a search's target: what it saw is known as well as what a run would have seen.
func asRun(s *results.Search) *results.Run {
	return &results.Run{Manifest: results.Manifest{Target: s.Target}}
}

func targetTitle(s *results.Search) string { return runTitle(asRun(s)) }

// searchesBasis says on what the searches' figures rest.
func searchesBasis(all []*results.Search) string {
	runs := make([]*results.Run, len(all))
	for i, s := range all {
		runs[i] = asRun(s)
	}
	return runsBasis(runs)
}

// boundsOf says between what each objective's quantity lies, and what it was to be.
func boundsOf(step *results.SearchStep) string {
	var out []string
	for _, j := range step.Objectives {
		if j.Samples == 0 {
			continue
		}
		high := "no bound"
		if !j.Unbounded {
			high = amount(j.High, j.Unit)
		}
		out = append(out, fmt.Sprintf("%s: %s to %s, limit %s (%s)", j.Name, amount(j.Low, j.Unit), high, limitText(j.Limit, j.Unit), j.Result))
	}
	return strings.Join(out, "; ")
}

// whyOf joins the reasons of a verdict and the notes of its probes, each once.
func whyOf(step *results.SearchStep) string {
	out := slices.Clone(step.Reasons)
	for _, p := range step.Probes {
		for _, n := range p.Notes {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return strings.Join(out, "; ")
}

// curveTableOf is the curve's figures.
func curveTableOf(s *results.Search, p *results.SearchPoint) *tableBlock {
	t := &tableBlock{
		Caption: "Response times of successes" + ofPoint(p),
		Head:    []string{"rate", "operation", "samples", "p50", "p90", "p99", "p99.9", "most"},
	}
	for _, step := range byRate(p) {
		for _, kind := range slices.Sorted(maps.Keys(step.Response)) {
			r := step.Response[kind]
			at := func(q float64, v int64) cell {
				if !results.EnoughSamples(r.Count, q) {
					return num("too few")
				}
				return seenIn(s, nanos(v))
			}
			t.Rows = append(t.Rows, []cell{
				num(quantity(step.Rate) + "/s"), plain(kind), num(count(uint64(max(r.Count, 0)))),
				at(0.5, r.P50), at(0.9, r.P90), at(0.99, r.P99), at(0.999, r.P999), at(1, r.Max),
			})
		}
	}
	return t
}

// curveKinds is how many kinds of operation a curve has lines for: two line styles each.
const curveKinds = lineStyles / 2

// curvePicture draws p50 and p99 of each kind against the throughput, with the bounds of each
// objective as bars and its limit as a rule; nil where fewer than two steps have samples.
func curvePicture(s *results.Search, p *results.SearchPoint) (*picture, error) {
	c := curve{plot: newPlot("completed operations/s", "response time, ms"), low: math.Inf(1), high: math.Inf(-1), right: 0}
	c.plot.Y.Tick.Marker, c.plot.X.Tick.Marker = logTicks{}, linearTicks{}
	steps := byRate(p)
	kinds := map[string]bool{}
	for _, step := range steps {
		for kind := range step.Response {
			kinds[kind] = true
		}
		c.right = max(c.right, step.Completed)
	}
	names := slices.Sorted(maps.Keys(kinds))
	for i, kind := range names[:min(len(names), curveKinds)] {
		if err := c.lines(steps, kind, 2*i); err != nil {
			return nil, err
		}
		if err := c.bounds(steps, kind, 2*i+1); err != nil {
			return nil, err
		}
	}
	if c.points < 2 {
		return nil, nil
	}
	c.plot.X.Min, c.plot.X.Max = 0, c.right*1.03
	c.plot.Y.Min, c.plot.Y.Max = c.low-0.1, c.high+0.1
	c.picture.Title = "Latency against throughput" + ofPoint(p)
	c.picture.Label = fmt.Sprintf("Response time on a logarithmic scale against completed operations per second, %s: %s. "+
		"Bars are the bounds of an objective's percentile at %s confidence, rules its limit.",
		targetTitle(s), strings.Join(c.said, "; "), percent(s.Rule.Confidence))
	var err error
	c.picture.SVG, err = svg(c.plot, plotHeight, c.picture.Label)
	return &c.picture, err
}

// A curve is a picture in the making.
type curve struct {
	plot             *plot.Plot
	picture          picture
	low, high, right float64 // of what is drawn: logarithms of ms, operations/s
	points           int     // of the longest line
	said             []string
}

func logMs(ns float64) float64 { return math.Log10(ns / 1e6) }

// lines draws a kind's p50 and p99, where enough samples lie beyond them.
func (c *curve) lines(steps []*results.SearchStep, kind string, style int) error {
	for i, q := range []struct {
		name string
		q    float64
		of   func(results.Percentiles) int64
	}{
		{"p50", 0.5, func(p results.Percentiles) int64 { return p.P50 }},
		{"p99", 0.99, func(p results.Percentiles) int64 { return p.P99 }},
	} {
		var pts plotter.XYs
		for _, step := range steps {
			if r := step.Response[kind]; results.EnoughSamples(r.Count, q.q) && q.of(r) > 0 {
				pts = append(pts, plotter.XY{X: step.Completed, Y: logMs(float64(q.of(r)))})
			}
		}
		c.points = max(c.points, len(pts))
		if len(pts) < 2 {
			continue
		}
		slices.SortStableFunc(pts, func(a, b plotter.XY) int { return int(math.Copysign(1, a.X-b.X)) })
		k, err := addLine(c.plot, kind+" "+q.name, style+i, pts, false)
		if err != nil {
			return err
		}
		c.picture.Keys = append(c.picture.Keys, k)
		for _, pt := range pts {
			c.low, c.high = min(c.low, pt.Y), max(c.high, pt.Y)
		}
		last := pts[len(pts)-1]
		c.said = append(c.said, fmt.Sprintf("%s %s from %s at %s/s to %s at %s/s", kind, q.name,
			nanos(int64(math.Pow(10, pts[0].Y)*1e6)), quantity(math.Round(pts[0].X)),
			nanos(int64(math.Pow(10, last.Y)*1e6)), quantity(math.Round(last.X))))
	}
	return nil
}

// bounds draws the bounds of a kind's objectives, and their limits.
func (c *curve) bounds(steps []*results.SearchStep, kind string, style int) error {
	limits := map[float64]bool{}
	for _, step := range steps {
		for _, j := range step.Objectives {
			if j.Unit != "ns" || !strings.HasPrefix(j.Name, kind+" ") || j.Samples == 0 || j.Low <= 0 {
				continue
			}
			limits[j.Limit] = true
			top := j.High
			if j.Unbounded || top <= 0 {
				top = max(j.Seen, j.Low)
			}
			low, high := logMs(j.Low), logMs(top)
			c.low, c.high = min(c.low, low), max(c.high, high)
			if err := c.rule(plotter.XYs{{X: step.Completed, Y: low}, {X: step.Completed, Y: high}}, style, 3.5); err != nil {
				return err
			}
		}
	}
	for limit := range maps.Keys(limits) {
		y := logMs(limit)
		c.low, c.high = min(c.low, y), max(c.high, y)
		if err := c.rule(plotter.XYs{{X: 0, Y: y}, {X: c.right * 1.03, Y: y}}, style, 0.8); err != nil {
			return err
		}
	}
	return nil
}

// rule draws a straight line without a legend.
func (c *curve) rule(pts plotter.XYs, style int, points float64) error {
	l, err := plotter.NewLine(pts)
	if err != nil {
		return fmt.Errorf("drawing a bound: %w", err)
	}
	l.Color, l.Width = lineColor(style%lineStyles), vg.Points(points)
	c.plot.Add(l)
	return nil
}

// ruleBlocks say how the search judged and chose rates.
func ruleBlocks(s *results.Search) []block {
	r := s.Rule
	text := fmt.Sprintf("A rate holds when the upper confidence bound of every objective is within its limit, misses when a lower bound "+
		"is beyond it or the queue grows, and is undecided else; a search treats undecided as missing. Confidence %s for each rate's verdict, "+
		"%s. The warm-up is found from the data and left out.", percent(r.Confidence), looksWords(r))
	if s.Mode == "search" {
		text += fmt.Sprintf(" Rates from %s/s to %s/s, doubled or halved, then bisected to a distance of %s; both ends are probed a second time.",
			quantity(r.MinRate), quantity(r.MaxRate), percent(r.Resolution))
	}
	out := []block{say(text)}
	for _, k := range sortedKeys(r.Assumed) {
		out = append(out, say("Assumed, "+k+": "+r.Assumed[k]+"."))
	}
	return out
}

func looksWords(r results.SearchRule) string {
	if r.Looks < 2 {
		return "one probe of a rate, " + lasting(r.ProbeNs) + " long"
	}
	return fmt.Sprintf("up to %d probes of a rate, the first %s long and each twice as long as the one before", r.Looks, lasting(r.ProbeNs))
}

// searchProblems are what makes a search's figures doubtful.
func searchProblems(s *results.Search, add func(string, ...any)) {
	title := targetTitle(s)
	switch s.Status {
	case results.Complete:
	case results.Running:
		add("%s: the %s was cut off: what is shown is what was seen until then.", title, s.Mode)
	default:
		add("%s: the %s is %s: %s.", title, s.Mode, s.Status, sentenceEnd(s.Reason))
	}
	for _, w := range s.Warnings {
		add("%s: %s.", title, sentenceEnd(w))
	}
	for _, p := range s.Points {
		if p.Outcome == results.OutcomeLimited {
			add("%s, %s: generator-limited at %s/s: nothing is said of the database there.", title, pointName(&p), quantity(p.LimitedAt))
		}
		for _, w := range p.Warnings {
			add("%s, %s: %s.", title, pointName(&p), sentenceEnd(w))
		}
	}
}
