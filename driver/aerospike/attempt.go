package aerospike

import (
	"context"
	"errors"
	"time"

	as "github.com/aerospike/aerospike-client-go/v7"

	"crossover/workload/op"
)

// A call is one kind of request, which an attempt sends.
type call uint8

const (
	callGet call = iota
	callPut
	callDelete
	callDeleteExisting
	callQuery
	callPage
	callChange // of one record, as session.change says
	callBatchRead
	callBatchWrite
)

func (k call) writes() bool {
	return k == callPut || k == callDelete || k == callDeleteExisting || k == callChange || k == callBatchWrite
}

// request sends a request until it is answered, its attempts are used up, or another attempt
// would be no use or not safe. It leaves the last attempt's class in out.
func (s *session) request(ctx context.Context, k call, out *op.Outcome) {
	retries := &s.c.cfg.Retries
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			if n == 1 {
				s.unsent(out, err)
			}
			return
		}
		if n == 1 {
			out.Requests++
		}
		j := s.send(ctx, k, out)
		if !j.again || n >= retries.Attempts || k.writes() && j.doubt && !retries.InDoubtWrites {
			return
		}
		if s.pause(ctx, n) != nil {
			return
		}
	}
}

// unsent is the outcome of a request for which there was no time left.
func (s *session) unsent(out *op.Outcome, err error) {
	out.Class, out.Reason, out.Err = op.Failed, "CANCELLED", err
	if errors.Is(err, context.DeadlineExceeded) {
		out.Class, out.Reason = op.Timeout, clientTimeout
	}
}

// send makes one attempt and records it.
func (s *session) send(ctx context.Context, k call, out *op.Outcome) judgement {
	start := s.c.clock.Now()
	existed, node, err := s.perform(ctx, k)
	latency := s.c.clock.Now() - start
	j := judge(err, latency >= s.c.cfg.Timeout || ctx.Err() != nil)
	switch {
	case j.class == op.NotFound && (k == callPut || k == callChange && !s.change.unconditional()):
		j = judgement{class: op.ConditionFailed, reason: "KEY_NOT_FOUND_ERROR"}
	case k == callDeleteExisting && err == nil && !existed:
		j = judgement{class: op.ConditionFailed, reason: "KEY_NOT_FOUND_ERROR"}
	case k == callDelete && err == nil && !existed, k == callQuery && err == nil && len(s.query.matches) == 0:
		j.class = op.NotFound
	case k == callBatchRead && err == nil && s.batch.done == 0:
		j.class = op.NotFound
	}
	out.Attempts = append(out.Attempts, op.Attempt{Start: start, Latency: latency, Class: j.class, Reason: j.reason})
	out.Class, out.Err = j.class, nil
	if j.class > op.ConditionFailed {
		out.Reason, out.Err = j.reason, err
	} else if out.Reason == "" {
		out.Reason = j.reason
	}
	if node == nil && err != nil {
		node = errorNode(err)
	}
	switch {
	case node != nil:
		out.Node = s.c.nodes.index(node)
	case k.writes() && k != callBatchWrite:
		out.Node = s.c.nodes.master(out.Partition)
	}
	return j
}

// perform calls the library once. existed is a delete's answer; node is the one that
// answered, where the library says so.
func (s *session) perform(ctx context.Context, k call) (existed bool, node *as.Node, err as.Error) {
	client := s.c.client
	switch k {
	case callGet:
		s.found, err = client.Get(s.reading, s.record.key, s.bins...)
		if err == nil {
			node = s.found.Node
		}
	case callPut:
		err = client.PutBins(s.writing, s.record.key, s.record.bins...)
	case callDelete, callDeleteExisting:
		existed, err = client.Delete(s.remove, s.record.key)
	case callQuery:
		err = s.query.perform(ctx, client)
	case callPage:
		err = s.page.perform(ctx, client)
	case callChange:
		err = s.change.perform(client, s.record.key)
	case callBatchRead, callBatchWrite:
		err = s.batch.perform(client)
	}
	return existed, node, err
}

// pause waits before attempt n+1: an even draw from 0 to base × 2^(n-1), at most max.
func (s *session) pause(ctx context.Context, n int) error {
	return s.c.clock.SleepUntil(ctx, s.c.clock.Now()+s.c.cfg.Retries.wait(n, s.random.Float64()))
}

// wait returns how long to wait after n failed attempts; u is drawn evenly from [0, 1).
func (r *Retries) wait(n int, u float64) time.Duration {
	bound := r.Base
	for range n - 1 {
		if bound >= r.Max/2 {
			bound = r.Max
			break
		}
		bound *= 2
	}
	return time.Duration(u * float64(min(bound, r.Max)))
}
