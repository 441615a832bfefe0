package clock

import (
	"context"
	"slices"
	"testing"
	"time"
)

// pacingRounds is how often each pacer's turn comes; of each figure the median is reported.
const pacingRounds = 5

// lateness returns the 50th and 99th percentile of how late a pacer of the given interval is,
// over n waits.
func lateness(c Clock, n int, interval time.Duration, until func(time.Duration)) (p50, p99 time.Duration) {
	late := make([]time.Duration, 0, n)
	at := c.Now()
	for range n {
		at += interval
		until(at)
		late = append(late, max(c.Now()-at, 0))
	}
	slices.Sort(late)
	return late[n/2], late[n*99/100]
}

// BenchmarkPacing is how late operations at 10,000/s are released by the sleeper that the
// engine's pacer waits on, and, in turns with it, by one that waits by time.Sleep. On a host whose
// cores others want too, the 99th percentile is how long a thread waits for a core, which no timer
// changes; a process of real-time priority (chrt -f 1) does not wait.
func BenchmarkPacing(b *testing.B) {
	c := Real()
	s := NewSleeper(c)
	defer s.Close()
	const n, interval = 2000, 100 * time.Microsecond
	var own, plain [2][]time.Duration
	for range b.N {
		for range pacingRounds {
			p50, p99 := lateness(c, n, interval, func(at time.Duration) { _ = s.SleepUntil(context.Background(), at) })
			own[0], own[1] = append(own[0], p50), append(own[1], p99)
			p50, p99 = lateness(c, n, interval, func(at time.Duration) { time.Sleep(at - c.Now()) })
			plain[0], plain[1] = append(plain[0], p50), append(plain[1], p99)
		}
	}
	median := func(d []time.Duration) float64 {
		slices.Sort(d)
		return float64(d[len(d)/2])
	}
	b.ReportMetric(median(own[0])/median(plain[0]), "p50-of-sleep")
	b.ReportMetric(median(own[1])/median(plain[1]), "p99-of-sleep")
	b.ReportMetric(median(own[0]), "p50-ns")
	b.ReportMetric(median(own[1]), "p99-ns")
	b.ReportMetric(median(plain[0]), "sleep-p50-ns")
	b.ReportMetric(median(plain[1]), "sleep-p99-ns")
	b.ReportMetric(0, "ns/op")
}
