package items

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// defined is a body by its definition, a letter at a time: what is stored under an older
// version of this tool must stay readable under a newer one.
func defined(seed, item, version uint64, n int, compressibility float64) []byte {
	var rest []byte
	length := n
	if n >= HeaderLen {
		length -= HeaderLen
	}
	state := mix(seed ^ mix(item+0x9e3779b97f4a7c15) ^ mix(version+0xbf58476d1ce4e5b9))
	for len(rest) < length {
		stretch := min(256, length-len(rest))
		repeat := int(compressibility * float64(stretch))
		word := uint64(0)
		for i := range stretch - repeat {
			if i%10 == 0 {
				state += 0x9e3779b97f4a7c15
				word = mix(state)
			}
			rest = append(rest, alphabet[word&63])
			word >>= 6
		}
		for i := range repeat {
			rest = append(rest, 'a'+byte(i%16))
		}
	}
	if n < HeaderLen {
		return rest
	}
	sum := mix(item) ^ version ^ uint64(len(rest))
	fold := func(w uint64) {
		sum = (sum ^ w) * 0x9e3779b97f4a7c15
		sum ^= sum >> 29
	}
	left := rest
	for ; len(left) >= 8; left = left[8:] {
		w := uint64(0)
		for i, c := range left[:8] {
			w |= uint64(c) << (8 * i)
		}
		fold(w)
	}
	for _, c := range left {
		fold(uint64(c))
	}
	return append(fmt.Appendf(nil, "%016x%016x%016x", item, version, mix(sum)), rest...)
}

// Body and Check, which take words and groups of words at a time, make and accept what the
// definition says, at every length about the borders of their groups and stretches.
func TestBodyIsAsDefined(t *testing.T) {
	check := func(t interface{ Fatalf(string, ...any) }, seed, item, version uint64, n int, share float64) {
		want := defined(seed, item, version, n, share)
		if got := Body(nil, seed, item, version, n, share); !bytes.Equal(got, want) {
			t.Fatalf("seed %d, item %d, version %d, %d bytes, compressibility %v:\n got %s\nwant %s",
				seed, item, version, n, share, got, want)
		}
		if v, ok := Check(want, item); n >= HeaderLen && (!ok || v != version) {
			t.Fatalf("item %d, version %d, %d bytes: Check says %d, %v", item, version, n, v, ok)
		}
	}
	for n := range 1200 {
		for _, share := range []float64{0, 0.3, 1} {
			check(t, 1, uint64(n)*0x9e3779b97f4a7c15, uint64(n)+1, n, share)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, rapid.Uint64().Draw(t, "seed"), rapid.Uint64().Draw(t, "item"), rapid.Uint64().Draw(t, "version"),
			rapid.IntRange(0, 5000).Draw(t, "n"), rapid.Float64Range(0, 1).Draw(t, "compressibility"))
	})
}
