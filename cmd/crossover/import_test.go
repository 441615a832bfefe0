package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossover/costmodel/tco"
	"crossover/workload/op"
)

// The files of these tests are made here, in the shapes of the AWS CLI's output (DescribeTable,
// GetMetricData) and of exports to S3; none was taken from an account.

// account writes the files of one table: 2,000 items of 500 bytes, 60 reads/s and 20 updates/s
// for two days.
func account(t *testing.T, name string) (describe, cloudwatch, queries, export string) {
	t.Helper()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	describe = file("table.json", fmt.Sprintf(`{"Table": {"TableName": %q, "ItemCount": 2000, "TableSizeBytes": 1000000,
 "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
 "CreationDateTime": "2024-01-01T00:00:00+00:00", "TableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/%s",
 "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}, "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}}}`, name, name))
	var b bytes.Buffer
	code, out, errs := crossover(t, "import", "--describe-table", describe, "--print-queries", "--period", "1h")
	if code != exitOK {
		t.Fatal(errs)
	}
	queries = file("queries.json", out)
	var asked []struct {
		Id         string
		MetricStat struct {
			Stat   string
			Metric struct {
				MetricName string
				Dimensions []struct{ Name, Value string }
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &asked); err != nil {
		t.Fatal(err)
	}
	perHour := map[string]float64{
		"SuccessfulRequestLatency GetItem": 60 * 3600, "SuccessfulRequestLatency UpdateItem": 20 * 3600,
		"ConsumedReadCapacityUnits ": 30 * 3600, "ConsumedWriteCapacityUnits ": 20 * 3600,
	}
	b.WriteString(`{"MetricDataResults": [`)
	for i, q := range asked {
		key := q.MetricStat.Metric.MetricName + " "
		for _, d := range q.MetricStat.Metric.Dimensions {
			if d.Name == "Operation" {
				key += d.Value
			}
		}
		var times []string
		var values []float64
		for h := range 48 {
			if v := perHour[key]; v > 0 && (q.MetricStat.Stat == "Sum" || q.MetricStat.Stat == "SampleCount") {
				times = append(times, time.Date(2026, 10, 5, h, 0, 0, 0, time.UTC).Format(time.RFC3339))
				values = append(values, v)
			}
		}
		text, err := json.Marshal(map[string]any{"Id": q.Id, "Label": "any", "Timestamps": times, "Values": values, "StatusCode": "Complete"})
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			b.WriteString(",\n")
		}
		b.Write(text)
	}
	b.WriteString("]}")
	cloudwatch = file("metrics.json", b.String())
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	for i := range 2000 { // 2+6 + 1+491 bytes
		fmt.Fprintf(w, `{"Item":{"pk":{"S":"k#%04d"},"v":{"S":%q}}}`+"\n", i, strings.Repeat("x", 491))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file("export/data/a.json.gz", z.String())
	file("export/manifest-files.json", `{"itemCount":2000,"dataFileS3Key":"AWSDynamoDB/01/data/a.json.gz"}`+"\n")
	file("export/manifest-summary.json", fmt.Sprintf(`{"tableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/%s", "itemCount": 2000, "outputFormat": "DYNAMODB_JSON", "exportTime": "2026-10-07T00:00:00Z"}`, name))
	return describe, cloudwatch, queries, filepath.Join(dir, "export")
}

// TestImportToAnswer goes from AWS's files to a priced answer.
func TestImportToAnswer(t *testing.T) {
	describe, cloudwatch, queries, export := account(t, "users")
	out := filepath.Join(t.TempDir(), "new", "users.yaml")
	args := []string{"import", "--describe-table", describe, "--cloudwatch", cloudwatch, "--queries", queries, "--export", export, "--out", out, "--json"}
	code, stdout, stderr := crossover(t, args...)
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	for _, want := range []string{"users: missing, and what was done instead:", "high    key popularity", "export: 1 of 1 files", "wrote " + out} {
		if !strings.Contains(stderr, want) {
			t.Errorf("standard error lacks %q:\n%s", want, stderr)
		}
	}
	var summary []struct {
		Scenario string
		Demand   struct{ Mean float64 }
		Values   []struct{ Path, Basis string }
		Missing  []struct{ What, Weight string }
		Checks   []struct {
			What   string
			Differ bool
		}
	}
	if err := json.Unmarshal([]byte(stdout), &summary); err != nil {
		t.Fatalf("%v: %s", err, stdout)
	}
	if len(summary) != 1 || summary[0].Scenario != out || summary[0].Demand.Mean != 80 || len(summary[0].Values) < 10 || len(summary[0].Missing) == 0 || len(summary[0].Checks) != 4 {
		t.Errorf("summary %s", stdout)
	}
	for _, c := range summary[0].Checks {
		if c.Differ {
			t.Errorf("%s differs", c.What)
		}
	}
	sc, err := loadScenario(out)
	if err != nil {
		t.Fatal(err)
	}
	if sc.Workload.Operations[op.Read] != 0.75 || sc.Workload.Operations[op.Update] != 0.25 || sc.Dataset.Size.Fixed != 500 {
		t.Errorf("operations %v, size %+v", sc.Workload.Operations, sc.Dataset.Size)
	}
	code, stdout, stderr = crossover(t, "tco", out, "--json")
	if code != exitOK {
		t.Fatalf("tco: exit code %d: %s", code, stderr)
	}
	var priced tco.Result
	if err := json.Unmarshal([]byte(stdout), &priced); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, o := range priced.Offers {
		// 60/s at half a unit and 20/s at one, for 730 hours, at $0.125 and $0.625 a million, are
		// 9.86 + 32.85 = 42.71 USD/month; people's default of 4 hours is 400 more, a megabyte of
		// storage nothing.
		if o.Name == "dynamodb-on-demand" {
			found = true
			if m := o.Monthly.Value; math.Abs(m-442.71) > 0.5 {
				t.Errorf("on demand costs %v a month, want 442.71", m)
			}
		}
	}
	if !found {
		t.Errorf("no offer on demand: %.2000s", stdout)
	}
	before, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	code, _, stderr = crossover(t, args...)
	if after, err := os.ReadFile(out); code != exitInput || !strings.Contains(stderr, "exists; give another --out") || err != nil || !bytes.Equal(before, after) {
		t.Errorf("a second time: exit code %d, %s", code, stderr)
	}
}

func TestImportManyTables(t *testing.T) {
	a, _, _, exportA := account(t, "a")
	b, metrics, queries, exportB := account(t, "b")
	dir := filepath.Join(t.TempDir(), "out")
	code, _, stderr := crossover(t, "import", "--describe-table", a, "--describe-table", b, "--cloudwatch", metrics, "--queries", queries,
		"--export", exportB, "--export", exportA, "--out", dir)
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	code, stdout, stderr := crossover(t, "validate", filepath.Join(dir, "a.yaml"), filepath.Join(dir, "b.yaml"))
	if code != exitOK {
		t.Errorf("%s%s", stdout, stderr)
	}
	text, err := os.ReadFile(filepath.Join(dir, "a.yaml"))
	if err != nil || !strings.Contains(string(text), "traffic: no metrics") {
		t.Errorf("b's metrics were taken for a's: %v\n%s", err, text)
	}
}

func TestImportRefuses(t *testing.T) {
	describe, cloudwatch, _, export := account(t, "users")
	other, _, _, _ := account(t, "other")
	out := filepath.Join(t.TempDir(), "s.yaml")
	broken := write(t, "broken.json", "{\n  oops")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--out", out}, "--describe-table and --out are needed"},
		{[]string{"--describe-table", describe}, "--describe-table and --out are needed"},
		{[]string{"--describe-table", broken, "--out", out}, "broken.json:2: byte 4"},
		{[]string{"--describe-table", describe + "x", "--out", out}, "no such file"},
		{[]string{"--describe-table", other, "--export", export, "--out", out}, `of the table "users", which no describe-table output describes`},
		{[]string{"--describe-table", describe, "--describe-table", describe, "--out", out}, `a second description of the table "users"`},
		{[]string{"--describe-table", describe, "--cloudwatch", describe, "--out", out}, `no "MetricDataResults"`},
		{[]string{"--describe-table", describe, "--describe-table", other, "--insights", cloudwatch, "--out", out}, "write TableName=NAME:"},
		{[]string{"--describe-table", describe, "--rate", "5", "--out", out}, `--rate "5"`},
		{[]string{"--describe-table", describe, "--items", "0", "--out", out}, "--items"},
		{[]string{"--describe-table", describe, "--print-queries", "--period", "1ms"}, "--period"},
	} {
		code, stdout, stderr := crossover(t, append([]string{"import"}, c.args...)...)
		if code != exitInput || !strings.Contains(stderr, c.want) || stdout != "" {
			t.Errorf("%v: exit code %d, %s, want %q", c.args, code, stderr, c.want)
		}
		if _, err := os.Lstat(out); err == nil {
			t.Fatalf("%v: something was written", c.args)
		}
	}
}
