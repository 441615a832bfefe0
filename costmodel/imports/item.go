package imports

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"crossover/costmodel/units"
)

// maxDepth is how deep DynamoDB lets lists and maps nest (Developer Guide, "Service, account,
// and table quotas"), and one for the item.
const maxDepth = 33

// An image is an item as an export's line has it, by what its attributes count. Its slices are
// the scanner's and last until the next line.
type image struct {
	attributes []attribute
	size       int // bytes, as DynamoDB counts them
}

// An attribute is one of an image's.
type attribute struct {
	name  []byte
	kind  string // S, N, B, BOOL, NULL, M, L, SS, NS, BS
	bytes int    // name and value
	hash  uint64 // of the value's type and content; of scalars only
	value []byte // of numbers only
}

// find returns the attribute of a name, or nil.
func (im *image) find(name string) *attribute {
	for i := range im.attributes {
		if string(im.attributes[i].name) == name {
			return &im.attributes[i]
		}
	}
	return nil
}

// A scanner reads DynamoDB JSON, a line at a time, without allocating once its buffers have
// grown. It refuses what is not JSON, and what is not an attribute value.
type scanner struct {
	text    []byte
	at      int
	scratch []byte // of strings with escapes; a line's stay valid until the next line
	binary  []byte
	err     error
	offset  int // where err was found
}

func (s *scanner) reset(line []byte) {
	s.text, s.at, s.err = line, 0, nil
	s.scratch = s.scratch[:0]
}

func (s *scanner) fail(format string, args ...any) {
	if s.err == nil {
		s.err, s.offset = fmt.Errorf(format, args...), s.at
	}
}

// next skips white space and returns the byte after it, 0 at the end.
func (s *scanner) next() byte {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) expect(c byte) bool {
	if s.err == nil && s.next() == c {
		s.at++
		return true
	}
	s.fail("expected %q", c)
	return false
}

// object calls f for each member of an object, with the scanner before the value.
func (s *scanner) object(f func(name []byte)) {
	s.list('{', '}', func() {
		if name := s.str(); s.expect(':') {
			f(name)
		}
	})
}

// list calls f for each element between two brackets.
func (s *scanner) list(open, end byte, f func()) {
	if !s.expect(open) {
		return
	}
	if s.next() == end {
		s.at++
		return
	}
	for s.err == nil {
		f()
		if s.err != nil {
			return
		}
		switch s.next() {
		case ',':
			s.at++
		case end:
			s.at++
			return
		default:
			s.fail("expected ',' or %q", end)
		}
	}
}

// str reads a string. Without escapes the result is a part of the line.
func (s *scanner) str() []byte {
	if !s.expect('"') {
		return nil
	}
	start := s.at
	for i := start; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			s.at = i + 1
			return s.text[start:i]
		case c == '\\':
			return s.escaped(start, i)
		case c < ' ':
			s.at = i
			s.fail("a control character in a string")
			return nil
		}
	}
	s.at = len(s.text)
	s.fail("a string without an end")
	return nil
}

// escaped reads the rest of a string whose first escape is at i.
func (s *scanner) escaped(start, i int) []byte {
	from := len(s.scratch)
	s.scratch = append(s.scratch, s.text[start:i]...)
	for i < len(s.text) {
		c := s.text[i]
		s.at = i
		switch {
		case c == '"':
			s.at = i + 1
			return s.scratch[from:]
		case c < ' ':
			s.fail("a control character in a string")
			return nil
		case c != '\\':
			s.scratch = append(s.scratch, c)
			i++
		case i+1 < len(s.text) && s.text[i+1] == 'u':
			r, n := s.unicode(i)
			if s.err != nil {
				return nil
			}
			s.scratch = utf8.AppendRune(s.scratch, r)
			i += n
		default:
			k := -1
			if i+1 < len(s.text) {
				k = bytes.IndexByte([]byte(`"\/bfnrt`), s.text[i+1])
			}
			if k < 0 {
				s.fail("an unknown escape")
				return nil
			}
			s.scratch = append(s.scratch, "\"\\/\b\f\n\r\t"[k])
			i += 2
		}
	}
	s.at = len(s.text)
	s.fail("a string without an end")
	return nil
}

// unicode reads one \uXXXX at i, or a pair of them that makes one character.
func (s *scanner) unicode(i int) (rune, int) {
	hex := func(i int) (rune, bool) {
		if i+6 > len(s.text) || s.text[i] != '\\' || s.text[i+1] != 'u' {
			return 0, false
		}
		v, err := strconv.ParseUint(string(s.text[i+2:i+6]), 16, 16)
		return rune(v), err == nil
	}
	r, ok := hex(i)
	if !ok {
		s.fail("an escape that is not four hexadecimal digits")
		return 0, 0
	}
	if utf16.IsSurrogate(r) {
		if low, ok := hex(i + 6); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 12
			}
		}
		return utf8.RuneError, 6
	}
	return r, 6
}

// image reads an item: a map from attribute names to values.
func (s *scanner) image(im *image) {
	im.attributes, im.size = im.attributes[:0], 0
	s.object(func(name []byte) {
		a := attribute{name: name}
		a.bytes = len(name) + s.value(&a, 1)
		im.size += a.bytes
		im.attributes = append(im.attributes, a)
	})
}

