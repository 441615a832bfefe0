package workload

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/invopop/jsonschema"
	"gopkg.in/yaml.v3"

	"crossover/workload/arrival"
	"crossover/workload/op"
)

// A Rate is offered load in operations/s: constant (From == To), a linear ramp, or a shape,
// whose mean From and To are then.
type Rate struct {
	From, To float64
	Shape    *RateShape `json:",omitempty"`
}

// A RateShape is a rate that is neither constant nor a ramp. Exactly one field is set.
type RateShape struct {
	Steps       []float64   `json:",omitempty"` // each for an equal part of the phase
	Spike       *Spike      `json:",omitempty"`
	Diurnal     *Diurnal    `json:",omitempty"`
	ByOperation *Operations `json:",omitempty"` // operations/s of each kind, constant
}

// A Spike is a rate of Base but for a while, in which it is Peak.
type Spike struct {
	Base float64       `yaml:"base" unit:"rate" required:"true" doc:"before and after"`
	Peak float64       `yaml:"peak" unit:"rate" required:"true" doc:"while it lasts"`
	At   time.Duration `yaml:"at" required:"true" doc:"since the phase's start"`
	For  time.Duration `yaml:"for" required:"true" doc:"how long it lasts"`
}

// A Diurnal rate is a day compressed into the phase.
type Diurnal struct {
	Mean       float64 `yaml:"mean" unit:"rate" required:"true" doc:"over the day"`
	PeakToMean float64 `yaml:"peak_to_mean" default:"2" min:"1" max:"12" doc:"highest rate over the mean; the curve is the one of cost.demand"`
}

// maxSteps bounds a rate's steps.
const maxSteps = 10_000

// shapeYAML is a rate that is no scalar as a scenario writes it: a ramp, a shape, or rates by
// operation.
type shapeYAML struct {
	From    *float64  `yaml:"from" unit:"rate" doc:"ramp: at the phase's start"`
	To      *float64  `yaml:"to" unit:"rate" doc:"ramp: at the phase's end"`
	Steps   []float64 `yaml:"steps" unit:"rate" doc:"rates for equal parts of the phase, one after another"`
	Spike   *Spike    `yaml:"spike" doc:"a rate that is higher for a while"`
	Diurnal *Diurnal  `yaml:"diurnal" doc:"a day compressed into the phase"`
}

// DecodeYAML reads a rate, a ramp {from, to}, a shape, or rates by operation.
func (r *Rate) DecodeYAML(d *Decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		v, err := ParseRate(n.Value)
		if err != nil {
			suggestion := ""
			if _, numErr := parseNumber(n.Value); numErr == nil {
				suggestion = n.Value + "/s"
			}
			d.Fail(n, path, rateForm, suggestion)
		}
		r.From, r.To = v, v
		return
	}
	names := shapeNames(n)
	switch {
	case len(names) > 0 && slices.ContainsFunc(names, func(name string) bool { _, ok := op.ParseKind(name); return ok }):
		r.byOperation(d, n, path)
	case slices.Contains(names, "steps") || slices.Contains(names, "spike") || slices.Contains(names, "diurnal"):
		r.shape(d, n, path)
	default:
		var raw rampYAML
		d.structure(n, reflect.ValueOf(&raw).Elem(), path)
		r.From, r.To = raw.From, raw.To
	}
}

// shapeNames lists a mapping's keys.
func shapeNames(n *yaml.Node) (names []string) {
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		names = append(names, n.Content[i].Value)
	}
	return names
}

func (r *Rate) shape(d *Decoder, n *yaml.Node, path string) {
	before := len(d.errs)
	var raw shapeYAML
	d.structure(n, reflect.ValueOf(&raw).Elem(), path)
	oneOf(d, n, path, raw.From != nil || raw.To != nil, raw.Steps != nil, raw.Spike != nil, raw.Diurnal != nil)
	if len(d.errs) > before {
		return
	}
	if len(raw.Steps) > maxSteps || raw.Steps != nil && len(raw.Steps) == 0 {
		d.fail(child(n, "steps"), Join(path, "steps"), fmt.Sprintf("%d steps", len(raw.Steps)), fmt.Sprintf("1 to %d", maxSteps), "")
		return
	}
	r.Shape = &RateShape{Steps: raw.Steps, Spike: raw.Spike, Diurnal: raw.Diurnal}
}

