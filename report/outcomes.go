package report

import (
	"fmt"
	"maps"
	"slices"

	"crossover/results"
	"crossover/workload/op"
)

// outcomes shows what became of the operations, in sums that a reader can add up, and how
// the objectives fared.
func outcomes(d Doc) ([]section, error) {
	if len(d.Runs) == 0 {
		return nil, nil
	}
	s := section{ID: "outcomes", Title: "What became of the operations"}
	s.Blocks = append(s.Blocks,
		say("Warm-up is left out. Offered = sent + dropped + waiting; sent = the answers and failures "+
			"below it + no answer yet. An attempt is one request: retries and an operation's second "+
			"request are attempts of their own."),
		block{Table: sums(d.Runs)})
	s.Blocks = append(s.Blocks, objectiveBlocks(d.Runs)...)
	units, err := unitBlocks(d.Runs)
	if err != nil {
		return nil, err
	}
	s.Blocks = append(s.Blocks, units...)
	return []section{s}, nil
}

// sums is the table of outcomes by class, attempts and refusals.
func sums(runs []*results.Run) *tableBlock {
	s := newSideBySide(runs, "Operations and attempts", "counted")
	totals := map[*results.Run]results.Totals{}
	var reasons, failures []string
	for _, r := range runs {
		totals[r] = r.Totals()
		reasons = slices.AppendSeq(reasons, maps.Keys(totals[r].Throttles))
		failures = slices.AppendSeq(failures, maps.Keys(totals[r].Failures))
	}
	row := func(name string, value func(results.Totals) uint64) {
		s.row(name, func(r *results.Run) cell { return num(count(value(totals[r]))) })
	}
	row("operations offered", func(t results.Totals) uint64 { return t.Offered })
	row("— dropped, never sent: too late", func(t results.Totals) uint64 { return t.ByClass[op.Dropped.String()] })
	row("— waiting to be sent at the end", func(t results.Totals) uint64 { return t.Waiting })
	row("— sent", func(t results.Totals) uint64 { return t.Sent })
	for c := range op.ClassCount {
		name := c.String()
		if c == op.Dropped || c != op.OK && !anyOf(totals, func(t results.Totals) bool { return t.ByClass[name] > 0 }) {
			continue
		}
		row("— — "+classTitle(c), func(t results.Totals) uint64 { return t.ByClass[name] })
	}
	row("— — no answer yet at the end", func(t results.Totals) uint64 { return t.InFlight })
	row("attempts", func(t results.Totals) uint64 { return t.Attempts })
	s.row("attempts per operation sent", func(r *results.Run) cell {
		t := totals[r]
		if t.Sent == 0 {
			return num(missing)
		}
		return num(significant(float64(t.Attempts)/float64(t.Sent), 4))
	})
	slices.Sort(reasons)
	for _, k := range slices.Compact(reasons) {
		row("attempts refused: "+k, func(t results.Totals) uint64 { return t.Throttles[k] })
	}
	slices.Sort(failures)
	for _, k := range slices.Compact(failures) {
		row("attempts failed, "+k, func(t results.Totals) uint64 { return t.Failures[k] })
	}
	if anyOf(totals, func(t results.Totals) bool { return t.Overflow > 0 }) {
		row("latencies beyond the histogram's range, left out", func(t results.Totals) uint64 { return t.Overflow })
	}
	s.row("read units, as the target counted", func(r *results.Run) cell { return unitsCell(totals[r].ReadUnits) })
	s.row("write units, as the target counted", func(r *results.Run) cell { return unitsCell(totals[r].WriteUnits) })
	if anyOf(totals, func(t results.Totals) bool { return t.IndexReads+t.IndexWrites > 0 }) {
		s.row("of the read units, on secondary indexes", func(r *results.Run) cell { return unitsCell(totals[r].IndexReads) })
		s.row("of the write units, on secondary indexes", func(r *results.Run) cell { return unitsCell(totals[r].IndexWrites) })
	}
	s.row("item bytes sent", func(r *results.Run) cell { return num(bytesText(float64(totals[r].BytesOut))) })
	s.row("item bytes received", func(r *results.Run) cell { return num(bytesText(float64(totals[r].BytesIn))) })
	return s.table
}

// unitsCell is empty for a target that has no such units.
func unitsCell(v float64) cell {
	if v == 0 {
		return num("")
	}
	return num(quantity(v))
}

func anyOf(totals map[*results.Run]results.Totals, is func(results.Totals) bool) bool {
	for _, t := range totals {
		if is(t) {
			return true
		}
	}
	return false
}

func classTitle(c op.Class) string {
	switch c {
	case op.OK:
		return "succeeded"
	case op.NotFound:
		return "answered: no such item"
	case op.ConditionFailed:
		return "answered: condition did not hold"
	case op.Throttled:
		return "given up after throttling"
	case op.Overload:
		return "given up: server overloaded or key busy"
	case op.Timeout:
		return "timed out"
	case op.Dropped:
		return "dropped, never sent"
	}
	return "failed otherwise"
}

// objectiveBlocks hold the runs against the scenario's objectives. On a target that is not
// real an objective is met or missed by the model only, and is so marked.
func objectiveBlocks(runs []*results.Run) []block {
	t := &tableBlock{
		Caption: "Objectives; latencies are of response time",
		Head:    []string{"target", "objective", "limit", "seen", "result"},
	}
	for _, r := range runs {
		for _, o := range r.Manifest.Objectives {
			value := seen(r, amount(o.Seen, o.Unit))
			result := cell{Text: o.Result, Basis: runBasis(r), Doubt: runDoubt(r), Strong: o.Result == "missed"}
			if o.Result == "not enough samples" {
				value, result = num(missing), plain(objectiveNeed(r, o))
			}
			t.Rows = append(t.Rows, []cell{
				plain(runTitle(r)), plain(o.Name), num(limitText(o.Limit, o.Unit)), value, result,
			})
		}
	}
	out := []block{heading("Objectives")}
	if len(t.Rows) > 0 {
		out = append(out, block{Table: t})
	}
	for _, r := range runs {
		if len(r.Manifest.Objectives) > 0 {
			continue
		}
		if r.CutOff() {
			out = append(out, say(runTitle(r)+": the run was cut off before its objectives were judged."))
		} else {
			out = append(out, say(runTitle(r)+": the scenario states no objectives."))
		}
	}
	return out
}

// objectiveNeed says what would be enough samples for an objective.
func objectiveNeed(r *results.Run, o results.ObjectiveResult) string {
	var kind, name string
	if n, _ := fmt.Sscan(o.Name, &kind, &name); n == 2 {
		if q, ok := results.Quantile(name); ok {
			return notEnough(r, kind, r.Histogram(kind, results.Response, true).TotalCount(), q)
		}
	}
	return o.Result
}
