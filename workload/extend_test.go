package workload

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crossover/workload/op"
)

// What extends a scenario changes none of the operations before, nor when they are due.
func TestExtendKeepsThePrefix(t *testing.T) {
	const base = `version: 1
name: extended
dataset: {items: 5000, size: 200B}
workload:
  keys: %s
  hot: [{key: 7, share: 10%%, from: 1s}]
  operations: {read: 50%%, update: 30%%, insert: 10%%, delete: 10%%}
  arrival: {open: {process: %s}}
  phases: [{name: up, for: 2s, rate: {from: 100/s, to: 500/s}}, {name: last, for: 3s, rate: %s}]
targets: [{name: x, driver: "null"}]
`
	for _, c := range []struct{ keys, process, rate string }{
		{"uniform", "poisson", "400/s"},
		{"latest", "constant", "{from: 100/s, to: 300/s}"},
		{"{zipfian: {theta: 1.2}}", "bursty", "{steps: [100/s, 200/s]}"},
		{"{moving_hotspot: {items: 10, share: 50%, every: 1s}}", "self_similar", "{spike: {base: 100/s, peak: 900/s, at: 1s, for: 1s}}"},
		{"uniform", "poisson", "{read: 100/s, update: 200/s}"},
	} {
		text := []byte(fmt.Sprintf(base, c.keys, c.process, c.rate))
		before, err := Parse("x.yaml", text)
		if err != nil {
			t.Fatal(err)
		}
		after, err := Parse("x.yaml", text)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := after.Extend(Extension{For: 4 * time.Second}); err != nil {
				t.Fatalf("%+v: %v", c, err)
			}
		}
		old, grown := NewPlan(before), NewPlan(after)
		if grown.Len() <= old.Len() || grown.Duration() != old.Duration()+8*time.Second {
			t.Errorf("%+v: %d operations in %v, before %d in %v", c, grown.Len(), grown.Duration(), old.Len(), old.Duration())
		}
		a, b := NewStream(before), NewStream(after)
		var x, y op.Op
		for i := range old.Len() {
			a.At(i, &x)
			b.At(i, &y)
			if diff := cmp.Diff(x, y); diff != "" {
				t.Fatalf("%+v: operation %d:\n%s", c, i, diff)
			}
			if p, _ := old.Due(i); true {
				if q, _ := grown.Due(i); p != q {
					t.Fatalf("%+v: operation %d is due at %v, was at %v", c, i, q, p)
				}
			}
		}
		adapted, err := Parse("x.yaml", text)
		if err != nil {
			t.Fatal(err)
		}
		if err := adapted.Adapt(after.Adapted); err != nil || StreamDigest(adapted) != StreamDigest(after) || StreamDigest(adapted) == StreamDigest(before) {
			t.Errorf("%+v: what was adapted cannot be adapted again: %v", c, err)
		}
		if name := after.Workload.Phases[3].Name; name != "last+2" {
			t.Errorf("the second extension's phase is %q", name)
		}
	}
}

// The rate goes on as the last phase ended.
func TestExtendGoesOnAtTheLastRate(t *testing.T) {
	for _, c := range []struct {
		rate string
		want float64
		err  string
	}{
		{"400/s", 400, ""},
		{"{from: 100/s, to: 300/s}", 300, ""},
		{"{steps: [100/s, 200/s]}", 200, ""},
		{"{spike: {base: 100/s, peak: 900/s, at: 1s, for: 1s}}", 100, ""},
		{"{diurnal: {mean: 100/s}}", 0, "another day"},
	} {
		sc, err := Parse("x.yaml", []byte(`version: 1
name: x
dataset: {items: 50, size: 200B}
workload: {operations: {read: 100%}, arrival: {open: {}}, phases: [{name: last, for: 3s, rate: `+c.rate+`}]}
targets: [{name: x, driver: "null"}]
`))
		if err != nil {
			t.Fatal(err)
		}
		err = sc.Extend(Extension{For: time.Minute})
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v", c.rate, err)
			}
			continue
		}
		if last := sc.Workload.Phases[1]; err != nil || last.Rate.From != c.want || last.Rate.To != c.want || last.For != time.Minute {
			t.Errorf("%s: %+v, %v", c.rate, last, err)
		}
		if err := sc.Extend(Extension{Ops: 5}); err == nil {
			t.Error("an open loop was extended by a number of operations")
		}
	}
}

func TestParseExtension(t *testing.T) {
	for text, want := range map[string]Extension{"10m": {For: 10 * time.Minute}, "500": {Ops: 500}} {
		if got, err := ParseExtension(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "-5s", "10 minutes", "0s"} {
		if got, err := ParseExtension(text); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}
