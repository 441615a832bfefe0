package dynamodb

import "sync/atomic"

// The faults by their names in ParseFaults, in the order of injected.
var faultNames = [...]string{"throttle", "error500", "reset", "delay", "corrupt", "stale", "slow"}

const (
	countThrottle = iota
	countError500
	countReset
	countDelay
	countCorrupt
	countStale
	countSlow
)

// injected counts the requests that met each fault.
type injected [len(faultNames)]atomic.Uint64

// counts returns those that are not 0, by name.
func (n *injected) counts() map[string]uint64 {
	out := map[string]uint64{}
	for i := range n {
		if x := n[i].Load(); x > 0 {
			out[faultNames[i]] = x
		}
	}
	return out
}

// note counts what was drawn for a request.
func (n *injected) note(c *call, held bool) {
	switch c.fault {
	case throttleFault:
		n[countThrottle].Add(1)
	case errorFault:
		n[countError500].Add(1)
	case resetFault:
		n[countReset].Add(1)
	}
	if held {
		n[countDelay].Add(1)
	}
}
