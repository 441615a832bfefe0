package report

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot/plotter"

	"crossover/costmodel/tco"
)

// map2D shows where the cheaper system changes on the plane of load and data.
func map2D(c *tco.Result) (*section, error) {
	if c.Plane == nil || len(c.Plane.Rows) == 0 {
		return nil, nil
	}
	s := &section{ID: "crossover-map", Title: "The crossover over load and data"}
	pic, err := planePlot(c)
	if err != nil {
		return nil, err
	}
	if pic != nil {
		s.Blocks = append(s.Blocks, block{Pictures: []picture{*pic}})
	} else {
		s.Blocks = append(s.Blocks, say("At no size of data does the cheaper system change within the loads priced."))
	}
	s.Blocks = append(s.Blocks, block{Fold: &fold{Summary: "The map's figures", Blocks: []block{{Table: planeTable(c)}}}}, say(c.Plane.Note))
	return s, nil
}

// planePlot draws the changes of each order as a line over the sizes of data.
func planePlot(c *tco.Result) (*picture, error) {
	p := newPlot("load, mean operations per second", "data, bytes")
	p.X.Tick.Marker, p.Y.Tick.Marker = logTicks{}, logTicks{}
	pic := &picture{Title: "Where the cheaper system changes"}
	most := 0
	for _, r := range c.Plane.Rows {
		most = max(most, len(r.Changes))
	}
	low, high := math.Inf(1), 0.0
	for k := range most {
		var pts plotter.XYs
		for _, r := range c.Plane.Rows {
			if k < len(r.Changes) {
				load := r.Changes[k].Value
				pts = append(pts, plotter.XY{X: math.Log10(load), Y: math.Log10(r.Data.Value)})
				low, high = min(low, load), max(high, load)
			}
		}
		if len(pts) < 2 {
			continue
		}
		key, err := addLine(p, changeName(c, k), k, pts, false)
		if err != nil {
			return nil, err
		}
		pic.Keys = append(pic.Keys, key)
	}
	if len(pic.Keys) == 0 {
		return nil, nil
	}
	rows := c.Plane.Rows
	p.Y.Min, p.Y.Max = math.Log10(rows[0].Data.Value), math.Log10(rows[len(rows)-1].Data.Value)
	if own := ownLoad(c); own != nil {
		load := own.Figure.Value
		low, high = min(low, load), max(high, load)
		middle := math.Log10(rows[len(rows)/2].Data.Value)
		for _, cross := range []plotter.XYs{
			{{X: math.Log10(load / 1.25), Y: middle}, {X: math.Log10(load * 1.25), Y: middle}},
			{{X: math.Log10(load), Y: middle - 0.1}, {X: math.Log10(load), Y: middle + 0.1}},
		} {
			l, err := plotter.NewLine(cross)
			if err != nil {
				return nil, fmt.Errorf("marking the workload: %w", err)
			}
			l.Color, l.Width = ink, plotter.DefaultLineStyle.Width*2
			p.Add(l)
		}
		pic.Keys = append(pic.Keys, key{Class: "ink", Text: "cross: this workload"})
	}
	p.X.Min, p.X.Max = math.Log10(low/3), math.Log10(high*3)
	pic.Label = fmt.Sprintf("The loads at which the cheaper system changes, for data from %s to %s. %s",
		bytesText(rows[0].Data.Value), bytesText(rows[len(rows)-1].Data.Value), crossingSentence(c))
	var err error
	pic.SVG, err = svg(p, plotHeight, pic.Label)
	return pic, err
}

// other is the system that is not system.
func other(system string) string {
	if system == "dynamodb" {
		return "aerospike"
	}
	return "dynamodb"
}

// changeName says what the changes of order k are.
func changeName(c *tco.Result, k int) string {
	below, without := "", ""
	for _, r := range c.Plane.Rows {
		if k >= len(r.Changes) {
			continue
		}
		if k < len(r.Unpriced) && r.Unpriced[k] != "" {
			without = r.Unpriced[k]
		}
		at := r.Lowest
		if k%2 == 1 {
			at = other(at)
		}
		if below != "" && below != at {
			return fmt.Sprintf("change %d with rising load", k+1)
		}
		below = at
	}
	switch without {
	case "":
		return fmt.Sprintf("%s is cheaper left of it, %s right", systemTitle(below), systemTitle(other(below)))
	case below:
		return fmt.Sprintf("%s is cheaper left of it; right of it no offer of %s can be priced", systemTitle(below), systemTitle(without))
	}
	return fmt.Sprintf("left of it no offer of %s can be priced; right of it %s is cheaper", systemTitle(without), systemTitle(other(below)))
}

func planeTable(c *tco.Result) *tableBlock {
	t := &tableBlock{Caption: "Loads at which the cheaper system changes, by size of data", Head: []string{"data", "cheaper at little load", "changes at"}}
	for _, r := range c.Plane.Rows {
		var at []string
		for k, f := range r.Changes {
			text := amount(f.Value, f.Unit) + " (" + markOf(f) + ")"
			if k < len(r.Unpriced) && r.Unpriced[k] != "" {
				text += ", where " + systemTitle(r.Unpriced[k]) + " has no offer that can be priced on one side"
			}
			at = append(at, text)
		}
		if len(at) == 0 {
			at = []string{"no load priced"}
		}
		t.Rows = append(t.Rows, []cell{fig(r.Data, ""), plain(systemTitle(r.Lowest)), plain(strings.Join(at, "; "))})
	}
	return t
}
