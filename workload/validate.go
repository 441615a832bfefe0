package workload

import (
	"fmt"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"crossover/workload/arrival"
	"crossover/workload/op"
)

// Limits that both databases can live with.
const (
	// MaxPartitionKeyBytes and MaxSortKeyBytes are DynamoDB's (AWS DynamoDB Developer Guide,
	// "Service, account, and table quotas").
	MaxPartitionKeyBytes = 2048
	MaxSortKeyBytes      = 1024
	// MaxNameLen leaves room for "crossover-" in the name of an Aerospike set, which has 63
	// bytes (Aerospike server source, datamodel.h, AS_SET_NAME_MAX_SIZE with its final zero).
	MaxNameLen = 53
	// MaxDuration bounds the planned length of a run.
	MaxDuration = 366 * 24 * time.Hour
)

// validate checks what one value alone can't show. What the decoder has refused is left out,
// so that one mistake is not reported twice.
func validate(d *Decoder, sc *Scenario, doc *yaml.Node) {
	c := check{d, doc, d.errs}
	if c.sound("version") && sc.Version != Version {
		c.fail(fmt.Sprintf("version %d", sc.Version), fmt.Sprintf("%d", Version), "version")
	}
	if c.sound("name") && (!tableName.MatchString(sc.Name) || len(sc.Name) > MaxNameLen) {
		c.fail(fmt.Sprintf("%q", sc.Name), fmt.Sprintf("letters, digits, dashes, dots and underscores, %d at most", MaxNameLen), "name")
	}
	if c.sound("dataset") {
		c.keyTemplate(sc)
		c.sizes(sc)
	}
	if c.sound("workload.operations") {
		c.operations(sc)
	}
	if c.sound("workload.arrival") && c.sound("workload.phases") {
		c.arrival(sc)
	}
	if c.sound("workload.keys") {
		c.keys(sc)
	}
	if c.sound("workload.hot") {
		c.hot(sc)
	}
	if c.sound("dataset") && c.sound("workload") {
		c.moreOperations(sc)
	}
	if c.sound("dataset") && c.sound("indexes") {
		c.indexes(sc)
	}
	c.deletes(sc)
	c.events(sc)
}

// A check is the validation of one scenario.
type check struct {
	d       *Decoder
	doc     *yaml.Node
	decoded []*Error // what the decoder has refused
}

// sound reports whether a value and all within it were decoded.
func (c check) sound(path string) bool {
	for _, e := range c.decoded {
		if within(e.about, path) || within(path, e.about) {
			return false
		}
	}
	return true
}

// within reports whether a path is another one, or lies below it.
func within(path, above string) bool {
	rest, ok := strings.CutPrefix(path, above)
	return ok && (rest == "" || above == "" || rest[0] == '.' || rest[0] == '[')
}

// fail reports a problem at the node that keys (string) and places in lists (int) lead to, or
// at the nearest one above it.
func (c check) fail(found, expected string, steps ...any) {
	n, path, lost := c.doc, "", false
	for _, step := range steps {
		var next *yaml.Node
		switch s := step.(type) {
		case string:
			path = Join(path, s)
			next = child(n, s)
		case int:
			path += fmt.Sprintf("[%d]", s)
			if n.Kind == yaml.SequenceNode && s < len(n.Content) {
				next = n.Content[s]
			}
		}
		if next == nil {
			lost = true
		}
		if !lost {
			n = next
		}
	}
	c.d.fail(n, path, found, expected, "")
}

// at returns the node that keys lead to, or the nearest one above it.
func (c check) at(keys ...string) *yaml.Node {
	n := c.doc
	for _, key := range keys {
		next := child(n, key)
		if next == nil {
			break
		}
		n = next
	}
	return n
}

// child returns the value of a key in a mapping, or nil.
func child(n *yaml.Node, key string) *yaml.Node {
	n = resolve(n)
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return resolve(n.Content[i+1])
		}
	}
	return nil
}

