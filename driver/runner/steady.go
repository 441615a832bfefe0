package runner

import (
	"fmt"
	"math"
)

// What FindSteady needs and allows.
const (
	// steadyBatch is the number of values in a batch: the 5 of MSER-5.
	steadyBatch = 5
	// MinSteadyValues is the shortest series in which FindSteady looks for a steady state.
	MinSteadyValues = 10 * steadyBatch
	// steadyCritical is the 99.9th percentile of the largest excursion of a Brownian bridge,
	// which the OLS-CUSUM statistic of a steady series follows (Kolmogorov's distribution;
	// Ploberger and Krämer, Econometrica 60, 1992).
	steadyCritical = 1.95
)

// A Steadiness says where a series settles.
type Steadiness struct {
	From   int    // first value of the steady part; meaningless unless Steady
	Steady bool   // whether there is a steady part
	Reason string // why there is none
}

// FindSteady finds the warm-up in a series of values from equal intervals, and whether what
// follows it is steady.
//
// The warm-up's end is MSER-5's (White, SIMULATION 69, 1997; White, Cobb and Spratt, WSC
// 2000): of all places in the first half of the series, in batches of five values, the one
// after which the mean has the smallest squared standard error. There is no steady state when
// that is the last of these places, since it then might as well lie beyond, or when the level
// of what follows still changes: the cumulated deviations from its mean stray further than
// those of a steady series do with 99.9% probability (the OLS-CUSUM test, with a variance that
// allows for values which depend on those before them).
func FindSteady(series []float64) Steadiness {
	if len(series) < MinSteadyValues {
		return Steadiness{Reason: fmt.Sprintf("%d intervals to judge by, fewer than the %d needed",
			len(series), MinSteadyValues)}
	}
	for _, v := range series {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return Steadiness{Reason: fmt.Sprintf("the series holds %v", v)}
		}
	}
	cut, edge := mser(batchMeans(series, steadyBatch))
	if edge {
		return Steadiness{Reason: fmt.Sprintf("no steady state within %d intervals: still settling half-way", len(series))}
	}
	from := cut * steadyBatch
	if cusum(series[from:]) > steadyCritical {
		return Steadiness{Reason: fmt.Sprintf("no steady state within %d intervals: the level changes", len(series))}
	}
	return Steadiness{From: from, Steady: true}
}

// batchMeans returns the means of each size values; a rest at the end is left out.
func batchMeans(series []float64, size int) []float64 {
	means := make([]float64, len(series)/size)
	for i := range means {
		for _, v := range series[i*size:][:size] {
			means[i] += v / float64(size)
		}
	}
	return means
}

// mser returns the number of values to cut so that the squared standard error of the mean of
// the rest is smallest, among cuts of at most half; edge means that it is the largest such
// cut. Among equals it returns the smallest.
func mser(values []float64) (cut int, edge bool) {
	half := len(values) / 2
	best := math.Inf(1)
	for d := 0; d <= half; d++ {
		mean, sum := deviations(values[d:])
		n := float64(len(values) - d)
		if negligible(sum, n, mean) {
			sum = 0
		}
		if g := sum / (n * n); g < best {
			best, cut = g, d
		}
	}
	return cut, cut == half
}

// deviations returns the mean of values, and the sum of squared deviations from it.
func deviations(values []float64) (mean, squares float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return mean, squares
}

// negligible reports whether n squared deviations sum to no more than rounding makes of a
// constant.
func negligible(squares, n, mean float64) bool { return squares <= n*math.Pow(1e-9*mean, 2) }

// cusum returns the OLS-CUSUM statistic of a series: the largest absolute cumulated deviation
// from the mean, over the long-run standard deviation times √n. A series without variance has
// none to stray: 0.
//
// The variance is that around two levels, one up to where the deviation is largest and one
// from there, as a change there would have it: a change would otherwise enlarge the variance
// that it is measured by, and hide, the more so the nearer it is to the end (Vogelsang,
// Journal of Econometrics 88, 1999, shows the effect).
func cusum(series []float64) float64 {
	mean, variance := deviations(series)
	n := len(series)
	if negligible(variance, float64(n), mean) {
		return 0
	}
	cumulated, largest, at := 0.0, 0.0, 1
	for i, v := range series[:n-1] {
		cumulated += v - mean
		if math.Abs(cumulated) > largest {
			largest, at = math.Abs(cumulated), i+1
		}
	}
	before, _ := deviations(series[:at])
	after, _ := deviations(series[at:])
	residuals := make([]float64, n)
	for i, v := range series {
		residuals[i] = v - before
		if i >= at {
			residuals[i] = v - after
		}
	}
	if variance = longRun(residuals); negligible(variance, float64(n), mean) {
		return math.Inf(1) // two constant levels
	}
	return largest / math.Sqrt(variance)
}

// longRun returns n times the long-run variance of n values with mean 0: the sum of their
// squares and of their products at lags up to 1.5 ∛n, by Bartlett's weights, which keep it
// from being negative (Newey and West, Econometrica 55, 1987).
func longRun(values []float64) float64 {
	lags := int(1.5 * math.Cbrt(float64(len(values))))
	sum := 0.0
	for lag := 0; lag <= lags; lag++ {
		weight := 2 * (1 - float64(lag)/float64(lags+1))
		if lag == 0 {
			weight = 1
		}
		for i := lag; i < len(values); i++ {
			sum += weight * values[i] * values[i-lag]
		}
	}
	return sum
}
