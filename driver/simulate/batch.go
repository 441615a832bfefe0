package simulate

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"crossover/costmodel/partition"
	"crossover/workload"
	"crossover/workload/arrival"
	"crossover/workload/op"
)

// How batches are made. Each is a choice between speed and detail.
const (
	// hotShare is the share of a partition's limits that an item must ask for at the sample's
	// rate to be kept by itself.
	hotShare = 0.02
	// hotMost is how many items are kept by themselves at most.
	hotMost = 200
	// sampledStill and sampledMoving are how many operations of the stream are looked at to learn
	// the keys' popularity: once for all, or for each epoch where it changes with time.
	sampledStill  = 400_000
	sampledMoving = 20_000
	// epochLength is how long popularity that changes with time is taken to stand still.
	epochLength = 5 * time.Minute
	// aTick is the length of a tick unless there is too much to do in one.
	aTick = 100 * time.Millisecond
	// workAtMost is how many groups are visited in all before ticks are made longer.
	workAtMost = 15_000_000
)

// A cohort are operations of one group that wait for a retry.
type cohort struct {
	group    *group
	due      int // tick in which they fell due
	sent     int // tick in which they were sent
	attempts int
	n        int
}

// Batches go in ticks.
type batches struct {
	*run
	d       *DynamoDB
	plan    *arrival.Plan
	stream  workload.Stream
	rng     *rand.Rand
	tick    time.Duration
	groups  []*group
	bounds  *partition.Bounds
	until   time.Duration // the epoch's end
	wheel   [][]cohort    // by tick, a ring
	flying  int           // operations that wait for a retry
	backlog []owed        // operations that are due and unsent
	ended   map[endKey]*endTally
	still   bool
	index   uint64 // operations offered so far
	clock   time.Duration
	began   time.Duration // of the epoch
	phase   int
	seen    []sampled
	hot     map[[2]uint64]bool // items and kinds that are kept by themselves
	mean    time.Duration      // service time of an operation, roughly
	touched []*group           // that have work in the tick
	refusal []refusal          // of the tick
	earned  float64            // tokens that the tick's successes give to the retry quota
}

// endKey names first attempts that succeeded, whose times are drawn by the interval.
type endKey struct {
	group *group
}

type endTally struct{ n, missing uint64 }

func newBatches(r *run) *batches {
	sc := r.cfg.Scenario
	b := &batches{
		run: r, d: r.cfg.System.(*DynamoDB), plan: workload.NewPlan(sc), stream: workload.NewStream(sc),
		rng: rand.New(rand.NewPCG(sc.Seed, 0x6261746368)), tick: r.cfg.Tick, ended: map[endKey]*endTally{},
	}
	b.still = popularityStands(sc)
	return b
}

// do goes through the whole schedule.
func (b *batches) do(ctx context.Context) error {
	phases := b.cfg.Scenario.Workload.Phases
	b.learn(b.plan.FirstIndex(0), b.plan.FirstIndex(len(phases)), b.planned)
	b.chooseTick()
	b.manifest.Host["tick"] = b.tick.String()
	b.wheel = make([][]cohort, int(b.d.Retries.Max/b.tick)+int(time.Second/b.tick)+2)
	boundary := b.cfg.Interval
	phase := -1
	if !b.still {
		b.until = 0
	}
	for at := 0; ; at++ {
		if at%256 == 0 && ctx.Err() != nil {
			return b.close(context.Cause(ctx))
		}
		b.clock = time.Duration(at) * b.tick
		if b.clock >= b.planned && b.flying == 0 && len(b.backlog) == 0 {
			return b.close(nil)
		}
		for b.d.next() <= b.clock {
			b.d.advance(b.d.next())
		}
		for b.clock >= boundary {
			if err := b.take(boundary); err != nil {
				return err
			}
			boundary += b.cfg.Interval
		}
		for phase+1 < len(phases) && b.plan.StartOf(phase+1) <= b.clock {
			phase++
			b.enter(phase)
		}
		if b.clock < b.planned {
			b.epoch()
			b.offer(at)
		}
		b.retry(at)
		b.send(at)
		b.attempt(at)
		b.payRetries(at)
	}
}

func (b *batches) close(err error) error {
	if taken := b.take(max(b.clock, b.record.at+1)); err == nil {
		err = taken
	}
	return err
}

// enter begins a phase. What was sent in the one before still counts there, so that the groups
// are copied.
func (b *batches) enter(phase int) {
	b.phase = phase
	b.record.event(b.plan.StartOf(phase), "phase", b.cfg.Scenario.Workload.Phases[phase].Name)
	for i, g := range b.groups {
		next := *g
		next.phase = phase
		b.groups[i] = &next
	}
	if !b.still {
		b.until = b.clock
	}
}

