package workload

import (
	"fmt"
	"reflect"
	"time"

	"github.com/invopop/jsonschema"
	"gopkg.in/yaml.v3"

	"crossover/workload/keys"
)

// Exponential popularity falls by the same factor from each item to the next.
type Exponential struct {
	Items     float64 `yaml:"items" unit:"share" required:"true" doc:"share of the data set, its first items; above 0% and below share"`
	Share     float64 `yaml:"share" unit:"share" required:"true" doc:"share of the operations that it gets; below 100%"`
	Scrambled bool    `yaml:"scrambled" default:"true" doc:"spread the ranks over the item numbers by a bijection"`
}

// SelfSimilar popularity gives the first H of the items 1-H of the operations, and so within
// those, and so on.
type SelfSimilar struct {
	H         float64 `yaml:"h" unit:"share" default:"20%" max:"50%" doc:"20% is the rule of 80 and 20; above 0%, and 50% is uniform"`
	Scrambled bool    `yaml:"scrambled" default:"true" doc:"spread the ranks over the item numbers by a bijection"`
}

// A MovingHotspot is a hot set that moves on to other items.
type MovingHotspot struct {
	Items     uint64        `yaml:"items" required:"true" min:"1" max:"1_000_000_000_000" doc:"items in the hot set; fewer than dataset.items"`
	Share     float64       `yaml:"share" unit:"share" required:"true" doc:"share of the operations that it gets; above 0% and below 100%"`
	Every     time.Duration `yaml:"every" required:"true" doc:"how long before it moves on; open loop only"`
	Scrambled bool          `yaml:"scrambled" default:"true" doc:"spread the set over the item numbers by a bijection; or else it is items in a row"`
}

// named sets the distribution that a name alone stands for, if it does.
func (k *KeyDist) named(name string) bool {
	switch name {
	case "uniform":
		k.Uniform = &struct{}{}
	case "sequential":
		k.Sequential = &struct{}{}
	case "zipfian":
		k.Zipfian = &Zipfian{Theta: 0.99, Scrambled: true}
	case "latest":
		k.Latest = &Latest{Theta: 0.99}
	case "self_similar":
		k.SelfSimilar = &SelfSimilar{H: 0.2, Scrambled: true}
	default:
		return false
	}
	return true
}

// needsSettings are what to write for the distributions that have no settings of their own.
var needsSettings = map[string]string{
	"hotspot":        "{hotspot: {items: 10%, share: 90%}}",
	"exponential":    "{exponential: {items: 10%, share: 95%}}",
	"moving_hotspot": "{moving_hotspot: {items: 100, share: 80%, every: 30s}}",
	"histogram":      "{histogram: {shares: [{key: 7, share: 12%}]}}",
	"trace":          "{trace: {file: trace.csv}}",
}

// DecodeYAML reads the name of a distribution, or a mapping that names one.
func (k *KeyDist) DecodeYAML(d *Decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		if k.named(n.Value) {
			return
		}
		if example := needsSettings[n.Value]; example != "" {
			d.Fail(n, path, "its settings: "+example, "")
			return
		}
		var names []string
		for _, f := range fields(reflect.TypeFor[KeyDist]()) {
			names = append(names, f.name)
		}
		d.Fail(n, path, "uniform, zipfian, latest, self_similar or sequential, or a distribution with its settings", nearest(n.Value, names))
		return
	}
	before := len(d.errs)
	type raw KeyDist
	d.structure(n, reflect.ValueOf((*raw)(k)).Elem(), path)
	oneOf(d, n, path, k.Uniform != nil, k.Zipfian != nil, k.Hotspot != nil, k.Sequential != nil, k.Latest != nil,
		k.Exponential != nil, k.SelfSimilar != nil, k.MovingHotspot != nil, k.Histogram != nil, k.Trace != nil)
	if len(d.errs) == before {
		k.ranges(d, n, path)
	}
}

// ranges checks what the fields' own bounds do not.
func (k *KeyDist) ranges(d *Decoder, n *yaml.Node, path string) {
	inside := func(shares ...float64) bool {
		for _, s := range shares {
			if s <= 0 || s >= 1 {
				return false
			}
		}
		return true
	}
	if h := k.Hotspot; h != nil && !inside(h.Items, h.Share) {
		d.Fail(n, Join(path, "hotspot"), "two shares above 0% and below 100%", "")
	}
	if e := k.Exponential; e != nil {
		if _, err := keys.NewExponential(e.Items, e.Share); err != nil {
			at := Join(path, "exponential")
			d.fail(child(n, "exponential"), at, fmt.Sprintf("items %g%%, share %g%%", 100*e.Items, 100*e.Share), "0% < items < share < 100%, less steep than a trillionth of the items", "")
		}
	}
	if s := k.SelfSimilar; s != nil && s.H <= 0 {
		d.fail(child(n, "self_similar"), Join(path, "self_similar.h"), "0%", "above 0%", "")
	}
	if m := k.MovingHotspot; m != nil && !inside(m.Share) {
		d.fail(child(n, "moving_hotspot"), Join(path, "moving_hotspot.share"), fmt.Sprintf("%g%%", 100*m.Share), "above 0% and below 100%", "")
	} else if m != nil && m.Every < time.Millisecond {
		d.fail(child(n, "moving_hotspot"), Join(path, "moving_hotspot.every"), m.Every.String(), "1ms or more", "")
	}
	if z := k.Zipfian; z != nil && z.Like == "ycsb" {
		if _, err := keys.NewLikeYCSB(z.Theta, z.Scrambled); err != nil {
			expected := "theta 0 to below 1, which is what YCSB's formula is for"
			if z.Scrambled {
				expected = "theta 0.99, the only one that YCSB's scrambled form has, or scrambled: false"
			}
			d.fail(child(n, "zipfian"), Join(path, "zipfian.theta"), fmt.Sprintf("%g", z.Theta), expected, "")
		}
	}
}

