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

// A query reads the items of one partition key, or of one value of an indexed attribute, through
// a secondary index on its bin. Its records come from all nodes in no order, all of them: the
// session sorts them and cuts them to the operation's limit, as DynamoDB does on its side of the
// wire.
type query struct {
	policy    *as.QueryPolicy
	statement *as.Statement
	sort      string          // the bin that orders what is returned; "" is no order
	returned  map[string]bool // bins that count as received; nil are all
	reverse   bool
	number    bool // what is asked for is a number
	matches   []match
	verify    bool // the query under way is verified
}

// A match is a record that a query received.
type match struct {
	text   string // of the bin that orders, or
	number float64
	bytes  uint64
	bins   as.BinMap // of a verified query
}

// newQuery returns the query of a kind: of the table by its partition key, or of an index.
func (s *session) newQuery(k op.Kind) *query {
	sc := s.c.sc
	ask := sc.Ask(k)
	p := as.NewQueryPolicy()
	p.BasePolicy = basePolicy(s.c.cfg.Timeout)
	if ask.Filter != nil {
		p.FilterExpression = expression(ask.Filter)
	}
	q := &query{policy: p, statement: as.NewStatement(s.c.cfg.Namespace, s.c.set), sort: workload.AttrSort, reverse: ask.Reverse}
	if k == op.QueryIndex {
		x := &sc.Indexes[ask.On]
		q.sort = x.Sort
		q.number = x.Global() && indexType(sc, x.Partition) == as.NUMERIC
	}
	if names := s.binNames(ask.Project); names != nil {
		q.returned = map[string]bool{}
		for _, n := range names {
			q.returned[n] = true
		}
		if q.sort != "" && !q.returned[q.sort] {
			names = append(names, q.sort) // to sort by
		}
		q.statement.BinNames = names
	}
	return q
}

func (s *session) doQuery(ctx context.Context, o *op.Op, out *op.Outcome) {
	if s.queries[o.Kind] == nil {
		s.queries[o.Kind] = s.newQuery(o.Kind)
	}
	s.record.address(o.Partition, 0)
	s.query = s.queries[o.Kind]
	s.query.statement.Filter = as.NewEqualFilter(workload.AttrPartition, string(s.record.pk))
	s.ask(ctx, o, out)
}

// queryIndex reads the items that have the operation's value in an index: a global one by its
// partition attribute's bin, a local one by the partition key's.
func (s *session) queryIndex(ctx context.Context, o *op.Op, out *op.Outcome) {
	x := &s.c.sc.Indexes[o.Asked().On]
	if !x.Global() {
		s.doQuery(ctx, o, out)
		return
	}
	if s.queries[o.Kind] == nil {
		s.queries[o.Kind] = s.newQuery(o.Kind)
	}
	s.query = s.queries[o.Kind]
	if s.query.number {
		s.query.statement.Filter = as.NewEqualFilter(x.Partition, integer(o.Value))
	} else {
		s.query.statement.Filter = as.NewEqualFilter(x.Partition, string(o.Value))
	}
	s.ask(ctx, o, out)
}

// ask sends the query under way, and sorts and cuts what it received.
func (s *session) ask(ctx context.Context, o *op.Op, out *op.Outcome) {
	q := s.query
	q.verify = o.Verify
	s.request(ctx, callQuery, out)
	if out.Class != op.OK {
		return
	}
	slices.SortFunc(q.matches, func(a, b match) int {
		if q.reverse {
			a, b = b, a
		}
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.text, b.text))
	})
	kept := q.matches[:min(len(q.matches), int(o.Limit))]
	for _, m := range kept {
		out.BytesIn += m.bytes
		if o.Verify {
			s.verifyEach(out, m.bins)
		}
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
		m := match{bytes: q.bytes(r.Bins)}
		if q.verify {
			m.bins = r.Bins
		}
		switch v := r.Bins[q.sort].(type) {
		case string:
			m.text = v
		case int:
			m.number = float64(v)
		case float64:
			m.number = v
		}
		q.matches = append(q.matches, m)
	})
}

// bytes returns the bytes of what a received record has of the bins that were asked for.
func (q *query) bytes(bins as.BinMap) uint64 {
	if q.returned == nil {
		return itemBytes(bins)
	}
	n := 0
	for name, v := range bins {
		if q.returned[name] {
			n += len(name) + valueBytes(v)
		}
	}
	return uint64(n)
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
