package demand

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
)

// The calendar of a profile: months of 730 hours, as the AWS Pricing Calculator has them.
const (
	MonthHours    = 730
	minutesAnHour = 60
	minutesADay   = hoursADay * minutesAnHour
	monthsAYear   = 12
	// maxDays bounds a pattern: eight weeks.
	maxDays = 56
)

// An Event is a stretch of extra load in one month of each year: a sale, a launch, a batch.
type Event struct {
	Month int     // of the year, from 1, the horizon's first month being the first
	Hours int     // whole hours that it lasts, 1 to 120
	Load  float64 // throughout, as a multiple of the mean
}

// maxEventHours bounds an event.
const maxEventHours = 120

// A Profile is how a load moves about its mean: a pattern of whole days, minute by minute, that
// repeats; a factor for each month of the year; and events. Multipliers of the mean are of mean 1,
// the pattern's over itself and the months' over a year; events come on top.
type Profile struct {
	minutes []float64 // the pattern
	hours   []float64 // its means by the hour
	highest float64   // of the minutes
	fine    bool      // known by the minute, not interpolated from hours
	season  [monthsAYear]float64
	events  []Event
	derived *sync.Map // see Derived
}

// Derived returns what make computes from p alone for a key, computed once: searches price one
// profile thousands of times. Safe for concurrent use.
func (p *Profile) Derived(key any, make func() any) any {
	if v, ok := p.derived.Load(key); ok {
		return v
	}
	v, _ := p.derived.LoadOrStore(key, make())
	return v
}

// Flat returns the profile of a load that does not move.
func Flat() *Profile {
	p, _ := FromHours(make([]float64, hoursADay))
	return p
}

// FromHours returns the profile whose pattern has these loads by the hour, of whole days: any
// scale, and all of them zero for a flat one. Within the hour the load moves as a parabola
// that runs on smoothly into its neighbours and keeps each hour's mean, and not below zero.
func FromHours(loads []float64) (*Profile, error) {
	p, err := newProfile(loads, minutesAnHour)
	if err != nil {
		return nil, err
	}
	n := len(p.hours)
	p.minutes = make([]float64, 0, n*minutesAnHour)
	for h, mean := range p.hours {
		from := (p.hours[(h+n-1)%n] + mean) / 2
		to := (mean + p.hours[(h+1)%n]) / 2
		bow := mean - (from+to)/2
		start := len(p.minutes)
		sum := 0.0
		for i := range minutesAnHour {
			t := (float64(i) + 0.5) / minutesAnHour
			v := max(0, from+(to-from)*t+6*bow*t*(1-t))
			p.minutes = append(p.minutes, v)
			sum += v
		}
		if sum > 0 { // keep the hour's mean, of which clipping and the sum's steps take a little
			for i := start; i < len(p.minutes); i++ {
				p.minutes[i] *= mean * minutesAnHour / sum
			}
		}
	}
	p.highest = slices.Max(p.minutes)
	return p, nil
}

// FromMinutes returns the profile whose pattern has these loads by the minute, of whole days.
func FromMinutes(loads []float64) (*Profile, error) {
	p, err := newProfile(loads, 1)
	if err != nil {
		return nil, err
	}
	p.minutes, p.fine = p.hours, true
	p.hours = make([]float64, len(loads)/minutesAnHour)
	for i, v := range p.minutes {
		p.hours[i/minutesAnHour] += v / minutesAnHour
	}
	p.highest = slices.Max(p.minutes)
	return p, nil
}

// newProfile scales loads at a step of so many minutes to a mean of 1, into hours.
func newProfile(loads []float64, step int) (*Profile, error) {
	days := len(loads) * step / minutesADay
	if days < 1 || days > maxDays || len(loads)*step%minutesADay != 0 {
		return nil, fmt.Errorf("a pattern of %d steps of %d minutes, expected whole days, 1 to %d of them", len(loads), step, maxDays)
	}
	sum := 0.0
	for i, v := range loads {
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			return nil, fmt.Errorf("a load of %v in step %d of a pattern", v, i+1)
		}
		sum += v
	}
	p := &Profile{hours: make([]float64, len(loads)), derived: &sync.Map{}}
	for i, v := range loads {
		p.hours[i] = 1
		if sum > 0 {
			p.hours[i] = v * float64(len(loads)) / sum
		}
	}
	for m := range p.season {
		p.season[m] = 1
	}
	return p, nil
}

