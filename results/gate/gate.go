// Package gate holds a comparison against thresholds: a file of gates and a comparison in,
// what became of each gate out, for people, for CI servers' test reports and for annotations.
package gate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"crossover/results/compare"
	"crossover/workload"
	"crossover/workload/op"
)

// A File is a gates file.
type File struct {
	Gates      []Gate     `yaml:"gates" doc:"Thresholds, each on one metric."`
	Objectives Objectives `yaml:"objectives" default:"ignored" enum:"ignored|met" doc:"met: a gate for each objective of the scenario."`
	Undecided  string     `yaml:"undecided" default:"pass" enum:"pass|fail" doc:"What becomes of a gate that the repetitions cannot decide."`
}

// Objectives says whether the scenario's objectives are gates too.
type Objectives string

// Met makes a gate of each objective of the scenario.
const Met Objectives = "met"

// A Gate is a threshold on a metric: on how much worse it gets, or on its value.
type Gate struct {
	Metric    string
	Target    string // empty: every target
	Undecided string // pass, fail; empty: the file's
	// WorseBy is the largest worsening that passes; nil when there is none. Relative says that
	// it is a share of BASE, else it is in the metric's unit: ns, share, per second, units, USD.
	WorseBy  *float64
	Relative bool
	// Limit is the largest value of HEAD that passes, of throughput the smallest; nil when there
	// is none. It is in the metric's unit.
	Limit *float64

	text string // the threshold as the file spells it
}

// fileMax bounds a gates file, in bytes.
const fileMax = 1 << 20

// Parse reads a gates file; file is for messages. The error joins every problem found, with line
// and column.
func Parse(file string, text []byte) (*File, error) {
	if len(text) > fileMax {
		return nil, &workload.Error{
			File: file, Line: 1, Column: 1, Found: fmt.Sprintf("%d bytes", len(text)),
			Expected: fmt.Sprintf("a gates file of %d at most", fileMax),
		}
	}
	n, err := document(file, text)
	if err != nil {
		return nil, err
	}
	f := &File{}
	if err := workload.DecodeNode(file, n, f); err != nil {
		return nil, err
	}
	if len(f.Gates) == 0 && f.Objectives != Met {
		return nil, &workload.Error{
			File: file, Line: n.Line, Column: n.Column, Found: "no gate",
			Expected: "gates, or objectives: met",
		}
	}
	return f, nil
}

var yamlLine = regexp.MustCompile(`line (\d+): (.*)`)

// document returns the file's one YAML document.
func document(file string, text []byte) (*yaml.Node, error) {
	problem := func(line, column int, found, expected string) error {
		return &workload.Error{File: file, Line: max(1, line), Column: max(1, column), Found: found, Expected: expected}
	}
	syntax := func(err error) error {
		why, line := strings.TrimPrefix(err.Error(), "yaml: "), 1
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			why = m[2]
			if n, err := strconv.Atoi(m[1]); err == nil {
				line = n
			}
		}
		return problem(line, 1, "text that does not parse ("+why+")", "YAML")
	}
	var root, second yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&root); err != nil && !errors.Is(err, io.EOF) {
		return nil, syntax(err)
	}
	if len(root.Content) == 0 || root.Content[0].Tag == "!!null" {
		return nil, problem(1, 1, "an empty file", "gates: a list of thresholds")
	}
	if err := d.Decode(&second); err == nil {
		return nil, problem(second.Line, second.Column, "a second YAML document", "one document")
	} else if !errors.Is(err, io.EOF) {
		return nil, syntax(err)
	}
	return root.Content[0], nil
}

// raw is a gate as the file spells it: its thresholds' units depend on the metric.
type raw struct {
	Metric    yaml.Node `yaml:"metric" required:"true"`
	WorseBy   yaml.Node `yaml:"worse_by"`
	Limit     yaml.Node `yaml:"limit"`
	Target    string    `yaml:"target"`
	Undecided string    `yaml:"undecided" enum:"pass|fail"`
}

