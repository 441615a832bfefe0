package runner

import (
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
		check(7, "generator healthy", !m.Health.Limited, health,
			"generator-limited: "+strings.Join(m.Health.Reasons, "; ")),
		{
			Rule: 10, Name: "expiry, backups, streams, indexes alike", Result: notApplicable,
			Detail: "this scenario's operations use none of them",
		},
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
