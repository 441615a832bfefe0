package workload

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"crossover/workload/items"
	"crossover/workload/op"
)

// withDataset returns a scenario with the given settings of its data set.
func withDataset(t interface{ Fatal(...any) }, file, settings string) *Scenario {
	sc, err := Parse(file, fmt.Appendf(nil, `
version: 1
name: t
dataset: {items: 1000, %s}
workload:
  operations: {read: 60%%, update: 20%%, insert: 20%%}
  read: {verify: 25%%}
  arrival: {open: {}}
  phases: [{name: a, for: 10s, rate: 1000/s}]
`, settings))
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

func TestTemplateIsRead(t *testing.T) {
	sc := withDataset(t, "t.yaml", `size: 2KiB, compressibility: 30%, attributes: [{name: doc, type: string}, {name: n, type: number, value: {integer: {min: -5, max: 5}}},
    {name: raw, type: binary, bytes: 10B, compressibility: 50%}, {name: tags, type: string_set, bytes: 3B, elements: 4}, {name: e, type: string, value: {enum: [a, b]}}, {name: none, type: "null"}]`)
	want := []items.Attribute{
		{Name: "doc", Type: items.String, From: items.Random, Repeats: 0.3, Filler: true},
		{Name: "n", Type: items.Number, From: items.Integer, Min: -5, Max: 5},
		{Name: "raw", Type: items.Binary, From: items.Random, Bytes: 10, Repeats: 0.5},
		{Name: "tags", Type: items.StringSet, From: items.Random, Bytes: 3, Count: 4, Repeats: 0.3},
		{Name: "e", Type: items.String, From: items.Enum, Of: []string{"a", "b"}},
		{Name: "none", Type: items.Null},
	}
	if diff := cmp.Diff(want, sc.Dataset.Typed); diff != "" || sc.Dataset.Attributes != len(want) {
		t.Errorf("%d attributes (-want +got):\n%s", sc.Dataset.Attributes, diff)
	}
	names := 0
	for _, a := range want {
		names += len(a.Name)
	}
	plain := withDataset(t, "t.yaml", "size: 2KiB, attributes: 1")
	if got, want := sc.OverheadBytes(7), plain.OverheadBytes(7)-uint64(len(AttrBody(0)))+uint64(names); got != want {
		t.Errorf("keys, version and names count %d, want %d", got, want)
	}
	if typed, number := StreamDigest(sc), StreamDigest(plain); typed == number {
		t.Error("the digest does not tell types from a number of strings")
	}
}

// A histogram in a file beside the scenario is the one written in it, and its content is in
// the digest.
func TestSizeHistogramFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "t.yaml")
	put := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "sizes.csv"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("to,share\n# small ones\n 512B, 40%\n4KiB,60%\n")
	named := withDataset(t, file, "size: {histogram: sizes.csv}")
	written := withDataset(t, file, "size: {histogram: [{to: 512B, share: 40%}, {to: 4KiB, share: 60%}]}")
	if diff := cmp.Diff(written.Dataset.Size, named.Dataset.Size); diff != "" {
		t.Errorf("(-written +file):\n%s", diff)
	}
	for item := range uint64(200) {
		if a, b := written.ItemSize(item), named.ItemSize(item); a != b || a > 4096 {
			t.Fatalf("item %d has %d and %d bytes", item, a, b)
		}
	}
	before := StreamDigest(named)
	put("512B,41%\n4KiB,59%\n")
	if StreamDigest(withDataset(t, file, "size: {histogram: sizes.csv}")) == before {
		t.Error("another file has the same digest")
	}
}

func FuzzParseBuckets(f *testing.F) {
	f.Add([]byte("to,share\n512B,40%\n4KiB,60%\n"))
	f.Add([]byte("512B,40%,\"\n"))
	f.Add([]byte("# nothing"))
	f.Fuzz(func(t *testing.T, text []byte) {
		buckets, err := parseBuckets("sizes.csv", text)
		if err != nil && !strings.HasPrefix(err.Error(), "sizes.csv") {
			t.Errorf("an error that does not say where: %v", err)
		}
		if len(buckets) > items.MaxBuckets {
			t.Errorf("%d buckets", len(buckets))
		}
	})
}

// A share of the reads, and of nothing else, is verified, the same ones in every clone.
func TestVerifiedReadsAreChosenByIndex(t *testing.T) {
	sc := withDataset(t, "t.yaml", "size: 200B")
	a, b := NewStream(sc), NewStream(sc)
	var x, y op.Op
	reads, verified := 0, 0
	for i := range a.Len() {
		a.At(i, &x)
		if i%7 == 0 {
			if b.At(i, &y); x.Verify != y.Verify {
				t.Fatalf("operation %d is verified in one clone and not in the other", i)
			}
		}
		if x.Verify && x.Kind != op.Read {
			t.Fatalf("operation %d, a %v, is verified", i, x.Kind)
		}
		if x.Kind == op.Read {
			reads++
		}
		if x.Verify {
			verified++
		}
	}
	// 6,000 reads: the standard deviation of the share is 0.56 points.
	if share := float64(verified) / float64(reads); share < 0.225 || share > 0.275 {
		t.Errorf("%d of %d reads are verified, want a quarter", verified, reads)
	}
}

// A version has one spelling, so that no changed letter is another version's.
func TestParseVersion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Uint64().Draw(t, "version")
		text := AppendVersion(nil, v)
		if got, ok := ParseVersion(string(text)); !ok || got != v {
			t.Fatalf("%s is read as %d, %v", text, got, ok)
		}
		at, flip := rapid.IntRange(0, VersionLen-1).Draw(t, "at"), rapid.SampledFrom([]byte{1, 2, 0x20, 0x40, 0x80}).Draw(t, "flip")
		text[at] ^= flip
		if got, ok := ParseVersion(string(text)); ok && got == v {
			t.Fatalf("%q is read as %d too", text, v)
		}
	})
	for _, text := range []string{"", "0", "000000000000000", "00000000000000000", "000000000000000A", "00000000000000 1"} {
		if v, ok := ParseVersion(text); ok {
			t.Errorf("%q is read as %d", text, v)
		}
	}
}

// What is written with a time to live has its size with the attribute that ends it; what is
// loaded has none, and its size without.
func TestTimeToLiveIsInTheSize(t *testing.T) {
	sc := withDataset(t, "t.yaml", "size: 500B")
	sc.Workload.Write.TTL = 3600e9
	c := NewContent(sc)
	if loaded, written := len(c.Body(3, 0)), len(c.Body(3, 9)); loaded != written+len(AttrExpiry)+6 || loaded != sc.BodyLen(3) {
		t.Errorf("bodies of %d bytes loaded and %d written", loaded, written)
	}
}
