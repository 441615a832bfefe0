package items

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"time"
)

// A generator draws the values of one attribute.
type generator struct{ state uint64 }

func (g *generator) next() uint64 {
	g.state += 0x9e3779b97f4a7c15
	return mix(g.state)
}

// below returns a number from 0 to n-1. The multiplication's bias is below 2^-31 for any n
// that a scenario can ask for.
func (g *generator) below(n uint64) uint64 {
	if n >= 1<<32 {
		return g.next() % n
	}
	return g.next() >> 32 * n >> 32
}

// Lengths of values, in characters.
const (
	uuidLen      = 36
	timestampLen = 24
)

// year and yearSpan bound timestamps: 2025, in milliseconds since 1970.
var (
	year     = uint64(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
	yearSpan = uint64(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()) - year
)

// scalar appends a value with its length before it, and returns what it counts in DynamoDB's
// item size.
func (g *generator) scalar(dst []byte, a *Attribute) ([]byte, int) {
	if a.Type == Bool {
		return append(dst, 1, "tf"[g.next()>>63]), 1
	}
	return g.value(dst, a, a.Type == Number, a.Type == Binary)
}

// element appends element k of a composite value.
func (g *generator) element(dst []byte, a *Attribute, k int) ([]byte, int) {
	switch {
	case a.Type == NumberSet:
		// A set's elements differ: each comes from a part of the range of its own.
		part := (uint64(a.Max-a.Min) + 1) / uint64(a.Count)
		var room [20]byte
		return measured(dst, strconv.AppendInt(room[:0], a.Min+int64(part*uint64(k)+g.below(part)), 10), true)
	case a.Type == StringSet && a.From == Random:
		dst, n := g.value(dst, a, false, false)
		dst[len(dst)-n] = alphabet[k] // each begins with a letter of its own
		return dst, n
	}
	return g.value(dst, a, a.From.numeric(), false)
}

// value appends one value of an attribute's source.
func (g *generator) value(dst []byte, a *Attribute, number, raw bool) ([]byte, int) {
	var room [40]byte
	switch a.From {
	case UUID:
		return measured(dst, g.uuid(room[:0], raw), false)
	case Timestamp:
		ms := int64(year + g.below(yearSpan))
		if number {
			return measured(dst, strconv.AppendInt(room[:0], ms, 10), true)
		}
		return measured(dst, time.UnixMilli(ms).UTC().AppendFormat(room[:0], "2006-01-02T15:04:05.000Z"), false)
	case Enum:
		w := a.Of[g.below(uint64(len(a.Of)))]
		return append(binary.AppendUvarint(dst, uint64(len(w))), w...), len(w)
	case Integer:
		return measured(dst, strconv.AppendInt(room[:0], a.Min+int64(g.below(uint64(a.Max-a.Min)+1)), 10), true)
	case Decimal:
		hundredths := 100*a.Min + int64(g.below(100*uint64(a.Max-a.Min)+1))
		return measured(dst, appendHundredths(room[:0], hundredths), true)
	}
	dst = binary.AppendUvarint(dst, uint64(a.Bytes))
	switch {
	case a.From == Text:
		dst = g.text(dst, a.Bytes)
	case raw:
		dst = g.binary(dst, a.Bytes, a.Repeats)
	default:
		dst = g.letters(dst, a.Bytes, a.Repeats)
	}
	return dst, a.Bytes
}

// measured appends a short value with its length, and returns what it counts.
func measured(dst, value []byte, number bool) ([]byte, int) {
	n := len(value)
	if number {
		n = NumberBytes(value)
	}
	return append(binary.AppendUvarint(dst, uint64(len(value))), value...), n
}

// appendHundredths appends a decimal as DynamoDB returns it: without trailing zeroes.
func appendHundredths(dst []byte, v int64) []byte {
	if v < 0 {
		dst, v = append(dst, '-'), -v
	}
	dst = strconv.AppendInt(dst, v/100, 10)
	switch part := v % 100; {
	case part == 0:
		return dst
	case part%10 == 0:
		return append(dst, '.', byte('0'+part/10))
	default:
		return append(dst, '.', byte('0'+part/10), byte('0'+part%10))
	}
}

// uuid appends a version 4 UUID (RFC 9562, section 5.4).
func (g *generator) uuid(dst []byte, raw bool) []byte {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], g.next())
	binary.BigEndian.PutUint64(b[8:], g.next())
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	if raw {
		return append(dst, b[:]...)
	}
	for i, part := range [][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return dst
}

// letters appends n letters of 6 random bits, of which a share repeats.
func (g *generator) letters(dst []byte, n int, repeats float64) []byte {
	for n > 0 {
		stretch := min(block, n)
		n -= stretch
		random := stretch - int(repeats*float64(stretch))
		for w, left := uint64(0), 0; random > 0; random-- {
			if left == 0 {
				w, left = g.next(), 10
			}
			dst = append(dst, alphabet[w&63])
			w >>= 6
			left--
			stretch--
		}
		dst = repeat(dst, stretch)
	}
	return dst
}

// binary appends n random bytes, of which a share repeats.
func (g *generator) binary(dst []byte, n int, repeats float64) []byte {
	for n > 0 {
		stretch := min(block, n)
		n -= stretch
		random := stretch - int(repeats*float64(stretch))
		stretch -= random
		var word [8]byte
		for ; random > 0; random -= 8 {
			binary.LittleEndian.PutUint64(word[:], g.next())
			dst = append(dst, word[:min(random, 8)]...)
		}
		dst = repeat(dst, stretch)
	}
	return dst
}

// repeat appends n letters of the pattern.
func repeat(dst []byte, n int) []byte {
	for n > 0 {
		k := min(n, len(pattern))
		dst = append(dst, pattern[:k]...)
		n -= k
	}
	return dst
}

// words are among the most common of English.
var words = [64]string{
	"the", "of", "and", "to", "in", "that", "was", "with", "for", "on", "are", "this", "but", "his", "from", "they",
	"have", "had", "not", "which", "were", "when", "there", "can", "their", "one", "all", "would", "will", "what", "been", "more",
	"who", "other", "time", "some", "into", "two", "first", "year", "people", "could", "them", "new", "only", "day", "after", "most",
	"made", "over", "such", "many", "before", "between", "through", "where", "much", "own", "work", "life", "world", "still", "back", "long",
}

// text appends n characters of words; the last may be cut.
func (g *generator) text(dst []byte, n int) []byte {
	end := len(dst) + n
	for len(dst) < end {
		w := words[g.next()>>58]
		dst = append(dst, w[:min(len(w), end-len(dst))]...)
		if len(dst) < end {
			dst = append(dst, ' ')
		}
	}
	return dst
}
