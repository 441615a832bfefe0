package imports

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"crossover/costmodel/units"
)

// reference is what an item counts, computed anew from encoding/json's view of it.
func reference(t *testing.T, attributes map[string]any) int {
	size := 0
	for name, v := range attributes {
		size += len(name) + referenceValue(t, v)
	}
	return size
}

func referenceValue(t *testing.T, v any) (size int) {
	for kind, x := range v.(map[string]any) {
		switch kind {
		case "S":
			return len(x.(string))
		case "N":
			return units.NumberSize(x.(string))
		case "B":
			b, err := base64.StdEncoding.DecodeString(x.(string))
			if err != nil {
				t.Fatal(err)
			}
			return len(b)
		case "BOOL", "NULL":
			return 1
		case "SS", "NS", "BS":
			for _, e := range x.([]any) {
				size += referenceValue(t, map[string]any{kind[:1]: e})
			}
			return size
		case "L":
			size = 3
			for _, e := range x.([]any) {
				size += 1 + referenceValue(t, e)
			}
			return size
		case "M":
			return 3 + reference(t, x.(map[string]any)) + len(x.(map[string]any))
		}
	}
	t.Fatalf("%v has no type", v)
	return 0
}

// FuzzRecord holds the scanner to encoding/json: what it accepts is JSON, and counts the same.
func FuzzRecord(f *testing.F) {
	f.Add(`{"Item":{"pk":{"S":"k"},"n":{"N":"-1.50e3"},"b":{"B":"AAE="},"l":{"L":[{"NULL":true},{"M":{"x":{"BOOL":false}}}]}}}`)
	f.Add(`{"Item":{"pk":{"S":"\ud83d\ude00\u00e9\n\ud83d"},"s":{"SS":["a","\\"]},"e":{"L":[]},"m":{"M":{}}}}`)
	f.Add(`{"Metadata":{"WriteTimestampMicros":{"N":"1680109764000000"}},"Keys":{"pk":{"S":"1"}},"OldImage":{},"NewImage":{"pk":{"S":"1"}}}`)
	f.Add(`{ "Item" : { } } `)
	f.Add(`{"Item":{"a":{"N":"1"},"a":{"N":"2"}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var s scanner
		var r record
		if err := s.record([]byte(text), &r); err != nil {
			if s.offset < 0 || s.offset > len(text) {
				t.Fatalf("an offset of %d in %d bytes", s.offset, len(text))
			}
			return
		}
		if !json.Valid([]byte(text)) {
			t.Fatalf("accepted what is not JSON: %q", text)
		}
		var doc struct{ Item map[string]any }
		if err := json.Unmarshal([]byte(text), &doc); err != nil || !utf8.ValidString(text) || !r.hasFull {
			return
		}
		if len(doc.Item) != len(r.full.attributes) || strings.Count(text, `"M"`) > 0 {
			return // a name twice, which encoding/json keeps once
		}
		if want := reference(t, doc.Item); r.full.size != want {
			t.Fatalf("%q: %d bytes, want %d", text, r.full.size, want)
		}
	})
}

// FuzzManifest wants manifests read or refused, and no path outside the export's directory.
func FuzzManifest(f *testing.F) {
	f.Add(`{"itemCount":8,"md5Checksum":"sQMSpEILNgoQmarvDFonGQ==","etag":"af83d6f217c19b8b0fff8023d8ca4716-1","dataFileS3Key":"AWSDynamoDB/01/data/a.json.gz"}`)
	f.Add("{\"dataFileS3Key\":\"../..\"}\n\n{\"dataFileS3Key\":\"a/b\"}")
	f.Fuzz(func(t *testing.T, text string) {
		m := &Manifest{Dir: t.TempDir()}
		if err := m.files("manifest-files.json", strings.NewReader(text)); err != nil {
			return
		}
		for _, f := range m.Files {
			if f.Key == "" || f.Path != "" {
				t.Fatalf("%+v in an empty directory", f)
			}
		}
	})
}

func TestHarmonic(t *testing.T) {
	for _, theta := range []float64{0, 0.5, 0.99, 1, 1.5} {
		sum := 0.0
		for k := 1; k <= 200_000; k++ {
			sum += math.Pow(float64(k), -theta)
		}
		if got := harmonic(200_000, theta); got < sum*(1-1e-9) || got > sum*(1+1e-9) {
			t.Errorf("theta %v: %v, want %v", theta, got, sum)
		}
	}
}
