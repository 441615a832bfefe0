package dynamodb

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
)

// metricsPrefix is CloudWatch's in the header X-Amz-Target, of its JSON protocol.
const metricsPrefix = "GraniteServiceVersion20100801."

// metricOperations are CloudWatch's, as far as what DynamoDB publishes there goes.
var metricOperations = map[string]operation{
	"GetInsightRuleReport": {about: tableSubject, do: side((*call).getInsightRuleReport)},
	"GetMetricData":        {about: tableSubject, do: side((*call).getMetricData)},
	"GetMetricStatistics":  {about: tableSubject, do: side((*call).getMetricStatistics)},
	"ListMetrics":          {about: tableSubject, do: side((*call).listMetrics)},
}

func metricInvalid(format string, args ...any) *apiError {
	return &apiError{
		status: http.StatusBadRequest, space: "com.amazonaws.cloudwatch.v2010_08_01#", name: "InvalidParameterValueException",
		message: fmt.Sprintf(format, args...),
	}
}

// A series names one metric with its dimensions.
type series struct {
	Namespace  string
	MetricName string
	Dimensions []metricDimension
}

type metricDimension struct{ Name, Value string }

func (m *series) dimension(name string) string {
	for _, d := range m.Dimensions {
		if d.Name == name {
			return d.Value
		}
	}
	return ""
}

// A point is what fell into one period.
type point struct {
	at                         time.Time
	sum, samples, least, worst float64
	values                     bool // samples, least and worst are known
}

// points returns a series' periods from one time to before another.
func (s *Server) points(m *series, now time.Duration, from, to time.Time, period time.Duration) ([]point, error) {
	if m.Namespace != "AWS/DynamoDB" {
		return nil, nil // nothing publishes there
	}
	meter := &s.account
	if name := m.dimension("TableName"); name != "" {
		id := scalableID{resource: "table/" + name}
		if index := m.dimension("GlobalSecondaryIndexName"); index != "" {
			id.resource += "/index/" + index
		}
		var ok bool
		if meter, _, ok = s.scaled(id, now); !ok {
			return nil, nil
		}
	}
	read, err := reading(m)
	if err != nil {
		return nil, err
	}
	var out []point
	for _, x := range meter.between(from, to) {
		p, some := read(x)
		if !some {
			continue
		}
		p.at = from.Add(x.start.Sub(from) / period * period)
		if n := len(out); n > 0 && out[n-1].at.Equal(p.at) {
			q := &out[n-1]
			q.sum, q.samples, q.least, q.worst = q.sum+p.sum, q.samples+p.samples, min(q.least, p.least), max(q.worst, p.worst)
			continue
		}
		out = append(out, p)
	}
	return out, nil
}

// between returns copies of the minutes that began in a span of time.
func (m *meter) between(from, to time.Time) (out []minute) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.minutes {
		if x.start.Before(from) || !x.start.Before(to) {
			continue
		}
		y := *x
		y.operations = map[string]*operationSums{}
		for name, o := range x.operations {
			copied := *o
			y.operations[name] = &copied
		}
		out = append(out, y)
	}
	return out
}

// reading returns how a metric is read from a minute (Developer Guide, "DynamoDB metrics and
// dimensions").
func reading(m *series) (func(minute) (point, bool), error) {
	known := func(v float64) point { return point{sum: v, samples: 1, least: v, worst: v, values: true} }
	if operation := m.dimension("Operation"); operation != "" {
		return readingOf(m.MetricName, operation)
	}
	switch m.MetricName {
	case "ProvisionedReadCapacityUnits":
		return func(x minute) (point, bool) { return known(x.provRead), x.provRead > 0 }, nil
	case "ProvisionedWriteCapacityUnits":
		return func(x minute) (point, bool) { return known(x.provWrite), x.provWrite > 0 }, nil
	}
	at := slices.Index(metricNames[:], m.MetricName)
	if at < 0 {
		return nil, metricInvalid("crossover's embedded DynamoDB does not publish the metric %s", m.MetricName)
	}
	return func(x minute) (point, bool) { return point{sum: x.sums[at]}, x.sums[at] != 0 }, nil
}

