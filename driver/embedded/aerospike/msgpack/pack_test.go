package msgpack

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"crossover/driver/embedded/aerospike/wire"
)

// pack packs Go values: a pairs is a map whose order stays, a flagged adds flags.
type (
	pairs   []any
	flagged struct {
		flags uint8
		of    any
	}
)

func pack(v any) []byte { return appendAny(nil, v, 0) }

func appendAny(dst []byte, v any, flags uint8) []byte {
	switch v := v.(type) {
	case nil:
		return AppendNil(dst)
	case bool:
		return AppendBool(dst, v)
	case int:
		return AppendInt(dst, int64(v))
	case float64:
		return AppendFloat(dst, math.Float64bits(v))
	case string:
		return AppendBytes(dst, wire.String, []byte(v))
	case []byte:
		return AppendBytes(dst, wire.Blob, v)
	case []any:
		dst = AppendList(dst, len(v), flags)
		for _, e := range v {
			dst = appendAny(dst, e, 0)
		}
		return dst
	case pairs:
		dst = AppendMap(dst, len(v)/2, flags)
		for _, e := range v {
			dst = appendAny(dst, e, 0)
		}
		return dst
	case flagged:
		return appendAny(dst, v.of, v.flags)
	}
	panic(fmt.Sprintf("%T", v))
}

var (
	wildcard = []byte{0xd4, 0xff, 0}
	infinity = []byte{0xd4, 0xff, 1}
)

// TestOrderOfTypes holds the documented order: nil, boolean, integer, string, list, map, bytes,
// double, GeoJSON, infinity.
func TestOrderOfTypes(t *testing.T) {
	ascending := [][]byte{
		pack(nil), pack(false), pack(true), pack(math.MinInt64), pack(-33), pack(-1), pack(0), pack(127), pack(128),
		pack(70000), pack(math.MaxInt64), pack(""), pack("a"), pack("aa"), pack("b"),
		pack([]any{}), pack([]any{1}), pack([]any{1, 1}), pack([]any{1, 2}), pack([]any{2}), pack([]any{[]any{9, 9}}),
		pack(pairs{}), pack(pairs{"a", 1}), pack(pairs{"a", 2}), pack(pairs{"b", 1}), pack(pairs{"a", 1, "b", 1}),
		pack([]byte{}), pack([]byte{0}), pack([]byte{0, 0}), pack([]byte{1}),
		pack(math.Inf(-1)), pack(-1.5), pack(0.0), pack(2.5),
		AppendBytes(nil, wire.GeoJSON, []byte("{}")), infinity,
	}
	for i, a := range ascending {
		for j, b := range ascending {
			want := 0
			if i != j {
				want = sign(i < j)
			}
			if got := Compare(a, b); got != want {
				t.Errorf("%x with %x: %d, want %d", a, b, got, want)
			}
		}
		if n := Size(a); n != len(a) {
			t.Errorf("%x: size %d", a, n)
		}
	}
}

