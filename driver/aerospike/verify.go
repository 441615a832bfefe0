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
	if s.verification == nil {
		s.verification = &verification{
			content: workload.NewContent(s.c.sc), want: newRecord(s.c.sc, s.c.cfg.Namespace, s.c.set),
		}
	}
	v, got := s.verification, s.found.Bins
	out.Check = op.Corrupt
	written, _ := got[workload.AttrVersion].(string)
	version, ok := workload.ParseVersion(written)
	if !ok {
		return
	}
	out.Version = version
	v.want.address(o.Partition, o.Sort)
	v.want.fill(version, v.content.Body(o.Item, version))
	if sameRecord(v.want.bins, got) {
		out.Check = op.Intact
	}
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
