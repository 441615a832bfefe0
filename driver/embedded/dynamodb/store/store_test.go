package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"crossover/driver/embedded/dynamodb/attribute"
)

func stored(text string) attribute.Stored {
	return attribute.Item{"v": {Type: attribute.S, Text: text}}.Encode(nil)
}

func put(t testing.TB, s *Store, k Key, item attribute.Stored) {
	t.Helper()
	if err := s.Update(k, func(attribute.Stored) (attribute.Stored, error) { return item, nil }); err != nil {
		t.Fatal(err)
	}
}

// TestAgainstMap drives random writes and compares reads, both orders, counts and sizes with a
// plain map.
func TestAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, model := New(), map[Key]string{}
		for range rapid.IntRange(0, 900).Draw(t, "writes") {
			k := NewKey(fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "p")), string(binary.BigEndian.AppendUint16(nil, uint16(rapid.IntRange(0, 400).Draw(t, "s")))))
			v := rapid.StringN(0, 3, -1).Draw(t, "v")
			if rapid.IntRange(0, 4).Draw(t, "kind") == 0 {
				delete(model, k)
				_ = s.Update(k, func(attribute.Stored) (attribute.Stored, error) { return nil, nil })
			} else {
				model[k] = v
				_ = s.Update(k, func(attribute.Stored) (attribute.Stored, error) { return stored(v), nil })
			}
		}
		var want []Key
		var size int64
		for k, v := range model {
			want = append(want, k)
			size += int64(1 + len(v))
			if got := s.Get(k).Item()["v"].Text; got != v {
				t.Fatalf("%v holds %q, want %q", k, got, v)
			}
		}
		slices.SortFunc(want, func(a, b Key) int { return cmp.Or(cmp.Compare(a.Hash, b.Hash), cmp.Compare(a.Text, b.Text)) })
		var got []Key
		for e := range s.Ascend(Key{}, false) {
			got = append(got, e.Key)
		}
		if !slices.Equal(got, want) || s.Items() != int64(len(want)) || s.Bytes() != size {
			t.Fatalf("%d keys ascending, %d items of %d bytes, want %d of %d", len(got), s.Items(), s.Bytes(), len(want), size)
		}
		if len(want) == 0 {
			return
		}
		// One partition key, from a key down.
		at := rapid.IntRange(0, len(want)-1).Draw(t, "at")
		got = got[:0]
		for e := range s.Descend(want[at], true) {
			if e.Hash != want[at].Hash {
				break
			}
			got = append(got, e.Key)
		}
		slices.Reverse(got)
		first := slices.IndexFunc(want, func(k Key) bool { return k.Hash == want[at].Hash })
		if !slices.Equal(got, want[first:at]) {
			t.Fatalf("descending from %v: %d keys, want %d", want[at], len(got), at-first)
		}
	})
}

func TestErrorChangesNothing(t *testing.T) {
	s, k, bad := New(), NewKey("a", ""), errors.New("no")
	put(t, s, k, stored("x"))
	if err := s.Update(k, func(attribute.Stored) (attribute.Stored, error) { return nil, bad }); !errors.Is(err, bad) {
		t.Errorf("%v", err)
	}
	if s.Items() != 1 || s.Get(k) == nil {
		t.Error("an update that failed removed the item")
	}
}

func TestPartitionKeysDoNotMix(t *testing.T) {
	// "a" + "bc" and "ab" + "c" are different keys.
	if NewKey("a", "bc").Text == NewKey("ab", "c").Text {
		t.Error("two keys have the same text")
	}
}

func TestSegmentsCoverEveryHashOnce(t *testing.T) {
	for _, total := range []int{1, 2, 3, 7, 64, 1_000_000} {
		next := uint64(0)
		for i := range total {
			first, last := Segment(i, total)
			if first != next || last < first {
				t.Fatalf("segment %d of %d: %d to %d, want it to begin at %d", i, total, first, last, next)
			}
			next = last + 1
		}
		if next != 0 {
			t.Fatalf("%d segments end at %d, want %d", total, next-1, uint64(math.MaxUint64))
		}
	}
}

// TestConcurrent has writers add to counters that lie side by side while a reader walks them.
func TestConcurrent(t *testing.T) {
	s := New()
	const writers, each, keys = 4, 500, 10
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				k := NewKey(fmt.Sprint((w+i)%keys), "")
				if err := s.Update(k, func(old attribute.Stored) (attribute.Stored, error) {
					return stored(old.Item()["v"].Text + "x"), nil
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		for range 50 {
			seen := map[Key]bool{}
			for e := range s.Ascend(Key{}, false) {
				if seen[e.Key] {
					t.Errorf("%v was yielded twice", e.Key)
				}
				seen[e.Key] = true
			}
		}
	})
	wg.Wait()
	if want := int64(keys + writers*each); s.Bytes() != want {
		t.Errorf("%d bytes, want %d: an update was lost", s.Bytes(), want)
	}
}
