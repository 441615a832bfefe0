package imports

import (
	"fmt"
	"math"
	"strings"
	"time"

	"crossover/results/figure"
	"crossover/workload"
	"crossover/workload/op"
)

// timeToLive takes how long items live from an incremental export, which has the times of
// writes.
func (a *assembly) timeToLive() {
	t := a.Table
	if !t.TTLKnown {
		a.miss(Low, "time to live: no describe-time-to-live", "none was assumed")
		return
	}
	if t.TTLAttribute == "" {
		return
	}
	for _, e := range a.incremental() {
		life := e.Lives.Percentile(0.5)
		if e.Lives.N() == 0 || !(life >= 1) {
			continue
		}
		a.d.sc.Workload.Write.TTL = time.Duration(min(math.Round(life), 10*365*86400)) * time.Second
		a.set("workload.write.ttl", figure.Measured, "%s, %q minus the time of the write: median of %d (p1 %s s, p99 %s s)", e.Manifest.Dir, t.TTLAttribute, e.Lives.N(), number(e.Lives.Percentile(0.01), 6), number(e.Lives.Percentile(0.99), 6))
		return
	}
	a.miss(Medium, fmt.Sprintf("how long items live: %q is the time-to-live attribute, and there is no incremental export with it", t.TTLAttribute), "items were taken to live on; DynamoDB expires them for free, Aerospike as well")
	if e := a.full(); e != nil && e.Expires.N() > 0 {
		n := float64(e.Expires.N())
		a.note("%.1f%% of the items exported have a time to live; counted from the export, the median ends after %s hours, p99 after %s; %.1f%% had ended and were still there",
			100*n/float64(e.Items), number(e.Expires.Percentile(0.5)/3600, 4), number(e.Expires.Percentile(0.99)/3600, 4), 100*float64(e.Expires.Past)/n)
	}
}

// settings takes region, backup and utilisation, and names the features that a scenario does
// not carry.
func (a *assembly) settings() {
	t := a.Table
	a.d.region = t.Region
	if meant, ok := workload.CheckRegion(t.Region); !ok {
		a.d.region = "us-east-1"
		a.set("cost.regions", figure.Assumed, "%q in the table's ARN is no region that is known", t.Region)
		a.miss(High, fmt.Sprintf("the region: %q in the table's ARN is not known (%s)", t.Region, meant), "us-east-1 was assumed; prices differ by tens of percent")
	} else {
		a.set("cost.regions", figure.Measured, "%s, Table.TableArn", t.File)
	}
	if t.PITRKnown {
		a.d.dynamodb = append(a.d.dynamodb, fmt.Sprintf("pitr: %v", t.PITR))
		a.set("cost.dynamodb.pitr", figure.Measured, "describe-continuous-backups, PointInTimeRecoveryStatus")
	} else {
		a.miss(Medium, "point-in-time recovery: no describe-continuous-backups", "off was assumed")
	}
	a.utilisation()
	a.miss(Medium, "growth: one moment's files cannot show it", "0%%/year was assumed")
	a.features()
}

// utilisation takes auto scaling's target; the lower one where dimensions differ.
func (a *assembly) utilisation() {
	target, different := 0.0, false
	for _, s := range a.Table.Scaling {
		if s.Target > 0 && s.Resource == "table/"+a.Table.Name {
			different = different || target > 0 && target != s.Target
			if target == 0 || s.Target < target {
				target = s.Target
			}
		}
	}
	if target == 0 {
		if a.Table.Provisioned {
			a.miss(Medium, "auto scaling: no targets and policies", "a target utilisation of 70%% was left as the default; without auto scaling, capacity is bought for the peak")
		}
		return
	}
	a.d.dynamodb = append(a.d.dynamodb, fmt.Sprintf("utilisation: %s%%", number(100*target, 4)))
	a.set("cost.dynamodb.utilisation", figure.Measured, "describe-scaling-policies, TargetValue")
	if different {
		a.note("auto scaling's targets for reads and writes differ; the lower one was taken")
	}
}

