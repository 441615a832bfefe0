package drivertest

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"crossover/workload/op"
)

// mutantVariable names the mistake that a child process of TestSuiteFindsMistakes makes.
const mutantVariable = "CROSSOVER_DRIVERTEST_MUTANT"

// TestSuite runs the suite on a driver that does everything right, unless a mistake is asked
// for by TestSuiteFindsMistakes.
func TestSuite(t *testing.T) {
	Run(t, memSubject(os.Getenv(mutantVariable)))
}

// TestSuiteFindsMistakes runs the suite on drivers with one mistake each, in processes of
// their own, and expects the part of the suite that is about it to fail.
func TestSuiteFindsMistakes(t *testing.T) {
	if os.Getenv(mutantVariable) != "" {
		return // this is the child
	}
	for mutant, part := range map[string]string{
		"leak":      "TestSuite/description",
		"secret":    "TestSuite/description",
		"reset":     "TestSuite/mixed",
		"context":   "TestSuite/ended_context",
		"takeover":  "TestSuite/ownership/foreign",
		"drop":      "TestSuite/ownership/foreign",
		"body":      "TestSuite/loading",
		"meter":     "TestSuite/units",
		"units":     "TestSuite/units",
		"condition": "TestSuite/sort=true/condition=existence/reads=eventual",
		"upsert":    "TestSuite/sort=false/condition=none/reads=eventual",
		"page":      "TestSuite/sort=true/condition=none/reads=strong",
		"hidden":    "TestSuite/faulty",
	} {
		t.Run(mutant, func(t *testing.T) {
			pattern := "^" + strings.ReplaceAll(part, "/", "$/^") + "$"
			cmd := exec.Command(os.Args[0], "-test.run", pattern, "-test.timeout", "60s")
			cmd.Env = append(os.Environ(), mutantVariable+"="+mutant)
			text, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || !strings.Contains(string(text), "--- FAIL: "+part) {
				t.Errorf("the suite did not find it (%v):\n%s", err, text)
			}
		})
	}
}

func TestSound(t *testing.T) {
	ok := op.Attempt{Start: 2, Latency: 3}
	throttled := op.Attempt{Start: 6, Latency: 1, Class: op.Throttled, Reason: "Slow"}
	last := op.Attempt{Start: 8, Latency: 1}
	for _, c := range []struct {
		name string
		out  op.Outcome
		want string // part of the error; empty when the outcome is sound
	}{
		{"one attempt", op.Outcome{Requests: 1, Attempts: []op.Attempt{ok}}, ""},
		{"recovered", op.Outcome{Requests: 1, Reason: "Slow", Attempts: []op.Attempt{throttled, last}}, ""},
		{"not sent", op.Outcome{Class: op.Timeout, Reason: "ContextEnded", Err: errors.New("ended")}, ""},
		{"no attempt", op.Outcome{Requests: 1}, "0 attempts for 1 requests"},
		{"half an attempt log", op.Outcome{Requests: 2, Attempts: []op.Attempt{ok}}, "1 attempts for 2 requests"},
		{"retry's reason lost", op.Outcome{Requests: 1, Attempts: []op.Attempt{throttled, last}}, "the last failed attempt's"},
		{"failed without reason", op.Outcome{Requests: 1, Attempts: []op.Attempt{{Start: 2, Latency: 1, Class: op.Overload}, last}}, "without a reason"},
		{"gave up between requests", op.Outcome{Requests: 1, Class: op.Timeout, Reason: "ContextEnded", Err: errors.New("ended"), Attempts: []op.Attempt{ok}}, ""},
		{"class differs", op.Outcome{Requests: 1, Class: op.NotFound, Attempts: []op.Attempt{ok}}, "the last attempt is ok"},
		{"attempts overlap", op.Outcome{Requests: 2, Attempts: []op.Attempt{ok, {Start: 4, Latency: 1}}}, "attempt 2 of 2"},
		{"before it was sent", op.Outcome{Requests: 1, Attempts: []op.Attempt{{Start: 0, Latency: 1}}}, "attempt 1 of 1"},
		{"beyond its end", op.Outcome{Requests: 1, Attempts: []op.Attempt{{Start: 8, Latency: 9}}}, "attempt 1 of 1"},
		{"no latency", op.Outcome{Requests: 1, Attempts: []op.Attempt{{Start: 8}}}, "attempt 1 of 1"},
		{"dropped", op.Outcome{Class: op.Dropped}, "not a driver's"},
		{"success with error", op.Outcome{Requests: 1, Err: errors.New("left"), Attempts: []op.Attempt{ok}}, "with error"},
		{"failure without error", op.Outcome{Class: op.Failed, Reason: "x"}, "without an error"},
		{"failure without reason", op.Outcome{Class: op.Failed, Err: errors.New("x")}, "without a reason"},
		{"reason of nothing", op.Outcome{Requests: 1, Reason: "Slow", Attempts: []op.Attempt{ok}}, "although no attempt failed"},
		{"negative units", op.Outcome{Requests: 1, ReadUnits: -1, Attempts: []op.Attempt{ok}}, "negative units"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := sound(&op.Op{}, &c.out, 1, 10*time.Nanosecond, true)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
