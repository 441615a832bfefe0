package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"crossover/results"
)

const (
	mostCells = 60 // columns of a heat map: longer runs are summed into fewer
	shades    = 7  // of a cell; page.html holds their colours
)

// A heatGrid is a run's heat as a grid: a row a partition or node, a column a stretch of time.
type heatGrid struct {
	rows    []string
	starts  []float64
	length  float64
	value   [][]float64 // per second, by row and column
	refused [][]float64
	top     float64
	where   string // the row of the hottest cell
}

// A heatKind is what a heat map shows: reads or writes.
type heatKind struct {
	name, other string
	of          func(results.Heat) float64
}

var heatKinds = []heatKind{
	{"Write", "Read", func(h results.Heat) float64 { _, w := servedBy(h); return w }},
	{"Read", "Write", func(h results.Heat) float64 { r, _ := servedBy(h); return r }},
}

// heatPictures draws a run's writes and reads by partition, those that there are.
func heatPictures(r *results.Run, all []placeHeat) ([]picture, error) {
	var row []picture
	read, write := unitWords(r)
	for i, kind := range heatKinds {
		p, err := heatPlot(r, newGrid(r, all, kind), []string{write, read}[i])
		if err != nil {
			return nil, err
		}
		if p != nil {
			row = append(row, *p)
		}
	}
	return row, nil
}

// newGrid arranges the hottest places of a run over time.
func newGrid(r *results.Run, all []placeHeat, kind heatKind) heatGrid {
	g := heatGrid{}
	index := map[string]int{}
	for _, p := range all[:min(len(all), mostPlaces)] {
		index[p.id] = len(g.rows)
		g.rows = append(g.rows, p.id)
	}
	first, last, length := sampled(r)
	if last <= first {
		return heatGrid{}
	}
	columns := min(mostCells, max(1, int(math.Round((last-first)/length))))
	g.length = (last - first) / float64(columns)
	for c := range columns {
		g.starts = append(g.starts, first+float64(c)*g.length)
	}
	g.value, g.refused = cells(len(g.rows), columns), cells(len(g.rows), columns)
	for _, h := range r.Heat() {
		row, ok := index[h.Partition]
		if !ok || h.Partition == "" || h.Length <= 0 {
			continue
		}
		refused := 0.0
		for reason, n := range h.Throttles {
			if !strings.Contains(reason, kind.other) { // TableReadKeyRange… belongs to reads alone
				refused += float64(n)
			}
		}
		g.spread(row, h, kind.of(h), refused)
	}
	for row, id := range g.rows {
		for _, v := range g.value[row] {
			if v > g.top {
				g.top, g.where = v, id
			}
		}
	}
	return g
}

// spread shares out what a sample counted among the columns that its time covers: samples
// are not taken on the columns' edges.
func (g *heatGrid) spread(row int, h results.Heat, served, refused float64) {
	for column, start := range g.starts {
		covered := min(h.Start+h.Length, start+g.length) - max(h.Start, start)
		if covered <= 1e-9*g.length {
			continue
		}
		g.value[row][column] += served * covered / h.Length / g.length
		if covered > g.length/4 || h.Length < g.length { // else it is a neighbour's
			g.refused[row][column] += refused * covered / h.Length / g.length
		}
	}
}

// sampled returns when a run's heat begins and ends, and how long its samples are: their
// median, since the first and the last may be short.
func sampled(r *results.Run) (first, last, length float64) {
	first = math.Inf(1)
	var lengths []float64
	for _, h := range r.Heat() {
		if h.Partition != "" && h.Length > 0 {
			first, last = min(first, h.Start), max(last, h.Start+h.Length)
			lengths = append(lengths, h.Length)
		}
	}
	if len(lengths) == 0 {
		return 0, 0, 0
	}
	slices.Sort(lengths)
	return first, last, lengths[len(lengths)/2]
}

func cells(rows, columns int) [][]float64 {
	out := make([][]float64, rows)
	for i := range out {
		out[i] = make([]float64, columns)
	}
	return out
}

