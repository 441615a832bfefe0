package store

import (
	"slices"
	"sort"

	"crossover/driver/embedded/dynamodb/attribute"
)

// A slot is one item in order: its hash, and where its record is. It has no pointers.
type slot struct {
	hash uint64
	ref  ref
}

// rowSlots is how many slots a row has at most; a full one is cut in half.
const rowSlots = 512

// A shelf is a shard's items in order of their keys: rows of slots, one behind the other. It is a
// tree of two levels: a row is found by its first slot, and a slot within its row.
type shelf struct {
	rows [][]slot
	heap heap
}

// before reports whether a slot orders before a key.
func (f *shelf) before(s slot, k Key) bool {
	if s.hash != k.Hash {
		return s.hash < k.Hash
	}
	return f.heap.text(s.ref) < k.Text
}

// find returns where a key stands, or where it would, which may be behind a row's last slot.
func (f *shelf) find(k Key) (row, at int, found bool) {
	if len(f.rows) == 0 {
		return 0, 0, false
	}
	// The last row that begins before the key; the key may also be the first of the next.
	row = sort.Search(len(f.rows), func(i int) bool { return !f.before(f.rows[i][0], k) }) - 1
	if row >= 0 {
		r := f.rows[row]
		at = sort.Search(len(r), func(i int) bool { return !f.before(r[i], k) })
		if at < len(r) || row+1 == len(f.rows) {
			return row, at, at < len(r) && f.is(r[at], k)
		}
	}
	if next := f.rows[row+1]; f.is(next[0], k) || row < 0 {
		return row + 1, 0, f.is(next[0], k)
	}
	return row, at, false
}

func (f *shelf) is(s slot, k Key) bool { return s.hash == k.Hash && f.heap.text(s.ref) == k.Text }

// get returns the item at a key.
func (f *shelf) get(k Key) (attribute.Stored, bool) {
	row, at, found := f.find(k)
	if !found {
		return nil, false
	}
	_, item, _ := f.heap.at(f.rows[row][at].ref)
	return item, true
}

// set stores a copy of an item.
func (f *shelf) set(k Key, item attribute.Stored) {
	row, at, found := f.find(k)
	s := slot{k.Hash, f.heap.add(k.Text, item)}
	switch {
	case found:
		old := f.rows[row][at].ref
		f.rows[row][at] = s
		f.heap.drop(old)
		f.tidy()
	case len(f.rows) == 0:
		f.rows = append(f.rows, []slot{s})
	default:
		f.insert(row, at, s)
	}
}

func (f *shelf) insert(row, at int, s slot) {
	r := f.rows[row]
	if len(r) < rowSlots {
		f.rows[row] = slices.Insert(r, at, s)
		return
	}
	half := make([]slot, rowSlots/2, rowSlots)
	copy(half, r[rowSlots/2:])
	f.rows[row] = r[:rowSlots/2]
	f.rows = slices.Insert(f.rows, row+1, half)
	if at > rowSlots/2 {
		row, at = row+1, at-rowSlots/2
	}
	f.rows[row] = slices.Insert(f.rows[row], at, s)
}

// remove takes an item away.
func (f *shelf) remove(k Key) {
	row, at, found := f.find(k)
	if !found {
		return
	}
	f.heap.drop(f.rows[row][at].ref)
	if f.rows[row] = slices.Delete(f.rows[row], at, at+1); len(f.rows[row]) == 0 {
		f.rows = slices.Delete(f.rows, row, row+1)
	}
	f.tidy()
}

// tidy moves what is left of the emptiest slab when the gaps are too many.
func (f *shelf) tidy() {
	i := f.heap.victim()
	if i < 0 {
		return
	}
	data := f.heap.slabs[i].data
	for from := 0; from < len(data); {
		text, item, size := recordAt(data[from:])
		k := Key{hashOf(text), text}
		if row, at, found := f.find(k); found && f.rows[row][at].ref == ref(i)<<offsetBits|ref(from) {
			f.rows[row][at].ref = f.heap.add(text, item)
		}
		from += size
	}
	f.heap.release(i)
}

// entry returns the item in a slot with its key.
func (f *shelf) entry(s slot) Entry {
	text, item, _ := f.heap.at(s.ref)
	return Entry{Key{s.hash, text}, item}
}

// ascend calls keep for the entries from a key on, until it returns false.
func (f *shelf) ascend(from Key, keep func(Entry) bool) {
	row, at, _ := f.find(from)
	for ; row < len(f.rows); row, at = row+1, 0 {
		for ; at < len(f.rows[row]); at++ {
			if !keep(f.entry(f.rows[row][at])) {
				return
			}
		}
	}
}

// descend calls keep for the entries from a key down, until it returns false.
func (f *shelf) descend(from Key, keep func(Entry) bool) {
	if len(f.rows) == 0 {
		return
	}
	row, at, found := f.find(from)
	if !found {
		at--
	}
	for ; row >= 0; row-- {
		for ; at >= 0; at-- {
			if !keep(f.entry(f.rows[row][at])) {
				return
			}
		}
		if row > 0 {
			at = len(f.rows[row-1]) - 1
		}
	}
}
