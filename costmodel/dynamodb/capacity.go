package dynamodb

import (
	"cmp"
	"math"
	"slices"

	"crossover/costmodel"
	"crossover/costmodel/demand"
	"crossover/costmodel/units"
)

// The two directions of throughput.
const (
	reads = iota
	writes
	directions
)

// The ways to set provisioned capacity.
const (
	// tracking is auto scaling's target tracking, simulated by the minute.
	tracking = iota
	// scheduled sets each hour's capacity ahead of it, by scheduled actions, for the hour's
	// busiest minute at the target utilisation. The load must be known beforehand.
	scheduled
	// fixed holds what the month's busiest minute asks for at the target utilisation.
	fixed
	policies
)

// A span is a number of hours of one month at one demand.
type span struct {
	hours float64
	use   [directions]float64           // units/s that the tables consume
	held  [policies][directions]float64 // units/s provisioned
}

// A month is a month's demand: its spans' hours add up to the month's.
type month struct {
	spans                    []span
	stored                   float64                       // bytes, overhead included
	indexed                  float64                       // bytes of secondary indexes, overhead included
	tableWrites, indexWrites float64                       // units: of the tables themselves, and of their indexes
	asked                    [directions]float64           // units
	throttled                [policies][directions]float64 // units refused
}

// consumed returns the units that a month asks for.
func (m *month) consumed(direction int) float64 {
	sum := 0.0
	for _, s := range m.spans {
		sum += s.use[direction] * s.hours * 3600
	}
	return sum
}

// maxPeriod bounds the hours over which tables' patterns are laid beside each other: a year.
const maxPeriod = 8736

// period returns how many hours the tables' patterns take to come round together.
func period(tables []costmodel.Table) int {
	n := 24
	for i := range tables {
		k := len(tables[i].Load.Hours())
		for a, b := n, k; ; a, b = b, a%b {
			if b == 0 {
				n = min(n/a*k, maxPeriod)
				break
			}
		}
	}
	return n
}

// A level is a number of a pattern's hours at one load, in multiples of a table's mean.
type level struct{ load, busiest, held float64 }

// maxLevels is how many levels a pattern is merged into. A day's hours are fewer; of a longer
// pattern those of nearly the same capacity become one level of their mean.
const maxLevels = 48

// levelsOf returns the levels of each table's pattern, over the hours that the patterns take to
// come round together, and how many of those hours each level stands for.
func levelsOf(p *costmodel.Portfolio) (tables [][]level, hours []float64) {
	n := period(p.Tables)
	order := make([]int, n)
	total := make([]float64, n)
	for h := range order {
		order[h] = h
	}
	for i := range p.Tables {
		t := &p.Tables[i]
		auto := trackedOf(p, t)
		for h := range total {
			total[h] += t.MeanOps.Value * (t.ReadUnits.Value + t.WriteUnits.Value) * auto.hours[h%len(auto.hours)]
		}
	}
	groups := n
	if n > maxLevels {
		groups = maxLevels
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(total[a], total[b]) })
	}
	hours = make([]float64, groups)
	for i := range p.Tables {
		t := &p.Tables[i]
		load, busiest, held := t.Load.Hours(), peaks(t.Load), trackedOf(p, t).hours
		list := make([]level, groups)
		for g := range list {
			of := order[g*n/groups : (g+1)*n/groups]
			hours[g] = float64(len(of))
			for _, h := range of {
				k := h % len(load)
				list[g].load += load[k] / hours[g]
				list[g].busiest += busiest[k] / hours[g]
				list[g].held += held[k] / hours[g]
			}
		}
		tables = append(tables, list)
	}
	return tables, hours
}

func trackedOf(p *costmodel.Portfolio, t *costmodel.Table) *followed {
	return tracked(t.Load, p.Config.DynamoDB.Utilisation, p.Config.DynamoDB.MaxThrottled)
}

// monthsOf lays a portfolio's demand out: the levels of the tables' patterns stand for a month's
// hours, and an event with the day after it for themselves. Events of one month coincide.
func monthsOf(p *costmodel.Portfolio, hours float64) []month {
	out := make([]month, p.Months)
	levels, weights := levelsOf(p)
	all := 0.0
	for _, w := range weights {
		all += w
	}
	for m := range out {
		length := 0
		for i := range p.Tables {
			if e, ok := p.Tables[i].Load.Event(m); ok {
				length = max(length, e.Hours+windowAfter)
			}
		}
		out[m].spans = make([]span, len(weights)+length)
		for h := range out[m].spans {
			out[m].spans[h].hours = 1
			if h < len(weights) {
				out[m].spans[h].hours = (hours - float64(length)) * weights[h] / all
			}
		}
		for i := range p.Tables {
			out[m].add(p, &p.Tables[i], levels[i], m)
		}
	}
	return out
}

