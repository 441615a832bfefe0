package hll

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"crossover/driver/embedded/aerospike/cdt"
	"crossover/driver/embedded/aerospike/msgpack"
	"crossover/driver/embedded/aerospike/wire"
)

// TestMurmur3 holds published values of the hash (seed 0).
func TestMurmur3(t *testing.T) {
	for _, c := range []struct {
		in     string
		h1, h2 uint64
	}{
		{"", 0, 0},
		{"hello", 0xcbd8a7b341bd9b02, 0x5b1e906a48ae1d19},
		{"hello, world", 0x342fac623a5ebc8e, 0x4cdcbc079642414d},
		{"The quick brown fox jumps over the lazy dog.", 0xcd99481f9ee902c9, 0x695da1a38987b6e7},
	} {
		if h1, h2 := murmur3([]byte(c.in)); h1 != c.h1 || h2 != c.h2 {
			t.Errorf("%q: %x %x, want %x %x", c.in, h1, h2, c.h1, c.h2)
		}
	}
}

func element(i int) []byte { return msgpack.AppendInt(nil, int64(i)) }

// sketchOf has the integers from one to below another.
func sketchOf(index, minhash, from, to int) sketch {
	s := newSketch(index, minhash)
	for i := from; i < to; i++ {
		s.add(element(i))
	}
	return s
}

// TestEstimates holds the documented standard error, 1.04/√registers, three times over.
func TestEstimates(t *testing.T) {
	for _, index := range []int{8, 12, 14} {
		for _, n := range []int{10, 1000, 50_000} {
			s := sketchOf(index, 0, 0, n)
			bound := 3 * 1.04 / math.Sqrt(float64(s.registers()))
			if off := math.Abs(float64(s.count())-float64(n)) / float64(n); off > bound {
				t.Errorf("%d index bits, %d elements: %d counted, off by %.3f of at most %.3f", index, n, s.count(), off, bound)
			}
		}
	}
	if n := newSketch(12, 0).count(); n != 0 {
		t.Errorf("nothing counts %d", n)
	}
}

func TestUnionsAndIntersections(t *testing.T) {
	for _, minhash := range []int{0, 20} {
		a, b := sketchOf(14, minhash, 0, 10_000), sketchOf(14, minhash, 5_000, 15_000)
		all := []sketch{a, b}
		near := func(name string, got, want, bound float64) {
			if math.Abs(got-want) > bound*want {
				t.Errorf("minhash %d: %s %v, want %v within %v", minhash, name, got, want, bound)
			}
		}
		near("union", float64(union(all).count()), 15_000, 0.03)
		near("intersection", float64(intersection(all)), 5_000, 0.12)
		near("similarity", similarity(all), 1.0/3, 0.12)
		if s := similarity([]sketch{a, a}); s < 0.98 {
			t.Errorf("minhash %d: of itself %v", minhash, s)
		}
		third := sketchOf(14, minhash, 5_000, 20_000)
		near("of three", float64(intersection([]sketch{a, b, third})), 5_000, 0.2)
	}
	// A sketch with fewer registers brings the union down to its own.
	u := union([]sketch{sketchOf(12, 8, 0, 1000), sketchOf(10, 4, 500, 1500)})
	if u.index() != 10 || u.minhash() != 0 {
		t.Errorf("%d index bits, %d minhash bits", u.index(), u.minhash())
	}
	if n := float64(u.count()); math.Abs(n-1500) > 150 {
		t.Errorf("a folded union counts %v", n)
	}
}

func TestRegistersOfEveryWidth(t *testing.T) {
	for index := minIndex; index <= 8; index++ {
		for minhash := 0; minhash <= maxMinhash; minhash++ {
			if !validBits(index, minhash) {
				continue
			}
			s := newSketch(index, minhash)
			value := func(r int) uint64 { return (uint64(r)*0x9E3779B97F4A7C15 + 1) & (1<<(logBits+minhash) - 1) }
			for r := range s.registers() {
				s.set(r, value(r))
			}
			for r := range s.registers() {
				if got := s.get(r); got != value(r) {
					t.Fatalf("%d index, %d minhash bits: register %d is %x, want %x", index, minhash, r, got, value(r))
				}
			}
		}
	}
}

// call packs an operation's arguments: integers, lists of elements and of sketches.
func call(code int, args ...any) *cdt.Call {
	c := &cdt.Call{Code: code}
	for _, a := range args {
		switch a := a.(type) {
		case int:
			c.Args = append(c.Args, msgpack.AppendInt(nil, int64(a)))
		case []int:
			b := msgpack.AppendList(nil, len(a), 0)
			for _, i := range a {
				b = append(b, element(i)...)
			}
			c.Args = append(c.Args, b)
		case []sketch:
			b := msgpack.AppendList(nil, len(a), 0)
			for _, s := range a {
				b = msgpack.AppendBytes(b, wire.HLL, s)
			}
			c.Args = append(c.Args, b)
		}
	}
	return c
}

