package runner

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"crossover/results"
	"crossover/workload/op"
)

// priorSums returns what earlier parts recorded, by kind; nil where there is nothing.
func priorSums(r *results.Run) (kinds [op.KindCount]*sum, ended uint64) {
	var overflow [op.KindCount]uint64
	for _, line := range r.Intervals() {
		for _, n := range line.Done {
			ended += n
		}
		kind, ok := op.ParseKind(line.Kind)
		if !ok || !line.Recorded {
			continue
		}
		if kinds[kind] == nil {
			kinds[kind] = newSum()
		}
		kinds[kind].addLine(&line)
		overflow[kind] += line.Overflow
	}
	for kind, s := range kinds {
		if s == nil {
			continue
		}
		of := func(measure string, overflow uint64) *results.Merged {
			return results.MergedOf(r.Histogram(op.Kind(kind).String(), measure, true), overflow)
		}
		s.response = of(results.Response, overflow[kind])
		s.service = of(results.Service, 0)
		s.failed = of(results.Failure, 0)
		s.attempt = of(results.Attempt, 0)
		s.attemptFailed = of(results.AttemptFailure, 0)
	}
	return kinds, ended
}

// addLine adds an interval's counts; its latencies are elsewhere.
func (m *sum) addLine(line *results.Interval) {
	for class := op.Class(0); class < op.ClassCount; class++ {
		m.classes[class] += line.Done[class.String()]
	}
	m.attempts += line.Attempts
	m.bytesOut += line.BytesOut
	m.bytesIn += line.BytesIn
	m.readUnits += line.ReadUnits
	m.writeUnits += line.WriteUnits
	m.indexReads += line.IndexReads
	m.indexWrites += line.IndexWrites
	m.checked.add(checked{line.Verified, line.Stale, line.Corrupt})
	for reason, n := range line.Throttles {
		m.throttles.add(op.Throttled, unnamed(reason), n)
	}
	for name, n := range line.Failures {
		class, reason, _ := strings.Cut(name, ": ")
		m.failures.add(classOf(class), unnamed(reason), n)
	}
}

func unnamed(reason string) string {
	if reason == "unnamed" {
		return ""
	}
	return reason
}

func classOf(name string) op.Class {
	for c := range op.ClassCount {
		if c.String() == name {
			return c
		}
	}
	return op.Failed
}

// unionOf returns the keys of both, in order.
func unionOf(a, b map[string]string) []string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// joinHealth puts the healths of a run's parts together: the worst of what has a worst, and the
// mean of shares by the parts' lengths. The percentiles of lateness are the worst part's.
func joinHealth(parts []results.Part) results.Health {
	all := results.Health{ConnectionErrors: map[string]uint64{}}
	total := 0.0
	for i, p := range parts {
		h, length := p.Health, p.To-p.From
		total += length
		all.Reasons = append(all.Reasons, inPart(i, h.Reasons)...)
		all.LatenessP50Ns = max(all.LatenessP50Ns, h.LatenessP50Ns)
		all.LatenessP99Ns = max(all.LatenessP99Ns, h.LatenessP99Ns)
		all.LatenessMaxNs = max(all.LatenessMaxNs, h.LatenessMaxNs)
		all.CPUPeak = max(all.CPUPeak, h.CPUPeak)
		all.GCPauseMaxNs = max(all.GCPauseMaxNs, h.GCPauseMaxNs)
		all.TimerLateP50Ns = max(all.TimerLateP50Ns, h.TimerLateP50Ns)
		all.TimerLateMaxNs = max(all.TimerLateMaxNs, h.TimerLateMaxNs)
		all.TCPRetransmits += h.TCPRetransmits
		all.CPUShare += h.CPUShare * length
		all.RunQueueShare += h.RunQueueShare * length
		all.LimitedShare += h.LimitedShare * length
		for reason, n := range h.ConnectionErrors {
			all.ConnectionErrors[reason] += n
		}
	}
	if total > 0 {
		all.CPUShare, all.RunQueueShare, all.LimitedShare = all.CPUShare/total, all.RunQueueShare/total, all.LimitedShare/total
	}
	all.Limited = all.LimitedShare > LimitedShareLimit
	return all
}

func inPart(i int, reasons []string) []string {
	out := make([]string, len(reasons))
	for k, r := range reasons {
		out[k] = fmt.Sprintf("part %d: %s", i+1, r)
	}
	return out
}

// addVerification adds what earlier parts verified.
func addVerification(now, before *results.Verification) {
	if now == nil || before == nil {
		return
	}
	now.Verified += before.Verified
	now.Stale += before.Stale
	now.StaleStrong += before.StaleStrong
	now.Corrupt += before.Corrupt
}

// verifiedUntil returns what earlier parts verified: the manifest's word or, where the run was
// cut off, the sums of its intervals.
func verifiedUntil(r *results.Run) *results.Verification {
	if r.Manifest.Verification != nil && !r.CutOff() {
		return r.Manifest.Verification
	}
	v := new(results.Verification)
	for _, line := range r.Intervals() {
		v.Verified += line.Verified
		v.Stale += line.Stale
		v.Corrupt += line.Corrupt
		v.StaleStrong += line.Failures["failed: "+ReasonStale]
	}
	return v
}

// healthUntil is what the intervals of a part that was cut off say of the generator's health.
func healthUntil(r *results.Run, p results.Part) results.Health {
	judged, marked := 0, 0
	last := -1.0
	for _, line := range r.Intervals() {
		if !line.Recorded || line.Start < p.From || line.Start == last {
			continue
		}
		last = line.Start
		judged++
		if line.Limited {
			marked++
		}
	}
	h := results.Health{}
	if judged > 0 {
		h.LimitedShare = float64(marked) / float64(judged)
	}
	if h.Limited = h.LimitedShare > LimitedShareLimit; h.Limited {
		h.Reasons = []string{fmt.Sprintf("%d of %d intervals are marked; the part was cut off before it could say why", marked, judged)}
	}
	return h
}
