package dynamodb

import (
	"maps"
	"math"
	"time"

	"crossover/costmodel/partition"
)

// A resource is a table or a global secondary index as /crossover/partitions shows it: what
// has capacity of its own. Counts are since the server began; rates are for the reader to form.
type resource struct {
	Table       string             `json:"table"`
	Index       string             `json:"index,omitempty"`
	Status      string             `json:"status"`
	Provisioned bool               `json:"provisioned"`
	ReadLimit   float64            `json:"read_limit"`  // provisioned units/s, or the on-demand maximum; 0: none
	WriteLimit  float64            `json:"write_limit"` // likewise
	Warm        [2]float64         `json:"warm"`        // read and write units/s that its partitions are there for
	Items       int64              `json:"items"`
	Bytes       int64              `json:"bytes"`
	ReadUnits   float64            `json:"read_units"`
	WriteUnits  float64            `json:"write_units"`
	Throttles   map[string]uint64  `json:"throttles"` // by ThrottlingReasons' names
	Metrics     map[string]float64 `json:"metrics"`   // sums by CloudWatch's names, without those that are 0
	Splits      uint64             `json:"splits"`
	Denied      uint64             `json:"denied_writes,omitempty"` // by --deny-writes
	Partitions  []partitionState   `json:"partitions"`
}

// A partitionState is one partition. Buckets are as they were at the partition's last
// request.
type partitionState struct {
	ID         int               `json:"id"`
	From       float64           `json:"from"`   // where its first key lies among all hashes, 0 to 1
	To         float64           `json:"to"`     // where the next partition begins
	Within     bool              `json:"within"` // it begins within one partition key
	Reads      uint64            `json:"reads"`
	Writes     uint64            `json:"writes"`
	ReadUnits  float64           `json:"read_units"`
	WriteUnits float64           `json:"write_units"`
	ReadLeft   float64           `json:"read_left"` // units that its own limit holds; below 0 it owes
	WriteLeft  float64           `json:"write_left"`
	ReadBurst  float64           `json:"read_burst"` // saved units of its share of provisioned capacity
	WriteBurst float64           `json:"write_burst"`
	Bytes      float64           `json:"bytes"`
	HotFor     float64           `json:"hot_for_seconds"`
	Stuck      string            `json:"stuck,omitempty"` // why it is hot and was not split
	Throttles  map[string]uint64 `json:"throttles,omitempty"`
}

// A heatMap is what /crossover/partitions answers.
type heatMap struct {
	Identity  string            `json:"identity"`
	Now       time.Time         `json:"now"`
	Uptime    float64           `json:"uptime_seconds"`
	MaxRead   float64           `json:"partition_read_limit"` // units/s of each partition
	MaxWrite  float64           `json:"partition_write_limit"`
	Latency   bool              `json:"latency"`
	Requests  uint64            `json:"requests"`
	Faults    map[string]uint64 `json:"faults,omitempty"` // requests that met each of the faults that were asked for
	Resources []resource        `json:"resources"`
	Events    []event           `json:"events"` // the last ones
	Seq       uint64            `json:"seq"`
}

// eventsShown is how many events a heat map has.
const eventsShown = 50

// heatMap returns all tables and their global indexes.
func (s *Server) heatMap() heatMap {
	now := s.options.Clock.Now()
	out := heatMap{
		Identity: identity, Now: s.options.Clock.Wall(now).UTC(), Uptime: now.Seconds(), MaxRead: partition.MaxRead, MaxWrite: partition.MaxWrite,
		Latency: s.options.Latency, Requests: s.requests.Load(), Faults: s.injected.counts(), Resources: []resource{},
	}
	for _, name := range s.tableNames(now) {
		if t := s.lookup(name, now); t != nil {
			out.Resources = append(out.Resources, s.resources(t)...)
		}
	}
	out.Events, out.Seq = s.log.since("", 0)
	if n := len(out.Events); n > eventsShown {
		out.Events = out.Events[n-eventsShown:]
	}
	return out
}

// resources returns a table, and its global indexes after it.
func (s *Server) resources(t *table) []resource {
	x := resource{Table: t.name, Items: t.store.Items(), Bytes: t.store.Bytes(), Denied: t.denied.Load()}
	t.mu.RLock()
	x.Status = t.status
	x.setMode(t.throughput)
	t.mu.RUnlock()
	x.count(&t.meter, t.capacity)
	x.Splits = s.log.counted(t.name, "split")
	out := []resource{x}
	a := t.aside.Load()
	if a == nil {
		return out
	}
	for _, ix := range a.indexes {
		if ix.local {
			continue
		}
		y := resource{Table: t.name, Index: ix.name, Items: ix.store.Items(), Bytes: ix.store.Bytes()}
		t.mu.RLock()
		y.Status = ix.status
		y.setMode(ix.throughput)
		t.mu.RUnlock()
		y.count(&ix.meter, ix.capacity)
		out = append(out, y)
	}
	return out
}

func (x *resource) setMode(t throughput) {
	x.Provisioned, x.ReadLimit, x.WriteLimit = t.provisioned, float64(t.maxRead), float64(t.maxWrite)
	if t.provisioned {
		x.ReadLimit, x.WriteLimit = float64(t.read), float64(t.write)
	}
}

// count fills in what was consumed, and the partitions.
func (x *resource) count(m *meter, c *partition.Table) {
	x.Warm[0], x.Warm[1] = c.Warm()
	heat := c.Heat()
	m.mu.Lock()
	defer m.mu.Unlock()
	x.ReadUnits, x.WriteUnits, x.Throttles = m.total[consumedRead], m.total[consumedWrite], map[string]uint64{}
	x.Metrics = map[string]float64{}
	for i, n := range m.total {
		if n != 0 {
			x.Metrics[metricNames[i]] = n
		}
	}
	x.Partitions = make([]partitionState, len(heat))
	for i, h := range heat {
		p := partitionState{
			ID: h.ID, From: place(h.First), To: 1, Within: h.FirstSort != "", ReadUnits: h.ReadUnits, WriteUnits: h.WriteUnits,
			ReadLeft: h.Tokens[partition.ReadSide], WriteLeft: h.Tokens[partition.WriteSide],
			ReadBurst: h.Burst[partition.ReadSide], WriteBurst: h.Burst[partition.WriteSide],
			Bytes: h.Bytes, HotFor: h.HotFor.Seconds(), Stuck: h.Stuck, Throttles: maps.Clone(h.Throttles),
		}
		if i+1 < len(heat) {
			p.To = place(heat[i+1].First)
		}
		if counted := m.parts[h.ID]; counted != nil {
			p.Reads, p.Writes = counted.reads, counted.writes
			for reason, n := range counted.injected {
				p.Throttles[reason] += n
			}
		}
		for reason, n := range p.Throttles {
			x.Throttles[reason] += n
		}
		x.Partitions[i] = p
	}
}

// place returns where a hash lies among all, from 0 to 1.
func place(hash uint64) float64 { return float64(hash) / math.MaxUint64 }
