package dynamodb

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"crossover/costmodel/autoscale"
)

// The dimensions that Application Auto Scaling scales for DynamoDB (Application Auto Scaling
// API Reference, ScalableTarget).
var dimensions = []string{
	"dynamodb:table:ReadCapacityUnits", "dynamodb:table:WriteCapacityUnits",
	"dynamodb:index:ReadCapacityUnits", "dynamodb:index:WriteCapacityUnits",
}

// A scalableID names a scalable target.
type scalableID struct{ resource, dimension string }

func (id scalableID) reads() bool { return strings.HasSuffix(id.dimension, ":ReadCapacityUnits") }

// parts returns the table and the index, or "" for none, that a resource's identifier names.
func (id scalableID) parts() (table, index string) {
	p := strings.Split(id.resource, "/")
	if len(p) == 4 {
		return p[1], p[3]
	}
	return p[1], ""
}

// A scalable is a registered target.
type scalable struct {
	id        scalableID
	arn, role string
	min, max  int64
	created   time.Time
	suspended suspension
	policy    *policy // DynamoDB's targets have one policy that tracks at most
	actions   map[string]*scheduledAction
	due       []autoscale.Change // asked for, and not in force yet
}

type suspension struct {
	DynamicScalingInSuspended, DynamicScalingOutSuspended, ScheduledScalingSuspended bool
}

// A policy is a target tracking policy.
type policy struct {
	name, arn string
	created   time.Time
	settings  trackingSettings
	scaler    *autoscale.Scaler
}

// An activity is one change of capacity, done or refused.
type activity struct {
	ActivityID        string  `json:"ActivityId"`
	ServiceNamespace  string  `json:"ServiceNamespace"`
	ResourceID        string  `json:"ResourceId"`
	ScalableDimension string  `json:"ScalableDimension"`
	Description       string  `json:"Description"`
	Cause             string  `json:"Cause"`
	StartTime         float64 `json:"StartTime"`
	EndTime           float64 `json:"EndTime"`
	StatusCode        string  `json:"StatusCode"`
	StatusMessage     string  `json:"StatusMessage"`
}

// activitiesKept bounds how many activities are kept for those who ask (Application Auto
// Scaling keeps six weeks').
const activitiesKept = 10_000

// scaling is the account's Application Auto Scaling. Minutes are looked at when a request
// comes after their end, each once, with the consumption that they had: what comes of it does
// not depend on when that is.
type scaling struct {
	next atomic.Int64 // when something is to be looked at, on the server's clock; never when nothing is

	mu         sync.Mutex // guards what follows
	targets    map[scalableID]*scalable
	decreases  map[string]*autoscale.Decreases // by resource
	seen       time.Time                       // end of the last minute that was looked at
	activities []activity                      // the oldest first
	made       int                             // activities so far
}

