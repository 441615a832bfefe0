package compare

import (
	"math"

	"gonum.org/v1/gonum/stat/combin"
	"gonum.org/v1/gonum/stat/distuv"
)

// A sample is one side's value of a metric, on the metric's scale, with what is known of its
// spread.
type sample struct {
	value    float64   // of the repetitions taken together, in the metric's unit
	at       float64   // the same on the metric's scale
	each     []float64 // of each repetition, on the metric's scale
	variance float64   // of at
	df       float64   // degrees of freedom of variance
}

// lone is the degrees of freedom that stand for "only within the run": one repetition says
// nothing of the next one, and its interval is marked.
const lone = 1e6

func (m *metric) on(v float64) float64 {
	if m.scale == ratio {
		return math.Log(v)
	}
	return v
}

// sampleOf pools the repetitions. The variance is that of the delete-one jackknife over
// repetitions (Tukey 1958; Miller, The Jackknife: A Review, Biometrika 61, 1974; for quantiles
// it needs whole groups deleted, as here: Shao and Wu, Annals of Statistics 17, 1989), or
// what the block bootstrap finds within the runs where that is larger: few repetitions can
// agree by luck, but no mean of runs is known better than the runs are.
func (m *metric) sampleOf(reps []*Repetition) sample {
	n := float64(len(reps))
	s := sample{value: m.pool(reps), df: lone}
	s.at = m.on(s.value)
	within := 0.0
	for _, r := range reps {
		s.each = append(s.each, m.on(m.pool([]*Repetition{r})))
		within += m.within(r) * m.within(r)
	}
	within /= n * n
	if len(reps) < 2 {
		s.variance = within
		return s
	}
	rest := make([]*Repetition, 0, len(reps)-1)
	var sum, squares float64
	for i := range reps {
		rest = append(append(rest[:0], reps[:i]...), reps[i+1:]...)
		d := m.on(m.pool(rest)) - s.at
		sum += d
		squares += d * d
	}
	between := (n - 1) / n * max(0, squares-sum*sum/n)
	s.variance, s.df = max(between, within), n-1
	return s
}

// leastVariance is what counts as none: a part in 10^12 is what rounding leaves.
const leastVariance = 1e-24

// welch returns the standard error of a difference and its degrees of freedom (Welch, The
// Generalization of Student's Problem, Biometrika 34, 1947).
func welch(a, b sample) (se, df float64) {
	v := a.variance + b.variance
	if v < leastVariance {
		return 0, a.df + b.df
	}
	return math.Sqrt(v), v * v / (a.variance*a.variance/a.df + b.variance*b.variance/b.df)
}

func student(df float64) distuv.StudentsT { return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df} }

// twoSided returns the p-value of a difference d.
func twoSided(d, se, df float64) float64 {
	switch {
	case d == 0:
		return 1
	case se == 0:
		return 0
	}
	return min(1, 2*student(df).CDF(-math.Abs(d)/se))
}

// exactMax is up to how many ways of dealing the repetitions all are tried; beyond, draws of
// them are.
const exactMax = 20_000

// drawn is how many dealings are drawn where there are too many to try.
const drawn = 9_999

// permutation returns the p-value of the difference of two groups of repetitions by dealing
// them anew: exact where it can be, else by draws with the observed dealing counted in (Phipson
// and Smyth, Permutation P-values Should Never Be Zero, 2010). The statistic is studentised, so
// that it also stands when the groups differ in spread (Chung and Romano, Exact and
// Asymptotically Robust Permutation Tests, Annals of Statistics 41, 2013).
func permutation(name string, a, b []float64) float64 {
	all := append(append([]float64{}, a...), b...)
	n, k := len(all), len(a)
	in := make([]bool, n)
	for i := range k {
		in[i] = true
	}
	observed := studentised(all, in)
	// Sums in another order differ in the last bits.
	bar := observed * (1 - 1e-9)
	extreme, tried := 0, 0
	try := func() {
		tried++
		if studentised(all, in) >= bar {
			extreme++
		}
	}
	if logWays := combin.LogGeneralizedBinomial(float64(n), float64(k)); logWays <= math.Log(exactMax) {
		chosen := make([]int, k)
		for g := combin.NewCombinationGenerator(n, k); g.Next(); {
			g.Combination(chosen)
			clear(in)
			for _, i := range chosen {
				in[i] = true
			}
			try()
		}
		return float64(extreme) / float64(tried)
	}
	rng := source("permutation " + name)
	for range drawn {
		rng.Shuffle(n, func(i, j int) { in[i], in[j] = in[j], in[i] })
		try()
	}
	return float64(extreme+1) / float64(tried+1)
}

// studentised returns the difference of the two groups' means in standard errors, without its
// sign.
func studentised(all []float64, in []bool) float64 {
	var n, mean, squares [2]float64
	for i, x := range all {
		g := 0
		if in[i] {
			g = 1
		}
		n[g]++
		d := x - mean[g]
		mean[g] += d / n[g]
		squares[g] += d * (x - mean[g])
	}
	d := math.Abs(mean[1] - mean[0])
	v := 0.0
	for g := range 2 {
		if n[g] > 1 {
			v += squares[g] / (n[g] - 1) / n[g]
		}
	}
	switch {
	case d == 0:
		return 0
	case v == 0:
		return math.Inf(1)
	}
	return d / math.Sqrt(v)
}

// leastPermutation is the smallest p-value that a permutation of a and b repetitions can give.
func leastPermutation(a, b int) float64 {
	ways := math.Exp(combin.LogGeneralizedBinomial(float64(a+b), float64(a)))
	if a == b {
		return 2 / ways // a dealing and its mirror image are equally far out
	}
	return 1 / ways
}

// holm adjusts p-values for being many (Holm, A Simple Sequentially Rejective Multiple Test
// Procedure, Scandinavian Journal of Statistics 6, 1979). order holds the indices of p,
// ascending by p.
func holm(p []float64, order []int) []float64 {
	out := make([]float64, len(p))
	running := 0.0
	for rank, i := range order {
		running = max(running, min(1, p[i]*float64(len(p)-rank)))
		out[i] = running
	}
	return out
}

// superiority is Vargha and Delaney's A (Journal of Educational and Behavioral Statistics 25,
// 2000): the probability that a repetition of head lies above one of base, ties counted half.
func superiority(base, head []float64) float64 {
	n := 0.0
	for _, h := range head {
		for _, b := range base {
			if h > b {
				n++
			} else if h == b {
				n += 0.5
			}
		}
	}
	return n / float64(len(base)*len(head))
}

// hedges is Hedges' g: the difference of the repetitions' means in their pooled standard
// deviations, corrected for small numbers (Hedges, Journal of Educational Statistics 6, 1981).
// ok is false where there is no spread to hold it against.
func hedges(base, head []float64) (g float64, ok bool) {
	df := float64(len(base) + len(head) - 2)
	mb, sb := spread(base)
	mh, sh := spread(head)
	if df < 1 || sb+sh == 0 {
		return 0, false
	}
	return (mh - mb) / math.Sqrt((sb+sh)/df) * (1 - 3/(4*df-1)), true
}

// spread returns the mean and the sum of squares about it.
func spread(x []float64) (mean, squares float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		squares += (v - mean) * (v - mean)
	}
	return mean, squares
}
