package workload

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Adapted is how a scenario that is run departs from its text: what Shorten and Extend did to it.
type Adapted struct {
	For      time.Duration `json:"for_ns,omitempty"` // its phases were scaled to this length in all
	Items    uint64        `json:"items,omitempty"`  // at most so many are loaded
	Extended []Extension   `json:"extended,omitempty"`
}

// Adapt does to a scenario as read what was done to another of the same text.
func (sc *Scenario) Adapt(a *Adapted) error {
	if a == nil {
		return nil
	}
	if a.For > 0 || a.Items > 0 {
		if err := sc.Shorten(a.For, a.Items); err != nil {
			return err
		}
	}
	for _, x := range a.Extended {
		if err := sc.Extend(x); err != nil {
			return err
		}
	}
	return nil
}

// adapted returns what has been done to the scenario, to be added to.
func (sc *Scenario) adapted() *Adapted {
	if sc.Adapted == nil {
		sc.Adapted = &Adapted{}
	}
	return sc.Adapted
}

// An Extension makes a run longer by more of its last phase: for a time, or by a number of
// operations in a closed loop. One of the two is set.
type Extension struct {
	For time.Duration `json:"for_ns,omitempty"`
	Ops uint64        `json:"operations,omitempty"`
}

// ParseExtension reads "10m", or a number of operations.
func ParseExtension(text string) (Extension, error) {
	if n, err := strconv.ParseUint(text, 10, 64); err == nil && n > 0 {
		return Extension{Ops: n}, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return Extension{}, fmt.Errorf("%q: expected a duration such as 10m or, of a closed loop, a number of operations such as 5000", text)
	}
	return Extension{For: d}, nil
}

// String returns the extension in words.
func (x Extension) String() string {
	if x.Ops > 0 {
		return fmt.Sprintf("%d operations", x.Ops)
	}
	return x.For.String()
}

// Extend appends a phase that goes on as the last one ended: at its rate or, after a ramp or
// steps, at the rate that it had reached, after a spike at what lies around it. The operations
// before stay what they are, and when: Extend changes the stream's digest, and its prefix never.
func (sc *Scenario) Extend(x Extension) error {
	w := &sc.Workload
	last := w.Phases[len(w.Phases)-1]
	next := Phase{
		Name: fmt.Sprintf("%s+%d", sc.baseName(last.Name), len(sc.adapted().Extended)+1),
		For:  x.For, Ops: x.Ops, Record: last.Record,
	}
	if w.Arrival.Open != nil {
		if x.Ops > 0 {
			return errors.New("an open loop is extended by a duration, such as 10m")
		}
		if w.tracedTimes() != nil {
			return errors.New("a run at the times of a trace: a trace has no more of its last phase")
		}
		var err error
		if next.Rate, err = last.Rate.after(); err != nil {
			return err
		}
	}
	length := x.For
	for _, p := range w.Phases {
		length += p.For
	}
	if length > MaxDuration || length < 0 {
		return fmt.Errorf("%v more: a run lasts 366 days at most", x)
	}
	for _, p := range w.Phases {
		if p.Name == next.Name {
			return fmt.Errorf("the scenario has a phase %q of its own", p.Name)
		}
	}
	before := len(w.Phases)
	w.Phases = append(w.Phases[:before:before], next)
	if w.Arrival.Open != nil {
		if plan := NewPlan(sc); plan.FirstIndex(before+1) == plan.FirstIndex(before) {
			w.Phases = w.Phases[:before]
			return fmt.Errorf("%v more has no operation at the last phase's rate", x)
		}
	}
	if err := sc.shrinks(); err != nil {
		w.Phases = w.Phases[:before]
		return err
	}
	a := sc.adapted()
	a.Extended = append(a.Extended, x)
	return nil
}

// baseName is a phase's name without what Extend added to it.
func (sc *Scenario) baseName(name string) string {
	if n := len(sc.adapted().Extended); n > 0 {
		return name[:len(name)-len(fmt.Sprintf("+%d", n))]
	}
	return name
}

// after is the rate that a phase of this one ends with.
func (r Rate) after() (Rate, error) {
	s := r.Shape
	switch {
	case s == nil:
		return Rate{From: r.To, To: r.To}, nil
	case s.Steps != nil:
		v := s.Steps[len(s.Steps)-1]
		return Rate{From: v, To: v}, nil
	case s.Spike != nil:
		return Rate{From: s.Spike.Base, To: s.Spike.Base}, nil
	case s.Diurnal != nil:
		return Rate{}, errors.New("a phase that is a day: more of it would be another day at another rate; give the scenario a phase after it")
	}
	return r, nil // rates by operation, which are constant
}

// DatasetDigest returns the digest of what the loaded items are made of: the seed, the data set
// after defaults and, where a trace has sizes, the trace.
func (sc *Scenario) DatasetDigest() string {
	text, err := json.Marshal(struct {
		Seed    uint64
		Dataset Dataset
		Trace   *Trace
	}{sc.Seed, sc.Dataset, sc.Workload.Keys.Trace})
	must(err)
	return digestOf(append([]byte(digestVersion), text...))
}
