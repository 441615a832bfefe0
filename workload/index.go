package workload

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"

	"github.com/invopop/jsonschema"
	"gopkg.in/yaml.v3"

	"crossover/workload/items"
	"crossover/workload/op"
)

// An Index is a secondary index of the table.
type Index struct {
	Name       string         `yaml:"name" required:"true" doc:"3 to 40 letters, digits, dashes, dots and underscores"`
	Kind       string         `yaml:"kind" required:"true" enum:"global|local" doc:"global: of items with one value of an attribute, eventually consistent; local: of the items of a partition key, in another order"`
	Partition  string         `yaml:"partition" json:",omitempty" doc:"global: the attribute that a query asks one value of; a string, or a number of integers or timestamps"`
	Sort       string         `yaml:"sort" json:",omitempty" doc:"the attribute that orders what a query returns; a local index must have one"`
	Projection Projection     `yaml:"projection" default:"all" doc:"attributes that the index holds besides keys: all, keys, or a list of names"`
	Capacity   *IndexCapacity `yaml:"capacity" json:",omitempty" doc:"global, on a provisioned table: the index's own capacity; the table's when left out"`
}

// Values of Index.Kind.
const (
	GlobalIndex = "global"
	LocalIndex  = "local"
)

// An IndexCapacity is what a global index of a provisioned table has for itself, in units/s.
type IndexCapacity struct {
	Read  int64 `yaml:"read" required:"true" min:"1" max:"1_000_000_000" doc:"read capacity units"`
	Write int64 `yaml:"write" required:"true" min:"1" max:"1_000_000_000" doc:"write capacity units"`
}

// A Projection is what an index holds of an item besides the keys of table and index.
type Projection struct {
	All     bool     `json:",omitempty"`
	Include []string `json:",omitempty"` // where not all; none are keys only
}

// DecodeYAML reads `all`, `keys`, or a list of attributes.
func (p *Projection) DecodeYAML(d *Decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.SequenceNode {
		d.list(n, reflect.ValueOf(&p.Include).Elem(), path, "")
		return
	}
	if n.Kind != yaml.ScalarNode || n.Value != "all" && n.Value != "keys" {
		d.Fail(n, path, "all, keys, or a list of attributes", nearest(n.Value, []string{"all", "keys"}))
		return
	}
	p.All = n.Value == "all"
}

// JSONSchema says what DecodeYAML accepts.
func (*Projection) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Type: "string", Enum: []any{"all", "keys"}},
		{Type: "array", Items: &jsonschema.Schema{Type: "string"}},
	}}
}

// Limits of a table's secondary indexes (AWS DynamoDB Developer Guide, "Service, account, and
// table quotas": global indexes by default, local ones, attributes projected by name in all).
const (
	MaxGlobalIndexes = 20
	MaxLocalIndexes  = 5
	MaxProjected     = 100
)

