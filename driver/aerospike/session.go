package aerospike

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	as "github.com/aerospike/aerospike-client-go/v7"

	"crossover/workload/op"
)

// A session performs operations one after the other. Everything that a call needs is built
// once; what a call still allocates is the library's.
type session struct {
	c      *cluster
	random *rand.Rand
	record *record

	eventual, strong *as.BasePolicy
	replace          *as.WritePolicy // whatever is there
	replaceOnly      *as.WritePolicy // only where the record exists
	createOnly       *as.WritePolicy // only where it does not
	unmodified       *as.WritePolicy // only where its generation is still Generation
	remove           *as.WritePolicy

	reading *as.BasePolicy       // of the get under way
	writing *as.WritePolicy      // of the put under way
	found   *as.Record           // what the last get returned
	query   *query               // under way
	queries [op.KindCount]*query // nil until the first query of the kind
	pages   []*page              // by segment; nil until the first scan page
	page    *page                // under way

	project  []string               // bins that reads return; nil are all
	bins     []string               // of the get under way
	changes  [op.KindCount]*change  // nil until the first operation of the kind
	severals [op.KindCount]*several // the same
	steps    []*change              // of a transaction
	change   *change                // under way
	batch    *several               // under way

	verification *verification // nil until the first verified read
}

func newSession(c *cluster, random *rand.Rand) *session {
	limit := c.cfg.Timeout
	s := &session{
		c: c, random: random, record: newRecord(c.sc, c.cfg.Namespace, c.set),
		replace:     c.writePolicy(limit, as.REPLACE),
		replaceOnly: c.writePolicy(limit, as.REPLACE_ONLY),
		createOnly:  c.writePolicy(limit, as.CREATE_ONLY),
		unmodified:  c.writePolicy(limit, as.REPLACE_ONLY),
		remove:      c.writePolicy(limit, as.UPDATE),
	}
	if ttl := c.sc.Workload.Write.TTL; ttl > 0 {
		for _, p := range []*as.WritePolicy{s.replace, s.replaceOnly, s.createOnly, s.unmodified} {
			p.Expiration = uint32(ttl / time.Second)
		}
	}
	s.unmodified.GenerationPolicy = as.EXPECT_GEN_EQUAL
	eventual, strong := basePolicy(limit), basePolicy(limit)
	if c.cfg.Replica == "sequence" {
		eventual.ReplicaPolicy = as.SEQUENCE
	}
	if c.strong {
		strong.ReadModeSC = as.ReadModeSCLinearize
	}
	s.eventual, s.strong = &eventual, &strong
	s.project = s.binNames(c.sc.Ask(op.Read).Project)
	return s
}

// Do performs one operation.
func (s *session) Do(ctx context.Context, o *op.Op, out *op.Outcome) {
	out.Reset()
	s.bins = nil
	if o.Asked().Project != nil { // a check of the data set reads whole records
		s.bins = s.project
	}
	switch o.Kind {
	case op.Read:
		s.get(ctx, o, out)
	case op.Update, op.Insert:
		policy := s.replace
		switch o.Condition {
		case op.MustExist:
			policy = s.replaceOnly
		case op.MustNotExist:
			policy = s.createOnly
		}
		s.record.address(o.Partition, o.Sort)
		s.put(ctx, o, out, policy)
	case op.Delete:
		s.delete(ctx, o, out)
	case op.ReadModifyWrite:
		s.modify(ctx, o, out)
	case op.Query:
		if !s.c.sc.HasSort() {
			s.get(ctx, o, out)
			return
		}
		s.doQuery(ctx, o, out)
	case op.ScanPage:
		s.doPage(ctx, o, out)
	case op.ConditionalUpdate, op.PartialUpdate, op.Increment, op.Append, op.Touch:
		s.changeRecord(ctx, o, out)
	case op.QueryIndex:
		s.queryIndex(ctx, o, out)
	case op.BatchRead, op.BatchWrite, op.TransactRead:
		s.doBatch(ctx, o, out)
	case op.TransactWrite:
		s.transaction(ctx, o, out)
	default:
		s.unknown(out)
	}
}

// unknown is the outcome of an operation that the scenario does not have.
func (s *session) unknown(out *op.Outcome) {
	out.Class, out.Reason, out.Err = op.Failed, "CLIENT_ERROR", errUnknownKind
}

var errUnknownKind = errors.New("an operation of a kind that the scenario does not have")

// get reads one record, all bins.
func (s *session) get(ctx context.Context, o *op.Op, out *op.Outcome) {
	s.record.address(o.Partition, o.Sort)
	s.reading = s.eventual
	if o.Consistent {
		s.reading = s.strong
	}
	out.Partition = s.record.key.PartitionId()
	s.request(ctx, callGet, out)
	if out.Class == op.OK {
		out.Items++
		out.BytesIn += itemBytes(s.found.Bins)
		if o.Verify {
			s.verify(o, out)
		}
	}
}

// put writes the whole record that record addresses.
func (s *session) put(ctx context.Context, o *op.Op, out *op.Outcome, policy *as.WritePolicy) {
	s.record.fill(o.Version, o.Body)
	s.writing = policy
	out.Partition = s.record.key.PartitionId()
	s.request(ctx, callPut, out)
	if out.Class == op.OK {
		out.Items++
		out.BytesOut += s.record.bytes
	}
}

// modify reads a record and, if it is there, replaces it.
func (s *session) modify(ctx context.Context, o *op.Op, out *op.Outcome) {
	s.get(ctx, o, out)
	if out.Class != op.OK {
		return
	}
	policy := s.replace
	switch o.Condition {
	case op.MustExist:
		policy = s.replaceOnly
	case op.VersionUnchanged:
		policy = s.unmodified
		policy.Generation = s.found.Generation
	}
	s.put(ctx, o, out, policy)
}

// delete removes one record. Aerospike says whether it existed, which is the answer to an
// existence condition too.
func (s *session) delete(ctx context.Context, o *op.Op, out *op.Outcome) {
	s.record.address(o.Partition, o.Sort)
	out.Partition = s.record.key.PartitionId()
	k := callDelete
	if o.Condition == op.MustExist {
		k = callDeleteExisting
	}
	s.request(ctx, k, out)
	if out.Class == op.OK {
		out.Items++
	}
}
