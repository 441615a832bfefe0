package main

import (
	"slices"
	"testing"
	"time"

	"crossover/driver/clock"
)

func TestTimeWait(t *testing.T) {
	const sockstat = "sockets: used 24\nTCP: inuse 10 orphan 0 tw 2150 alloc 10 mem 40\nUDP: inuse 0 mem 0\n"
	for text, want := range map[string]int{sockstat: 2150, "": 0, "TCP: inuse 10 tw\n": 0, "UDP: tw 3\n": 0, "TCP: tw x\n": 0} {
		if n, ok := timeWait(text); n != want || ok != (want > 0) {
			t.Errorf("%q: %d, %v", text, n, ok)
		}
	}
}

// A host on which every wake-up is exact is fit as far as timers go; doctor looks at both.
func TestDoctorLooksAtTimers(t *testing.T) {
	found := examineHost(t.Context(), clock.NewVirtual(time.Unix(0, 0)))
	for _, name := range []string{"waking from a 1 ms sleep", "the pacer's timer"} {
		if !slices.ContainsFunc(found, func(f finding) bool { return f.Name == name && f.Result == "ok" }) {
			t.Errorf("doctor does not find that %q is exact: %+v", name, found)
		}
	}
}
