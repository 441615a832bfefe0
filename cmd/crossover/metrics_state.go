package main

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"crossover/driver/runner"
	"crossover/results"
)

// latencyBounds are the histograms' buckets: from below Aerospike's reads to a client's
// patience.
var latencyBounds = []time.Duration{
	50 * time.Microsecond, 100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// seriesLabels tell whose figures a series holds; kind is real, embedded or other, so that a
// dashboard never mistakes a model for a vendor.
var seriesLabels = []string{"target", "driver", "kind", "operation"}

func description(name, help string, more ...string) *prometheus.Desc {
	return prometheus.NewDesc("crossover_"+name, help, append(slices.Clone(seriesLabels), more...), nil)
}

var (
	offeredDesc   = description("operations_offered_total", "Operations whose intended start has come.")
	doneDesc      = description("operations_total", "Operations that have ended, by class; dropped ones were never sent.", "class")
	attemptsDesc  = description("attempts_total", "Requests sent, retries among them.")
	throttlesDesc = description("throttles_total", "Attempts refused for capacity, by the service's own reason.", "reason")
	failuresDesc  = description("attempt_failures_total", "Attempts that failed otherwise, by class and reason.", "reason")
	unitsDesc     = description("consumed_units_total", "Capacity units consumed, as the service reported them.", "direction")
	bytesDesc     = description("item_bytes_total", "Item bytes sent and received.", "direction")
	flightDesc    = description("operations_in_flight", "Operations sent and unanswered.")
	waitingDesc   = description("operations_waiting", "Operations due and unsent.")
	responseDesc  = description("response_time_seconds", "Response time of successes, from the intended start.")
	serviceDesc   = description("service_time_seconds", "Service time of successes, from the actual send.")
	limitedDesc   = prometheus.NewDesc("crossover_generator_limited", "1 when the load generator was the limit in the last interval.", []string{"target"}, nil)
)

// A metrics is everything that a scrape shows. It is safe for concurrent use.
type metrics struct {
	mu      sync.Mutex
	series  map[[4]string]*series
	order   [][4]string
	limited map[string]bool
}

// A series is one target's and operation's.
type series struct {
	offered, attempts     uint64
	classes               map[string]uint64
	throttles, failures   map[string]uint64
	readUnits, writeUnits float64
	bytesOut, bytesIn     uint64
	inFlight, waiting     map[string]int64 // by phase
	response, service     histogram
}

type histogram struct {
	count   uint64
	sum     time.Duration
	buckets []uint64
}

func newMetrics() *metrics {
	return &metrics{series: map[[4]string]*series{}, limited: map[string]bool{}}
}

// observer returns what a run on a target reports its intervals to.
func (m *metrics) observer(target, driver, kind string) func([]runner.Observation) {
	return func(lines []runner.Observation) {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, o := range lines {
			m.at([4]string{target, driver, kind, o.Kind}).add(o)
			m.limited[target] = o.Limited
		}
	}
}

func (m *metrics) at(key [4]string) *series {
	s := m.series[key]
	if s == nil {
		s = &series{
			classes: map[string]uint64{}, throttles: map[string]uint64{}, failures: map[string]uint64{},
			inFlight: map[string]int64{}, waiting: map[string]int64{},
			response: histogram{buckets: make([]uint64, len(latencyBounds))},
			service:  histogram{buckets: make([]uint64, len(latencyBounds))},
		}
		m.series[key] = s
		m.order = append(m.order, key)
	}
	return s
}

func (s *series) add(o runner.Observation) {
	s.offered += o.Offered
	s.attempts += o.Attempts
	for from, to := range map[*map[string]uint64]map[string]uint64{&o.Done: s.classes, &o.Throttles: s.throttles, &o.Failures: s.failures} {
		for name, n := range *from {
			to[name] += n
		}
	}
	s.readUnits += o.ReadUnits
	s.writeUnits += o.WriteUnits
	s.bytesOut += o.BytesOut
	s.bytesIn += o.BytesIn
	s.inFlight[o.Phase], s.waiting[o.Phase] = o.InFlight, o.Waiting
	s.response.add(o.Response)
	s.service.add(o.Service)
}

func (h *histogram) add(m *results.Merged) {
	h.count += uint64(m.Total())
	h.sum += m.Sum()
	m.AddCumulative(latencyBounds, h.buckets)
}

// Describe names what Collect sends.
func (m *metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		offeredDesc, doneDesc, attemptsDesc, throttlesDesc, failuresDesc, unitsDesc, bytesDesc,
		flightDesc, waitingDesc, responseDesc, serviceDesc, limitedDesc,
	} {
		to <- d
	}
}

// Collect sends what the intervals so far add up to.
func (m *metrics) Collect(to chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range m.order {
		m.series[key].collect(to, key[:])
	}
	for target, limited := range m.limited {
		v := 0.0
		if limited {
			v = 1
		}
		to <- prometheus.MustNewConstMetric(limitedDesc, prometheus.GaugeValue, v, target)
	}
}

func (s *series) collect(to chan<- prometheus.Metric, labels []string) {
	counter := func(d *prometheus.Desc, v float64, more ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, append(slices.Clone(labels), more...)...)
	}
	counter(offeredDesc, float64(s.offered))
	counter(attemptsDesc, float64(s.attempts))
	for d, counts := range map[*prometheus.Desc]map[string]uint64{doneDesc: s.classes, throttlesDesc: s.throttles, failuresDesc: s.failures} {
		for name, n := range counts {
			counter(d, float64(n), name)
		}
	}
	counter(unitsDesc, s.readUnits, "read")
	counter(unitsDesc, s.writeUnits, "write")
	counter(bytesDesc, float64(s.bytesOut), "out")
	counter(bytesDesc, float64(s.bytesIn), "in")
	for d, by := range map[*prometheus.Desc]map[string]int64{flightDesc: s.inFlight, waitingDesc: s.waiting} {
		var sum int64
		for n := range maps.Values(by) {
			sum += n
		}
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(sum), labels...)
	}
	for d, h := range map[*prometheus.Desc]*histogram{responseDesc: &s.response, serviceDesc: &s.service} {
		buckets := make(map[float64]uint64, len(latencyBounds))
		for i, bound := range latencyBounds {
			buckets[bound.Seconds()] = h.buckets[i]
		}
		to <- prometheus.MustNewConstHistogram(d, h.count, h.sum.Seconds(), buckets, labels...)
	}
}

var _ prometheus.Collector = (*metrics)(nil)
