// Package attribute holds DynamoDB's attribute values: their JSON, their sizes, their order
// and their arithmetic.
package attribute

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"crossover/costmodel/units"
	"crossover/driver/embedded/dynamodb/wire"
)

// A Type is an attribute's type, as the API names it.
type Type string

// The types (AWS DynamoDB API Reference, AttributeValue).
const (
	S    Type = "S"
	N    Type = "N"
	B    Type = "B"
	BOOL Type = "BOOL"
	NULL Type = "NULL"
	L    Type = "L"
	M    Type = "M"
	SS   Type = "SS"
	NS   Type = "NS"
	BS   Type = "BS"
)

// A Value is one attribute value. Text holds strings, binary and normalised numbers; Texts
// holds sets, in order.
type Value struct {
	Type  Type
	Text  string
	Bool  bool
	List  []Value
	Map   Item
	Texts []string
}

// An Item is an item's attributes, or a map value's.
type Item map[string]Value

// MaxDepth is how deep documents may nest (Developer Guide, "Service, account, and table quotas":
// 32 levels).
const MaxDepth = 32

// An Invalid is what DynamoDB calls a ValidationException, in its words.
type Invalid string

func (e Invalid) Error() string { return string(e) }

// Invalidf returns an Invalid made by a format.
func Invalidf(format string, args ...any) error { return Invalid(fmt.Sprintf(format, args...)) }

// SortSet puts a set's elements in order, so that equal sets are equal element by element.
func (v *Value) SortSet() {
	slices.SortFunc(v.Texts, func(a, b string) int { return compareText(v.Type[:1], a, b) })
}

// MarshalJSON writes a value in DynamoDB's JSON.
func (v Value) MarshalJSON() ([]byte, error) { return v.Append(nil) }

// Append appends a value's JSON.
func (v Value) Append(dst []byte) ([]byte, error) {
	dst = append(dst, '{', '"')
	dst = append(dst, v.Type...)
	dst = append(dst, '"', ':')
	switch v.Type {
	case S, N, B:
		dst = appendScalar(dst, v.Type, v.Text)
	case BOOL, NULL:
		if v.Bool {
			dst = append(dst, "true"...)
		} else {
			dst = append(dst, "false"...)
		}
	case L:
		dst = append(dst, '[')
		for i, e := range v.List {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = e.Append(dst); err != nil {
				return nil, err
			}
		}
		dst = append(dst, ']')
	case M:
		var err error
		if dst, err = v.Map.Append(dst); err != nil {
			return nil, err
		}
	case SS, NS, BS:
		dst = append(dst, '[')
		for i, t := range v.Texts {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendScalar(dst, v.Type[:1], t)
		}
		dst = append(dst, ']')
	default:
		return nil, fmt.Errorf("attribute: a value without a type")
	}
	return append(dst, '}'), nil
}

// Append appends an item's JSON, attributes in order of their names.
func (it Item) Append(dst []byte) ([]byte, error) {
	names := make([]string, 0, len(it))
	for n := range it {
		names = append(names, n)
	}
	slices.Sort(names)
	dst = append(dst, '{')
	for i, n := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, n), ':')
		var err error
		if dst, err = it[n].Append(dst); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// MarshalJSON writes an item in DynamoDB's JSON.
func (it Item) MarshalJSON() ([]byte, error) { return it.Append(nil) }

// text is what both forms of an item hold strings as.
type text interface{ ~string | ~[]byte }

// appendScalar appends a string's, number's or binary's JSON.
func appendScalar[T text](dst []byte, t Type, s T) []byte {
	switch t {
	case N:
		return append(append(append(dst, '"'), s...), '"')
	case B:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, []byte(s))
		return append(dst, '"')
	}
	return appendString(dst, s)
}

// appendString appends a JSON string; text without anything to escape is copied as it is.
func appendString[T text](dst []byte, s T) []byte {
	dst = append(append(dst, '"'), s...)
	start := len(dst) - len(s)
	if wire.Plain(dst[start:]) == len(s) {
		return append(dst, '"')
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(string(s)); err != nil {
		panic("attribute: a string that JSON cannot hold: " + err.Error())
	}
	return append(dst[:start-1], bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

// Size returns what a value counts in DynamoDB's item size, in bytes.
func (v Value) Size() int {
	switch v.Type {
	case S, B:
		return len(v.Text)
	case N:
		return units.NumberSize(v.Text)
	case BOOL:
		return units.SizeBool
	case NULL:
		return units.SizeNull
	case L:
		n := units.SizeList
		for _, e := range v.List {
			n += e.Size() + units.SizeElement
		}
		return n
	case M:
		return units.SizeList + v.Map.Size() + units.SizeElement*len(v.Map)
	}
	n := 0
	for _, t := range v.Texts {
		if v.Type == NS {
			n += units.NumberSize(t)
		} else {
			n += len(t)
		}
	}
	return n
}

// Size returns what an item counts: names and values, in bytes.
func (it Item) Size() int {
	n := 0
	for name, v := range it {
		n += len(name) + v.Size()
	}
	return n
}

// Equal reports whether two values are the same; sets compare without order.
func (v Value) Equal(o Value) bool {
	if v.Type != o.Type || v.Text != o.Text || v.Bool != o.Bool || len(v.List) != len(o.List) || len(v.Map) != len(o.Map) {
		return false
	}
	if !slices.Equal(v.Texts, o.Texts) {
		return false
	}
	for i := range v.List {
		if !v.List[i].Equal(o.List[i]) {
			return false
		}
	}
	for n, x := range v.Map {
		y, ok := o.Map[n]
		if !ok || !x.Equal(y) {
			return false
		}
	}
	return true
}

// Compare orders two strings, numbers or binaries; ok is false for other or unlike types.
func (v Value) Compare(o Value) (order int, ok bool) {
	if v.Type != o.Type || v.Type != S && v.Type != N && v.Type != B {
		return 0, false
	}
	return compareText(v.Type, v.Text, o.Text), true
}

func compareText(t Type, a, b string) int {
	if t == N {
		return strings.Compare(SortableNumber(a), SortableNumber(b))
	}
	return strings.Compare(a, b)
}
