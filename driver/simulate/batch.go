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

// batchable returns why a scenario can't go in batches, or "".
func batchable(sc *workload.Scenario) string {
	open := sc.Workload.Arrival.Open
	switch {
	case open == nil:
		return "a closed loop has no schedule"
	case open.Process != "poisson" && open.Process != "constant":
		return "operations spaced by the process " + open.Process + " are known only one by one"
	case len(sc.Events) > 0:
		return "events are judged by single operations"
	}
	return ""
}

// A group are operations of one kind that are alike: those on one hot item, or those on the
// other items of one partition.
type group struct {
	kind     op.Kind
	phase    int
	hot      bool
	item     uint64
	key      partition.Key // of a hot item
	request  partition.Request
	share    float64 // of the operations of the epoch
	template request
	missing  float64         // share of them that finds no item
	keys     []partition.Key // of the sample's operations, in their order; of a group that is not hot
	work     []cohort        // what it attempts in the tick under way
}

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

// A refusal are operations of a cohort that were throttled.
type refusal struct {
	cohort
	reason string
}

// owed are operations that fell due in a tick and are not sent.
type owed struct{ tick, n int }

// endKey names first attempts that succeeded, whose times are drawn by the interval.
type endKey struct {
	group *group
}

type endTally struct{ n, missing uint64 }

// A sampled is one operation of the sample.
type sampled struct {
	item    uint64
	kind    op.Kind
	request partition.Request
	missing bool
	bytes   int
	in, out uint64
}

func newBatches(r *run) *batches {
	sc := r.cfg.Scenario
	b := &batches{
		run: r, d: r.cfg.System.(*DynamoDB), plan: workload.NewPlan(sc), stream: workload.NewStream(sc),
		rng: rand.New(rand.NewPCG(sc.Seed, 0x6261746368)), tick: r.cfg.Tick, ended: map[endKey]*endTally{},
	}
	b.still = popularityStands(sc)
	return b
}

// popularityStands reports whether the keys' popularity, and the mix of kinds, stay the same.
func popularityStands(sc *workload.Scenario) bool {
	w := &sc.Workload
	k := &w.Keys
	if k.Latest != nil || k.MovingHotspot != nil || k.Trace != nil || k.Sequential != nil || w.Delete.Items == "oldest" {
		return false
	}
	for _, h := range w.Hot {
		if h.From != 0 || h.To != 0 || h.Flash != nil || h.Change != nil {
			return false
		}
	}
	for i := range w.Phases {
		if s := w.Phases[i].Rate.Shape; s != nil && s.ByOperation != nil {
			return false
		}
	}
	return true
}

// learn looks at a sample of the operations [from, to) and divides them into groups.
func (b *batches) learn(from, to uint64, until time.Duration) {
	n := uint64(sampledMoving)
	if b.still {
		n = sampledStill
	}
	n = max(1, min(n, to-from))
	var o op.Op
	var rs []request
	b.seen = b.seen[:0]
	count := map[[2]uint64]int{}
	for i := range n {
		b.stream.At(from+uint64(float64(i)/float64(n)*float64(to-from)), &o)
		rs = b.d.mapper.requests(rs[:0], &o)
		b.seen = append(b.seen, sampleOf(&o, rs))
		count[[2]uint64{o.Item, uint64(o.Kind)}]++
	}
	rate := float64(to-from) / max(until-b.clock, aTick).Seconds()
	b.hot = map[[2]uint64]bool{}
	for i := range b.seen {
		x := &b.seen[i]
		at := [2]uint64{x.item, uint64(x.kind)}
		share := float64(count[at]) / float64(n)
		if count[at] >= 20 && share*rate*b.d.table.Share(x.request) >= hotShare && len(b.hot) < hotMost {
			b.hot[at] = true
		}
	}
	b.began, b.until = b.clock, until
	b.divide()
}

// sampleOf takes an operation's requests together as one on its first key.
func sampleOf(o *op.Op, rs []request) sampled {
	x := sampled{item: o.Item, kind: o.Kind, request: rs[0].parts[0], missing: rs[0].missing}
	for i := range rs {
		x.bytes += rs[i].bytes
		x.in += rs[i].in
		x.out += rs[i].out
		for j := range rs[i].parts {
			if i+j > 0 {
				x.request.Read += rs[i].parts[j].Read
				x.request.Write += rs[i].parts[j].Write
			}
		}
	}
	return x
}

