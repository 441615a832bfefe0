package runner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"crossover/driver/clock"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/arrival"
)

// Defaults and limits of searches and sweeps.
const (
	DefaultSearchMin        = 1.0 // operations/s
	DefaultSearchMax        = 1e6 // operations/s
	DefaultSearchResolution = 0.05
	MinSearchResolution     = 0.005
	DefaultSearchLength     = 10 * time.Second // of a step's first probe
	DefaultSearchLooks      = 3
	MaxSearchLooks          = 10
	DefaultSearchConfidence = 0.95
	DefaultSearchProbes     = 100

	// ProbeIntervals is how many recording intervals a probe should have: enough to find its
	// warm-up in, and few enough to cost nothing.
	ProbeIntervals = 100

	// DefaultSearchErrors is the largest share of operations that may fail where the scenario
	// states none: a rate kept up by failing is none.
	DefaultSearchErrors = 0.01
)

// A ProbeFunc offers a rate in operations/s for a length, and returns what was seen. It is
// called from one goroutine. An error ends the search.
type ProbeFunc func(ctx context.Context, rate float64, length time.Duration) (Probe, error)

// A SearchConfig says what to search. Probe, Objectives and Start are required.
type SearchConfig struct {
	Probe      ProbeFunc
	Objectives workload.Objectives // at least one latency limit, or an errors limit
	Start      float64             // operations/s of the first probe
	Min, Max   float64             // lowest and highest rate to probe; defaults above
	Resolution float64             // width at which to stop, as a share of the rate; 0.005 to 1
	Length     time.Duration       // of a step's first probe
	Looks      int                 // most probes of a step, 1 to MaxSearchLooks; each is twice as long as the last
	Confidence float64             // of a step's verdict, 0.5 to below 1
	MaxProbes  int                 // most probes in all
	MaxTime    time.Duration       // no probe begins that would end later; 0: no limit
	Clock      clock.Clock         // required with MaxTime

	// OnProbe is called after each probe with all that is known by then; the point is the
	// caller's own. An error ends the search.
	OnProbe func(results.SearchPoint) error
}

// A SearchResult is what a search found.
type SearchResult = results.SearchPoint

// Search finds the highest rate at which the objectives hold: it doubles (or halves) from
// Start until the rate that holds and the one that does not are neighbours, then bisects
// until they lie Resolution apart, and probes both a second time before it ends. See
// docs/search.md for how a step is judged.
//
// The result holds everything up to the last probe, whatever the error, which is Probe's,
// OnProbe's or about the config.
func Search(ctx context.Context, c SearchConfig) (SearchResult, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return SearchResult{}, err
	}
	s := &searcher{cfg: c, assessor: newAssessor(c.Objectives, c.Confidence, c.Looks), votes: map[float64]*votes{}}
	if c.Clock != nil {
		s.started = c.Clock.Now()
	}
	for s.point.Outcome == "" {
		rate := s.next()
		if s.point.Outcome != "" {
			break
		}
		if err := s.step(ctx, rate); err != nil {
			s.bracket()
			return s.point, err
		}
	}
	s.conclude()
	return s.point, nil
}

func (c SearchConfig) withDefaults() SearchConfig {
	def := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	def(&c.Min, min(DefaultSearchMin, c.Start))
	def(&c.Max, max(DefaultSearchMax, c.Start))
	def(&c.Resolution, DefaultSearchResolution)
	def(&c.Confidence, DefaultSearchConfidence)
	if c.Length == 0 {
		c.Length = DefaultSearchLength
	}
	if c.Looks == 0 {
		c.Looks = DefaultSearchLooks
	}
	if c.MaxProbes == 0 {
		c.MaxProbes = DefaultSearchProbes
	}
	if c.OnProbe == nil {
		c.OnProbe = func(results.SearchPoint) error { return nil }
	}
	return c
}

