// Package units holds DynamoDB's capacity-unit rules and item sizes: how many RCU and WCU a
// request consumes, to the half unit, and how many bytes an item counts.
package units

import "math"

// Sizes by which DynamoDB counts; kilobytes are 1,024 bytes (AWS DynamoDB Developer Guide,
// "DynamoDB read and write operations": 1,500 items of 64 bytes are 96 KB and cost 24 units).
const (
	KiB          = 1024
	ReadBlock    = 4 * KiB   // bytes that one strongly consistent read unit covers
	WriteBlock   = 1 * KiB   // bytes that one write unit covers
	MaxItem      = 400 * KiB // largest item (Developer Guide, "Service, account, and table quotas")
	MaxPage      = 1024 * KiB
	ItemOverhead = 100 // bytes that storage billing adds to each item (Developer Guide, "DynamoDB item sizes and formats")
)

// A Consistency is how a read is charged.
type Consistency uint8

// The consistencies: an eventually consistent read costs half of a strongly consistent one, a
// transactional one twice (Developer Guide, "DynamoDB read and write operations").
const (
	Eventual Consistency = iota
	Strong
	Transactional
)

func (c Consistency) factor() float64 {
	switch c {
	case Strong:
		return 1
	case Transactional:
		return 2
	}
	return 0.5
}

// blocks returns how many blocks cover n bytes, at least one: reading an item that is not
// there costs as much as the smallest one, and so does a write.
func blocks(n, block uint64) float64 { return math.Max(1, float64((n+block-1)/block)) }

// Read returns the read units of reading one item of n bytes; n is 0 for a missing item.
func Read(n uint64, c Consistency) float64 { return blocks(n, ReadBlock) * c.factor() }

// Page returns the read units of one page of a Query or Scan that processed n bytes in all:
// the sum is rounded up once. An empty page costs as much as one block.
func Page(n uint64, c Consistency) float64 { return blocks(n, ReadBlock) * c.factor() }

// Write returns the write units of writing one item: n is the larger of the item's sizes
// before and after (Developer Guide, "UpdateItem … the larger of the item sizes"), 0 for a
// delete of a missing item. A failed conditional write costs the same as a done one.
func Write(n uint64, transactional bool) float64 {
	u := blocks(n, WriteBlock)
	if transactional {
		return 2 * u
	}
	return u
}
