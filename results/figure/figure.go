// Package figure holds Figure: a number together with where it came from. Every number that
// a report shows is one.
package figure

import (
	"fmt"
	"strconv"
)

// A Basis says what kind of knowledge a figure is.
type Basis string

// The bases. A figure derived from others is as weak as its weakest input: see Weakest.
const (
	Measured Basis = "measured" // seen in a run on a real target; Source names it
	Modelled Basis = "modelled" // out of an embedded server, a simulation or a model
	Assumed  Basis = "assumed"  // set by the scenario or by a default; Source says which
	Price    Basis = "price"    // from the price book; Source and Date say where and when
	Derived  Basis = "derived"  // computed from Inputs by Formula
)

// A Figure is a value with its unit and origin. Inputs and Formula are set on derived
// figures; `crossover explain` prints the tree.
type Figure struct {
	Value      float64 `json:"value"`
	Unit       string  `json:"unit"`                 // "USD/month", "units/s", "bytes", "nodes", …
	Basis      Basis   `json:"basis"`                // how it is known
	Source     string  `json:"source,omitempty"`     // who says so: target, file, scenario path, "default"
	Date       string  `json:"date,omitempty"`       // of a price
	Confidence string  `json:"confidence,omitempty"` // of a price: high, medium, low
	Formula    string  `json:"formula,omitempty"`    // how Inputs make Value, in words or symbols
	Note       string  `json:"note,omitempty"`
	Inputs     []Input `json:"inputs,omitempty"`
}

// An Input is a figure that another was derived from, by name.
type Input struct {
	Name   string `json:"name"`
	Figure Figure `json:"figure"`
}

// In names a figure as an input.
func In(name string, f Figure) Input { return Input{Name: name, Figure: f} }

// New returns a leaf figure.
func New(value float64, unit string, basis Basis, source string) Figure {
	return Figure{Value: value, Unit: unit, Basis: basis, Source: source}
}

// Derive returns a figure computed from inputs. The caller computes value; formula says how.
func Derive(value float64, unit, formula string, inputs ...Input) Figure {
	return Figure{Value: value, Unit: unit, Basis: Derived, Formula: formula, Inputs: inputs}
}

// Weakest returns the weakest basis among f's leaves, from strongest to weakest: price,
// measured, modelled, assumed. It is what a report marks the figure with.
func (f Figure) Weakest() Basis {
	if f.Basis != Derived || len(f.Inputs) == 0 {
		return f.Basis
	}
	weakest := Price
	for _, in := range f.Inputs {
		if b := in.Figure.Weakest(); rank(b) > rank(weakest) {
			weakest = b
		}
	}
	return weakest
}

func rank(b Basis) int {
	switch b {
	case Price:
		return 0
	case Measured:
		return 1
	case Modelled:
		return 2
	default:
		return 3
	}
}

// Valid returns an error when f lacks what its basis requires: a unit, a known basis, a
// source on leaves, inputs and a formula on derived figures. It looks at the whole tree.
func (f Figure) Valid() error {
	if f.Unit == "" {
		return fmt.Errorf("figure %v has no unit", f.Value)
	}
	switch f.Basis {
	case Measured, Modelled, Assumed, Price:
		if f.Source == "" {
			return fmt.Errorf("figure %s is %s without a source", f, f.Basis)
		}
	case Derived:
		if f.Formula == "" || len(f.Inputs) == 0 {
			return fmt.Errorf("figure %s is derived without a formula or inputs", f)
		}
	default:
		return fmt.Errorf("figure %s has no basis", f)
	}
	for _, in := range f.Inputs {
		if err := in.Figure.Valid(); err != nil {
			return fmt.Errorf("%s: %w", in.Name, err)
		}
	}
	return nil
}

// String returns the value with its unit, to six significant digits.
func (f Figure) String() string {
	return strconv.FormatFloat(f.Value, 'g', 6, 64) + " " + f.Unit
}
