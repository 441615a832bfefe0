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
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A picture is as wide as two fit side by side on a desk's screen, and one on a phone's.
const (
	plotWidth  = 5.4 * vg.Inch
	plotHeight = 3.1 * vg.Inch
)

// The colours that pictures are drawn in stand for variables of page.html's style, which
// hold the colours that are shown, in light and in dark: see svg. That they differ is all
// that matters here.
var (
	ink  = color.RGBA{R: 0x01, G: 0x01, B: 0x01, A: 0xff}
	rule = color.RGBA{R: 0x02, G: 0x02, B: 0x02, A: 0xff}
	gap  = color.RGBA{R: 0x03, G: 0x03, B: 0x03, A: 0xff}
	stop = color.RGBA{R: 0x04, G: 0x04, B: 0x04, A: 0xff}
)

func lineColor(i int) color.RGBA  { return color.RGBA{R: 0x10, G: uint8(i), A: 0xff} }
func shadeColor(i int) color.RGBA { return color.RGBA{R: 0x20, G: uint8(i), A: 0xff} }

// lineStyles is how many line styles page.html has: each a colour and a dash of its own, so
// that lines are told apart without colour.
const lineStyles = 6

// dashes are the line styles' dashes, as page.html's legends draw them.
var dashes = [lineStyles][]vg.Length{
	nil,
	{vg.Points(6), vg.Points(3)},
	{vg.Points(1.5), vg.Points(2.5)},
	{vg.Points(8), vg.Points(2), vg.Points(1.5), vg.Points(2)},
	{vg.Points(12), vg.Points(3)},
	{vg.Points(3), vg.Points(1.5)},
}

// newPlot returns an empty plot in the page's type and colours.
func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = x, y
	p.BackgroundColor = nil
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Color, a.Label.TextStyle.Color, a.Tick.Label.Color, a.Tick.Color = ink, ink, ink, ink
		a.Label.TextStyle.Font = sans(11)
		a.Tick.Label.Font = sans(10)
		a.Label.Padding = vg.Points(4)
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = rule, rule
	p.Add(grid)
	return p
}

func sans(size float64) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(size)}
}

// addLine adds a series in line style i and returns its legend's entry; step draws it as a
// staircase.
func addLine(p *plot.Plot, name string, i int, pts plotter.XYs, step bool) (key, error) {
	i %= lineStyles
	l, err := plotter.NewLine(pts)
	if err != nil {
		return key{}, fmt.Errorf("drawing %s: %w", name, err)
	}
	l.Color = lineColor(i)
	l.Width = vg.Points(1.8)
	l.Dashes = dashes[i]
	if step {
		l.StepStyle = plotter.PostStep
	}
	p.Add(l)
	return lineKey(i, name), nil
}

// lineKey is a legend's entry for line style i.
func lineKey(i int, text string) key { return key{Class: fmt.Sprintf("l%d", i), Text: text} }

// mark draws a line across the plot at x, in style i.
func mark(p *plot.Plot, x, low, high float64, i int) error {
	l, err := plotter.NewLine(plotter.XYs{{X: x, Y: low}, {X: x, Y: high}})
	if err != nil {
		return fmt.Errorf("marking %g: %w", x, err)
	}
	l.Color, l.Width, l.Dashes = lineColor(i), vg.Points(1.2), dashes[i]
	p.Add(l)
	return nil
}

var (
	svgHead  = regexp.MustCompile(`(?s)^.*?<svg width="[^"]*" height="[^"]*"`)
	svgNames = regexp.MustCompile(`\s*xmlns(:xlink)?="[^"]*"`)
	svgFont  = regexp.MustCompile(`font-family:[^;"]*;font-variant:[^;"]*;font-weight:[^;"]*;font-style:[^;"]*;`)
	svgColor = regexp.MustCompile(`(fill|stroke):#([0-9A-F]{2})([0-9A-F]{2})[0-9A-F]{2}`)
	svgSpace = regexp.MustCompile(`\s*\n\s*`)
)

// svg draws p as an element to stand in a page, labelled for those who can't see it. Colours
// become the page's variables, so that the picture follows its light and dark.
func svg(p *plot.Plot, height vg.Length, label string) (template.HTML, error) {
	c := vgsvg.New(plotWidth, height)
	// The margins keep the text at the edges whole, whose glyphs reach beyond what gonum reckons.
	p.Draw(draw.Crop(draw.New(c), 5, -12, 1, -5))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return "", fmt.Errorf("drawing %q: %w", label, err)
	}
	text := svgHead.ReplaceAllString(b.String(), "<svg")
	text = svgNames.ReplaceAllString(text, "")
	text = svgFont.ReplaceAllString(text, "")
	text = svgColor.ReplaceAllStringFunc(text, func(s string) string {
		m := svgColor.FindStringSubmatch(s)
		return m[1] + ":var(--" + variable(m[2], m[3]) + ")"
	})
	text = svgSpace.ReplaceAllString(text, "\n")
	text = strings.Replace(text, "<svg", `<svg role="img" aria-label="`+html.EscapeString(label)+`"`, 1)
	return template.HTML(text), nil //nolint:gosec // made here from numbers; the canvas escapes names
}

// variable names the style variable that a colour's first two bytes stand for.
func variable(red, green string) string {
	switch red {
	case "02":
		return "rule"
	case "03":
		return "paper"
	case "04":
		return "stop"
	case "10":
		return "l" + green[1:]
	case "20":
		return "h" + green[1:]
	}
	return "ink"
}

// logTicks labels an axis of logarithms to base 10 with 1, 2 and 5 times the powers of ten,
// and with powers of ten only where there are many. The logarithms are taken here rather than
// by plot.LogScale, which leaves room for the axis's title as if it stood near its top.
type logTicks struct{ prefix string }

// Ticks returns the marks between two logarithms.
func (l logTicks) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for e := math.Floor(low); e <= math.Ceil(high); e++ {
		for _, m := range []float64{1, 2, 5} {
			v := m * math.Pow(10, e)
			if at := math.Log10(v); at < low-1e-3 || at > high+1e-3 {
				continue
			}
			t := plot.Tick{Value: math.Log10(v), Label: l.prefix + axisNumber(v)}
			if high-low > 3 && m != 1 {
				t.Label = ""
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// axisNumber is a number as an axis shows it: 0.5, 2,000, 20k, 5M.
func axisNumber(v float64) string {
	unit := ""
	switch {
	case v >= 1e9:
		v, unit = v/1e9, "G"
	case v >= 1e6:
		v, unit = v/1e6, "M"
	case v >= 1e4:
		v, unit = v/1e3, "k"
	}
	s := significant(v, 3)
	if strings.Contains(s, ".") {
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	return s + unit
}

// linearTicks are gonum's default marks with grouped digits.
type linearTicks struct{}

// Ticks returns the marks between low and high.
func (linearTicks) Ticks(low, high float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(low, high)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = axisNumber(ticks[i].Value)
		}
	}
	return ticks
}
