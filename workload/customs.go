package workload

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"crossover/workload/op"
)

// oneOf fails unless exactly one of the alternatives is set and no other problem hides it.
func oneOf(d *Decoder, n *yaml.Node, path string, set ...bool) {
	count := 0
	for _, s := range set {
		if s {
			count++
		}
	}
	if count != 1 && n.Kind == yaml.MappingNode {
		if count == 0 && len(n.Content) > 0 {
			return // its keys were unknown, which has been said
		}
		d.fail(n, path, fmt.Sprintf("%d alternatives", count), "exactly one", "")
	}
}

// DecodeYAML reads a size distribution, which names one of fixed, uniform, lognormal and
// histogram.
func (s *SizeDist) DecodeYAML(d *Decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		v, err := ParseBytes(n.Value)
		if err != nil {
			d.Fail(n, path, "fixed, uniform, lognormal or histogram, or "+bytesForm, bytesHint(n.Value))
		}
		s.Fixed = v
		return
	}
	type raw SizeDist
	d.structure(n, reflect.ValueOf((*raw)(s)).Elem(), path)
	oneOf(d, n, path, s.Fixed > 0, s.Uniform != nil, s.Lognormal != nil, s.Histogram != nil)
}

// rampYAML is a ramp as a scenario writes it.
type rampYAML struct {
	From float64 `yaml:"from" unit:"rate" required:"true" doc:"at the phase's start"`
	To   float64 `yaml:"to" unit:"rate" required:"true" doc:"at the phase's end"`
}

// kindNames lists the operations' names.
func kindNames() []string {
	var names []string
	for k := range op.KindCount {
		names = append(names, k.String())
	}
	return names
}

// DecodeYAML reads shares by operation name and checks that they sum to 100%.
func (o *Operations) DecodeYAML(d *Decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode && n.Value == "trace" {
		return // they are filled in when the trace has been read
	}
	before := len(d.errs)
	shares := map[string]float64{}
	d.mapping(n, reflect.ValueOf(&shares).Elem(), path, `unit:"share"`)
	sum := 0.0
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		key := n.Content[i]
		k, ok := op.ParseKind(key.Value)
		if !ok {
			d.fail(key, Join(path, key.Value), fmt.Sprintf("unknown operation %q", key.Value),
				"one of "+strings.Join(kindNames(), ", "), nearest(key.Value, kindNames()))
			continue
		}
		o[k] = shares[key.Value]
		sum += shares[key.Value]
	}
	if len(d.errs) == before && math.Abs(sum-1) > 1e-9 {
		d.fail(n, path, fmt.Sprintf("shares that sum to %.6g%%", 100*sum), "100% in all", "")
	}
}

// DecodeYAML reads limits of response time by operation, and the errors' share.
func (o *Objectives) DecodeYAML(d *Decoder, n *yaml.Node, path string) {
	o.Errors = -1
	if n.Kind != yaml.MappingNode {
		if n.Tag != "!!null" {
			d.Fail(n, path, "a mapping from operations to percentiles", "")
		}
		return
	}
	names := append(kindNames(), "errors")
	o.Latency = map[op.Kind]map[string]time.Duration{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], resolve(n.Content[i+1])
		at := Join(path, key.Value)
		if key.Value == "errors" {
			share := 0.0
			d.decode(value, reflect.ValueOf(&share).Elem(), at, `unit:"share" max:"100%"`)
			o.Errors = share
			continue
		}
		k, ok := op.ParseKind(key.Value)
		if !ok {
			d.fail(key, at, fmt.Sprintf("unknown operation %q", key.Value), "one of "+strings.Join(names, ", "), nearest(key.Value, names))
			continue
		}
		limits := map[string]time.Duration{}
		d.mapping(value, reflect.ValueOf(&limits).Elem(), at, "")
		for j := 0; j+1 < len(value.Content) && value.Kind == yaml.MappingNode; j += 2 {
			if p := value.Content[j]; !validPercentile(p.Value) {
				d.fail(p, Join(at, p.Value), fmt.Sprintf("unknown percentile %q", p.Value), "p50, p90, p99, p99.9, p99.99 or max",
					nearest(p.Value, []string{"p99.9", "p99.99", "p50", "p90", "p99", "max"}))
			}
		}
		o.Latency[k] = limits
	}
}

// percentilePattern is the largest value, or p and a percentage below 100, with six digits
// after the point at most.
const percentilePattern = `^(max|p[0-9]{1,2}(\.[0-9]{1,6})?)$`

var percentileName = regexp.MustCompile(percentilePattern)

func validPercentile(name string) bool {
	return percentileName.MatchString(name) && strings.Trim(name, "p0.") != ""
}
