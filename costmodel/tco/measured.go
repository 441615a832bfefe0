package tco

import (
	"fmt"
	"math"
	"slices"

	"crossover/results"
	"crossover/results/figure"
	"crossover/workload"
	"crossover/workload/op"
)

// kindReal is the kind of target whose figures are measurements. Every other kind is a model.
const kindReal = "real"

// unitsTolerance is how far units per operation as seen may lie from those computed before both
// are printed: sizes are sampled and requests fail, so that small differences mean nothing.
const unitsTolerance = 0.03

// seenUnits are units per operation as runs' targets reported them.
type seenUnits struct {
	basis  figure.Basis
	source string
	kinds  [op.KindCount]seenKind
}

type seenKind struct {
	read, write float64 // sums
	answered    uint64  // operations that consumed units: done, not found, or refused by a condition
	refused     uint64  // throttled, overloaded, timed out, failed or dropped
}

func (s *seenUnits) reads(computed func(op.Kind) figure.Figure) func(op.Kind) figure.Figure {
	return s.per(computed, "read units", func(k seenKind) float64 { return k.read })
}

func (s *seenUnits) writes(computed func(op.Kind) figure.Figure) func(op.Kind) figure.Figure {
	return s.per(computed, "write units", func(k seenKind) float64 { return k.write })
}

// per returns units per answered operation of a kind, or the computed ones for a kind that no
// run answered.
func (s *seenUnits) per(computed func(op.Kind) figure.Figure, unit string, sum func(seenKind) float64) func(op.Kind) figure.Figure {
	return func(k op.Kind) figure.Figure {
		seen := s.kinds[k]
		if seen.answered == 0 {
			return computed(k)
		}
		f := figure.New(sum(seen)/float64(seen.answered), unit, s.basis, s.source)
		f.Note = fmt.Sprintf("over %d answered operations", seen.answered)
		return f
	}
}

// unitsOf adds up what the DynamoDB runs consumed: the ones on a real target when there are
// any, else the modelled ones. It returns nil when no run reported units, and says of each run
// what was taken from it.
func unitsOf(sc *workload.Scenario, runs []*results.Run) (*seenUnits, []RunRef, []string) {
	var refs []RunRef
	var warnings []string
	digest := ""
	real := slices.ContainsFunc(runs, func(r *results.Run) bool { return usable(r) && r.Manifest.Target.Kind == kindReal })
	var out *seenUnits
	for _, r := range runs {
		m := &r.Manifest
		ref := RunRef{Run: m.Run, Target: m.Target.Name, Kind: m.Target.Kind}
		switch {
		case !usable(r):
		case real && m.Target.Kind != kindReal:
			warnings = append(warnings, fmt.Sprintf("run %s on %s (%s) was left out: there are runs on a real target", m.Run, m.Target.Name, m.Target.Kind))
		case m.StreamDigest != streamDigest(sc, &digest):
			warnings = append(warnings, fmt.Sprintf("run %s on %s was left out: it ran another stream of operations than the scenario's", m.Run, m.Target.Name))
		default:
			if out == nil {
				out = &seenUnits{basis: figure.Modelled}
				if real {
					out.basis = figure.Measured
				}
			} else {
				out.source += "; "
			}
			out.source += fmt.Sprintf("run %s on %s (%s)", m.Run, m.Target.Name, m.Target.Kind)
			out.add(r.Intervals())
			warnings = append(warnings, unreconciled(r)...)
			ref.Used = []string{"capacity units per operation as consumed"}
		}
		refs = append(refs, ref)
	}
	return out, refs, warnings
}

// unreconciled says where a run's units are not those that its items make.
func unreconciled(r *results.Run) (warnings []string) {
	check, err := r.Units()
	if err != nil {
		return []string{err.Error()}
	}
	for _, row := range check.Differing() {
		warnings = append(warnings, fmt.Sprintf("run %s on %s: %s", r.Manifest.Run, r.Manifest.Target.Name, row))
	}
	return warnings
}

// usable reports whether a run's target reported DynamoDB's units.
func usable(r *results.Run) bool {
	if r.Manifest.Target.Driver != "dynamodb" {
		return false
	}
	t := r.Totals()
	return t.ReadUnits+t.WriteUnits > 0
}

// streamDigest computes the scenario's digest once.
func streamDigest(sc *workload.Scenario, kept *string) string {
	if *kept == "" {
		*kept = workload.StreamDigest(sc)
	}
	return *kept
}

func (s *seenUnits) add(lines []results.Interval) {
	for i := range lines {
		line := &lines[i]
		k, ok := op.ParseKind(line.Kind)
		if !ok || !line.Recorded {
			continue
		}
		seen := &s.kinds[k]
		seen.read += line.ReadUnits
		seen.write += line.WriteUnits
		for class, n := range line.Done {
			switch class {
			case op.OK.String(), op.NotFound.String(), op.ConditionFailed.String():
				seen.answered += n
			default:
				seen.refused += n
			}
		}
	}
}

// compare says where units as seen differ from those computed by more than a few percent.
func (s *seenUnits) compare(p profile) []string {
	var out []string
	for k := range op.KindCount {
		seen := s.kinds[k]
		if seen.answered == 0 {
			continue
		}
		for _, u := range []struct {
			name           string
			seen, computed float64
		}{{"read", seen.read, p.kinds[k].read}, {"write", seen.write, p.kinds[k].write}} {
			per := u.seen / float64(seen.answered)
			if math.Abs(per-u.computed) <= unitsTolerance*math.Max(u.computed, 1e-9) {
				continue
			}
			why := "popular items may differ in size from the mean item, and missing items cost the least unit"
			if seen.refused > 0 {
				why = fmt.Sprintf("%d operations were throttled or failed, and what their attempts consumed is not known; ", seen.refused) + why
			}
			out = append(out, fmt.Sprintf("%s: %.4g %s units per operation reported (%s), %.4g computed from the capacity-unit rules; the reported ones are priced. %s", k, per, u.name, s.source, u.computed, why))
		}
	}
	return out
}
