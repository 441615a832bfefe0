package items

import (
	"bytes"
	"fmt"
	"math/bits"
	"testing"

	"pgregory.net/rapid"
)

const bodyLetters = `-./0123456789:;<=>?@ABCDEFGHIJKL]^_` + "`" + `abcdefghijklmnopqrstuvwxyz{|`

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
		var words [2]uint64
		for i := range stretch - repeat {
			if i%16 == 0 {
				state += 0x9e3779b97f4a7c15
				hi, lo := bits.Mul64(state, state^0xe7037ed1a0b428db)
				words = [2]uint64{hi ^ lo, hi ^ (lo<<29 | lo>>35)}
			}
			rest = append(rest, bodyLetters[words[i%16/8]>>(8*(i%8))&63])
		}
		for i := range repeat {
			rest = append(rest, 'a'+byte(i%16))
		}
	}
	if n < HeaderLen {
		return rest
	}
	turned := func(v uint64) uint64 { return v<<29 | v>>35 }
	const mul = 0x9fb21c651e98df25
	lanes := [2]uint64{mix(item) ^ uint64(len(rest)), version}
	words := make([]uint64, (len(rest)+7)/8)
	for i, c := range rest {
		words[i/8] |= uint64(c) << (8 * (i % 8))
	}
	whole := len(rest) / 32 * 4 // words in groups of four, two for each lane
	for i := 0; i < whole; i += 2 {
		lane := &lanes[i/2%2]
		*lane = (turned(*lane^words[i]) + words[i+1]) * mul
	}
	for _, w := range words[whole:] {
		lanes[0] = turned(lanes[0]^w) * mul
	}
	sum := mix(lanes[0] ^ mix(lanes[1]))
	return append(fmt.Appendf(nil, "%016x%016x%016x", item, version, sum), rest...)
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
