package imports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strings"
	"time"

	"crossover/costmodel/demand"
)

// The metrics of AWS/DynamoDB that are read (DynamoDB Developer Guide, "DynamoDB metrics and
// dimensions").
const (
	metricConsumedRead     = "ConsumedReadCapacityUnits"
	metricConsumedWrite    = "ConsumedWriteCapacityUnits"
	metricProvisionedRead  = "ProvisionedReadCapacityUnits"
	metricProvisionedWrite = "ProvisionedWriteCapacityUnits"
	metricLatency          = "SuccessfulRequestLatency"
	metricReturnedItems    = "ReturnedItemCount"
	metricReturnedBytes    = "ReturnedBytes"
)

// throttleMetric matches the events' sums and their causes: ReadThrottleEvents,
// WriteKeyRangeThroughputThrottleEvents and so on.
var throttleMetric = regexp.MustCompile(`^(Read|Write)[A-Za-z]*ThrottleEvents$`)

func known(metric string) bool {
	switch metric {
	case metricConsumedRead, metricConsumedWrite, metricProvisionedRead, metricProvisionedWrite,
		metricLatency, metricReturnedItems, metricReturnedBytes, "ThrottledRequests":
		return true
	}
	return throttleMetric.MatchString(metric)
}

// A Metric is what a series is of.
type Metric struct {
	Name      string
	Table     string
	Index     string // a global secondary index; "" for the table
	Operation string // GetItem, …; "" for metrics that have none
	Stat      string // Sum, SampleCount, Average, …, or a percentile such as p99
}

// A Series is a metric over time. Values are as CloudWatch has them: Sum and SampleCount are
// totals of a period, the others are levels.
type Series struct {
	Metric
	Values []Value
	Files  []string
}

// A Value is a metric's value over the period from At on.
type Value struct {
	At     time.Time
	Period time.Duration // 0 until Settle has found it
	Value  float64
}

// Dimensions say what a file is of when it does not say so itself; "" is not said.
type Dimensions struct{ TableName, GlobalSecondaryIndexName, Operation string }

// Queries are the metric queries that a get-metric-data call was made with, by Id.
type Queries map[string]Query

// A Query is one of them.
type Query struct {
	Metric
	Period time.Duration
}

// queryJSON is a MetricDataQuery (Amazon CloudWatch API Reference, "MetricDataQuery").
type queryJSON struct {
	Id         string
	Expression string          `json:",omitempty"`
	MetricStat *metricStatJSON `json:",omitempty"`
}

type metricStatJSON struct {
	Metric struct {
		Namespace  string
		MetricName string
		Dimensions []dimensionJSON
	}
	Period int64
	Stat   string
}

type dimensionJSON struct{ Name, Value string }

// ReadQueries reads the file that get-metric-data's --metric-data-queries names.
func ReadQueries(file string, r io.Reader) (Queries, error) {
	var doc []queryJSON
	if err := document(file, r, &doc); err != nil {
		return nil, err
	}
	out := Queries{}
	for i, q := range doc {
		fail := func(why string) error { return at(file, 0, -1, fmt.Errorf("query %d (%q): %s", i, q.Id, why)) }
		m := q.MetricStat
		_, twice := out[q.Id]
		switch {
		case q.Id == "" || twice:
			return nil, fail("no Id, or one that is given twice")
		case m == nil:
			continue // an expression: what it yields is not read
		case m.Metric.Namespace != "AWS/DynamoDB":
			return nil, fail(fmt.Sprintf("Namespace %q, expected AWS/DynamoDB", m.Metric.Namespace))
		case m.Period < 1 || m.Period > 86400:
			return nil, fail(fmt.Sprintf("a Period of %d, expected 1 to 86400 seconds", m.Period))
		case m.Stat == "":
			return nil, fail("no Stat")
		}
		query := Query{Metric: Metric{Name: m.Metric.MetricName, Stat: m.Stat}, Period: time.Duration(m.Period) * time.Second}
		for _, d := range m.Metric.Dimensions {
			switch d.Name {
			case "TableName":
				query.Table = d.Value
			case "GlobalSecondaryIndexName":
				query.Index = d.Value
			case "Operation":
				query.Operation = d.Value
			}
		}
		out[q.Id] = query
	}
	return out, nil
}

// Metrics are series by what they are of.
type Metrics struct {
	series map[Metric]*Series

	Unknown []string // labels and metrics that were not read, for a warning
	Partial []string // files whose StatusCode or NextToken say that there is more
}

