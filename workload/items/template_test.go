package items

import (
	"bytes"
	"compress/flate"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// everyType has each type, and each source at least once; pay takes the rest.
func everyType() []Attribute {
	return []Attribute{
		{Name: "id", Type: String, From: UUID},
		{Name: "raw_id", Type: Binary, From: UUID},
		{Name: "at", Type: String, From: Timestamp},
		{Name: "ms", Type: Number, From: Timestamp},
		{Name: "state", Type: String, From: Enum, Of: []string{"active", "idle", "gone"}},
		{Name: "note", Type: String, From: Text, Bytes: 70},
		{Name: "count", Type: Number, From: Integer, Min: -50, Max: 1_000_000},
		{Name: "price", Type: Number, From: Decimal, Min: -3, Max: 999},
		{Name: "pay", Type: String, From: Random, Filler: true, Repeats: 0.3},
		{Name: "on", Type: Bool},
		{Name: "none", Type: Null},
		{Name: "blob", Type: Binary, From: Random, Bytes: 33},
		{Name: "tags", Type: StringSet, From: Random, Bytes: 4, Count: 64},
		{Name: "nums", Type: NumberSet, From: Integer, Min: 0, Max: 9, Count: 10},
		{Name: "list", Type: List, From: Decimal, Min: 0, Max: 9, Count: 5},
		{Name: "map", Type: Map, From: Enum, Of: []string{"x", "yy"}, Count: 3},
	}
}

func mustTemplate(t interface{ Fatal(...any) }, attributes []Attribute) *Template {
	tp, err := NewTemplate(attributes)
	if err != nil {
		t.Fatal(err)
	}
	return tp
}

// counted is what a value counts in DynamoDB's item size, worked out from its parts.
func counted(a *Attribute, v *Value) int {
	number := func(b []byte) int {
		digits := strings.Trim(strings.ReplaceAll(strings.TrimPrefix(string(b), "-"), ".", ""), "0")
		return int(math.Ceil(float64(len(digits))/2)) + 1 + strings.Count(string(b), "-")
	}
	n := 0
	for k, e := range v.Elements {
		if a.NumericElements() {
			n += number(e)
		} else {
			n += len(e)
		}
		if a.Type == Map {
			n += len(ElementName(k))
		}
		if a.Type == Map || a.Type == List {
			n++
		}
	}
	switch a.Type {
	case List, Map:
		return n + 3
	case StringSet, NumberSet:
		return n
	case Number:
		return number(v.Text)
	case Bool, Null:
		return 1
	}
	return len(v.Text)
}

// Values count what was asked for, all together, whatever item and version; they are the same
// each time, and of the type and range that the template says.
func TestTemplate(t *testing.T) {
	tp := mustTemplate(t, everyType())
	rapid.Check(t, func(t *rapid.T) {
		seed, item, version := rapid.Uint64().Draw(t, "seed"), rapid.Uint64().Draw(t, "item"), rapid.Uint64().Draw(t, "version")
		want := tp.MaxOther() + rapid.IntRange(1, 3000).Draw(t, "more")
		body := tp.Append([]byte("before"), seed, item, version, want)
		if !bytes.HasPrefix(body, []byte("before")) {
			t.Fatal("what was there before is gone")
		}
		body = body[len("before"):]
		if !bytes.Equal(body, tp.Append(nil, seed, item, version, want)) {
			t.Fatal("the same values twice are not the same")
		}
		if bytes.Equal(body, tp.Append(nil, seed, item, version+1, want)) || bytes.Equal(body, tp.Append(nil, seed, item+1, version, want)) {
			t.Fatal("another version, or another item, has the same values")
		}
		values, ok := tp.Values(nil, body)
		if !ok {
			t.Fatal("values that cannot be read")
		}
		sum := 0
		for i := range values {
			a := &tp.Attributes()[i]
			n := counted(a, &values[i])
			if sum += n; !a.Filler && n > a.maxBytes() {
				t.Fatalf("%s counts %d, above its most, %d", a.Name, n, a.maxBytes())
			}
			checkValue(t, a, &values[i])
		}
		if sum != want {
			t.Fatalf("values count %d, want %d", sum, want)
		}
	})
}

func checkValue(t *rapid.T, a *Attribute, v *Value) {
	texts := v.Elements
	if !a.Type.Composite() {
		texts = [][]byte{v.Text}
	} else if len(texts) != a.Count {
		t.Fatalf("%s has %d elements, want %d", a.Name, len(texts), a.Count)
	}
	seen := map[string]bool{}
	for _, b := range texts {
		s := string(b)
		if seen[s] && (a.Type == StringSet || a.Type == NumberSet) {
			t.Fatalf("%s holds %q twice", a.Name, s)
		}
		seen[s] = true
		ok := true
		switch {
		case a.Filler || a.Type == Null:
		case a.Type == Bool:
			ok = s == "t" || s == "f"
		case a.From == UUID && a.Type == Binary:
			ok = len(s) == 16 && s[6]>>4 == 4 && s[8]>>6 == 2
		case a.From == UUID:
			ok = len(s) == 36 && s[14] == '4' && strings.ContainsRune("89ab", rune(s[19])) && strings.Count(s, "-") == 4
		case a.From == Timestamp && a.Type == Number:
			ms, err := strconv.ParseInt(s, 10, 64)
			ok = err == nil && time.UnixMilli(ms).UTC().Year() == 2025
		case a.From == Timestamp:
			at, err := time.Parse(time.RFC3339, s)
			ok = err == nil && at.Year() == 2025
		case a.From == Enum:
			ok = strings.Contains("|"+strings.Join(a.Of, "|")+"|", "|"+s+"|")
		case a.From == Integer:
			n, err := strconv.ParseInt(s, 10, 64)
			ok = err == nil && n >= a.Min && n <= a.Max && s == strconv.FormatInt(n, 10)
		case a.From == Decimal:
			f, err := strconv.ParseFloat(s, 64)
			ok = err == nil && f >= float64(a.Min) && f <= float64(a.Max) && s == strconv.FormatFloat(f, 'f', -1, 64)
		default:
			ok = len(s) == a.Bytes
		}
		if !ok {
			t.Fatalf("%s has the value %q", a.Name, s)
		}
	}
}

// A body that was cut, or has a length in it that is not so, is refused and not read past.
func FuzzValues(f *testing.F) {
	tp := mustTemplate(f, everyType())
	f.Add(tp.Append(nil, 1, 2, 3, tp.MaxOther()+100))
	f.Add([]byte{})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, body []byte) {
		values, ok := tp.Values(nil, body)
		n := 0
		for i := range values {
			n += len(values[i].Text)
			for _, e := range values[i].Elements {
				n += len(e)
			}
		}
		if ok && n > len(body) {
			t.Fatalf("%d bytes of values in a body of %d", n, len(body))
		}
	})
}

