package imports_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossover/costmodel/imports"
	"crossover/costmodel/units"
	"crossover/workload/items"
	"crossover/workload/op"
)

// series writes a get-metric-statistics answer of hourly totals.
func series(t *testing.T, name, stat string, start time.Time, perHour ...float64) string {
	t.Helper()
	var points []map[string]any
	for h, v := range perHour {
		points = append(points, map[string]any{"Timestamp": start.Add(time.Duration(h) * time.Hour), stat: v})
	}
	return put(t, filepath.Join(t.TempDir(), "m.json"), marshal(t, map[string]any{"Label": name, "Datapoints": points}))
}

func hours(n int, v float64) (out []float64) {
	for range n {
		out = append(out, v)
	}
	return out
}

// sorted is a table with a sort key, a TTL attribute and an index.
func sorted(t *testing.T) string {
	t.Helper()
	return put(t, filepath.Join(t.TempDir(), "t.json"), `{"Table": {"TableName": "events", "ItemCount": 1000, "TableSizeBytes": 300000,
 "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}],
 "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
 "CreationDateTime": "2026-10-05T06:00:00Z", "TableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/events",
 "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST", "LastUpdateToPayPerRequestDateTime": "2026-10-05T12:00:00Z"},
 "GlobalSecondaryIndexes": [{"IndexName": "by-kind", "IndexStatus": "ACTIVE", "IndexSizeBytes": 5}]}}`)
}

func TestAssemble(t *testing.T) {
	full, changes := t.TempDir(), t.TempDir()
	texts := make([]bytes.Buffer, 1)
	for i := range 1000 { // 125 partition keys of 8 items; each item counts 2+4 + 2+3 + 3+… bytes
		fmt.Fprintf(&texts[0], `{"Item":{"pk":{"S":"k%03d"},"sk":{"S":"s%02d"},"v":{"S":%q}}}`+"\n", i/8, i%8, strings.Repeat("x", 288))
	}
	writeExport(t, full, texts, []int{1000}, `"exportTime": "2026-10-20T00:00:00.000Z"`)
	writeIncremental(t, changes, "NEW_AND_OLD_IMAGES")
	for _, dir := range []string{full, changes} {
		edit(t, filepath.Join(dir, "manifest-summary.json"), "table/users\"", "table/events\"")
	}
	f := imports.Files{
		Tables: []string{sorted(t)}, Exports: []string{full, changes},
		TimeToLive: []string{put(t, filepath.Join(t.TempDir(), "ttl.json"), `{"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "exp"}}`)},
		CloudWatch: []string{
			"Operation=GetItem:" + series(t, "SuccessfulRequestLatency", "SampleCount", midnight, hours(24, 3600*40)...),
			"Operation=Query:" + series(t, "SuccessfulRequestLatency", "SampleCount", midnight, hours(24, 3600*10)...),
			"Operation=Query:" + series(t, "ReturnedItemCount", "Sum", midnight, hours(24, 3600*60)...),
			"Operation=PutItem:" + series(t, "SuccessfulRequestLatency", "SampleCount", midnight, hours(24, 3600*30)...),
			// 40 reads/s at half a unit and 10 pages of six items at half a unit are 25/s; three
			// times that is consumed, which no consistency explains.
			series(t, "ConsumedReadCapacityUnits", "Sum", midnight, hours(24, 3600*75)...),
			series(t, "ConsumedWriteCapacityUnits", "Sum", midnight, hours(24, 3600*30)...),
			series(t, "WriteKeyRangeThroughputThrottleEvents", "Sum", midnight.Add(10*time.Hour), 7),
			"GlobalSecondaryIndexName=by-kind:" + series(t, "ConsumedWriteCapacityUnits", "Sum", midnight, hours(24, 3600*12)...),
		},
	}
	d, sc, _ := imported(t, f, options)
	text := strings.ReplaceAll(string(d.Scenario()), "\n#  ", "") // comments' broken lines joined
	for _, want := range []string{
		// The table is as old as 06:00, so that the six hours before are another's.
		"SuccessfulRequestLatency of GetItem (SampleCount): 5 values are older than the table",
		"became on demand at 2026-10-05T12:00:00Z, within the time that the metrics cover",
		"read units consumed: 75 units/s (measured,", "and 25 units/s (modelled, requests by operation x the export's sizes) DIFFER",
		"write units consumed: 30 units/s (measured,", "and 30 units/s (modelled, requests by operation x the export's sizes) agree",
		"WriteKeyRangeThroughputThrottleEvents (Sum): 7 throttles, most at 2026-10-05T10:00Z",
		`global secondary index "by-kind": a scenario has none: neither its writes nor its 5 bytes are priced or run; it consumed 12 write units/s in the mean`,
		"33.3% of the items written in",
		"consistency of reads: consumed units fit neither kind",
		"write: {ttl: 3600s}",
		"query: {limit: 6}",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the scenario lacks %q:\n%s", want, text)
		}
	}
	o := sc.Workload.Operations
	// A third of what was written was new, so that a third of the puts are inserts.
	if o[op.Read] != 0.5 || o[op.Query] != 0.125 || o[op.Update] != 0.25 || o[op.Insert] != 0.125 {
		t.Errorf("operations %v", o)
	}
	if sc.Dataset.Key.Sort.PerPartition != 8 || sc.Dataset.Size.Fixed != 300 {
		t.Errorf("dataset %+v", sc.Dataset)
	}
}

