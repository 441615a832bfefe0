package partition

import (
	"math"
	"time"
)

// A bucket holds capacity that comes at a rate. A request is admitted while anything is left,
// and may take the bucket below zero: what an item costs is known only when it has been read.
// The debt delays what comes after, so that the rate holds in the long run.
type bucket struct {
	rate  float64 // units/s; 0 means unlimited
	limit float64 // most that it holds
	have  float64
	at    time.Duration
}

func full(rate, seconds float64, now time.Duration) bucket {
	return bucket{rate: rate, limit: rate * seconds, have: rate * seconds, at: now}
}

func (b *bucket) refill(now time.Duration) {
	if now > b.at {
		b.have = min(b.limit, b.have+b.rate*(now-b.at).Seconds())
		b.at = now
	}
}

// room returns how many requests of so many units would be admitted one after another at one
// instant; the bucket is refilled.
func (b *bucket) room(now time.Duration, units float64) float64 {
	if b.rate == 0 {
		return math.Inf(1)
	}
	b.refill(now)
	return b.holds(units)
}

// holds is room without a refill.
func (b *bucket) holds(units float64) float64 {
	if b.have <= 0 {
		return 0
	}
	return math.Ceil(b.have / units)
}

func (b *bucket) take(units float64) {
	if b.rate != 0 {
		b.have -= units
	}
}

// spend takes units that something else has paid for. It makes no debt beyond a second's worth.
func (b *bucket) spend(units float64) {
	if b.rate != 0 {
		b.have = max(b.have-units, min(b.have, -b.rate))
	}
}

// A growth finds an on-demand table's previous peak: the highest minute's mean that has stood
// for the growth window. That a minute's mean is what counts is an assumption: CloudWatch's
// metrics of consumption have that period.
type growth struct {
	minute int64   // the one being counted
	units  float64 // consumed in it
	means  [int(GrowthWindow / time.Minute)]float64
	peak   float64 // units/s
}

// add counts units, and reports whether a higher peak has become the previous one.
func (g *growth) add(now time.Duration, units float64) (higher bool) {
	if m := int64(now / time.Minute); m > g.minute {
		// The ring holds the minutes of the window by their numbers; each that leaves it counts.
		at := func(minute int64) *float64 { return &g.means[minute%int64(len(g.means))] }
		for left := min(m-g.minute, int64(len(g.means))); left > 0; left-- {
			slot := at(g.minute)
			higher = higher || *slot > g.peak
			g.peak = max(g.peak, *slot)
			*slot = g.units / 60
			g.units = 0
			g.minute++
		}
		g.minute = m
	}
	g.units += units
	return higher
}
