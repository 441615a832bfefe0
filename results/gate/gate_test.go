package gate

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"crossover/workload"
)

func TestParse(t *testing.T) {
	f, err := Parse("g.yaml", []byte(`
gates:
  - {metric: read.p99, worse_by: 10%}
  - {metric: update.service.p99.9, worse_by: 2ms, target: aerospike}
  - {metric: read.p95, limit: 20ms, undecided: fail}
  - {metric: throttles_per_op, limit: 0.1%}
  - {metric: throttles_per_op.TableWriteKeyRangeThroughputExceeded, worse_by: 0.5%}
  - {metric: throughput, limit: 5000/s}
  - {metric: throughput, worse_by: 2%}
  - {metric: cost_per_million_ops, limit: 0.75}
objectives: met
`))
	if err != nil {
		t.Fatal(err)
	}
	v := func(x float64) *float64 { return &x }
	want := &File{Objectives: Met, Undecided: "pass", Gates: []Gate{
		{Metric: "read.p99", WorseBy: v(0.1), Relative: true, text: "10%"},
		{Metric: "update.service.p99.9", WorseBy: v(2e6), Target: "aerospike", text: "2ms"},
		{Metric: "read.p95", Limit: v(2e7), Undecided: "fail", text: "20ms"},
		{Metric: "throttles_per_op", Limit: v(0.001), text: "0.1%"},
		{Metric: "throttles_per_op.TableWriteKeyRangeThroughputExceeded", WorseBy: v(0.005), text: "0.5%"},
		{Metric: "throughput", Limit: v(5000), text: "5000/s"},
		{Metric: "throughput", WorseBy: v(0.02), Relative: true, text: "2%"},
		{Metric: "cost_per_million_ops", Limit: v(0.75), text: "0.75"},
	}}
	if diff := cmp.Diff(want, f, cmp.AllowUnexported(Gate{}), cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Error(diff)
	}
	if p := f.Percentiles(); !slices.Equal(p, []string{"p50", "p90", "p95", "p99", "p99.9"}) {
		t.Errorf("percentiles %v: those of the gates and the usual ones, each once", p)
	}
}

// place begins every problem.
var place = regexp.MustCompile(`^[a-z0-9-]+\.yaml:[1-9][0-9]*:[1-9][0-9]*: .*found .+, expected .+`)

// Each kind of broken gates file says where, what was found and what was expected.
func TestBrokenGates(t *testing.T) {
	files, err := filepath.Glob("testdata/broken/*.yaml")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d broken gates files, %v", len(files), err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse(filepath.Base(path), text)
			if err == nil {
				t.Fatal("no error")
			}
			for line := range strings.Lines(err.Error()) {
				if !place.MatchString(line) {
					t.Errorf("not file:line:column, found and expected: %q", line)
				}
			}
			golden(t, "broken/"+strings.TrimSuffix(filepath.Base(path), ".yaml")+".want", []byte(err.Error()+"\n"))
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("gates: [{metric: read.p99, worse_by: 10%}]"))
	f.Add([]byte("gates:\n  - metric: &m throughput\n    limit: 5/s\n  - {metric: *m, worse_by: 5%}\nobjectives: met\nundecided: fail\n"))
	f.Add([]byte("gates: [{metric: throttles_per_op.x, worse_by: 1e300%}, {metric: errors, limit: NaN%}]"))
	f.Add([]byte("---\n--- !!null\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse("g.yaml", text)
		if err != nil {
			if len(workload.Errors(err)) == 0 {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		for _, g := range file.Gates {
			if g.Metric == "" || (g.WorseBy == nil) == (g.Limit == nil) {
				t.Fatalf("accepted %+v", g)
			}
			for _, v := range []*float64{g.WorseBy, g.Limit} {
				if v != nil && !(*v >= 0) {
					t.Fatalf("accepted %+v", g)
				}
			}
		}
	})
}

func TestTooLarge(t *testing.T) {
	_, err := Parse("g.yaml", make([]byte, fileMax+1))
	var e *workload.Error
	if !errors.As(err, &e) {
		t.Errorf("%v", err)
	}
}
