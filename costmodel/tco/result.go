// Package tco prices a portfolio under every offer over a horizon, finds the load at which
// the cheapest system changes, and gives a verdict with what it hangs on.
package tco

import "crossover/results/figure"

// FormatMajor is the format of tco.json.
const FormatMajor = 1

// A Result is what `crossover tco` found. It is written as tco.json; every number in it that
// a person is shown is a Figure.
type Result struct {
	Format      int          `json:"format"`
	Tool        string       `json:"tool"`
	Scenario    string       `json:"scenario"`
	Runs        []RunRef     `json:"runs,omitempty"` // runs whose measurements were used
	Region      string       `json:"region"`
	Horizon     int          `json:"horizon_months"`
	BookDigest  string       `json:"price_book_digest"`
	BookDate    string       `json:"price_book_date"`
	Demand      []Named      `json:"demand"` // mean and peak operations/s, units/s, items, bytes, …
	Offers      []Offer      `json:"offers"` // cheapest first; excluded and not-priced ones last
	Curve       []CurvePoint `json:"curve"`  // monthly cost of each system's cheapest offer against load
	Crossover   Crossover    `json:"crossover"`
	Verdict     Verdict      `json:"verdict"`
	CashFlow    *CashFlow    `json:"cash_flow,omitempty"` // nil where a system could not be priced
	Fixes       *Fixes       `json:"fixes,omitempty"`     // nil where today's offer could not be priced
	BreakEven   []BreakEven  `json:"break_even"`
	Plane       *Plane       `json:"plane,omitempty"`
	Uncertainty *Uncertainty `json:"uncertainty,omitempty"` // nil where a system could not be priced
	Assumptions []Assumption `json:"assumptions"`
	Warnings    []string     `json:"warnings,omitempty"`
}

// A RunRef names a run that fed the model, and what was taken from it.
type RunRef struct {
	Run, Target, Kind string
	Used              []string // "write units per update", …
}

// A Named is a figure with its name and title.
type Named struct {
	Name   string        `json:"name"`  // path element: peak_read_units
	Title  string        `json:"title"` // for people
	Figure figure.Figure `json:"figure"`
}

// An Offer is one way to buy one system for the whole portfolio.
type Offer struct {
	Name      string        `json:"name"`   // dynamodb-on-demand, dynamodb-reserved-1y, aerospike-ce-i4i.xlarge, …
	System    string        `json:"system"` // dynamodb, aerospike
	Title     string        `json:"title"`
	Status    string        `json:"status"` // priced, excluded, not priced
	Reason    string        `json:"reason,omitempty"`
	Lines     []Line        `json:"lines"`
	Monthly   figure.Figure `json:"monthly"`    // USD/month in the first month
	Total     figure.Figure `json:"total"`      // USD over the horizon
	TotalHard figure.Figure `json:"total_hard"` // without soft lines (people)
	Nodes     *Nodes        `json:"nodes,omitempty"`
	Warnings  []string      `json:"warnings,omitempty"`
}

// A Line is one line of a bill. Amounts are rounded to the cent once, here.
type Line struct {
	Name     string        `json:"name"`
	Title    string        `json:"title"`
	Quantity figure.Figure `json:"quantity"`
	Price    figure.Figure `json:"price"`
	Amount   figure.Figure `json:"amount"`         // USD/month in the first month, or USD once
	Once     bool          `json:"once,omitempty"` // one-off: upfront payment, migration
	Soft     bool          `json:"soft,omitempty"` // people
}

// Nodes is how a node count came about: the maximum of its constraints.
type Nodes struct {
	Instance    string        `json:"instance"`
	Count       figure.Figure `json:"count"`
	Constraints []Constraint  `json:"constraints"`
}

// A Constraint asks for a number of nodes for one named reason.
type Constraint struct {
	Name    string        `json:"name"` // device_capacity, ram_index, device_reads, device_writes, cpu, network, replication, loss_of_node
	Title   string        `json:"title"`
	Nodes   figure.Figure `json:"nodes"`
	Binding bool          `json:"binding"`
}

// A CurvePoint is the cost of each system's cheapest offer at one load.
type CurvePoint struct {
	Load    figure.Figure            `json:"load"`    // mean operations/s
	Monthly map[string]figure.Figure `json:"monthly"` // by system, USD/month
	Offer   map[string]string        `json:"offer"`   // by system, the cheapest offer's name
}

// A Crossover is where the cheapest system changes with load, everything else in proportion.
type Crossover struct {
	Found   bool     `json:"found"`
	Points  []Named  `json:"points,omitempty"`  // loads in operations/s where it changes
	Regions []Region `json:"regions,omitempty"` // from low to high load
	Note    string   `json:"note,omitempty"`    // why none was found, what was scaled
}

// A Region is a stretch of loads with one cheapest system. To is 0 when it has no upper end.
type Region struct {
	From, To float64
	System   string
}

// The decisions of a verdict.
const (
	Migrate      = "migrate"
	Stay         = "stay"
	Undetermined = "undetermined"
)

// A Verdict is the answer in one sentence with what it hangs on.
type Verdict struct {
	Decision    string         `json:"decision"`
	Sentence    string         `json:"sentence"`
	Basis       string         `json:"basis"`            // "modelled and assumed: no run on a real target"
	Saving      *figure.Figure `json:"saving,omitempty"` // USD over the horizon, positive when Aerospike is cheaper
	SavingHard  *figure.Figure `json:"saving_hard,omitempty"`
	Probability *figure.Figure `json:"probability,omitempty"` // that the decision's system is cheaper
	Because     []string       `json:"because"`
	MeasureNext []string       `json:"measure_next"`
	Flip        *Flip          `json:"flip,omitempty"`
}

// A Flip is the value of an assumption at which the verdict changes.
type Flip struct {
	Name string        `json:"name"` // "operations/s per node"
	Now  figure.Figure `json:"now"`
	At   figure.Figure `json:"at"`
	Note string        `json:"note"`
}

// An Assumption is an input nobody measured.
type Assumption struct {
	Name   string        `json:"name"` // as --what-if and the cost section spell it
	Title  string        `json:"title"`
	Figure figure.Figure `json:"figure"`
}