// scale does what auto scaling would have done until now. It is called before each request.
func (s *Server) scale(now time.Duration) {
	x := &s.scaling
	if int64(now) < x.next.Load() {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	wall := s.options.Clock.Wall(now)
	for {
		at := s.nextMoment()
		if at.IsZero() || at.After(wall) {
			break
		}
		s.moment(at, now-wall.Sub(at))
	}
	s.schedule(now)
}

// nextMoment is when something happens next: a minute's end, a change that is due, a scheduled
// action. The caller holds scaling.mu.
func (s *Server) nextMoment() (at time.Time) {
	sooner := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	for _, t := range s.scaling.targets {
		if t.policy != nil {
			sooner(s.scaling.seen.Add(time.Minute))
		}
		for _, c := range t.due {
			sooner(c.Due)
		}
		for _, a := range t.actions {
			sooner(a.next)
		}
	}
	return at
}

// schedule says when to look next.
func (s *Server) schedule(now time.Duration) {
	at := s.nextMoment()
	if at.IsZero() {
		s.scaling.next.Store(never)
		return
	}
	s.scaling.next.Store(int64(now + at.Sub(s.options.Clock.Wall(now))))
}

// moment does what happens at a time: changes that are due first, then scheduled actions, then
// the minute that ends.
func (s *Server) moment(at time.Time, now time.Duration) {
	ids := make([]scalableID, 0, len(s.scaling.targets))
	for id := range s.scaling.targets {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b scalableID) int {
		return strings.Compare(a.resource+" "+a.dimension, b.resource+" "+b.dimension)
	})
	for _, id := range ids {
		t := s.scaling.targets[id]
		for len(t.due) > 0 && !t.due[0].Due.After(at) {
			c := t.due[0]
			t.due = t.due[1:]
			s.setCapacity(t, int64(c.To), c.Asked, at, now, fmt.Sprintf("monitor alarm %s triggered policy %s", alarmName(t, c.To > c.From), t.policyName()))
		}
		s.doActions(t, at, now)
	}
	if end := s.scaling.seen.Add(time.Minute); !end.After(at) {
		s.scaling.seen = end
		for _, id := range ids {
			s.minute(s.scaling.targets[id], end, now)
		}
	}
}

func (t *scalable) policyName() string {
	if t.policy == nil {
		return ""
	}
	return t.policy.name
}

// minute shows a target's policy the minute that ended.
func (s *Server) minute(t *scalable, end time.Time, now time.Duration) {
	m, mode, ok := s.scaled(t.id, now)
	if !ok || t.policy == nil || !mode.provisioned {
		return
	}
	consumed := m.consumedIn(end.Add(-time.Minute))
	used, have := consumed[1], float64(mode.write)
	if t.id.reads() {
		used, have = consumed[0], float64(mode.read)
	}
	limit := s.scaling.decreases[t.id.resource]
	if limit == nil {
		limit = &autoscale.Decreases{}
		s.scaling.decreases[t.id.resource] = limit
	}
	c, changes := t.policy.scaler.Minute(end, used, have, limit)
	if !changes || c.To > c.From && t.suspended.DynamicScalingOutSuspended || c.To < c.From && t.suspended.DynamicScalingInSuspended {
		return
	}
	t.due = append(t.due, c)
}

// scaled returns what a scalable target scales.
func (s *Server) scaled(id scalableID, now time.Duration) (*meter, throughput, bool) {
	name, index := id.parts()
	t := s.lookup(name, now)
	if t == nil {
		return nil, throughput{}, false
	}
	if index == "" {
		return &t.meter, t.mode(), true
	}
	a := t.aside.Load()
	if a == nil {
		return nil, throughput{}, false
	}
	if ix := a.find(index); ix != nil && !ix.local {
		return &ix.meter, ix.mode(), true
	}
	return nil, throughput{}, false
}

// consumedIn returns the read and write units of the minute that began at a time.
func (m *meter) consumedIn(start time.Time) (units [2]float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := len(m.minutes) - 1; i >= 0 && !m.minutes[i].start.Before(start); i-- {
		if x := m.minutes[i]; x.start.Equal(start) {
			return [2]float64{x.sums[consumedRead], x.sums[consumedWrite]}
		}
	}
	return units
}

