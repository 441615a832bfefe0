package workload

import (
	"encoding/json"
	"path"
	"reflect"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"

	"crossover/workload/op"
)

// A Describer is a type with DecodeYAML that says what it accepts. Without it the schema takes
// the type for what it is in Go.
type Describer interface {
	// JSONSchema returns the schema of what DecodeYAML accepts.
	JSONSchema() *jsonschema.Schema
}

// An Extender is a struct whose schema says more than its fields do.
type Extender interface {
	// JSONSchemaExtend adds to the schema that was made of the fields.
	JSONSchemaExtend(s *jsonschema.Schema)
}

// A TargetSchema is what a driver's targets look like: a pointer to its configuration.
type TargetSchema struct {
	Driver string
	Config any
}

// Schema returns the JSON Schema (2020-12) of scenario files, with the given drivers' targets
// and the given cost section; nil leaves the cost section open. It follows the decoder's own
// tags, so that what it refuses the decoder refuses too; it can't see what spans several values
// (shares that sum to 100%), which `crossover validate` does.
func Schema(targets []TargetSchema, cost any) *jsonschema.Schema {
	r := &reflector{defs: jsonschema.Definitions{}}
	s := r.structure(reflect.TypeFor[Scenario]())
	s.Version = jsonschema.Version
	s.Title = "crossover scenario"
	s.Description = "A workload, the databases to run it against, and what it costs in production."
	s.Properties.Set("targets", &jsonschema.Schema{
		Type: "array", Description: "the databases to run against, in order", Items: r.target(targets),
	})
	section := &jsonschema.Schema{}
	if cost != nil {
		section = r.of(reflect.TypeOf(cost).Elem(), "")
	}
	section.Description = "what both sides are priced for; leave it out to measure only"
	s.Properties.Set("cost", section)
	s.Definitions = r.defs
	return s
}

// A reflector makes schemas of Go types; definitions of named structs are shared.
type reflector struct{ defs jsonschema.Definitions }

// target returns the schema of one target, which its driver's name decides.
func (r *reflector) target(targets []TargetSchema) *jsonschema.Schema {
	driver := &jsonschema.Schema{Description: "which database"}
	s := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), Required: []string{"name", "driver"}}
	s.Properties.Set("driver", driver)
	for _, t := range targets {
		names := []any{t.Driver}
		if t.Driver == "null" {
			names = append(names, nil) // what YAML makes of the word
		}
		driver.Enum = append(driver.Enum, names...)
		is := jsonschema.NewProperties()
		is.Set("driver", &jsonschema.Schema{Enum: names})
		own := r.structure(reflect.TypeOf(t.Config).Elem())
		own.Properties.Set("driver", &jsonschema.Schema{Enum: names, Description: "which database"})
		if _, ok := own.Properties.Get("name"); !ok {
			own.Properties.Set("name", &jsonschema.Schema{Type: "string"})
		}
		name := "target." + t.Driver
		r.defs[name] = own
		s.AllOf = append(s.AllOf, &jsonschema.Schema{
			If:   &jsonschema.Schema{Properties: is, Required: []string{"driver"}},
			Then: &jsonschema.Schema{Ref: "#/$defs/" + name},
		})
	}
	return s
}

// of returns the schema of a type; the field's tag adds its unit, bounds and default.
func (r *reflector) of(t reflect.Type, tag reflect.StructTag) *jsonschema.Schema {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if own, ok := reflect.New(t).Interface().(Describer); ok {
		return own.JSONSchema()
	}
	switch {
	case t == nodeType:
		return &jsonschema.Schema{}
	case t == durationType:
		return scalarSchema(durationPattern, durationForm)
	case t.Kind() == reflect.Struct:
		return r.named(t)
	case t.Kind() == reflect.Slice:
		return &jsonschema.Schema{Type: "array", Items: r.of(t.Elem(), tag)}
	case t.Kind() == reflect.Map:
		return &jsonschema.Schema{Type: "object", AdditionalProperties: r.of(t.Elem(), tag)}
	}
	return scalarOf(t, tag)
}