// add lays one table's demand over the spans of a month of the horizon.
func (out *month) add(p *costmodel.Portfolio, t *costmodel.Table, levels []level, m int) {
	target := p.Config.DynamoDB.Utilisation
	auto := trackedOf(p, t)
	season, highest := t.Load.Season(m), t.Load.Highest(m)
	scale := t.MeanOps.Value * t.Factor(m)
	out.stored += t.Items.Value * t.Factor(m) * storedBytes(t)
	if t.IndexCount > 0 {
		out.indexed += t.Items.Value * t.Factor(m) * (t.IndexBytes.Value + float64(t.IndexCount)*units.ItemOverhead)
	}
	window, eventful := auto.events[m%12]
	for direction, per := range [directions]float64{t.ReadUnits.Value * cached(p.Config), t.WriteUnits.Value} {
		scaled := scale * per
		top := capacity(scaled*highest, target)
		for h := range out.spans {
			s := &out.spans[h]
			var l level
			if h < len(levels) {
				l = level{levels[h].load * season, levels[h].busiest * season, levels[h].held * season}
				out.throttled[tracking][direction] += auto.throttled * scaled * l.load * s.hours * 3600
			} else {
				l = during(t.Load, auto, window, eventful, h-len(levels), season)
			}
			s.use[direction] += scaled * l.load
			s.held[tracking][direction] += capacity(scaled*l.held, 1)
			s.held[scheduled][direction] += capacity(scaled*l.busiest, target)
			s.held[fixed][direction] += top
			asked := scaled * l.load * s.hours * 3600
			out.asked[direction] += asked
			if direction == writes {
				index := 0.0
				if t.WriteUnits.Value > 0 {
					index = t.IndexWrites.Value / t.WriteUnits.Value
				}
				out.tableWrites += asked * (1 - index)
				out.indexWrites += asked * index
			}
		}
		if eventful {
			out.throttled[tracking][direction] += window.throttled * scaled * 3600
		}
	}
}

// during returns the level of an hour from an event's beginning on; of a table without one, or
// after it, that of its pattern.
func during(load *demand.Profile, auto *followed, w window, eventful bool, hour int, season float64) level {
	k := (noon + hour) % len(load.Hours())
	l := level{load.Hours()[k] * season, peaks(load)[k] * season, auto.hours[k] * season}
	if eventful && hour < len(w.use) {
		l.load, l.held = w.use[hour], w.held[hour]
		l.busiest = max(l.load, l.busiest)
	}
	return l
}

// An outlook is a portfolio's demand by month. The offers of one list share it, since searches
// price the same portfolio under all of them.
type outlook struct {
	of  *costmodel.Portfolio
	out []month
}

// The keys of what is derived from a profile.
type (
	trackKey struct{ target, limit float64 }
	peaksKey struct{}
)

func tracked(load *demand.Profile, target, limit float64) *followed {
	return load.Derived(trackKey{target, limit}, func() any { return follow(load, target, limit) }).(*followed)
}

// peaks returns the busiest minute of each of a pattern's hours.
func peaks(load *demand.Profile) []float64 {
	return load.Derived(peaksKey{}, func() any {
		out := make([]float64, len(load.Hours()))
		for i, v := range load.Minutes() {
			out[i/60] = max(out[i/60], v)
		}
		return out
	}).([]float64)
}

func (d *outlook) months(p *costmodel.Portfolio, hours float64) []month {
	if d.of != p {
		d.of, d.out = p, monthsOf(p, hours)
	}
	return d.out
}

// capacity is what is provisioned for a demand: whole units, at least one, of which the demand
// takes the target utilisation.
func capacity(demand, utilisation float64) float64 {
	// A product that is whole but for rounding must not cost a unit more.
	return math.Max(1, math.Ceil(demand/utilisation-1e-9*math.Max(1, demand)))
}

// A held is capacity held for a number of hours.
type held struct{ units, hours float64 }

// appendHeld appends what a policy holds in each span.
func appendHeld(list []held, spans []span, policy, direction int) []held {
	for i := range spans {
		list = append(list, held{spans[i].held[policy][direction], spans[i].hours})
	}
	return list
}

// unitHours returns the unit-hours above what is reserved.
func unitHours(list []held, reserved float64) float64 {
	sum := 0.0
	for _, h := range list {
		sum += math.Max(0, h.units-reserved) * h.hours
	}
	return sum
}

// block is how many units reserved capacity is sold by (Amazon DynamoDB pricing, "Reserved
// capacity").
const block = 100

// bestReserve returns how many units to reserve so that a term costs least: reserved is what
// a unit costs over the term, hourly what a provisioned one costs an hour. Whole blocks are
// reserved, one more as long as it saves more than it costs. Each saves no more than the one
// before, so that the first that does not is found by halving.
func bestReserve(term []held, reserved, hourly float64) float64 {
	worth := func(blocks float64) bool { // one more block
		low, saved := blocks*block, 0.0
		for i := range term {
			if above := term[i].units - low; above > 0 {
				saved += min(above, block) * term[i].hours
			}
		}
		return saved*hourly > reserved*block
	}
	if !worth(0) {
		return 0
	}
	in, out := 0.0, 1.0
	for worth(out) {
		in, out = out, 2*out
	}
	for out-in > 1 {
		if middle := math.Floor((in + out) / 2); worth(middle) {
			in = middle
		} else {
			out = middle
		}
	}
	return out * block
}

// planLevel returns the hourly list price up to which a savings plan pays: usage below it is
// there for a large enough share of the hours that the discount outweighs the idle ones.
func planLevel(usage []held, discount float64) float64 {
	sorted := slices.Clone(usage)
	slices.SortFunc(sorted, func(a, b held) int { return cmp.Compare(a.units, b.units) })
	total := 0.0
	for _, h := range sorted {
		total += h.hours
	}
	// Committing to a dollar of list price costs 1-discount in every hour and saves 1 in those
	// that use it.
	level, below := 0.0, 0.0
	for _, h := range sorted {
		if total-below >= (1-discount)*total*(1-1e-9) {
			level = h.units
		}
		below += h.hours
	}
	return level
}