// readingOf is reading of the metrics with the dimension Operation.
func readingOf(metric, operation string) (func(minute) (point, bool), error) {
	of := func(f func(o *operationSums) (point, bool)) func(minute) (point, bool) {
		return func(x minute) (point, bool) {
			if o := x.operations[operation]; o != nil {
				return f(o)
			}
			return point{}, false
		}
	}
	switch metric {
	case "SuccessfulRequestLatency":
		return of(func(o *operationSums) (point, bool) {
			return point{
				sum: milliseconds(o.latencySum), samples: float64(o.latencyCount), least: math.NaN(), worst: milliseconds(o.latencyMax), values: true,
			}, o.latencyCount > 0
		}), nil
	case "ThrottledRequests":
		return of(func(o *operationSums) (point, bool) { return point{sum: o.throttled}, o.throttled > 0 }), nil
	case "SystemErrors":
		return of(func(o *operationSums) (point, bool) { return point{sum: o.errors}, o.errors > 0 }), nil
	case "ReturnedItemCount":
		return of(func(o *operationSums) (point, bool) { return point{sum: o.itemsReturned}, o.itemsReturned > 0 }), nil
	}
	return nil, metricInvalid("crossover's embedded DynamoDB does not publish the metric %s by operation", metric)
}

// statistic returns a point's value of a kind. What is not counted is refused, never made up.
func (p *point) statistic(kind, metric string) (float64, error) {
	v := math.NaN()
	switch {
	case kind == "Sum":
		v = p.sum
	case !p.values:
	case kind == "SampleCount":
		v = p.samples
	case kind == "Average":
		v = p.sum / p.samples
	case kind == "Maximum":
		v = p.worst
	case kind == "Minimum":
		v = p.least
	}
	if math.IsNaN(v) {
		return 0, metricInvalid("crossover's embedded DynamoDB does not keep the statistic %s of %s", kind, metric)
	}
	return v, nil
}

// timeSpan checks a request's times and period, and aligns them.
func timeSpan(start, end float64, period int) (from, to time.Time, each time.Duration, err error) {
	each = time.Duration(period) * time.Second
	if period < 60 || period%60 != 0 {
		return from, to, each, metricInvalid("The parameter Period must be a multiple of 60")
	}
	from, to = fromSeconds(start).Truncate(each), fromSeconds(end)
	if !from.Before(to) {
		return from, to, each, metricInvalid("The parameter StartTime must be less than the parameter EndTime.")
	}
	return from, to, each, nil
}

// A dataRequest is a GetMetricData.
type dataRequest struct {
	StartTime, EndTime float64
	ScanBy             string
	MetricDataQueries  []struct {
		ID         string `json:"Id"`
		Label      string
		Expression string
		ReturnData *bool
		MetricStat *struct {
			Metric series
			Period int
			Stat   string
		}
	}
}

// metricResult is one of GetMetricData's results.
type metricResult struct {
	ID         string `json:"Id"`
	Label      string
	Timestamps []float64
	Values     []float64
	StatusCode string
}

// getMetricData answers GetMetricData, all in one page.
func (c *call) getMetricData(r *dataRequest) (any, error) {
	out := []metricResult{}
	for _, q := range r.MetricDataQueries {
		if q.MetricStat == nil || q.Expression != "" {
			return nil, metricInvalid("crossover's embedded DynamoDB does not model expressions: query %s", q.ID)
		}
		if q.ReturnData != nil && !*q.ReturnData {
			continue
		}
		from, to, period, err := timeSpan(r.StartTime, r.EndTime, q.MetricStat.Period)
		if err != nil {
			return nil, err
		}
		m := &q.MetricStat.Metric
		points, err := c.s.points(m, c.now, from, to, period)
		if err != nil {
			return nil, err
		}
		x := metricResult{ID: q.ID, Label: q.Label, StatusCode: "Complete", Timestamps: []float64{}, Values: []float64{}}
		if x.Label == "" {
			x.Label = m.MetricName
		}
		for i := range points {
			v, err := points[i].statistic(q.MetricStat.Stat, m.MetricName)
			if err != nil {
				return nil, err
			}
			x.Timestamps, x.Values = append(x.Timestamps, seconds(points[i].at)), append(x.Values, v)
		}
		if r.ScanBy != "TimestampAscending" {
			slices.Reverse(x.Timestamps)
			slices.Reverse(x.Values)
		}
		out = append(out, x)
	}
	return map[string]any{"MetricDataResults": out, "Messages": []any{}}, nil
}

// A statisticsRequest is a GetMetricStatistics.
type statisticsRequest struct {
	series
	StartTime, EndTime float64
	Period             int
	Statistics         []string
	ExtendedStatistics []string
}