// indexName leaves room for a set's name in that of an Aerospike index.
var indexName = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,40}$`)

// Global reports whether it is a global index.
func (x *Index) Global() bool { return x.Kind == GlobalIndex }

// keyNames returns the attributes of the template that are the index's own keys.
func (x *Index) keyNames() []string {
	var out []string
	for _, n := range []string{x.Partition, x.Sort} {
		if n != "" {
			out = append(out, n)
		}
	}
	return out
}

// Holds reports whether the index holds an attribute besides the keys of the table.
func (x *Index) Holds(attribute string) bool {
	return x.Projection.All || slices.Contains(x.keyNames(), attribute) || slices.Contains(x.Projection.Include, attribute)
}

// Keyed reports whether an attribute is one of the index's own keys.
func (x *Index) Keyed(attribute string) bool { return slices.Contains(x.keyNames(), attribute) }

// QueriedIndex returns the index that query_index asks; nil where there is none.
func (sc *Scenario) QueriedIndex() *Index {
	for i := range sc.Indexes {
		if q := sc.Workload.QueryIndex; q != nil && sc.Indexes[i].Name == q.Index {
			return &sc.Indexes[i]
		}
	}
	return nil
}

// Alike returns the probability that two versions of an item have the same keys in the index:
// values are drawn anew with each version.
func (sc *Scenario) Alike(x *Index) float64 {
	p := 1.0
	for _, name := range x.keyNames() {
		p *= sc.AlikeIn(name)
	}
	return p
}

// AlikeIn returns the probability that two versions of an item have the same value of an
// attribute.
func (sc *Scenario) AlikeIn(name string) float64 {
	if i, ok := sc.attribute(name); ok {
		return sc.Dataset.Typed[i].Alike()
	}
	return 0
}

// ItemsIndexed returns how many items a query of index x with at most limit of them returns in
// the mean: the items that share a value with the one that was drawn, and that one.
func (sc *Scenario) ItemsIndexed(x *Index, limit uint64) float64 {
	if !x.Global() {
		return sc.ItemsQueried(limit)
	}
	i, _ := sc.attribute(x.Partition)
	return math.Min(float64(limit), 1+float64(sc.Dataset.Items-1)*sc.Dataset.Typed[i].Alike())
}

func (c check) indexes(sc *Scenario) {
	seen := map[string]bool{}
	var kinds [2]int
	projected := 0
	for i := range sc.Indexes {
		x := &sc.Indexes[i]
		if !indexName.MatchString(x.Name) || seen[x.Name] {
			c.fail(fmt.Sprintf("%q", x.Name), "a name of 3 to 40 letters, digits, dashes, dots and underscores that no other index has", "indexes", i, "name")
		}
		seen[x.Name] = true
		if x.Global() {
			kinds[0]++
		} else {
			kinds[1]++
		}
		projected += len(x.Projection.Include)
		c.index(sc, x, i)
	}
	if kinds[0] > MaxGlobalIndexes || kinds[1] > MaxLocalIndexes || projected > MaxProjected {
		c.fail(fmt.Sprintf("%d global and %d local indexes with %d attributes projected by name", kinds[0], kinds[1], projected),
			fmt.Sprintf("at most %d, %d and %d, DynamoDB's limits", MaxGlobalIndexes, MaxLocalIndexes, MaxProjected), "indexes")
	}
}

func (c check) index(sc *Scenario, x *Index, i int) {
	key := func(name, as string, number func(*items.Attribute) bool) {
		at, ok := sc.attribute(name)
		if !ok || sc.Dataset.Typed[at].Type != items.String && !number(&sc.Dataset.Typed[at]) {
			c.fail(fmt.Sprintf("%q", name), "an attribute of dataset.attributes of type string or number"+
				map[bool]string{true: " with integers or timestamps"}[as == "partition"], "indexes", i, as)
		} else if a := &sc.Dataset.Typed[at]; a.Filler || a.Type == items.String && a.Bytes > MaxSortKeyBytes {
			c.fail(fmt.Sprintf("%q, which may be longer than %d bytes", name, MaxSortKeyBytes), "a shorter attribute: it is a key", "indexes", i, as)
		}
	}
	anyNumber := func(a *items.Attribute) bool { return a.Type == items.Number }
	switch {
	case x.Global() && x.Partition == "":
		c.fail("a global index without partition", "partition: an attribute", "indexes", i)
	case x.Global():
		key(x.Partition, "partition", wholeNumber)
	case x.Partition != "":
		c.fail("partition of a local index", "none: it is the table's partition key", "indexes", i, "partition")
	case !sc.HasSort():
		c.fail("a local index of a table without a sort key", "dataset.key.sort, or a global index", "indexes", i, "kind")
	case x.Sort == "":
		c.fail("a local index without sort", "sort: an attribute", "indexes", i)
	}
	if x.Sort != "" {
		key(x.Sort, "sort", anyNumber)
	}
	if x.Sort != "" && x.Sort == x.Partition {
		c.fail(fmt.Sprintf("%q twice", x.Sort), "two attributes", "indexes", i, "sort")
	}
	if x.Capacity != nil && !x.Global() {
		c.fail("capacity of a local index", "none: it shares the table's", "indexes", i, "capacity")
	}
	for k, name := range x.Projection.Include {
		if _, ok := sc.place(name); !ok || x.Keyed(name) || slices.Contains(x.Projection.Include[:k], name) {
			c.fail(fmt.Sprintf("%q", name), "attributes of dataset.attributes that are no keys of the index, each once", "indexes", i, "projection")
		}
	}
}

// indexed fills in what a query of an index asks for: the value that the item which was drawn
// was loaded with.
func (s *stream) indexed(o *op.Op) {
	x := &s.sc.Indexes[o.Ask.On]
	o.Consistent = o.Consistent && !x.Global() // a global index has no consistent reads
	if x.Global() {
		at, _ := s.sc.attribute(x.Partition)
		o.Value = s.sizes.values.AppendValue(o.Value, s.sc.Seed, o.Item, 0, at)
	}
}
