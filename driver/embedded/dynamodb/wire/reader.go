// Package wire reads the JSON of requests in one pass: a request's fields as slices of its
// text, and a pull reader for what is in them. Items are read once, by whoever knows their form.
package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
)

// ErrSyntax is wrapped by errors about text that is no JSON.
var ErrSyntax = errors.New("the request is not well-formed JSON")

// A TypeError is a value of another kind than the API has in that place. Its text is what the
// service's SerializationException says.
type TypeError string

func (e TypeError) Error() string { return string(e) }

// A Kind is what a value begins as.
type Kind byte

// The kinds.
const (
	Invalid Kind = iota
	Null
	String
	Number
	True
	False
	List
	Object
)

// maxDepth bounds recursion; attribute values may nest 32 levels, two JSON objects each.
const maxDepth = 200

// A Reader reads values one after the other.
type Reader struct {
	text []byte
	at   int
}

// NewReader returns a reader of text, which must not change while it is read.
func NewReader(text []byte) *Reader { return &Reader{text: text} }

// ReaderOf is NewReader without an allocation.
func ReaderOf(text []byte) Reader { return Reader{text: text} }

// Next returns the kind of the value that comes next, without reading it.
func (r *Reader) Next() Kind {
	for r.at < len(r.text) {
		switch c := r.text[r.at]; c {
		case ' ', '\t', '\n', '\r':
			r.at++
			continue
		case '"':
			return String
		case '{':
			return Object
		case '[':
			return List
		case 't':
			return True
		case 'f':
			return False
		case 'n':
			return Null
		default:
			if c == '-' || c >= '0' && c <= '9' {
				return Number
			}
			return Invalid
		}
	}
	return Invalid
}

// expected returns what is wrong with the next value where another kind should be.
func (r *Reader) expected(want string) error {
	switch r.Next() {
	case String:
		return TypeError("STRING_VALUE cannot be converted to " + want)
	case Number:
		return TypeError("NUMBER_VALUE cannot be converted to " + want)
	case True:
		return TypeError("TRUE_VALUE cannot be converted to " + want)
	case False:
		return TypeError("FALSE_VALUE cannot be converted to " + want)
	case List:
		return TypeError("Start of list found where not expected")
	case Object:
		return TypeError("Start of structure or map found where not expected.")
	case Null:
		return TypeError("NULL_VALUE cannot be converted to " + want)
	}
	return ErrSyntax
}

// word reads a literal word.
func (r *Reader) word(w string) error {
	if len(r.text)-r.at < len(w) || string(r.text[r.at:r.at+len(w)]) != w {
		return ErrSyntax
	}
	r.at += len(w)
	return nil
}

// Null reads a null if one is next, and reports whether it was.
func (r *Reader) Null() bool { return r.Next() == Null && r.word("null") == nil }

// Bool reads a boolean.
func (r *Reader) Bool() (bool, error) {
	switch r.Next() {
	case True:
		return true, r.word("true")
	case False:
		return false, r.word("false")
	}
	return false, r.expected("Boolean")
}

// Float reads a number.
func (r *Reader) Float() (float64, error) {
	if r.Next() != Number {
		return 0, r.expected("Long")
	}
	start := r.at
	if err := r.number(); err != nil {
		return 0, err
	}
	f, err := strconv.ParseFloat(string(r.text[start:r.at]), 64)
	if err != nil {
		return 0, TypeError("NUMBER_VALUE cannot be converted to Long")
	}
	return f, nil
}

func (r *Reader) digits() bool {
	start := r.at
	for r.at < len(r.text) && r.text[r.at] >= '0' && r.text[r.at] <= '9' {
		r.at++
	}
	return r.at > start
}

// number moves past a number; JSON's grammar has no leading zeroes and no bare point.
func (r *Reader) number() error {
	if r.text[r.at] == '-' {
		r.at++
	}
	zero := r.at < len(r.text) && r.text[r.at] == '0'
	start := r.at
	if !r.digits() || zero && r.at-start > 1 {
		return ErrSyntax
	}
	if r.at < len(r.text) && r.text[r.at] == '.' {
		r.at++
		if !r.digits() {
			return ErrSyntax
		}
	}
	if r.at < len(r.text) && r.text[r.at]|0x20 == 'e' {
		r.at++
		if r.at < len(r.text) && (r.text[r.at] == '+' || r.text[r.at] == '-') {
			r.at++
		}
		if !r.digits() {
			return ErrSyntax
		}
	}
	return nil
}

// quoted moves past a string and reports whether it is plain ASCII without escapes.
func (r *Reader) quoted() (plain bool, err error) {
	plain = true
	for i := r.at + 1; ; i++ {
		if i += Plain(r.text[min(i, len(r.text)):]); i >= len(r.text) {
			return false, ErrSyntax
		}
		switch c := r.text[i]; {
		case c == '"':
			r.at = i + 1
			return plain, nil
		case c == '\\':
			plain = false
			i++
		case c < 0x20:
			return false, ErrSyntax
		default: // not ASCII
			plain = false
		}
	}
}

// String reads a string. Bytes that are not UTF-8 become U+FFFD.
func (r *Reader) String() (string, error) {
	if r.Next() != String {
		return "", r.expected("String")
	}
	start := r.at
	plain, err := r.quoted()
	if err != nil {
		return "", err
	}
	if plain {
		return string(r.text[start+1 : r.at-1]), nil
	}
	var s string
	if json.Unmarshal(r.text[start:r.at], &s) != nil {
		return "", ErrSyntax
	}
	return s, nil
}

