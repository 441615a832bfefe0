package aerospike

import (
	"context"

	as "github.com/aerospike/aerospike-client-go/v7"

	"crossover/workload/op"
)

// pagesAWindow is how many pages a stretch of partitions is made wide enough for. A request
// lists the partitions that it asks for and where each was left, so that a page of a large
// set asks few of them; a set of few records is asked in one stretch.
const pagesAWindow = 8

// A page is where a session's scan of the set, or of one segment of it, stands: the partitions
// from begin on, a window
// of them at a time, each after the record that was read from it last.
type page struct {
	policy         *as.ScanPolicy
	namespace, set string
	marker         [20]byte // digest of the record that is no item
	bins           []string // that are returned; nil are all
	first, end     int      // the segment's partitions
	window         int      // partitions asked at a time
	begin          int
	filter         *as.PartitionFilter // the library's cursor within the window

	limit, items int // of the page under way
	bytes        uint64
	received     func(as.BinMap) // each record's bins; nil unless the page is verified
}

// newPage returns the scan of a segment of the set's partitions.
func (s *session) newPage(limit, segment uint32) *page {
	c, ask := s.c, s.c.sc.Ask(op.ScanPage)
	p := as.NewScanPolicy()
	p.BasePolicy = basePolicy(c.cfg.Timeout)
	if ask.Filter != nil {
		p.FilterExpression = expression(ask.Filter)
	}
	marker := newRecord(c.sc, c.cfg.Namespace, c.set)
	marker.setKey([]byte(MarkerKey))
	segments := int(max(ask.Segments, 1))
	pg := &page{
		policy: p, namespace: c.cfg.Namespace, set: c.set, marker: marker.digest, bins: s.binNames(ask.Project),
		first: int(segment) * partitions / segments, end: (int(segment) + 1) * partitions / segments,
		window: windowFor(uint64(limit), c.sc.Dataset.Items),
	}
	pg.rewind()
	return pg
}

// windowFor returns how many partitions hold about pagesAWindow pages.
func windowFor(limit, items uint64) int {
	perPartition := float64(items) / partitions
	return int(min(max(float64(limit)*pagesAWindow/perPartition, 1), partitions))
}

func (p *page) rewind() {
	p.begin = p.first
	p.open()
}

func (p *page) open() {
	p.filter = as.NewPartitionFilterByRange(p.begin, min(p.window, p.end-p.begin))
}

// advance moves on to the next window; it reports false at the table's end.
func (p *page) advance() bool {
	p.begin += p.window
	if p.begin >= p.end {
		p.rewind()
		return false
	}
	p.open()
	return true
}

// doPage reads the next page. A page ends early only where the table does; the next one then
// begins it again. A page that would be empty for that reason begins it at once.
func (s *session) doPage(ctx context.Context, o *op.Op, out *op.Outcome) {
	if s.pages == nil {
		s.pages = make([]*page, max(o.Asked().Segments, 1))
	}
	at := &s.pages[min(int(o.Segment), len(s.pages)-1)]
	if *at == nil {
		*at = s.newPage(o.Limit, o.Segment)
	}
	p := *at
	s.page = p
	p.limit, p.items, p.bytes, p.received = int(o.Limit), 0, 0, nil
	if o.Verify {
		p.received = func(bins as.BinMap) { s.verifyEach(out, bins) }
	}
	for ends := 0; ends < 2; {
		s.request(ctx, callPage, out)
		if out.Class > op.ConditionFailed {
			return
		}
		if p.filter.IsDone() && !p.advance() {
			ends++
			if p.items > 0 {
				break
			}
		}
		if p.items >= p.limit {
			break
		}
	}
	out.Items, out.BytesIn = p.items, p.bytes
}

// perform asks the window for what the page still lacks, which is at least one record.
// Records received before a failure stay in the page, since the cursor has passed them.
func (p *page) perform(ctx context.Context, client *as.Client) as.Error {
	p.policy.MaxRecords = int64(p.limit - p.items)
	set, err := client.ScanPartitions(p.policy, p.filter, p.namespace, p.set, p.bins...)
	if err != nil {
		return err
	}
	err = receive(ctx, set, func(r *as.Record) {
		if [20]byte(r.Key.Digest()) == p.marker {
			return
		}
		p.items++
		p.bytes += itemBytes(r.Bins)
		if p.received != nil {
			p.received(r.Bins)
		}
	})
	if p.items >= p.limit {
		return nil // what failed came after the last record of the page
	}
	return err
}
