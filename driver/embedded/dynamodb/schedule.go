package dynamodb

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A schedule says when a scheduled action is due (Application Auto Scaling User Guide,
// "Schedule recurring scaling actions using cron expressions": at, rate and cron).
type schedule struct {
	once   time.Time     // at
	every  time.Duration // rate
	fields [6]*field     // cron: minutes, hours, days of month, months, days of week, years
	zone   *time.Location
}

// A field is the values of a cron expression's field; nil is any.
type field map[int]bool

func (f *field) has(n int) bool { return f == nil || (*f)[n] }

// next returns the first time after another at which the schedule is due, counted from a start
// for a rate; the zero time is never.
func (s *schedule) next(after, from time.Time) time.Time {
	switch {
	case s.every > 0:
		if after.Before(from) {
			return from
		}
		return from.Add((after.Sub(from)/s.every + 1) * s.every)
	case !s.once.IsZero():
		if s.once.After(after) {
			return s.once
		}
		return time.Time{}
	}
	return s.cron(after.In(s.zone))
}

// cron walks from the largest field that does not fit to the next value of it.
func (s *schedule) cron(after time.Time) time.Time {
	t := after.Truncate(time.Minute).Add(time.Minute)
	for limit := after.AddDate(10, 0, 0); t.Before(limit); {
		year, month, day := t.Date()
		switch {
		case !s.fields[5].has(year):
			t = time.Date(year+1, 1, 1, 0, 0, 0, 0, s.zone)
		case !s.fields[3].has(int(month)):
			t = time.Date(year, month+1, 1, 0, 0, 0, 0, s.zone)
		case !s.fields[2].has(day) || !s.fields[4].has(int(t.Weekday())+1):
			t = time.Date(year, month, day+1, 0, 0, 0, 0, s.zone)
		case !s.fields[1].has(t.Hour()):
			t = t.Truncate(time.Minute).Add(time.Duration(60-t.Minute()) * time.Minute)
		case !s.fields[0].has(t.Minute()):
			t = t.Add(time.Minute)
		default:
			return t
		}
	}
	return time.Time{}
}

// parseSchedule reads an expression, in a time zone of the IANA database or, for "", UTC.
func parseSchedule(text, zone string) (*schedule, error) {
	s := &schedule{zone: time.UTC}
	if zone != "" {
		z, err := time.LoadLocation(zone)
		if err != nil {
			return nil, fmt.Errorf("time zone %q is not known", zone)
		}
		s.zone = z
	}
	kind, rest, ok := strings.Cut(text, "(")
	inner, closed := strings.CutSuffix(rest, ")")
	if !ok || !closed {
		return nil, fmt.Errorf("schedule %q: expected at(…), rate(…) or cron(…)", text)
	}
	var err error
	switch kind {
	case "at":
		if s.once, err = time.ParseInLocation("2006-01-02T15:04:05", inner, s.zone); err != nil {
			return nil, fmt.Errorf("schedule %q: expected at(yyyy-mm-ddThh:mm:ss)", text)
		}
	case "rate":
		s.every, err = parseRate(inner)
	case "cron":
		err = s.parseCron(inner)
	default:
		err = fmt.Errorf("expected at(…), rate(…) or cron(…)")
	}
	if err != nil {
		return nil, fmt.Errorf("schedule %q: %w", text, err)
	}
	return s, nil
}

func parseRate(text string) (time.Duration, error) {
	number, unit, _ := strings.Cut(text, " ")
	n, err := strconv.Atoi(number)
	of := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[strings.TrimSuffix(unit, "s")]
	if err != nil || n < 1 || n > 100_000 || of == 0 {
		return 0, fmt.Errorf("expected rate(VALUE UNIT) of minutes, hours or days")
	}
	return time.Duration(n) * of, nil
}

// cronRanges are the fields' least and greatest values, and their names.
var cronRanges = [6]struct {
	low, high int
	names     string // three letters each, from low on
}{
	{0, 59, ""}, {0, 23, ""}, {1, 31, ""}, {1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"}, {1, 7, "SUNMONTUEWEDTHUFRISAT"}, {1970, 2199, ""},
}

func (s *schedule) parseCron(text string) error {
	parts := strings.Fields(text)
	if len(parts) != 6 {
		return fmt.Errorf("expected cron(MINUTES HOURS DAY-OF-MONTH MONTH DAY-OF-WEEK YEAR)")
	}
	for i, part := range parts {
		if part == "*" || part == "?" && (i == 2 || i == 4) {
			continue
		}
		f := field{}
		for _, piece := range strings.Split(part, ",") {
			if err := f.add(piece, i); err != nil {
				return err
			}
		}
		s.fields[i] = &f
	}
	return nil
}

// add adds a value, a range, or steps through either.
func (f *field) add(piece string, i int) error {
	r := cronRanges[i]
	wrong := fmt.Errorf("%q in field %d: expected numbers from %d to %d, ranges A-B, steps A/B or A-B/C", piece, i+1, r.low, r.high)
	values, step, stepped := strings.Cut(piece, "/")
	by := 1
	if stepped {
		n, err := strconv.Atoi(step)
		if err != nil || n < 1 || n > r.high {
			return wrong
		}
		by = n
	}
	from, to, ranged := strings.Cut(values, "-")
	low, okLow := cronValue(from, i)
	high, okHigh := low, true
	switch {
	case values == "*":
		low, high, okLow = r.low, r.high, true
	case ranged:
		high, okHigh = cronValue(to, i)
	case stepped:
		high = r.high
	}
	if !okLow || !okHigh || low > high {
		return wrong
	}
	for n := low; n <= high; n += by {
		(*f)[n] = true
	}
	return nil
}

func cronValue(text string, i int) (int, bool) {
	r := cronRanges[i]
	if at := strings.Index(r.names, strings.ToUpper(text)); len(text) == 3 && at >= 0 && at%3 == 0 {
		return r.low + at/3, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= r.low && n <= r.high
}