// named returns a reference to a struct's definition. The decoder takes an empty value for a
// mapping without keys, where no key is required.
func (r *reflector) named(t reflect.Type) *jsonschema.Schema {
	s := &jsonschema.Schema{}
	required := false
	if t.Name() == "" {
		s = r.structure(t)
		required = len(s.Required) > 0
	} else {
		name := path.Base(t.PkgPath()) + "." + t.Name()
		if _, ok := r.defs[name]; !ok {
			r.defs[name] = nil // being made: a type within itself would refer to it
			r.defs[name] = r.structure(t)
		}
		s.Ref = "#/$defs/" + name
		required = r.defs[name] != nil && len(r.defs[name].Required) > 0
	}
	if required {
		return s
	}
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{s, {Type: "null"}}}
}

// structure returns the schema of a struct's fields.
func (r *reflector) structure(t reflect.Type) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema}
	for _, f := range fields(t) {
		field := r.of(t.Field(f.index).Type, f.tag)
		field.Description = description(field.Description, f.tag)
		if text, ok := f.tag.Lookup("default"); ok {
			field.Default = defaultOf(t.Field(f.index).Type, f.tag, text)
		}
		s.Properties.Set(f.name, field)
		if f.tag.Get("required") == "true" {
			s.Required = append(s.Required, f.name)
		}
	}
	if e, ok := reflect.New(t).Interface().(Extender); ok {
		e.JSONSchemaExtend(s)
	}
	return s
}

// description puts a field's doc before what its values look like and where they end.
func description(form string, tag reflect.StructTag) string {
	text := tag.Get("doc")
	low, high := tag.Get("min"), tag.Get("max")
	bounds := ""
	switch {
	case low != "" && high != "":
		bounds = low + " to " + high
	case low != "":
		bounds = low + " or more"
	case high != "":
		bounds = "at most " + high
	}
	var parts []string
	for _, p := range []string{text, form, bounds} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "; ")
}

// Patterns of the scalars that carry a unit.
const (
	numberPattern   = `[0-9][0-9_]*(\.[0-9]+)?([eE]\+?[0-9]+)?`
	bytesPattern    = `^` + numberPattern + ` ?(B|KiB|MiB|GiB|TiB)$`
	durationPattern = `^(0|([0-9][0-9_]*(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+)$`
	ratePattern     = `^` + numberPattern + `(/s|/min|/h)$`
	sharePattern    = `^` + numberPattern + `%$`
	wholePattern    = `^[0-9][0-9_]*$`
)

func scalarSchema(pattern, form string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: pattern, Description: form}
}

// BytesSchema is the schema of a size.
func BytesSchema() *jsonschema.Schema { return scalarSchema(bytesPattern, bytesForm) }

// RateSchema is the schema of a rate that is not a ramp.
func RateSchema() *jsonschema.Schema { return scalarSchema(ratePattern, "a rate such as 5000/s") }

// ShareSchema is the schema of a share.
func ShareSchema() *jsonschema.Schema { return scalarSchema(sharePattern, shareForm) }

// DurationSchema is the schema of a duration.
func DurationSchema() *jsonschema.Schema { return scalarSchema(durationPattern, durationForm) }

// scalarOf returns the schema of a number, a truth value or text.
func scalarOf(t reflect.Type, tag reflect.StructTag) *jsonschema.Schema {
	switch tag.Get("unit") {
	case "bytes":
		return BytesSchema()
	case "share":
		return ShareSchema()
	case "rate":
		return RateSchema()
	}
	switch t.Kind() {
	case reflect.Bool:
		return &jsonschema.Schema{Type: "boolean"}
	case reflect.String:
		s := &jsonschema.Schema{Type: "string"}
		if list := tag.Get("enum"); list != "" {
			for _, v := range strings.Split(list, "|") {
				s.Enum = append(s.Enum, v)
			}
		}
		return s
	}
	number := &jsonschema.Schema{Type: "integer", Minimum: bare(tag.Get("min")), Maximum: bare(tag.Get("max"))}
	grouped := &jsonschema.Schema{Type: "string", Pattern: wholePattern}
	if t.Kind() == reflect.Float64 {
		number.Type, grouped.Pattern = "number", "^-?"+numberPattern+"$"
	} else if number.Minimum == "" && (t.Kind() == reflect.Uint64 || t.Kind() == reflect.Uint32) {
		number.Minimum = "0"
	}
	// Digits grouped by underscores are a number in YAML 1.1 and text in YAML 1.2, which is what
	// most editors read.
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{number, grouped}}
}

