package dynamodb

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// ask sends an operation of one of the APIs beside DynamoDB's.
func (h *host) ask(prefix, operation, body string, into any) {
	h.t.Helper()
	w := h.send(prefix+operation, body)
	if w.Code != http.StatusOK {
		h.t.Fatalf("%s %s: %d %s", operation, body, w.Code, w.Body)
	}
	if into != nil {
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			h.t.Fatal(err)
		}
	}
}

const scalesWrites = `"ServiceNamespace":"dynamodb","ResourceId":"table/Table","ScalableDimension":"dynamodb:table:WriteCapacityUnits"`

// scaledHost has a table of 20 write units/s that is scaled between 2 and 80 at 50%.
func scaledHost(t *testing.T) *host {
	h := newHost(t, Options{})
	h.clock.Advance(start.Add(time.Minute).Truncate(time.Minute).Sub(start)) // to a minute's beginning
	h.must("CreateTable", strings.Replace(createTable, `"PAY_PER_REQUEST"`, `"PROVISIONED","ProvisionedThroughput":{"ReadCapacityUnits":20,"WriteCapacityUnits":20}`, 1), nil)
	h.ask(scalingPrefix, "RegisterScalableTarget", `{`+scalesWrites+`,"MinCapacity":2,"MaxCapacity":80}`, nil)
	h.ask(scalingPrefix, "PutScalingPolicy", `{`+scalesWrites+`,"PolicyName":"p","PolicyType":"TargetTrackingScaling","TargetTrackingScalingPolicyConfiguration":`+
		`{"TargetValue":50,"PredefinedMetricSpecification":{"PredefinedMetricType":"DynamoDBWriteCapacityUtilization"}}}`, nil)
	return h
}

func (h *host) writeCapacity() int {
	h.t.Helper()
	var d struct {
		Table struct {
			ProvisionedThroughput struct{ WriteCapacityUnits int }
		}
	}
	h.must("DescribeTable", `{"TableName":"Table"}`, &d)
	return d.Table.ProvisionedThroughput.WriteCapacityUnits
}

// minutes writes at a rate, once a second.
func (h *host) minutes(n, perSecond int) {
	h.t.Helper()
	for range n * 60 {
		for i := range perSecond {
			h.do("PutItem", fmt.Sprintf(`{"TableName":"Table","Item":{"id":{"S":"%d"}}}`, i))
		}
		h.clock.Advance(time.Second)
	}
}

// TestScalingTracksItsTarget: two minutes above 50% of 20 raise the capacity to twice what is
// consumed, when the alarm and UpdateTable have taken their time; fifteen below lower it.
func TestScalingTracksItsTarget(t *testing.T) {
	h := scaledHost(t)
	h.minutes(2, 16)
	if got := h.writeCapacity(); got != 20 {
		t.Errorf("%d units/s at once, want 20 as before: raising takes three minutes", got)
	}
	h.minutes(3, 16)
	h.clock.Advance(time.Second)
	if got := h.writeCapacity(); got != 32 {
		t.Errorf("%d units/s after three minutes more, want 32 for 16 consumed", got)
	}
	h.minutes(20, 1)
	if got := h.writeCapacity(); got != 2 {
		t.Errorf("%d units/s after twenty quiet minutes, want 2 for 1 consumed", got)
	}
	var a struct{ ScalingActivities []activity }
	h.ask(scalingPrefix, "DescribeScalingActivities", `{"ServiceNamespace":"dynamodb","ResourceId":"table/Table"}`, &a)
	if len(a.ScalingActivities) != 2 || a.ScalingActivities[1].Description != "Setting write capacity units to 32." ||
		a.ScalingActivities[0].Description != "Setting write capacity units to 2." || a.ScalingActivities[0].StatusCode != "Successful" {
		t.Errorf("%+v", a.ScalingActivities)
	}
}

