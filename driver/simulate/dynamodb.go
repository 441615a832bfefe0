package simulate

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"crossover/costmodel/autoscale"
	"crossover/costmodel/partition"
	"crossover/driver"
	"crossover/workload"
	"crossover/workload/op"
)

// A ServiceTime draws how long a request of DynamoDB's API takes, of items and bytes touched,
// strongly consistent or not, or refused.
type ServiceTime func(rng *rand.Rand, operation string, items, bytes int, strong, refused bool) time.Duration

// Retries are the AWS SDK's standard ones, as a scenario sets them.
type Retries struct {
	Attempts     int           // most attempts of a request, 1 or more
	ThrottleBase time.Duration // the n-th retry after a throttle waits a random share of it × 2^(n-1)
	Max          time.Duration // most that a retry waits
	Quota        bool          // the SDK's retry quota
}

// The SDK's retry quota (aws-sdk-go-v2 v1.48.0, packages aws/retry and aws/ratelimit): a retry
// after a throttle costs 5 of 500 tokens, which a success gives back; a first success adds one.
const (
	quotaTokens  = 500
	throttleCost = 5
)

// DynamoDB is a table in virtual time.
type DynamoDB struct {
	Table partition.Config
	// Read and Write are the scaling policies of a provisioned table; nil leaves its capacity as
	// it is.
	Read, Write *autoscale.Policy
	Retries     Retries
	ServiceTime ServiceTime // nil: every answer comes at once
	Target      string      // its name in the scenario
	Settings    map[string]string

	table    *partition.Table
	mapper   *mapper
	rng      *rand.Rand
	tokens   float64
	scaling  [2]*autoscale.Scaler
	limit    autoscale.Decreases
	minute   time.Duration // when the minute under way ends
	consumed [2]float64    // in it
	pending  [2]*autoscale.Change
	started  time.Time // of the virtual days by which decreases are counted

	total      [2]float64
	throttles  [2]uint64
	causes     map[string]uint64
	requests   map[int]*[2]uint64 // reads and writes by partition
	events     []happening
	before     partition.Config // of set_capacity's undoing
	hour       time.Duration    // when the hour under way ends
	held       [2]float64       // highest capacity in it
	unitHours  [2]float64
	lastAt     time.Duration
	refusedFor time.Duration // how long some request was throttled, by the second
	refusedAt  int64
}

// epoch is the midnight at which a simulated run begins.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (d *DynamoDB) begin(sc *workload.Scenario) (driver.Description, error) {
	if err := errors.Join(unsupported(sc), d.eventsKnown(sc)); err != nil {
		return driver.Description{}, err
	}
	c := d.Table
	c.OnSplit = func(s partition.Split) {
		d.events = append(d.events, happening{s.At, "split", fmt.Sprintf("partition %d, for %s; now %d partitions", s.Parent, s.Why, s.Partitions)})
	}
	d.started, d.minute, d.hour = epoch, time.Minute, time.Hour
	for side, p := range [2]*autoscale.Policy{d.Read, d.Write} {
		if p == nil || !c.Provisioned {
			continue
		}
		s, err := autoscale.New(*p)
		if err != nil {
			return driver.Description{}, err
		}
		d.scaling[side] = s
		to := &c.Read
		if side == 1 {
			to = &c.Write
		}
		*to = s.Clamp(*to)
	}
	d.table = partition.New(c, 0)
	d.mapper = newMapper(sc)
	d.rng = rand.New(rand.NewPCG(sc.Seed, 0x73696d64))
	d.tokens = quotaTokens
	d.causes, d.requests = map[string]uint64{}, map[int]*[2]uint64{}
	d.table.Fill(0, float64(sc.Dataset.Items)*d.meanSize(sc))
	d.hold()
	d.events = nil
	return d.about(), nil
}

// meanSize is the mean of some items' sizes, in bytes.
func (d *DynamoDB) meanSize(sc *workload.Scenario) float64 {
	const sampled = 1000
	n := min(sc.Dataset.Items, sampled)
	sum := 0.0
	for i := range n {
		sum += float64(d.mapper.sizes.Size(i * (sc.Dataset.Items / n)))
	}
	return sum / float64(n)
}

func (d *DynamoDB) about() driver.Description {
	settings := map[string]string{"partitions": strconv.Itoa(d.table.Len())}
	for k, v := range d.Settings {
		settings[k] = v
	}
	for _, a := range partition.AssumptionList {
		settings["assumed "+a.Name] = d.Table.Get(a.Name) + " (" + a.Basis + ")"
	}
	for side, s := range d.scaling {
		if s == nil {
			continue
		}
		p := s.Policy()
		settings["auto scaling of "+[2]string{"reads", "writes"}[side]] = fmt.Sprintf("%g to %g units/s at %g%%, cooldowns %v out and %v in, alarm after %v, update %v (assumed)",
			p.Min, p.Max, 100*p.Target, p.OutCooldown, p.InCooldown, p.AlarmDelay, p.UpdateDelay)
	}
	return driver.Description{
		Kind: driver.Simulated, Identity: "crossover simulated DynamoDB (modelled, virtual time)",
		Client: "none: sessions and the SDK's standard retries are simulated", Settings: settings,
	}
}

