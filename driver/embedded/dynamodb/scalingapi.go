package dynamodb

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"crossover/costmodel/autoscale"
)

// scalingPrefix is Application Auto Scaling's in the header X-Amz-Target.
const scalingPrefix = "AnyScaleFrontendService."

// scalingOperations are Application Auto Scaling's, as far as DynamoDB has use for them.
var scalingOperations = map[string]operation{
	"DeleteScalingPolicy":       {about: tableSubject, do: side((*call).deleteScalingPolicy)},
	"DeleteScheduledAction":     {about: tableSubject, do: side((*call).deleteScheduledAction)},
	"DeregisterScalableTarget":  {about: tableSubject, do: side((*call).deregisterScalableTarget)},
	"DescribeScalableTargets":   {about: tableSubject, do: side((*call).describeScalableTargets)},
	"DescribeScalingActivities": {about: tableSubject, do: side((*call).describeScalingActivities)},
	"DescribeScalingPolicies":   {about: tableSubject, do: side((*call).describeScalingPolicies)},
	"DescribeScheduledActions":  {about: tableSubject, do: side((*call).describeScheduledActions)},
	"PutScalingPolicy":          {about: tableSubject, do: side((*call).putScalingPolicy)},
	"PutScheduledAction":        {about: tableSubject, do: side((*call).putScheduledAction)},
	"RegisterScalableTarget":    {about: tableSubject, do: side((*call).registerScalableTarget)},
}

// side makes an operation of a function that takes a request and returns an answer, both as
// encoding/json has them: operations beside items need not be fast.
func side[In any](f func(*call, *In) (any, error)) func(*call) error {
	return func(c *call) error {
		in := new(In)
		if err := json.Unmarshal(c.body, in); err != nil {
			return serialization(err.Error())
		}
		out, err := f(c, in)
		if err == nil {
			c.out = appendJSON(c.out, out)
		}
		return err
	}
}

func scalingInvalid(format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, name: "ValidationException", message: fmt.Sprintf(format, args...)}
}

// scalingRequest is what all requests about scaling are made of; each uses some.
type scalingRequest struct {
	ServiceNamespace  string
	ResourceId        string
	ScalableDimension string
	MinCapacity       *int64
	MaxCapacity       *int64
	RoleARN           string
	SuspendedState    *suspension

	PolicyName                               string
	PolicyType                               string
	TargetTrackingScalingPolicyConfiguration *trackingSettings

	ScheduledActionName  string
	Schedule             string
	Timezone             string
	StartTime, EndTime   float64
	ScalableTargetAction *capacityBounds

	ResourceIds          []string
	PolicyNames          []string
	ScheduledActionNames []string
	MaxResults           int
	NextToken            string
}

type capacityBounds struct {
	MinCapacity *int64 `json:",omitempty"`
	MaxCapacity *int64 `json:",omitempty"`
}

// target returns the identifier that a request names.
func (r *scalingRequest) target() (scalableID, error) {
	if r.ServiceNamespace != "dynamodb" {
		return scalableID{}, scalingInvalid("Service namespace %s is not modelled: dynamodb is", r.ServiceNamespace)
	}
	id := scalableID{r.ResourceId, r.ScalableDimension}
	p := strings.Split(r.ResourceId, "/")
	index := len(p) == 4 && p[0] == "table" && p[2] == "index"
	if !index && !(len(p) == 2 && p[0] == "table") {
		return id, scalingInvalid("Unsupported resource identifier %s: expected table/NAME or table/NAME/index/NAME", r.ResourceId)
	}
	kind := "dynamodb:table:"
	if index {
		kind = "dynamodb:index:"
	}
	if !slices.Contains(dimensions, r.ScalableDimension) || !strings.HasPrefix(r.ScalableDimension, kind) {
		return id, scalingInvalid("Unsupported scalable dimension %s for resource %s", r.ScalableDimension, r.ResourceId)
	}
	return id, nil
}

// registered returns the target that a request names, which must be there.
func (c *call) registered(r *scalingRequest) (*scalable, error) {
	id, err := r.target()
	if err != nil {
		return nil, err
	}
	t := c.s.scaling.targets[id]
	if t == nil {
		return nil, noScaling("No scalable target found for service namespace: dynamodb, resource ID: %s, scalable dimension: %s", id.resource, id.dimension)
	}
	return t, nil
}

func noScaling(format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, name: "ObjectNotFoundException", message: fmt.Sprintf(format, args...)}
}

