package attribute

import (
	"encoding/binary"
	"slices"
)

// Encode appends an item in the form in which it is stored: its size as DynamoDB counts it,
// then its attributes in order of their names. Stored items take a fraction of a map's memory.
func (it Item) Encode(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(it.Size()))
	return it.encode(dst)
}

func (it Item) encode(dst []byte) []byte {
	names := make([]string, 0, len(it))
	for n := range it {
		names = append(names, n)
	}
	slices.Sort(names)
	dst = binary.AppendUvarint(dst, uint64(len(names)))
	for _, n := range names {
		dst = it[n].encode(appendText(dst, n))
	}
	return dst
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// codes are the types' bytes in stored items.
const codes = "SNBOULMsnb"

var typesByCode = [...]Type{S, N, B, BOOL, NULL, L, M, SS, NS, BS}

func (v Value) encode(dst []byte) []byte {
	dst = append(dst, codes[slices.Index(typesByCode[:], v.Type)])
	switch v.Type {
	case S, N, B:
		return appendText(dst, v.Text)
	case BOOL:
		if v.Bool {
			return append(dst, 1)
		}
		return append(dst, 0)
	case L:
		dst = binary.AppendUvarint(dst, uint64(len(v.List)))
		for _, e := range v.List {
			dst = e.encode(dst)
		}
	case M:
		return v.Map.encode(dst)
	case SS, NS, BS:
		dst = binary.AppendUvarint(dst, uint64(len(v.Texts)))
		for _, t := range v.Texts {
			dst = appendText(dst, t)
		}
	}
	return dst
}

// A Stored is an item as Encode wrote it; nil stands for no item. It must not be changed.
type Stored []byte

// Size returns what the item counts, in bytes; 0 for no item.
func (s Stored) Size() int {
	if s == nil {
		return 0
	}
	n, _ := binary.Uvarint(s)
	return int(n)
}

// Item returns the item, or an empty one for no item.
func (s Stored) Item() Item {
	if s == nil {
		return Item{}
	}
	d := decoder(s)
	d.uvarint()
	return d.item()
}

// AppendJSON appends the item's JSON without building the item.
func (s Stored) AppendJSON(dst []byte) []byte {
	d := decoder(s)
	d.uvarint()
	return d.itemJSON(dst)
}

// A decoder reads what encode wrote, which it trusts.
type decoder []byte

func (d *decoder) uvarint() int {
	n, size := binary.Uvarint(*d)
	*d = (*d)[size:]
	return int(n)
}

func (d *decoder) bytes() []byte {
	n := d.uvarint()
	b := (*d)[:n]
	*d = (*d)[n:]
	return b
}

func (d *decoder) code() byte {
	c := (*d)[0]
	*d = (*d)[1:]
	return c
}

func (d *decoder) item() Item {
	n := d.uvarint()
	it := make(Item, n)
	for range n {
		name := string(d.bytes())
		it[name] = d.value()
	}
	return it
}

func (d *decoder) value() Value {
	c := d.code()
	v := Value{Type: typeOf(c)}
	switch v.Type {
	case S, N, B:
		v.Text = string(d.bytes())
	case BOOL:
		v.Bool = d.code() == 1
	case NULL:
		v.Bool = true
	case L:
		v.List = make([]Value, d.uvarint())
		for i := range v.List {
			v.List[i] = d.value()
		}
	case M:
		v.Map = d.item()
	default:
		v.Texts = make([]string, d.uvarint())
		for i := range v.Texts {
			v.Texts[i] = string(d.bytes())
		}
	}
	return v
}

func typeOf(code byte) Type {
	for i := range len(codes) {
		if codes[i] == code {
			return typesByCode[i]
		}
	}
	panic("attribute: a stored item is damaged")
}

func (d *decoder) itemJSON(dst []byte) []byte {
	dst = append(dst, '{')
	for i := range d.uvarint() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, d.bytes()), ':')
		dst = d.valueJSON(dst)
	}
	return append(dst, '}')
}

func (d *decoder) valueJSON(dst []byte) []byte {
	t := typeOf(d.code())
	dst = append(append(append(dst, '{', '"'), t...), '"', ':')
	switch t {
	case S, N, B:
		dst = appendScalar(dst, t, d.bytes())
	case BOOL:
		if d.code() == 1 {
			dst = append(dst, "true"...)
		} else {
			dst = append(dst, "false"...)
		}
	case NULL:
		dst = append(dst, "true"...)
	case M:
		dst = d.itemJSON(dst)
	default:
		dst = append(dst, '[')
		for i := range d.uvarint() {
			if i > 0 {
				dst = append(dst, ',')
			}
			if t == L {
				dst = d.valueJSON(dst)
			} else {
				dst = appendScalar(dst, t[:1], d.bytes())
			}
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}
