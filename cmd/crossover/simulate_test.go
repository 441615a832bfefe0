package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crossover/costmodel/partition"
	"crossover/driver/dynamodb"
	dynamodbserver "crossover/driver/embedded/dynamodb"
	"crossover/results"
	"crossover/workload"
)

const simulatedScenario = `version: 1
name: both
dataset: {items: 100_000, size: 1KiB}
workload:
  operations: {read: 80%, update: 20%}
  hot: [{key: 7, share: 30%}]
  arrival: {open: {process: poisson, sessions: 1024}}
  phases: [{name: main, for: 20s, rate: 4000/s}]
objectives: {errors: 1%}
targets:
  - {name: dynamodb, driver: dynamodb, at: aws, assumptions: {eventual_read: 3000, split_after: 5s}}
  - {name: aerospike, driver: aerospike, at: embedded, nodes: 3, scale: 0.05}
cost: {regions: [us-east-1], demand: {peak: 4000/s}}
`

// crossover simulate runs both sides without a socket, into run directories marked simulated
// that the report and the cost model read; no address is asked, be it AWS's.
func TestSimulate(t *testing.T) {
	dir := t.TempDir()
	path := write(t, "both.yaml", strings.Replace(simulatedScenario, "split_after: 5s", "split_after: 30s", 1))
	out := filepath.Join(dir, "out")
	code, stdout, stderr := crossover(t, "simulate", path, "--out", out, "--json")
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var said struct{ Runs []results.Manifest }
	if err := json.Unmarshal([]byte(stdout), &said); err != nil || len(said.Runs) != 2 {
		t.Fatalf("%v: %s", err, stdout)
	}
	for _, m := range said.Runs {
		if m.Target.Kind != "simulated" || m.Totals.Offered != 80_000 || m.Status != results.Complete {
			t.Errorf("%s: kind %s, %d offered, %s", m.Target.Name, m.Target.Kind, m.Totals.Offered, m.Status)
		}
	}
	if got := said.Runs[0].Target.Settings["assumed eventual_read"]; got != "3000 (calibrated)" {
		t.Errorf("assumed eventual_read: %q", got)
	}
	for _, file := range []string{"report.md", "report.html"} {
		text, err := os.ReadFile(filepath.Join(out, file))
		if err != nil || !strings.Contains(string(text), "simulated in virtual time") {
			t.Errorf("%s does not say that its runs are simulated: %v", file, err)
		}
	}
	code, _, stderr = crossover(t, "report", out)
	if code != exitOK {
		t.Errorf("report: %d %s", code, stderr)
	}
	if code, _, stderr = crossover(t, "tco", out); code != exitOK {
		t.Errorf("tco: %d %s", code, stderr)
	}
}

// A search probes in virtual time.
func TestSimulateSearch(t *testing.T) {
	text := strings.Replace(simulatedScenario, "hot: [{key: 7, share: 30%}]", "keys: uniform", 1)
	text = strings.Replace(text, "assumptions: {eventual_read: 3000, split_after: 5s}", "capacity: {provisioned: {read: 10, write: 200}}", 1)
	text = strings.Replace(text, "rate: 4000/s", "rate: 400/s", 1)
	text = strings.Replace(text, "operations: {read: 80%, update: 20%}", "operations: {update: 100%}", 1)
	text = strings.Replace(text, "objectives: {errors: 1%}", "objectives: {update: {p99: 50ms}, errors: 1%}", 1)
	path := write(t, "both.yaml", text)
	out := filepath.Join(t.TempDir(), "out")
	code, stdout, stderr := crossover(t, "simulate", path, "--out", out, "--search", "--target", "dynamodb", "--search-probe", "20s", "--json")
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var said struct{ Searches []results.Search }
	if err := json.Unmarshal([]byte(stdout), &said); err != nil || len(said.Searches) != 1 {
		t.Fatalf("%v: %s", err, stdout)
	}
	s := said.Searches[0]
	// 200 write units/s, and a second's worth that a table begins with, of which 1% may fail.
	if got := s.Points[0].Holding; got < 180 || got > 230 || s.Target.Kind != "simulated" {
		t.Errorf("%s holds up to %v/s: %+v", s.Target.Kind, got, s.Points[0].Sentence)
	}
	if s.Points[0].Capacity == nil || s.Points[0].Capacity.Basis != "modelled" {
		t.Errorf("capacity %+v", s.Points[0].Capacity)
	}
}

// The scenario's names and defaults of assumptions are the partition model's.
func TestAssumptionsAgree(t *testing.T) {
	d := dynamodb.DefaultAssumptions()
	if text := d.Text(); text != "" {
		t.Errorf("the defaults differ from themselves: %s", text)
	}
	var model partition.Assumptions
	for _, x := range partition.AssumptionList {
		changed := d
		// Any other value shows under the model's name, and comes back as the model's.
		other := map[string]string{"split_after": "1m0s", "partitions": "sum", "eventual_read": "3500", "split_bytes": "2000000000", "partition_seconds": "2"}[x.Name]
		if other == "" {
			other = "0.6"
		}
		if x.Name == "split_gain" {
			other = "0.2"
		}
		text := "version: 1\nname: x\ndataset: {items: 1, size: 1KiB}\nworkload: {operations: {read: 100%}, arrival: {open: {}}, phases: [{name: a, for: 1s, rate: 1/s}]}\n" +
			"targets: [{name: d, driver: dynamodb, at: embedded, assumptions: {" + x.Name + ": " + yamlOf(x.Name, other) + "}}]\n"
		sc, err := workload.Parse("x.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := dynamodb.Settings(sc, sc.Targets[0])
		if err != nil {
			t.Errorf("%s: %v", x.Name, err)
			continue
		}
		changed = cfg.Assumptions
		got, err := partition.ParseAssumptions(changed.Text())
		if err != nil {
			t.Errorf("%s: %v", x.Name, err)
		}
		if got.Get(x.Name) != other {
			t.Errorf("%s: %q became %q", x.Name, other, got.Get(x.Name))
		}
	}
	all, err := partition.ParseAssumptions("")
	if diff := cmp.Diff(model.WithDefaults(), all.WithDefaults()); err != nil || diff != "" {
		t.Error(err, diff)
	}
	for _, x := range partition.AssumptionList {
		want := x.Name + "=" + all.Get(x.Name)
		if !strings.Contains(","+strings.Join(dynamodb.DefaultPairs(), ",")+",", ","+want+",") {
			t.Errorf("the model's %s is none of the scenario's defaults %v", want, dynamodb.DefaultPairs())
		}
	}
	q, err := dynamodbserver.ParseQuotas("")
	if want := (dynamodbserver.Quotas{TableRead: dynamodb.DefaultQuota().TableRead, TableWrite: dynamodb.DefaultQuota().TableWrite, AccountRead: dynamodb.DefaultQuota().AccountRead, AccountWrite: dynamodb.DefaultQuota().AccountWrite}); err != nil || q != want {
		t.Errorf("quotas %+v, want %+v: %v", q, want, err)
	}
}

// yamlOf is a value as a scenario writes it.
func yamlOf(name, value string) string {
	switch name {
	case "split_load", "monotonic":
		return "60%"
	case "split_gain":
		return "20%"
	case "split_bytes":
		return value + "B"
	}
	return value
}
