package aerospike

import (
	"sync"
	"time"

	"crossover/costmodel/nvme"
	"crossover/driver/embedded/aerospike/wire"
)

// A replica write is refused only when this much more waits than lets client writes be refused:
// 192 write blocks of 8 MiB (server source, replica_write.c and as_storage_overloaded).
const replicaMargin = 192 * 8 << 20

// positionUnit is what a record's place in the stream of writes is counted in.
const positionUnit = 64 << 10

// devices are one node's. A record lives on one of them, by its digest. They are modelled in
// their steady state: every block written costs its share of defragmentation.
type devices struct {
	on    bool // false: nothing takes time and nothing is refused
	list  []*device
	limit int64 // bytes that may wait for a flush over all devices: max-write-cache each
	cache int64 // bytes last written that a device still has in memory: post-write-cache
	busy  busyWindow
}

type device struct {
	mu      sync.Mutex
	nvme    *nvme.Device
	written int64 // bytes of the writes that this node is the master of; only they are cached
	cached  int64 // reads that needed no device
	reads   int64
}

func newDevices(h hardware, scale float64, on bool, node int) (*devices, error) {
	p := h.params.Scale(scale)
	d := &devices{
		on: on, limit: int64(p.MaxWriteCache) * int64(h.devices), cache: int64(nvme.PostWriteCache * scale),
	}
	// The limit that counts is the namespace's, over all devices; overloaded checks it.
	p.MaxWriteCache += int(max(replicaMargin*scale, 1<<20))
	for i := range h.devices {
		p.Seed = h.params.Seed + uint64(node)<<16 + uint64(i)
		n, err := nvme.NewDevice(p)
		if err != nil {
			return nil, err
		}
		d.list = append(d.list, &device{nvme: n})
	}
	return d, nil
}

// of returns the device that a record lives on: by bytes of its digest that its partition does
// not depend on.
func (d *devices) of(digest *wire.Digest) *device {
	return d.list[(int(digest[4])|int(digest[5])<<8)%len(d.list)]
}

// queued returns how many bytes wait to be flushed.
func (d *devices) queued(now time.Duration) (sum int64) {
	for _, x := range d.list {
		x.mu.Lock()
		sum += int64(x.nvme.Stats(now).QueuedBytes)
		x.mu.Unlock()
	}
	return sum
}

// overloaded reports whether a client's write is refused.
func (d *devices) overloaded(now time.Duration) bool { return d.on && d.queued(now) > d.limit }

// read returns when a record is read. position is where its last write stood, 0 for a copy
// that was not written by this node as master, which its cache does not have
// (cache-replica-writes is off by default).
func (d *devices) read(now time.Duration, digest *wire.Digest, bytes int, position uint32) time.Duration {
	x := d.of(digest)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.reads++
	if position > 0 && x.written-int64(position-1)*positionUnit < d.cache {
		x.cached++
		return now
	}
	if !d.on {
		return now
	}
	return x.nvme.Read(now, bytes)
}

// write puts a record into the write buffer and returns where it stands in the stream of the
// master's writes; ok is false when a replica's write is refused.
func (d *devices) write(now time.Duration, digest *wire.Digest, bytes int, master bool,
) (position uint32, ok bool) {
	x := d.of(digest)
	x.mu.Lock()
	defer x.mu.Unlock()
	if d.on && !x.nvme.Write(now, bytes) {
		return 0, false
	}
	if !master {
		return 0, true
	}
	x.written += int64(bytes)
	return uint32(x.written/positionUnit) + 1, true
}

// load reads so many bytes for another node: device time that no client asked for.
func (d *devices) load(now time.Duration, digest *wire.Digest, bytes int) {
	x := d.of(digest)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.nvme.Read(now, bytes)
}

// slow makes the devices slower by a factor, 1 as fast as they were made.
func (d *devices) slow(now time.Duration, factor float64) {
	for _, x := range d.list {
		x.mu.Lock()
		x.nvme.Slow(now, factor)
		x.mu.Unlock()
	}
}

// cacheReadPct returns the share of reads that needed no device, in percent.
func (d *devices) cacheReadPct() int64 {
	var cached, reads int64
	for _, x := range d.list {
		x.mu.Lock()
		cached, reads = cached+x.cached, reads+x.reads
		x.mu.Unlock()
	}
	return 100 * cached / max(reads, 1)
}

// stats returns each device's counts.
func (d *devices) stats(now time.Duration) []nvme.Stats {
	out := make([]nvme.Stats, len(d.list))
	for i, x := range d.list {
		x.mu.Lock()
		out[i] = x.nvme.Stats(now)
		x.mu.Unlock()
	}
	return out
}

// busyEvery is how far back the share of device time in use looks.
const busyEvery = 10 * time.Second

// A busyWindow keeps two readings of the devices' time in use, to tell the share since the
// older, which is between one and two busyEvery ago once there are that many.
type busyWindow struct {
	mu         sync.Mutex
	old, later reading
}

type reading struct{ at, used float64 } // both in seconds

// share returns the share of device time in use since about busyEvery ago, or since the start.
func (d *devices) share(now time.Duration) float64 {
	r := reading{at: now.Seconds()}
	for _, s := range d.stats(now) {
		r.used += s.Utilisation * r.at / float64(len(d.list))
	}
	w := &d.busy
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.at-w.later.at >= busyEvery.Seconds() {
		w.old, w.later = w.later, r
	}
	if r.at <= w.old.at {
		return 0
	}
	return min(1, max(0, (r.used-w.old.used)/(r.at-w.old.at)))
}
