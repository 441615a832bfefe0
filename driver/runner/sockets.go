package runner

import (
	"slices"
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

// segments returns the fields OutSegs and RetransSegs of the Tcp lines of /proc/net/snmp, a
// line of names and one of values (RFC 4022, tcpOutSegs and tcpRetransSegs); false where they
// are not there.
func segments(snmp string) (sent, again uint64, ok bool) {
	var names, values []string
	for line := range strings.Lines(snmp) {
		if f := strings.Fields(line); len(f) > 0 && f[0] == "Tcp:" {
			names, values = values, f
		}
	}
	field := func(name string) (uint64, bool) {
		i := slices.Index(names, name)
		if i < 0 || i >= len(values) {
			return 0, false
		}
		n, err := strconv.ParseUint(values[i], 10, 64)
		return n, err == nil
	}
	sent, okSent := field("OutSegs")
	again, okAgain := field("RetransSegs")
	if !okSent || !okAgain {
		return 0, 0, false
	}
	return sent, again, true
}
