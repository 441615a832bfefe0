package workload

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Load reads and parses a scenario file.
func Load(path string) (*Scenario, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the scenario: %w", err)
	}
	return Parse(path, text)
}

// yamlLine finds the line in yaml.v3's own messages.
var yamlLine = regexp.MustCompile(`line (\d+)`)

// Parse reads a scenario's text; file is for messages. The error joins every problem found,
// each an *Error.
func Parse(file string, text []byte) (*Scenario, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		e := &Error{File: file, Line: 1, Column: 1, Found: err.Error(), Expected: "YAML"}
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			if line, convErr := strconv.Atoi(m[1]); convErr == nil {
				e.Line = line
			}
		}
		return nil, e
	}
	if len(root.Content) == 0 {
		return nil, &Error{File: file, Line: 1, Column: 1, Found: "an empty file", Expected: "a scenario (crossover init writes one)"}
	}
	doc := root.Content[0]
	d := &Decoder{File: file}
	sections := rest{}
	own := split(d, doc, &sections)
	sc := &Scenario{File: file, Text: text, Objectives: Objectives{Errors: -1}}
	d.structure(own, reflect.ValueOf(sc).Elem(), "")
	sc.Targets = decodeTargets(d, sections.targets)
	sc.Cost = sections.cost
	if len(d.errs) == 0 {
		validate(d, sc, doc)
	}
	if err := join(d.errs); err != nil {
		return nil, err
	}
	return sc, nil
}

// rest holds the sections that stay YAML.
type rest struct{ targets, cost *yaml.Node }

// split takes the sections that others decode out of a copy of the document.
func split(d *Decoder, doc *yaml.Node, r *rest) *yaml.Node {
	if doc.Kind != yaml.MappingNode {
		return doc
	}
	own := *doc
	own.Content = nil
	for i := 0; i+1 < len(doc.Content); i += 2 {
		key, value := doc.Content[i], doc.Content[i+1]
		var into **yaml.Node
		switch key.Value {
		case "targets":
			into = &r.targets
		case "cost":
			into = &r.cost
		default:
			if names := sectionNames(); !slices.Contains(names, key.Value) {
				d.fail(key, key.Value, fmt.Sprintf("unknown key %q", key.Value), "one of "+strings.Join(names, ", "), nearest(key.Value, names))
				continue
			}
			own.Content = append(own.Content, key, value)
			continue
		}
		if *into != nil {
			d.fail(key, key.Value, fmt.Sprintf("%q a second time", key.Value), "each key once", "")
		}
		*into = value
	}
	return &own
}

// sectionNames lists a scenario's own keys.
func sectionNames() []string {
	names := []string{"targets", "cost"}
	for _, f := range fields(reflect.TypeFor[Scenario]()) {
		names = append(names, f.name)
	}
	return names
}

// tableName is what names tables, sets and directories may have on every target.
var tableName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$`)

func decodeTargets(d *Decoder, n *yaml.Node) []Target {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		d.Fail(n, "targets", "a list of targets", "")
		return nil
	}
	var out []Target
	names := map[string]bool{}
	for i, c := range n.Content {
		path := fmt.Sprintf("targets[%d]", i)
		if c.Kind != yaml.MappingNode {
			d.Fail(c, path, "a mapping with name and driver", "")
			continue
		}
		t := Target{Node: c}
		for j := 0; j+1 < len(c.Content); j += 2 {
			switch c.Content[j].Value {
			case "name":
				t.Name = c.Content[j+1].Value
				if !tableName.MatchString(t.Name) {
					d.Fail(c.Content[j+1], Join(path, "name"), "letters, digits, dashes, dots and underscores, 63 at most", "")
				}
				if names[t.Name] {
					d.Fail(c.Content[j+1], Join(path, "name"), "a name that no other target has", "")
				}
				names[t.Name] = true
			case "driver":
				t.Driver = c.Content[j+1].Value
			}
		}
		for name, v := range map[string]string{"name": t.Name, "driver": t.Driver} {
			if v == "" {
				d.fail(c, path, fmt.Sprintf("no %q", name), fmt.Sprintf("%q to be given", name), "")
			}
		}
		out = append(out, t)
	}
	return out
}

// Errors returns the single problems that an error of this package joins.
func Errors(err error) []*Error {
	var out []*Error
	var one *Error
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			out = append(out, Errors(e)...)
		}
	} else if errors.As(err, &one) {
		out = append(out, one)
	}
	return out
}
