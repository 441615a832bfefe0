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
