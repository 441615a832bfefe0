package cdt

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"crossover/driver/embedded/aerospike/wire"
)

// want is what a plain slice of integers says of an operation.
type want struct {
	answer any
	after  []int
	result wire.Result
}

func anys(v []int) []any {
	out := make([]any, len(v))
	for i := range v {
		out[i] = v[i]
	}
	return out
}

// onList does an operation on a slice: code's argument is index, value or count.
func onList(l []int, isOrdered bool, code, a, b int) want {
	n := len(l)
	at := a
	if at < 0 {
		at += n
	}
	w := want{after: slices.Clone(l), answer: noAnswer{}}
	settle := func() {
		if isOrdered {
			slices.Sort(w.after)
		}
	}
	// part is a range of places as the documentation has it: cut to what there is.
	part := func(l []int) []int {
		from, to := at, at+b
		return l[min(max(from, 0), len(l)):min(max(to, 0), len(l))]
	}
	switch code {
	case listAppend:
		w.after = append(w.after, b)
		settle()
		w.answer = len(w.after)
	case listInsert:
		if isOrdered || at < 0 || at > n {
			return want{after: l, result: wire.NotApplicable}
		}
		w.after = slices.Insert(w.after, at, b)
		w.answer = len(w.after)
	case listSet:
		if isOrdered || at < 0 || at >= n {
			return want{after: l, result: wire.NotApplicable}
		}
		w.after[at] = b
	case listIncrement:
		if at < 0 || at >= n {
			return want{after: l, result: wire.NotApplicable}
		}
		w.after[at] += b
		w.answer = w.after[at]
		settle()
	case listPop:
		if at < 0 || at >= n {
			return want{after: l, result: wire.NotApplicable}
		}
		w.answer, w.after = l[at], slices.Delete(w.after, at, at+1)
	case listTrim:
		w.after = slices.Clone(part(l))
		w.answer = n - len(w.after)
	case listGetRange:
		w.answer = anys(part(l))
	case listGetByRankRange:
		w.answer = anys(part(slices.Sorted(slices.Values(l))))
	case listRemoveAllByValue:
		w.after = slices.DeleteFunc(w.after, func(v int) bool { return v == a })
		w.answer = n - len(w.after)
	case listGetByValueInterval:
		w.answer = anys(slices.DeleteFunc(slices.Clone(l), func(v int) bool { return v < a || v >= a+b }))
	case listRemoveByRelRank:
		sorted := slices.Sorted(slices.Values(l))
		from := slices.IndexFunc(sorted, func(v int) bool { return v >= a })
		if from < 0 {
			from = n
		}
		gone := sorted[from:min(n, from+b)]
		w.answer = len(gone)
		// Of equal values those that lie first are removed first.
		w.after = w.after[:0]
		left := map[int]int{}
		for _, v := range gone {
			left[v]++
		}
		for _, v := range l {
			if left[v] > 0 {
				left[v]--
				continue
			}
			w.after = append(w.after, v)
		}
	}
	return w
}

// TestListsAgreeWithASlice does random operations on a list and on a slice of integers.
func TestListsAgreeWithASlice(t *testing.T) {
	codes := []int{
		listAppend, listAppend, listInsert, listSet, listIncrement, listPop, listTrim, listGetRange, listGetByRankRange,
		listRemoveAllByValue, listGetByValueInterval, listRemoveByRelRank,
	}
	rapid.Check(t, func(t *rapid.T) {
		isOrdered := rapid.Bool().Draw(t, "ordered")
		make_ := func(l []int) any {
			if isOrdered {
				return sortedList(anys(l)...)
			}
			return list(anys(l)...)
		}
		var l []int
		for range rapid.IntRange(1, 40).Draw(t, "operations") {
			code := rapid.SampledFrom(codes).Draw(t, "code")
			a, b := rapid.IntRange(-5, 5).Draw(t, "a"), rapid.IntRange(0, 4).Draw(t, "b")
			w := onList(l, isOrdered, code, a, b)
			if code == listInsert && a > len(l) || code == listSet && a >= len(l) || code == listIncrement && a >= len(l) {
				continue // they fill with nils: TestListWrites
			}
			var o raw
			switch code {
			case listAppend:
				o = op(code, b)
			case listPop:
				o = op(code, a)
			case listGetByRankRange:
				o = op(code, answerValue, a, b)
			case listRemoveAllByValue:
				o = op(code, answerCount, a)
			case listGetByValueInterval:
				o = op(code, answerValue, a, a+b)
			case listRemoveByRelRank:
				o = op(code, answerCount, a, 0, b)
			default:
				o = op(code, a, b)
			}
			kind, value := bin(make_(l))
			call, r := ParseCall(o)
			if r != wire.OK {
				t.Fatal(r)
			}
			answer, after := Answer{}, value
			if modifies, _ := Modifies(code); modifies {
				_, after, answer, r = Modify(kind, value, &call)
			} else {
				answer, r = Read(kind, value, &call)
			}
			if r != w.result {
				t.Fatalf("%d(%d, %d) on %v: result %d, want %d", code, a, b, l, r, w.result)
			}
			if _, wanted := bin(make_(w.after)); !bytes.Equal(after, wanted) {
				t.Fatalf("%d(%d, %d) on %v: %x, want %v", code, a, b, l, after, w.after)
			}
			if _, none := w.answer.(noAnswer); !none && r == wire.OK {
				if _, wanted := bin(w.answer); !bytes.Equal(answer.Value, wanted) {
					t.Fatalf("%d(%d, %d) on %v: answers %x, want %v", code, a, b, l, answer.Value, w.answer)
				}
			}
			l = w.after
		}
	})
}
