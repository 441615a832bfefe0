package compare

import "math"

// Power is with what probability the repetitions that a comparison asks for decide.
const Power = 0.9

// fewest is how many repetitions a side is asked for at least: docs/fairness.md, rule 14.
const fewest = 5

// mostRepetitions bounds what is asked for. Where more would be needed, longer runs or a
// quieter machine are the better answer.
const mostRepetitions = 100

// needed returns how many repetitions each side needs in all, mostRepetitions+1 when that many
// would not do. Two things would decide: that a difference as large as the one seen is told
// from none, at level alpha/family, or that the interval fits within the margin. The spread of
// a repetition is taken as seen; the sooner of the two counts.
func needed(d, margin float64, base, head sample, alpha float64, family int) int {
	spread := base.variance*float64(len(base.each)) + head.variance*float64(len(head.each))
	for n := max(2, min(len(base.each), len(head.each))); n <= mostRepetitions; n++ {
		if min(len(base.each), len(head.each)) < 2 && n < fewest {
			continue // nothing is known yet of how far repetitions differ
		}
		se := math.Sqrt(spread / float64(n))
		t := student(float64(2 * (n - 1)))
		power := t.Quantile(Power)
		detect := math.Abs(d) >= se*(t.Quantile(1-alpha/(2*float64(family)))+power) &&
			leastPermutation(n, n) <= alpha
		// The interval may stick out on either side.
		fits := margin-math.Abs(d) >= se*(t.Quantile(1-alpha/2)+t.Quantile((1+Power)/2))
		if d != 0 && detect || fits {
			return n
		}
	}
	return mostRepetitions + 1
}
