// Package hll holds HyperLogLogs as a server holds them: 2^4 to 2^16 registers, each of six bits
// and, for a HyperMinHash, of further bits of the hash that estimate intersections. Layout and
// result codes are the server's (particle_hll.c), so that a value which a client wrote for one
// can be read by the other; the estimators are those of Ertl, "New cardinality estimation
// algorithms for HyperLogLog sketches" (arXiv:1702.01284), and of Yu and Weber, "HyperMinHash"
// (arXiv:1710.08436).
package hll

import (
	"encoding/binary"
	"math"
	"math/bits"
)

const (
	headBytes   = 11 // flags, index bits, minhash bits, a count that may be kept
	logBits     = 6
	maxLog      = 1<<logBits - 1
	minIndex    = 4
	maxIndex    = 16
	minMinhash  = 4
	maxMinhash  = 51
	maxCombined = 64
)

// A sketch is a HyperLogLog's bytes.
type sketch []byte

func size(index, minhash int) int { return headBytes + ((logBits+minhash)<<index+7)/8 }

func validIndex(n int) bool   { return n >= minIndex && n <= maxIndex }
func validMinhash(n int) bool { return n == 0 || n >= minMinhash && n <= maxMinhash }

func validBits(index, minhash int) bool {
	return validIndex(index) && validMinhash(minhash) && index+minhash <= maxCombined
}

// Valid reports whether a value is a HyperLogLog.
func Valid(b []byte) bool {
	return len(b) >= headBytes && b[0] == 0 && validBits(int(b[1]), int(b[2])) && len(b) == size(int(b[1]), int(b[2]))
}

func newSketch(index, minhash int) sketch {
	s := make(sketch, size(index, minhash))
	s[1], s[2] = byte(index), byte(minhash)
	return s
}

func (s sketch) index() int     { return int(s[1]) }
func (s sketch) minhash() int   { return int(s[2]) }
func (s sketch) registers() int { return 1 << s.index() }

func (s sketch) cached() uint64     { return binary.LittleEndian.Uint64(s[3:]) }
func (s sketch) setCached(n uint64) { binary.LittleEndian.PutUint64(s[3:], n) }

// window returns where the eight bytes begin that hold a register, and how far it lies from
// their low end.
func (s sketch) window(r int) (at, shift int) {
	width := logBits + s.minhash()
	first := width * r
	at = min(first/8, len(s)-headBytes-8)
	return headBytes + at, 64 - (first - 8*at) - width
}

func (s sketch) get(r int) uint64 {
	at, shift := s.window(r)
	return binary.BigEndian.Uint64(s[at:]) >> shift & (1<<(logBits+s.minhash()) - 1)
}

func (s sketch) set(r int, v uint64) {
	at, shift := s.window(r)
	mask := uint64(1<<(logBits+s.minhash())-1) << shift
	binary.BigEndian.PutUint64(s[at:], binary.BigEndian.Uint64(s[at:])&^mask|v<<shift)
}

// add adds an element, and reports whether a register changed.
func (s sketch) add(element []byte) bool {
	low, high := murmur3(element)
	r := int(low & uint64(s.registers()-1))
	hash := low >> s.index() & (1<<s.minhash() - 1)
	v := uint64(min(bits.TrailingZeros64(high)+1, maxLog))<<s.minhash() | hash
	if s.get(r) >= v {
		return false
	}
	s.set(r, v)
	s.setCached(0)
	return true
}

// count estimates how many different elements were added (Ertl, algorithm 6).
func (s sketch) count() uint64 {
	if n := s.cached(); n != 0 {
		return n
	}
	var c [maxLog + 2]int
	for r := range s.registers() {
		c[s.get(r)>>s.minhash()]++
	}
	m := float64(s.registers())
	z := m * tau(float64(c[maxLog+1])/m)
	for k := maxLog + 1; k > 0; k-- {
		z = 0.5 * (z + float64(c[k]))
	}
	z += m * sigma(float64(c[0])/m)
	return uint64(math.RoundToEven(alpha(s.index()) * m * m / z))
}