// registerScalableTarget answers RegisterScalableTarget: a capacity outside the bounds is
// brought between them at once.
func (c *call) registerScalableTarget(r *scalingRequest) (any, error) {
	id, err := r.target()
	if err != nil {
		return nil, err
	}
	_, mode, ok := c.s.scaled(id, c.now)
	if !ok {
		return nil, scalingInvalid("DynamoDB table or index does not exist: %s", id.resource)
	}
	x := &c.s.scaling
	x.mu.Lock()
	defer x.mu.Unlock()
	t := x.targets[id]
	if t == nil {
		if r.MinCapacity == nil || r.MaxCapacity == nil {
			return nil, scalingInvalid("MinCapacity and MaxCapacity are required for a new scalable target")
		}
		t = &scalable{
			id: id, created: c.s.options.Clock.Wall(c.now), actions: map[string]*scheduledAction{},
			arn: fmt.Sprintf("arn:aws:application-autoscaling:%s:%s:scalable-target/%s", c.s.options.Region, account, uuid(c)),
		}
	}
	low, high := t.min, t.max
	if r.MinCapacity != nil {
		low = *r.MinCapacity
	}
	if r.MaxCapacity != nil {
		high = *r.MaxCapacity
	}
	if low < 1 || high < low {
		return nil, scalingInvalid("Minimum capacity %d and maximum capacity %d: expected 1 or more, the lower first", low, high)
	}
	if r.RoleARN != "" || t.role == "" {
		t.role = r.RoleARN
	}
	if t.role == "" {
		t.role = "arn:aws:iam::" + account + ":role/aws-service-role/dynamodb.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_DynamoDBTable"
	}
	if r.SuspendedState != nil {
		t.suspended = *r.SuspendedState
	}
	x.add(t)
	c.s.bound(t, low, high, mode, c.now)
	c.s.reschedule(c.now)
	return map[string]string{"ScalableTargetARN": t.arn}, nil
}

// add makes a target known.
func (x *scaling) add(t *scalable) {
	if x.targets == nil {
		x.targets, x.decreases = map[scalableID]*scalable{}, map[string]*autoscale.Decreases{}
	}
	x.targets[t.id] = t
}

// bound gives a target its bounds, and brings its capacity between them.
func (s *Server) bound(t *scalable, low, high int64, mode throughput, now time.Duration) {
	t.min, t.max = low, high
	if t.policy != nil {
		if scaler, err := t.scalerOf(&t.policy.settings); err == nil {
			t.policy.scaler = scaler
		}
	}
	have := mode.write
	if t.id.reads() {
		have = mode.read
	}
	if to := min(max(have, low), high); mode.provisioned && to != have {
		at := s.options.Clock.Wall(now)
		s.setCapacity(t, to, at, at, now, "maximum or minimum capacity changed")
	}
}

// reschedule begins with the minute that runs where nothing has been looked at, and says when
// to look next.
func (s *Server) reschedule(now time.Duration) {
	if minute := s.options.Clock.Wall(now).Truncate(time.Minute); s.scaling.next.Load() == never || s.scaling.seen.IsZero() {
		s.scaling.seen = minute
	}
	s.schedule(now)
}

// deregisterScalableTarget answers DeregisterScalableTarget: policies and scheduled actions go
// with their target.
func (c *call) deregisterScalableTarget(r *scalingRequest) (any, error) {
	x := &c.s.scaling
	x.mu.Lock()
	defer x.mu.Unlock()
	t, err := c.registered(r)
	if err != nil {
		return nil, err
	}
	delete(x.targets, t.id)
	c.s.schedule(c.now)
	return struct{}{}, nil
}

// putScalingPolicy answers PutScalingPolicy.
func (c *call) putScalingPolicy(r *scalingRequest) (any, error) {
	x := &c.s.scaling
	x.mu.Lock()
	defer x.mu.Unlock()
	t, err := c.registered(r)
	switch {
	case err != nil:
		return nil, err
	case r.PolicyName == "":
		return nil, scalingInvalid("PolicyName is required")
	case r.PolicyType != "TargetTrackingScaling" || r.TargetTrackingScalingPolicyConfiguration == nil:
		return nil, scalingInvalid("DynamoDB has policies of the type TargetTrackingScaling only, with their configuration")
	case t.policy != nil && t.policy.name != r.PolicyName:
		return nil, scalingInvalid("Only one TargetTrackingScaling policy for a given metric specification is allowed: %s is there", t.policy.name)
	}
	p := &policy{name: r.PolicyName, settings: *r.TargetTrackingScalingPolicyConfiguration, created: c.s.options.Clock.Wall(c.now)}
	if p.scaler, err = t.scalerOf(&p.settings); err != nil {
		return nil, err
	}
	p.arn = fmt.Sprintf("arn:aws:autoscaling:%s:%s:scalingPolicy:%s:resource/dynamodb/%s:policyName/%s", c.s.options.Region, account, uuid(c), t.id.resource, p.name)
	if t.policy != nil {
		p.arn, p.created = t.policy.arn, t.policy.created
	}
	t.policy = p
	c.s.reschedule(c.now)
	return map[string]any{"PolicyARN": p.arn, "Alarms": c.s.alarms(t)}, nil
}