func TestOperations(t *testing.T) {
	some := sketchOf(8, 0, 0, 100)
	hashed := sketchOf(8, 10, 0, 100)
	for _, c := range []struct {
		name   string
		bin    sketch
		call   *cdt.Call
		result wire.Result
		bits   string // of what the bin becomes
	}{
		{"init", nil, call(opInit, 10, 4), 0, "10 4"},
		{"init without bits", nil, call(opInit), wire.NotApplicable, ""},
		{"init anew", some, call(opInit, -1, -1), 0, "8 0"},
		{"too many bits", nil, call(opInit, 16, 51), wire.ParameterError, ""},
		{"too few bits", nil, call(opInit, 3), wire.ParameterError, ""},
		{"only create", some, call(opInit, 10, 0, createOnly), wire.BinExists, ""},
		{"only update", nil, call(opInit, 10, 0, updateOnly), wire.BinNotFound, ""},
		{"only update, without failing", nil, call(opInit, 10, 0, updateOnly|noFail), 0, ""},
		{"add to nothing", nil, call(opAdd, []int{1, 2}, 6), 0, "6 0"},
		{"add to nothing without bits", nil, call(opAdd, []int{1}), wire.NotApplicable, ""},
		{"add", some, call(opAdd, []int{1}, 12), 0, "8 0"},
		{"add nothing", some, call(opAdd, []int{}), wire.ParameterError, ""},
		{"union", nil, call(opSetUnion, []sketch{some, hashed}), 0, "8 0"},
		{"union that would fold", some, call(opSetUnion, []sketch{newSketch(6, 0)}), wire.NotApplicable, ""},
		{"union that may fold", some, call(opSetUnion, []sketch{newSketch(6, 0)}, allowFold), 0, "6 0"},
		{"union with no sketch", some, call(opSetUnion, []sketch{{1, 2}}), wire.ParameterError, ""},
		{"fold", some, call(opFold, 6), 0, "6 0"},
		{"fold with minhash", hashed, call(opFold, 6), wire.NotApplicable, ""},
		{"fold up", some, call(opFold, 10), wire.NotApplicable, ""},
		{"fold nothing", nil, call(opFold, 6), wire.BinNotFound, ""},
		{"refresh", some, call(opRefreshCount), 0, "8 0"},
	} {
		kind := uint8(wire.HLL)
		if c.bin == nil {
			kind = wire.Null
		}
		kind, out, _, r := Modify(kind, c.bin, c.call)
		got := ""
		if kind == wire.HLL && r == wire.OK {
			if !Valid(out) {
				t.Errorf("%s: %d bytes are no sketch", c.name, len(out))
			}
			got = fmt.Sprint(out[1], " ", out[2])
		}
		if r != c.result || got != c.bits {
			t.Errorf("%s: %q, result %d, want %q, %d", c.name, got, r, c.bits, c.result)
		}
	}
	number := func(c *cdt.Call) int64 {
		a, r := Read(wire.HLL, some, c)
		if r != wire.OK {
			t.Fatal(r)
		}
		return int64(binary.BigEndian.Uint64(a.Value))
	}
	if n := number(call(opMayContain, []int{1, 2, 3})); n != 1 {
		t.Errorf("what was added may be contained: %d", n)
	}
	if n := number(call(opUnionCount, []sketch{sketchOf(8, 0, 100, 200)})); n < 160 || n > 240 {
		t.Errorf("union of 200: %d", n)
	}
	three := []sketch{some, some, some}
	if _, r := Read(wire.HLL, some, call(opSimilarity, three)); r != wire.ParameterError {
		t.Errorf("similarity of four without minhash: %d", r)
	}
	if _, r := Read(wire.Blob, some, call(opCount)); r != wire.BinTypeError {
		t.Errorf("of a blob: %d", r)
	}
}

func FuzzHLL(f *testing.F) {
	f.Add([]byte{0x92, opAdd, 0x91, 5}, []byte(newSketch(4, 0)))
	f.Add([]byte{0x91, opDescribe}, []byte(newSketch(5, 7)))
	f.Fuzz(func(t *testing.T, op, bin []byte) {
		c, r := cdt.ParseCall(op)
		if r != wire.OK {
			return
		}
		for _, kind := range []uint8{wire.HLL, wire.Null} {
			if kind == wire.HLL && !Valid(bin) {
				continue
			}
			Read(kind, bin, &c)
			if kind, out, _, r := Modify(kind, bin, &c); r == wire.OK && kind == wire.HLL && !Valid(out) {
				t.Fatalf("%d bytes are no sketch", len(out))
			}
		}
	})
}
