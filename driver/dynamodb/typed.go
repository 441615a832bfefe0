package dynamodb

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/workload/items"
)

// A typed is the attributes of an item whose scenario gives them types, in storage that is
// used over and over.
type typed struct {
	template *items.Template
	values   []items.Value
	set      []func(items.Value) // by attribute: fills what the SDK is given
}

// newTyped adds the template's attributes to an item's.
func newTyped(t *items.Template, attributes map[string]types.AttributeValue) *typed {
	ty := &typed{template: t}
	for _, a := range t.Attributes() {
		value, set := holder(a)
		attributes[a.Name] = value
		ty.set = append(ty.set, set)
	}
	return ty
}

// fill sets the attributes to what a body holds, which must stay as it is while they are used.
func (ty *typed) fill(body []byte) {
	var ok bool
	if ty.values, ok = ty.template.Values(ty.values, body); !ok {
		panic(fmt.Sprintf("dynamodb: a body of %d bytes that the scenario's template did not make", len(body)))
	}
	for i, set := range ty.set {
		set(ty.values[i])
	}
}

// holder returns the storage of one attribute as the SDK takes it, and what fills it.
func holder(a items.Attribute) (types.AttributeValue, func(items.Value)) {
	switch a.Type {
	case items.Number:
		v := new(types.AttributeValueMemberN)
		return v, func(from items.Value) { v.Value = text(from.Text) }
	case items.Binary:
		v := new(types.AttributeValueMemberB)
		return v, func(from items.Value) { v.Value = from.Text }
	case items.Bool:
		v := new(types.AttributeValueMemberBOOL)
		return v, func(from items.Value) { v.Value = from.Text[0] == 't' }
	case items.Null:
		return &types.AttributeValueMemberNULL{Value: true}, func(items.Value) {}
	case items.StringSet:
		v := &types.AttributeValueMemberSS{Value: make([]string, a.Count)}
		return v, func(from items.Value) { texts(v.Value, from.Elements) }
	case items.NumberSet:
		v := &types.AttributeValueMemberNS{Value: make([]string, a.Count)}
		return v, func(from items.Value) { texts(v.Value, from.Elements) }
	case items.List:
		v := &types.AttributeValueMemberL{Value: make([]types.AttributeValue, a.Count)}
		set := make([]func([]byte), a.Count)
		for k := range v.Value {
			v.Value[k], set[k] = element(a)
		}
		return v, func(from items.Value) { each(set, from.Elements) }
	case items.Map:
		v := &types.AttributeValueMemberM{Value: make(map[string]types.AttributeValue, a.Count)}
		set := make([]func([]byte), a.Count)
		for k := range set {
			v.Value[items.ElementName(k)], set[k] = element(a)
		}
		return v, func(from items.Value) { each(set, from.Elements) }
	}
	v := new(types.AttributeValueMemberS)
	return v, func(from items.Value) { v.Value = text(from.Text) }
}

// element returns the storage of one element of a list or map.
func element(a items.Attribute) (types.AttributeValue, func([]byte)) {
	if a.NumericElements() {
		v := new(types.AttributeValueMemberN)
		return v, func(b []byte) { v.Value = text(b) }
	}
	v := new(types.AttributeValueMemberS)
	return v, func(b []byte) { v.Value = text(b) }
}

func each(set []func([]byte), elements [][]byte) {
	for k, e := range elements {
		set[k](e)
	}
}

func texts(into []string, elements [][]byte) {
	for k, e := range elements {
		into[k] = text(e)
	}
}