// value reads {"TYPE": …} and returns what it counts. a gets the type and, of scalars, the
// hash; it may be nil.
func (s *scanner) value(a *attribute, depth int) (size int) {
	if depth > maxDepth {
		s.fail("values nested deeper than %d", maxDepth-1)
		return 0
	}
	members := 0
	s.object(func(kind []byte) {
		if members++; members > 1 {
			s.fail("an attribute value of two types")
			return
		}
		size = s.content(a, kind, depth)
	})
	if members == 0 {
		s.fail("an attribute value without a type")
	}
	return size
}

func (s *scanner) content(a *attribute, kind []byte, depth int) int {
	if a != nil {
		a.kind = kindOf(kind)
	}
	switch string(kind) {
	case "S", "N", "B":
		return s.scalar(a, kind[0])
	case "BOOL":
		s.word("true", "false")
		return units.SizeBool
	case "NULL":
		s.word("true", "true")
		return units.SizeNull
	case "SS", "NS", "BS":
		size := 0
		s.list('[', ']', func() { size += s.scalar(nil, kind[0]) })
		return size
	case "L":
		size := units.SizeList
		s.list('[', ']', func() { size += units.SizeElement + s.value(nil, depth+1) })
		return size
	case "M":
		size := units.SizeList
		s.object(func(name []byte) { size += units.SizeElement + len(name) + s.value(nil, depth+1) })
		return size
	}
	s.fail("the type %q, expected S, N, B, BOOL, NULL, M, L, SS, NS or BS", kind)
	return 0
}

// kindOf returns a type's name without allocating it.
func kindOf(kind []byte) string {
	for _, k := range [...]string{"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"} {
		if string(kind) == k {
			return k
		}
	}
	return ""
}

func (s *scanner) word(words ...string) {
	s.next()
	for _, w := range words {
		if bytes.HasPrefix(s.text[s.at:], []byte(w)) {
			s.at += len(w)
			return
		}
	}
	s.fail("expected %s", words[0])
}

// scalar reads a string, a number in quotes, or base64, and returns what it counts.
func (s *scanner) scalar(a *attribute, kind byte) (size int) {
	text := s.str()
	if s.err != nil {
		return 0
	}
	switch kind {
	case 'S':
		size = len(text)
	case 'N':
		if !isNumber(text) {
			s.fail("the number %q", text)
			return 0
		}
		size = units.NumberSize(string(text))
	case 'B':
		if n := base64.StdEncoding.DecodedLen(len(text)); cap(s.binary) < n {
			s.binary = make([]byte, n)
		}
		n, err := base64.StdEncoding.Decode(s.binary[:cap(s.binary)], text)
		if err != nil {
			s.fail("%w", err)
			return 0
		}
		text, size = s.binary[:n], n
	}
	if a != nil {
		a.hash = xxhash.Sum64(text) + uint64(kind)*0x9E3779B97F4A7C15
		if kind == 'N' {
			a.value = text
		}
	}
	return size
}

// isNumber reports whether text is a decimal number.
func isNumber(text []byte) bool {
	digits, point := 0, false
	for i, c := range text {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case (c == '-' || c == '+') && (i == 0 || text[i-1] == 'e' || text[i-1] == 'E'):
		case c == '.' && !point:
			point = true
		case (c == 'e' || c == 'E') && digits > 0 && i+1 < len(text):
			_, err := strconv.Atoi(string(text[i+1:]))
			return err == nil
		default:
			return false
		}
	}
	return digits > 0
}

// A record is a line of an export. Keys, Old and New are present in incremental ones only.
type record struct {
	full, old, new, keys             image
	hasFull, hasOld, hasNew, hasKeys bool
	written                          int64 // microseconds since 1970; 0 when not told
}

var errNoImage = errors.New(`no "Item" and no "Keys", expected a line of an export in DynamoDB JSON`)

// record reads a line.
func (s *scanner) record(line []byte, r *record) error {
	s.reset(line)
	r.hasFull, r.hasOld, r.hasNew, r.hasKeys, r.written = false, false, false, false, 0
	s.object(func(name []byte) {
		switch string(name) {
		case "Item":
			r.hasFull = true
			s.image(&r.full)
		case "Keys":
			r.hasKeys = true
			s.image(&r.keys)
		case "OldImage":
			r.hasOld = true
			s.image(&r.old)
		case "NewImage":
			r.hasNew = true
			s.image(&r.new)
		case "Metadata":
			s.metadata(r)
		default:
			s.fail("the member %q", name)
		}
	})
	if s.err == nil && s.next() != 0 {
		s.fail("text after the record")
	}
	if s.err == nil && s.at < len(s.text) {
		s.fail("a zero byte")
	}
	if s.err == nil && r.hasFull == r.hasKeys {
		s.err, s.offset = errNoImage, 0
	}
	return s.err
}

func (s *scanner) metadata(r *record) {
	s.object(func(name []byte) {
		var a attribute
		s.value(&a, 1)
		if string(name) == "WriteTimestampMicros" && a.kind == "N" {
			v, err := strconv.ParseInt(string(a.value), 10, 64)
			if err != nil {
				s.fail("WriteTimestampMicros: %w", err)
			}
			r.written = v
		}
	})
}
