package partition

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

const (
	guide   = "Developer Guide"
	blog    = `AWS Database Blog, "Scaling DynamoDB"`
	fitted  = "calibrated" // a parameter was fitted to this very number
	rule    = "rule"       // the published number is the rule
	left    = "left out"   // came out without having been fitted to
	hour    = time.Hour
	keysPer = 40 // places of the key space that are asked for in a tick
)

// A client offers requests at a rate, as fast as the table takes them or not: what is refused
// is gone.
type client struct {
	table   *Table
	now     time.Duration
	rng     *rand.Rand
	request Request
	key     func(c *client) Key
	steps   int
}

func newClient(c Config, r Request, key func(*client) Key) *client {
	return &client{table: New(c, 0), rng: rand.New(rand.NewPCG(1, 2)), request: r, key: key}
}

// offer offers a rate for so long, and returns the requests/s admitted. What goes on for long is
// offered in coarser ticks.
func (c *client) offer(rate float64, length time.Duration) float64 {
	admitted, owed, tick := 0, 0.0, 20*time.Millisecond
	if length > time.Minute {
		tick = 200 * time.Millisecond
	}
	for end := c.now + length; c.now < end; c.now += tick {
		for range keysPer {
			owed += rate * tick.Seconds() / keysPer
			n := int(owed)
			owed -= float64(n)
			if n == 0 {
				continue
			}
			r := c.request
			r.Key = c.key(c)
			c.steps++
			got, _ := c.table.AdmitMany(c.now, r, n)
			admitted += got
		}
	}
	return float64(admitted) / length.Seconds()
}

// one is a single item; collection are the items of one partition key, in any order; follow are
// the same in the order of an ever-increasing sort key; spread is every key.
func one(*client) Key { return Key{Hash: 7 << 60, Sort: "item"} }

func collection(c *client) Key { return Key{Hash: 7 << 60, Sort: ordinal(c.rng.Uint64())} }

func follow(c *client) Key { return Key{Hash: 7 << 60, Sort: ordinal(uint64(c.steps))} }

func spread(c *client) Key { return Key{Hash: c.rng.Uint64()} }

func ordinal(n uint64) string { return string(binary.BigEndian.AppendUint64(nil, n)) }

// An experiment is one published number and how to come by ours.
type experiment struct {
	source, what string
	published    float64
	basis        string
	ours         func() float64
}

func eventual(c Config, key func(*client) Key, rate float64, before, during time.Duration) func() float64 {
	return offered(c, Request{Read: 0.5, Eventual: true}, key, rate, before, during)
}

func offered(c Config, r Request, key func(*client) Key, rate float64, before, during time.Duration) func() float64 {
	return func() float64 {
		x := newClient(c, r, key)
		x.offer(rate, before)
		return x.offer(rate, during)
	}
}

