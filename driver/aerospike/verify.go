package aerospike

import (
	"bytes"
	"slices"

	as "github.com/aerospike/aerospike-client-go/v7"

	"crossover/workload"
	"crossover/workload/op"
)

// A verification holds read records against what they must be: the driver makes the record
// that it would have written for the version that was read, and compares bin by bin.
type verification struct {
	content *workload.Content
	want    *record
}

// verify checks the record that was read, and says so in the outcome. Only verified reads pay
// for it, after their answer has come.
func (s *session) verify(o *op.Op, out *op.Outcome) {
	out.Version, out.Check = s.check(o.Item, o.Partition, o.Sort, s.found.Bins)
}

// verifyEach checks a record that a query or a scan page returned, by the keys that it carries.
// One whose keys are no item's of the scenario is somebody else's.
func (s *session) verifyEach(out *op.Outcome, got as.BinMap) {
	pk, _ := got[workload.AttrPartition].(string)
	sk, _ := got[workload.AttrSort].(string)
	item, ok := s.c.sc.ItemOfKeys(pk, sk)
	if !ok {
		return
	}
	seen := op.Seen{Item: item}
	p, at := s.c.sc.Place(item)
	seen.Version, seen.Check = s.check(item, p, at, got)
	out.Seen = append(out.Seen, seen)
}

// check holds a record against what its version must be.
func (s *session) check(item, partition, sort uint64, got as.BinMap) (version uint64, check op.Check) {
	if s.verification == nil {
		s.verification = &verification{
			content: workload.NewContent(s.c.sc), want: newRecord(s.c.sc, s.c.cfg.Namespace, s.c.set),
		}
	}
	v := s.verification
	written, _ := got[workload.AttrVersion].(string)
	version, ok := workload.ParseVersion(written)
	if !ok {
		return 0, op.Corrupt
	}
	v.want.address(partition, sort)
	v.want.fill(version, v.content.Body(item, version))
	if sameRecord(v.want.bins, got) {
		return version, op.Intact
	}
	return version, op.Corrupt
}

// sameRecord reports whether a record has the bins that it must have and no other.
func sameRecord(want []*as.Bin, got as.BinMap) bool {
	if len(want) != len(got) {
		return false
	}
	for _, w := range want {
		if g, ok := got[w.Name]; !ok || !sameBin(w.Value, g) {
			return false
		}
	}
	return true
}

// sameBin compares a value to be written with one that the library has read.
func sameBin(want as.Value, got any) bool {
	switch w := want.(type) {
	case *as.StringValue:
		g, ok := got.(string)
		return ok && g == string(*w)
	case *as.BytesValue:
		g, ok := got.([]byte)
		return ok && bytes.Equal(g, *w)
	case *as.LongValue:
		g, ok := got.(int)
		return ok && int64(g) == int64(*w)
	case *as.FloatValue:
		g, ok := got.(float64)
		return ok && g == float64(*w)
	case *as.BoolValue:
		g, ok := got.(bool)
		return ok && g == bool(*w)
	case as.ListValue:
		g, ok := got.([]any)
		return ok && slices.EqualFunc(w, g, func(x, y any) bool { return sameBin(x.(as.Value), y) })
	case as.MapValue:
		g, ok := got.(map[any]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for k, x := range w {
			if y, there := g[k]; !there || !sameBin(x.(as.Value), y) {
				return false
			}
		}
		return true
	}
	return false
}
