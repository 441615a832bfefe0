// Package compare tells whether one set of runs is better or worse than another: repetitions
// in, a row for each metric out, with the difference, its interval, its p-value and a verdict.
// docs/compare.md has the method and its sources.
package compare

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"crossover/results/figure"
)

// FormatMajor is the version of a comparison as JSON.
const FormatMajor = 1

// A Verdict is what became of a row.
type Verdict string

// The verdicts.
const (
	Better    Verdict = "better"
	Worse     Verdict = "worse"
	Same      Verdict = "same"       // the whole interval lies within the margin
	Undecided Verdict = "can't tell" // Row.More repetitions would
)

// Options are how two sides are compared. The zero values of all but Prices mean the defaults.
type Options struct {
	Confidence  float64  // of the intervals and, as its complement, of the family's false alarms; default 0.95
	Margin      float64  // relative difference within which two values are the same; default 0.03
	ShareMargin float64  // the same for shares, in their own unit; default 0.001
	Percentiles []string // of Percentiles; default DefaultPercentiles
	Unlike      bool     // compare what is not alike, and say so
	// Prices returns what a repetition's units cost; nil, or false, where that is not known.
	Prices func(*Repetition) (Prices, bool)
}

func (o Options) withDefaults() Options {
	if o.Confidence == 0 {
		o.Confidence = 0.95
	}
	if o.Margin == 0 {
		o.Margin = 0.03
	}
	if o.ShareMargin == 0 {
		o.ShareMargin = 0.001
	}
	if o.Percentiles == nil {
		o.Percentiles = DefaultPercentiles
	}
	return o
}

// validate returns every problem of the options.
func (o Options) validate() error {
	var errs []error
	if !(o.Confidence >= 0.5 && o.Confidence < 1) {
		errs = append(errs, fmt.Errorf("found a confidence of %g, expected 0.5 to less than 1", o.Confidence))
	}
	if !(o.Margin > 0 && o.Margin < 1) {
		errs = append(errs, fmt.Errorf("found a margin of %g, expected more than 0 and less than 1", o.Margin))
	}
	if !(o.ShareMargin > 0 && o.ShareMargin < 1) {
		errs = append(errs, fmt.Errorf("found a margin of shares of %g, expected more than 0 and less than 1", o.ShareMargin))
	}
	for _, p := range o.Percentiles {
		if !slices.Contains(Percentiles, p) {
			errs = append(errs, fmt.Errorf("found percentile %q, expected one of %v", p, Percentiles))
		}
	}
	return errors.Join(errs...)
}

// A Result is a comparison. Every figure in it carries its basis.
type Result struct {
	Format      int      `json:"format"`
	Confidence  float64  `json:"confidence"`
	Margin      float64  `json:"margin"`
	ShareMargin float64  `json:"share_margin"`
	Power       float64  `json:"power"`  // of the repetitions asked for
	Family      int      `json:"family"` // tests that the adjusted p-values are corrected for
	Scenario    string   `json:"scenario"`
	Unlike      []string `json:"unlike,omitempty"` // what is not alike; compared all the same because it was asked for
	Warnings    []string `json:"warnings,omitempty"`
	Targets     []Target `json:"targets"`
}

// A Target is the comparison of one target's repetitions.
type Target struct {
	Name    string    `json:"name"`
	Base    Side      `json:"base"`
	Head    Side      `json:"head"`
	Rows    []Row     `json:"rows"`
	Skipped []Skipped `json:"skipped,omitempty"`
	// Objectives are those of HEAD's scenario, by name: in how many of its repetitions each was
	// met, missed, or could not be told.
	Objectives []ObjectiveCount `json:"objectives,omitempty"`
}

// A Side says what was compared.
type Side struct {
	Target string   `json:"target"`
	Kind   string   `json:"kind"`
	Runs   []string `json:"runs"`
}

// Skipped is a metric that the samples do not carry.
type Skipped struct {
	Metric  string `json:"metric"`
	Label   string `json:"label"`
	Samples int64  `json:"samples"` // of the repetition with the fewest
	Needed  int64  `json:"needed"`  // in each repetition
}

// An ObjectiveCount is in how many repetitions an objective was met or missed.
type ObjectiveCount struct {
	Name   string `json:"name"`
	Met    int    `json:"met"`
	Missed int    `json:"missed"`
	Other  int    `json:"not_enough_samples"`
}

