package dynamodb

import (
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/workload"
	"crossover/workload/items"
)

// A key is an item's primary key as the SDK takes it, with the storage that it reuses.
type key struct {
	attributes map[string]types.AttributeValue
	partition  types.AttributeValueMemberS
	sort       types.AttributeValueMemberS
	text       []byte
}

func newKey(sc *workload.Scenario) *key {
	k := &key{attributes: map[string]types.AttributeValue{}}
	k.attributes[workload.AttrPartition] = &k.partition
	if sc.HasSort() {
		k.attributes[workload.AttrSort] = &k.sort
	}
	return k
}

// set makes it the key of a place. What was read from it before is no longer valid.
func (k *key) set(sc *workload.Scenario, partition, sort uint64) {
	k.text = sc.AppendPartitionKey(k.text[:0], partition)
	n := len(k.text)
	if sc.HasSort() {
		k.text = sc.AppendSortKey(k.text, sort)
		k.sort.Value = text(k.text[n:])
	}
	k.partition.Value = text(k.text[:n])
}

// An item is a whole item, with the storage that it reuses.
type item struct {
	key
	version types.AttributeValueMemberS
	digits  []byte
	body    []types.AttributeValueMemberS
	typed   *typed // in the place of body where attributes have types
}

func newItem(sc *workload.Scenario) *item {
	it := &item{key: *newKey(sc)}
	it.attributes = map[string]types.AttributeValue{workload.AttrPartition: &it.partition, workload.AttrVersion: &it.version}
	if sc.HasSort() {
		it.attributes[workload.AttrSort] = &it.sort
	}
	if t := sc.Values(); t != nil {
		it.typed = newTyped(t, it.attributes)
		return it
	}
	it.body = make([]types.AttributeValueMemberS, sc.Dataset.Attributes)
	for i := range it.body {
		it.attributes[workload.AttrBody(i)] = &it.body[i]
	}
	return it
}

// set fills in a version of an item; body must not change while the item is in use.
func (it *item) set(sc *workload.Scenario, partition, sort, version uint64, body []byte) {
	it.key.set(sc, partition, sort)
	it.fill(sc, version, body)
}

// fill sets all but the key to those of a version; without a body, the version alone.
func (it *item) fill(sc *workload.Scenario, version uint64, body []byte) {
	it.digits = workload.AppendVersion(it.digits[:0], version)
	it.version.Value = text(it.digits)
	if len(body) == 0 {
		return
	}
	if it.typed != nil {
		it.typed.fill(body)
	}
	for i := range it.body {
		from, to := sc.SplitBody(len(body), i)
		it.body[i].Value = text(body[from:to])
	}
}

// text returns bytes as a string without copying them. The SDK has serialized a request before
// its call returns and keeps nothing of it; the buffers are filled again only after that.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// itemBytes returns an item's size by DynamoDB's rules: attribute names and values in UTF-8;
// a list or map takes 3 bytes and 1 for each element besides; a number about a byte for two
// digits, 1 besides and 1 for a sign (AWS DynamoDB Developer Guide, "Item sizes and formats").
func itemBytes(attributes map[string]types.AttributeValue) uint64 {
	n := 0
	for name, value := range attributes {
		n += len(name) + valueBytes(value)
	}
	return uint64(n)
}

func valueBytes(v types.AttributeValue) int {
	n := 0
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return numberBytes(v.Value)
	case *types.AttributeValueMemberBOOL, *types.AttributeValueMemberNULL:
		return 1
	case *types.AttributeValueMemberSS:
		for _, s := range v.Value {
			n += len(s)
		}
	case *types.AttributeValueMemberNS:
		for _, s := range v.Value {
			n += numberBytes(s)
		}
	case *types.AttributeValueMemberBS:
		for _, b := range v.Value {
			n += len(b)
		}
	case *types.AttributeValueMemberL:
		n = 3
		for _, e := range v.Value {
			n += 1 + valueBytes(e)
		}
	case *types.AttributeValueMemberM:
		n = 3
		for name, e := range v.Value {
			n += 1 + len(name) + valueBytes(e)
		}
	}
	return n
}

// numberBytes returns what a number counts; an exponent has no digits of its own.
func numberBytes(s string) int {
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		s = s[:i]
	}
	return items.NumberBytes(unsafe.Slice(unsafe.StringData(s), len(s)))
}
