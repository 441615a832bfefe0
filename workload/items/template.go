package items

import (
	"encoding/binary"
	"fmt"
)

// A Type is an attribute's type, by DynamoDB's names in words.
type Type string

// The types.
const (
	String    Type = "string"
	Number    Type = "number"
	Bool      Type = "bool"
	Binary    Type = "binary"
	Null      Type = "null"
	List      Type = "list"
	Map       Type = "map"
	StringSet Type = "string_set"
	NumberSet Type = "number_set"
)

// Composite reports whether values of the type have elements.
func (t Type) Composite() bool { return t == List || t == Map || t == StringSet || t == NumberSet }

// A Source says how values are made.
type Source string

// The sources.
const (
	Random    Source = "random"    // letters of 6 random bits, or bytes of 8 in binary
	UUID      Source = "uuid"      // version 4: 36 characters, or 16 bytes in binary
	Timestamp Source = "timestamp" // within 2025: RFC 3339 to the millisecond, or milliseconds since 1970 as a number
	Enum      Source = "enum"      // one of stated words, each as likely
	Text      Source = "text"      // common English words
	Integer   Source = "integer"   // every integer of a range as likely
	Decimal   Source = "decimal"   // every hundredth of a range as likely
)

// numeric reports whether a source makes numbers in the elements of lists and maps.
func (s Source) numeric() bool { return s == Integer || s == Decimal }

// An Attribute is one attribute of a template.
type Attribute struct {
	Name string
	Type Type
	From Source
	// Of are an enum's words.
	Of []string `json:",omitempty"`
	// Min and Max bound integers, and decimals by whole numbers; both included.
	Min, Max int64
	// Bytes is the length of random and text values, of each element in composites.
	Bytes int
	// Count is how many elements a composite value has.
	Count int
	// Repeats is the share of random values that repeats, 0 to 1.
	Repeats float64
	// Filler marks the one attribute that takes what the item's size leaves.
	Filler bool
}

// MaxElements is the most elements a composite value may have.
const MaxElements = 64

// A Template makes the values of items with attributes of several types. It is not changed by
// use, and safe for concurrent use.
type Template struct {
	attributes []Attribute
	filler     int
	most       int // of all values but the filler, as DynamoDB counts them
}

// NewTemplate returns the template of attributes, of which exactly one is the filler.
func NewTemplate(attributes []Attribute) (*Template, error) {
	t := &Template{attributes: attributes, filler: -1}
	for i := range attributes {
		a := &attributes[i]
		if a.Filler {
			if t.filler >= 0 || a.Type != String && a.Type != Binary {
				return nil, fmt.Errorf("attribute %s: exactly one string or binary attribute can be the filler", a.Name)
			}
			t.filler = i
			continue
		}
		t.most += a.maxBytes()
	}
	if t.filler < 0 {
		return nil, fmt.Errorf("no attribute takes what the item's size leaves")
	}
	return t, nil
}

// Attributes returns the template's attributes, which must not be changed.
func (t *Template) Attributes() []Attribute { return t.attributes }

// MaxOther returns the most that all values but the filler can count together.
func (t *Template) MaxOther() int { return t.most }

// A Value is one attribute's value: Text of strings, binary, numbers and bools ("t" or "f"),
// Elements of composites.
type Value struct {
	Text     []byte
	Elements [][]byte
}

// Append appends the values of an item's version under a seed, in the form that Values reads.
// The values count bytes together, as DynamoDB counts them; that is at least MaxOther + 1.
// The filler comes last, so that everything else is known when its length is.
func (t *Template) Append(dst []byte, seed, item, version uint64, bytes int) []byte {
	base := mix(seed ^ mix(item+0x9e3779b97f4a7c15) ^ mix(version+0xbf58476d1ce4e5b9))
	for i := range t.attributes {
		a := &t.attributes[i]
		if a.Filler {
			continue
		}
		g := generator{state: mix(base + uint64(i))}
		switch {
		case a.Type.Composite():
			bytes -= a.frame()
			for k := range a.Count {
				var n int
				dst, n = g.element(dst, a, k)
				bytes -= n
			}
		case a.Type == Null:
			bytes--
		default:
			var n int
			dst, n = g.scalar(dst, a)
			bytes -= n
		}
	}
	f := &t.attributes[t.filler]
	if f.Type == Binary {
		g := generator{state: mix(base + uint64(t.filler))}
		return g.binary(dst, bytes, f.Repeats)
	}
	return Body(dst, seed, item, version, bytes, f.Repeats)
}

