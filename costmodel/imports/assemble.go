package imports

import (
	"fmt"
	"math"
	"strings"
	"time"

	"crossover/costmodel/demand"
	"crossover/results/figure"
	"crossover/workload"
	"crossover/workload/op"
)

// Sources are all that is known of a table. Only Table is needed.
type Sources struct {
	Table   *Table
	Metrics *Metrics
	Reports []*Report
	Exports []*Export
}

// Options say how large the scenario's test becomes. Production's figures stay in its cost
// section.
type Options struct {
	Items    uint64  // most items to load
	Rate     float64 // most operations/s to offer
	KeepKeys bool    // name hot keys in plain text
}

// A Weight is how much it matters that something is missing.
type Weight string

// The weights.
const (
	High   Weight = "high"   // the verdict may turn on it
	Medium Weight = "medium" // costs or latencies shift by some percent
	Low    Weight = "low"
)

// A Missing is something that no file told.
type Missing struct {
	What    string `json:"what"`
	Weight  Weight `json:"weight"`
	Instead string `json:"instead"` // what was done about it
}

// An Origin says where one of the scenario's values came from.
type Origin struct {
	Path   string       `json:"path"`
	Basis  figure.Basis `json:"basis"`
	Source string       `json:"source"`
}

// A Check compares what two sources say of one thing.
type Check struct {
	What   string        `json:"what"`
	One    figure.Figure `json:"one"`
	Other  figure.Figure `json:"other"`
	Differ bool          `json:"differ"` // by more than a tenth
}

// A Draft is a scenario in the making.
type Draft struct {
	Table   string    `json:"table"`
	Missing []Missing `json:"missing"`
	Origins []Origin  `json:"values"`
	Checks  []Check   `json:"checks"`
	Notes   []string  `json:"notes"`
	Demand  *Demand   `json:"demand,omitempty"`
	Data    *Data     `json:"data,omitempty"`
	HotKeys []HotKey  `json:"hot_keys,omitempty"`

	sc       workload.Scenario // what is written of it: dataset, workload
	region   string
	items    uint64  // in production
	mean     float64 // operations/s in production
	peak     float64 // the same, in the busiest step
	ratio    float64 // peak to mean of the day's shape
	scale    float64 // of test rates to production's
	capacity string
	dynamodb []string // cost.dynamodb's settings
}

// A HotKey is a key that takes a share of the accesses for itself.
type HotKey struct {
	Name  string  `json:"name"` // hashed unless keys are kept
	Share float64 `json:"share"`
}

// Demand sums up a demand curve, in operations/s.
type Demand struct {
	From           time.Time          `json:"from"`
	To             time.Time          `json:"to"`
	StepSeconds    float64            `json:"step_seconds"`
	Steps          int                `json:"steps"`
	MissingSteps   int                `json:"missing_steps"`
	Mean           float64            `json:"mean"`
	MeanGapsAsZero float64            `json:"mean_with_gaps_as_zero"`
	Peak           float64            `json:"peak"`
	PeakAt         time.Time          `json:"peak_at"`
	Percentiles    map[string]float64 `json:"percentiles"` // of steps
	BusiestHour    float64            `json:"busiest_hour"`
	PeakToMean     float64            `json:"fitted_peak_to_mean"`
	PeakHour       int                `json:"fitted_peak_hour_utc"`
	Weekly         []float64          `json:"weekly_factors_from_sunday,omitempty"`
	Residual       float64            `json:"fit_residual"` // root mean square, share of the mean
}

// Assemble makes a draft of what is known. It returns an error where sources contradict each
// other in what cannot both be, such as the table's name.
func Assemble(s Sources, o Options) (*Draft, error) {
	if s.Table == nil {
		return nil, fmt.Errorf("no describe-table output")
	}
	for _, e := range s.Exports {
		if e.Manifest.Table != "" && e.Manifest.Table != s.Table.Name {
			return nil, at(e.Manifest.Dir, 0, -1, fmt.Errorf("an export of the table %q, expected %q", e.Manifest.Table, s.Table.Name))
		}
	}
	a := &assembly{
		Sources: s, o: o, told: map[string]bool{},
		d: &Draft{Table: s.Table.Name, Missing: []Missing{}, Checks: []Check{}, Notes: []string{}},
	}
	a.dataset()
	if err := a.traffic(); err != nil {
		return nil, err
	}
	a.popularity()
	a.timeToLive()
	a.fit() // last of what an item has to have room for
	a.settings()
	a.counts()
	for _, e := range s.Exports {
		a.d.Notes = append(a.d.Notes, e.Warnings...)
	}
	a.d.capacity = a.capacity()
	return a.d, nil
}

