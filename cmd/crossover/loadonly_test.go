package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/results"
)

// A data set that was loaded before is checked before it is used: by count and by content, on
// both sides; what is found wrong is said, and nothing is run.
func TestLoadOnlyThenNoLoad(t *testing.T) {
	dynamo, aero := serve(t, "dynamodb", "--latency", "off"), serve(t, "aerospike", "--latency", "off", "--nodes", "2")
	path := write(t, "kept.yaml", `
version: 1
name: kept
dataset: {items: 300, size: 500B, attributes: 2}
workload:
  operations: {read: 80%, update: 20%}
  arrival: {open: {sessions: 8}}
  phases: [{name: steady, for: 1s, rate: 100/s}]
targets:
  - {name: dynamodb, driver: dynamodb, endpoint: "http://`+dynamo+`"}
  - {name: aerospike, driver: aerospike, hosts: ["`+aero+`"]}
`)
	dir := t.TempDir()
	if code, _, stderr := crossover(t, "run", path, "--no-load", "--out", filepath.Join(dir, "before"), "--no-report"); code != exitInput || !strings.Contains(stderr, "0 items, expected 300") {
		t.Errorf("before it was loaded: exit code %d\n%s", code, stderr)
	}
	if code, _, stderr := crossover(t, "run", path, "--load-only", "--out", filepath.Join(dir, "load")); code != exitOK || strings.Count(stderr, "300 items loaded afresh; verified: count and 100 items") != 2 {
		t.Fatalf("--load-only: exit code %d\n%s", code, stderr)
	}
	out := filepath.Join(dir, "kept")
	if code, _, stderr := crossover(t, "run", path, "--no-load", "--keep", "--out", out, "--no-report"); code != exitOK && code != exitUntrusted {
		t.Fatalf("--no-load: exit code %d\n%s", code, stderr)
	}
	runs, err := openRuns(out)
	if err != nil || len(runs) != 2 {
		t.Fatalf("%d runs, %v", len(runs), err)
	}
	for _, r := range runs {
		if want := "kept from before; verified: count and 100 items"; r.Manifest.Dataset != want || r.Manifest.Status != results.Complete {
			t.Errorf("%s: data set %q, status %s", r.Manifest.Target.Name, r.Manifest.Dataset, r.Manifest.Status)
		}
	}

	client := dynamodb.New(dynamodb.Options{
		BaseEndpoint: aws.String("http://" + dynamo), Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	})
	item := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "somebody else's"}}
	if _, err := client.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: aws.String("crossover-kept"), Item: item}); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := crossover(t, "run", path, "--no-load", "--keep", "--target", "dynamodb", "--out", filepath.Join(dir, "more"), "--no-report")
	if code != exitInput || !strings.Contains(stderr, "301 items, expected 300") {
		t.Errorf("an item too many: exit code %d\n%s", code, stderr)
	}

	// The same number of items of another seed: the count is right, and the content is not.
	other := strings.Replace(readText(t, path), "name: kept\n", "name: kept\nseed: 2\n", 1)
	code, _, stderr = crossover(t, "run", write(t, "other.yaml", other), "--no-load", "--target", "aerospike", "--out", filepath.Join(dir, "other"), "--no-report")
	if code != exitInput || !strings.Contains(stderr, "another content than any version of it") {
		t.Errorf("another data set: exit code %d\n%s", code, stderr)
	}
}

func TestLoadOnlyRefuses(t *testing.T) {
	embedded := write(t, "embedded.yaml", "version: 1\nname: e\ndataset: {items: 10, size: 100B}\nworkload: {operations: {read: 100%}, arrival: {closed: {}}, phases: [{name: a, operations: 10}]}\n"+
		"targets: [{name: dynamodb, driver: dynamodb, at: embedded}]\n")
	for _, c := range []struct{ flags, want string }{
		{"", "its data end with the embedded server"},
		{"--no-load", "nothing would be done"},
		{"--repeat=2", "no run to repeat"},
		{"--search", "no run to probe with"},
	} {
		args := []string{"run", embedded, "--load-only"}
		if c.flags != "" {
			args = append(args, c.flags)
		}
		if code, _, stderr := crossover(t, args...); code != exitInput || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d\n%s", args, code, stderr)
		}
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
