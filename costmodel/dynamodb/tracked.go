package dynamodb

import (
	"math"
	"time"

	"crossover/costmodel/autoscale"
	"crossover/costmodel/demand"
)

// virtualMean is the mean load, in units/s, at which auto scaling is simulated: so large that
// whole units do not matter. Every load of the same profile then has the same history, scaled.
const virtualMean = 1e12

// burstSeconds is how many seconds of unused capacity a table keeps for a burst (Developer
// Guide, "Burst capacity": up to five minutes).
const burstSeconds = 300

// A followed is what auto scaling does to one direction of a table whose load follows a profile,
// in multiples of the mean load.
type followed struct {
	hours     []float64      // capacity held by the hour of the pattern: the highest within it
	throttled float64        // units refused, as a share of those asked for, over the pattern
	least     float64        // minimum, as a share of the busiest hour's capacity
	events    map[int]window // by the event's month of the year
}

// A window is an event with the day after it, hour by hour.
type window struct {
	use, held []float64
	throttled float64 // units refused, in multiples of an hour of the mean load
}

// noon is the hour of the pattern's first day in which an event begins.
const noon = 12

// windowAfter is how long after an event its effect is followed.
const windowAfter = 24

// leastShares are the minima of auto scaling that are tried, as shares of the capacity that the
// year's busiest hour asks for. The lowest at which the pattern keeps within what may be refused is
// taken, as an operator would who watches the table. Nobody holds a minimum all year for one
// event: what an event makes it refuse counts against the offer.
var leastShares = []float64{0.05, 0.1, 0.2, 0.3, 0.5}

// follow tracks a profile with the least minimum that refuses no more than limit, a share of a
// year's units.
func follow(p *demand.Profile, target, limit float64) *followed {
	var out *followed
	for _, least := range leastShares {
		out = track(p, target, least)
		out.least = least
		if out.throttled <= limit {
			break
		}
	}
	return out
}

// track simulates target tracking minute by minute over the profile's pattern: first once over
// so that nothing depends on where it began, then once to be kept; and over each event, which
// begins at once, at noon of the pattern's first day.
func track(p *demand.Profile, target, least float64) *followed {
	t := tracker{target: target, least: max(1, math.Ceil(least*p.Busiest()*virtualMean/target))}
	t.begin(p.Minutes()[0])
	minutes := p.Minutes()
	for range max(1, 2*24*60/len(minutes)) {
		for _, v := range minutes {
			t.minute(v)
		}
	}
	out := &followed{events: map[int]window{}}
	t.asked, t.refused = 0, 0
	for h := range p.Hours() {
		out.hours = append(out.hours, t.hour(minutes[60*h:60*h+60]))
	}
	if t.asked > 0 {
		out.throttled = t.refused / t.asked
	}
	for month := range 12 {
		if e, ok := p.Event(month); ok {
			out.events[month] = t.event(p, e, p.Season(month))
		}
	}
	return out
}

// event follows one event: a copy of the tracker goes on from the pattern's end.
func (t tracker) event(p *demand.Profile, e demand.Event, season float64) window {
	minutes := p.Minutes()
	at := func(hour int) []float64 {
		from := 60 * hour % len(minutes)
		out := make([]float64, 60)
		for i, v := range minutes[from : from+60] {
			out[i] = v * season
		}
		return out
	}
	t.begin(minutes[0] * season)
	for h := range noon {
		t.hour(at(h))
	}
	t.refused = 0
	var w window
	for h := range e.Hours + windowAfter {
		loads := at(noon + h)
		if h < e.Hours {
			for i := range loads {
				loads[i] = max(loads[i], e.Load)
			}
		}
		sum := 0.0
		for _, v := range loads {
			sum += v / 60
		}
		w.use = append(w.use, sum)
		w.held = append(w.held, t.hour(loads))
	}
	w.throttled = t.refused / virtualMean / 3600
	return w
}

// A tracker is one direction of a table under target tracking.
type tracker struct {
	target, least  float64
	scaler         *autoscale.Scaler
	limit          *autoscale.Decreases
	now            time.Time
	capacity       float64
	bucket         float64 // unused units that a burst may take
	pending        autoscale.Change
	waiting        bool
	asked, refused float64
}

// begin starts a table at the capacity that its load's first minute asks for.
func (t *tracker) begin(load float64) {
	// The cost section keeps the target within auto scaling's bounds, and the minimum is 1 or more.
	t.scaler, _ = autoscale.New(autoscale.Policy{Min: t.least, Max: math.MaxFloat64, Target: t.target})
	t.limit = &autoscale.Decreases{}
	t.now = time.Unix(0, 0).UTC()
	t.capacity = max(t.least, math.Ceil(load*virtualMean/t.target))
	t.bucket, t.waiting = 0, false
}

// hour runs an hour of loads and returns the highest capacity in it, as a multiple of the mean.
func (t *tracker) hour(loads []float64) float64 {
	highest := 0.0
	for _, v := range loads {
		highest = max(highest, t.minute(v))
	}
	return highest / virtualMean
}

// minute runs one minute at a load, and returns the capacity in force.
func (t *tracker) minute(load float64) float64 {
	if t.waiting && !t.now.Before(t.pending.Due) {
		t.capacity, t.waiting = t.pending.To, false
	}
	capacity := t.capacity
	asked := load * virtualMean * 60
	served := min(asked, capacity*60+t.bucket)
	t.bucket = min(max(0, t.bucket+capacity*60-served), capacity*burstSeconds)
	t.asked += asked
	t.refused += asked - served
	t.now = t.now.Add(time.Minute)
	if c, ok := t.scaler.Minute(t.now, served, capacity, t.limit); ok {
		t.pending, t.waiting = c, true
	}
	return capacity
}
