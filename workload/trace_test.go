package workload

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crossover/workload/items"
	"crossover/workload/op"
)

const smallTrace = `time,operation,key,size
100.5,read,user#3,
100.5,update,user#3,600
101.25,insert,user#7,900
102,PutItem,user#3,700
104.5,delete,user#1,
`

// tracing is a scenario whose operations are a trace's; keys are what stands for %s.
const tracing = `version: 1
name: tracing
dataset: {items: 10, key: {partition: "user#{id}"}, size: 300B}
workload:
  keys: {trace: {%s}}
  operations: trace
  arrival: {open: {process: trace}}
  phases:
    - {name: first, for: 1s, record: false}
    - {name: second, for: 3s}
`

// inline writes a trace as a scenario has it.
func inline(rows string) string { return fmt.Sprintf("rows: %q", rows) }

// Every operation is its row: item, kind, time since the first row, and the size of what it
// writes. What is loaded has the first size that is known of its item.
func TestTraceIsReplayed(t *testing.T) {
	for speed, scale := range map[string]float64{"": 1, ", speed: 2": 2, ", speed: 0.5": 0.5} {
		sc := mustParse(t, fmt.Sprintf(tracing, inline(smallTrace)+speed))
		plan, s := NewPlan(sc), NewStream(sc)
		type row struct {
			at    time.Duration
			kind  op.Kind
			item  uint64
			size  uint64
			phase int
		}
		all := []row{
			{0, op.Read, 3, 0, 0},
			{0, op.Update, 3, 600, 0},
			{750 * time.Millisecond, op.Insert, 7, 900, 0},
			{1500 * time.Millisecond, op.Update, 3, 700, 1},
			{4 * time.Second, op.Delete, 1, 0, 1},
		}
		var want, got []row
		for _, r := range all {
			if r.at = time.Duration(float64(r.at) / scale); r.at < 4*time.Second {
				r.phase = map[bool]int{true: 0, false: 1}[r.at < time.Second]
				want = append(want, r)
			}
		}
		var o op.Op
		for i := range s.Len() {
			s.At(i, &o)
			at, ok := plan.Due(i)
			if !ok || o.Partition != o.Item {
				t.Fatalf("operation %d: due %v, partition %d", i, ok, o.Partition)
			}
			r := row{at: at, kind: o.Kind, item: o.Item, phase: o.Phase}
			if len(o.Body) > 0 {
				r.size = uint64(len(o.Body)) + sc.OverheadBytes(o.Item)
				if v, ok := items.Check(o.Body, o.Item); !ok || v != i+1 {
					t.Errorf("operation %d writes version %d, %v", i, v, ok)
				}
				if diff := cmp.Diff(o.Body, NewContent(sc).Body(o.Item, o.Version)); diff != "" {
					t.Errorf("operation %d is verified against another body:\n%s", i, diff)
				}
			}
			got = append(got, r)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(row{})); diff != "" {
			t.Errorf("speed %v (-want +got):\n%s", scale, diff)
		}
		if a, b, c := sc.ItemSize(3), sc.ItemSize(7), sc.ItemSize(5); a != 600 || b != 900 || c != 300 {
			t.Errorf("items 3, 7 and 5 are loaded with %d, %d and %d bytes, want 600, 900 and 300", a, b, c)
		}
		if r := sc.Workload.Operations; math.Abs(r[op.Update]-0.4) > 1e-12 || math.Abs(r[op.Read]-0.2) > 1e-12 {
			t.Errorf("shares %v", r)
		}
	}
}

