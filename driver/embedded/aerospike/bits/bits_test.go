package bits

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"crossover/driver/embedded/aerospike/cdt"
	"crossover/driver/embedded/aerospike/msgpack"
	"crossover/driver/embedded/aerospike/wire"
)

// call packs an operation's arguments: integers, booleans and blobs.
func call(code int, args ...any) *cdt.Call {
	c := &cdt.Call{Code: code}
	for _, a := range args {
		switch a := a.(type) {
		case int:
			c.Args = append(c.Args, msgpack.AppendInt(nil, int64(a)))
		case bool:
			c.Args = append(c.Args, msgpack.AppendBool(nil, a))
		case []byte:
			c.Args = append(c.Args, msgpack.AppendBytes(nil, wire.Blob, a))
		}
	}
	return c
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func TestModify(t *testing.T) {
	for _, c := range []struct {
		name      string
		bin, want string
		call      *cdt.Call
		result    wire.Result
	}{
		{"set", "0102030405", "01020304ff", call(set, 32, 8, []byte{0xff}), 0},
		{"set across bytes", "0000", "0ff0", call(set, 4, 8, []byte{0xff}), 0},
		{"or", "0f", "ff", call(or, 0, 8, []byte{0xf0}), 0},
		{"xor of three bits", "ff", "1f", call(xor, 0, 3, []byte{0xff}), 0},
		{"and from the end", "ffff", "ff0f", call(and, -8, 4, []byte{0x00}), 0},
		{"not", "0001", "ff01", call(not, 0, 8), 0},
		{"left", "01ff", "03fe", call(leftShift, 0, 16, 1), 0},
		{"left within", "ffff", "f0ff", call(leftShift, 0, 8, 4), 0},
		{"right", "8001", "4000", call(rightShift, 0, 16, 1), 0},
		{"all the way", "ffff", "00ff", call(rightShift, 0, 8, 8), 0},
		{"add", "00ff", "0100", call(add, 0, 16, 1), 0},
		{"overflow", "ff", "ff", call(add, 0, 8, 1), wire.NotApplicable},
		{"overflow, wrapped", "ff", "00", call(add, 0, 8, 1, 0, wrap), 0},
		{"overflow, saturated", "fe", "ff", call(add, 0, 8, 5, 0, saturate), 0},
		{"overflow of signed", "7f", "7f", call(add, 0, 8, 1, 0, signed|saturate), 0},
		{"no overflow of signed", "ff", "00", call(add, 0, 8, 1, 0, signed), 0},
		{"below nothing", "00", "00", call(subtract, 0, 8, 1, 0, saturate), 0},
		{"below the least", "80", "80", call(subtract, 0, 8, 1, 0, signed|saturate), 0},
		{"overflow without failing", "ff", "ff", call(add, 0, 8, 1, noFail), 0},
		{"set a number", "000000", "000ab0", call(setInt, 12, 8, 0xab), 0},
		{"grow", "01", "010000", call(resize, 3), 0},
		{"grow at the front", "01", "000001", call(resize, 3, 0, fromFront), 0},
		{"shrink", "010203", "01", call(resize, 1), 0},
		{"shrink at the front", "010203", "03", call(resize, 1, 0, fromFront), 0},
		{"only grow", "0102", "0102", call(resize, 1, 0, growOnly), wire.ParameterError},
		{"create", "", "0000", call(resize, 2), 0},
		{"create by an insertion", "", "0001", call(insert, 1, []byte{1}), 0},
		{"insert", "0102", "01ff02", call(insert, 1, []byte{0xff}), 0},
		{"insert beyond the end", "01", "0100ff", call(insert, 2, []byte{0xff}), 0},
		{"remove", "010203", "0103", call(remove, 1, 1), 0},
		{"remove too much", "0102", "0102", call(remove, 1, 2), wire.ParameterError},
		{"remove what is there", "0102", "01", call(remove, 1, 2, partial), 0},
		{"beyond the end", "01", "01", call(set, 8, 8, []byte{1}), wire.NotApplicable},
		{"beyond the end, what is there", "00", "0f", call(set, 4, 8, []byte{0xff}, partial), 0},
		{"of nothing", "", "", call(set, 0, 8, []byte{1}), wire.BinNotFound},
		{"of nothing without failing", "", "", call(set, 0, 8, []byte{1}, noFail), 0},
		{"only create", "01", "01", call(resize, 2, createOnly), wire.BinExists},
		{"too short a value", "0102", "0102", call(set, 0, 16, []byte{1}), wire.ParameterError},
		{"nothing wide", "01", "01", call(not, 0, 0), wire.ParameterError},
		{"an integer of 65 bits", "01", "01", call(add, 0, 65, 1), wire.ParameterError},
		{"before the beginning", "01", "01", call(not, -9, 1), wire.ParameterError},
		{"a flag that it does not have", "01", "01", call(not, 0, 1, createOnly), wire.ParameterError},
		{"wrap and saturate", "01", "01", call(add, 0, 8, 1, 0, wrap|saturate), wire.ParameterError},
		{"a gigabyte", "01", "01", call(resize, 100<<20), wire.RecordTooBig},
	} {
		kind, value := uint8(wire.Blob), unhex(c.bin)
		if c.bin == "" {
			kind = wire.Null
		}
		before := bytes.Clone(value)
		_, got, r := Modify(kind, value, c.call)
		if r != c.result || hex.EncodeToString(got) != c.want {
			t.Errorf("%s: %x, result %d, want %s, %d", c.name, got, r, c.want, c.result)
		}
		if !bytes.Equal(before, value) {
			t.Errorf("%s: changed in place", c.name)
		}
	}
	if _, _, r := Modify(wire.String, []byte("x"), call(not, 0, 1)); r != wire.BinTypeError {
		t.Errorf("of a string: %d", r)
	}
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name, bin, want string
		call            *cdt.Call
		result          wire.Result
	}{
		{"get", "ff0f", "f0", call(get, 4, 5), 0},
		{"count", "ff0f", "0000000000000006", call(count, 4, 10), 0},
		{"first one", "0010", "000000000000000b", call(leftScan, 0, 16, true), 0},
		{"first nought", "ff7f", "0000000000000004", call(leftScan, 4, 12, false), 0},
		{"last one", "8800", "0000000000000004", call(rightScan, 0, 16, true), 0},
		{"none", "0000", "ffffffffffffffff", call(rightScan, 0, 16, true), 0},
		{"number", "0ab0", "00000000000000ab", call(getInt, 4, 8), 0},
		{"signed number", "ff", "ffffffffffffffff", call(getInt, 0, 8, signed), 0},
		{"beyond the end", "ff", "", call(get, 4, 8), wire.NotApplicable},
		{"a change", "ff", "", call(not, 0, 1), wire.ParameterError},
	} {
		a, r := Read(wire.Blob, unhex(c.bin), c.call)
		if r != c.result || hex.EncodeToString(a.Value) != c.want {
			t.Errorf("%s: %x, result %d, want %s, %d", c.name, a.Value, r, c.want, c.result)
		}
	}
}

