package figure

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

var (
	price    = New(0.125, "USD/million units", Price, "price book")
	measured = New(10, "units", Measured, "run r1")
	modelled = New(20, "units", Modelled, "embedded run r2")
	assumed  = New(3, "years", Assumed, "default")
)

func TestWeakest(t *testing.T) {
	sum := func(in ...Figure) Figure {
		var inputs []Input
		for _, f := range in {
			inputs = append(inputs, In(f.Source, f))
		}
		return Derive(1, "USD", "a + b", inputs...)
	}
	for _, c := range []struct {
		name string
		f    Figure
		want Basis
	}{
		{"a leaf is its own", measured, Measured},
		{"prices alone", sum(price, price), Price},
		{"price and measurement", sum(price, measured), Measured},
		{"one model among measurements", sum(measured, modelled, measured), Modelled},
		{"an assumption beats all", sum(price, measured, modelled, assumed), Assumed},
		{"however deep", sum(price, sum(measured, sum(modelled))), Modelled},
		{"an unknown basis is as weak as an assumption", sum(price, New(1, "x", "guess", "y"), modelled), "guess"},
		{"derived from nothing is as it says", Derive(1, "x", "y"), Derived},
	} {
		if got := c.f.Weakest(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestValid(t *testing.T) {
	good := Derive(2, "USD", "a × b", In("price", price), In("units", measured))
	if err := good.Valid(); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		name, want string
		f          Figure
	}{
		{"no unit", "no unit", New(1, "", Price, "book")},
		{"no source", "without a source", New(1, "USD", Price, "")},
		{"no basis", "no basis", New(1, "USD", "", "book")},
		{"no formula", "without a formula", Derive(1, "USD", "", In("a", price))},
		{"no inputs", "without a formula or inputs", Derive(1, "USD", "a")},
		{"deep inside", "total: units: ", Derive(1, "USD", "a", In("total",
			Derive(1, "USD", "b", In("units", New(1, "units", Assumed, "")))))},
	} {
		if err := c.f.Valid(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestJSONKeepsTheTree(t *testing.T) {
	want := Derive(2, "USD", "a × b", In("price", price), In("inner", Derive(1, "x", "c", In("units", modelled))))
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Figure
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s", text)
	}
}

func TestString(t *testing.T) {
	if got := New(1234567.891, "USD/month", Price, "x").String(); got != "1.23457e+06 USD/month" {
		t.Errorf("got %q", got)
	}
}
