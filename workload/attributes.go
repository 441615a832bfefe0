package workload

import (
	"math/bits"
	"strconv"
	"strings"

	"crossover/workload/items"
)

// The logical attributes of an item, by the same names on every target. Body attributes are
// a00, a01, … (three letters to the hundredth, four past it: below Aerospike's 15).
const (
	AttrPartition = "pk"
	AttrSort      = "sk"
	AttrVersion   = "ver" // 16 hexadecimal digits
	VersionLen    = 16
	AttrExpiry    = "exp" // DynamoDB's time-to-live attribute, in seconds since 1970; Aerospike's is the record's own
	sortDigits    = 10
)

// MaxItemBytes is DynamoDB's limit for an item, names and values together (AWS DynamoDB
// Developer Guide, "Service, account, and table quotas").
const MaxItemBytes = 400 << 10

// MaxAttributes is the most body attributes that a scenario may ask for.
const MaxAttributes = 200

var bodyNames = func() (names [MaxAttributes]string) {
	for i := range names {
		names[i] = "a" + strconv.Itoa(i)
		if i < 10 {
			names[i] = "a0" + strconv.Itoa(i)
		}
	}
	return names
}()

// AttrBody returns the name of body attribute i, 0 to MaxAttributes-1.
func AttrBody(i int) string { return bodyNames[i] }

// HasSort reports whether items have a sort key.
func (sc *Scenario) HasSort() bool { return sc.Dataset.Key.Sort.PerPartition > 0 }

// Place returns the partition key's number and the place within it of an item.
func (sc *Scenario) Place(item uint64) (partition, sort uint64) {
	if p := sc.Dataset.Key.Sort.layout; p != nil {
		return p.Place(item)
	}
	if n := sc.Dataset.Key.Sort.PerPartition; n > 0 {
		return item / n, item % n
	}
	return item, 0
}

// AppendPartitionKey appends a partition key's text.
func (sc *Scenario) AppendPartitionKey(dst []byte, partition uint64) []byte {
	before, after, _ := strings.Cut(sc.Dataset.Key.Partition, "{id}")
	dst = append(dst, before...)
	dst = strconv.AppendUint(dst, partition, 10)
	return append(dst, after...)
}

// AppendSortKey appends a sort key's text: the prefix and ten digits, so that text order is
// number order.
func (sc *Scenario) AppendSortKey(dst []byte, sort uint64) []byte {
	dst = append(dst, sc.Dataset.Key.Sort.Prefix...)
	start := len(dst)
	dst = strconv.AppendUint(dst, sort, 10)
	if pad := sortDigits - (len(dst) - start); pad > 0 {
		dst = append(dst, "0000000000"[:pad]...)
		copy(dst[start+pad:], dst[start:len(dst)-pad])
		copy(dst[start:], "0000000000"[:pad])
	}
	return dst
}

// AppendVersion appends a version's 16 hexadecimal digits.
func AppendVersion(dst []byte, version uint64) []byte {
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, digits[version>>shift&15])
	}
	return dst
}

// decimals returns how many digits n has.
func decimals(n uint64) int {
	// 1233/4096 is a little more than the logarithm of 2: d is the number of digits or, below the
	// power of ten within a doubling, one more.
	d := (bits.Len64(n|1)*1233)>>12 + 1
	if n < powersOfTen[d-1] {
		d--
	}
	return d
}

// powersOfTen are those that fit into 64 bits, from 10^0 on; the first is 0, since 0 has a digit.
var powersOfTen = func() (p [20]uint64) {
	for i, n := 1, uint64(10); i < len(p); i, n = i+1, 10*n {
		p[i] = n
	}
	return p
}()

// OverheadBytes returns what an item's keys, version and attribute names count in DynamoDB's
// item size; the rest of the size is its body.
func (sc *Scenario) OverheadBytes(item uint64) uint64 {
	partition, _ := sc.Place(item)
	n := len(AttrPartition) + len(sc.Dataset.Key.Partition) - len("{id}") + decimals(partition) + len(AttrVersion) + VersionLen
	if sc.HasSort() {
		n += len(AttrSort) + len(sc.Dataset.Key.Sort.Prefix) + sortDigits
	}
	for i := range sc.Dataset.Attributes {
		n += len(sc.AttributeName(i))
	}
	return uint64(n)
}

// minBodyBytes is the least that an item's values need: a byte for each attribute or, where
// they have types, the most that they can count and a byte for the one that takes the rest.
func (sc *Scenario) minBodyBytes() uint64 {
	if t := sc.Values(); t != nil {
		return uint64(t.MaxOther()) + 1
	}
	return uint64(sc.Dataset.Attributes)
}

// minItemBytes is the least size at which every item has room for each attribute.
func (sc *Scenario) minItemBytes() uint64 {
	return sc.OverheadBytes(sc.Dataset.Items-1) + sc.expiryBytes() + sc.minBodyBytes()
}

// sizeBounds returns the smallest and largest size that the distribution can give.
func (sc *Scenario) sizeBounds() (low, high uint64) {
	switch s := sc.Dataset.Size; {
	case s.Uniform != nil:
		return s.Uniform.Min, s.Uniform.Max
	case s.Lognormal != nil:
		return 1, s.Lognormal.Max
	case s.Histogram != nil:
		return 1, s.Histogram[len(s.Histogram)-1].To
	default:
		return s.Fixed, s.Fixed
	}
}

// sizes returns the size distribution of a valid scenario.
func (sc *Scenario) sizes() items.Size {
	switch s := sc.Dataset.Size; {
	case s.Uniform != nil:
		d, err := items.Uniform(s.Uniform.Min, s.Uniform.Max)
		must(err)
		return d
	case s.Lognormal != nil:
		d, err := items.Lognormal(s.Lognormal.Median, s.Lognormal.P99, s.Lognormal.Max)
		must(err)
		return d
	case s.Histogram != nil:
		d, err := items.Histogram(s.Histogram)
		must(err)
		return d
	default:
		return items.Fixed(s.Fixed)
	}
}

// must panics: the scenario was validated, so that an error is this package's own.
func must(err error) {
	if err != nil {
		panic("workload: a validated scenario gave " + err.Error())
	}
}

// SplitBody returns where body attribute i of a body of n bytes begins and ends: the bytes
// are divided as evenly as they go, the first attributes taking one more.
func (sc *Scenario) SplitBody(n, i int) (from, to int) {
	k := sc.Dataset.Attributes
	each, more := n/k, n%k
	from = i*each + min(i, more)
	to = from + each
	if i < more {
		to++
	}
	return from, to
}
