package runner

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"crossover/results"
	"crossover/workload/op"
)

// An mmc is a queue with Poisson arrivals and servers with exponential service times of 1 ms
// in the mean, first come, first served, in virtual time.
type mmc struct {
	servers int
	rand    *rand.Rand
	ops     float64 // expected in a probe of DefaultSearchLength; others in proportion
	probes  int
	cells   [mmcIntervals]results.Counts // reused
}

const (
	mmcMean      = time.Millisecond
	mmcIntervals = 100
)

// probe simulates a queue that begins empty.
func (m *mmc) probe(_ context.Context, rate float64, length time.Duration) (Probe, error) {
	m.probes++
	seconds := m.ops / rate * float64(length) / float64(DefaultSearchLength)
	interval := seconds / mmcIntervals
	p := Probe{Length: time.Duration(seconds * 1e9), Intervals: make([]ProbeInterval, mmcIntervals)}
	var left [mmcIntervals + 1]int64
	free := make(servers, m.servers)
	for now := m.rand.ExpFloat64() / rate; now < seconds; now += m.rand.ExpFloat64() / rate {
		end := free.serve(now, m.rand.ExpFloat64()*mmcMean.Seconds())
		p.Intervals[min(int(now/interval), mmcIntervals-1)].Offered++
		i := min(int(end/interval), mmcIntervals)
		left[i]++
		i = min(i, mmcIntervals-1) // what drains belongs to the last interval
		p.Intervals[i].Ended++
		m.cells[i].Record(time.Duration((end - now) * 1e9))
	}
	merged := results.NewMerged()
	var backlog int64
	for i := range p.Intervals {
		at := &p.Intervals[i]
		at.Start, at.Length = time.Duration(float64(i)*interval*1e9), time.Duration(interval*1e9)
		backlog += int64(at.Offered) - left[i]
		at.Backlog = backlog
		merged.Take(&m.cells[i])
		at.Response[op.Read] = TimesOf(merged)
		merged.Reset()
	}
	return p, nil
}

// servers is a heap of the times at which each server becomes free.
type servers []float64

// serve gives the operation that arrives at now to the server that is free first, and returns
// when it ends.
func (s servers) serve(now, service float64) (end float64) {
	end = max(now, s[0]) + service
	i := 0
	for child := 1; child < len(s); child = 2*i + 1 {
		if child+1 < len(s) && s[child+1] < s[child] {
			child++
		}
		if s[child] >= end {
			break
		}
		s[i] = s[child]
		i = child
	}
	s[i] = end
	return end
}

// erlangC returns the probability that an arrival waits in an M/M/c queue whose load is
// a = arrival rate × mean service time, by the recursion of Erlang's B formula.
func erlangC(servers int, a float64) float64 {
	b := 1.0
	for k := 1; k <= servers; k++ {
		b = a * b / (float64(k) + a*b)
	}
	return b / (1 - a/float64(servers)*(1-b))
}

// exceedance returns the share of response times above limit (in mean service times) in an
// M/M/c queue at load a < c. The wait is nothing, or with probability erlangC exponential
// with rate c - a; the service time is exponential with rate 1 and independent of it. So the
// response time is exponential, or the sum of two exponentials, whose tail is
// (d·e^-t - e^-dt) / (d - 1) for d = c - a.
func exceedance(servers int, a, limit float64) float64 {
	wait, d := erlangC(servers, a), float64(servers)-a
	if math.Abs(d-1) < 1e-6 {
		d += 1e-6 // d = 1 is a limit of the formula
	}
	sum := (d*math.Exp(-limit) - math.Exp(-d*limit)) / (d - 1)
	return (1-wait)*math.Exp(-limit) + wait*sum
}

// mmcCapacity returns the rate at which quantile q of the response time equals limit, in
// operations/s, by bisection.
func mmcCapacity(servers int, q float64, limit time.Duration) float64 {
	low, high := 0.0, float64(servers)
	for range 100 {
		if a := (low + high) / 2; exceedance(servers, a, float64(limit)/float64(mmcMean)) <= 1-q {
			low = a
		} else {
			high = a
		}
	}
	return low / mmcMean.Seconds()
}

// The formulas agree with what is known otherwise: an M/M/1 queue's response time is
// exponential with rate 1 - a, so that its 99th percentile is ln 100 / (1 - a); with two
// servers and load 1, a third of the arrivals wait.
func TestErlangC(t *testing.T) {
	if got := erlangC(2, 1); math.Abs(got-1./3) > 1e-12 {
		t.Errorf("two servers at load 1: %v of the arrivals wait", got)
	}
	for _, a := range []float64{0.1, 0.5, 0.9} {
		limit := math.Log(100) / (1 - a)
		if got := exceedance(1, a, limit); math.Abs(got-0.01) > 1e-9 {
			t.Errorf("M/M/1 at load %v: %v above the 99th percentile", a, got)
		}
		got := mmcCapacity(1, 0.99, time.Duration(limit*float64(mmcMean)))
		if math.Abs(got/(a*1000)-1) > 1e-5 {
			t.Errorf("M/M/1: capacity %v/s, want %v/s", got, a*1000)
		}
	}
}
