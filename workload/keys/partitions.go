package keys

import (
	"errors"
	"fmt"
	"math"
	"sort"
)

// PartitionBlock is how many partition keys' sizes are laid out together.
const PartitionBlock = 1024

// Partitions lays items out over partition keys that hold different numbers of them. It is a
// bijection from item numbers to pairs of partition and place, in constant memory.
//
// Construction: partition keys come in blocks of 1,024. The sizes within a block are the
// distribution's quantiles at (j + 1/2)/1024, so that every block holds the distribution as
// exactly as 1,024 numbers can, in an order that is shuffled once and the same in every block.
// Items fill the partitions one after another. The sums of the sizes before each partition of a
// block, 8 KiB, tell by a binary search of ten steps where an item lies. The partition in which
// the data set ends may hold fewer items than its size says.
type Partitions struct {
	before [PartitionBlock + 1]uint64 // items of the block before each of its partitions
}

// A Quantile returns the number of items that a share q of the partition keys stays at or
// below, 0 < q < 1.
type Quantile func(q float64) uint64

// NewPartitions lays out the sizes that quantile gives, each at least 1.
func NewPartitions(quantile Quantile) (*Partitions, error) {
	p := &Partitions{}
	order := NewScramble(0x706172746974696f, PartitionBlock)
	for j := range uint64(PartitionBlock) {
		size := quantile((float64(order.Of(j)) + 0.5) / PartitionBlock)
		if size < 1 || size > MaxPerPartition {
			return nil, fmt.Errorf("a partition key with %d items, expected 1 to %d", size, uint64(MaxPerPartition))
		}
		p.before[j+1] = p.before[j] + size
	}
	return p, nil
}

// MaxPerPartition bounds the items of one partition key: the ten digits of a sort key.
const MaxPerPartition = 1_000_000_000

// Place returns where an item lies.
func (p *Partitions) Place(item uint64) (partition, sort uint64) {
	block := p.before[PartitionBlock]
	b, rest := item/block, item%block
	j := p.search(rest)
	return b*PartitionBlock + j, rest - p.before[j]
}

// search returns the partition of a block in which its item lies.
func (p *Partitions) search(item uint64) uint64 {
	low, high := uint64(0), uint64(PartitionBlock) // before[low] <= item < before[high]
	for high-low > 1 {
		if mid := (low + high) / 2; p.before[mid] <= item {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// Item undoes Place.
func (p *Partitions) Item(partition, sort uint64) uint64 {
	return partition/PartitionBlock*p.before[PartitionBlock] + p.before[partition%PartitionBlock] + sort
}

// Size returns how many items a partition key holds.
func (p *Partitions) Size(partition uint64) uint64 {
	j := partition % PartitionBlock
	return p.before[j+1] - p.before[j]
}

// Mean returns the mean number of items of a partition key.
func (p *Partitions) Mean() float64 { return float64(p.before[PartitionBlock]) / PartitionBlock }

// Returned returns how many items a query of at most limit items returns in the mean, when each
// item is as likely to be the one whose partition key is queried: a partition key counts as
// often as it has items.
func (p *Partitions) Returned(limit uint64) float64 {
	sum := 0.0
	for j := range uint64(PartitionBlock) {
		size := p.Size(j)
		sum += float64(size) * float64(min(size, limit))
	}
	return sum / float64(p.before[PartitionBlock])
}

// UniformSizes gives every number of items from low to high as many partition keys.
func UniformSizes(low, high uint64) (Quantile, error) {
	if low < 1 || low > high || high > MaxPerPartition {
		return nil, fmt.Errorf("partition keys of %d to %d items, expected 1 to %d in order", low, high, uint64(MaxPerPartition))
	}
	return func(q float64) uint64 { return min(low+uint64(q*float64(high-low+1)), high) }, nil
}

// ZipfianSizes gives the number of items k, from 1 to most, a share of the partition keys that
// is proportional to k^-theta: most have few, few have many. Start takes a sum of most terms,
// so that most is at most MaxZipfianSize.
func ZipfianSizes(theta float64, most uint64) (Quantile, error) {
	if !(theta >= 0 && theta <= maxTheta) {
		return nil, fmt.Errorf("theta %v, expected 0 to %d", theta, maxTheta)
	}
	if most < 1 || most > MaxZipfianSize {
		return nil, fmt.Errorf("at most %d items, expected 1 to %d", most, uint64(MaxZipfianSize))
	}
	sums := make([]float64, most)
	sum := 0.0
	for k := range most {
		sum += math.Pow(float64(k+1), -theta)
		sums[k] = sum
	}
	if math.IsInf(sum, 0) {
		return nil, errors.New("weights beyond what numbers hold")
	}
	return func(q float64) uint64 {
		return min(uint64(sort.SearchFloat64s(sums, q*sum)), most-1) + 1
	}, nil
}

// MaxZipfianSize bounds the items of a partition key in a zipfian distribution of them.
const MaxZipfianSize = 1_000_000
