package imports_test

// The files that these tests read are made here, in the shapes that AWS publishes: DescribeTable
// and its companions (Amazon DynamoDB API Reference), GetMetricData, GetMetricStatistics and
// GetInsightRuleReport (Amazon CloudWatch API Reference), and exports to S3 (DynamoDB Developer
// Guide, "DynamoDB table export output format"). None was taken from an account.

import (
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"crossover/costmodel/demand"
	"crossover/costmodel/imports"
	"crossover/costmodel/units"
	"crossover/workload/items"
	"crossover/workload/keys"
)

var midnight = time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC) // a Monday

// A world is a table whose traffic is known.
type world struct {
	seed        uint64
	items       int
	files       int
	median, p99 uint64
	theta       float64
	mean, ratio float64 // operations/s
	days        int
	shares      map[string]float64 // by operation of DynamoDB's
	strong      bool
	hot         float64 // share of one hot key; 0 without one
	holes       bool    // minutes are missing

	sizes []int
}

func put(t testing.TB, name, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func marshal(t testing.TB, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", "    ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

// describe is DescribeTable's answer for a table with the partition key pk.
func describe(name string, items, size int) string {
	return fmt.Sprintf(`{"Table": {
 "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
 "TableName": %q, "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "TableStatus": "ACTIVE",
 "CreationDateTime": "2024-03-01T09:30:00.123000+01:00",
 "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
 "TableSizeBytes": %d, "ItemCount": %d, "TableArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/%s",
 "TableId": "7e5b9b0c-1111-2222-3333-444455556666",
 "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST", "LastUpdateToPayPerRequestDateTime": "2024-03-01T09:30:00.123000+01:00"},
 "DeletionProtectionEnabled": false}}
`, name, size, items, name)
}

// item returns an item's JSON of so many bytes by DynamoDB's rules, 100 at least: pk is 2+12,
// n (N, 3 digits, counts 1+3), ok (BOOL, 2+1), tags (SS, 4+2), raw (B, 3+4), the rest is s.
func item(key string, size int) string {
	rest := size - (2 + len(key)) - (1 + 3) - (2 + 1) - (4 + 2) - (3 + 4) - 1
	return fmt.Sprintf(`{"pk":{"S":%q},"n":{"N":"123"},"ok":{"BOOL":true},"tags":{"SS":["a","b"]},"raw":{"B":"AAECAw=="},"s":{"S":%q}}`,
		key, strings.Repeat("x", rest))
}

// export writes a full export and fills in the world's sizes.
func (w *world) export(t testing.TB, dir string) {
	t.Helper()
	dist, err := items.Lognormal(w.median, w.p99, units.MaxItem)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.NewPCG(w.seed, 2)
	texts := make([]bytes.Buffer, w.files)
	counts := make([]int, w.files)
	w.sizes = nil
	for i := range w.items {
		size := max(int(dist.Draw(r)), 100)
		w.sizes = append(w.sizes, size)
		f := i % w.files
		fmt.Fprintf(&texts[f], "{\"Item\":%s}\n", item(fmt.Sprintf("user#%07d", i), size))
		counts[f]++
	}
	writeExport(t, dir, texts, counts, `"exportType": "FULL_EXPORT", "exportTime": "2026-10-20T00:00:00.000Z"`)
}

// writeExport writes data files with their manifests.
func writeExport(t testing.TB, dir string, texts []bytes.Buffer, counts []int, more string) {
	t.Helper()
	var manifest strings.Builder
	total := 0
	for f := range texts {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(texts[f].Bytes()); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("part%04d.json.gz", f)
		put(t, filepath.Join(dir, "data", name), b.String())
		sum := md5.Sum(b.Bytes())
		again := md5.Sum(sum[:])
		fmt.Fprintf(&manifest, `{"itemCount":%d,"md5Checksum":%q,"etag":"%s-1","dataFileS3Key":"ddb/AWSDynamoDB/01693685827463-2d8752fd/data/%s"}`+"\n",
			counts[f], base64.StdEncoding.EncodeToString(sum[:]), hex.EncodeToString(again[:]), name)
		total += counts[f]
	}
	put(t, filepath.Join(dir, "manifest-files.json"), manifest.String())
	put(t, filepath.Join(dir, "manifest-summary.json"), fmt.Sprintf(`{
 "version": "2023-08-01", "exportArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/users/export/01693685827463-2d8752fd",
 "startTime": "2026-10-20T00:00:01.000Z", "endTime": "2026-10-20T00:09:01.000Z",
 "tableArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/users", "tableId": "7e5b9b0c-1111-2222-3333-444455556666",
 "s3Bucket": "ddb-export", "s3Prefix": "ddb", "s3SseAlgorithm": "AES256", "s3SseKmsKeyId": null,
 "manifestFilesS3Key": "ddb/AWSDynamoDB/01693685827463-2d8752fd/manifest-files.json",
 "billedSizeBytes": 0, "itemCount": %d, "outputFormat": "DYNAMODB_JSON", %s}
`, total, more))
}

type result struct {
	ID         string    `json:"Id"`
	Label      string    `json:"Label"`
	Timestamps []string  `json:"Timestamps"`
	Values     []float64 `json:"Values"`
	StatusCode string    `json:"StatusCode"`
}

// metrics writes a get-metric-data answer, newest first as by default, and its queries.
func (w *world) metrics(t testing.TB, dir string) (file, queries string) {
	t.Helper()
	r := rand.New(rand.NewPCG(w.seed, 3))
	day := demand.Diurnal(w.ratio)
	read, write := 0.0, 0.0
	for _, s := range w.sizes {
		read += units.Read(uint64(s), map[bool]units.Consistency{true: units.Strong}[w.strong])
		write += units.Write(uint64(s), false)
	}
	read, write = read/float64(len(w.sizes)), write/float64(len(w.sizes))
	var names []string
	for name := range w.shares {
		names = append(names, name)
	}
	sort.Strings(names)
	results := map[string]*result{}
	var asked []map[string]any
	add := func(id, metric, stat, operation string) {
		results[id] = &result{ID: id, Label: metric, StatusCode: "Complete"}
		dims := []map[string]string{{"Name": "TableName", "Value": "users"}}
		if operation != "" {
			dims = append(dims, map[string]string{"Name": "Operation", "Value": operation})
		}
		asked = append(asked, map[string]any{"Id": id, "MetricStat": map[string]any{"Period": 60, "Stat": stat, "Metric": map[string]any{"Namespace": "AWS/DynamoDB", "MetricName": metric, "Dimensions": dims}}})
	}
	for i, name := range names {
		add(fmt.Sprintf("op%d", i), "SuccessfulRequestLatency", "SampleCount", name)
	}
	add("r", "ConsumedReadCapacityUnits", "Sum", "")
	add("w", "ConsumedWriteCapacityUnits", "Sum", "")
	for m := w.days*24*60 - 1; m >= 0; m-- {
		if w.holes && r.IntN(50) == 0 {
			continue // a minute without any value
		}
		at := midnight.Add(time.Duration(m) * time.Minute)
		level := w.mean * 60 * day[at.Hour()] * (1 + 0.05*r.NormFloat64())
		consumed := map[string]float64{}
		say := func(id string, v float64) {
			x := results[id]
			x.Timestamps, x.Values = append(x.Timestamps, at.Format("2006-01-02T15:04:05+00:00")), append(x.Values, v)
		}
		for i, name := range names {
			n := math.Round(level * w.shares[name])
			say(fmt.Sprintf("op%d", i), n)
			if name == "GetItem" {
				consumed["r"] += n * read
			} else {
				consumed["w"] += n * write
			}
		}
		say("r", consumed["r"])
		say("w", consumed["w"])
	}
	var list []*result
	for _, q := range asked {
		list = append(list, results[q["Id"].(string)])
	}
	return put(t, filepath.Join(dir, "metrics.json"), marshal(t, map[string]any{"MetricDataResults": list, "Messages": []string{}})),
		put(t, filepath.Join(dir, "queries.json"), marshal(t, asked))
}

// insights draws accesses and writes a report of the 25 most accessed keys.
func (w *world) insights(t testing.TB, dir string) string {
	t.Helper()
	const draws = 400_000
	z, err := keys.NewZipfian(w.theta)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.NewPCG(w.seed, 4)
	f := rand.New(rand.NewPCG(w.seed, 5))
	counts := map[string]int{}
	for i := range draws {
		if w.hot > 0 && f.Float64() < w.hot {
			counts["user#hot"]++
			continue
		}
		counts[fmt.Sprintf("user#%07d", z.Pick(r, uint64(i), uint64(w.items)))]++
	}
	var names []string
	for k := range counts {
		names = append(names, k)
	}
	sort.Slice(names, func(i, j int) bool {
		if counts[names[i]] != counts[names[j]] {
			return counts[names[i]] > counts[names[j]]
		}
		return names[i] < names[j]
	})
	var contributors []map[string]any
	for _, k := range names[:25] {
		contributors = append(contributors, map[string]any{"Keys": []string{k}, "ApproximateAggregateValue": counts[k], "Datapoints": []any{}})
	}
	return put(t, filepath.Join(dir, "insights.json"), marshal(t, map[string]any{
		"KeyLabels": []string{"PartitionKey"}, "AggregationStatistic": "Sum", "AggregateValue": draws,
		"ApproximateUniqueCount": len(names), "Contributors": contributors, "MetricDatapoints": []any{},
	}))
}

// files writes all of a world's files into dir.
func (w *world) write(t testing.TB, dir string) imports.Files {
	t.Helper()
	w.export(t, filepath.Join(dir, "export"))
	sum := 0
	for _, s := range w.sizes {
		sum += s
	}
	f := imports.Files{Tables: []string{put(t, filepath.Join(dir, "table.json"), describe("users", w.items, sum))}}
	m, q := w.metrics(t, dir)
	f.CloudWatch, f.Queries = []string{m}, []string{q}
	f.Insights = []string{w.insights(t, dir)}
	f.Exports = []string{filepath.Join(dir, "export")}
	return f
}
