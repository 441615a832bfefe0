package costmodel

import (
	"strings"

	"crossover/results/figure"
)

// seePrefix begins the source of a figure whose working is kept elsewhere in the result.
const seePrefix = "see "

// See returns a figure that stands for f, whose working is kept once, at path in the result:
// without it a result would hold the same tree hundreds of times. It is as weak as f.
func See(f figure.Figure, path string) figure.Figure {
	return figure.Figure{Value: f.Value, Unit: f.Unit, Basis: f.Weakest(), Source: seePrefix + path, Date: f.Date, Confidence: f.Confidence}
}

// Seen returns the path that a figure made by See refers to.
func Seen(f figure.Figure) (path string, ok bool) {
	if len(f.Inputs) > 0 {
		return "", false
	}
	return strings.CutPrefix(f.Source, seePrefix)
}