// eventsKnown returns the scenario's events for which there is no model.
func (d *DynamoDB) eventsKnown(sc *workload.Scenario) error {
	var errs []error
	for i := range sc.Events {
		e := &sc.Events[i]
		if e.Target == d.Target && e.Do != workload.SetCapacity {
			errs = append(errs, e.Wrong(sc, "do", e.Do, workload.SetCapacity+": other events of DynamoDB are not simulated"))
		}
	}
	return errors.Join(errs...)
}

func (d *DynamoDB) event(now time.Duration, e *workload.Event) error {
	c := e.Capacity
	if c == nil { // undone
		c = &workload.EventCapacity{}
		if b := d.before; b.Provisioned {
			c.Provisioned = &workload.EventProvisioned{Read: int64(b.Read), Write: int64(b.Write)}
		}
	}
	provisioned, read, write := d.table.Mode()
	d.before = partition.Config{Provisioned: provisioned, Read: read, Write: write}
	switch {
	case c.Provisioned != nil:
		d.table.SetProvisioned(now, float64(c.Provisioned.Read), float64(c.Provisioned.Write))
	case c.OnDemand != nil:
		d.table.SetOnDemand(now, float64(c.OnDemand.MaxRead), float64(c.OnDemand.MaxWrite))
	default:
		d.table.SetOnDemand(now, read, write)
	}
	d.hold()
	return nil
}

// hold notes the capacity in force, for the hour's bill.
func (d *DynamoDB) hold() {
	if provisioned, read, write := d.table.Mode(); provisioned {
		d.held[0], d.held[1] = max(d.held[0], read), max(d.held[1], write)
	}
}

func (d *DynamoDB) next() time.Duration {
	at := min(d.minute, d.hour)
	for _, c := range d.pending {
		if c != nil {
			at = min(at, c.Due.Sub(d.started))
		}
	}
	return at
}

// advance ends minutes and hours, and lets changes of capacity take effect.
func (d *DynamoDB) advance(now time.Duration) {
	for side, c := range d.pending {
		if c != nil && c.Due.Sub(d.started) <= now {
			d.apply(now, side, c)
		}
	}
	if d.hour <= now {
		for side, h := range d.held {
			d.unitHours[side] += h
		}
		d.held = [2]float64{}
		d.hold()
		d.hour += time.Hour
	}
	if d.minute <= now {
		d.minuteEnds()
	}
	d.lastAt = now
}

func (d *DynamoDB) minuteEnds() {
	end := d.started.Add(d.minute)
	_, read, write := d.table.Mode()
	for side, s := range d.scaling {
		if s == nil || d.pending[side] != nil {
			continue
		}
		if c, ok := s.Minute(end, d.consumed[side], [2]float64{read, write}[side], &d.limit); ok {
			d.pending[side] = &c
		}
	}
	d.consumed = [2]float64{}
	d.minute += time.Minute
}

func (d *DynamoDB) apply(now time.Duration, side int, c *autoscale.Change) {
	d.pending[side] = nil
	_, read, write := d.table.Mode()
	if side == 0 {
		read = c.To
	} else {
		write = c.To
	}
	d.table.SetProvisioned(now, read, write)
	d.hold()
	d.events = append(d.events, happening{now, "capacity", fmt.Sprintf("auto scaling: %s from %g to %g units/s, asked for at %v",
		[2]string{"reads", "writes"}[side], c.From, c.To, c.Asked.Sub(d.started))})
}

// consume counts units that were consumed.
func (d *DynamoDB) consume(read, write float64) {
	d.consumed[0] += read
	d.consumed[1] += write
	d.total[0] += read
	d.total[1] += write
}

// refuse counts n throttles and returns their reason.
func (d *DynamoDB) refuse(now time.Duration, x partition.Decision, n uint64) string {
	reason := x.Reason(false)
	d.throttles[x.Side] += n
	d.causes[reason] += n
	if s := int64(now / time.Second); s != d.refusedAt || d.refusedFor == 0 {
		d.refusedAt = s
		d.refusedFor += time.Second
	}
	return reason
}

func (d *DynamoDB) served(x partition.Decision, r *partition.Request, n uint64) {
	c := d.requests[x.Partition]
	if c == nil {
		c = &[2]uint64{}
		d.requests[x.Partition] = c
	}
	if r.Write > 0 {
		c[1] += n
	} else {
		c[0] += n
	}
}

