package imports

import (
	"math"
)

const (
	maxTheta   = 5.0
	fewestKeys = 5 // ranks that a fit needs
	// hotGain is how much closer, in nats an access (Kullback-Leibler), a fit must come for each
	// key that is taken out of it: twenty times less than one key of 10% among zipfian ones gives.
	hotGain   = 2e-4
	hotSigmas = 4.0 // and by so many standard deviations of a count
	mostHot   = 8
)

// A ZipfFit is how skewed accesses are.
type ZipfFit struct {
	Theta    float64 // rank k has the weight k^-Theta
	Error    float64 // standard error of Theta, widened where the shares do not follow the fit
	Residual float64 // root mean square of ln(share seen / share fitted) over the ranks
	Ranks    int
	Keys     float64 // that the ranks are among

	loss float64 // cross entropy of the shares and the fit, in nats
}

// harmonic returns the sum of k^-theta for k from 1 to n: the first terms one by one, the rest
// by the Euler-Maclaurin formula.
func harmonic(n, theta float64) float64 {
	const exact = 1000
	sum := 0.0
	for k := 1.0; k <= math.Min(n, exact); k++ {
		sum += math.Pow(k, -theta)
	}
	if n <= exact {
		return sum
	}
	a, b := math.Pow(exact, -theta), math.Pow(n, -theta)
	integral := math.Log(n / exact)
	if math.Abs(theta-1) > 1e-9 {
		integral = (n*b - exact*a) / (1 - theta)
	}
	return sum + integral + (b-a)/2 + theta*(a/exact-b/n)/12
}

// FitZipf fits a zipfian distribution over n keys to the shares of the most popular ones, in
// falling order, by maximum likelihood, the keys that are not listed being one more cell. It
// returns false when there is too little to fit. weight is how many accesses the shares are of.
func FitZipf(shares []float64, n, weight float64) (ZipfFit, bool) {
	if len(shares) < fewestKeys || n <= float64(len(shares)) || !(weight > 0) {
		return ZipfFit{}, false
	}
	rest := 1.0
	for _, s := range shares {
		if !(s > 0) {
			return ZipfFit{}, false
		}
		rest -= s
	}
	rest = math.Max(rest, 0)
	cells := func(theta float64) (p []float64, remaining float64) {
		h := harmonic(n, theta)
		remaining = 1
		for k := range shares {
			x := math.Pow(float64(k+1), -theta) / h
			p = append(p, x)
			remaining -= x
		}
		return p, math.Max(remaining, 1e-12)
	}
	loss := func(theta float64) float64 {
		p, remaining := cells(theta)
		sum := -rest * math.Log(remaining)
		for k, s := range shares {
			sum -= s * math.Log(p[k])
		}
		return sum
	}
	theta := minimum(loss, 0, maxTheta)
	f := ZipfFit{Theta: theta, Ranks: len(shares), Keys: n, loss: loss(theta)}
	const step = 1e-3
	curvature := (loss(theta+step) - 2*loss(theta) + loss(math.Abs(theta-step))) / (step * step) * weight
	p, remaining := cells(theta)
	chi := weight * (rest - remaining) * (rest - remaining) / remaining
	squares := 0.0
	for k, s := range shares {
		chi += weight * (s - p[k]) * (s - p[k]) / p[k]
		squares += math.Log(s/p[k]) * math.Log(s/p[k])
	}
	spread := math.Max(1, chi/float64(len(shares)-1))
	f.Error = math.Sqrt(spread / math.Max(curvature, 1e-12))
	f.Residual = math.Sqrt(squares / float64(len(shares)))
	return f, true
}

// minimum finds where f, which has one minimum between low and high, is least, by golden section.
func minimum(f func(float64) float64, low, high float64) float64 {
	ratio := (math.Sqrt(5) - 1) / 2
	a, b := high-ratio*(high-low), low+ratio*(high-low)
	fa, fb := f(a), f(b)
	for range 60 {
		if fa < fb {
			high, b, fb = b, a, fa
			a = high - ratio*(high-low)
			fa = f(a)
		} else {
			low, a, fa = a, b, fb
			b = low + ratio*(high-low)
			fb = f(b)
		}
	}
	return (low + high) / 2
}

// Skew splits the shares of the most popular keys, in falling order, into those of hot keys and
// a fit of the rest. As many keys are hot as brings the whole closest to what was seen, each
// paying for itself: a zipfian distribution explains its own most popular keys. A key below
// hotShare is not hot.
func Skew(shares []float64, n, weight float64) (hot int, fit ZipfFit, ok bool) {
	price := max(hotGain, hotSigmas*hotSigmas/(2*weight))
	best, left, named := math.Inf(1), 1.0, 0.0
	for h := 0; h <= min(mostHot, len(shares)); h++ {
		if h > 0 {
			s := shares[h-1]
			if s < hotShare || left-s <= 0 {
				break
			}
			left -= s
			named -= s * math.Log(s)
		}
		rest := make([]float64, 0, len(shares)-h)
		for _, s := range shares[h:] {
			rest = append(rest, s/left)
		}
		f, fits := FitZipf(rest, n-float64(h), weight*left)
		if !fits {
			break
		}
		if loss := named + left*(f.loss-math.Log(left)) + float64(h)*price; loss < best {
			best, hot, fit, ok = loss, h, f, true
		}
	}
	return hot, fit, ok
}
