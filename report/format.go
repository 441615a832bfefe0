package report

import (
	"math"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// english groups digits by commas, whatever the machine's locale: a report must not differ
// from one machine to the next.
var english = message.NewPrinter(language.English)

// missing stands for a number that there is none of.
const missing = "–"

// amount shows a value with its unit: money as money and priceText do, everything else to
// three significant digits.
func amount(v float64, unit string) string {
	if !finite(v) {
		return missing
	}
	if unit == "USD" {
		return money(v)
	}
	if per, ok := strings.CutPrefix(unit, "USD/"); ok {
		if per == "month" || per == "year" {
			return money(v) + " / " + per
		}
		return priceText(v) + " / " + per
	}
	switch unit {
	case "bytes":
		return bytesText(v)
	case "share":
		return percent(v)
	case "ns":
		return nanos(int64(v))
	case "":
		return quantity(v)
	}
	if per, ok := strings.CutPrefix(unit, "share/"); ok {
		return percent(v) + " / " + per
	}
	if unit[0] >= '0' && unit[0] <= '9' { // "100 units": 3 of them are 3 × 100 units
		return quantity(v) + " × " + unit
	}
	return quantity(v) + " " + unit
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// money shows US dollars: whole from a hundred on, cents below.
func money(v float64) string {
	switch a := math.Abs(v); {
	case !finite(v):
		return missing
	case a >= 99.995:
		return signed(v, "$"+decimals(a, 0))
	case a > 0 && a < 0.005:
		return priceText(v)
	default:
		return signed(v, "$"+decimals(a, 2))
	}
}

// moneyCents shows US dollars to the cent, as the lines of a bill are rounded.
func moneyCents(v float64) string {
	if !finite(v) {
		return missing
	}
	return signed(v, "$"+decimals(math.Abs(v), 2))
}

// priceText shows a unit price in US dollars with up to six significant digits and at least
// its cents: a price is not rounded to what is convenient.
func priceText(v float64) string {
	if !finite(v) {
		return missing
	}
	s := significant(math.Abs(v), 6)
	if whole, fraction, ok := strings.Cut(s, "."); ok {
		fraction = strings.TrimRight(fraction, "0")
		s = whole + "." + fraction + strings.Repeat("0", max(0, 2-len(fraction)))
	} else {
		s += ".00"
	}
	return signed(v, "$"+s)
}

// limitText shows a limit that somebody set, without zeros that they did not write.
func limitText(v float64, unit string) string {
	number, rest, _ := strings.Cut(amount(v, unit), " ")
	if strings.Contains(number, ".") {
		number = strings.TrimSuffix(strings.TrimRight(number, "0"), ".")
	}
	return strings.TrimSpace(number + " " + rest)
}

// signed puts a minus before the text of a negative value's magnitude.
func signed(v float64, magnitude string) string {
	if v < 0 && strings.ContainsAny(magnitude, "123456789") {
		return "−" + magnitude
	}
	return magnitude
}

// quantity shows a plain number: a whole one in full, others to three significant digits.
func quantity(v float64) string {
	switch a := math.Abs(v); {
	case !finite(v):
		return missing
	case v == math.Trunc(v):
		return signed(v, decimals(a, 0))
	default:
		return signed(v, significant(a, 3))
	}
}

// significant shows v >= 0 in plain decimals with the given number of significant digits; a
// whole part longer than that is not cut.
func significant(v float64, digits int) string {
	if v == 0 {
		return "0"
	}
	places := func(v float64) int {
		return min(max(digits-1-int(math.Floor(math.Log10(v))), 0), 12)
	}
	// Rounding can carry into a digit more: 9.996 is 10.0, not 10.00.
	n := places(v)
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'f', n, 64), 64)
	if err == nil && rounded > 0 {
		n = min(n, places(rounded))
	}
	return decimals(v, n)
}

// decimals shows v >= 0 with n decimals and grouped digits, never with an exponent.
func decimals(v float64, n int) string {
	if v >= 1e18 {
		return "over 10^18"
	}
	whole, fraction, ok := strings.Cut(strconv.FormatFloat(v, 'f', n, 64), ".")
	if i, err := strconv.ParseInt(whole, 10, 64); err == nil {
		whole = english.Sprintf("%d", i)
	}
	if ok {
		return whole + "." + fraction
	}
	return whole
}

// percent shows a share.
func percent(v float64) string {
	p := math.Round(1e9*v) / 1e7 // 100 × 0.07 is a little more than 7 in binary
	switch a := math.Abs(p); {
	case !finite(v):
		return missing
	case a == math.Trunc(a):
		return signed(p, decimals(a, 0)) + " %"
	case a >= 10:
		return signed(p, decimals(a, 1)) + " %"
	default:
		return signed(p, significant(a, 2)) + " %"
	}
}

// bytesText shows bytes in binary units, which is how items and memory are counted here.
func bytesText(v float64) string {
	if !finite(v) {
		return missing
	}
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	i, a := 0, math.Abs(v)
	for a >= 1023.5 && i < len(units)-1 {
		a /= 1024
		i++
	}
	if a == math.Trunc(a) {
		return signed(v, decimals(a, 0)) + " " + units[i]
	}
	return signed(v, significant(a, 3)) + " " + units[i]
}

// nanos shows a latency with three significant digits in the unit that suits it.
func nanos(ns int64) string {
	switch a := math.Abs(float64(ns)); {
	case a >= 0.9995e9:
		return signed(float64(ns), significant(a/1e9, 3)) + " s"
	case a >= 0.9995e6:
		return signed(float64(ns), significant(a/1e6, 3)) + " ms"
	case ns == 0:
		return "0 µs"
	default:
		return signed(float64(ns), significant(a/1e3, 3)) + " µs"
	}
}

// lasting shows a length of time for people: 45 s, 12 min, 3.5 h, 2 days.
func lasting(d time.Duration) string {
	switch s := d.Seconds(); {
	case s < 120:
		return quantity(math.Ceil(s-1e-9)) + " s"
	case s < 2*3600:
		return quantity(math.Ceil(s/60)) + " min"
	case s < 48*3600:
		return axisNumber(math.Ceil(s/360)/10) + " h"
	default:
		return quantity(math.Ceil(s/86400)) + " days"
	}
}

func count(n uint64) string { return english.Sprintf("%d", n) }