// A Row is one metric of one target.
type Row struct {
	Metric string        `json:"metric"`
	Label  string        `json:"label"`
	Higher bool          `json:"higher_is_better"`
	Base   figure.Figure `json:"base"`
	Head   figure.Figure `json:"head"`
	// Relative says that Difference, Low and High are shares of BASE; else they are in the
	// figures' unit.
	Relative   bool    `json:"relative"`
	Difference float64 `json:"difference"`
	Low        float64 `json:"low"` // of the interval at Result.Confidence, not corrected for being many
	High       float64 `json:"high"`
	// WithinOnly says that a side has one repetition: the interval holds what varies within the
	// runs and nothing of what varies from run to run, and there is no p-value.
	WithinOnly  bool     `json:"within_run_only,omitempty"`
	P           *float64 `json:"p,omitempty"`             // Welch's t over repetitions
	PAdjusted   *float64 `json:"p_adjusted,omitempty"`    // the same after Holm's correction
	PPermuted   *float64 `json:"p_permutation,omitempty"` // by permutation of the repetitions
	A           float64  `json:"a"`                       // Vargha and Delaney's
	G           *float64 `json:"g,omitempty"`             // Hedges'
	Significant bool     `json:"significant"`             // PAdjusted and PPermuted both below 1 - confidence
	Verdict     Verdict  `json:"verdict"`
	More        int      `json:"more,omitempty"` // repetitions of each side that would decide

	head  sample
	scale scale
	zero  float64 // margin on the shift scale
	d     float64 // difference, se and df are on the metric's scale
	se    float64
	df    float64
	base  sample
}

// Compare compares two sides, target by target. Runs that are not alike are an ErrUnlike.
func Compare(base, head []*Repetition, o Options) (*Result, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	pairs, err := match(base, head, o.Unlike)
	if err != nil {
		return nil, err
	}
	r := &Result{
		Format: FormatMajor, Confidence: o.Confidence, Margin: o.Margin, ShareMargin: o.ShareMargin, Power: Power,
		Scenario: pairs[0].head[0].Scenario,
	}
	for _, p := range pairs {
		unlike, warnings := p.unlike()
		r.Unlike = append(r.Unlike, unlike...)
		r.Warnings = append(r.Warnings, warnings...)
	}
	r.Warnings = append(r.Warnings, alone(base, head)...)
	if len(r.Unlike) > 0 && !o.Unlike {
		return nil, &UnlikeError{r.Unlike}
	}
	for _, p := range pairs {
		r.Targets = append(r.Targets, p.compare(o))
	}
	r.judge(o)
	return r, nil
}

func (p *pair) compare(o Options) Target {
	t := Target{Name: p.name, Base: sideOf(p.base), Head: sideOf(p.head), Objectives: countObjectives(p.head)}
	list, skipped := metrics(p.base, p.head, o)
	t.Skipped = skipped
	for i := range list {
		t.Rows = append(t.Rows, rowOf(&list[i], p.base, p.head, o))
	}
	return t
}

func sideOf(reps []*Repetition) Side {
	s := Side{Target: reps[0].Target.Name, Kind: reps[0].Target.Kind}
	for _, r := range reps {
		s.Runs = append(s.Runs, r.Run)
	}
	return s
}

func countObjectives(reps []*Repetition) (out []ObjectiveCount) {
	for _, r := range reps {
		for _, o := range r.Objectives {
			at := slices.IndexFunc(out, func(c ObjectiveCount) bool { return c.Name == o.Name })
			if at < 0 {
				at = len(out)
				out = append(out, ObjectiveCount{Name: o.Name})
			}
			switch o.Result {
			case "met":
				out[at].Met++
			case "missed":
				out[at].Missed++
			default:
				out[at].Other++
			}
		}
	}
	return out
}

