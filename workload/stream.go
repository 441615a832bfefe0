package workload

import (
	"fmt"
	"math"
	"math/rand/v2"

	"crossover/workload/arrival"
	"crossover/workload/items"
	"crossover/workload/keys"
	"crossover/workload/op"
)

// The parts of an operation draw from sources of their own, so that a change in how one is
// drawn leaves the others as they were.
const (
	saltOp       = 0x6f70
	saltKind     = 0x6b696e64
	saltScramble = 0x736372
	saltSize     = 0x73697a65
)

// deckOf turns shares into whole cards of a deck of 1,000 or, where that does not hold them,
// 10,000: every deck of operations holds each kind in exactly its share, which keeps the
// number of inserts before any operation computable at once.
func deckOf(shares Operations) (counts [op.KindCount]uint64, size uint64, err error) {
	for _, size = range []uint64{1000, 10_000} {
		sum, whole := uint64(0), true
		for k, s := range shares {
			n := s * float64(size)
			counts[k] = uint64(math.Round(n))
			whole = whole && math.Abs(n-math.Round(n)) < 1e-6
			sum += counts[k]
		}
		if whole && sum == size {
			return counts, size, nil
		}
	}
	return counts, size, fmt.Errorf("shares finer than a hundredth of a percent")
}

// NewPlan returns the schedule of a valid scenario.
func NewPlan(sc *Scenario) *arrival.Plan {
	var phases []arrival.Phase
	for _, p := range sc.Workload.Phases {
		phases = append(phases, p.planned())
	}
	plan, err := arrival.Make(phases, sc.spacing(), sc.Seed)
	must(err)
	return plan
}

// A stream is the operations of one scenario.
type stream struct {
	sc       *Scenario
	plan     *arrival.Plan
	dist     keys.Dist
	scramble *keys.Scramble // nil when ranks are places
	sizes    *sizer
	counts   [op.KindCount]uint64
	deck     uint64
	hot      []hotWindow
	mixes    []mix  // nil where every phase deals from the one deck
	traced   *Trace // nil, or where the operations' kinds come from
	asks     [op.KindCount]*op.Ask
	conds    [op.KindCount]op.Condition
	several  [op.KindCount]int // items of an operation
	steps    []op.Part         // of a transaction
	source   rand.PCG
	salt     uint64

	// The deck last dealt from: shuffling one costs more than dealing from it.
	dealt uint64 // its first operation
	cards keys.Scramble
}

// NewStream returns the operations of a valid scenario. Each worker needs one of its own.
func NewStream(sc *Scenario) Stream {
	s := &stream{sc: sc, plan: NewPlan(sc), sizes: sc.sizer(), salt: keys.Mix(sc.Seed)}
	s.deck = 1
	if s.traced = sc.Workload.tracedOperations(); s.traced == nil {
		var err error
		s.counts, s.deck, err = deckOf(sc.Workload.Operations)
		must(err)
	}
	var scrambled bool
	if s.dist, scrambled = sc.Workload.Keys.distribution(); scrambled {
		scramble := keys.NewScramble(s.salt^saltScramble, sc.Dataset.Items)
		s.scramble = &scramble
	}
	s.mixes = mixesOf(sc, s.plan.FirstIndex)
	s.cards = s.shuffled(0)
	for k := range op.KindCount {
		s.asks[k], s.conds[k], s.several[k] = sc.Ask(k), sc.Condition(k), sc.Parts(k)
	}
	s.steps = sc.Steps()
	for _, h := range sc.Workload.Hot {
		s.hot = append(s.hot, s.hotWindow(h))
	}
	return s
}

// Len returns how many operations the schedule plans; 0 means that time alone bounds it.
func (s *stream) Len() uint64 { return s.plan.Len() }

// KindOf returns operation i's kind without making the operation: the runner's pacer counts
// what is offered by kind, and must not make each body to learn it.
func (s *stream) KindOf(i uint64) op.Kind {
	kind, _ := s.kind(i)
	return kind
}