// A trace's rate is known to whoever asks the phases for it.
func TestTraceGivesPhasesTheirRate(t *testing.T) {
	sc := mustParse(t, fmt.Sprintf(tracing, inline(smallTrace)))
	if a, b := sc.Workload.Phases[0].Rate.From, sc.Workload.Phases[1].Rate.From; a != 3 || math.Abs(b-1.0/3) > 1e-12 {
		t.Errorf("rates %v and %v, want three operations in a second and one in three", a, b)
	}
	if err := sc.Shorten(2*time.Second, 0); err != nil {
		t.Fatal(err)
	}
	if n := NewPlan(sc).Len(); n != 4 || sc.Workload.Phases[0].Rate.From != 4 {
		t.Errorf("shortened to half: %d operations, %v/s first; want the 4 of two seconds, and 2 in half a second", n, sc.Workload.Phases[0].Rate.From)
	}
	if err := sc.Shorten(0, 7); err == nil || !strings.Contains(err.Error(), "item 7") {
		t.Errorf("seven items for a trace that asks for item 7: %v", err)
	}
}

// Keys, operations and times may each come from the trace or from the scenario: only keys here,
// which begin anew after the last row.
func TestTraceOfKeysOnly(t *testing.T) {
	text := strings.Replace(plain, "keys: {zipfian: {theta: 0.9}}", "keys: {trace: {"+inline("key\n5\n2\n9\n")+"}}", 1)
	text = strings.Replace(text, "hot: [{key: 7, share: 10%, from: 1s, to: 2s}]", "hot: []", 1)
	s := NewStream(mustParse(t, text))
	var o op.Op
	kinds := map[op.Kind]int{}
	for i := range s.Len() {
		s.At(i, &o)
		kinds[o.Kind]++
		if want := []uint64{5, 2, 9}[i%3]; o.Kind != op.Insert && o.Item != want {
			t.Fatalf("operation %d asks for item %d, want %d", i, o.Item, want)
		}
	}
	if len(kinds) != 3 {
		t.Errorf("kinds %v, want the scenario's three", kinds)
	}
}

