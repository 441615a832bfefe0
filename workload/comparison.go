package workload

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"
	"gopkg.in/yaml.v3"

	"crossover/workload/items"
	"crossover/workload/op"
)

// A Comparison holds the stored value of an attribute against one of the scenario's.
type Comparison struct {
	Attribute string `yaml:"attribute" required:"true" doc:"a string, or a number that is an integer or a timestamp, of dataset.attributes"`
	Compare   string `yaml:"compare" default:"equal" enum:"equal|not_equal|below|at_most|at_least|above" doc:"how the stored value must compare with value; text by its bytes"`
	Value     Word   `yaml:"value" required:"true" doc:"what it is compared with"`
}

// A Word is text that YAML may take for a number.
type Word string

// JSONSchema says that it may.
func (*Word) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}, {Type: "boolean"}}}
}

// A Condition is what must hold for a write to be applied. Exactly one field is set.
type Condition struct {
	State   string      `json:",omitempty"` // exists or not_exists
	Compare *Comparison `json:",omitempty"`
}

const (
	conditionExists    = "exists"
	conditionNotExists = "not_exists"
)

// DecodeYAML reads `exists`, `not_exists`, or a comparison.
func (k *Condition) DecodeYAML(d *Decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		if n.Value != conditionExists && n.Value != conditionNotExists {
			d.Fail(n, path, "exists, not_exists, or {attribute: …, compare: at_least, value: …}",
				nearest(n.Value, []string{conditionExists, conditionNotExists}))
		}
		k.State = n.Value
		return
	}
	k.Compare = &Comparison{}
	d.structure(n, reflect.ValueOf(k.Compare).Elem(), path)
}

// JSONSchema says what DecodeYAML accepts.
func (*Condition) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Type: "string", Enum: []any{conditionExists, conditionNotExists}},
		(&reflector{}).structure(reflect.TypeFor[Comparison]()),
	}}
}

// set says what an operation's condition is; nil asks for nothing.
func (k *Condition) set(sc *Scenario, ask *op.Ask) op.Condition {
	switch {
	case k == nil:
		return op.Unconditional
	case k.State == conditionExists:
		return op.MustExist
	case k.State == conditionNotExists:
		return op.MustNotExist
	}
	ask.Compare = k.Compare.resolve(sc)
	return op.Compares
}

// resolve returns a valid comparison as operations carry it; nil is none.
func (k *Comparison) resolve(sc *Scenario) *op.Comparison {
	if k == nil {
		return nil
	}
	out := &op.Comparison{Attribute: k.Attribute, Text: string(k.Value)}
	for r := range op.RelationCount {
		if r.String() == k.Compare {
			out.Relation = r
		}
	}
	if i, ok := sc.attribute(k.Attribute); ok && sc.Dataset.Typed[i].Type == items.String {
		out.IsText = true
		return out
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(string(k.Value), "_", ""), 10, 64)
	must(err)
	out.Text, out.Number = "", n
	return out
}

// attribute returns the place of a named attribute among those of a list with types.
func (sc *Scenario) attribute(name string) (place int, ok bool) {
	for i := range sc.Dataset.Typed {
		if sc.Dataset.Typed[i].Name == name {
			return i, true
		}
	}
	return 0, false
}

// place returns the place of any attribute besides keys and version, whether it has a type or not.
func (sc *Scenario) place(name string) (place int, ok bool) {
	for i := range sc.Dataset.Attributes {
		if sc.AttributeName(i) == name {
			return i, true
		}
	}
	return 0, false
}

// places returns the places of valid names; nil for none.
func (sc *Scenario) places(names []string) []int {
	var out []int
	for _, n := range names {
		i, _ := sc.place(n)
		out = append(out, i)
	}
	return out
}

// attributeNames lists what attributes there are, for messages.
func (sc *Scenario) attributeNames() []string {
	var out []string
	for i := range min(sc.Dataset.Attributes, 8) {
		out = append(out, sc.AttributeName(i))
	}
	if sc.Dataset.Attributes > len(out) {
		out = append(out, "…")
	}
	return out
}

// wholeNumber reports whether an attribute's values are integers.
func wholeNumber(a *items.Attribute) bool {
	return a.Type == items.Number && (a.From == items.Integer || a.From == items.Timestamp)
}

// comparable reports whether a comparison can be held against an attribute's values.
func comparable(a *items.Attribute) bool { return a.Type == items.String || wholeNumber(a) }

// comparison checks a comparison at a place; nil is none.
func (c check) comparison(sc *Scenario, k *Comparison, at ...any) {
	if k == nil {
		return
	}
	i, ok := sc.attribute(k.Attribute)
	if !ok || !comparable(&sc.Dataset.Typed[i]) {
		c.fail(fmt.Sprintf("%q", k.Attribute), "an attribute of dataset.attributes that is a string, or a number of integers or timestamps", append(at, "attribute")...)
		return
	}
	if _, err := strconv.ParseInt(strings.ReplaceAll(string(k.Value), "_", ""), 10, 64); err != nil && sc.Dataset.Typed[i].Type != items.String {
		c.fail(fmt.Sprintf("%q", k.Value), "a whole number, as the attribute holds", append(at, "value")...)
	}
}

// writeCondition checks a condition at a place; nil is none.
func (c check) writeCondition(sc *Scenario, k *Condition, at ...any) {
	if k != nil {
		c.comparison(sc, k.Compare, at...)
	}
}

// Describe says a comparison in words.
func (k *Comparison) Describe() string {
	words := map[string]string{
		"equal": "is", "not_equal": "is not", "below": "is below", "at_most": "is at most", "at_least": "is at least", "above": "is above",
	}
	return k.Attribute + " " + words[k.Compare] + " " + string(k.Value)
}

// Describe says a condition in words; nil is "".
func (k *Condition) Describe() string {
	switch {
	case k == nil:
		return ""
	case k.State == conditionExists:
		return "the item exists"
	case k.State == conditionNotExists:
		return "the item does not exist"
	}
	return k.Compare.Describe()
}
