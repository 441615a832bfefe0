package dynamodb

import (
	"math"

	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/store"
)

// finishWrite closes the answer of a request that wrote one item; it holds the item's key.
func (c *call) finishWrite(w *write, it attribute.Item) {
	if w.metrics {
		if text := collectionMetrics(w.table, w.place, it); text != nil {
			c.out = append(append(c.out, `,"ItemCollectionMetrics":`...), text...)
		}
	}
	c.finish(w.want, &w.bill)
}

// collectionMetrics returns the ItemCollectionMetrics of an item's collection; nil for a table
// without local indexes, which has none (API Reference, ItemCollectionMetrics). The estimate is a
// range of whole gigabytes around the size; how wide the service's is, it does not say.
func collectionMetrics(t *table, at store.Key, it attribute.Item) []byte {
	a := t.aside.Load()
	if a == nil || a.collections == nil {
		return nil
	}
	key := attribute.Item{t.schema.partition(): it[t.schema.partition()]}
	out, err := key.Append([]byte(`{"ItemCollectionKey":`))
	if err != nil {
		return nil
	}
	low := math.Floor(float64(a.collections.of(at.Hash)) / 1e9)
	out = number(append(out, `,"SizeEstimateRangeGB":[`...), low)
	out = number(append(out, ','), low+1)
	return append(out, "]}"...)
}

// A written is one of several items that a request has written.
type written struct {
	table *table
	name  string // of the table, as the request gave it
	at    store.Key
	of    attribute.Item // the item, or its key
}

// manyMetrics appends the ItemCollectionMetrics of the collections that items were written to,
// each once, by table.
func (c *call) manyMetrics(all []written) {
	done := map[*table]bool{}
	some := false
	for _, first := range all {
		if a := first.table.aside.Load(); done[first.table] || a == nil || a.collections == nil {
			continue
		}
		done[first.table] = true
		if some {
			c.out = append(c.out, ',')
		} else {
			c.out = append(c.out, `,"ItemCollectionMetrics":{`...)
		}
		some = true
		c.out = append(appendJSON(c.out, first.name), `:[`...)
		seen := map[uint64]bool{}
		for _, w := range all {
			if w.table != first.table || seen[w.at.Hash] {
				continue
			}
			if len(seen) > 0 {
				c.out = append(c.out, ',')
			}
			seen[w.at.Hash] = true
			c.out = append(c.out, collectionMetrics(w.table, w.at, w.of)...)
		}
		c.out = append(c.out, ']')
	}
	if some {
		c.out = append(c.out, '}')
	}
}
