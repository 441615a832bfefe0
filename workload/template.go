package workload

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"
	"gopkg.in/yaml.v3"

	"crossover/workload/items"
)

// A Template says what attributes items have besides their keys and their version: a number
// of equal strings, or a list of attributes with names and types.
type Template struct {
	Count int
	Typed []items.Attribute
}

// attributeYAML is an attribute as a scenario writes it.
type attributeYAML struct {
	Name     string   `yaml:"name" required:"true" doc:"1 to 15 letters, digits, dashes and underscores; not pk, sk, ver or exp"`
	Type     string   `yaml:"type" required:"true" enum:"string|number|bool|binary|list|map|string_set|number_set|null" doc:"as DynamoDB calls it; Aerospike's bins are strings, integers, floats, booleans, blobs, lists and maps, and a null is no bin"`
	Value    valueYML `yaml:"value" doc:"how values, or a composite's elements, are made"`
	Bytes    uint64   `yaml:"bytes" unit:"bytes" doc:"length of a random or text value or element; the one string or binary attribute with neither value nor bytes takes what the item's size leaves"`
	Elements int      `yaml:"elements" default:"3" min:"1" max:"64" doc:"of a list, map or set"`
	Repeats  *float64 `yaml:"compressibility" unit:"share" max:"100%" doc:"share of a random value that repeats; dataset.compressibility when left out"`
}

// A valueYML is how values are made, as a scenario writes it.
type valueYML struct {
	from     items.Source
	of       []string
	min, max int64
}

// rangeYAML bounds numbers.
type rangeYAML struct {
	Min int64 `yaml:"min" required:"true" min:"-1_000_000_000_000" max:"1_000_000_000_000" doc:"smallest value"`
	Max int64 `yaml:"max" required:"true" min:"-1_000_000_000_000" max:"1_000_000_000_000" doc:"largest value"`
}

// valueMap are the values that need settings.
type valueMap struct {
	Enum    []string   `yaml:"enum" doc:"one of these, each as likely"`
	Integer *rangeYAML `yaml:"integer" doc:"every integer of the range as likely"`
	Decimal *rangeYAML `yaml:"decimal" doc:"every hundredth of the range as likely"`
}

// plainValues are the values that need none.
var plainValues = []string{string(items.Random), string(items.UUID), string(items.Timestamp), string(items.Text)}

// DecodeYAML reads a value's name, or a mapping with its settings.
func (v *valueYML) DecodeYAML(d *Decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		if !slices.Contains(plainValues, n.Value) {
			d.Fail(n, path, strings.Join(plainValues, ", ")+", or {enum: […]}, {integer: {min: …, max: …}} or {decimal: {min: …, max: …}}",
				nearest(n.Value, plainValues))
		}
		v.from = items.Source(n.Value)
		return
	}
	before := len(d.errs)
	var m valueMap
	d.structure(n, reflect.ValueOf(&m).Elem(), path)
	oneOf(d, n, path, m.Enum != nil, m.Integer != nil, m.Decimal != nil)
	if len(d.errs) > before {
		return
	}
	switch r := m.Integer; {
	case m.Enum != nil:
		v.from, v.of = items.Enum, m.Enum
		if len(m.Enum) == 0 || slices.Contains(m.Enum, "") {
			d.Fail(n, Join(path, "enum"), "at least one word, none of them empty", "")
		}
		return
	case r != nil:
		v.from, v.min, v.max = items.Integer, r.Min, r.Max
	default:
		v.from, v.min, v.max = items.Decimal, m.Decimal.Min, m.Decimal.Max
	}
	if v.min > v.max {
		d.fail(n, path, fmt.Sprintf("min %d above max %d", v.min, v.max), "min at most max", "")
	}
}

// JSONSchema says what DecodeYAML accepts.
func (*valueYML) JSONSchema() *jsonschema.Schema {
	names := make([]any, len(plainValues))
	for i, n := range plainValues {
		names[i] = n
	}
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string", Enum: names}, oneKeyOf(reflect.TypeFor[valueMap]())}}
}

// DecodeYAML reads a number of attributes, or a list of them.
func (t *Template) DecodeYAML(d *Decoder, n *yaml.Node, path string) {
	if n.Kind != yaml.SequenceNode {
		d.decode(n, reflect.ValueOf(&t.Count).Elem(), path, `min:"1" max:"200"`)
		return
	}
	before := len(d.errs)
	var list []attributeYAML
	d.list(n, reflect.ValueOf(&list).Elem(), path, "")
	if len(d.errs) > before {
		return
	}
	if len(list) == 0 || len(list) > MaxAttributes {
		d.fail(n, path, fmt.Sprintf("%d attributes", len(list)), fmt.Sprintf("1 to %d", MaxAttributes), "")
		return
	}
	seen := map[string]bool{}
	fillers := 0
	for i := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		a, problem := list[i].attribute()
		if seen[a.Name] {
			problem = fmt.Sprintf("a name that no other attribute has, not %q again", a.Name)
		}
		if problem != "" {
			d.fail(resolve(n.Content[i]), at, list[i].summary(), problem, "")
		}
		seen[a.Name] = true
		if a.Filler {
			fillers++
		}
		t.Typed = append(t.Typed, a)
	}
	if t.Count = len(t.Typed); fillers != 1 && len(d.errs) == before {
		d.fail(n, path, fmt.Sprintf("%d attributes without value and bytes", fillers),
			"exactly one of type string or binary, which takes what the item's size leaves", "")
	}
}

