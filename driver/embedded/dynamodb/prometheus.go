package dynamodb

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// newRegistry returns the server's metrics in Prometheus' conventions: base units, totals since
// the server began, a unit in each name. Everything but the process's own is modelled.
func newRegistry(s *Server) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(&collector{s}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// A collector reads the server's counts when it is asked for them.
type collector struct{ s *Server }

var _ prometheus.Collector = (*collector)(nil)

func newDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("crossover_dynamodb_"+name, help, labels, nil)
}

var (
	ofResource  = []string{"table", "index"}
	ofPartition = []string{"table", "index", "partition"}

	descInfo       = newDesc("info", "What this server is: its figures are modelled, and no measurement of DynamoDB.", "identity", "region")
	descRequests   = newDesc("requests_received_total", "Requests of the API.")
	descFaults     = newDesc("injected_faults_total", "Requests that met a fault that was asked for.", "fault")
	descPanics     = newDesc("handler_panics_total", "Requests that this server failed to serve by a fault of its own.")
	descRead       = newDesc("consumed_read_capacity_units_total", "Read capacity units consumed.", ofResource...)
	descWrite      = newDesc("consumed_write_capacity_units_total", "Write capacity units consumed.", ofResource...)
	descThrottles  = newDesc("throttle_events_total", "Reads and writes refused, by the reason that the exception gives.", append(ofResource, "reason")...)
	descItems      = newDesc("items", "Items, or an index's entries.", ofResource...)
	descBytes      = newDesc("size_bytes", "Size of the items as DynamoDB counts it.", ofResource...)
	descPartitions = newDesc("partitions", "Partitions.", ofResource...)
	descSplits     = newDesc("partition_splits_total", "Splits of the table's partitions, and of its indexes'.", "table")
	descDenied     = newDesc("denied_writes_total", "Writes refused because --deny-writes names the table.", "table")
	descLimitRead  = newDesc("read_capacity_units_per_second", "Provisioned read capacity, or the on-demand maximum; 0 for none.", ofResource...)
	descLimitWrite = newDesc("write_capacity_units_per_second", "Provisioned write capacity, or the on-demand maximum; 0 for none.", ofResource...)
	descLatency    = newDesc("request_duration_seconds", "Time from a successful request's receipt to its answer.", "table", "operation")
	descFailures   = newDesc("failed_requests_total", "Requests about items that were throttled, or that ended in an error of the server.", "table", "operation", "kind")
	descPartRead   = newDesc("partition_consumed_read_capacity_units_total", "Read capacity units consumed of a partition.", ofPartition...)
	descPartWrite  = newDesc("partition_consumed_write_capacity_units_total", "Write capacity units consumed of a partition.", ofPartition...)
	descPartThrot  = newDesc("partition_throttle_events_total", "Reads and writes that a partition refused.", ofPartition...)
	descPartHot    = newDesc("partition_hot_seconds", "How long a partition has been near a limit of its own.", ofPartition...)
)

// Describe says nothing beforehand: the metrics are checked when they are gathered.
func (*collector) Describe(chan<- *prometheus.Desc) {}

// Collect gathers them all.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	m := c.s.heatMap()
	gauge(descInfo, 1, m.Identity, c.s.options.Region)
	counter(descRequests, float64(m.Requests))
	counter(descPanics, float64(c.s.panics.Load()))
	for name, n := range m.Faults {
		counter(descFaults, float64(n), name)
	}
	for _, x := range m.Resources {
		counter(descRead, x.ReadUnits, x.Table, x.Index)
		counter(descWrite, x.WriteUnits, x.Table, x.Index)
		for reason, n := range x.Throttles {
			counter(descThrottles, float64(n), x.Table, x.Index, reason)
		}
		gauge(descItems, float64(x.Items), x.Table, x.Index)
		gauge(descBytes, float64(x.Bytes), x.Table, x.Index)
		gauge(descPartitions, float64(len(x.Partitions)), x.Table, x.Index)
		gauge(descLimitRead, x.ReadLimit, x.Table, x.Index)
		gauge(descLimitWrite, x.WriteLimit, x.Table, x.Index)
		if x.Index == "" {
			counter(descSplits, float64(x.Splits), x.Table)
			counter(descDenied, float64(x.Denied), x.Table)
			c.operations(out, x.Table)
		}
		for _, p := range x.Partitions {
			labels := []string{x.Table, x.Index, strconv.Itoa(p.ID)}
			counter(descPartRead, p.ReadUnits, labels...)
			counter(descPartWrite, p.WriteUnits, labels...)
			refused := uint64(0)
			for _, n := range p.Throttles {
				refused += n
			}
			counter(descPartThrot, float64(refused), labels...)
			gauge(descPartHot, p.HotFor, labels...)
		}
	}
}

// operations gathers a table's requests by operation.
func (c *collector) operations(out chan<- prometheus.Metric, name string) {
	t := c.s.lookup(name, c.s.options.Clock.Now())
	if t == nil {
		return
	}
	for operation, o := range t.meter.operationTotals() {
		out <- prometheus.MustNewConstSummary(descLatency, uint64(o.latencyCount), o.latencySum.Seconds(), nil, name, operation)
		for kind, n := range map[string]float64{"throttled": o.throttled, "system_error": o.errors} {
			out <- prometheus.MustNewConstMetric(descFailures, prometheus.CounterValue, n, name, operation, kind)
		}
	}
}
