package aerospike

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

// A status is what the info command crossover-status answers, which no other server knows.
type status struct {
	Identity        string            `json:"identity"`
	Node            string            `json:"node"`
	Reads           uint64            `json:"reads"`             // single and batch, whatever came of them
	Writes          uint64            `json:"writes"`            // deletes among them
	Busy            float64           `json:"busy"`              // share of device time in use, of late
	WriteQueueBytes int64             `json:"write_queue_bytes"` // waiting to be flushed
	Throttles       map[string]uint64 `json:"throttles"`         // refusals by reason
	Events          []event           `json:"events"`
}

// An event is something that happened on a node, since its start.
type event struct {
	Seconds float64 `json:"seconds"` // since the cluster's start
	Name    string  `json:"name"`
	Detail  string  `json:"detail,omitempty"`
}

// maxEvents bounds how many events a node remembers: the first ones.
const maxEvents = 1000

// note remembers an event.
func (n *Node) note(now time.Duration, name, detail string) {
	n.eventsMu.Lock()
	defer n.eventsMu.Unlock()
	if len(n.events) < maxEvents {
		n.events = append(n.events, event{math.Round(now.Seconds()*1000) / 1000, name, detail})
	}
}

// identity says what the cluster is, and that it is modelled.
func (c *Cluster) identity() string {
	nodes := "1 node"
	if c.options.Nodes > 1 {
		nodes = strconv.Itoa(c.options.Nodes) + " nodes"
	}
	each := "1 device each"
	if c.hardware.devices > 1 {
		each = strconv.Itoa(c.hardware.devices) + " devices each"
	}
	off := ""
	if !c.options.Latency {
		off = ", without latency"
	}
	return fmt.Sprintf("crossover embedded Aerospike, %s, %s, %s, scale %s%s (modelled)",
		nodes, c.options.Device, each, strconv.FormatFloat(c.options.Scale, 'g', -1, 64), off)
}

// status answers one line of JSON.
func (n *Node) status(_ string, now time.Duration) string {
	s := status{
		Identity: n.cluster.identity(), Node: n.name(),
		Reads:  n.counters.total(readAction),
		Writes: n.counters.total(writeAction) + n.counters.total(deleteAction),
		Busy:   math.Round(n.devices.share(now)*1e4) / 1e4, WriteQueueBytes: n.devices.queued(now),
		Throttles: map[string]uint64{}, Events: []event{},
	}
	for reason, count := range map[string]uint64{
		"DEVICE_OVERLOAD": n.counters.overload.Load(), "KEY_BUSY": n.counters.keyBusy.Load(),
	} {
		if count > 0 {
			s.Throttles[reason] = count
		}
	}
	n.eventsMu.Lock()
	s.Events = append(s.Events, n.events...)
	n.eventsMu.Unlock()
	text, err := json.Marshal(s)
	if err != nil {
		return "ERROR:1:" + err.Error()
	}
	return string(text)
}