// setCapacity changes one direction's capacity as UpdateTable does, and notes the activity.
func (s *Server) setCapacity(t *scalable, to int64, asked, at time.Time, now time.Duration, cause string) {
	_, mode, ok := s.scaled(t.id, now)
	if !ok || !mode.provisioned {
		return
	}
	read, write := mode.read, mode.write
	kind, was := "write", write
	if t.id.reads() {
		kind, was = "read", read
	}
	if was == to {
		return
	}
	if t.id.reads() {
		read = to
	} else {
		write = to
	}
	name, index := t.id.parts()
	through := fmt.Sprintf(`"ProvisionedThroughput":{"ReadCapacityUnits":%d,"WriteCapacityUnits":%d}`, read, write)
	if index != "" {
		through = fmt.Sprintf(`"GlobalSecondaryIndexUpdates":[{"Update":{"IndexName":%q,%s}}]`, index, through)
	}
	err := s.internally("UpdateTable", []byte(fmt.Sprintf(`{"TableName":%q,%s}`, name, through)), now)
	a := activity{
		ActivityID: fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(s.options.Seed), s.scaling.made), ServiceNamespace: "dynamodb",
		ResourceID: t.id.resource, ScalableDimension: t.id.dimension, Cause: cause, StartTime: seconds(asked), EndTime: seconds(at),
		Description: fmt.Sprintf("Setting %s capacity units to %d.", kind, to), StatusCode: "Successful",
		StatusMessage: fmt.Sprintf("Successfully set %s capacity units to %d. Change successfully fulfilled by dynamodb.", kind, to),
	}
	if err != nil {
		a.StatusCode, a.StatusMessage = "Failed", fmt.Sprintf("Failed to set %s capacity units to %d. Reason: %s", kind, to, asAPI(err).message)
	}
	s.scaling.made++
	if s.scaling.activities = append(s.scaling.activities, a); len(s.scaling.activities) > activitiesKept {
		s.scaling.activities = s.scaling.activities[1:]
	}
	s.event(name, "auto scaling", fmt.Sprintf("%s %s: %s", t.id.resource, a.StatusCode, a.Description))
}

// internally does a request as if a client had sent it.
func (s *Server) internally(operation string, body []byte, now time.Duration) error {
	x := s.begin()
	defer s.end(x)
	c := &x.call
	c.now = now
	if err := c.read(body); err != nil {
		return err
	}
	op := operations[operation]
	c.operation = op.name
	return s.do(c, op, body)
}

// alarmName is the name of one of a policy's two alarms.
func alarmName(t *scalable, high bool) string {
	side := "AlarmLow"
	if high {
		side = "AlarmHigh"
	}
	return fmt.Sprintf("TargetTracking-%s-%s-%s", t.id.resource, side, t.id.dimension[strings.LastIndexByte(t.id.dimension, ':')+1:])
}

// trackingSettings are a TargetTrackingScalingPolicyConfiguration.
type trackingSettings struct {
	TargetValue                   float64
	PredefinedMetricSpecification *struct {
		PredefinedMetricType string
		ResourceLabel        string `json:",omitempty"`
	} `json:",omitempty"`
	CustomizedMetricSpecification json.RawMessage `json:",omitempty"`
	ScaleOutCooldown              int             `json:",omitempty"`
	ScaleInCooldown               int             `json:",omitempty"`
	DisableScaleIn                bool
}

// scalerOf makes a target's policy work, or says why it can't.
func (t *scalable) scalerOf(p *trackingSettings) (*autoscale.Scaler, error) {
	m := p.PredefinedMetricSpecification
	want := "DynamoDBWriteCapacityUtilization"
	if t.id.reads() {
		want = "DynamoDBReadCapacityUtilization"
	}
	switch {
	case len(p.CustomizedMetricSpecification) > 0:
		return nil, notModelled("policies that track a customised metric")
	case m == nil:
		return nil, scalingInvalid("A metric specification is required: PredefinedMetricSpecification")
	case m.PredefinedMetricType != want:
		return nil, scalingInvalid("Predefined metric type %s is not valid for scalable dimension %s", m.PredefinedMetricType, t.id.dimension)
	}
	scaler, err := autoscale.New(autoscale.Policy{
		Min: float64(t.min), Max: float64(t.max), Target: p.TargetValue / 100, DisableScaleIn: p.DisableScaleIn,
		InCooldown: time.Duration(p.ScaleInCooldown) * time.Second, OutCooldown: time.Duration(p.ScaleOutCooldown) * time.Second,
	})
	if err != nil || p.TargetValue == 0 {
		return nil, scalingInvalid("Target tracking configuration: %v", err)
	}
	return scaler, nil
}
