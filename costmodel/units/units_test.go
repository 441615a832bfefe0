package units_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"crossover/costmodel/units"
	"crossover/driver/embedded/dynamodb/attribute"
)

func TestReadAndWrite(t *testing.T) {
	for _, c := range []struct {
		bytes                           uint64
		eventual, strong, transactional float64
		write, transactionalWrite       float64
	}{
		{0, 0.5, 1, 2, 1, 2}, // a missing item
		{1, 0.5, 1, 2, 1, 2},
		{1024, 0.5, 1, 2, 1, 2},
		{1025, 0.5, 1, 2, 2, 4},
		{4096, 0.5, 1, 2, 4, 8},
		{4097, 1, 2, 4, 5, 10},
		{400 * 1024, 50, 100, 200, 400, 800},
	} {
		got := [5]float64{
			units.Read(c.bytes, units.Eventual), units.Read(c.bytes, units.Strong), units.Read(c.bytes, units.Transactional),
			units.Write(c.bytes, false), units.Write(c.bytes, true),
		}
		if want := [5]float64{c.eventual, c.strong, c.transactional, c.write, c.transactionalWrite}; got != want {
			t.Errorf("%d bytes: %v, want %v", c.bytes, got, want)
		}
	}
}

func TestPage(t *testing.T) {
	// A page of 1 MB, eventually consistent: 256 blocks of 4 KB at half a unit.
	if got := units.Page(units.MaxPage, units.Eventual); got != 128 {
		t.Errorf("a full page: %v units, want 128", got)
	}
	if got := units.Page(0, units.Strong); got != 1 {
		t.Errorf("an empty page: %v units, want 1", got)
	}
}

func TestNumberSize(t *testing.T) {
	for n, want := range map[string]int{
		"0": 1, "1": 2, "101": 3, "500": 2, "2": 2, "-2": 3, "1000000": 2, "1.50": 2, "0.001": 2, "12345678901234567890123456789012345678": 20,
		"-12345678901234567890123456789012345678": 21, "1e10": 2, "100.01": 4,
	} {
		if got := units.NumberSize(n); got != want {
			t.Errorf("%s: %d bytes, want %d", n, got, want)
		}
	}
}

// TestMonotonic: a larger item never costs less, reading together never more than apart, and
// twice the consistency is twice the price.
func TestMonotonic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Uint64Range(0, units.MaxItem).Draw(t, "a")
		b := rapid.Uint64Range(a, units.MaxItem).Draw(t, "b")
		if units.Read(a, units.Strong) > units.Read(b, units.Strong) || units.Write(a, false) > units.Write(b, false) {
			t.Fatalf("%d bytes cost more than %d", a, b)
		}
		if units.Page(a+b, units.Strong) > units.Read(a, units.Strong)+units.Read(b, units.Strong) {
			t.Fatalf("a page of %d and %d bytes costs more than two reads", a, b)
		}
		if units.Read(a, units.Strong) != 2*units.Read(a, units.Eventual) || units.Read(a, units.Transactional) != 2*units.Read(a, units.Strong) {
			t.Fatalf("%d bytes: the consistencies are not in proportion 1:2:4", a)
		}
	})
}

// TestVectors asserts the published worked examples of capacity units and item sizes.
func TestVectors(t *testing.T) {
	text, err := os.ReadFile("../testdata/vectors.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			ID, Kind, Source string
			Inputs           struct {
				ItemKB  float64   `yaml:"item_kb"`
				ItemsKB []float64 `yaml:"items_kb"`
				ItemsB  []uint64  `yaml:"items_b"`
				ItemB   uint64    `yaml:"item_b"`
				Items   any
				Item    map[string]any
				ReadsS  float64 `yaml:"reads_s"`
				WritesS float64 `yaml:"writes_s"`
			}
			Expect, Tolerance map[string]float64
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	asserted := 0
	for _, v := range file.Vectors {
		if !strings.HasPrefix(v.Kind, "units_") && v.Kind != "item_size" {
			continue
		}
		if v.Kind == "units_global_tables" {
			continue // of costmodel/dynamodb
		}
		asserted++
		in := v.Inputs
		size := uint64(in.ItemKB * 1024)
		got := map[string]float64{}
		switch v.Kind {
		case "units_read":
			got["strong"], got["eventual"], got["transactional"] = units.Read(size, units.Strong), units.Read(size, units.Eventual), units.Read(size, units.Transactional)
		case "units_write":
			got["standard"], got["transactional"] = units.Write(size, false), units.Write(size, true)
		case "units_batchget": // each item rounded by itself
			for _, kb := range in.ItemsKB {
				got["units"] += units.Read(uint64(kb*1024), units.Strong)
			}
		case "units_query": // the sum rounded once
			n, ok := in.Items.(int)
			if !ok {
				t.Fatalf("%s: items %v", v.ID, in.Items)
			}
			got["strong"], got["eventual"] = units.Page(uint64(n)*in.ItemB, units.Strong), units.Page(uint64(n)*in.ItemB, units.Eventual)
		case "units_batchwrite":
			for _, b := range in.ItemsB {
				got["units"] += units.Write(b, false)
			}
		case "units_missing_item":
			got["strong"], got["eventual"] = units.Read(0, units.Strong), units.Read(0, units.Eventual)
		case "units_rate":
			got["rcu"], got["wcu"] = in.ReadsS*units.Read(size, units.Eventual), in.WritesS*units.Write(size, false)
		case "item_size":
			text, err := json.Marshal(in.Item)
			if err != nil {
				t.Fatal(err)
			}
			var item attribute.Item
			if err := json.Unmarshal(text, &item); err != nil {
				t.Fatal(err)
			}
			got["bytes"] = float64(item.Size())
		default:
			t.Errorf("%s: no test asserts a %s", v.ID, v.Kind)
		}
		for key, want := range v.Expect {
			t.Logf("| %-4s | %-42s | %16.10g | %16.10g | %+10.3g | %s", v.ID, key, want, got[key], got[key]-want, v.Source)
			if x, ok := got[key]; !ok || math.Abs(x-want) > v.Tolerance[key] {
				t.Errorf("%s %s: %v, want %v within %v (%s)", v.ID, key, x, want, v.Tolerance[key], v.Source)
			}
		}
	}
	if asserted != 8 {
		t.Errorf("%d vectors asserted, want 8", asserted)
	}
}