// publishedExperiments lists what AWS has published, each number by itself; where it says that a
// rate doubles, or stays, the number is what that comes to. Two parameters are calibrated,
// eventual_read and split_after, both to the first ten minutes of one experiment; what came after
// those ten minutes, and all that is said of writes, was left out of the fitting.
func publishedExperiments() []experiment {
	write, strong := Request{Write: 1}, Request{Read: 1}
	noHeat := Assumptions{SplitAfter: -1}
	part2, part3 := blog+", part 2", blog+", part 3"
	return []experiment{
		{part2, "eventual reads/s of one partition key, at the start", 9000, fitted, eventual(Config{}, collection, 100_000, 0, time.Minute)},
		{part2, "the same in the tenth minute", 9000, fitted, eventual(Config{}, collection, 100_000, 9*time.Minute, 50*time.Second)},
		{part2, "after the first split for heat", 18_000, left, eventual(Config{}, collection, 100_000, 11*time.Minute, time.Minute)},
		{part2, "after two splits: four partitions", 36_000, left, eventual(Config{}, collection, 100_000, 21*time.Minute, time.Minute)},
		{part2, "after three splits: eight partitions", 72_000, left, eventual(Config{}, collection, 100_000, 32*time.Minute, time.Minute)},
		{part3, "one item, eventual reads/s, after an hour", 9000, left, eventual(Config{}, one, 50_000, hour, time.Minute)},
		{guide + ", isolating frequently accessed items", "one item, strong reads/s, after an hour", 3000, left, offered(Config{}, strong, one, 10_000, hour, time.Minute)},
		{guide + ", isolating frequently accessed items", "one item, writes/s, after an hour", 1000, left, offered(Config{}, write, one, 5000, hour, time.Minute)},
		{guide + ", partition keys", "writes/s of one partition key, at the start", 1000, rule, offered(Config{}, write, collection, 5000, time.Second, time.Minute)},
		{part3, "writes/s of one partition key, after the first split", 2000, left, offered(Config{}, write, collection, 10_000, 11*time.Minute, time.Minute)},
		{part3, "writes/s that follow the sort key, after an hour", 1000, left, offered(Config{}, write, follow, 5000, hour, time.Minute)},
		{part3, "writes/s of one partition key under an LSI, after an hour", 1000, left, offered(Config{LocalIndexes: true}, write, collection, 5000, hour, time.Minute)},
		{guide + ", partition keys", "strong reads/s of one partition", 3000, rule, offered(Config{}, strong, one, 10_000, time.Second, time.Minute)},
		{guide + ", on-demand initial throughput", "writes/s of a new table", 4000, rule, offered(Config{}, write, spread, 10_000, time.Second, time.Minute)},
		{guide + ", on-demand initial throughput", "strong reads/s of a new table", 12_000, rule, offered(Config{}, strong, spread, 30_000, time.Second, time.Minute)},
		{guide + ", on-demand initial throughput", "partitions of a new table", 4, rule, func() float64 { return float64(New(Config{}, 0).Len()) }},
		{guide + ", on-demand initial throughput", "writes/s on demand after 8,000 provisioned", 8000, rule, switched(write)},
		{guide + ", on-demand initial throughput", "strong reads/s on demand after 24,000 provisioned", 24_000, rule, switched(strong)},
		{guide + ", peak traffic", "writes/s at once after a peak of 50,000", 100_000, rule, peaked(noHeat, 100_000, 0)},
		{guide + ", peak traffic", "writes/s when 150,000 are asked for at once", 100_000, rule, peaked(noHeat, 150_000, 0)},
		{guide + ", peak traffic", "writes/s once 100,000 have stood for half an hour", 200_000, rule, peaked(noHeat, 200_000, 100_000)},
		{guide + ", adaptive capacity", "writes/s of one of four partitions, the others at 50, 400 provisioned", 150, rule, adaptive},
		{guide + ", burst capacity", "seconds of unused capacity in a burst", 300, rule, burst},
		{guide + ", warm throughput scenarios", "writes/s of a hot partition of a table warm for 10,000", 1000, rule, offered(Config{WarmRead: 30_000, WarmWrite: 10_000}, write, one, 5000, time.Second, time.Minute)},
		{guide + ", warm throughput scenarios", "writes/s at once when provisioned up to the warm 10,000", 10_000, rule, warmed},
		{guide + ", on-demand maximum", "writes/s of a table with a maximum of 500", 500, rule, offered(Config{MaxWrite: 500}, write, spread, 5000, time.Second, time.Minute)},
		{guide + ", quotas", "writes/s of an on-demand table within its quota", 40_000, rule, quota},
		{part3, "GB at which a partition splits", 10, rule, filled},
	}
}

func switched(r Request) func() float64 {
	return func() float64 {
		c := newClient(Config{Provisioned: true, Read: 24_000, Write: 8000}, r, spread)
		c.table.SetProvisioned(0, 10, 10)
		c.table.SetOnDemand(0, 0, 0)
		c.offer(50_000, time.Second)
		return c.offer(50_000, time.Minute)
	}
}