// At fills o with operation i.
func (s *stream) At(i uint64, o *op.Op) {
	w := &s.sc.Workload
	o.Reset()
	o.Index, o.Due = i, -1
	kind, rank := s.kind(i)
	o.Kind = kind
	o.Phase = s.plan.PhaseOf(i)
	o.Record = w.Phases[o.Phase].Record
	switch {
	case kind == op.Insert && s.traced == nil:
		o.Item = s.sc.Dataset.Items + s.inserts(i) + rank
	case kind == op.Delete && w.sliding():
		o.Item = s.deleted(i, rank)
	default:
		o.Item = s.item(i)
	}
	o.Partition, o.Sort = s.sc.Place(o.Item)
	o.Consistent = w.Read.Consistency == "strong"
	o.Ask = s.asks[kind]
	o.Condition = s.condition(kind)
	switch kind {
	case op.Read:
		o.Verify = s.verified(i)
	case op.Query:
		o.Limit = w.Query.Limit
		o.Verify = s.verified(i) && len(o.Asked().Project) == 0 // part of an item cannot be told from another's
	case op.ScanPage:
		o.Limit = w.Scan.Limit
		o.Verify = s.verified(i) && len(o.Asked().Project) == 0
		if n := uint64(w.Scan.Segments); n > 1 {
			o.Segment = uint32(i % n)
		}
	case op.QueryIndex:
		o.Limit = w.QueryIndex.Limit
		s.indexed(o)
	case op.Update, op.Insert, op.ReadModifyWrite, op.ConditionalUpdate, op.PartialUpdate, op.Append:
		o.Version = i + 1
		o.Body = s.sc.appendBody(o.Body, o.Item, o.Version, s.sizes)
		o.Verify = kind == op.ReadModifyWrite && s.verified(i)
	case op.Increment:
		o.Version = i + 1
	case op.BatchRead, op.BatchWrite, op.TransactRead, op.TransactWrite:
		s.many(i, o)
	}
}

func (s *stream) condition(kind op.Kind) op.Condition {
	if kind == op.Insert && s.traced != nil {
		return op.Unconditional // a trace's items are there from the start
	}
	return s.conds[kind]
}

// kind deals operation i's card: its kind, and its rank among the deck's cards of that kind.
func (s *stream) kind(i uint64) (op.Kind, uint64) {
	if s.traced != nil {
		return s.traced.rows.kind[s.traced.row(i)], 0
	}
	if s.mixes != nil {
		return s.mixed(i).deal(s.salt, i)
	}
	if i-s.dealt >= s.deck {
		deck := i / s.deck
		s.dealt, s.cards = deck*s.deck, s.shuffled(deck)
	}
	place := s.cards.Of(i - s.dealt)
	for k, n := range s.counts {
		if place < n {
			return op.Kind(k), place
		}
		place -= n
	}
	panic("workload: a deck's cards do not sum to its size")
}

// shuffled returns the order of a deck's cards.
func (s *stream) shuffled(deck uint64) keys.Scramble {
	return keys.NewScramble(s.salt^saltKind^deck, s.deck)
}

// appendBody appends the body of an item's version, as its size leaves room for: text that
// SplitBody divides or, where attributes have types, what items.Template makes.
func (sc *Scenario) appendBody(dst []byte, item, version uint64, sizes *sizer) []byte {
	overhead := sc.OverheadBytes(item)
	if version > 0 {
		overhead += sc.expiryBytes() // what is loaded has no end
	}
	size := sizes.of(item, version, overhead)
	if sizes.values != nil {
		return sizes.values.Append(dst, sc.Seed, item, version, int(size-overhead))
	}
	return items.Body(dst, sc.Seed, item, version, int(size-overhead), sc.Dataset.Compressibility)
}

// ItemSize returns an item's size in bytes, as DynamoDB counts it: names and values.
func (sc *Scenario) ItemSize(item uint64) uint64 {
	return sc.sizer().of(item, 0, sc.OverheadBytes(item))
}

// BodyLen returns how many bytes an item's values count, as DynamoDB counts them: what keys,
// version and names leave of its size.
func (sc *Scenario) BodyLen(item uint64) int { return int(sc.ItemSize(item) - sc.OverheadBytes(item)) }

// A Loader makes the items that are there before the first operation: version 0. It is not
// safe for concurrent use.
type Loader struct {
	sc    *Scenario
	sizes *sizer
}

// NewLoader returns the items of a valid scenario.
func NewLoader(sc *Scenario) *Loader { return &Loader{sc, sc.sizer()} }

// Body appends an item's loaded body.
func (l *Loader) Body(dst []byte, item uint64) []byte { return l.sc.appendBody(dst, item, 0, l.sizes) }
