package dynamodb

import (
	"maps"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/scenarios"
	"crossover/workload"
)

// typedScenario has attributes of every type.
func typedScenario(t *testing.T) *workload.Scenario {
	t.Helper()
	text, err := scenarios.Read("typed-items")
	if err != nil {
		t.Fatal(err)
	}
	sc, err := workload.Parse("typed-items.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// Whatever its attributes' types, an item counts what the size distribution drew for it, in
// every version, and filling it again allocates nothing.
func TestTypedItemsHaveTheirSize(t *testing.T) {
	sc := typedScenario(t)
	it, content := newItem(sc), workload.NewContent(sc)
	kinds := map[string]bool{}
	for item := range uint64(300) {
		partition, sort := sc.Place(item)
		for _, version := range []uint64{0, 17} {
			it.set(sc, partition, sort, version, content.Body(item, version))
			if got, want := itemBytes(it.attributes), sc.ItemSize(item); got != want {
				t.Fatalf("item %d, version %d: %d bytes, want %d", item, version, got, want)
			}
		}
	}
	for _, v := range it.attributes {
		switch v.(type) {
		case *types.AttributeValueMemberS:
			kinds["S"] = true
		case *types.AttributeValueMemberN:
			kinds["N"] = true
		case *types.AttributeValueMemberB:
			kinds["B"] = true
		case *types.AttributeValueMemberBOOL:
			kinds["BOOL"] = true
		case *types.AttributeValueMemberNULL:
			kinds["NULL"] = true
		case *types.AttributeValueMemberL:
			kinds["L"] = true
		case *types.AttributeValueMemberM:
			kinds["M"] = true
		case *types.AttributeValueMemberSS:
			kinds["SS"] = true
		case *types.AttributeValueMemberNS:
			kinds["NS"] = true
		}
	}
	if len(kinds) != 9 {
		t.Errorf("types %v, want all nine", kinds)
	}
	body := content.Body(1, 1)
	if n := testing.AllocsPerRun(100, func() { it.set(sc, 1, 0, 1, body) }); n != 0 {
		t.Errorf("%v allocations to fill an item", n)
	}
}

// An attribute that is changed, gone or too much makes another item; the order of a set and
// the time of an item's end do not.
func TestSameItem(t *testing.T) {
	sc := typedScenario(t)
	content := workload.NewContent(sc)
	make := func(version uint64) map[string]types.AttributeValue {
		it := newItem(sc)
		it.set(sc, 5, 0, version, append([]byte(nil), content.Body(5, version)...))
		return it.attributes
	}
	want, other := make(3), make(4)
	if !sameItem(want, make(3)) {
		t.Fatal("the same item is another")
	}
	for name := range want {
		changed := maps.Clone(want)
		delete(changed, name)
		if sameItem(want, changed) {
			t.Errorf("without %s it is the same item", name)
		}
		changed[name] = &types.AttributeValueMemberS{Value: "another type"}
		if name != workload.AttrPartition && sameItem(want, changed) {
			t.Errorf("with another type of %s it is the same item", name)
		}
		if changed[name] = other[name]; !reflect.DeepEqual(want[name], other[name]) && sameItem(want, changed) {
			t.Errorf("with another version's %s it is the same item", name)
		}
	}
	more := maps.Clone(want)
	more["more"] = &types.AttributeValueMemberBOOL{Value: true}
	if sameItem(want, more) {
		t.Error("with an attribute too many it is the same item")
	}
	ending := maps.Clone(want)
	ending[workload.AttrExpiry] = &types.AttributeValueMemberN{Value: "1790000000"}
	labels := want["labels"].(*types.AttributeValueMemberSS).Value
	ending["labels"] = &types.AttributeValueMemberSS{Value: []string{labels[2], labels[0], labels[1]}}
	if !sameItem(want, ending) {
		t.Error("an item with a time of its end, or a set in another order, is another")
	}
}
