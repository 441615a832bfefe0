package runner

import (
	"testing"

	"github.com/google/go-cmp/cmp"
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

func TestSegments(t *testing.T) {
	const snmp = "Ip: Forwarding DefaultTTL\nIp: 2 64\n" +
		"Tcp: RtoAlgorithm OutSegs RetransSegs InErrs\nTcp: 1 12132433 28257 0\nUdp: InDatagrams\nUdp: 5\n"
	for text, want := range map[string][2]uint64{
		snmp: {12132433, 28257}, "": {}, "Tcp: OutSegs RetransSegs\n": {}, "Tcp: OutSegs RetransSegs\nTcp: 5\n": {},
		"Tcp: OutSegs RetransSegs\nTcp: 5 x\n": {}, "Tcp: OutSegs\nTcp: 5\n": {},
	} {
		sent, again, ok := segments(text)
		if sent != want[0] || again != want[1] || ok != (want[0] > 0) {
			t.Errorf("%q: %d, %d, %v", text, sent, again, ok)
		}
	}
}
