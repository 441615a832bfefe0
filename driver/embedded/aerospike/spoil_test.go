package aerospike

import (
	"bytes"
	"testing"

	"crossover/driver/embedded/aerospike/wire"
)

// One byte of the largest string or blob is changed, and nothing else; what is stored stays as
// it was.
func TestCorrupted(t *testing.T) {
	var bins []byte
	bins = wire.AppendOp(bins, wire.OpRead, wire.String, []byte("pk"), []byte("key"))
	bins = wire.AppendOp(bins, wire.OpRead, wire.String, []byte("body"), []byte("the largest of them"))
	from := len(bins) - len("the largest of them")
	bins = wire.AppendOp(bins, wire.OpRead, wire.Integer, []byte("n"), make([]byte, 8))
	was := bytes.Clone(bins)
	f := newFate(Faults{Corrupt: 1}, 1)
	for range 200 {
		got := f.corrupted(bins)
		differ := 0
		for i := range got {
			if got[i] != bins[i] {
				if differ++; i < from || i >= from+len("the largest of them") {
					t.Fatalf("byte %d was changed", i)
				}
			}
		}
		if differ != 1 || len(got) != len(bins) || !bytes.Equal(bins, was) {
			t.Fatalf("%d bytes differ", differ)
		}
	}
	if f.content(0) || !f.content(1) {
		t.Error("a share of nothing happens, or one of everything does not")
	}
}

// The attic holds the records overwritten last, and of each what it was.
func TestAttic(t *testing.T) {
	var a attic
	digest := func(i int) *wire.Digest { return &wire.Digest{byte(i), byte(i >> 8)} }
	for i := range oldVersions + 10 {
		a.keep(digest(i), stored{[]byte{byte(i)}, 1})
	}
	a.keep(digest(oldVersions), stored{[]byte("newer"), 2})
	for i := range oldVersions + 10 {
		got, ok := a.get(digest(i))
		want := stored{[]byte{byte(i)}, 1}
		if i == oldVersions {
			want = stored{[]byte("newer"), 2}
		}
		if ok != (i >= 10) || ok && (string(got.bins) != string(want.bins) || got.count != want.count) || len(a.records) != oldVersions {
			t.Fatalf("record %d: %v, %v, want %v; %d kept", i, got, ok, want, len(a.records))
		}
	}
}
