package aerospike

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"crossover/costmodel/footprint"
	"crossover/costmodel/nvme"
	"crossover/driver/embedded/aerospike/store"
)

// dataCommands say what the namespace holds, and empty it.
var dataCommands = map[string]infoCommand{
	"namespaces": func(n *Node, _ string, _ time.Duration) string { return n.cluster.options.Namespace },
	"namespace":  (*Node).namespace,
	"sets":       (*Node).sets,
	"objects": func(n *Node, _ string, _ time.Duration) string {
		master, prole, _ := n.counts()
		return strconv.FormatInt(master.Records+prole.Records, 10)
	},
	"truncate":           (*Node).truncate,
	"truncate-namespace": (*Node).truncate,
}

// namespace answers the namespace's statistics and configuration.
func (n *Node) namespace(parameters string, now time.Duration) string {
	if parameters != n.cluster.options.Namespace {
		return "type=unknown"
	}
	v := n.namespaceSettings()
	n.counters.values(v)
	master, prole, _ := n.counts()
	records, used := master.Records+prole.Records, master.DeviceBytes+prole.DeviceBytes
	entries := int64(0)
	for _, x := range n.cluster.store.Indexes() {
		entries += x.Entries()
	}
	entries = entries * int64(n.cluster.partitions().copies) / int64(len(n.cluster.partitions().alive))
	receive, send := n.cluster.members.remaining(n.number)
	for name, value := range map[string]int64{
		"migrate_partitions_remaining":    int64(receive + send),
		"migrate_rx_partitions_remaining": int64(receive),
		"migrate_tx_partitions_remaining": int64(send),
		"ns_cluster_size":                 int64(len(n.cluster.partitions().alive)),
		"effective_replication_factor":    int64(n.cluster.partitions().copies),
		"objects":                         records,
		"master_objects":                  master.Records,
		"prole_objects":                   prole.Records,
		"non_expirable_objects":           records - master.Expirable - prole.Expirable,
		"current_time":                    int64(n.cluster.calendar.seconds(now)),
		"index_used_bytes":                records * footprint.IndexBytes,
		"sindex_used_bytes":               entries * indexEntryBytes,
		"data_total_bytes":                n.cluster.capacity(),
		"data_used_bytes":                 used,
		"data_used_pct":                   100 * used / n.cluster.capacity(),
		"data_avail_pct":                  100 - 100*used/n.cluster.capacity(),
		"cache_read_pct":                  n.devices.cacheReadPct(),
	} {
		v[name] = strconv.FormatInt(value, 10)
	}
	v["stop_writes"] = strconv.FormatBool(n.cluster.stopped[n.number].Load())
	v[deviceStats] = n.deviceStatistics(now, used)
	return namespaceTemplate.fill(v)
}

// indexEntryBytes is what a secondary index's entry takes in memory, its tree's inner nodes
// included (Aerospike documentation, "Secondary index capacity planning": about 21 bytes).
const indexEntryBytes = 21

// writeBlock is the size of a block on a device (server source, storage.h, release 7.1 on).
const writeBlock = 8 << 20

// deviceStatistics returns each device's, as the server names them.
func (n *Node) deviceStatistics(now time.Duration, used int64) string {
	var b strings.Builder
	devices := int64(len(n.devices.list))
	for i, s := range n.devices.stats(now) {
		flushes := s.DeviceBytes / nvme.FlushBytes
		defrag := (s.DeviceBytes - s.WriteBytes) / writeBlock
		for _, stat := range []struct {
			name  string
			value int64
		}{
			{"used_bytes", used / devices},
			{"free_wblocks", (n.cluster.hardware.bytes - used/devices) / writeBlock},
			{"read_errors", 0},
			{"write_q", int64(s.QueuedBytes / writeBlock)},
			{"writes", int64(flushes)},
			{"partial_writes", 0},
			{"defrag_q", 0},
			{"defrag_reads", int64(defrag)},
			{"defrag_writes", int64(defrag)},
			{"defrag_partial_writes", 0},
			{"age", -1},
		} {
			fmt.Fprintf(&b, "storage-engine.device[%d].%s=%d;", i, stat.name, stat.value)
		}
	}
	return b.String()
}

// namespaceSettings returns the namespace's configuration where it is not the default.
func (n *Node) namespaceSettings() map[string]string {
	v := map[string]string{"replication-factor": strconv.Itoa(n.cluster.options.Replication)}
	n.cluster.config.values(v)
	v["storage-engine.max-write-cache"] = strconv.FormatInt(n.devices.limit/int64(len(n.devices.list)), 10)
	v["storage-engine.post-write-cache"] = strconv.FormatInt(n.devices.cache, 10)
	for i := range n.devices.list {
		v[deviceNames] += fmt.Sprintf("storage-engine.device[%d]=%s-nvme%d;", i, n.cluster.options.Device, i)
	}
	return v
}

// sets answers every set, a namespace's, or one.
func (n *Node) sets(parameters string, _ time.Duration) string {
	ns, set, one := strings.Cut(parameters, "/")
	if ns != "" && ns != n.cluster.options.Namespace {
		return "ns_type=unknown"
	}
	_, _, counts := n.counts()
	var b strings.Builder
	for i, name := range n.cluster.store.SetNames() {
		if one && name != set {
			continue
		}
		if !one {
			fmt.Fprintf(&b, "ns=%s:set=%s:", n.cluster.options.Namespace, name)
		}
		var c store.Counts
		if i+1 < len(counts) {
			c = counts[i+1]
		}
		indexes := 0
		for _, x := range n.cluster.store.Indexes() {
			if x.Set == name {
				indexes++
			}
		}
		fmt.Fprintf(&b, "objects=%d:tombstones=0:data_used_bytes=%d:truncate_lut=0:sindexes=%d:"+
			"index_populating=false:truncating=false:default-read-touch-ttl-pct=0:default-ttl=0:"+
			"disable-eviction=false:enable-index=false:stop-writes-count=0:stop-writes-size=0;",
			c.Records, c.DeviceBytes, indexes)
	}
	return b.String()
}

// truncate removes a set's records, or the namespace's, last updated before a time (lut, in
// nanoseconds since 1970) or up to now.
func (n *Node) truncate(parameters string, now time.Duration) string {
	ns, set := parameter(parameters, "namespace"), parameter(parameters, "set")
	if ns == "" {
		return "ERROR:4:missing 'namespace'"
	}
	until := n.cluster.calendar.millis(now)
	if text := parameter(parameters, "lut"); text != "" && text != "0" {
		ns, err := strconv.ParseInt(text, 10, 64)
		lut := time.Unix(0, ns).Sub(epoch).Milliseconds()
		if err != nil || lut < 1 || uint64(lut) > until {
			return "ERROR:4:bad 'lut'"
		}
		until = uint64(lut) - 1
	}
	if ns == n.cluster.options.Namespace {
		n.cluster.store.Truncate(set, until)
	}
	return "ok"
}
