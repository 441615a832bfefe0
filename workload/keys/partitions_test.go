package keys

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func layouts(t interface{ Fatal(...any) }) map[string]*Partitions {
	out := map[string]*Partitions{}
	add := func(name string, q Quantile, err error) {
		if err != nil {
			t.Fatal(err)
		}
		p, err := NewPartitions(q)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = p
	}
	q, err := ZipfianSizes(1, 500)
	add("zipfian", q, err)
	q, err = ZipfianSizes(0, 3)
	add("even", q, err)
	q, err = UniformSizes(1, 100)
	add("uniform", q, err)
	q, err = UniformSizes(7, 7)
	add("fixed", q, err)
	return out
}

// Every item has a place of its own, the places within a partition key are 0, 1, 2, …, and no
// partition key is left out before the last.
func TestPlacesAreABijection(t *testing.T) {
	for name, p := range layouts(t) {
		partition, next := uint64(0), uint64(0)
		for item := range uint64(300_000) {
			got, sort := p.Place(item)
			if next == p.Size(partition) {
				partition, next = partition+1, 0
			}
			if got != partition || sort != next {
				t.Fatalf("%s: item %d lies at %d, %d, want %d, %d", name, item, got, sort, partition, next)
			}
			next++
		}
	}
}

func TestPlaceAtTrillions(t *testing.T) {
	all := layouts(t)
	rapid.Check(t, func(t *rapid.T) {
		item := rapid.Uint64Range(0, 2*MaxItems).Draw(t, "item")
		for name, p := range all {
			partition, sort := p.Place(item)
			if sort >= p.Size(partition) || p.Item(partition, sort) != item {
				t.Fatalf("%s: item %d lies at %d, %d, which is item %d of %d", name, item, partition, sort, p.Item(partition, sort), p.Size(partition))
			}
		}
	})
}

// A block's sizes are the distribution within one partition in 1,024.
func TestBlocksHoldTheDistribution(t *testing.T) {
	const most = 500
	q, err := ZipfianSizes(1, most)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPartitions(q)
	if err != nil {
		t.Fatal(err)
	}
	mass, counts := zipfMass(most, 1), make([]float64, most+1)
	for j := range uint64(PartitionBlock) {
		counts[p.Size(j)]++
	}
	sum, want := 0.0, 0.0
	for k := 1; k <= most; k++ {
		sum += counts[k] / PartitionBlock
		want += mass[k-1]
		if math.Abs(sum-want) > 1.0/PartitionBlock {
			t.Fatalf("%v of the partition keys hold %d items or fewer, want %v", sum, k, want)
		}
	}
	// The mean of k with weight 1/k over 1 to 500 is 500 over the 500th harmonic number, 6.793.
	if got := p.Mean(); math.Abs(got/(500/6.792823)-1) > 0.01 {
		t.Errorf("mean %v, want %v", got, 500/6.792823)
	}
	// Uniform sizes 1 to 100: an item's partition has E[s²]/E[s] = (101·201/6)/(101/2) = 67 items.
	u := layouts(t)["uniform"]
	if got := u.Returned(1 << 40); math.Abs(got-67) > 0.5 {
		t.Errorf("a query finds %v items in the mean, want 67", got)
	}
	if got := u.Returned(1); got != 1 {
		t.Errorf("a query of one item returns %v", got)
	}
	// The order is shuffled: the first half of a block has about half of its items.
	if half := float64(p.before[PartitionBlock/2]) / float64(p.before[PartitionBlock]); half < 0.35 || half > 0.65 {
		t.Errorf("the first half of a block holds %v of its items", half)
	}
}

func TestPartitionsRefused(t *testing.T) {
	for _, c := range [][2]uint64{{0, 5}, {6, 5}, {1, MaxPerPartition + 1}} {
		if _, err := UniformSizes(c[0], c[1]); err == nil {
			t.Errorf("UniformSizes(%v) succeeded", c)
		}
	}
	for _, theta := range []float64{-1, 51, math.NaN()} {
		if _, err := ZipfianSizes(theta, 5); err == nil {
			t.Errorf("ZipfianSizes(%v, 5) succeeded", theta)
		}
	}
	for _, most := range []uint64{0, MaxZipfianSize + 1} {
		if _, err := ZipfianSizes(1, most); err == nil {
			t.Errorf("ZipfianSizes(1, %v) succeeded", most)
		}
	}
	if _, err := NewPartitions(func(float64) uint64 { return 0 }); err == nil {
		t.Error("partition keys without items were laid out")
	}
}
