package imports

import (
	"math"
	"sort"

	"crossover/costmodel/units"
	"crossover/workload"
)

// Sizes counts item sizes to the byte.
type Sizes struct {
	counts []uint64
	n, sum uint64
	above  uint64 // items that counted more than DynamoDB's limit, kept as the limit
}

func (s *Sizes) add(size int) {
	if s.counts == nil {
		s.counts = make([]uint64, units.MaxItem+1)
	}
	if size > units.MaxItem {
		s.above++
		size = units.MaxItem
	}
	s.counts[size]++
	s.n++
	s.sum += uint64(size)
}

// N returns how many items were counted.
func (s *Sizes) N() uint64 { return s.n }

// Mean returns the mean size in bytes; NaN without an item.
func (s *Sizes) Mean() float64 { return float64(s.sum) / float64(s.n) }

// Percentile returns the size in bytes that a share of the items, 0 to 1, does not exceed.
func (s *Sizes) Percentile(share float64) uint64 {
	rank := uint64(math.Ceil(share * float64(s.n)))
	seen := uint64(0)
	for size, c := range s.counts {
		if seen += c; c > 0 && seen >= max(rank, 1) {
			return uint64(size)
		}
	}
	return 0
}

// Units returns the mean units of reading one item, eventually consistent, and of writing one.
func (s *Sizes) Units() (read, write float64) {
	for size, c := range s.counts {
		if c > 0 {
			read += float64(c) * units.Read(uint64(size), units.Eventual)
			write += float64(c) * units.Write(uint64(size), false)
		}
	}
	return read / float64(s.n), write / float64(s.n)
}

// zP99 is the 99th percentile of the standard normal distribution.
const zP99 = 2.3263478740408408

// Distance returns the largest distance of the items' distribution from the lognormal one of a
// median and a 99th percentile, cut at a size: the Kolmogorov-Smirnov statistic, 0 to 1.
func (s *Sizes) Distance(median, p99, high uint64) float64 {
	sigma := math.Log(float64(p99)/float64(median)) / zP99
	model := func(size float64) float64 {
		switch {
		case size >= float64(high):
			return 1
		case sigma == 0:
			if size >= float64(median) {
				return 1
			}
			return 0
		}
		return 0.5 * math.Erfc(-(math.Log(size)-math.Log(float64(median)))/(sigma*math.Sqrt2))
	}
	worst, seen := 0.0, uint64(0)
	for size, c := range s.counts {
		if c == 0 {
			continue
		}
		before := float64(seen) / float64(s.n)
		seen += c
		// A lognormal draw is rounded to whole bytes, which half a byte more or less allows for.
		worst = max(worst, model(float64(size)-0.5)-before, float64(seen)/float64(s.n)-model(float64(size)+0.5))
	}
	return worst
}

// buckets is about how many a histogram has.
const buckets = 40

// Histogram returns the items' sizes in buckets that hold about as many items each, with the
// last percent in finer ones. A size that many items have gets a bucket of its own; where no
// item has a size between one and a quarter more, a bucket of no items stands.
func (s *Sizes) Histogram() workload.SizeHistogram {
	var out workload.SizeHistogram
	seen, held, last, before := uint64(0), uint64(0), 0, 0
	end := func(to int) {
		if to > last {
			out = append(out, workload.SizeHistogram{{To: uint64(to), Share: float64(held) / float64(s.n)}}...)
			held, last = 0, to
		}
	}
	for size, c := range s.counts {
		if c == 0 {
			continue
		}
		if alone := c*buckets >= s.n; alone || 4*size > 5*before {
			end(before)
			end(size - 1)
		}
		seen, held, before = seen+c, held+c, size
		fine := seen*100 >= s.n*99 && held*1000 >= s.n
		if held*buckets >= s.n || fine || seen == s.n {
			end(size)
		}
	}
	return out
}

// maxNames bounds the attribute names that are told apart.
const maxNames = 4096

// An AttributeCount is what an attribute's values are.
type AttributeCount struct {
	Name  string
	Items uint64
	Bytes uint64 // names and values
	Max   int    // largest, name and value
	Types map[string]uint64
}

// Attributes counts attributes by name.
type Attributes struct {
	byName map[string]*AttributeCount
	Other  uint64 // attributes whose names came after too many others
}