// byOperation reads rates by operation.
func (r *Rate) byOperation(d *Decoder, n *yaml.Node, path string) {
	rates := map[string]float64{}
	before := len(d.errs)
	d.decode(n, reflect.ValueOf(&rates).Elem(), path, `unit:"rate"`)
	each := new(Operations)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		k, ok := op.ParseKind(key.Value)
		if !ok {
			d.fail(key, Join(path, key.Value), fmt.Sprintf("unknown operation %q", key.Value), "rates by operation", nearest(key.Value, kindNames()))
			continue
		}
		each[k] = rates[key.Value]
	}
	if len(d.errs) > before {
		return
	}
	if _, _, err := cardsOf(*each); err != nil {
		d.fail(n, path, err.Error(), "rates that a deck of 10,000 operations holds in whole cards", "")
		return
	}
	r.Shape = &RateShape{ByOperation: each}
	for _, rate := range each {
		r.From += rate
	}
	r.To = r.From
}

// JSONSchema says what DecodeYAML accepts.
func (*Rate) JSONSchema() *jsonschema.Schema {
	kinds := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema}
	for k := range op.KindCount {
		rate := RateSchema()
		rate.Description = "of this operation alone; " + rate.Description
		kinds.Properties.Set(k.String(), rate)
	}
	one := uint64(1)
	kinds.MinProperties = &one
	ramp := (&reflector{}).structure(reflect.TypeFor[rampYAML]())
	var names []string
	var values []*jsonschema.Schema
	for _, f := range fields(reflect.TypeFor[shapeYAML]())[2:] {
		t := reflect.TypeFor[shapeYAML]().Field(f.index).Type
		var value *jsonschema.Schema
		if t.Kind() == reflect.Pointer {
			value = (&reflector{}).structure(t.Elem())
		} else {
			value = (&reflector{}).of(t, f.tag)
		}
		value.Description = description(value.Description, f.tag)
		names, values = append(names, f.name), append(values, value)
	}
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{RateSchema(), ramp, OneKey(names, values), kinds}}
}

// planned returns the phase as the schedule takes it.
func (p Phase) planned() arrival.Phase {
	out := arrival.Phase{For: p.For, Ops: p.Ops, From: p.Rate.From, To: p.Rate.To}
	if s := p.Rate.Shape; s != nil {
		switch {
		case s.Steps != nil:
			out.Shape = arrival.Steps(p.For, s.Steps)
		case s.Spike != nil:
			out.Shape = arrival.Spike(p.For, s.Spike.Base, s.Spike.Peak, s.Spike.At, s.Spike.For)
		case s.Diurnal != nil:
			day, err := arrival.Diurnal(p.For, s.Diurnal.Mean, s.Diurnal.PeakToMean)
			must(err)
			out.Shape = day
		}
	}
	return out
}

// Peak returns the highest rate that the phase offers, in operations/s, its bursts apart.
func (p Phase) Peak() float64 {
	peak := max(p.Rate.From, p.Rate.To)
	for _, s := range p.planned().Shape {
		peak = max(peak, s.From, s.To)
	}
	return peak
}

// settle gives a shape's rate the mean that it has over a phase, so that rate times length is
// the number of operations for shapes as for ramps.
func (p *Phase) settle() {
	shape := p.planned().Shape
	if shape == nil || p.For <= 0 {
		return
	}
	sum := 0.0
	for _, s := range shape {
		sum += (s.From + s.To) / 2 * s.For.Seconds()
	}
	p.Rate.From = sum / p.For.Seconds()
	p.Rate.To = p.Rate.From
}
