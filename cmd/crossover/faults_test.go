package main

import (
	"path/filepath"
	"testing"
)

func TestFaultsShowAsAttempts(t *testing.T) {
	path := write(t, "faults.yaml", small(`, faults: "throttle=10%,error500=5%,reset=3%"`, `, faults: "overload=10%,timeout=3%,reset=3%"`))
	out := filepath.Join(t.TempDir(), "out")
	code, _, stderr := crossover(t, "run", path, "--out", out)
	if code != exitOK && code != exitMissed && code != exitUntrusted {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	for _, target := range []string{"dynamodb", "aerospike"} {
		m := open(t, out, target).Manifest
		if err := m.Totals.Check(); err != nil {
			t.Errorf("%s: %v", target, err)
		}
		if m.Totals.Attempts <= m.Totals.Sent {
			t.Errorf("%s: %d attempts for %d operations: injected faults must show as attempts", target, m.Totals.Attempts, m.Totals.Sent)
		}
		var named uint64
		for _, n := range m.Totals.Throttles {
			named += n
		}
		for _, n := range m.Totals.Failures {
			named += n
		}
		if named == 0 {
			t.Errorf("%s: no attempt failed by name: %+v", target, m.Totals)
		}
		if target == "dynamodb" && len(m.Totals.Throttles) == 0 {
			t.Errorf("dynamodb: no throttle by its reason: %+v", m.Totals.Failures)
		}
	}
}