func TestParseTrace(t *testing.T) {
	template := "user#{id}"
	for name, c := range map[string]struct {
		text  string
		items []uint64
		at    []int64
	}{
		"numbers":       {"key\n7\n3\n", []uint64{7, 3}, nil},
		"the template":  {"key\nuser#7\nuser#3\n", []uint64{7, 3}, nil},
		"both":          {"key\nuser#7\n3\n", []uint64{7, 3}, nil},
		"other text":    {"key\nuser#7\nanna\nuser#7\nbob\n", []uint64{0, 1, 0, 2}, nil},
		"quoted":        {"key,time\n\"a,b\",1\n\"a,b\",1.5\n", []uint64{0, 0}, []int64{0, 5e8}},
		"JSON lines":    {"{\"key\": 7, \"time\": 1.25}\n\n{\"key\": \"user#3\", \"time\": \"1.5\"}\n", []uint64{7, 3}, []int64{0, 25e7}},
		"RFC 3339":      {"time,key\n2026-10-01T00:00:00Z,1\n2026-10-01T02:00:00.5+02:00,2\n", []uint64{1, 2}, []int64{0, 5e8}},
		"epoch seconds": {"time,key\n1790000000.25,1\n1790000001,2\n", []uint64{1, 2}, []int64{0, 75e7}},
	} {
		got, err := parseTrace([]byte(c.text), template)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(c.items, got.item); diff != "" {
			t.Errorf("%s: items (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(c.at, got.at); diff != "" {
			t.Errorf("%s: times (-want +got):\n%s", name, diff)
		}
	}
	for name, c := range map[string]struct{ text, want string }{
		"nothing":              {"", "nothing"},
		"a header only":        {"key\n", "no rows"},
		"no keys":              {"time,size\n1,2\n", "no column key"},
		"an unknown column":    {"time,item\n1,2\n", `column "item"`},
		"a column twice":       {"key,key\n1,2\n", `column "key"`},
		"a missing key":        {"key,time\n,2\n", "row 1: no key"},
		"a ragged row":         {"key,time\n1,2\n3\n", "wrong number of fields"},
		"an unknown operation": {"key,operation\n1,read\n2,frob\n", `row 2: unknown operation "frob"`},
		"no operation":         {"key,operation\n1,read\n2,\n", `row 2: unknown operation ""`},
		"a late operation":     {"key,operation\n1,\n2,read\n", "row 2: an operation, where rows before have none"},
		"a time that is none":  {"key,time\n1,noon\n", `row 1: a time of "noon"`},
		"back in time":         {"key,time\n1,5\n2,7\n3,6\n", "row 3: a time before"},
		"a late time":          {"key,time\n1,\n2,4\n", "row 2: a time, where rows before have none"},
		"years":                {"key,time\n1,0\n2,99999999\n", "row 2: a time more than 366 days"},
		"a size that is none":  {"key,size\n1,big\n", `row 1: a size of "big"`},
		"too large":            {"key,size\n1,409601\n", "row 1: a size of 409601 bytes"},
		"a strange field":      {`{"key": 1, "colour": "red"}`, `unknown field "colour"`},
		"two on a line":        {`{"key": 1} {"key": 2}`, "row 1: more than one object"},
		"broken JSON":          {`{"key": `, "row 1:"},
		"a key that is a list": {`{"key": [1]}`, "neither text nor a number"},
	} {
		if _, err := parseTrace([]byte(c.text), template); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

// A trace's content is in the stream's digest, and it alone: not its file's name, nor whether it
// is a file.
func TestTraceIsInTheDigest(t *testing.T) {
	dir := t.TempDir()
	load := func(file, trace string) *Scenario {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, file), []byte(trace), 0o644); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "scenario.yaml")
		if err := os.WriteFile(path, []byte(fmt.Sprintf(tracing, "file: "+file)), 0o644); err != nil {
			t.Fatal(err)
		}
		sc, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		return sc
	}
	a := load("a.csv", smallTrace)
	want := StreamDigest(a)
	if got := StreamDigest(load("b.csv", smallTrace)); got != want {
		t.Error("another name gives another digest")
	}
	if got := StreamDigest(mustParse(t, fmt.Sprintf(tracing, inline(smallTrace)))); got != want {
		t.Error("a trace within the scenario gives another digest")
	}
	// The last row lies beyond the phases: no operation changes with it.
	if got := StreamDigest(load("c.csv", strings.Replace(smallTrace, "user#1", "user#2", 1))); got == want {
		t.Error("another trace gives the same digest")
	}

	if len(a.Inputs) != 1 || a.Inputs[0].Name != "a.csv" || a.Inputs[0].Bytes != int64(len(smallTrace)) || !strings.HasPrefix(a.Inputs[0].Digest, "sha256:") {
		t.Fatalf("inputs %+v", a.Inputs)
	}
	to := t.TempDir()
	if err := a.Inputs[0].CopyTo(to); err != nil {
		t.Fatal(err)
	}
	again, err := Parse(filepath.Join(to, "scenario.yaml"), a.Text)
	if err != nil {
		t.Fatal(err)
	}
	if got := StreamDigest(again); got != want {
		t.Error("what a run directory keeps gives another digest")
	}
	if err := os.WriteFile(filepath.Join(dir, "a.csv"), []byte("key\n1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := a.Inputs[0].CopyTo(t.TempDir()); err == nil || !strings.Contains(err.Error(), "has changed") {
		t.Errorf("a file that has changed was kept: %v", err)
	}
}

func FuzzParseTrace(f *testing.F) {
	f.Add([]byte(smallTrace))
	f.Add([]byte("{\"key\": 7, \"time\": 1.25}\n{\"key\": \"x\", \"size\": \"1KiB\"}"))
	f.Add([]byte("time,key\n2026-10-01T00:00:00Z,1\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := parseTrace(text, "user#{id}")
		if err != nil {
			return
		}
		n := len(rows.item)
		if n == 0 || rows.at != nil && len(rows.at) != n || rows.kind != nil && len(rows.kind) != n || rows.size != nil && len(rows.size) != n {
			t.Fatalf("%d items, %d times, %d kinds, %d sizes", n, len(rows.at), len(rows.kind), len(rows.size))
		}
		for i := range n {
			if rows.item[i] >= rows.items || i > 0 && rows.at != nil && rows.at[i] < rows.at[i-1] {
				t.Fatalf("row %d: item %d of %d", i, rows.item[i], rows.items)
			}
		}
	})
}
