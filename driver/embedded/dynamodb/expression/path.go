package expression

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"crossover/driver/embedded/dynamodb/attribute"
)

// A step is one part of a document path: a name or a list index.
type step struct {
	name  string
	index int // -1 for a name
}

// A Path is a place in an item.
type Path []step

// Top returns the attribute that a path begins at.
func (p Path) Top() string { return p[0].name }

// String returns the path as an expression spells it.
func (p Path) String() string {
	s := ""
	for i, x := range p {
		switch {
		case x.index >= 0:
			s += "[" + strconv.Itoa(x.index) + "]"
		case i > 0:
			s += "." + x.name
		default:
			s += x.name
		}
	}
	return s
}

// inWords returns the path as messages show it: [a, [0], b].
func (p Path) inWords() string {
	parts := make([]string, len(p))
	for i, x := range p {
		if parts[i] = x.name; x.index >= 0 {
			parts[i] = "[" + strconv.Itoa(x.index) + "]"
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// conflicts reports whether two paths differ first where one has a name and the other an index:
// they can't both be in one item.
func (p Path) conflicts(q Path) bool {
	for i := range min(len(p), len(q)) {
		if p[i] != q[i] {
			return (p[i].index >= 0) != (q[i].index >= 0)
		}
	}
	return false
}

// apart returns an error when two paths of one expression are in each other's way.
func apart(paths []Path) error {
	var conflict error
	for i, b := range paths {
		for _, a := range paths[:i] {
			switch {
			case a.overlaps(b):
				return attribute.Invalidf("Two document paths overlap with each other; must remove or rewrite one of "+
					"these paths; path one: %s, path two: %s", a.inWords(), b.inWords())
			case a.conflicts(b) && conflict == nil:
				conflict = attribute.Invalidf("Two document paths conflict with each other; must remove or rewrite one "+
					"of these paths; path one: %s, path two: %s", a.inWords(), b.inWords())
			}
		}
	}
	return conflict
}

// parent reports whether what a path's last step is in is there, and is of its kind.
func (p Path) parent(it attribute.Item) bool {
	if len(p) == 1 {
		return true
	}
	v, ok := p[:len(p)-1].get(it)
	if p[len(p)-1].index >= 0 {
		return ok && v.Type == attribute.L
	}
	return ok && v.Type == attribute.M
}

// overlaps reports whether one path begins with the other.
func (p Path) overlaps(q Path) bool {
	n := min(len(p), len(q))
	return slices.Equal(p[:n], q[:n])
}

// compare orders paths step by step: list elements by their index, names by their bytes.
func (p Path) compare(q Path) int {
	return slices.CompareFunc(p, q, func(a, b step) int {
		return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(a.name, b.name))
	})
}

// get returns the value at a path.
func (p Path) get(it attribute.Item) (attribute.Value, bool) {
	v, ok := it[p[0].name]
	for _, s := range p[1:] {
		if !ok {
			return attribute.Value{}, false
		}
		v, ok = s.in(v)
	}
	return v, ok
}

func (s step) in(v attribute.Value) (attribute.Value, bool) {
	if s.index >= 0 {
		if v.Type != attribute.L || s.index >= len(v.List) {
			return attribute.Value{}, false
		}
		return v.List[s.index], true
	}
	if v.Type != attribute.M {
		return attribute.Value{}, false
	}
	x, ok := v.Map[s.name]
	return x, ok
}

// set puts a value at a path and reports whether the place could be reached; an index beyond
// a list's end appends.
func (p Path) set(it attribute.Item, v attribute.Value) bool {
	if len(p) == 1 {
		it[p[0].name] = v
		return true
	}
	top, ok := it[p[0].name]
	if !ok {
		return false
	}
	changed, ok := setIn(top, p[1:], v)
	if ok {
		it[p[0].name] = changed
	}
	return ok
}

// setIn returns a copy of v with the value at a path within it replaced: items that readers
// hold are never changed.
func setIn(v attribute.Value, p Path, x attribute.Value) (attribute.Value, bool) {
	s := p[0]
	if s.index >= 0 {
		if v.Type != attribute.L {
			return v, false
		}
		v.List = slices.Clone(v.List)
		if len(p) == 1 {
			if s.index >= len(v.List) {
				v.List = append(v.List, x)
			} else {
				v.List[s.index] = x
			}
			return v, true
		}
		if s.index >= len(v.List) {
			return v, false
		}
		inner, ok := setIn(v.List[s.index], p[1:], x)
		v.List[s.index] = inner
		return v, ok
	}
	if v.Type != attribute.M {
		return v, false
	}
	m := make(attribute.Item, len(v.Map)+1)
	for n, e := range v.Map {
		m[n] = e
	}
	v.Map = m
	if len(p) == 1 {
		m[s.name] = x
		return v, true
	}
	below, ok := m[s.name]
	if !ok {
		return v, false
	}
	inner, ok := setIn(below, p[1:], x)
	m[s.name] = inner
	return v, ok
}

// remove takes away what is at a path; nothing there is no error.
func (p Path) remove(it attribute.Item) {
	if len(p) == 1 {
		delete(it, p[0].name)
		return
	}
	if top, ok := it[p[0].name]; ok {
		it[p[0].name] = removeIn(top, p[1:])
	}
}

func removeIn(v attribute.Value, p Path) attribute.Value {
	s := p[0]
	if s.index >= 0 {
		if v.Type != attribute.L || s.index >= len(v.List) {
			return v
		}
		v.List = slices.Clone(v.List)
		if len(p) == 1 {
			v.List = slices.Delete(v.List, s.index, s.index+1)
		} else {
			v.List[s.index] = removeIn(v.List[s.index], p[1:])
		}
		return v
	}
	below, ok := v.Map[s.name]
	if v.Type != attribute.M || !ok {
		return v
	}
	m := make(attribute.Item, len(v.Map))
	for n, e := range v.Map {
		m[n] = e
	}
	if len(p) == 1 {
		delete(m, s.name)
	} else {
		m[s.name] = removeIn(below, p[1:])
	}
	v.Map = m
	return v
}

// Project returns the parts of an item that paths name; nil paths keep all.
func Project(it attribute.Item, paths []Path) attribute.Item {
	if paths == nil {
		return it
	}
	out := attribute.Item{}
	for _, p := range paths {
		if v, ok := p.get(it); ok {
			place(out, p, v)
		}
	}
	return out
}

// place builds the documents around a projected value; list elements keep their order.
func place(out attribute.Item, p Path, v attribute.Value) {
	if len(p) == 1 {
		out[p[0].name] = v
		return
	}
	out[p[0].name] = placeIn(out[p[0].name], p[1:], v)
}

func placeIn(have attribute.Value, p Path, v attribute.Value) attribute.Value {
	if p[0].index >= 0 {
		have.Type = attribute.L
		if len(p) > 1 {
			v = placeIn(attribute.Value{}, p[1:], v)
		}
		have.List = append(slices.Clone(have.List), v)
		return have
	}
	m := attribute.Item{}
	for n, e := range have.Map {
		m[n] = e
	}
	have.Type, have.Map = attribute.M, m
	if len(p) > 1 {
		v = placeIn(m[p[0].name], p[1:], v)
	}
	m[p[0].name] = v
	return have
}
