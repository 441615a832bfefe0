package report

import (
	"bytes"
	"fmt"
	"html"
	"html/template"
	"image/color"
	"math"
	"regexp"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"crossover/costmodel/tco"
	"crossover/results"
)

const (
	plotWidth  = 8 * vg.Inch
	plotHeight = 3.4 * vg.Inch
)

// palette is distinguishable with the common colour-vision deficiencies (Okabe and Ito), and
// each series also has a dash of its own.
var palette = []color.RGBA{
	{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}, {R: 0xd5, G: 0x5e, B: 0x00, A: 0xff},
	{R: 0x00, G: 0x9e, B: 0x73, A: 0xff}, {R: 0xcc, G: 0x79, B: 0xa7, A: 0xff},
	{R: 0x56, G: 0xb4, B: 0xe9, A: 0xff}, {R: 0x33, G: 0x33, B: 0x33, A: 0xff},
}

var dashes = [][]vg.Length{nil, {vg.Points(6), vg.Points(3)}, {vg.Points(2), vg.Points(2)}, {vg.Points(8), vg.Points(2), vg.Points(2), vg.Points(2)}}

func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = x, y
	p.Legend.Top = true
	p.Legend.Left = true
	p.Legend.Padding = vg.Points(2)
	p.Add(plotter.NewGrid())
	return p
}

// addLine adds a series; step draws it as a staircase.
func addLine(p *plot.Plot, name string, i int, pts plotter.XYs, step bool) error {
	l, err := plotter.NewLine(pts)
	if err != nil {
		return fmt.Errorf("drawing %s: %w", name, err)
	}
	l.Color = palette[i%len(palette)]
	l.Width = vg.Points(1.6)
	l.Dashes = dashes[i%len(dashes)]
	if step {
		l.StepStyle = plotter.PostStep
	}
	p.Add(l)
	p.Legend.Add(name, l)
	return nil
}

var (
	svgHead = regexp.MustCompile(`(?s)^.*?<svg`)
	svgSize = regexp.MustCompile(`(?s)<svg width="[^"]*" height="[^"]*"`)
)

// svg draws p as an element to stand in a page, labelled for those who can't see it.
func svg(p *plot.Plot, height vg.Length, label string) (template.HTML, error) {
	c := vgsvg.New(plotWidth, height)
	p.Draw(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return "", fmt.Errorf("drawing %q: %w", label, err)
	}
	text := svgHead.ReplaceAllString(b.String(), "<svg")
	text = svgSize.ReplaceAllString(text, "<svg")
	text = strings.Replace(text, "<svg", `<svg role="img" aria-label="`+html.EscapeString(label)+`"`, 1)
	return template.HTML(text), nil //nolint:gosec // made here from numbers; names are escaped by the canvas
}

// percentilePlot draws response time against percentile for every run, on one chart: the
// axis is the number of nines.
func percentilePlot(runs []*results.Run, kind string) (*picture, error) {
	p := newPlot("percentile", "response time, ms")
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{}
	var said []string
	for i, r := range runs {
		h := r.Histogram(kind, results.Response, true)
		var pts plotter.XYs
		for nines := 0.0; nines <= 5.01; nines += 0.05 {
			q := 1 - math.Pow(10, -nines)
			if h.TotalCount() == 0 || !results.EnoughSamples(h.TotalCount(), q) {
				break
			}
			if v := h.ValueAtQuantile(100 * q); v > 0 {
				pts = append(pts, plotter.XY{X: nines, Y: float64(v) / 1e6})
			}
		}
		if len(pts) < 2 {
			continue
		}
		name := fmt.Sprintf("%s, %s", runTitle(r), runBasis(r))
		if err := addLine(p, name, i, pts, false); err != nil {
			return nil, err
		}
		said = append(said, fmt.Sprintf("%s from %s at the median to %s at the last percentile drawn",
			runTitle(r), nanos(h.ValueAtQuantile(50)), nanos(int64(pts[len(pts)-1].Y*1e6))))
	}
	if len(said) == 0 {
		return nil, nil
	}
	p.X.Min = 0
	p.X.Tick.Marker = plot.ConstantTicks([]plot.Tick{
		{Value: 0, Label: "0"}, {Value: math.Log10(2), Label: "50"}, {Value: 1, Label: "90"}, {Value: 2, Label: "99"},
		{Value: 3, Label: "99.9"}, {Value: 4, Label: "99.99"}, {Value: 5, Label: "99.999"},
	})
	label := "Response time by percentile: " + strings.Join(said, "; ") + "."
	s, err := svg(p, plotHeight, label)
	return &picture{Title: "Response time of " + kind + ", by percentile", Label: label, SVG: s}, err
}

