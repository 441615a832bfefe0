// Package comparetest writes run directories of known truth: latencies that are lognormal,
// correlated from interval to interval and different from run to run, from a seed.
package comparetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"time"

	"crossover/results"
)

// A Spec says what a run is to look like. The zero values of fields without a default mean none.
type Spec struct {
	Seed       uint64
	Target     string        // default "dynamodb"
	Name       string        // of the directory; default Target
	Repetition string        // "2/5"
	Intervals  int           // of a second each; default 20
	PerSecond  int           // operations; default 600
	Median     time.Duration // of response times; default 4 ms
	Sigma      float64       // of the logarithm of a latency; default 0.6
	Rho        float64       // correlation of neighbouring intervals' levels
	Level      float64       // standard deviation of an interval's level, in its logarithm
	Between    float64       // standard deviation of a run's level, in its logarithm
	Tail       float64       // factor on latencies beyond their 97.7th percentile; default 1
	Throttled  float64       // attempts throttled per operation
	Failed     float64       // share of operations that fail
	Units      float64       // read units per operation; default 0.5
	Edit       func(*results.Manifest)
}

func (s Spec) withDefaults() Spec {
	if s.Target == "" {
		s.Target = "dynamodb"
	}
	if s.Name == "" {
		s.Name = s.Target
	}
	if s.Intervals == 0 {
		s.Intervals = 20
	}
	if s.PerSecond == 0 {
		s.PerSecond = 600
	}
	if s.Median == 0 {
		s.Median = 4 * time.Millisecond
	}
	if s.Sigma == 0 {
		s.Sigma = 0.6
	}
	if s.Tail == 0 {
		s.Tail = 1
	}
	if s.Units == 0 {
		s.Units = 0.5
	}
	return s
}

// tailBegins is the standard normal quantile from which Tail applies, just below the 99th
// percentile's 2.33.
const tailBegins = 2.0

// Each draws the run's response times, interval by interval. A service time is nine tenths of
// its response time.
func (s Spec) Each(yield func(interval int, response time.Duration)) {
	s = s.withDefaults()
	rng := rand.New(rand.NewPCG(s.Seed, 7))
	run := s.Between * rng.NormFloat64()
	level := s.Level * rng.NormFloat64()
	for i := range s.Intervals {
		if i > 0 {
			level = s.Rho*level + math.Sqrt(1-s.Rho*s.Rho)*s.Level*rng.NormFloat64()
		}
		for range s.PerSecond {
			z := rng.NormFloat64()
			l := math.Exp(s.Sigma*z + level + run)
			if z > tailBegins {
				l *= s.Tail
			}
			yield(i, time.Duration(l*float64(s.Median)))
		}
	}
}

// began is when every run began, whatever the clock says.
var began = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// Write writes the run below dir and returns its directory.
func Write(dir string, s Spec) (string, error) {
	s = s.withDefaults()
	m := results.Manifest{
		Tool: "1.0.0", Run: s.Name, Scenario: "synthetic", StreamDigest: "sha256:5ca1ab1e", Seed: 1, Shard: "1/1",
		Repetition: s.Repetition, Arrival: "open poisson, 64 sessions", Interval: time.Second, Started: began,
		Ended: began.Add(time.Duration(s.Intervals) * time.Second), Planned: time.Duration(s.Intervals) * time.Second,
		Host: map[string]string{"cores": "2"}, Totals: results.NewTotals(),
		Target: results.TargetInfo{
			Name: s.Target, Driver: "dynamodb", Kind: "embedded", Identity: "synthetic", Client: "none",
			Settings: map[string]string{"capacity": "on demand", "region": "us-east-1", "table": s.Name},
		},
		Objectives: []results.ObjectiveResult{{Name: "read p99", Result: "met"}},
	}
	if s.Edit != nil {
		s.Edit(&m)
	}
	w, err := results.Create(filepath.Join(dir, s.Name), m, []byte("name: synthetic\n"))
	if err != nil {
		return "", err
	}
	defer w.Close()
	if err := s.fill(w); err != nil {
		return "", err
	}
	if m.Status == "" {
		m.Status = results.Complete
	}
	return w.Dir(), w.Manifest(m)
}

// fill writes the intervals.
func (s Spec) fill(w *results.Writer) error {
	responses := make([]results.Counts, s.Intervals)
	services := make([]results.Counts, s.Intervals)
	s.Each(func(i int, l time.Duration) {
		responses[i].Record(l)
		services[i].Record(l * 9 / 10)
	})
	for i := range s.Intervals {
		at := time.Duration(i) * time.Second
		n := uint64(s.PerSecond)
		failed := uint64(math.Round(s.Failed * float64(n)))
		line := results.Interval{
			Start: at.Seconds(), Length: 1, Kind: "read", Phase: "steady", Recorded: true, Offered: n, Sent: n,
			Done: map[string]uint64{"ok": n - failed, "failed": failed}, Attempts: n, ReadUnits: s.Units * float64(n),
		}
		if s.Throttled > 0 {
			line.Throttles = map[string]uint64{"KeyRange": uint64(math.Round(s.Throttled * float64(n)))}
		}
		if err := w.Intervals([]results.Interval{line}); err != nil {
			return err
		}
		for measure, c := range map[string]*results.Counts{results.Response: &responses[i], results.Service: &services[i]} {
			m := results.NewMerged()
			m.Take(c)
			if err := w.Latency(at, time.Second, results.Tag("read", measure, true), m); err != nil {
				return err
			}
		}
	}
	return nil
}

// Repeat writes n repetitions, named as crossover run --repeat names them, each with a seed of its
// own from s.Seed on.
func Repeat(dir string, s Spec, n int) error {
	s = s.withDefaults()
	for k := range n {
		one := s
		one.Name = fmt.Sprintf("%s.%d", s.Target, k+1)
		one.Repetition = fmt.Sprintf("%d/%d", k+1, n)
		one.Seed = s.Seed*1000 + uint64(k)
		if _, err := Write(dir, one); err != nil {
			return err
		}
	}
	return nil
}
