package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// What is written ends on Aerospike when its time has come, and is marked on DynamoDB with the
// second at which it may be deleted; what was loaded stays. A verified read that finds nothing
// is then no old version.
func TestTimeToLive(t *testing.T) {
	dynamo, aero := serve(t, "dynamodb", "--latency", "off"), serve(t, "aerospike", "--latency", "off", "--nodes", "2")
	path := write(t, "ttl.yaml", `
version: 1
name: ttl
dataset: {items: 40, size: 300B, attributes: 2}
workload:
  keys: sequential
  operations: {read: 50%, update: 50%}
  read: {verify: 100%}
  write: {ttl: 1s}
  arrival: {open: {process: constant, sessions: 8}}
  phases:
    - {name: write, for: 500ms, rate: {update: 60/s}}
    - {name: wait, for: 3s, rate: {read: 2/s}}
    - {name: read, for: 1s, rate: {read: 100/s}}
targets:
  - {name: dynamodb, driver: dynamodb, endpoint: "http://`+dynamo+`"}
  - {name: aerospike, driver: aerospike, hosts: ["`+aero+`"]}
`)
	out := filepath.Join(t.TempDir(), "out")
	code, _, stderr := crossover(t, "run", path, "--keep", "--out", out, "--no-report")
	runs, err := openRuns(out)
	if err != nil || len(runs) != 2 {
		t.Fatalf("exit code %d, %d runs: %v\n%s", code, len(runs), err, stderr)
	}
	wrote := runs[0]
	for _, r := range runs {
		m := r.Manifest
		if m.Target.Driver == "dynamodb" {
			wrote = r
		}
		found, missing := m.Totals.ByClass["ok"], m.Totals.ByClass["not_found"]
		if ends := m.Target.Driver == "aerospike"; found+missing != m.Totals.Sent || found < 40 || missing > 0 != ends {
			t.Errorf("%s: classes %v, failures %v", m.Target.Name, m.Totals.ByClass, m.Totals.Failures)
		}
		if m.Verification.Stale > 0 || m.Verification.Corrupt > 0 {
			t.Errorf("%s: %+v", m.Target.Name, m.Verification)
		}
	}

	client := dynamodb.New(dynamodb.Options{
		BaseEndpoint: aws.String("http://" + dynamo), Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	})
	marked := 0
	for item := range 40 {
		answer, err := client.GetItem(context.Background(), &dynamodb.GetItemInput{
			TableName: aws.String("crossover-ttl"), Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: fmt.Sprint("item#", item)}},
		})
		if err != nil {
			t.Fatal(err)
		}
		exp, ok := answer.Item["exp"].(*types.AttributeValueMemberN)
		loaded := answer.Item["ver"].(*types.AttributeValueMemberS).Value == "0000000000000000"
		if ok == loaded {
			t.Fatalf("item %d: exp %v, although loaded is %v", item, answer.Item["exp"], loaded)
		}
		if !ok {
			continue
		}
		marked++
		at, err := strconv.ParseInt(exp.Value, 10, 64)
		began, ended := wrote.Manifest.Started, wrote.Manifest.Ended
		if err != nil || at < began.Unix() || at > ended.Add(time.Second).Unix()+1 {
			t.Errorf("item %d ends at %s, the run was from %v to %v", item, exp.Value, began, ended)
		}
	}
	if marked == 0 {
		t.Error("no item has a time at which it ends")
	}
}
