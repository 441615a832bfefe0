package workload

import (
	"math"
	"strconv"
	"strings"

	"crossover/workload/items"
	"crossover/workload/op"
)

// Matching returns the share of items for which a comparison holds, as their attributes are
// drawn; 1 where that is not known, which is so of random text. nil holds for all.
func (sc *Scenario) Matching(k *Comparison) float64 {
	if k == nil {
		return 1
	}
	i, ok := sc.attribute(k.Attribute)
	if !ok {
		return 1
	}
	a, c := &sc.Dataset.Typed[i], k.resolve(sc)
	switch a.From {
	case items.Enum:
		n := 0
		for _, w := range a.Of {
			if Holds(c, w, 0) {
				n++
			}
		}
		return float64(n) / float64(len(a.Of))
	case items.Integer:
		span := float64(a.Max-a.Min) + 1
		below := math.Min(math.Max(float64(c.Number-a.Min), 0), span) // integers below the number
		equal := 0.0
		if a.Min <= c.Number && c.Number <= a.Max {
			equal = 1
		}
		switch c.Relation {
		case op.Equal:
			return equal / span
		case op.NotEqual:
			return 1 - equal/span
		case op.Below:
			return below / span
		case op.AtMost:
			return (below + equal) / span
		case op.AtLeast:
			return 1 - below/span
		}
		return 1 - (below+equal)/span
	}
	return 1
}

// Holds reports whether a comparison holds for a stored value: text, or number.
func Holds(c *op.Comparison, text string, number int64) bool {
	order := 0
	if c.IsText {
		order = strings.Compare(text, c.Text)
	} else if number != c.Number {
		order = 1
		if number < c.Number {
			order = -1
		}
	}
	switch c.Relation {
	case op.Equal:
		return order == 0
	case op.NotEqual:
		return order != 0
	case op.Below:
		return order < 0
	case op.AtMost:
		return order <= 0
	case op.AtLeast:
		return order >= 0
	}
	return order > 0
}

// Value returns what an item holds of an attribute that can be compared when it has just been
// loaded: text, or number.
func (sc *Scenario) Value(item uint64, attribute string) (text string, number int64) {
	i, _ := sc.attribute(attribute)
	text = string(sc.Values().AppendValue(nil, sc.Seed, item, 0, i))
	number, _ = strconv.ParseInt(text, 10, 64) // 0 for text
	return text, number
}
