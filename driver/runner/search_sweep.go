package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crossover/results"
	"crossover/workload"
	"crossover/workload/arrival"
)

// A SweepConfig says which rates to probe, once each. Probe and Rates are required.
type SweepConfig struct {
	Probe      ProbeFunc
	Objectives workload.Objectives // may be empty: then only errors are judged
	Rates      []float64           // operations/s, in the order in which they are probed
	Length     time.Duration       // of each probe; default DefaultSearchLength
	Confidence float64             // of each verdict; default DefaultSearchConfidence

	// OnProbe is as in SearchConfig.
	OnProbe func(results.SearchPoint) error
}

// Sweep probes each rate, and returns the curve of latency against throughput, with a verdict
// on each rate. What it cannot judge from one probe is undecided; a probe that the generator
// limited is marked, and the sweep goes on. The result holds everything up to the last probe,
// whatever the error.
func Sweep(ctx context.Context, c SweepConfig) (results.SearchPoint, error) {
	if c.Length == 0 {
		c.Length = DefaultSearchLength
	}
	if c.Confidence == 0 {
		c.Confidence = DefaultSearchConfidence
	}
	if err := c.validate(); err != nil {
		return results.SearchPoint{}, err
	}
	s := &searcher{
		cfg:      SearchConfig{OnProbe: c.OnProbe},
		assessor: newAssessor(c.Objectives, c.Confidence, 1), votes: map[float64]*votes{},
	}
	if s.cfg.OnProbe == nil {
		s.cfg.OnProbe = func(results.SearchPoint) error { return nil }
	}
	for _, rate := range c.Rates {
		p, err := c.Probe(ctx, rate, c.Length)
		if err != nil {
			return s.point, err
		}
		st := newStepper(s.assessor, rate)
		if st.look(&p) {
			st.verdict = results.GeneratorLimited
		}
		s.point.Steps = append(s.point.Steps, st.result(true))
		s.note(rate, st.verdict)
		if err := s.cfg.OnProbe(s.snapshot()); err != nil {
			return s.point, err
		}
	}
	s.bracket()
	return s.point, nil
}

func (c *SweepConfig) validate() error {
	var errs []error
	if c.Probe == nil {
		errs = append(errs, errors.New("sweep: no probe given"))
	}
	if len(c.Rates) == 0 {
		errs = append(errs, errors.New("sweep: no rates given"))
	}
	for _, r := range c.Rates {
		if !(r > 0 && r <= arrival.MaxRate) {
			errs = append(errs, fmt.Errorf("sweep: a rate of %g/s, expected above 0 and at most %g/s", r, arrival.MaxRate))
		}
	}
	if c.Length <= 0 || c.Confidence < 0.5 || c.Confidence >= 1 {
		errs = append(errs, fmt.Errorf("sweep: probes of %v at a confidence of %g, expected a length and 0.5 to below 1",
			c.Length, c.Confidence))
	}
	return errors.Join(errs...)
}

// note counts a swept rate's verdict; undecided and limited ones order nothing.
func (s *searcher) note(rate float64, verdict string) {
	if verdict != results.Holds && verdict != results.Misses {
		return
	}
	v := s.votes[rate]
	if v == nil {
		v = &votes{}
		s.votes[rate] = v
	}
	if verdict == results.Holds {
		v.holds++
	} else {
		v.not++
	}
	rates := s.rates()
	for i, low := range rates {
		for _, high := range rates[i+1:] {
			if !s.votes[low].holding() && s.votes[high].holding() {
				s.violation("%s does not hold, yet %s does", rateText(low), rateText(high))
			}
		}
	}
}
