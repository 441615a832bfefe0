package items

import (
	"encoding/binary"
	"encoding/hex"
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
	if n >= HeaderLen {
		dst = append(dst, zeroes[:HeaderLen]...)
	}
	state := mix(seed ^ mix(item+0x9e3779b97f4a7c15) ^ mix(version+0xbf58476d1ce4e5b9))
	end := start + n
	for len(dst) < end {
		stretch := min(block, end-len(dst))
		repeat := int(compressibility * float64(stretch))
		dst = random(dst, stretch-repeat, &state)
		for repeat > 0 {
			k := min(repeat, len(pattern))
			dst = append(dst, pattern[:k]...)
			repeat -= k
		}
	}
	if n >= HeaderLen {
		header(dst[start:end], item, version)
	}
	return dst
}

var zeroes [HeaderLen]byte

// random appends n letters drawn from state.
func random(dst []byte, n int, state *uint64) []byte {
	var ten [10]byte
	for n > 0 {
		*state += 0x9e3779b97f4a7c15
		w := mix(*state)
		for i := 0; i < 10; i += 2 {
			binary.LittleEndian.PutUint16(ten[i:], pairs[w&4095])
			w >>= 12
		}
		k := min(n, 10)
		dst = append(dst, ten[:k]...)
		n -= k
	}
	return dst
}

// header writes item, version and the checksum of what follows.
func header(body []byte, item, version uint64) {
	putHex(body[0:16], item)
	putHex(body[16:32], version)
	putHex(body[32:48], checksum(body[HeaderLen:], item, version))
}

func putHex(dst []byte, v uint64) {
	var raw [8]byte
	binary.BigEndian.PutUint64(raw[:], v)
	hex.Encode(dst, raw[:])
}

func getHex(src []byte) (uint64, bool) {
	var raw [8]byte
	if _, err := hex.Decode(raw[:], src); err != nil {
		return 0, false
	}
	return binary.BigEndian.Uint64(raw[:]), true
}

// checksum folds a body into 64 bits; a changed byte changes it for certain, since each step
// is a bijection of the state.
func checksum(body []byte, item, version uint64) uint64 {
	sum := mix(item) ^ version ^ uint64(len(body))
	for len(body) >= 8 {
		sum = (sum ^ binary.LittleEndian.Uint64(body)) * 0x9e3779b97f4a7c15
		sum ^= sum >> 29
		body = body[8:]
	}
	for _, b := range body {
		sum = (sum ^ uint64(b)) * 0x9e3779b97f4a7c15
		sum ^= sum >> 29
	}
	return mix(sum)
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
