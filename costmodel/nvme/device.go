// Package nvme models the time that an NVMe device takes: random reads on parallel channels,
// a streaming write buffer flushed in large blocks, the defragmentation that this brings, and
// the write queue whose overflow an Aerospike server calls device overload. It is pure and
// deterministic: the caller passes the time, and must not call one device concurrently.
package nvme

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"crossover/costmodel/catalogue"
)

// Assumed where no vendor publishes a figure; all of them can be set in Params.
const (
	// ReadBase is an unloaded 4 KiB random read: general knowledge of TLC NAND behind Nitro.
	ReadBase = 90 * time.Microsecond
	// ReadSpread is the standard deviation of the logarithm of a read's time.
	ReadSpread = 0.25
	// MinIO is what a direct read is rounded up to (Aerospike reads a record's sectors whole).
	MinIO = 512
)

// Aerospike's defaults, release 7.1 to 8.1 (configuration reference and server source).
const (
	FlushBytes      = 1 << 20  // flush-size
	MaxWriteCache   = 64 << 20 // max-write-cache, bytes waiting to be flushed
	PostWriteCache  = 256 << 20
	DefragLWM       = 0.5 // defrag-lwm-pct: blocks emptier than it are rewritten
	FlushMaxLatency = time.Second
)

// Params are one device's.
type Params struct {
	ReadIOPS       float64 // 4 KiB random reads/s at most
	ReadBytesPerS  float64
	WriteBytesPerS float64
	ReadBase       time.Duration // unloaded 4 KiB read; 0 takes ReadBase
	ReadSpread     float64       // 0 takes ReadSpread; negative means none
	MaxWriteCache  int           // bytes; 0 takes MaxWriteCache
	DefragLWM      float64       // 0 takes DefragLWM; a share, below 1
	FlushBytes     float64       // written at a time; 0 takes FlushBytes
	Seed           uint64
}

// ForInstance returns the parameters of one of an instance type's devices.
func ForInstance(i catalogue.Instance, seed uint64) (Params, error) {
	if !i.IOKnown() {
		return Params{}, fmt.Errorf("the device rates of %s are not known", i.Type)
	}
	n := float64(i.NVMeDevices)
	return Params{ReadIOPS: i.ReadIOPS / n, ReadBytesPerS: i.ReadBytesPerS / n, WriteBytesPerS: i.WriteBytesPerS / n, Seed: seed}, nil
}

// Scale returns the parameters of a device slower by a factor (0.01 for a hundredth): fewer
// reads at a time, less bandwidth, a smaller write cache and smaller flushes, so that a flush
// takes as long; so does a single read, as long as the device still has several channels.
func (p Params) Scale(factor float64) Params {
	p = p.withDefaults()
	p.ReadIOPS *= factor
	p.ReadBytesPerS *= factor
	p.WriteBytesPerS *= factor
	p.MaxWriteCache = max(int(float64(p.MaxWriteCache)*factor), 4096)
	p.FlushBytes *= factor
	return p
}

func (p Params) withDefaults() Params {
	if p.ReadBase == 0 {
		p.ReadBase = ReadBase
	}
	if p.ReadSpread == 0 {
		p.ReadSpread = ReadSpread
	}
	if p.MaxWriteCache == 0 {
		p.MaxWriteCache = MaxWriteCache
	}
	if p.DefragLWM == 0 {
		p.DefragLWM = DefragLWM
	}
	if p.FlushBytes == 0 {
		p.FlushBytes = FlushBytes
	}
	return p
}

// Validate returns what is wrong with p.
func (p Params) Validate() error {
	for _, v := range []float64{p.ReadIOPS, p.ReadBytesPerS, p.WriteBytesPerS} {
		if !(v > 0) || math.IsInf(v, 0) {
			return errors.New("an NVMe device needs read operations/s, read bytes/s and write bytes/s above 0")
		}
	}
	if p.DefragLWM < 0 || p.DefragLWM >= 1 {
		return fmt.Errorf("defragmentation's low-water mark %v, expected 0 to below 1", p.DefragLWM)
	}
	return nil
}

// WriteAmplification is how many bytes reach the device for each written, once every block
// has been rewritten at its low-water mark: 1/(1-lwm) (aerospike/act README).
func WriteAmplification(lwm float64) float64 { return 1 / (1 - lwm) }

// A Device is one device's state.
type Device struct {
	p        Params
	channels []time.Duration // when each is free
	serve    time.Duration   // mean time of a 4 KiB read on a channel
	source   *rand.Rand
	reads    time.Duration // when the read bandwidth is free
	writes   time.Duration // when the write bandwidth is free
	stats    Stats
	busy     time.Duration // channel time used
	flushed  time.Duration // write bandwidth used
	slower   float64       // than it was made; 0 stands for 1
}

