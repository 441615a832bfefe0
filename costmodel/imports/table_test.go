package imports_test

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crossover/costmodel/imports"
)

func TestReadTable(t *testing.T) {
	f, err := os.Open("testdata/orders.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := imports.ReadTable("orders.json", f)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file string
		add  func(string, io.Reader) error
	}{
		{"time-to-live.json", got.AddTimeToLive},
		{"continuous-backups.json", got.AddContinuousBackups},
		{"kinesis.json", got.AddKinesis},
		{"scaling-targets.json", got.AddScalingTargets},
		{"scaling-policies.json", got.AddScalingPolicies},
	} {
		text, err := os.ReadFile("testdata/" + c.file)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.add(c.file, strings.NewReader(string(text))); err != nil {
			t.Fatal(err)
		}
	}
	want := &imports.Table{
		Name: "orders", File: "orders.json", ARN: "arn:aws:dynamodb:us-west-2:123456789012:table/orders", Region: "us-west-2",
		Class: "STANDARD_INFREQUENT_ACCESS", Created: time.Unix(1609459200, 123e6).UTC(),
		PartitionKey: "customer", PartitionType: "S", SortKey: "placed", SortType: "N",
		Provisioned: true, Read: 400, Write: 120, Items: 4_500_000, Bytes: 5_400_000_000,
		Global:     []imports.Index{{Name: "by-status", Projection: "KEYS_ONLY", Items: 4_500_000, Bytes: 310_000_000, Read: 50, Write: 120}},
		StreamView: "NEW_AND_OLD_IMAGES", Replicas: []string{"eu-central-1"},
		TTLKnown: true, PITRKnown: true, PITR: true, KinesisKnown: true, Kinesis: []string{"arn:aws:kinesis:us-west-2:123456789012:stream/orders"},
		Scaling: []imports.Scaling{
			{Resource: "table/orders", Dimension: "dynamodb:table:ReadCapacityUnits", Min: 100, Max: 4000, Target: 0.65},
			{Resource: "table/orders", Dimension: "dynamodb:table:WriteCapacityUnits", Target: 0.5},
		},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b time.Time) bool { return a.Sub(b).Abs() < time.Microsecond })); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// changed is a description with one thing in it replaced.
func changed(t *testing.T, old, new string) string {
	t.Helper()
	text := describe("users", 10, 1000)
	if !strings.Contains(text, old) {
		t.Fatalf("%q is not in the fixture", old)
	}
	return strings.Replace(text, old, new, 1)
}

func TestReadTableModes(t *testing.T) {
	provisioned := changed(t, `"ReadCapacityUnits": 0, "WriteCapacityUnits": 0`, `"ReadCapacityUnits": 7, "WriteCapacityUnits": 3`)
	i := strings.Index(provisioned, ` "BillingModeSummary"`)
	j := strings.Index(provisioned, ` "DeletionProtection`)
	for name, c := range map[string]struct {
		text        string
		provisioned bool
		read        int64
	}{
		"on demand":                      {describe("users", 1, 1), false, 0},
		"no summary is provisioned":      {provisioned[:i] + provisioned[j:], true, 7},
		"switched back":                  {strings.Replace(provisioned, "PAY_PER_REQUEST", "PROVISIONED", 1), true, 7},
		"on demand with a ceiling of -1": {changed(t, `"DeletionProtectionEnabled"`, `"OnDemandThroughput": {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": 5}, "X"`), false, 0},
		"created as a number":            {changed(t, `"CreationDateTime": "2024-03-01T09:30:00.123000+01:00"`, `"CreationDateTime": 1709281800.123`), false, 0},
	} {
		got, err := imports.ReadTable("t.json", strings.NewReader(c.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.Provisioned != c.provisioned || got.Read != c.read || got.MaxRead != 0 || got.Created.Unix() != 1709281800 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestReadTableRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "t.json:1: byte 0: an empty file"},
		{"{\n \"Table\": {\n  oops", "t.json:3: byte 16: invalid character 'o'"},
		{`{"TableNames": []}`, `t.json:1: byte 0: no "Table"`},
		{changed(t, `"ItemCount": 10,`, ""), "no ItemCount"},
		{changed(t, `"ItemCount": 10,`, `"ItemCount": -1,`), "none below 0"},
		{changed(t, `"ItemCount": 10,`, `"ItemCount": "10",`), "t.json:6"},
		{changed(t, `"HASH"`, `"RANGE"`), "without a HASH key"},
		{changed(t, `"AttributeType": "S"`, `"AttributeType": "M"`), `the type "M", expected S, N or B`},
		{changed(t, "PAY_PER_REQUEST", "FREE"), `BillingMode "FREE"`},
		{changed(t, "PAY_PER_REQUEST", "PROVISIONED"), "a provisioned table of 0 read and 0 write units"},
		{changed(t, `"2024-03-01T09:30:00.123000+01:00"`, `"yesterday"`), `found "yesterday", expected a time`},
		{changed(t, `"2024-03-01T09:30:00.123000+01:00"`, `-99999999999999`), "expected a time in seconds"},
	} {
		if _, err := imports.ReadTable("t.json", strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

func FuzzReadTable(f *testing.F) {
	f.Add(describe("users", 10, 1000))
	f.Add(`{"Table": {"TableName": "x", "CreationDateTime": 1e300, "ItemCount": 1, "TableSizeBytes": 1}}`)
	f.Add("{\"Table\": null}")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := imports.ReadTable("t.json", strings.NewReader(text))
		if (got == nil) == (err == nil) {
			t.Fatalf("%v and %v", got, err)
		}
		if err != nil {
			return
		}
		d, err := imports.Assemble(imports.Sources{Table: got}, options)
		if err != nil {
			t.Fatal(err)
		}
		mustParse(t, d)
	})
}
