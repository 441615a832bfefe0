package aerospike

import (
	"cmp"
	"context"
	"slices"

	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/aerospike/aerospike-client-go/v7/types"

	"crossover/workload"
	"crossover/workload/op"
)

// A query reads the items of one partition key through the secondary index on bin pk. Its
// records come from all nodes in no order, all of them: the session sorts them and cuts them
// to the operation's limit, as DynamoDB does on its side of the wire.
type query struct {
	policy    *as.QueryPolicy
	statement *as.Statement
	matches   []match
}

// A match is a record that a query received.
type match struct {
	sk    string
	bytes uint64
}

func (c *cluster) newQuery() *query {
	p := as.NewQueryPolicy()
	p.BasePolicy = basePolicy(c.cfg.Timeout)
	return &query{policy: p, statement: as.NewStatement(c.cfg.Namespace, c.set)}
}

func (s *session) doQuery(ctx context.Context, o *op.Op, out *op.Outcome) {
	if s.query == nil {
		s.query = s.c.newQuery()
	}
	q := s.query
	s.record.address(o.Partition, 0)
	q.statement.Filter = as.NewEqualFilter(workload.AttrPartition, string(s.record.pk))
	s.request(ctx, callQuery, out)
	if out.Class != op.OK {
		return
	}
	slices.SortFunc(q.matches, func(a, b match) int { return cmp.Compare(a.sk, b.sk) })
	kept := q.matches[:min(len(q.matches), int(o.Limit))]
	for _, m := range kept {
		out.BytesIn += m.bytes
	}
	out.Items = len(kept)
	s.c.received.Add(uint64(len(q.matches)))
	s.c.returned.Add(uint64(len(kept)))
}

// perform runs the query once.
func (q *query) perform(ctx context.Context, client *as.Client) as.Error {
	q.matches = q.matches[:0]
	set, err := client.QueryPartitions(q.policy, q.statement, nil)
	if err != nil {
		return err
	}
	return receive(ctx, set, func(r *as.Record) {
		sk, _ := r.Bins[workload.AttrSort].(string)
		q.matches = append(q.matches, match{sk, itemBytes(r.Bins)})
	})
}

// receive passes each record of a set to f, and returns the first error in its place. When
// ctx ends, the library's requests are cancelled.
func receive(ctx context.Context, set *as.Recordset, f func(*as.Record)) (err as.Error) {
	for {
		select {
		case r, ok := <-set.Results():
			switch {
			case !ok:
				return err
			case r.Err == nil && err == nil:
				f(r.Record)
			case err == nil:
				err = r.Err
			}
		case <-ctx.Done():
			set.Close()
			return &as.AerospikeError{ResultCode: types.TIMEOUT}
		}
	}
}
