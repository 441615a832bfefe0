package dynamodb

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/store"
)

// One byte of the largest text is changed, and nothing else; what is stored stays as it was.
func TestCorrupted(t *testing.T) {
	item := attribute.Item{
		"pk": {Type: attribute.S, Text: "key"}, "n": {Type: attribute.N, Text: "123456789012345678901234567890"},
		"body": {Type: attribute.S, Text: "große Änderung"}, "raw": {Type: attribute.B, Text: "\x00\xff"},
	}
	stored := item.Encode(nil)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		got := corrupted(stored, rng).Item()
		differ := 0
		was, is := item["body"].Text, got["body"].Text
		for i := range was {
			if len(is) != len(was) || was[i] != is[i] {
				differ++
			}
		}
		got["body"] = item["body"]
		if diff := cmp.Diff(item, got); diff != "" || differ != 1 {
			t.Fatalf("%q became %q; the rest (-want +got):\n%s", was, is, diff)
		}
	}
	if diff := cmp.Diff(item, attribute.Stored(stored).Item()); diff != "" {
		t.Errorf("what is stored has changed:\n%s", diff)
	}
	number := attribute.Item{"n": {Type: attribute.N, Text: "1"}}.Encode(nil)
	if got := corrupted(number, rng); cmp.Diff(attribute.Stored(number), got) != "" {
		t.Error("a number was changed")
	}
}

// The attic holds the items overwritten last, and of each what it was.
func TestAttic(t *testing.T) {
	var a attic
	at := func(i int) placed {
		return placed{key: store.NewKey(string(rune('a'+i%26))+string(rune(i)), "")}
	}
	for i := range oldVersions + 10 {
		a.keep(at(i), attribute.Stored{byte(i)})
	}
	a.keep(at(oldVersions), attribute.Stored{1, 2, 3})
	for i := range oldVersions + 10 {
		got := a.get(at(i))
		want := attribute.Stored{byte(i)}
		if i < 10 {
			want = nil
		} else if i == oldVersions {
			want = attribute.Stored{1, 2, 3}
		}
		if string(got) != string(want) || len(a.items) != oldVersions {
			t.Fatalf("item %d: %v, want %v; %d kept", i, got, want, len(a.items))
		}
	}
}
