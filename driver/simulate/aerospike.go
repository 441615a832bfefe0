package simulate

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"crossover/costmodel/nvme"
	"crossover/driver"
	"crossover/workload"
	"crossover/workload/keys"
	"crossover/workload/mapping"
	"crossover/workload/op"
)

// What the Aerospike server fixes (server source, release 8.1.2.0: partition.h, storage.c,
// replica_write.c, rw_request_hash.c).
const (
	aerospikePartitions = 4096
	// replicaMargin is how many bytes more than a client's write a replica's write may find
	// waiting: 192 write blocks of 8 MiB.
	replicaMargin = 192 * 8 << 20
	// PendingLimit is how many writes of one record may wait for one another, beyond which the
	// next is refused: transaction-pending-limit.
	PendingLimit = 20
	// migrationTick is how often what was migrated is put to the devices.
	migrationTick = 100 * time.Millisecond
)

// AerospikeRetries are the attempts that crossover's driver makes.
type AerospikeRetries struct {
	Attempts int
	Base     time.Duration // bound of the wait before the second attempt; it doubles with each
	Max      time.Duration
}

// Aerospike is a cluster in virtual time: its nodes' devices with their queues, writes and
// their copies, hot records, the loss of nodes and the migration that follows. Servers' CPU and
// the clients' network take no time.
type Aerospike struct {
	Nodes, Replication int
	Device             nvme.Params // of one device, before Scale
	Devices            int         // of a node
	Scale              float64     // of the devices' speed, above 0 to 1; 0 stands for 1
	FabricRTT          time.Duration
	HeartbeatTimeout   time.Duration
	MigrationRate      float64 // bytes/s that a node receives
	Timeout            time.Duration
	CommitMaster       bool // a write is answered before its copies have it
	ReadReplicas       bool // an eventual read is tried again at the next copy
	Retries            AerospikeRetries
	Target             string
	Settings           map[string]string

	sc       *workload.Scenario
	m        *mapping.Mapping
	mapper   *mapper
	rng      *rand.Rand
	nodes    []*node
	order    [aerospikePartitions][]uint8 // nodes by their score: the first that lives is the master
	lost     map[int]bool                 // partitions of which no copy was left
	limit    int64                        // bytes that may wait for a flush on a node
	cache    float64                      // bytes last written that a device keeps in memory
	perItem  float64                      // mean bytes of a record on a device
	placed   map[uint64]float64           // where a record's last write stands in its device's stream
	pending  map[uint64][]time.Duration   // ends of a record's writes
	noticed  time.Duration                // when the cluster goes on without, or with, nodes; never
	migrated time.Duration                // when the next bytes are migrated; never
	events   []happening
	busy     uint64
}

// A node is one node.
type node struct {
	alive   bool // answers
	member  bool // the others count on it
	devices []*nvme.Device
	written []float64 // bytes of records that it is the master of, by device
	owed    float64   // bytes that it has still to receive
	slow    float64

	reads, writes uint64
	refusals      map[string]uint64
}

func (a *Aerospike) begin(sc *workload.Scenario) (driver.Description, error) {
	if a.Nodes < 1 || a.Replication < 1 || a.Replication > a.Nodes || a.Devices < 1 {
		return driver.Description{}, fmt.Errorf("%d nodes with %d devices and %d copies: expected 1 or more, and no more copies than nodes", a.Nodes, a.Devices, a.Replication)
	}
	if err := a.check(sc); err != nil {
		return driver.Description{}, err
	}
	if a.Scale == 0 {
		a.Scale = 1
	}
	a.sc, a.m, a.mapper = sc, mapping.New(sc), newMapper(sc)
	a.rng = rand.New(rand.NewPCG(sc.Seed, 0x73696d61))
	a.lost, a.placed, a.pending = map[int]bool{}, map[uint64]float64{}, map[uint64][]time.Duration{}
	a.noticed, a.migrated = never, never
	p := a.Device.Scale(a.Scale)
	a.limit = int64(p.MaxWriteCache) * int64(a.Devices)
	a.cache = nvme.PostWriteCache * a.Scale
	// The limit that counts is the node's, over all devices; overloaded checks it.
	p.MaxWriteCache += int(max(replicaMargin*a.Scale, 1<<20))
	for range a.Nodes {
		if err := a.add(p); err != nil {
			return driver.Description{}, err
		}
	}
	a.rank()
	a.perItem = a.meanRecord()
	for _, n := range a.nodes {
		for i := range n.written {
			n.written[i] = a.perItem * float64(sc.Dataset.Items) / float64(a.Nodes*a.Devices)
		}
	}
	return a.about(), nil
}

// check returns what of a scenario is not simulated.
func (a *Aerospike) check(sc *workload.Scenario) error {
	var errs []error
	if err := unsupported(sc); err != nil {
		errs = append(errs, err)
	}
	for i := range sc.Events {
		e := &sc.Events[i]
		if e.Target == a.Target && e.Do != workload.KillNode && e.Do != workload.AddNode && e.Do != workload.SlowDevice {
			errs = append(errs, e.Wrong(sc, "do", e.Do, "kill_node, add_node or slow_device: other events of Aerospike are not simulated"))
		}
	}
	return errors.Join(errs...)
}

