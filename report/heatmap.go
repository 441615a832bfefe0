package report

import (
	"fmt"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"crossover/results"
)

// mostCells bounds a heat map's size in the page: longer runs are summed into fewer columns.
const mostCells = 60

// A heatGrid is a run's heat as a grid: a row a partition or node, a column a stretch of time.
type heatGrid struct {
	rows    []string
	starts  []float64
	length  float64
	value   [][]float64 // per second, by row and column
	refused [][]float64
	top     float64
}

// grid arranges the hottest places of a run over time.
func grid(r *results.Run, all []placeHeat) heatGrid {
	g := heatGrid{}
	index := map[string]int{}
	for i, p := range all {
		if i == mostPlaces {
			break
		}
		index[p.id] = len(g.rows)
		g.rows = append(g.rows, p.id)
	}
	first, last := math.Inf(1), 0.0
	for _, h := range r.Heat() {
		if h.Partition != "" {
			first, last = min(first, h.Start), max(last, h.Start+h.Length)
		}
	}
	if last <= first {
		return heatGrid{}
	}
	columns := min(mostCells, max(1, int(math.Ceil(last-first))))
	g.length = (last - first) / float64(columns)
	for c := range columns {
		g.starts = append(g.starts, first+float64(c)*g.length)
	}
	g.value, g.refused = cells(len(g.rows), columns), cells(len(g.rows), columns)
	for _, h := range r.Heat() {
		row, ok := index[h.Partition]
		if !ok || h.Partition == "" {
			continue
		}
		column := min(columns-1, int((h.Start-first)/g.length))
		read, write := servedBy(h)
		g.value[row][column] += (read + write) / g.length
		for _, n := range h.Throttles {
			g.refused[row][column] += float64(n) / g.length
		}
		g.top = max(g.top, g.value[row][column])
	}
	return g
}

func cells(rows, columns int) [][]float64 {
	out := make([][]float64, rows)
	for i := range out {
		out[i] = make([]float64, columns)
	}
	return out
}

// heatPlot draws the grid: the darker, the hotter; a bar in a cell marks refusals.
func heatPlot(r *results.Run, all []placeHeat) (*picture, error) {
	g := grid(r, all)
	if len(g.rows) == 0 || g.top == 0 {
		return nil, nil
	}
	p := plot.New()
	p.X.Label.Text = "seconds since the run's start"
	ticks := make([]plot.Tick, len(g.rows))
	for i, id := range g.rows {
		ticks[i] = plot.Tick{Value: float64(len(g.rows)-1-i) + 0.5, Label: id}
	}
	p.Y.Tick.Marker = plot.ConstantTicks(ticks)
	p.Y.Min, p.Y.Max = 0, float64(len(g.rows))
	p.X.Min, p.X.Max = g.starts[0], g.starts[len(g.starts)-1]+g.length
	p.Add(heatCells{g})
	height := vg.Length(len(g.rows))*0.22*vg.Inch + 0.9*vg.Inch
	what := "units/s"
	if r.Manifest.Target.Driver == "aerospike" {
		what = "operations/s"
	}
	hottest := all[0]
	refused := uint64(0)
	for _, a := range all {
		refused += a.refusals
	}
	label := fmt.Sprintf("Heat over time of the %d hottest partitions or nodes of %s; the darkest cell is %s %s. The hottest is %s. Refused attempts in all: %s.",
		len(g.rows), runTitle(r), quantity(g.top), what, hottest.id, count(refused))
	s, err := svg(p, height, label)
	title := runTitle(r) + ": heat by partition or node over time (darker is hotter; a red mark is a refusal)"
	return &picture{Title: strings.TrimSpace(title), Label: label, SVG: s}, err
}

// heatCells draws a heatGrid.
type heatCells struct{ g heatGrid }

// Plot draws the cells that hold something.
func (h heatCells) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for row := range h.g.rows {
		bottom := float64(len(h.g.rows) - 1 - row)
		for column, start := range h.g.starts {
			v := h.g.value[row][column]
			if v > 0 {
				shade := math.Sqrt(v / h.g.top) // the square root keeps the cool ones visible
				fill := color.RGBA{R: blend(0xee, 0x08, shade), G: blend(0xf4, 0x30, shade), B: blend(0xfb, 0x6b, shade), A: 0xff}
				c.FillPolygon(fill, []vg.Point{
					{X: x(start), Y: y(bottom)}, {X: x(start + h.g.length), Y: y(bottom)},
					{X: x(start + h.g.length), Y: y(bottom + 0.95)}, {X: x(start), Y: y(bottom + 0.95)},
				})
			}
			if h.g.refused[row][column] > 0 {
				c.FillPolygon(color.RGBA{R: 0xd5, G: 0x1e, A: 0xff}, []vg.Point{
					{X: x(start), Y: y(bottom)}, {X: x(start + h.g.length), Y: y(bottom)},
					{X: x(start + h.g.length), Y: y(bottom + 0.25)}, {X: x(start), Y: y(bottom + 0.25)},
				})
			}
		}
	}
}

func blend(from, to uint8, share float64) uint8 {
	return uint8(float64(from) + (float64(to)-float64(from))*share)
}

var _ plot.Plotter = heatCells{}
