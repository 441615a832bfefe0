package compare

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"crossover/results"
)

// An UnlikeError lists what keeps two sets of runs from being compared.
type UnlikeError struct{ Reasons []string }

func (e *UnlikeError) Error() string {
	return "these runs are not alike, and a difference between them would not mean what it seems to: " +
		strings.Join(e.Reasons, "; ") + " (--unlike compares them all the same, and says so)"
}

// A pair is one target's repetitions on both sides.
type pair struct {
	name       string
	base, head []*Repetition
}

// match pairs the sides' repetitions by the target's name. One target a side is a pair whatever
// their names, when what is unlike may be compared.
func match(base, head []*Repetition, unlike bool) ([]*pair, error) {
	if len(base) == 0 || len(head) == 0 {
		return nil, errors.New("found no runs on one side, expected at least one on each")
	}
	b, bNames := byTarget(base)
	h, hNames := byTarget(head)
	var pairs []*pair
	for _, name := range hNames {
		if b[name] != nil {
			pairs = append(pairs, &pair{name, b[name], h[name]})
		}
	}
	if len(pairs) == 0 && unlike && len(bNames) == 1 && len(hNames) == 1 {
		return []*pair{{bNames[0] + " → " + hNames[0], base, head}}, nil
	}
	if len(pairs) == 0 {
		return nil, fmt.Errorf("found no target on both sides: BASE has %s, HEAD has %s (one run directory a side and --unlike compare two targets)",
			strings.Join(bNames, ", "), strings.Join(hNames, ", "))
	}
	return pairs, nil
}

func byTarget(reps []*Repetition) (map[string][]*Repetition, []string) {
	out := map[string][]*Repetition{}
	for _, r := range reps {
		out[r.Target.Name] = append(out[r.Target.Name], r)
	}
	return out, slices.Sorted(maps.Keys(out))
}

// alone warns of targets that only one side has.
func alone(base, head []*Repetition) (out []string) {
	b, bNames := byTarget(base)
	h, hNames := byTarget(head)
	if len(bNames) == 1 && len(hNames) == 1 {
		return nil // they are a pair, or there is no comparison
	}
	for _, name := range bNames {
		if h[name] == nil {
			out = append(out, fmt.Sprintf("target %s is in BASE only and was left out", name))
		}
	}
	for _, name := range hNames {
		if b[name] == nil {
			out = append(out, fmt.Sprintf("target %s is in HEAD only and was left out", name))
		}
	}
	return out
}

// unlike returns what keeps the pair from being compared, and what a reader should know.
func (p *pair) unlike() (unlike, warnings []string) {
	seen := map[string]bool{}
	say := func(to *[]string, format string, args ...any) {
		text := p.name + ": " + fmt.Sprintf(format, args...)
		if !seen[text] {
			seen[text] = true
			*to = append(*to, text)
		}
	}
	first := p.base[0]
	for _, r := range slices.Concat(p.base, p.head) {
		for _, text := range r.faults() {
			say(&unlike, "%s", text)
		}
		for _, d := range differences(first, r) {
			say(&unlike, "%s", d)
		}
		for _, d := range soft(first, r) {
			say(&warnings, "%s", d)
		}
		for _, w := range r.Warnings {
			say(&warnings, "%s: %s", r.Run, w)
		}
		if first.Target.Kind != r.Target.Kind {
			say(&warnings, "mixed kinds: a %s target is held against a %s one; what an embedded or simulated target yields is modelled",
				first.Target.Kind, r.Target.Kind)
		}
	}
	if min(len(p.base), len(p.head)) < 2 {
		say(&warnings, "one repetition on a side: intervals hold what varies within a run and nothing of what varies from run to run, so nothing is decided")
	}
	return unlike, warnings
}

// Faults returns why repetitions are not to be relied on: not complete, or generator-limited.
func Faults(reps []*Repetition) (out []string) {
	for _, r := range reps {
		out = append(out, r.faults()...)
	}
	return out
}

// faults returns why a run's figures are not to be relied on.
func (r *Repetition) faults() (out []string) {
	if r.Status != results.Complete {
		out = append(out, fmt.Sprintf("run %s is %s, not complete", r.Run, r.Status))
	}
	if len(r.Limited) > 0 {
		out = append(out, fmt.Sprintf("run %s is generator-limited: %s", r.Run, strings.Join(r.Limited, "; ")))
	}
	return out
}

// differences returns what would make a difference between two runs by itself.
func differences(a, b *Repetition) (out []string) {
	for _, c := range []struct{ what, a, b string }{
		{"stream of operations", a.StreamDigest, b.StreamDigest},
		{"shard", a.Shard, b.Shard},
		{"arrival", a.Arrival, b.Arrival},
		{"planned length", a.Planned.String(), b.Planned.String()},
		{"driver", a.Target.Driver, b.Target.Driver},
		{"kind of target", a.Target.Kind, b.Target.Kind},
		{"identity", a.Target.Identity, b.Target.Identity},
	} {
		if c.a != c.b {
			out = append(out, fmt.Sprintf("other %s: %s and %s", c.what, orNone(c.a), orNone(c.b)))
		}
	}
	if a.Target.Driver != b.Target.Driver {
		return out // every setting is another one
	}
	for _, k := range keys(a.Target.Settings, b.Target.Settings) {
		if x, y := a.Target.Settings[k], b.Target.Settings[k]; x != y && !passing(k, x, y) && !software[k] {
			out = append(out, fmt.Sprintf("other setting %s: %s and %s", k, orNone(x), orNone(y)))
		}
	}
	return out
}

// software are settings that name a version: to compare versions is what a gate is for, so they
// are told and not refused.
var software = map[string]bool{"build": true}

// soft returns what differs and may well be the point.
func soft(a, b *Repetition) (out []string) {
	for _, c := range []struct{ what, a, b string }{
		{"crossover", a.Tool, b.Tool},
		{"client", a.Target.Client, b.Target.Client},
	} {
		if c.a != c.b {
			out = append(out, fmt.Sprintf("other version of %s: %s and %s", c.what, orNone(c.a), orNone(c.b)))
		}
	}
	for k := range software {
		if x, y := a.Target.Settings[k], b.Target.Settings[k]; x != y {
			out = append(out, fmt.Sprintf("other %s: %s and %s", k, orNone(x), orNone(y)))
		}
	}
	for _, k := range keys(a.Host, b.Host) {
		if x, y := a.Host[k], b.Host[k]; x != y {
			out = append(out, fmt.Sprintf("other host, %s: %s and %s", k, orNone(x), orNone(y)))
		}
	}
	return out
}

// passing reports whether a setting is a name or a place that changes from run to run: tables
// and sets, device names of embedded nodes, and a loopback port.
func passing(key, a, b string) bool {
	if key == "table" || key == "set" || strings.HasPrefix(key, "devices of ") {
		return true
	}
	return loopback(a) && loopback(b)
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}

func keys(a, b map[string]string) []string {
	both := maps.Clone(a)
	if both == nil {
		both = map[string]string{}
	}
	maps.Copy(both, b)
	return slices.Sorted(maps.Keys(both))
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
