package items

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"slices"
)

// HeaderLen is the length of a body's header: item, version and checksum, 16 hex digits each.
// A body at least as long carries it and can be checked.
const HeaderLen = 48

// alphabet is of typed attributes' random strings: 64 letters that neither JSON nor a shell
// needs quoted.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// pattern is what the compressible share of a body repeats.
const pattern = "abcdefghijklmnopabcdefghijklmnop"

// block is the stretch within which a body's random part and its repeating part are mixed.
const block = 256

// Body appends n bytes to dst: the body of an item's version under a seed. The share
// compressibility (0 to 1) of each 256 bytes past the header repeats one pattern; the rest has
// 6 random bits a byte.
func Body(dst []byte, seed, item, version uint64, n int, compressibility float64) []byte {
	start := len(dst)
	dst = slices.Grow(dst, max(n, 0))[:start+max(n, 0)]
	body := dst[start:]
	rest := body
	if n >= HeaderLen {
		rest = body[HeaderLen:]
	}
	state := mix(seed ^ mix(item+0x9e3779b97f4a7c15) ^ mix(version+0xbf58476d1ce4e5b9))
	sum := firstSum(len(rest), item, version)
	done := 0
	if compressibility == 0 {
		done, state, sum = groups(rest, state, sum)
	}
	for left := rest[done:]; len(left) > 0; {
		stretch := left[:min(block, len(left))]
		left = left[len(stretch):]
		letters := len(stretch) - int(compressibility*float64(len(stretch)))
		state = random(stretch[:letters], state)
		for at := letters; at < len(stretch); {
			at += copy(stretch[at:], pattern)
		}
	}
	if n >= HeaderLen {
		putHex(body[0:16], item)
		putHex(body[16:32], version)
		putHex(body[32:48], sum.of(rest[done:]))
	}
	return dst
}

// Letters are drawn two words at a time: both halves of a product of two 64-bit factors, which
// follow from a counter that moves by step (as in Wang Yi's wyrand, public domain, 2019). Six
// bits of each byte choose a letter.
const (
	step   = 0x9e3779b97f4a7c15 // 2^64 / golden ratio: Knuth, TAOCP 3, 6.4
	factor = 0xe7037ed1a0b428db // any odd number with about as many ones as zeroes
	turn   = 29                 // keeps the two words of a product apart
	sumMul = 0x9fb21c651e98df25 // odd, so that multiplying by it is a bijection
)

const (
	everyByte = 0x0101010101010101
	lowSix    = 0x3f * everyByte
	// A byte's six bits are a letter of two runs of 32, '-' to 'L' and ']' to '|', of which JSON
	// needs none escaped: the quotation mark and the backslash lie outside.
	firstLetter = '-' * everyByte
	gapHalf     = 0x10 * everyByte // the gap between the runs, which bit 5 adds when halved
)

// constants are those above, where the compiler does not know them: it would load each anew at
// every use, where a variable stays in a register.
var constants = struct{ step, factor, low, first, gap, mul uint64 }{step, factor, lowSix, firstLetter, gapHalf, sumMul}

// groupLen is the length of what the checksum takes at once.
const groupLen = 32

// groups fills as many whole groups of dst as there are with letters drawn from state, and
// takes them into sum on their way to memory. It returns how many bytes it filled, and what
// state and sum have become. It is random and checksum.take in one: making bodies is most of
// what a generator of load does.
func groups(dst []byte, state uint64, sum checksum) (int, uint64, checksum) {
	c := constants
	a, b := sum.a, sum.b
	i := 0
	for ; i <= len(dst)-groupLen; i += groupLen {
		to := (*[groupLen]byte)(dst[i:])
		state += c.step
		hi, lo := bits.Mul64(state, state^c.factor)
		v := (hi ^ lo) & c.low
		w0 := v + c.first + v>>1&c.gap
		v = (hi ^ bits.RotateLeft64(lo, turn)) & c.low
		w1 := v + c.first + v>>1&c.gap
		binary.LittleEndian.PutUint64(to[0:], w0)
		binary.LittleEndian.PutUint64(to[8:], w1)
		a = (bits.RotateLeft64(a^w0, turn) + w1) * c.mul

		state += c.step
		hi, lo = bits.Mul64(state, state^c.factor)
		v = (hi ^ lo) & c.low
		w0 = v + c.first + v>>1&c.gap
		v = (hi ^ bits.RotateLeft64(lo, turn)) & c.low
		w1 = v + c.first + v>>1&c.gap
		binary.LittleEndian.PutUint64(to[16:], w0)
		binary.LittleEndian.PutUint64(to[24:], w1)
		b = (bits.RotateLeft64(b^w0, turn) + w1) * c.mul
	}
	return i, state, checksum{a, b}
}

