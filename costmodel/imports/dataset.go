package imports

import (
	"math"

	"crossover/costmodel/units"
	"crossover/results/figure"
	"crossover/workload"
)

// assumedPerKey is how many items a partition key with a sort key is taken to hold when no
// export tells.
const assumedPerKey = 10

// lognormalLimit is the distance from the items' distribution above which a lognormal one does
// not stand for it.
const lognormalLimit = 0.05

// Data sums up the items.
type Data struct {
	Items          uint64            `json:"items"`
	SampledShare   float64           `json:"sampled_share"` // of the items that the export has
	MeanBytes      float64           `json:"mean_bytes"`
	Percentiles    map[string]uint64 `json:"size_percentiles"`
	LognormalKS    float64           `json:"lognormal_distance"` // largest distance of distributions
	ReadUnits      float64           `json:"read_units_per_item"`
	WriteUnits     float64           `json:"write_units_per_item"`
	Attributes     []AttributeCount  `json:"attributes"` // of most bytes first, 20 at most
	PartitionKeys  float64           `json:"partition_keys"`
	KeysError      float64           `json:"partition_keys_relative_standard_error"`
	ItemsPerKey    float64           `json:"items_per_key"`
	ItemsPerKeyP99 uint64            `json:"items_per_key_p99"`
	ItemsPerKeyMax uint64            `json:"items_per_key_max"` // of the keys sampled
}

// dataset finds out what is stored.
func (a *assembly) dataset() {
	t, ds := a.Table, &a.d.sc.Dataset
	a.d.items = t.Items
	itemsFrom := t.File + ", Table.ItemCount"
	if e := a.full(); e != nil && e.Manifest.Items > 0 {
		a.d.items, itemsFrom = uint64(e.Manifest.Items), e.Manifest.Dir+"/manifest-summary.json, itemCount"
	}
	if a.d.items == 0 {
		a.d.items = 1
		a.miss(High, "items: the table is empty", "one item was assumed; a new table's ItemCount is refreshed every six hours")
		a.set("cost.items", figure.Assumed, "the table is empty (%s)", itemsFrom)
	} else {
		a.set("cost.items", figure.Measured, "%s", itemsFrom)
	}
	ds.Items = min(a.d.items, max(a.o.Items, 1))
	if ds.Items < a.d.items {
		a.set("dataset.items", figure.Assumed, "production has %d items; as many as --items says are loaded for the test", a.d.items)
	} else {
		a.set("dataset.items", figure.Measured, "%s", itemsFrom)
	}
	ds.Key.Partition, ds.Attributes = "item#{id}", 1
	if t.SortKey != "" {
		ds.Key.Sort = workload.SortKey{Prefix: "sort#", PerPartition: assumedPerKey}
	}
	if e := a.full(); e != nil && e.Items > 0 {
		a.counted(e)
	} else {
		a.averaged()
	}
}

// averaged takes what describe-table says: a mean and nothing about its spread.
func (a *assembly) averaged() {
	t, ds := a.Table, &a.d.sc.Dataset
	size := uint64(units.KiB)
	if t.Items > 0 && t.Bytes > 0 {
		size = max(uint64(math.Round(float64(t.Bytes)/float64(t.Items))), 1)
		a.set("dataset.size", figure.Measured, "%s, Table.TableSizeBytes / Table.ItemCount: a mean, without its spread", t.File)
		a.miss(High, "item sizes: no export", "every item was taken to have the mean size; units are rounded up item by item, so that a spread costs DynamoDB more")
	} else {
		a.set("dataset.size", figure.Assumed, "the table is empty and no export was given")
		a.miss(High, "item sizes: the table is empty and there is no export", "1 KiB was assumed")
	}
	ds.Size.Fixed = min(size, units.MaxItem)
	a.set("dataset.attributes", figure.Assumed, "no export")
	a.miss(Low, "attributes: no export", "one attribute was assumed")
	if t.SortKey != "" {
		a.set("dataset.key.sort", figure.Assumed, "no export")
		a.miss(High, "items below a partition key: no export", "%d were assumed, which sets what a query costs", assumedPerKey)
	}
	a.readUnits, a.writeUnits = units.Read(size, units.Eventual), units.Write(size, false)
	a.unitsBasis = "the mean size"
}

