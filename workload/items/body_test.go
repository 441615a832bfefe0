package items

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A body has the length asked for, is the same each time, is appended to what was there, and
// carries its item and version.
func TestBody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed, item, version := rapid.Uint64().Draw(t, "seed"), rapid.Uint64().Draw(t, "item"), rapid.Uint64().Draw(t, "version")
		n := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(0, 5000)).Draw(t, "n")
		share := rapid.Float64Range(0, 1).Draw(t, "compressibility")
		before := []byte("before")
		b := Body(bytes.Clone(before), seed, item, version, n, share)
		if !bytes.HasPrefix(b, before) || len(b) != len(before)+n {
			t.Fatalf("%d bytes appended to %q, want %d", len(b)-len(before), b[:min(len(b), 6)], n)
		}
		b = b[len(before):]
		if again := Body(nil, seed, item, version, n, share); !bytes.Equal(b, again) {
			t.Fatal("the same body twice is not the same")
		}
		for i, c := range b {
			if c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
				t.Fatalf("byte %d is %q, which JSON or a shell would quote", i, c)
			}
		}
		got, ok := Check(b, item)
		if whole := n >= HeaderLen; ok != whole || ok && got != version {
			t.Fatalf("Check of %d bytes: version %d, %v; want %d, %v", n, got, ok, version, whole)
		}
	})
}

// What another item, a cut or a changed byte makes of a body is seen: every byte, at every
// length of the part that the checksum takes eight bytes at a time.
func TestCheckSeesEveryChange(t *testing.T) {
	const item, version = 12_345, 678
	for n := HeaderLen; n < HeaderLen+40; n++ {
		b := Body(nil, 1, item, version, n, 0.3)
		if _, ok := Check(b, item+1); ok {
			t.Fatalf("%d bytes: another item's body passes", n)
		}
		if _, ok := Check(b[:n-1], item); ok {
			t.Fatalf("%d bytes: a body without its last byte passes", n)
		}
		if _, ok := Check(append(bytes.Clone(b), 'x'), item); ok {
			t.Fatalf("%d bytes: a body with a byte more passes", n)
		}
		for at := range n {
			for _, flip := range []byte{1, 2, 0x10, 0x20, 0x80} {
				was := b[at]
				b[at] ^= flip
				sameDigit := at < HeaderLen && 'a' <= was && was <= 'f' && flip == 0x20 // A is a, in hexadecimal
				if _, ok := Check(b, item); ok && !sameDigit {
					t.Fatalf("%d bytes: byte %d changed from %q to %q, and the body passes", n, at, was, b[at])
				}
				b[at] = was
			}
		}
	}
}

func TestVersionsAndItemsDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, seed := range []uint64{1, 2} {
		for item := range uint64(20) {
			for version := range uint64(20) {
				name := fmt.Sprint(seed, item, version)
				b := string(Body(nil, seed, item, version, 40, 0)) // too short for a header
				if other, ok := seen[b]; ok {
					t.Fatalf("seed, item, version %s and %s have the same body", name, other)
				}
				seen[b] = name
			}
		}
	}
}

// The share that is said to repeat compresses away; what is random keeps 6 bits a byte.
func TestCompressibility(t *testing.T) {
	const n = 100_000
	for _, share := range []float64{0, 0.25, 0.5, 0.9, 1} {
		b := Body(nil, 1, 2, 3, n, share)
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
		got := float64(size.n) / n
		want := (1 - share) * 6 / 8
		// Deflate's own tables and references to the pattern take a few percent.
		if got < want-0.01 || got > want+0.06 {
			t.Errorf("compressibility %.0f%%: %.0f%% of the bytes remain, want about %.0f%%", 100*share, 100*got, 100*want)
		}
	}
}

// A counter counts the bytes written to it.
type counter struct{ n int }

func (c *counter) Write(b []byte) (int, error) {
	c.n += len(b)
	return len(b), nil
}

var _ io.Writer = (*counter)(nil)

func TestBodyAllocatesNothing(t *testing.T) {
	b := Body(nil, 1, 2, 3, 1000, 0.2)
	if n := testing.AllocsPerRun(100, func() { b = Body(b[:0], 1, 2, 4, 1000, 0.2) }); n != 0 {
		t.Errorf("%v allocations for a body in a buffer that is large enough", n)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add(Body(nil, 1, 2, 3, 100, 0), uint64(2))
	f.Add([]byte("short"), uint64(0))
	f.Add(bytes.Repeat([]byte("f"), HeaderLen), uint64(1<<64-1))
	f.Fuzz(func(t *testing.T, body []byte, item uint64) {
		version, ok := Check(body, item)
		if !ok {
			return
		}
		head := fmt.Sprintf("%016x%016x", item, version)
		if len(body) < HeaderLen || !strings.EqualFold(string(body[:32]), head) {
			t.Errorf("%q passes for version %d of item %d", body, version, item)
		}
	})
}

func BenchmarkBody(b *testing.B) {
	for _, n := range []int{1 << 10, 100 << 10} {
		b.Run(fmt.Sprintf("%dKiB", n>>10), func(b *testing.B) {
			buf := make([]byte, 0, n)
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for i := uint64(0); b.Loop(); i++ {
				buf = Body(buf[:0], 1, i, 1, n, 0)
			}
		})
	}
}