// getMetricStatistics answers GetMetricStatistics.
func (c *call) getMetricStatistics(r *statisticsRequest) (any, error) {
	if len(r.ExtendedStatistics) > 0 {
		return nil, metricInvalid("crossover's embedded DynamoDB does not keep percentiles")
	}
	from, to, period, err := timeSpan(r.StartTime, r.EndTime, r.Period)
	if err != nil {
		return nil, err
	}
	points, err := c.s.points(&r.series, c.now, from, to, period)
	if err != nil {
		return nil, err
	}
	out := []map[string]any{}
	for i := range points {
		p := map[string]any{"Timestamp": seconds(points[i].at), "Unit": unitOf(r.MetricName)}
		for _, kind := range r.Statistics {
			if p[kind], err = points[i].statistic(kind, r.MetricName); err != nil {
				return nil, err
			}
		}
		out = append(out, p)
	}
	return map[string]any{"Label": r.MetricName, "Datapoints": out}, nil
}

func unitOf(metric string) string {
	if metric == "SuccessfulRequestLatency" {
		return "Milliseconds"
	}
	return "Count"
}

// A listRequest is a ListMetrics.
type listRequest struct {
	Namespace, MetricName string
	Dimensions            []metricDimension
}

// listMetrics answers ListMetrics, all in one page.
func (c *call) listMetrics(r *listRequest) (any, error) {
	out := []series{}
	add := func(name string, dimensions ...metricDimension) {
		m := series{"AWS/DynamoDB", name, dimensions}
		fits := (r.Namespace == "" || r.Namespace == m.Namespace) && (r.MetricName == "" || r.MetricName == name)
		for _, d := range r.Dimensions {
			v := m.dimension(d.Name)
			fits = fits && v != "" && (d.Value == "" || d.Value == v)
		}
		if fits {
			out = append(out, m)
		}
	}
	c.s.account.list(add)
	for _, x := range c.s.heatMap().Resources {
		id := scalableID{resource: "table/" + x.Table}
		dimensions := []metricDimension{{"TableName", x.Table}}
		if x.Index != "" {
			id.resource += "/index/" + x.Index
			dimensions = append(dimensions, metricDimension{"GlobalSecondaryIndexName", x.Index})
		}
		if m, _, ok := c.s.scaled(id, c.now); ok {
			m.list(add, dimensions...)
		}
	}
	return map[string]any{"Metrics": out}, nil
}

// list names the metrics that have data.
func (m *meter) list(add func(name string, dimensions ...metricDimension), dimensions ...metricDimension) {
	m.mu.Lock()
	total, provisioned, operations := m.total, [2]bool{}, map[string]bool{}
	for _, x := range m.minutes {
		provisioned[0], provisioned[1] = provisioned[0] || x.provRead > 0, provisioned[1] || x.provWrite > 0
		for name := range x.operations {
			operations[name] = true
		}
	}
	m.mu.Unlock()
	for i, n := range total {
		if n != 0 {
			add(metricNames[i], dimensions...)
		}
	}
	for i, side := range []string{"Read", "Write"} {
		if provisioned[i] {
			add("Provisioned"+side+"CapacityUnits", dimensions...)
		}
	}
	for _, name := range keysOf(operations) {
		add("SuccessfulRequestLatency", append(slices.Clone(dimensions), metricDimension{"Operation", name})...)
	}
}

// cborPath is where CloudWatch's CBOR protocol has its operations.
const cborPath = "/service/GraniteServiceVersion20100801/operation/"

// answerCBOR answers a request of CloudWatch's CBOR protocol (Smithy's "RPC v2 CBOR"), as
// that of its JSON protocol.
func (s *Server) answerCBOR(w http.ResponseWriter, r *http.Request, body []byte) {
	text, err := cborToJSON(body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	x := s.begin()
	defer s.end(x)
	code := s.serve(r.Context(), &x.call, []byte(metricsPrefix+strings.TrimPrefix(r.URL.Path, cborPath)), text)
	if code == wasReset || code == wasLeft {
		reset(w)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/cbor")
	h.Set("Smithy-Protocol", "rpc-v2-cbor")
	h.Set("X-Amzn-RequestId", string(x.call.appendID(nil)))
	w.WriteHeader(code)
	// A client that has gone can't be told.
	_, _ = w.Write(jsonToCBOR(x.call.out))
}