// DecodeYAML fills the gate and reports problems with their places.
func (g *Gate) DecodeYAML(d *workload.Decoder, n *yaml.Node, path string) {
	var r raw
	d.Decode(n, reflect.ValueOf(&r).Elem(), path)
	if r.Metric.Kind == 0 {
		return // not there, or not a gate at all: said already
	}
	at := workload.Join(path, "metric")
	form, expected, suggestion := formOf(r.Metric.Value)
	if r.Metric.Kind != yaml.ScalarNode || form == nil {
		d.Fail(&r.Metric, at, expected, suggestion)
		return
	}
	g.Metric, g.Target, g.Undecided = r.Metric.Value, r.Target, r.Undecided
	if (r.WorseBy.Kind == 0) == (r.Limit.Kind == 0) {
		if !misspelt(n) {
			d.Fail(n, path, "either worse_by or limit", "")
		}
		return
	}
	if r.Limit.Kind != 0 {
		v, err := form.absolute(r.Limit.Value)
		if r.Limit.Kind != yaml.ScalarNode || err != nil || !(v >= 0) {
			d.Fail(&r.Limit, workload.Join(path, "limit"), form.expected, "")
			return
		}
		g.Limit, g.text = &v, r.Limit.Value
		return
	}
	v, relative, err := form.difference(r.WorseBy.Value)
	if r.WorseBy.Kind != yaml.ScalarNode || err != nil || !(v >= 0) {
		expected := "a share of BASE such as 10%, or " + form.expected
		if form.share {
			expected = "a difference of shares such as 0.1%"
		}
		d.Fail(&r.WorseBy, workload.Join(path, "worse_by"), expected, "")
		return
	}
	g.WorseBy, g.Relative, g.text = &v, relative, r.WorseBy.Value
}

// misspelt reports whether a gate has a key that no gate has, which is told already.
func misspelt(n *yaml.Node) bool {
	for i := 0; i < len(n.Content); i += 2 {
		if !slices.Contains([]string{"metric", "worse_by", "limit", "target", "undecided"}, n.Content[i].Value) {
			return true
		}
	}
	return false
}

// A form is how a metric's values are spelt.
type form struct {
	expected string
	share    bool // a percentage is a value here, not a share of BASE
	absolute func(string) (float64, error)
}

func (f *form) difference(s string) (v float64, relative bool, err error) {
	if strings.HasSuffix(s, "%") && !f.share {
		v, err = workload.ParseShare(s)
		return v, true, err
	}
	v, err = f.absolute(s)
	return v, false, err
}

var (
	latencyForm = form{"a duration such as 20ms", false, func(s string) (float64, error) {
		d, err := workload.ParseDuration(s)
		return float64(d), err
	}}
	shareForm  = form{"a share such as 0.1%", true, workload.ParseShare}
	rateForm   = form{"a rate such as 5000/s", false, workload.ParseRate}
	numberForm = form{"a number such as 1.5", false, func(s string) (float64, error) {
		v, err := strconv.ParseFloat(s, 64)
		if err == nil && v > 1e15 {
			err = errors.New("too large")
		}
		return v, err
	}}
)

// forms are the metrics that are not latencies.
var forms = map[string]*form{
	compare.Throughput: &rateForm, compare.Errors: &shareForm, compare.Throttles: &shareForm,
	compare.ReadUnits: &numberForm, compare.WriteUnits: &numberForm, compare.CostPerMillion: &numberForm,
}

// formOf returns how a metric's values are spelt, or nil and what was expected of its name.
func formOf(metric string) (f *form, expected, suggestion string) {
	if f := forms[metric]; f != nil {
		return f, "", ""
	}
	if reason, ok := strings.CutPrefix(metric, compare.Throttles+"."); ok && reason != "" {
		return &shareForm, "", ""
	}
	kind, rest, dotted := strings.Cut(metric, ".")
	percentile := strings.TrimPrefix(rest, "service.")
	if _, known := op.ParseKind(kind); dotted && known {
		if slices.Contains(compare.Percentiles, percentile) {
			return &latencyForm, "", ""
		}
		return nil, "a percentile that a comparison knows: " + strings.Join(compare.Percentiles, ", "), ""
	}
	names := []string{}
	for name := range forms {
		names = append(names, name)
	}
	slices.Sort(names)
	return nil, "KIND.PERCENTILE or KIND.service.PERCENTILE, such as read.p99; or one of " + strings.Join(names, ", ") +
		", " + compare.Throttles + ".REASON", ""
}

// Percentiles returns the percentiles that the gates name, for the comparison to hold.
func (f *File) Percentiles() []string {
	var out []string
	for _, p := range compare.Percentiles {
		named := slices.ContainsFunc(f.Gates, func(g Gate) bool { return latencyOf(g.Metric) == p })
		if named || slices.Contains(compare.DefaultPercentiles, p) {
			out = append(out, p)
		}
	}
	return out
}

// latencyOf returns the percentile that a metric names; "" when it is no latency.
func latencyOf(metric string) string {
	kind, rest, _ := strings.Cut(metric, ".")
	if _, known := op.ParseKind(kind); !known {
		return ""
	}
	return strings.TrimPrefix(rest, "service.")
}
