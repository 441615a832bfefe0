package workload

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Every item is found by its keys' texts, and no other text is taken for one.
func TestItemOfKeys(t *testing.T) {
	scenarios := map[string]*Scenario{}
	for name, key := range map[string]string{
		"plain":   `partition: "user#{id}!"`,
		"sorted":  `partition: "{id}", sort: {prefix: "event#", per_partition: 7}`,
		"layouts": `partition: "p{id}", sort: {prefix: "s", per_partition: {zipfian: {theta: 1, max: 50}}}`,
	} {
		text := strings.Replace(shapes, `key: {partition: "user#{id}", sort: {prefix: "s#", per_partition: {zipfian: {theta: 1, max: 50}}}}`, "key: {"+key+"}", 1)
		scenarios[name] = mustParse(t, text)
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"plain", "sorted", "layouts"}).Draw(t, "scenario")
		sc := scenarios[name]
		item := rapid.OneOf(rapid.Uint64Range(0, 10_000), rapid.Uint64Range(0, 1_000_000_000_000)).Draw(t, "item")
		p, s := sc.Place(item)
		pk, sk := string(sc.AppendPartitionKey(nil, p)), string(sc.AppendSortKey(nil, s))
		if got, ok := sc.ItemOfKeys(pk, sk); !ok || got != item {
			t.Fatalf("%s: %q, %q: item %d, %v; want %d", name, pk, sk, got, ok, item)
		}
		at := rapid.IntRange(0, len(pk)-1).Draw(t, "at")
		changed := pk[:at] + "/" + pk[at+1:]
		if got, ok := sc.ItemOfKeys(changed, sk); ok {
			t.Fatalf("%s: %q is item %d", name, changed, got)
		}
	})
	for _, keys := range [][2]string{{"07", "event#0000000001"}, {"7", "event#1"}, {"7", "event#0000000007"}, {"+7", "event#0000000001"}, {"", ""}, {"7", "Event#0000000001"}} {
		if got, ok := scenarios["sorted"].ItemOfKeys(keys[0], keys[1]); ok {
			t.Errorf("%q is item %d", keys, got)
		}
	}
}
