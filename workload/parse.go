package workload

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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
var yamlLine = regexp.MustCompile(`line (\d+): (.*)`)

// Parse reads a scenario's text; file is for messages. The error joins every problem found,
// each an *Error. Where the text is YAML but not a valid scenario, the scenario comes with the
// error and is good for one thing: its sections Targets and Cost, so that their owners can
// report what they find in the same go.
func Parse(file string, text []byte) (*Scenario, error) {
	doc, err := document(file, text)
	if err != nil {
		return nil, err
	}
	d := &Decoder{File: file}
	sections := rest{}
	own := split(d, doc, &sections)
	sc := &Scenario{File: file, Text: text, Objectives: Objectives{Errors: -1}}
	d.structure(own, reflect.ValueOf(sc).Elem(), "")
	sc.Dataset.settle()
	sc.useInputs(d, doc)
	sc.Targets = decodeTargets(d, sections.targets)
	sc.Cost = sections.cost
	validate(d, sc, doc)
	return sc, join(d.errs)
}

// document returns the file's one YAML document.
func document(file string, text []byte) (*yaml.Node, error) {
	var root, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	err := decoder.Decode(&root)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, syntaxError(file, text, err)
	}
	if len(root.Content) == 0 || root.Content[0].Tag == "!!null" {
		return nil, &Error{File: file, Line: 1, Column: 1, Found: "an empty file", Expected: "a scenario (crossover init writes one)"}
	}
	if err := decoder.Decode(&second); err == nil {
		at := second
		if len(second.Content) > 0 {
			at = *second.Content[0]
		}
		return nil, &Error{File: file, Line: at.Line, Column: at.Column, Found: "a second YAML document", Expected: "one scenario a file"}
	} else if !errors.Is(err, io.EOF) {
		return nil, syntaxError(file, text, err)
	}
	return root.Content[0], nil
}

// parserError matches what yaml.v3's parser says, as opposed to its scanner.
var parserError = regexp.MustCompile(`^did not find expected (key|node content|<|'-'|',')`)

// syntaxError says where text is not YAML. The parser names a line at most, and not for its
// first; a tab in the indentation, the usual reason, is found here.
func syntaxError(file string, text []byte, err error) *Error {
	for i, line := range bytes.Split(text, []byte("\n")) {
		indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
		if tab := bytes.IndexByte(indent, '\t'); tab >= 0 && len(indent) < len(line) && line[len(indent)] != '#' {
			return &Error{File: file, Line: i + 1, Column: tab + 1, Found: "a tab in the indentation", Expected: "spaces"}
		}
	}
	why := strings.TrimPrefix(err.Error(), "yaml: ")
	e := &Error{File: file, Line: 1, Column: 1, Expected: "YAML"}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		if line, convErr := strconv.Atoi(m[1]); convErr == nil {
			e.Line, why = line, m[2]
		}
		if parserError.MatchString(why) {
			e.Line++ // gopkg.in/yaml.v3 counts lines from 0 here, and from 1 in its scanner's errors
		}
	}
	if lines := bytes.Split(text, []byte("\n")); e.Line <= len(lines) {
		line := lines[e.Line-1]
		e.Column += len(line) - len(bytes.TrimLeft(line, " "))
	}
	e.Found = "text that does not parse (" + why + ")"
	return e
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
				d.unknown(key, "", names)
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
	var names []string
	for _, f := range fields(reflect.TypeFor[Scenario]()) {
		names = append(names, f.name)
	}
	return append(names, "targets", "cost")
}

// tableName is what names tables, sets and directories may have on every target.
var tableName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$`)

func decodeTargets(d *Decoder, n *yaml.Node) []Target {
	if n == nil {
		return nil
	}
	n = resolve(n)
	if n.Kind != yaml.SequenceNode {
		d.Fail(n, "targets", "a list of targets", "")
		return nil
	}
	var out []Target
	names := map[string]bool{}
	for i, c := range n.Content {
		path := fmt.Sprintf("targets[%d]", i)
		c = resolve(c)
		if c.Kind != yaml.MappingNode {
			d.Fail(c, path, "a mapping with name and driver", "")
			continue
		}
		t, given := Target{Node: c}, map[string]bool{}
		for j := 0; j+1 < len(c.Content); j += 2 {
			given[c.Content[j].Value] = true
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
		for _, name := range []string{"name", "driver"} {
			if !given[name] {
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
