package arrival

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"time"
)

// MaxSegments bounds the stretches of one phase's shape.
const MaxSegments = 100_000

// A Segment is a stretch of a phase: its rate in operations/s goes from From to To linearly.
type Segment struct {
	For      time.Duration
	From, To float64
}

// ops returns how many operations the segment offers.
func (s Segment) ops() float64 { return (s.From + s.To) / 2 * s.For.Seconds() }

// timeOf returns when the segment has offered n operations: the inverse of its cumulative rate.
func (s Segment) timeOf(n float64) time.Duration {
	if n <= 0 {
		return 0 // a ramp from nothing would divide nothing by nothing
	}
	if s.From == 0 && s.To == 0 || s.For == 0 {
		return s.For
	}
	slope := (s.To - s.From) / s.For.Seconds()
	var at float64
	if slope == 0 {
		at = n / s.From
	} else {
		// n = From·s + slope·s²/2, solved in the form that stays exact for small slopes.
		at = 2 * n / (s.From + math.Sqrt(max(s.From*s.From+2*slope*n, 0)))
	}
	if at*1e9 >= float64(s.For) {
		return s.For // a rate near nothing takes longer than a duration holds
	}
	return time.Duration(at * 1e9)
}

// offered returns how many operations the segment offers in its first s seconds.
func (s Segment) offered(seconds float64) float64 {
	return s.From*seconds + (s.To-s.From)*seconds*seconds/(2*s.For.Seconds())
}

// A curve is a phase's rate over its time: segments, and what was before each.
type curve struct {
	segments []Segment
	starts   []time.Duration // of each segment, and the end
	before   []float64       // operations before each segment, and all
}

func newCurve(ph Phase) (curve, error) {
	segments, end := ph.Shape, ph.For
	if len(segments) == 0 {
		segments = []Segment{{For: ph.For, From: ph.From, To: ph.To}}
	}
	if len(segments) > MaxSegments {
		return curve{}, fmt.Errorf("a shape of %d stretches, expected %d at most", len(segments), MaxSegments)
	}
	c := curve{segments: segments, starts: []time.Duration{0}, before: []float64{0}}
	for i, s := range segments {
		for _, r := range []float64{s.From, s.To} {
			if !(r >= 0 && r <= MaxRate) {
				return curve{}, fmt.Errorf("rate %v/s, expected 0 to %g", r, MaxRate)
			}
		}
		if s.For < 0 {
			return curve{}, fmt.Errorf("a stretch of %v", s.For)
		}
		c.starts = append(c.starts, c.starts[i]+s.For)
		c.before = append(c.before, c.before[i]+s.ops())
	}
	if c.starts[len(segments)] != end {
		return curve{}, errors.New("a shape whose stretches are not as long as the phase")
	}
	return c, nil
}

// count returns how many operations the curve offers, whole.
func (c curve) count() uint64 { return uint64(math.Round(c.before[len(c.segments)])) }

// timeOf returns when the curve has offered n operations.
func (c curve) timeOf(n float64) time.Duration {
	if len(c.segments) == 1 {
		return c.segments[0].timeOf(n)
	}
	k := sort.Search(len(c.segments)-1, func(k int) bool { return c.before[k+1] > n })
	return min(c.starts[k]+c.segments[k].timeOf(n-c.before[k]), c.starts[len(c.segments)])
}

// offered returns how many operations the curve offers in its first s seconds.
func (c curve) offered(seconds float64) float64 {
	if len(c.segments) == 1 {
		return c.segments[0].offered(seconds)
	}
	k := sort.Search(len(c.segments)-1, func(k int) bool { return c.starts[k+1].Seconds() > seconds })
	if c.segments[k].For == 0 {
		return c.before[k]
	}
	return c.before[k] + c.segments[k].offered(seconds-c.starts[k].Seconds())
}

// Steps returns the shape that holds each rate for an equal part of a phase.
func Steps(length time.Duration, rates []float64) []Segment {
	var out []Segment
	n, done := time.Duration(len(rates)), time.Duration(0)
	for i, r := range rates {
		end := length/n*time.Duration(i+1) + length%n*time.Duration(i+1)/n
		out = append(out, Segment{For: end - done, From: r, To: r})
		done = end
	}
	return out
}

// Spike returns the shape that offers base, but peak for a while from at on. What lies past the
// phase's end is cut.
func Spike(length time.Duration, base, peak float64, at, lasting time.Duration) []Segment {
	at = min(at, length)
	lasting = min(lasting, length-at)
	return []Segment{{at, base, base}, {lasting, peak, peak}, {length - at - lasting, base, base}}
}

// MaxPeakToMean is the highest ratio of peak to mean that Diurnal knows.
const MaxPeakToMean = 12

// dayParts is how many straight stretches stand for the curve of a day: quarters of an hour.
const dayParts = 96

// Diurnal returns the shape of a day compressed into the phase: a power of a raised cosine,
// lowest at both ends and highest in the middle, where it is peakToMean times the mean, 1 to
// MaxPeakToMean. The power is the one that gives that ratio.
func Diurnal(length time.Duration, mean, peakToMean float64) ([]Segment, error) {
	if !(peakToMean >= 1 && peakToMean <= MaxPeakToMean) {
		return nil, fmt.Errorf("peak to mean %v, expected 1 to %d", peakToMean, MaxPeakToMean)
	}
	var day [dayParts + 1]float64
	ratio := func(power float64) float64 {
		sum := 0.0
		for i := range day {
			day[i] = math.Pow(0.5-0.5*math.Cos(2*math.Pi*float64(i)/dayParts), power)
			if i < dayParts { // the ends are one vertex
				sum += day[i]
			}
		}
		for i := range day {
			day[i] *= dayParts / sum
		}
		return day[dayParts/2]
	}
	low, high := 0.0, 500.0
	for range 80 {
		if power := (low + high) / 2; ratio(power) < peakToMean {
			low = power
		} else {
			high = power
		}
	}
	ratio(low)
	out := Steps(length, day[:dayParts])
	for i := range out {
		out[i].From, out[i].To = mean*day[i], mean*day[i+1]
	}
	return out, nil
}
