package workload

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// What the scalars of a scenario look like, for errors and the schema.
const (
	bytesForm    = "a size such as 512B, 1KiB or 4MiB"
	durationForm = "a duration such as 500ms, 30s or 5m"
	rateForm     = "a rate such as 5000/s, or {from: 100/s, to: 5000/s}"
	shareForm    = "a share such as 70% or 0.1%"
)

var byteUnits = []struct {
	name string
	size float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"B", 1}}

// ParseBytes reads a size in bytes: a number with B, KiB, MiB, GiB or TiB. KB and MB are
// refused, since sources disagree on what they mean.
func ParseBytes(s string) (uint64, error) {
	for _, u := range byteUnits {
		number, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		v, err := parseNumber(number)
		if err != nil || v < 0 || v*u.size > 1<<60 || v*u.size != math.Trunc(v*u.size) {
			break
		}
		return uint64(v * u.size), nil
	}
	return 0, fmt.Errorf("%s", bytesForm)
}

// bytesHint returns what a size with an ambiguous unit or none may have meant; "" when
// nothing is likely.
func bytesHint(s string) string {
	number := strings.TrimRight(s, "kmgtibKMGTIB ")
	hint := number + "B"
	for _, unit := range []string{"k", "m", "g", "t"} {
		if strings.HasPrefix(strings.TrimLeft(strings.ToLower(s[len(number):]), " "), unit) {
			hint = number + strings.ToUpper(unit) + "iB"
		}
	}
	if _, err := ParseBytes(hint); err != nil {
		return ""
	}
	return hint
}

// ParseDuration reads a duration with its unit, 0 or more.
func ParseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(strings.ReplaceAll(s, "_", ""))
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%s", durationForm)
	}
	return d, nil
}

// ParseRate reads operations per second, minute or hour and returns them per second.
func ParseRate(s string) (float64, error) {
	for unit, seconds := range map[string]float64{"/s": 1, "/min": 60, "/h": 3600} {
		if number, ok := strings.CutSuffix(s, unit); ok {
			v, err := parseNumber(number)
			if err != nil || v < 0 || v > 1e12 {
				break
			}
			return v / seconds, nil
		}
	}
	return 0, fmt.Errorf("%s", rateForm)
}

// ParseShare reads a percentage and returns it as a fraction; it may exceed 1.
func ParseShare(s string) (float64, error) {
	if number, ok := strings.CutSuffix(s, "%"); ok {
		if v, err := parseNumber(number); err == nil && v >= 0 {
			return v / 100, nil
		}
	}
	return 0, fmt.Errorf("%s", shareForm)
}

// parseNumber reads a plain decimal number; underscores may group digits.
func parseNumber(s string) (float64, error) {
	s = strings.TrimSpace(s)
	if s == "" || strings.Trim(s, "0123456789._-+eE") != "" {
		return 0, fmt.Errorf("a number")
	}
	v, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("a number")
	}
	return v, nil
}
