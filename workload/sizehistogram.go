package workload

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"
	"gopkg.in/yaml.v3"

	"crossover/workload/items"
)

// A SizeHistogram is how many of the items have about which size.
type SizeHistogram []items.Bucket

// bucketYAML is a bucket as a scenario writes it.
type bucketYAML struct {
	To    uint64  `yaml:"to" unit:"bytes" required:"true" doc:"largest size in the bucket, whose smallest follows the bucket before"`
	Share float64 `yaml:"share" unit:"share" required:"true" max:"100%" doc:"share of the items; 100% in all"`
}

// DecodeYAML reads a list of buckets, or the name of a CSV file that holds them.
func (h *SizeHistogram) DecodeYAML(d *Decoder, n *yaml.Node, path string) {
	before := len(d.errs)
	var list []bucketYAML
	if n.Kind == yaml.ScalarNode {
		text, _, ok := d.input(n, path, n.Value)
		if !ok {
			return
		}
		var err error
		if list, err = parseBuckets(n.Value, text); err != nil {
			d.fail(n, path, err.Error(), "lines with a size and a share, such as 512B,40%", "")
			return
		}
	} else {
		d.list(n, reflect.ValueOf(&list).Elem(), path, "")
	}
	if len(d.errs) > before {
		return
	}
	for _, b := range list {
		*h = append(*h, items.Bucket{To: b.To, Share: b.Share})
	}
	if _, err := items.Histogram(*h); err != nil {
		d.fail(n, path, err.Error(), "buckets of rising sizes whose shares sum to 100%", "")
		*h = nil
	}
}

// parseBuckets reads CSV: a size and a share a line. A first line that begins with "to" names
// the columns and is passed over, and so are lines that begin with #.
func parseBuckets(name string, text []byte) ([]bucketYAML, error) {
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord, r.Comment, r.TrimLeadingSpace = 2, '#', true
	var out []bucketYAML
	for first := true; ; first = false {
		fields, err := r.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		line, _ := r.FieldPos(0)
		to, errTo := ParseBytes(strings.TrimSpace(fields[0]))
		share, errShare := ParseShare(strings.TrimSpace(fields[1]))
		switch {
		case len(out) >= items.MaxBuckets:
			return nil, fmt.Errorf("%s: more than %d buckets", name, items.MaxBuckets)
		case errTo == nil && errShare == nil:
			out = append(out, bucketYAML{to, share})
		case !first || strings.TrimSpace(fields[0]) != "to":
			return nil, fmt.Errorf("%s, line %d: %q", name, line, strings.Join(fields, ","))
		}
	}
}

// JSONSchema says what DecodeYAML accepts.
func (*SizeHistogram) JSONSchema() *jsonschema.Schema {
	one := uint64(1)
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Type: "string", Description: "name of a CSV file beside the scenario, with lines such as 512B,40%"},
		{Type: "array", MinItems: &one, Items: (&reflector{}).structure(reflect.TypeFor[bucketYAML]())},
	}}
}
