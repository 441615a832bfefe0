package runner

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"time"

	"crossover/results"
)

// The limits past which the generator, and not the database, may have set an interval's
// figures. That every session is busy because the database is slow is no such case: the
// lateness of a send counts only from when a session was free.
const (
	// LatenessP99Limit is for the 99th percentile of sends' lateness (the median, where an
	// interval has fewer than 100 sends).
	LatenessP99Limit = 10 * time.Millisecond
	// CPUShareLimit is for the share that this process used of the cores that it may use, and for
	// that together with what its threads waited for them: on a host that others load too, a
	// process that could use all of a core gets less.
	CPUShareLimit = 0.9
	// RunQueueShareLimit is for the time that its threads waited for a core, as a share of
	// the time that those cores had.
	RunQueueShareLimit = 0.25
	// GCPauseLimit is for one stop of all goroutines by the garbage collector.
	GCPauseLimit = 10 * time.Millisecond
	// LimitedShareLimit is the share of recorded intervals that may be marked before the run
	// is.
	LimitedShareLimit = 0.1
)

// A usage is a reading of what this process has used so far.
type usage struct {
	cpu  time.Duration // user and system
	wait time.Duration // of its threads for a core; 0 where the system does not say
}

// A monitor watches the generator's health from interval to interval.
type monitor struct {
	cores    float64
	read     func() usage
	last     usage
	pauses   []metrics.Sample
	seen     []uint64 // the pause histogram's counts so far
	lateness *results.Merged

	health    results.Health
	resent    uint64 // TCP segments sent again before the run
	elapsed   time.Duration
	cpu, wait time.Duration
	judged    int // recorded intervals
	marked    int
	worst     map[string]verdict
}

// timer takes in how late the pacer's timer wakes.
func (m *monitor) timer(p50, _, most time.Duration) {
	m.health.TimerLateP50Ns, m.health.TimerLateMaxNs = int64(p50), int64(most)
}

// A verdict is why intervals were marked, with the worst value.
type verdict struct {
	n     int
	value float64
}

// newMonitor returns a monitor of this process.
func newMonitor() *monitor { return monitorOf(readUsage, float64(runtime.GOMAXPROCS(0))) }

// monitorOf returns a monitor of a process that may use so many cores.
func monitorOf(read func() usage, cores float64) *monitor {
	m := &monitor{
		cores:    cores,
		read:     read,
		last:     read(),
		pauses:   []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}},
		lateness: results.NewMerged(),
		worst:    map[string]verdict{},
	}
	m.pause() // pauses before the run are not its own
	_, m.resent, _ = TCPSegments()
	return m
}

// The reasons for marking an interval, with the unit in which the worst is told.
const (
	lateReason  = "sends late while a session was free: p99 %.1f ms"
	cpuReason   = "own CPU use %.0f%% of its cores"
	queueReason = "threads waited for a core %.0f%% of the time"
	wantReason  = "own CPU use and waiting for a core, together %.0f%% of its cores"
	pauseReason = "garbage collection stopped it for %.1f ms"
)

// interval judges one interval by the lateness of its sends and what the process used, and
// reports whether the interval is generator-limited. Only recorded intervals count towards
// the run's verdict; a very short one (judge false) carries no shares.
func (m *monitor) interval(length time.Duration, lateness *results.Merged, recorded, judge bool) bool {
	now := m.read()
	cpu, wait := max(now.cpu-m.last.cpu, 0), max(now.wait-m.last.wait, 0)
	m.last = now
	m.elapsed += length
	m.cpu += cpu
	m.wait += wait
	m.lateness.Add(lateness)
	pause := m.pause()
	m.health.GCPauseMaxNs = max(m.health.GCPauseMaxNs, int64(pause))
	if !judge || length <= 0 {
		return false
	}
	available := m.cores * length.Seconds()
	cpuShare, waitShare := min(cpu.Seconds()/available, 1), wait.Seconds()/available
	m.health.CPUPeak = max(m.health.CPUPeak, cpuShare)

	quantile := 0.99
	if lateness.Total() < 100 {
		quantile = 0.5
	}
	late := lateness.Quantile(quantile)
	limited := false
	mark := func(over bool, reason string, value float64) {
		if !over {
			return
		}
		limited = true
		if recorded {
			v := m.worst[reason]
			m.worst[reason] = verdict{v.n + 1, max(v.value, value)}
		}
	}
	mark(late > LatenessP99Limit, lateReason, late.Seconds()*1e3)
	mark(cpuShare > CPUShareLimit, cpuReason, 100*cpuShare)
	mark(waitShare > RunQueueShareLimit, queueReason, 100*waitShare)
	// Where neither says so alone.
	mark(cpuShare <= CPUShareLimit && waitShare <= RunQueueShareLimit && cpuShare+waitShare > CPUShareLimit,
		wantReason, 100*(cpuShare+waitShare))
	mark(pause > GCPauseLimit, pauseReason, pause.Seconds()*1e3)
	if recorded {
		m.judged++
		if limited {
			m.marked++
		}
	}
	return limited
}

// pause returns the longest stop by the garbage collector since the last call, to the
// resolution of the runtime's histogram.
func (m *monitor) pause() time.Duration {
	metrics.Read(m.pauses)
	if m.pauses[0].Value.Kind() != metrics.KindFloat64Histogram {
		return 0
	}
	h := m.pauses[0].Value.Float64Histogram()
	longest := 0.0
	if len(m.seen) != len(h.Counts) {
		m.seen = make([]uint64, len(h.Counts))
	}
	for i, n := range h.Counts {
		if n > m.seen[i] {
			longest = max(longest, h.Buckets[i]) // the bucket's lower bound is certain
		}
		m.seen[i] = n
	}
	return time.Duration(longest * float64(time.Second))
}

// result returns the generator's health over the run.
func (m *monitor) result() results.Health {
	h := m.health
	if _, resent, ok := TCPSegments(); ok && resent > m.resent {
		h.TCPRetransmits = resent - m.resent
	}
	h.LatenessP50Ns = int64(m.lateness.Quantile(0.5))
	h.LatenessP99Ns = int64(m.lateness.Quantile(0.99))
	h.LatenessMaxNs = int64(m.lateness.Quantile(1))
	if available := m.cores * m.elapsed.Seconds(); available > 0 {
		h.CPUShare = min(m.cpu.Seconds()/available, 1)
		h.RunQueueShare = m.wait.Seconds() / available
	}
	if m.judged > 0 {
		h.LimitedShare = float64(m.marked) / float64(m.judged)
	}
	h.Limited = h.LimitedShare > LimitedShareLimit
	for _, reason := range []string{lateReason, cpuReason, queueReason, wantReason, pauseReason} {
		if v, ok := m.worst[reason]; ok {
			h.Reasons = append(h.Reasons,
				fmt.Sprintf(reason, v.value)+fmt.Sprintf(" (in %d of %d intervals, the worst shown)", v.n, m.judged))
		}
	}
	return h
}
