package aerospike

import (
	"context"
	"encoding/binary"
	"time"

	"crossover/driver/embedded/aerospike/expression"
	"crossover/driver/embedded/aerospike/store"
	"crossover/driver/embedded/aerospike/wire"
)

// queryThreads is how many records of one query are read at a time (single-query-threads).
const queryThreads = 4

// queryPage is how many records are taken from a partition at a time.
const queryPage = 64

// A query is one scan, or query by secondary index, of some partitions, under way.
type query struct {
	wire.Query
	set     []byte
	index   *store.Index // nil: the primary index
	of      store.Range  // of the index
	noBins  bool
	filter  *expression.Expression // nil: none
	now     time.Duration
	start   int // of the message being gathered
	job     *job
	threads [queryThreads]time.Duration // when each is free
	sent    uint64                      // records
}

// query answers a scan or a query by partition.
func (s *session) query(ctx context.Context, now time.Duration) error {
	if s.message.Info2&wire.Info2Write != 0 {
		return s.background(now)
	}
	if !s.message.Has(wire.FieldPIDs, wire.FieldDigests) {
		return s.refuse(wire.Unsupported) // neither a record nor partitions: scans of old
	}
	q, r := s.newQuery(now)
	c, hist := &s.node.counters, histPrimaryQuery
	done, failures := &c.primaryDone, &c.primaryErrors
	if s.message.Has(wire.FieldIndexRange) {
		hist, done, failures = histSecondaryQuery, &c.secondaryDone, &c.secondaryErrors
	}
	if r != wire.OK {
		failures.Add(1)
		return s.answer(&wire.Header{Info3: wire.Info3Last, Result: r})
	}
	q.job = s.newJob(&q.Query, jobBasic, now)
	s.node.jobs.begin(q.job)
	err := s.answerQuery(ctx, &q)
	end := s.node.cluster.options.Clock.Now()
	switch {
	case err != nil:
		failures.Add(1)
		s.node.jobs.end(q.job, "done(abandoned-response-error)", end)
	case q.job.aborted.Load():
		failures.Add(1)
		s.node.jobs.end(q.job, "done(user-aborted)", end)
	default:
		done.Add(1)
		s.node.jobs.end(q.job, "done(ok)", end)
		s.node.latency.list[hist].add(end, end-now)
	}
	return err
}

// answerQuery sends what every partition has.
func (s *session) answerQuery(ctx context.Context, q *query) error {
	s.out, q.start = wire.Begin(s.out[:0])
	last := wire.Header{Info3: wire.Info3Last}
	for _, p := range q.Partitions {
		if q.MaxRecords > 0 && q.sent >= q.MaxRecords {
			break
		}
		if q.job.aborted.Load() {
			last.Result = wire.QueryAborted
			break
		}
		if err := s.partition(ctx, q, p); err != nil {
			return err
		}
		q.job.partitions.Add(1)
	}
	s.out = wire.AppendHeader(s.out, &last)
	return s.flush(ctx, q)
}

// newQuery reads what the message asks for, and refuses what is not carried out here.
func (s *session) newQuery(now time.Duration) (query, wire.Result) {
	m := &s.message
	if ns, ok := m.Field(wire.FieldNamespace); !ok || string(ns) != s.node.cluster.options.Namespace {
		return query{}, wire.InvalidNamespace
	}
	if m.Has(wire.FieldUDFPackage, wire.FieldUDFFunction, wire.FieldUDFOp) {
		return query{}, wire.Unsupported // aggregations
	}
	q := query{now: now, noBins: m.Info1&wire.Info1GetNoBins != 0}
	var r wire.Result
	if q.filter, r = s.filters.of(m); r != wire.OK {
		return query{}, r
	}
	for i := range q.threads {
		q.threads[i] = now
	}
	var err error
	if q.Query, err = wire.ParseQuery(m); err != nil {
		return query{}, wire.ParameterError
	}
	q.set, _ = m.Field(wire.FieldSet)
	action := readAction
	if m.Info2&wire.Info2Write != 0 {
		action = writeAction
	}
	if r = s.permits(m, action); r != wire.OK {
		return query{}, r
	}
	reading := m.Info2&wire.Info2Write == 0 // a background query's operations are looked at by itself
	var op wire.Op
	for ops := m.Operations(); ops.Next(&op); {
		if reading && op.Code != wire.OpRead {
			return query{}, wire.ParameterError
		}
	}
	if q.Range != nil {
		return q, s.node.findIndex(m, &q)
	}
	return q, wire.OK
}