// heatPlot draws the grid; a bar in a cell marks refusals.
func heatPlot(r *results.Run, g heatGrid, what string) (*picture, error) {
	if len(g.rows) == 0 || g.top == 0 {
		return nil, nil
	}
	p := newPlot("seconds since the run's start", placeWord(r))
	p.X.Tick.Marker = linearTicks{}
	ticks := make([]plot.Tick, len(g.rows))
	for i, id := range g.rows {
		ticks[i] = plot.Tick{Value: float64(len(g.rows)-1-i) + 0.5, Label: ellipsis(id, 18)}
	}
	p.Y.Tick.Marker = plot.ConstantTicks(ticks)
	p.Y.Min, p.Y.Max = 0, float64(len(g.rows))
	p.X.Min, p.X.Max = g.starts[0], g.starts[len(g.starts)-1]+g.length
	p.Add(heatCells{g})
	pic := &picture{
		Title: strings.ToUpper(what[:1]) + what[1:] + " per second by " + placeWord(r),
		Label: fmt.Sprintf("%s: %s per second over time, of the %d hottest %ss. The hottest cell is of %s, "+
			"with %s %s per second. %s",
			runTitle(r), what, len(g.rows), placeWord(r), g.where, whole(g.top), what, g.refusalSentence()),
	}
	for i := range shades {
		if i%2 == 0 {
			v := g.top * math.Pow(float64(i+1)/shades, 2)
			pic.Keys = append(pic.Keys, key{Class: fmt.Sprintf("h%d", i), Shade: true, Text: "up to " + axisNumber(roundUp(v)) + "/s"})
		}
	}
	if g.anyRefused() {
		pic.Keys = append(pic.Keys, key{Class: "stop", Shade: true, Text: "attempts refused"})
	}
	height := vg.Length(len(g.rows))*0.2*vg.Inch + 0.8*vg.Inch
	var err error
	pic.SVG, err = svg(p, max(height, 1.6*vg.Inch), pic.Label)
	return pic, err
}

// roundUp keeps two digits of a limit without falling below it.
func roundUp(v float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(v))-1)
	return math.Ceil(v/unit-1e-9) * unit
}

func (g heatGrid) anyRefused() bool {
	for _, row := range g.refused {
		for _, v := range row {
			if v > 0 {
				return true
			}
		}
	}
	return false
}

func (g heatGrid) refusalSentence() string {
	var where []string
	for i, row := range g.refused {
		for _, v := range row {
			if v > 0 {
				where = append(where, g.rows[i])
				break
			}
		}
	}
	if len(where) == 0 {
		return "None of them refused an attempt."
	}
	return fmt.Sprintf("Attempts were refused at %s.", sentenceList(where))
}

// ellipsis shortens a label to fit beside an axis.
func ellipsis(s string, most int) string {
	if letters := []rune(s); len(letters) > most {
		return string(letters[:most-1]) + "…"
	}
	return s
}

// heatCells draws a heatGrid: all cells of one shade as one path, neighbours as one box.
type heatCells struct{ g heatGrid }

// shade returns a cell's shade, -1 for one that served nothing. The square root keeps the
// cool ones visible.
func (g heatGrid) shade(row, column int) int {
	v := g.value[row][column]
	if v <= 0 {
		return -1
	}
	return min(shades-1, max(0, int(math.Ceil(math.Sqrt(v/g.top)*shades-1e-9))-1))
}

// Plot draws the cells that hold something.
func (h heatCells) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	box := func(row, column, columns int, from, to float64) vg.Path {
		bottom := float64(len(h.g.rows) - 1 - row)
		left, right := x(h.g.starts[column]), x(h.g.starts[column]+float64(columns)*h.g.length)
		low, high := y(bottom+from), y(bottom+to)
		var path vg.Path
		path.Move(vg.Point{X: left, Y: low})
		path.Line(vg.Point{X: right, Y: low})
		path.Line(vg.Point{X: right, Y: high})
		path.Line(vg.Point{X: left, Y: high})
		path.Close()
		return path
	}
	var paths [shades]vg.Path
	var clear, stops vg.Path
	for row := range h.g.rows {
		eachRun(len(h.g.starts), func(column int) int { return h.g.shade(row, column) }, func(shade, from, n int) {
			if shade >= 0 {
				paths[shade] = append(paths[shade], box(row, from, n, 0.04, 0.96)...)
			}
		})
		eachRun(len(h.g.starts), func(column int) int { return int(math.Ceil(min(h.g.refused[row][column], 1))) }, func(some, from, n int) {
			if some > 0 {
				clear = append(clear, box(row, from, n, 0.04, 0.36)...)
				stops = append(stops, box(row, from, n, 0.04, 0.3)...)
			}
		})
	}
	for i, path := range paths {
		if len(path) > 0 {
			c.SetColor(shadeColor(i))
			c.Fill(path)
		}
	}
	if len(stops) > 0 {
		c.SetColor(gap)
		c.Fill(clear)
		c.SetColor(stop)
		c.Fill(stops)
	}
}

// eachRun calls visit with each run of equal values among of(0) to of(n-1).
func eachRun(n int, of func(int) int, visit func(value, from, length int)) {
	for from := 0; from < n; {
		to := from + 1
		for to < n && of(to) == of(from) {
			to++
		}
		visit(of(from), from, to-from)
		from = to
	}
}

var _ plot.Plotter = heatCells{}
