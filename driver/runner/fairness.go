package runner

import (
	"encoding/json"
	"fmt"
	"strings"

	"crossover/results"
	"crossover/workload/op"
)

// The results of a check.
const (
	pass          = "pass"
	fail          = "fail"
	notApplicable = "not applicable"
)

// logical answers for the first rule's logical operations: what the mapping says is not alike on
// the two sides is printed; transactions that a target does as separate requests fail it.
func logical(m *results.Manifest) results.Check {
	c := results.Check{Rule: 1, Name: "same logical operations", Result: pass, Detail: "each operation asks the same of both sides"}
	var d described
	if err := json.Unmarshal(m.Mapping, &d); err != nil {
		c.Result, c.Detail = notApplicable, "there is no mapping to judge"
		return c
	}
	var unequal []string
	for _, r := range d.Rows {
		if r.Unequal != "" {
			unequal = append(unequal, r.Operation+": "+r.Unequal)
		}
	}
	if len(unequal) > 0 {
		c.Detail = "not alike, and printed with the mapping: " + strings.Join(unequal, "; ")
	}
	if m.Target.Settings["transactions"] == separateWrites {
		c.Result = fail
		c.Detail = "this target does transactions as separate requests, neither atomic nor isolated: an easier job. " + c.Detail
	}
	return c
}

// separateWrites is how a target says that it does transactions as separate requests.
const separateWrites = "separate_writes"

// described is what is read of workload/mapping's description.
type described struct {
	Indexes string `json:"indexes"`
	Rows    []struct {
		Operation string `json:"operation"`
		Unequal   string `json:"not alike"`
	} `json:"rows"`
}

// alike answers for the tenth rule.
func alike(m *results.Manifest) results.Check {
	c := results.Check{
		Rule: 10, Name: "expiry, backups, streams, indexes alike", Result: notApplicable,
		Detail: "this scenario's operations use none of them",
	}
	var d described
	if json.Unmarshal(m.Mapping, &d) == nil && d.Indexes != "" {
		c.Result, c.Detail = pass, "secondary indexes on both sides: "+d.Indexes
	}
	return c
}

// fairness answers those rules of docs/fairness.md that one run can answer; the others need
// both sides.
func fairness(m *results.Manifest, open, warmed bool, kinds [op.KindCount]*sum) []results.Check {
	check := func(rule int, name string, ok bool, good, bad string) results.Check {
		if ok {
			return results.Check{Rule: rule, Name: name, Result: pass, Detail: good}
		}
		return results.Check{Rule: rule, Name: name, Result: fail, Detail: bad}
	}
	health := "the generator was healthy, connections were opened before recording"
	if !warmed {
		health = "the generator was healthy; the driver cannot open connections beforehand, the warm-up phase does"
	}
	out := []results.Check{
		check(1, "same stream, mapping printed", m.StreamDigest != "" && len(m.Mapping) > 0,
			"stream "+m.StreamDigest+", mapping in the manifest",
			"the stream's digest or the mapping of operations is missing"),
		logical(m),
		check(7, "generator healthy", !m.Health.Limited, health,
			"generator-limited: "+strings.Join(m.Health.Reasons, "; ")),
		alike(m),
		check(11, "versions printed", m.Target.Client != "" && m.Target.Identity != "",
			fmt.Sprintf("%s, client %s, host %s, %s", m.Target.Identity, m.Target.Client, m.Host["kernel"], m.Host["go"]),
			"the driver does not say what its target or its client library is"),
		check(12, "open loop", open, "every operation had an intended start, fixed before the run",
			"closed loop: its response time is service time, and falls with the load when the database slows"),
	}
	few := fewSamples(kinds)
	detail := "response time from merged histograms, failures apart; every kind has the samples for a p99"
	if len(few) > 0 {
		detail = "not enough samples: " + strings.Join(few, "; ")
	}
	return append(out, check(13, "percentiles carried by samples", len(few) == 0, detail, detail))
}