// epoch learns anew what the keys' popularity is, and follows splits.
func (b *batches) epoch() {
	if b.clock >= b.until {
		until := min(b.planned, b.clock+epochLength, b.plan.StartOf(b.phase+1))
		b.learn(b.plan.IndexAt(b.clock), max(b.plan.IndexAt(until), b.plan.IndexAt(b.clock)+1), until)
	} else if b.bounds != b.d.table.Bounds() {
		b.divide()
	}
}

// offer counts what falls due in a tick: as many as planned, scattered as a Poisson process is.
func (b *batches) offer(at int) {
	end := min(b.clock+b.tick, b.planned)
	planned := int(b.plan.IndexAt(end))
	if end == b.planned {
		planned = int(b.plan.Len())
	}
	n := planned - int(b.index)
	if n > 0 && end < b.planned && b.cfg.Scenario.Workload.Arrival.Open.Process == "poisson" {
		// What a tick has too many the next one has too few of: half of a tick's variance each.
		n = max(0, n+int(math.Round(b.rng.NormFloat64()*math.Sqrt(float64(n)/2))))
	}
	b.index += uint64(max(0, n))
	if n > 0 {
		b.backlog = append(b.backlog, owed{at, n})
	}
}

// send starts what is due, as far as sessions are free.
func (b *batches) send(at int) {
	free := float64(sessions(b.cfg.Scenario) - b.flying)
	room := int(max(0, free) * math.Max(1, float64(b.tick)/float64(b.mean)))
	late := int(b.cfg.Scenario.Workload.MaxLateness / b.tick)
	for len(b.backlog) > 0 {
		o := &b.backlog[0]
		if late > 0 && at-o.tick > late {
			b.spreadOver(o.n, func(g *group, n int) {
				b.record.offer(g.phase, g.kind, uint64(n))
				b.record.drop(g.phase, g.kind, uint64(n))
			})
			b.backlog = b.backlog[1:]
			continue
		}
		n := min(o.n, room)
		if n == 0 {
			break
		}
		room -= n
		o.n -= n
		tick := o.tick
		b.spreadOver(n, func(g *group, n int) {
			b.record.offer(g.phase, g.kind, uint64(n))
			b.record.send(g.phase, g.kind, uint64(n))
			if g.hot {
				b.record.keys[g.item] += uint64(n)
			}
			b.lineUp(cohort{g, tick, at, 0, n})
		})
		if o.n == 0 {
			b.backlog = b.backlog[1:]
		}
	}
}

// spreadOver divides n operations among the groups by chance, each by its share.
func (b *batches) spreadOver(n int, do func(*group, int)) {
	left, share := n, 1.0
	for i, g := range b.groups {
		if left == 0 {
			return
		}
		k := left
		if i+1 < len(b.groups) && share > g.share {
			k = b.binomial(left, g.share/share)
		}
		share -= g.share
		left -= k
		if k > 0 {
			do(g, k)
		}
	}
}

// binomial draws how many of n happen, each with a probability.
func (b *batches) binomial(n int, p float64) int {
	mean := float64(n) * p
	if mean > 30 && float64(n)-mean > 30 {
		x := math.Round(mean + math.Sqrt(mean*(1-p))*b.rng.NormFloat64())
		return int(min(max(x, 0), float64(n)))
	}
	if p > 0.5 {
		return n - b.binomial(n, 1-p)
	}
	if p <= 0 {
		return 0
	}
	// Gaps between successes are geometric.
	k, log := 0, math.Log1p(-p)
	for i := 0.0; ; k++ {
		i += math.Floor(math.Log(1-b.rng.Float64())/log) + 1
		if i > float64(n) {
			return k
		}
	}
}

// take ends an interval: the times of the first attempts that succeeded in it are drawn now.
func (b *batches) take(now time.Duration) error {
	keys := make([]endKey, 0, len(b.ended))
	for k := range b.ended {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y endKey) int {
		return cmp.Or(cmp.Compare(x.group.phase, y.group.phase), cmp.Compare(x.group.kind, y.group.kind), cmp.Compare(x.group.item, y.group.item), cmp.Compare(boolean(x.group.hot), boolean(y.group.hot)))
	})
	for _, k := range keys {
		e := b.ended[k]
		b.draw(k.group, op.OK, e.n-e.missing)
		b.draw(k.group, op.NotFound, e.missing)
	}
	clear(b.ended)
	return b.record.take(now)
}

// draws is how many times are drawn for what succeeded at once in an interval, each of which
// then stands for as many operations.
const draws = 2000

func (b *batches) draw(g *group, class op.Class, n uint64) {
	if n == 0 {
		return
	}
	t := b.record.cell(g.phase, g.kind)
	k := min(n, draws)
	for i := range k {
		took := b.d.time(&g.template, false)
		each := n / k
		if i < n%k {
			each++
		}
		t.end(class, took, took, each)
		t.tried(class, "", took, each)
	}
}
