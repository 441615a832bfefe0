package workload

import (
	"fmt"
	"math"
	"reflect"

	"github.com/invopop/jsonschema"
	"gopkg.in/yaml.v3"

	"crossover/workload/keys"
)

// PartitionSizes are how many items partition keys hold, where that is not one number. Exactly
// one field is set. See keys.Partitions for how items are laid out.
type PartitionSizes struct {
	Zipfian *SizesZipfian `yaml:"zipfian" json:",omitempty" doc:"k items with the weight k^-theta: most partition keys hold few, few hold many"`
	Uniform *SizesUniform `yaml:"uniform" json:",omitempty" doc:"every number between two is as likely"`
}

// SizesZipfian gives k items, from 1 to Max, the weight k^-Theta.
type SizesZipfian struct {
	Theta float64 `yaml:"theta" default:"1" min:"0" max:"50" doc:"skew; 0 is uniform"`
	Max   uint64  `yaml:"max" required:"true" min:"1" max:"1_000_000" doc:"most items of a partition key"`
}

// SizesUniform gives every number of items from Min to Max the same weight.
type SizesUniform struct {
	Min uint64 `yaml:"min" required:"true" min:"1" max:"1_000_000_000" doc:"fewest items of a partition key"`
	Max uint64 `yaml:"max" required:"true" min:"1" max:"1_000_000_000" doc:"most items of a partition key"`
}

// sortKeyYAML is a sort key as a scenario writes it.
type sortKeyYAML struct {
	Prefix       string       `yaml:"prefix" default:"sort#" doc:"before the ten digits of the place within the partition key"`
	PerPartition perPartition `yaml:"per_partition" required:"true" doc:"items that a partition key holds, 1 to 1_000_000_000, or a distribution of them: zipfian: {theta: 1, max: 500} or uniform: {min: 1, max: 100}"`
}

// A perPartition is a number of items, or a distribution of it.
type perPartition struct {
	number uint64
	sizes  *PartitionSizes
}

// DecodeYAML reads a number, or a mapping that names a distribution.
func (p *perPartition) DecodeYAML(d *Decoder, n *yaml.Node, path string) {
	if n.Kind != yaml.MappingNode {
		d.decode(n, reflect.ValueOf(&p.number).Elem(), path, `min:"1" max:"1_000_000_000"`)
		return
	}
	p.sizes = &PartitionSizes{}
	before := len(d.errs)
	d.structure(n, reflect.ValueOf(p.sizes).Elem(), path)
	oneOf(d, n, path, p.sizes.Zipfian != nil, p.sizes.Uniform != nil)
	if u := p.sizes.Uniform; u != nil && len(d.errs) == before && u.Min > u.Max {
		d.fail(child(n, "uniform"), Join(path, "uniform"), fmt.Sprintf("min %d above max %d", u.Min, u.Max), "min at most max", "")
	}
}

// JSONSchema says what DecodeYAML accepts.
func (*perPartition) JSONSchema() *jsonschema.Schema {
	number := scalarOf(reflect.TypeFor[uint64](), `min:"1" max:"1_000_000_000"`)
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{number, oneKeyOf(reflect.TypeFor[PartitionSizes]())}}
}

// DecodeYAML reads `none`, or a prefix and how many items a partition key has.
func (s *SortKey) DecodeYAML(d *Decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		if n.Value != "none" {
			d.Fail(n, path, "none, or {prefix: …, per_partition: …}", nearest(n.Value, []string{"none"}))
		}
		return
	}
	before := len(d.errs)
	var raw sortKeyYAML
	d.structure(n, reflect.ValueOf(&raw).Elem(), path)
	s.Prefix, s.PerPartition, s.Sizes = raw.Prefix, raw.PerPartition.number, raw.PerPartition.sizes
	if s.Sizes == nil || len(d.errs) > before {
		return
	}
	s.layout = s.Sizes.layOut()
	s.PerPartition = uint64(math.Max(1, math.Round(s.layout.Mean())))
}

// layOut returns the layout of valid sizes.
func (p *PartitionSizes) layOut() *keys.Partitions {
	var quantile keys.Quantile
	var err error
	if z := p.Zipfian; z != nil {
		quantile, err = keys.ZipfianSizes(z.Theta, z.Max)
	} else {
		quantile, err = keys.UniformSizes(p.Uniform.Min, p.Uniform.Max)
	}
	must(err)
	layout, err := keys.NewPartitions(quantile)
	must(err)
	return layout
}

// JSONSchema says what DecodeYAML accepts.
func (*SortKey) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Type: "string", Const: "none"},
		(&reflector{}).structure(reflect.TypeFor[sortKeyYAML]()),
	}}
}

// ItemsQueried returns how many items a query of at most limit items returns in the mean, when
// each item is as likely to be the one whose partition key is queried.
func (sc *Scenario) ItemsQueried(limit uint64) float64 {
	if !sc.HasSort() {
		return 1
	}
	if p := sc.Dataset.Key.Sort.layout; p != nil {
		return p.Returned(limit)
	}
	return float64(min(limit, sc.Dataset.Key.Sort.PerPartition))
}
