package workload

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// A Decoder decodes positioned YAML strictly: unknown and repeated keys, wrong types and wrong
// units are errors with line and column, and all of them are collected.
//
// Struct fields are named by their `yaml` tag. Further tags: `unit:"bytes|share"` on numbers,
// `default:"…"` in the scenario's own spelling, `required:"true"`, `enum:"a|b"`, `min:"…"` and
// `max:"…"` (inclusive, in the field's unit), and `doc:"…"` for the schema.
type Decoder struct {
	File string
	errs []*Error

	inputs     []Input // files that were read
	traces     []pendingTrace
	histograms []pendingHistogram
}

// A Custom type decodes its own node.
type Custom interface {
	// DecodeYAML fills the receiver and reports problems by d.Fail.
	DecodeYAML(d *Decoder, n *yaml.Node, path string)
}

// DecodeNode decodes a section into a struct of the caller's, strictly; file is for messages.
// It returns all problems, joined.
func DecodeNode(file string, n *yaml.Node, into any) error {
	d := &Decoder{File: file}
	d.Decode(n, reflect.ValueOf(into).Elem(), "")
	return join(d.errs)
}

// DecodeAt is DecodeNode for a section whose place in the scenario is path.
func DecodeAt(file, path string, n *yaml.Node, into any) error {
	d := &Decoder{File: file}
	d.Decode(n, reflect.ValueOf(into).Elem(), path)
	return join(d.errs)
}

// Fail records a problem at a node.
func (d *Decoder) Fail(n *yaml.Node, path, expected, suggestion string) {
	d.fail(n, path, describe(n), expected, suggestion)
}

func (d *Decoder) fail(n *yaml.Node, path, found, expected, suggestion string) {
	d.errs = append(d.errs, &Error{File: d.File, Line: n.Line, Column: n.Column, Path: path, Found: found, Expected: expected, Suggestion: suggestion, about: path})
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	nodeType     = reflect.TypeFor[yaml.Node]()
	customType   = reflect.TypeFor[Custom]()
)

// Decode fills v from n.
func (d *Decoder) Decode(n *yaml.Node, v reflect.Value, path string) {
	d.decode(n, v, path, "")
}

func (d *Decoder) decode(n *yaml.Node, v reflect.Value, path string, tag reflect.StructTag) {
	n = resolve(n)
	if v.CanAddr() && v.Addr().Type().Implements(customType) {
		v.Addr().Interface().(Custom).DecodeYAML(d, n, path)
		return
	}
	switch {
	case v.Type() == nodeType:
		v.Set(reflect.ValueOf(*n))
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.decode(n, v.Elem(), path, tag)
	case v.Kind() == reflect.Struct:
		d.structure(n, v, path)
	case v.Kind() == reflect.Slice:
		d.list(n, v, path, tag)
	case v.Kind() == reflect.Map:
		d.mapping(n, v, path, tag)
	default:
		d.scalar(n, v, path, tag)
	}
}

// resolve follows an alias to what it stands for. Go's types bound how deep that goes.
func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func (d *Decoder) list(n *yaml.Node, v reflect.Value, path string, tag reflect.StructTag) {
	if n.Kind != yaml.SequenceNode {
		d.Fail(n, path, "a list", "")
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, c := range n.Content {
		d.decode(c, out.Index(i), fmt.Sprintf("%s[%d]", path, i), tag)
	}
	v.Set(out)
}

func (d *Decoder) mapping(n *yaml.Node, v reflect.Value, path string, tag reflect.StructTag) {
	if n.Kind != yaml.MappingNode {
		d.Fail(n, path, "a mapping", "")
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if v.MapIndex(reflect.ValueOf(key.Value)).IsValid() {
			d.fail(key, Join(path, key.Value), fmt.Sprintf("%q a second time", key.Value), "each key once", "")
			continue
		}
		e := reflect.New(v.Type().Elem()).Elem()
		d.decode(n.Content[i+1], e, Join(path, key.Value), tag)
		v.SetMapIndex(reflect.ValueOf(key.Value), e)
	}
}

// Join extends a path by a key.
func Join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// A fieldInfo is a struct field that YAML can set.
type fieldInfo struct {
	name  string
	index int
	tag   reflect.StructTag
}

// fields lists a struct's fields by their YAML names.
func fields(t reflect.Type) []fieldInfo {
	var out []fieldInfo
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "-" || !f.IsExported() {
			continue
		}
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		out = append(out, fieldInfo{name, i, f.Tag})
	}
	return out
}

func (d *Decoder) structure(n *yaml.Node, v reflect.Value, path string) {
	known := fields(v.Type())
	var names []string
	for _, f := range known {
		names = append(names, f.name)
	}
	if n.Kind != yaml.MappingNode {
		if n.Tag == "!!null" && n.Kind == yaml.ScalarNode {
			n = &yaml.Node{Kind: yaml.MappingNode, Line: n.Line, Column: n.Column}
		} else {
			expected := "nothing: there are no settings"
			if len(names) > 0 {
				expected = "a mapping with " + strings.Join(names, ", ")
			}
			d.Fail(n, path, expected, "")
			return
		}
	}
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := Join(path, key.Value)
		k := -1
		for j, f := range known {
			if f.name == key.Value {
				k = j
			}
		}
		switch {
		case k < 0 && len(names) == 0:
			d.fail(key, at, fmt.Sprintf("unknown key %q", key.Value), "no keys here", "")
		case k < 0:
			d.unknown(key, path, names)
		case seen[key.Value] != nil:
			d.fail(key, at, fmt.Sprintf("%q a second time", key.Value), "each key once", "")
		default:
			seen[key.Value] = value
			d.decode(value, v.Field(known[k].index), at, known[k].tag)
		}
	}
	for _, f := range known {
		if seen[f.name] != nil {
			continue
		}
		if f.tag.Get("required") == "true" {
			d.fail(n, path, fmt.Sprintf("no %q", f.name), fmt.Sprintf("%q to be given", f.name), "")
			e := d.errs[len(d.errs)-1]
			e.about, e.missing = Join(path, f.name), true
		} else {
			d.fill(v.Field(f.index), f, path)
		}
	}
}