func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		before := z
		y *= 0.5
		z -= (1 - x) * (1 - x) * y
		if z == before {
			return z / 3
		}
	}
}

func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for {
		x *= x
		before := z
		z += x * y
		y += y
		if z == before {
			return z
		}
	}
}

func alpha(index int) float64 {
	switch index {
	case 4:
		return 0.673
	case 5:
		return 0.697
	case 6:
		return 0.709
	}
	return 0.7213 / (1 + 1.079/float64(int(1)<<index))
}

// template returns the bits that all of the sketches can be brought to: the fewest registers,
// and no minhash unless all have the same.
func template(all []sketch) (index, minhash int) {
	index, minhash = all[0].index(), all[0].minhash()
	for _, s := range all[1:] {
		index = min(index, s.index())
		if s.minhash() != minhash {
			minhash = 0
		}
	}
	return index, minhash
}

// merge takes the larger value of each register; other may have more registers.
func (s sketch) merge(other sketch) {
	drop := 0
	if s.minhash() == 0 {
		drop = other.minhash()
	}
	for r := range other.registers() {
		to := r & (s.registers() - 1)
		if v := other.get(r) >> drop; v > s.get(to) {
			s.set(to, v)
		}
	}
	s.setCached(0)
}

func union(all []sketch) sketch {
	out := newSketch(template(all))
	for _, s := range all {
		out.merge(s)
	}
	return out
}

// used returns how many registers have a value.
func (s sketch) used() (n int) {
	for r := range s.registers() {
		if s.get(r) != 0 {
			n++
		}
	}
	return n
}

// similarity estimates the share of the union's elements that all of the sketches have.
func similarity(all []sketch) float64 {
	index, minhash := template(all)
	if minhash == 0 {
		return float64(intersection(all)) / float64(union(all).count())
	}
	empty := 0
	for _, s := range all {
		if s.used() == 0 {
			empty++
		}
	}
	switch {
	case empty == len(all):
		return math.NaN()
	case empty > 0:
		return 0
	}
	common := newSketch(index, minhash)
	common.merge(all[0])
	for _, s := range all[1:] {
		folded := newSketch(index, minhash)
		folded.merge(s)
		for r := range common.registers() {
			if common.get(r) != folded.get(r) {
				common.set(r, 0)
			}
		}
	}
	chance := 0.0
	if len(all) == 2 {
		chance = collisions(index, minhash, float64(all[0].count()), float64(all[1].count()))
	}
	return max(0, (float64(common.used())-chance)/float64(union(all).used()))
}

// collisions estimates how many registers of two sketches are equal by chance.
func collisions(index, minhash int, a, b float64) float64 {
	registers := float64(int(1) << index)
	sum := 0.0
	for i := 1; i <= maxLog+1; i++ {
		low, high := math.Pow(2, float64(-i))/registers, math.Pow(2, float64(1-i))/registers
		if i == maxLog+1 {
			low = 0
		}
		sum += (math.Pow(1-low, a) - math.Pow(1-high, a)) * (math.Pow(1-low, b) - math.Pow(1-high, b))
	}
	return sum * registers / math.Pow(2, float64(minhash))
}

// intersection estimates how many elements all of the sketches have: from the similarity, or,
// without minhash, by inclusion and exclusion of two or three.
func intersection(all []sketch) uint64 {
	whole := union(all).count()
	if _, minhash := template(all); minhash != 0 {
		j := similarity(all)
		if math.IsNaN(j) {
			return 0
		}
		return uint64(math.Round(float64(whole) * j))
	}
	sum := uint64(0)
	for _, s := range all {
		sum += s.count()
	}
	if len(all) == 2 {
		return sum - min(sum, whole)
	}
	pairs := uint64(0)
	for i := range all {
		for j := range i {
			pairs += intersection([]sketch{all[i], all[j]})
		}
	}
	return uint64(max(0, int64(whole)-int64(sum)+int64(pairs)))
}
