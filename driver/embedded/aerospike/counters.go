package aerospike

import (
	"strconv"
	"sync/atomic"

	"crossover/driver/embedded/aerospike/wire"
)

// origin is where a transaction came from, as the statistics tell them apart.
type origin uint8

const (
	fromClient origin = iota
	fromProxy
	fromQuery // a background query
	fromBatch
	fromProxyBatch
	originCount
)

var originNames = [originCount]string{"client", "from_proxy", "ops_sub", "batch_sub", "from_proxy_batch_sub"}

// proxied returns the origin that the same transaction has on the node that it was sent on to.
func (o origin) proxied() origin {
	switch o {
	case fromClient:
		return fromProxy
	case fromQuery:
		return fromQuery // the server tells no proxied ones apart
	}
	return fromProxyBatch
}

func (o origin) batch() bool { return o >= fromBatch }

// action is what a transaction does to a record.
type action uint8

const (
	readAction action = iota
	writeAction
	deleteAction
	actionCount
)

var actionNames = [actionCount]string{"read", "write", "delete"}

// outcome is how the statistics count what came of a transaction.
type outcome uint8

const (
	succeeded outcome = iota
	failed
	timedOut
	notFound
	filteredOut
	outcomeCount
)

var outcomeNames = [outcomeCount]string{"success", "error", "timeout", "not_found", "filtered_out"}

// counters are one node's, since its start.
type counters struct {
	done [originCount][actionCount][outcomeCount]atomic.Uint64

	keyBusy, overload, generation, tooBig atomic.Uint64

	serviceErrors [originCount]atomic.Uint64 // refused before the transaction began
	proxied       [originCount]atomic.Uint64 // sent on to another node

	lastBin, expired                     atomic.Uint64
	batches, batchesDone, batchErrors    atomic.Uint64
	primaryDone, primaryErrors           atomic.Uint64 // queries by primary index: scans
	secondaryDone, secondaryErrors       atomic.Uint64 // queries by secondary index
	infoDone, malformed, earlyErrors     atomic.Uint64
	connectionsOpened, connectionsClosed atomic.Uint64

	backgroundDone [2][backgroundOutcomes]atomic.Uint64 // queries by primary index, by secondary index

	injected atomic.Uint64 // faults
}

// count notes what came of a transaction.
func (c *counters) count(o origin, a action, r wire.Result) {
	out := failed
	switch {
	case r == wire.OK:
		out = succeeded
	case r == wire.Timeout:
		out = timedOut
	case r == wire.NotFound && a != writeAction:
		out = notFound
	case r == wire.FilteredOut:
		out = filteredOut
	}
	c.done[o][a][out].Add(1)
	switch r {
	case wire.KeyBusy:
		c.keyBusy.Add(1)
	case wire.DeviceOverload:
		c.overload.Add(1)
	case wire.GenerationError:
		c.generation.Add(1)
	case wire.RecordTooBig:
		c.tooBig.Add(1)
	}
}

// A backgroundOutcome is how a background query ended.
type backgroundOutcome int

const (
	backgroundComplete backgroundOutcome = iota
	backgroundError
	backgroundAbort
	backgroundOutcomes
)

var backgroundNames = [backgroundOutcomes]string{"complete", "error", "abort"}

// background notes how a background query ended.
func (c *counters) background(byIndex bool, how backgroundOutcome) {
	kind := 0
	if byIndex {
		kind = 1
	}
	c.backgroundDone[kind][how].Add(1)
}

// total returns how many transactions of an action the node carried out, whatever came of them.
func (c *counters) total(a action) (n uint64) {
	for o := range c.done {
		for out := range c.done[o][a] {
			n += c.done[o][a][out].Load()
		}
	}
	return n
}

// values returns the namespace's statistics by their names.
func (c *counters) values(v map[string]string) {
	set := func(name string, n uint64) { v[name] = strconv.FormatUint(n, 10) }
	for o := range c.done {
		for a := range c.done[o] {
			for out := range c.done[o][a] {
				if action(a) == writeAction && outcome(out) == notFound || origin(o) == fromQuery && action(a) != writeAction {
					continue // the server counts a write that finds nothing as an error; a background query only writes
				}
				set(originNames[o]+"_"+actionNames[a]+"_"+outcomeNames[out], c.done[o][a][out].Load())
			}
		}
		set(originNames[o]+"_tsvc_error", c.serviceErrors[o].Load())
	}
	for kind, prefix := range []string{"pi", "si"} {
		for how, name := range backgroundNames {
			set(prefix+"_query_ops_bg_"+name, c.backgroundDone[kind][how].Load())
		}
	}
	set("client_proxy_complete", c.proxied[fromClient].Load())
	set("batch_sub_proxy_complete", c.proxied[fromBatch].Load())
	set("fail_key_busy", c.keyBusy.Load())
	set("fail_generation", c.generation.Load())
	set("fail_record_too_big", c.tooBig.Load())
	set("deleted_last_bin", c.lastBin.Load())
	set("expired_objects", c.expired.Load())
	set("pi_query_long_basic_complete", c.primaryDone.Load())
	set("pi_query_long_basic_error", c.primaryErrors.Load())
	set("si_query_long_basic_complete", c.secondaryDone.Load())
	set("si_query_long_basic_error", c.secondaryErrors.Load())
}
