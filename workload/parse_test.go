package workload

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crossover/workload/op"
)

// plain is a valid scenario that the tests below break, a line at a time.
const plain = `version: 1
name: plain
seed: 7
dataset:
  items: 1000
  key: {partition: "user#{id}"}
  size: 1KiB
  attributes: 4
workload:
  keys: {zipfian: {theta: 0.9}}
  hot: [{key: 7, share: 10%, from: 1s, to: 2s}]
  operations: {read: 70%, update: 20%, insert: 10%}
  arrival: {open: {process: poisson}}
  phases:
    - {name: warm-up, for: 1s, rate: 100/s, record: false}
    - {name: steady, for: 10s, rate: {from: 100/s, to: 200/s}}
objectives: {read: {p99: 5ms}, errors: 0.1%}
targets:
  - {name: dynamodb, driver: dynamodb, at: embedded}
cost: {demand: {mean: 100/s}}
`

// mustParse parses a valid scenario.
func mustParse(t testing.TB, text string) *Scenario {
	t.Helper()
	sc, err := Parse("plain.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

func TestParseFillsDefaults(t *testing.T) {
	sc := mustParse(t, plain)
	want := Workload{
		Keys:        KeyDist{Zipfian: &Zipfian{Theta: 0.9, Scrambled: true}},
		Hot:         []HotKey{{Key: 7, Share: 0.1, From: time.Second, To: 2 * time.Second}},
		Operations:  Operations{op.Read: 0.7, op.Update: 0.2, op.Insert: 0.1},
		Read:        ReadOptions{Consistency: "eventual"},
		Write:       WriteOptions{Condition: "none"},
		Query:       QueryOptions{Limit: 100},
		Scan:        ScanOptions{Limit: 100},
		Arrival:     Arrival{Open: &OpenArrival{Process: "poisson", Sessions: 256}},
		MaxLateness: 10 * time.Second,
		Phases: []Phase{
			{Name: "warm-up", For: time.Second, Rate: Rate{From: 100, To: 100}},
			{Name: "steady", For: 10 * time.Second, Rate: Rate{From: 100, To: 200}, Record: true},
		},
	}
	if diff := cmp.Diff(want, sc.Workload); diff != "" {
		t.Errorf("workload (-want +got):\n%s", diff)
	}
	if sc.Dataset.Compressibility != 0 || sc.Dataset.Size.Fixed != 1024 || sc.Seed != 7 {
		t.Errorf("dataset %+v, seed %d", sc.Dataset, sc.Seed)
	}
	if sc.Objectives.Errors != 0.001 || sc.Objectives.Latency[op.Read]["p99"] != 5*time.Millisecond {
		t.Errorf("objectives %+v", sc.Objectives)
	}
	if len(sc.Targets) != 1 || sc.Targets[0].Name != "dynamodb" || sc.Targets[0].Driver != "dynamodb" || sc.Cost == nil {
		t.Errorf("targets %+v, cost %v", sc.Targets, sc.Cost)
	}

	least := mustParse(t, `{version: 1, name: x, dataset: {items: 5, size: 100B}, workload: {operations: {read: 100%}, arrival: {closed: }, phases: [{name: a, operations: 9}]}}`)
	if least.Seed != 1 || least.Dataset.Key.Partition != "item#{id}" || least.Dataset.Attributes != 1 || least.HasSort() {
		t.Errorf("defaults: seed %d, dataset %+v", least.Seed, least.Dataset)
	}
	if w := least.Workload; w.Keys.Uniform == nil || w.Arrival.Closed.Workers != 64 || !w.Phases[0].Record || least.Objectives.Errors != -1 {
		t.Errorf("defaults: %+v, errors %v", w, least.Objectives.Errors)
	}
}

// Every form of a value that has several.
func TestForms(t *testing.T) {
	for text, check := range map[string]func(*Scenario) bool{
		"keys: uniform":                       func(sc *Scenario) bool { return sc.Workload.Keys.Uniform != nil },
		"keys: {uniform: }":                   func(sc *Scenario) bool { return sc.Workload.Keys.Uniform != nil },
		"keys: {uniform: {}}":                 func(sc *Scenario) bool { return sc.Workload.Keys.Uniform != nil },
		"keys: sequential":                    func(sc *Scenario) bool { return sc.Workload.Keys.Sequential != nil },
		"keys: latest":                        func(sc *Scenario) bool { return sc.Workload.Keys.Latest.Theta == 0.99 },
		"keys: {latest: {theta: 1}}":          func(sc *Scenario) bool { return sc.Workload.Keys.Latest.Theta == 1 },
		"keys: zipfian":                       func(sc *Scenario) bool { return *sc.Workload.Keys.Zipfian == Zipfian{Theta: 0.99, Scrambled: true} },
		"keys: {zipfian: }":                   func(sc *Scenario) bool { return *sc.Workload.Keys.Zipfian == Zipfian{Theta: 0.99, Scrambled: true} },
		"keys: {zipfian: {scrambled: false}}": func(sc *Scenario) bool { return *sc.Workload.Keys.Zipfian == Zipfian{Theta: 0.99} },
		"keys: {hotspot: {items: 1%, share: 9%}}": func(sc *Scenario) bool {
			return *sc.Workload.Keys.Hotspot == Hotspot{0.01, 0.09}
		},
	} {
		sc := mustParse(t, strings.Replace(plain, "keys: {zipfian: {theta: 0.9}}", text, 1))
		if !check(sc) {
			t.Errorf("%s gives %+v", text, sc.Workload.Keys)
		}
	}
	for text, want := range map[string]SizeDist{
		"size: 2KiB":          {Fixed: 2048},
		"size: {fixed: 2KiB}": {Fixed: 2048},
		"size: {uniform: {min: 1KiB, max: 2KiB}}":      {Uniform: &SizeUniform{1024, 2048}},
		"size: {lognormal: {median: 1KiB, p99: 2KiB}}": {Lognormal: &SizeLognormal{1024, 2048, 400 << 10}},
	} {
		sc := mustParse(t, strings.Replace(plain, "size: 1KiB", text, 1))
		if diff := cmp.Diff(want, sc.Dataset.Size); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	for text, want := range map[string]SortKey{
		"sort: none": {}, "sort: {per_partition: 10}": {Prefix: "sort#", PerPartition: 10}, `sort: {prefix: "t", per_partition: 1_000}`: {Prefix: "t", PerPartition: 1000},
	} {
		sc := mustParse(t, strings.Replace(plain, `key: {partition: "user#{id}"}`, "key: {"+text+"}", 1))
		if sc.Dataset.Key.Sort != want {
			t.Errorf("%s gives %+v", text, sc.Dataset.Key.Sort)
		}
	}
}

// Anchors are the file's own shorthand; what they stand for is decoded wherever they lead.
func TestAliases(t *testing.T) {
	sc := mustParse(t, `
version: 1
name: aliases
dataset: {items: 10, size: &size 1KiB}
workload:
  operations: &mix {read: 50%, update: 50%}
  arrival: {open: {}}
  phases:
    - &phase {name: one, for: 1s, rate: &rate 10/s}
    - *phase
    - {name: three, for: 1s, rate: *rate}
objectives: {read: &limits {p99: 5ms}, update: *limits}
targets:
  - &target {name: a, driver: dynamodb}
  - {name: b, driver: aerospike}
`)
	if len(sc.Workload.Phases) != 3 || sc.Workload.Phases[1].Name != "one" || sc.Workload.Phases[2].Rate.From != 10 {
		t.Errorf("phases %+v", sc.Workload.Phases)
	}
	if sc.Objectives.Latency[op.Update]["p99"] != 5*time.Millisecond || len(sc.Targets) != 2 {
		t.Errorf("objectives %+v, targets %+v", sc.Objectives, sc.Targets)
	}
	// One that stands for itself ends.
	for _, text := range []string{"a: &a [*a]", "workload: &w {workload: *w}", "&r [*r]", "targets: &t [*t]", "objectives: &o {read: *o}"} {
		if _, err := Parse("loop.yaml", []byte(text)); err == nil {
			t.Errorf("%q parses", text)
		}
	}
}

// All problems come at once, sorted by their place in the file.
func TestAllProblemsAtOnce(t *testing.T) {
	_, err := Parse("f.yaml", []byte(`
version: 2
name: "no spaces"
dataset: {items: many, size: 4KB}
workload:
  keys: gaussian
  hot: [{key: 1, share: 120%}]
  operations: {read: 60%, updaet: 40%}
  arrival: {open: {process: tidal}, closed: {}}
  phases: [{name: a, for: 1 second, rate: 5}]
  max_lateness: -1s
objectives: {read: {p999: 5ms}, delete: {p99: 0s}}
targets: [{name: a}, {driver: dynamodb}, nothing]
costs: {}
`))
	last := 0
	for _, e := range Errors(err) {
		if place := e.Line*1000 + e.Column; place < last {
			t.Errorf("%v comes after a later place", e)
		} else {
			last = place
		}
	}
	var lines []int
	for _, e := range Errors(err) {
		lines = append(lines, e.Line)
	}
	if diff := cmp.Diff([]int{2, 3, 4, 4, 6, 7, 8, 9, 10, 10, 11, 12, 13, 13, 13, 14}, lines); diff != "" {
		t.Errorf("lines of the problems (-want +got):\n%s\n%v", diff, err)
	}
}

// The sections of others come with the error, for them to report what they find.
func TestSectionsComeWithTheError(t *testing.T) {
	sc, err := Parse("f.yaml", []byte(strings.Replace(plain, "seed: 7", "sead: 7", 1)))
	if err == nil || sc == nil || len(sc.Targets) != 1 || sc.Cost == nil {
		t.Fatalf("scenario %+v, error %v", sc, err)
	}
	for _, text := range []string{"", "a: [", "\tx: 1"} {
		if sc, err := Parse("f.yaml", []byte(text)); err == nil || sc != nil {
			t.Errorf("%q: scenario %v, error %v", text, sc, err)
		}
	}
}

func TestSorted(t *testing.T) {
	at := func(line int, path string) error {
		return &Error{File: "f", Line: line, Path: path, Found: "x", Expected: "y"}
	}
	plainError := errors.New("another kind")
	err := Sorted(errors.Join(errors.Join(at(5, "e"), plainError), at(2, "b"), nil, errors.Join(at(2, "a"))))
	want := "f:2:0: a: found x, expected y\nf:2:0: b: found x, expected y\nf:5:0: e: found x, expected y\nanother kind"
	if err == nil || err.Error() != want {
		t.Errorf("sorted:\n%v\nwant:\n%s", err, want)
	}
	if err := Sorted(nil); err != nil {
		t.Errorf("nothing sorted is %v", err)
	}
}

// FuzzParse parses anything: no panic, and what passes validation makes a stream.
func FuzzParse(f *testing.F) {
	f.Add([]byte(plain))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte(strings.Replace(plain, "poisson", "constant", 1)))
	f.Add([]byte(strings.Replace(plain, "keys: {zipfian: {theta: 0.9}}", "keys: latest", 1)))
	f.Add([]byte(`{version: 1, name: x, dataset: {items: 1, size: {lognormal: {median: 60B, p99: 1GiB}}}, workload: {keys: {hotspot: {items: 1%, share: 99%}}, operations: {delete: 100%}, arrival: {closed: }, phases: [{name: a, for: 1ns}]}}`))
	f.Add([]byte(`{version: 1, name: x, dataset: {items: 900, size: {histogram: [{to: 1KiB, share: 60%}, {to: 2KiB, share: 40%}]}, attributes: [{name: d, type: string}, {name: n, type: list, elements: 2, value: {decimal: {min: -1, max: 2}}}, {name: s, type: number_set, value: {integer: {min: 0, max: 5}}}, {name: e, type: map, value: {enum: [a]}}]}, workload: {operations: {read: 98%, delete: 1%, insert: 1%}, delete: {items: oldest}, read: {verify: 5%}, write: {ttl: 60s}, arrival: {open: }, phases: [{name: a, for: 1s, rate: 100/s}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		sc, err := Parse("fuzz.yaml", text)
		if err != nil {
			if len(Errors(err)) == 0 {
				t.Errorf("an error without a place: %v", err)
			}
			return
		}
		s, n := NewStream(sc), uint64(1<<40)
		if s.Len() > 0 {
			n = s.Len()
		}
		var o op.Op
		for _, i := range []uint64{0, 1, n / 2, n - 1} {
			s.At(i, &o)
			if len(o.Body) > MaxItemBytes || o.Phase >= len(sc.Workload.Phases) {
				t.Errorf("operation %d: %d bytes, phase %d", i, len(o.Body), o.Phase)
			}
			if size := sc.ItemSize(o.Item); size > MaxItemBytes+maxDigits {
				t.Errorf("item %d has %d bytes", o.Item, size)
			}
		}
		if n < 10_000 {
			NewPlan(sc).Due(n - 1)
		}
		if err := sc.Shorten(time.Second, 10); err == nil {
			NewStream(sc).At(0, &o)
		}
	})
}
