package aerospike

import (
	"fmt"
	"strconv"

	as "github.com/aerospike/aerospike-client-go/v7"

	"crossover/workload/items"
)

// A typed is the bins of a record whose scenario gives its attributes types, in storage that
// is used over and over. Sets become lists, which is what they are in Aerospike; a null is no
// bin at all, since writing a null bin removes it.
type typed struct {
	template *items.Template
	values   []items.Value
	bins     []*as.Bin
	set      []func(items.Value) // by attribute
}

func newTyped(t *items.Template) *typed {
	ty := &typed{template: t}
	for _, a := range t.Attributes() {
		value, set := holder(a)
		if value != nil {
			ty.bins = append(ty.bins, &as.Bin{Name: a.Name, Value: value})
		}
		ty.set = append(ty.set, set)
	}
	return ty
}

// fill sets the bins to what a body holds, which must stay as it is while they are used.
func (ty *typed) fill(body []byte) {
	var ok bool
	if ty.values, ok = ty.template.Values(ty.values, body); !ok {
		panic(fmt.Sprintf("aerospike: a body of %d bytes that the scenario's template did not make", len(body)))
	}
	for i, set := range ty.set {
		set(ty.values[i])
	}
}

// holder returns the storage of one bin as the library takes it, and what fills it. A pointer
// to a value is a value too, so that filling it again allocates nothing.
func holder(a items.Attribute) (as.Value, func(items.Value)) {
	switch a.Type {
	case items.Number:
		if a.From == items.Decimal {
			v := new(as.FloatValue)
			return v, func(from items.Value) { *v = as.FloatValue(decimal(from.Text)) }
		}
		v := new(as.LongValue)
		return v, func(from items.Value) { *v = as.LongValue(integer(from.Text)) }
	case items.Binary:
		v := new(as.BytesValue)
		return v, func(from items.Value) { *v = from.Text }
	case items.Bool:
		v := new(as.BoolValue)
		return v, func(from items.Value) { *v = from.Text[0] == 't' }
	case items.Null:
		return nil, func(items.Value) {}
	case items.List, items.StringSet, items.NumberSet:
		list, set := make(as.ListValue, a.Count), make([]func([]byte), a.Count)
		for k := range list {
			list[k], set[k] = element(a)
		}
		return list, func(from items.Value) { each(set, from.Elements) }
	case items.Map:
		m, set := make(as.MapValue, a.Count), make([]func([]byte), a.Count)
		for k := range set {
			m[items.ElementName(k)], set[k] = element(a)
		}
		return m, func(from items.Value) { each(set, from.Elements) }
	}
	v := new(as.StringValue)
	return v, func(from items.Value) { *v = view(from.Text) }
}

// element returns the storage of one element of a list or map; the library packs values.
func element(a items.Attribute) (as.Value, func([]byte)) {
	switch a.From {
	case items.Integer:
		v := new(as.LongValue)
		return v, func(b []byte) { *v = as.LongValue(integer(b)) }
	case items.Decimal:
		v := new(as.FloatValue)
		return v, func(b []byte) { *v = as.FloatValue(decimal(b)) }
	}
	v := new(as.StringValue)
	return v, func(b []byte) { *v = view(b) }
}

func each(set []func([]byte), elements [][]byte) {
	for k, e := range elements {
		set[k](e)
	}
}

// bytes returns how many bytes the values carry that fill was given; numbers take 8.
func (ty *typed) bytes() (n int) {
	for i, a := range ty.template.Attributes() {
		v := &ty.values[i]
		switch {
		case a.Type == items.Number:
			n += numberBytes
		case a.Type == items.Bool:
			n++
		case !a.Type.Composite():
			n += len(v.Text)
		}
		for k, e := range v.Elements {
			if a.Type == items.Map {
				n += len(items.ElementName(k))
			}
			if a.NumericElements() {
				n += numberBytes
			} else {
				n += len(e)
			}
		}
	}
	return n
}

// numberBytes is what an integer or a float carries.
const numberBytes = 8

// integer and decimal read what items.Template wrote.
func integer(b []byte) int64 {
	n, _ := strconv.ParseInt(string(view(b)), 10, 64)
	return n
}

func decimal(b []byte) float64 {
	f, _ := strconv.ParseFloat(string(view(b)), 64)
	return f
}

// valueBytes returns how many bytes a value carries that was read: numbers take 8.
func valueBytes(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []byte:
		return len(v)
	case bool:
		return 1
	case int, float64:
		return numberBytes
	case []any:
		n := 0
		for _, e := range v {
			n += valueBytes(e)
		}
		return n
	case map[any]any:
		n := 0
		for k, e := range v {
			n += valueBytes(k) + valueBytes(e)
		}
		return n
	}
	return 0
}
