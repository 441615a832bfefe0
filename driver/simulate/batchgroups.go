package simulate

import (
	"cmp"
	"slices"
	"time"

	"crossover/costmodel/partition"
	"crossover/workload"
	"crossover/workload/op"
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

// A sampled is one operation of the sample.
type sampled struct {
	item    uint64
	kind    op.Kind
	request partition.Request
	missing bool
	bytes   int
	in, out uint64
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
