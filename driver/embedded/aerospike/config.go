package aerospike

import (
	"strconv"
	"sync/atomic"
)

// A config is what set-config can change of the namespace, with the server's defaults
// (get-config of a Community Edition server, release 8.1.2).
type config struct {
	defaultTTL   atomic.Int64 // seconds; 0: records do not expire unless told
	nsupPeriod   atomic.Int64 // seconds; 0: nothing expires, and a time to live is refused
	maxRecord    atomic.Int64 // bytes on a device
	pendingLimit atomic.Int64 // writes of one key that may wait; 0: any number
}

// maxRecordLimit is what max-record-size may be at most: a write block, 8 MiB.
const maxRecordLimit = 8 << 20

func (c *config) reset() {
	c.nsupPeriod.Store(10)
	c.maxRecord.Store(1 << 20)
	c.pendingLimit.Store(20)
}

// dynamic returns the parameters that set-config changes, and their largest values.
func (c *config) dynamic() map[string]struct {
	value *atomic.Int64
	most  int64
} {
	type parameter = struct {
		value *atomic.Int64
		most  int64
	}
	return map[string]parameter{
		"default-ttl":               {&c.defaultTTL, maxTTL},
		"nsup-period":               {&c.nsupPeriod, 1<<31 - 1},
		"max-record-size":           {&c.maxRecord, maxRecordLimit},
		"transaction-pending-limit": {&c.pendingLimit, 1<<31 - 1},
	}
}

// set changes a parameter, and reports whether there is such a one and the value is allowed.
func (c *config) set(name, value string) bool {
	p, ok := c.dynamic()[name]
	if !ok {
		return false
	}
	v, err := strconv.ParseInt(value, 10, 64)
	if err != nil || v < 0 || v > p.most {
		return false
	}
	p.value.Store(v)
	return true
}

// values returns the parameters by their names.
func (c *config) values(v map[string]string) {
	for name, p := range c.dynamic() {
		v[name] = strconv.FormatInt(p.value.Load(), 10)
	}
}
