package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"crossover/driver/runner"
	"crossover/results"
	"crossover/workload"
)

// searchFlags are the flags of `crossover run --search` and `--sweep`.
type searchFlags struct {
	search                 bool
	sweep                  string
	start, min, max        string // rates
	resolution, confidence string // shares
	probe, limit           time.Duration
	looks, probes          int
}

const longSearch = `
--search finds, for each target, the highest rate at which the scenario's objectives
hold, in probes of one steady rate each; --sweep runs one probe for each of several
rates, sizes or shares of reads. The scenario's phases then count only for the rate
to start at. Each probe is a run directory; OUT/TARGET/search.json has the whole, and
report.html and report.md show it.`

func (f *searchFlags) register(set *pflag.FlagSet) {
	set.BoolVar(&f.search, "search", false, "find the highest rate at which the objectives hold, for each target")
	set.StringVar(&f.sweep, "sweep", "", "probe each of rates=100/s,200/s,… or sizes=1KiB,4KiB,… or reads=0%,50%,…; the last two also with --search")
	set.StringVar(&f.start, "search-start", "", "rate to begin at (default: the scenario's highest recorded one)")
	set.StringVar(&f.min, "search-min", "1/s", "lowest rate to probe")
	set.StringVar(&f.max, "search-max", "1_000_000/s", "highest rate to probe")
	set.StringVar(&f.resolution, "search-resolution", "5%", "stop when the rate that holds and the one that does not are this close, 0.5% to 100%")
	set.StringVar(&f.confidence, "search-confidence", "95%", "confidence of the verdict on a rate, 50% to below 100%")
	set.DurationVar(&f.probe, "search-probe", runner.DefaultSearchLength, "length of a probe, at least 1s; in a search, of the first at a rate")
	set.IntVar(&f.looks, "search-looks", runner.DefaultSearchLooks, "most probes at a rate that is hard to judge; each is twice as long as the one before")
	set.IntVar(&f.probes, "search-probes", runner.DefaultSearchProbes, "most probes of one search")
	set.DurationVar(&f.limit, "search-for", 30*time.Minute, "begin no probe that would end later than this after the search began; 0 is no limit")
}

// wanted reports whether the flags ask for anything but a plain run.
func (f *searchFlags) wanted() bool { return f.search || f.sweep != "" }

// A searchPlan is what the flags ask for.
type searchPlan struct {
	searchFlags
	rule   runner.SearchConfig // without Probe, Objectives and OnProbe
	varied string              // sizes or reads; "" when only rates differ
	rates  []float64           // swept
	sizes  []string
	reads  []float64
}

// minProbe is the shortest probe that its intervals, of 10 ms at least, leave enough of.
const minProbe = time.Second

// plan checks the flags against each other. All problems are reported at once.
func (f searchFlags) plan(o runOptions) (*searchPlan, error) {
	p := &searchPlan{searchFlags: f}
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	rate := func(flag, text string) float64 {
		if text == "" {
			return 0
		}
		v, err := workload.ParseRate(text)
		if err != nil || v <= 0 {
			bad("%s %q: expected a rate above 0, such as 5000/s", flag, text)
		}
		return v
	}
	share := func(flag, text string, low, high float64) float64 {
		v, err := workload.ParseShare(text)
		if err != nil || v < low || v > high {
			bad("%s %q: expected a share such as 5%%, from %g%% to %g%%", flag, text, 100*low, 100*high)
		}
		return v
	}
	p.rule = runner.SearchConfig{
		Start: rate("--search-start", f.start), Min: rate("--search-min", f.min), Max: rate("--search-max", f.max),
		Resolution: share("--search-resolution", f.resolution, runner.MinSearchResolution, 1),
		Confidence: share("--search-confidence", f.confidence, 0.5, 0.9999),
		Length:     f.probe, Looks: f.looks, MaxProbes: f.probes, MaxTime: f.limit,
	}
	if f.probe < minProbe {
		bad("--search-probe %v: expected at least %v", f.probe, minProbe)
	}
	if f.looks < 1 || f.looks > runner.MaxSearchLooks {
		bad("--search-looks %d: expected 1 to %d", f.looks, runner.MaxSearchLooks)
	}
	if f.probes < 1 || f.limit < 0 {
		bad("--search-probes %d and --search-for %v: expected at least 1, and no negative time", f.probes, f.limit)
	}
	if o.duration > 0 {
		bad("--for scales phases, which probes do not have: give --search-probe")
	}
	if o.repeat > 1 {
		bad("--repeat with --search or --sweep: a search probes the rates it reports twice by itself")
	}
	if o.interval != time.Second {
		bad("--interval with --search or --sweep: each probe is recorded in %d intervals of its own", runner.ProbeIntervals)
	}
	if err := p.points(); err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return nil, badInput(errors.Join(errs...))
	}
	return p, nil
}