func (c check) keyTemplate(sc *Scenario) {
	key := sc.Dataset.Key
	if strings.Count(key.Partition, "{id}") != 1 {
		c.fail(fmt.Sprintf("%q", key.Partition), "a template with {id} in it once", "dataset", "key", "partition")
	} else if n := len(key.Partition) - len("{id}") + maxDigits; n > MaxPartitionKeyBytes {
		c.fail(fmt.Sprintf("partition keys of up to %d bytes", n), fmt.Sprintf("at most %d, DynamoDB's limit", MaxPartitionKeyBytes), "dataset", "key", "partition")
	}
	if n := len(key.Sort.Prefix) + sortDigits; sc.HasSort() && n > MaxSortKeyBytes {
		c.fail(fmt.Sprintf("sort keys of %d bytes", n), fmt.Sprintf("at most %d, DynamoDB's limit", MaxSortKeyBytes), "dataset", "key", "sort", "prefix")
	}
}

// maxDigits is how many digits the largest 64-bit number has.
const maxDigits = 20

func (c check) sizes(sc *Scenario) {
	ds := &sc.Dataset
	if u := ds.Size.Uniform; u != nil && u.Min > u.Max {
		c.fail(fmt.Sprintf("min %d above max %d", u.Min, u.Max), "min at most max", "dataset", "size", "uniform")
		return
	}
	if l := ds.Size.Lognormal; l != nil && (l.Median == 0 || l.P99 < l.Median || l.Max < l.Median) {
		c.fail(fmt.Sprintf("median %d, p99 %d, max %d", l.Median, l.P99, l.Max), "0 < median <= p99 and median <= max", "dataset", "size", "lognormal")
		return
	}
	low, high := sc.sizeBounds()
	if high > MaxItemBytes {
		c.fail(fmt.Sprintf("sizes up to %d bytes", high), fmt.Sprintf("at most %d (400 KiB), DynamoDB's limit for an item", MaxItemBytes), "dataset", "size")
	}
	if ds.Size.Lognormal != nil || ds.Size.Histogram != nil {
		low = high // smaller draws are raised to what an item needs
	}
	if need := sc.minItemBytes(); low < need {
		c.fail(fmt.Sprintf("sizes of %d bytes", low), sc.needs(need), "dataset", "size")
	}
}

func (c check) operations(sc *Scenario) {
	w := &sc.Workload
	c.expiry(w)
	if c.sound("workload.write") && w.Write.Condition == "version" && w.Operations[op.ReadModifyWrite] == 0 {
		c.fail(`"version" without a share of read_modify_write`, "none or existence, or a read_modify_write to compare versions in", "workload", "write", "condition")
	}
	if c.sound("workload.keys") && w.Keys.Latest != nil && w.Operations[op.Insert] == 0 && w.Operations[op.Delete] > 0 {
		c.fail("deletes without inserts", "inserts too, or else nothing is ever new", "workload", "keys", "latest")
	}
	if _, _, err := deckOf(w.Operations); err != nil && w.tracedOperations() == nil {
		c.fail(err.Error(), "shares in whole hundredths of a percent", "workload", "operations")
	}
	if !c.sound("objectives") {
		return
	}
	for k, limits := range sc.Objectives.Latency {
		for name, limit := range limits {
			if limit <= 0 {
				c.fail(limit.String(), "a limit above 0", "objectives", k.String(), name)
			}
		}
		if w.Operations[k] == 0 {
			c.fail("an objective for an operation with no share", "only operations that the workload has", "objectives", k.String())
		}
	}
}

