package items

import (
	"encoding/binary"
	"math"
)

// AppendValue appends the text of one attribute of an item's version, which is neither
// composite nor the filler nor null, without making the others.
func (t *Template) AppendValue(dst []byte, seed, item, version uint64, attribute int) []byte {
	base := mix(seed ^ mix(item+0x9e3779b97f4a7c15) ^ mix(version+0xbf58476d1ce4e5b9))
	g := generator{state: mix(base + uint64(attribute))}
	start := len(dst)
	dst, _ = g.scalar(dst, &t.attributes[attribute])
	_, n := binary.Uvarint(dst[start:])
	return append(dst[:start], dst[start+n:]...)
}

// Alike returns the probability that two draws of an attribute's value are the same.
func (a *Attribute) Alike() float64 {
	switch {
	case a.Type == Bool:
		return 0.5
	case a.Type == Null:
		return 1
	case a.Filler || a.Type.Composite():
		return 0 // they are long
	}
	switch a.From {
	case Enum:
		counts := map[string]int{}
		for _, w := range a.Of {
			counts[w]++
		}
		sum := 0.0
		for _, n := range counts {
			p := float64(n) / float64(len(a.Of))
			sum += p * p
		}
		return sum
	case Integer:
		return 1 / (float64(a.Max-a.Min) + 1)
	case Decimal:
		return 1 / (100*float64(a.Max-a.Min) + 1)
	case Timestamp:
		return 1 / float64(yearSpan)
	case Random:
		letters := float64(a.Bytes - int(a.Repeats*float64(a.Bytes)))
		if a.Type == Binary {
			return math.Exp2(-8 * letters)
		}
		return math.Exp2(-6 * letters)
	}
	return 0 // identifiers, and texts of more than a few words
}

// Counted returns what a value of an attribute counts in DynamoDB's item size.
func (t *Template) Counted(attribute int, v Value) int {
	a := &t.attributes[attribute]
	switch {
	case a.Type == Bool || a.Type == Null:
		return 1
	case a.Type == Number:
		return NumberBytes(v.Text)
	case !a.Type.Composite():
		return len(v.Text)
	}
	n := a.frame()
	for _, e := range v.Elements {
		if a.Type == NumberSet || a.From.numeric() {
			n += NumberBytes(e)
		} else {
			n += len(e)
		}
	}
	return n
}
