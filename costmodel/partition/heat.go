package partition

import (
	"slices"
	"strings"
	"time"
)

const (
	// splitWindow is the stretch over which a partition's load is averaged to tell whether it is
	// near its limit.
	splitWindow = 10 * time.Second
	// samplesKept is how many of a window's requests are kept to find where to split: enough to
	// divide the load within a few percent.
	samplesKept = 256
)

// A load is a partition's in the window under way. Reads count by their weight.
type load struct {
	window  time.Duration // its start
	units   [2]float64    // asked for, admitted or not
	hot     time.Duration // near the limit in so much of the time just before the window
	seen    int           // requests that could have been sampled in the window
	samples []sample      // nil until the partition has been near its limit
}

// A sample is one request.
type sample struct {
	key    Key
	order  int // among the window's requests
	weight float64
}

// note counts what n equal requests ask for, and keeps some of a hot partition's keys: a
// sample of the window's requests in which each is as likely as any other.
func (t *Table) note(now time.Duration, p *part, r *Request, n int) {
	if t.config.SplitAfter < 0 {
		return
	}
	l := &p.load
	read, write := float64(n)*t.weight(r), float64(n)*r.Write
	l.units[ReadSide] += read
	l.units[WriteSide] += write
	if l.hot == 0 {
		return
	}
	l.seen++
	at := len(l.samples)
	if at == samplesKept {
		t.random ^= t.random << 13
		t.random ^= t.random >> 7
		t.random ^= t.random << 17
		if at = int(t.random % uint64(l.seen)); at >= samplesKept {
			return
		}
	} else {
		if l.samples == nil {
			l.samples = make([]sample, 0, samplesKept)
		}
		l.samples = l.samples[:at+1]
	}
	s := &l.samples[at]
	s.key, s.order, s.weight = r.Key, l.seen, max(read/MaxRead, write/MaxWrite)
}

// turn ends partition i's window when its time has come, and splits the partition when it has
// been near its limit for long enough. It reports whether it did.
func (t *Table) turn(now time.Duration, i int) (split bool) {
	p := t.parts[i]
	l := &p.load
	if length := now - l.window; length < splitWindow || t.config.SplitAfter < 0 {
		return false
	}
	length := now - l.window
	limit := t.config.SplitLoad * length.Seconds()
	if l.units[ReadSide] < limit*MaxRead && l.units[WriteSide] < limit*MaxWrite {
		*l = load{window: now} // its samples are given back too
		p.heat.Stuck = ""
		return false
	}
	l.hot += length
	if l.hot >= t.config.SplitAfter && len(l.samples) > 0 {
		at, why := t.divide(p)
		if why == "" {
			t.split(i, at, 0.5, now, ForHeat)
			return true
		}
		p.heat.Stuck = why
	}
	l.window, l.units, l.seen, l.samples = now, [2]float64{}, 0, l.samples[:0]
	return false
}

// Why a hot partition is not split.
const (
	StuckItem      = "one item takes the load"
	StuckIndex     = "one partition key takes the load, and a local secondary index keeps it together"
	StuckMonotonic = "one partition key takes the load, and requests follow its sort key"
)

// divide returns the key at which a partition's recent load divides most evenly, or why no
// division helps (AWS Database Blog, "Scaling DynamoDB", part 2 and 3; Developer Guide, "Isolate
// frequently accessed items").
func (t *Table) divide(p *part) (at Key, why string) {
	samples := p.load.samples
	ordered := t.followed(samples)
	slices.SortFunc(samples, func(a, b sample) int {
		if a.key.Hash != b.key.Hash {
			return compare(a.key.Hash, b.key.Hash)
		}
		return strings.Compare(a.key.Sort, b.key.Sort)
	})
	total := 0.0
	for i := range samples {
		total += samples[i].weight
	}
	best, left := 0.0, 0.0
	why = StuckItem
	for i := 1; i < len(samples); i++ {
		left += samples[i-1].weight
		a, b := samples[i-1].key, samples[i].key
		smaller := min(left, total-left) / total
		if !a.before(b) || smaller < t.config.SplitGain || !p.first.before(b) {
			continue
		}
		if a.Hash == b.Hash {
			if t.config.LocalIndexes {
				why = StuckIndex
				continue
			}
			if ordered[a.Hash] {
				why = StuckMonotonic
				continue
			}
		} else {
			b.Sort = "" // the whole of the next partition key
		}
		if smaller > best {
			best, at = smaller, b
		}
	}
	if best > 0 {
		return at, ""
	}
	return Key{}, why
}

func compare(a, b uint64) int {
	if a < b {
		return -1
	}
	return 1
}

// followed returns the partition keys whose requests follow their sort keys, upwards or
// downwards: a split would leave all that comes next on one side.
func (t *Table) followed(samples []sample) map[uint64]bool {
	slices.SortFunc(samples, func(a, b sample) int { return a.order - b.order })
	type tally struct {
		last           Key
		up, down, same int
	}
	tallies := map[uint64]*tally{}
	for i := range samples {
		k := samples[i].key
		c := tallies[k.Hash]
		if c == nil {
			tallies[k.Hash] = &tally{last: k}
			continue
		}
		switch order := strings.Compare(c.last.Sort, k.Sort); {
		case order < 0:
			c.up++
		case order > 0:
			c.down++
		default:
			c.same++
		}
		c.last = k
	}
	out := map[uint64]bool{}
	for hash, c := range tallies {
		n := float64(c.up + c.down)
		out[hash] = n > 0 && float64(max(c.up, c.down)) >= t.config.Monotonic*n
	}
	return out
}
