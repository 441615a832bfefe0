package dynamodb

import (
	"slices"
	"strings"

	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/expression"
	"crossover/driver/embedded/dynamodb/store"
)

// The limits of keys, in bytes (Developer Guide, "Service, account, and table quotas").
const (
	maxPartitionKey = 2048
	maxSortKey      = 1024
)

// A keyAttribute is one of a table's one or two key attributes.
type keyAttribute struct {
	name string
	kind attribute.Type
	role string // HASH or RANGE
}

// A schema is a table's key: the partition key, and the sort key if there is one.
type schema []keyAttribute

func (s schema) partition() string { return s[0].name }

// sort returns the sort key's name, or "".
func (s schema) sort() string {
	if len(s) > 1 {
		return s[1].name
	}
	return ""
}

func (s schema) has(name string) bool {
	return slices.ContainsFunc(s, func(k keyAttribute) bool { return k.name == name })
}

// names returns the key's attributes as a set.
func (s schema) names() map[string]bool {
	out := make(map[string]bool, len(s))
	for _, k := range s {
		out[k.name] = true
	}
	return out
}

// of returns the key attributes of an item.
func (s schema) of(it attribute.Item) attribute.Item {
	out := make(attribute.Item, len(s))
	for _, k := range s {
		out[k.name] = it[k.name]
	}
	return out
}

// ofItem returns where a whole item belongs, or why it can't be stored.
func (s schema) ofItem(it attribute.Item) (store.Key, error) {
	for _, k := range s {
		v, ok := it[k.name]
		if !ok {
			return store.Key{}, invalid("One or more parameter values were invalid: Missing the key %s in "+
				"the item", k.name)
		}
		if v.Type != k.kind {
			return store.Key{}, invalid("One or more parameter values were invalid: Type mismatch for key "+
				"%s expected: %s actual: %s", k.name, k.kind, v.Type)
		}
	}
	return s.place(it)
}

// ofKey returns where a key points that has the key's attributes and nothing else.
func (s schema) ofKey(key attribute.Item) (store.Key, error) {
	for _, k := range s {
		if v, ok := key[k.name]; !ok || v.Type != k.kind {
			return store.Key{}, invalid("The provided key element does not match the schema")
		}
	}
	if len(key) != len(s) {
		return store.Key{}, invalid("The provided key element does not match the schema")
	}
	return s.place(key)
}

func (s schema) place(it attribute.Item) (store.Key, error) {
	for _, k := range s {
		if k.kind != attribute.N && it[k.name].Text == "" {
			kind := map[attribute.Type]string{attribute.S: "string", attribute.B: "binary"}[k.kind]
			return store.Key{}, invalid("One or more parameter values are not valid. The AttributeValue for "+
				"a key attribute "+
				"cannot contain an empty %s value. Key: %s", kind, k.name)
		}
	}
	if it[s[0].name].Size() > maxPartitionKey {
		return store.Key{}, invalid("One or more parameter values were invalid: Size of hashkey has " +
			"exceeded the maximum size limit of2048 bytes")
	}
	sort := ""
	if len(s) > 1 {
		if it[s[1].name].Size() > maxSortKey {
			return store.Key{}, invalid("One or more parameter values were invalid: Aggregated size of all " +
				"range keys has exceeded the size limit of 1024 bytes")
		}
		sort = sortable(it[s[1].name])
	}
	return store.NewKey(sortable(it[s[0].name]), sort), nil
}

// sortable returns bytes that order as a key's values do.
func sortable(v attribute.Value) string {
	if v.Type == attribute.N {
		return attribute.SortableNumber(v.Text)
	}
	return v.Text
}

// beyond is above every sort key, and beyondKeys above a table's whole key in an index: no run of
// the byte is as long.
var (
	beyond     = strings.Repeat("\xff", maxSortKey+1)
	beyondKeys = strings.Repeat("\xff", maxPartitionKey+maxSortKey+8)
)

// A span is the keys that a query covers, within one partition key.
type span struct {
	low, high       store.Key
	lowOut, highOut bool // the bound itself is left out
}

// spanOf returns the keys that a key condition covers. In an index the table's key follows
// behind each sort key: many entries have the same one.
func (s schema) spanOf(k *expression.KeyCondition, index bool) (span, error) {
	mismatch := invalid("One or more parameter values were invalid: Condition parameter type does not match " +
		"schema type")
	if k.Partition.Type != s[0].kind {
		return span{}, mismatch
	}
	if s[0].kind != attribute.N && k.Partition.Text == "" {
		return span{}, invalid("One or more parameter values are not valid. The AttributeValue for a key attribute "+
			"cannot contain an empty string value. Key: %s", s[0].name)
	}
	p, above := sortable(k.Partition), beyond
	if index {
		above = beyondKeys
	}
	out := span{low: store.NewKey(p, ""), high: store.NewKey(p, above)}
	if k.Sort == nil {
		return out, nil
	}
	if k.Sort.A.Type != s[1].kind || k.Sort.Op == "BETWEEN" && k.Sort.B.Type != s[1].kind {
		return span{}, mismatch
	}
	begins := sortable(k.Sort.A)
	first, last := begins, begins // of the entries whose sort key is A
	if index {
		begins = escape(begins)
		first, last = begins+sortEnd, begins+sortEnd+above
	}
	low, high := store.NewKey(p, first), store.NewKey(p, last)
	switch k.Sort.Op {
	case "=":
		out.low, out.high = low, high
	case "<":
		out.high, out.highOut = low, true
	case "<=":
		out.high = high
	case ">":
		out.low, out.lowOut = high, true
	case ">=":
		out.low = low
	case "BETWEEN":
		to := sortable(k.Sort.B)
		if index {
			to = escape(to) + sortEnd + above
		}
		out.low, out.high = low, store.NewKey(p, to)
	case "begins_with":
		out.low, out.high = store.NewKey(p, begins), store.NewKey(p, begins+beyond)
	}
	return out, nil
}

// holds reports whether a key of the span's partition lies in it.
func (s span) holds(k store.Key) bool {
	if k.Text < s.low.Text || k.Text == s.low.Text && s.lowOut {
		return false
	}
	return k.Text < s.high.Text || k.Text == s.high.Text && !s.highOut
}
