package results

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"crossover/results/figure"
)

// SearchFile is what a search or a sweep writes for its target, beside the probes' run
// directories.
const SearchFile = "search.json"

// SearchMajor and SearchMinor are SearchFile's format. A reader refuses a newer major.
const (
	SearchMajor = 1
	SearchMinor = 0
)

// The verdicts on a rate, and on one objective at a rate.
const (
	Holds            = "holds"             // every objective holds, with the stated confidence
	Misses           = "misses"            // an objective does not hold, with the stated confidence, or the queue grows
	Undecided        = "undecided"         // the evidence allows neither; treated as if it missed
	GeneratorLimited = "generator-limited" // the load generator was the limit: nothing is said of the database
)

// The outcomes of a search. While it goes on the outcome is empty.
const (
	OutcomeFound       = "found"                              // the capacity lies between Holding and Failing
	OutcomeAtMax       = "held at the highest rate allowed"   // the capacity is at least Holding
	OutcomeAtMin       = "not held at the lowest rate"        // the capacity is below Failing
	OutcomeLimited     = "generator-limited"                  // the generator was the limit at LimitedAt
	OutcomeProbesSpent = "stopped: all probes allowed used"   // the bracket is as far as it got
	OutcomeTimeSpent   = "stopped: all the time allowed used" // the same
)

// A Search is what search.json holds: what a target did at each of several rates, and the
// highest at which the scenario's objectives held.
type Search struct {
	Format         [2]int        `json:"format"` // major, minor
	Status         Status        `json:"status"`
	Reason         string        `json:"reason,omitempty"` // why it was interrupted or failed
	Tool           string        `json:"tool"`
	Run            string        `json:"run"`
	Scenario       string        `json:"scenario"`
	ScenarioDigest string        `json:"scenario_digest"` // of the file that the probes were derived from
	Seed           uint64        `json:"seed"`
	Mode           string        `json:"mode"`             // search or sweep
	Varied         string        `json:"varied,omitempty"` // what the points differ in, besides rate: sizes, reads
	Target         TargetInfo    `json:"target"`
	Basis          figure.Basis  `json:"basis"` // of everything seen in the probes
	Rule           SearchRule    `json:"rule"`
	Started        time.Time     `json:"started"`
	Ended          time.Time     `json:"ended,omitzero"`
	Points         []SearchPoint `json:"points"`
	Warnings       []string      `json:"warnings,omitempty"`
	SpentUSD       float64       `json:"spent_usd,omitempty"`
}

// A SearchRule is how rates were chosen and judged: docs/search.md.
type SearchRule struct {
	Confidence float64           `json:"confidence"` // of each step's verdict, 0 to 1
	Looks      int               `json:"looks"`      // most probes at one step; each is twice as long as the one before
	ProbeNs    time.Duration     `json:"probe_ns"`   // length of a step's first probe
	Resolution float64           `json:"resolution,omitempty"`
	MinRate    float64           `json:"min_rate,omitempty"` // operations/s
	MaxRate    float64           `json:"max_rate,omitempty"`
	MaxProbes  int               `json:"max_probes,omitempty"`
	MaxTimeNs  time.Duration     `json:"max_time_ns,omitempty"`
	Assumed    map[string]string `json:"assumed,omitempty"` // what the scenario did not state, and what was taken
}

// A SearchPoint is one search, or one curve: steps that differ in their rate only.
type SearchPoint struct {
	Name       string         `json:"name,omitempty"` // "size 1KiB", "90% reads"; empty when it is the only one
	Outcome    string         `json:"outcome,omitempty"`
	Sentence   string         `json:"sentence,omitempty"` // the outcome in words
	Holding    float64        `json:"holding,omitempty"`  // highest rate that holds, operations/s; 0: none
	Failing    float64        `json:"failing,omitempty"`  // lowest rate above it that does not; 0: none
	LimitedAt  float64        `json:"limited_at,omitempty"`
	Capacity   *figure.Figure `json:"capacity,omitempty"` // Holding with its origin; absent when no rate holds
	Violations []string       `json:"violations,omitempty"`
	Warnings   []string       `json:"warnings,omitempty"`
	Steps      []SearchStep   `json:"steps"`
}

