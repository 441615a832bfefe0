package main

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"gopkg.in/yaml.v3"

	"crossover/workload"
	"crossover/workload/op"
)

// A variant is the scenario that a point of a search or sweep probes: the user's own, edited
// as YAML, so that each probe's run directory holds the very text that it ran.
type variant struct {
	name string // of the point; "" when there is only one
	file string
	text []byte
	base *workload.Scenario // at the rate to start at
}

// variants derives the scenario of each point, and checks it before anything is connected.
func (p *searchPlan) variants(sc *workload.Scenario) ([]*variant, error) {
	type edit struct {
		name   string
		change func(doc *yaml.Node) error
	}
	edits := []edit{{"", func(*yaml.Node) error { return nil }}}
	switch p.varied {
	case "sizes":
		edits = nil
		for _, size := range p.sizes {
			edits = append(edits, edit{"size " + size, func(doc *yaml.Node) error {
				return put(doc, size, "dataset", "size")
			}})
		}
	case "reads":
		edits = nil
		for _, share := range p.reads {
			name := strconv.FormatFloat(100*share, 'f', -1, 64) + "% reads"
			edits = append(edits, edit{name, func(doc *yaml.Node) error { return mix(doc, sc, share) }})
		}
	}
	var out []*variant
	for _, e := range edits {
		v := &variant{name: e.name, file: sc.File}
		doc, err := parseYAML(sc.Text)
		if err != nil {
			return nil, err
		}
		if err := put(doc, sc.Dataset.Items, "dataset", "items"); err != nil { // --items may have changed it
			return nil, err
		}
		if err := e.change(doc); err != nil {
			return nil, v.wrong(err)
		}
		if v.text, err = yaml.Marshal(doc); err != nil {
			return nil, v.wrong(err)
		}
		if v.base, err = v.at(p.rule.Start, p.rule.Length); err != nil {
			return nil, v.wrong(err)
		}
		out = append(out, v)
	}
	return out, nil
}

// wrong says which point an error is about, where there are several.
func (v *variant) wrong(err error) error {
	if v.name == "" {
		return err
	}
	return fmt.Errorf("%s: %w", v.name, err)
}

// at returns the scenario with one phase, of one rate.
func (v *variant) at(rate float64, length time.Duration) (*workload.Scenario, error) {
	doc, err := parseYAML(v.text)
	if err != nil {
		return nil, err
	}
	phases := []map[string]string{{"name": "probe", "for": length.String(), "rate": rateText(rate)}}
	if err := put(doc, phases, "workload", "phases"); err != nil {
		return nil, err
	}
	text, err := yaml.Marshal(doc)
	if err != nil {
		return nil, err
	}
	return workload.Parse(v.file, text)
}

func parseYAML(text []byte) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&doc); err != nil {
		return nil, err
	}
	return &doc, nil
}

// put sets the value at a path of keys, whose parents must be there.
func put(doc *yaml.Node, value any, path ...string) error {
	parent := doc.Content[0]
	for _, key := range path[:len(path)-1] {
		if parent = field(parent, key); parent == nil {
			return fmt.Errorf("the scenario has no %q of its own", key)
		}
	}
	var n yaml.Node
	if err := n.Encode(value); err != nil {
		return err
	}
	if n.Kind == yaml.SequenceNode { // phases, on one line each
		for _, entry := range n.Content {
			entry.Style = yaml.FlowStyle
		}
	}
	key := path[len(path)-1]
	if old := field(parent, key); old != nil {
		*old = n
		return nil
	}
	parent.Content = append(parent.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, &n)
	return nil
}

// shareUnits is how finely a scenario states the shares of its operations: hundredths of a
// percent.
const shareUnits = 10_000

// mix gives the operations that do not write a share of all, divided among them as before, and
// those that do the rest. Where the scenario has none of a sort it gets reads, or updates. The
// objectives of operations that are no longer there go with them.
func mix(doc *yaml.Node, sc *workload.Scenario, reads float64) error {
	old := sc.Workload.Operations
	sum := map[bool]float64{}
	for kind, share := range old {
		sum[op.Kind(kind).Writes()] += share
	}
	if sum[false] == 0 {
		old[op.Read], sum[false] = 1, 1
	}
	if sum[true] == 0 {
		old[op.Update], sum[true] = 1, 1
	}
	want := map[bool]float64{false: reads, true: 1 - reads}
	exact := make([]float64, op.KindCount)
	for kind, share := range old {
		writes := op.Kind(kind).Writes()
		exact[kind] = share / sum[writes] * want[writes] * shareUnits
	}
	operations := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	for kind, n := range apportion(exact, shareUnits) {
		name := op.Kind(kind).String()
		if n > 0 {
			operations.Content = append(operations.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name},
				&yaml.Node{Kind: yaml.ScalarNode, Value: strconv.FormatFloat(float64(n)/(shareUnits/100), 'f', -1, 64) + "%"})
		} else if objectives := field(doc.Content[0], "objectives"); objectives != nil {
			remove(objectives, name)
		}
	}
	return put(doc, operations, "workload", "operations")
}

// apportion rounds shares that sum to total to whole numbers that do, by largest remainders.
func apportion(exact []float64, total int) []int {
	out := make([]int, len(exact))
	order := make([]int, len(exact))
	rest := total
	for i, v := range exact {
		out[i], order[i] = int(math.Floor(v+1e-9)), i
		rest -= out[i]
	}
	slices.SortStableFunc(order, func(a, b int) int {
		ra, rb := exact[a]-float64(out[a]), exact[b]-float64(out[b])
		switch {
		case ra > rb:
			return -1
		case ra < rb:
			return 1
		}
		return 0
	})
	for _, i := range order[:max(rest, 0)] {
		out[i]++
	}
	return out
}

// remove takes a key out of a mapping.
func remove(n *yaml.Node, key string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content = slices.Delete(n.Content, i, i+2)
			return
		}
	}
}