// groupKey names a group while it is made.
type groupKey struct {
	hot  bool
	of   uint64 // item, or place of the partition
	kind op.Kind
}

// divide makes the groups of the sample: the hot items by themselves, the rest by the
// partitions that there are now.
func (b *batches) divide() {
	b.bounds = b.d.table.Bounds()
	made := map[groupKey]*group{}
	b.groups = nil
	each := 1 / float64(len(b.seen))
	for i := range b.seen {
		x := &b.seen[i]
		k := groupKey{b.hot[[2]uint64{x.item, uint64(x.kind)}], x.item, x.kind}
		if !k.hot {
			k.of = uint64(b.bounds.Find(x.request.Key))
		}
		g := made[k]
		if g == nil {
			g = &group{kind: x.kind, phase: b.phase, hot: k.hot, item: k.of, key: x.request.Key, request: x.request}
			g.request.Read, g.request.Write = 0, 0
			g.template = b.templateOf(x)
			made[k] = g
			b.groups = append(b.groups, g)
		}
		g.share += each
		g.request.Read += x.request.Read
		g.request.Write += x.request.Write
		if x.missing {
			g.missing++
		}
		if !k.hot {
			g.keys = append(g.keys, x.request.Key)
		}
	}
	mean := 0.0
	for _, g := range b.groups {
		n := g.share / each
		g.request.Read /= n
		g.request.Write /= n
		g.missing /= n
		mean += g.share * float64(b.d.time(&g.template, false))
	}
	b.mean = max(time.Duration(mean), time.Microsecond)
	slices.SortFunc(b.groups, func(x, y *group) int {
		return cmp.Or(cmp.Compare(boolean(y.hot), boolean(x.hot)), cmp.Compare(x.kind, y.kind), cmp.Compare(x.item, y.item))
	})
}

// templateOf is what an operation's service time and bytes depend on.
func (b *batches) templateOf(x *sampled) request {
	var o op.Op
	o.Item, o.Kind, o.Limit = x.item, x.kind, 1
	r := request{operation: "BatchGetItem", items: 1, strong: b.d.mapper.strong, bytes: x.bytes, in: x.in, out: x.out, missing: x.missing}
	if !x.kind.Many() {
		r.operation = b.d.mapper.requests(nil, &o)[0].operation
	} else if x.kind == op.BatchWrite || x.kind == op.TransactWrite {
		r.operation = "BatchWriteItem"
	}
	return r
}