func (s *Server) alarms(t *scalable) (out []map[string]string) {
	for _, high := range []bool{true, false} {
		name := alarmName(t, high)
		out = append(out, map[string]string{"AlarmName": name, "AlarmARN": "arn:aws:cloudwatch:" + s.options.Region + ":" + account + ":alarm:" + name})
	}
	return out
}

// deleteScalingPolicy answers DeleteScalingPolicy.
func (c *call) deleteScalingPolicy(r *scalingRequest) (any, error) {
	x := &c.s.scaling
	x.mu.Lock()
	defer x.mu.Unlock()
	t, err := c.registered(r)
	if err != nil {
		return nil, err
	}
	if t.policy == nil || t.policy.name != r.PolicyName {
		return nil, noScaling("No scaling policy found with name: %s", r.PolicyName)
	}
	t.policy = nil
	c.s.schedule(c.now)
	return struct{}{}, nil
}

// asked returns the targets that a description asks for, in order.
func (c *call) asked(r *scalingRequest) (out []*scalable, err error) {
	if r.ServiceNamespace != "dynamodb" {
		return nil, scalingInvalid("Service namespace %s is not modelled: dynamodb is", r.ServiceNamespace)
	}
	for id, t := range c.s.scaling.targets {
		if r.ScalableDimension != "" && r.ScalableDimension != id.dimension || r.ResourceId != "" && r.ResourceId != id.resource ||
			len(r.ResourceIds) > 0 && !slices.Contains(r.ResourceIds, id.resource) {
			continue
		}
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *scalable) int {
		return strings.Compare(a.id.resource+" "+a.id.dimension, b.id.resource+" "+b.id.dimension)
	})
	return out, nil
}

// describeScalableTargets answers DescribeScalableTargets.
func (c *call) describeScalableTargets(r *scalingRequest) (any, error) {
	c.s.scaling.mu.Lock()
	defer c.s.scaling.mu.Unlock()
	targets, err := c.asked(r)
	if err != nil {
		return nil, err
	}
	out := []map[string]any{}
	for _, t := range targets {
		out = append(out, map[string]any{
			"ServiceNamespace": "dynamodb", "ResourceId": t.id.resource, "ScalableDimension": t.id.dimension, "MinCapacity": t.min, "MaxCapacity": t.max,
			"RoleARN": t.role, "CreationTime": seconds(t.created), "SuspendedState": t.suspended, "ScalableTargetARN": t.arn,
		})
	}
	return paged("ScalableTargets", out, r)
}

// describeScalingPolicies answers DescribeScalingPolicies.
func (c *call) describeScalingPolicies(r *scalingRequest) (any, error) {
	c.s.scaling.mu.Lock()
	defer c.s.scaling.mu.Unlock()
	targets, err := c.asked(r)
	if err != nil {
		return nil, err
	}
	out := []map[string]any{}
	for _, t := range targets {
		p := t.policy
		if p == nil || len(r.PolicyNames) > 0 && !slices.Contains(r.PolicyNames, p.name) {
			continue
		}
		out = append(out, map[string]any{
			"PolicyARN": p.arn, "PolicyName": p.name, "ServiceNamespace": "dynamodb", "ResourceId": t.id.resource, "ScalableDimension": t.id.dimension,
			"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": p.settings, "Alarms": c.s.alarms(t),
			"CreationTime": seconds(p.created),
		})
	}
	return paged("ScalingPolicies", out, r)
}

// describeScalingActivities answers DescribeScalingActivities, the latest first.
func (c *call) describeScalingActivities(r *scalingRequest) (any, error) {
	if r.ServiceNamespace != "dynamodb" {
		return nil, scalingInvalid("Service namespace %s is not modelled: dynamodb is", r.ServiceNamespace)
	}
	c.s.scaling.mu.Lock()
	defer c.s.scaling.mu.Unlock()
	out := []activity{}
	for _, a := range slices.Backward(c.s.scaling.activities) {
		if (r.ResourceId == "" || r.ResourceId == a.ResourceID) && (r.ScalableDimension == "" || r.ScalableDimension == a.ScalableDimension) {
			out = append(out, a)
		}
	}
	return paged("ScalingActivities", out, r)
}

// paged returns a list, or the page of it that a request asks for. A token is the number of
// the first element.
func paged[T any](name string, all []T, r *scalingRequest) (any, error) {
	from := 0
	if r.NextToken != "" {
		if _, err := fmt.Sscanf(r.NextToken, "%d", &from); err != nil || from < 0 || from > len(all) {
			return nil, &apiError{status: http.StatusBadRequest, name: "InvalidNextTokenException", message: "The next token is not valid"}
		}
	}
	size := 50 // API Reference: the default, and the most for most of these
	if r.MaxResults > 0 {
		size = min(r.MaxResults, size)
	}
	to := min(from+size, len(all))
	out := map[string]any{name: all[from:to]}
	if to < len(all) {
		out["NextToken"] = fmt.Sprint(to)
	}
	return out, nil
}
