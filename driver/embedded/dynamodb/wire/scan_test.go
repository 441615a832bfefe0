package wire

import (
	"bytes"
	"testing"
)

// TestPlain puts every byte at every place of texts around the width of a word, so that what
// is found in eight bytes at once is what is found byte by byte.
func TestPlain(t *testing.T) {
	slow := func(text []byte) int {
		for i, c := range text {
			if c < 0x20 || c == '"' || c == '\\' || c >= 0x80 {
				return i
			}
		}
		return len(text)
	}
	for size := range 20 {
		for at := range size {
			for c := range 256 {
				text := bytes.Repeat([]byte{' '}, size)
				text[at] = byte(c)
				text[size-1] ^= 0x01 // '!' beside what is looked for
				if got, want := Plain(text), slow(text); got != want {
					t.Fatalf("%q: %d, want %d", text, got, want)
				}
			}
		}
	}
	// Neighbours whose borrow or sum runs into the next byte.
	for a := range 256 {
		for b := range 256 {
			text := []byte{'a', byte(a), byte(b), 'a', 'a', byte(b), byte(a), 'a'}
			if got, want := Plain(text), slow(text); got != want {
				t.Fatalf("%q: %d, want %d", text, got, want)
			}
		}
	}
}