// points reads --sweep.
func (p *searchPlan) points() error {
	if p.sweep == "" {
		return nil
	}
	what, list, _ := strings.Cut(p.sweep, "=")
	if p.search && what == "rates" {
		return errors.New("--sweep rates with --search: rates are what a search looks for; give one of them")
	}
	for _, text := range strings.Split(list, ",") {
		text = strings.TrimSpace(text)
		var err error
		switch what {
		case "rates":
			var v float64
			if v, err = workload.ParseRate(text); err == nil && v <= 0 {
				err = errors.New("a rate above 0")
			}
			p.rates = append(p.rates, v)
		case "sizes":
			p.varied, p.sizes = what, append(p.sizes, text)
			_, err = workload.ParseBytes(text)
		case "reads":
			var v float64
			if v, err = workload.ParseShare(text); err == nil && v > 1 {
				err = errors.New("at most 100%")
			}
			p.varied, p.reads = what, append(p.reads, v)
		default:
			return fmt.Errorf("--sweep %q: expected rates=…, sizes=… or reads=…", p.sweep)
		}
		if err != nil {
			return fmt.Errorf("--sweep %s: %q: expected %w", what, text, err)
		}
	}
	return nil
}

// check holds the plan against the scenario, and takes from it what the flags left open.
func (p *searchPlan) check(sc *workload.Scenario) error {
	if sc.Workload.Arrival.Open == nil {
		return fmt.Errorf("%s: workload.arrival is closed: a closed loop has no rate to search or sweep; make it open", sc.File)
	}
	if sc.Workload.Arrival.Open.Process == "trace" {
		return fmt.Errorf("%s: workload.arrival.open.process is trace: a trace has its own times, and no rate to search or sweep; make it poisson or constant to probe with the trace's keys", sc.File)
	}
	if p.search && len(sc.Objectives.Latency) == 0 && sc.Objectives.Errors < 0 {
		return fmt.Errorf("%s: no objectives: a search needs something that is to hold, such as `objectives: {read: {p99: 5ms}}`", sc.File)
	}
	if p.rule.Start == 0 {
		for _, phase := range sc.Workload.Phases {
			if phase.Record {
				p.rule.Start = max(p.rule.Start, phase.Rate.From, phase.Rate.To)
			}
		}
		p.rule.Start = min(max(p.rule.Start, p.rule.Min), p.rule.Max)
	}
	if !(p.rule.Min <= p.rule.Start && p.rule.Start <= p.rule.Max) {
		return fmt.Errorf("rates from %s, start %s, to %s: expected each to be at most the next",
			rateText(p.rule.Min), rateText(p.rule.Start), rateText(p.rule.Max))
	}
	if p.varied != "" && !p.search {
		p.rates = []float64{p.rule.Start}
	}
	return nil
}

// record returns the rule as search.json tells it.
func (p *searchPlan) record(sc *workload.Scenario) results.SearchRule {
	rule := results.SearchRule{Confidence: p.rule.Confidence, Looks: 1, ProbeNs: p.rule.Length}
	if p.search {
		rule.Looks, rule.Resolution = p.rule.Looks, p.rule.Resolution
		rule.MinRate, rule.MaxRate = p.rule.Min, p.rule.Max
		rule.MaxProbes, rule.MaxTimeNs = p.rule.MaxProbes, p.rule.MaxTime
	}
	if sc.Objectives.Errors < 0 {
		rule.Assumed = map[string]string{"objectives.errors": fmt.Sprintf(
			"%g%% of the operations may fail: the scenario states no limit", 100*runner.DefaultSearchErrors)}
	}
	return rule
}

func (p *searchPlan) mode() string {
	if p.search {
		return "search"
	}
	return "sweep"
}

func rateText(rate float64) string { return strconv.FormatFloat(rate, 'f', -1, 64) + "/s" }