// Values reads what Append wrote into dst, whose storage it uses again. The values point into
// body. It reports whether body is well formed.
func (t *Template) Values(dst []Value, body []byte) ([]Value, bool) {
	if len(dst) != len(t.attributes) {
		dst = make([]Value, len(t.attributes))
	}
	for i := range t.attributes {
		a, v := &t.attributes[i], &dst[i]
		v.Elements = v.Elements[:0]
		var ok bool
		switch {
		case a.Filler || a.Type == Null:
		case a.Type.Composite():
			for range a.Count {
				var e []byte
				if e, body, ok = cut(body); !ok {
					return dst, false
				}
				v.Elements = append(v.Elements, e)
			}
		default:
			if v.Text, body, ok = cut(body); !ok {
				return dst, false
			}
		}
	}
	dst[t.filler].Text = body
	return dst, true
}

// cut takes one value with its length before it off body.
func cut(body []byte) (value, rest []byte, ok bool) {
	n, size := binary.Uvarint(body)
	if size <= 0 || n > uint64(len(body)-size) {
		return nil, nil, false
	}
	return body[size : size+int(n) : size+int(n)], body[size+int(n):], true
}

// frame returns what a composite counts besides its elements' values (AWS DynamoDB Developer
// Guide, "DynamoDB item sizes and formats": a list or map takes 3 bytes, and 1 for each
// element; a set is as large as its elements).
func (a *Attribute) frame() int {
	switch a.Type {
	case List:
		return 3 + a.Count
	case Map:
		n := 3 + a.Count
		for k := range a.Count {
			n += len(ElementName(k))
		}
		return n
	}
	return 0
}

// maxBytes returns the most that a value can count.
func (a *Attribute) maxBytes() int {
	one := 1
	switch a.From {
	case Integer, Decimal:
		one = max(a.numberBytes(a.Min), a.numberBytes(a.Max))
	case UUID:
		one = uuidLen
		if a.Type == Binary {
			one = 16
		}
	case Timestamp:
		one = timestampLen
		if a.Type == Number {
			one = 8
		}
	case Enum:
		for _, w := range a.Of {
			one = max(one, len(w))
		}
	case Random, Text:
		one = a.Bytes
	}
	switch {
	case a.Type.Composite():
		return a.frame() + a.Count*one
	case a.Type == Bool || a.Type == Null:
		return 1
	}
	return one
}

// numberBytes returns the most that a number up to a bound can count.
func (a *Attribute) numberBytes(bound int64) int {
	negative, digits := 0, 1
	if bound < 0 {
		negative = 1
	}
	for ; bound >= 10 || bound <= -10; bound /= 10 {
		digits++
	}
	if a.From == Decimal {
		digits += 2
	}
	return (digits+1)/2 + 1 + negative
}

// ElementName returns the key of a map's element k, below MaxElements.
func ElementName(k int) string { return elementNames[k] }

var elementNames = func() (names [MaxElements]string) {
	for k := range names {
		names[k] = fmt.Sprintf("k%02d", k)
	}
	return names
}()

// NumericElements reports whether a list's or map's elements are numbers.
func (a *Attribute) NumericElements() bool { return a.From.numeric() }

// NumberBytes returns what a number counts in DynamoDB's item size: a byte for two significant
// digits, one more, and one for a sign (AWS DynamoDB Developer Guide, "DynamoDB item sizes and
// formats"). The number is written plainly, without an exponent.
func NumberBytes(text []byte) int {
	first, last, digits, n := -1, -1, 0, 1
	for _, c := range text {
		switch {
		case c == '-':
			n++
			continue
		case c < '0' || c > '9':
			continue
		case c != '0':
			if first < 0 {
				first = digits
			}
			last = digits
		}
		digits++
	}
	if first < 0 {
		return n
	}
	return n + (last-first+2)/2
}
