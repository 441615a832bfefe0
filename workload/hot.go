package workload

import (
	"fmt"
	"math"
	"reflect"
	"time"

	"github.com/invopop/jsonschema"
	"gopkg.in/yaml.v3"
)

// A HotKey takes Share of the operations for one item, from From until To of the run's
// planned schedule; a zero To means until the end. Several windows may be of one key.
type HotKey struct {
	Key   uint64        `yaml:"key" required:"true" doc:"item number, below dataset.items"`
	Share float64       `yaml:"share" unit:"share" required:"true" doc:"share of the operations; those that overlap in time stay below 100%"`
	From  time.Duration `yaml:"from" doc:"since the run's planned start; open loop only"`
	To    time.Duration `yaml:"to" doc:"since the run's planned start; the run's end when left out"`
	Flash *FlashCrowd   `yaml:"flash" json:",omitempty" doc:"a crowd that comes and goes: share is its peak"`

	// Change is the share at To, towards which Share goes linearly: {from: 5%, to: 60%}.
	Change *float64 `yaml:"-" json:",omitempty"`
}

// A FlashCrowd is how a hot key's share rises to its peak and decays from it.
type FlashCrowd struct {
	Rise     time.Duration `yaml:"rise" default:"0s" doc:"how long the share takes from nothing to its peak, linearly"`
	HalfLife time.Duration `yaml:"half_life" required:"true" doc:"how long after the peak, and again and again, until the share is half of what it was"`
}

// shareChange is a share that changes, as a scenario writes it.
type shareChange struct {
	From float64 `yaml:"from" unit:"share" required:"true" doc:"at the window's start"`
	To   float64 `yaml:"to" unit:"share" required:"true" doc:"at the window's end"`
}

// DecodeYAML reads a hot key, whose share may be a mapping {from, to}.
func (h *HotKey) DecodeYAML(d *Decoder, n *yaml.Node, path string) {
	before, changing := len(d.errs), (*yaml.Node)(nil)
	type raw HotKey
	plain := n
	if share := child(n, "share"); share != nil && share.Kind == yaml.MappingNode {
		changing = share
		one := *n
		one.Content = append([]*yaml.Node(nil), n.Content...)
		for i := 0; i+1 < len(one.Content); i += 2 {
			if one.Content[i].Value == "share" {
				one.Content[i+1] = &yaml.Node{Kind: yaml.ScalarNode, Value: "0%", Line: share.Line, Column: share.Column}
			}
		}
		plain = &one
	}
	d.structure(plain, reflect.ValueOf((*raw)(h)).Elem(), path)
	if changing == nil {
		return
	}
	var c shareChange
	d.structure(changing, reflect.ValueOf(&c).Elem(), Join(path, "share"))
	h.Share, h.Change = c.From, &c.To
	switch {
	case len(d.errs) > before:
	case h.To == 0:
		d.fail(n, path, "a share that changes, without to", "to: when it has changed", "")
	case h.Flash != nil:
		d.fail(changing, Join(path, "share"), "a share that changes, of a flash crowd", "its peak", "")
	}
}

// JSONSchemaExtend says that a share may change.
func (*HotKey) JSONSchemaExtend(s *jsonschema.Schema) {
	share, ok := s.Properties.Get("share")
	if !ok {
		return
	}
	s.Properties.Set("share", &jsonschema.Schema{
		Description: share.Description + "; or {from: 5%, to: 60%}, which changes linearly",
		OneOf:       []*jsonschema.Schema{ShareSchema(), (&reflector{}).structure(reflect.TypeFor[shareChange]())},
	})
}

// varies reports whether the share depends on the time.
func (h HotKey) varies() bool { return h.Change != nil || h.Flash != nil }

// shareAt returns the share at a time of the run's planned schedule.
func (h HotKey) shareAt(at time.Duration) float64 {
	if at < h.From || h.To != 0 && at >= h.To {
		return 0
	}
	since := at - h.From
	switch {
	case h.Change != nil:
		return h.Share + (*h.Change-h.Share)*float64(since)/float64(h.To-h.From)
	case h.Flash != nil && since < h.Flash.Rise:
		return h.Share * float64(since) / float64(h.Flash.Rise)
	case h.Flash != nil:
		return h.Share * math.Exp2(-float64(since-h.Flash.Rise)/float64(h.Flash.HalfLife))
	}
	return h.Share
}

// highest returns at which end or peak of a key's own window the hot keys' shares sum to the
// most, and that sum. Between such times of all keys each share is linear or convex, so that the
// highest sum of all lies at one of them, or just before one at which a window ends.
func highest(hot []HotKey, h HotKey) (at time.Duration, sum float64) {
	peak := h.From
	if h.Flash != nil {
		peak += h.Flash.Rise
	}
	for _, t := range []time.Duration{h.From, peak, h.To - 1} {
		if t < h.From || h.To != 0 && t >= h.To {
			continue
		}
		if total := overlap(hot, t); total > sum {
			at, sum = t, total
		}
	}
	return at, sum
}

// overlap returns the shares that hot keys take in all at a time.
func overlap(hot []HotKey, at time.Duration) (sum float64) {
	for _, h := range hot {
		sum += h.shareAt(at)
	}
	return sum
}

// checkVarying checks what is said of a hot key's share over time.
func (c check) checkVarying(h HotKey, i int) {
	if h.Change != nil && (*h.Change < 0 || *h.Change >= 1 || h.Share == *h.Change) {
		c.fail(fmt.Sprintf("a share that goes from %g%% to %g%%", 100*h.Share, 100**h.Change), "two different shares below 100%", "workload", "hot", i, "share")
	}
	if h.Flash != nil && h.Flash.HalfLife < time.Millisecond {
		c.fail(h.Flash.HalfLife.String(), "1ms or more", "workload", "hot", i, "flash", "half_life")
	}
	if h.varies() && c.closed() {
		c.fail("a share that changes in a closed loop", "one that stays: a closed loop has no planned times", "workload", "hot", i)
	}
}
