package wire

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A get and a put as the Go client sent them to a real server, without the proto header.
const (
	getAll = "1603000000000000000000000000000003e70003000000000005007465737400000004016361700000001504784129e20c10fc5609" +
		"3300e2a4694fa63b8428e6"
	putTwo = "1600010000000000000000000000000003e60003000200000005007465737400000004016361700000001504784129e20c10fc5609" +
		"3300e2a4694fa63b8428e60000000802040001620102030000000702030001736869"
	batchTwo = "1609000000000000000000000000000003e700010000" + "0000004e2a" + "0000000201" +
		"00000000784129e20c10fc56093300e2a4694fa63b8428e6" + "000300020000" + "000000050074657374" + "0000000401636170" +
		"0000000187ef75e48387e33fbe08b9de1b6232b8e009ef3101"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMessage(t *testing.T) {
	var m Message
	if err := m.Parse(unhex(t, putTwo)); err != nil {
		t.Fatal(err)
	}
	if m.Info2 != Info2Write || m.Transaction != 998 || m.Ops != 2 {
		t.Errorf("header %+v", m.Header)
	}
	for kind, want := range map[uint8]string{FieldNamespace: "test", FieldSet: "cap"} {
		if got, ok := m.Field(kind); !ok || string(got) != want {
			t.Errorf("field %d is %q", kind, got)
		}
	}
	if _, ok := m.Field(FieldKey); ok || m.Has(FieldKey, FieldFilter) || !m.Has(FieldKey, FieldDigest) {
		t.Error("the message has no key, and a digest")
	}
	var got []Op
	var op Op
	for ops := m.Operations(); ops.Next(&op); {
		got = append(got, op)
	}
	want := []Op{{OpWrite, Blob, []byte("b"), []byte{1, 2, 3}}, {OpWrite, String, []byte("s"), []byte("hi")}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// A message that is parsed into the same place forgets the one before.
	if err := m.Parse(unhex(t, getAll)); err != nil || m.Ops != 0 || m.Info1 != Info1Read|Info1GetAll {
		t.Errorf("%+v, %v", m.Header, err)
	}
}

func TestMessagesThatLieAboutTheirLengths(t *testing.T) {
	whole := unhex(t, putTwo)
	for n := range whole {
		var m Message
		if err := m.Parse(whole[:n]); !errors.Is(err, ErrMalformed) {
			t.Errorf("cut to %d of %d bytes: %v", n, len(whole), err)
		}
	}
	for _, c := range []struct {
		name string
		at   int
		to   byte
	}{
		{"four fields", 19, 4},
		{"three operations", 21, 3},
		{"field of 2 GiB", 22, 0x80},
		{"field of 0 bytes", 25, 0},
		{"operation of 2 GiB", 64, 0x80},
		{"name longer than its operation", 71, 200},
		{"operation of 3 bytes", 67, 3},
	} {
		b := slices.Clone(whole)
		b[c.at] = c.to
		var m Message
		if err := m.Parse(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestABatchMayAnnounceMoreThanItHas holds what the Go client does when it filters a batch.
func TestABatchMayAnnounceMoreThanItHas(t *testing.T) {
	body := unhex(t, batchTwo)
	body[HeaderSize+3] += 16
	var m, part Message
	if err := m.Parse(body); err != nil {
		t.Fatal(err)
	}
	field, _ := m.Field(FieldBatchWithSet)
	if b, err := ParseBatch(field, &part); err != nil || b.Keys != 2 {
		t.Errorf("%+v, %v", b, err)
	}
	body[1] &^= Info1Batch
	if err := m.Parse(body); !errors.Is(err, ErrMalformed) {
		t.Errorf("without the bit of a batch: %v", err)
	}
}

func TestPartitionIsOfTheDigestsFirstBytes(t *testing.T) {
	for _, c := range []struct {
		digest Digest
		want   int
	}{{Digest{0x01, 0x00}, 1}, {Digest{0x00, 0x01}, 256}, {Digest{0xff, 0xff}, 4095}, {Digest{0x04, 0x79}, 0x904}} {
		if got := c.digest.Partition(); got != c.want {
			t.Errorf("%x: %d, want %d", c.digest[:2], got, c.want)
		}
	}
}

func TestBatch(t *testing.T) {
	var m, part Message
	if err := m.Parse(unhex(t, batchTwo)); err != nil {
		t.Fatal(err)
	}
	field, _ := m.Field(FieldBatchWithSet)
	b, err := ParseBatch(field, &part)
	if err != nil || b.Keys != 2 || b.RespondAll() {
		t.Fatalf("%+v, %v", b, err)
	}
	for i := range 2 {
		index, digest, err := b.Next(&part)
		if err != nil || int(index) != i || part.Info1 != Info1Read|Info1GetAll {
			t.Fatalf("key %d: index %d, %v, %v", i, index, part.Header, err)
		}
		if set, _ := part.Field(FieldSet); string(set) != "cap" || digest[0] != []byte{0x78, 0x87}[i] {
			t.Errorf("key %d: set %q, digest %x", i, set, digest)
		}
	}
	if _, _, err := b.Next(&part); err == nil {
		t.Error("a third key came of two")
	}
	for n := range field {
		if _, err := ParseBatch(field[:n], &part); err == nil {
			t.Errorf("cut to %d of %d bytes it is a batch", n, len(field))
		}
	}
	repeated := slices.Clone(field)
	repeated[5+4+DigestSize] = batchRepeat // the first key has nothing to repeat
	if _, err := ParseBatch(repeated, &part); err == nil {
		t.Error("the first key repeats")
	}
	huge := slices.Clone(field)
	binary.BigEndian.PutUint32(huge, 1<<31)
	if _, err := ParseBatch(huge, &part); err == nil {
		t.Error("two thousand million keys in 77 bytes")
	}
}

func TestBatchWriteHeader(t *testing.T) {
	b := append([]byte{0, 0, 0, 1, 4, 0, 0, 0, 9}, make([]byte, DigestSize)...)
	b = append(b, batchInfo|batchGeneration|batchTTL, 1, Info2Write, Info3ReplaceOnly, 0, 7, 0, 0, 0, 60, 0, 0, 0, 1)
	b = AppendOp(b, OpWrite, String, []byte("n"), []byte("v"))
	var m Message
	batch, err := ParseBatch(b, &m)
	if err != nil || !batch.RespondAll() {
		t.Fatal(batch, err)
	}
	index, _, err := batch.Next(&m)
	want := Header{Info1: 1, Info2: Info2Write, Info3: Info3ReplaceOnly, Generation: 7, TTL: 60, Ops: 1}
	if diff := cmp.Diff(want, m.Header); diff != "" || index != 9 || err != nil {
		t.Error(diff, index, err)
	}
}

// message builds a message of fields.
func message(t testing.TB, info3 uint8, fields map[uint8][]byte) *Message {
	t.Helper()
	b := AppendHeader(nil, &Header{Info1: Info1Read, Info3: info3, Fields: len(fields)})
	for kind, data := range fields {
		b = AppendField(b, kind, data)
	}
	var m Message
	if err := m.Parse(b); err != nil {
		t.Fatal(err)
	}
	return &m
}

func TestQuery(t *testing.T) {
	digest := append([]byte{0x34, 0x12}, make([]byte, 18)...)
	rng := append([]byte{1, 3}, "age\x01\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x09"...)
	q, err := ParseQuery(message(t, Info3PartitionDone, map[uint8][]byte{
		FieldPIDs: {1, 0, 0xff, 0x0f}, FieldDigests: digest, FieldMaxRecords: {0, 0, 0, 0, 0, 0, 0, 42},
		FieldRecordsPerSecond: {0, 0, 0, 7}, FieldIndexRange: rng, FieldBVals: {5, 0, 0, 0, 0, 0, 0, 0}, FieldIndexType: {0},
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := Query{
		Partitions: []Partition{{ID: 1}, {ID: 4095}, {ID: 0x234, Resume: true, After: Digest(digest), BVal: 5}},
		MaxRecords: 42, RecordsPerSecond: 7, NoPartitionDone: true,
		Range: &Range{Bin: []byte("age"), Type: Integer, Begin: []byte{0, 0, 0, 0, 0, 0, 0, 5}, End: []byte{0, 0, 0, 0, 0, 0, 0, 9}},
	}
	if diff := cmp.Diff(want, q); diff != "" {
		t.Error(diff)
	}
	for name, fields := range map[string]map[uint8][]byte{
		"odd partitions":        {FieldPIDs: {1}},
		"partition 4096":        {FieldPIDs: {0, 0x10}},
		"19 bytes of digest":    {FieldDigests: digest[:19]},
		"too many partitions":   {FieldPIDs: make([]byte, 2*Partitions+2)},
		"a value too many":      {FieldDigests: digest, FieldBVals: make([]byte, 16)},
		"short limit":           {FieldMaxRecords: {1}},
		"two ranges":            {FieldIndexRange: append([]byte{2}, rng[1:]...)},
		"cut range":             {FieldIndexRange: rng[:len(rng)-1]},
		"range of 4 GiB":        {FieldIndexRange: []byte("\x01\x03age\x01\xff\xff\xff\xff")},
		"range without a name":  {FieldIndexRange: []byte("\x01\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00")},
		"index type of 2 bytes": {FieldIndexRange: rng, FieldIndexType: {0, 0}},
	} {
		if _, err := ParseQuery(message(t, 0, fields)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInfoCommands(t *testing.T) {
	for body, want := range map[string][]string{
		"": nil, "build": nil, "build\n": {"build"}, "\n": {""}, "a\nb\n": {"a", "b"}, "a\nb": {"a"}, "a\r\n": {"a\r"},
	} {
		if diff := cmp.Diff(want, slices.Collect(InfoCommands([]byte(body)))); diff != "" {
			t.Errorf("%q: %s", body, diff)
		}
	}
}

func compress(t testing.TB, inner []byte, announced uint64) []byte {
	t.Helper()
	out := bytes.NewBuffer(binary.BigEndian.AppendUint64(nil, announced))
	z := zlib.NewWriter(out)
	if _, err := z.Write(inner); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestInflate(t *testing.T) {
	inner, at := Begin(nil)
	inner = append(inner, unhex(t, getAll)...)
	End(inner, at, TypeMessage)
	got, err := Inflate(compress(t, inner, uint64(len(inner))), nil)
	if err != nil || !bytes.Equal(got, inner[ProtoSize:]) {
		t.Errorf("%x, %v", got, err)
	}
	for name, b := range map[string][]byte{
		"nothing": {}, "no stream": make([]byte, 8), "too little announced": compress(t, inner, uint64(len(inner)-1)),
		"too much announced": compress(t, inner, uint64(len(inner)+1)), "an exabyte announced": compress(t, inner, 1<<60),
		"a bomb":           compress(t, make([]byte, 10<<20), 100),
		"no message in it": compress(t, make([]byte, 100), 100),
	} {
		if _, err := Inflate(b, nil); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadBodyAllocatesWhatArrives(t *testing.T) {
	var body []byte
	allocated := testing.AllocsPerRun(1, func() {
		var err error
		body, err = ReadBody(bufio.NewReader(strings.NewReader("only this")), MaxBody, nil)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%v", err)
		}
	})
	if cap(body) > 2*readStep {
		t.Errorf("128 MiB announced and 9 bytes sent took %d bytes, %v allocations", cap(body), allocated)
	}
	large := make([]byte, 5<<20+3)
	for i := range large {
		large[i] = byte(i * 7)
	}
	got, err := ReadBody(bufio.NewReader(bytes.NewReader(large)), len(large), nil)
	if err != nil || !bytes.Equal(got, large) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestParseProto(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Proto
		err  error
	}{
		{"0203000000000016", Proto{TypeMessage, 22}, nil},
		{"0201000000000000", Proto{TypeInfo, 0}, nil},
		{"0203000008000000", Proto{TypeMessage, MaxBody}, nil},
		{"0203000008000001", Proto{}, ErrTooLarge},
		{"0203ffffffffffff", Proto{}, ErrTooLarge},
		{"0303000000000016", Proto{}, ErrVersion},
		{"02030000", Proto{}, ErrMalformed},
	} {
		got, err := ParseProto(unhex(t, c.in))
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %+v, %v", c.in, got, err)
		}
	}
}

func FuzzProto(f *testing.F) {
	f.Add(unhex(f, "0203000000000016"))
	f.Add([]byte("GET / HTTP"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseProto(b)
		if err != nil {
			return
		}
		if p.Size < 0 || p.Size > MaxBody {
			t.Fatalf("size %d", p.Size)
		}
		out, at := Begin(nil)
		out = append(out, make([]byte, min(p.Size, 100))...)
		End(out, at, p.Type)
		if q, err := ParseProto(out); err != nil || q.Type != p.Type || q.Size != min(p.Size, 100) {
			t.Fatalf("%+v, %v", q, err)
		}
		if body, _ := ReadBody(bufio.NewReader(bytes.NewReader(b[ProtoSize:])), p.Size, nil); cap(body) > 2*readStep+2*len(b) {
			t.Fatalf("%d bytes took %d", len(b), cap(body))
		}
		if p.Type == TypeCompressed {
			_, _ = Inflate(b[ProtoSize:], nil) // it must not panic
		}
	})
}

// walk goes through all that a message has, and holds that it is within the body.
func walk(t *testing.T, m *Message, body []byte) {
	t.Helper()
	size := 0
	for kind := range uint8(maxField) {
		field, _ := m.Field(kind)
		size += len(field)
	}
	n := 0
	var op Op
	for ops := m.Operations(); ops.Next(&op); n++ {
		size += len(op.Name) + len(op.Value)
	}
	if n != m.Ops || size > len(body) {
		t.Fatalf("%d operations of %d, %d bytes of %d", n, m.Ops, size, len(body))
	}
}

func FuzzMessage(f *testing.F) {
	for _, s := range []string{getAll, putTwo, batchTwo} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var m Message
		if m.Parse(body) == nil {
			walk(t, &m, body)
		}
	})
}

func FuzzBatch(f *testing.F) {
	var m Message
	if err := m.Parse(unhex(f, batchTwo)); err != nil {
		f.Fatal(err)
	}
	field, _ := m.Field(FieldBatchWithSet)
	f.Add(field)
	f.Fuzz(func(t *testing.T, field []byte) {
		var part Message
		b, err := ParseBatch(field, &part)
		if err != nil {
			return
		}
		for range b.Keys {
			if _, _, err := b.Next(&part); err != nil {
				t.Fatalf("checked, and then %v", err)
			}
			walk(t, &part, field)
		}
	})
}

func FuzzQuery(f *testing.F) {
	b := AppendHeader(nil, &Header{Fields: 2})
	b = AppendField(b, FieldPIDs, []byte{1, 0})
	b = AppendField(b, FieldIndexRange, []byte("\x01\x03age\x01\x00\x00\x00\x01\x05\x00\x00\x00\x01\x09"))
	f.Add(b)
	f.Fuzz(func(t *testing.T, body []byte) {
		var m Message
		if m.Parse(body) != nil {
			return
		}
		q, err := ParseQuery(&m)
		if err != nil {
			return
		}
		if len(q.Partitions) > Partitions {
			t.Fatalf("%d partitions", len(q.Partitions))
		}
		for _, p := range q.Partitions {
			if p.ID < 0 || p.ID >= Partitions {
				t.Fatalf("partition %d", p.ID)
			}
		}
	})
}

func FuzzInfo(f *testing.F) {
	f.Add([]byte("node\npeers-generation\n"))
	f.Add([]byte("\n\n:;/"))
	f.Fuzz(func(t *testing.T, body []byte) {
		n := 0
		for c := range InfoCommands(body) {
			if strings.Contains(c, "\n") {
				t.Fatalf("%q", c)
			}
			n++
		}
		if want := bytes.Count(body, []byte("\n")); n != want {
			t.Fatalf("%d commands, %d line feeds", n, want)
		}
	})
}
