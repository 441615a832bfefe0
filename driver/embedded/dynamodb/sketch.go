package dynamodb

import (
	"cmp"
	"container/heap"
	"slices"
)

// sketchSize is how many keys a sketch counts at a time.
const sketchSize = 512

// A sketch finds the keys that weigh most in a stream, in bounded memory: the Space-Saving
// algorithm (Metwally, Agrawal and El Abbadi, "Efficient computation of frequent and top-k
// elements in data streams", 2005). A count is never too low, and too high by the total over
// sketchSize at most; a key that weighs more than that is always among those counted.
type sketch struct {
	byKey map[string]*counter
	least counters // a heap
	total float64
}

type counter struct {
	key         string
	value, over float64 // over bounds by how much value may be too high
	place       int
}

// add counts a key.
func (s *sketch) add(key string, weight float64) {
	s.total += weight
	if c := s.byKey[key]; c != nil {
		c.value += weight
		heap.Fix(&s.least, c.place)
		return
	}
	if len(s.least) < sketchSize {
		if s.byKey == nil {
			s.byKey = map[string]*counter{}
		}
		c := &counter{key: key, value: weight}
		s.byKey[key] = c
		heap.Push(&s.least, c)
		return
	}
	c := s.least[0]
	delete(s.byKey, c.key)
	c.key, c.over, c.value = key, c.value, c.value+weight
	s.byKey[key] = c
	heap.Fix(&s.least, 0)
}

// top returns the n counters of the largest values, the largest first.
func (s *sketch) top(n int) []counter {
	out := make([]counter, 0, len(s.least))
	for _, c := range s.least {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b counter) int { return cmp.Or(cmp.Compare(b.value, a.value), cmp.Compare(a.key, b.key)) })
	return out[:min(n, len(out))]
}

type counters []*counter

func (h counters) Len() int           { return len(h) }
func (h counters) Less(i, j int) bool { return h[i].value < h[j].value }
func (h counters) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

func (h *counters) Push(x any) {
	c := x.(*counter)
	c.place = len(*h)
	*h = append(*h, c)
}

func (h *counters) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