func (c check) hot(sc *Scenario) {
	end, planned := time.Duration(0), sc.Workload.Arrival.Open != nil && c.sound("workload.phases")
	for _, p := range sc.Workload.Phases {
		end += p.For
		planned = planned && p.For > 0 && end <= MaxDuration
	}
	for i, h := range sc.Workload.Hot {
		if c.sound("dataset.items") && h.Key >= sc.Dataset.Items {
			c.fail(fmt.Sprintf("item %d", h.Key), fmt.Sprintf("an item below dataset.items, %d", sc.Dataset.Items), "workload", "hot", i, "key")
		}
		if (h.Share <= 0 && h.Change == nil) || h.Share >= 1 {
			c.fail(fmt.Sprintf("%g%%", 100*h.Share), "above 0% and below 100%", "workload", "hot", i, "share")
		} else if at, sum := highest(sc.Workload.Hot, h); sum >= 1-1e-9 {
			c.fail(fmt.Sprintf("hot keys that take %.5g%% at %v", 100*sum, at.Round(time.Microsecond)), "below 100% at any time", "workload", "hot", i, "share")
		}
		c.checkVarying(h, i)
		if h.To != 0 && h.To <= h.From {
			c.fail(h.To.String(), "a time after from, "+h.From.String(), "workload", "hot", i, "to")
		}
		if sc.Workload.Arrival.Open == nil && sc.Workload.Arrival.Closed != nil && (h.From != 0 || h.To != 0) {
			c.fail("times in a closed loop", "no from and to: a closed loop has no planned times", "workload", "hot", i)
		} else if planned && h.From >= end {
			c.fail(h.From.String(), "a time before the run's planned end, "+end.String(), "workload", "hot", i, "from")
		}
	}
}

func (c check) arrival(sc *Scenario) {
	w := &sc.Workload
	if (w.Arrival.Open == nil) == (w.Arrival.Closed == nil) {
		c.fail("open and closed both given or neither", "exactly one of open and closed", "workload", "arrival")
		return
	}
	if len(w.Phases) == 0 {
		c.fail("no phases", "at least one", "workload", "phases")
		return
	}
	before, recorded, length := len(c.d.errs), false, time.Duration(0)
	if w.Arrival.Open != nil {
		c.process(sc)
	}
	for i, p := range w.Phases {
		recorded = recorded || p.Record
		if w.Arrival.Open != nil {
			c.openPhase(w, i, p)
		} else {
			c.closedPhase(i, p)
		}
		if length += p.For; length > MaxDuration || length < 0 {
			c.fail("a run longer than 366 days", "phases of 366 days in all at most", "workload", "phases", i, "for")
			return
		}
	}
	if !recorded {
		c.fail("no phase with record: true", "at least one that is recorded", "workload", "phases")
	}
	if w.Arrival.Open != nil && len(c.d.errs) == before && len(c.decoded) == 0 {
		if NewPlan(sc).Len() == 0 {
			c.fail("rates and lengths that offer no operation", "at least one operation in all", "workload", "phases")
		} else {
			sc.settleRates()
		}
	}
}

func (c check) openPhase(w *Workload, i int, p Phase) {
	peak := p.Peak()
	switch {
	case w.Arrival.Open.Process == string(arrival.Trace):
		if peak > 0 {
			c.fail("a rate", "none: the trace says when operations are due", "workload", "phases", i, "rate")
		}
	case peak == 0:
		c.fail("no rate", "a rate: the loop is open", "workload", "phases", i)
	case peak > arrival.MaxRate:
		c.fail(fmt.Sprintf("%g/s", peak), fmt.Sprintf("at most %g/s", float64(arrival.MaxRate)), "workload", "phases", i, "rate")
	}
	c.phaseOperations(w, i, p)
	if p.Ops > 0 {
		c.fail("a number of operations", "none: an open loop has a rate and a length", "workload", "phases", i, "operations")
	} else if p.For == 0 {
		c.fail("no length", "for: a duration", "workload", "phases", i)
	}
}

func (c check) closedPhase(i int, p Phase) {
	if p.Rate.From > 0 || p.Rate.To > 0 || p.Rate.Shape != nil {
		c.fail("a rate", "none: in a closed loop the workers set the pace", "workload", "phases", i, "rate")
	}
	switch {
	case p.For == 0 && p.Ops == 0:
		c.fail("no length", "for: a duration, or operations: a number", "workload", "phases", i)
	case p.For > 0 && p.Ops > 0:
		c.fail("for and operations", "one of them", "workload", "phases", i)
	case p.Ops > maxOps:
		c.fail(fmt.Sprintf("%d operations", p.Ops), fmt.Sprintf("at most %d", uint64(maxOps)), "workload", "phases", i, "operations")
	}
}

// maxOps bounds a closed phase, so that no sum of phases overflows.
const maxOps = 1_000_000_000_000_000
