package cdt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"crossover/driver/embedded/aerospike/msgpack"
	"crossover/driver/embedded/aerospike/wire"
)

// kv is a map, its pairs as they are to lie; ordered has the flags of one.
type (
	kv      []any
	ordered struct {
		flags uint8
		of    any
	}
)

// of packs a Go value.
func of(v any) []byte { return pack(nil, v, 0) }

func pack(dst []byte, v any, flags uint8) []byte {
	switch v := v.(type) {
	case nil:
		return msgpack.AppendNil(dst)
	case bool:
		return msgpack.AppendBool(dst, v)
	case int:
		return msgpack.AppendInt(dst, int64(v))
	case float64:
		return msgpack.AppendFloat(dst, math.Float64bits(v))
	case string:
		return msgpack.AppendBytes(dst, wire.String, []byte(v))
	case raw:
		return append(dst, v...)
	case []any:
		dst = msgpack.AppendList(dst, len(v), flags)
		for _, e := range v {
			dst = pack(dst, e, 0)
		}
		return dst
	case kv:
		dst = msgpack.AppendMap(dst, len(v)/2, flags)
		for _, e := range v {
			dst = pack(dst, e, 0)
		}
		return dst
	case ordered:
		return pack(dst, v.of, v.flags)
	}
	panic(fmt.Sprintf("%T", v))
}

type raw []byte

// list and sortedList are what most tests begin with.
func list(v ...any) any       { return []any(v) }
func sortedList(v ...any) any { return ordered{msgpack.Ordered, []any(v)} }
func keyed(v ...any) any      { return ordered{msgpack.Ordered, kv(v)} }

// op packs an operation, ctx its context.
func op(code int, args ...any) raw { return raw(of(append([]any{code}, args...))) }

func in(ctx []any, o raw) raw { return raw(of([]any{contextEval, ctx, o})) }

// bin is what a bin holds: nil for none.
func bin(v any) (uint8, []byte) {
	if v == nil {
		return wire.Null, nil
	}
	kind, value, ok := msgpack.Particle(of(v))
	if !ok {
		panic("no particle")
	}
	return kind, value
}

const inverted = answerInverted

// none is an answer of nothing; none of the values that a test packs is it.
type noAnswer struct{}

// scene is one operation on one bin: what comes of it, and what is answered.
type scene struct {
	name   string
	bin    any
	op     raw
	answer any
	after  any // nil: as before
	result wire.Result
}

func (s *scene) run(t *testing.T) {
	t.Helper()
	call, r := ParseCall(s.op)
	if r != wire.OK {
		if r != s.result {
			t.Errorf("%s: %d, want %d", s.name, r, s.result)
		}
		return
	}
	kind, value := bin(s.bin)
	before := bytes.Clone(value)
	var answer Answer
	if modifies, _ := Modifies(call.Code); modifies {
		var got []byte
		var newKind uint8
		newKind, got, answer, r = Modify(kind, value, &call)
		want := s.after
		if want == nil {
			want = s.bin
		}
		wantKind, wantValue := bin(want)
		if newKind != wantKind || !bytes.Equal(got, wantValue) {
			t.Errorf("%s: the bin is %d %x, want %d %x", s.name, newKind, got, wantKind, wantValue)
		}
	} else {
		answer, r = Read(kind, value, &call)
	}
	if !bytes.Equal(before, value) {
		t.Errorf("%s: changed the value in place", s.name)
	}
	if r != s.result {
		t.Errorf("%s: result %d, want %d", s.name, r, s.result)
		return
	}
	if _, none := s.answer.(noAnswer); none || r != wire.OK {
		if answer.Type != wire.Null {
			t.Errorf("%s: answers %d %x, want nothing", s.name, answer.Type, answer.Value)
		}
		return
	}
	if wantKind, want := bin(s.answer); answer.Type != wantKind || !bytes.Equal(answer.Value, want) {
		t.Errorf("%s: answers %d %x, want %d %x", s.name, answer.Type, answer.Value, wantKind, want)
	}
}

