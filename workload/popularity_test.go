package workload

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"crossover/workload/keys"
	"crossover/workload/op"
)

// report is what GetInsightRuleReport returns, cut.
const report = `{"KeyLabels": ["key"], "AggregationStatistic": "Sum", "AggregateValue": 2000, "ApproximateUniqueCount": 900,
 "Contributors": [{"Keys": ["user#42"], "ApproximateAggregateValue": 240, "Datapoints": []}, {"Keys": ["user#7"], "ApproximateAggregateValue": 60}]}`

func TestParsePopularity(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []keys.Share
	}{
		"CSV shares":   {"key,share\n7,12%\nuser#3,0.5%\n", []keys.Share{{From: 7, To: 7, Share: 0.12}, {From: 3, To: 3, Share: 0.005}}},
		"CSV counts":   {"key, count\n7,30\n3,10\n", []keys.Share{{From: 7, To: 7, Share: 0.75}, {From: 3, To: 3, Share: 0.25}}},
		"CSV ranges":   {"from,to,share\n0,9,40%\n10,99,20%\n", []keys.Share{{From: 0, To: 9, Share: 0.4}, {From: 10, To: 99, Share: 0.2}}},
		"ranks":        {"key,count\nanna,3\nbob,1\n", []keys.Share{{From: 0, To: 0, Share: 0.75}, {From: 1, To: 1, Share: 0.25}}},
		"JSON":         {`[{"key": 7, "share": "12%"}, {"from": 10, "to": 19, "share": "1%"}]`, []keys.Share{{From: 7, To: 7, Share: 0.12}, {From: 10, To: 19, Share: 0.01}}},
		"CloudWatch":   {report, []keys.Share{{From: 42, To: 42, Share: 0.12}, {From: 7, To: 7, Share: 0.03}}},
		"mixed, CSV":   {"key,from,to,share\n7,,,1%\n,8,9,2%\n", []keys.Share{{From: 7, To: 7, Share: 0.01}, {From: 8, To: 9, Share: 0.02}}},
		"a count of 0": {"key,count\n1,5\n2,0\n", []keys.Share{{From: 1, To: 1, Share: 1}, {From: 2, To: 2}}},
	} {
		got, err := parsePopularity([]byte(c.text), "user#{id}")
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff(c.want, got, cmpopts.EquateApprox(1e-12, 0)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for name, c := range map[string]struct{ text, want string }{
		"nothing":             {" \n", "nothing"},
		"a header only":       {"key,share\n", "no entries"},
		"an unknown column":   {"key,weight\n1,2\n", `column "weight"`},
		"share and count":     {"key,share,count\n1,1%,2\n", "entry 1: expected a share or a count"},
		"a share, then none":  {"key,share,count\n1,1%,\n2,,5\n", "entry 2: expected a share or a count"},
		"a share of what":     {"key,share\n1,12\n", `entry 1: a share of "12"`},
		"a negative count":    {"key,count\n1,-2\n", `entry 1: a count of "-2"`},
		"counts of nothing":   {"key,count\n1,0\n", "counts that sum to 0"},
		"key and range":       {"key,from,to,share\n1,2,3,1%\n", "entry 1: neither a key nor a range"},
		"half a range":        {"from,share\n1,1%\n", "entry 1: neither a key nor a range"},
		"names and ranges":    {"key,from,to,share\nanna,,,1%\n,3,4,1%\n", "entry 2: neither a key nor a range"},
		"a range of words":    {"from,to,share\na,b,1%\n", `entry 1: items "a" to "b"`},
		"a strange field":     {`[{"key": 1, "colour": "red"}]`, `unknown field "colour"`},
		"a report of nothing": {`{"AggregateValue": 5}`, "no entries"},
		"more than all":       {`{"AggregateValue": 5, "Contributors": [{"Keys": ["1"], "ApproximateAggregateValue": 6}]}`, "counts that sum to 6 of 5"},
	} {
		if _, err := parsePopularity([]byte(c.text), "user#{id}"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

// A report of 42's 12% and 7's 3% gives them those, and the other items the rest alike.
func TestHistogramFromAFile(t *testing.T) {
	dir := t.TempDir()
	load := func(report string) *Scenario {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "insights.json"), []byte(report), 0o644); err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(plain, "keys: {zipfian: {theta: 0.9}}", "keys: {histogram: {file: insights.json}}", 1)
		text = strings.Replace(text, "hot: [{key: 7, share: 10%, from: 1s, to: 2s}]", "hot: []", 1)
		text = strings.Replace(text, "rate: {from: 100/s, to: 200/s}", "rate: 4000/s", 1)
		sc, err := Parse(filepath.Join(dir, "s.yaml"), []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return sc
	}
	sc := load(report)
	s := NewStream(sc)
	var o op.Op
	var all, hot, warm, cold float64
	for i := range s.Len() {
		s.At(i, &o)
		if o.Kind == op.Insert {
			continue
		}
		all++
		switch o.Item {
		case 42:
			hot++
		case 7:
			warm++
		case 500:
			cold++
		}
	}
	near(t, "item 42", hot, all, 0.12)
	near(t, "item 7", warm, all, 0.03)
	near(t, "item 500", cold, all, 0.85/998)
	if a, b := StreamDigest(sc), StreamDigest(load(strings.Replace(report, "60}", "61}", 1))); a == b {
		t.Error("another report gives the same digest")
	}
}

func FuzzParsePopularity(f *testing.F) {
	f.Add([]byte(report))
	f.Add([]byte("key,share\n7,12%\n"))
	f.Add([]byte(`[{"from": 1, "to": 2, "count": 3}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		shares, err := parsePopularity(text, "user#{id}")
		if err != nil {
			return
		}
		h, err := keys.NewHistogram(shares)
		if err != nil {
			return
		}
		n := h.Last() + 2
		for i := range uint64(20) {
			if x := pickFrom(h, i, n); x >= n {
				t.Fatalf("item %d of %d", x, n)
			}
		}
	})
}