// A SearchStep is one rate, judged. Rates are operations/s, and everything but Probes is
// about the steady parts of its probes together. Where there are none, or the generator was
// the limit, it is about the last probe as a whole, and no objective is judged.
type SearchStep struct {
	Rate       float64                `json:"rate"` // asked for
	Verdict    string                 `json:"verdict"`
	Reasons    []string               `json:"reasons,omitempty"`
	Offered    float64                `json:"offered"`   // due
	Completed  float64                `json:"completed"` // ended, whatever came of them
	Achieved   float64                `json:"achieved"`  // ended with an answer that is no failure
	Errors     float64                `json:"errors"`    // share of what ended that failed
	Objectives []Judgement            `json:"objectives"`
	Response   map[string]Percentiles `json:"response"` // by kind; of successes, ns. See EnoughSamples.
	Probes     []SearchProbe          `json:"probes"`
}

// A SearchProbe is one probe of a step.
type SearchProbe struct {
	Run       string   `json:"run,omitempty"` // run directory, relative to search.json
	Seconds   float64  `json:"seconds"`       // of load
	Intervals int      `json:"intervals"`
	WarmUp    float64  `json:"warm_up"` // seconds cut off at the start, found from the data
	Steady    bool     `json:"steady"`  // whether a steady state was found
	Growth    float64  `json:"growth"`  // of the operations due and unanswered, per operation offered
	Growing   bool     `json:"growing"` // beyond chance: the offered load exceeds the throughput
	Limited   bool     `json:"generator_limited"`
	Notes     []string `json:"notes,omitempty"`
}

// A Judgement is one objective held against the evidence of a step. Seen, Low and High are of
// the quantity that Limit bounds: the objective holds when High is at most Limit, and misses
// when Low is above it.
type Judgement struct {
	Name      string  `json:"name"` // "read p99", "errors"
	Unit      string  `json:"unit"` // ns or share
	Limit     float64 `json:"limit"`
	Seen      float64 `json:"seen"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`      // meaningless while Unbounded
	Unbounded bool    `json:"unbounded"` // the samples are too few to bound it from above
	Samples   uint64  `json:"samples"`
	Beyond    uint64  `json:"beyond"`    // samples above Limit, or operations that failed
	Effective float64 `json:"effective"` // independent samples that these are worth
	Result    string  `json:"result"`    // holds, misses, undecided
}

// BasisOf returns what kind of knowledge a run on such a target yields. That an other target
// is unidentified stands beside its figures.
func BasisOf(kind string) figure.Basis {
	if kind == "embedded" || kind == "simulated" {
		return figure.Modelled
	}
	return figure.Measured
}

// WriteSearch replaces dir's search.json, by rename: a reader sees the old one or the new one.
func WriteSearch(dir string, s Search) error {
	s.Format = [2]int{SearchMajor, SearchMinor}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the search: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("writing the search: %w", err)
	}
	to := filepath.Join(dir, SearchFile)
	if err := os.WriteFile(to+".new", append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the search: %w", err)
	}
	if err := os.Rename(to+".new", to); err != nil {
		return fmt.Errorf("writing the search: %w", err)
	}
	return nil
}

// ReadSearch reads dir's search.json at any moment of its life. It refuses a newer major
// format.
func ReadSearch(dir string) (*Search, error) {
	path := filepath.Join(dir, SearchFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the search: %w", err)
	}
	// The version is read on its own first: a newer format may not fit the struct.
	var version struct {
		Format []int `json:"format"`
	}
	if err := json.Unmarshal(text, &version); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(version.Format) != 2 || version.Format[0] < 1 {
		return nil, fmt.Errorf("%s: found format %v, expected [major, minor] from [1, 0]", path, version.Format)
	}
	if major := version.Format[0]; major > SearchMajor {
		return nil, fmt.Errorf("%s: found format %d.%d, this crossover reads up to %d: use a newer crossover",
			path, major, version.Format[1], SearchMajor)
	}
	s := new(Search)
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}
