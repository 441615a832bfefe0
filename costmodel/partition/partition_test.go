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
		{"eventual effect off", Config{EventualLimit: MaxRead}, 0.5, 0, true, MaxRead, "TableReadKeyRangeThroughputExceeded"},
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
}

func TestOnDemandGrowth(t *testing.T) {
	// Developer Guide, "Peak traffic": up to twice the previous peak. 4,000 write units/s at
	// first; 4,000 sustained for 30 minutes allow 8,000.
	tab := New(Config{}, 0)
	admitted := func(at time.Duration) (n float64) {
		for i := range 12_000 {
			now := at + time.Duration(i)*time.Second/12_000
			if tab.Admit(now, uint64(i)*0x9e3779b97f4a7c15, 0, 1, false).OK {
				n++
			}
		}
		return n
	}
	if got := admitted(time.Second); math.Abs(got-4000) > 200 {
		t.Errorf("at first %v units/s, want 4,000", got)
	}
	admitted(GrowthWindow)
	if got := tab.peak[WriteSide].capacity; got < 7600 || got > 8400 {
		t.Errorf("capacity of %v units/s after half an hour at the peak, want about 8,000", got)
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
		if most := MaxWrite*now.Seconds() + MaxWrite*partitionBucket + largest; sum > most {
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