// peaked drives a table to a peak of 50,000 writes/s, and perhaps to a second one, each for
// longer than the growth window; then asks for a rate.
func peaked(a Assumptions, ask, second float64) func() float64 {
	return func() float64 {
		c := newClient(Config{Assumptions: a, WarmWrite: 50_000, WarmRead: OnDemandRead}, Request{Write: 1}, evenly)
		for _, rate := range []float64{50_000, second} {
			if rate > 0 {
				c.offer(rate, 2*time.Minute)
				c.now += GrowthWindow
				c.offer(1000, 2*time.Minute)
			}
		}
		c.offer(ask, 2*time.Second)
		return c.offer(ask, 10*time.Second)
	}
}

// evenly goes round the whole key space, as a great many keys do that are equally popular.
func evenly(c *client) Key { return Key{Hash: uint64(c.steps) * 0x9e3779b97f4a7c15} }

func adaptive() float64 {
	t := New(Config{Provisioned: true, Read: 400, Write: 400, WarmRead: 12_000, WarmWrite: 4000}, 0)
	got := 0
	for s := range 120 {
		for i, rate := range []int{50, 50, 50, 150} {
			n, _ := t.AdmitMany(time.Duration(s)*time.Second, Request{Key: Key{Hash: uint64(i) << 62}, Write: 1}, rate)
			if i == 3 && s >= 60 {
				got += n
			}
		}
	}
	return float64(got) / 60
}

func burst() float64 {
	const capacity = 100
	c := newClient(Config{Provisioned: true, Read: capacity, Write: capacity}, Request{Write: 1}, one)
	c.now = hour
	extra := 0.0
	for range 120 {
		extra += c.offer(800, time.Second) - capacity
	}
	return extra / capacity
}

func warmed() float64 {
	c := newClient(Config{Provisioned: true, Read: 4000, Write: 8000, WarmRead: 30_000, WarmWrite: 10_000}, Request{Write: 1}, spread)
	before := c.table.Len()
	c.table.SetProvisioned(0, 4000, 10_000)
	if c.table.Len() != before {
		return 0 // it had to split first
	}
	c.offer(30_000, time.Second)
	return c.offer(30_000, time.Minute)
}

func quota() float64 {
	c := newClient(Config{WarmRead: 12_000, WarmWrite: 60_000, Quota: NewQuota(TableQuotaRead, TableQuotaWrite, 0)}, Request{Write: 1}, evenly)
	c.offer(60_000, time.Second)
	return c.offer(60_000, 30*time.Second)
}

func filled() float64 {
	t := New(Config{Provisioned: true, Read: 1, Write: 1}, 0)
	for gb := 0.0; gb < 20; gb += 0.1 {
		if t.Resize(0, Key{Hash: 1 << 62}, 1e8); t.Len() > 1 {
			return gb + 0.1
		}
	}
	return 0
}

// TestPublishedExperiments holds every published number against the model in virtual time.
func TestPublishedExperiments(t *testing.T) {
	table := &strings.Builder{}
	bases := map[string]int{}
	fmt.Fprintf(table, "%-62s %12s %12s %7s  %-10s  %s\n", "what", "published", "model", "off by", "basis", "source")
	for _, e := range publishedExperiments() {
		ours := e.ours()
		off := ours/e.published - 1
		fmt.Fprintf(table, "%-62s %12.6g %12.6g %6.1f%%  %-10s  %s\n", e.what, e.published, ours, 100*off, e.basis, e.source)
		bases[e.basis]++
		if math.Abs(off) > 0.05 {
			t.Errorf("%s: published %v, ours %v: off by %.1f%% (%s)", e.what, e.published, ours, 100*off, e.source)
		}
	}
	t.Logf("\n%s", table)
	if bases[fitted] == 0 || bases[left] == 0 {
		t.Errorf("of the experiments %v: some must be fitted to, and some left out", bases)
	}
}
