package workload

import (
	"fmt"
	"time"

	"crossover/workload/arrival"
)

// Bursts are the parameters of the process bursty: Poisson in bursts and, more slowly or not at
// all, in the pauses between them. A phase begins with a burst.
type Bursts struct {
	On      time.Duration `yaml:"on" default:"1s" doc:"length of a burst, 1ms to 24h"`
	Off     time.Duration `yaml:"off" default:"4s" doc:"length of a pause, 1ms to 24h"`
	OffRate float64       `yaml:"off_rate" unit:"share" default:"0%" max:"100%" doc:"rate in a pause, as a share of that in a burst"`
}

// Burstiness is the parameter of the process self_similar, the b-model: bursts at every scale
// from the phase's half down to the finest.
type Burstiness struct {
	Hurst  float64       `yaml:"hurst" default:"0.8" min:"0.51" max:"0.99" doc:"Hurst's parameter"`
	Finest time.Duration `yaml:"finest" default:"100ms" doc:"shortest time over which the rate still varies, 1ms or more"`
}

// spacing returns how a valid scenario's operations are spaced.
func (sc *Scenario) spacing() arrival.Spacing {
	o := sc.Workload.Arrival.Open
	if o == nil {
		return arrival.Spacing{Process: arrival.Constant}
	}
	s := arrival.Spacing{Process: arrival.Process(o.Process)}
	switch s.Process {
	case arrival.Bursty:
		b := o.bursts()
		s.On, s.Off, s.OffRate = b.On, b.Off, b.OffRate
	case arrival.SelfSimilar:
		b := o.burstiness()
		s.Hurst, s.Finest = b.Hurst, b.Finest
	case arrival.Trace:
		t := sc.Workload.Keys.Trace
		s.Times = traceClock{t.rows.at, t.Speed}
	}
	return s
}

// bursts returns the parameters of bursts, by default a second and four of pause.
func (o *OpenArrival) bursts() Bursts {
	if o.Bursty != nil {
		return *o.Bursty
	}
	return Bursts{On: time.Second, Off: 4 * time.Second}
}

func (o *OpenArrival) burstiness() Burstiness {
	if o.SelfSimilar != nil {
		return *o.SelfSimilar
	}
	return Burstiness{Hurst: 0.8, Finest: 100 * time.Millisecond}
}

// Describe says how operations are spaced, with the parameters.
func (o *OpenArrival) Describe() string {
	switch o.Process {
	case string(arrival.Bursty):
		b := o.bursts()
		return fmt.Sprintf("bursty, %v on and %v off at %g%%", b.On, b.Off, 100*b.OffRate)
	case string(arrival.SelfSimilar):
		b := o.burstiness()
		return fmt.Sprintf("self-similar, Hurst %g down to %v", b.Hurst, b.Finest)
	}
	return o.Process
}

// ThinkAfter returns the pause after operation i of a closed loop.
func (sc *Scenario) ThinkAfter(i uint64) time.Duration {
	c := sc.Workload.Arrival.Closed
	if c.ThinkTime == "exponential" {
		return arrival.Think(c.Think, sc.Seed, i)
	}
	return c.Think
}

// closed reports whether the scenario's loop is closed.
func (c check) closed() bool {
	arrival := descend(c.doc, "workload", "arrival")
	return descend(arrival, "closed") != nil && descend(arrival, "open") == nil
}

// process checks the parameters of the arrival process.
func (c check) process(sc *Scenario) {
	o := sc.Workload.Arrival.Open
	at := []any{"workload", "arrival", "open"}
	if o.Bursty != nil && o.Process != string(arrival.Bursty) {
		c.fail("bursts of the process "+o.Process, "process: bursty", append(at, "bursty")...)
	}
	if o.SelfSimilar != nil && o.Process != string(arrival.SelfSimilar) {
		c.fail("a Hurst parameter of the process "+o.Process, "process: self_similar", append(at, "self_similar")...)
	}
	if b := o.Bursty; b != nil {
		for name, length := range map[string]time.Duration{"on": b.On, "off": b.Off} {
			if length < arrival.MinBurst || length > 24*time.Hour {
				c.fail(length.String(), "1ms to 24h", append(at, "bursty", name)...)
			}
		}
	}
	if b := o.SelfSimilar; b != nil && b.Finest < arrival.MinBurst {
		c.fail(b.Finest.String(), "1ms or more", append(at, "self_similar", "finest")...)
	}
	t := sc.Workload.Keys.Trace
	if o.Process == string(arrival.Trace) && c.sound("workload.keys") && (t == nil || t.rows == nil || t.rows.at == nil) {
		c.fail("the process trace, without a trace that has times", "keys: {trace: …} with a column time", append(at, "process")...)
	}
}
