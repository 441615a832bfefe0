package drivertest

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"crossover/driver"
	"crossover/workload"
	"crossover/workload/op"
)

// Run runs the whole suite. Its parts run one after the other, since each looks for
// goroutines that were left behind.
func Run(t *testing.T, s Subject) {
	t.Run("definition", s.definition)
	t.Run("description", s.description)
	t.Run("mixed", s.mixed)
	t.Run("ended context", s.endedContext)
	t.Run("sampling", s.sampling)
	t.Run("warming", s.warming)
	if s.Place != "" {
		t.Run("ownership", s.ownership)
		t.Run("loading", s.loading)
		for _, v := range variants {
			t.Run(v.String(), func(t *testing.T) { s.operations(t, v) })
		}
		t.Run("versions", s.versions)
	}
	if s.All {
		t.Run("every kind", s.everything)
	}
	if s.Units {
		t.Run("units", s.units)
	}
	if slices.Contains(s.States, Stalled) {
		t.Run("stalled", s.stalled)
	}
	if slices.Contains(s.States, Faulty) {
		t.Run("faulty", s.faulty)
	}
}

// definition checks the driver's entry in the list: its settings are strict, and problems say
// where they are.
func (s Subject) definition(t *testing.T) {
	r := s.rig(t, Healthy)
	sc := variants[0].scenario(t, mixed)
	if s.Definition.Config == nil || s.Definition.Config() == nil {
		t.Error("no Config for the schema")
	}
	if args, err := s.Definition.Serve(sc, r.target(t, "")); err != nil || args != nil {
		t.Errorf("Serve of a target that is not embedded gave %q, %v", args, err)
	}
	target := r.target(t, "")
	target.Node.Content = append(target.Node.Content, scalar("no_such_setting", 77, 3), scalar("1", 77, 20))
	errs := s.Definition.Check(sc, target)
	if len(errs) != 1 {
		t.Fatalf("one unknown setting gave %d problems: %v", len(errs), errs)
	}
	for _, part := range []string{"drivertest.yaml:77:3", "no_such_setting"} {
		if !strings.Contains(errs[0].Error(), part) {
			t.Errorf("%q does not say %q", errs[0], part)
		}
	}
	if _, err := s.Definition.Open(t.Context(), driver.Env{Clock: r.clock, Scenario: sc, Target: target, Address: r.Address}); err == nil {
		t.Error("Open took settings that Check refuses")
	}
}

func scalar(text string, line, column int) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Value: text, Line: line, Column: column}
}

func (s Subject) description(t *testing.T) {
	r := s.rig(t, Healthy)
	d := r.open(t, variants[0].scenario(t, mixed), "")
	describer, ok := d.(driver.Describer)
	if !ok {
		t.Fatal("the driver does not describe its target")
	}
	for _, when := range []string{"before Provision", "after it"} {
		about, err := describer.Describe(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		if about.Kind == driver.Real || !slices.Contains([]driver.Kind{driver.Embedded, driver.Simulated, driver.Other}, about.Kind) {
			t.Errorf("%s: a target that the suite made calls itself %q", when, about.Kind)
		}
		if about.Identity == "" || about.Client == "" {
			t.Errorf("%s: identity %q, client %q: expected both", when, about.Identity, about.Client)
		}
		s.noSecret(t, about)
		if p, ok := d.(driver.Provisioner); ok {
			if err := p.Provision(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// noSecret checks that nothing of the credentials is in what a driver says.
func (s Subject) noSecret(t testing.TB, said any) {
	t.Helper()
	text, err := json.Marshal(said)
	if err != nil {
		t.Fatalf("%T is no JSON: %v", said, err)
	}
	for _, secret := range s.Secrets {
		if strings.Contains(string(text), secret) {
			t.Errorf("a credential is in %s", text)
		}
	}
}

func (s Subject) sampling(t *testing.T) {
	r := s.rig(t, Healthy)
	v := variants[3]
	sc := v.scenario(t, mixed)
	d := r.ready(t, sc, "")
	sampler, ok := d.(driver.Sampler)
	if !ok {
		t.Log("not applicable: the driver reads no counters")
		return
	}
	read := func() (total float64) {
		sample, err := sampler.Sample(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.noSecret(t, sample)
		for name, value := range sample.Counters {
			if math.IsNaN(value) || math.IsInf(value, 0) {
				t.Errorf("counter %s is %v, which JSON cannot hold", name, value)
			}
		}
		seen := map[string]bool{}
		for _, p := range sample.Partitions {
			if p.ID == "" || seen[p.ID] {
				t.Errorf("partition %q is listed twice, or has no name", p.ID)
			}
			seen[p.ID] = true
			total += float64(p.Reads+p.Writes) + p.ReadUnits + p.WriteUnits
		}
		return total
	}
	before := read()
	se, m := session(t, d), v.maker(t)
	for item := range uint64(10) {
		r.do(t, t.Context(), se, m.op(t, op.Read, item, 0))
		r.do(t, t.Context(), se, m.op(t, op.Update, item, 0))
	}
	if after := read(); before > 0 && after <= before {
		t.Errorf("20 operations took the partitions' counters from %g to %g", before, after)
	}
}

func (s Subject) warming(t *testing.T) {
	r := s.rig(t, Healthy)
	d := r.ready(t, variants[0].scenario(t, mixed), "")
	w, ok := d.(driver.Warmer)
	if !ok {
		t.Log("not applicable: the driver opens no connections beforehand")
		return
	}
	if err := w.Warm(t.Context(), 8); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Warm(ctx, 8); err == nil {
		t.Error("warming with an ended context reported success")
	}
}

// meter is runner.Meter, which this package may not import.
type meter interface {
	Consumed() (readUnits, writeUnits float64)
}

func total(sc *workload.Scenario, f func(itemBytes uint64) float64) (sum float64) {
	for item := range sc.Dataset.Items {
		sum += f(sc.ItemSize(item))
	}
	return sum
}

// near compares sums of units, which are multiples of a half.
func near(a, b float64) bool { return math.Abs(a-b) < 1e-6 }

func units(read, write float64) string { return fmt.Sprintf("%g read, %g write units", read, write) }
