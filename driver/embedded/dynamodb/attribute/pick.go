package attribute

import "encoding/binary"

// Lookup returns one attribute of the item without building the rest.
func (s Stored) Lookup(name string) (Value, bool) {
	if s == nil {
		return Value{}, false
	}
	d := decoder(s)
	d.uvarint()
	for range d.uvarint() {
		switch n := string(d.bytes()); {
		case n == name:
			return d.value(), true
		case n > name: // names are in order
			return Value{}, false
		}
		d.skip()
	}
	return Value{}, false
}

// Pick returns the item with the named attributes only.
func (s Stored) Pick(names map[string]bool) Stored {
	d := decoder(s)
	d.uvarint()
	kept, size := 0, 0
	body := make([]byte, 0, 64)
	for range d.uvarint() {
		from := d
		name := d.bytes()
		if !names[string(name)] {
			d.skip()
			continue
		}
		value := d
		d.skip()
		kept++
		size += len(name) + value.size()
		body = append(body, from[:len(from)-len(d)]...)
	}
	out := make([]byte, 0, len(body)+2*binary.MaxVarintLen32)
	out = binary.AppendUvarint(out, uint64(size))
	out = binary.AppendUvarint(out, uint64(kept))
	return append(out, body...)
}

// size returns what the next value counts; d is a copy.
func (d decoder) size() int { return d.value().Size() }

// skip moves past the next value.
func (d *decoder) skip() {
	switch typeOf(d.code()) {
	case S, N, B:
		d.bytes()
	case BOOL:
		d.code()
	case NULL:
	case L:
		for range d.uvarint() {
			d.skip()
		}
	case M:
		for range d.uvarint() {
			d.bytes()
			d.skip()
		}
	default:
		for range d.uvarint() {
			d.bytes()
		}
	}
}
