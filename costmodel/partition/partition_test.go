package partition

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// run asks for units at an even rate from one key and returns the units admitted per second.
func run(t *Table, hash uint64, rate, read, write float64, eventual bool, seconds int) (perSecond []float64, last Decision) {
	perSecond = make([]float64, seconds)
	step := time.Duration(float64(time.Second) / rate)
	for now := time.Duration(0); now < time.Duration(seconds)*time.Second; now += step {
		d := t.Admit(now, hash, read, write, eventual)
		if d.OK {
			perSecond[now/time.Second] += read + write
		} else {
			last = d
		}
	}
	return perSecond, last
}

func TestPartitionLimitAlwaysBinds(t *testing.T) {
	for _, c := range []struct {
		name        string
		config      Config
		read, write float64
		eventual    bool
		want        float64 // units/s sustained
		reason      string
	}{
		// Developer Guide: 1,000 write units/s and 3,000 read units/s a partition, whatever the
		// table's capacity.
		{"writes of 4 KiB, on demand", Config{}, 0, 4, false, MaxWrite, "TableWriteKeyRangeThroughputExceeded"},
		{"strong reads, on demand", Config{}, 1, 0, false, MaxRead, "TableReadKeyRangeThroughputExceeded"},
		// AWS Database Blog, part 2: 4,500 units/s (9,000 reads/s) of eventual reads of one key.
		{"eventual reads, on demand", Config{}, 0.5, 0, true, EventualRead, "TableReadKeyRangeThroughputExceeded"},
		{"eventual effect off", Config{Assumptions: Assumptions{EventualRead: MaxRead}}, 0.5, 0, true, MaxRead, "TableReadKeyRangeThroughputExceeded"},
		{"writes, provisioned far above", Config{Provisioned: true, Read: 10_000, Write: 10_000}, 0, 1, false, MaxWrite, "TableWriteKeyRangeThroughputExceeded"},
		// Developer Guide, adaptive capacity: one partition may take all that the table has, as
		// long as it stays below its own limit.
		{"adaptive capacity", Config{Provisioned: true, Read: 400, Write: 400}, 0, 1, false, 400, "TableWriteProvisionedThroughputExceeded"},
		{"on-demand maximum", Config{MaxWrite: 100, MaxRead: 100}, 0, 1, false, 100, "TableWriteMaxOnDemandThroughputExceeded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, last := run(New(c.config, 0), 1, 20_000, c.read, c.write, c.eventual, 12)
			for s := 2; s < len(got); s++ {
				if math.Abs(got[s]-c.want) > 0.05*c.want {
					t.Errorf("second %d: %v units admitted, want %v within 5%%", s, got[s], c.want)
				}
			}
			if last.Reason(false) != c.reason {
				t.Errorf("refused for %q, want %q", last.Reason(false), c.reason)
			}
		})
	}
}

func TestBurst(t *testing.T) {
	// Developer Guide, "Burst capacity": up to 300 seconds of unused capacity. 100 units/s left
	// alone for an hour hold 30,000; asked for 800/s they last 30,000/(800-100) = 42.9 s.
	tab := New(Config{Provisioned: true, Read: 100, Write: 100}, 0)
	start := time.Hour
	exhausted := time.Duration(0)
	for now := start; now < start+2*time.Minute && exhausted == 0; now += time.Second / 800 {
		if !tab.Admit(now, 9, 0, 1, false).OK {
			exhausted = now - start
		}
	}
	if want := 42.86; math.Abs(exhausted.Seconds()-want) > 0.01*want {
		t.Errorf("burst lasted %v, want %v s", exhausted, want)
	}
}

