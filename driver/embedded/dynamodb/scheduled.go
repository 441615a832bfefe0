package dynamodb

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A scheduledAction changes a target's bounds at given times.
type scheduledAction struct {
	name, arn      string
	text, timezone string
	schedule       *schedule
	bounds         capacityBounds
	start, end     time.Time // zero: no bound
	created        time.Time
	next           time.Time // zero: never again
}

// after sets when the action is due next, after a time.
func (a *scheduledAction) after(t time.Time) {
	from := a.created
	if !a.start.IsZero() {
		from = a.start
		if t.Before(a.start) {
			t = a.start.Add(-1)
		}
	}
	a.next = a.schedule.next(t, from)
	if !a.end.IsZero() && a.next.After(a.end) {
		a.next = time.Time{}
	}
}

// doActions does a target's scheduled actions that are due. The caller holds scaling.mu.
func (s *Server) doActions(t *scalable, at time.Time, now time.Duration) {
	names := make([]string, 0, len(t.actions))
	for name := range t.actions {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		a := t.actions[name]
		if a.next.IsZero() || a.next.After(at) {
			continue
		}
		a.after(at)
		_, mode, ok := s.scaled(t.id, now)
		if !ok || t.suspended.ScheduledScalingSuspended {
			continue
		}
		low, high := t.min, t.max
		if a.bounds.MinCapacity != nil {
			low = *a.bounds.MinCapacity
		}
		if a.bounds.MaxCapacity != nil {
			high = *a.bounds.MaxCapacity
		}
		if high < low { // only one of the two was given
			if a.bounds.MinCapacity != nil {
				high = low
			} else {
				low = high
			}
		}
		s.event(t.id.table(), "auto scaling", fmt.Sprintf("scheduled action %s: %s from %d to %d units/s", a.name, t.id.resource, low, high))
		s.bound(t, low, high, mode, now)
	}
}

func (id scalableID) table() string {
	name, _ := id.parts()
	return name
}

// putScheduledAction answers PutScheduledAction.
func (c *call) putScheduledAction(r *scalingRequest) (any, error) {
	x := &c.s.scaling
	x.mu.Lock()
	defer x.mu.Unlock()
	t, err := c.registered(r)
	if err != nil {
		return nil, err
	}
	a := t.actions[r.ScheduledActionName]
	now := c.s.options.Clock.Wall(c.now)
	switch {
	case r.ScheduledActionName == "":
		return nil, scalingInvalid("ScheduledActionName is required")
	case a == nil:
		a = &scheduledAction{name: r.ScheduledActionName, created: now, arn: fmt.Sprintf(
			"arn:aws:autoscaling:%s:%s:scheduledAction:%s:resource/dynamodb/%s:scheduledActionName/%s", c.s.options.Region, account, uuid(c),
			t.id.resource, r.ScheduledActionName)}
	default:
		copied := *a
		a = &copied
	}
	if r.Schedule != "" {
		a.text, a.timezone = r.Schedule, r.Timezone
	}
	if a.schedule, err = parseSchedule(a.text, a.timezone); err != nil {
		return nil, scalingInvalid("%v", err)
	}
	if r.ScalableTargetAction != nil {
		a.bounds = *r.ScalableTargetAction
	}
	low, high := a.bounds.MinCapacity, a.bounds.MaxCapacity
	if low == nil && high == nil || low != nil && *low < 1 || high != nil && *high < 1 || low != nil && high != nil && *low > *high {
		return nil, scalingInvalid("ScalableTargetAction: expected MinCapacity, MaxCapacity or both, of 1 or more, the lower first")
	}
	if r.StartTime > 0 {
		a.start = fromSeconds(r.StartTime)
	}
	if r.EndTime > 0 {
		a.end = fromSeconds(r.EndTime)
	}
	a.after(now)
	t.actions[a.name] = a
	c.s.reschedule(c.now)
	return struct{}{}, nil
}

func fromSeconds(s float64) time.Time {
	return time.UnixMilli(int64(s * 1000)).UTC()
}

// deleteScheduledAction answers DeleteScheduledAction.
func (c *call) deleteScheduledAction(r *scalingRequest) (any, error) {
	x := &c.s.scaling
	x.mu.Lock()
	defer x.mu.Unlock()
	t, err := c.registered(r)
	if err != nil {
		return nil, err
	}
	if t.actions[r.ScheduledActionName] == nil {
		return nil, noScaling("No scheduled action found with name: %s", r.ScheduledActionName)
	}
	delete(t.actions, r.ScheduledActionName)
	c.s.schedule(c.now)
	return struct{}{}, nil
}

// describeScheduledActions answers DescribeScheduledActions.
func (c *call) describeScheduledActions(r *scalingRequest) (any, error) {
	c.s.scaling.mu.Lock()
	defer c.s.scaling.mu.Unlock()
	targets, err := c.asked(r)
	if err != nil {
		return nil, err
	}
	out := []map[string]any{}
	for _, t := range targets {
		var actions []*scheduledAction
		for name, a := range t.actions {
			if len(r.ScheduledActionNames) == 0 || slices.Contains(r.ScheduledActionNames, name) {
				actions = append(actions, a)
			}
		}
		slices.SortFunc(actions, func(a, b *scheduledAction) int { return strings.Compare(a.name, b.name) })
		for _, a := range actions {
			d := map[string]any{
				"ScheduledActionName": a.name, "ScheduledActionARN": a.arn, "ServiceNamespace": "dynamodb", "Schedule": a.text, "ResourceId": t.id.resource,
				"ScalableDimension": t.id.dimension, "ScalableTargetAction": a.bounds, "CreationTime": seconds(a.created),
			}
			if a.timezone != "" {
				d["Timezone"] = a.timezone
			}
			for name, at := range map[string]time.Time{"StartTime": a.start, "EndTime": a.end} {
				if !at.IsZero() {
					d[name] = seconds(at)
				}
			}
			out = append(out, d)
		}
	}
	return paged("ScheduledActions", out, r)
}
