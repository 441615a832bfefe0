package aerospike

import (
	"strings"
	"testing"

	as "github.com/aerospike/aerospike-client-go/v7"
	"pgregory.net/rapid"

	"crossover/workload"
)

// The digest is the library's own, whatever the lengths of set and key.
func TestDigest(t *testing.T) {
	sc := shape{}.scenario(t)
	rapid.Check(t, func(t *rapid.T) {
		set := rapid.StringN(0, 63, 63).Draw(t, "set")
		text := rapid.StringN(0, 300, -1).Draw(t, "key")
		want, err := as.NewKey("test", set, text)
		if err != nil {
			t.Fatal(err)
		}
		r := newRecord(sc, "test", set)
		for range 2 { // its storage is used over and over
			r.setKey([]byte(text))
			if string(r.key.Digest()) != string(want.Digest()) || r.key.PartitionId() != want.PartitionId() {
				t.Fatalf("digest %x, expected %x", r.key.Digest(), want.Digest())
			}
		}
	})
}

// A record's bins are the item's attributes, and its bytes the item's size.
func TestRecordIsTheItem(t *testing.T) {
	for _, s := range []shape{{items: 50}, {items: 50, sort: 7}} {
		sc := s.scenario(t)
		r := newRecord(sc, "test", "set")
		loader := workload.NewLoader(sc)
		for item := range sc.Dataset.Items {
			body := loader.Body(nil, item)
			partition, sort := sc.Place(item)
			r.address(partition, sort)
			r.fill(0x1f, body)
			if r.bytes != sc.ItemSize(item) {
				t.Fatalf("item %d: %d bytes, expected %d", item, r.bytes, sc.ItemSize(item))
			}
			if want := userKey(t, sc, "set", item); !r.key.Equals(want) {
				t.Fatalf("item %d: key %x, expected %x", item, r.key.Digest(), want.Digest())
			}
			bins := as.BinMap{}
			var text strings.Builder
			for _, b := range r.bins {
				bins[b.Name] = b.Value.String()
				if strings.HasPrefix(b.Name, "a") {
					text.WriteString(b.Value.String())
				}
			}
			if text.String() != string(body) || bins[workload.AttrVersion] != "000000000000001f" || itemBytes(bins) != r.bytes {
				t.Fatalf("item %d: bins %v", item, bins)
			}
			if _, ok := bins[workload.AttrSort]; ok != sc.HasSort() || bins[workload.AttrPartition] != string(sc.AppendPartitionKey(nil, partition)) {
				t.Fatalf("item %d: bins %v", item, bins)
			}
		}
	}
}

func TestMarkerIsNoItem(t *testing.T) {
	if strings.ContainsAny(MarkerKey, "0123456789") {
		t.Errorf("the marker's key %q has a digit, as items' keys do", MarkerKey)
	}
}

// Windows hold about eight pages: 8 × 100 records × 4096 partitions / 10,000 items = 327.68
// partitions; a set of more than 8 × limit × 4096 items is asked one partition at a time.
func TestWindow(t *testing.T) {
	for _, c := range []struct {
		limit, items uint64
		want         int
	}{{100, 10_000, 327}, {100, 10, 4096}, {100, 3_276_800, 1}, {100, 1_000_000_000, 1}, {1, 32_768, 1}, {1, 4096, 8}, {10_000, 1, 4096}} {
		if got := windowFor(c.limit, c.items); got != c.want {
			t.Errorf("limit %d of %d items: %d partitions, expected %d", c.limit, c.items, got, c.want)
		}
	}
}
