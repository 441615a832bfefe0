package tco

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"gopkg.in/yaml.v3"

	"crossover/costmodel"
	"crossover/workload"
)

// configure reads the cost section with some of its values replaced. A name that is no
// assumption, or a value that the cost section would not take, is an error.
func configure(sc *workload.Scenario, whatIf map[string]string) (*costmodel.Config, error) {
	c, err := costmodel.ParseConfig(sc)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, ErrNoCost
	}
	if len(whatIf) == 0 {
		return c, ranges(sc, c)
	}
	var names []string
	for _, k := range knobs(c) {
		names = append(names, k.name)
	}
	changed := *sc
	changed.Cost = clone(sc.Cost)
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(whatIf)) {
		if !slices.Contains(names, name) {
			errs = append(errs, fmt.Errorf("--what-if %s: no assumption has this name; did you mean %q?", name, nearest(name, names)))
			continue
		}
		one := *sc
		one.Cost = clone(sc.Cost)
		place(one.Cost, name, whatIf[name])
		if _, err := costmodel.ParseConfig(&one); err != nil {
			errs = append(errs, refused(name, whatIf[name], err))
			continue
		}
		place(changed.Cost, name, whatIf[name])
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	c, err = costmodel.ParseConfig(&changed)
	if err != nil {
		return nil, fmt.Errorf("--what-if, all together: %w", err)
	}
	for name := range whatIf {
		c.MarkWhatIf(name)
	}
	return c, ranges(sc, c)
}

// ranges reads the ranges that the scenario gives: each end as the cost section would take it.
func ranges(sc *workload.Scenario, c *costmodel.Config) error {
	var names []string
	settable := map[string]knob{}
	for _, k := range knobs(c) {
		if k.set != nil {
			names = append(names, k.name)
			settable[k.name] = k
		}
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.Ranges)) {
		k, ok := settable[name]
		if !ok {
			errs = append(errs, fmt.Errorf("%s: cost.ranges.%s: no assumption that can vary has this name; did you mean %q?", sc.File, name, nearest(name, names)))
			continue
		}
		var ends [2]float64
		for i, text := range []string{c.Ranges[name].Low, c.Ranges[name].High} {
			one := *sc
			one.Cost = clone(sc.Cost)
			place(one.Cost, name, text)
			with, err := costmodel.ParseConfig(&one)
			if err != nil {
				expected := err.Error()
				if list := workload.Errors(err); len(list) > 0 {
					expected = "expected " + list[0].Expected
				}
				errs = append(errs, fmt.Errorf("%s: cost.ranges.%s: %s: %s", sc.File, name, text, expected))
				continue
			}
			ends[i] = k.get(with)
		}
		if ends[0] > ends[1] {
			errs = append(errs, fmt.Errorf("%s: cost.ranges.%s: from %s to %s, expected the lower end first", sc.File, name, c.Ranges[name].Low, c.Ranges[name].High))
		}
		c.SetSpan(name, ends[0], ends[1])
	}
	return errors.Join(errs...)
}

// refused says why the cost section does not take a value.
func refused(name, value string, err error) error {
	if list := workload.Errors(err); len(list) > 0 {
		return fmt.Errorf("--what-if %s=%s: expected %s", name, value, list[0].Expected)
	}
	return fmt.Errorf("--what-if %s=%s: %w", name, value, err)
}

func clone(n *yaml.Node) *yaml.Node {
	if n == nil {
		return nil
	}
	c := *n
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		c.Content[i] = clone(child)
	}
	return &c
}

// place sets the scalar at a dotted path, making the mappings on the way.
func place(n *yaml.Node, path, value string) {
	key, rest, deeper := strings.Cut(path, ".")
	var found *yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			found = n.Content[i+1]
		}
	}
	if found == nil {
		found = &yaml.Node{Line: n.Line, Column: n.Column}
		n.Kind = yaml.MappingNode
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key, Line: n.Line, Column: n.Column}, found)
	}
	if deeper {
		if found.Kind != yaml.MappingNode {
			*found = yaml.Node{Kind: yaml.MappingNode, Line: found.Line, Column: found.Column}
		}
		place(found, rest, value)
		return
	}
	*found = yaml.Node{Kind: yaml.ScalarNode, Value: value, Line: found.Line, Column: found.Column}
}

// nearest returns the name most like found.
func nearest(found string, names []string) string {
	best, distance := "", -1
	for _, n := range names {
		if d := levenshtein.ComputeDistance(strings.ToLower(found), n); distance < 0 || d < distance {
			best, distance = n, d
		}
	}
	return best
}
