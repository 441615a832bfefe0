package expression

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"testing"

	as "github.com/aerospike/aerospike-client-go/v7"

	"crossover/driver/embedded/aerospike/msgpack"
	"crossover/driver/embedded/aerospike/wire"
)

// packed returns an expression as the Go client sends it.
func packed(t testing.TB, e *as.Expression) []byte {
	t.Helper()
	text, err := e.Base64()
	if err != nil {
		t.Fatal(err)
	}
	b, decodeErr := base64.StdEncoding.DecodeString(text)
	if decodeErr != nil {
		t.Fatal(decodeErr)
	}
	return b
}

// list packs integers.
func list(v ...int64) []byte {
	b := msgpack.AppendList(nil, len(v), 0)
	for _, e := range v {
		b = msgpack.AppendInt(b, e)
	}
	return b
}

// aRecord has a bin of each type.
func aRecord() *Record {
	number := func(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }
	bins := map[string]struct {
		kind  uint8
		value []byte
	}{
		"i": {wire.Integer, number(42)}, "f": {wire.Float, number(math.Float64bits(2.5))}, "s": {wire.String, []byte("hello")},
		"b": {wire.Blob, []byte{0xf0, 0x01}}, "t": {wire.Bool, []byte{1}}, "l": {wire.List, list(3, 1, 2)},
		"m":   {wire.Map, append(msgpack.AppendMap(nil, 1, 0), append(msgpack.AppendBytes(nil, wire.String, []byte("k")), 7)...)},
		"geo": {wire.GeoJSON, append([]byte{0, 0, 0}, `{"type":"Point","coordinates":[8.5,47.3]}`...)},
	}
	return &Record{
		Bin: func(name []byte) (uint8, []byte) { return bins[string(name)].kind, bins[string(name)].value },
		Key: append([]byte{wire.String}, "user"...), Set: "people", Bytes: 128,
		Digest: wire.Digest{16: 10, 17: 1}, LastUpdate: 1000, VoidTime: 60, Now: 11_000,
	}
}

