package dynamodb

import (
	"bytes"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/workload"
	"crossover/workload/op"
)

// A verification holds read items against what they must be: the driver makes the item that
// it would have written for the version that was read, and compares attribute by attribute.
type verification struct {
	content *workload.Content
	want    *item
}

// verify checks an item that was read, and says so in the outcome. Only verified reads pay
// for it, after their answer has come.
func (s *session) verify(o *op.Op, got map[string]types.AttributeValue) {
	s.out.Version, s.out.Check = s.check(o.Item, o.Partition, o.Sort, got)
}

// verifyEach checks the items that a query or a scan page returned, each by the keys that it
// carries. One whose keys are no item's of the scenario is somebody else's.
func (s *session) verifyEach(items []map[string]types.AttributeValue) {
	for _, got := range items {
		pk, _ := got[workload.AttrPartition].(*types.AttributeValueMemberS)
		sk, _ := got[workload.AttrSort].(*types.AttributeValueMemberS)
		if pk == nil {
			continue
		}
		sort := ""
		if sk != nil {
			sort = sk.Value
		}
		item, ok := s.d.sc.ItemOfKeys(pk.Value, sort)
		if !ok {
			continue
		}
		seen := op.Seen{Item: item}
		p, at := s.d.sc.Place(item)
		seen.Version, seen.Check = s.check(item, p, at, got)
		s.out.Seen = append(s.out.Seen, seen)
	}
}

// check holds an item against what its version must be.
func (s *session) check(item, partition, sort uint64, got map[string]types.AttributeValue) (version uint64, check op.Check) {
	if s.verification == nil {
		s.verification = &verification{content: workload.NewContent(s.d.sc), want: newItem(s.d.sc)}
	}
	v := s.verification
	written, _ := got[workload.AttrVersion].(*types.AttributeValueMemberS)
	if written == nil {
		return 0, op.Corrupt
	}
	version, ok := workload.ParseVersion(written.Value)
	if !ok {
		return 0, op.Corrupt
	}
	v.want.set(s.d.sc, partition, sort, version, v.content.Body(item, version))
	if sameItem(v.want.attributes, got) {
		return version, op.Intact
	}
	return version, op.Corrupt
}

// sameItem reports whether an item has the attributes that it must have and, apart from the
// time of its end, no other.
func sameItem(want, got map[string]types.AttributeValue) bool {
	n := len(got)
	if _, ends := got[workload.AttrExpiry]; ends {
		n--
	}
	if n != len(want) {
		return false
	}
	for name, w := range want {
		if g, ok := got[name]; !ok || !sameValue(w, g) {
			return false
		}
	}
	return true
}

// sameValue compares two values. Sets have no order; numbers are written here as DynamoDB
// returns them.
func sameValue(want, got types.AttributeValue) bool {
	switch w := want.(type) {
	case *types.AttributeValueMemberS:
		g, ok := got.(*types.AttributeValueMemberS)
		return ok && g.Value == w.Value
	case *types.AttributeValueMemberN:
		g, ok := got.(*types.AttributeValueMemberN)
		return ok && g.Value == w.Value
	case *types.AttributeValueMemberB:
		g, ok := got.(*types.AttributeValueMemberB)
		return ok && bytes.Equal(g.Value, w.Value)
	case *types.AttributeValueMemberBOOL:
		g, ok := got.(*types.AttributeValueMemberBOOL)
		return ok && g.Value == w.Value
	case *types.AttributeValueMemberNULL:
		g, ok := got.(*types.AttributeValueMemberNULL)
		return ok && g.Value
	case *types.AttributeValueMemberSS:
		g, ok := got.(*types.AttributeValueMemberSS)
		return ok && sameSet(w.Value, g.Value)
	case *types.AttributeValueMemberNS:
		g, ok := got.(*types.AttributeValueMemberNS)
		return ok && sameSet(w.Value, g.Value)
	case *types.AttributeValueMemberL:
		g, ok := got.(*types.AttributeValueMemberL)
		return ok && slices.EqualFunc(w.Value, g.Value, sameValue)
	case *types.AttributeValueMemberM:
		g, ok := got.(*types.AttributeValueMemberM)
		return ok && len(w.Value) == len(g.Value) && sameItem(w.Value, g.Value)
	}
	return false
}

func sameSet(want, got []string) bool {
	want, got = slices.Clone(want), slices.Clone(got)
	slices.Sort(want)
	slices.Sort(got)
	return slices.Equal(want, got)
}
