package gate

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crossover/results"
	"crossover/results/compare"
	"crossover/results/compare/comparetest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, text []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(text)); diff != "" {
		t.Errorf("%s differs (-want +got); `make golden` writes it anew:\n%s", path, diff)
	}
}

// usual is a BASE.
var usual = comparetest.Spec{Seed: 1, Rho: 0.8, Level: 0.01, Between: 0.01, Throttled: 0.01}

func side(t *testing.T, s comparetest.Spec, repetitions int) []*compare.Repetition {
	t.Helper()
	dir := t.TempDir()
	if err := comparetest.Repeat(dir, s, repetitions); err != nil {
		t.Fatal(err)
	}
	reps, err := compare.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return reps
}

// compared compares a usual BASE with HEAD as edited.
func compared(t *testing.T, repetitions int, edit func(*comparetest.Spec)) *compare.Result {
	t.Helper()
	head := usual
	head.Seed = 2
	edit(&head)
	r, err := compare.Compare(side(t, usual, repetitions), side(t, head, repetitions), compare.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func evaluate(t *testing.T, r *compare.Result, text string) []Finding {
	t.Helper()
	f, err := Parse("g.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	findings, err := f.Evaluate(r)
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

func slower(s *comparetest.Spec) {
	s.Tail, s.Throttled = 1.25, 0.02
	s.Edit = func(m *results.Manifest) {
		outcome := "missed"
		if m.Repetition == "1/5" {
			outcome = "met"
		}
		m.Objectives = []results.ObjectiveResult{{Name: "read p99", Result: outcome}, {Name: "errors", Result: "met"}}
	}
}

// A gate fails on what is beyond its threshold and significant, and on nothing else.
func TestEvaluate(t *testing.T) {
	r := compared(t, 5, slower)
	for _, c := range []struct {
		gate string
		want Outcome
	}{
		{"{metric: read.p99, worse_by: 10%}", Failed},
		{"{metric: read.p99, worse_by: 1ms}", Failed},
		{"{metric: read.p99, worse_by: 60%}", Passed},
		{"{metric: read.p99, worse_by: 60ms}", Passed},
		{"{metric: read.service.p99, worse_by: 10%}", Failed},
		{"{metric: read.p50, worse_by: 10%}", Passed},
		{"{metric: read.p99, limit: 17ms}", Failed},
		{"{metric: read.p99, limit: 30ms}", Passed},
		{"{metric: read.p99.9, limit: 1us}", Undecided}, // not enough samples
		{"{metric: update.p99, limit: 1us}", Undecided}, // not in these runs
		{"{metric: throttles_per_op, limit: 0.1%}", Failed},
		{"{metric: throttles_per_op, limit: 5%}", Passed},
		{"{metric: throttles_per_op, worse_by: 0.5%}", Failed},
		{"{metric: throttles_per_op, worse_by: 2%}", Passed},
		{"{metric: throttles_per_op.KeyRange, worse_by: 0.5%}", Failed},
		{"{metric: throttles_per_op.Other, worse_by: 0.5%}", Passed},
		{"{metric: throughput, limit: 5/s}", Passed},
		{"{metric: throughput, limit: 5000/s}", Failed},
		{"{metric: throughput, worse_by: 1%}", Passed},
		{"{metric: read_units_per_op, limit: 0.4}", Failed},
		{"{metric: errors, limit: 0%}", Passed},
		{"{metric: errors, worse_by: 0%}", Passed},
	} {
		f := evaluate(t, r, "gates: ["+c.gate+"]")
		if len(f) != 1 || f[0].Outcome != c.want || f[0].Fails != (c.want == Failed) || strings.Contains(f[0].Reason, "\n") {
			t.Errorf("%s: %+v, want %s", c.gate, f, c.want)
		}
		strict := evaluate(t, r, "gates: ["+c.gate+"]\nundecided: fail")
		if strict[0].Fails != (c.want != Passed) {
			t.Errorf("%s, undecided: fail: %+v", c.gate, strict)
		}
	}
}

// A gate's own word on what is undecided goes before the file's.
func TestUndecided(t *testing.T) {
	r := compared(t, 2, slower) // two repetitions: nothing can be significant
	f := evaluate(t, r, `
gates:
  - {metric: read.p99, worse_by: 10%}
  - {metric: read.p99, worse_by: 10%, undecided: pass}
undecided: fail
`)
	if f[0].Outcome != Undecided || !f[0].Fails || f[1].Outcome != Undecided || f[1].Fails || !strings.Contains(f[0].Reason, "more repetition") {
		t.Errorf("%+v", f)
	}
	if s := Summary(f); !strings.HasPrefix(s, "1 of 2 gates failed: dynamodb: read response p99 went from") || strings.Contains(s, "\n") {
		t.Errorf("summary %q", s)
	}
}

// Noise alone, on thresholds that it exceeds, fails nothing: most of the second side's runs
// are worse than the limits, which are at what the first side had.
func TestQuietOnNoise(t *testing.T) {
	failed := 0
	base := side(t, usual, 5)
	for seed := range uint64(6) {
		s := usual
		s.Seed = 10 + seed
		r, err := compare.Compare(base, side(t, s, 5), compare.Options{})
		if err != nil {
			t.Fatal(err)
		}
		f := evaluate(t, r, "gates: [{metric: read.p99, worse_by: 0%}, {metric: read.p90, worse_by: 0%}, {metric: read.p50, worse_by: 0us}, {metric: read.p99, limit: 16.2ms}]")
		if Summary(f) != "" {
			failed++
		}
	}
	if failed > 1 {
		t.Errorf("%d of 6 comparisons of equal runs fail", failed)
	}
}

// Limits are corrected for being many: one that fails by itself does not among a hundred.
func TestManyLimits(t *testing.T) {
	p := 0.01
	one := []Finding{{Name: "x limit 1", Outcome: Undecided, p: &p}}
	judgeLimits(one, 0.05)
	many := []Finding{{Name: "x limit 1", Outcome: Undecided, p: &p}}
	for range 99 {
		many = append(many, Finding{Name: "y limit 1", Outcome: Passed})
	}
	judgeLimits(many, 0.05)
	if one[0].Outcome != Failed || many[0].Outcome != Undecided {
		t.Errorf("alone %s, among many %s", one[0].Outcome, many[0].Outcome)
	}
}

func TestTargets(t *testing.T) {
	r := compared(t, 2, func(*comparetest.Spec) {})
	f, err := Parse("g.yaml", []byte("gates: [{metric: read.p99, limit: 1s, target: aerospike}]"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Evaluate(r); err == nil || !strings.Contains(err.Error(), `found target "aerospike", expected one that was compared: dynamodb`) {
		t.Errorf("%v", err)
	}
}

// everything is a file with each outcome in it.
const everything = `
gates:
  - {metric: read.p99, worse_by: 10%}
  - {metric: read.p50, worse_by: 10%}
  - {metric: read.p99.9, limit: 1us}
objectives: met
`

// The reports say what the findings say, and read as what they claim to be.
func TestReports(t *testing.T) {
	r := compared(t, 5, slower)
	findings := evaluate(t, r, everything)
	var junit, summary, annotations bytes.Buffer
	if err := errors.Join(JUnit(&junit, r.Scenario, findings), Summarise(&summary, r, findings), Annotate(&annotations, "ci/gates.yaml", findings)); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.MarshalIndent(findings, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "junit.xml", junit.Bytes())
	golden(t, "summary.md", summary.Bytes())
	golden(t, "annotations.txt", annotations.Bytes())
	golden(t, "findings.json", asJSON)
	checkJUnit(t, junit.Bytes())
}

// Text that a name or a reason may hold ends no element, table row or command.
func TestEscapes(t *testing.T) {
	nasty := "a<b>&\"c\" | d,e:f 10%\n::error::g\x00"
	f := []Finding{{Target: nasty, Name: nasty, Outcome: Failed, Fails: true, Reason: nasty}}
	var junit, annotations bytes.Buffer
	if err := errors.Join(JUnit(&junit, nasty, f), Annotate(&annotations, nasty, f)); err != nil {
		t.Fatal(err)
	}
	checkJUnit(t, junit.Bytes())
	if n := strings.Count(annotations.String(), "\n"); n != 1 {
		t.Errorf("%d lines of commands:\n%s", n, annotations.String())
	}
	if c := cell(nasty); strings.Contains(c, "\n") || strings.Contains(strings.ReplaceAll(c, `\|`, ""), "|") {
		t.Errorf("cell %q", c)
	}
}

// node is any element, for checks of its shape.
type node struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Children []node     `xml:",any"`
}

func (n node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// junitShape is what junit-10.xsd allows of what we write: an element's required and further
// attributes, and its children.
var junitShape = map[string]struct{ required, optional, children []string }{
	"testsuites": {nil, []string{"name", "tests", "failures"}, []string{"testsuite"}},
	"testsuite":  {[]string{"name", "tests", "failures", "errors"}, []string{"skipped"}, []string{"testcase"}},
	"testcase":   {[]string{"name", "classname"}, nil, []string{"skipped", "failure", "system-out"}},
	"failure":    {nil, []string{"message", "type"}, nil},
	"skipped":    {nil, []string{"message"}, nil},
	"system-out": {},
}

func checkJUnit(t *testing.T, text []byte) {
	t.Helper()
	var root node
	if err := xml.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	if root.XMLName.Local != "testsuites" {
		t.Errorf("root %s", root.XMLName.Local)
	}
	checkShape(t, root)
	tests, failures := 0, 0
	for _, s := range root.Children {
		n, failed, skipped := len(s.Children), 0, 0
		for _, c := range s.Children {
			for _, r := range c.Children {
				switch r.XMLName.Local {
				case "failure":
					failed++
				case "skipped":
					skipped++
				}
			}
		}
		for name, want := range map[string]int{"tests": n, "failures": failed, "skipped": skipped, "errors": 0} {
			if s.attr(name) != strconv.Itoa(want) {
				t.Errorf("suite says %s=%s, holds %d", name, s.attr(name), want)
			}
		}
		tests, failures = tests+n, failures+failed
	}
	if root.attr("tests") != strconv.Itoa(tests) || root.attr("failures") != strconv.Itoa(failures) {
		t.Errorf("root says %v, holds %d tests, %d failures", root.Attrs, tests, failures)
	}
}

func checkShape(t *testing.T, n node) {
	t.Helper()
	shape, ok := junitShape[n.XMLName.Local]
	if !ok {
		t.Errorf("element %s", n.XMLName.Local)
		return
	}
	for _, name := range shape.required {
		if n.attr(name) == "" {
			t.Errorf("%s without %s", n.XMLName.Local, name)
		}
	}
	allowed := strings.Join(append(shape.required, shape.optional...), " ")
	for _, a := range n.Attrs {
		if !strings.Contains(" "+allowed+" ", " "+a.Name.Local+" ") {
			t.Errorf("%s with %s", n.XMLName.Local, a.Name.Local)
		}
	}
	for _, c := range n.Children {
		if !strings.Contains(" "+strings.Join(shape.children, " ")+" ", " "+c.XMLName.Local+" ") {
			t.Errorf("%s in %s", c.XMLName.Local, n.XMLName.Local)
		}
		checkShape(t, c)
	}
}