func TestListWrites(t *testing.T) {
	no := noAnswer{}
	for _, s := range []scene{
		{"append", list(1, 2), op(listAppend, 3), 3, list(1, 2, 3), 0},
		{"append to nothing", nil, op(listAppend, 3), 1, list(3), 0},
		{"append to nothing, in order", nil, op(listAppend, 3, 1, 0), 1, sortedList(3), 0},
		{"append to an ordered list", sortedList(1, 5), op(listAppend, 3), 3, sortedList(1, 3, 5), 0},
		{"append a value that is there", list(1, 2), op(listAppend, 2, 0, writeUnique), nil, nil, wire.ElementExists},
		{"the same, without failing", list(1, 2), op(listAppend, 2, 0, writeUnique|writeNoFail), 2, nil, 0},
		{"append items", list(1), op(listAppendItems, list(2, 3)), 3, list(1, 2, 3), 0},
		{"append no items to nothing", nil, op(listAppendItems, list()), 0, list(), 0},
		{"append items twice in themselves", list(1), op(listAppendItems, list(2, 2), 0, writeUnique), nil, nil, wire.NotApplicable},
		{"append items, some there", list(1), op(listAppendItems, list(1, 2), 0, writeUnique), nil, nil, wire.ElementExists},
		{"append items, those that are not", list(1), op(listAppendItems, list(1, 2, 2), 0, writeUnique|writeNoFail|writePartial), 2, list(1, 2), 0},
		{"append items in order", sortedList(3), op(listAppendItems, list(5, 1)), 3, sortedList(1, 3, 5), 0},
		{"append what is no list of items", list(1), op(listAppendItems, 2), nil, nil, wire.ParameterError},
		{"insert", list(1, 2), op(listInsert, 1, 9), 3, list(1, 9, 2), 0},
		{"insert from the end", list(1, 2), op(listInsert, -1, 9), 3, list(1, 9, 2), 0},
		{"insert beyond the end", list(1), op(listInsert, 3, 9), 4, list(1, nil, nil, 9), 0},
		{"insert beyond the end, bounded", list(1), op(listInsert, 3, 9, writeBounded), nil, nil, wire.NotApplicable},
		{"insert before the beginning", list(1), op(listInsert, -2, 9), nil, nil, wire.NotApplicable},
		{"insert into an ordered list", sortedList(1), op(listInsert, 0, 9), nil, nil, wire.NotApplicable},
		{"insert items", list(1, 2), op(listInsertItems, 1, list(8, 9)), 4, list(1, 8, 9, 2), 0},
		{"insert a thousand million elements away", list(1), op(listInsert, 1<<30, 9), nil, nil, wire.RecordTooBig},
		{"set", list(1, 2), op(listSet, 1, 9), no, list(1, 9), 0},
		{"set beyond the end", list(1), op(listSet, 2, 9), no, list(1, nil, 9), 0},
		{"set to what another is", list(1, 2), op(listSet, 0, 2, writeUnique), nil, nil, wire.ElementExists},
		{"set to what it is", list(1, 2), op(listSet, 0, 1, writeUnique), no, nil, 0},
		{"set in an ordered list", sortedList(1), op(listSet, 0, 2), nil, nil, wire.NotApplicable},
		{"increment", list(1, 2), op(listIncrement, 1), 3, list(1, 3), 0},
		{"increment by a float", list(1, 2.5), op(listIncrement, 1, 1.5), 4.0, list(1, 4.0), 0},
		{"increment an integer by a float", list(1), op(listIncrement, 0, 2.9), 3, list(3), 0},
		{"increment in an ordered list", sortedList(1, 2, 3), op(listIncrement, 0, 9), 10, sortedList(2, 3, 10), 0},
		{"increment a string", list("a"), op(listIncrement, 0, 1), nil, nil, wire.ParameterError},
		{"increment beyond the end", list(1), op(listIncrement, 2, 5), 5, list(1, nil, 5), 0},
		{"order", list(3, 1, 2), op(listSetType, 1), no, sortedList(1, 2, 3), 0},
		{"no order", sortedList(1, 2), op(listSetType, 0), no, list(1, 2), 0},
		{"an order that there is not", list(1), op(listSetType, 7), nil, nil, wire.NotApplicable},
		{"a new ordered list", nil, op(listSetType, 1), no, sortedList(), 0},
		{"sort", list(3, "a", 1, 1), op(listSort), no, list(1, 1, 3, "a"), 0},
		{"sort down", list(1, 3, 2), op(listSort, sortDescending), no, list(3, 2, 1), 0},
		{"sort without what is equal", list(1, 3, 1), op(listSort, sortDropEqual), no, list(1, 3), 0},
		{"sort nothing", nil, op(listSort), nil, nil, wire.BinTypeError},
		{"clear", sortedList(1), op(listClear), no, sortedList(), 0},
		{"trim", list(1, 2, 3, 4), op(listTrim, 1, 2), 2, list(2, 3), 0},
		{"trim to nothing", list(1, 2), op(listTrim, 5, 1), 2, list(), 0},
		{"pop", list(1, "x"), op(listPop, -1), "x", list(1), 0},
		{"pop what is not there", list(1), op(listPop, 1), nil, nil, wire.NotApplicable},
		{"pop from nothing", nil, op(listPop, 0), no, nil, 0},
		{"pop a range", list(1, 2, 3), op(listPopRange, 1), list(2, 3), list(1), 0},
		{"remove", list(1, 2), op(listRemove, 0), 1, list(2), 0},
		{"remove a range", list(1, 2, 3), op(listRemoveRange, 0, 2), 2, list(3), 0},
		{"too many arguments", list(1), op(listPop, 0, 1), nil, nil, wire.ParameterError},
		{"too few", list(1), op(listInsert, 0), nil, nil, wire.ParameterError},
		{"a wildcard", list(1), op(listAppend, raw{0xd4, 0xff, 0}), nil, nil, wire.ParameterError},
		{"a map", kv{1, 2}, op(listAppend, 1), nil, nil, wire.BinTypeError},
		{"an operation that there is not", list(1), op(14, 1), nil, nil, wire.ParameterError},
	} {
		s.run(t)
	}
}

