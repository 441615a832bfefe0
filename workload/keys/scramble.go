package keys

import "math/bits"

// A Scramble is a bijection of [0, n) that looks random: rank and place become independent,
// and the most popular item stays exactly as popular. It is a four-round Feistel network over
// the next even number of bits, walked along its cycle until it lands inside [0, n).
type Scramble struct {
	n    uint64
	half uint // bits in one half
	keys [4]uint64
}

// NewScramble returns the bijection of [0, n) that seed names, n >= 1.
func NewScramble(seed, n uint64) Scramble {
	s := Scramble{n: n, half: uint(bits.Len64(n-1)+1) / 2}
	if s.half == 0 {
		s.half = 1
	}
	for i := range s.keys {
		seed = Mix(seed + 0x9e3779b97f4a7c15)
		s.keys[i] = seed
	}
	return s
}

// Of returns where x goes, 0 <= x < n. A walk takes fewer than four steps on average.
func (s *Scramble) Of(x uint64) uint64 {
	half := s.half & 63
	mask := uint64(1)<<half - 1
	for {
		left, right := x>>half, x&mask
		left ^= Mix(right^s.keys[0]) & mask
		right ^= Mix(left^s.keys[1]) & mask
		left ^= Mix(right^s.keys[2]) & mask
		right ^= Mix(left^s.keys[3]) & mask
		x = left<<half | right
		if x < s.n {
			return x
		}
	}
}

// Mix is SplitMix64's finaliser (Steele, Lea and Flood, OOPSLA 2014): a bijection of 64-bit
// words in which every input bit reaches every output bit.
func Mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