// Add reads what `aws cloudwatch get-metric-data` or `get-metric-statistics` prints. The
// former names its results by the Ids of queries, which is why those are needed; without them
// its labels must be plain metric names. The latter names a metric and nothing else; dims say
// the rest.
func (m *Metrics) Add(file string, r io.Reader, queries Queries, dims Dimensions) error {
	if m.series == nil {
		m.series = map[Metric]*Series{}
	}
	s := stream(file, r)
	label, found := "", false
	var points []datapoint
	err := s.members(func(name string) error {
		switch name {
		case "MetricDataResults":
			found = true
			return s.elements(func() error { return m.result(s, file, queries, dims) })
		case "Datapoints":
			found = true
			return s.elements(func() error {
				var p datapoint
				if err := s.d.Decode(&p); err != nil {
					return err
				}
				points = append(points, p)
				return nil
			})
		case "Label":
			return s.d.Decode(&label)
		case "NextToken":
			var next *string
			err := s.d.Decode(&next)
			if next != nil && *next != "" {
				m.Partial = append(m.Partial, file)
			}
			return err
		}
		return s.skip()
	})
	if err == nil && !found {
		err = at(file, 1, 0, errors.New(`no "MetricDataResults" and no "Datapoints": expected the output of aws cloudwatch get-metric-data or get-metric-statistics`))
	}
	if err == nil && label != "" {
		err = m.statistics(file, label, points, dims)
	}
	return err
}

// result reads one element of MetricDataResults. An Id may come again: the CLI joins pages so.
func (m *Metrics) result(s *streamed, file string, queries Queries, dims Dimensions) error {
	var x struct {
		Id, Label, StatusCode string
		Timestamps            []stamp
		Values                []float64
	}
	if err := s.d.Decode(&x); err != nil {
		return err
	}
	if len(x.Timestamps) != len(x.Values) {
		return fmt.Errorf("result %q: %d timestamps and %d values", x.Id, len(x.Timestamps), len(x.Values))
	}
	if x.StatusCode == "InternalError" || x.StatusCode == "Forbidden" {
		return fmt.Errorf("result %q: StatusCode %s", x.Id, x.StatusCode)
	}
	q, ok := queries[x.Id]
	if !ok && queries != nil {
		return fmt.Errorf("result %q: no query of that Id in the queries file", x.Id)
	}
	if !ok {
		q = Query{Metric: Metric{Name: x.Label, Stat: usualStat(x.Label), Operation: dims.Operation, Index: dims.GlobalSecondaryIndexName}}
	}
	if q.Table == "" {
		q.Table = dims.TableName
	}
	if !known(q.Name) {
		m.Unknown = append(m.Unknown, q.Name)
		return nil
	}
	for i, t := range x.Timestamps {
		m.append(file, q.Metric, Value{t.Time, q.Period, x.Values[i]})
	}
	return nil
}

// usualStat is the statistic that a metric is read by when nothing says which one was asked
// for: totals for what is counted, the count of requests for their latency.
func usualStat(metric string) string {
	switch metric {
	case metricProvisionedRead, metricProvisionedWrite:
		return "Average"
	case metricLatency:
		return "SampleCount"
	}
	return "Sum"
}

// A datapoint is one of get-metric-statistics.
type datapoint struct {
	Timestamp                                   *stamp
	Sum, SampleCount, Average, Minimum, Maximum *float64
	ExtendedStatistics                          map[string]float64
}

func (m *Metrics) statistics(file, label string, points []datapoint, dims Dimensions) error {
	if !known(label) {
		m.Unknown = append(m.Unknown, label)
		return nil
	}
	metric := Metric{Name: label, Table: dims.TableName, Index: dims.GlobalSecondaryIndexName, Operation: dims.Operation}
	for i, p := range points {
		if p.Timestamp == nil {
			return at(file, 0, -1, fmt.Errorf("datapoint %d: no Timestamp", i))
		}
		for stat, v := range map[string]*float64{"Sum": p.Sum, "SampleCount": p.SampleCount, "Average": p.Average, "Minimum": p.Minimum, "Maximum": p.Maximum} {
			if v != nil {
				metric.Stat = stat
				m.append(file, metric, Value{At: p.Timestamp.Time, Value: *v})
			}
		}
		for stat, v := range p.ExtendedStatistics {
			metric.Stat = stat
			m.append(file, metric, Value{At: p.Timestamp.Time, Value: v})
		}
	}
	return nil
}

func (m *Metrics) append(file string, metric Metric, v Value) {
	s := m.series[metric]
	if s == nil {
		s = &Series{Metric: metric}
		m.series[metric] = s
	}
	if n := len(s.Files); n == 0 || s.Files[n-1] != file {
		s.Files = append(s.Files, file)
	}
	s.Values = append(s.Values, v)
}