// Stats are counts since the device began.
type Stats struct {
	Reads, ReadBytes   uint64
	Writes, WriteBytes uint64 // as asked for
	DeviceBytes        uint64 // as written, defragmentation included
	Overloads          uint64 // writes refused
	QueuedBytes        int    // waiting to be flushed now
	Utilisation        float64
}

// NewDevice returns an idle device.
func NewDevice(p Params) (*Device, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	p = p.withDefaults()
	// By Little's law as many reads are under way at the highest rate as rate times duration.
	n := max(1, int(math.Round(p.ReadIOPS*p.ReadBase.Seconds())))
	d := &Device{
		p: p, channels: make([]time.Duration, n),
		serve:  time.Duration(float64(n) / p.ReadIOPS * 1e9),
		source: rand.New(rand.NewPCG(p.Seed, 0x6e766d65)),
	}
	return d, nil
}

// Read returns when a read of so many bytes, asked for now, is done.
func (d *Device) Read(now time.Duration, bytes int) (done time.Duration) {
	bytes = max((bytes+MinIO-1)/MinIO*MinIO, MinIO)
	d.stats.Reads++
	d.stats.ReadBytes += uint64(bytes)
	free := 0
	for i, at := range d.channels {
		if at < d.channels[free] {
			free = i
		}
	}
	start := max(now, d.channels[free])
	// More than 4 KiB takes a channel longer: it moves at a channel's part of the bandwidth.
	extra := time.Duration(float64(max(0, bytes-4096)) / d.p.ReadBytesPerS * float64(len(d.channels)) * 1e9)
	took := d.lognormal() + extra
	// A flush occupies the flash that a read may need: a read waits for a share of the large
	// block under way, in proportion to how busy the write side is.
	if d.writes > now {
		block := time.Duration(d.p.FlushBytes / d.p.WriteBytesPerS * 1e9 / float64(len(d.channels)))
		took += time.Duration(d.source.Float64() * float64(block))
	}
	d.channels[free] = start + took
	d.busy += took
	d.reads = max(d.reads, now) + time.Duration(float64(bytes)/d.p.ReadBytesPerS*1e9)
	return max(start+took, d.reads)
}

// lognormal draws a read's time on its channel, with the mean that the read rate implies.
func (d *Device) lognormal() time.Duration {
	s := d.p.ReadSpread
	if s < 0 {
		return d.serve
	}
	return time.Duration(float64(d.serve) * math.Exp(s*d.source.NormFloat64()-s*s/2))
}

// Slow makes the device slower from now on, by a factor of 1 or more on what it was made as:
// reads take that much longer, and bandwidth is that much less. What waits to be flushed waits
// that much longer too.
func (d *Device) Slow(now time.Duration, factor float64) {
	change := factor / max(d.slower, 1)
	d.slower = factor
	d.p.ReadBytesPerS /= change
	d.p.WriteBytesPerS /= change
	d.serve = time.Duration(float64(d.serve) * change)
	if d.writes > now {
		d.writes = now + time.Duration(float64(d.writes-now)*change)
	}
}

// Overloaded reports whether more bytes wait to be flushed than the write cache holds: an
// Aerospike server then refuses client writes (result 18; server source, as_storage_overloaded).
func (d *Device) Overloaded(now time.Duration) bool { return d.queued(now) > d.p.MaxWriteCache }

func (d *Device) queued(now time.Duration) int {
	if d.writes <= now {
		return 0
	}
	return int((d.writes - now).Seconds() * d.p.WriteBytesPerS / WriteAmplification(d.p.DefragLWM))
}

// Write takes a record into the streaming write buffer and reports whether it was taken; it
// is refused when the device is overloaded. The flush, and the defragmentation that it brings
// in the steady state, use the write bandwidth, and defragmentation's reads the read bandwidth.
func (d *Device) Write(now time.Duration, bytes int) bool {
	if d.Overloaded(now) {
		d.stats.Overloads++
		return false
	}
	d.stats.Writes++
	d.stats.WriteBytes += uint64(bytes)
	amplified := float64(bytes) * WriteAmplification(d.p.DefragLWM)
	d.stats.DeviceBytes += uint64(amplified)
	took := time.Duration(amplified / d.p.WriteBytesPerS * 1e9)
	d.flushed += took
	d.writes = max(d.writes, now) + took
	d.reads = max(d.reads, now) + time.Duration((amplified-float64(bytes))/d.p.ReadBytesPerS*1e9)
	return true
}

// Stats returns the counts so far. Utilisation is the share of the time up to now that the
// busier of the channels and the write bandwidth was in use.
func (d *Device) Stats(now time.Duration) Stats {
	s := d.stats
	s.QueuedBytes = d.queued(now)
	if now > 0 {
		read := d.busy.Seconds() / (now.Seconds() * float64(len(d.channels)))
		write := d.flushed.Seconds() / now.Seconds()
		s.Utilisation = min(1, max(read, write))
	}
	return s
}