// TestArithmeticIsThatOfIntegers compares with numbers of any size.
func TestArithmeticIsThatOfIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 64).Draw(t, "size")
		offset := rapid.IntRange(0, 7).Draw(t, "offset")
		isSigned := rapid.Bool().Draw(t, "signed")
		code := rapid.SampledFrom([]int{add, subtract}).Draw(t, "code")
		blob := rapid.SliceOfN(rapid.Byte(), 9, 9).Draw(t, "blob")
		value := rapid.Int().Draw(t, "value")
		number := func(v uint64) *big.Int {
			v &= ^uint64(0) >> (64 - size)
			if isSigned {
				return big.NewInt(int64(extend(v, int64(size))))
			}
			return new(big.Int).SetUint64(v)
		}
		sum := new(big.Int).Add(number(load(blob, int64(offset), int64(size))), number(uint64(value)))
		if code == subtract {
			sum.Sub(number(load(blob, int64(offset), int64(size))), number(uint64(value)))
		}
		low, high := big.NewInt(0), new(big.Int).Lsh(big.NewInt(1), uint(size))
		if isSigned {
			high.Rsh(high, 1)
			low.Neg(high)
		}
		fits := sum.Cmp(low) >= 0 && sum.Cmp(high) < 0
		extra := 0
		if isSigned {
			extra = signed
		}
		_, out, r := Modify(wire.Blob, blob, call(code, offset, size, value, 0, extra))
		if (r == wire.OK) != fits {
			t.Fatalf("%v fits in %d bits: %v, result %d", sum, size, fits, r)
		}
		if fits && number(load(out, int64(offset), int64(size))).Cmp(sum) != 0 {
			t.Fatalf("%x, want %v", out, sum)
		}
		_, out, _ = Modify(wire.Blob, blob, call(code, offset, size, value, 0, extra|saturate))
		want := sum
		if sum.Cmp(low) < 0 {
			want = low
		} else if sum.Cmp(high) >= 0 {
			want = new(big.Int).Sub(high, big.NewInt(1))
		}
		if got := number(load(out, int64(offset), int64(size))); got.Cmp(want) != 0 {
			t.Fatalf("saturated %v, want %v", got, want)
		}
		for i := range int64(8 * len(blob)) { // the bits around it stay
			if in := i >= int64(offset) && i < int64(offset+size); !in && bit(out, i) != bit(blob, i) {
				t.Fatalf("bit %d changed", i)
			}
		}
	})
}

func FuzzBits(f *testing.F) {
	for _, c := range []*cdt.Call{call(set, 4, 8, []byte{0xff}, partial), call(resize, 3, 0, fromFront), call(leftScan, 0, 16, true)} {
		b := append(msgpack.AppendList(nil, len(c.Args)+1, 0), byte(c.Code))
		for _, a := range c.Args {
			b = append(b, a...)
		}
		f.Add(b, []byte{1, 2, 3})
	}
	f.Fuzz(func(t *testing.T, op, blob []byte) {
		c, r := cdt.ParseCall(op)
		if r != wire.OK {
			return
		}
		Read(wire.Blob, blob, &c)
		if kind, out, r := Modify(wire.Blob, blob, &c); r == wire.OK && (kind != wire.Blob || len(out) > maxGrown+len(blob)) {
			t.Fatalf("type %d, %d bytes", kind, len(out))
		}
		Modify(wire.Null, nil, &c)
	})
}