// step makes a request, and retries it as the SDK does while it is throttled.
func (d *DynamoDB) step(now time.Duration, f *flight) (time.Duration, bool) {
	if len(f.requests) == 0 {
		f.requests = d.mapper.requests(f.requests, &f.op)
	}
	r := &f.requests[f.request]
	f.tries++
	left := r.parts[:0:0]
	reason := ""
	for i := range r.parts {
		p := &r.parts[i]
		x := d.table.AdmitKey(now, *p)
		if !x.OK {
			reason = d.refuse(now, x, 1)
			left = append(left, *p)
			continue
		}
		d.consume(p.Read, p.Write)
		d.served(x, p, 1)
		f.readUnits += p.Read
		f.writeUnits += p.Write
	}
	if reason != "" {
		return d.refused(now, f, r, left, reason)
	}
	took := d.time(r, false)
	if f.tries == 1 {
		d.tokens = min(quotaTokens, d.tokens+1)
	} else {
		d.tokens = min(quotaTokens, d.tokens+float64(f.cost))
	}
	f.bytesIn += r.in
	f.bytesOut += r.out
	switch {
	case r.fails:
		f.tried(now, took, op.ConditionFailed, "ConditionalCheckFailedException")
		return now + took, true
	case r.missing:
		f.tried(now, took, op.NotFound, "")
	default:
		f.tried(now, took, op.OK, "")
	}
	if f.request++; f.request < len(f.requests) {
		f.tries = 0
		return now + took, false
	}
	d.mapper.done(&f.op)
	return now + took, true
}

// refused ends an attempt that was throttled: what of it is left is tried again, unless the
// attempts or the quota are used up.
func (d *DynamoDB) refused(now time.Duration, f *flight, r *request, left []partition.Request, reason string) (time.Duration, bool) {
	took := d.time(r, true)
	f.tried(now, took, op.Throttled, reason)
	if f.tries >= d.Retries.Attempts || !d.pay() {
		return now + took, true
	}
	f.cost = throttleCost
	r.parts = left
	return now + took + d.wait(f.tries), false
}

// pay takes a retry's tokens from the quota, if it has them.
func (d *DynamoDB) pay() bool {
	if !d.Retries.Quota {
		return true
	}
	if d.tokens < throttleCost {
		return false
	}
	d.tokens -= throttleCost
	return true
}

// wait draws how long a retry waits after so many attempts.
func (d *DynamoDB) wait(attempts int) time.Duration {
	return time.Duration(d.rng.Float64() * float64(d.longest(attempts)))
}

// longest is the most that a retry waits after so many attempts.
func (d *DynamoDB) longest(attempts int) time.Duration {
	return time.Duration(min(float64(d.Retries.ThrottleBase)*math.Exp2(float64(attempts-1)), float64(d.Retries.Max)))
}

func (d *DynamoDB) time(r *request, refused bool) time.Duration {
	if d.ServiceTime == nil {
		return 0
	}
	return d.ServiceTime(d.rng, r.operation, r.items, r.bytes, r.strong, refused)
}

func (d *DynamoDB) sample(now time.Duration) driver.Sample {
	d.lastAt = now
	provisioned, read, write := d.table.Mode()
	warmRead, warmWrite := d.table.Warm()
	s := driver.Sample{Counters: map[string]float64{
		"ConsumedReadCapacityUnits": d.total[0], "ConsumedWriteCapacityUnits": d.total[1],
		"ReadThrottleEvents": float64(d.throttles[0]), "WriteThrottleEvents": float64(d.throttles[1]),
		"WarmReadUnitsPerSecond": warmRead, "WarmWriteUnitsPerSecond": warmWrite,
		"Partitions": float64(d.table.Len()), "SecondsWithThrottles": d.refusedFor.Seconds(),
	}}
	if provisioned {
		s.Counters["ProvisionedReadCapacityUnits"], s.Counters["ProvisionedWriteCapacityUnits"] = read, write
	}
	for reason, n := range d.causes {
		s.Counters[reason] = float64(n)
	}
	for _, h := range d.table.Heat() {
		p := driver.PartitionHeat{ID: strconv.Itoa(h.ID), ReadUnits: h.ReadUnits, WriteUnits: h.WriteUnits, Throttles: h.Throttles}
		if c := d.requests[h.ID]; c != nil {
			p.Reads, p.Writes = c[0], c[1]
		}
		s.Partitions = append(s.Partitions, p)
	}
	return s
}

func (d *DynamoDB) happened() []happening {
	out := d.events
	d.events = nil
	return out
}

func (d *DynamoDB) usage() Usage {
	u := Usage{Hours: d.lastAt.Hours()}
	if provisioned, _, _ := d.table.Mode(); provisioned {
		// The hour under way is billed by the part of it that has run.
		part := 1 - (d.hour - d.lastAt).Hours()
		u.ReadHours, u.WriteHours = d.unitHours[0]+part*d.held[0], d.unitHours[1]+part*d.held[1]
		return u
	}
	u.ReadUnits, u.WriteUnits = d.total[0], d.total[1]
	return u
}