// WithWeek returns p with its day repeated over a week, times factors for its seven days, of any
// scale. The pattern must be one day.
func (p *Profile) WithWeek(days []float64) (*Profile, error) {
	if len(p.hours) != hoursADay || len(days) != daysAWeek {
		return nil, fmt.Errorf("%d days of a week on a pattern of %d hours, expected 7 on a day's", len(days), len(p.hours))
	}
	var loads []float64
	for _, d := range days {
		if !(d >= 0) || math.IsInf(d, 0) {
			return nil, fmt.Errorf("a day's factor of %v", d)
		}
		list := p.hours
		if p.fine {
			list = p.minutes
		}
		for _, v := range list {
			loads = append(loads, v*d)
		}
	}
	from := FromHours
	if p.fine {
		from = FromMinutes
	}
	out, err := from(loads)
	if err != nil {
		return nil, err
	}
	out.season, out.events = p.season, p.events
	return out, nil
}

// WithSeason returns p with factors for the twelve months of a year, of any scale.
func (p *Profile) WithSeason(months []float64) (*Profile, error) {
	sum := 0.0
	for _, v := range months {
		if !(v >= 0) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("a month's factor of %v", v)
		}
		sum += v
	}
	if len(months) != monthsAYear || sum == 0 {
		return nil, fmt.Errorf("factors for %d months that add up to %v, expected 12 and more than nothing", len(months), sum)
	}
	out := *p
	out.derived = &sync.Map{}
	for m, v := range months {
		out.season[m] = v * monthsAYear / sum
	}
	return &out, nil
}

// WithEvents returns p with events: at most one a month, and none below the load that it
// interrupts.
func (p *Profile) WithEvents(events []Event) (*Profile, error) {
	var errs []error
	taken := map[int]bool{}
	for _, e := range events {
		if e.Month < 1 || e.Month > monthsAYear || e.Hours < 1 || e.Hours > maxEventHours || !(e.Load > 0) || math.IsInf(e.Load, 0) || taken[e.Month] {
			errs = append(errs, fmt.Errorf("an event in month %d of %d hours at %v times the mean, expected a month from 1 to 12 that has no other, 1 to %d hours and more than nothing", e.Month, e.Hours, e.Load, maxEventHours))
		}
		taken[e.Month] = true
	}
	out := *p
	out.derived = &sync.Map{}
	out.events = append([]Event(nil), events...)
	return &out, errors.Join(errs...)
}

// Hours returns the pattern's loads by the hour, as multiples of the mean. It must not be changed.
func (p *Profile) Hours() []float64 { return p.hours }

// Minutes returns the pattern's loads by the minute, as multiples of the mean. It must not be changed.
func (p *Profile) Minutes() []float64 { return p.minutes }

// Season returns the factor of a month of the horizon, the first being 0.
func (p *Profile) Season(month int) float64 { return p.season[month%monthsAYear] }

// Event returns the event of a month of the horizon.
func (p *Profile) Event(month int) (Event, bool) {
	for _, e := range p.events {
		if e.Month == month%monthsAYear+1 {
			return e, true
		}
	}
	return Event{}, false
}

// Even reports whether every month has the same load.
func (p *Profile) Even() bool {
	for _, v := range p.season {
		if v != p.season[0] {
			return false
		}
	}
	return len(p.events) == 0
}

// Mean returns a month's mean load, its event included.
func (p *Profile) Mean(month int) float64 {
	mean := p.Season(month)
	if e, ok := p.Event(month); ok {
		// The event stands in for as many hours of the pattern, which are taken to be mean ones.
		mean += (e.Load - mean) * float64(e.Hours) / MonthHours
	}
	return mean
}

// Peak returns a month's highest load: its busiest hour's, or its busiest minute's where the
// pattern is known by the minute.
func (p *Profile) Peak(month int) float64 {
	if p.fine {
		return p.Highest(month)
	}
	peak := slices.Max(p.hours) * p.Season(month)
	if e, ok := p.Event(month); ok {
		peak = max(peak, e.Load)
	}
	return peak
}

// Highest returns a month's busiest minute.
func (p *Profile) Highest(month int) float64 {
	peak := p.highest * p.Season(month)
	if e, ok := p.Event(month); ok {
		peak = max(peak, e.Load)
	}
	return peak
}

// Busiest returns the highest load of a year.
func (p *Profile) Busiest() float64 {
	peak := 0.0
	for m := range monthsAYear {
		peak = max(peak, p.Peak(m))
	}
	return peak
}