// chooseTick makes ticks long enough for the work that there is.
func (b *batches) chooseTick() {
	if b.tick > 0 {
		return
	}
	b.tick = aTick
	for _, longer := range []time.Duration{200 * time.Millisecond, 500 * time.Millisecond, time.Second} {
		if float64(b.planned)/float64(b.tick)*float64(len(b.groups)+4) > workAtMost {
			b.tick = longer
		}
	}
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

// retry lines up the retries that a tick owes.
func (b *batches) retry(at int) {
	slot := at % len(b.wheel)
	for _, c := range b.wheel[slot] {
		b.flying -= c.n
		b.lineUp(c)
	}
	b.wheel[slot] = b.wheel[slot][:0]
}

// lineUp lines up a cohort for an attempt in this tick.
func (b *batches) lineUp(c cohort) {
	if len(c.group.work) == 0 {
		b.touched = append(b.touched, c.group)
	}
	c.group.work = append(c.group.work, c)
}

// attempt makes the attempts of a tick. Within a group retries and first attempts have the same
// chance, and the groups take turns by chance: in a tick nobody comes first.
func (b *batches) attempt(at int) {
	b.rng.Shuffle(len(b.touched), func(i, j int) { b.touched[i], b.touched[j] = b.touched[j], b.touched[i] })
	for _, g := range b.touched {
		total := 0
		for _, c := range g.work {
			total += c.n
		}
		r := g.request
		if !g.hot {
			r.Key = b.keyOf(g)
		}
		room, x := b.d.table.AdmitMany(b.clock, r, total)
		t := b.record.cell(g.phase, g.kind)
		for _, c := range g.work {
			n := c.n
			if room < total {
				n = min(b.binomial(c.n, float64(room)/float64(total)), room)
				n = max(n, room-(total-c.n))
			}
			room -= n
			total -= c.n
			c.attempts++
			if n > 0 {
				b.served(at, c, n, x, &r, t)
			}
			if c.n -= n; c.n > 0 {
				reason := b.d.refuse(b.clock, x, uint64(c.n))
				b.refusal = append(b.refusal, refusal{c, reason})
			}
		}
		g.work = g.work[:0]
	}
	b.touched = b.touched[:0]
}

// keyOf returns the key of one of a group's operations: any of the sample's while popularity
// stands still; else the one whose turn it is, so that what follows an order still does.
func (b *batches) keyOf(g *group) partition.Key {
	if b.still {
		return g.keys[b.rng.IntN(len(g.keys))]
	}
	gone := float64(b.clock-b.began) / float64(max(b.until-b.began, b.tick))
	return g.keys[min(int(gone*float64(len(g.keys))), len(g.keys)-1)]
}

// served counts operations that were admitted.
func (b *batches) served(at int, c cohort, n int, x partition.Decision, r *partition.Request, t *tally) {
	g := c.group
	read, write := float64(n)*r.Read, float64(n)*r.Write
	b.d.consume(read, write)
	b.d.served(x, r, uint64(n))
	t.readUnits += read
	t.writeUnits += write
	t.bytesIn += uint64(n) * g.template.in
	t.bytesOut += uint64(n) * g.template.out
	b.record.done += uint64(n)
	missing := uint64(math.Round(g.missing * float64(n)))
	if c.attempts == 1 {
		b.earned += float64(n)
	} else {
		b.earned += float64(throttleCost * n)
	}
	if c.attempts == 1 && c.due == at {
		e := b.ended[endKey{g}]
		if e == nil {
			e = &endTally{}
			b.ended[endKey{g}] = e
		}
		e.n += uint64(n)
		e.missing += missing
		return
	}
	took := b.d.time(&g.template, false)
	waited := time.Duration(at-c.sent)*b.tick + took
	for i, k := range [2]uint64{uint64(n) - missing, missing} {
		class := [2]op.Class{op.OK, op.NotFound}[i]
		t.end(class, time.Duration(at-c.due)*b.tick+took, waited, k)
		t.tried(class, "", took, k)
	}
}

// payRetries sends the tick's operations that were throttled to their retries, as far as they
// have attempts left and the quota pays for them; none has a better claim on it than others.
func (b *batches) payRetries(at int) {
	b.d.tokens += b.earned
	b.earned = 0
	wanted := 0
	for i := range b.refusal {
		if b.refusal[i].attempts < b.d.Retries.Attempts {
			wanted += b.refusal[i].n
		}
	}
	paid := 1.0
	if b.d.Retries.Quota && wanted > 0 {
		paid = min(1, max(0, b.d.tokens)/float64(wanted*throttleCost))
	}
	for i := range b.refusal {
		c := &b.refusal[i]
		t := b.record.cell(c.group.phase, c.group.kind)
		took := b.d.time(&c.group.template, true)
		t.tried(op.Throttled, c.reason, took, uint64(c.n))
		again := 0
		if c.attempts < b.d.Retries.Attempts {
			again = c.n
			if paid < 1 {
				again = b.binomial(c.n, paid)
			}
		}
		if b.d.Retries.Quota {
			b.d.tokens -= float64(again * throttleCost)
		}
		if gone := c.n - again; gone > 0 {
			t.end(op.Throttled, 0, time.Duration(at-c.sent)*b.tick+took, uint64(gone))
			b.record.done += uint64(gone)
			b.record.firstError(b.clock, c.group.kind, op.Throttled, c.reason)
		}
		b.later(at, c.cohort, again)
	}
	b.refusal = b.refusal[:0]
	b.d.tokens = min(quotaTokens, b.d.tokens)
}

// later spreads retries evenly over the ticks in which they may come.
func (b *batches) later(at int, c cohort, n int) {
	ticks := max(1, int(b.d.longest(c.attempts)/b.tick))
	ticks = min(ticks, len(b.wheel)-1)
	b.flying += n
	put := func(after, k int) {
		slot := (at + after) % len(b.wheel)
		again := c
		again.n = k
		b.wheel[slot] = append(b.wheel[slot], again)
	}
	if n < 4*ticks {
		for range n {
			put(1+b.rng.IntN(ticks), 1)
		}
		return
	}
	for i := range ticks {
		if k := n/ticks + boolean(i < n%ticks); k > 0 {
			put(1+i, k)
		}
	}
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
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
