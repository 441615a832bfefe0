package runner

import (
	"time"

	"crossover/results"
	"crossover/workload/op"
)

const (
	// SlowestKept is how many of an interval's slowest operations are kept with their history.
	SlowestKept = 8
	// slowAttempts is how many attempts of each are listed.
	slowAttempts = 16
)

// A slowest keeps the operations with the longest response times that it was shown, in fixed
// storage: showing it an operation that is not among them costs a comparison.
type slowest struct {
	n    int
	kept [SlowestKept]slow
}

type slow struct {
	index, item       uint64
	kind              op.Kind
	class             op.Class
	sent              time.Duration // on the driver's clock, as the attempts' starts are
	ended             time.Duration // since the run's zero
	response, service time.Duration
	attempts          [slowAttempts]op.Attempt
	listed, made      int
}

// admits reports whether an operation of this response time would be kept.
func (s *slowest) admits(response time.Duration) bool {
	return s.n < SlowestKept || response > s.kept[s.n-1].response
}

// add keeps an operation that admits let in.
func (s *slowest) add(o *op.Op, out *op.Outcome, sent, ended, response, service time.Duration) {
	x := s.place(response)
	*x = slow{
		index: o.Index, item: o.Item, kind: o.Kind, class: out.Class,
		sent: sent, ended: ended, response: response, service: service, made: len(out.Attempts),
	}
	x.listed = copy(x.attempts[:], out.Attempts)
}

// place makes room in the order of response times, the longest first.
func (s *slowest) place(response time.Duration) *slow {
	s.n = min(s.n+1, SlowestKept)
	i := s.n - 1
	for ; i > 0 && s.kept[i-1].response < response; i-- {
		s.kept[i] = s.kept[i-1]
	}
	return &s.kept[i]
}

// take adds what another kept, and empties it.
func (s *slowest) take(from *slowest) {
	for i := range from.kept[:from.n] {
		if x := &from.kept[i]; s.admits(x.response) {
			*s.place(x.response) = *x
		}
	}
	from.reset()
}

func (s *slowest) reset() { s.n = 0 }

// lines returns what was kept, the slowest first.
func (s *slowest) lines() []results.Slow {
	out := make([]results.Slow, 0, s.n)
	for i := range s.kept[:s.n] {
		x := &s.kept[i]
		line := results.Slow{
			At: x.ended.Seconds(), Index: x.index, Kind: x.kind.String(), Item: x.item, Class: x.class.String(),
			ResponseNs: int64(x.response), ServiceNs: int64(x.service), More: x.made - x.listed,
		}
		for _, a := range x.attempts[:x.listed] {
			line.Attempts = append(line.Attempts, results.SlowAttempt{
				AfterNs: int64(a.Start - x.sent), LatencyNs: int64(a.Latency), Class: a.Class.String(), Reason: a.Reason,
			})
		}
		out = append(out, line)
	}
	return out
}
