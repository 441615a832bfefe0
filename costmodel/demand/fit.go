package demand

import (
	"math"
	"time"
)

const (
	hoursADay  = 24
	daysAWeek  = 7
	maxRatio   = 12.0 // largest peak-to-mean ratio that a scenario's shape takes
	coarseStep = 0.1
	fineStep   = 0.005
	// weeklyMinimum is the least distance of the busiest and the quietest day of the week, as
	// a share of the mean, that is called a weekly pattern.
	weeklyMinimum = 0.05
	// weeklyRatio is how much more days of the week must vary between than within themselves.
	weeklyRatio = 3.0
)

// A Fit is a day's shape fitted to a curve: the scenario's diurnal, a raised cosine to a power,
// turned to the hour of its peak, times a factor for each day of the week where one is visible.
type Fit struct {
	PeakToMean float64   // of the diurnal shape, 1 to 12
	PeakHour   int       // UTC hour in which the fitted day's peak begins
	Weekly     []float64 // factors of Sunday to Saturday, of mean 1; nil where none is visible
	Residual   float64   // root mean square of curve minus fit, as a share of the mean
	Hours      int       // hours that were fitted
	HighestDay float64   // busiest hour of all, as a multiple of the mean
}

// FitDay fits a day's shape to a curve. It returns false when the curve's steps are longer
// than an hour, or fewer than 20 of a day's hours were ever seen, or nothing happened.
func FitDay(c Curve) (Fit, bool) {
	hours := c.Hours()
	mean := hours.Mean()
	if hours.Step != time.Hour || !(mean > 0) {
		return Fit{}, false
	}
	f := Fit{Weekly: weekly(hours, mean), Hours: hours.Known()}
	peak, _ := hours.Peak()
	f.HighestDay = peak / mean
	var profile, weight [hoursADay]float64
	for i, r := range hours.Rates {
		if at := hours.Start.Add(time.Duration(i) * time.Hour); !math.IsNaN(r) {
			w := f.factor(at)
			profile[at.Hour()] += r * w / mean
			weight[at.Hour()] += w * w
		}
	}
	seen := 0
	for h := range profile {
		if weight[h] > 0 {
			profile[h] /= weight[h]
			seen++
		}
	}
	if seen < 20 {
		return Fit{}, false
	}
	f.shape(profile, weight)
	day := Diurnal(f.PeakToMean)
	sum := 0.0
	for i, r := range hours.Rates {
		if at := hours.Start.Add(time.Duration(i) * time.Hour); !math.IsNaN(r) {
			d := r/mean - f.factor(at)*day[turned(at.Hour(), f.PeakHour)]
			sum += d * d
		}
	}
	f.Residual = math.Sqrt(sum / float64(f.Hours))
	return f, true
}

func (f *Fit) factor(at time.Time) float64 {
	if f.Weekly == nil {
		return 1
	}
	return f.Weekly[at.Weekday()]
}

// turned returns the hour of the shape that an hour of the day falls on: the shape's peak
// takes its hours 11 and 12.
func turned(hour, peakHour int) int { return (hour - peakHour + 11 + hoursADay) % hoursADay }

// shape finds the ratio and the hour of least weighted squares, first coarsely.
func (f *Fit) shape(profile, weight [hoursADay]float64) {
	best := math.Inf(1)
	try := func(ratio float64) {
		day := Diurnal(ratio)
		for peak := range hoursADay {
			sum := 0.0
			for h := range profile {
				d := profile[h] - day[turned(h, peak)]
				sum += weight[h] * d * d
			}
			if sum < best {
				best, f.PeakToMean, f.PeakHour = sum, ratio, peak
			}
		}
	}
	for i := 0; i <= int(math.Round((maxRatio-1)/coarseStep)); i++ {
		try(1 + float64(i)*coarseStep)
	}
	middle := f.PeakToMean
	for i := -int(coarseStep / fineStep); i <= int(coarseStep/fineStep); i++ {
		if ratio := middle + float64(i)*fineStep; ratio >= 1 && ratio <= maxRatio {
			try(ratio)
		}
	}
}

// weekly returns the factors of the days of the week, or nil. A pattern is visible when every
// day of the week was seen twice, most of it each time, and the days of the week differ by more
// than days of one name do among themselves.
func weekly(hours Curve, mean float64) []float64 {
	type day struct{ sum, n float64 }
	days := map[int64]*day{}
	for i, r := range hours.Rates {
		if math.IsNaN(r) {
			continue
		}
		number := hours.Start.Add(time.Duration(i)*time.Hour).Unix() / (hoursADay * 3600)
		if days[number] == nil {
			days[number] = &day{}
		}
		days[number].sum += r
		days[number].n++
	}
	var sums, squares, counts [daysAWeek]float64
	for number, d := range days {
		if d.n >= 20 {
			w := (number + int64(time.Thursday)) % daysAWeek // 1970 began on a Thursday
			if w < 0 {
				w += daysAWeek
			}
			x := d.sum / d.n / mean
			sums[w], squares[w], counts[w] = sums[w]+x, squares[w]+x*x, counts[w]+1
		}
	}
	within, between, low, high, total := 0.0, 0.0, math.Inf(1), 0.0, 0.0
	n := 0.0
	factors := make([]float64, daysAWeek)
	for w := range factors {
		if counts[w] < 2 {
			return nil
		}
		factors[w] = sums[w] / counts[w]
		within += squares[w] - sums[w]*factors[w]
		n += counts[w]
		total += factors[w]
		low, high = min(low, factors[w]), max(high, factors[w])
	}
	for w := range factors {
		factors[w] *= daysAWeek / total
		between += counts[w] * (factors[w] - 1) * (factors[w] - 1)
	}
	between /= daysAWeek - 1
	within = max(within, 0) / (n - daysAWeek)
	if high-low < weeklyMinimum || between < weeklyRatio*within {
		return nil
	}
	return factors
}

// Diurnal returns the multipliers of the mean by hour of a day whose peak is ratio times its
// mean: a raised cosine, highest in the hours 11 and 12, to the power that gives the ratio.
// It is the shape that a scenario's diurnal(peak_to_mean: ratio) means.
func Diurnal(ratio float64) (day [hoursADay]float64) {
	shape := func(power float64) (peak float64) {
		sum := 0.0
		for h := range day {
			day[h] = math.Pow(0.5-0.5*math.Cos(2*math.Pi*(float64(h)+0.5)/hoursADay), power)
			sum += day[h]
		}
		for h := range day {
			day[h] *= hoursADay / sum
			peak = max(peak, day[h])
		}
		return peak
	}
	low, high := 0.0, 500.0
	for range 60 {
		if middle := (low + high) / 2; shape(middle) < ratio {
			low = middle
		} else {
			high = middle
		}
	}
	shape(low)
	return day
}