// An assembly is a draft and what it is made from.
type assembly struct {
	Sources
	o Options
	d *Draft

	readUnits, writeUnits float64 // mean units of an item: eventually consistent read, write
	unitsBasis            string
	told                  map[string]bool // notes that were made once
}

func (a *assembly) set(path string, basis figure.Basis, format string, args ...any) {
	a.d.Origins = append(a.d.Origins, Origin{path, basis, fmt.Sprintf(format, args...)})
}

func (a *assembly) miss(w Weight, what, instead string, args ...any) {
	a.d.Missing = append(a.d.Missing, Missing{what, w, fmt.Sprintf(instead, args...)})
}

func (a *assembly) note(format string, args ...any) {
	a.d.Notes = append(a.d.Notes, fmt.Sprintf(format, args...))
}

// tolerance is how far two sources may be apart before a check says that they differ.
const tolerance = 0.1

// check compares two figures of one unit.
func (a *assembly) check(what string, one, other figure.Figure) {
	differ := math.Abs(one.Value-other.Value) > tolerance*math.Max(math.Abs(one.Value), math.Abs(other.Value))
	a.d.Checks = append(a.d.Checks, Check{what, one, other, differ})
}

// full and incremental return the exports of a kind.
func (a *assembly) full() *Export {
	for _, e := range a.Exports {
		if !e.Manifest.Incremental {
			return e
		}
	}
	return nil
}

func (a *assembly) incremental() (out []*Export) {
	for _, e := range a.Exports {
		if e.Manifest.Incremental {
			out = append(out, e)
		}
	}
	return out
}

// counts compares what describe-table and a full export say of the items.
func (a *assembly) counts() {
	e := a.full()
	if e == nil || e.Items == 0 || a.Table.Items == 0 {
		return
	}
	if n := e.Manifest.Items; n >= 0 {
		a.check("items in the table", figure.New(float64(a.Table.Items), "items", figure.Measured, a.Table.File+", ItemCount (refreshed every six hours)"),
			figure.New(float64(n), "items", figure.Measured, e.Manifest.Dir+", itemCount"))
	}
	a.check("mean size of an item", figure.New(float64(a.Table.Bytes)/float64(a.Table.Items), "bytes", figure.Measured, a.Table.File+", TableSizeBytes / ItemCount"),
		figure.New(e.Sizes.Mean(), "bytes", figure.Measured, e.Manifest.Dir+", items counted by DynamoDB's rules"))
}

// curve returns the curve of a metric of the table or one of its indexes, and its series; nil
// where no file has it.
func (a *assembly) curve(m Metric) (demand.Curve, *Series, error) {
	for _, s := range a.series() {
		have := s.Metric
		if have.Table = m.Table; have == m {
			c, err := a.curveOf(s)
			return c, s, err
		}
	}
	return demand.Curve{}, nil, nil
}

// series returns the table's. A file that names no table is of this one.
func (a *assembly) series() (out []*Series) {
	if a.Metrics == nil {
		return nil
	}
	for _, s := range a.Metrics.All() {
		if s.Table == a.Table.Name || s.Table == "" {
			out = append(out, s)
		}
	}
	return out
}

func (a *assembly) curveOf(s *Series) (demand.Curve, error) {
	c, before, err := s.Curve(a.Table.Created)
	once := func(key, format string, args ...any) {
		if !a.told[key] {
			a.told[key] = true
			a.note(format, args...)
		}
	}
	if before > 0 {
		once(s.String()+" before", "%s: %d values are older than the table (created %s) and were left out", s, before, a.Table.Created.Format(time.RFC3339))
	}
	if c.Conflicts > 0 {
		once(s.String()+" twice", "%s: %d times have two different values; the larger was kept", s, c.Conflicts)
	}
	return c, err
}

// window says of which time a curve is.
func window(c demand.Curve) string {
	return fmt.Sprintf("%s to %s by %s s", c.Start.Format("2006-01-02T15:04Z"), c.End().UTC().Format("2006-01-02T15:04Z"), number(c.Step.Seconds(), 6))
}

// shareText writes shares as a scenario has them.
func shareText(shares workload.Operations) string {
	var parts []string
	for k, s := range shares {
		if s > 0 {
			parts = append(parts, fmt.Sprintf("%s: %s%%", op.Kind(k), number(100*s, 6)))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// number writes a number with so many significant digits at most, without an exponent.
func number(v float64, digits int) string {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return "0"
	}
	decimals := max(digits-1-int(math.Floor(math.Log10(math.Abs(v)))), 0)
	text := fmt.Sprintf("%.*f", decimals, v)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}