// distribution returns the distribution of a valid scenario's keys, and whether its ranks are
// spread over the item numbers.
func (k *KeyDist) distribution() (dist keys.Dist, scrambled bool) {
	var err error
	switch {
	case k.Zipfian != nil && k.Zipfian.Like == "ycsb":
		dist, err = keys.NewLikeYCSB(k.Zipfian.Theta, k.Zipfian.Scrambled)
	case k.Zipfian != nil:
		dist, err = keys.NewZipfian(k.Zipfian.Theta)
		scrambled = k.Zipfian.Scrambled
	case k.Hotspot != nil:
		dist, err = keys.NewHotspot(k.Hotspot.Items, k.Hotspot.Share)
	case k.Latest != nil:
		dist, err = keys.NewLatest(k.Latest.Theta)
	case k.Exponential != nil:
		dist, err = keys.NewExponential(k.Exponential.Items, k.Exponential.Share)
		scrambled = k.Exponential.Scrambled
	case k.SelfSimilar != nil:
		dist, err = keys.NewSelfSimilar(k.SelfSimilar.H)
		scrambled = k.SelfSimilar.Scrambled
	case k.MovingHotspot != nil:
		dist, err = keys.NewMoving(k.MovingHotspot.Items, k.MovingHotspot.Share)
		scrambled = k.MovingHotspot.Scrambled
	case k.Histogram != nil:
		dist, err = keys.NewHistogram(k.Histogram.shares)
	case k.Sequential != nil:
		dist = keys.NewSequential()
	default:
		dist = keys.NewUniform()
	}
	must(err)
	return dist, scrambled
}

// fits returns what of a distribution does not fit a number of items: what was found, what was
// expected, and the key that says it; "" when all fits.
func (k *KeyDist) fits(items uint64) (found, expected, key string) {
	switch {
	case k.Histogram != nil && len(k.Histogram.shares) > 0:
		h, err := keys.NewHistogram(k.Histogram.shares)
		if err != nil {
			return "", "", "" // said before
		}
		if last := h.Last(); last >= items {
			return fmt.Sprintf("item %d", last), fmt.Sprintf("items below dataset.items, %d", items), "histogram"
		}
		if all, none := h.Whole(items); !all && none {
			return "shares below 100% of every item there is", "100% in all, or items that none names for the rest", "histogram"
		}
	case k.MovingHotspot != nil && k.MovingHotspot.Items >= items:
		return fmt.Sprintf("a hot set of %d items", k.MovingHotspot.Items), fmt.Sprintf("fewer than dataset.items, %d", items), "moving_hotspot"
	case k.Trace != nil && k.Trace.rows != nil && k.Trace.rows.items > items:
		return fmt.Sprintf("item %d", k.Trace.rows.items-1), fmt.Sprintf("items below dataset.items, %d", items), "trace"
	}
	return "", "", ""
}

// keys checks that the distribution fits the data set and the arrival.
func (c check) keys(sc *Scenario) {
	k := &sc.Workload.Keys
	if c.sound("dataset.items") {
		if found, expected, key := k.fits(sc.Dataset.Items); found != "" {
			c.fail(found, expected, "workload", "keys", key)
		}
	}
	if k.MovingHotspot != nil && c.closed() {
		c.fail("a hot set that moves with time in a closed loop", "an open loop: a closed one has no planned times", "workload", "keys", "moving_hotspot")
	}
	if k.Trace != nil && !c.closed() && sc.Workload.tracedTimes() == nil && k.Trace.Speed != 1 {
		c.fail("a speed, without the trace's times", "process: trace, or no speed", "workload", "keys", "trace", "speed")
	}
}

// JSONSchema says what DecodeYAML accepts.
func (*KeyDist) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Type: "string", Enum: []any{"uniform", "zipfian", "sequential", "latest", "self_similar"}},
		oneKeyOf(reflect.TypeFor[KeyDist]()),
	}}
}