func TestTemplateAllocatesNothing(t *testing.T) {
	tp := mustTemplate(t, everyType())
	body := tp.Append(nil, 1, 2, 3, tp.MaxOther()+1000)
	values, _ := tp.Values(nil, body)
	version := uint64(0)
	if n := testing.AllocsPerRun(200, func() {
		version++
		body = tp.Append(body[:0], 1, 2, version, tp.MaxOther()+900)
		values, _ = tp.Values(values, body)
	}); n != 0 {
		t.Errorf("%v allocations for values in storage that is large enough", n)
	}
}

func TestTemplateRefuses(t *testing.T) {
	filler := Attribute{Name: "a", Type: String, From: Random, Filler: true}
	number := Attribute{Name: "n", Type: Number, From: Integer, Max: 5, Filler: true}
	for _, list := range [][]Attribute{{}, {filler, filler}, {number}, {{Name: "b", Type: Bool}}} {
		if _, err := NewTemplate(list); err == nil {
			t.Errorf("%v is taken", list)
		}
	}
}

// What is left of values after a real compressor is what the stated share leaves: of random
// letters 6 bits in 8, of random bytes all.
func TestValuesCompressAsStated(t *testing.T) {
	const n = 100_000
	for _, c := range []struct {
		kind Type
		bits float64
	}{{String, 6}, {Binary, 8}} {
		for _, share := range []float64{0, 0.25, 0.5, 0.9, 1} {
			for _, filler := range []bool{true, false} {
				a := Attribute{Name: "a", Type: c.kind, From: Random, Bytes: n, Repeats: share}
				list := []Attribute{a, {Name: "rest", Type: String, From: Random, Filler: true}}
				bytes := n + 1
				if filler {
					a.Filler, a.Bytes = true, 0
					list, bytes = []Attribute{a}, n
				}
				tp := mustTemplate(t, list)
				values, _ := tp.Values(nil, tp.Append(nil, 1, 2, 3, bytes))
				got, want := compressed(t, values[0].Text)/n, (1-share)*c.bits/8
				// Deflate's own tables and references to the pattern take a few percent.
				if got < want-0.01 || got > want+0.06 {
					t.Errorf("%s, compressibility %.0f%%, filler %v: %.1f%% of the bytes remain, want about %.1f%%",
						c.kind, 100*share, filler, 100*got, 100*want)
				}
			}
		}
	}
}

func compressed(t *testing.T, b []byte) float64 {
	size := &counter{}
	w, err := flate.NewWriter(size, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return float64(size.n)
}

func TestAppendHundredths(t *testing.T) {
	got := map[int64]string{}
	for _, v := range []int64{0, 5, 50, 100, 105, 110, -1, -250, 123456} {
		got[v] = string(appendHundredths(nil, v))
	}
	want := map[int64]string{0: "0", 5: "0.05", 50: "0.5", 100: "1", 105: "1.05", 110: "1.1", -1: "-0.01", -250: "-2.5", 123456: "1234.56"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The cells are the buckets' halves: within a bucket every size is as likely.
func TestHistogramFits(t *testing.T) {
	buckets := []Bucket{{100, 0.4}, {300, 0.1}, {302, 0.2}, {1302, 0.3}}
	s, err := Histogram(buckets)
	if err != nil {
		t.Fatal(err)
	}
	edges := []uint64{50, 100, 200, 300, 301, 302, 802, 1302}
	p := []float64{0.2, 0.2, 0.05, 0.05, 0.1, 0.1, 0.15, 0.15}
	mustFit(t, s, p, func(size uint64) int {
		for i, e := range edges {
			if size <= e {
				return i
			}
		}
		t.Fatalf("a size of %d", size)
		return 0
	})
	if low, high := s.Bounds(); low != 1 || high != 1302 {
		t.Errorf("bounds %d and %d", low, high)
	}
}

func TestHistogramRefuses(t *testing.T) {
	for _, buckets := range [][]Bucket{
		nil,
		{{100, 0.5}},
		{{100, 0.5}, {100, 0.5}},
		{{100, 0.5}, {50, 0.5}},
		{{0, 1}},
		{{100, 1.5}, {200, -0.5}},
		{{100, math.NaN()}},
		make([]Bucket, MaxBuckets+1),
	} {
		if _, err := Histogram(buckets); err == nil {
			t.Errorf("%d buckets are taken: %s", len(buckets), fmt.Sprint(buckets)[:min(60, len(fmt.Sprint(buckets)))])
		}
	}
}
