package workload

// Size returns an item's size in bytes, as DynamoDB counts it: ItemSize without making a source
// of sizes each time.
func (l *Loader) Size(item uint64) uint64 { return l.sizes.of(item, 0, l.sc.OverheadBytes(item)) }
