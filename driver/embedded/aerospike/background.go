package aerospike

import (
	"context"
	"slices"
	"time"

	"crossover/driver/embedded/aerospike/wire"
)

// backgroundRPS is how many records a second a background query changes at most
// (background-query-max-rps' default).
const backgroundRPS = 10_000

// A backgroundQuery changes every record that a query finds, of the partitions that its node is
// the master of. Its client has been answered when it begins.
type backgroundQuery struct {
	query
	job     *job
	worker  *session
	digests []wire.Digest // of the partition under way
	done    uint64        // records
}

// background accepts a background query: it is checked, answered, and then carried out.
func (s *session) background(now time.Duration) error {
	b, r := s.newBackground(now)
	if r != wire.OK {
		s.node.counters.background(s.message.Has(wire.FieldIndexRange), backgroundError)
		return s.answer(&wire.Header{Info3: wire.Info3Last, Result: r})
	}
	if !s.node.jobs.begin(b.job) {
		return s.answer(&wire.Header{Info3: wire.Info3Last, Result: wire.ParameterError})
	}
	c := s.node.cluster
	c.running.Go(func() { b.run(c.serving) })
	return s.answer(&wire.Header{Info3: wire.Info3Last})
}

func (s *session) newBackground(now time.Duration) (*backgroundQuery, wire.Result) {
	m := &s.message
	if m.Has(wire.FieldUDFPackage, wire.FieldUDFFunction, wire.FieldUDFOp) {
		return nil, wire.Unsupported
	}
	if m.Ops == 0 || m.Info2&wire.Info2Delete != 0 {
		return nil, wire.ParameterError
	}
	var op wire.Op
	for ops := m.Operations(); ops.Next(&op); {
		if reads, known := reads(op.Code); reads || !known {
			return nil, wire.ParameterError
		}
	}
	// The connection goes on to its next request: what the query needs is its own.
	worker := &session{node: s.node, conn: s.conn, user: s.user}
	if err := worker.message.Parse(slices.Clone(m.Body())); err != nil {
		return nil, wire.ParameterError
	}
	b := &backgroundQuery{worker: worker}
	var r wire.Result
	if b.query, r = worker.newQuery(now); r != wire.OK {
		return nil, r
	}
	if b.RecordsPerSecond == 0 || b.RecordsPerSecond > backgroundRPS {
		b.RecordsPerSecond = backgroundRPS
	}
	worker.message.Info3 |= wire.Info3UpdateOnly // a record that has gone meanwhile is not made again
	b.job = s.newJob(&b.Query, jobBackground, now)
	b.job.pids = wire.Partitions
	return b, wire.OK
}

// run changes the records, partition by partition.
func (b *backgroundQuery) run(ctx context.Context) {
	n := b.worker.node
	defer func() {
		if b.worker.sleeper != nil {
			b.worker.sleeper.Close()
		}
	}()
	status, outcome := "done(ok)", backgroundComplete
	for pid := range wire.Partitions {
		err := ctx.Err()
		if err == nil && n.cluster.partitions().replica(pid, n.number) == 0 {
			err = b.partition(ctx, pid)
		}
		if err != nil || n.down.Load() || b.job.aborted.Load() {
			status, outcome = "done(user-aborted)", backgroundAbort
			break
		}
		b.job.partitions.Add(1)
	}
	n.counters.background(b.index != nil, outcome)
	n.jobs.end(b.job, status, n.cluster.options.Clock.Now())
}

// partition changes one partition's records. They are all found before the first is changed, as a
// change may move a record within the index.
func (b *backgroundQuery) partition(ctx context.Context, pid int) error {
	c, s := b.worker.node.cluster, b.worker
	b.digests = b.digests[:0]
	second := c.calendar.seconds(c.options.Clock.Now())
	part := wire.Partition{ID: pid}
	for more := true; more; {
		if b.index == nil {
			s.page, more = c.store.Page(s.page[:0], part, b.set, second, queryPage)
		} else {
			s.page, more = c.store.PageIndex(s.page[:0], b.index, &b.of, part, b.set, second, queryPage)
		}
		for i := range s.page {
			b.digests = append(b.digests, s.page[i].Digest)
			part = wire.Partition{ID: pid, Resume: true, After: s.page[i].Digest, BVal: s.page[i].BVal}
		}
	}
	for i := range b.digests {
		if b.job.aborted.Load() {
			return nil
		}
		b.done++
		pace := b.now + time.Duration(float64(b.done)/float64(b.RecordsPerSecond)*float64(time.Second))
		t := transaction{message: &s.message, digest: &b.digests[i], origin: fromQuery, arrival: c.options.Clock.Now()}
		var done time.Duration
		s.out, done = s.carryOut(&t, s.out[:0])
		b.count(t.head.Result)
		if err := s.wait(ctx, max(done, pace)); err != nil {
			return err
		}
	}
	return nil
}

func (b *backgroundQuery) count(r wire.Result) {
	switch r {
	case wire.OK:
		b.job.succeeded.Add(1)
	case wire.FilteredOut:
		b.job.filtered.Add(1)
	default:
		b.job.failed.Add(1)
	}
}