func TestListChoices(t *testing.T) {
	five := list(4, 2, 4, 1, 3)
	for _, s := range []scene{
		{"get", five, op(listGet, 3), 1, nil, 0},
		{"get what is not there", five, op(listGet, 5), nil, nil, wire.NotApplicable},
		{"get a range", five, op(listGetRange, -2, 9), list(1, 3), nil, 0},
		{"get a range before the beginning", five, op(listGetRange, -7, 3), list(4), nil, 0},
		{"by index, its rank", five, op(listGetByIndex, answerRank, 0), 3, nil, 0},
		{"by index, its reverse rank", five, op(listGetByIndex, answerReverseRank, 3), 4, nil, 0},
		{"by index range, inverted", five, op(listGetByIndexRange, answerValue|inverted, 1, 3), list(4, 3), nil, 0},
		{"by index range, reverse indexes", five, op(listGetByIndexRange, answerReverseIndex, 0, 2), list(3, 4), nil, 0},
		{"by rank", five, op(listGetByRank, answerValue, 0), 1, nil, 0},
		{"by rank, its index", five, op(listGetByRank, answerIndex, -1), 2, nil, 0},
		{"by rank range", five, op(listGetByRankRange, answerValue, 1, 3), list(2, 3, 4), nil, 0},
		{"by rank range, indexes as they lie", five, op(listGetByRankRange, answerIndex, 0, 3), list(1, 3, 4), nil, 0},
		{"by rank range, inverted", five, op(listGetByRankRange, answerValue|inverted, 0, 3), list(4, 4), nil, 0},
		{"by value, the first only", five, op(listGetByValue, answerIndex, 4), 0, nil, 0},
		{"by value, all", five, op(listGetAllByValue, answerIndex, 4), list(0, 2), nil, 0},
		{"by value, none", five, op(listGetByValue, answerIndex, 9), -1, nil, 0},
		{"by value, how many", five, op(listGetAllByValue, answerCount, 4), 2, nil, 0},
		{"by value, whether", five, op(listGetAllByValue, answerExists, 9), false, nil, 0},
		{"by value, inverted", five, op(listGetAllByValue, answerValue|inverted, 4), list(2, 1, 3), nil, 0},
		{"by value interval", five, op(listGetByValueInterval, answerValue, 2, 4), list(2, 3), nil, 0},
		{"by value interval, open", five, op(listGetByValueInterval, answerRank, 3), list(2, 3, 4), nil, 0},
		{"by values", five, op(listGetByValueList, answerValue, list(1, 4)), list(4, 4, 1), nil, 0},
		{"by values, ranks in their order", five, op(listGetByValueList, answerRank, list(4, 1)), list(3, 4, 0), nil, 0},
		{"by values in an ordered list", sortedList(1, 2, 2, 3), op(listGetByValueList, answerIndex, list(3, 2)), list(3, 1, 2), nil, 0},
		{"by relative rank", list(0, 4, 5, 9, 11, 15), op(listGetByRelRank, answerValue, 5, 0), list(5, 9, 11, 15), nil, 0},
		{"by relative rank below", list(0, 4, 5, 9, 11, 15), op(listGetByRelRank, answerValue, 5, -1, 2), list(4, 5), nil, 0},
		{"by relative rank of what is not there", list(0, 4, 5, 9, 11, 15), op(listGetByRelRank, answerValue, 3, -3, 4), list(0, 4), nil, 0},
		{"an inverted single", five, op(listGetByIndex, answerValue|inverted, 0), nil, nil, wire.NotApplicable},
		{"keys of a list", five, op(listGetByIndexRange, answerKey, 0), nil, nil, wire.NotApplicable},
		{
			"what matches a wildcard", list(list("a", 1), list("b", 2), list("a", 3)),
			op(listGetAllByValue, answerValue, list("a", raw{0xd4, 0xff, 0})), list(list("a", 1), list("a", 3)), nil, 0,
		},
		{"remove by value", five, op(listRemoveAllByValue, answerCount, 4), 2, list(2, 1, 3), 0},
		{"remove by rank", five, op(listRemoveByRank, answerNone, 0), noAnswer{}, list(4, 2, 4, 3), 0},
		{"remove all but", five, op(listRemoveByValueInterval(), answerValue|inverted, 2, 4), list(4, 4, 1), list(2, 3), 0},
		{"remove by values", five, op(listRemoveByValueList, answerValue, list(4, 7)), list(4, 4), list(2, 1, 3), 0},
		{"remove from an ordered list", sortedList(1, 2, 3), op(listRemoveByIndexRange, answerValue, 1), list(2, 3), sortedList(1), 0},
		{"size", five, op(listSize), 5, nil, 0},
		{"size of a string", "x", op(listSize), nil, nil, wire.BinTypeError},
	} {
		s.run(t)
	}
}

