package attribute

import (
	"encoding/base64"
	"slices"
	"strings"

	"crossover/driver/embedded/dynamodb/wire"
)

// UnmarshalJSON reads a value in DynamoDB's JSON.
func (v *Value) UnmarshalJSON(text []byte) error {
	r := wire.NewReader(text)
	x, err := Read(r)
	if err == nil {
		err = r.End()
	}
	*v = x
	return err
}

// Read reads one value in DynamoDB's JSON.
func Read(r *wire.Reader) (Value, error) { return read(r, 0) }

// ReadItem reads an object of values by attribute name.
func ReadItem(r *wire.Reader) (Item, error) { return readItem(r, 0) }

func readItem(r *wire.Reader, depth int) (Item, error) {
	it := Item{}
	if err := readInto(it, r, depth); err != nil {
		return nil, err
	}
	return it, nil
}

// ReadInto adds an object's values to an item, which is of no use when an error is returned.
func ReadInto(it Item, r *wire.Reader) error { return readInto(it, r, 0) }

func readInto(it Item, r *wire.Reader, depth int) error {
	more, err := r.Enter('{')
	for more && err == nil {
		name, err := r.Name()
		if err != nil {
			return err
		}
		if it[name], err = read(r, depth); err != nil {
			return err
		}
		if more, err = r.More('{'); err != nil {
			return err
		}
	}
	return err
}

func read(r *wire.Reader, depth int) (v Value, err error) {
	if depth > MaxDepth {
		return v, Invalidf("Nesting Levels have exceeded supported limits")
	}
	more, err := r.Enter('{')
	if err != nil {
		return v, err
	}
	for more {
		name, err := r.NameBytes()
		if err != nil {
			return v, err
		}
		if r.Null() {
			// A member that is null counts as not sent.
		} else if v.Type != "" {
			return v, Invalidf("Supplied AttributeValue has more than one datatypes set, must contain " +
				"exactly one of the supported datatypes")
		} else if err = v.content(r, typeNamed(name), depth); err != nil {
			return v, err
		}
		if more, err = r.More('{'); err != nil {
			return v, err
		}
	}
	if v.Type == "" {
		return v, Invalidf("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	}
	return v, nil
}

// typeNamed returns the type of a name, or "".
func typeNamed(name []byte) Type {
	for _, t := range typesByCode {
		if string(name) == string(t) {
			return t
		}
	}
	return ""
}

// content reads what a member of the given name holds; members of other names are passed over.
func (v *Value) content(r *wire.Reader, t Type, depth int) (err error) {
	switch t {
	case S:
		v.Text, err = r.String()
	case N, B:
		v.Text, err = scalar(r, t)
	case BOOL:
		v.Bool, err = r.Bool()
	case NULL:
		if v.Bool, err = r.Bool(); err == nil && !v.Bool {
			err = Invalidf("One or more parameter values were invalid: Null attribute value types must have " +
				"the value of true")
		}
	case L:
		v.List, err = list(r, depth)
	case M:
		v.Map, err = readItem(r, depth+1)
	case SS, NS, BS:
		err = v.set(r, t)
	default:
		_, err = r.Raw()
		return err
	}
	v.Type = t
	return err
}

// scalar reads a number or binary, which JSON holds as a string.
func scalar(r *wire.Reader, t Type) (string, error) {
	text, err := r.String()
	if err != nil {
		return "", err
	}
	switch t {
	case N:
		return Normalise(text)
	case B:
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return "", wire.TypeError("Base64 encoded length is expected a multiple of 4 bytes but found: " +
				"" + text[:min(len(text), 20)])
		}
		return string(b), nil
	}
	return text, nil
}

func list(r *wire.Reader, depth int) ([]Value, error) {
	out := []Value{}
	more, err := r.Enter('[')
	for more && err == nil {
		v, err := read(r, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if more, err = r.More('['); err != nil {
			return nil, err
		}
	}
	return out, err
}

func (v *Value) set(r *wire.Reader, t Type) error {
	more, err := r.Enter('[')
	if err == nil && !more {
		kind := map[Type]string{SS: "An string set ", NS: "An number set ", BS: "Binary sets"}[t]
		return Invalidf("One or more parameter values were invalid: %s may not be empty", kind)
	}
	for more && err == nil {
		text, err := scalar(r, t[:1])
		if err != nil {
			return err
		}
		v.Texts = append(v.Texts, text)
		if more, err = r.More('['); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	given := v.Texts
	v.Type, v.Texts = t, slices.Clone(given)
	v.SortSet()
	if len(slices.Compact(slices.Clone(v.Texts))) == len(v.Texts) {
		return nil
	}
	if t == SS {
		return Invalidf("One or more parameter values were invalid: Input collection [%s] contains "+
			"duplicates.", strings.Join(given, ", "))
	}
	return Invalidf("Input collection contains duplicates")
}

// Depth returns how deep a value nests: 0 for a scalar or set.
func (v Value) Depth() int {
	deepest := -1
	for _, e := range v.List {
		deepest = max(deepest, e.Depth())
	}
	for _, e := range v.Map {
		deepest = max(deepest, e.Depth())
	}
	if v.Type == L || v.Type == M {
		return max(deepest, 0) + 1
	}
	return 0
}
