package tco

import (
	"fmt"
	"math"

	"crossover/costmodel"
	"crossover/costmodel/aerospike"
	"crossover/results/figure"
)

// How far from its value an assumption is followed in search of a flip, as a factor: the rate
// that binds a cluster, which may be far off, and any other.
const (
	rateReach = 20.0
	reach     = 5.0
)

// A lever is what an assumed rate is turned by: one factor on all the assumptions behind it.
type lever struct {
	name  string // of the constraint that it decides
	what  string // assumptions, as --what-if spells them
	apply func(c *costmodel.Config, factor float64)
}

// levers are the assumed rates, in operations/s per node, by the constraint that they decide.
// A factor above 1 makes a node carry more.
var levers = []lever{
	{"cpu", "aerospike.cpu_per_op, cpu_per_replica_write and cpu_per_record", func(c *costmodel.Config, f float64) {
		for _, name := range []string{"aerospike.cpu_per_op", "aerospike.cpu_per_replica_write", "aerospike.cpu_per_record"} {
			scaleKnob(c, name, 1/f)
		}
	}},
	{"device_reads", "aerospike.device_rate", func(c *costmodel.Config, f float64) { scaleKnob(c, "aerospike.device_rate", f) }},
	{"device_writes", "aerospike.device_rate", func(c *costmodel.Config, f float64) { scaleKnob(c, "aerospike.device_rate", f) }},
	{"network", "aerospike.max_network", func(c *costmodel.Config, f float64) { scaleKnob(c, "aerospike.max_network", f) }},
}

func scaleKnob(c *costmodel.Config, name string, factor float64) {
	for _, k := range knobs(c) {
		if k.name == name {
			k.set(c, k.get(c)*factor)
		}
	}
}

// flipOf finds the value at which the cheaper system changes: of the rate that binds the
// cheapest Aerospike cluster when an assumed one does, else of the assumption that need change
// least. It is nil when none within reach changes it.
func (m *model) flipOf(p *costmodel.Portfolio, at map[string]pick) *Flip {
	now := winner(at)
	a, ok := at[aerospike.System]
	if !ok || now == "" {
		return nil
	}
	offer, ok := a.offer.(*aerospike.Offer)
	if !ok {
		return nil
	}
	month := busiestMonth(p)
	binding, rate := offer.Binding(p, month)
	for _, l := range levers {
		if l.name == binding {
			if f := m.rateFlip(l, now, rate, month, offer.Name()); f != nil {
				return f
			}
		}
	}
	return m.nearestFlip(now)
}

// busiestMonth is the month with the highest peak, all tables taken together.
func busiestMonth(p *costmodel.Portfolio) int {
	best, highest := 0, 0.0
	for m := range p.Months {
		peak := 0.0
		for i := range p.Tables {
			peak += p.Tables[i].MeanOps.Value * p.Tables[i].Peak(m)
		}
		if peak > highest {
			best, highest = m, peak
		}
	}
	return best
}

// winnerWith is the cheaper system after a change of the configuration.
func (m *model) winnerWith(change func(*costmodel.Config)) (string, map[string]pick, *costmodel.Portfolio) {
	c := *m.cfg
	change(&c)
	p := m.portfolio(&c, 1)
	at := m.cheapest(m.book, p)
	return winner(at), at, p
}

// seek returns the change, as a factor above or below 1 and no further from it than limit, at
// which the winner is no longer now. It looks at the limit first: a change that is undone by
// going further is not found.
func seek(now string, limit float64, winnerAt func(factor float64) string) (float64, bool) {
	inner, outer := 1.0, limit
	if winnerAt(outer) == now {
		return 0, false
	}
	for range 40 {
		middle := math.Sqrt(inner * outer)
		if winnerAt(middle) == now {
			inner = middle
		} else {
			outer = middle
		}
		if math.Abs(math.Log(outer/inner)) < 1e-6 {
			break
		}
	}
	return outer, true
}

func (m *model) rateFlip(l lever, now string, rate float64, month int, name string) *Flip {
	winnerAt := func(factor float64) string {
		w, _, _ := m.winnerWith(func(c *costmodel.Config) { l.apply(c, factor) })
		return w
	}
	// Where Aerospike wins, a slower node undoes it; where DynamoDB does, a faster one.
	limit := rateReach
	if now == aerospike.System {
		limit = 1 / rateReach
	}
	factor, ok := seek(now, limit, winnerAt)
	if !ok {
		return nil
	}
	basis := figure.Assumed
	where := fmt.Sprintf("%s in month %d, %s binds", name, month+1, l.name)
	return &Flip{
		Name: "operations/s per node",
		Now:  figure.New(rate, "operations/s", basis, where),
		At:   figure.Derive(rate*factor, "operations/s", "operations/s per node now × the factor at which the cheaper system changes", figure.In("operations/s per node now", figure.New(rate, "operations/s", basis, where)), figure.In("factor", figure.New(factor, "ratio", basis, "search over "+l.what))),
		Note: fmt.Sprintf("It follows from %s; the cheaper system changes when they make a node carry %.3g times as much. Nobody has measured them for this workload.", l.what, factor),
	}
}

// nearestFlip is the assumption that need change least, by ratio, to change the winner.
func (m *model) nearestFlip(now string) *Flip {
	var out *Flip
	least := math.Log(reach)
	for _, k := range knobs(m.cfg) {
		low, high, ranged := k.span(m.cfg)
		if k.set == nil || !ranged || low == high || k.name == "demand.mean" || k.name == "demand.peak" {
			continue
		}
		v := k.get(m.cfg)
		for _, limit := range []float64{math.Exp(-least), math.Exp(least)} {
			if v == 0 || k.bounded(v*limit) == v {
				continue
			}
			factor, ok := seek(now, k.bounded(v*limit)/v, func(factor float64) string {
				w, _, _ := m.winnerWith(func(c *costmodel.Config) { k.set(c, v*factor) })
				return w
			})
			if !ok || math.Abs(math.Log(factor)) >= least {
				continue
			}
			least = math.Abs(math.Log(factor))
			to := v * factor
			out = &Flip{
				Name: k.name, Now: k.figure(m.cfg),
				At:   figure.New(to, k.unit, figure.Assumed, "search with everything else as it is"),
				Note: fmt.Sprintf("No assumed rate binds the cluster. Of all assumptions %s (%s) need change least to change the cheaper system.", k.name, k.title),
			}
		}
	}
	return out
}

// bounded keeps a value where the cost section would take it.
func (k knob) bounded(v float64) float64 {
	switch k.name {
	case "demand.shape":
		return min(max(v, 1), 12)
	case "dynamodb.utilisation":
		return min(max(v, 0.2), 0.9)
	case "aerospike.max_ram", "aerospike.max_device_use":
		return min(v, 0.9)
	case "demand.growth", "aerospike.device_rate":
		return v
	}
	if k.unit == "share" {
		return min(v, 1)
	}
	return v
}