// unknown reports a key that is none of names.
func (d *Decoder) unknown(key *yaml.Node, path string, names []string) {
	meant := nearest(key.Value, names)
	d.fail(key, Join(path, key.Value), fmt.Sprintf("unknown key %q", key.Value), "one of "+strings.Join(names, ", "), meant)
	if meant != "" {
		d.errs[len(d.errs)-1].about = Join(path, meant)
	}
}

// fill sets a field that was not given to its default, and the defaults within it.
func (d *Decoder) fill(v reflect.Value, f fieldInfo, path string) {
	if text, ok := f.tag.Lookup("default"); ok {
		d.decode(&yaml.Node{Kind: yaml.ScalarNode, Value: text}, v, Join(path, f.name), f.tag)
		return
	}
	if v.Kind() == reflect.Struct && !v.Addr().Type().Implements(customType) && v.Type() != nodeType {
		for _, inner := range fields(v.Type()) {
			if inner.tag.Get("required") != "true" {
				d.fill(v.Field(inner.index), inner, Join(path, f.name))
			}
		}
	}
}

func (d *Decoder) scalar(n *yaml.Node, v reflect.Value, path string, tag reflect.StructTag) {
	// YAML takes the word null for nothing too, but it names a driver.
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" && n.Value != "null" {
		d.Fail(n, path, scalarForm(v, tag), "")
		return
	}
	if err := setScalar(n.Value, v, tag); err != nil {
		suggestion := ""
		if tag.Get("unit") == "bytes" {
			suggestion = bytesHint(n.Value)
		}
		if list := tag.Get("enum"); list != "" {
			suggestion = nearest(n.Value, strings.Split(list, "|"))
		}
		d.Fail(n, path, err.Error(), suggestion)
		return
	}
	if expected := outside(v, tag); expected != "" {
		d.Fail(n, path, expected, "")
	}
}

// scalarForm says what a scalar of v's type looks like.
func scalarForm(v reflect.Value, tag reflect.StructTag) string {
	switch {
	case v.Type() == durationType:
		return durationForm
	case tag.Get("unit") == "bytes":
		return bytesForm
	case tag.Get("unit") == "share":
		return shareForm
	case tag.Get("unit") == "rate":
		return rateForm
	case tag.Get("enum") != "":
		return "one of " + strings.ReplaceAll(tag.Get("enum"), "|", ", ")
	}
	switch v.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Uint32, reflect.Uint64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	}
	return "text"
}

// setScalar reads text into v; its error says what was expected.
func setScalar(text string, v reflect.Value, tag reflect.StructTag) error {
	expected := fmt.Errorf("%s", scalarForm(v, tag))
	unit := tag.Get("unit")
	switch {
	case v.Type() == durationType:
		x, err := ParseDuration(text)
		v.SetInt(int64(x))
		return err
	case unit == "bytes":
		x, err := ParseBytes(text)
		v.SetUint(x)
		return err
	case unit == "share":
		x, err := ParseShare(text)
		v.SetFloat(x)
		return err
	case unit == "rate":
		x, err := ParseRate(text)
		v.SetFloat(x)
		return err
	}
	whole := strings.ReplaceAll(text, "_", "")
	switch v.Kind() {
	case reflect.Bool:
		if text != "true" && text != "false" {
			return expected
		}
		v.SetBool(text == "true")
	case reflect.Int, reflect.Int64:
		x, err := strconv.ParseInt(whole, 10, 64)
		if err != nil {
			return expected
		}
		v.SetInt(x)
	case reflect.Uint32, reflect.Uint64:
		x, err := strconv.ParseUint(whole, 10, v.Type().Bits())
		if err != nil {
			return expected
		}
		v.SetUint(x)
	case reflect.Float64:
		x, err := parseNumber(text)
		if err != nil {
			return expected
		}
		v.SetFloat(x)
	case reflect.String:
		if list := tag.Get("enum"); list != "" && !strings.Contains("|"+list+"|", "|"+text+"|") {
			return expected
		}
		v.SetString(text)
	default:
		return fmt.Errorf("a type that the decoder knows, not %s", v.Type())
	}
	return nil
}

// outside says what range v had to lie in, or "" when it does.
func outside(v reflect.Value, tag reflect.StructTag) string {
	low, high := tag.Get("min"), tag.Get("max")
	if low == "" && high == "" {
		return ""
	}
	value := 0.0
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		value = float64(v.Int())
	case reflect.Uint32, reflect.Uint64:
		value = float64(v.Uint())
	case reflect.Float64:
		value = v.Float()
	}
	bound := func(text string) float64 {
		x := reflect.New(v.Type()).Elem()
		if err := setScalar(text, x, tag); err != nil {
			panic(fmt.Sprintf("a bound of %q is not %v", text, err)) // a broken invariant of our own tags
		}
		switch x.Kind() {
		case reflect.Int, reflect.Int64:
			return float64(x.Int())
		case reflect.Uint32, reflect.Uint64:
			return float64(x.Uint())
		}
		return x.Float()
	}
	if low != "" && value < bound(low) || high != "" && value > bound(high) {
		switch {
		case high == "":
			return low + " or more"
		case low == "":
			return high + " or less"
		}
		return low + " to " + high
	}
	return ""
}