func (c *Attributes) add(a *attribute) {
	x := c.byName[string(a.name)]
	if x == nil {
		if len(c.byName) >= maxNames {
			c.Other++
			return
		}
		if c.byName == nil {
			c.byName = map[string]*AttributeCount{}
		}
		x = &AttributeCount{Name: string(a.name), Types: map[string]uint64{}}
		c.byName[x.Name] = x
	}
	x.Items++
	x.Bytes += uint64(a.bytes)
	x.Max = max(x.Max, a.bytes)
	x.Types[a.kind]++
}

// All returns the attributes, those of most bytes first.
func (c *Attributes) All() []*AttributeCount {
	var out []*AttributeCount
	for _, a := range c.byName {
		out = append(out, a)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Bytes != out[j].Bytes {
			return out[i].Bytes > out[j].Bytes
		}
		return out[i].Name < out[j].Name
	})
	return out
}

// sampledKeys is the least number of partition keys that a sample keeps once it had to thin
// itself out; it holds up to twice as many.
const sampledKeys = 1 << 16

// Keys counts the items of a sample of the partition keys: those whose hash is below a limit,
// which is halved whenever the sample has grown too large. Which keys are in it depends on
// nothing but their hashes, so each has all of its items counted, the sample is uniform over
// keys, and no order of the input changes it.
type Keys struct {
	counts map[uint64]uint64
	halved uint
}

func (k *Keys) add(hash uint64) {
	if k.halved > 0 && hash>>(64-k.halved) != 0 {
		return
	}
	if k.counts == nil {
		k.counts = map[uint64]uint64{}
	}
	k.counts[hash]++
	for len(k.counts) > 2*sampledKeys {
		k.halved++
		for h := range k.counts {
			if h>>(64-k.halved) != 0 {
				delete(k.counts, h)
			}
		}
	}
}

// Distinct returns how many partition keys there are, and the standard error of that as a share
// of it: 0 when all were counted.
func (k *Keys) Distinct() (count, relative float64) {
	count = math.Ldexp(float64(len(k.counts)), int(k.halved))
	if k.halved > 0 {
		relative = 1 / math.Sqrt(float64(len(k.counts)))
	}
	return count, relative
}

// PerKey returns the mean, median, 99th percentile and largest number of items of the sampled
// partition keys.
func (k *Keys) PerKey() (mean float64, median, p99, most uint64) {
	list := make([]uint64, 0, len(k.counts))
	sum := uint64(0)
	for _, c := range k.counts {
		list = append(list, c)
		sum += c
	}
	if len(list) == 0 {
		return 0, 0, 0, 0
	}
	sort.Slice(list, func(i, j int) bool { return list[i] < list[j] })
	at := func(share float64) uint64 { return list[max(int(math.Ceil(share*float64(len(list))))-1, 0)] }
	return float64(sum) / float64(len(list)), at(0.5), at(0.99), list[len(list)-1]
}

// keptSpans bounds a sample of time spans.
const keptSpans = 1 << 14

// Spans keeps a uniform sample of durations in seconds.
type Spans struct {
	kept  []float64
	n     uint64
	Past  uint64 // those below zero
	state uint64
}

// add keeps a span with the chance that makes the sample uniform (reservoir sampling), by a
// generator of its own, splitmix64, so that the same input gives the same sample.
func (s *Spans) add(seconds float64) {
	s.n++
	if seconds < 0 {
		s.Past++
	}
	if len(s.kept) < keptSpans {
		s.kept = append(s.kept, seconds)
		return
	}
	s.state += 0x9E3779B97F4A7C15
	z := s.state
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	if i := (z ^ z>>31) % s.n; i < keptSpans {
		s.kept[i] = seconds
	}
}

// N returns how many spans were seen.
func (s *Spans) N() uint64 { return s.n }

// Percentile returns the span in seconds that a share of the sample does not exceed.
func (s *Spans) Percentile(share float64) float64 {
	if len(s.kept) == 0 {
		return math.NaN()
	}
	list := append([]float64(nil), s.kept...)
	sort.Float64s(list)
	return list[max(int(math.Ceil(share*float64(len(list))))-1, 0)]
}