// TestScalingNeedsNoRequests: what would have happened meanwhile has happened when somebody
// looks, at the times at which it would have.
func TestScalingNeedsNoRequests(t *testing.T) {
	h := scaledHost(t)
	h.minutes(2, 16)
	h.clock.Advance(5 * time.Hour)
	if got := h.writeCapacity(); got != 32 {
		t.Errorf("%d units/s", got)
	}
	var a struct{ ScalingActivities []activity }
	h.ask(scalingPrefix, "DescribeScalingActivities", `{"ServiceNamespace":"dynamodb"}`, &a)
	if len(a.ScalingActivities) != 1 || a.ScalingActivities[0].EndTime-seconds(start) > 400 {
		t.Errorf("%+v", a.ScalingActivities)
	}
}

// TestScalingTargets registers, describes and deregisters; a capacity outside the bounds is
// moved at once.
func TestScalingTargets(t *testing.T) {
	h := scaledHost(t)
	h.ask(scalingPrefix, "RegisterScalableTarget", `{`+scalesWrites+`,"MinCapacity":40}`, nil)
	if got := h.writeCapacity(); got != 40 {
		t.Errorf("%d units/s below the new minimum of 40", got)
	}
	var d struct {
		ScalableTargets []struct{ MinCapacity, MaxCapacity int }
		ScalingPolicies []struct {
			PolicyName                               string
			Alarms                                   []any
			TargetTrackingScalingPolicyConfiguration struct{ TargetValue float64 }
		}
	}
	h.ask(scalingPrefix, "DescribeScalableTargets", `{"ServiceNamespace":"dynamodb","ResourceIds":["table/Table"]}`, &d)
	h.ask(scalingPrefix, "DescribeScalingPolicies", `{"ServiceNamespace":"dynamodb"}`, &d)
	if len(d.ScalableTargets) != 1 || d.ScalableTargets[0].MinCapacity != 40 || d.ScalableTargets[0].MaxCapacity != 80 {
		t.Errorf("%+v", d.ScalableTargets)
	}
	if p := d.ScalingPolicies; len(p) != 1 || p[0].PolicyName != "p" || p[0].TargetTrackingScalingPolicyConfiguration.TargetValue != 50 || len(p[0].Alarms) != 2 {
		t.Errorf("%+v", p)
	}
	h.ask(scalingPrefix, "DeleteScalingPolicy", `{`+scalesWrites+`,"PolicyName":"p"}`, nil)
	h.ask(scalingPrefix, "DeregisterScalableTarget", `{`+scalesWrites+`}`, nil)
	if w := h.send(scalingPrefix+"DeregisterScalableTarget", `{`+scalesWrites+`}`); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "ObjectNotFoundException") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	h.minutes(6, 30)
	if got := h.writeCapacity(); got != 40 {
		t.Errorf("%d units/s: what was deregistered still scales", got)
	}
}

// TestScalingRefuses what it can't do, in words.
func TestScalingRefuses(t *testing.T) {
	h := scaledHost(t)
	for operation, body := range map[string]string{
		"RegisterScalableTarget": `{"ServiceNamespace":"ecs","ResourceId":"table/Table","ScalableDimension":"dynamodb:table:WriteCapacityUnits","MinCapacity":1,"MaxCapacity":2}`,
		"PutScalingPolicy":       `{` + scalesWrites + `,"PolicyName":"p","PolicyType":"TargetTrackingScaling","TargetTrackingScalingPolicyConfiguration":{"TargetValue":99,"PredefinedMetricSpecification":{"PredefinedMetricType":"DynamoDBWriteCapacityUtilization"}}}`,
		"PutScheduledAction":     `{` + scalesWrites + `,"ScheduledActionName":"a","Schedule":"cron(0 25 * * ? *)","ScalableTargetAction":{"MinCapacity":1}}`,
	} {
		if w := h.send(scalingPrefix+operation, body); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "ValidationException") {
			t.Errorf("%s: %d %s", operation, w.Code, w.Body)
		}
	}
}

