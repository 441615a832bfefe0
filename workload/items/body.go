package items

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
)

// HeaderLen is the length of a body's header: item, version and checksum, 16 hex digits each.
// A body at least as long carries it and can be checked.
const HeaderLen = 48

// alphabet has 64 letters that neither JSON nor a shell needs quoted.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// pairs maps 12 bits to two letters, so that five of them use 60 of a word's 64 bits.
var pairs = func() (p [4096]uint16) {
	for i := range p {
		p[i] = uint16(alphabet[i&63]) | uint16(alphabet[i>>6])<<8
	}
	return p
}()

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
	for len(rest) > 0 {
		stretch := rest[:min(block, len(rest))]
		rest = rest[len(stretch):]
		letters := len(stretch) - int(compressibility*float64(len(stretch)))
		var done int
		done, state, sum = groups(stretch[:letters], state, sum)
		state = random(stretch[done:letters], state)
		for at := letters; at < len(stretch); {
			at += copy(stretch[at:], pattern)
		}
		// A stretch is a whole number of the checksum's words but for the last one.
		sum = fold(sum, stretch[done:])
	}
	if n >= HeaderLen {
		putHex(body[0:16], item)
		putHex(body[16:32], version)
		putHex(body[32:48], mix(sum))
	}
	return dst
}

// step is what state moves by from one word of letters to the next; the others are its
// multiples.
const (
	step  = 0x9e3779b97f4a7c15
	step2 = 2 * step & (1<<64 - 1)
	step3 = 3 * step & (1<<64 - 1)
	step4 = 4 * step & (1<<64 - 1)
)

// groupLen is the length that four words of ten letters and five of the checksum's words share.
const groupLen = 40

// lastLen is what groups leave of a stretch.
const lastLen = block % groupLen

// groups fills as many whole groups of dst as there are with letters drawn from state, and
// folds them into sum on their way to memory: the checksum's chain of multiplications is the
// longest there is, and making the letters fits into its shade. It returns how many bytes it
// filled, and what state and sum have become.
func groups(dst []byte, state, sum uint64) (int, uint64, uint64) {
	done := 0
	for ; len(dst)-done >= groupLen; done += groupLen {
		to := (*[groupLen]byte)(dst[done:])
		a, b, c, d := mix(state+step), mix(state+step2), mix(state+step3), mix(state+step4)
		state += step4
		b8, c8, d8 := eight(b), eight(c), eight(d)
		b2, c2 := two(b), two(c)

		w := eight(a)
		binary.LittleEndian.PutUint64(to[0:], w)
		sum = foldWord(sum, w)
		w = two(a) | b8<<16
		binary.LittleEndian.PutUint64(to[8:], w)
		sum = foldWord(sum, w)
		w = b8>>48 | b2<<16 | c8<<32
		binary.LittleEndian.PutUint64(to[16:], w)
		sum = foldWord(sum, w)
		w = c8>>32 | c2<<32 | d8<<48
		binary.LittleEndian.PutUint64(to[24:], w)
		sum = foldWord(sum, w)
		w = d8>>16 | two(d)<<48
		binary.LittleEndian.PutUint64(to[32:], w)
		sum = foldWord(sum, w)
	}
	if len(dst)-done != lastLen {
		return done, state, sum
	}
	// What a whole stretch leaves: ten letters of a word and six of the next.
	to := (*[lastLen]byte)(dst[done:])
	a, b := mix(state+step), mix(state+step2)
	w := eight(a)
	binary.LittleEndian.PutUint64(to[0:], w)
	sum = foldWord(sum, w)
	w = two(a) | eight(b)<<16
	binary.LittleEndian.PutUint64(to[8:], w)
	return done + lastLen, state + step2, foldWord(sum, w)
}

// eight returns the first eight of the ten letters that w's low 60 bits stand for, the first
// in the lowest byte.
func eight(w uint64) uint64 {
	return uint64(pairs[w&4095]) | uint64(pairs[w>>12&4095])<<16 |
		uint64(pairs[w>>24&4095])<<32 | uint64(pairs[w>>36&4095])<<48
}

// two returns the other two.
func two(w uint64) uint64 { return uint64(pairs[w>>48&4095]) }

// random fills dst with letters drawn from state, and returns what state has become.
func random(dst []byte, state uint64) uint64 {
	for len(dst) >= 10 {
		state += step
		putTen(dst, mix(state))
		dst = dst[10:]
	}
	if len(dst) > 0 {
		var ten [10]byte
		state += step
		putTen(ten[:], mix(state))
		copy(dst, ten[:])
	}
	return state
}

func putTen(dst []byte, w uint64) {
	to := (*[10]byte)(dst)
	binary.LittleEndian.PutUint64(to[0:], eight(w))
	binary.LittleEndian.PutUint16(to[8:], uint16(two(w)))
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

// checksum folds a body, past its header, into 64 bits; a changed byte changes it for certain,
// since each step is a bijection of the state.
func checksum(rest []byte, item, version uint64) uint64 {
	return mix(fold(firstSum(len(rest), item, version), rest))
}

// firstSum is the checksum's state before the first byte.
func firstSum(n int, item, version uint64) uint64 { return mix(item) ^ version ^ uint64(n) }

// fold takes bytes into the checksum's state, eight at a time as long as there are.
func fold(sum uint64, b []byte) uint64 {
	for len(b) >= 8 {
		sum = foldWord(sum, binary.LittleEndian.Uint64(b))
		b = b[8:]
	}
	for _, c := range b {
		sum = foldWord(sum, uint64(c))
	}
	return sum
}

func foldWord(sum, w uint64) uint64 {
	sum = (sum ^ w) * step
	return sum ^ sum>>29
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
	ok = okItem && okVersion && okSum && of == item && sum == checksum(body[HeaderLen:], item, version)
	return version, ok
}

// mix is SplitMix64's finaliser (Steele, Lea and Flood, OOPSLA 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
