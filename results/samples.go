package results

import (
	"math"
	"strconv"
	"strings"
)

// SamplesBeyond is how many samples must lie beyond a percentile before it is printed
// (docs/fairness.md, rule 13).
const SamplesBeyond = 100

// EnoughSamples reports whether n samples carry quantile q (0 <= q < 1): at least
// SamplesBeyond of them lie beyond it. A maximum (q = 1) needs one sample.
func EnoughSamples(n int64, q float64) bool { return n >= NeededSamples(q) }

// NeededSamples returns how many samples quantile q needs: SamplesBeyond / (1 - q), rounded
// up, or 1 for a maximum.
func NeededSamples(q float64) int64 {
	if q >= 1 {
		return 1
	}
	// 1-0.999 is a little more or less than 0.001 in binary; the tolerance keeps the count
	// at the decimal value that was meant.
	return int64(math.Ceil(SamplesBeyond/(1-q) - 1e-6))
}

// Quantile returns the quantile that a percentile's name stands for: "p50" is 0.5, "p99.9"
// is 0.999, "max" is 1.
func Quantile(name string) (float64, bool) {
	if name == "max" {
		return 1, true
	}
	digits, ok := strings.CutPrefix(name, "p")
	if !ok {
		return 0, false
	}
	p, err := strconv.ParseFloat(digits, 64)
	if err != nil || math.IsNaN(p) || p < 0 || p >= 100 {
		return 0, false
	}
	// Round so that "p99.9" gives the same number as the literal 0.999.
	return math.Round(p*1e9) / 1e11, true
}
