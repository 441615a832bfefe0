package dynamodb

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/store"
)

// The rules of CloudWatch Contributor Insights for DynamoDB (Developer Guide, "CloudWatch
// contributor insights for DynamoDB: how it works"): the most accessed and the most throttled
// partition keys, and the same of whole keys. Accesses weigh their capacity units.
var insightRules = [...]string{"PKC", "SKC", "PKT", "SKT"}

const (
	ruleAccessed = iota
	ruleAccessedItems
	ruleThrottled
	ruleThrottledItems
)

const (
	// contributorsKept are kept of each minute and rule.
	contributorsKept = 100
	// insightsFor is how long minutes are kept.
	insightsFor = 24 * time.Hour
)

// insights count the keys of one table while its Contributor Insights are on. Indexes have
// none here.
type insights struct {
	since   time.Time
	updated time.Time
	schema  schema

	mu      sync.Mutex
	running time.Time
	now     [len(insightRules)]sketch
	past    []insightMinute // the oldest first
}

// An insightMinute is what is kept of a minute.
type insightMinute struct {
	start time.Time
	top   [len(insightRules)][]counter
	total [len(insightRules)]float64
}

// note counts a request about a key.
func (x *insights) note(at time.Time, key store.Key, units float64, throttled bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.turn(at)
	text := key.Text
	partition := text
	if n, size := binary.Uvarint([]byte(text[:min(len(text), binary.MaxVarintLen64)])); size > 0 && size+int(n) <= len(text) {
		partition = text[:size+int(n)]
	}
	rules := [2]int{ruleAccessed, ruleAccessedItems}
	if throttled {
		rules, units = [2]int{ruleThrottled, ruleThrottledItems}, 1
	}
	x.now[rules[0]].add(partition, units)
	if len(x.schema) > 1 {
		x.now[rules[1]].add(text, units)
	}
}

// turn ends the minute that runs when another has begun.
func (x *insights) turn(at time.Time) {
	minute := at.Truncate(time.Minute)
	if !minute.After(x.running) {
		return
	}
	if m, some := x.minute(); some {
		x.past = append(x.past, m)
	}
	first := 0
	for first < len(x.past) && minute.Sub(x.past[first].start) > insightsFor {
		first++
	}
	x.past = slices.Delete(x.past, 0, first)
	x.running, x.now = minute, [len(insightRules)]sketch{}
}

// minute returns what there is of the minute that runs.
func (x *insights) minute() (m insightMinute, some bool) {
	m.start = x.running
	for i := range x.now {
		m.top[i], m.total[i] = x.now[i].top(contributorsKept), x.now[i].total
		some = some || m.total[i] > 0
	}
	return m, some
}

// noted has a request counted where the table's insights are on.
func (t *table) noted(c *call, at store.Key, units float64, throttled bool) {
	if x := t.insights.Load(); x != nil {
		x.note(c.s.options.Clock.Wall(c.now), at, units, throttled)
	}
}

// keys returns a counter's key as a report shows it.
func (x *insights) keys(rule int, text string) []string {
	n, size := binary.Uvarint([]byte(text))
	if size <= 0 || size+int(n) > len(text) {
		return []string{hex.EncodeToString([]byte(text))}
	}
	out := []string{shown(x.schema[0], text[size:size+int(n)])}
	if rule == ruleAccessedItems || rule == ruleThrottledItems {
		out = append(out, shown(x.schema[1], text[size+int(n):]))
	}
	return out
}

// shown is a key attribute's value as people read it: numbers as numbers, binary in hexadecimal.
func shown(k keyAttribute, text string) string {
	switch k.kind {
	case attribute.N:
		return attribute.NumberOf(text)
	case attribute.B:
		return hex.EncodeToString([]byte(text))
	}
	return text
}

// ruleName is a rule's name; the time keeps tables of the same name apart.
func (x *insights) ruleName(t *table, rule int) string {
	return fmt.Sprintf("DynamoDBContributorInsights-%s-%s-%d", insightRules[rule], t.name, x.since.UnixMilli())
}

func (x *insights) ruleNames(t *table) (out []string) {
	for i := range insightRules {
		if len(x.schema) > 1 || i == ruleAccessed || i == ruleThrottled {
			out = append(out, x.ruleName(t, i))
		}
	}
	return out
}

// insightsTable returns the table of a request about Contributor Insights.
func (c *call) insightsTable() (*table, error) {
	t, err := c.namedTable()
	if err == nil && c.req.has("IndexName") {
		err = notModelled("Contributor Insights of an index")
	}
	return t, err
}

// updateContributorInsights answers UpdateContributorInsights: what it asks for is done at once.
func (c *call) updateContributorInsights() error {
	t, err := c.insightsTable()
	if err != nil {
		return err
	}
	c.req.require("ContributorInsightsAction")
	action := c.req.choice("ContributorInsightsAction", "ENABLE", "DISABLE")
	if c.req.err != nil {
		return c.req.err
	}
	status := "DISABLING"
	if action == "ENABLE" {
		status = "ENABLING"
		if t.insights.Load() == nil {
			now := c.s.options.Clock.Wall(c.now)
			t.insights.Store(&insights{since: now, updated: now, schema: t.schema})
		}
	} else {
		t.insights.Store(nil)
	}
	c.out = appendJSON(c.out, map[string]string{"TableName": t.name, "ContributorInsightsStatus": status})
	return nil
}

