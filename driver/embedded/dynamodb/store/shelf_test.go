package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"crossover/driver/embedded/dynamodb/attribute"
)

// check looks at everything that holds of a shelf: its order, its rows, and that the bytes of its
// heap are those of its items and of the gaps.
func (f *shelf) check(t *testing.T) {
	t.Helper()
	var last Key
	live, n := 0, 0
	for i, r := range f.rows {
		if len(r) == 0 || len(r) > rowSlots {
			t.Fatalf("row %d has %d slots", i, len(r))
		}
		for _, s := range r {
			e := f.entry(s)
			if n++; n > 1 && (e.Hash < last.Hash || e.Hash == last.Hash && e.Text <= last.Text) {
				t.Fatalf("%v behind %v", e.Key, last)
			}
			if e.Hash != hashOf(e.Text) {
				t.Fatalf("%v: its partition key's hash is %d", e.Key, hashOf(e.Text))
			}
			last = e.Key
			_, _, size := f.heap.at(s.ref)
			live += size
		}
	}
	used, dead := 0, 0
	for _, s := range f.heap.slabs {
		if s != nil {
			used, dead = used+len(s.data), dead+s.dead
		}
	}
	if used != f.heap.used || dead != f.heap.dead || used-dead != live {
		t.Fatalf("%d bytes of which %d in gaps, counted as %d and %d; the items have %d", used, dead, f.heap.used, f.heap.dead, live)
	}
}

// TestShelfKeepsItsMemory: overwriting and removing for long leaves no more than the allowed
// share of gaps, what was handed out stays as it was, and all items are still there.
func TestShelfKeepsItsMemory(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	f, model := &shelf{}, map[Key]attribute.Stored{}
	type held struct{ item, was attribute.Stored }
	var kept []held
	for i := range 60_000 {
		k := NewKey(fmt.Sprint(rng.IntN(1500)), fmt.Sprint(rng.IntN(3)))
		if old, ok := f.get(k); ok != (model[k] != nil) || !bytes.Equal(old, model[k]) {
			t.Fatalf("%v holds %d bytes, want %d", k, len(old), len(model[k]))
		} else if ok && i%500 == 0 {
			kept = append(kept, held{old, slices.Clone(old)})
		}
		if rng.IntN(4) == 0 {
			f.remove(k)
			delete(model, k)
			continue
		}
		item := stored(fmt.Sprintf("%0*d", 1+rng.IntN(300), i))
		f.set(k, item)
		model[k] = slices.Clone(item)
		item[len(item)-1] ^= 1 // the shelf has a copy
		if i%7000 == 0 {
			f.check(t)
			if most := max(slackFree+slabLarge, f.heap.used/slackShare+slabLarge); f.heap.dead > most {
				t.Fatalf("%d of %d bytes in gaps", f.heap.dead, f.heap.used)
			}
		}
	}
	f.check(t)
	for _, h := range kept {
		if !bytes.Equal(h.item, h.was) {
			t.Fatal("an item that was handed out has changed")
		}
	}
	for k := range model {
		f.remove(k)
	}
	if f.check(t); len(f.rows) != 0 || f.heap.used > slackFree+2*slabLarge {
		t.Errorf("%d rows and %d bytes are left of nothing", len(f.rows), f.heap.used)
	}
}

// TestShelfHoldsLargeItems: items larger than a slab, beside small ones.
func TestShelfHoldsLargeItems(t *testing.T) {
	f := &shelf{}
	for i := range 200 {
		f.set(NewKey(fmt.Sprint(i%40), ""), make(attribute.Stored, 1+i*2000))
	}
	f.check(t)
	for i := 160; i < 200; i++ {
		if item, _ := f.get(NewKey(fmt.Sprint(i%40), "")); len(item) != 1+i*2000 {
			t.Errorf("item %d has %d bytes", i, len(item))
		}
	}
}
