package costmodel

import (
	"gopkg.in/yaml.v3"

	"crossover/results/figure"
	"crossover/workload"
)

// origins says where the values of the cost section came from.
type origins struct {
	file   string
	given  map[string]bool                // paths that the scenario gives
	notes  map[string]workload.SourceNote // what the scenario's sources section says of them
	whatIf map[string]bool
}

// originsOf notes which values the cost section gives.
func originsOf(sc *workload.Scenario) origins {
	o := origins{file: sc.File, given: map[string]bool{}, notes: sc.Sources, whatIf: map[string]bool{}}
	o.walk(sc.Cost, "")
	return o
}

func (o *origins) walk(n *yaml.Node, path string) {
	if n == nil {
		return
	}
	if path != "" {
		o.given[path] = true
	}
	if n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		o.walk(n.Content[i+1], workload.Join(path, n.Content[i].Value))
	}
}

// MarkWhatIf notes that a value was replaced for this pricing.
func (c *Config) MarkWhatIf(path string) {
	if c.whatIf == nil {
		c.whatIf = map[string]bool{}
	}
	c.whatIf[path] = true
}

// Given reports whether the scenario, or a what-if, gives the value at path.
func (c *Config) Given(path string) bool { return c.given[path] || c.whatIf[path] }

// Assume returns a value of the cost section as a figure; path is its place below cost.
func (c *Config) Assume(path string, value float64, unit string) figure.Figure {
	note, noted := c.notes["cost."+path]
	switch {
	case c.whatIf[path]:
		return figure.New(value, unit, figure.Assumed, "--what-if "+path)
	case noted && c.given[path]:
		basis := figure.Assumed
		if b := figure.Basis(note.Basis); b == figure.Measured || b == figure.Modelled {
			basis = b
		}
		return figure.New(value, unit, basis, note.Source+" (scenario, cost."+path+")")
	case c.given[path]:
		return figure.New(value, unit, figure.Assumed, "scenario, cost."+path)
	}
	return figure.New(value, unit, figure.Assumed, "default of cost."+path)
}
