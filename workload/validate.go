package workload

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"crossover/workload/op"
)

// validate checks what one value alone can't show.
func validate(d *Decoder, sc *Scenario, doc *yaml.Node) {
	c := check{d, doc}
	if sc.Version != Version {
		c.fail("version", fmt.Sprintf("version %d", sc.Version), fmt.Sprintf("%d", Version))
	}
	if !tableName.MatchString(sc.Name) {
		c.fail("name", fmt.Sprintf("%q", sc.Name), "letters, digits, dashes, dots and underscores, 63 at most")
	}
	c.dataset(sc)
	c.operations(sc)
	c.hot(sc)
	c.arrival(sc)
	for path, note := range sc.Sources {
		if note.Basis != "measured" && note.Basis != "modelled" && note.Basis != "assumed" {
			c.fail("sources."+path+".basis", fmt.Sprintf("%q", note.Basis), "measured, modelled or assumed")
		}
	}
}

type check struct {
	d   *Decoder
	doc *yaml.Node
}

// fail reports a problem at the node that path names, or at the nearest one above it.
func (c check) fail(path, found, expected string) {
	n := c.doc
	for _, key := range strings.Split(path, ".") {
		index := -1
		if at := strings.IndexByte(key, '['); at >= 0 {
			if _, err := fmt.Sscanf(key[at:], "[%d]", &index); err == nil {
				key = key[:at]
			}
		}
		next := child(n, key)
		if next == nil {
			break
		}
		n = next
		if index >= 0 && n.Kind == yaml.SequenceNode && index < len(n.Content) {
			n = n.Content[index]
		}
	}
	c.d.fail(n, path, found, expected, "")
}

// child returns the value of a key in a mapping, or nil.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func (c check) dataset(sc *Scenario) {
	ds := &sc.Dataset
	if strings.Count(ds.Key.Partition, "{id}") != 1 {
		c.fail("dataset.key.partition", fmt.Sprintf("%q", ds.Key.Partition), "a template with {id} in it once")
	}
	low, high := sc.sizeBounds()
	if high > MaxItemBytes {
		c.fail("dataset.size", fmt.Sprintf("sizes up to %d bytes", high), fmt.Sprintf("at most %d (400 KiB), DynamoDB's limit for an item", MaxItemBytes))
	}
	if need := sc.minItemBytes(); ds.Size.Lognormal == nil && low < need {
		c.fail("dataset.size", fmt.Sprintf("sizes from %d bytes", low), fmt.Sprintf("at least %d: keys, attribute names and one byte for each of %d attributes", need, ds.Attributes))
	}
	if u := ds.Size.Uniform; u != nil && u.Min > u.Max {
		c.fail("dataset.size.uniform", fmt.Sprintf("min %d above max %d", u.Min, u.Max), "min at most max")
	}
	if l := ds.Size.Lognormal; l != nil && (l.Median == 0 || l.P99 < l.Median || l.Max < l.Median) {
		c.fail("dataset.size.lognormal", fmt.Sprintf("median %d, p99 %d, max %d", l.Median, l.P99, l.Max), "0 < median <= p99 and median <= max")
	}
}

func (c check) operations(sc *Scenario) {
	w := &sc.Workload
	if w.Write.Condition == "version" && w.Operations[op.ReadModifyWrite] == 0 {
		c.fail("workload.write.condition", `"version" without a share of read_modify_write`, "none or existence, or a read_modify_write to compare versions in")
	}
	if w.Keys.Latest != nil && w.Operations[op.Insert] == 0 && w.Operations[op.Delete] > 0 {
		c.fail("workload.keys.latest", "deletes without inserts", "inserts too, or else nothing is ever new")
	}
	if _, _, err := deckOf(w.Operations); err != nil {
		c.fail("workload.operations", err.Error(), "shares in whole hundredths of a percent")
	}
	for k, limits := range sc.Objectives.Latency {
		for name, limit := range limits {
			if limit <= 0 {
				c.fail("objectives."+k.String()+"."+name, limit.String(), "a limit above 0")
			}
		}
		if w.Operations[k] == 0 {
			c.fail("objectives."+k.String(), "an objective for an operation with no share", "only operations that the workload has")
		}
	}
}

func (c check) hot(sc *Scenario) {
	for i, h := range sc.Workload.Hot {
		path := fmt.Sprintf("workload.hot[%d]", i)
		if h.Key >= sc.Dataset.Items {
			c.fail(path+".key", fmt.Sprintf("item %d", h.Key), fmt.Sprintf("an item below dataset.items, %d", sc.Dataset.Items))
		}
		if h.Share <= 0 || h.Share >= 1 {
			c.fail(path+".share", fmt.Sprintf("%g%%", 100*h.Share), "above 0% and below 100%")
		}
		if h.To != 0 && h.To <= h.From {
			c.fail(path+".to", h.To.String(), "a time after from, "+h.From.String())
		}
		if sc.Workload.Arrival.Closed != nil && (h.From != 0 || h.To != 0) {
			c.fail(path, "times in a closed loop", "no from and to: a closed loop has no planned times")
		}
		sum := 0.0
		for _, other := range sc.Workload.Hot {
			if other.From <= h.From && (other.To == 0 || other.To > h.From) {
				sum += other.Share
			}
		}
		if sum >= 1 {
			c.fail(path+".share", fmt.Sprintf("hot keys that take %g%% at %v", 100*sum, h.From), "below 100% at any time")
		}
	}
}

func (c check) arrival(sc *Scenario) {
	w := &sc.Workload
	if (w.Arrival.Open == nil) == (w.Arrival.Closed == nil) {
		c.fail("workload.arrival", "open and closed both given or neither", "exactly one of open and closed")
		return
	}
	if len(w.Phases) == 0 {
		c.fail("workload.phases", "no phases", "at least one")
	}
	recorded := false
	for i, p := range w.Phases {
		path := fmt.Sprintf("workload.phases[%d]", i)
		recorded = recorded || p.Record
		rated := p.Rate.From > 0 || p.Rate.To > 0
		switch {
		case w.Arrival.Open != nil && !rated:
			c.fail(path, "no rate", "a rate: the loop is open")
		case w.Arrival.Open != nil && p.Ops > 0:
			c.fail(path+".operations", "a number of operations", "none: an open loop has a rate and a length")
		case w.Arrival.Closed != nil && rated:
			c.fail(path+".rate", "a rate", "none: in a closed loop the workers set the pace")
		case p.For == 0 && p.Ops == 0:
			c.fail(path, "no length", "for: a duration (or operations: in a closed loop)")
		case p.For > 0 && p.Ops > 0:
			c.fail(path, "for and operations", "one of them")
		}
	}
	if len(w.Phases) > 0 && !recorded {
		c.fail("workload.phases", "no phase with record: true", "at least one that is recorded")
	}
}
