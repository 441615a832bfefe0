package nvme

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"crossover/costmodel/catalogue"
)

// actLoad runs ACT's load at N times 1x on a device for so long (aerospike/act README: 1x are
// 2,000 reads/s and 1,000 writes/s of 1.5 KiB records; writes go as large blocks, and as many
// large blocks are read for defragmentation), and returns the shares of reads over 1 and 8 ms.
func actLoad(t *testing.T, p Params, n float64, length time.Duration) (over1, over8 float64) {
	t.Helper()
	const record = 1536
	rng := rand.New(rand.NewPCG(1, 2))
	d, err := NewDevice(p)
	if err != nil {
		t.Fatal(err)
	}
	after := func(rate float64) time.Duration { return time.Duration(rng.ExpFloat64() / rate * 1e9) }
	nextWrite := time.Duration(0)
	reads, slow1, slow8 := 0, 0, 0
	for now := time.Duration(0); now < length; now += after(2000 * n) {
		for ; nextWrite <= now; nextWrite += after(1000 * n) {
			d.Write(nextWrite, record)
		}
		took := d.Read(now, record) - now
		reads++
		if took > time.Millisecond {
			slow1++
		}
		if took > 8*time.Millisecond {
			slow8++
		}
	}
	s := d.Stats(length)
	const amplified = 2.0 // 1/(1-0.5): README, "large-block" rates
	if got := float64(s.DeviceBytes) / float64(s.WriteBytes); math.Abs(got/amplified-1) > 0.05 {
		t.Errorf("at %gx %v bytes reached the device for each written, want %v within 5%%", n, got, amplified)
	}
	return float64(slow1) / float64(reads), float64(slow8) / float64(reads)
}

// implied is the load, in multiples of 1x, that a device's published rates imply: that at which
// reads, and the large blocks that stand in their way, keep its channels busy all the time.
func implied(p Params) float64 {
	channels := math.Round(p.ReadIOPS * ReadBase.Seconds())
	serve := channels / p.ReadIOPS
	block := FlushBytes / p.WriteBytesPerS / channels
	busy := func(n float64) float64 {
		writing := 1000 * n * 1536 * WriteAmplification(DefragLWM) / p.WriteBytesPerS
		return 2000 * n * (serve + min(writing, 1)*block/2) / channels
	}
	n := 1.0
	for busy(n) < 1 {
		n += 0.1
	}
	return n
}

// A device passes ACT up to near the load that its published rates imply, and not beyond: at
// most 5% of the reads may take more than 1 ms and 1% more than 8 ms (aerospike/act README). The
// rates are the EC2 User Guide's IOPS and the bandwidth measured by iotune. That the model
// follows its parameters is what is checked, not that a device does.
func TestACT(t *testing.T) {
	for _, name := range []string{"i4i.xlarge", "i3en.xlarge", "i4i.4xlarge"} {
		i, err := catalogue.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := ForInstance(i, 1)
		if err != nil {
			t.Fatal(err)
		}
		rating := implied(p)
		if most := p.ReadIOPS / 2000; rating > most || rating < most/3 {
			t.Errorf("%s: %.0fx, of at most %.0fx by its IOPS alone", name, rating, most)
		}
		for _, c := range []struct {
			share float64 // of the rating
			pass  bool
		}{{1 / rating, true}, {0.25, true}, {0.5, true}, {0.8, true}, {1.3, false}} {
			length := 2 * time.Second
			over1, over8 := actLoad(t, p, c.share*rating, length)
			if pass := over1 < 0.05 && over8 < 0.01; pass != c.pass {
				t.Errorf("%s at %.0fx, %.0f%% of its rating: %.2f%% over 1 ms and %.2f%% over 8 ms: passes: %v, want %v",
					name, c.share*rating, 100*c.share, 100*over1, 100*over8, pass, c.pass)
			}
			if c.share < 0.3 && over1 > 0.001 {
				t.Errorf("%s at %.0fx: %.3f%% over 1 ms of a device that is hardly used", name, c.share*rating, 100*over1)
			}
		}
	}
}