func listRemoveByValueInterval() int { return listRemoveValueInterval }

func TestMaps(t *testing.T) {
	abc := keyed("a", 3, "b", 1, "c", 2)
	no := noAnswer{}
	for _, s := range []scene{
		{"put", abc, op(mapPut, "d", 4), 4, keyed("a", 3, "b", 1, "c", 2, "d", 4), 0},
		{"put over", abc, op(mapPut, "b", 4), 3, keyed("a", 3, "b", 4, "c", 2), 0},
		{"put into nothing", nil, op(mapPut, "a", 1, 1), 1, keyed("a", 1), 0},
		{"put, only create", abc, op(mapPut, "b", 4, 0, writeUnique), nil, nil, wire.ElementExists},
		{"put, only update", abc, op(mapPut, "z", 4, 0, writeBounded), nil, nil, wire.ElementNotFound},
		{"put, denied without failing", abc, op(mapPut, "b", 4, 0, writeUnique|writeNoFail), 3, nil, 0},
		{"put items", kv{}, op(mapPutItems, kv{"b", 1, "a", 2}), 2, kv{"a", 2, "b", 1}, 0},
		{
			"put items, those that may be", abc, op(mapPutItems, kv{"c", 9, "z", 1}, 0, writeUnique|writeNoFail|writePartial), 4,
			keyed("a", 3, "b", 1, "c", 2, "z", 1), 0,
		},
		{"put items, some denied", abc, op(mapPutItems, kv{"c", 9, "z", 1}, 0, writeUnique), nil, nil, wire.ElementExists},
		{"add", abc, op(mapAdd, "a", 1), nil, nil, wire.ElementExists},
		{"replace", abc, op(mapReplace, "z", 1), nil, nil, wire.ElementNotFound},
		{"replace items of nothing", nil, op(mapReplaceItems, kv{"a", 1}), nil, nil, wire.ElementNotFound},
		{"increment", abc, op(mapIncrement, "a", 2), 5, keyed("a", 5, "b", 1, "c", 2), 0},
		{"decrement a new key", kv{}, op(mapDecrement, "x", 2), -2, kv{"x", -2}, 0},
		{"clear", abc, op(mapClear), no, keyed(), 0},
		{"order", kv{"a", 1}, op(mapSetType, 3), no, ordered{3, kv{"a", 1}}, 0},
		{"an order by value alone", kv{"a", 1}, op(mapSetType, 2), nil, nil, wire.NotApplicable},
		{"get by key", abc, op(mapGetByKey, answerValue, "b"), 1, nil, 0},
		{"get by a key that is not there", abc, op(mapGetByKey, answerValue, "x"), no, nil, 0},
		{"its index", abc, op(mapGetByKey, answerIndex, "c"), 2, nil, 0},
		{"its rank", abc, op(mapGetByKey, answerRank, "c"), 1, nil, 0},
		{"the index of none", abc, op(mapGetByKey, answerIndex, "x"), -1, nil, 0},
		{"key and value", abc, op(mapGetByKey, answerPairs, "b"), ordered{msgpack.PreserveOrder, kv{"b", 1}}, nil, 0},
		{"get by index", abc, op(mapGetByIndex, answerKey, -1), "c", nil, 0},
		{"get by an index that is not there", abc, op(mapGetByIndex, answerKey, 3), nil, nil, wire.NotApplicable},
		{"get by rank", abc, op(mapGetByRank, answerKey, 0), "b", nil, 0},
		{"by rank range", abc, op(mapGetByRankRange, answerKey, 0), list("b", "c", "a"), nil, 0},
		{"by rank range, pairs", abc, op(mapGetByRankRange, answerPairs, 1), ordered{msgpack.PreserveOrder, kv{"c", 2, "a", 3}}, nil, 0},
		{"by rank range, a map by key", abc, op(mapGetByRankRange, answerOrdered, 1), keyed("a", 3, "c", 2), nil, 0},
		{"by key interval", abc, op(mapGetByKeyInterval, answerValue, "a", "c"), list(3, 1), nil, 0},
		{"by key interval, inverted", abc, op(mapGetByKeyInterval, answerKey|inverted, "b", "c"), list("a", "c"), nil, 0},
		{"by keys", abc, op(mapGetByKeyList, answerValue, list("c", "x", "a")), list(3, 2), nil, 0},
		{"by value", abc, op(mapGetAllByValue, answerKey, 2), list("c"), nil, 0},
		{"by value interval", abc, op(mapGetByValueInterval, answerKey, 2), list("a", "c"), nil, 0},
		{
			"by value interval where values are in order",
			ordered{3, kv{"a", 3, "b", 1, "c", 2}},
			op(mapGetByValueInterval, answerKey, 2), list("c", "a"), nil, 0,
		},
		{"by values", abc, op(mapGetByValueList, answerKey, list(1, 3)), list("a", "b"), nil, 0},
		{"by relative index", keyed(0, 17, 4, 2, 5, 15, 9, 10), op(mapGetByRelIndex, answerKey, 5, 0), list(5, 9), nil, 0},
		{"by relative index below", keyed(0, 17, 4, 2, 5, 15, 9, 10), op(mapGetByRelIndex, answerKey, 3, -1, 2), list(0, 4), nil, 0},
		{"by relative rank", keyed(0, 17, 4, 2, 5, 15, 9, 10), op(mapGetByRelRank, answerKey, 11, -1, 2), list(9, 5), nil, 0},
		{"remove by key", abc, op(mapRemoveByKey, answerValue, "b"), 1, keyed("a", 3, "c", 2), 0},
		{"remove a key that is not there", abc, op(mapRemoveByKey, answerCount, "x"), 0, nil, 0},
		{"remove by keys", abc, op(mapRemoveByKeyList, answerCount, list("a", "b")), 2, keyed("c", 2), 0},
		{"remove by rank range", abc, op(mapRemoveByRankRange, answerKey, -2), list("c", "a"), keyed("b", 1), 0},
		{"remove all but", abc, op(mapRemoveKeyInterval, answerCount|inverted, "b", "c"), 2, keyed("b", 1), 0},
		{"size", abc, op(mapSize), 3, nil, 0},
		{"size of a list", list(1), op(mapSize), nil, nil, wire.BinTypeError},
	} {
		s.run(t)
	}
}

