package dynamodb

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"crossover/workload"
)

// A written item counts what the scenario says that it counts, whatever its shape.
func TestItemBytesAreTheScenarios(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		sort := "none"
		if rapid.Bool().Draw(r, "sort") {
			sort = fmt.Sprintf("{per_partition: %d}", rapid.IntRange(1, 50).Draw(r, "per_partition"))
		}
		attributes := rapid.IntRange(1, 200).Draw(r, "attributes")
		sc := scenario(t, fmt.Sprintf(`{items: 100000, key: {sort: %s}, size: {uniform: {min: 2KiB, max: 20KiB}}, attributes: %d}`, sort, attributes), readsOf)
		number := rapid.Uint64Range(0, 99_999).Draw(r, "item")
		it, loader := newItem(sc), workload.NewLoader(sc)
		it.set(sc, 0, 0, 0, loader.Body(nil, 0)) // storage that another item has used
		partition, place := sc.Place(number)
		body := loader.Body(nil, number)
		it.set(sc, partition, place, 1<<63+number, body)
		if got, want := itemBytes(it.attributes), sc.ItemSize(number); got != want {
			r.Fatalf("item %d of %d attributes, sort %s: %d bytes, want %d", number, attributes, sort, got, want)
		}
		joined := ""
		for i := range attributes {
			joined += it.attributes[workload.AttrBody(i)].(*types.AttributeValueMemberS).Value
		}
		if joined != string(body) {
			r.Fatal("the body's parts do not make the body")
		}
	})
}

func TestKeyText(t *testing.T) {
	sc := scenario(t, `{items: 100, key: {partition: "user#{id}!", sort: {prefix: "event#", per_partition: 10}}, size: 600B}`, readsOf)
	k := newKey(sc)
	for _, place := range [][2]uint64{{7, 3}, {1234567, 9}, {0, 0}} {
		k.set(sc, place[0], place[1])
		want := map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: fmt.Sprintf("user#%d!", place[0])},
			"sk": &types.AttributeValueMemberS{Value: fmt.Sprintf("event#%010d", place[1])},
		}
		if diff := cmp.Diff(want, k.attributes, cmp.AllowUnexported(types.AttributeValueMemberS{})); diff != "" {
			t.Error(diff)
		}
	}
}

// AWS DynamoDB Developer Guide, "Item sizes and formats".
func TestValueBytes(t *testing.T) {
	s := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	n := func(v string) types.AttributeValue { return &types.AttributeValueMemberN{Value: v} }
	for _, c := range []struct {
		name  string
		value types.AttributeValue
		want  int
	}{
		{"UTF-8", s("aé"), 3},
		{"empty", s(""), 0},
		{"binary", &types.AttributeValueMemberB{Value: make([]byte, 9)}, 9},
		{"bool", &types.AttributeValueMemberBOOL{}, 1},
		{"null", &types.AttributeValueMemberNULL{}, 1},
		{"one digit", n("7"), 2},
		{"five digits", n("12345"), 4},
		{"zeroes around them", n("00123000"), 3},
		{"a negative fraction", n("-0.0012"), 3}, // a sign counts one more
		{"a fraction", n("0.0012"), 2},
		{"an exponent", n("1.5e30"), 2},
		{"zero", n("0"), 1},
		{"string set", &types.AttributeValueMemberSS{Value: []string{"ab", "c"}}, 3},
		{"number set", &types.AttributeValueMemberNS{Value: []string{"1", "22"}}, 4},
		{"binary set", &types.AttributeValueMemberBS{Value: [][]byte{{1}, {2, 3}}}, 3},
		{"empty list", &types.AttributeValueMemberL{}, 3},
		{"list", &types.AttributeValueMemberL{Value: []types.AttributeValue{s("ab"), n("1")}}, 3 + 1 + 2 + 1 + 2},
		{"map", &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"k": s("ab")}}, 3 + 1 + 1 + 2},
	} {
		if got := valueBytes(c.value); got != c.want {
			t.Errorf("%s: %d bytes, want %d", c.name, got, c.want)
		}
	}
}

// What the driver itself does for an operation allocates nothing.
func TestPreparingAllocatesNothing(t *testing.T) {
	sc := scenario(t, `{items: 100, key: {sort: {per_partition: 10}}, size: 2KiB, attributes: 12}`, readsOf)
	k, it, body := newKey(sc), newItem(sc), workload.NewLoader(sc).Body(nil, 5)
	prepare := func() {
		k.set(sc, 5, 5)
		it.set(sc, 5, 5, 77, body)
		if itemBytes(it.attributes) == 0 {
			t.Fatal("no item")
		}
	}
	prepare()
	if n := testing.AllocsPerRun(100, prepare); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