// bare returns a bound as JSON writes it.
func bare(text string) json.Number { return json.Number(strings.ReplaceAll(text, "_", "")) }

// defaultOf returns a default in the type that a scenario gives it in.
func defaultOf(t reflect.Type, tag reflect.StructTag, text string) any {
	if tag.Get("unit") == "" && t != durationType {
		switch t.Kind() {
		case reflect.Bool:
			return text == "true"
		case reflect.Int, reflect.Int64, reflect.Uint32, reflect.Uint64, reflect.Float64:
			if _, err := strconv.ParseFloat(string(bare(text)), 64); err == nil {
				return bare(text)
			}
		}
	}
	return text
}

// OneKey returns the schema of a mapping with exactly one of the given keys.
func OneKey(names []string, values []*jsonschema.Schema) *jsonschema.Schema {
	one := uint64(1)
	s := &jsonschema.Schema{
		Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema,
		MinProperties: &one, MaxProperties: &one,
	}
	for i, n := range names {
		s.Properties.Set(n, values[i])
	}
	return s
}

// oneKeyOf is OneKey of a struct's fields.
func oneKeyOf(t reflect.Type) *jsonschema.Schema {
	r := &reflector{defs: jsonschema.Definitions{}}
	var names []string
	var values []*jsonschema.Schema
	for _, f := range fields(t) {
		inner := t.Field(f.index).Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		value := r.of(inner, f.tag)
		if inner.Kind() == reflect.Struct {
			value = r.structure(inner)
			if len(value.Required) == 0 {
				value = &jsonschema.Schema{OneOf: []*jsonschema.Schema{value, {Type: "null"}}}
			}
		}
		value.Description = description(value.Description, f.tag)
		names, values = append(names, f.name), append(values, value)
	}
	return OneKey(names, values)
}

// JSONSchema says what DecodeYAML accepts.
func (*SizeDist) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{BytesSchema(), oneKeyOf(reflect.TypeFor[SizeDist]())}}
}

// JSONSchema says what DecodeYAML accepts.
func (*Operations) JSONSchema() *jsonschema.Schema {
	one := uint64(1)
	s := &jsonschema.Schema{
		Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema, MinProperties: &one,
	}
	for k := range op.KindCount {
		s.Properties.Set(k.String(), ShareSchema())
	}
	traced := &jsonschema.Schema{Type: "string", Const: "trace", Description: "as the trace of keys has them"}
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{s, traced}}
}

// JSONSchema says what DecodeYAML accepts.
func (*Objectives) JSONSchema() *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema}
	for k := range op.KindCount {
		s.Properties.Set(k.String(), &jsonschema.Schema{
			Type: "object", AdditionalProperties: jsonschema.FalseSchema,
			Description:       "limits of response time, by percentile",
			PatternProperties: map[string]*jsonschema.Schema{percentilePattern: DurationSchema()},
		})
	}
	errors := ShareSchema()
	errors.Description = "largest share of operations that may fail; " + errors.Description
	s.Properties.Set("errors", errors)
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{s, {Type: "null"}}}
}

// JSONSchemaExtend asks for exactly one of open and closed.
func (*Arrival) JSONSchemaExtend(s *jsonschema.Schema) {
	one := uint64(1)
	s.MinProperties, s.MaxProperties = &one, &one
}