func TestContexts(t *testing.T) {
	nested := kv{"l", list(list(3, 4), sortedList(1, 2)), "m", kv{"x", kv{"y", 1}}}
	no := noAnswer{}
	for _, s := range []scene{
		{
			"append inside", nested, in([]any{stepMap | stepKey, "l", stepList | stepIndex, -1}, op(listAppend, 0)), 3,
			kv{"l", list(list(3, 4), sortedList(0, 1, 2)), "m", kv{"x", kv{"y", 1}}},
			0,
		},
		{"get inside", nested, in([]any{stepMap | stepKey, "m", stepMap | stepIndex, 0}, op(mapGetByKey, answerValue, "y")), 1, nil, 0},
		{"by rank", list(list(2), list(1)), in([]any{stepList | stepRank, 0}, op(listGet, 0)), 1, nil, 0},
		{"by value", list(list(2), list(1)), in([]any{stepList | stepValue, list(1)}, op(listAppend, 5)), 2, list(list(2), list(1, 5)), 0},
		{
			"an ordered list's element moves", sortedList(list(1), list(2)), in([]any{stepList | stepIndex, 0}, op(listSet, 0, 3)), no,
			sortedList(list(2), list(3)), 0,
		},
		{"a way that leads nowhere", nested, in([]any{stepMap | stepKey, "z"}, op(listAppend, 1)), nil, nil, wire.NotApplicable},
		{"a key of a list", list(list(1)), in([]any{stepMap | stepKey, "z"}, op(listAppend, 1)), nil, nil, wire.NotApplicable},
		{"into a number", list(1), in([]any{stepList | stepIndex, 0, stepList | stepIndex, 0}, op(listAppend, 1)), nil, nil, wire.NotApplicable},
		{"a map where a list is", nested, in([]any{stepMap | stepKey, "l"}, op(mapSize)), nil, nil, wire.BinTypeError},
		{"of a string", "x", in([]any{stepList | stepIndex, 0}, op(listSize)), nil, nil, wire.ParameterError},
		{"created", kv{"a", 1}, in([]any{stepMap | stepKey | createKeyOrder, "b"}, op(listAppend, 1)), 1, kv{"a", 1, "b", list(1)}, 0},
		{
			"created from nothing", nil, in([]any{stepMap | stepKey | createKeyOrder, "b", stepMap | stepKey | 0x40, "c"}, op(mapPut, 1, 2, 1)), 1,
			keyed("b", kv{"c", keyed(1, 2)}), 0,
		},
		{"from nothing, uncreated", nil, in([]any{stepMap | stepKey, "b"}, op(mapPut, 1, 2)), nil, nil, wire.NotApplicable},
		{"created at a list's end", list(), in([]any{stepList | stepIndex | 0x40, 0}, op(listAppend, 1)), 1, list(list(1)), 0},
		{
			"created beyond a list's end", list(0), in([]any{stepList | stepIndex | createUnbounded, 3}, op(listAppend, 1)), 1,
			list(0, nil, nil, list(1)), 0,
		},
		{"not created beyond a list's end", list(0), in([]any{stepList | stepIndex | 0x40, 3}, op(listAppend, 1)), nil, nil, wire.NotApplicable},
		{"created for an order", kv{}, in([]any{stepMap | stepKey | createOrdered, "k"}, op(listSetType, 1)), no, kv{"k", sortedList()}, 0},
		{"nothing to remove where nothing was", kv{}, in([]any{stepMap | stepKey | 0x40, "k"}, op(listClear)), no, nil, 0},
		{"half a context", nested, in([]any{stepMap | stepKey}, op(listSize)), nil, nil, wire.ParameterError},
	} {
		s.run(t)
	}
}