// All returns the series in an order that does not depend on the files'.
func (m *Metrics) All() []*Series {
	var out []*Series
	for _, s := range m.series {
		out = append(out, s)
	}
	sort.Slice(out, func(i, j int) bool { return less(out[i].Metric, out[j].Metric) })
	return out
}

func less(a, b Metric) bool {
	for _, p := range [][2]string{{a.Table, b.Table}, {a.Index, b.Index}, {a.Name, b.Name}, {a.Operation, b.Operation}, {a.Stat, b.Stat}} {
		if p[0] != p[1] {
			return p[0] < p[1]
		}
	}
	return false
}

// Total reports whether a statistic is a period's total, which divided by the period is a rate.
func (m Metric) Total() bool { return m.Stat == "Sum" || m.Stat == "SampleCount" }

// Curve returns the series as rates a second, for totals, or as levels. Values before since
// are left out: they are of an earlier table by the same name. How many is the second result.
func (s *Series) Curve(since time.Time) (demand.Curve, int, error) {
	s.settle()
	var points []demand.Point
	before := 0
	for _, v := range s.Values {
		if v.At.Add(v.Period).Before(since) {
			before++
			continue
		}
		rate := v.Value
		if s.Total() {
			rate /= v.Period.Seconds()
		}
		points = append(points, demand.Point{At: v.At, Period: v.Period, Rate: rate})
	}
	c, err := demand.New(points)
	if err != nil {
		err = fmt.Errorf("%s: %s: %w", strings.Join(s.Files, ", "), s.String(), err)
	}
	return c, before, err
}

// settle gives values without a period one: the shortest distance of two points, a minute when
// there is one point only. Values of get-metric-statistics do not say theirs.
func (s *Series) settle() {
	var times []int64
	for _, v := range s.Values {
		if v.Period == 0 {
			times = append(times, v.At.Unix())
		}
	}
	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
	shortest := int64(0)
	for i := 1; i < len(times); i++ {
		if d := times[i] - times[i-1]; d > 0 && (shortest == 0 || d < shortest) {
			shortest = d
		}
	}
	if shortest == 0 {
		shortest = 60
	}
	for i := range s.Values {
		if s.Values[i].Period == 0 {
			s.Values[i].Period = time.Duration(min(shortest, 86400)) * time.Second
		}
	}
}

func (m Metric) String() string {
	text := m.Name
	if m.Index != "" {
		text += " of index " + m.Index
	}
	if m.Operation != "" {
		text += " of " + m.Operation
	}
	return text + " (" + m.Stat + ")"
}

// operations are those whose request counts CloudWatch keeps and that a table's traffic
// consists of (DynamoDB Developer Guide, "DynamoDB metrics and dimensions", dimension Operation).
var operations = []string{
	"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem",
	"TransactGetItems", "TransactWriteItems", "ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction",
}

// WriteQueries writes the metric queries that Assemble can use of a table, for
// get-metric-data's --metric-data-queries. The API takes 500 in a call.
func WriteQueries(w io.Writer, t *Table, period time.Duration) error {
	var out []queryJSON
	add := func(metric, stat, index, operation string) {
		q := queryJSON{Id: fmt.Sprintf("q%d", len(out)), MetricStat: &metricStatJSON{Period: int64(period / time.Second), Stat: stat}}
		q.MetricStat.Metric.Namespace, q.MetricStat.Metric.MetricName = "AWS/DynamoDB", metric
		for _, d := range []dimensionJSON{{"TableName", t.Name}, {"GlobalSecondaryIndexName", index}, {"Operation", operation}} {
			if d.Value != "" {
				q.MetricStat.Metric.Dimensions = append(q.MetricStat.Metric.Dimensions, d)
			}
		}
		out = append(out, q)
	}
	places := []string{""}
	for _, x := range t.Global {
		places = append(places, x.Name)
	}
	for _, index := range places {
		for _, way := range []string{"Read", "Write"} {
			add("Consumed"+way+"CapacityUnits", "Sum", index, "")
			if t.Provisioned {
				add("Provisioned"+way+"CapacityUnits", "Average", index, "")
			}
			add(way+"ThrottleEvents", "Sum", index, "")
			for _, cause := range []string{"ProvisionedThroughput", "KeyRangeThroughput", "MaxOnDemandThroughput", "AccountLimit"} {
				add(way+cause+"ThrottleEvents", "Sum", index, "")
			}
		}
	}
	for _, o := range operations {
		add(metricLatency, "SampleCount", "", o)
	}
	for _, o := range []string{"GetItem", "Query", "PutItem", "UpdateItem"} {
		add(metricLatency, "p99", "", o)
	}
	for _, o := range []string{"Query", "Scan"} {
		add(metricReturnedItems, "Sum", "", o)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