// add makes a node.
func (a *Aerospike) add(p nvme.Params) error {
	n := &node{alive: true, member: true, written: make([]float64, a.Devices), refusals: map[string]uint64{}, slow: 1}
	for i := range a.Devices {
		p.Seed = a.Device.Seed + uint64(len(a.nodes))<<16 + uint64(i)
		d, err := nvme.NewDevice(p)
		if err != nil {
			return err
		}
		n.devices = append(n.devices, d)
	}
	a.nodes = append(a.nodes, n)
	return nil
}

// meanRecord is the mean of some records' bytes on a device.
func (a *Aerospike) meanRecord() float64 {
	const sampled = 1000
	n := min(a.sc.Dataset.Items, sampled)
	sum := 0.0
	for i := range n {
		sum += float64(a.recordBytes(i * (a.sc.Dataset.Items / n)))
	}
	return sum / float64(n)
}

func (a *Aerospike) recordBytes(item uint64) int {
	r := a.m.Record(a.mapper.sizes.Size(item))
	return r.DeviceBytes()
}

func (a *Aerospike) about() driver.Description {
	p := a.Device.Scale(a.Scale)
	settings := map[string]string{
		"nodes": strconv.Itoa(a.Nodes), "replication": strconv.Itoa(a.Replication), "devices": strconv.Itoa(a.Devices),
		"scale": strconv.FormatFloat(a.Scale, 'g', -1, 64), "device read IOPS": strconv.FormatFloat(p.ReadIOPS, 'f', 0, 64),
		"device write bytes/s": strconv.FormatFloat(p.WriteBytesPerS, 'f', 0, 64), "assumed fabric round trip": a.FabricRTT.String(),
		"assumed migration rate": strconv.FormatFloat(a.MigrationRate, 'f', 0, 64) + " bytes/s", "not modelled": "server CPU, clients' network",
	}
	for k, v := range a.Settings {
		settings[k] = v
	}
	return driver.Description{
		Kind: driver.Simulated, Identity: "crossover simulated Aerospike (modelled, virtual time), " + strconv.Itoa(a.Nodes) + " nodes",
		Client: "none: sessions and the driver's retries are simulated", Settings: settings,
	}
}

func (a *Aerospike) pid(item uint64) int { return int(keys.Mix(item+1) & (aerospikePartitions - 1)) }

func (a *Aerospike) device(item uint64) int {
	return int(keys.Mix(item+1) >> 32 % uint64(a.Devices))
}

// An ask is what one request wants of the cluster.
type ask struct {
	reads  int // records read
	writes bool
	item   uint64
}

// step makes one request of an operation: a read, then a write for those that do both.
func (a *Aerospike) step(now time.Duration, f *flight) (time.Duration, bool) {
	reads, _ := a.m.DeviceIO(f.op.Kind, a.mapper.sizes.Size(f.op.Item))
	changes := f.op.Kind.Writes()
	both := f.op.Kind == op.ReadModifyWrite
	want := ask{reads: int(math.Round(reads)), writes: changes, item: f.op.Item}
	if both {
		want = ask{reads: 1, item: f.op.Item}
		if f.request == 1 {
			want = ask{writes: true, item: f.op.Item}
		}
	}
	f.tries++
	end, class, reason := a.serve(now, f, want)
	if limit := a.Timeout; limit > 0 && end-now > limit {
		end, class, reason = now+limit, op.Timeout, "TIMEOUT"
	}
	f.tried(now, end-now, class, reason)
	again := class == op.Overload || class == op.Failed || class == op.Timeout && !want.writes
	if again && f.tries < a.Retries.Attempts {
		longest := min(float64(a.Retries.Base)*math.Exp2(float64(f.tries-1)), float64(a.Retries.Max))
		return end + time.Duration(a.rng.Float64()*longest), false
	}
	if class == op.OK && both && f.request == 0 {
		f.request, f.tries = 1, 0
		return end, false
	}
	if class == op.OK && changes {
		a.mapper.done(&f.op)
	}
	return end, true
}

// serve is one attempt of a request.
func (a *Aerospike) serve(now time.Duration, f *flight, want ask) (time.Duration, op.Class, string) {
	pid := a.pid(want.item)
	owners, n := a.owners(pid)
	if n == 0 {
		return now, op.Failed, "PARTITION_UNAVAILABLE"
	}
	at := owners[0]
	if !want.writes && a.ReadReplicas && !f.op.Consistent && f.tries > 1 && n > 1 {
		at = owners[(f.tries-1)%n]
	}
	if !at.alive {
		return now + a.FabricRTT, op.Failed, "NETWORK_ERROR"
	}
	there := a.mapper.there(want.item) && !(a.lost[pid] && !a.written(want.item))
	bytes := a.recordBytes(want.item)
	if want.writes {
		return a.write(now, f, owners[:n], bytes, want.reads > 0 && there, there)
	}
	at.reads++
	if !there {
		return now, op.NotFound, ""
	}
	f.bytesIn += uint64(max(want.reads, 1)) * a.mapper.sizes.Size(want.item)
	return a.read(now, at, want, bytes, at == owners[0]), op.OK, ""
}