// partition sends one partition's records, or that it is not to be had here.
func (s *session) partition(ctx context.Context, q *query, p wire.Partition) error {
	c := s.node.cluster
	marker := wire.Header{Info3: wire.Info3PartitionDone, Generation: uint32(p.ID)}
	if m := c.partitions(); m.replica(p.ID, s.node.number) < 0 || !m.has(p.ID, s.node.number) {
		marker.Result = wire.PartitionUnavailable
		s.out = wire.AppendHeader(s.out, &marker)
		return nil
	}
	for more := true; more; {
		limit := queryPage
		if q.MaxRecords > 0 {
			limit = int(min(uint64(limit), q.MaxRecords-q.sent))
		}
		if limit == 0 {
			return nil
		}
		second := c.calendar.seconds(q.now)
		if q.index == nil {
			s.page, more = c.store.Page(s.page[:0], p, q.set, second, limit)
		} else {
			s.page, more = c.store.PageIndex(s.page[:0], q.index, &q.of, p, q.set, second, limit)
		}
		for i := range s.page {
			if passes(q.filter, &s.page[i].Record, s.page[i].Set, c.calendar.millis(q.now)) {
				if err := s.record(ctx, q, &s.page[i]); err != nil {
					return err
				}
			}
			p = wire.Partition{ID: p.ID, Resume: true, After: s.page[i].Digest, BVal: s.page[i].BVal}
		}
	}
	if !q.NoPartitionDone {
		s.out = wire.AppendHeader(s.out, &marker)
	}
	return nil
}

// record appends one record, read by the thread that is free first.
func (s *session) record(ctx context.Context, q *query, r *store.Snapshot) error {
	n := s.node
	if !q.noBins {
		thread := &q.threads[0]
		for i := range q.threads {
			if q.threads[i] < *thread {
				thread = &q.threads[i]
			}
		}
		m := n.cluster.partitions()
		position := m.position(&r.Record)
		if m.replica(r.Digest.Partition(), n.number) != 0 {
			position = 0
		}
		*thread = n.devices.read(*thread, &r.Digest, int(r.Device), position)
	}
	q.sent++
	q.job.succeeded.Add(1)
	if q.RecordsPerSecond > 0 {
		pace := q.now + time.Duration(float64(q.sent)/float64(q.RecordsPerSecond)*float64(time.Second))
		for i := range q.threads {
			q.threads[i] = max(q.threads[i], pace)
		}
	}
	s.out = q.appendRecord(s.out, s.node, &s.message, r)
	// Reads are put to the devices for a time that lies ahead: never far.
	if len(s.out) >= chunk || q.sent%queryPage == 0 {
		return s.flush(ctx, q)
	}
	return nil
}

// flush sends what was gathered, once it would have been read, and begins anew.
func (s *session) flush(ctx context.Context, q *query) error {
	until := q.now
	for _, t := range q.threads {
		until = max(until, t)
	}
	if err := s.wait(ctx, until); err != nil {
		return err
	}
	now := s.node.cluster.options.Clock.Now()
	for i := range q.threads {
		q.threads[i] = max(q.threads[i], now)
	}
	wire.End(s.out, q.start, wire.TypeMessage)
	q.job.sent.Add(int64(len(s.out)))
	if err := s.send(); err != nil {
		return err
	}
	s.out, q.start = wire.Begin(s.out[:0])
	return nil
}

// appendRecord appends one record of a query's answer: what identifies it, and its bins.
func (q *query) appendRecord(out []byte, n *Node, m *wire.Message, r *store.Snapshot) []byte {
	at := len(out)
	h := wire.Header{Generation: uint32(r.Generation), TTL: r.VoidTime, Fields: 2}
	out = wire.AppendHeader(out, &h)
	ns, _ := m.Field(wire.FieldNamespace)
	out = wire.AppendField(out, wire.FieldNamespace, ns)
	if r.Set != "" {
		h.Fields++
		out = wire.AppendField(out, wire.FieldSet, []byte(r.Set))
	}
	out = wire.AppendField(out, wire.FieldDigest, r.Digest[:])
	if key := r.Key(); key != nil {
		h.Fields++
		out = wire.AppendField(out, wire.FieldKey, key)
	}
	if q.index != nil {
		h.Fields++
		var value [8]byte
		binary.LittleEndian.PutUint64(value[:], uint64(r.BVal))
		out = wire.AppendField(out, wire.FieldBVals, value[:])
	}
	if !q.noBins {
		out = appendBins(out, n, m, r, &h)
	}
	wire.AppendHeader(out[:at], &h)
	return out
}

// appendBins appends the bins that the message names, or all.
func appendBins(out []byte, n *Node, m *wire.Message, r *store.Snapshot, h *wire.Header) []byte {
	if m.Ops == 0 {
		v := n.bins(&r.Digest, &r.Record)
		h.Ops = int(v.count)
		return append(out, v.bins...)
	}
	var op, bin wire.Op
	for ops := m.Operations(); ops.Next(&op); {
		for bins := r.Ops(); bins.Next(&bin); {
			if string(bin.Name) == string(op.Name) {
				out = wire.AppendOp(out, wire.OpRead, bin.Type, bin.Name, bin.Value)
				h.Ops++
				break
			}
		}
	}
	return out
}
