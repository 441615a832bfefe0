package aerospike

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	as "github.com/aerospike/aerospike-client-go/v7"
	"golang.org/x/sync/errgroup"

	"crossover/driver"
)

// counters are the beginnings of those names in `statistics` and `namespace/NS` that tell how
// a node is doing; what else they hold is configuration, which Describe has.
var counters = []string{
	"client_", "batch_", "from_proxy_", "pi_query_", "si_query_", "fail_", "retransmit_all_",
	"objects", "master_objects", "prole_objects", "non_replica_objects", "tombstones", "data_used_", "data_avail_",
	"index_used_bytes", "sindex_used_bytes", "stop_writes", "hwm_breached", "cache_read_pct",
	"migrate_", "unavailable_partitions", "dead_partitions", "expired_objects", "evicted_objects",
	"cluster_size", "cluster_integrity", "uptime", "system_", "process_cpu_pct", "heap_",
	"rw_in_progress", "proxy_in_progress", "info_queue", "early_tsvc_", "time_since_rebalance", "fabric_",
	"storage-engine.device[", "storage-engine.file[",
}

// sampled is what the sample before left behind.
type sampled struct {
	mu     sync.Mutex
	known  []string       // nodes that were there
	events map[string]int // events already reported, by node
	silent []string       // nodes that did not answer
}

// byName orders nodes.
func byName(a, b *as.Node) int { return strings.Compare(a.GetName(), b.GetName()) }

// A reading is what one node answered.
type reading struct {
	node    string
	numbers map[string]float64
	status  status
	own     bool // the node is crossover's
	err     error
}

// Sample reads every node's counters, which are named NODE.counter. A node that does not
// answer is an event, not an error, unless none does.
func (c *cluster) Sample(ctx context.Context) (driver.Sample, error) {
	list := slices.Clone(c.client.GetNodes())
	slices.SortFunc(list, byName)
	readings := make([]reading, len(list))
	var group errgroup.Group
	for i, node := range list {
		group.Go(func() error {
			readings[i] = c.read(ctx, node)
			return readings[i].err
		})
	}
	err := group.Wait()
	c.sample.mu.Lock()
	defer c.sample.mu.Unlock()
	c.nodes.refresh(c.client, c.cfg.Namespace)
	s := driver.Sample{Counters: map[string]float64{
		"driver.query_records_received": float64(c.received.Load()),
		"driver.query_records_returned": float64(c.returned.Load()),
	}}
	s.Events = c.sample.membership(list)
	answered, silent := 0, []string(nil)
	for _, r := range readings {
		if r.err != nil {
			silent = append(silent, r.node)
			if !slices.Contains(c.sample.silent, r.node) {
				s.Events = append(s.Events, driver.Event{Name: "node_silent", Detail: r.err.Error()})
			}
			continue
		}
		answered++
		c.sample.add(&s, r)
	}
	c.sample.silent = silent
	if answered == 0 {
		if err == nil {
			err = fmt.Errorf("the cluster has no node that answers")
		}
		return driver.Sample{}, err
	}
	return s, nil
}

// read asks one node for its counters.
func (c *cluster) read(ctx context.Context, node *as.Node) reading {
	ns := "namespace/" + c.cfg.Namespace
	r := reading{node: node.GetName(), numbers: map[string]float64{}}
	answers, err := ask(ctx, node, statusCommand, "statistics", ns)
	if err != nil {
		r.err = err
		return r
	}
	r.status, r.own = parseStatus(answers[statusCommand])
	for _, part := range []string{"statistics", ns} {
		for name, value := range parsePairs(answers[part], ";") {
			if n, ok := number(value); ok && counted(name) {
				r.numbers[name] = n
			}
		}
	}
	return r
}

// counted reports whether a name is one of the counters.
func counted(name string) bool {
	return slices.ContainsFunc(counters, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// number reads a counter; true and false are 1 and 0.
func number(text string) (float64, bool) {
	switch text {
	case "true":
		return 1, true
	case "false":
		return 0, true
	}
	// Decimal digits only: "inf" and "nan" are numbers to strconv, and none to JSON.
	if strings.Trim(text, "0123456789.-") != "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}

// add puts one node's reading into a sample.
func (b *sampled) add(s *driver.Sample, r reading) {
	for name, value := range r.numbers {
		s.Counters[r.node+"."+name] = value
	}
	heat := driver.PartitionHeat{ID: r.node}
	if r.own {
		heat.Reads, heat.Writes, heat.Busy, heat.Throttles = r.status.Reads, r.status.Writes, r.status.Busy, r.status.Throttles
		s.Counters[r.node+".write_queue_bytes"] = r.status.Queue
		// A node lists all its events, oldest first; a list that has become shorter is that of a
		// node that was started anew.
		seen := b.events[r.node]
		if seen > len(r.status.Events) {
			seen = 0
		}
		for _, e := range r.status.Events[seen:] {
			s.Events = append(s.Events, driver.Event{Name: e.Name, Detail: strings.TrimSpace(r.node + " " + e.Detail)})
		}
		if b.events == nil {
			b.events = map[string]int{}
		}
		b.events[r.node] = len(r.status.Events)
	} else {
		heat.Reads, heat.Writes, heat.Throttles = served(r.numbers)
	}
	s.Partitions = append(s.Partitions, heat)
}

// served sums what a node has answered, from the counters that any server has. Its Busy is
// not known. fail_key_busy is the only refusal that the server counts by its reason.
func served(n map[string]float64) (reads, writes uint64, throttles map[string]uint64) {
	for _, name := range []string{
		"client_read_success", "client_read_not_found", "batch_sub_read_success", "batch_sub_read_not_found",
	} {
		reads += uint64(n[name])
	}
	for _, name := range []string{
		"client_write_success", "client_delete_success", "batch_sub_write_success", "batch_sub_delete_success",
	} {
		writes += uint64(n[name])
	}
	if busy := uint64(n["fail_key_busy"]); busy > 0 {
		throttles = map[string]uint64{"KEY_BUSY": busy}
	}
	return reads, writes, throttles
}

// membership returns which nodes came and went since the sample before.
func (b *sampled) membership(list []*as.Node) []driver.Event {
	var events []driver.Event
	names := make([]string, len(list))
	for i, node := range list {
		names[i] = node.GetName()
		if b.known != nil && !slices.Contains(b.known, names[i]) {
			events = append(events, driver.Event{Name: "node_joined", Detail: names[i] + " at " + node.GetHost().String()})
		}
	}
	for _, name := range b.known {
		if !slices.Contains(names, name) {
			events = append(events, driver.Event{Name: "node_lost", Detail: name})
		}
	}
	b.known = names
	return events
}
