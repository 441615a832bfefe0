package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crossover/costmodel/tco"
	"crossover/scenarios"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden holds text against a file of testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s differs (-want +got); `make golden` writes it anew:\n%s", path, diff)
	}
}

// Every command explains itself, and the explanation does not change unseen.
func TestHelp(t *testing.T) {
	var all bytes.Buffer
	for _, args := range [][]string{
		{},
		{"init"},
		{"validate"},
		{"schema"},
		{"run"},
		{"tco"},
		{"report"},
		{"compare"},
		{"explain"},
		{"prices"},
		{"import"},
		{"serve"},
		{"serve", "dynamodb"},
		{"serve", "aerospike"},
		{"doctor"},
		{"clean"},
		{"version"},
	} {
		code, stdout, stderr := crossover(t, append(args, "--help")...)
		if code != exitOK || stderr != "" {
			t.Errorf("%v --help: exit code %d, %s", args, code, stderr)
		}
		all.WriteString("$ crossover " + strings.Join(append(args, "--help"), " ") + "\n" + stdout + "\n")
	}
	golden(t, "help.txt", all.String())
}

func TestBadCommandLines(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "something"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	fine := write(t, "s.yaml", small("", ""))
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"rum"}, "unknown command"},
		{[]string{"run"}, "accepts 1 arg"},
		{[]string{"run", "--fro"}, "unknown flag"},
		{[]string{"run", missing}, "missing"},
		{[]string{"run", fine, "--target", "dynamo"}, "dynamodb, aerospike"},
		{[]string{"run", fine, "--out", full}, "not empty"},
		{[]string{"run", fine, "--interval", "1ms"}, "100ms"},
		{[]string{"run", fine, "--for", "-1s"}, "negative"},
		{[]string{"run", fine, "--budget", "5"}, "5USD"},
		{[]string{"run", fine, "--book", missing}, "missing"},
		{[]string{"report", full}, "holds no run"},
		{[]string{"tco", fine, "--what-if", "aerospike.cpu_per_opp=40us"}, "aerospike.cpu_per_op"},
		{[]string{"tco", fine, "--what-if", "x"}, "NAME=VALUE"},
		{[]string{"explain", missing}, "missing"},
		{[]string{"prices", "no.such.price"}, "no price"},
		{[]string{"prices", "--region", "us-esat-1"}, "us-east-1"},
		{[]string{"init", "--from", "nothing"}, "user-profiles"},
		{[]string{"serve", "dynamodb", "--latency", "maybe"}, "on or off"},
		{[]string{"serve", "dynamodb", "--fault", "thorttle=1%"}, "throttle"},
		{[]string{"serve", "aerospike", "--device", "i4i.xlrage"}, "i4i.xlarge"},
		{[]string{"serve", "aerospike", "--nodes", "0"}, "nodes"},
	} {
		code, stdout, stderr := crossover(t, c.args...)
		if code != exitInput || stdout != "" || !strings.Contains(stderr, c.says) {
			t.Errorf("%v: exit code %d, stdout %q, stderr %q: want 2 and %q", c.args, code, stdout, stderr, c.says)
		}
	}
}

func TestTCOAndExplain(t *testing.T) {
	path := write(t, "s.yaml", small("", ""))
	file := filepath.Join(t.TempDir(), "tco.json")
	code, stdout, stderr := crossover(t, "tco", path, "--out", file)
	if code != exitOK || !strings.Contains(stdout, "dynamodb-on-demand") || !strings.Contains(stdout, "aerospike-ce-") {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	code, stdout, _ = crossover(t, "tco", path, "--json")
	var r tco.Result
	if err := json.Unmarshal([]byte(stdout), &r); code != exitOK || err != nil || len(r.Offers) < 4 {
		t.Errorf("--json: exit code %d, %v, %d offers", code, err, len(r.Offers))
	}
	code, stdout, _ = crossover(t, "explain", file)
	if code != exitOK || !strings.Contains(stdout, "offers/dynamodb-on-demand/monthly") {
		t.Errorf("explain without a path: exit code %d\n%s", code, stdout)
	}
	code, stdout, _ = crossover(t, "explain", file, "offers/dynamodb-on-demand/monthly")
	if code != exitOK || !strings.Contains(stdout, "price") || !strings.Contains(stdout, "assumed") {
		t.Errorf("explain does not go down to prices and assumptions: exit code %d\n%s", code, stdout)
	}
	code, _, stderr = crossover(t, "explain", file, "offers/dynamodb-on-demnad/monthly")
	if code != exitInput || !strings.Contains(stderr, "dynamodb-on-demand") {
		t.Errorf("a wrong path: exit code %d, %s", code, stderr)
	}
}

func TestInit(t *testing.T) {
	t.Chdir(t.TempDir())
	code, stdout, _ := crossover(t, "init", "--list")
	if code != exitOK || len(strings.Fields(stdout)) != len(scenarios.Names()) {
		t.Errorf("--list: exit code %d\n%s", code, stdout)
	}
	if code, _, stderr := crossover(t, "init", "my.yaml", "--from", "ycsb-a"); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if code, stdout, stderr := crossover(t, "validate", "my.yaml"); code != exitOK || !strings.Contains(stdout, "sha256:") {
		t.Errorf("what init wrote does not validate: %d %s", code, stderr)
	}
	before, err := os.ReadFile("my.yaml")
	if err != nil {
		t.Fatal(err)
	}
	code, _, stderr := crossover(t, "init", "my.yaml", "--from", "ycsb-b")
	after, err := os.ReadFile("my.yaml")
	if code != exitInput || err != nil || !bytes.Equal(before, after) {
		t.Errorf("an existing file: exit code %d, %s, %v", code, stderr, err)
	}
}

func TestSmallVerbs(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"version"}, "crossover "},
		{[]string{"version", "--json"}, `"go"`},
		{[]string{"prices", "ondemand.std", "--region", "us-east-1"}, "0.000000625"},
		{[]string{"prices", "--json"}, `"key"`},
		{[]string{"schema"}, `"$schema"`},
		{[]string{"doctor"}, "reading the clock"},
		{[]string{"doctor", "--json"}, `"result"`},
		{[]string{"completion", "bash"}, "crossover"},
	} {
		code, stdout, stderr := crossover(t, c.args...)
		if code != exitOK || !strings.Contains(stdout, c.says) {
			t.Errorf("%v: exit code %d, %s\n%.300s", c.args, code, stderr, stdout)
		}
	}
}

// A standalone server says where it listens, answers, and ends when told.
func TestServe(t *testing.T) {
	if address := serve(t, "dynamodb"); !strings.HasPrefix(address, "127.0.0.1:") {
		t.Errorf("listens on %q", address)
	}
	if address := serve(t, "aerospike", "--nodes", "2"); !strings.HasPrefix(address, "127.0.0.1:") {
		t.Errorf("listens on %q", address)
	}
}