// TestScheduledActions move the bounds, and with them the capacity, when they are due.
func TestScheduledActions(t *testing.T) {
	h := scaledHost(t)
	h.ask(scalingPrefix, "PutScheduledAction", `{`+scalesWrites+`,"ScheduledActionName":"up","Schedule":"at(`+start.Add(time.Hour).UTC().Format("2006-01-02T15:04:05")+`)","ScalableTargetAction":{"MinCapacity":60,"MaxCapacity":100}}`, nil)
	h.clock.Advance(59 * time.Minute)
	if got := h.writeCapacity(); got != 20 {
		t.Errorf("%d units/s before the time", got)
	}
	h.clock.Advance(2 * time.Minute)
	if got := h.writeCapacity(); got != 60 {
		t.Errorf("%d units/s after it, want the new minimum of 60", got)
	}
}

// TestSchedules are worked out by hand.
func TestSchedules(t *testing.T) {
	at := func(text string) time.Time {
		x, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, c := range []struct{ text, zone, after, want string }{
		{"rate(5 minutes)", "", "2026-01-01T00:11:00Z", "2026-01-01T00:15:00Z"},
		{"rate(1 day)", "", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"},
		{"at(2026-03-01T12:00:00)", "", "2026-01-01T00:00:00Z", "2026-03-01T12:00:00Z"},
		{"at(2026-03-01T12:00:00)", "Europe/Berlin", "2026-01-01T00:00:00Z", "2026-03-01T11:00:00Z"},
		{"at(2026-03-01T12:00:00)", "", "2026-03-01T12:00:00Z", ""},
		{"cron(0 9 ? * MON-FRI *)", "", "2026-01-02T09:00:00Z", "2026-01-05T09:00:00Z"}, // from a Friday to Monday
		{"cron(15,45 */6 * * ? *)", "", "2026-01-01T06:45:00Z", "2026-01-01T12:15:00Z"},
		{"cron(0 0 31 * ? *)", "", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z"},
		{"cron(30 2 1 JAN ? 2028)", "", "2026-01-01T00:00:00Z", "2028-01-01T02:30:00Z"},
		{"cron(0 8 * * ? *)", "America/New_York", "2026-07-01T00:00:00Z", "2026-07-01T12:00:00Z"},
		{"cron(0 0 30 FEB ? *)", "", "2026-01-01T00:00:00Z", ""},
	} {
		s, err := parseSchedule(c.text, c.zone)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		got := s.next(at(c.after), at("2026-01-01T00:00:00Z"))
		if c.want == "" && !got.IsZero() || c.want != "" && !got.Equal(at(c.want)) {
			t.Errorf("%s after %s: %v, want %s", c.text, c.after, got, c.want)
		}
	}
	for _, text := range []string{"", "at()", "rate(0 minutes)", "rate(5 years)", "cron(* * * *)", "cron(60 * * * ? *)", "cron(5-1 * * * ? *)", "cron(*/0 * * * ? *)", "often(5)", "at(2026-13-01T00:00:00)"} {
		if _, err := parseSchedule(text, ""); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

// FuzzSchedule: whatever is taken gives a time after the one asked about, or none.
func FuzzSchedule(f *testing.F) {
	for _, s := range []string{"rate(5 minutes)", "at(2026-03-01T12:00:00)", "cron(0 9 ? * MON-FRI *)", "cron(15,45 */6 1-7/2 * ? 2030)"} {
		f.Add(s, int64(1_767_225_600))
	}
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		after := time.Unix(unix%(1<<33), 0)
		s, err := parseSchedule(text, "")
		if err != nil {
			return
		}
		if next := s.next(after, after.Add(-time.Hour)); !next.IsZero() && !next.After(after) {
			t.Fatalf("%q after %v: %v", text, after, next)
		}
	})
}