// describeContributorInsights answers DescribeContributorInsights.
func (c *call) describeContributorInsights() error {
	t, err := c.insightsTable()
	if err != nil {
		return err
	}
	out := map[string]any{"TableName": t.name, "ContributorInsightsStatus": "DISABLED"}
	if x := t.insights.Load(); x != nil {
		out["ContributorInsightsStatus"] = "ENABLED"
		out["ContributorInsightsRuleList"] = x.ruleNames(t)
		out["LastUpdateDateTime"] = seconds(x.updated)
	}
	c.out = appendJSON(c.out, out)
	return nil
}

// listContributorInsights answers ListContributorInsights, all in one page.
func (c *call) listContributorInsights() error {
	list := []map[string]string{}
	for _, name := range c.s.tableNames(c.now) {
		if want := c.s.tableName(c.req.text("TableName")); want != "" && want != name {
			continue
		}
		if t := c.s.lookup(name, c.now); t != nil && t.insights.Load() != nil {
			list = append(list, map[string]string{"TableName": name, "ContributorInsightsStatus": "ENABLED"})
		}
	}
	c.out = appendJSON(c.out, map[string]any{"ContributorInsightsSummaries": list})
	return c.req.err
}

// A reportRequest is a GetInsightRuleReport.
type reportRequest struct {
	RuleName            string
	StartTime, EndTime  float64
	Period              int
	MaxContributorCount int
}

// insightRule finds a rule.
func (s *Server) insightRule(name string, now time.Duration) (*table, *insights, int) {
	for _, n := range s.tableNames(now) {
		t := s.lookup(n, now)
		if t == nil {
			continue
		}
		if x := t.insights.Load(); x != nil {
			for i := range insightRules {
				if x.ruleName(t, i) == name {
					return t, x, i
				}
			}
		}
	}
	return nil, nil, 0
}

// A contributor is a key of a report, with what it weighed in each period.
type contributor struct {
	value  float64
	points map[int64]float64 // by seconds of the period's start
}

// getInsightRuleReport answers GetInsightRuleReport.
func (c *call) getInsightRuleReport(r *reportRequest) (any, error) {
	t, x, rule := c.s.insightRule(r.RuleName, c.now)
	if t == nil {
		e := metricInvalid("The rule %s does not exist", r.RuleName)
		e.name, e.status = "ResourceNotFoundException", http.StatusNotFound
		return nil, e
	}
	from, to, period, err := timeSpan(r.StartTime, r.EndTime, cmp.Or(r.Period, 60))
	if err != nil {
		return nil, err
	}
	all, total, unique := x.report(rule, c.s.options.Clock.Wall(c.now), from, to, period)
	n := cmp.Or(r.MaxContributorCount, 10)
	if n < 1 || n > contributorsKept {
		return nil, metricInvalid("MaxContributorCount %d: expected 1 to %d", n, contributorsKept)
	}
	keys := keysOf(all)
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(all[b].value, all[a].value) })
	list := []map[string]any{}
	for _, k := range keys[:min(n, len(keys))] {
		points := []map[string]any{}
		for _, at := range sortedTimes(all[k].points) {
			points = append(points, map[string]any{"Timestamp": float64(at), "ApproximateValue": all[k].points[at]})
		}
		list = append(list, map[string]any{"Keys": x.keys(rule, k), "ApproximateAggregateValue": all[k].value, "Datapoints": points})
	}
	labels := []string{t.schema[0].name}
	if rule == ruleAccessedItems || rule == ruleThrottledItems {
		labels = append(labels, t.schema[1].name)
	}
	return map[string]any{
		"KeyLabels": labels, "AggregationStatistic": "Sum", "AggregateValue": total, "ApproximateUniqueCount": unique,
		"Contributors": list, "MetricDatapoints": []any{},
	}, nil
}

// report adds up the minutes of a span of time.
func (x *insights) report(rule int, now, from, to time.Time, period time.Duration) (all map[string]*contributor, total float64, unique int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.turn(now)
	minutes := slices.Clone(x.past)
	if m, some := x.minute(); some {
		minutes = append(minutes, m)
	}
	all = map[string]*contributor{}
	for _, m := range minutes {
		if m.start.Before(from) || !m.start.Before(to) {
			continue
		}
		total += m.total[rule]
		at := from.Add(m.start.Sub(from) / period * period).Unix()
		for _, k := range m.top[rule] {
			y := all[k.key]
			if y == nil {
				y = &contributor{points: map[int64]float64{}}
				all[k.key] = y
			}
			y.value += k.value
			y.points[at] += k.value
		}
	}
	return all, total, len(all)
}

func sortedTimes(m map[int64]float64) (out []int64) {
	for at := range m {
		out = append(out, at)
	}
	slices.Sort(out)
	return out
}
