package aerospike

import (
	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/aerospike/aerospike-client-go/v7/types"

	"crossover/workload/op"
)

// clientTimeout is the reason of an attempt that the client gave up; "TIMEOUT" is a server's
// own answer.
const clientTimeout = "CLIENT_TIMEOUT"

// A judgement is what an attempt's error comes to.
type judgement struct {
	class  op.Class
	reason string // the library's name of the server's result code; "" for a success
	again  bool   // worth another attempt
	doubt  bool   // the request may have been carried out although it failed
}

// judgements are the result codes that mean something to a workload; every other code is
// Failed and not tried again. Codes: server source as/include/base/proto.h.
//
// OUT_OF_SPACE (8, which the library calls SERVER_MEM_ERROR) is the server's stop-writes. It
// is Failed and not Overload: no back-off of milliseconds ends it, and repeating the writes
// would hide that the namespace is full.
var judgements = map[types.ResultCode]judgement{
	types.OK:                  {class: op.OK},
	types.KEY_NOT_FOUND_ERROR: {class: op.NotFound},
	types.GENERATION_ERROR:    {class: op.ConditionFailed, reason: "GENERATION_ERROR"},
	types.KEY_EXISTS_ERROR:    {class: op.ConditionFailed, reason: "KEY_EXISTS_ERROR"},
	types.FILTERED_OUT:        {class: op.ConditionFailed, reason: "FILTERED_OUT"},
	types.KEY_BUSY:            {class: op.Overload, reason: "KEY_BUSY", again: true},
	types.XDR_KEY_BUSY:        {class: op.Overload, reason: "XDR_KEY_BUSY", again: true},
	types.DEVICE_OVERLOAD:     {class: op.Overload, reason: "DEVICE_OVERLOAD", again: true},
	types.BATCH_QUEUES_FULL:   {class: op.Overload, reason: "BATCH_QUEUES_FULL", again: true},
	types.QUERY_QUEUEFULL:     {class: op.Overload, reason: "QUERY_QUEUEFULL", again: true},
	types.QUOTA_EXCEEDED:      {class: op.Throttled, reason: "QUOTA_EXCEEDED", again: true},
	types.TIMEOUT:             {class: op.Timeout, reason: "TIMEOUT", again: true, doubt: true},
	types.QUERY_TIMEOUT:       {class: op.Timeout, reason: "QUERY_TIMEOUT", again: true},
	types.SERVER_MEM_ERROR:    {class: op.Failed, reason: "OUT_OF_SPACE"},
	types.NETWORK_ERROR:       {class: op.Failed, reason: "NETWORK_ERROR", again: true, doubt: true},
	types.PARTITION_UNAVAILABLE: {
		class: op.Failed, reason: "PARTITION_UNAVAILABLE", again: true,
	},
	types.CLUSTER_KEY_MISMATCH: {class: op.Failed, reason: "CLUSTER_KEY_MISMATCH", again: true},
	types.INVALID_NODE_ERROR:   {class: op.Failed, reason: "INVALID_NODE_ERROR", again: true},
	types.SERVER_NOT_AVAILABLE: {class: op.Failed, reason: "SERVER_NOT_AVAILABLE", again: true},
	// No connection in time: the request was not sent.
	types.NO_AVAILABLE_CONNECTIONS_TO_NODE: {
		class: op.Timeout, reason: "NO_AVAILABLE_CONNECTIONS_TO_NODE", again: true,
	},
}

// judge says what an attempt that ended in err comes to. expired says that it took as long as
// it was given, so that a timeout is the client's and not the server's answer.
func judge(err as.Error, expired bool) judgement {
	if err == nil {
		return judgements[types.OK]
	}
	code := cause(err)
	j, ok := judgements[code]
	if !ok {
		return judgement{class: op.Failed, reason: code.String()}
	}
	if code == types.TIMEOUT && expired {
		j.reason = clientTimeout
	}
	return j
}

// cause returns the code that ended a call. The library wraps the newest error around the
// older ones, and ends with MAX_RETRIES_EXCEEDED whenever an error would have allowed another
// attempt; a call that waited for a connection until its time was up ends with TIMEOUT around
// NO_AVAILABLE_CONNECTIONS_TO_NODE, and was never sent.
func cause(err as.Error) types.ResultCode {
	e, ok := err.(*as.AerospikeError)
	if !ok {
		return types.COMMON_ERROR
	}
	inner, _ := e.Unwrap().(*as.AerospikeError)
	if e.ResultCode == types.TIMEOUT && inner != nil && inner.ResultCode == types.NO_AVAILABLE_CONNECTIONS_TO_NODE {
		return inner.ResultCode
	}
	for e.ResultCode == types.MAX_RETRIES_EXCEEDED {
		if inner == nil {
			// A query or scan whose only trouble was that partitions had no owner to answer.
			return types.PARTITION_UNAVAILABLE
		}
		e = inner
		inner, _ = e.Unwrap().(*as.AerospikeError)
	}
	return e.ResultCode
}

// errorNode returns the node that an error names, or nil.
func errorNode(err as.Error) *as.Node {
	for e, ok := err.(*as.AerospikeError); ok && e != nil; e, ok = e.Unwrap().(*as.AerospikeError) {
		if e.Node != nil {
			return e.Node
		}
	}
	return nil
}