// TestSmallItems: items smaller than what the test's own key and names take still give a
// scenario that is valid.
func TestSmallItems(t *testing.T) {
	table := &imports.Table{Name: "-x", File: "t.json", PartitionKey: "pk", SortKey: "sk", Region: "nowhere", Items: 1 << 40, Bytes: 1 << 41}
	d, err := imports.Assemble(imports.Sources{Table: table}, options)
	if err != nil {
		t.Fatal(err)
	}
	sc := mustParse(t, d)
	if text := string(d.Scenario()); sc.Name != "x" || !strings.Contains(text, "items of 2 bytes are smaller") || !strings.Contains(text, "us-east-1 was assumed") {
		t.Errorf("%s", text)
	}
}

func TestAnotherTablesExport(t *testing.T) {
	tables, _, err := imports.Load(t.Context(), imports.Files{Tables: []string{sorted(t)}})
	if err != nil {
		t.Fatal(err)
	}
	e, err := imports.ReadExport(t.Context(), exported(t), imports.ExportOptions{PartitionKey: "pk"})
	if err != nil {
		t.Fatal(err)
	}
	tables[0].Exports = []*imports.Export{e}
	if _, err := imports.Assemble(tables[0], options); err == nil || !strings.Contains(err.Error(), `an export of the table "users", expected "events"`) {
		t.Errorf("got %v", err)
	}
}

// TestTextStaysInside: names and keys from outside cannot leave a comment or a string.
func TestTextStaysInside(t *testing.T) {
	table := &imports.Table{Name: "x\nseed: 2\u2028\u0085\xff", File: "t\n.json", PartitionKey: "pk", Region: "us-east-1\"}", Items: 10, Bytes: 10_000}
	r := &imports.Report{File: "\"\r\n#", Total: 100, Contributors: []imports.Contributor{{Key: []string{"k\nseed: 3", "\u2029seed: 4"}, Value: 90}}}
	o := options
	o.KeepKeys = true
	d, err := imports.Assemble(imports.Sources{Table: table, Reports: []*imports.Report{r}}, o)
	if err != nil {
		t.Fatal(err)
	}
	if sc := mustParse(t, d); sc.Seed != 1 || len(sc.Workload.Hot) != 1 {
		t.Errorf("seed %d, hot %+v\n%s", sc.Seed, sc.Workload.Hot, d.Scenario())
	}
}

// TestHistogram: sizes that no lognormal distribution has come back as they are, in units too.
func TestHistogram(t *testing.T) {
	dir := t.TempDir()
	texts := make([]bytes.Buffer, 1)
	var total, writes float64
	for i := range 2000 {
		size := 200 + i%50 // three in four small, one of four of exactly 4,000 bytes, ten of 30,000
		if i%4 == 0 {
			size = 4000
		}
		if i%200 == 1 {
			size = 30_000
		}
		total += float64(size)
		writes += units.Write(uint64(size), false)
		fmt.Fprintf(&texts[0], "{\"Item\":%s}\n", item(fmt.Sprintf("user#%07d", i), size))
	}
	writeExport(t, dir, texts, []int{2000}, `"exportTime": "2026-10-20T00:00:00.000Z"`)
	table := put(t, filepath.Join(t.TempDir(), "t.json"), describe("users", 2000, int(total)))
	d, sc, _ := imported(t, imports.Files{Tables: []string{table}, Exports: []string{dir}}, options)
	size, err := items.Histogram(sc.Dataset.Size.Histogram)
	if err != nil {
		t.Fatalf("%v\n%s", err, d.Scenario())
	}
	r := rand.NewPCG(1, 2)
	const draws = 200_000
	drawn, units4000, drawnWrites := 0.0, 0, 0.0
	for range draws {
		n := size.Draw(r)
		drawn += float64(n)
		drawnWrites += units.Write(n, false)
		if n == 4000 {
			units4000++
		}
		if n < 200 || n > 30_000 {
			t.Fatalf("a size of %d", n)
		}
	}
	near(t, "mean size", drawn/draws, total/2000, 0.02)
	near(t, "write units", drawnWrites/draws, writes/2000, 0.02)
	near(t, "items of 4,000 bytes", float64(units4000)/draws, 0.25, 0.02)
}
