package imports_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crossover/costmodel"
	"crossover/costmodel/imports"
	"crossover/workload"
)

// mustParse fails unless a draft's text is a scenario.
func mustParse(t *testing.T, d *imports.Draft) *workload.Scenario {
	t.Helper()
	sc, err := workload.Parse("imported.yaml", d.Scenario())
	if err == nil {
		_, err = costmodel.ParseConfig(sc)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, d.Scenario())
	}
	return sc
}

const askedQueries = `[
 {"Id": "a", "MetricStat": {"Metric": {"Namespace": "AWS/DynamoDB", "MetricName": "ConsumedReadCapacityUnits",
   "Dimensions": [{"Name": "TableName", "Value": "users"}]}, "Period": 60, "Stat": "Sum"}, "ReturnData": true},
 {"Id": "b", "MetricStat": {"Metric": {"Namespace": "AWS/DynamoDB", "MetricName": "SuccessfulRequestLatency",
   "Dimensions": [{"Name": "TableName", "Value": "users"}, {"Name": "Operation", "Value": "GetItem"}]}, "Period": 300, "Stat": "p99"}},
 {"Id": "e", "Expression": "a/60"}
]`

func TestMetricsAdd(t *testing.T) {
	queries, err := imports.ReadQueries("q.json", strings.NewReader(askedQueries))
	if err != nil {
		t.Fatal(err)
	}
	at := func(minute int) time.Time { return midnight.Add(time.Duration(minute) * time.Minute) }
	for name, c := range map[string]struct {
		text    string
		queries imports.Queries
		dims    imports.Dimensions
		want    map[string][]imports.Value
		unknown []string
		partial []string
	}{
		"get-metric-data, an Id on two pages": {
			text: `{"MetricDataResults": [
 {"Id": "a", "Label": "x", "Timestamps": ["2026-10-05T00:02:00+00:00", "2026-10-05T00:00:00Z"], "Values": [120, 0], "StatusCode": "PartialData"},
 {"Id": "b", "Label": "y", "Timestamps": ["2026-10-05T02:00:00+02:00"], "Values": [3.5], "StatusCode": "Complete"},
 {"Id": "a", "Label": "x", "Timestamps": [1791158460], "Values": [60], "StatusCode": "Complete"}], "Messages": [], "NextToken": "more"}`,
			queries: queries, partial: []string{"m.json"},
			want: map[string][]imports.Value{
				"ConsumedReadCapacityUnits (Sum)":           {{at(2), time.Minute, 120}, {at(0), time.Minute, 0}, {at(1), time.Minute, 60}},
				"SuccessfulRequestLatency of GetItem (p99)": {{at(0), 5 * time.Minute, 3.5}},
			},
		},
		"get-metric-data by labels": {
			text: `{"MetricDataResults": [{"Id": "a", "Label": "ConsumedReadCapacityUnits", "Timestamps": ["2026-10-05T00:00:00Z"], "Values": [1]},
 {"Id": "b", "Label": "my own label", "Timestamps": [], "Values": []}]}`,
			want: map[string][]imports.Value{"ConsumedReadCapacityUnits (Sum)": {{at(0), 0, 1}}}, unknown: []string{"my own label"},
		},
		"get-metric-statistics": {
			text: `{"Datapoints": [{"Timestamp": "2026-10-05T00:01:00Z", "SampleCount": 4, "Average": 2.5, "ExtendedStatistics": {"p99": 9}, "Unit": "Milliseconds"}], "Label": "SuccessfulRequestLatency"}`,
			dims: imports.Dimensions{Operation: "GetItem"},
			want: map[string][]imports.Value{
				"SuccessfulRequestLatency of GetItem (Average)":     {{at(1), 0, 2.5}},
				"SuccessfulRequestLatency of GetItem (SampleCount)": {{at(1), 0, 4}},
				"SuccessfulRequestLatency of GetItem (p99)":         {{at(1), 0, 9}},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var m imports.Metrics
			if err := m.Add("m.json", strings.NewReader(c.text), c.queries, c.dims); err != nil {
				t.Fatal(err)
			}
			got := map[string][]imports.Value{}
			for _, s := range m.All() {
				got[s.String()] = s.Values
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(c.unknown, m.Unknown); diff != "" {
				t.Errorf("unknown: %s", diff)
			}
			if diff := cmp.Diff(c.partial, m.Partial); diff != "" {
				t.Errorf("partial: %s", diff)
			}
		})
	}
}

func TestMetricsRefuse(t *testing.T) {
	queries, err := imports.ReadQueries("q.json", strings.NewReader(askedQueries))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, want string }{
		{"{}", `m.json:1: byte 0: no "MetricDataResults" and no "Datapoints"`},
		{"[]", `m.json:1: byte 1: found [, expected "{"`},
		{`{"MetricDataResults": [` + "\n" + `{"Id": "a", "Timestamps": ["2026-10-05T00:00:00Z"], "Values": []}]}`, "m.json:2: byte 89: result \"a\": 1 timestamps and 0 values"},
		{`{"MetricDataResults": [{"Id": "z"}]}`, "no query of that Id"},
		{`{"MetricDataResults": [{"Id": "a", "StatusCode": "Forbidden"}]}`, "StatusCode Forbidden"},
		{`{"MetricDataResults": [` + "\n\n" + `{"Id": "a",]}`, "m.json:3: byte 25: invalid character"},
		{`{"MetricDataResults": [{"Id": "a"`, "unexpected EOF"},
		{`{"MetricDataResults": []} {}`, "text after the document"},
		{`{"Label": "ConsumedReadCapacityUnits", "Datapoints": [{"Sum": 1}]}`, "no Timestamp"},
	} {
		var m imports.Metrics
		if err := m.Add("m.json", strings.NewReader(c.text), queries, imports.Dimensions{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.text, err, c.want)
		}
	}
	for _, c := range []struct{ old, new, want string }{
		{`"Id": "b"`, `"Id": "a"`, "given twice"},
		{"AWS/DynamoDB", "AWS/EC2", `Namespace "AWS/EC2"`},
		{`"Period": 60`, `"Period": 0`, "a Period of 0"},
		{`"Stat": "Sum"`, `"Stat": ""`, "no Stat"},
	} {
		if _, err := imports.ReadQueries("q.json", strings.NewReader(strings.Replace(askedQueries, c.old, c.new, 1))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.new, err, c.want)
		}
	}
}

