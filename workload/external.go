package workload

import (
	"gopkg.in/yaml.v3"

	"crossover/workload/arrival"
	"crossover/workload/op"
)

// useInputs parses what files or long texts hold, and takes the operations' shares from a trace
// where the scenario leaves them to it.
func (sc *Scenario) useInputs(d *Decoder, doc *yaml.Node) {
	sc.Inputs = d.inputs
	template := sc.Dataset.Key.Partition
	for _, p := range d.traces {
		p.parse(d, template)
	}
	for _, p := range d.histograms {
		p.parse(d, template)
	}
	d.traces, d.histograms = nil, nil
	operations := descend(doc, "workload", "operations")
	if operations == nil || operations.Kind != yaml.ScalarNode || operations.Value != "trace" {
		return
	}
	t := sc.Workload.Keys.Trace
	switch {
	case t == nil:
		d.Fail(operations, "workload.operations", "shares of operations; or else keys: {trace: …} to take them from", "")
	case t.rows == nil: // which has been said
		t.Operations = true
	case t.rows.kind == nil:
		d.fail(operations, "workload.operations", "a trace without operations", "shares of operations, or a column operation in the trace", "")
	default:
		t.Operations = true
		var counts [op.KindCount]uint64
		for _, k := range t.rows.kind {
			counts[k]++
		}
		for k, n := range counts {
			sc.Workload.Operations[k] = float64(n) / float64(len(t.rows.kind))
		}
	}
}

// descend returns what the keys lead to, or nil.
func descend(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		if n == nil {
			return nil
		}
		n = child(n, key)
	}
	return n
}

// tracedOperations returns the trace that the operations' kinds come from, or nil.
func (w *Workload) tracedOperations() *Trace {
	if t := w.Keys.Trace; t != nil && t.Operations {
		return t
	}
	return nil
}

// tracedTimes returns the trace that the operations' times come from, or nil.
func (w *Workload) tracedTimes() *Trace {
	if w.Arrival.Open != nil && w.Arrival.Open.Process == string(arrival.Trace) {
		return w.Keys.Trace
	}
	return nil
}

// settleRates gives every phase whose rate is a shape, or a trace's, the mean that it has.
func (sc *Scenario) settleRates() {
	phases := sc.Workload.Phases
	if sc.Workload.tracedTimes() == nil {
		for i := range phases {
			phases[i].settle()
		}
		return
	}
	plan := NewPlan(sc)
	for i := range phases {
		rate := float64(plan.FirstIndex(i+1)-plan.FirstIndex(i)) / phases[i].For.Seconds()
		phases[i].Rate = Rate{From: rate, To: rate}
	}
}