// features names what the table uses and the scenario does not carry.
func (a *assembly) features() {
	t := a.Table
	if t.Class != "STANDARD" {
		a.miss(Medium, "table class "+t.Class, "the bill is computed for STANDARD")
	}
	for _, x := range t.Global {
		a.miss(High, fmt.Sprintf("global secondary index %q: a scenario has none", x.Name), "neither its writes nor its %d bytes are priced or run%s", x.Bytes, a.indexUse(x))
	}
	for _, x := range t.Local {
		a.miss(High, fmt.Sprintf("local secondary index %q: a scenario has none", x.Name), "neither its writes nor its %d bytes are priced or run", x.Bytes)
	}
	if len(t.Replicas) > 0 {
		a.miss(High, "global table: replicas in "+strings.Join(t.Replicas, ", "), "one region is priced")
	}
	if t.StreamView != "" {
		a.miss(Medium, "DynamoDB Streams are on ("+t.StreamView+")", "their reads are not priced")
	}
	if len(t.Kinesis) > 0 {
		a.miss(Medium, fmt.Sprintf("%d Kinesis streams receive the table's changes", len(t.Kinesis)), "change data capture units are not priced")
	} else if !t.KinesisKnown {
		a.miss(Low, "Kinesis streaming: no describe-kinesis-streaming-destination", "none was assumed")
	}
	a.miss(Low, "objectives: what response times the application needs is in no file", "none were written; add objectives before judging a run")
	a.miss(Medium, "private discounts and reserved capacity", "list prices; set cost.dynamodb.discount")
	a.throttles()
}

// indexUse tells what an index consumed, where metrics say.
func (a *assembly) indexUse(x Index) string {
	text := ""
	for _, m := range []struct{ name, word string }{{metricConsumedRead, "read"}, {metricConsumedWrite, "write"}} {
		if c, s, err := a.curve(Metric{Name: m.name, Index: x.Name, Stat: "Sum"}); err == nil && s != nil && c.Known() > 0 {
			text += fmt.Sprintf("; it consumed %s %s units/s in the mean", number(c.Mean(), 4), m.word)
		}
	}
	return text
}

// throttles tells which throttles were seen, with their causes.
func (a *assembly) throttles() {
	for _, s := range a.series() {
		if !throttleMetric.MatchString(s.Name) || s.Stat != "Sum" {
			continue
		}
		if c, err := a.curveOf(s); err == nil && totalOf(c) > 0 {
			peak, at := c.Peak()
			a.note("%s: %s throttles, most at %s with %s/s (%s)", s.Metric, number(totalOf(c), 6), at.Format("2006-01-02T15:04Z"), number(peak, 4), strings.Join(s.Files, ", "))
		}
	}
}

// testFloor is the least rate, in operations/s, that a phase is given.
const testFloor = 1.0

// phases scales production's mean and peak to the test's rate.
func (a *assembly) phases() {
	d := a.d
	d.scale = 1
	if d.peak > a.o.Rate {
		d.scale = a.o.Rate / d.peak
		a.set("workload.phases", figure.Assumed, "production's mean and busiest step, at %s of their rate", number(d.scale, 3))
	} else {
		a.set("workload.phases", figure.Modelled, "production's mean and busiest step")
	}
	mean, peak := max(round3(d.mean*d.scale), testFloor), max(round3(d.peak*d.scale), testFloor)
	steady := func(name string, length time.Duration, rate float64, record bool) workload.Phase {
		return workload.Phase{Name: name, For: length, Rate: workload.Rate{From: rate, To: rate}, Record: record}
	}
	d.sc.Workload.Phases = []workload.Phase{
		steady("warm-up", 10*time.Second, mean, false), steady("mean", time.Minute, mean, true), steady("peak", 30*time.Second, peak, true),
	}
}

func round3(v float64) float64 {
	if v == 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-2)
	return math.Round(v/unit) * unit
}

// capacity writes the target's capacity mode: the table's, its units scaled like the rate.
func (a *assembly) capacity() string {
	a.phases()
	t := a.Table
	scaled := func(units int64) int64 { return max(int64(math.Ceil(float64(units)*a.d.scale)), 1) }
	if t.Provisioned {
		a.set("targets.dynamodb.capacity", figure.Measured, "%s: provisioned, %d read and %d write units/s, here scaled like the rate", t.File, t.Read, t.Write)
		return fmt.Sprintf("{provisioned: {read: %d, write: %d}}", scaled(t.Read), scaled(t.Write))
	}
	var parts []string
	if t.MaxRead > 0 {
		parts = append(parts, fmt.Sprintf("max_read: %d", scaled(t.MaxRead)))
	}
	if t.MaxWrite > 0 {
		parts = append(parts, fmt.Sprintf("max_write: %d", scaled(t.MaxWrite)))
	}
	a.set("targets.dynamodb.capacity", figure.Measured, "%s: on demand", t.File)
	return "{on_demand: {" + strings.Join(parts, ", ") + "}}"
}

// hasWrites reports whether anything is written.
func (d *Draft) hasWrites() bool {
	for k, s := range d.sc.Workload.Operations {
		if op.Kind(k).Writes() && s > 0 {
			return true
		}
	}
	return false
}
