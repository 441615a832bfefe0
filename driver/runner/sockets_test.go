package runner

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crossover/driver/clock"
)

func TestConnectionErrors(t *testing.T) {
	got := connectionErrors(map[string]uint64{
		"failed: ConnectionReset": 3, "timeout: ConnectionReset": 1, "failed: NETWORK_ERROR": 2,
		"failed: OUT_OF_SPACE": 9, "overload: KEY_BUSY": 4,
	})
	if diff := cmp.Diff(map[string]uint64{"ConnectionReset": 4, "NETWORK_ERROR": 2}, got); diff != "" {
		t.Error(diff)
	}
	if got := connectionErrors(map[string]uint64{"failed: OUT_OF_SPACE": 9}); got != nil {
		t.Errorf("errors that the database answered count as the connection's: %v", got)
	}
}

func TestRetransmitted(t *testing.T) {
	const snmp = "Ip: Forwarding DefaultTTL\nIp: 2 64\n" +
		"Tcp: RtoAlgorithm ActiveOpens RetransSegs InErrs\nTcp: 1 328828 28257 0\nUdp: InDatagrams\nUdp: 5\n"
	for text, want := range map[string]uint64{
		snmp: 28257, "": 0, "Tcp: RetransSegs\n": 0, "Tcp: RetransSegs\nTcp:\n": 0, "Tcp: RetransSegs\nTcp: x\n": 0,
	} {
		if n, ok := retransmitted(text); n != want || ok != (want > 0) {
			t.Errorf("%q: %d, %v", text, n, ok)
		}
	}
}

func TestWakeups(t *testing.T) {
	c := clock.NewVirtual(time.Unix(0, 0))
	late := lateWaker{c, 300 * time.Microsecond}
	p50, most := wakeups(t.Context(), late, 10*time.Millisecond)
	if p50 != 300*time.Microsecond || most != p50 {
		t.Errorf("p50 %v, most %v, want 300µs", p50, most)
	}
	if now := c.Now(); now > 10*time.Millisecond+300*time.Microsecond || now < 5*time.Millisecond {
		t.Errorf("it went on until %v", now)
	}
	if p50, most := wakeups(t.Context(), late, c.Now()); p50 != 0 || most != 0 {
		t.Errorf("no time for a wait: %v, %v", p50, most)
	}
}

// A lateWaker wakes late by the same time after every sleep.
type lateWaker struct {
	*clock.Virtual
	by time.Duration
}

func (l lateWaker) SleepUntil(ctx context.Context, at time.Duration) error {
	return l.Virtual.SleepUntil(ctx, at+l.by)
}