// Enter begins an object or a list, by its opening bracket, and reports whether it holds
// anything. More moves to the next element and reports whether there is one.
func (r *Reader) Enter(open byte) (bool, error) {
	if k := r.Next(); open == '{' && k != Object || open == '[' && k != List {
		if open == '{' && k == List || open == '[' && k == Object {
			return false, r.expected("")
		}
		if k == Invalid {
			return false, ErrSyntax
		}
		return false, TypeError("Unexpected field type")
	}
	r.at++
	r.Next()
	if r.at < len(r.text) && r.text[r.at] == open+2 {
		r.at++
		return false, nil
	}
	return true, nil
}

// More reads what follows an element: a comma, or the bracket that closes what open began.
func (r *Reader) More(open byte) (bool, error) {
	r.Next()
	if r.at < len(r.text) {
		c := r.text[r.at]
		r.at++
		if c == ',' {
			return true, nil
		}
		if c == open+2 { // '}' and ']' both come two after their opening brackets
			return false, nil
		}
	}
	return false, ErrSyntax
}

// Name reads an element's name in an object, and the colon.
func (r *Reader) Name() (string, error) {
	name, err := r.NameBytes()
	return string(name), err
}

// NameBytes is Name without a copy where it can be: the bytes are valid as long as the text.
func (r *Reader) NameBytes() ([]byte, error) {
	if r.Next() != String {
		return nil, ErrSyntax
	}
	start := r.at
	plain, err := r.quoted()
	if err != nil {
		return nil, err
	}
	name := r.text[start+1 : r.at-1]
	if !plain {
		var s string
		if json.Unmarshal(r.text[start:r.at], &s) != nil {
			return nil, ErrSyntax
		}
		name = []byte(s)
	}
	r.Next()
	if r.at >= len(r.text) || r.text[r.at] != ':' {
		return nil, ErrSyntax
	}
	r.at++
	return name, nil
}

// Raw returns the text of the next value and moves past it.
func (r *Reader) Raw() ([]byte, error) {
	kind := r.Next()
	start := r.at
	if err := r.skip(kind, 0); err != nil {
		return nil, err
	}
	return r.text[start:r.at], nil
}

func (r *Reader) skip(kind Kind, depth int) (err error) {
	if depth > maxDepth {
		return TypeError("the request nests too deeply")
	}
	switch kind {
	case Null:
		return r.word("null")
	case True:
		return r.word("true")
	case False:
		return r.word("false")
	case Number:
		return r.number()
	case String:
		plain, err := r.quoted()
		_ = plain // an escape that is none is found when the string is read
		return err
	case List, Object:
		open := r.text[r.at]
		more, err := r.Enter(open)
		for more && err == nil {
			if kind == Object {
				if _, err = r.NameBytes(); err != nil {
					return err
				}
			}
			if err = r.skip(r.Next(), depth+1); err != nil {
				return err
			}
			more, err = r.More(open)
		}
		return err
	}
	return ErrSyntax
}

// End reports an error when anything but space is left.
func (r *Reader) End() error {
	r.Next()
	if r.at < len(r.text) {
		return ErrSyntax
	}
	return nil
}

// A Field is one member of a request, its value as text.
type Field struct {
	Name string
	Raw  []byte
}

// Fields are a request's members; nulls are left out, as if they had not been sent.
type Fields []Field

// Request reads a request's outer object.
func Request(text []byte) (Fields, error) { return AppendRequest(nil, text) }

// AppendRequest is Request into the room that out has. What was in out is lost, also when an
// error is returned.
func AppendRequest(out Fields, text []byte) (Fields, error) {
	out = out[:0]
	r := Reader{text: text}
	if r.Next() != Object {
		return nil, ErrSyntax
	}
	more, err := r.Enter('{')
	for more && err == nil {
		var f Field
		var name []byte
		if name, err = r.NameBytes(); err != nil {
			return nil, err
		}
		f.Name = member(name)
		if f.Raw, err = r.Raw(); err != nil {
			return nil, err
		}
		if !bytes.Equal(f.Raw, []byte("null")) {
			out = append(out, f)
		}
		more, err = r.More('{')
	}
	if err != nil {
		return nil, err
	}
	return out, r.End()
}

// members are names that requests of items have: they are not copied anew for each request.
var members = func() map[string]string {
	out := map[string]string{}
	for _, name := range []string{
		"TableName", "Key", "Item", "ConsistentRead", "ReturnConsumedCapacity", "ReturnValues", "ExpressionAttributeNames",
		"ExpressionAttributeValues", "ConditionExpression", "UpdateExpression", "ProjectionExpression", "FilterExpression",
		"KeyConditionExpression", "Limit", "ExclusiveStartKey", "ScanIndexForward", "IndexName", "RequestItems", "Select",
		"Segment", "TotalSegments", "ReturnItemCollectionMetrics", "TransactItems", "PutRequest", "DeleteRequest", "Keys",
	} {
		out[name] = name
	}
	return out
}()

func member(name []byte) string {
	if s, ok := members[string(name)]; ok {
		return s
	}
	return string(name)
}

// Get returns a member's text, or nil; of members of the same name the last counts.
func (f Fields) Get(name string) []byte {
	for i := len(f) - 1; i >= 0; i-- {
		if f[i].Name == name {
			return f[i].Raw
		}
	}
	return nil
}