// letters maps the six low bits of each byte to a letter.
func letters(w uint64) uint64 {
	v := w & lowSix
	return v + firstLetter + v>>1&gapHalf
}

// random fills dst with letters drawn from state, and returns what state has become.
func random(dst []byte, state uint64) uint64 {
	for len(dst) > 0 {
		state += step
		hi, lo := bits.Mul64(state, state^factor)
		if len(dst) >= 16 {
			putTwo(dst, hi, lo)
			dst = dst[16:]
			continue
		}
		var two [16]byte
		putTwo(two[:], hi, lo)
		copy(dst, two[:])
		break
	}
	return state
}

// putTwo writes the two words of a product as sixteen letters.
func putTwo(dst []byte, hi, lo uint64) {
	to := (*[16]byte)(dst)
	binary.LittleEndian.PutUint64(to[0:], letters(hi^lo))
	binary.LittleEndian.PutUint64(to[8:], letters(hi^bits.RotateLeft64(lo, turn)))
}

// putHex writes v as 16 hexadecimal digits.
func putHex(dst []byte, v uint64) {
	binary.BigEndian.PutUint64(dst[0:8], hexOf(v>>32))
	binary.BigEndian.PutUint64(dst[8:16], hexOf(v&(1<<32-1)))
}

// hexOf returns the eight hexadecimal digits of a number below 2^32, the first in the highest
// byte: its nibbles are spread over the bytes, then raised to '0' or, past nine, to 'a'.
func hexOf(v uint64) uint64 {
	v = (v | v<<16) & 0x0000ffff0000ffff
	v = (v | v<<8) & 0x00ff00ff00ff00ff
	v = (v | v<<4) & 0x0f0f0f0f0f0f0f0f
	letters := (v + 0x0606060606060606) >> 4 & 0x0101010101010101
	return v + 0x3030303030303030 + letters*('a'-'0'-10)
}

func getHex(src []byte) (uint64, bool) {
	var raw [8]byte
	if _, err := hex.Decode(raw[:], src); err != nil {
		return 0, false
	}
	return binary.BigEndian.Uint64(raw[:]), true
}

// A checksum is of what follows a body's header. It has two lanes, so that a processor works
// on both at once. A changed byte changes it for certain: each step is a bijection of a lane,
// and of each of the words that it takes in.
type checksum struct{ a, b uint64 }

// firstSum is the checksum before the first of n bytes.
func firstSum(n int, item, version uint64) checksum {
	return checksum{mix(item) ^ uint64(n), version}
}

// of returns the sum when the last bytes have been taken in.
func (s checksum) of(rest []byte) uint64 {
	for ; len(rest) >= groupLen; rest = rest[groupLen:] {
		from := (*[groupLen]byte)(rest)
		w0, w1 := binary.LittleEndian.Uint64(from[0:]), binary.LittleEndian.Uint64(from[8:])
		s.a = (bits.RotateLeft64(s.a^w0, turn) + w1) * sumMul
		w0, w1 = binary.LittleEndian.Uint64(from[16:]), binary.LittleEndian.Uint64(from[24:])
		s.b = (bits.RotateLeft64(s.b^w0, turn) + w1) * sumMul
	}
	for ; len(rest) >= 8; rest = rest[8:] {
		s.a = bits.RotateLeft64(s.a^binary.LittleEndian.Uint64(rest), turn) * sumMul
	}
	if len(rest) > 0 {
		var last [8]byte // zeroes fill up; the length is in firstSum
		copy(last[:], rest)
		s.a = bits.RotateLeft64(s.a^binary.LittleEndian.Uint64(last[:]), turn) * sumMul
	}
	return mix(s.a ^ mix(s.b))
}

// Check reports which version of item a body is, and whether it is whole. A body shorter than
// HeaderLen carries nothing to check and is not ok.
func Check(body []byte, item uint64) (version uint64, ok bool) {
	if len(body) < HeaderLen {
		return 0, false
	}
	of, okItem := getHex(body[0:16])
	version, okVersion := getHex(body[16:32])
	sum, okSum := getHex(body[32:48])
	ok = okItem && okVersion && okSum && of == item && sum == firstSum(len(body)-HeaderLen, item, version).of(body[HeaderLen:])
	return version, ok
}

// mix is SplitMix64's finaliser (Steele, Lea and Flood, OOPSLA 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