// TestQueriesAreRead wants every query that is written to be one that is read again, with its
// table, index and operation.
func TestQueriesAreRead(t *testing.T) {
	table := &imports.Table{Name: "users", Provisioned: true, Global: []imports.Index{{Name: "by-mail"}}}
	var b bytes.Buffer
	if err := imports.WriteQueries(&b, table, 5*time.Minute); err != nil {
		t.Fatal(err)
	}
	q, err := imports.ReadQueries("q.json", &b)
	if err != nil {
		t.Fatal(err)
	}
	// For table and index each, two directions of consumed, provisioned, throttles and four
	// causes; 13 operations' counts, 4 percentiles, 2 counts of items.
	if want := 2*2*7 + 13 + 4 + 2; len(q) != want {
		t.Errorf("%d queries, want %d", len(q), want)
	}
	indexed := 0
	for id, x := range q {
		if x.Table != "users" || x.Period != 5*time.Minute {
			t.Errorf("%s: %+v", id, x)
		}
		if x.Index == "by-mail" {
			indexed++
		}
		var m imports.Metrics
		text := fmt.Sprintf(`{"MetricDataResults": [{"Id": %q, "Timestamps": [0], "Values": [1]}]}`, id)
		if err := m.Add("m.json", strings.NewReader(text), q, imports.Dimensions{}); err != nil || len(m.All()) != 1 {
			t.Errorf("%s is not read: %v, %v", x, err, m.Unknown)
		}
	}
	if indexed != 14 {
		t.Errorf("%d queries of the index, want 14", indexed)
	}
}

func FuzzMetrics(f *testing.F) {
	f.Add(`{"MetricDataResults": [{"Id": "a", "Label": "ConsumedReadCapacityUnits", "Timestamps": ["2026-10-05T00:00:00Z", 1e9], "Values": [1, 1e308]}]}`)
	f.Add(`{"Label": "SuccessfulRequestLatency", "Datapoints": [{"Timestamp": 1, "SampleCount": 4}, {"Timestamp": 4, "SampleCount": -1}]}`)
	f.Add(`{"Label": "ReadThrottleEvents", "Datapoints": [{"Timestamp": 7258118400, "Sum": 4}, {"Timestamp": 1, "Sum": 1}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var m imports.Metrics
		dims := imports.Dimensions{TableName: "users", Operation: "GetItem"}
		if err := m.Add("m.json", strings.NewReader(text), nil, dims); err != nil {
			return
		}
		table := &imports.Table{Name: "users", File: "t.json", PartitionKey: "pk", Region: "us-east-1", Items: 100, Bytes: 100_000}
		d, err := imports.Assemble(imports.Sources{Table: table, Metrics: &m}, options)
		if err != nil {
			return
		}
		mustParse(t, d)
	})
}

func FuzzQueries(f *testing.F) {
	f.Add(askedQueries)
	f.Fuzz(func(t *testing.T, text string) {
		q, err := imports.ReadQueries("q.json", strings.NewReader(text))
		for id, x := range q {
			if err != nil || id == "" || x.Period < time.Second {
				t.Fatalf("%q: %+v, %v", id, x, err)
			}
		}
	})
}

func FuzzReport(f *testing.F) {
	f.Add(`{"KeyLabels": ["PartitionKey"], "AggregationStatistic": "Sum", "AggregateValue": 10, "Contributors": [
 {"Keys": ["a"], "ApproximateAggregateValue": 5, "Datapoints": [{"Timestamp": "2026-10-05T00:00:00Z", "ApproximateValue": 2}]},
 {"Keys": ["b\n\u2028#"], "ApproximateAggregateValue": 4}, {"Keys": ["c"], "ApproximateAggregateValue": 1e300}]}`)
	f.Add(`{"Contributors": []}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := imports.ReadReport("i.json", strings.NewReader(text))
		if err != nil {
			return
		}
		table := &imports.Table{Name: "users", File: "t.json", PartitionKey: "pk", Region: "us-east-1", Items: 100, Bytes: 100_000}
		o := options
		o.KeepKeys = true
		d, err := imports.Assemble(imports.Sources{Table: table, Reports: []*imports.Report{r}}, o)
		if err != nil {
			t.Fatal(err)
		}
		mustParse(t, d)
	})
}