func TestPartitionCounts(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   int
	}{
		{Config{}, 4}, // 12,000 and 4,000 units/s
		{Config{Provisioned: true, Read: 5, Write: 5}, 1},
		{Config{Provisioned: true, Read: 3001, Write: 5}, 2},
		{Config{Provisioned: true, Read: 3000, Write: 7500}, 8},
	} {
		if got := len(New(c.config, 0).Heat()); got != c.want {
			t.Errorf("%+v: %d partitions, want %d", c.config, got, c.want)
		}
	}
	tab := New(Config{Provisioned: true, Read: 10, Write: 10}, 0)
	tab.SetProvisioned(0, 9000, 10)
	tab.SetProvisioned(0, 10, 10)
	if got := len(tab.Heat()); got != 3 {
		t.Errorf("%d partitions after raising and lowering, want 3: they never merge", got)
	}
	tab.SetOnDemand(0, 0, 0)
	if read, write := tab.Warm(); read != OnDemandRead || write != OnDemandWrite {
		t.Errorf("on demand warm for %v and %v, want a new table's", read, write)
	}
	tab.SetProvisioned(0, 24_000, 8000)
	tab.SetOnDemand(0, 0, 0)
	if read, write := tab.Warm(); read != 24_000 || write != 8000 {
		t.Errorf("on demand warm for %v and %v, want what it was provisioned with", read, write)
	}
}

func TestOnDemandGrowth(t *testing.T) {
	// Developer Guide, "Peak traffic": up to twice the previous peak, which is one once it has
	// stood for half an hour. A new table serves 4,000 write units/s.
	tab := New(Config{Assumptions: Assumptions{SplitAfter: -1}}, 0)
	now := time.Duration(0)
	minute := func(rate int) (perSecond float64) {
		admitted := 0
		for range 60 {
			for i := range 100 {
				n, _ := tab.AdmitMany(now, Request{Key: Key{Hash: uint64(i) * (math.MaxUint64 / 100)}, Write: 1}, rate/100)
				admitted += n
			}
			now += time.Second
		}
		return float64(admitted) / 60
	}
	if got := minute(12_000); math.Abs(got-4000) > 200 {
		t.Errorf("at first %v units/s, want 4,000", got)
	}
	for range 28 {
		minute(4000)
	}
	if got := minute(12_000); math.Abs(got-4000) > 200 {
		t.Errorf("within the half hour %v units/s, want 4,000", got)
	}
	minute(100)
	if got := minute(12_000); math.Abs(got-8000) > 400 {
		t.Errorf("after half an hour at the peak %v units/s, want 8,000", got)
	}
	if read, write := tab.Warm(); read != OnDemandRead || math.Abs(write-8000) > 400 {
		t.Errorf("warm throughput %v and %v", read, write)
	}
}

func TestSplit(t *testing.T) {
	tab := New(Config{Provisioned: true, Read: 10, Write: 10}, 0)
	if !tab.Split(0, 1<<63) || tab.Split(0, 1<<63) {
		t.Fatal("splitting at 2^63 must work once")
	}
	a, b := tab.Admit(0, 1<<63-1, 1, 0, false), tab.Admit(0, 1<<63, 1, 0, false)
	if a.Partition == b.Partition {
		t.Errorf("both sides of the split are in partition %d", a.Partition)
	}
}

// TestConservation: whatever is asked, a partition admits no more than its limit over any
// stretch, and a bucketful and one request more.
func TestConservation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := New(Config{Provisioned: rapid.Bool().Draw(t, "provisioned"), Read: 5000, Write: 2000}, 0)
		now, sum, largest := time.Duration(0), 0.0, 0.0
		for range 500 {
			now += time.Duration(rapid.IntRange(0, 3_000_000).Draw(t, "gap"))
			units := float64(rapid.IntRange(1, 400).Draw(t, "units"))
			if tab.Admit(now, 42, 0, units, false).OK {
				sum += units
				largest = max(largest, units)
			}
		}
		if most := MaxWrite*now.Seconds() + MaxWrite*PartitionSeconds + largest; sum > most {
			t.Fatalf("%v units in %v, at most %v", sum, now, most)
		}
	})
}

func BenchmarkAdmit(b *testing.B) {
	tab := New(Config{}, 0)
	b.ReportAllocs()
	now := time.Duration(0)
	for b.Loop() {
		now += time.Microsecond
		tab.Admit(now, uint64(now)*0x9e3779b97f4a7c15, 0.5, 0, true)
	}
}