// TestTheOtherFormOfAnOperation reads a 16-bit code before the list of arguments.
func TestTheOtherFormOfAnOperation(t *testing.T) {
	value := append(binary.BigEndian.AppendUint16(nil, listAppend), of([]any{7})...)
	s := scene{"append", list(1), raw(value), 2, list(1, 7), 0}
	s.run(t)
	s = scene{"size", list(1), raw{0, listSize}, 1, nil, 0}
	s.run(t)
}

// FuzzCall carries out anything on a few bins: it must not panic, nor make of them what a
// server would not keep.
func FuzzCall(f *testing.F) {
	for _, o := range []raw{
		op(listAppend, 1), op(listInsert, 3, "x"), op(listGetByRelRank, 7, 3, -2, 4), op(mapPut, 1, 2, 1, 5),
		op(mapRemoveByValueList, 8|inverted, list(1, 2)), op(listSort, 3), op(listIncrement, 1, 1.5),
		in([]any{stepMap | stepKey | 0x80, "m", stepList | stepIndex | 0x80, 2}, op(listAppendItems, list(1, 2), 1, 9)),
	} {
		f.Add([]byte(o))
	}
	bins := []any{nil, list(3, 1, list(2)), sortedList(1, 2, "x"), kv{1, 2, "m", list(kv{})}, ordered{3, kv{1, 2, 2, 1}}, "text"}
	f.Fuzz(func(t *testing.T, value []byte) {
		call, r := ParseCall(value)
		if r != wire.OK {
			return
		}
		for _, b := range bins {
			kind, before := bin(b)
			if answer, r := Read(kind, before, &call); r == wire.OK && len(answer.Value) > 64+len(before)*(1+len(value)) {
				t.Fatalf("%d bytes asked of %d are answered with %d", len(value), len(before), len(answer.Value))
			}
			kind, after, _, r := Modify(kind, before, &call)
			if r != wire.OK || kind != wire.List && kind != wire.Map {
				continue
			}
			if out, err := msgpack.Normalise(nil, after, true); err != nil || !bytes.Equal(out, after) {
				t.Fatalf("%x on %x made %x, which is kept as %x, %v", value, before, after, out, err)
			}
		}
	})
}