// written reports whether a record has been written in this run.
func (a *Aerospike) written(item uint64) bool {
	_, ok := a.placed[item]
	return ok
}

// read returns when records are read: those of a query one beside the other on the node's
// devices. A record that the device still has in its cache takes no time.
func (a *Aerospike) read(now time.Duration, at *node, want ask, bytes int, master bool) time.Duration {
	i := a.device(want.item)
	if want.reads <= 1 {
		if master && at.written[i]-a.place(want.item) < a.cache {
			return now
		}
		return at.devices[i].Read(now, bytes)
	}
	end := now
	for k := range want.reads {
		end = max(end, at.devices[k%len(at.devices)].Read(now, bytes))
	}
	return end
}

// place is where a record's last write stands in the stream of its device: those that were
// loaded stand in the order of their numbers.
func (a *Aerospike) place(item uint64) float64 {
	if p, ok := a.placed[item]; ok {
		return p
	}
	return float64(item) * a.perItem / float64(a.Nodes*a.Devices)
}

// write applies a write at the master and its copies.
func (a *Aerospike) write(now time.Duration, f *flight, owners []*node, bytes int, first, there bool) (time.Duration, op.Class, string) {
	master, item := owners[0], f.op.Item
	master.writes++
	if a.queued(master, now) > a.limit {
		master.refusals["DEVICE_OVERLOAD"]++
		return now, op.Overload, "DEVICE_OVERLOAD"
	}
	waits := a.pending[item]
	for len(waits) > 0 && waits[0] <= now {
		waits = waits[1:]
	}
	start := now
	if n := len(waits); n > 0 {
		if n-1 > PendingLimit {
			a.busy++
			master.refusals["KEY_BUSY"]++
			return now, op.Overload, "KEY_BUSY"
		}
		start = max(now, waits[n-1])
	}
	switch c := f.op.Condition; {
	case c == op.MustNotExist && there, c == op.MustExist && !there:
		return start, op.ConditionFailed, "KEY_EXISTS_ERROR"
	}
	i, end := a.device(item), start
	if first && master.written[i]-a.place(item) >= a.cache {
		end = master.devices[i].Read(start, bytes)
	}
	if f.op.Kind != op.Delete && !a.store(now, owners, i, bytes) {
		return end, op.Overload, "DEVICE_OVERLOAD"
	}
	if f.op.Kind != op.Delete {
		a.placed[item] = master.written[i]
		f.bytesOut += a.mapper.sizes.Size(item)
	}
	if len(owners) > 1 && !a.CommitMaster {
		end += a.FabricRTT
	}
	if end > now {
		a.pending[item] = append(waits, end)
	} else {
		delete(a.pending, item)
	}
	return end, op.OK, ""
}

// store puts a record into the write buffers of its owners.
func (a *Aerospike) store(now time.Duration, owners []*node, i, bytes int) bool {
	for k, n := range owners {
		if !n.alive {
			continue
		}
		if !n.devices[i].Write(now, bytes) {
			n.refusals["DEVICE_OVERLOAD"]++
			return false
		}
		if k == 0 {
			n.written[i] += float64(bytes)
		}
	}
	return true
}

func (a *Aerospike) queued(n *node, now time.Duration) (sum int64) {
	for _, d := range n.devices {
		sum += int64(d.Stats(now).QueuedBytes)
	}
	return sum
}

func (a *Aerospike) sample(now time.Duration) driver.Sample {
	s := driver.Sample{Counters: map[string]float64{"fail_key_busy": float64(a.busy)}}
	var written, device, queued, owed float64
	for i, n := range a.nodes {
		p := driver.PartitionHeat{ID: "node " + strconv.Itoa(i+1), Reads: n.reads, Writes: n.writes, Throttles: cloned(n.refusals)}
		for _, d := range n.devices {
			x := d.Stats(now)
			p.Busy += x.Utilisation / float64(len(n.devices))
			written += float64(x.WriteBytes)
			device += float64(x.DeviceBytes)
			queued += float64(x.QueuedBytes)
		}
		owed += n.owed
		s.Partitions = append(s.Partitions, p)
	}
	s.Counters["device_write_bytes_asked"], s.Counters["device_write_bytes"] = written, device
	s.Counters["device_write_queue_bytes"], s.Counters["migrate_bytes_remaining"] = queued, owed
	return s
}

func (a *Aerospike) happened() []happening {
	out := a.events
	a.events = nil
	return out
}

func (a *Aerospike) usage() Usage { return Usage{} }