// counted takes what a full export says.
func (a *assembly) counted(e *Export) {
	ds, dir := &a.d.sc.Dataset, e.Manifest.Dir
	median, p99, high := e.Sizes.Percentile(0.5), e.Sizes.Percentile(0.99), e.Sizes.Percentile(1)
	distance := 0.0
	if e.Sizes.Percentile(0) == high {
		ds.Size.Fixed = high
		a.set("dataset.size", figure.Measured, "%s, %d items, all of this size", dir, e.Items)
	} else {
		distance = e.Sizes.Distance(median, p99, high)
		if distance > lognormalLimit {
			ds.Size.Histogram = e.Sizes.Histogram()
			a.set("dataset.size", figure.Measured, "%s, %d items: their histogram, since the lognormal through their median and p99 is %.3f from their distribution (Kolmogorov-Smirnov)", dir, e.Items, distance)
		} else {
			ds.Size.Lognormal = &workload.SizeLognormal{Median: median, P99: p99, Max: high}
			a.set("dataset.size", figure.Measured, "%s, %d items: their median, p99 and maximum; the lognormal through them is %.3f from their distribution at most (Kolmogorov-Smirnov)", dir, e.Items, distance)
		}
	}
	ds.Attributes = min(max(int(math.Round(float64(e.PerItem)/float64(e.Items))), 1), workload.MaxAttributes)
	a.set("dataset.attributes", figure.Measured, "%s, mean of the attributes besides the keys", dir)
	a.readUnits, a.writeUnits = e.Sizes.Units()
	a.unitsBasis = "the export's sizes"
	distinct, relative := e.Keys.Distinct()
	mean, _, keyP99, most := e.Keys.PerKey()
	if a.Table.SortKey != "" {
		ds.Key.Sort.PerPartition = max(uint64(math.Round(mean)), 1)
		a.set("dataset.key.sort", figure.Measured, "%s, mean of %s items a partition key (p99 %d, most %d of the keys sampled)", dir, number(mean, 4), keyP99, most)
		if n := ds.Items / ds.Key.Sort.PerPartition; n < 100 && a.d.items > ds.Items {
			a.note("the test's %d items are only %d partition keys; raise --items to spread them as production does", ds.Items, max(n, 1))
		}
	}
	a.d.Data = &Data{
		Items: e.Items, SampledShare: e.Sampled(), MeanBytes: e.Sizes.Mean(), LognormalKS: distance,
		Percentiles: map[string]uint64{"p1": e.Sizes.Percentile(0.01), "p50": median, "p90": e.Sizes.Percentile(0.9), "p99": p99, "max": high},
		ReadUnits:   a.readUnits, WriteUnits: a.writeUnits, PartitionKeys: distinct / e.Sampled(), KeysError: relative,
		ItemsPerKey: mean, ItemsPerKeyP99: keyP99, ItemsPerKeyMax: most,
	}
	for i, c := range e.Attributes.All() {
		if i < 20 {
			a.d.Data.Attributes = append(a.d.Data.Attributes, *c)
		}
	}
	if e.Attributes.Other > 0 {
		a.note("more than %d attribute names: %d values of others were not told apart", maxNames, e.Attributes.Other)
	}
}

// fit makes the attributes, and then the size, such that every item has room for its keys and
// names, which the scenario format asks for.
func (a *assembly) fit() {
	sc := &a.d.sc
	ds := &sc.Dataset
	largest := func() uint64 {
		if h := ds.Size.Histogram; len(h) > 0 {
			return h[len(h)-1].To
		}
		if ds.Size.Lognormal != nil {
			return ds.Size.Lognormal.Max
		}
		return ds.Size.Fixed
	}
	need := func() uint64 { return sc.OverheadBytes(ds.Items-1) + uint64(ds.Attributes) }
	was := ds.Attributes
	for need() > largest() && ds.Attributes > 1 {
		ds.Attributes--
	}
	if ds.Attributes < was {
		a.note("%d attributes do not fit into items of %d bytes with the test's own key and version; %d were taken", was, largest(), ds.Attributes)
	}
	if n := need(); n > largest() {
		a.note("items of %d bytes are smaller than the test's own keys and version; %d bytes were taken", largest(), n)
		ds.Size = workload.SizeDist{Fixed: n}
	}
}
