package attribute

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestItemSize is vector V24: awslabs/amazon-dynamodb-tools, item size calculator.
func TestItemSize(t *testing.T) {
	const text = `{"Id":{"N":"101"},"Title":{"S":"Book 101 Title"},"ISBN":{"S":"111-1111111111"},"Authors":{"L":[{"S":"Author1"}]},
		"Price":{"N":"2"},"Dimensions":{"S":"8.5 x 11.0 x 0.5"},"PageCount":{"N":"500"},"InPublication":{"BOOL":true},"ProductCategory":{"S":"Book"}}`
	var it Item
	if err := json.Unmarshal([]byte(text), &it); err != nil {
		t.Fatal(err)
	}
	if it.Size() != 137 {
		t.Errorf("%d bytes, want 137", it.Size())
	}
}

func TestNormalise(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "-0": "0", "007": "7", "1.50": "1.5", "-3.0": "-3", "1e3": "1000", "0.001": "0.001",
		"12345678901234567890123456789012345678": "12345678901234567890123456789012345678",
	} {
		if got, err := Normalise(in); err != nil || got != want {
			t.Errorf("Normalise(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "x", "1e126", "1e-131", "123456789012345678901234567890123456789", "NaN", "0x10", "1_000"} {
		if got, err := Normalise(in); err == nil {
			t.Errorf("Normalise(%q) = %q, want an error", in, got)
		}
	}
}

func TestRefused(t *testing.T) {
	for in, want := range map[string]string{
		`{}`:                         "is empty",
		`{"X":1}`:                    "is empty",
		`{"S":null}`:                 "is empty",
		`{"S":"a","N":"1"}`:          "more than one datatypes",
		`{"S":1}`:                    "NUMBER_VALUE cannot be converted to String",
		`{"BOOL":"true"}`:            "STRING_VALUE cannot be converted to Boolean",
		`{"L":{}}`:                   "Start of structure or map",
		`{"M":[]}`:                   "Start of list",
		`{"NULL":false}`:             "Null attribute value types",
		`{"SS":[]}`:                  "An string set  may not be empty",
		`{"NS":["1","1.0"]}`:         "Input collection contains duplicates",
		`{"SS":["b","a","b"]}`:       "Input collection [b, a, b] contains duplicates.",
		`{"B":"A"}`:                  "Base64",
		strings.Repeat(`{"L":[`, 40): "Nesting Levels",
		`{"N":"1"`:                   "well-formed",
		`"S"`:                        "Unexpected field type",
		`{"N":"` + strings.Repeat("9", 39) + `"}`: "38 significant digits",
	} {
		var v Value
		if err := v.UnmarshalJSON([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %q", in, err, want)
		}
	}
}

func TestDepth(t *testing.T) {
	for in, want := range map[string]int{`{"S":"a"}`: 0, `{"L":[]}`: 1, `{"L":[{"M":{"a":{"N":"1"}}}]}`: 2} {
		var v Value
		if err := v.UnmarshalJSON([]byte(in)); err != nil || v.Depth() != want {
			t.Errorf("%s: depth %d, %v, want %d", in, v.Depth(), err, want)
		}
	}
}

func TestNumberOrder(t *testing.T) {
	ordered := []string{"-1e100", "-20", "-10.5", "-10", "-9", "-0.02", "-0.01", "0", "1e-100", "0.01", "0.011", "1", "9", "10", "10.5", "11", "100", "1e100"}
	for i := 1; i < len(ordered); i++ {
		a, b := Value{Type: N, Text: ordered[i-1]}, Value{Type: N, Text: ordered[i]}
		if c, ok := a.Compare(b); !ok || c >= 0 {
			t.Errorf("%s is not below %s", a.Text, b.Text)
		}
	}
}

func TestNumberOrderAgreesWithIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Int64Range(-1e15, 1e15), 2, 20).Draw(t, "list")
		texts := make([]string, len(list))
		for i, n := range list {
			raw, err := json.Marshal(n)
			if err != nil {
				t.Fatal(err)
			}
			if texts[i], err = Normalise(string(raw)); err != nil {
				t.Fatal(err)
			}
		}
		slices.Sort(list)
		slices.SortFunc(texts, func(a, b string) int { return compareText(N, a, b) })
		for i, n := range list {
			if raw, _ := json.Marshal(n); string(raw) != texts[i] {
				t.Fatalf("place %d: %s, want %d", i, texts[i], n)
			}
		}
	})
}

func FuzzValue(f *testing.F) {
	for _, s := range []string{
		`{"S":"x"}`, `{"N":"1.5"}`, `{"L":[{"M":{"a":{"NULL":true}}}]}`, `{"SS":["a","b"]}`, `{"B":"AAE="}`, `{"N":"1e400"}`,
		`{"NS":["10","9"]}`, `{"BS":["AAE=",""]}`, `{"S":"\u00e9\n\"<"}`, `{"BOOL":false}`, `{"M":{}}`, `{"L":[]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var v Value
		if json.Unmarshal(text, &v) != nil {
			return
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		it := Item{"x": v}
		stored := Stored(it.Encode(nil))
		long, err := it.Append(nil)
		if y := stored.Item()["x"]; err != nil || !y.Equal(v) || stored.Size() != it.Size() || string(stored.AppendJSON(nil)) != string(long) {
			t.Fatalf("stored, %s became %s of %d bytes: %v", long, stored.AppendJSON(nil), stored.Size(), err)
		}
		var w Value
		if err := json.Unmarshal(again, &w); err != nil || !v.Equal(w) {
			t.Fatalf("%s became %s: %v", text, again, err)
		}
	})
}