// logTicks labels a logarithmic axis with 1, 2 and 5 times the powers of ten.
type logTicks struct{}

// Ticks returns the marks between low and high, both above 0.
func (logTicks) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)); e++ {
		for _, m := range []float64{1, 2, 5} {
			if v := m * math.Pow(10, e); v >= low*0.999 && v <= high*1.001 {
				label := quantity(v)
				if high/low > 1e4 && m != 1 {
					label = ""
				}
				ticks = append(ticks, plot.Tick{Value: v, Label: label})
			}
		}
	}
	return ticks
}

// throughputPlot draws offered, done, failed and refused rates over time.
func throughputPlot(r *results.Run, ms []moment) (*picture, error) {
	p := newPlot("seconds since the run's start", "per second")
	p.Y.Min = 0
	series := []struct {
		name  string
		value func(moment) float64
	}{
		{"offered", func(m moment) float64 { return m.offered }},
		{"answered", func(m moment) float64 { return m.ok }},
		{"attempts refused (throttled or overloaded)", func(m moment) float64 { return m.refused }},
		{"failed or dropped", func(m moment) float64 { return m.failed + m.dropped }},
	}
	top := 0.0
	for i, s := range series {
		pts := make(plotter.XYs, 0, len(ms)+1)
		some := false
		for _, m := range ms {
			v := s.value(m)
			some = some || v > 0
			top = max(top, v)
			pts = append(pts, plotter.XY{X: m.at, Y: v})
		}
		last := ms[len(ms)-1]
		pts = append(pts, plotter.XY{X: last.at + last.length, Y: s.value(last)})
		if some || i == 0 {
			if err := addLine(p, s.name, i, pts, true); err != nil {
				return nil, err
			}
		}
	}
	p.Y.Max = max(top*1.35, 1) // room for the legend above the lines
	label := fmt.Sprintf("%s over time: at most %s offered and %s answered per second; the most attempts refused in a second were %s.",
		runTitle(r), quantity(peak(ms, series[0].value)), quantity(peak(ms, series[1].value)), quantity(peak(ms, series[2].value)))
	s, err := svg(p, plotHeight, label)
	return &picture{Title: runTitle(r) + ": offered, answered and refused", Label: label, SVG: s}, err
}

func peak(ms []moment, value func(moment) float64) float64 {
	top := 0.0
	for _, m := range ms {
		top = max(top, value(m))
	}
	return top
}

// costCurve draws each system's cheapest monthly cost against load, with the crossings.
func costCurve(c *tco.Result) (*picture, error) {
	p := newPlot("load, mean operations per second", "USD per month, cheapest offer of each")
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, logTicks{}
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{}
	low, high := math.Inf(1), 0.0
	drawn := 0
	for i, system := range systems(c) {
		var pts plotter.XYs
		for _, point := range c.Curve {
			if f, ok := point.Monthly[system]; ok && f.Value > 0 && point.Load.Value > 0 {
				pts = append(pts, plotter.XY{X: point.Load.Value, Y: f.Value})
				low, high = min(low, f.Value), max(high, f.Value)
			}
		}
		if len(pts) < 2 {
			continue
		}
		if err := addLine(p, systemTitle(system), i, pts, false); err != nil {
			return nil, err
		}
		drawn++
	}
	if drawn == 0 {
		return nil, nil
	}
	p.Y.Min, p.Y.Max = low/1.5, high*3
	said := "No crossing was found in the loads priced."
	var at []string
	for i, n := range c.Crossover.Points {
		if err := markLoad(p, n.Figure.Value, low/1.5, high*3, i == 0); err != nil {
			return nil, err
		}
		at = append(at, amount(n.Figure.Value, n.Figure.Unit))
	}
	if len(at) > 0 {
		said = "The cheaper system changes at " + strings.Join(at, " and at ") + "."
	}
	label := "Monthly cost against load. " + said
	s, err := svg(p, plotHeight, label)
	return &picture{Title: "Where the cost curves cross. " + said, Label: label, SVG: s}, err
}

// markLoad draws a vertical line at a load where the cheaper system changes.
func markLoad(p *plot.Plot, load, low, high float64, legend bool) error {
	l, err := plotter.NewLine(plotter.XYs{{X: load, Y: low}, {X: load, Y: high}})
	if err != nil {
		return fmt.Errorf("marking the crossing: %w", err)
	}
	l.Color = color.RGBA{R: 0x55, G: 0x55, B: 0x55, A: 0xff}
	l.Dashes = dashes[2]
	p.Add(l)
	if legend {
		p.Legend.Add("crossing", l)
	}
	return nil
}