func TestWildcardsAndFlagsInComparison(t *testing.T) {
	list := func(elements ...[]byte) []byte {
		return append(AppendList(nil, len(elements), 0), bytes.Join(elements, nil)...)
	}
	for _, c := range []struct {
		name string
		a, b []byte
		want int
	}{
		{"a wildcard", wildcard, pack("anything"), 0},
		{"the rest of a list", list(pack(1), wildcard), pack([]any{1, 2, 3}), 0},
		{"another first element", list(pack(1), wildcard), pack([]any{2, 2}), -1},
		{"the first of two different lists decides", pack([]any{[]any{1}, 9}), pack([]any{[]any{1, 2}, 1}), -1},
		{"infinity in a list", list(pack(1), infinity), pack([]any{1, "z"}), 1},
		{"an ordered list and one that is not", pack(flagged{Ordered, []any{1, 2}}), pack([]any{1, 2}), 0},
		{"an ordered map and one that is not", pack(flagged{Ordered, pairs{1, 2}}), pack(pairs{1, 2}), 0},
		{"an integer in nine bytes", []byte{0xd3, 0, 0, 0, 0, 0, 0, 0, 5}, pack(5), 0},
		{"above the largest signed", []byte{0xcf, 0xff, 0, 0, 0, 0, 0, 0, 0}, pack(math.MaxInt64), 1},
		{"half a float", []byte{0xca, 0x3f, 0x80, 0, 0}, pack(1.0), 0},
	} {
		if got := Compare(c.a, c.b); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestNormalise(t *testing.T) {
	for _, c := range []struct {
		name     string
		in, want any
		own      bool
	}{
		{"a list", []any{3, 1, 2}, []any{3, 1, 2}, true},
		{"an ordered list", flagged{Ordered, []any{3, 1, 2}}, flagged{Ordered, []any{1, 2, 3}}, true},
		{"a map", pairs{"b", 1, "a", 2}, pairs{"a", 2, "b", 1}, true},
		{"a key twice", pairs{"a", 1, "b", 2, "a", 3}, pairs{"a", 3, "b", 2}, true},
		{"an ordered map", flagged{Ordered, pairs{2, "x", 1, "y"}}, flagged{Ordered, pairs{1, "y", 2, "x"}}, true},
		{"inside", []any{pairs{"b", 1, "a", flagged{Ordered, []any{2, 1}}}}, []any{pairs{"a", flagged{Ordered, []any{1, 2}}, "b", 1}}, true},
		{"an index that is kept", flagged{Ordered | Persisted, []any{1}}, flagged{Ordered | Persisted, []any{1}}, true},
		{"an index inside of a value", flagged{Ordered | Persisted, []any{1}}, flagged{Ordered, []any{1}}, false},
		{"values without keys in order", flagged{ValueOrdered, pairs{1, 2}}, pairs{1, 2}, true},
	} {
		got, err := Normalise(nil, pack(c.in), c.own)
		if err != nil || !bytes.Equal(got, pack(c.want)) {
			t.Errorf("%s: %x, %v, want %x", c.name, got, err, pack(c.want))
		}
	}
	deep := append(bytes.Repeat([]byte{0x91}, MaxDepth+1), 1)
	for name, in := range map[string][]byte{
		"nothing": {}, "two values": {1, 2}, "a cut string": {0xa5, 3, 'a'}, "an unknown type": {0xc1},
		"a list of 4 thousand million": {0xdd, 0xff, 0xff, 0xff, 0xff, 1}, "a wildcard": append([]byte{0x91}, wildcard...),
		"too deep": deep, "half a map": {0x81, 1}, "a map of 2^31": {0xdf, 0x80, 0, 0, 0, 1, 1},
	} {
		if out, err := Normalise(nil, in, true); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %x, %v", name, out, err)
		}
	}
	if _, err := Normalise(nil, deep[1:], true); err != nil {
		t.Errorf("at the deepest: %v", err)
	}
}

func TestParticles(t *testing.T) {
	for _, c := range []struct {
		packed []byte
		kind   uint8
		value  string // hexadecimal
	}{
		{pack(-2), wire.Integer, "fffffffffffffffe"},
		{pack(1.5), wire.Float, "3ff8000000000000"},
		{pack("hi"), wire.String, "6869"},
		{pack([]byte{7}), wire.Blob, "07"},
		{pack(true), wire.Bool, "01"},
		{pack(nil), wire.Null, ""},
		{pack([]any{1}), wire.List, "9101"},
		{pack(pairs{1, 2}), wire.Map, "810102"},
		{AppendBytes(nil, wire.GeoJSON, []byte("g")), wire.GeoJSON, "00000067"},
		{AppendBytes(nil, wire.HLL, []byte{1}), wire.HLL, "01"},
	} {
		kind, value, ok := Particle(c.packed)
		if !ok || kind != c.kind || hex.EncodeToString(value) != c.value {
			t.Errorf("%x: type %d, %x, %v", c.packed, kind, value, ok)
		}
		back, ok := AppendParticle(nil, kind, value)
		if !ok || !bytes.Equal(back, c.packed) {
			t.Errorf("type %d, %x back: %x, %v", kind, value, back, ok)
		}
	}
}

// TestCompareIsAnOrder draws values and holds that the order is one.
func TestCompareIsAnOrder(t *testing.T) {
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		scalars := []*rapid.Generator[any]{
			rapid.Just[any](nil), rapid.Map(rapid.Bool(), func(v bool) any { return v }),
			rapid.Map(rapid.Int(), func(v int) any { return v }), rapid.Map(rapid.StringN(0, 3, 3), func(v string) any { return v }),
			rapid.Map(rapid.Float64(), func(v float64) any { return v }),
			rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 3), func(v []byte) any { return v }),
		}
		if depth == 0 {
			return rapid.OneOf(scalars...)
		}
		inner := value(depth - 1)
		return rapid.OneOf(append(scalars,
			rapid.Map(rapid.SliceOfN(inner, 0, 3), func(v []any) any { return v }),
			rapid.Map(rapid.SliceOfN(inner, 0, 2), func(v []any) any { return pairs(slices.Concat(v, v)) }))...)
	}
	rapid.Check(t, func(t *rapid.T) {
		x, y, z := pack(value(2).Draw(t, "x")), pack(value(2).Draw(t, "y")), pack(value(2).Draw(t, "z"))
		if Compare(x, x) != 0 || Compare(x, y) != -Compare(y, x) {
			t.Fatalf("%x, %x: %d and %d", x, y, Compare(x, y), Compare(y, x))
		}
		if Compare(x, y) <= 0 && Compare(y, z) <= 0 && Compare(x, z) > 0 {
			t.Fatalf("%x <= %x <= %x, but not the first and the last", x, y, z)
		}
		once, err := Normalise(nil, x, true)
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := Normalise(nil, once, true); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%x becomes %x, and then %x, %v", x, once, twice, err)
		}
	})
}

func FuzzValue(f *testing.F) {
	for _, v := range []any{nil, -5, "text", []any{1, []any{"a"}, pairs{1, 2}}, flagged{Ordered, pairs{2, 1, 1, 2}}} {
		f.Add(pack(v), pack([]any{v}))
	}
	f.Add(wildcard, infinity)
	f.Add([]byte{0xdd, 0x7f, 0xff, 0xff, 0xff}, []byte{0xdf, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		Compare(a, b)
		if n := Size(a); n > len(a) {
			t.Fatalf("%d of %d bytes", n, len(a))
		}
		out, err := Normalise(nil, a, true)
		if err != nil {
			return
		}
		if len(out) > 2*len(a)+16 || Size(out) != len(out) {
			t.Fatalf("%d bytes became %d, of which a value takes %d", len(a), len(out), Size(out))
		}
		// A blob of another language's type is a plain one in a bin, and an integer is signed.
		item, _, _ := Next(out)
		if item.Kind == Integer && item.Bits > math.MaxInt64 {
			return
		}
		if kind, value, ok := Particle(out); ok && (item.Kind != Bytes || item.Type == kind) {
			if back, ok := AppendParticle(nil, kind, value); !ok || Compare(back, out) != 0 {
				t.Fatalf("%x as a bin %d %x and back is %x", out, kind, value, back)
			}
		}
	})
}
