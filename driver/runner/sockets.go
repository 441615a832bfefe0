package runner

import (
	"strconv"
	"strings"

	"crossover/driver"
)

// connectionErrors returns the attempts that a refused, lost or missing connection made fail,
// by reason: totals' failures are by "class: reason". nil where there were none.
func connectionErrors(failures map[string]uint64) map[string]uint64 {
	var out map[string]uint64
	for name, n := range failures {
		_, reason, _ := strings.Cut(name, ": ")
		if driver.ConnectionReasons[reason] == "" {
			continue
		}
		if out == nil {
			out = map[string]uint64{}
		}
		out[reason] += n
	}
	return out
}

// retransmitted returns the field RetransSegs of the Tcp lines of /proc/net/snmp: a line of
// names and a line of values (RFC 4022, tcpRetransSegs); false where there is none.
func retransmitted(snmp string) (segments uint64, ok bool) {
	var names []string
	for line := range strings.Lines(snmp) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] != "Tcp:" {
			continue
		}
		if names == nil {
			names = f
			continue
		}
		for i, name := range names {
			if name == "RetransSegs" && i < len(f) {
				n, err := strconv.ParseUint(f[i], 10, 64)
				return n, err == nil
			}
		}
	}
	return 0, false
}
