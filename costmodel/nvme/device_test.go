package nvme

import (
	"math"
	"slices"
	"testing"
	"time"

	"crossover/costmodel/catalogue"
)

func params(t *testing.T) Params {
	t.Helper()
	i, err := catalogue.Find("i4i.xlarge")
	if err != nil {
		t.Fatal(err)
	}
	p, err := ForInstance(i, 1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func device(t *testing.T, p Params) *Device {
	t.Helper()
	d, err := NewDevice(p)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// latencies reads at an even rate and returns the times taken, sorted.
func latencies(d *Device, rate float64, n int) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		now := time.Duration(float64(i) / rate * 1e9)
		out[i] = d.Read(now, 1024) - now
	}
	slices.Sort(out)
	return out
}

func TestReadTimes(t *testing.T) {
	p := params(t)
	idle := latencies(device(t, p), 100, 20_000)
	mean := 0.0
	for _, l := range idle {
		mean += l.Seconds() / float64(len(idle))
	}
	if want := ReadBase.Seconds(); math.Abs(mean-want) > 0.02*want {
		t.Errorf("unloaded mean %v s, want %v within 2%%", mean, want)
	}
	below := latencies(device(t, p), 0.8*p.ReadIOPS, 200_000)
	above := latencies(device(t, p), 1.2*p.ReadIOPS, 200_000)
	if got := below[len(below)*99/100]; got > time.Millisecond {
		t.Errorf("p99 at 80%% of the rated reads is %v, want below 1 ms", got)
	}
	// At 1.2 times the rate the queue grows by a sixth of the time that passes.
	if got, want := above[len(above)-1], time.Duration(200_000/(1.2*p.ReadIOPS)*0.2*1e9); math.Abs(float64(got-want)) > 0.1*float64(want) {
		t.Errorf("the last read at 120%% waited %v, want %v within 10%%", got, want)
	}
}

func TestOverload(t *testing.T) {
	p := params(t).Scale(0.01)
	limit := p.WriteBytesPerS / WriteAmplification(DefragLWM)
	for _, c := range []struct {
		share    float64
		overload bool
	}{{0.9, false}, {1.3, true}} {
		d := device(t, p)
		const size = 1024
		refused, sent := 0, 0
		for now := time.Duration(0); now < 20*time.Second; now += time.Duration(size / (c.share * limit) * 1e9) {
			sent++
			if !d.Write(now, size) {
				refused++
			}
		}
		if (refused > 0) != c.overload {
			t.Errorf("at %v of the write bandwidth %d of %d writes were refused", c.share, refused, sent)
		}
		taken := float64(sent-refused) * size
		if c.overload && math.Abs(taken-20*limit-float64(p.MaxWriteCache)) > 0.02*taken {
			t.Errorf("took %v bytes in 20 s, want the bandwidth's %v and the cache's %d", taken, 20*limit, p.MaxWriteCache)
		}
		s := d.Stats(20 * time.Second)
		if got, want := float64(s.DeviceBytes)/float64(s.WriteBytes), WriteAmplification(DefragLWM); math.Abs(got-want) > 0.05*want {
			t.Errorf("write amplification %v, want %v within 5%%", got, want)
		}
	}
}

func TestSameSeedSameTimes(t *testing.T) {
	a, b := latencies(device(t, params(t)), 50_000, 1000), latencies(device(t, params(t)), 50_000, 1000)
	if !slices.Equal(a, b) {
		t.Error("the same seed gave other times")
	}
}

func TestValidate(t *testing.T) {
	for _, p := range []Params{{}, {ReadIOPS: 1, ReadBytesPerS: 1}, {ReadIOPS: math.Inf(1), ReadBytesPerS: 1, WriteBytesPerS: 1}, {ReadIOPS: 1, ReadBytesPerS: 1, WriteBytesPerS: 1, DefragLWM: 1}} {
		if _, err := NewDevice(p); err == nil {
			t.Errorf("%+v was taken", p)
		}
	}
}
