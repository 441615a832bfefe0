package runner

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// batchesPerProbe is how many batches a probe's steady part is divided into. Ten to thirty is
// what Schmeiser (Operations Research 30, 1982) recommends: fewer, longer ones, so that each
// depends little on the one before.
const batchesPerProbe = 10

// A sample is how many of n observations, which depend on their neighbours, have a property.
type sample struct {
	n, x    float64
	batches int
	// effect is the design effect: by how much their dependence makes the variance of x / n
	// larger than that of independent observations. It is at least 1.
	effect float64
	// skew is the skewness of the batches' counts, or 0 where it is negative: bursts are seldom and
	// large, so that a sample with few of them shows too few observations and too little variance.
	skew float64
}

// sampleOf counts over the steady parts of probes, and estimates the effect of dependence by
// the variance between batches.
func sampleOf(windows [][]ProbeInterval, count func(*ProbeInterval) (n, x uint64)) sample {
	var ns, xs []float64
	for _, w := range windows {
		for k := range batchesPerProbe {
			part := stretch(w, k, batchesPerProbe)
			var n, x uint64
			for i := range part {
				dn, dx := count(&part[i])
				n, x = n+dn, x+dx
			}
			ns, xs = append(ns, float64(n)), append(xs, float64(x))
		}
	}
	s := sample{batches: len(ns), effect: 1}
	for b := range ns {
		s.n += ns[b]
		s.x += xs[b]
	}
	if s.x == 0 || s.x == s.n || s.batches < 2 {
		return s
	}
	share, squares, cubes := s.x/s.n, 0.0, 0.0
	for b := range ns {
		residual := xs[b] - share*ns[b]
		squares += residual * residual
		cubes += residual * residual * residual
	}
	groups := float64(s.batches)
	between := squares * groups / (groups - 1)
	s.effect = max(1, between/(s.n*share*(1-share)))
	if squares > 0 && s.batches > 2 {
		s.skew = max(0, cubes/groups/math.Pow(squares/groups, 1.5)*math.Sqrt(groups*(groups-1))/(groups-2))
	}
	return s
}

// with returns the sample as if x observations had the property.
func (s sample) with(x uint64) sample {
	s.x = float64(x)
	return s
}

// effective returns how many independent observations the sample is worth.
func (s sample) effective() float64 { return s.n / s.effect }

// upper and lower bound the share of the property in the long run, each from one side: a share
// beyond the bound would have given such a sample with probability alpha at most. They are
// Clopper and Pearson's bounds (Biometrika 26, 1934) for the effective number of observations,
// lessened for the effect's being an estimate, as Korn and Graubard do (Survey Methodology 24,
// 1998). The upper one allows for skewness, too, by the first term of the Edgeworth expansion of
// Student's t inverted (Hall, Annals of Statistics 11, 1983): the quantile t of b batches becomes
// t + skewness (1 + 2t²) / (6 √b). The lower one is left as it is, which errs to the safe side.
func (s sample) upper(alpha float64) float64 {
	n, x := s.scaled(alpha, s.skew)
	if n == 0 || x >= n {
		return 1
	}
	return distuv.Beta{Alpha: x + 1, Beta: n - x}.Quantile(1 - alpha)
}

func (s sample) lower(alpha float64) float64 {
	n, x := s.scaled(alpha, 0)
	if x == 0 {
		return 0
	}
	return distuv.Beta{Alpha: x, Beta: n - x + 1}.Quantile(alpha)
}

// scaled returns the sample's size and count as independent observations, at alpha, for batches
// of a skewness.
func (s sample) scaled(alpha, skew float64) (n, x float64) {
	if s.n < 2 || s.batches < 2 {
		return 0, 0
	}
	known := distuv.StudentsT{Sigma: 1, Nu: s.n - 1}.Quantile(1 - alpha)
	estimated := distuv.StudentsT{Sigma: 1, Nu: float64(s.batches - 1)}.Quantile(1 - alpha)
	estimated += skew * (1 + 2*estimated*estimated) / (6 * math.Sqrt(float64(s.batches)))
	n = min(s.n, s.effective()*math.Pow(known/estimated, 2))
	return n, s.x / s.n * n
}