// attributeName is what both databases and a person can live with: Aerospike's bin names have
// at most 15 bytes (Aerospike server source, datamodel.h, AS_BIN_NAME_MAX_SZ with its final zero).
var attributeName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,15}$`)

// reserved are the attributes that every item has, or may have.
var reserved = []string{AttrPartition, AttrSort, AttrVersion, AttrExpiry}

// sourcesOf lists how values of a type can be made; none means that there is no choice.
var sourcesOf = map[items.Type][]items.Source{
	items.String:    {items.Random, items.UUID, items.Timestamp, items.Enum, items.Text},
	items.Binary:    {items.Random, items.UUID},
	items.Number:    {items.Timestamp, items.Integer, items.Decimal},
	items.List:      {items.Random, items.UUID, items.Timestamp, items.Enum, items.Text, items.Integer, items.Decimal},
	items.Map:       {items.Random, items.UUID, items.Timestamp, items.Enum, items.Text, items.Integer, items.Decimal},
	items.StringSet: {items.Random, items.UUID},
	items.NumberSet: {items.Integer},
}

func (y *attributeYAML) summary() string {
	text := fmt.Sprintf("attribute %q of type %s", y.Name, y.Type)
	if y.Value.from != "" {
		text += fmt.Sprintf(" with value %s", y.Value.from)
	}
	if y.Bytes > 0 {
		text += fmt.Sprintf(" and bytes %d", y.Bytes)
	}
	return text
}

// attribute returns the attribute, and what was expected where it cannot be.
func (y *attributeYAML) attribute() (a items.Attribute, problem string) {
	a = items.Attribute{
		Name: y.Name, Type: items.Type(y.Type), From: y.Value.from, Of: y.Value.of, Min: y.Value.min, Max: y.Value.max,
		Bytes: int(min(y.Bytes, MaxItemBytes)), Repeats: -1,
	}
	if y.Repeats != nil {
		a.Repeats = *y.Repeats
	}
	if a.Type.Composite() {
		a.Count = y.Elements
	}
	sources := sourcesOf[a.Type]
	if a.From == "" && slices.Contains(sources, items.Random) {
		a.From = items.Random
		a.Filler = y.Bytes == 0 && (a.Type == items.String || a.Type == items.Binary)
	}
	sized := (a.From == items.Random || a.From == items.Text) && !a.Filler
	switch {
	case !attributeName.MatchString(y.Name) || slices.Contains(reserved, y.Name):
		return a, "a name of 1 to 15 letters, digits, dashes and underscores other than " + strings.Join(reserved, ", ")
	case a.From == "" && len(sources) > 0 || a.From != "" && !slices.Contains(sources, a.From):
		if len(sources) == 0 {
			return a, "no value: a " + y.Type + " has no choice of them"
		}
		return a, fmt.Sprintf("a value for a %s: one of %v", y.Type, sources)
	case sized && y.Bytes == 0:
		return a, "bytes: the length of each value"
	case !sized && y.Bytes > 0:
		return a, "no bytes: the value's own length is known"
	case y.Repeats != nil && a.From != items.Random:
		return a, "no compressibility: only random values have one"
	case a.Type == items.NumberSet && uint64(a.Max-a.Min)+1 < uint64(a.Count):
		return a, fmt.Sprintf("a range of at least %d integers: a set's elements differ", a.Count)
	}
	return a, ""
}

// JSONSchema says what DecodeYAML accepts.
func (*Template) JSONSchema() *jsonschema.Schema {
	r := &reflector{defs: jsonschema.Definitions{}}
	number := scalarOf(reflect.TypeFor[int](), `min:"1" max:"200"`)
	one := uint64(1)
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		number, {Type: "array", MinItems: &one, Items: r.structure(reflect.TypeFor[attributeYAML]())},
	}}
}

// settle brings what the template says to where the data set keeps it.
func (ds *Dataset) settle() {
	ds.Attributes, ds.Typed = ds.Template.Count, ds.Template.Typed
	for i := range ds.Typed {
		if a := &ds.Typed[i]; a.Repeats < 0 {
			a.Repeats = 0
			if a.From == items.Random {
				a.Repeats = ds.Compressibility
			}
		}
	}
}

// Values returns the template of a valid scenario whose attributes have types; nil where they
// are a number of strings.
func (sc *Scenario) Values() *items.Template {
	if len(sc.Dataset.Typed) == 0 {
		return nil
	}
	t, err := items.NewTemplate(sc.Dataset.Typed)
	must(err)
	return t
}

// AttributeName returns the name of attribute i besides keys and version.
func (sc *Scenario) AttributeName(i int) string {
	if len(sc.Dataset.Typed) > 0 {
		return sc.Dataset.Typed[i].Name
	}
	return AttrBody(i)
}

// needs says what an item's size must hold.
func (sc *Scenario) needs(bytes uint64) string {
	if len(sc.Dataset.Typed) > 0 {
		return fmt.Sprintf("at least %d: keys, attribute names, the most that the values can count, and a byte for the one that takes the rest", bytes)
	}
	return fmt.Sprintf("at least %d: keys, attribute names and one byte for each of %d attributes", bytes, sc.Dataset.Attributes)
}