// rowOf estimates; the verdict needs the whole family.
func rowOf(m *metric, base, head []*Repetition, o Options) Row {
	b, h := m.sampleOf(base), m.sampleOf(head)
	row := Row{
		Metric: m.name, Label: m.label, Higher: m.higher, Relative: m.scale == ratio,
		Base: figureOf(m, b.value, base), Head: figureOf(m, h.value, head),
		A: superiority(b.each, h.each), base: b, head: h, scale: m.scale, zero: m.zero, d: h.at - b.at,
	}
	row.se, row.df = welch(b, h)
	half := 0.0
	if row.se > 0 {
		half = row.se * student(row.df).Quantile(1-(1-o.Confidence)/2)
	}
	row.Difference, row.Low, row.High = row.off(row.d), row.off(row.d-half), row.off(row.d+half)
	if g, ok := hedges(b.each, h.each); ok {
		row.G = &g
	}
	row.WithinOnly = min(len(base), len(head)) < 2
	if !row.WithinOnly {
		p := twoSided(row.d, row.se, row.df)
		permuted := permutation(m.name, b.each, h.each)
		row.P, row.PPermuted = &p, &permuted
	}
	return row
}

// off undoes the metric's scale for a difference.
func (r *Row) off(d float64) float64 {
	if r.scale == ratio {
		return math.Expm1(min(d, 100)) // e^100 times as much is as good as infinitely so, and JSON can say it
	}
	return d
}

// figureOf is one side's value with its basis: what an embedded or simulated target yields is
// modelled.
func figureOf(m *metric, value float64, reps []*Repetition) figure.Figure {
	if m.inputs != nil {
		return figure.Derive(value, m.unit, m.formula, m.inputs(reps)...)
	}
	basis := figure.Measured
	for _, r := range reps {
		if r.Target.Kind != "real" {
			basis = figure.Modelled
		}
	}
	return figure.New(value, m.unit, basis, fmt.Sprintf("%s (%s), %d repetition%s merged",
		reps[0].Target.Name, reps[0].Target.Kind, len(reps), plural(len(reps))))
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// judge corrects the p-values for being many and gives each row its verdict.
func (r *Result) judge(o Options) {
	alpha := 1 - o.Confidence
	var rows []*Row
	var p []float64
	for t := range r.Targets {
		for i := range r.Targets[t].Rows {
			if row := &r.Targets[t].Rows[i]; row.P != nil {
				rows, p = append(rows, row), append(p, *row.P)
			}
		}
	}
	r.Family = len(rows)
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return p[order[i]] < p[order[j]] })
	for i, adjusted := range holm(p, order) {
		rows[i].PAdjusted = &adjusted
		rows[i].Significant = adjusted <= alpha && *rows[i].PPermuted <= alpha
	}
	for t := range r.Targets {
		for i := range r.Targets[t].Rows {
			r.Targets[t].Rows[i].judge(o, max(1, r.Family))
		}
	}
}

// margin is how far a value may move and still be the same, below and above, as the row
// shows differences.
func (r *Row) margin(o Options) (low, high float64) {
	if r.scale == ratio {
		return -o.Margin, o.Margin
	}
	return -r.zero, r.zero
}

func (r *Row) judge(o Options, family int) {
	low, high := r.margin(o)
	switch {
	case !r.WithinOnly && r.Low >= low && r.High <= high:
		r.Verdict = Same
	case r.Significant && r.d > 0 == r.Higher:
		r.Verdict = Better
	case r.Significant:
		r.Verdict = Worse
	default:
		r.Verdict = Undecided
		margin := r.zero
		if r.scale == ratio {
			margin = math.Log1p(o.Margin)
		}
		n := needed(r.d, margin, r.base, r.head, 1-o.Confidence, family)
		r.More = max(1, n-min(len(r.base.each), len(r.head.each)))
	}
}

// Worsening is by how much HEAD is worse than BASE, as Difference is: negative when it is better.
func (r *Row) Worsening() float64 {
	if r.Higher {
		return -r.Difference
	}
	return r.Difference
}

// Beyond holds HEAD's value against a limit of its own: over says that the value is on the wrong
// side, p how likely that is by chance when the true value is at the limit. Where there is one
// repetition, known is false.
func (r *Row) Beyond(limit float64) (over bool, p float64, known bool) {
	over = r.Head.Value > limit
	at := limit
	if r.Higher {
		over = r.Head.Value < limit
	}
	if r.scale == ratio {
		at = math.Log(limit)
	}
	if len(r.head.each) < 2 {
		return over, 1, false
	}
	d := math.Abs(r.head.at - at)
	if !over {
		d = -d
	}
	if r.head.variance == 0 {
		if over {
			return over, 0, true
		}
		return over, 1, true
	}
	return over, student(r.head.df).CDF(-d / math.Sqrt(r.head.variance)), true
}
