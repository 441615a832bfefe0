package dynamodb

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// An event is something that happened to a table.
type event struct {
	Name   string `json:"name"`
	Detail string `json:"detail"`

	table string
	seq   uint64
}

// eventsKept bounds the events that are kept for those who ask.
const eventsKept = 10_000

// A log is what happened, in order.
type log struct {
	mu     sync.Mutex
	seq    uint64
	events []event
	counts map[eventKind]uint64
}

// An eventKind is a table's events of one name.
type eventKind struct{ table, name string }

// counted returns how many events of a name a table had.
func (l *log) counted(table, name string) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts[eventKind{table, name}]
}

// event notes what happened to a table.
func (s *Server) event(table, name, detail string) {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.seq++
	if s.log.counts == nil {
		s.log.counts = map[eventKind]uint64{}
	}
	s.log.counts[eventKind{table, name}]++
	s.log.events = append(s.log.events, event{name, detail, table, s.log.seq})
	if len(s.log.events) > eventsKept {
		s.log.events = s.log.events[1:]
	}
}

// since returns a table's events after a sequence number, or all tables' for "", and the last
// number.
func (l *log) since(table string, seq uint64) ([]event, uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := []event{}
	for _, e := range l.events {
		if e.seq > seq && (table == "" || e.table == table) {
			out = append(out, e)
		}
	}
	return out, l.seq
}

// A heat is what a partition has served.
type heat struct {
	ID         string            `json:"id"`
	ReadUnits  float64           `json:"read_units"`
	WriteUnits float64           `json:"write_units"`
	Reads      uint64            `json:"reads"`
	Writes     uint64            `json:"writes"`
	Throttles  map[string]uint64 `json:"throttles,omitempty"`
}

// A status is what the status endpoint answers.
type status struct {
	Identity   string             `json:"identity"`
	Seq        uint64             `json:"seq"`
	Counters   map[string]float64 `json:"counters"`
	Partitions []heat             `json:"partitions"`
	Events     []event            `json:"events"`
}

// identity is what the server says of itself.
const identity = "crossover embedded DynamoDB (modelled)"

// status returns the counters of a table since it was created, or those of all tables for "",
// and what happened after a sequence number.
func (s *Server) status(name string, since uint64) status {
	now := s.options.Clock.Now()
	s.expire(now, math.MaxInt)
	out := status{Identity: identity, Partitions: []heat{}, Counters: map[string]float64{}}
	var total sums
	done, items, bytes := uint64(0), int64(0), int64(0)
	names := []string{name}
	if name == "" {
		names = s.tableNames(now)
	}
	for _, n := range names {
		t := s.lookup(n, now)
		if t == nil {
			continue
		}
		t.meter.mu.Lock()
		total.add(&t.meter.total)
		done += t.meter.done
		t.meter.mu.Unlock()
		if a := t.aside.Load(); a != nil {
			for _, ix := range a.indexes {
				ix.meter.mu.Lock()
				total.add(&ix.meter.total)
				ix.meter.mu.Unlock()
			}
		}
		items += t.store.Items()
		bytes += t.store.Bytes()
		if name != "" {
			out.Partitions = t.heat()
		}
	}
	s.account.mu.Lock()
	total.add(&s.account.total) // user errors belong to no table
	s.account.mu.Unlock()
	for i, n := range metricNames {
		out.Counters[n] = total[i]
	}
	out.Counters["SuccessfulRequests"] = float64(done)
	out.Counters["ItemCount"] = float64(items)
	out.Counters["TableSizeBytes"] = float64(bytes)
	out.Counters["HandlerPanics"] = float64(s.panics.Load())
	out.Events, out.Seq = s.log.since(s.tableName(name), since)
	return out
}

// heat returns what each of the table's partitions has served.
func (t *table) heat() []heat {
	t.meter.mu.Lock()
	defer t.meter.mu.Unlock()
	out := []heat{}
	for _, h := range t.capacity.Heat() {
		x := heat{ID: strconv.Itoa(h.ID), ReadUnits: h.ReadUnits, WriteUnits: h.WriteUnits, Throttles: h.Throttles}
		if p := t.meter.parts[h.ID]; p != nil {
			x.Reads, x.Writes = p.reads, p.writes
			for reason, n := range p.injected {
				x.Throttles[reason] += n
			}
		}
		out = append(out, x)
	}
	return out
}

// A period is one minute's metrics: the Sum of each, with the dimension TableName, and those
// with the dimension Operation as well.
type period struct {
	Start      time.Time                  `json:"start"`
	Metrics    map[string]float64         `json:"metrics"`
	Operations map[string]operationPeriod `json:"operations"`
}

type operationPeriod struct {
	Latency           latencyStatistics `json:"SuccessfulRequestLatency"`
	ThrottledRequests float64           `json:"ThrottledRequests"`
	SystemErrors      float64           `json:"SystemErrors"`
	ReturnedItemCount float64           `json:"ReturnedItemCount"`
}

// latencyStatistics are in milliseconds, as CloudWatch's are.
type latencyStatistics struct {
	Count int     `json:"count"`
	Sum   float64 `json:"sum"`
	Max   float64 `json:"max"`
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// periods returns a meter's minutes; the last may still be running.
func (m *meter) periods() []period {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := []period{}
	for _, x := range m.minutes {
		p := period{Start: x.start.UTC(), Metrics: map[string]float64{}, Operations: map[string]operationPeriod{}}
		for i, n := range metricNames {
			if x.sums[i] != 0 || metric(i) <= writeThrottles {
				p.Metrics[n] = x.sums[i]
			}
		}
		if x.provRead > 0 || x.provWrite > 0 {
			p.Metrics["ProvisionedReadCapacityUnits"], p.Metrics["ProvisionedWriteCapacityUnits"] = x.provRead, x.provWrite
		}
		for n, o := range x.operations {
			p.Operations[n] = operationPeriod{
				latencyStatistics{o.latencyCount, milliseconds(o.latencySum), milliseconds(o.latencyMax)},
				o.throttled, o.errors, o.itemsReturned,
			}
		}
		out = append(out, p)
	}
	return out
}

// answerStatus answers crossover's own paths, which DynamoDB does not have.
func (s *Server) answerStatus(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("table")
	var answer any
	switch r.URL.Path {
	case "/crossover/status":
		since := uint64(0)
		if text := r.URL.Query().Get("since"); text != "" {
			n, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				http.Error(w, "since: expected a sequence number", http.StatusBadRequest)
				return
			}
			since = n
		}
		answer = s.status(name, since)
	case "/crossover/metrics":
		m := &s.account
		if name != "" {
			t := s.lookup(name, s.options.Clock.Now())
			if t == nil {
				http.Error(w, "no such table", http.StatusNotFound)
				return
			}
			m = &t.meter
		}
		answer = struct {
			Identity string   `json:"identity"`
			Table    string   `json:"table,omitempty"`
			Period   int      `json:"period_seconds"`
			Minutes  []period `json:"minutes"`
		}{identity, name, 60, m.periods()}
	case "/crossover/partitions":
		answer = s.heatMap()
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// What can't be sent to a client that left is of no use to anybody.
	_ = json.NewEncoder(w).Encode(answer)
}