func TestExpressions(t *testing.T) {
	i, f, s := as.ExpIntVal, as.ExpFloatVal, as.ExpStringVal
	yes, no := as.ExpBoolVal(true), as.ExpBoolVal(false)
	none := as.ExpUnknown()
	absent := as.ExpEq(as.ExpIntBin("absent"), i(1))
	region := as.ExpGeoVal(`{"type":"Polygon","coordinates":[[[8,47],[9,47],[9,48],[8,48],[8,47]]]}`)
	truth := func(v bool) any { return v }
	for _, c := range []struct {
		name string
		e    *as.Expression
		want any // nil: unknown
	}{
		{"equal", as.ExpEq(as.ExpIntBin("i"), i(42)), true},
		{"a bin of another type", as.ExpEq(as.ExpStringBin("i"), s("42")), nil},
		{"a bin that is not there", absent, nil},
		{"strings in order", as.ExpLess(as.ExpStringBin("s"), s("help")), true},
		{"blobs", as.ExpGreaterEq(as.ExpBlobBin("b"), as.ExpBlobVal([]byte{0xf0})), true},
		{"floats", as.ExpLessEq(as.ExpFloatBin("f"), f(2.5)), true},
		{"booleans", as.ExpNotEq(as.ExpBoolBin("t"), yes), false},
		{"nil", as.ExpEq(as.ExpNilValue(), as.ExpNilValue()), true},
		{"lists", as.ExpGreater(as.ExpListBin("l"), as.ExpListVal(as.NewValue(3), as.NewValue(0))), true},
		{"no number", as.ExpNotEq(f(math.NaN()), f(1)), true},

		{"and", as.ExpAnd(yes, no, none), false},
		{"and of what is unknown", as.ExpAnd(yes, none), nil},
		{"unknown and false", as.ExpAnd(none, no), false},
		{"or", as.ExpOr(none, yes), true},
		{"or of what is unknown", as.ExpOr(no, none), nil},
		{"not", as.ExpNot(no), true},
		{"not unknown", as.ExpNot(none), nil},
		{"exactly one", as.ExpExclusive(no, yes, no), true},
		{"two of three", as.ExpExclusive(yes, yes, no), false},
		{"one of what is unknown", as.ExpExclusive(no, none), nil},

		{"sum", as.ExpNumAdd(i(1), i(2), as.ExpIntBin("i")), int64(45)},
		{"negation", as.ExpNumSub(i(5)), int64(-5)},
		{"difference", as.ExpNumSub(f(5), f(1.5), f(1)), 2.5},
		{"product", as.ExpNumMul(i(-3), i(4)), int64(-12)},
		{"quotient of a product", as.ExpNumDiv(i(100), i(3), i(4)), int64(8)},
		{"reciprocal", as.ExpNumDiv(f(4)), 0.25},
		{"divided by nothing", as.ExpNumDiv(i(1), i(0)), nil},
		{"the smallest by -1", as.ExpNumDiv(i(math.MinInt64), i(-1)), int64(math.MinInt64)},
		{"remainder", as.ExpNumMod(i(-7), i(3)), int64(-1)},
		{"remainder of -1", as.ExpNumMod(i(math.MinInt64), i(-1)), int64(0)},
		{"remainder of nothing", as.ExpNumMod(i(7), i(0)), nil},
		{"power", as.ExpNumPow(f(2), f(10)), 1024.0},
		{"logarithm", as.ExpNumLog(f(8), f(2)), 3.0},
		{"absolute", as.ExpNumAbs(i(-3)), int64(3)},
		{"floor", as.ExpNumFloor(f(-1.5)), -2.0},
		{"ceiling", as.ExpNumCeil(f(1.2)), 2.0},
		{"to an integer", as.ExpToInt(f(2.9)), int64(2)},
		{"to a float", as.ExpToFloat(i(2)), 2.0},
		{"least", as.ExpMin(i(3), i(1), i(2)), int64(1)},
		{"most", as.ExpMax(f(3), f(7)), 7.0},

		{"bits and", as.ExpIntAnd(i(12), i(10)), int64(8)},
		{"bits or", as.ExpIntOr(i(12), i(10)), int64(14)},
		{"bits xor", as.ExpIntXor(i(12), i(10)), int64(6)},
		{"bits not", as.ExpIntNot(i(0)), int64(-1)},
		{"left", as.ExpIntLShift(i(1), i(4)), int64(16)},
		{"right without a sign", as.ExpIntRShift(i(-1), i(60)), int64(15)},
		{"right with a sign", as.ExpIntARShift(i(-16), i(2)), int64(-4)},
		{"how many bits", as.ExpIntCount(i(7)), int64(3)},
		{"first bit", as.ExpIntLScan(i(1), yes), int64(63)},
		{"last bit that is not", as.ExpIntRScan(i(-2), no), int64(63)},
		{"no bit", as.ExpIntLScan(i(0), yes), int64(-1)},

		{"digest", as.ExpDigestModulo(7), int64(266 % 7)},
		{"size", as.ExpDeviceSize(), int64(128)},
		{"in memory", as.ExpMemorySize(), int64(0)},
		{"last update", as.ExpLastUpdate(), int64((epoch + 1) * 1e9)},
		{"since the update", as.ExpSinceUpdate(), int64(10_000)},
		{"void time", as.ExpVoidTime(), int64((epoch + 60) * 1e9)},
		{"time to live", as.ExpTTL(), int64(49)},
		{"set", as.ExpSetName(), "people"},
		{"the key is stored", as.ExpKeyExists(), true},
		{"a tombstone", as.ExpIsTombstone(), false},
		{"key", as.ExpKey(as.ExpTypeSTRING), "user"},
		{"key of another type", as.ExpKey(as.ExpTypeINT), nil},
		{"type of a bin", as.ExpBinType("l"), int64(wire.List)},
		{"a bin's existence", as.ExpBinExists("absent"), false},

		{"regular expression", as.ExpRegexCompare("^h.*o$", as.ExpRegexFlagNONE, as.ExpStringBin("s")), true},
		{"without case", as.ExpRegexCompare("HELL", as.ExpRegexFlagICASE, as.ExpStringBin("s")), true},
		{"basic: a bar is a bar", as.ExpRegexCompare("x|hello", as.ExpRegexFlagNONE, as.ExpStringBin("s")), false},
		{"extended: a bar is or", as.ExpRegexCompare("x|hello", as.ExpRegexFlagEXTENDED, as.ExpStringBin("s")), true},
		{"basic: groups", as.ExpRegexCompare(`\(l\)\{2\}`, as.ExpRegexFlagNONE, as.ExpStringBin("s")), true},

		{"within", as.ExpGeoCompare(as.ExpGeoBin("geo"), region), true},
		{"condition", as.ExpCond(as.ExpEq(i(1), i(2)), s("a"), yes, s("b"), s("c")), "b"},
		{"else", as.ExpCond(no, i(1), i(2)), int64(2)},
		{"condition unknown", as.ExpCond(absent, i(1), i(2)), nil},
		{"unknown as any type", as.ExpCond(no, none, i(2)), int64(2)},
		{"let", as.ExpLet(as.ExpDef("x", i(4)), as.ExpDef("y", as.ExpNumMul(as.ExpVar("x"), i(2))),
			as.ExpNumAdd(as.ExpVar("x"), as.ExpVar("y"))), int64(12)},

		{"an element", as.ExpListGetByIndex(as.ListReturnTypeValue, as.ExpTypeINT, i(0), as.ExpListBin("l")), int64(3)},
		{"an element by an expression", as.ExpListGetByRank(as.ListReturnTypeValue, as.ExpTypeINT,
			as.ExpNumSub(as.ExpIntBin("i"), i(42)), as.ExpListBin("l")), int64(1)},
		{"an element that is not there", as.ExpListGetByIndex(as.ListReturnTypeValue, as.ExpTypeINT, i(9), as.ExpListBin("l")), nil},
		{"what a list would become", as.ExpListSize(as.ExpListAppend(as.DefaultListPolicy(), i(9), as.ExpListBin("l"))), int64(4)},
		{"a key's value", as.ExpMapGetByKey(as.MapReturnType.VALUE, as.ExpTypeINT, s("k"), as.ExpMapBin("m")), int64(7)},
		{"bits of a blob", as.ExpBitCount(i(0), i(16), as.ExpBlobBin("b")), int64(5)},
		{"bits of a changed blob", as.ExpBitCount(i(0), i(8), as.ExpBitNot(as.DefaultBitPolicy(), i(0), i(8), as.ExpBlobBin("b"))), int64(4)},
	} {
		e, ok := Compile(packed(t, c.e))
		if !ok {
			t.Errorf("%s: refused", c.name)
			continue
		}
		v := e.Eval(aRecord())
		var got any
		switch {
		case v.Unknown:
		case v.Type == Bool:
			got = truth(v.Int != 0)
		case v.Type == Int:
			got = v.Int
		case v.Type == Float:
			got = v.Float
		default:
			got = string(v.Bytes)
		}
		if got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestWhatIsNoExpression(t *testing.T) {
	i, s := as.ExpIntVal, as.ExpStringVal
	for name, e := range map[string]*as.Expression{
		"an integer and a string":     as.ExpEq(i(1), s("1")),
		"mixed numbers":               as.ExpNumAdd(i(1), as.ExpFloatVal(1)),
		"and of a number":             as.ExpAnd(i(1), as.ExpBoolVal(true)),
		"one to exclude":              as.ExpExclusive(as.ExpBoolVal(true)),
		"modulo 0":                    as.ExpDigestModulo(0),
		"a variable that is not":      as.ExpVar("x"),
		"itself":                      as.ExpLet(as.ExpDef("x", as.ExpVar("x")), i(1)),
		"a variable twice":            as.ExpLet(as.ExpDef("x", i(1)), as.ExpDef("x", i(2)), i(1)),
		"a variable's odd name":       as.ExpLet(as.ExpDef("1x", i(1)), i(1)),
		"no default":                  as.ExpCond(as.ExpBoolVal(true), i(1)),
		"results of two types":        as.ExpCond(as.ExpBoolVal(true), i(1), s("x")),
		"a broken regular expression": as.ExpRegexCompare("(", as.ExpRegexFlagEXTENDED, s("x")),
		"no GeoJSON":                  as.ExpGeoCompare(as.ExpGeoBin("g"), as.ExpGeoVal("{}")),
		"a list operation on a blob":  as.ExpListSize(as.ExpBlobBin("b")),
		"a bin's name of 16 bytes":    as.ExpBinExists("0123456789abcdef"),
		"HyperLogLogs in order":       as.ExpEq(as.ExpHLLBin("h"), as.ExpHLLBin("h")),
	} {
		if _, ok := Compile(packed(t, e)); ok {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, ok := CompileFilter(packed(t, i(1))); ok {
		t.Error("a number is a filter")
	}
	deep := i(1)
	for range 2 * maxDepth {
		deep = as.ExpIntNot(deep)
	}
	if _, ok := Compile(packed(t, deep)); ok {
		t.Error("any depth is accepted")
	}
}

func TestOperations(t *testing.T) {
	e := packed(t, as.ExpIntVal(1))
	op := func(parts ...[]byte) []byte {
		b := msgpack.AppendList(nil, len(parts), 0)
		for _, p := range parts {
			b = append(b, p...)
		}
		return b
	}
	for _, c := range []struct {
		name   string
		b      []byte
		writes bool
		want   bool
	}{
		{"flags", op(e, []byte{EvalNoFail}), false, true},
		{"no flags", op(e), true, true},
		{"a read's flags of a write", op(e, []byte{CreateOnly}), false, false},
		{"only create and only update", op(e, []byte{CreateOnly | UpdateOnly}), true, false},
		{"three parts", op(e, []byte{0}, []byte{0}), true, false},
		{"no list", e, true, false},
	} {
		if _, ok := ParseOperation(c.b, c.writes); ok != c.want {
			t.Errorf("%s: %v", c.name, ok)
		}
	}
}

func FuzzExpression(f *testing.F) {
	for _, e := range []*as.Expression{
		as.ExpEq(as.ExpIntBin("i"), as.ExpIntVal(42)),
		as.ExpLet(as.ExpDef("x", as.ExpIntVal(4)), as.ExpNumAdd(as.ExpVar("x"), as.ExpIntBin("i"))),
		as.ExpRegexCompare("h.*o", as.ExpRegexFlagICASE, as.ExpStringBin("s")),
		as.ExpListGetByIndex(as.ListReturnTypeValue, as.ExpTypeINT, as.ExpIntVal(0), as.ExpListBin("l")),
		as.ExpBitCount(as.ExpIntVal(0), as.ExpIntVal(16), as.ExpBlobBin("b")),
		as.ExpCond(as.ExpBinExists("t"), as.ExpMapSize(as.ExpMapBin("m")), as.ExpTTL()),
		as.ExpGeoCompare(as.ExpGeoBin("geo"), as.ExpGeoVal(`{"type":"AeroCircle","coordinates":[[8,47],1000]}`)),
		as.ExpHLLGetCount(as.ExpHLLBin("h")),
	} {
		f.Add(packed(f, e))
	}
	r := aRecord()
	f.Fuzz(func(t *testing.T, b []byte) {
		e, ok := Compile(b)
		if !ok {
			return
		}
		v := e.Eval(r)
		if v.Unknown {
			return
		}
		if _, _, ok := v.Particle(); !ok || v.Type != e.Type() {
			t.Fatalf("type %d yields %+v", e.Type(), v)
		}
	})
}