// validate returns everything that is wrong with c.
func (c *SearchConfig) validate() error {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("search: "+format, args...))
		}
	}
	need(c.Probe != nil, "no probe given")
	need(len(c.Objectives.Latency) > 0 || c.Objectives.Errors >= 0,
		"no objectives: a rate can hold nothing; give a latency or an errors limit")
	need(c.Min > 0 && c.Min <= c.Start && c.Start <= c.Max && c.Max <= arrival.MaxRate,
		"rates from %g/s, start %g/s, to %g/s: expected 0 < from <= start <= to <= %g/s", c.Min, c.Start, c.Max, arrival.MaxRate)
	need(c.Resolution >= MinSearchResolution && c.Resolution <= 1,
		"a resolution of %g, expected %g to 1", c.Resolution, MinSearchResolution)
	need(c.Length > 0, "probes of %v, expected a length", c.Length)
	need(c.Looks >= 1 && c.Looks <= MaxSearchLooks, "%d looks, expected 1 to %d", c.Looks, MaxSearchLooks)
	need(c.Confidence >= 0.5 && c.Confidence < 1, "a confidence of %g, expected 0.5 to below 1", c.Confidence)
	need(c.MaxProbes >= 1, "%d probes, expected at least 1", c.MaxProbes)
	need(c.MaxTime == 0 || c.MaxTime > 0 && c.Clock != nil, "a time limit of %v without a clock to hold it", c.MaxTime)
	return errors.Join(errs...)
}

// votes are the verdicts of a rate's steps.
type votes struct{ holds, not int }

func (v votes) total() int { return v.holds + v.not }

// settled reports whether the verdicts agree, or three have been given.
func (v votes) settled() bool { return v.total() > 0 && (v.holds == 0 || v.not == 0 || v.total() >= 3) }

// holding is the majority's verdict.
func (v votes) holding() bool { return v.holds > v.not }

// A searcher is a search under way.
type searcher struct {
	cfg      SearchConfig
	assessor *assessor
	point    results.SearchPoint
	votes    map[float64]*votes
	probes   int
	started  time.Duration
}

// rates returns the rates probed so far, ascending.
func (s *searcher) rates() []float64 {
	rates := make([]float64, 0, len(s.votes))
	for r := range s.votes {
		rates = append(rates, r)
	}
	slices.Sort(rates)
	return rates
}

// bracket finds the highest rate that holds and the lowest above it that does not, 0 where
// there is none. A rate that does not hold voids every one above it that does.
func (s *searcher) bracket() (holding, failing float64) {
	for _, r := range s.rates() {
		if !s.votes[r].holding() {
			failing = r
			break
		}
		holding = r
	}
	s.point.Holding, s.point.Failing = holding, failing
	return holding, failing
}

// next returns the next rate to probe, or sets the outcome.
func (s *searcher) next() float64 {
	if len(s.votes) == 0 {
		return s.cfg.Start
	}
	if rate, ok := s.contradiction(); ok {
		return rate
	}
	holding, failing := s.bracket()
	switch {
	case holding == 0 && failing <= s.cfg.Min:
		return s.confirmed(results.OutcomeAtMin, failing)
	case holding == 0:
		return round4(max(s.cfg.Min, failing/2), s.cfg.Min, s.cfg.Max)
	case failing == 0 && holding >= s.cfg.Max:
		return s.confirmed(results.OutcomeAtMax, holding)
	case failing == 0:
		return round4(min(s.cfg.Max, 2*holding), s.cfg.Min, s.cfg.Max)
	}
	middle := round4((holding+failing)/2, s.cfg.Min, s.cfg.Max)
	if failing-holding <= s.cfg.Resolution*holding || middle <= holding || middle >= failing {
		return s.confirmed(results.OutcomeFound, holding, failing)
	}
	return middle
}

// contradiction returns a rate that must be probed again: one whose steps disagree, or one of
// two where the lower does not hold and the higher does.
func (s *searcher) contradiction() (float64, bool) {
	rates := s.rates()
	for _, r := range rates {
		if !s.votes[r].settled() {
			return r, true
		}
	}
	for i, low := range rates {
		if s.votes[low].holding() {
			continue
		}
		for _, high := range rates[i+1:] {
			if !s.votes[high].holding() {
				continue
			}
			for _, r := range []float64{low, high} {
				if s.votes[r].total() < 2 {
					s.violation("%s does not hold, yet %s does: probed again", rateText(low), rateText(high))
					return r, true
				}
			}
			s.violation("%s does not hold, yet %s does, each probed twice: the lower counts", rateText(low), rateText(high))
		}
	}
	return 0, false
}

func (s *searcher) violation(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(s.point.Violations, text) {
		s.point.Violations = append(s.point.Violations, text)
	}
}

// confirmed sets the outcome, unless one of the rates that it rests on was probed only once:
// then that is next. Burst credits, caches that were still cold, or chance made of a first
// verdict what a second does not repeat.
func (s *searcher) confirmed(outcome string, rates ...float64) float64 {
	for _, r := range rates {
		if s.votes[r].total() < 2 {
			return r
		}
	}
	s.point.Outcome = outcome
	return 0
}

