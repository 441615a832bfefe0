package aerospike

import (
	"fmt"
	"maps"
	"slices"

	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/aerospike/aerospike-client-go/v7/types"
)

// list does one operation on the list.
func (p *pairing) list(k int) bool {
	own := p.plain[k]
	var now []int
	if own != nil {
		now = own.l
	}
	next, v, i := slices.Clone(now), p.random.IntN(10), p.random.IntN(7)-3
	at := i
	if at < 0 {
		at += len(now)
	}
	inside := at >= 0 && at < len(now)
	want := types.OK
	outside := func(bad bool) {
		if bad {
			want = types.OP_NOT_APPLICABLE
		}
	}
	var op *as.Operation
	which := p.random.IntN(7)
	if which >= 3 && (own == nil || !own.hasL) {
		return true // these do nothing to a bin that is not there
	}
	switch which {
	case 0:
		op, next = as.ListAppendOp("l", v, v+1), append(next, v, v+1)
	case 1:
		op = as.ListInsertOp("l", i, v)
		switch outside(at < 0); {
		case at > len(now): // what lies between is nothing, which a plain list does not have
			return true
		case at >= 0:
			next = slices.Insert(next, at, v)
		}
	case 3:
		op = as.ListRemoveByIndexOp("l", i, as.ListReturnTypeNone)
		if outside(!inside); inside {
			next = slices.Delete(next, at, at+1)
		}
	case 2:
		op = as.ListSetOp("l", i, v)
		if at > len(now) {
			return true
		}
		if outside(at < 0); inside {
			next[at] = v
		} else if at == len(now) {
			next = append(next, v)
		}
	case 4:
		op = as.ListSortOp("l", as.ListSortFlagsDropDuplicates)
		slices.Sort(next)
		next = slices.Compact(next)
	case 5:
		op = as.ListRemoveByValueRangeOp("l", as.ListReturnTypeNone, v, v+3)
		next = slices.DeleteFunc(next, func(x int) bool { return x >= v && x < v+3 })
	case 6:
		return p.ranks(k, now)
	}
	_, err := p.client.Operate(nil, p.key(k), op)
	if want == types.OK {
		own = p.change(k)
		own.l, own.hasL = next, true
	}
	return p.same(fmt.Sprintf("list of %v", now), want, code(err))
}

// ranks reads the list's least elements, and how many there are of a value.
func (p *pairing) ranks(k int, now []int) bool {
	v := p.random.IntN(10)
	r, err := p.client.Operate(nil, p.key(k),
		as.ListGetByRankRangeCountOp("l", 0, 2, as.ListReturnTypeValue),
		as.ListGetByValueOp("l", v, as.ListReturnTypeCount), as.ListSizeOp("l"))
	if !p.same("ranks", types.OK, code(err)) {
		return false
	}
	sorted, count := slices.Sorted(slices.Values(now)), 0
	for _, x := range now {
		if x == v {
			count++
		}
	}
	got, _ := r.Bins["l"].([]any)
	if len(got) != 3 {
		return p.same("answers", "three", r.Bins)
	}
	// The order among what ranks yield is the list's own.
	least, _ := got[0].([]any)
	slices.SortFunc(least, func(a, b any) int { return a.(int) - b.(int) })
	return p.same("least", boxed(sorted[:min(2, len(sorted))]), least) && p.same("count", count, got[1]) &&
		p.same("size", len(now), got[2])
}

// mapped does one operation on the map.
func (p *pairing) mapped(k int) bool {
	own := p.plain[k]
	name, v := string(rune('a'+p.random.IntN(6))), p.random.IntN(10)
	now := map[string]int{}
	if own != nil {
		maps.Copy(now, own.m)
	}
	_, there := now[name]
	var op *as.Operation
	want := types.OK
	switch p.random.IntN(5) {
	case 0:
		op = as.MapPutOp(as.DefaultMapPolicy(), "m", name, v)
		now[name] = v
	case 1:
		op = as.MapIncrementOp(as.DefaultMapPolicy(), "m", name, v)
		now[name] += v
	case 2:
		op = as.MapPutOp(as.NewMapPolicyWithFlags(as.MapOrder.UNORDERED, as.MapWriteFlagsCreateOnly), "m", name, v)
		if there {
			want = types.FAIL_ELEMENT_EXISTS
		}
		now[name] = v
	case 3:
		if own == nil || !own.hasM {
			return true
		}
		op = as.MapRemoveByKeyOp("m", name, as.MapReturnType.NONE)
		delete(now, name)
	case 4:
		if own == nil || !own.hasM {
			return true
		}
		r, err := p.client.Operate(nil, p.key(k), as.MapGetByValueRangeOp("m", 0, v, as.MapReturnType.COUNT))
		count := 0
		for _, x := range now {
			if x < v {
				count++
			}
		}
		return p.same("map", types.OK, code(err)) && p.same("values below", count, r.Bins["m"])
	}
	_, err := p.client.Operate(nil, p.key(k), op)
	if want == types.OK {
		own = p.change(k)
		own.m, own.hasM = now, true
	}
	return p.same(fmt.Sprintf("map of %v", own), want, code(err))
}
