package wire

import (
	"encoding/binary"
	"math/bits"
)

// Eight bytes are looked at together, as one number: a text of a kilobyte is scanned several
// times on its way through the server.
const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

// special returns a number whose lowest set bit lies in the first of eight bytes that is a
// control character, a quote, a backslash, or not ASCII; 0 when none is. The higher bits may
// err, as a borrow runs upwards.
func special(x uint64) uint64 {
	quote, slash := x^lowBits*'"', x^lowBits*'\\'
	return ((x-lowBits*0x20)&^x | (quote-lowBits)&^quote | (slash-lowBits)&^slash | x) & highBits
}

// Plain returns how many bytes at the beginning of a text are ASCII that stands in JSON as it
// is: neither control characters nor quotes nor backslashes.
func Plain(text []byte) int {
	i := 0
	for ; i+8 <= len(text); i += 8 {
		if m := special(binary.LittleEndian.Uint64(text[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(text); i++ {
		if c := text[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x80 {
			return i
		}
	}
	return i
}