// round4 rounds a rate to four significant digits, within bounds.
func round4(rate, low, high float64) float64 {
	v, err := strconv.ParseFloat(strconv.FormatFloat(rate, 'g', 4, 64), 64)
	if err != nil || v < low || v > high {
		return math.Min(math.Max(rate, low), high)
	}
	return v
}

func rateText(rate float64) string { return strconv.FormatFloat(rate, 'f', -1, 64) + "/s" }

// step probes a rate until it is judged, and counts the verdict.
func (s *searcher) step(ctx context.Context, rate float64) error {
	at := len(s.point.Steps)
	st := newStepper(s.assessor, rate)
	again := false // a probe that the generator limited is tried once more
	for look := 0; look < s.cfg.Looks && st.verdict == ""; {
		length := s.cfg.Length << look
		if s.spent(length) {
			break
		}
		p, err := s.cfg.Probe(ctx, rate, length)
		if err != nil {
			return err
		}
		s.probes++
		limited := st.look(&p)
		switch {
		case limited && again:
			st.verdict = results.GeneratorLimited
		case limited:
			again = true
		default:
			look++
		}
		s.point.Steps = append(s.point.Steps[:at], st.result(look >= s.cfg.Looks))
		if err := s.cfg.OnProbe(s.snapshot()); err != nil {
			return err
		}
	}
	if len(s.point.Steps) > at {
		s.point.Steps[at] = st.result(true) // it may have been stopped in between
	}
	s.count(rate, st)
	return nil
}

// count adds a step's verdict to its rate's. What the generator limited says nothing of the
// database and ends the search; nor does a step say anything that was stopped before all its
// looks were used.
func (s *searcher) count(rate float64, st *stepper) {
	switch {
	case st.verdict == results.GeneratorLimited:
		s.point.Outcome, s.point.LimitedAt = results.OutcomeLimited, rate
		return
	case s.point.Outcome != "" && st.verdict == results.Undecided, st.verdict == "":
		return
	}
	v := s.votes[rate]
	if v == nil {
		v = &votes{}
		s.votes[rate] = v
	}
	before := *v
	if st.verdict == results.Holds {
		v.holds++
	} else {
		v.not++
	}
	if before.total() > 0 && before.holding() != (st.verdict == results.Holds) {
		s.violation("%s was judged differently when probed again", rateText(rate))
	}
}

// spent sets the outcome when another probe would exceed what is allowed.
func (s *searcher) spent(length time.Duration) bool {
	switch {
	case s.probes >= s.cfg.MaxProbes:
		s.point.Outcome = results.OutcomeProbesSpent
	case s.cfg.MaxTime > 0 && s.cfg.Clock.Now()-s.started+length > s.cfg.MaxTime:
		s.point.Outcome = results.OutcomeTimeSpent
	default:
		return false
	}
	return true
}

// snapshot returns the point as the caller's own.
func (s *searcher) snapshot() results.SearchPoint {
	s.bracket()
	p := s.point
	p.Steps = slices.Clone(p.Steps)
	p.Violations = slices.Clone(p.Violations)
	return p
}

// conclude puts the outcome into words.
func (s *searcher) conclude() {
	holding, failing := s.bracket()
	p := &s.point
	bounds := "no rate was found to hold"
	switch {
	case holding > 0 && failing > 0:
		bounds = fmt.Sprintf("%s holds, %s does not", rateText(holding), rateText(failing))
	case holding > 0:
		bounds = rateText(holding) + " holds"
	case failing > 0:
		bounds = rateText(failing) + " does not hold"
	}
	switch p.Outcome {
	case results.OutcomeFound:
		p.Sentence = fmt.Sprintf("the objectives hold up to %s (%s)", rateText(holding), bounds)
	case results.OutcomeAtMax:
		p.Sentence = fmt.Sprintf("the objectives hold at %s, the highest rate allowed: the capacity is at least that", rateText(holding))
	case results.OutcomeAtMin:
		p.Sentence = fmt.Sprintf("the objectives do not hold at %s, the lowest rate allowed", rateText(failing))
	case results.OutcomeLimited:
		p.Sentence = fmt.Sprintf("the generator was the limit at %s; of the database is known: %s", rateText(p.LimitedAt), bounds)
	default:
		p.Sentence = p.Outcome + "; " + bounds
	}
}
